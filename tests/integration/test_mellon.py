# SPDX-License-Identifier: GPL-3.0-or-later
"""mod_auth_mellon at doors of Postern's: the service provider that is built on the same lasso as our witness."""
import pytest

from peers import SIGNS
from stories import MAYA, VIKTOR, assert_refused, pick
from test_shibboleth import signed_parts


def to_its_acs(mellon, sign):
    return lambda request: request.method == "POST" and request.url == mellon.acs(sign)


@pytest.mark.parametrize("sign", SIGNS)
def test_mellon_signs_a_person_on(peer_parts, mellon, browser, sign):
    """Also shows that it compares: the same answer a second time is a replay to it."""
    asked_for = mellon.page(sign) + "?ticket=HELP-7&from=mail%20"
    browser.open(asked_for)
    pick(browser, MAYA, stop=to_its_acs(mellon, sign))
    posted = browser.stopped_at
    assert signed_parts(posted.fields["SAMLResponse"]) == sign
    page = browser.go(posted)
    assert (page.url, page.status) == (asked_for, 200), page.text + mellon.logs()
    assert f"user {MAYA['mail']};" in page.text and "surname O'Brien;" in page.text, page.text
    assert peer_parts.audit()[-1]["door"] == f"mellon-{sign}"
    assert browser.go(posted).status == 400


def test_mellon_gets_nothing_for_a_refused_person(peer_parts, mellon, browser):
    browser.open(mellon.page("assertion"))
    page = pick(browser, VIKTOR)
    assert_refused(peer_parts, page, "denied-by-default", 403)
    assert page.form_with("SAMLResponse") is None


def test_mellon_refuses_an_answer_for_another_of_its_doors(mellon, browser):
    browser.open(mellon.page("assertion"))
    pick(browser, MAYA, stop=to_its_acs(mellon, "assertion"))
    posted = browser.stopped_at
    posted.url = mellon.acs("response")
    assert browser.go(posted).status >= 400
