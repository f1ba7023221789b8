# SPDX-License-Identifier: GPL-3.0-or-later
"""The four people in Debian's Chromium, with pictures; one of them takes more than two minutes at Entra.

Chromium returns SameSite=Lax cookies with a cross-site POST for the first two
minutes of their life, so only a slow person shows that ours are None.
"""
import time

import pytest

from chromium import Chromium
from conftest import build_folder
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, door_address, host_of

SLOW_SECONDS = 125


@pytest.fixture
def chromium():
    made = Chromium()
    yield made
    made.close()


@pytest.fixture(scope="module", autouse=True)
def slow_browser(parts):
    """The partner, waiting at Entra's list while the others sign on."""
    made = Chromium()
    go_to_entra(parts, made)
    made.arrived = time.monotonic()
    yield made
    made.close()


def picture(browser, name):
    browser.picture(build_folder() / "screenshots" / f"{name}.png")


def go_to_entra(parts, browser):
    browser.open(door_address(parts, "managed"))
    browser.click("Log in")
    assert host_of(browser.url) == parts.host("entra", "entra"), browser.text


def sign_on(parts, browser, person):
    go_to_entra(parts, browser)
    browser.click(person["name"])


def assert_signed_on(browser, site, person):
    assert host_of(browser.url) == site, f"{browser.url}: {browser.text}"
    assert f"Mail {person['mail']}" in browser.text
    assert browser.violations == []


def test_agent_in_chromium(parts, chromium):
    go_to_entra(parts, chromium)
    picture(chromium, "entra")
    chromium.click(MAYA["name"])
    assert_signed_on(chromium, parts.managed_site, MAYA)
    picture(chromium, "agent")


def test_unlicensed_customer_in_chromium(parts, chromium):
    sign_on(parts, chromium, JUERGEN)
    assert_signed_on(chromium, parts.managed_site, JUERGEN)
    picture(chromium, "customer")


def test_stranger_in_chromium(parts, chromium):
    sign_on(parts, chromium, VIKTOR)
    assert host_of(chromium.url) == parts.host("sso", "postern")
    assert "No rule of your organisation gives you access." in chromium.text
    assert chromium.violations == []
    picture(chromium, "stranger")


def test_slow_partner_in_chromium(parts, slow_browser):
    time.sleep(max(0, slow_browser.arrived + SLOW_SECONDS - time.monotonic()))
    slow_browser.click(CHLOE["name"])
    assert slow_browser.url == parts.portal_home, slow_browser.text
    picture(slow_browser, "partner-sent-to-the-portal")
    slow_browser.click("Log in")
    assert_signed_on(slow_browser, parts.portal_site, CHLOE)
    picture(slow_browser, "partner")
