# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed requests both ways, passive requests, and refusals that the peers read as SAML Responses.

One Postern with doors that take only signed requests, from service providers
that nobody here wrote, and one that signs its own for SimpleSAMLphp, which
takes no other.
"""
import base64
import calendar
import json
import re
import secrets
import time

import pytest

from browser import Browser, Page
from mellon import Mellon
from node_peers import ServiceProvider
from parts import company, make_key, run
from peers import SHOWN, Door, PeerParts
from samlp_idp import Samlp
from shibboleth import Shibboleth
from simplesamlphp import SimpleSAMLphp
from simplesamlphp_sp import SimpleSAMLphpServiceProviders
from stories import CHLOE, MAYA, VIKTOR, assert_refused, assert_signed_on, door_address, pick, response_of

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
IDP_METADATA = """\
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{idp}">
<IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sso}"/>
</IDPSSODescriptor></EntityDescriptor>
"""


def signed_only(certificate):
    return f"    requests: signed\n    request_certificates: [{certificate}]\n    refusals: response\n"


class Stage:
    """Postern, and who asks it."""

    def __init__(self, folder, build, slapd_port):
        self.shibboleth = Shibboleth(["signed"], signing="true", ignore_no_passive="true")
        self.mellon = Mellon(["signed"])
        self.php = SimpleSAMLphpServiceProviders(folder / "php", ["signed"], **{"redirect.sign": True})
        self.key, self.certificate = make_key(folder, "node", "node-saml")
        self.node = {name: Door(f"node-{name}", f"http://node-{name}.localhost/saml", f"http://node-{name}.localhost/acs?x=1",
                                f"http://node-{name}.localhost/", "assertion", more=more)
                     for name, more in (("signed", signed_only(self.certificate)),
                                        ("told", "    refusals: response\n    lifetime: 2m\n"))}
        doors = [*self.node.values()]
        for kind, peer, certificate in (("shibboleth", self.shibboleth, self.shibboleth.folder / "shib.crt"),
                                        ("mellon", self.mellon, self.mellon.folder / "mellon.crt"),
                                        ("php", self.php, self.php.folder / "sp.crt")):
            doors.append(Door(f"{kind}-signed", peer.entity_id("signed"), peer.acs("signed"), peer.page("signed"), "assertion",
                              more=signed_only(certificate)))
        self.parts = PeerParts(folder / "postern", build, doors, slapd_port)

    def start(self):
        parts = self.parts
        parts.write_postern_files()
        inner = "".join(parts.certificate().splitlines(keepends=True)[1:-1])
        metadata = IDP_METADATA.format(idp=parts.idp_entity_id, sso=parts.sso_url, certificate=inner)
        self.shibboleth.start(parts.idp_entity_id, metadata.encode(), SHOWN)
        self.mellon.start(metadata.encode())
        self.php.start(parts.idp_entity_id, parts.sso_url, parts.certificate())
        parts.start_entra()
        parts.start_door("managed")
        parts.start_postern()
        return self

    def logs(self):
        return self.parts.postern.tail() + self.shibboleth.logs() + self.mellon.logs() + self.php.logs()

    def close(self):
        for part in (self.parts, self.shibboleth, self.mellon, self.php):
            part.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory, postern_build, peer_parts):
    made = Stage(tmp_path_factory.mktemp("requests"), postern_build, peer_parts.ports["slapd"])
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def node(stage, service_providers):
    """A node-saml at one of the doors: node(name, **options)."""
    def make(name, kind="node-saml", **more):
        door, parts = stage.node[name], stage.parts
        if kind == "auth0":
            options = {"cert": "".join(parts.certificate().splitlines()[1:-1]), "realm": door.entity_id, "callback": door.acs,
                       "recipientUrl": door.acs, "destinationUrl": door.acs, "identityProviderUrl": parts.sso_url}
        else:
            options = {"idpCert": parts.certificate(), "issuer": door.entity_id, "audience": door.entity_id,
                       "callbackUrl": door.acs,
                       "entryPoint": parts.sso_url, "wantAssertionsSigned": True, "wantAuthnResponseSigned": False,
                       "validateInResponseTo": "always", "acceptedClockSkewMs": 1000}
        return ServiceProvider(service_providers, kind, secrets.token_hex(8), {**options, **more})
    return make


def signing(key):
    return {"privateKey": key.read_text(), "signatureAlgorithm": "sha256", "digestAlgorithm": "sha256"}


def to_acs(door):
    return lambda request: request.method == "POST" and request.url == door.acs


def submit_form(browser, html, stop=None):
    page = Page("http://node.localhost/", 200, [("Content-Type", "text/html")], html.encode())
    return browser.submit(page.form_with("SAMLRequest"), page=page, stop=stop)


# ---- signed requests to us ----


def test_metadata_wants_signatures_only_where_all_must_sign(stage):
    assert b'WantAuthnRequestsSigned="false"' in stage.parts.fetch("/saml/idp/metadata")


def test_node_saml_signs_its_query(stage, node, browser):
    browser.open(node("signed", **signing(stage.key)).ask("deep/link?a=1&b=\u00e9"))
    pick(browser, MAYA, stop=to_acs(stage.node["signed"]))
    assert browser.stopped_at.fields["RelayState"] == "deep/link?a=1&b=\u00e9"
    assert "<saml:Assertion " in response_of(browser.stopped_at)


def test_node_saml_signs_its_document(stage, node, browser):
    html = node("signed", **signing(stage.key)).ask_by_post("relay")
    assert b"SignatureValue" in base64.b64decode(re.search(r'name="SAMLRequest" value="([^"]+)"', html)[1])
    submit_form(browser, html)
    pick(browser, MAYA, stop=to_acs(stage.node["signed"]))
    assert "<saml:Assertion " in response_of(browser.stopped_at)


def test_unsigned_requests_are_refused_where_signed_ones_are_demanded(stage, node, browser):
    assert_refused(stage.parts, browser.open(node("signed").ask("relay")), "request-unsigned", 403)
    assert_refused(stage.parts, submit_form(browser, node("signed").ask_by_post("relay")), "request-unsigned", 403)
    # nobody knows that it was the connection that asked
    assert browser.page.form_with("SAMLResponse") is None


def test_requests_of_another_key_are_refused(stage, node, browser, tmp_path):
    other, _ = make_key(tmp_path, "other", "somebody else")
    assert_refused(stage.parts, browser.open(node("signed", **signing(other)).ask("relay")), "request-signature", 403)
    assert_refused(stage.parts, submit_form(browser, node("signed", **signing(other)).ask_by_post("relay")),
                   "request-signature", 403)


def test_sha1_is_refused(stage, node, browser):
    url = node("signed", privateKey=stage.key.read_text(), signatureAlgorithm="sha1").ask("relay")
    assert_refused(stage.parts, browser.open(url), "request-signature-algorithm", 403)


@pytest.mark.parametrize("changed, reason, status", [
    (lambda url: url + "&SigAlg=x", "request-signature-shape", 403),
    (lambda url: url + "&Signature=x", "request-signature-shape", 403),
    (lambda url: url + "&SAMLRequest=x", "request-doubled", 400),
    (lambda url: url + "&RelayState=x", "request-doubled", 400),
    (lambda url: url.replace("RelayState=relay", "RelayState=%72elay"), "request-signature", 403),
    (lambda url: url.replace("RelayState=relay", "RelayState=other"), "request-signature", 403),
    (lambda url: url.replace("&RelayState=relay", ""), "request-signature", 403),
    (lambda url: re.sub(r"&Signature=[^&]*", "", url), "request-signature-shape", 403),
    (lambda url: re.sub(r"&(Signature|SigAlg)=[^&]*", "", url), "request-unsigned", 403),
], ids=["SigAlg twice", "Signature twice", "SAMLRequest twice", "RelayState twice", "encoded anew", "changed", "cut", "half",
        "stripped"])
def test_signed_query_that_was_touched_is_refused(stage, node, browser, changed, reason, status):
    url = node("signed", **signing(stage.key)).ask("relay")
    touched = changed(url)
    assert touched != url
    assert_refused(stage.parts, browser.open(touched), reason, status)


def test_signed_document_that_was_touched_is_refused(stage, node, browser):
    html = node("signed", **signing(stage.key)).ask_by_post("relay")
    form = Page("http://node.localhost/", 200, [("Content-Type", "text/html")], html.encode()).form_with("SAMLRequest")
    xml = base64.b64decode(form.value("SAMLRequest")).decode()
    assert "Version=" in xml
    form.fields = [(n, base64.b64encode(xml.replace("Version=", 'ForceAuthn="true" Version=', 1).encode()).decode()
                    if n == "SAMLRequest" else v)
                   for n, v in form.fields]
    page = Page("http://node.localhost/", 200, [("Content-Type", "text/html")], b"")
    assert_refused(stage.parts, browser.submit(form, page=page), "request-signature", 403)


def test_shibboleth_signs_its_requests(stage, browser):
    browser.open(stage.shibboleth.page("signed"))
    asked = next(hop.url for hop in browser.hops if hop.url.startswith(stage.parts.sso_url))
    assert "&Signature=" in asked
    page = pick(browser, MAYA)
    assert (page.url, page.status) == (stage.shibboleth.page("signed"), 200), page.text
    assert stage.parts.audit()[-1]["door"] == "shibboleth-signed"


def test_mellon_signs_its_requests(stage, browser):
    browser.open(stage.mellon.page("signed"))
    asked = next(hop.url for hop in browser.hops if hop.url.startswith(stage.parts.sso_url))
    assert "&Signature=" in asked
    page = pick(browser, MAYA)
    assert (page.url, page.status) == (stage.mellon.page("signed"), 200), page.text + stage.mellon.logs()
    assert f"user {MAYA['mail']};" in page.text
    assert stage.parts.audit()[-1]["door"] == "mellon-signed"
    assert_refused(stage.parts, Browser().open(re.sub("&SigAlg=.*", "", asked)), "request-unsigned", 403)


def test_simplesamlphp_signs_its_requests(stage, browser):
    browser.open(stage.php.page("signed"))
    asked = next(hop.url for hop in browser.hops if hop.url.startswith(stage.parts.sso_url))
    assert "&Signature=" in asked
    page = pick(browser, MAYA)
    assert json.loads(page.text)["name_id"] == MAYA["mail"]


# ---- refusals as Responses ----


def refuse_at(browser, open_door):
    """Viktor, whom no rule knows, up to the page that refuses him."""
    open_door()
    return pick(browser, VIKTOR)


def test_node_saml_reads_a_refusal(stage, node, browser):
    provider = node("told", wantAuthnResponseSigned=True)
    page = refuse_at(browser, lambda: browser.open(provider.ask("relay")))
    assert_refused(stage.parts, page, "denied-by-default", 403)
    browser.click("Back to the service that asked", stop=to_acs(stage.node["told"]))
    posted = browser.stopped_at
    assert posted.fields["RelayState"] == "relay"
    assert VIKTOR["mail"] not in response_of(posted)
    refused = provider.read(posted.fields["SAMLResponse"])["refused"]
    assert "denied-by-default: No rule of your organisation gives you access." in refused
    line = stage.parts.audit()[-1]
    assert (line["event"], line["answer"], line["status"]) == ("refusal", "page-and-response", "RequestDenied")
    assert line["response_out"] in response_of(posted)


def test_auth0_reads_a_refusal(stage, node, browser):
    provider = node("told", kind="auth0")
    assert_refused(stage.parts, refuse_at(browser, lambda: browser.open(provider.ask("relay", "_asked"))), "denied-by-default",
                   403)
    browser.click("Back to the service that asked", stop=to_acs(stage.node["told"]))
    refused = provider.read(browser.stopped_at.fields["SAMLResponse"], ["_asked"])["refused"]
    assert "denied-by-default" in refused or "authentication failed" in refused, refused


def test_shibboleth_reads_a_refusal(stage, browser):
    page = refuse_at(browser, lambda: browser.open(stage.shibboleth.page("signed")))
    assert_refused(stage.parts, page, "denied-by-default", 403)
    page = browser.click("Back to the service that asked")
    assert page.url == stage.shibboleth.acs("signed")
    assert "RequestDenied" in page.text and "denied-by-default" in page.text, page.text + stage.shibboleth.log()[-2000:]


def test_simplesamlphp_reads_a_refusal(stage, browser):
    page = refuse_at(browser, lambda: browser.open(stage.php.page("signed")))
    assert_refused(stage.parts, page, "denied-by-default", 403)
    page = browser.click("Back to the service that asked")
    assert page.url == stage.php.acs("signed")
    assert "RequestDenied" in page.text, page.text


# ---- passive requests ----


def passively(stage, node, browser, **more):
    """What a passive request ends in at the ACS: (Response, what node-saml reads)."""
    provider = node("told", passive=True, **more)
    browser.open(provider.ask("relay"), stop=to_acs(stage.node["told"]))
    assert browser.stopped_at, f"{browser.page.url}: {browser.page.text[:400]}"
    assert browser.stopped_at.fields["RelayState"] == "relay"
    return response_of(browser.stopped_at), provider.read(browser.stopped_at.fields["SAMLResponse"])


def test_lifetime_of_a_connection_is_its_own(stage, node, browser):
    for name, seconds in (("told", 120), ("signed", 300)):
        browser.open(node(name, **signing(stage.key)).ask("relay"))
        pick(browser, MAYA, stop=to_acs(stage.node[name]))
        xml = response_of(browser.stopped_at)
        made, ends = (calendar.timegm(time.strptime(re.search(f' {field}="([^"]*)"', xml)[1], "%Y-%m-%dT%H:%M:%SZ"))
                      for field in ("IssueInstant", "NotOnOrAfter"))
        assert ends - made == seconds, xml
        browser = Browser()


def test_nobody_is_asked_for_a_passive_request(stage, node, browser):
    """Entra's own NoPassive goes on to the asker, and node-saml knows it."""
    response, read = passively(stage, node, browser, wantAuthnResponseSigned=True)
    assert STATUS + "NoPassive" in response
    assert read == {"profile": None}
    line = stage.parts.audit()[-1]
    assert (line["reason"], line["answer"], line["status"]) == ("status-not-success", "response", "NoPassive")


