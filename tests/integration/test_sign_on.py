# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-ons from the first click to the last page, with nobody disturbing them."""
import re

import pytest

from browser import Browser
from parts import company
from peers import PeerParts, start_with
from stories import (
    CHLOE, JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, authn_request, host_of, pick, reach_entra,
    redirect_url, response_of, sign_on, to_acs_of, to_postern_acs, with_response,
)
from test_shibboleth import signed_parts

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


# ---- the four ----


def test_agent_ends_signed_on_at_the_managed_door(parts, browser):
    page = sign_on(parts, browser, MAYA)
    assert_signed_on(parts, page, MAYA)
    account = parts.accounts("managed")[MAYA["mail"]]
    assert account["attributes"][CLAIMS + "givenname"] == ["Maya"]
    assert account["attributes"][CLAIMS + "surname"] == ["O'Brien"]
    assert account["attributes"][CLAIMS + "name"] == [MAYA["id"]]
    assert account["attributes"]["groups"] == ["jira-agents"]
    line = parts.audit()[-1]
    assert (line["mail"], line["outcome"], line["rule"], line["event"]) == (MAYA["mail"], "licensed", "agents", "assertion")
    assert [company.cn_of(dn) for dn in line["groups"]] == ["support-leads", "support-team", "jira-agents"]


def test_unlicensed_customer_ends_signed_on_at_the_managed_door(parts, browser):
    assert_signed_on(parts, sign_on(parts, browser, JUERGEN), JUERGEN)
    line = parts.audit()[-1]
    assert (line["outcome"], line["rule"]) == ("customer", "employees")


def test_partner_at_the_managed_door_ends_at_the_portal(parts, browser):
    page = sign_on(parts, browser, CHLOE)
    assert page.url == parts.portal_home
    assert parts.audit()[-1]["passage"] == "to-portal"
    assert_signed_on(parts, browser.click("Log in"), CHLOE, "portal")
    assert CHLOE["mail"] not in parts.accounts("managed")
    assert parts.accounts("portal")[CHLOE["mail"]]["kind"] == "portal"


def test_stranger_is_told_why_and_whom_to_ask(parts, browser):
    page = sign_on(parts, browser, VIKTOR)
    assert_refused(parts, page, "denied-by-default", 403)
    assert f"it-access@{company.STAFF_DOMAIN}" in page.text
    for kind in ("managed", "portal"):
        assert VIKTOR["mail"] not in parts.accounts(kind)
    line = parts.audit()[-1]
    assert (line["event"], line["reason"]) == ("refusal", "denied-by-default")
    assert line["id"] in page.text


def test_customer_at_the_portal_door_is_sent_to_the_managed_way_in(parts, browser):
    page = sign_on(parts, browser, JUERGEN, "portal")
    assert host_of(page.url) == parts.managed_site
    assert JUERGEN["mail"] not in parts.accounts("portal")


def test_groups_in_a_cycle_decide_like_others(parts, browser):
    kofi = company.by_uid("kofi.mensah")
    assert_signed_on(parts, sign_on(parts, browser, kofi), kofi)
    assert parts.audit()[-1]["outcome"] == "licensed"


@pytest.mark.parametrize("uid, reason", [
    ("erik.lindqvist", "person-disabled"),
    ("jan.kowalski", "person-found-twice"),
    ("noor.haddad", "person-not-found"),
    ("ines.duarte", "person-no-mail"),
])
def test_each_trouble_with_the_entry_has_its_own_reason(parts, browser, uid, reason):
    assert_refused(parts, sign_on(parts, browser, company.by_uid(uid)), reason, 403)


def test_agent_without_a_second_factor_reads_what_to_do(parts, browser):
    page = sign_on(parts, browser, MAYA, second_factor=False)
    assert_refused(parts, page, "requirement-failed", 403)
    assert "Please sign in with a second factor." in page.text


def test_second_sign_on_is_silent(parts, browser):
    sign_on(parts, browser, MAYA)
    browser.jar.cookies = [c for c in browser.jar.cookies if c.host != parts.managed_site.split(":")[0]]
    browser.open(f"http://{parts.managed_site}/jira/boards")
    assert_signed_on(parts, browser.click("Log in"), MAYA)
    assert "/jira/boards" in browser.page.url


# ---- links ----


