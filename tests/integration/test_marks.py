# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks on groups, and rules in the directory, that bring portal people to service desks and customer organizations: from one
ldapmodify to what the plan does at Atlassian, and what comes of those that may not."""
import json

import pytest

from atlassian_standin import WORLD, AtlassianStandIn
from conftest import build_folder
from parts import company
from rule_parts import RuleParts, rule
from stories import JUERGEN, MAYA
from test_answers import said
from test_ldap_rules import give_password, mark, taken
from test_provisioning import kinds, plan, settings_with_accounts

LUMEN = company.group_dn("partner-lumen")
BOUNDS = """\
  organizations: [Lumen, "Team *"]
  desks: ["3", "4"]
"""


class MarkedParts(RuleParts):
    def begin(self, atlassian):
        self.atlassian = atlassian
        self.start_slapd()
        self.start_entra()
        self.write_postern_files(settings_with_accounts(self, atlassian, metadata=self.entra_metadata_url()))
        return self.start_postern()

    def settings(self, metadata=None):
        groups = '  groups: ["jira-*"]\n'
        return super().settings(metadata).replace(groups, groups + BOUNDS).replace("change_limit: 5\n", "change_limit: 50\n")

    def customers_of(self, desk):
        answer = self.atlassian.jsm("GET", f"/servicedesk/{desk}/customer", experimental=True)
        return [one["accountId"] for one in answer.json["values"]]


@pytest.fixture
def marked_parts(tmp_path, node_modules):
    made = MarkedParts(tmp_path / "parts", build_folder())
    (tmp_path / "atlassian").mkdir()
    atlassian = AtlassianStandIn(tmp_path / "atlassian", node_modules)
    world = json.loads(json.dumps(WORLD))
    world["organization"]["domains"] = [company.STAFF_DOMAIN]
    world["sites"][0]["desks"] += [{"id": "3", "key": "BUY", "name": "Purchasing", "access": "closed"}]
    try:
        atlassian.begin(world)
        made.begin(atlassian)
        taken(made)
        said(made, "apply", "--yes")
        assert "Nothing is to be changed." in said(made, "plan")
        yield made
    finally:
        atlassian.stop()
        made.close()


def change_lumen(parts, change, **who):
    return parts.modify(f"dn: {LUMEN}\nchangetype: modify\n{change}\n", **who)


def test_a_mark_brings_portal_people_to_a_desk_and_back(marked_parts):
    parts = marked_parts
    admin, owner = give_password(parts, MAYA), give_password(parts, JUERGEN)
    before = parts.status()["version"]
    assert change_lumen(parts, f"add: owner\nowner: {JUERGEN['dn']}\n-\nadd: objectClass\nobjectClass: posternMark")[0] == 0
    marks = "add: posternDesk\nposternDesk: 3\n-\nadd: posternCustomerOrganization\nposternCustomerOrganization: Lumen"
    # who owns the group may change its members, and nothing of this
    status, text = change_lumen(parts, marks, **owner)
    assert status in (32, 50), text
    assert parts.status()["version"] == before and "Nothing is to be changed." in said(parts, "plan")
    status, text = change_lumen(parts, marks, **admin)
    assert status == 0, text
    version = taken(parts, before)
    found = kinds(plan(parts))
    n = found["desk-add"]
    assert n >= 2 and found == {"desk-add": n, "organization-create": 1, "organization-add": n}, found
    text = parts.command("rules", "list")[1]
    assert f"members of {LUMEN}\n" in text and "customer of desks 3\n" in text, text
    assert "customer organizations Lumen\n" in text, text
    said(parts, "apply", "--yes")
    assert len(parts.customers_of("3")) == n
    # a desk that no mark may name keeps the good set; one that is not there harms nobody else
    for desk, state in (("1", "refused"), ("4", "current")):
        assert change_lumen(parts, f"replace: posternDesk\nposternDesk: {desk}")[0] == 0
        if state == "refused":
            detail = parts.wait_for_state("refused")["detail"]
            assert f'{LUMEN}: posternDesk: "1" is not among the desks that ldap_rules allows' in detail
            assert "Nothing is to be changed." in said(parts, "plan") and parts.status()["version"] == version
    version = taken(parts, version)
    text = said(parts, "plan")
    assert f"4 is not a desk of this site: people not put into it: {n}" in text, text
    # when the mark is gone its people go; nobody else does
    assert change_lumen(parts, "delete: posternDesk\n-\ndelete: posternCustomerOrganization")[0] == 0
    parts.wait_for_state("pending")         # that nothing is left is not taken without a yes
    assert parts.command("rules", "accept")[0] == 0
    found = kinds(plan(parts))
    assert found == {"desk-remove": n, "organization-remove": n}, found
    said(parts, "apply", "--yes")
    assert parts.customers_of("3") == [] and "Nothing is to be changed." in said(parts, "plan")


def test_a_rule_in_the_directory_brings_its_people_to_a_desk(marked_parts):
    parts = marked_parts
    before = parts.status()["version"]
    entry = rule("lumen", 10, f"member of '{LUMEN}'", "portal", posternSite="helpdesk", posternDesk="3",
                 posternCustomerOrganization="Team Lumen")
    status, text = parts.modify(entry)
    assert status == 0, text
    taken(parts, before)
    found = plan(parts)
    assert set(kinds(found)) == {"desk-add", "desk-attach", "organization-create", "organization-add"}, kinds(found)
    assert all("by rule ldap:lumen" in step["why"] for step in found["steps"] if step["step"] == "desk-add")
    text = parts.command("rules", "list")[1]
    assert "customer of desks 3" in text and "customer organizations Team Lumen" in text, text