def test_passive_request_of_somebody_who_is_signed_on_is_silent(stage, node, browser):
    browser.open(node("told").ask("relay"))
    pick(browser, MAYA, stop=to_acs(stage.node["told"]))
    response, read = passively(stage, node, browser)
    assert "<saml:Assertion " in response
    assert read["profile"]["nameID"] == MAYA["mail"]


def test_shibboleth_goes_on_where_nobody_is_signed_on(stage, browser):
    """It takes our NoPassive for no error, but a page without a sign-on; with one, the same start brings a session."""
    shibboleth = stage.shibboleth
    browser.open(shibboleth.passive_start("signed"), stop=lambda request: request.url == shibboleth.acs("signed"))
    posted = browser.stopped_at
    assert STATUS + "NoPassive" in response_of(posted) and "<saml:Assertion " not in response_of(posted)
    page = browser.go(posted)
    assert (page.url, page.status) == (shibboleth.open_page("signed"), 200), page.text + shibboleth.log()[-2000:]
    assert json.loads(browser.open(shibboleth.session("signed")).text) == {}
    browser.open(door_address(stage.parts, "managed"))
    browser.click("Log in")
    assert_signed_on(stage.parts, pick(browser, MAYA), MAYA)
    page = browser.open(shibboleth.passive_start("signed"))
    assert (page.url, page.status) == (shibboleth.open_page("signed"), 200), page.text
    assert json.loads(browser.open(shibboleth.session("signed")).text)["identity_provider"] == stage.parts.idp_entity_id