def test_link_takes_an_agent_to_its_landing(parts, browser):
    browser.open(f"{parts.postern_url}/go/help")
    page = pick(browser, MAYA)
    assert page.url == f"http://{parts.managed_site}/jira/for-you"
    assert_signed_on(parts, page, MAYA)
    assert parts.accounts("managed")[MAYA["mail"]]["in_response_to"] == ""


def test_link_takes_a_partner_to_the_portal(parts, browser):
    browser.open(f"{parts.postern_url}/go/help")
    assert pick(browser, CHLOE).url == parts.portal_home


def test_unknown_link_is_refused(parts, browser):
    assert_refused(parts, browser.open(f"{parts.postern_url}/go/nowhere"), "no-such-link", 404)


# ---- what Atlassian asks ----


def test_unknown_issuer_is_refused(parts, browser):
    xml, _ = authn_request("https://auth.atlassian.com/saml/somebody-else", parts.acs("managed"))
    assert_refused(parts, browser.open(redirect_url(parts, xml)), "unknown-issuer", 403)


@pytest.mark.parametrize("acs", ["https://evil.example/acs", "{acs}&x=1", "{acs_without_query}"])
def test_any_acs_but_the_connections_own_is_refused(parts, browser, acs):
    own = parts.acs("managed")
    acs = acs.format(acs=own, acs_without_query=own.split("?")[0])
    xml, _ = authn_request(parts.entity_id("managed"), acs)
    assert_refused(parts, browser.open(redirect_url(parts, xml)), "wrong-acs", 403)


def test_acs_of_the_other_door_is_refused(parts, browser):
    xml, _ = authn_request(parts.entity_id("managed"), parts.acs("portal"))
    assert_refused(parts, browser.open(redirect_url(parts, xml)), "wrong-acs", 403)


def test_acs_by_index_is_refused(parts, browser):
    xml, _ = authn_request(parts.entity_id("managed"), attributes='AssertionConsumerServiceIndex="0"')
    assert_refused(parts, browser.open(redirect_url(parts, xml)), "acs-index", 403)


@pytest.mark.parametrize("relay_state", ["a b+c%2F&=\"<>'é\u00a0", "x" * 1500, ""], ids=["odd bytes", "1500 bytes", "empty"])
def test_id_and_relay_state_come_back_byte_for_byte(parts, browser, relay_state):
    xml, request_id = authn_request(parts.entity_id("managed"), request_id="_ID.with-all_kinds.of-9")
    browser.open(redirect_url(parts, xml, relay_state))
    pick(browser, MAYA, stop=to_acs_of(parts, "managed"))
    assert browser.stopped_at.fields.get("RelayState", "") == relay_state
    assert re.findall(r'InResponseTo="([^"]*)"', response_of(browser.stopped_at)) == [request_id, request_id]


def test_relay_state_beyond_the_limit_is_refused(parts, browser):
    xml, _ = authn_request(parts.entity_id("managed"))
    assert_refused(parts, browser.open(redirect_url(parts, xml, "x" * 1501)), "relay-state-too-long", 400)


def test_response_names_the_acs_with_its_query_twice(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_acs_of(parts, "managed"))
    xml = response_of(browser.stopped_at)
    acs = parts.acs("managed").replace("&", "&amp;")
    assert f'Destination="{acs}"' in xml and f'Recipient="{acs}"' in xml
    assert xml.count("<saml:Assertion ") + xml.count("<Assertion ") + xml.count("<saml2:Assertion ") == 1
    assert "xmldsig-more#rsa-sha256" in xml and "rsa-sha1" not in xml


# ---- the browser ----


def test_pending_cookie_has_every_attribute_it_needs(parts, browser):
    reach_entra(parts, browser)
    lines = [line for hop in browser.hops if hop.url.startswith(parts.postern_url) for line in hop.set_cookie]
    assert len(lines) == 1
    name, _, _ = lines[0].partition("=")
    attributes = {a.strip().lower() for a in lines[0].split(";")[1:]}
    assert name.startswith("__Host-")
    assert {"secure", "httponly", "samesite=none", "path=/"} <= attributes
    assert not any(a.startswith("domain") for a in attributes)
    assert browser.jar.refused == []


def test_two_tabs_end_both(parts, browser):
    other = browser.tab()
    reach_entra(parts, browser)
    reach_entra(parts, other, "portal")
    assert_signed_on(parts, pick(browser, MAYA), MAYA)
    assert host_of(pick(other, CHLOE).url) == parts.portal_site
    assert_signed_on(parts, other.page, CHLOE, "portal")


