# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile logout messages and cookies over HTTP: what is refused leaves the cookie as it is, and the next honest message works.

The messages are signed by the provider's own key, unless the row says otherwise:
a shape is refused because it is one, and not because nobody signed it.
"""
import base64
import re
import urllib.parse
import zlib

import pytest

from browser import Request
from entra_logout_shape import logout_request, logout_response, lower, query_of, signed
from entra_shape import ASSERTION, Signer
from parts import make_key
from stories import MAYA, door_address, reason_of
from test_entra_logout import ENDED, SignedOn

REST = "</NameID>"
PAIRWISE = "cK3fIwFqDm5Xh0ZrZxJqkz1oE3l2vYb7uT9sWnQeRtA"
BAD_REQUEST, FORBIDDEN, TOO_LARGE = 400, 403, 413


@pytest.fixture
def entra(parts):
    return SignedOn(parts)


def assert_nothing_ended(entra, page, reason, status):
    assert (reason_of(page), page.status) == (reason, status), page.text[:600]
    assert (entra.lines(), entra.state()) == ([], "alive")
    assert entra.send(signed(entra.signer, query_of(logout_request(MAYA["upn"], entra.index)))).text == "Signed out."
    assert (entra.lines(), entra.state()) == (ENDED, "ended")


# ---- the document: what stands where the name does, or around it ----

DOCUMENTS = {
    "comment in the NameID": (REST, "<!-- -->.evil.test" + REST),
    "processing instruction in the NameID": (REST, "<?x y?>" + REST),
    "CDATA in the NameID": (REST, "<![CDATA[]]>" + REST),
    "element in the NameID": (REST, f'<x xmlns="{ASSERTION}"/>' + REST),
    "entity that nobody declared": (REST, "&nbsp;" + REST),
    "entity of a DOCTYPE": ("<samlp:LogoutRequest", '<!DOCTYPE x [<!ENTITY e "evil">]><samlp:LogoutRequest'),
    "external DOCTYPE": ("<samlp:LogoutRequest", '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x"><samlp:LogoutRequest'),
    "character that XML has not": (REST, "&#0;" + REST),
    "line end by reference": (REST, "&#10;" + REST),
    "processing instruction before the message": ("<samlp:LogoutRequest", "<?x y?><samlp:LogoutRequest"),
    "comment in the SessionIndex": ("</samlp:SessionIndex>", "<!-- --></samlp:SessionIndex>"),
    "comment in the Issuer": ("</Issuer>", "<!-- --></Issuer>"),
    "two NameIDs": ("<samlp:SessionIndex>", f'<NameID xmlns="{ASSERTION}">admin</NameID><samlp:SessionIndex>'),
    "an ID in a namespace": (' Version="2.0"', ' xmlns:s="urn:s" s:ID="_x" Version="2.0"'),
    "a base of its own": (' Version="2.0"', ' xml:base="http://evil.test/" Version="2.0"'),
    "a signature inside": ("<NameID", '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/><NameID'),
    "an Issuer in another namespace": (f'<Issuer xmlns="{ASSERTION}">', '<Issuer xmlns="urn:x">'),
    "a second message behind it": ("</samlp:LogoutRequest>", "</samlp:LogoutRequest><samlp:LogoutRequest/>"),
    "an encoding that it is not in": ("<samlp:LogoutRequest", '<?xml version="1.0" encoding="UTF-16"?><samlp:LogoutRequest'),
    "an encoding for old mail": ("<samlp:LogoutRequest", '<?xml version="1.0" encoding="UTF-7"?><samlp:LogoutRequest'),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_that_could_be_read_in_two_ways_is_refused(entra, name):
    there, then = DOCUMENTS[name]
    honest = logout_request(MAYA["upn"], entra.index)
    assert there in honest
    page = entra.send(signed(entra.signer, query_of(honest.replace(there, then, 1))))
    assert_nothing_ended(entra, page, "logout-malformed", BAD_REQUEST)


# ---- the query: what stands there twice, elsewhere or otherwise ----


def message_of(query):
    return re.search("SAMLRequest=([^&]*)", query)[1]


def strange(query):
    """Another message of anybody's, in the same parameter."""
    return query_of(logout_request("admin@example.org", "_x"))