@pytest.mark.parametrize("person, status, reason",
                         [(VIKTOR, "RequestDenied", "denied-by-default"), (CHLOE, "NoPassive", "elsewhere")],
                         ids=["refused", "of another door"])
def test_passive_request_never_ends_on_a_page_or_at_another_door(stage, node, browser, person, status, reason):
    browser.open(node("told").ask("relay"))
    pick(browser, person, stop=lambda request: request.url.startswith(stage.parts.portal_home))
    hops = len(browser.hops)
    response, _ = passively(stage, node, browser)
    assert STATUS + status in response and f"<samlp:StatusMessage>{reason}: " in response
    assert "<saml:Assertion " not in response
    assert not any(hop.url.startswith(stage.parts.portal_home) for hop in browser.hops[hops:])


def test_passive_request_without_cookies_ends_on_a_page(stage, node):
    """Nobody is known to have asked."""
    browser = Browser()
    stop = lambda request: request.url.startswith(stage.parts.our_acs)
    browser.open(node("told", passive=True).ask("relay"), stop=stop)
    browser.cookies = False
    assert_refused(stage.parts, browser.go(browser.stopped_at), "cookie-missing", 400)


def test_forced_request_makes_entra_ask_again(stage, node, browser):
    browser.open(node("told").ask("relay"))
    pick(browser, MAYA, stop=to_acs(stage.node["told"]))
    browser.open(node("told", forceAuthn=True).ask("relay"))
    assert browser.page.url.startswith(stage.parts.entra_url), browser.page.text
    pick(browser, MAYA, stop=to_acs(stage.node["told"]))
    assert "<saml:Assertion " in response_of(browser.stopped_at)


