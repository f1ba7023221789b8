# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tenants after a merger: who is asked, and that neither can sign on as a person of the other."""
import json
import re
import subprocess

import pytest

from browser import Browser
from parts import Parts, answers_tcp, company, free_port, make_key
from stories import (
    CHLOE, MAYA, add_to_group, assert_refused, assert_signed_on, authn_request, door_address, ldap_modify, redirect_url,
)

FABRIKAM, DOMAIN = "9c2d3e4f-5061-4b72-9c83-a4b5c6d7e8f9", "fabrikam.example"
BASE = f"ou=fabrikam,{company.SUFFIX}"
ASKED = "Which organisation do you belong to?"


def of_fabrikam(uid, mail, upn=None, object_id=None):
    """Somebody of the second tenant; the directory holds TENANT/OBJECT-ID."""
    object_id = object_id or company.object_id("fabrikam " + uid)
    return {"uid": uid, "id": object_id, "name": uid.capitalize() + " Fabrikam", "given": uid.capitalize(),
            "surname": "Fabrikam",
            "department": "Fabrikam", "mail": mail, "upn": upn or f"{uid}@{DOMAIN}", "hint": "", "dn": f"uid={uid},{BASE}"}


FAY = of_fabrikam("fay", f"fay@{DOMAIN}")
# Their directory says that this one has a mail address of the other tenant's.
BOSS = of_fabrikam("boss", f"chief@{company.STAFF_DOMAIN}")
# Their tenant names these two as people of the other one.
NAMED = of_fabrikam("named", f"named@{DOMAIN}", upn=MAYA["upn"])
DOUBLE = of_fabrikam("double", f"double@{DOMAIN}", object_id=MAYA["id"])
PEOPLE = [FAY, BOSS, NAMED, DOUBLE]


def entry(person):
    return (f"dn: {person['dn']}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: {person['uid']}\ncn: {person['name']}\n"
            f"sn: {person['surname']}\ngivenName: {person['given']}\nmail: {person['mail']}\n"
            f"employeeNumber: {FABRIKAM}/{person['id']}\n\n")


def start_fabrikam(parts):
    key, certificate = make_key(parts.folder, "fabrikam", "Fabrikam Federated SSO Certificate")
    people = parts.folder / "fabrikam.json"
    people.write_text(json.dumps([{**p, "mail": f"{p['uid']}@{DOMAIN}"} for p in PEOPLE]))
    port = free_port()
    parts.fabrikam_host = f"fabrikam.localhost:{port}"
    parts.start_part("fabrikam", [
        parts.build / "tests/demo/demo-entra", "--listen", f"127.0.0.1:{port}", "--host", parts.fabrikam_host, "--tenant",
        FABRIKAM,
        "--people", people, "--key", key, "--certificate", certificate, "--application",
        f"{parts.postern_url}/saml/sp/metadata {parts.postern_url}/saml/sp/acs/1"],
        lambda: answers_tcp(port))
    return f"http://127.0.0.1:{port}/metadata"


def settings_for_two(parts, metadata):
    text = parts.settings()
    corp = text[text.index("  corp:\n"):text.index("\nrules:")]
    other = (corp.replace("  corp:\n", "  other:\n").replace(f"ou=people,{company.SUFFIX}", BASE)
             .replace("{objectidentifier: employeeNumber}", "{identity: employeeNumber}"))
    text = text.replace(corp, corp.rstrip() + "\n    providers: [entra]\n" + other.rstrip() + "\n    providers: [fabrikam]\n")
    text = text.replace(f"    tenant: {company.TENANT}\n",
                        f"    domains: [{company.STAFF_DOMAIN}, {company.PARTNER_DOMAIN}]\n    title: Example & Co\n"
                        f"  fabrikam:\n    metadata: {metadata}\n    domains: [{DOMAIN}]\n    title: Fabrikam\n")
    text = text.replace("    kind: managed\n",
                        "    kind: managed\n    providers: [entra, fabrikam]\n    stable_id: {claim: identity}\n")
    text = text.replace("    kind: portal\n", "    kind: portal\n    provider: entra\n")
    return text.replace("    portal: helpdesk\n", "    portal: helpdesk\n    providers: [entra, fabrikam]\n")


