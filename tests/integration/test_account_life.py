# SPDX-License-Identifier: GPL-3.0-or-later
"""People come, leave and come back, by every interface that keeps accounts: who has what there, as Atlassian tells it."""
import json
import time

import pytest

from atlassian_standin import PORTAL_DIRECTORY, WORLD, AtlassianStandIn
from parts import Parts, company
from stories import ldap_modify
from test_answers import postern, said
from test_provisioning import kinds, settings_with_accounts, write_key

CHLOE, EWA, JUERGEN, MAYA = (company.by_uid(uid) for uid in ("chloe.damico", "ewa.krol", "juergen.weiss", "maya.obrien"))
PARTNERS = "  - {name: partners,"
LUMEN = (f"  - {{name: lumen, when: \"member of 'cn=partner-lumen,ou=groups,{company.SUFFIX}'\", outcome: portal, "
         "at: [helpdesk], organizations: [Lumen], DESKSguests: yes}\n")


def settings(parts, atlassian, how):
    """By `how` the portal's people are kept: scim, or rest."""
    text = settings_with_accounts(parts, atlassian).replace("grace: 0s", "grace: 1h")
    lumen = LUMEN.replace("DESKS", "desks: ['2'], " if how == "rest" else "")
    if how == "scim":
        write_key(parts.folder, "portal.key", PORTAL_DIRECTORY["key"])
        begin = text.index("    accounts: {site:")
        end = text.index("provision: plan")
        text = text[:begin] + (f"    accounts: {{scim: '{atlassian.directory_base(PORTAL_DIRECTORY)}', "
                               f"key: {parts.folder}/portal.key, organizations: [Partners], rate: 1000}}\n") + text[end:]
    assert PARTNERS in text
    return text.replace(PARTNERS, lumen + PARTNERS, 1)


class Company:
    def __init__(self, folder, build, node_modules, how):
        self.parts, self.how = Parts(folder / "parts", build), how
        (folder / "atlassian").mkdir()
        self.parts.atlassian = self.atlassian = AtlassianStandIn(folder / "atlassian", node_modules)
        world = json.loads(json.dumps(WORLD))
        world["organization"]["domains"] = [company.STAFF_DOMAIN]
        world["sites"][0]["desks"][1]["access"] = "closed"
        self.atlassian.begin(world)
        self.parts.start_slapd()
        self.parts.write_postern_files(settings(self.parts, self.atlassian, how))

    def close(self):
        self.atlassian.stop()
        self.parts.close()

    def plan(self):
        said(self.parts, "fill")
        return json.loads(postern(self.parts, "plan", "--json").stdout)

    def apply(self):
        """What is to be done now, all of it, by kind."""
        found = self.plan()
        text = said(self.parts, "apply", "--yes")
        assert ("0 failed" in text or not found["steps"]) and "stopped" not in text, text
        assert not self.plan()["steps"]
        return kinds(found)

    def apply_after_the_grace_time(self):
        """Of one second for once: so nothing depends on how quick the rest was."""
        whole = self.parts.settings_file.read_text()
        assert "grace: 1h" in whole
        self.parts.settings_file.write_text(whole.replace("grace: 1h", "grace: 1s"))
        time.sleep(1.1)
        done = self.apply()
        self.parts.settings_file.write_text(whole)
        return done

    # ---- the directory ----

    def member(self, change, group, person):
        ldap_modify(self.parts, f"dn: {company.group_dn(group)}\nchangetype: modify\n{change}: member\n"
                                f"member: {person['dn']}\n")

    def delete(self, person):
        ldap_modify(self.parts, f"dn: {person['dn']}\nchangetype: delete\n")

    def add(self, person):
        entry = company.person_entry(person)
        first, rest = entry.split("\n", 1)
        ldap_modify(self.parts, f"{first}\nchangetype: add\n{rest}")

    def set_disabled(self, person, disabled):
        ldap_modify(self.parts, f"dn: {person['dn']}\nchangetype: modify\nreplace: employeeType\n"
                                + ("employeeType: disabled\n" if disabled else ""))

    # ---- Atlassian ----

    def customer(self, person):
        """(id, active, organizations, desks) of a portal-only customer; None: there is none."""
        site = self.atlassian.state()["sites"][0]
        for one in site["customers"]:
            if one["mail"] == person["mail"]:
                return (one["id"], one["active"], sorted(o["name"] for o in site["organizations"] if one["id"] in self.who(o)),
                        sorted(d["id"] for d in site["desks"] if one["id"] in d["customers"]))
        return None

    def who(self, organization):
        """Its members: those of SCIM stand in the directory's groups."""
        if not organization["scimManaged"]:
            return organization["members"]
        directory = next(d for d in self.atlassian.state()["directories"] if d["kind"] == "portal")
        mails = [m for g in directory["groups"] if g["displayName"] == organization["name"] for m in g["members"]]
        return [user["account"] for user in directory["users"] if user["userName"] in mails]

    def user(self, person):
        """(SCIM id, active, groups, status of the account)."""
        state = self.atlassian.state()
        directory = next(d for d in state["directories"] if d["kind"] == "organization")
        user = next(u for u in directory["users"] if u["mail"] == person["mail"])
        account = next(one for one in state["accounts"] if one["id"] == user["account"])
        return user["id"], user["active"], user["groups"], account["status"]


