# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra ID provisions into Postern, and Postern to Atlassian: one set of rules for accounts, plans and sign-ons."""
import json
import subprocess

import pytest

from atlassian_standin import WORLD, AtlassianStandIn
from browser import Browser
from parts import company, wait_for
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on
from test_answers import postern, said
from test_provisioning import kinds, settings_with_accounts
from test_scim import AGENTS, STAFF, Provisioned, assign

PARTNERS = "a1b2c3d4-0000-4000-8000-000000000003"
RULE = ("  - {name: partners, when: \"member of 'entra:Partners'\", outcome: portal, at: [helpdesk], organizations: [Lumen], "
        "guests: yes}\n")
PEOPLE = (MAYA, JUERGEN, CHLOE, VIKTOR)


class Chain(Provisioned):
    """Entra ID's client, Postern's SCIM server and its accounts, and an Atlassian."""

    def __init__(self, parts, atlassian):
        self.atlassian = parts.atlassian = atlassian
        text = settings_with_accounts(parts, atlassian, metadata=parts.entra_metadata_url())
        super().__init__(parts, text=text, rules=RULE)
        parts.start_door("portal")
        self.provisioning = self.entra()
        assign(self.provisioning, *PEOPLE)
        self.provisioning.groups = {
            AGENTS: {"displayName": "Jira Agents", "members": {MAYA["id"]}},
            STAFF: {"displayName": "All Staff", "members": {MAYA["id"], JUERGEN["id"]}},
            PARTNERS: {"displayName": "Partners", "members": {CHLOE["id"]}}}

    def cycle(self):
        assert self.provisioning.cycle() == 0, self.provisioning.failures

    def plan_of(self, steps):
        """The plan, once it has these kinds of steps: what Entra sent is in the mirror some moments later."""
        def planned():
            found = json.loads(postern(self.parts, "plan", "--json").stdout)
            return found if kinds(found) == steps else None
        return wait_for(planned, 60, f"a plan of {steps}", self.parts.postern)

    def apply(self, steps):
        """That very plan; the service looks at Atlassian by itself, and one at a time has the ledger."""
        found = self.plan_of(steps)

        def applied():
            done = subprocess.run(self.parts.postern_command("apply", "--plan", found["id"]), capture_output=True, text=True,
                                  timeout=60, check=False)
            assert done.returncode == 0 or "is at work" in done.stderr, done.stdout + done.stderr
            return done.returncode == 0
        wait_for(applied, 60, "its turn", self.parts.postern)
        self.plan_of({})

    def accounts(self):
        """mail -> (externalId, groups) of the organisation; mails of the site's active customers, and of Lumen's."""
        state = self.atlassian.state()
        directory = next(d for d in state["directories"] if d["kind"] == "organization")
        users = {u["mail"]: (u["externalId"], u["groups"] if u["active"] else None) for u in directory["users"]}
        site = state["sites"][0]
        mails = {c["id"]: c["mail"] for c in site["customers"] if c["active"]}
        lumen = [mails[one] for o in site["organizations"] if o["name"] == "Lumen" for one in o["members"]]
        return users, sorted(mails.values()), lumen


@pytest.fixture
def chain(stopped_parts, tmp_path, node_modules):
    (tmp_path / "atlassian").mkdir()
    atlassian = AtlassianStandIn(tmp_path / "atlassian", node_modules)
    world = json.loads(json.dumps(WORLD))
    world["organization"]["domains"] = [company.STAFF_DOMAIN]
    try:
        atlassian.begin(world)
        yield Chain(stopped_parts, atlassian)
    finally:
        atlassian.stop()


def test_agents_go_to_the_organisation_customers_to_the_portal_and_others_nowhere(chain, browser):
    parts = chain.parts
    chain.cycle()
    chain.apply({"user-create": 2, "group-create": 2, "members-add": 2, "customer-create": 1, "organization-create": 2,
                 "organization-add": 2, "desk-add": 1})
    users, customers, lumen = chain.accounts()
    assert users == {MAYA["mail"]: (MAYA["id"], ["agents"]), JUERGEN["mail"]: (JUERGEN["id"], ["customers"])}
    assert customers == lumen == [CHLOE["mail"]] and chain.atlassian.counts()["billable"] == 1

    # the same rules sign them on, each where the account is
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    assert_signed_on(parts, sign_on(parts, Browser(), JUERGEN), JUERGEN)
    assert_signed_on(parts, sign_on(parts, Browser(), CHLOE, door="portal"), CHLOE, door="portal")
    assert_refused(parts, sign_on(parts, Browser(), VIKTOR), "denied-by-default", 403)
    assert json.loads(postern(parts, "seats", "--json").stdout)["outcomes"]["licensed"]["people"] == 1

    # a group less, another name, another mail: the account stays the same
    chain.provisioning.groups[AGENTS]["members"].discard(MAYA["id"])
    chain.provisioning.users[JUERGEN["id"]].update(mail="j.weiss@example.org", displayName="Juergen Weiss")
    chain.cycle()
    chain.apply({"user-update": 1, "members-add": 1, "members-remove": 1})
    users, _, _ = chain.accounts()
    assert users == {MAYA["mail"]: (MAYA["id"], ["customers"]), "j.weiss@example.org": (JUERGEN["id"], ["customers"])}
    assert chain.atlassian.counts()["billable"] == 0

    # not assigned any more: off, and the customer out of all that a rule gave
    for person in (JUERGEN, CHLOE):
        chain.provisioning.delete_softly(person["id"])
    chain.apply({"members-remove": 1, "user-deactivate": 1, "organization-remove": 2, "desk-remove": 1, "customer-revoke": 1})
    users, customers, lumen = chain.accounts()
    assert users["j.weiss@example.org"] == (JUERGEN["id"], None) and not customers and not lumen
    assert_refused(parts, sign_on(parts, Browser(), JUERGEN), "person-disabled", 403)
    assert "scim: 4 people" in said(parts, "check", "--offline")
