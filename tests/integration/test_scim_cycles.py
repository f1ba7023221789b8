# SPDX-License-Identifier: GPL-3.0-or-later
"""Cycle after cycle of Entra ID's provisioning: nobody is stuck after a restart, and failures lead to quarantine."""
import uuid

import pytest

from entra_quarantine import GIVEN_UP_DAYS, LEAST, SHARE, Escrow, Quarantined
from parts import wait_for
from stories import JUERGEN, MAYA
from test_scim import AGENTS, STAFF, assign, provisioned  # noqa: F401: a fixture
from test_trouble import log_of


def crowd(n):
    return [{**MAYA, "id": str(uuid.UUID(int=1 + i)), "upn": f"u{i}@example.org", "mail": f"u{i}@example.org"}
            for i in range(n)]


def test_who_is_renamed_while_nobody_looks_is_not_lost(provisioned):
    """Names change, provisioning is restarted: all are looked for by names that nobody has here."""
    parts, entra = provisioned.parts, provisioned.entra()
    entra.tenant_path = "/scim/v2/"
    assign(entra, MAYA, JUERGEN)
    entra.groups = {AGENTS: {"displayName": "Jira Agents", "members": {MAYA["id"]}},
                    STAFF: {"displayName": "All Staff", "members": {MAYA["id"], JUERGEN["id"]}}}
    assert entra.cycle() == 0, entra.failures
    provisioned.wait_until(MAYA, "licensed")
    ids = dict(entra.ids)
    renamed = {**MAYA, "upn": "maya.neu@example.org", "mail": "maya.neu@example.org"}
    assign(entra, renamed)
    entra.groups[AGENTS]["displayName"] = "Jira Agents (new)"
    entra.restart()
    assert entra.cycle() == 0, entra.failures
    assert entra.ids == ids
    groups = {g["displayName"]: len(g.get("members", [])) for g in entra.find("Groups", "displayName pr")}
    assert groups == {"Jira Agents (new)": 1, "All Staff": 2}
    # the rule names the group that is no more: nobody is licensed by it, and that is told
    provisioned.wait_until(renamed, "customer")
    assert "it has another name" in log_of(parts)
    checked = provisioned.command("check", "--offline")
    assert "there is no group entra:Jira Agents in the mirror" in checked.stdout, checked.stdout + checked.stderr
    # whoever leaves is found and switched off
    del entra.users[MAYA["id"]]
    assert entra.cycle() == 0, entra.failures
    wait_for(lambda: provisioned.is_disabled(renamed), 60, "switched off", parts.postern)
    # with the object id first nobody is created, whatever else changes
    entra.matching = {"Users": ["externalId", "userName"], "Groups": ["externalId", "displayName"]}
    assign(entra, MAYA)
    entra.groups[AGENTS]["displayName"] = "Jira Agents"
    entra.restart()
    assert entra.cycle() == 0, entra.failures
    assert entra.ids == ids
    provisioned.wait_until(MAYA, "licensed")
    # whoever may make groups in the tenant makes one of the same name
    entra.matching["Groups"] = ["displayName"]
    entra.groups[str(uuid.UUID(int=7))] = {"displayName": "Jira Agents", "members": {JUERGEN["id"]}}
    assert entra.cycle() == 1 and entra.failures[0].status == 409
    agents = entra.find("Groups", 'displayName eq "Jira Agents"')
    assert [len(g["members"]) for g in agents] == [1]


def test_failures_add_up_to_a_quarantine(provisioned):
    entra, people = provisioned.entra(), crowd(12)
    assign(entra, *people, JUERGEN)
    entra.users[JUERGEN["id"]]["externalId"] = "juergen"
    # one that is refused waits for longer and longer, and nobody else with it
    assert entra.cycle() == 1 and entra.failures[0].status == 400
    asked, tried = entra.requests, []
    for cycle in range(1, 64):
        assert entra.cycle() == 1
        if entra.requests > asked:
            tried.append(cycle)
        asked = entra.requests
    assert tried == [9, 27, 63]
    # a change is tried at once
    assign(entra, JUERGEN)
    assert entra.cycle() == 0, entra.failures
    # as mailNickname is mapped by default: every user is refused, with the cure
    entra.restart()
    for i, person in enumerate(people):
        entra.users[person["id"]]["externalId"] = f"nick{i}"
    with pytest.raises(Quarantined, match="12 of 13 failed, .*map objectId to externalId"):
        entra.cycle()
    for person in people:
        entra.users[person["id"]]["externalId"] = person["id"]
    entra.restart()
    assert entra.cycle() == 0, entra.failures
    # no user, but a token or an address that is wrong ends everything at once
    entra.tenant_path = "/scim/v2/Users"
    with pytest.raises(Quarantined, match="no SCIM is spoken there: 404"):
        entra.test_connection()
    entra.tenant_path, entra.token = "/scim/v2", "guessed"
    assign(entra, MAYA)
    with pytest.raises(Quarantined, match="not let in: 401"):
        entra.cycle()


def test_the_stand_in_counts_as_the_documentation_says():
    escrow = Escrow()
    for i in range(int(LEAST) - 1):
        escrow.fail(("user", i), "w", "400")
        escrow.fail(("members", i), "w", "400")
    escrow.judge(int(LEAST) - 1)
    escrow.fail(("group", 1), "w", "409")
    escrow.judge(int(LEAST / SHARE) + 1)
    with pytest.raises(Quarantined):
        escrow.judge(int(LEAST / SHARE))
    for i in range(100, 136):
        escrow.fail(("user", i), "w", "400")
    with pytest.raises(Quarantined, match="41 of 1000000"):
        escrow.judge(1000000)
    # daily, for four weeks
    escrow, days = Escrow(), []
    while escrow.minute < (GIVEN_UP_DAYS + 10) * 24 * 60:
        if not escrow.waits("one", "w"):
            days.append(escrow.minute // 1440)
            escrow.fail("one", "w", "400")
        escrow.next_cycle()
    assert days[:6] == [0, 0, 0, 1, 2, 3] and days[-1] == GIVEN_UP_DAYS - 1, days
