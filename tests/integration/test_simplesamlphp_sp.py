# SPDX-License-Identifier: GPL-3.0-or-later
"""SimpleSAMLphp as the service provider at doors of Postern's."""
import json

import pytest

from peers import SIGNS, SOAP
from stories import MAYA, VIKTOR, assert_refused, pick
from test_shibboleth import signed_parts


def to_its_acs(sp, sign):
    return lambda request: request.method == "POST" and request.url == sp.acs(sign)


@pytest.mark.parametrize("sign", SIGNS)
def test_simplesamlphp_sp_signs_a_person_on(peer_parts, simplesamlphp_sp, browser, sign):
    browser.open(simplesamlphp_sp.page(sign))
    pick(browser, MAYA, stop=to_its_acs(simplesamlphp_sp, sign))
    posted = browser.stopped_at
    assert signed_parts(posted.fields["SAMLResponse"]) == sign
    page = browser.go(posted)
    assert page.url == simplesamlphp_sp.page(sign), page.text + simplesamlphp_sp.logs()
    told = json.loads(page.text)
    assert (told["name_id"], told["issuer"]) == (MAYA["mail"], peer_parts.idp_entity_id)
    assert told["format"] == "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    assert told["attributes"][SOAP + "surname"] == ["O'Brien"]
    assert told["attributes"][SOAP + "name"] == [MAYA["id"]]
    assert set(told["attributes"]["groups"]) == {"support-leads", "support-team", "jira-agents", "dept-support", "all-staff"}
    assert peer_parts.audit()[-1]["door"] == f"simplesamlphp-{sign}"


def test_simplesamlphp_sp_gets_nothing_for_a_refused_person(peer_parts, simplesamlphp_sp, browser):
    browser.open(simplesamlphp_sp.page("both"))
    page = pick(browser, VIKTOR)
    assert_refused(peer_parts, page, "denied-by-default", 403)
    assert page.form_with("SAMLResponse") is None
