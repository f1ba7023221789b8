# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in Entra ID's own shape from another signer, posted over real HTTP into a sign-on that really began.

Honest ones end signed on; each of the others is refused for its own reason,
on the page and in the audit line, and no assertion leaves.
"""
import re

import pytest
from lxml import etree

from browser import Browser
from entra_shape import (
    DSIG, MICROSOFT, PROTOCOL, RSA_SHA1, SHA1, SOAP, Asked, Entra, Signer, assert_nothing_left, evil_twin, find,
)
from parts import company, make_key
from stories import CHLOE, MAYA, assert_signed_on, reason_of

OTHER_TENANT = "00000000-1111-4222-8333-444444444444"
GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"


@pytest.fixture
def entra(parts):
    return Entra(parts)


# ---- what is right ----


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_answer_in_the_shape_of_entra_signs_on(parts, entra, signed):
    page = entra.post(entra.signer.sign(entra.answer(signed=signed)))
    assert_signed_on(parts, page, MAYA)
    line = parts.audit()[-1]
    assert (line["tenant"], line["object_id"], line["name_id"]) == (company.TENANT, MAYA["id"], MAYA["upn"])


def test_guest_of_entra_signs_on_with_the_mail_of_the_directory(parts):
    """A guest's UPN holds #EXT#; what is sent on is the directory's mail."""
    entra = Entra(parts, "portal")
    page = entra.post(entra.signer.sign(entra.answer(CHLOE)))
    assert_signed_on(parts, page, CHLOE, "portal")
    assert "#EXT#" in parts.audit()[-1]["name_id"]


def test_times_of_the_documentation_are_taken_too(parts, entra):
    """Documented: NotBefore at the issue instant, 70 minutes, and five for the confirmation."""
    answer = entra.answer(not_before=0, not_on_or_after=70 * 60, confirmed_until=300)
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), MAYA)


def test_claim_for_too_many_groups_does_not_matter(parts, entra):
    """Over 150 groups Entra sends a link instead: the groups come from the directory anyway."""
    answer = entra.answer()
    answer.claims[GROUPS_LINK] = ["https://graph.windows.net/" + company.TENANT + "/users/x/getMemberObjects"]
    assert_signed_on(parts, entra.post(entra.signer.sign(answer)), MAYA)


def test_mail_claim_of_somebody_else_does_not_matter(parts, entra):
    """Mail and UPN can be mapped by whoever administers the application; the object id cannot."""
    answer = entra.answer(name_id="grace.okafor@example.org")
    answer.claims[SOAP + "emailaddress"] = ["grace.okafor@example.org"]
    page = entra.post(entra.signer.sign(answer))
    assert_signed_on(parts, page, MAYA)
    assert "grace.okafor@example.org" not in parts.accounts("managed")


# ---- what says something wrong, honestly signed ----

SAID = {
    "wrong audience": (dict(audience="https://sso.example.com/other"), "wrong-audience"),
    "no audience": (dict(audience=None), "wrong-audience"),
    "wrong recipient": (dict(recipient="https://sso.example.com/saml/sp/acs/1"), "wrong-recipient"),
    "no recipient": (dict(recipient=None), "wrong-recipient"),
    "wrong destination": (dict(destination="https://sso.example.com/saml/sp/acs/1"), "wrong-destination"),
    "no destination": (dict(destination=None), "wrong-destination"),
    "expired": (dict(not_before=-7200, not_on_or_after=-600), "expired"),
    "confirmation expired": (dict(confirmed_until=-600), "confirmation-expired"),
    "from the future": (dict(not_before=1200, not_on_or_after=7200), "not-yet-valid"),
    "issued long ago": (dict(issued=-7200), "issue-instant"),
    "another request": (dict(in_response_to="_0123456789abcdef0123456789abcdef"), "wrong-in-response-to"),
    "confirmed for another request": (dict(confirmed_for="_0123456789abcdef0123456789abcdef"), "wrong-in-response-to"),
    "unsolicited within": (dict(in_response_to=None, confirmed_for=None), "unsolicited"),
    "another issuer": (dict(issuer=f"https://sts.windows.net/{OTHER_TENANT}/"), "wrong-issuer"),
    "another issuer within": (dict(assertion_issuer=f"https://sts.windows.net/{OTHER_TENANT}/"), "wrong-issuer"),
    "unsigned": (dict(signed="nothing"), "unsigned"),
    "RSA-SHA1": (dict(method=RSA_SHA1), "signature-algorithm"),
    "SHA-1 digest": (dict(digest=SHA1), "signature-algorithm"),
    "status": (dict(status='<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>'
                    '<samlp:StatusMessage>'
                           "AADSTS50105: not assigned.</samlp:StatusMessage></samlp:Status>", signed="both"),
               "status-not-success"),
}


@pytest.mark.parametrize("what", SAID)
def test_answer_that_says_something_wrong_is_refused(parts, entra, what):
    changes, reason = SAID[what]
    assert_nothing_left(parts, entra.post(entra.signer.sign(entra.answer(**changes))), reason)


CLAIMS = {
    "another tenant": ({MICROSOFT + "tenantid": [OTHER_TENANT]}, "wrong-tenant"),
    "no object id": ({MICROSOFT + "objectidentifier": None}, "no-object-id"),
    "two object ids": ({MICROSOFT + "objectidentifier": [MAYA["id"], CHLOE["id"]]}, "bad-attribute"),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_answer_with_wrong_claims_is_refused(parts, entra, what):
    changes, reason = CLAIMS[what]
    answer = entra.answer()
    answer.claims.update(changes)
    answer.claims = {name: values for name, values in answer.claims.items() if values}
    assert_nothing_left(parts, entra.post(entra.signer.sign(answer)), reason)


def test_comment_in_the_name_is_refused(parts, entra):
    """exc-c14n drops comments, so the signature holds; readers that take the first text node see another name."""
    xml = entra.signer.sign(entra.answer(), lambda text: text.replace("maya.obrien@example.org</NameID>",
                                                                      "maya.obrien@example.org<!-- -->.evil.example</NameID>"))
    assert "<!-- -->" in xml
    assert_nothing_left(parts, entra.post(xml), "xml-comment", 400)


def test_stranger_with_a_key_of_his_own_is_refused(parts, entra, tmp_path):
    key, certificate = make_key(tmp_path, "stranger", "Demo Federated SSO Certificate")
    assert_nothing_left(parts, entra.post(Signer(key, certificate).sign(entra.answer())), "signature-invalid")


# ---- what was changed after it was signed ----


def with_doctype(tree, xml):
    return '<!DOCTYPE x [<!ENTITY e "maya">]>' + xml


def with_other_person(tree, xml):
    changed = xml.replace(MAYA["id"], CHLOE["id"])
    assert changed != xml
    return changed


def evil_before(tree, xml):
    assertion = find(tree, "Assertion")
    assertion.addprevious(evil_twin(assertion, CHLOE["id"]))


def evil_after(tree, xml):
    assertion = find(tree, "Assertion")
    assertion.addnext(evil_twin(assertion, CHLOE["id"]))


def evil_around(tree, xml):
    """The honest one moves into the Object of the signature that the evil one carries."""
    assertion = find(tree, "Assertion")
    evil, signature = evil_twin(assertion, CHLOE["id"]), find(assertion, "Signature", DSIG)
    tree.replace(assertion, evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DSIG}}}Object").append(assertion)


def honest_in_extensions(tree, xml):
    assertion = find(tree, "Assertion")
    tree.replace(assertion, evil_twin(assertion, CHLOE["id"]))
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    extensions.append(assertion)
    tree.insert(1, extensions)


def same_id(tree, xml):
    tree.set("ID", find(tree, "Assertion").get("ID"))


def signature_gone(tree, xml):
    signature = find(tree, "Signature", DSIG)
    signature.getparent().remove(signature)


def reference_to_all(tree, xml):
    find(tree, "Reference", DSIG).set("URI", "")


def xpath_transform(tree, xml):
    find(tree, "Transform", DSIG).set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def hmac_with_the_certificate(tree, xml):
    find(tree, "SignatureMethod", DSIG).set("Algorithm", DSIG + "hmac-sha1")


CHANGED = {
    "DOCTYPE": (with_doctype, "doctype", 400),
    "another person": (with_other_person, "signature-invalid", 403),
    "evil assertion first": (evil_before, "assertion-count", 403),
    "evil assertion last": (evil_after, "assertion-count", 403),
    "evil assertion around": (evil_around, "assertion-count", 403),
    "honest one in Extensions": (honest_in_extensions, "assertion-count", 403),
    "same ID twice": (same_id, "duplicate-id", 400),
    "signature gone": (signature_gone, "unsigned", 403),
    "reference to all": (reference_to_all, "signature-reference", 403),
    "XPath transform": (xpath_transform, "signature-transform", 403),
    "HMAC": (hmac_with_the_certificate, "signature-algorithm", 403),
}


@pytest.mark.parametrize("what", CHANGED)
def test_answer_changed_after_signing_is_refused(parts, entra, what):
    change, reason, status = CHANGED[what]
    xml = entra.signer.sign(entra.answer())
    tree = etree.fromstring(xml)
    changed = change(tree, xml)
    assert_nothing_left(parts, entra.post(changed if changed else etree.tostring(tree)), reason, status)


def test_what_is_no_xml_is_refused(parts, entra):
    assert_nothing_left(parts, entra.post("<samlp:Response"), "response-malformed", 400)


# ---- who brings it ----


def test_answer_without_a_sign_on_of_ours_is_unsolicited(parts, entra):
    """Entra's My Apps starts such a sign-on: RelayState is what its administrator typed."""
    xml = entra.signer.sign(entra.answer())
    assert_nothing_left(parts, entra.post(xml, relay_state="https://example.atlassian.net"), "unsolicited")


