# SPDX-License-Identifier: GPL-3.0-or-later
"""The four people in Debian's Chromium, with pictures; one of them takes more than two minutes at Entra.

Chromium returns SameSite=Lax cookies with a cross-site POST for the first two
minutes of their life, so only a slow person shows that ours are None.
Then what people see on a phone, in dark colours and without script.
"""
import time

import pytest

from conftest import build_folder
from simplesamlphp import PASSWORD
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, door_address, host_of

SLOW_SECONDS = 125


@pytest.fixture
def options():
    return {}


@pytest.fixture
def chromium(one_chromium, options):
    return one_chromium.fresh(**options)


def picture(browser, name):
    browser.picture(build_folder() / "screenshots" / f"{name}.png")


def go_to_entra(parts, browser):
    browser.open(door_address(parts, "managed"))
    browser.click("Log in")
    assert host_of(browser.url) == parts.host("entra", "entra"), browser.text


def sign_on(parts, browser, person):
    go_to_entra(parts, browser)
    browser.click(person["name"])


def assert_well_made(browser):
    """Nothing was forbidden; it says its language and what it is, once; nothing is cut at the side."""
    layout = browser.layout
    assert browser.violations == []
    assert (layout["language"], len(layout["headings"]), layout["sideways"]) == ("en", 1, 0), layout


def assert_signed_on(browser, site, person):
    assert host_of(browser.url) == site, f"{browser.url}: {browser.text}"
    assert f"Mail {person['mail']}" in browser.text
    assert_well_made(browser)


def assert_stranger_is_refused(parts, browser):
    assert (host_of(browser.url), browser.status) == (parts.host("sso", "postern"), 403), browser.text
    assert "No rule of your organisation gives you access." in browser.text
    assert parts.audit()[-1]["id"] in browser.text
    assert_well_made(browser)


def test_agent_in_chromium(parts, chromium):
    go_to_entra(parts, chromium)
    picture(chromium, "entra")
    chromium.click(MAYA["name"])
    assert_signed_on(chromium, parts.managed_site, MAYA)
    picture(chromium, "agent")


def test_cookies_in_chromium(parts, chromium):
    """As Chromium keeps them, which is more than what a header asks for."""
    sign_on(parts, chromium, MAYA)
    ours = chromium.cookies_of("sso.localhost")
    assert ours
    for cookie in ours:
        assert cookie["name"].startswith("__Host-"), cookie
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "None", "/"), cookie


def test_unlicensed_customer_in_chromium(parts, chromium):
    sign_on(parts, chromium, JUERGEN)
    assert_signed_on(chromium, parts.managed_site, JUERGEN)
    picture(chromium, "customer")


def test_stranger_in_chromium(parts, chromium):
    sign_on(parts, chromium, VIKTOR)
    assert_stranger_is_refused(parts, chromium)
    picture(chromium, "stranger")
    chromium.click("Back to the start")
    assert host_of(chromium.url) == parts.managed_site, chromium.text


def test_slow_partner_in_chromium(parts, slow_browser):
    time.sleep(max(0, slow_browser.arrived + SLOW_SECONDS - time.monotonic()))
    slow_browser.click(CHLOE["name"])
    assert slow_browser.url == parts.portal_home, slow_browser.text
    picture(slow_browser, "partner-sent-to-the-portal")
    slow_browser.click("Log in")
    assert_signed_on(slow_browser, parts.portal_site, CHLOE)
    picture(slow_browser, "partner")


def test_link_in_chromium(parts, chromium):
    """An answer that nobody asked for is posted, and the redirects after it are allowed."""
    chromium.open(f"{parts.postern_url}/go/help")
    chromium.click(JUERGEN["name"])
    assert chromium.url == f"http://{parts.managed_site}/servicedesk/customer/portals", chromium.text
    assert_well_made(chromium)


@pytest.mark.parametrize("options", [{"scripts": False}])
def test_button_in_chromium_without_script(parts, chromium):
    sign_on(parts, chromium, MAYA)
    chromium.click("Continue")
    assert host_of(chromium.url) == parts.host("sso", "postern"), chromium.text
    assert "please press the button" in chromium.text
    assert_well_made(chromium)
    picture(chromium, "button-without-script")
    chromium.click("Continue")
    assert_signed_on(chromium, parts.managed_site, MAYA)


@pytest.mark.parametrize("options", [{"phone": True}, {"dark": True}, {"phone": True, "dark": True}], ids=lambda o: "-".join(o))
def test_refusal_page_in_chromium(parts, chromium, options):
    sign_on(parts, chromium, VIKTOR)
    assert_stranger_is_refused(parts, chromium)
    picture(chromium, "refusal-" + "-".join(options))
    brightness = sum(map(int, chromium.layout["background"].strip("rgb()").split(",")))
    assert (brightness < 3 * 128) == ("dark" in options), chromium.layout


@pytest.mark.parametrize("options", [{"phone": True}, {"dark": True}], ids=["phone", "dark"])
def test_signing_out_in_chromium(simplesamlphp_parts, chromium, options):
    """The button's POST, the redirects there and back under our form-action, and what the pages look like."""
    parts, idp = simplesamlphp_parts
    name = next(iter(options))
    go = f"{parts.postern_url}/logout"
    chromium.open(go)
    assert "You are not signed on here" in chromium.text
    assert_well_made(chromium)
    chromium.open(door_address(parts, "managed"))
    chromium.click("Log in")
    chromium.value(f"document.querySelector('[name=username]').value = {MAYA['uid']!r}")
    chromium.value(f"document.querySelector('[name=password]').value = {PASSWORD!r}")
    chromium.click("Login")
    assert_signed_on(chromium, parts.managed_site, MAYA)
    chromium.open(go)
    assert "Sign out?" in chromium.text and "organisation" in chromium.text
    picture(chromium, f"logout-{name}")
    assert_well_made(chromium)
    chromium.click("Sign out")
    assert (chromium.url, "You are signed out" in chromium.text) == (go, True), f"{chromium.url}: {chromium.text}"
    picture(chromium, f"signed-out-{name}")
    assert_well_made(chromium)