def test_check_tells_until_when_signed_requests_are_taken(stage):
    said = run(*stage.parts.postern_command("check", "--offline"))
    assert "0 errors" in said and "certificates for its requests" in said, said


# ---- signed requests of ours ----


class Signing(PeerParts):
    def settings(self, metadata=None):
        return super().settings(metadata).replace("    tenant: ", "    sign_requests: yes\n    tenant: ")


@pytest.fixture(scope="module")
def strict_idp(tmp_path_factory, postern_build, peer_parts):
    """SimpleSAMLphp that takes signed requests only; Postern signs.  Gives (parts, idp)."""
    folder = tmp_path_factory.mktemp("strict")
    made, idp = Signing(folder / "postern", postern_build, slapd_port=peer_parts.ports["slapd"]), SimpleSAMLphp(folder / "idp")
    try:
        made.write_postern_files()
        certificate = made.certificate()
        idp.start(made.sp_entity_id, made.our_acs, company.in_entra(), company.TENANT, requests_signed_by=certificate)
        made.metadata = idp.metadata_url
        made.settings_file.write_text(made.settings())
        made.start_door("managed")
        made.start_postern()
        yield made, idp
    finally:
        made.close()
        idp.close()


def test_simplesamlphp_takes_our_signed_requests_and_no_others(strict_idp, browser):
    parts, idp = strict_idp
    browser.open(door_address(parts, "managed"))
    browser.click("Log in")
    asked = next(hop.location for hop in browser.hops if hop.location and hop.location.startswith(idp.url))
    assert "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=" in asked and len(asked) < 2000
    assert_signed_on(parts, idp.sign_in(browser, MAYA), MAYA)
    for bad in (re.sub(r"&SigAlg=.*", "", asked), asked.replace("RelayState=", "RelayState=0")):
        page = Browser().open(bad)
        assert page.form_with("username") is None, page.text[:300]