def test_back_button_offers_to_go_on_and_issues_nothing(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    posted = browser.stopped_at
    assert_signed_on(parts, browser.go(posted), MAYA)
    before = parts.accounts("managed")[MAYA["mail"]]["sign_ons"]
    page = browser.go(posted)
    assert host_of(page.url) == parts.host("sso", "postern")
    assert "already been answered" in page.text
    assert parts.accounts("managed")[MAYA["mail"]]["sign_ons"] == before
    assert host_of(browser.click("Continue").url) == parts.managed_site


def test_double_click_ends_in_a_fresh_silent_sign_on(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    posted, cookies = browser.stopped_at, list(browser.jar.cookies)
    first = browser.send(posted)
    assert first.form_with("SAMLResponse"), first.text
    # The second click left before the first one's answer came: the cookie is still the old one.
    browser.jar.cookies = cookies
    hops = len(browser.hops)
    assert_signed_on(parts, browser.go(posted), MAYA)
    assert any(hop.url.startswith(parts.entra_url) for hop in browser.hops[hops:])
    assert parts.audit()[-2]["event"] == "restart"


def test_blocked_cookies_are_explained(parts):
    browser = Browser()
    reach_entra(parts, browser)
    pick(browser, MAYA, stop=to_postern_acs(parts))
    browser.cookies = False
    page = browser.go(browser.stopped_at)
    assert_refused(parts, page, "cookie-missing", 400)
    assert "allow cookies" in page.text


def test_works_without_script(parts):
    browser = Browser(scripts=False)
    sign_on(parts, browser, MAYA)
    assert host_of(browser.page.url) == parts.host("entra", "entra")
    browser.click("Continue")
    assert host_of(browser.page.url) == parts.host("sso", "postern")
    assert_signed_on(parts, browser.click("Continue"), MAYA)


def test_posting_page_needs_no_unsafe_inline(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_acs_of(parts, "managed"))
    policy = browser.page.policy
    assert policy["default-src"] == ["'none'"] and "https:" in policy["form-action"]
    assert "unsafe-inline" not in str(policy)


# ---- answers that are not what they should be ----


def test_answer_of_another_browser_is_refused(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    assert_refused(parts, Browser().go(browser.stopped_at), "cookie-missing", 400)


def test_answer_without_relay_state_is_unsolicited(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    request = browser.stopped_at.with_fields({"SAMLResponse": browser.stopped_at.fields["SAMLResponse"]})
    assert_refused(parts, browser.go(request), "unsolicited", 403)


def test_changed_answer_is_refused(parts, browser):
    sign_on(parts, browser, VIKTOR, stop=to_postern_acs(parts))
    changed = response_of(browser.stopped_at).replace(VIKTOR["id"], MAYA["id"])
    assert_refused(parts, browser.go(with_response(browser.stopped_at, changed)), "signature-invalid", 403)


def test_answer_without_signature_is_refused(parts, browser):
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    changed = re.sub(r"<Signature .*?</Signature>", "", response_of(browser.stopped_at), flags=re.S)
    assert_refused(parts, browser.go(with_response(browser.stopped_at, changed)), "unsigned", 403)


def test_answer_to_another_sign_on_of_this_browser_is_refused(parts, browser):
    other = browser.tab()
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    reach = other.tab()
    xml, _ = authn_request(parts.entity_id("managed"))
    reach.open(redirect_url(parts, xml), stop=to_postern_acs(parts))
    request = browser.stopped_at.with_fields({**reach.stopped_at.fields,
                                              "SAMLResponse": browser.stopped_at.fields["SAMLResponse"]})
    assert_refused(parts, browser.go(request), "wrong-in-response-to", 403)


# ---- lasso as the identity provider, signing otherwise ----


@pytest.mark.parametrize("sign", ["response", "both"])
def test_answers_of_lasso_signed_in_other_parts_sign_on(parts, tmp_path, browser, sign):
    """The demo's Entra ID as it signs unless told otherwise is everywhere above."""
    made = PeerParts(tmp_path, parts.build, slapd_port=parts.ports["slapd"])
    try:
        made.start_entra(sign=sign)
        start_with(made, made.entra_metadata_url())
        page = sign_on(made, browser, MAYA, stop=to_postern_acs(made))
        assert signed_parts(browser.stopped_at.fields["SAMLResponse"]) == sign
        page = browser.go(browser.stopped_at)
        assert_signed_on(made, page, MAYA)
    finally:
        made.close()
