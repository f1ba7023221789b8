# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back, all its stages: a company that SCIM once made billable as a whole, and Atlassian's own count of it."""
import json
import re
import signal
import subprocess

import pytest

from atlassian_standin import ORGANIZATION, WORLD, AtlassianStandIn
from parts import Parts, company, wait_for
from stories import ldap_modify
from test_answers import postern, said
from test_provisioning import change_agents, kinds, settings_with_accounts, write_key

GUARDED = {"amelie.lefevre@example.org": "an administrator of the organisation", "niall.osullivan@example.org": "protected"}
HELD = "jan.kowalski@example.org"                       # twice in the directory
WITH_TRELLO = ["charlotte.dubois@example.org", "guenther.jaeger@example.org", "rosa.jimenez@example.org"]
GONE, NO_SCIM = "left.long.ago@example.org", "trello.alone@example.org"
AGENTS = 13


def once_billable():
    """Everybody of the claimed domain is a SCIM user in the licensed group; some have Trello besides."""
    world = json.loads(json.dumps(WORLD))
    world["organization"].update(domains=[company.STAFF_DOMAIN], localPolicy="non-billable")
    staff = [p for p in company.people() if p["mail"].endswith("@" + company.STAFF_DOMAIN) and not p["disabled"]]
    world["accounts"] = [{"mail": mail, "products": ["trello"], "policy": "billable" if mail == NO_SCIM else None}
                         for mail in (*WITH_TRELLO, NO_SCIM)]
    world["users"] = [{"mail": p["mail"], "externalId": p["id"], "displayName": p["name"], "groups": ["agents"],
                       "name": {"givenName": p["given"], "familyName": p["surname"]}} for p in staff]
    world["users"].append({"mail": GONE, "externalId": company.object_id("gone"), "displayName": "Gone", "groups": ["agents"]})
    return world


def settings(parts, atlassian):
    """Employees shall be portal-only customers, who were licensed once."""
    text = settings_with_accounts(parts, atlassian)
    write_key(parts.folder, "organization.key", ORGANIZATION["key"])
    admin, protected = GUARDED
    return (text.replace("accounts: {administrators: [root@example.net]", f"""\
accounts: {{organization: {ORGANIZATION['id']}, organization_api: '{atlassian.origin}',
  organization_key: {parts.folder}/organization.key, protect: [{protected}], administrators: [root@example.net, {admin}]""")
            .replace("outcome: customer}", "outcome: portal, at: [helpdesk]}")
            .replace("claimed_domains:", "allow_portal_in_claimed_domains: yes\nclaimed_domains:", 1))


@pytest.fixture
def company_billed(tmp_path, postern_build, node_modules):
    parts = Parts(tmp_path / "parts", postern_build)
    (tmp_path / "atlassian").mkdir()
    parts.atlassian = atlassian = AtlassianStandIn(tmp_path / "atlassian", node_modules)
    try:
        atlassian.begin(once_billable())
        parts.start_slapd()
        parts.write_postern_files(settings(parts, atlassian))
        said(parts, "fill")
        said(parts, "apply", "--yes", "--accept")       # adopts what is there, and makes the partners' portal accounts
        said(parts, "accounts", "refresh")
        yield parts
    finally:
        atlassian.stop()
        parts.close()


def plan(parts, *arguments):
    return json.loads(postern(parts, "plan", "--json", *arguments).stdout)


def agrees(parts):
    """What is counted here is what Atlassian counts; the number of the billed whom no rule licenses."""
    said(parts, "accounts", "refresh")
    counts = parts.atlassian.counts()
    found = json.loads(postern(parts, "seats", "--json").stdout)
    lines = {line["line"]: line["people"] for line in found["managed_accounts"]["lines"]}
    assert lines["billed-wanted"] == AGENTS and lines["billed-wanted"] + lines["billed-unwanted"] == counts["billable"], lines
    assert plan(parts)["targets"][0]["seats_now"] == counts["by_product"]["jira-service-desk"], counts
    return lines["billed-unwanted"]


def left_of(found):
    """Why people who are billed are in no step: externalId or mail -> reason."""
    return {p.get("person"): p["what"] for p in found["problems"] if p["problem"] == "billed-left"}


def in_steps(found, kind):
    return [s.get("person") or s["members"][0] for s in found["steps"] if s["step"] == kind]


def release(parts, stage, *arguments, status=0):
    return said(parts, "apply", "--release", stage, "--yes", "--accept", *arguments, status=status)


def killed_at(parts, stage, *arguments, **where):
    """By SIGKILL, while Atlassian does not answer that call."""
    parts.atlassian.fault(slow=600000, **where)
    process = subprocess.Popen(parts.postern_command("apply", "--release", stage, "--yes", "--accept", *arguments),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: parts.atlassian.faults()[0]["hits"] == 1, 60, f"the call in {stage}")
    process.send_signal(signal.SIGKILL)
    process.wait()
    parts.atlassian.clear_faults()


def account(parts, mail):
    return next(one for one in parts.atlassian.state()["accounts"] if one["mail"] == mail)


