# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing out with Entra ID: the demo's both ways, and messages in every shape that Entra's have, by a forger, over HTTP.

What becomes of a message is read off three things: what the browser gets, what
/logout says afterwards, and whether the audit has a line about it.
"""
import pytest

from browser import Request
from entra_logout_shape import (
    ENTITY_ID, LOGIN_ISSUER, REQUESTER, AskedToSignOut, logout_request, logout_response, query_of, signed,
)
from entra_shape import EMAIL, Entra, Signer
from parts import company, make_key
from stories import MAYA, assert_refused, assert_signed_on, door_address, reach_entra, reason_of, sign_on

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PAIRWISE = "cK3fIwFqDm5Xh0ZrZxJqkz1oE3l2vYb7uT9sWnQeRtA"


def logout_lines(parts):
    return [line for line in parts.audit() if line["event"] == "logout"]


def state_of(parts, browser):
    """What /logout says: "alive", "ended" or "nobody"."""
    text = browser.tab().open(f"{parts.postern_url}/logout").text
    said = {"Sign out?": "alive", "You are signed out": "ended", "You are not signed on here": "nobody"}
    return next((state for words, state in said.items() if words in text), text)


def is_asked_who(parts, browser):
    """Whether a new sign-on stops at Entra's list, where a living session would pass silently."""
    browser.jar.cookies = [c for c in browser.jar.cookies if c.host != parts.managed_site.split(":")[0]]
    tab = browser.tab()
    tab.open(door_address(parts, "managed"))
    tab.click("Log in")
    return tab.page.form_with("query") is not None


# ---- the demo's Entra ID ----


def test_the_button_signs_out_at_entra(parts, browser):
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    assert not is_asked_who(parts, browser)
    browser.open(f"{parts.postern_url}/logout")
    hops = len(browser.hops)
    page = browser.click("Sign out")
    assert (page.status, page.url) == (200, f"{parts.postern_url}/logout"), f"{page.url}: {page.text[:400]}"
    assert "You are signed out" in page.text and not page.forms
    asked, answered = browser.hops[hops + 1:hops + 3]
    assert asked.url.startswith(f"{parts.entra_url}/{company.TENANT}/saml2?SAMLRequest=") and asked.status == 303
    assert answered.url.startswith(f"{parts.postern_url}/saml/sp/slo?SAMLResponse=") and "&Signature=" in answered.url
    line = logout_lines(parts)[-1]
    assert (line["name_id"], line["provider"]) == (MAYA["upn"], "entra")
    assert line["detail"] == "the identity provider has ended its session; not at an end: organisation"
    assert "Nobody is signed in" in browser.open(parts.entra_url + "/").text
    assert is_asked_who(parts, browser)


def test_another_index_is_refused_by_entra_and_can_be_tried_again(parts, browser):
    """The demo's Entra takes nothing but what it gave out: the test above does not pass by its being blind."""
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    browser.open(f"{parts.postern_url}/logout")
    browser.click("Sign out", stop=lambda request: request.url.startswith(parts.entra_url))
    asked = AskedToSignOut(browser.stopped_at.url)
    touched = browser.stopped_at
    touched.url = f"{asked.destination}?" + query_of(logout_request(MAYA["upn"], "_invented", issuer=asked.issuer,
                                                                    message_id=asked.id))
    page = browser.go(touched)
    assert "You may still be signed in" in page.text, page.text
    assert logout_lines(parts)[-1]["reason"] == "status-not-success"
    assert not is_asked_who(parts, browser)
    assert "You are signed out" in browser.click("Sign out").text
    assert is_asked_who(parts, browser)