@pytest.fixture(scope="module")
def merger(tmp_path_factory, postern_build):
    parts = Parts(tmp_path_factory.mktemp("merger"), postern_build)
    try:
        parts.start_slapd()
        ldap_modify(parts, f"dn: {BASE}\nchangetype: add\nobjectClass: organizationalUnit\nou: fabrikam\n\n" +
                    "".join(map(entry, PEOPLE)))
        for person in PEOPLE:
            add_to_group(parts, person, "all-staff")
        parts.write_postern_files(settings_for_two(parts, start_fabrikam(parts)))
        parts.start_entra()
        parts.start_door("managed")
        parts.start_door("portal")
        parts.start_postern()
        yield parts
    finally:
        parts.close()


def sign_on(parts, browser, organisation, person):
    browser.open(door_address(parts, "managed"))
    browser.click("Log in")
    assert ASKED in browser.page.text, browser.page.text
    browser.click(organisation)
    return browser.click(person["name"])


def test_people_of_both_tenants_sign_on_at_one_door(merger):
    browser = Browser()
    assert_signed_on(merger, sign_on(merger, browser, "Example & Co", MAYA), MAYA)
    assert merger.audit()[-1]["provider"] == "entra"
    browser = Browser()
    assert_signed_on(merger, sign_on(merger, browser, "Fabrikam", FAY), FAY)
    line = merger.audit()[-1]
    assert (line["provider"], line["tenant"], line["object_id"], line["directory"]) == ("fabrikam", FABRIKAM, FAY["id"],
                                                                                        "other")
    name = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
    assert merger.accounts("managed")[FAY["mail"]]["attributes"][name] == [f"{FABRIKAM}/{FAY['id']}"]
    assert merger.accounts("managed")[MAYA["mail"]]["attributes"][name] == [f"{company.TENANT}/{MAYA['id']}"]


def test_page_that_asks_needs_no_script_and_leads_only_to_us(merger):
    browser = Browser(scripts=False)
    browser.open(door_address(merger, "managed"))
    page = browser.click("Log in")
    assert ASKED in page.text and page.status == 200
    assert sorted(said for said, _ in page.links) == ["Example & Co", "Fabrikam"]
    for _, url in page.links:
        assert re.fullmatch(re.escape(merger.postern_url) + "/choose/[0-9a-f]{32}/(entra|fabrikam)", url)
    assert page.forms == []
    # in another browser the address is worth nothing
    assert_refused(merger, Browser().open(page.links[0][1]), "cookie-missing", 400)
    assert_refused(merger, browser.open(page.links[0][1].rsplit("/", 1)[0] + "/https:%2F%2Fevil.example"), "provider-choice",
                   403)


def test_back_to_the_page_that_asked_offers_a_fresh_start(merger):
    browser = Browser()
    browser.open(door_address(merger, "managed"))
    links = browser.click("Log in").links
    browser.click("Fabrikam")
    assert_signed_on(merger, browser.click(FAY["name"]), FAY)
    page = browser.open(links[0][1])
    assert "already been answered" in page.text
    # nothing was remembered: the next sign-on asks again
    browser.jar.cookies = [c for c in browser.jar.cookies if c.host != merger.managed_site.split(":")[0]]
    browser.open(door_address(merger, "managed"))
    assert ASKED in browser.click("Log in").text


@pytest.mark.parametrize("hint, host", [
    (f"fay@{DOMAIN.upper()}", "fabrikam"), (MAYA["mail"], "entra"), (CHLOE["mail"], "entra"),
    ("somebody@elsewhere.example", None),
    ("nonsense", None),
])
def test_hint_of_a_link_chooses_the_tenant(merger, hint, host):
    browser = Browser()
    page = browser.open(f"{merger.postern_url}/go/help?login_hint={hint.replace('@', '%40')}")
    if host is None:
        assert ASKED in page.text
    else:
        assert page.url.startswith(f"http://{host}."), page.url


