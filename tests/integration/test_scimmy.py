# SPDX-License-Identifier: GPL-3.0-or-later
"""Our SCIM client, by `postern apply`, and a server of others: scimmy judges what is sent, and changes what it holds by it."""
import http.client
import json
import re

import pytest

import node_peers
from parts import Part, Parts, company, free_port
from stories import ldap_modify
from test_answers import postern, said
from test_provisioning import BOUNDS, change_agents, kinds, write_key

KEY = "key-of-scimmy"


class Scimmy(Part):
    def __init__(self, folder, modules):
        self.port = free_port()
        super().__init__(folder, "scimmy", node_peers.command("scim_server.js", modules, self.port, KEY))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/scim/v2{path}", headers={"Authorization": f"Bearer {KEY}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def answers(self):
        try:
            return self.get("/Users")[0] == 200
        except OSError:
            return False

    def users(self):
        """mail -> user."""
        return {user["emails"][0]["value"]: user for user in self.get("/Users?count=1000")[1]["Resources"]}

    def groups(self):
        """Name -> mails of its members."""
        mails = {user["id"]: mail for mail, user in self.users().items()}
        return {group["displayName"]: sorted(mails[member["value"]] for member in group.get("members", []))
                for group in self.get("/Groups?count=1000")[1]["Resources"]}


def settings(parts, scimmy, licensed):
    whole = parts.settings(metadata="/nowhere.xml")
    managed = '      groups: {groups: "jira-*"}\n'
    assert managed in whole
    return whole.replace(managed, managed + f"""\
    accounts: {{scim: 'http://127.0.0.1:{scimmy.port}/scim/v2', key: {parts.folder}/scim.key, licensed: [{licensed}],
      customer: [customers], rate: 1000}}
""").replace("directories:\n", f"provision: plan\n{BOUNDS}directories:\n", 1)


@pytest.fixture
def at_scimmy(tmp_path, postern_build, node_modules):
    parts = Parts(tmp_path / "parts", postern_build)
    try:
        parts.start_slapd()
        parts.scimmy = Scimmy(parts.folder, node_modules)
        parts.started.append(parts.scimmy.start(lambda: parts.scimmy.answers()))
        write_key(parts.folder, "scim.key", KEY)
        parts.write_postern_files(settings(parts, parts.scimmy, "agents"))
        yield parts
    finally:
        parts.close()


def applied(parts, *arguments):
    """What was to be done, by kind; then nothing is."""
    said(parts, "fill")
    found = kinds(json.loads(postern(parts, "plan", "--json").stdout))
    text = said(parts, "apply", "--yes", *arguments)
    assert re.search(r"\d+ of \d+ steps done, 0 failed, 0 left out", text), text
    assert not json.loads(postern(parts, "plan", "--json").stdout)["steps"]
    return found


def modify(parts, person, attribute, value):
    ldap_modify(parts, f"dn: {person['dn']}\nchangetype: modify\nreplace: {attribute}\n"
                       + (f"{attribute}: {value}\n" if value else ""))


def test_people_and_groups_come_change_and_go_at_scimmy(at_scimmy):
    parts, scimmy = at_scimmy, at_scimmy.scimmy
    juergen, maya = company.by_uid("juergen.weiss"), company.by_uid("maya.obrien")
    assert applied(parts) == {"user-create": 45, "group-create": 2, "members-add": 45}
    user = scimmy.users()[juergen["mail"]]
    assert (user["externalId"], user["active"], user["displayName"], user["name"]["givenName"], user["name"]["familyName"]) == (
        juergen["id"], True, "Jürgen Weiß", "Jürgen", "Weiß")
    groups = scimmy.groups()
    assert len(groups["agents"]) == 13 and len(groups["customers"]) == 32 and maya["mail"] in groups["agents"]

    # names and mails, one field each and several, by PATCH
    modify(parts, juergen, "mail", "j.weiss@example.org")
    modify(parts, juergen, "title", "Head of Figures")
    modify(parts, maya, "displayName", "Maya Byrne")
    assert applied(parts) == {"user-update": 2}
    users = scimmy.users()
    changed = users["j.weiss@example.org"]
    assert (changed["id"], changed["userName"], changed["title"]) == (user["id"], "j.weiss@example.org", "Head of Figures")
    assert len(changed["emails"]) == 1 and users[maya["mail"]]["displayName"] == "Maya Byrne"
    assert users[maya["mail"]]["name"]["givenName"] == "Maya"

    # from one group to the other, and back
    change_agents(parts, "add", "charlotte.dubois")
    assert applied(parts) == {"members-add": 1, "members-remove": 1}
    groups = scimmy.groups()
    assert len(groups["agents"]) == 14 and len(groups["customers"]) == 31
    change_agents(parts, "delete", "charlotte.dubois")
    assert applied(parts) == {"members-add": 1, "members-remove": 1}
    assert len(scimmy.groups()["agents"]) == 13

    # off and on again: the same user
    modify(parts, maya, "employeeType", "disabled")
    assert applied(parts) == {"members-remove": 1, "user-deactivate": 1}
    assert scimmy.users()[maya["mail"]]["active"] is False and len(scimmy.groups()["agents"]) == 12
    modify(parts, maya, "employeeType", "")
    assert applied(parts) == {"members-add": 1, "user-activate": 1}
    assert scimmy.users()[maya["mail"]]["id"] == users[maya["mail"]]["id"] and scimmy.users()[maya["mail"]]["active"] is True

    # a group of another name, and the old one deleted
    agents = scimmy.groups()["agents"]
    parts.write_postern_files(settings(parts, scimmy, "engineers"))
    assert applied(parts) == {"group-create": 1, "members-add": 13}
    said(parts, "apply", "--yes", "--accept", "--confirm", "agents")
    groups = scimmy.groups()
    assert "agents" not in groups and groups["engineers"] == agents and len(scimmy.users()) == 45