def test_entra_signs_out_and_tells_us_in_a_hidden_frame(parts, browser):
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    browser.open(parts.entra_url + "/")
    page = browser.click("Sign out")
    assert page.url == parts.entra_url + "/signout" and len(page.frames) == 1, page.text
    hops = len(browser.hops)
    shown = browser.load_frames()
    assert [(frame.status, frame.text) for frame in shown] == [(200, "Signed out.")]
    assert browser.hops[hops].url.startswith(f"{parts.postern_url}/saml/sp/slo?SAMLRequest=")
    assert "&Signature=" in browser.hops[hops].url and "__Host-logout" in browser.hops[hops].cookies
    line = logout_lines(parts)[-1]
    assert (line["name_id"], line["detail"]) == (MAYA["upn"], "the identity provider asked; not at an end: organisation")
    assert state_of(parts, browser) == "ended"
    assert is_asked_who(parts, browser)


def test_signing_out_at_entra_in_chromium(parts, one_chromium):
    """A browser that keeps cookies of other sites apart shows us none in the frame: the button is left, and harmless."""
    chromium = one_chromium.fresh()
    chromium.open(door_address(parts, "managed"))
    chromium.click("Log in")
    chromium.click(MAYA["name"])
    chromium.open(parts.entra_url + "/")
    chromium.click("Sign out")
    assert "You signed out" in chromium.text
    chromium.open(f"{parts.postern_url}/logout")
    if "Sign out?" in chromium.text:
        chromium.click("Sign out")
    assert (chromium.url, "You are signed out" in chromium.text) == (f"{parts.postern_url}/logout", True), chromium.text
    assert chromium.violations == []


# ---- messages in every shape ----


class SignedOn(Entra):
    """Somebody who came through a forged sign-on, so that the forger knows the SessionIndex."""

    def __init__(self, parts):
        super().__init__(parts)
        answer = self.answer(MAYA)
        self.index = answer.assertion_id
        assert_signed_on(parts, self.post(self.signer.sign(answer)), MAYA)
        self.before = len(logout_lines(parts))

    def address(self, query):
        return f"{self.parts.postern_url}/saml/sp/slo?{query}"

    def send(self, query, frame=True):
        """From Entra's page, in a hidden frame or in the address bar."""
        return self.browser.go(Request("GET", self.address(query), initiator=self.parts.entra_url + "/signout", frame=frame))

    def lines(self):
        return [line["detail"] for line in logout_lines(self.parts)[self.before:]]

    def state(self):
        return state_of(self.parts, self.browser)

    def sealed(self):
        """The browser's cookie."""
        return [c.value for c in self.browser.jar.cookies if c.name == "__Host-logout"]

    def press(self):
        """To Entra with our LogoutRequest, which is not delivered."""
        self.browser.open(f"{self.parts.postern_url}/logout")
        self.browser.click("Sign out", stop=lambda request: request.url.startswith(self.parts.entra_url))
        asked = AskedToSignOut(self.browser.stopped_at.url)
        assert (asked.name_id, asked.index) == (MAYA["upn"], self.index)
        assert (asked.issuer, asked.destination) == (
            f"{self.parts.postern_url}/saml/sp/metadata", f"{self.parts.entra_url}/{company.TENANT}/saml2")
        self.before = len(logout_lines(self.parts))
        return asked


@pytest.fixture
def entra(parts):
    return SignedOn(parts)


ENDED = ["the identity provider asked; not at an end: organisation"]

