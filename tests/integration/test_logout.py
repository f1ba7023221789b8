# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing out: with SimpleSAMLphp's own single logout, both ways, and what a browser without a sign-on sees."""
import re
import urllib.parse

import pytest

from stories import MAYA, assert_refused, assert_signed_on, door_address, host_of, reason_of


def signed_on(parts, idp, browser):
    browser.open(door_address(parts, "managed"))
    browser.click("Log in")
    assert_signed_on(parts, idp.sign_in(browser, MAYA), MAYA)


def logout_lines(parts):
    return [line for line in parts.audit() if line["event"] == "logout"]


def is_asked_for_a_password(parts, browser):
    """Whether a new sign-on stops at the identity provider's form, where a living session would pass silently."""
    browser.jar.cookies = [c for c in browser.jar.cookies if c.host != parts.managed_site.split(":")[0]]
    tab = browser.tab()
    tab.open(door_address(parts, "managed"))
    tab.click("Log in")
    return tab.page.form_with("username") is not None


def sign_out_there(idp):
    """What its own page for signing out opens."""
    return f"{idp.url}/saml2/idp/SingleLogoutService.php?ReturnTo={urllib.parse.quote(idp.url + '/')}"


def test_the_button_signs_out_at_simplesamlphp(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    signed_on(parts, idp, browser)
    page = browser.open(f"{parts.postern_url}/logout")
    assert "Sign out?" in page.text and ("organisation", f"http://{parts.managed_site}/") in page.links, page.text
    assert not is_asked_for_a_password(parts, browser)
    page = browser.click("Sign out")
    assert (page.status, page.url) == (200, f"{parts.postern_url}/logout"), f"{page.url}: {page.text[:400]}"
    assert "You are signed out" in page.text and not page.forms
    assert any(host_of(hop.url) == host_of(idp.url) and "SAMLRequest=" in hop.url for hop in browser.hops)
    assert "has ended its session" in logout_lines(parts)[-1]["detail"]
    assert is_asked_for_a_password(parts, browser)


def test_simplesamlphp_signs_out_and_tells_us(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    signed_on(parts, idp, browser)
    hops = len(browser.hops)
    browser.open(sign_out_there(idp))
    notice = [hop for hop in browser.hops[hops:] if hop.url.startswith(f"{parts.postern_url}/saml/sp/slo?")]
    assert len(notice) == 1 and "Signature=" in notice[0].url, [str(hop) for hop in browser.hops[hops:]]
    assert notice[0].status == 302 and "SAMLResponse=" in notice[0].location
    assert host_of(browser.page.url) == host_of(idp.url), browser.page.url
    assert "the identity provider asked" in logout_lines(parts)[-1]["detail"]
    assert "You are signed out" in browser.open(f"{parts.postern_url}/logout").text
    assert is_asked_for_a_password(parts, browser)


def test_a_changed_message_of_simplesamlphp_is_refused(simplesamlphp_parts, browser):
    parts, idp = simplesamlphp_parts
    signed_on(parts, idp, browser)
    browser.open(sign_out_there(idp), stop=lambda request: request.url.startswith(parts.postern_url))
    changed = browser.stopped_at
    changed.url = re.sub("RelayState=[^&]*", "RelayState=other", changed.url)
    assert_refused(parts, browser.go(changed), "signature-invalid", 403)
    assert "Sign out?" in browser.open(f"{parts.postern_url}/logout").text


@pytest.mark.parametrize("path, reason, status", [
    ("/saml/sp/slo", "logout-missing", 400),
    ("/saml/sp/slo?SAMLRequest=garbage", "logout-malformed", 400),
    ("/saml/idp/slo?SAMLRequest=garbage", "logout-not-offered", 403),
])
def test_survives_logout_without_session(parts, browser, path, reason, status):
    page = browser.open(parts.postern_url + path)
    assert (reason_of(page), page.status) == (reason, status), page.text
    assert "You are not signed on here" in browser.open(f"{parts.postern_url}/logout").text


def test_metadata_names_the_logout_address(parts, browser):
    page = browser.open(f"{parts.postern_url}/saml/sp/metadata")
    assert f'Location="{parts.postern_url}/saml/sp/slo"' in page.body.decode()
    assert "SingleLogoutService" not in browser.open(f"{parts.postern_url}/saml/idp/metadata").body.decode()