def test_from_the_licensed_groups_to_unlinking_by_atlassians_own_count(company_billed):
    parts, atlassian = company_billed, company_billed.atlassian
    unwanted, first = agrees(parts), "charlotte.dubois@example.org"
    assert unwanted > 25
    # the ordinary plan leaves them
    assert not plan(parts)["steps"]

    # out of the licensed groups: one first, then all, in batches
    found = plan(parts, "--release", "groups", "--most", "1000")
    going, left = in_steps(found, "members-remove"), left_of(found)
    assert len(going) + len(left) == unwanted, (going, left)
    assert found["targets"][0]["seats_after"] == found["targets"][0]["seats_now"] - len(going)
    for mail, why in {**GUARDED, HELD: "same id", NO_SCIM: "no user of this SCIM directory"}.items():
        person = next((p["id"] for p in company.people() if p["mail"] == mail), mail)
        assert why in (left.get(mail) or left[person]), left
    text = said(parts, "plan", "--release", "groups", "--all")
    assert re.search(rf"{re.escape(NO_SCIM)} +billed for Trello, and left: no user of this SCIM directory", text), text
    assert re.search(rf"{re.escape(GONE)} +agents: .* is billed, and no rule licenses them", text), text
    assert "never tried" in release(parts, "groups", status=1)
    assert "nothing was done" in said(parts, "apply", "--release", "groups", "--person", first, "--yes", status=1)
    assert agrees(parts) == unwanted
    release(parts, "groups", "--person", first)
    assert agrees(parts) == unwanted                     # Trello is billed, too
    release(parts, "groups", "--person", GONE)
    assert agrees(parts) == unwanted - 1
    seen = plan(parts, "--release", "groups", "--most", "10")
    assert "people for batches after this one: " + str(len(going) - 12) in seen["problems"][-1]["what"]
    change_agents(parts, "add", "rosa.jimenez")          # taken on while somebody looks at the plan
    said(parts, "fill")
    said(parts, "apply", "--release", "groups", "--most", "10", "--accept", "--plan", seen["id"], status=1)
    change_agents(parts, "delete", "rosa.jimenez")
    said(parts, "fill")
    killed_at(parts, "groups", "--most", "10", path="/Groups/", method="PATCH", after=4)
    assert "went on with what was cut short" not in release(parts, "groups", "--most", "10")   # a batch of its own
    release(parts, "groups", "--most", "1000")
    stays = len(left) + 2                                # those who were left, and Trello of the other two
    assert agrees(parts) == stays + 1

    # what no group of ours gives is a human's
    tasks = plan(parts, "--release", "products")["tasks"]
    assert sorted(t["mail"] for t in tasks) == sorted([*WITH_TRELLO, NO_SCIM]), tasks
    assert all("is billed for Trello" in t["what"] for t in tasks)
    atlassian.change(account=NO_SCIM, set={"products": []})
    assert agrees(parts) == stays

    # off the SCIM directory: then the policy of the local directory holds, which is not billable
    assert "never tried" in release(parts, "unlink", status=1)
    release(parts, "unlink", "--person", first)
    assert agrees(parts) == stays - 1
    killed_at(parts, "unlink", path="/unlink$", method="PATCH", after=1)
    said(parts, "accounts", "refresh")
    release(parts, "unlink")
    assert agrees(parts) == len(GUARDED) + 1             # and who is held
    assert account(parts, first)["status"] == "active" and atlassian.counts()["inactive"] == 0
    # an ordinary plan leaves that as it is
    said(parts, "fill")
    assert not plan(parts)["steps"]

    # taken on again, by a rule: out of the groups alone, and off the directory
    change_agents(parts, "add", "charlotte.dubois")
    said(parts, "fill")
    text = said(parts, "plan")
    assert re.search(rf"{re.escape(first)} +the way back took it off the account: made anew, it is linked", text), text
    assert kinds(plan(parts)) == {"user-delete": 1, "user-create": 1, "members-add": 1}
    said(parts, "apply", "--yes")
    again = account(parts, first)
    assert again["product_access"] == ["jira-service-desk", "trello"] and again["billable"] and again["status"] == "active"
    assert not plan(parts)["steps"] and atlassian.counts()["duplicate_external_ids"] == 0
    change_agents(parts, "delete", "charlotte.dubois")
    said(parts, "fill")
    assert not plan(parts)["steps"]                      # who shall be portal-only and has another kind is left, as before
    said(parts, "accounts", "refresh")
    release(parts, "groups")
    assert account(parts, first)["product_access"] == ["trello"]


def test_killed_between_deletion_and_activation_nobody_stays_deactivated(company_billed):
    """Trello is billed whatever the group: so these are the ones whom only the last stage is left for."""
    parts, atlassian = company_billed, company_billed.atlassian
    atlassian.change(organization={"localPolicy": "billable"})
    first, second, third = WITH_TRELLO
    for mail in WITH_TRELLO:
        release(parts, "groups", "--person", mail)
    unwanted = agrees(parts)
    text = said(parts, "plan", "--release", "delete", "--person", first)
    assert "Undone: it is not." in text and "Accounts to activate again (1)" in text, text
    # a limit of the Organizations API holds the second half up, and somebody kills it there
    killed_at(parts, "delete", "--person", first, path="/manage/lifecycle/enable", method="POST")
    assert account(parts, first)["status"] == "inactive"
    assert "Accounts to activate again (1)" in said(parts, "plan")
    said(parts, "apply", "--yes")
    assert account(parts, first)["status"] == "active"
    assert not account(parts, first)["links"] and not plan(parts)["steps"]
    assert agrees(parts) == unwanted                      # Trello is left: for a human
    # that was cut short, so nobody has seen the stage do what it says yet
    assert "never tried" in release(parts, "delete", status=1)
    release(parts, "delete", "--person", second)
    release(parts, "delete", "--person", third)
    assert all(account(parts, mail)["status"] == "active" and not account(parts, mail)["links"] for mail in WITH_TRELLO)
    assert atlassian.counts()["inactive"] == 0
    tasks = plan(parts, "--release", "products", "--most", "1000")["tasks"]
    assert sorted(t["mail"] for t in tasks if "no user of this SCIM directory" in t["what"]) == sorted([*WITH_TRELLO, NO_SCIM])
    assert not plan(parts)["steps"]
