# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of another kind are known without any export: by what Postern reads where it keeps accounts, and by what it made."""
import json
import re

from parts import company
from test_answers import postern, said
from test_provisioning import ORGANIZATION, company_at_atlassian, plan, write_key  # noqa: F401

FATIMA, MAYA = "fatima.al-rashid@partner.example.net", "maya.obrien@example.org"


def change_settings(parts, before, after):
    text = parts.settings_file.read_text()
    assert before in text
    parts.settings_file.write_text(text.replace(before, after))


def asked(parts):
    """What a human must do about whom."""
    return {task["mail"]: task["task"] for task in plan(parts)["tasks"] if "mail" in task}


def two_kinds(parts):
    lines = json.loads(postern(parts, "seats", "--json").stdout)["managed_accounts"]["lines"]
    return next((line["names"] for line in lines if line["line"] == "two-kinds"), [])


def test_who_was_made_a_portal_customer_is_signed_on_as_no_other_kind(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    assert "no inventory" in said(parts, "accounts", "show", FATIMA, status=1)
    said(parts, "plan")
    assert "no inventory" in said(parts, "accounts", "show", FATIMA, status=1)  # a plan changes nothing, here neither
    said(parts, "apply", "--yes")
    text = said(parts, "accounts", "show", FATIMA)
    assert "kind         portal" in text and "seen at      helpdesk" in text, text
    assert "kind         managed" in said(parts, "accounts", "show", MAYA)
    assert "Account    portal, seen at helpdesk, active" in said(parts, "explain", FATIMA)
    change_settings(parts, "outcome: portal, at: [helpdesk]", "outcome: customer")
    text = said(parts, "explain", FATIMA, status=1)
    assert "account-kind" in text and f"needs a managed account, but {FATIMA} has a portal one at helpdesk" in text, text
    tasks = asked(parts)
    assert tasks[FATIMA] == "to-managed" and len(tasks) == 9
    # the other way round, for who was made by SCIM
    change_settings(parts, "outcome: licensed", "outcome: portal, at: [helpdesk]")
    change_settings(parts, f"claimed_domains: [{company.STAFF_DOMAIN}]", "claimed_domains: [example.com]")
    text = said(parts, "explain", MAYA, status=1)
    assert f"needs a portal-only account, but {MAYA} has a managed one at organisation" in text, text


def test_customers_that_a_file_lists_are_known_to_plans_too(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    (parts.folder / "customers.csv").write_text(f"Email,Account type\n{MAYA},customer\n")
    text = said(parts, "accounts", "import", str(parts.folder / "customers.csv"))
    assert "so the inventory stays as it was\n1 portal-only customers" in text, text
    assert asked(parts) == {MAYA: "to-managed"}
    assert "Account    portal, seen at (import)" in said(parts, "explain", MAYA, status=1)


def test_what_cannot_be_read_is_no_reason_to_forget(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    parts.atlassian.fault(path="/ex/jira/", method="GET", status=401)
    said(parts, "apply", "--yes", status=1)
    assert "kind         portal" in said(parts, "accounts", "show", FATIMA)
    parts.atlassian.clear_faults()
    site = parts.atlassian.state()["sites"][0]
    made = next(one["id"] for one in site["customers"] if one["mail"] == FATIMA)
    assert parts.atlassian.jsm("PUT", f"/customer/user/{made}/revoke-portal-only-access").status == 204
    said(parts, "plan")
    assert "ok       seen at helpdesk as of" in said(parts, "check", "--offline", status=1)
    change_settings(parts, "accounts: {administrators", "accounts: {max_age: 1h, administrators")
    seen = parts.folder / "state/accounts/accounts.mdb.seen"    # key and value stand side by side
    aged = re.sub(rb"(?<=helpdesk)1\d{9}", lambda time: str(int(time[0]) - 7200).encode(), seen.read_bytes())
    seen.write_bytes(aged)
    text = said(parts, "check", "--offline", status=1)  # no inventory is younger, so this age is what people are refused by
    assert re.search(r"max_age: what was seen at helpdesk as of \S+ is too old, sign-ons of those people are", text), text
    assert "accounts-too-old" in said(parts, "explain", FATIMA, status=1)


def test_two_kinds_on_one_mail_are_counted_without_an_export(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    write_key(parts.folder, "organization.key", ORGANIZATION["key"])
    change_settings(parts, "accounts: {administrators", f"accounts: {{organization: {ORGANIZATION['id']}, organization_api: "
                    f"'{parts.atlassian.origin}', organization_key: {parts.folder}/organization.key, administrators")
    said(parts, "apply", "--yes")
    said(parts, "accounts", "refresh")
    assert two_kinds(parts) == []
    made = parts.atlassian.jsm("POST", "/customer", {"email": MAYA, "displayName": "Maya"}).json["accountId"]
    assert parts.atlassian.jsm("POST", "/servicedesk/1/customer", {"accountIds": [made]}).status == 204
    said(parts, "apply", "--yes")
    assert two_kinds(parts) == [MAYA] and parts.atlassian.counts()["two_kinds"] == 1
    text = said(parts, "accounts", "show", MAYA)
    assert "kind         managed" in text and "billed       yes" in text and "of the other kind at helpdesk" in text, text
