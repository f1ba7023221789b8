# SPDX-License-Identifier: GPL-3.0-or-later
"""Every attack of tests/attacks.txt over HTTP against a running gateway, in a sign-on that really began.

A forger signs as the configured identity provider does (attacks.py says what
he changes).  Each time the page and the audit line say the exact reason, no
assertion leaves, and an honest sign-on goes through directly afterwards.
"""
import base64
import http.client
import re
import socket
import subprocess
import time
import urllib.parse
import zlib

import pytest
from lxml import etree

import attacks
import sealing
from attacked import PENDING_SECONDS, write_metadata
from attacks import BAD_REQUEST, FORBIDDEN, edited
from browser import Browser, Request
from entra_logout_shape import logout_request, logout_response, query_of, signed
from entra_shape import ASSERTION, MICROSOFT, PROTOCOL, RSA_SHA256, Asked, Entra, Signer, assert_nothing_left, find
from parts import Parts, answers_tcp, company, make_key, wait_for
from stories import MAYA, assert_refused, assert_signed_on, authn_request, door_address, ldap_modify, reason_of, redirect_url

@pytest.fixture
def entra(attacked):
    return Entra(attacked)


@pytest.fixture
def workers(attacked):
    """Nobody is replaced while he is attacked."""
    def running():
        parent = str(attacked.postern.process.pid)
        return subprocess.run(["pgrep", "-P", parent], stdout=subprocess.PIPE, text=True).stdout.split()

    before = running()
    assert before
    yield before
    assert running() == before


def assert_honest_works(entra):
    """In the same browser, whom the door does not know any more."""
    jar, postern = entra.browser.jar, entra.parts.host("sso", "postern").split(":")[0]
    jar.cookies = jar.of_host(postern)
    entra.begin()
    assert_signed_on(entra.parts, entra.post(entra.signer.sign(entra.answer())), MAYA)


def assert_stopped(entra, page, reason, status=FORBIDDEN):
    assert_nothing_left(entra.parts, page, reason, status)
    assert_honest_works(entra)


def signer_of(parts, name, kind=Signer):
    return kind(parts.folder / f"{name}.key", parts.folder / f"{name}.crt")


def of_each_signing(table):
    return [(name, signed) for name, case in table.items() for signed in (case[3] if len(case) > 3 else attacks.ANY)]


def status_of(case):
    return case[2] if len(case) > 2 else FORBIDDEN


# ---- the tables of attacks.py ----


@pytest.mark.parametrize("name, signed", of_each_signing(attacks.SAID))
def test_said(entra, name, signed):
    edits, reason = attacks.SAID[name][:2]
    xml = entra.signer.sign(entra.answer(signed=signed), lambda text: edited(text, *edits))
    assert_stopped(entra, entra.post(xml), reason, status_of(attacks.SAID[name]))


@pytest.mark.parametrize("name", attacks.ANSWERED)
def test_answered(entra, name):
    fields, reason = attacks.ANSWERED[name]
    assert_stopped(entra, entra.post(entra.signer.sign(entra.answer(**fields))), reason)


@pytest.mark.parametrize("name", attacks.CHANGED)
def test_changed(entra, name):
    edits, reason = attacks.CHANGED[name][:2]
    xml = edited(entra.signer.sign(entra.answer()), *edits)
    assert_stopped(entra, entra.post(xml), reason, status_of(attacks.CHANGED[name]))


@pytest.mark.parametrize("name, signed", of_each_signing(attacks.MOVED))
def test_moved(entra, name, signed):
    change, reason = attacks.MOVED[name][:2]
    tree = etree.fromstring(entra.signer.sign(entra.answer(signed=signed)))
    root = change(tree, signed)
    assert_stopped(entra, entra.post(etree.tostring(tree if root is None else root)), reason, status_of(attacks.MOVED[name]))


@pytest.mark.parametrize("name", attacks.SIGNED)
def test_signed(entra, name):
    key, kind, method, reason = attacks.SIGNED[name]
    answer = entra.answer(**({"method": method} if method else {}))
    assert_stopped(entra, entra.post(signer_of(entra.parts, key, kind).sign(answer)), reason)


