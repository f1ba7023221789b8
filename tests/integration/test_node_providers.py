# SPDX-License-Identifier: GPL-3.0-or-later
"""Two service providers from npm at doors of Postern's, with an ACS that has a query, as Atlassian's.

@node-saml/node-saml checks InResponseTo always, the audience and what is signed.

Auth0's passport-wsfed-saml2 stands for Atlassian, whose log-in host is an
Auth0 tenant.  It runs with its default checks (audience first, Recipient and
Destination equal to the ACS with its query) and on the *stock* xml-crypto
1.4.1: the git fork that its package.json names is in no registry.
"""
import base64
import secrets
import urllib.parse
import zlib

import pytest

from browser import Browser, Page
from node_peers import ServiceProvider
from peers import SIGNS, SOAP
from stories import MAYA, VIKTOR, assert_refused, pick
from test_shibboleth import signed_parts

KINDS = ("node-saml", "auth0")
BINDINGS = ("redirect", "post")
FORMATS = {"email": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
           "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}


def door_of(parts, kind, sign):
    return next(door for door in parts.doors if door.name == f"{kind}-{sign}")


def options(parts, door, kind):
    if kind == "auth0":
        return {"cert": "".join(parts.certificate().splitlines()[1:-1]), "realm": door.entity_id, "callback": door.acs,
                "recipientUrl": door.acs, "destinationUrl": door.acs, "identityProviderUrl": parts.sso_url}
    return {"idpCert": parts.certificate(), "issuer": door.entity_id, "audience": door.entity_id, "callbackUrl": door.acs,
            "entryPoint": parts.sso_url, "wantAssertionsSigned": door.sign != "response",
            "wantAuthnResponseSigned": door.sign != "assertion",
            "acceptedClockSkewMs": 1000, "validateInResponseTo": "always"}


class Visit:
    """A person who comes from that service provider, up to the post to its ACS."""

    def __init__(self, parts, service_providers, kind, sign):
        self.parts, self.door, self.browser = parts, door_of(parts, kind, sign), Browser()
        self.provider = ServiceProvider(service_providers, kind, secrets.token_hex(8), options(parts, self.door, kind))
        self.id, self.relay = "_" + secrets.token_hex(12), "deep/link?a=1&b=é \"quoted\" +%20"
        self.request = None

    def ask(self, binding):
        if binding == "redirect":
            url = self.provider.ask(self.relay, self.id)
            fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
            self.request = zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -15)
            return self.browser.open(url)
        html = self.provider.ask_by_post(self.relay, self.id)
        page = Page(self.door.start, 200, [("Content-Type", "text/html")], html.encode())
        form = page.form_with("SAMLRequest")
        self.request = base64.b64decode(form.value("SAMLRequest"))
        return self.browser.submit(form, page=page)

    def sign_on(self, person, binding="redirect"):
        self.ask(binding)
        pick(self.browser, person, stop=lambda request: request.url == self.door.acs)
        assert self.browser.stopped_at, self.browser.page.text
        return self.browser.stopped_at.fields


@pytest.fixture
def visit(peer_parts, service_providers, kind, sign):
    return Visit(peer_parts, service_providers, kind, sign)


def attributes_of(profile):
    return profile.get("attributes", profile)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("kind", KINDS)
def test_node_provider_signs_a_person_on(peer_parts, visit, kind, sign, binding):
    posted = visit.sign_on(MAYA, binding)
    assert signed_parts(posted["SAMLResponse"]) == sign
    assert posted["RelayState"] == visit.relay
    read = visit.provider.read(posted["SAMLResponse"], [visit.id])
    assert "profile" in read, read
    profile, attributes = read["profile"], attributes_of(read["profile"])
    if kind == "node-saml":
        assert (profile["nameID"], profile["nameIDFormat"]) == (MAYA["mail"], FORMATS[visit.door.name_id_format])
        assert profile["issuer"] == peer_parts.idp_entity_id
    else:
        assert MAYA["mail"] in str(profile), profile
    assert (attributes[SOAP + "givenname"], attributes[SOAP + "surname"]) == ("Maya", "O'Brien")
    assert attributes[SOAP + "name"] == MAYA["id"]
    assert set(attributes["groups"]) == {"support-leads", "support-team", "jira-agents", "dept-support", "all-staff"}


def test_request_of_auth0_is_the_odd_one(peer_parts, service_providers):
    """The test above sends what Auth0's template writes: this says that it is as odd as it is said to be."""
    visit = Visit(peer_parts, service_providers, "auth0", "assertion")
    visit.ask("redirect")
    request = visit.request.decode()
    assert "AssertionConsumerServiceURL" in request and "NameIDPolicy" not in request, request
    assert "  " in request or "\t" in request, request


@pytest.mark.parametrize("kind, sign", [(kind, "assertion") for kind in KINDS])
def test_node_provider_does_not_take_what_it_did_not_ask_for(peer_parts, visit, kind, sign):
    posted = visit.sign_on(MAYA)
    stranger = ServiceProvider(visit.provider.process, kind, secrets.token_hex(8), options(peer_parts, visit.door, kind))
    assert "refused" in stranger.read(posted["SAMLResponse"], ["_somebody_else"])


@pytest.mark.parametrize("kind, sign", [("node-saml", "assertion")])
def test_node_saml_does_not_take_an_answer_twice(visit, kind, sign):
    posted = visit.sign_on(MAYA)
    assert "profile" in visit.provider.read(posted["SAMLResponse"])
    assert visit.provider.read(posted["SAMLResponse"]) == {"refused": "InResponseTo is not valid"}


@pytest.mark.parametrize("kind, sign", [(kind, "both") for kind in KINDS])
def test_node_provider_gets_nothing_for_a_refused_person(peer_parts, visit, kind, sign):
    visit.ask("redirect")
    page = pick(visit.browser, VIKTOR)
    assert_refused(peer_parts, page, "denied-by-default", 403)
    assert page.form_with("SAMLResponse") is None


@pytest.mark.parametrize("changed", ["recipientUrl", "destinationUrl", "realm"])
def test_auth0_compares_the_address_with_its_query(peer_parts, service_providers, changed):
    """Its defaults are strict, so the tests above have shown that ours are exact."""
    visit = Visit(peer_parts, service_providers, "auth0", "assertion")
    posted = visit.sign_on(MAYA)
    other = {**options(peer_parts, visit.door, "auth0"), changed: visit.door.acs.split("?")[0]}
    read = ServiceProvider(service_providers, "auth0", secrets.token_hex(8), other).read(posted["SAMLResponse"], [visit.id])
    assert {"recipientUrl": "Recipient", "destinationUrl": "Destination", "realm": "Audience"}[changed] in read["refused"]