@pytest.fixture(params=["scim", "rest"])
def portal(request, tmp_path, postern_build, node_modules):
    made = Company(tmp_path, postern_build, node_modules, request.param)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def organisation(tmp_path, postern_build, node_modules):
    made = Company(tmp_path, postern_build, node_modules, "rest")
    try:
        yield made
    finally:
        made.close()


def test_a_portal_only_customer_comes_leaves_and_comes_back(portal):
    rest = portal.how == "rest"
    done = portal.apply()
    assert done["customer-create" if rest else "user-create"] == (9 if rest else 45 + 9)
    assert portal.atlassian.counts()["portal_active"] == 9 and portal.atlassian.counts()["two_kinds"] == 0
    account, active, *has = portal.customer(CHLOE)
    everything = [["Lumen", "Partners"], ["1", "2"] if rest else []]
    assert active and has == everything
    assert portal.customer(company.by_uid("gabor.toth"))[2:] == (["Partners"], ["1"] if rest else [])

    # denied: out of everything at once; back within the grace time, nothing has happened to the account
    portal.member("delete", "partner-lumen", CHLOE)
    portal.apply()
    assert portal.customer(CHLOE) == (account, True, [], [])
    portal.member("add", "partner-lumen", CHLOE)
    portal.atlassian.switch(nullMails=rest)              # a site that lists nobody who is nowhere, and keeps mails from us
    done = portal.apply()
    assert "customer-create" not in done and "user-create" not in done, done
    portal.atlassian.switch(nullMails=False)
    assert portal.customer(CHLOE) == (account, True, *everything) and portal.atlassian.counts()["portal"] == 9
    assert portal.apply_after_the_grace_time() == {}

    # gone from the directory: all stays until the grace time is over
    portal.delete(CHLOE)
    assert portal.apply() == {}
    assert portal.customer(CHLOE) == (account, True, *everything)
    portal.member("delete", "partner-lumen", EWA)
    portal.apply()
    done = portal.apply_after_the_grace_time()
    assert done["customer-revoke" if rest else "user-deactivate"] == 2, done
    assert portal.customer(CHLOE) == (account, False, [], [])
    assert portal.atlassian.counts()["portal_active"] == 7

    # back after it: the same account, again with all it had
    portal.add(CHLOE)
    portal.member("add", "partner-lumen", EWA)
    portal.apply()
    assert portal.customer(CHLOE) == (account, True, *everything)
    assert portal.atlassian.counts()["portal_active"] == 9 and portal.atlassian.counts()["portal"] == 9


