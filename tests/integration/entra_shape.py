# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses in the exact shape of Entra ID's, written and signed by python3-lxml and python3-xmlsec.

A signer beside the demo's (lasso): `samlp:` only on the Response, everything
else in default namespaces, no NameFormat, attributes before the AuthnStatement,
an AuthnInstant months ago, ids of `_` and a GUID, no line breaks anywhere.
`Answer` holds what is said, so that a test can make it say something else.
"""
import base64
import copy
import re
import time
import urllib.parse
import uuid
import zlib
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from lxml import etree

from browser import Browser, Request
from parts import company
from stories import MAYA, assert_refused, door_address

ASSERTION, PROTOCOL = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
RSA_SHA256, SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA1, SHA1 = DSIG + "rsa-sha1", DSIG + "sha1"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
DAY = 86400

SIGNATURE = (
    '<Signature xmlns="' + DSIG + '"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    '<SignatureMethod Algorithm="{method}"/><Reference URI="#{id}"><Transforms>'
    '<Transform Algorithm="' + DSIG + 'enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    '</Transforms><DigestMethod Algorithm="{digest}"/><DigestValue></DigestValue></Reference></SignedInfo>'
    '<SignatureValue></SignatureValue><KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>'
    '</Signature>')


def instant(offset=0.0):
    moment = time.time() + offset
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + ".%03dZ" % (moment % 1 * 1000)


def new_id():
    return f"_{uuid.uuid4()}"


class Asked:
    """What Postern asked: its AuthnRequest and the relay state, from the address it sent the browser to."""

    def __init__(self, url):
        fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        self.xml = zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -15)
        request = etree.fromstring(self.xml)
        self.id, self.acs = request.get("ID"), request.get("AssertionConsumerServiceURL")
        self.issuer = request.findtext(f"{{{ASSERTION}}}Issuer")
        self.relay_state = fields["RelayState"]


def claims_of(person):
    claims = {
        MICROSOFT + "tenantid": [company.TENANT], MICROSOFT + "objectidentifier": [person["id"]],
        MICROSOFT + "displayname": [person["name"]],
        MICROSOFT + "identityprovider": [f"https://sts.windows.net/{company.TENANT}/"],
        METHODS: ["http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
                  "http://schemas.microsoft.com/claims/multipleauthn"],
        SOAP + "givenname": [person["given"]], SOAP + "surname": [person["surname"]], SOAP + "emailaddress": [person["mail"]],
        SOAP + "name": [person["upn"]],
    }
    return claims


class Answer:
    """Everything that an answer says.  None leaves an attribute or element out."""

    def __init__(self, asked, person):
        self.id, self.assertion_id = new_id(), new_id()
        self.issuer = self.assertion_issuer = f"https://sts.windows.net/{company.TENANT}/"
        self.destination = self.recipient = asked.acs
        self.in_response_to = self.confirmed_for = asked.id
        self.audience = asked.issuer
        self.issued, self.not_before, self.not_on_or_after, self.confirmed_until = 0, -300, 3600, 3600
        self.authn_instant = -81 * DAY
        self.name_id, self.name_id_format = person["upn"], EMAIL
        self.claims = claims_of(person)
        self.status = ('<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>')
        self.signed, self.method, self.digest = "assertion", RSA_SHA256, SHA256

    def attributes(self):
        return "".join(f"<Attribute Name={quoteattr(name)}>" +
                       "".join(f"<AttributeValue>{escape(v)}</AttributeValue>" for v in values) +
                       "</Attribute>" for name, values in self.claims.items())

    def conditions(self):
        audience = ""
        if self.audience:
            audience = f"<AudienceRestriction><Audience>{escape(self.audience)}</Audience></AudienceRestriction>"
        return (f'<Conditions NotBefore="{instant(self.not_before)}" NotOnOrAfter="{instant(self.not_on_or_after)}">'
                f"{audience}</Conditions>")

    def assertion(self):
        confirmation = given(InResponseTo=self.confirmed_for, NotOnOrAfter=instant(self.confirmed_until),
                             Recipient=self.recipient)
        return (
            f'<Assertion ID="{self.assertion_id}" IssueInstant="{instant(self.issued)}" Version="2.0" xmlns="{ASSERTION}">'
            f"<Issuer>{escape(self.assertion_issuer)}</Issuer>"
            f'<Subject><NameID Format="{self.name_id_format}">{escape(self.name_id)}</NameID>'
            f'<SubjectConfirmation Method="{BEARER}">'
            f"<SubjectConfirmationData{confirmation}/>"
            f"</SubjectConfirmation></Subject>{self.conditions()}<AttributeStatement>{self.attributes()}</AttributeStatement>"
            f'<AuthnStatement AuthnInstant="{instant(self.authn_instant)}" SessionIndex="{self.assertion_id}"><AuthnContext>'
            f"<AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext>"
            "</AuthnStatement></Assertion>")

    def response(self):
        return (
            f'<samlp:Response ID="{self.id}" Version="2.0" IssueInstant="{instant(self.issued)}"'
            f'{given(Destination=self.destination, InResponseTo=self.in_response_to)} xmlns:samlp="{PROTOCOL}">'
            f'<Issuer xmlns="{ASSERTION}">{escape(self.issuer)}</Issuer>{self.status}{self.assertion()}</samlp:Response>')


def given(**attributes):
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value is not None)


class Signer:
    """A key and its certificate (files), with which answers are signed."""

    def __init__(self, key, certificate):
        self.key = str(key)
        self.certificate = "".join(certificate.read_text().splitlines()[1:-1])

    def signing_key(self):
        return xmlsec.Key.from_file(self.key, xmlsec.KeyFormat.PEM)

    def sign(self, answer, edit=lambda xml: xml):
        """The answer as XML; `edit` may change the text before it is signed."""
        tree = etree.fromstring(edit(answer.response()).encode())
        if answer.signed in ("assertion", "both"):
            self.sign_element(tree.find(f"{{{ASSERTION}}}Assertion"), answer)
        if answer.signed in ("response", "both"):
            self.sign_element(tree, answer)
        return etree.tostring(tree).decode()

    def sign_element(self, element, answer):
        """The signature goes after the Issuer, and nothing of it is broken into lines."""
        signature = etree.fromstring(SIGNATURE.format(method=answer.method, digest=answer.digest, id=element.get("ID"),
                                                      certificate=self.certificate))
        element.insert(1, signature)
        context = xmlsec.SignatureContext()
        context.key = self.signing_key()
        context.register_id(element, "ID")
        context.sign(signature)
        value = signature.find(f"{{{DSIG}}}SignatureValue")
        value.text = re.sub(r"\s", "", value.text)


def find(tree, name, space=ASSERTION):
    return tree.find(f".//{{{space}}}{name}")


def evil_twin(assertion, object_id):
    """A copy without a signature that names somebody else, for wrapping attacks."""
    twin = copy.deepcopy(assertion)
    signature = twin.find(f"{{{DSIG}}}Signature")
    if signature is not None:
        twin.remove(signature)
    twin.set("ID", new_id())
    for attribute in twin.iter(f"{{{ASSERTION}}}Attribute"):
        if attribute.get("Name") == MICROSOFT + "objectidentifier":
            attribute[0].text = object_id
    return twin


class Entra:
    """Stands where Entra ID stands: takes the request from the browser and posts an answer."""

    def __init__(self, parts, door="managed"):
        self.parts, self.browser, self.door = parts, Browser(), door
        self.signer = Signer(parts.folder / "entra.key", parts.folder / "entra.crt")
        self.begin()

    def begin(self):
        self.browser.open(door_address(self.parts, self.door))
        self.browser.click("Log in", stop=lambda request: request.url.startswith(self.parts.entra_url))
        self.asked = Asked(self.browser.stopped_at.url)

    def answer(self, person=MAYA, **changes):
        made = Answer(self.asked, person)
        for name, value in changes.items():
            assert hasattr(made, name), name
            setattr(made, name, value)
        return made

    def post(self, xml, browser=None, relay_state=None, stop=None):
        """From Entra's site, as its page does."""
        encoded = base64.b64encode(xml if isinstance(xml, bytes) else xml.encode()).decode()
        fields = {"SAMLResponse": encoded, "RelayState": self.asked.relay_state if relay_state is None else relay_state}
        request = Request("POST", self.asked.acs, urllib.parse.urlencode(fields).encode(), self.parts.entra_url + "/login")
        return (browser or self.browser).go(request, stop)


def assert_nothing_left(parts, page, reason, status=403):
    assert_refused(parts, page, reason, status)
    assert page.form_with("SAMLResponse") is None
    line = parts.audit()[-1]
    assert (line["event"], line["reason"]) == ("refusal", reason), line
    assert line["id"] in page.text
    assert "assertion_out" not in line, line
