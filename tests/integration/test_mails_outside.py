# SPDX-License-Identifier: GPL-3.0-or-later
"""People whose mail is in none of the organisation's verified domains: no managed account is made of it."""
from atlassian_standin import ORGANIZATION
from parts import company
from stories import ldap_modify
from test_answers import said
from test_provisioning import company_at_atlassian, kinds, plan, write_key  # noqa: F401  (a fixture)


def set_mail(parts, uid, mail):
    ldap_modify(parts, f"dn: uid={uid},ou=people,{company.SUFFIX}\nchangetype: modify\nreplace: mail\nmail: {mail}\n")
    said(parts, "fill")


def problems(found, kind):
    return [problem["what"] for problem in found["problems"] if problem["problem"] == kind]


def test_whose_mail_is_outside_of_the_domains_gets_no_account(company_at_atlassian):
    parts = company_at_atlassian
    write_key(parts.folder, "organization.key", ORGANIZATION["key"])
    text = parts.settings_file.read_text().replace(
        "accounts: {administrators", f"accounts: {{organization: {ORGANIZATION['id']}, "
        f"organization_api: '{parts.atlassian.origin}', organization_key: {parts.folder}/organization.key, administrators")
    parts.settings_file.write_text(text)
    set_mail(parts, "tomas.dvorak", "tomas@elsewhere.example")
    found = plan(parts)
    assert kinds(found)["user-create"] == 44
    outside = problems(found, "mail-outside")
    assert len(outside) == 1 and "tomas@elsewhere.example is outside" in outside[0], found
    text_of_check = said(parts, "check", "--offline", status=1)
    assert "account of the organisation with a mail outside of claimed_domains: tomas@elsewhere.example" in text_of_check
    said(parts, "apply", "--yes")
    assert parts.atlassian.counts()["scim_users"] == parts.atlassian.counts()["managed"] == 44
    # an account whose mail would leave the domains keeps its mail, and somebody is asked
    set_mail(parts, "aicha.benali", "aicha@elsewhere.example")
    found = plan(parts)
    assert kinds(found) == {} and sorted(task["task"] for task in found["tasks"]) == ["group-new", "mail-outside"], found
    # whoever wants such people says so
    parts.settings_file.write_text(text.replace("accounts: {organization", "accounts: {external_users: yes, organization"))
    assert kinds(plan(parts)) == {"user-create": 1, "user-update": 1, "members-add": 1}
    # domains that cannot be read keep nobody out, and the plan says so
    parts.settings_file.write_text(text)
    parts.atlassian.fault(path="/domains", method="GET", status=403)
    found = plan(parts)
    assert kinds(found)["user-create"] == 1 and "403" in problems(found, "domains-unknown")[0], found