def test_captured_answer_is_worth_nothing_without_the_cookie(parts, entra):
    xml = entra.signer.sign(entra.answer())
    assert_nothing_left(parts, entra.post(xml, browser=Browser()), "cookie-missing", 400)


def test_captured_answer_is_worth_nothing_in_a_sign_on_of_the_thief(parts, entra):
    thief = Entra(parts)
    xml = entra.signer.sign(entra.answer())
    page = thief.post(xml)
    assert_nothing_left(parts, page, "wrong-in-response-to")


def test_cookie_of_another_browser_does_not_open_a_sign_on(parts, entra):
    """The thief's browser has cookies, but not the one that the relay state names."""
    thief = Entra(parts)
    xml = entra.signer.sign(entra.answer())
    assert_nothing_left(parts, entra.post(xml, browser=thief.browser), "cookie-missing", 400)


def test_cookie_under_another_name_does_not_open_a_sign_on(parts, entra):
    """The thief gives his own sealed cookie the name of the victim's."""
    thief = Entra(parts)
    mine = next(c for c in thief.browser.jar.cookies if c.name.startswith("__Host-"))
    named = next(c for c in entra.browser.jar.cookies if c.name.startswith("__Host-"))
    mine.name = named.name
    xml = entra.signer.sign(entra.answer())
    assert_nothing_left(parts, entra.post(xml, browser=thief.browser), "pending-invalid", 400)


