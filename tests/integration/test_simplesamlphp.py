# SPDX-License-Identifier: GPL-3.0-or-later
"""SimpleSAMLphp in Entra ID's place, with each way of signing: its login form, its metadata from its address, its answers."""
from parts import company
from stories import CHLOE, MAYA, VIKTOR, assert_refused, assert_signed_on, door_address


def reach_login(parts, idp, browser, door="managed"):
    browser.open(door_address(parts, door))
    browser.click("Log in")
    assert browser.page.url.startswith(idp.url), f"{browser.page.url}: {browser.page.text[:400]}"


def test_agent_signs_on_through_simplesamlphp(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    reach_login(parts, idp, browser)
    page = idp.sign_in(browser, MAYA)
    assert_signed_on(parts, page, MAYA)
    line = parts.audit()[-1]
    assert (line["event"], line["rule"], line["mail"], line["object_id"]) == ("assertion", "agents", MAYA["mail"], MAYA["id"])
    assert line["tenant"] == company.TENANT
    account = parts.accounts("managed")[MAYA["mail"]]
    assert account["attributes"]["groups"] == ["jira-agents"]


def test_wrong_password_stays_at_simplesamlphp(simplesamlphp_parts, browser):
    """The form is a real one: the test above did not get through without it."""
    parts, idp = simplesamlphp_parts
    reach_login(parts, idp, browser)
    before = len(parts.audit())
    page = idp.sign_in(browser, MAYA, "not the password")
    assert page.url.startswith(idp.url) and page.form_with("username"), page.text[:300]
    assert len(parts.audit()) == before


def test_partner_ends_at_the_portal_through_simplesamlphp(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    reach_login(parts, idp, browser, "portal")
    assert_signed_on(parts, idp.sign_in(browser, CHLOE), CHLOE, "portal")


def test_stranger_is_refused_through_simplesamlphp(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    reach_login(parts, idp, browser)
    assert_refused(parts, idp.sign_in(browser, VIKTOR), "denied-by-default", 403)
    assert VIKTOR["mail"] not in parts.accounts("managed")