QUERIES = {
    "message twice": (lambda q: f"{q}&SAMLRequest={message_of(q)}", "logout-malformed", BAD_REQUEST),
    "another message before": (lambda q: f"{strange(q)}&{q}", "logout-malformed", BAD_REQUEST),
    "another message behind": (lambda q: f"{q}&{strange(q)}", "logout-malformed", BAD_REQUEST),
    "SAMLResponse beside": (lambda q: f"{q}&{query_of(logout_response('_x'))}", "logout-malformed", BAD_REQUEST),
    "an empty SAMLResponse beside": (lambda q: f"{q}&SAMLResponse", "logout-malformed", BAD_REQUEST),
    "given as SAMLResponse": (lambda q: q.replace("SAMLRequest=", "SAMLResponse="), "logout-malformed", BAD_REQUEST),
    "relay state twice": (lambda q: f"{q}&RelayState=x", "logout-malformed", BAD_REQUEST),
    "relay state with NUL": (lambda q: q.replace("RelayState=", "RelayState=%00"), "logout-malformed", BAD_REQUEST),
    "relay state of two lines": (lambda q: q.replace("RelayState=", "RelayState=a%0d%0aSet-Cookie:x"), "logout-malformed",
                                 BAD_REQUEST),
    "relay state that is no UTF-8": (lambda q: q.replace("RelayState=", "RelayState=%ff"), "logout-malformed", BAD_REQUEST),
    "relay state of 1,501 bytes": (lambda q: q.replace("RelayState=", "RelayState=" + "a" * 1499), "relay-state-too-long",
                                   BAD_REQUEST),
    "SigAlg twice": (lambda q: f"{q}&SigAlg=x", "signature-shape", FORBIDDEN),
    "Signature twice": (lambda q: f"{q}&Signature", "signature-shape", FORBIDDEN),
    "SigAlg missing": (lambda q: re.sub("&SigAlg=[^&]*", "", q), "signature-shape", FORBIDDEN),
    "Signature missing": (lambda q: re.sub("&Signature=[^&]*", "", q), "signature-shape", FORBIDDEN),
    "Signature empty": (lambda q: re.sub("&Signature=[^&]*", "&Signature=", q), "signature-shape", FORBIDDEN),
    "SHA-1": (lambda q: q.replace("xmldsig-more%23rsa-sha256", "xmldsig-more%23rsa-sha1"), "signature-algorithm", FORBIDDEN),
    "HMAC": (lambda q: q.replace("%23rsa-sha256", "%23hmac-sha256"), "signature-algorithm", FORBIDDEN),
    "a longer digest": (lambda q: q.replace("%23rsa-sha256", "%23rsa-sha512"), "signature-invalid", FORBIDDEN),
    "SigAlg in capitals": (lambda q: q.replace("rsa-sha256", "RSA-SHA256"), "signature-algorithm", FORBIDDEN),
    "SigAlg with a blank": (lambda q: q.replace("rsa-sha256", "rsa-sha256+"), "signature-algorithm", FORBIDDEN),
    "SigAlg with NUL": (lambda q: q.replace("rsa-sha256", "rsa-sha256%00"), "signature-algorithm", FORBIDDEN),
    "SigAlg in other escapes": (lambda q: q.replace("rsa-sha256", "%72sa-sha256"), "signature-invalid", FORBIDDEN),
    "escapes in capitals": (lambda q: q.replace("RelayState=a%20b", "RelayState=%61%20b"), "signature-invalid", FORBIDDEN),
    "plus for a blank": (lambda q: q.replace("a%20b", "a+b"), "signature-invalid", FORBIDDEN),
    "no relay state": (lambda q: re.sub("&RelayState=[^&]*", "", q), "signature-invalid", FORBIDDEN),
    "an escape that is none": (lambda q: q.replace("SAMLRequest=", "SAMLRequest=%g0"), "logout-malformed", BAD_REQUEST),
    "another encoding": (lambda q: f"{q}&SAMLEncoding=x", "logout-malformed", BAD_REQUEST),
    "semicolons": (lambda q: q.replace("&", ";"), "logout-malformed", BAD_REQUEST),
    "names in escapes": (lambda q: q.replace("SAMLRequest=", "SAMLReques%74="), "logout-missing", BAD_REQUEST),
    "names in small letters": (lambda q: q.replace("SAMLRequest=", "samlrequest="), "logout-missing", BAD_REQUEST),
    "an artifact": (lambda q: "SAMLart=AAQAAMFbLinlXaCM%2BFIxiDwGOLAy2T71gbpO7ZhNzAgEANlB90ECfpNEVLg%3D", "logout-missing",
                    BAD_REQUEST),
    "bytes behind the message": (lambda q: f"SAMLRequest={lower(packed(logout_request('a', '_x'), b'more'))}",
                                 "logout-malformed", BAD_REQUEST),
    "a bomb": (lambda q: f"SAMLRequest={lower(packed('<x>' + ' ' * 8_000_000))}", "logout-too-large", TOO_LARGE),
}


def packed(text, behind=b""):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(text.encode()) + deflate.flush() + behind).decode()


@pytest.mark.parametrize("name", QUERIES)
def test_query_that_could_be_read_in_two_ways_is_refused(entra, name):
    change, reason, status = QUERIES[name]
    honest = signed(entra.signer, query_of(logout_request(MAYA["upn"], entra.index), "a b"))
    changed = change(honest)
    assert changed != honest
    assert_nothing_ended(entra, entra.send(changed), reason, status)