def test_changed_cookie_does_not_open_a_sign_on(parts, entra):
    cookie = next(c for c in entra.browser.jar.cookies if c.name.startswith("__Host-"))
    cookie.value = cookie.value[:-6] + ("AAAAAA" if cookie.value[-6:] != "AAAAAA" else "BBBBBB")
    assert_nothing_left(parts, entra.post(entra.signer.sign(entra.answer())), "pending-invalid", 400)


def to_door(parts):
    return lambda request: request.url == parts.acs("managed")


def test_same_answer_again_in_the_same_browser_issues_nothing(parts, entra):
    """The back button: the sign-on is complete, and going on is a fresh one."""
    xml = entra.signer.sign(entra.answer())
    entra.post(xml, stop=to_door(parts))
    assert entra.browser.stopped_at
    before = len(parts.audit())
    page = entra.post(xml)
    assert page.status == 200 and page.form_with("SAMLResponse") is None, page.text
    assert [line for line in parts.audit()[before:] if line["event"] == "assertion"] == []


def test_same_answer_in_the_saved_cookie_ends_in_a_fresh_sign_on(parts, entra):
    """With the cookie as it was before: the claims file knows the answer, and Entra is asked anew under another id."""
    saved = list(entra.browser.jar.cookies)
    xml = entra.signer.sign(entra.answer())
    entra.post(xml, stop=to_door(parts))
    entra.browser.jar.cookies = saved
    entra.post(xml, stop=lambda request: request.url.startswith(parts.entra_url))
    assert entra.browser.stopped_at, entra.browser.page.text
    again = Asked(entra.browser.stopped_at.url)
    assert again.id != entra.asked.id
    assert parts.audit()[-1]["event"] == "restart"
    entra.asked = again
    assert_signed_on(parts, entra.post(entra.signer.sign(entra.answer())), MAYA)


def test_refused_answer_leaves_nothing_to_try_again_with(parts, entra):
    """Once an answer verified, the sign-on is used up, whatever came of it."""
    stranger = company.by_uid("viktor.nowak")
    assert_nothing_left(parts, entra.post(entra.signer.sign(entra.answer(stranger))), "denied-by-default")
    page = entra.post(entra.signer.sign(entra.answer(MAYA)))
    assert page.form_with("SAMLResponse") is None
    assert reason_of(page) is None and re.search("complete", page.text), page.text