# ---- what is no change to one answer ----


@pytest.mark.parametrize("signed", attacks.ANY)
def test_still_verifies_with_keys_without_use(entra, signed):
    assert 'use="' not in (entra.parts.folder / "forged-metadata.xml").read_text()
    assert_signed_on(entra.parts, entra.post(entra.signer.sign(entra.answer(signed=signed))), MAYA)


ADVISORIES = {
    "an attribute with the name of a member": (
        "<Attribute ", '<Attribute attributes="1" any="2" any_attributes="3" anyAttribute="4" ', "signature-invalid"),
    "a Signature without namespace": ("<Subject>", '<Signature xmlns=""><SignedInfo/></Signature><Subject>', "xml-shape"),
    "an assertion without namespace": ("</samlp:Response>", '<Assertion xmlns=""/></samlp:Response>', "xml-shape"),
    "an unknown kind of node": (
        "<AttributeStatement>", '<AttributeStatement><Attribute Name="a"><AttributeValue i:type="lasso:LassoServer" '
        'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><x xmlns="http://www.entrouvert.org/namespaces/lasso/0.0"/>'
        "</AttributeValue></Attribute>", "signature-invalid"),
}


@pytest.mark.parametrize("what", ADVISORIES)
def test_survives_lasso_advisory_fixtures(entra, workers, what):
    pattern, replacement, reason = ADVISORIES[what]
    xml = edited(entra.signer.sign(entra.answer()), (pattern, replacement))
    assert_stopped(entra, entra.post(xml), reason, BAD_REQUEST if reason == "xml-shape" else FORBIDDEN)