HARMLESS = {
    "another order": lambda q: "&".join(reversed(q.split("&"))),
    "empty parts": lambda q: "&&" + q.replace("&", "&&&=&") + "&&",
    "parameters that nobody knows": lambda q: f"a=1&{q}&samlrequest=x&signature=y&SAMLRequestx=1",
    "an artifact beside": lambda q: f"SAMLart=AAQAAMFb&{q}",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_stands_beside_a_signed_message_changes_nothing(entra, name):
    query = HARMLESS[name](signed(entra.signer, query_of(logout_request(PAIRWISE, entra.index), "a b")))
    page = entra.send(query)
    assert (page.status, page.text) == (200, "Signed out."), page.text
    assert (entra.lines(), entra.state()) == (ENDED, "ended")


def test_signature_of_a_request_is_none_of_an_answer(entra):
    """Of two messages by one key, neither's signature serves the other."""
    asked = entra.press()
    request = signed(entra.signer, query_of(logout_request(PAIRWISE, "_another")))
    answer = query_of(logout_response(asked.id))
    rest = request[request.index("&SigAlg="):]
    page = entra.send(answer + rest, frame=False)
    assert (reason_of(page), page.status) == ("signature-invalid", FORBIDDEN)
    page = entra.send(query_of(logout_request(MAYA["upn"])) + rest)
    assert (reason_of(page), page.status) == ("signature-invalid", FORBIDDEN)
    assert (entra.lines(), entra.state()) == ([], "alive")


def test_our_own_request_sent_back_is_no_message_of_the_provider(entra):
    entra.browser.open(f"{entra.parts.postern_url}/logout")
    entra.browser.click("Sign out", stop=lambda request: request.url.startswith(entra.parts.entra_url))
    query = urllib.parse.urlsplit(entra.browser.stopped_at.url).query
    entra.before += 1
    assert_nothing_ended(entra, entra.send(query), "logout-unknown-issuer", FORBIDDEN)


def test_key_of_a_connection_signs_no_logout(entra, tmp_path):
    """Whoever may sign requests to us is not who may sign the provider's messages."""
    door = Signer(*make_key(tmp_path, "door", "Atlassian"))
    query = signed(door, query_of(logout_request(MAYA["upn"], entra.index)))
    assert_nothing_ended(entra, entra.send(query), "signature-invalid", FORBIDDEN)
    query = signed(door, query_of(logout_request(MAYA["upn"], entra.index, issuer="urn:example:atlassian")))
    page = entra.send(query)
    assert reason_of(page) == "logout-unknown-issuer"


# ---- the cookie ----


def cookie_of(browser, begins):
    return next(cookie for cookie in browser.jar.cookies if cookie.name.startswith(begins))


COOKIES = {
    "cut at its end": lambda value: value[:-1],
    "cut in the middle": lambda value: value[:len(value) // 2],
    "cut to nothing": lambda value: "",
    "longer": lambda value: value + "A",
    "twice itself": lambda value: value + value,
    "in other letters": lambda value: value.swapcase(),
    "of 6,000 letters": lambda value: "A" * 6000,
    "no base64": lambda value: value.replace(value[3], "."),
    "with padding": lambda value: value + "==",
}


@pytest.mark.parametrize("name", COOKIES)
def test_cookie_that_was_changed_counts_as_none(entra, name):
    cookie = cookie_of(entra.browser, "__Host-logout")
    good = cookie.value
    cookie.value = COOKIES[name](good)
    assert entra.state() == "nobody"
    page = entra.send(signed(entra.signer, query_of(logout_request(MAYA["upn"], entra.index))))
    assert (page.status, page.text, entra.lines()) == (200, "Signed out.", [])
    cookie = cookie_of(entra.browser, "__Host-logout")
    cookie.value = good
    assert entra.state() == "alive"


def test_cookies_do_not_serve_for_one_another(entra):
    """A logout cookie in the place of a sign-on's, and the other way round."""
    browser, parts = entra.browser, entra.parts
    browser.jar.cookies = [c for c in browser.jar.cookies if c.host != parts.managed_site.split(":")[0]]
    browser.open(door_address(parts, "managed"))
    browser.click("Log in", stop=lambda request: request.url.startswith(parts.entra_url))
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.stopped_at.url).query))
    pending, logout = cookie_of(browser, "__Host-p-" + fields["RelayState"]), cookie_of(browser, "__Host-logout")
    pending.value, logout.value = logout.value, pending.value
    assert entra.state() == "nobody"
    body = urllib.parse.urlencode({"SAMLResponse": base64.b64encode(b"<x/>").decode(), "RelayState": fields["RelayState"]})
    page = browser.go(Request("POST", f"{parts.postern_url}/saml/sp/acs/1", body.encode(), initiator=parts.entra_url + "/"))
    assert reason_of(page) == "pending-invalid", page.text
    pending.value, logout.value = logout.value, pending.value
    assert entra.state() == "alive"