def test_person_that_atlassian_names_chooses_the_tenant(merger):
    xml, _ = authn_request(merger.entity_id("managed"))
    subject = ('</saml:Issuer><saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
               f"<saml:NameID>{FAY['mail']}</saml:NameID></saml:Subject>")
    browser = Browser()
    page = browser.open(redirect_url(merger, xml.replace("</saml:Issuer>", subject)))
    assert page.url.startswith(f"http://{merger.fabrikam_host}/"), page.url


def test_passive_request_that_names_nobody_gets_no_page(merger):
    xml, _ = authn_request(merger.entity_id("managed"), attributes='IsPassive="true"')
    page = Browser().open(redirect_url(merger, xml))
    assert ASKED not in page.text
    assert (merger.audit()[-1]["event"], merger.audit()[-1]["reason"]) == ("refusal", "provider-choice")


def test_door_with_one_provider_asks_nobody(merger):
    browser = Browser()
    browser.open(merger.portal_home)
    browser.click("Log in")
    assert browser.page.url.startswith(merger.entra_url)
    assert_signed_on(merger, browser.click(CHLOE["name"]), CHLOE, "portal")


@pytest.mark.parametrize("person, reason", [
    (BOSS, "foreign-domain"),
    (NAMED, "foreign-domain"),
], ids=["mail of the directory", "NameID"])
def test_tenant_cannot_speak_for_the_domain_of_the_other(merger, person, reason):
    assert_refused(merger, sign_on(merger, Browser(), "Fabrikam", person), reason, 403)
    line = merger.audit()[-1]
    assert (line["event"], line["reason"], line["provider"]) == ("refusal", reason, "fabrikam")
    assert "assertion_out" not in line
    assert person["mail"] not in merger.accounts("managed")


def test_same_object_id_of_two_tenants_is_two_people(merger):
    """Whatever object id the second tenant gives, it finds nobody of the first one's directory."""
    page = sign_on(merger, Browser(), "Fabrikam", DOUBLE)
    assert_signed_on(merger, page, DOUBLE)
    line = merger.audit()[-1]
    assert (line["object_id"], line["mail"], line["directory"]) == (MAYA["id"], DOUBLE["mail"], "other")


def test_explain_says_who_may_sign_a_person_on(merger):
    def explained(person):
        run = subprocess.run(merger.postern_command("explain", "--json", person["dn"]), capture_output=True, text=True,
                             check=False)
        return json.loads(run.stdout)["person"]["identity_providers"]

    assert explained(MAYA) == ["entra"]
    assert explained(FAY) == ["fabrikam"]
    assert explained(BOSS) == []


def test_check_knows_both_tenants_and_who_gives_to_guests(merger):
    run = subprocess.run(merger.postern_command("check"), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "guests of the tenant get something from: partners" in run.stdout
    assert f"https://sts.windows.net/{FABRIKAM}/" in run.stdout
    assert "is the word of one tenant" not in run.stdout and "tenant is not set" not in run.stdout
    text = merger.settings_file.read_text()
    shared = merger.folder / "shared.yaml"
    shared.write_text(text.replace("    providers: [entra]\n", "    providers: [entra, fabrikam]\n"))
    run = subprocess.run([str(merger.build / "postern"), "-c", str(shared), "check", "--offline"], capture_output=True,
                         text=True, check=False)
    assert "corp: join: http://schemas.microsoft.com/identity/claims/objectidentifier is the word of one tenant" in run.stdout


def test_explain_says_that_guests_need_a_word_in_the_rule(merger):
    run = subprocess.run(merger.postern_command("explain", "--guest", "--door", "organisation", MAYA["mail"]),
                         capture_output=True, text=True,
                         check=False)
    assert "refused: guest-denied" in run.stdout
    assert "rule agents does not say guests: yes" in run.stdout