# what the broadcast says -> whether it is the session of this browser that is meant
BROADCASTS = {
    "NameID without Format, SessionIndex": (lambda e: logout_request(MAYA["upn"], e.index), True, True),
    "NameID without Format alone": (lambda e: logout_request(MAYA["upn"]), True, True),
    "NameID with Format": (lambda e: logout_request(MAYA["upn"], e.index, name_format=EMAIL), True, True),
    "pairwise NameID, SessionIndex": (lambda e: logout_request(PAIRWISE, e.index), True, True),
    "persistent pairwise NameID, SessionIndex": (lambda e: logout_request(PAIRWISE, e.index, name_format=PERSISTENT), True,
                                                 True),
    "one SessionIndex of several": (lambda e: logout_request(PAIRWISE, "_1", e.index, "_2"), True, True),
    "issuer of the documentation": (lambda e: logout_request(MAYA["upn"], e.index, issuer=LOGIN_ISSUER), True, True),
    "Destination": (lambda e: logout_request(PAIRWISE, e.index, Destination=e.address("")[:-1]), True, True),
    "unsigned with SessionIndex": (lambda e: logout_request(PAIRWISE, e.index), False, True),
    "pairwise NameID alone": (lambda e: logout_request(PAIRWISE), True, False),
    "pairwise NameID, another SessionIndex": (lambda e: logout_request(PAIRWISE, "_0a1b2c3d"), True, False),
    "another person": (lambda e: logout_request("grace.okafor@example.org", "_0a1b2c3d"), True, False),
    "unsigned with NameID alone": (lambda e: logout_request(MAYA["upn"]), False, False),
    "unsigned with another SessionIndex": (lambda e: logout_request(MAYA["upn"], "_0a1b2c3d"), False, False),
}


@pytest.mark.parametrize("name", BROADCASTS)
def test_broadcast_of_entra_is_answered_by_a_page_and_ends_only_what_it_means(entra, name):
    """A LogoutResponse to its own broadcast would be refused by Entra: it counts status 200."""
    build, with_signature, meant = BROADCASTS[name]
    query = query_of(build(entra), "a state/with=signs")
    sealed = entra.sealed()
    page = entra.send(signed(entra.signer, query) if with_signature else query)
    assert "%2f" in query and "%2F" not in query
    assert (page.status, page.text, page.header("Location")) == (200, "Signed out.", None)
    assert page.policy["frame-ancestors"] == ["*"]
    assert (entra.lines(), entra.state()) == ((ENDED, "ended") if meant else ([], "alive"))
    assert (entra.sealed() != sealed) == meant


def test_broadcast_that_comes_twice_says_nothing_the_second_time(entra):
    query = signed(entra.signer, query_of(logout_request(MAYA["upn"], entra.index)))
    assert [entra.send(query).status, entra.send(query).status] == [200, 200]
    assert (entra.lines(), entra.state()) == (ENDED, "ended")


def test_broadcast_in_the_address_bar_leads_to_the_page(entra):
    page = entra.send(signed(entra.signer, query_of(logout_request(MAYA["upn"], entra.index))), frame=False)
    assert (page.url, page.status) == (f"{entra.parts.postern_url}/logout", 200)
    assert "You are signed out" in page.text and entra.lines() == ENDED


def test_broadcast_to_the_originator_comes_before_the_answer(entra):
    """Entra tells every application, also the one that asked, and then answers it."""
    asked = entra.press()
    assert entra.send(signed(entra.signer, query_of(logout_request(PAIRWISE, asked.index)))).text == "Signed out."
    assert (entra.lines(), entra.state()) == (ENDED, "ended")
    page = entra.send(signed(entra.signer, query_of(logout_response(asked.id, issuer=LOGIN_ISSUER))), frame=False)
    assert (page.url, entra.state()) == (f"{entra.parts.postern_url}/logout", "ended")


REFUSED_REQUESTS = {
    "another key": (lambda e, s: signed(s, query_of(logout_request(MAYA["upn"], e.index))), "signature-invalid", 403),
    "escapes made anew": (lambda e, s: signed(e.signer, query_of(logout_request(MAYA["upn"], e.index), "a/b")).replace("%2fb",
                                                                                                                       "%2Fb"),
                          "signature-invalid", 403),
    "another relay state": (lambda e, s: signed(e.signer, query_of(logout_request(MAYA["upn"], e.index), "a")).replace(
        "RelayState=a", "RelayState=b"), "signature-invalid", 403),
    "another tenant": (lambda e, s: signed(e.signer, query_of(logout_request(MAYA["upn"], e.index,
                                                                             issuer=ENTITY_ID.replace("7b", "8b")))),
                       "logout-unknown-issuer", 403),
    "another tenant of the documentation": (lambda e, s: signed(e.signer, query_of(
        logout_request(MAYA["upn"], e.index, issuer=LOGIN_ISSUER.replace("7b", "8b")))), "logout-unknown-issuer", 403),
    "too old": (lambda e, s: signed(e.signer, query_of(logout_request(MAYA["upn"], e.index, issued=-1000))), "logout-expired",
                403),
    "from the future": (lambda e, s: signed(e.signer, query_of(logout_request(MAYA["upn"], e.index, issued=1000))),
                        "not-yet-valid", 403),
    "for another service": (lambda e, s: signed(e.signer, query_of(
        logout_request(MAYA["upn"], e.index, Destination="https://sso.example.com/saml/sp/slo"))), "logout-wrong-destination",
                            403),
}