def test_samlp_takes_our_signed_requests_and_no_others(tmp_path, postern_build, peer_parts, node_modules, browser):
    parts = Signing(tmp_path / "postern", postern_build, slapd_port=peer_parts.ports["slapd"])
    idp = None
    try:
        parts.write_postern_files()
        idp = Samlp(tmp_path / "idp", node_modules, "both", signingCert=parts.certificate())
        parts.metadata = idp.start(company.in_entra(), company.TENANT).metadata_url
        parts.settings_file.write_text(parts.settings())
        parts.start_door("managed")
        parts.start_postern()
        browser.open(door_address(parts, "managed"))
        browser.click("Log in")
        asked = next(hop.location for hop in browser.hops if hop.location and hop.location.startswith(idp.url))
        assert_signed_on(parts, pick(browser, MAYA), MAYA)
        for bad, said in ((re.sub("&SigAlg=.*", "", asked), "MUST be signed"),
                          (asked.replace("RelayState=", "RelayState=0"), "signature")):
            page = Browser().open(bad)
            assert page.status == 400 and said in page.text and not page.forms, page.text
    finally:
        parts.close()
        if idp:
            idp.close()


def test_our_metadata_says_that_requests_are_signed(strict_idp):
    document = strict_idp[0].fetch("/saml/sp/metadata").decode()
    assert 'AuthnRequestsSigned="true"' in document
    assert "".join(strict_idp[0].certificate().splitlines()[1:-1]) in document


def test_hint_of_a_link_reaches_the_provider(strict_idp, browser):
    parts, idp = strict_idp
    browser.open(f"{parts.postern_url}/go/help?login_hint={MAYA['upn'].replace('@', '%40')}")
    asked = next(hop.location for hop in browser.hops if hop.location and hop.location.startswith(idp.url))
    assert asked.endswith("&login_hint=" + MAYA["upn"].replace("@", "%40").replace("'", "%27"))
    assert idp.sign_in(browser, MAYA).url.startswith(f"http://{parts.managed_site}/")
