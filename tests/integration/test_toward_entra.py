# SPDX-License-Identifier: GPL-3.0-or-later
"""What Entra ID does besides signing on: refusals with a code, old sign-ons, too many groups, people from My Apps."""
import base64
import subprocess
import urllib.parse

import pytest

from browser import Request
from entra_shape import DAY, METHODS, Asked
from stories import CHLOE, JUERGEN, MAYA, assert_refused, assert_signed_on, authn_request, pick, redirect_url
from test_entra_shape import Entra

TRACE, TIME = "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00", "2026-11-24 13:19:16Z"
X509 = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509"
CLAIMS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
GROUPS = CLAIMS + "groups"
GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"


@pytest.fixture
def entra(parts):
    return Entra(parts)


def refusal(message):
    return ('<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>'
            f"<samlp:StatusMessage>{message}</samlp:StatusMessage></samlp:Status>")


# ---- it refuses ----


@pytest.mark.parametrize("code, sentence", [
    ("50105", "Your account is not assigned to this application."),
    ("53003", "A rule of your organisation about devices"),
    ("90072", "The identity provider did not sign you on."),
])
def test_code_of_entra_stands_on_the_page(parts, entra, code, sentence):
    words = "Some words of Microsoft. " * 30
    message = f"AADSTS{code}: {words}Trace ID: {TRACE}\r\nCorrelation ID: {TRACE}\r\nTimestamp: {TIME}"
    page = entra.post(entra.signer.sign(entra.answer(status=refusal(message), signed="nothing")))
    assert_refused(parts, page, "status-not-success", 403)
    for shown in (f"AADSTS{code}", TRACE, TIME, sentence):
        assert shown in page.text
    assert "Some words" not in page.text
    line = parts.audit()[-1]
    assert (line["provider_code"], line["provider_trace"]) == (f"AADSTS{code}", TRACE)


def test_words_of_an_attacker_stay_off_the_page(parts, entra):
    message = "AADSTS50105 &lt;a href=&quot;https://evil.example&quot;&gt; Trace ID: call 0800 55 55 55 Timestamp: now"
    page = entra.post(entra.signer.sign(entra.answer(status=refusal(message), signed="nothing")))
    assert_refused(parts, page, "status-not-success", 403)
    assert "AADSTS50105" in page.text
    assert "evil" not in page.text and "0800" not in page.text
    assert "provider_trace" not in parts.audit()[-1]


# ---- it signed on long ago ----


def forced(parts, entra):
    xml, _ = authn_request(parts.entity_id("managed"), attributes='ForceAuthn="true"')
    entra.browser.open(redirect_url(parts, xml), stop=lambda request: request.url.startswith(parts.entra_url))
    entra.asked = Asked(entra.browser.stopped_at.url)
    assert b'ForceAuthn="true"' in entra.asked.xml


def test_sign_on_of_81_days_ago_is_taken(parts, entra):
    assert_signed_on(parts, entra.post(entra.signer.sign(entra.answer(authn_instant=-81 * DAY))), MAYA)


def test_where_a_fresh_one_is_asked_for_it_must_be_fresh(parts, entra):
    forced(parts, entra)
    assert_refused(parts, entra.post(entra.signer.sign(entra.answer(authn_instant=-81 * DAY))), "not-fresh", 403)
    forced(parts, entra)
    page = entra.post(entra.signer.sign(entra.answer(authn_instant=0)),
                      stop=lambda request: request.url == parts.acs("managed"))
    assert page.form_with("SAMLResponse"), page.text


# ---- it sends groups, or too many to send ----


def test_groups_that_entra_sends_give_nothing(parts, entra):
    answer = entra.answer(JUERGEN)
    answer.claims[GROUPS] = ["jira-agents", "cn=jira-agents,ou=groups,dc=example,dc=org"]
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), JUERGEN)
    line = parts.audit()[-1]
    assert (line["outcome"], line["groups_claim"]) == ("customer", "2")


def test_roles_that_entra_sends_give_nothing(parts, entra):
    answer = entra.answer(JUERGEN)
    answer.claims[CLAIMS + "role"] = ["jira-agents", "cn=jira-agents,ou=groups,dc=example,dc=org"]
    answer.claims[CLAIMS + "wids"] = ["62e90394-69f5-4237-9190-012177145e10"]
    xml = entra.signer.sign(answer)
    assert_signed_on(parts, entra.post(xml), JUERGEN)
    line = parts.audit()[-1]
    assert (line["outcome"], line["roles_claim"]) == ("customer", "3")
    assert "groups_claim" not in line
    stored = parts.folder / "stored.b64"
    stored.write_bytes(base64.b64encode(xml.encode()))
    command = parts.postern_command("explain", "--response", str(stored), "--door", line["door"])
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    notes = [note.split()[3] for note in said.splitlines() if note.startswith("Note       the claim ")]
    assert notes == ["role", "wids"], said


def test_too_many_groups_are_noticed(parts, entra):
    answer = entra.answer()
    answer.claims[GROUPS_LINK] = ["https://graph.windows.net/x/users/y/getMemberObjects"]
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), MAYA)
    assert parts.audit()[-1]["groups_claim"] == "too many to send"


def test_empty_street_address_keeps_nobody_out(parts, entra):
    answer = entra.answer()
    answer.claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/streetaddress"] = [""]
    answer.claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/postalcode"] = ["12345\n"]
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), MAYA)


# ---- guests, ways to sign on, My Apps: settings of their own ----


@pytest.fixture
def changed_parts(stopped_parts):
    def start(*replacements):
        settings = stopped_parts.settings()
        for old, new in replacements:
            assert old in settings
            settings = settings.replace(old, new)
        stopped_parts.write_postern_files(settings)
        stopped_parts.start_slapd()
        stopped_parts.start_entra()
        stopped_parts.start_door("managed")
        stopped_parts.start_door("portal")
        stopped_parts.start_postern()
        return stopped_parts

    return start


def test_my_apps_starts_the_default_link(changed_parts, browser):
    parts = changed_parts((", guests: yes", ""), ("claimed_domains:", "default_link: help\nclaimed_domains:"),
                          ('when: "mfa"', 'when: "mfa and method is x509"'))
    tile = Request("POST", f"{parts.postern_url}/saml/sp/acs/1", urllib.parse.urlencode(
        {"SAMLResponse": base64.b64encode(b"<whatever/>").decode(), "RelayState": "https://graph.example/relay"}).encode(),
                   parts.entra_url)
    page = browser.go(tile)
    assert [hop.status for hop in browser.hops[-3:-1]] == [303, 302]
    assert page.url.startswith(parts.entra_url)
    assert [line["event"] for line in parts.audit()] == ["unsolicited"]
    # from here on it is a sign-on as any other
    page = pick(browser, JUERGEN)
    assert_signed_on(parts, page, JUERGEN)
    # a guest, with a rule that does not say so
    entra = Entra(parts, "portal")
    assert_refused(parts, entra.post(entra.signer.sign(entra.answer(CHLOE))), "guest-denied", 403)
    assert parts.audit()[-1]["rule"] == "partners"
    # a second factor, but no certificate; then both
    entra = Entra(parts)
    assert_refused(parts, entra.post(entra.signer.sign(entra.answer())), "requirement-failed", 403)
    entra = Entra(parts)
    answer = entra.answer()
    answer.claims[METHODS] = [X509, "http://schemas.microsoft.com/claims/multipleauthn"]
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), MAYA)