@pytest.mark.parametrize("name", REFUSED_REQUESTS)
def test_request_that_is_not_right_is_refused_and_ends_nothing(entra, tmp_path, name):
    build, reason, status = REFUSED_REQUESTS[name]
    sealed = entra.sealed()
    page = entra.send(build(entra, Signer(*make_key(tmp_path, "stranger", "Stranger"))))
    assert_refused(entra.parts, page, reason, status)
    assert (entra.lines(), entra.state(), entra.sealed()) == ([], "alive", sealed)


# ---- its answer to us ----

ANSWERED = ["the identity provider has ended its session; not at an end: organisation"]


@pytest.mark.parametrize("issuer", [ENTITY_ID, LOGIN_ISSUER], ids=["entity ID", "issuer of the documentation"])
@pytest.mark.parametrize("with_signature", [True, False], ids=["signed", "unsigned"])
def test_answer_of_entra_ends_the_session_here(entra, issuer, with_signature):
    query = query_of(logout_response(entra.press().id, issuer=issuer))
    page = entra.send(signed(entra.signer, query) if with_signature else query, frame=False)
    assert (page.url, page.status) == (f"{entra.parts.postern_url}/logout", 200)
    assert (entra.lines(), entra.state()) == (ANSWERED, "ended")


def test_answer_that_says_no_is_shown(entra):
    page = entra.send(signed(entra.signer, query_of(logout_response(entra.press().id, REQUESTER, issuer=LOGIN_ISSUER))),
                      frame=False)
    assert page.status == 200 and "You may still be signed in" in page.text
    assert (len(entra.lines()), entra.state()) == (1, "alive")
    assert "the identity provider refused" in entra.lines()[0]


REFUSED_ANSWERS = {
    "another key": (lambda e, s, i: signed(s, query_of(logout_response(i, issuer=LOGIN_ISSUER))), "signature-invalid", 403),
    "another request": (lambda e, s, i: signed(e.signer, query_of(logout_response("_" + "0" * 32))), "logout-not-asked", 400),
    "another tenant": (lambda e, s, i: query_of(logout_response(i, issuer=LOGIN_ISSUER.replace("7b", "8b"))),
                       "logout-unknown-issuer", 403),
    "the bare host": (lambda e, s, i: query_of(logout_response(i, issuer="https://login.microsoftonline.com/")),
                      "logout-unknown-issuer", 403),
}


@pytest.mark.parametrize("name", REFUSED_ANSWERS)
def test_answer_that_is_not_right_is_refused_and_ends_nothing(entra, tmp_path, name):
    build, reason, status = REFUSED_ANSWERS[name]
    asked = entra.press()
    page = entra.send(build(entra, Signer(*make_key(tmp_path, "stranger", "Stranger")), asked.id), frame=False)
    assert (reason_of(page), page.status) == (reason, status), page.text
    assert (entra.lines(), entra.state()) == ([], "alive")


def test_answer_in_another_browser_is_refused(entra, browser):
    """What one browser asked for, no other can be told."""
    query = signed(entra.signer, query_of(logout_response(entra.press().id)))
    assert reach_entra(entra.parts, browser)
    assert_refused(entra.parts, browser.open(entra.address(query)), "logout-not-asked", 400)
    assert entra.state() == "alive"
