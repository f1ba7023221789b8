# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth0's samlp in Entra ID's place, with each way of signing."""
import pytest

from browser import Browser
from parts import company
from peers import SIGNS
from stories import CHLOE, MAYA, VIKTOR, assert_refused, assert_signed_on, door_address, pick


def reach_login(parts, idp, browser, door="managed"):
    browser.open(door_address(parts, door))
    browser.click("Log in")
    assert browser.page.url.startswith(idp.url), f"{browser.page.url}: {browser.page.text[:400]}"


@pytest.mark.parametrize("samlp_parts", SIGNS, indirect=True)
def test_people_sign_on_through_samlp(samlp_parts, browser):
    """One gateway for each way of signing: an agent, a partner and a stranger, one after another."""
    parts, idp = samlp_parts
    reach_login(parts, idp, browser)
    assert_signed_on(parts, pick(browser, MAYA), MAYA)
    line = parts.audit()[-1]
    assert (line["event"], line["rule"], line["mail"], line["object_id"]) == ("assertion", "agents", MAYA["mail"], MAYA["id"])
    assert line["tenant"] == company.TENANT
    reach_login(parts, idp, browser, "portal")
    assert_signed_on(parts, pick(browser, CHLOE), CHLOE, "portal")
    stranger = Browser()
    reach_login(parts, idp, stranger)
    assert_refused(parts, pick(stranger, VIKTOR), "denied-by-default", 403)
    assert VIKTOR["mail"] not in parts.accounts("managed")