def test_where_a_site_gives_access_back_to_nobody_a_human_must(organisation):
    """Nobody knows what a live site answers: here one that says that an account has the mail already."""
    organisation.apply()
    account, _, *everything = organisation.customer(CHLOE)
    organisation.member("delete", "partner-lumen", CHLOE)
    organisation.apply()
    assert organisation.apply_after_the_grace_time() == {"customer-revoke": 1}
    organisation.member("add", "partner-lumen", CHLOE)
    organisation.atlassian.fault(path="/customer$", method="POST", status=409, times=1)
    organisation.apply()
    assert organisation.customer(CHLOE) == (account, False, *everything)
    task, = [t for t in organisation.plan()["tasks"] if t["task"] == "portal-return"]
    assert task["mail"] == CHLOE["mail"] and any("grant access again" in step for step in task["steps"])
    organisation.atlassian.change(customer=CHLOE["mail"], set={"active": True})
    assert not organisation.plan()["steps"] and all(task["task"] == "group-new" for task in organisation.plan()["tasks"])
    assert organisation.customer(CHLOE) == (account, True, *everything)


def test_an_account_that_a_site_knows_no_more_is_looked_for_anew(organisation):
    organisation.apply()
    account, *everything = organisation.customer(CHLOE)
    organisation.member("delete", "partner-lumen", CHLOE)
    organisation.apply()
    organisation.member("add", "partner-lumen", CHLOE)
    said(organisation.parts, "fill")
    for path in ("/organization/[0-9]+/user$", "/servicedesk/[12]/customer$"):
        organisation.atlassian.fault(path=path, method="POST", status=400)
    assert "failed" in said(organisation.parts, "apply", "--yes", status=1)
    organisation.atlassian.clear_faults()
    assert organisation.apply()["customer-create"] == 1
    assert organisation.customer(CHLOE) == (account, *everything) and organisation.atlassian.counts()["portal"] == 9


def test_an_organisations_user_is_switched_off_after_the_grace_time_and_comes_back(organisation):
    organisation.apply()
    (customer, *as_customer), (agent, *as_agent) = organisation.user(JUERGEN), organisation.user(MAYA)
    assert as_customer == [True, ["customers"], "active"] and as_agent == [True, ["agents"], "active"]

    # one is gone, the other switched off: groups go at once only where the directory says no
    organisation.delete(JUERGEN)
    organisation.set_disabled(MAYA, True)
    assert organisation.apply() == {"members-remove": 1}
    assert organisation.user(JUERGEN) == (customer, *as_customer) and organisation.user(MAYA) == (agent, True, [], "active")
    assert organisation.atlassian.counts()["billable"] == 12

    # both are back within it
    organisation.add(JUERGEN)
    organisation.set_disabled(MAYA, False)
    assert organisation.apply() == {"members-add": 1}
    assert organisation.apply_after_the_grace_time() == {}
    assert organisation.user(JUERGEN) == (customer, *as_customer) and organisation.user(MAYA) == (agent, *as_agent)

    # and after it: deactivated, out of all groups, and again as they were, with the same accounts
    organisation.delete(JUERGEN)
    assert organisation.apply() == {}                    # the look begins the grace time all the same
    assert organisation.apply_after_the_grace_time() == {"user-deactivate": 1, "members-remove": 1}
    organisation.set_disabled(MAYA, True)
    assert organisation.apply() == {"members-remove": 1}
    assert organisation.apply_after_the_grace_time() == {"user-deactivate": 1}
    assert organisation.user(JUERGEN) == (customer, False, [], "inactive")
    assert organisation.user(MAYA) == (agent, False, [], "inactive")
    organisation.add(JUERGEN)
    organisation.set_disabled(MAYA, False)
    assert organisation.apply() == {"members-add": 2, "user-activate": 2}
    assert organisation.user(JUERGEN) == (customer, *as_customer) and organisation.user(MAYA) == (agent, *as_agent)
    counts, of = organisation.atlassian.counts(), ("atlassian", "billable", "inactive", "duplicate_external_ids")
    assert [counts[one] for one in of] == [45, 13, 0, 0], counts