def page_of(parts, method, path, body=None, headers=(), host=None, port=None):
    """One request without a browser's habits: (status, headers, text)."""
    connection = http.client.HTTPConnection("127.0.0.1", port or parts.ports["postern"], timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", host or parts.host("sso", "postern")), *headers):
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        try:
            connection.endheaders(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered before it had all
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def reason_in(text):
    """As stories.reason_of, of a page that is no browser's: the whole word."""
    found = re.search(r"Reason</dt><dd><code>([a-z-]+)</code>", text)
    return found.group(1) if found else None


FORM = ("Content-Type", "application/x-www-form-urlencoded")


def test_offers_no_artifact_binding(entra):
    for path in ("/saml/idp/metadata", "/saml/sp/metadata"):
        status, _, text = page_of(entra.parts, "GET", path)
        assert status == 200 and "HTTP-POST" in text and "rtifact" not in text, text
    path = urllib.parse.urlsplit(entra.asked.acs).path
    status, _, text = page_of(entra.parts, "POST", path, b"SAMLart=AAQAAMFbLinlXaCM", [FORM])
    assert (status, reason_in(text)) == (BAD_REQUEST, "response-missing"), text
    assert page_of(entra.parts, "GET", path + "?SAMLart=AAQAAMFbLinlXaCM")[0] == 405
    assert_honest_works(entra)


def bomb(size):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(deflate.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + deflate.flush()
    return urllib.parse.quote(base64.b64encode(packed).decode(), safe="")


@pytest.mark.parametrize("size, status, reason", [(10_000_000, 413, "request-too-large"), (200_000_000, 431, "head-too-large")])
def test_refuses_deflate_bomb(entra, workers, size, status, reason):
    said = page_of(entra.parts, "GET", "/saml/idp/sso?SAMLRequest=" + bomb(size))
    assert (said[0], reason_in(said[2])) == (status, reason), said
    assert_honest_works(entra)


def test_refuses_doubled_query_parameter(entra):
    xml, _ = authn_request(entra.parts.entity_id("managed"))
    query = urllib.parse.urlsplit(redirect_url(entra.parts, xml)).query
    for doubled in (query + "&" + query, query + "&SAMLRequest=", query + "&RelayState=a&RelayState=a"):
        status, _, text = page_of(entra.parts, "GET", f"/saml/idp/sso?{doubled}")
        assert (status, reason_in(text)) == (BAD_REQUEST, "request-doubled"), text
    assert_honest_works(entra)


def signed_query(parts, relay_state):
    """As a service provider with a key writes it (SAML bindings 3.4.4.1)."""
    xml, _ = authn_request(parts.entity_id("managed"), destination=f"{parts.postern_url}/saml/idp/sso")
    query = urllib.parse.urlsplit(redirect_url(parts, xml, relay_state)).query
    query += "&SigAlg=" + urllib.parse.quote(RSA_SHA256, safe="")
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", parts.folder / "door.key"], input=query.encode(),
                               stdout=subprocess.PIPE, check=True).stdout
    return query + "&Signature=" + urllib.parse.quote(base64.b64encode(signature).decode(), safe="")


REENCODED = {
    "%2F": "%2f", "RelayState=a": "RelayState=%61", "xmldsig-more": "xmldsig%2Dmore", "RelayState=a%2F": "RelayState=a/",
}


@pytest.mark.parametrize("written", REENCODED)
def test_refuses_reencoded_query(entra, attacked, written):
    """What was signed are the bytes of the query, not what they mean; another parser may find another meaning."""
    good = signed_query(attacked, "a/b")
    assert page_of(attacked, "GET", f"/saml/idp/sso?{good}")[0] == 302
    status, _, text = page_of(attacked, "GET", "/saml/idp/sso?" + edited(good, (re.escape(written), REENCODED[written])))
    assert (status, reason_in(text)) == (FORBIDDEN, "request-signature"), text
    assert_honest_works(entra)


def test_fetches_no_url_from_input(entra):
    """Whatever place of a message names an address: nobody comes to fetch it."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x"
        schema = f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="{PROTOCOL} {url}"'
        encrypted = (f'<EncryptedAssertion xmlns="{ASSERTION}"><e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
                     f'<e:CipherData><e:CipherReference URI="{url}"/></e:CipherData></e:EncryptedData></EncryptedAssertion>')
        places = [
            ("<samlp:Response", f'<!DOCTYPE r SYSTEM "{url}"><samlp:Response', "doctype"),
            ("<samlp:Response", f'<?xml-stylesheet href="{url}"?><samlp:Response', "xml-comment"),
            ("<Subject>", f'<Subject><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{url}"/>', "signature-invalid"),
            ('URI="#[^"]*"', f'URI="{url}"', "signature-reference"),
            ("</samlp:Response>", f"{encrypted}</samlp:Response>", "assertion-count"),
            # What is not signed and says nothing is not read at all.
            ("<samlp:Response", f"<samlp:Response {schema}", None),
            ("<KeyInfo>", f'<KeyInfo><RetrievalMethod URI="{url}"/>', None),
        ]
        for pattern, replacement, reason in places:
            page = entra.post(edited(entra.signer.sign(entra.answer()), (pattern, replacement)))
            assert reason_of(page) == reason, page.text
            assert_honest_works(entra)
            entra = Entra(entra.parts)
        request, _ = authn_request(entra.parts.entity_id("managed"), acs=url)
        assert reason_of(entra.browser.open(redirect_url(entra.parts, request, url))) == "wrong-acs"
        trap.settimeout(0.5)
        with pytest.raises(TimeoutError):
            trap.accept()
    assert_honest_works(entra)


@pytest.mark.parametrize("size", [600_000 * 3, 8_000_000])
def test_refuses_large_post_413(entra, size):
    page = page_of(entra.parts, "POST", urllib.parse.urlsplit(entra.asked.acs).path, b"SAMLResponse=" + b"A" * size, [FORM])
    assert page[0] == 413 and "too-large" in page[2], page
    assert_honest_works(entra)


def test_refuses_large_response(entra):
    xml = edited(entra.signer.sign(entra.answer()), ("<samlp:Status>", " " * 530_000 + "<samlp:Status>"))
    assert_stopped(entra, entra.post(xml), "response-too-large", 413)


UNREADABLE = {
    "%": "response-malformed", "PHg+": "response-malformed", "bm8gWE1M": "response-malformed",
    "PHgvPg==PHgvPg==": "response-malformed", "PHgvPg==": "xml-shape", "": "response-missing",
}


@pytest.mark.parametrize("said, reason", UNREADABLE.items())
def test_refuses_replies_that_cannot_be_read(entra, said, reason):
    """Peers answered garbage with a raw dump, a page of status 200, or a log-in form."""
    fields = {"SAMLResponse": said, "RelayState": entra.asked.relay_state}
    page = entra.post(b"")
    assert_refused(entra.parts, page, "response-missing", BAD_REQUEST)
    page = entra.browser.go(entra_request(entra, fields))
    assert_stopped(entra, page, reason, BAD_REQUEST)


def entra_request(entra, fields):
    return Request("POST", entra.asked.acs, urllib.parse.urlencode(fields).encode(), entra.parts.entra_url + "/login")


# ---- encrypted ----


@pytest.mark.parametrize("method", sealing.METHODS)
@pytest.mark.parametrize("signed", attacks.ANY)
def test_an_honest_sealed_answer_signs_on(entra, signed, method):
    """Signed, then encrypted: only the assertion's signature survives that, so the Response is signed behind it."""
    assert_signed_on(entra.parts, entra.post(sealed_answer(entra, signed, method)), MAYA)


def sealed_answer(entra, signed="assertion", method="AES-256-CBC", whom="open"):
    answer = entra.answer(signed="nothing" if signed == "response" else "assertion")
    if signed == "nothing":
        answer.signed = "nothing"
    xml = sealing.seal(entra.signer.sign(answer), entra.parts.folder / f"{whom}.crt", method)
    if signed not in ("response", "both"):
        return xml
    tree = etree.fromstring(xml)
    entra.signer.sign_element(tree, answer)
    return etree.tostring(tree).decode()


def test_refuses_encrypted_unsigned_assertion(entra):
    assert_stopped(entra, entra.post(sealed_answer(entra, "nothing")), "encrypted-answer")


@pytest.mark.parametrize("honest", [lambda entra: entra.signer.sign(entra.answer()), sealed_answer], ids=["plain", "sealed"])
def test_refuses_injected_encrypted_assertion(entra, honest):
    """The attacker encrypts for us as well as anybody: the certificate is public."""
    tree = etree.fromstring(honest(entra))
    evil = attacks.evil_copy(find(etree.fromstring(entra.signer.sign(entra.answer())), "Assertion"))
    tree.append(sealing.sealed(evil, entra.parts.folder / "open.crt"))
    assert_stopped(entra, entra.post(etree.tostring(tree)), "assertion-count")


@pytest.mark.parametrize("at", [0, 20, -1])
@pytest.mark.parametrize("method", ["AES-128-GCM", "AES-256-GCM"])
def test_refuses_flipped_gcm_tag(entra, method, at):
    assert_stopped(entra, entra.post(sealing.flip(sealed_answer(entra, method=method), at)), "encrypted-answer")


@pytest.mark.parametrize("signed", attacks.ANY)
def test_refuses_encryption_for_other_key(entra, signed):
    assert_stopped(entra, entra.post(sealed_answer(entra, signed, whom="stranger")), "encrypted-answer")


def without_what_changes(page):
    return re.sub(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}|\d{4}-\d\d-\d\dT[\d:]+Z", "", page.body.decode())


def test_same_answer_for_bad_padding_and_bad_signature(entra, attacked):
    """Status, page and headers tell no way of spoiling from another; each is posted into a sign-on of its own."""
    def inside(edit):
        answer = entra.answer()
        return sealing.seal(edited(entra.signer.sign(answer), edit), attacked.folder / "open.crt")

    seen = set()
    for spoil in (
        lambda: sealing.flip(sealed_answer(entra), -1), lambda: sealing.flip(sealed_answer(entra), -17),
        lambda: sealing.flip(sealed_answer(entra), 3),
        lambda: sealed_answer(entra, whom="stranger"), lambda: inside(("(?<=>)[^<]*</NameID>", "admin@example.org</NameID>")),
        lambda: inside(("<DigestValue>", "<DigestValue>AAAA")), lambda: inside(("<Subject>", "<Subject><!-- -->")),
    ):
        entra = Entra(attacked)
        page = entra.post(spoil())
        assert_nothing_left(attacked, page, "encrypted-answer")
        seen.add((page.status, without_what_changes(page), tuple(sorted(k for k, _ in page.headers))))
    assert len(seen) == 1, seen
    assert_honest_works(entra)


# ---- who brings it, and how often ----


def test_refuses_captured_response_without_cookie(entra):
    page = entra.post(entra.signer.sign(entra.answer()), browser=Browser())
    assert_stopped(entra, page, "cookie-missing", BAD_REQUEST)


def test_refuses_captured_response_with_foreign_cookie(entra, attacked):
    thief = Entra(attacked)
    xml = entra.signer.sign(entra.answer())
    assert_nothing_left(attacked, thief.post(xml), "wrong-in-response-to")
    assert_stopped(entra, entra.post(xml, browser=thief.browser), "cookie-missing", BAD_REQUEST)


def test_refuses_answer_for_other_downstream_sp(entra, attacked):
    """Both sign-ons are this browser's; the answer was asked for by the portal, and is shown for the managed door."""
    xml, _ = authn_request(attacked.entity_id("portal"))
    entra.browser.open(redirect_url(attacked, xml), stop=lambda request: request.url.startswith(attacked.entra_url))
    portal = Asked(entra.browser.stopped_at.url)
    managed, entra.asked = entra.asked, portal
    xml = entra.signer.sign(entra.answer())
    entra.asked = managed
    assert_stopped(entra, entra.post(xml), "wrong-in-response-to")


def test_refuses_replay(entra):
    """With the cookie as it was before, again and again, at whichever worker: each time a fresh sign-on and no assertion."""
    saved = list(entra.browser.jar.cookies)
    xml = entra.signer.sign(entra.answer())
    assert_signed_on(entra.parts, entra.post(xml), MAYA)
    replay(entra, saved, xml, 3)
    assert_honest_works(entra)


def replay(entra, cookies, xml, times):
    before = len(entra.parts.audit())
    for _ in range(times):
        entra.browser.jar.cookies = list(cookies)
        page = entra.post(xml, stop=lambda request: request.url.startswith(entra.parts.entra_url))
        assert entra.browser.stopped_at, page.text
        assert Asked(entra.browser.stopped_at.url).id != entra.asked.id
    assert {line["event"] for line in entra.parts.audit()[before:]} == {"restart"}


def test_refuses_replay_on_second_process(entra, workers):
    """Each post is a connection of its own, which the kernel gives to a worker by its port: twenty meet them all."""
    assert len(workers) > 2
    saved = list(entra.browser.jar.cookies)
    xml = entra.signer.sign(entra.answer())
    assert_signed_on(entra.parts, entra.post(xml), MAYA)
    replay(entra, saved, xml, 20)
    assert_honest_works(entra)


def test_the_back_button_finds_a_page_that_goes_on(entra):
    xml = entra.signer.sign(entra.answer())
    assert_signed_on(entra.parts, entra.post(xml), MAYA)
    page = entra.post(xml)
    assert page.status == 200 and page.form_with("SAMLResponse") is None and "complete" in page.text, page.text
    assert_honest_works(entra)


def test_two_tabs_are_two_sign_ons(attacked):
    first = Entra(attacked)
    second = Entra.__new__(Entra)
    second.parts, second.browser, second.door, second.signer = attacked, first.browser.tab(), first.door, first.signer
    second.begin()
    for one in (first, second):
        assert_signed_on(attacked, one.post(one.signer.sign(one.answer())), MAYA)


def pending_cookie(browser):
    return next(cookie for cookie in browser.jar.cookies if cookie.name.startswith("__Host-"))


@pytest.mark.parametrize("at", [0, 5, 20, -30, -1])
def test_refuses_pending_with_changed_bytes(entra, at):
    cookie = pending_cookie(entra.browser)
    position = at % len(cookie.value)
    changed = "A" if cookie.value[position] not in "ABCD" else "Q"
    cookie.value = cookie.value[:position] + changed + cookie.value[position + 1:]
    assert_stopped(entra, entra.post(entra.signer.sign(entra.answer())), "pending-invalid", BAD_REQUEST)


def test_refuses_pending_of_other_host(entra, attacked, postern_build, tmp_path):
    """A second host with the same cookie secret and claims of its own does not judge what the first asked for."""
    other = Parts(tmp_path / "other", postern_build)
    try:
        other.write_postern_files()
        text = attacked.settings_file.read_text().replace(str(attacked.folder), str(other.folder))
        text = text.replace(f"listen: [127.0.0.1:{attacked.ports['postern']}]", f"listen: [127.0.0.1:{other.ports['postern']}]")
        other.settings_file.write_text(text + "host: other\n")
        for name in ("forged-metadata.xml", "state/cookie.secret", "open.key", "open.crt", "door.crt"):
            (other.folder / name).write_bytes((attacked.folder / name).read_bytes())
            (other.folder / name).chmod(0o600)
        host = attacked.host("sso", "postern")
        other.start_postern(lambda: answers_tcp(other.ports["postern"]) and
                            page_of(other, "GET", "/health/ready", host=host)[0] == 200)
        cookies = "; ".join(f"{c.name}={c.value}" for c in entra.browser.jar.of_host(host.split(":")[0]))
        xml = entra.signer.sign(entra.answer())
        encoded = base64.b64encode(xml.encode()).decode()
        body = urllib.parse.urlencode({"SAMLResponse": encoded, "RelayState": entra.asked.relay_state})
        status, headers, text = page_of(other, "POST", "/saml/sp/acs/other", body.encode(), [FORM, ("Cookie", cookies)], host)
        assert status == 302 and headers["Location"].startswith(attacked.entra_url), text
        assert Asked(headers["Location"]).id != entra.asked.id
        assert [line["event"] for line in other.audit()] == ["restart"]
    finally:
        other.close()
    assert_honest_works(entra)


# ---- around SAML ----


RELAY_STATES = [
    "javascript:alert(1)", "//evil.example", "///evil.example", "\\\\evil.example", "http:evil.example", "data:text/html,x",
    "\"'><script>alert(1)</script>", "\" autofocus onfocus=\"x", "&quot;&#60;", "a" * 1500,
]


@pytest.mark.parametrize("relay_state", RELAY_STATES)
def test_relay_state_never_a_link(entra, attacked, relay_state):
    """It goes back byte for byte, as the value of a field and in no other place."""
    xml, _ = authn_request(attacked.entity_id("managed"))
    to_entra = lambda request: request.url.startswith(attacked.entra_url)  # noqa: E731
    entra.browser.open(redirect_url(attacked, xml, relay_state), stop=to_entra)
    entra.asked = Asked(entra.browser.stopped_at.url)
    assert relay_state not in entra.browser.stopped_at.url
    page = entra.post(entra.signer.sign(entra.answer()), stop=lambda request: request.url == attacked.acs("managed"))
    form = page.form_with("SAMLResponse")
    assert form.value("RelayState") == relay_state
    assert form.action == attacked.acs("managed")
    assert all(relay_state not in url for _, url in page.links)
    assert not any(relay_state in text for _, text in page.scripts)
    assert "<script>alert" not in page.body.decode()
    assert_honest_works(entra)


def test_refuses_a_relay_state_of_10_kilobytes(entra, attacked):
    xml, _ = authn_request(attacked.entity_id("managed"))
    entra.browser.open(redirect_url(attacked, xml, "a" * 10_000))
    assert_refused(attacked, entra.browser.page, "relay-state-too-long", BAD_REQUEST)
    assert_honest_works(entra)


@pytest.mark.parametrize("host, reason", [
    ("evil.example", "wrong-host"), ("sso.localhost", "wrong-host"), ("sso.localhost:1", "wrong-host"),
    ("evil.example@sso.localhost", "wrong-host"), ("", "bad-request")])
def test_host_header_pinned(entra, host, reason):
    status, headers, text = page_of(entra.parts, "GET", "/saml/idp/metadata", host=host or " ")
    assert (status, reason_in(text)) == (BAD_REQUEST, reason), text
    assert "EntityDescriptor" not in text and "Location" not in headers
    status, _, text = page_of(entra.parts, "GET", "/saml/idp/metadata", headers=[("X-Forwarded-Host", "evil.example")])
    assert status == 200 and "evil.example" not in text
    assert_honest_works(entra)


SCRIPT = "<script>alert(1)</script>"


def test_error_page_escapes_input(entra, attacked):
    status = ('<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusMessage>'
              "AADSTS50105: &lt;script>alert(1)&lt;/script></samlp:StatusMessage></samlp:Status>")
    page = entra.post(entra.signer.sign(entra.answer(status=status)))
    assert SCRIPT not in page.body.decode() and reason_of(page) == "status-not-success"
    xml, _ = authn_request(SCRIPT.replace("<", "&lt;"))
    page = entra.browser.open(redirect_url(attacked, xml, SCRIPT))
    assert SCRIPT not in page.body.decode() and reason_of(page) == "unknown-issuer"
    for path in ("/" + urllib.parse.quote(SCRIPT), "/go/" + urllib.parse.quote(SCRIPT)):
        assert SCRIPT not in page_of(attacked, "GET", path)[2]
    assert_honest_works(entra)


def test_ignores_ecp_header(entra, attacked):
    """mod_auth_mellon switched to another profile, with fewer checks, for whoever sent these."""
    ecp = [("Accept", "text/html; application/vnd.paos+xml"),
           ("PAOS", 'ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"')]
    xml, _ = authn_request(attacked.entity_id("managed"))
    target = urllib.parse.urlsplit(redirect_url(attacked, xml))
    status, headers, text = page_of(attacked, "GET", f"{target.path}?{target.query}", headers=ecp)
    assert status == 302 and headers["Location"].startswith(attacked.entra_url), text
    assert "soap" not in text.lower()
    soap = b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body/></S:Envelope>'
    path = urllib.parse.urlsplit(entra.asked.acs).path
    status, _, text = page_of(attacked, "POST", path, soap, ecp + [("Content-Type", "application/vnd.paos+xml")])
    assert (status, reason_in(text)) == (BAD_REQUEST, "response-missing") and "Envelope" not in text, text
    assert_honest_works(entra)


def test_escapes_ldap_value_in_assertion(attacked):
    """lasso, at the door, reads back what the directory holds, to the last character."""
    person, value = company.by_uid("priya.raman"), "</x>&]]>\"'<!-- -->&amp;"
    encoded = base64.b64encode(value.encode()).decode()
    ldap_modify(attacked, f"dn: {person['dn']}\nchangetype: modify\nreplace: sn\nsn:: {encoded}\n")

    def sent():
        entra = Entra(attacked)
        assert_signed_on(attacked, entra.post(entra.signer.sign(entra.answer(person))), person)
        attributes = attacked.accounts("managed")[person["mail"]]
        return value in str(attributes).replace("\\'", "'")

    wait_for(sent, 60, "the surname to be sent on", attacked.postern)
    assert_honest_works(Entra(attacked))


FILTERS = ["*", "u7@example.o*", "(", ")", "\\", f"{MAYA['id']})(uid=*", " " + MAYA["id"], MAYA["id"][:-1] + "*"]


@pytest.mark.parametrize("object_id", FILTERS)
def test_escapes_filter(entra, object_id):
    """Peers asserted another person's data for mail=* and mail=u7@example.o*; here no filter is asked at all."""
    answer = entra.answer()
    answer.claims[MICROSOFT + "objectidentifier"] = [object_id]
    answer.claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"] = ["*"]
    assert_stopped(entra, entra.post(entra.signer.sign(answer)), "person-not-found")


def test_refuses_two_entries(entra):
    page = entra.post(entra.signer.sign(entra.answer(company.by_uid("jan.kowalski"))))
    assert_stopped(entra, page, "person-found-twice")


def test_refuses_who_is_not_found_and_shows_no_groups(entra):
    """A refusal with reason, id and audit line; peers said nothing, or went back to the log-in form."""
    page = entra.post(entra.signer.sign(entra.answer(company.by_uid("noor.haddad"))))
    assert entra.parts.audit()[-1]["object_id"] == company.by_uid("noor.haddad")["id"]
    assert_stopped(entra, page, "person-not-found")


LOGOUT_NAMES = {
    "comment": "@example<!-- -->.org</NameID>", "processing instruction": "@example<?x y?>.org</NameID>",
    "CDATA": "<![CDATA[@example.org]]></NameID>", "entity": "@example&dot;org</NameID>",
}


def signed_logout(entra, there="", then=""):
    xml = logout_request(MAYA["upn"], "_x").replace(there, then)
    return signed(entra.signer, query_of(xml, "a"))


def assert_logout_refused(entra, query):
    page = entra.browser.open(f"{entra.parts.postern_url}/saml/sp/slo?{query}")
    assert (reason_of(page), page.status) == ("logout-malformed", BAD_REQUEST), page.text
    assert_honest_works(entra)


@pytest.mark.parametrize("kind", LOGOUT_NAMES)
def test_refuses_markup_in_the_name_of_a_logout(entra, workers, kind):
    assert "@example.org</NameID>" in logout_request(MAYA["upn"])
    assert_logout_refused(entra, signed_logout(entra, "@example.org</NameID>", LOGOUT_NAMES[kind]))


@pytest.mark.parametrize("more", [
    query_of(logout_request("admin@example.org")), query_of(logout_response("_x")), "RelayState=b",
], ids=["request", "response", "relay state"])
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_refuses_logout_query_of_two_messages(entra, workers, first, more):
    good = signed_logout(entra)
    assert_logout_refused(entra, f"{more}&{good}" if first else f"{good}&{more}")


def test_survives_logout_without_session(entra, attacked, workers):
    """mod_auth_mellon ended its process there."""
    assert "not signed on here" in page_of(attacked, "GET", "/logout")[2]
    for cookie in ("x", "AAAA", "%00", "A" * 70):
        headers = [FORM, ("Cookie", f"__Host-logout={cookie}"), ("Origin", attacked.postern_url)]
        assert "not signed on here" in page_of(attacked, "POST", "/logout", b"token=x&session=99999999999999999999", headers)[2]
    said = {"": "logout-missing", "SAMLRequest=garbage": "logout-malformed", "SAMLResponse=": "logout-missing"}
    for query, reason in said.items():
        status, _, text = page_of(attacked, "GET", f"/saml/sp/slo?{query}")
        assert status == BAD_REQUEST and reason in text, text
    assert_honest_works(entra)


# ---- what must not start ----


@pytest.fixture
def unstarted(tmp_path, postern_build):
    made = Parts(tmp_path / "unstarted", postern_build)
    make_key(made.folder, "entra", "Federated SSO Certificate")
    yield made
    made.close()


def said_by_serve(parts):
    ended = subprocess.run(parts.postern_command("serve"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=30)
    assert ended.returncode not in (0, -9), ended.stdout
    return ended.stdout


def test_refuses_to_start_without_trusted_key(unstarted):
    unstarted.write_postern_files(unstarted.settings(write_metadata(unstarted, ("entra",), ' use="encryption"')))
    assert "no usable" in said_by_serve(unstarted)


def test_refuses_to_start_with_readable_key(unstarted):
    unstarted.write_postern_files(unstarted.settings(write_metadata(unstarted, ("entra",))))
    (unstarted.folder / "signing.key").chmod(0o644)
    assert "signing.key" in said_by_serve(unstarted)


# ---- last, since it waits ----


def test_refuses_expired_pending(slow_sign_on):
    time.sleep(max(0, slow_sign_on.began + PENDING_SECONDS + 2 - time.monotonic()))
    page = slow_sign_on.post(slow_sign_on.signer.sign(slow_sign_on.answer()))
    assert_stopped(slow_sign_on, page, "pending-expired", BAD_REQUEST)
