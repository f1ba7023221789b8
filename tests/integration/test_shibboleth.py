# SPDX-License-Identifier: GPL-3.0-or-later
"""Shibboleth's service provider at a door of Postern's: what we issue is read by people who wrote the standard.

It refuses what nobody asked for (blockUnsolicited), replay, and any other
audience, Destination, key or time.
"""
import base64
import json

import pytest

from browser import Browser
from peers import SIGNS
from stories import MAYA, VIKTOR, assert_refused, pick

FORMATS = {
    "assertion": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "response": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "both": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
}


def signed_parts(response):
    """Which elements of a posted Response carry a signature of their own."""
    from lxml import etree
    tree = etree.fromstring(base64.b64decode(response))
    names = [signature.getparent().tag.split("}")[1]
             for signature in tree.iter("{http://www.w3.org/2000/09/xmldsig#}Signature")]
    return {("Assertion",): "assertion", ("Response",): "response", ("Response", "Assertion"): "both"}[tuple(names)]


def session_of(shibboleth, browser, sign):
    told = json.loads(browser.open(shibboleth.session(sign)).text)
    return told, {a["name"]: a["values"] for a in told.get("attributes", [])}


def to_its_acs(shibboleth, sign):
    return lambda request: request.method == "POST" and request.url == shibboleth.acs(sign)


@pytest.mark.parametrize("sign", SIGNS)
def test_shibboleth_signs_a_person_on(peer_parts, shibboleth, browser, sign):
    asked_for = shibboleth.page(sign) + "?from=mail%20&ticket=HELP-7"
    browser.open(asked_for)
    pick(browser, MAYA, stop=to_its_acs(shibboleth, sign))
    posted = browser.stopped_at
    assert signed_parts(posted.fields["SAMLResponse"]) == sign
    assert posted.fields["RelayState"].startswith("ss:mem:")
    page = browser.go(posted)
    # The relay state names the page, query and all.
    assert (page.url, page.status) == (asked_for, 200), page.text + shibboleth.log()[-2000:]
    assert f"the page of {sign}" in page.text
    told, attributes = session_of(shibboleth, browser, sign)
    assert told["identity_provider"] == peer_parts.idp_entity_id
    assert attributes["name_id"] == [f"{FORMATS[sign]} {MAYA['mail']}"]
    assert (attributes["givenname"], attributes["surname"], attributes["stable_id"]) == (["Maya"], ["O'Brien"], [MAYA["id"]])
    assert set(attributes["groups"]) == {"support-leads", "support-team", "jira-agents", "dept-support", "all-staff"}
    assert peer_parts.audit()[-1]["door"] == f"shibboleth-{sign}"


def test_shibboleth_gets_nothing_for_a_refused_person(peer_parts, shibboleth, browser):
    browser.open(shibboleth.page("assertion"))
    assert_refused(peer_parts, pick(browser, VIKTOR), "denied-by-default", 403)
    told, _ = session_of(shibboleth, browser, "assertion")
    assert told == {}


def test_shibboleth_does_not_take_an_answer_twice(peer_parts, shibboleth, browser):
    browser.open(shibboleth.page("assertion"))
    pick(browser, MAYA, stop=to_its_acs(shibboleth, "assertion"))
    posted = browser.stopped_at
    assert browser.go(posted).status == 200
    page = browser.go(posted)
    assert page.status == 500, page.text


def test_shibboleth_does_not_take_an_answer_in_another_browser(peer_parts, shibboleth, browser):
    """InResponseTo is compared with what that browser's cookie remembers: this shows that the other tests compare it too."""
    browser.open(shibboleth.page("assertion"))
    pick(browser, MAYA, stop=to_its_acs(shibboleth, "assertion"))
    page = Browser().go(browser.stopped_at)
    assert page.status == 500, page.text
    assert "correlation failed" in shibboleth.log()


def test_shibboleth_refuses_an_answer_for_another_of_its_doors(peer_parts, shibboleth, browser):
    browser.open(shibboleth.page("assertion"))
    pick(browser, MAYA, stop=to_its_acs(shibboleth, "assertion"))
    posted = browser.stopped_at
    posted.url = shibboleth.acs("response")
    page = browser.go(posted)
    assert page.status == 500, page.text
