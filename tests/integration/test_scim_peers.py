# SPDX-License-Identifier: GPL-3.0-or-later
"""Others read what the SCIM server answers, and make the same of filters and operations: scimmy, scim-patch and its parser."""
import copy
import urllib.parse

import pytest

import node_peers
from entra_provisioning import ENTERPRISE
from stories import JUERGEN, MAYA, VIKTOR
from test_scim import AGENTS, Provisioned, assign

PATCHES = [
    [{"op": "replace", "path": "title", "value": "Lead"}],
    [{"op": "add", "path": "nickName", "value": "Ma"}, {"op": "remove", "path": "title"}],
    [{"op": "replace", "path": "name.givenName", "value": "M."}],
    [{"op": "remove", "path": "name.familyName"}],
    [{"op": "add", "path": "emails", "value": [{"type": "home", "value": "m@home.example"}]}],
    [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "new@example.org"}],
    [{"op": "replace", "path": 'emails[type eq "home" and value co "home"].value', "value": "other@home.example"}],
    [{"op": "add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 1"}],
    [{"op": "remove", "path": 'emails[type eq "home"]'}],
    [{"op": "remove", "path": "phoneNumbers"}],
    [{"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Sales"}],
    [{"op": "add", "path": f"{ENTERPRISE}:costCenter", "value": "17"}],
    [{"op": "replace", "value": {"displayName": "Another", "active": False}}],
    [{"op": "replace", "value": {"active": True, "name.familyName": "Again"}}],
    [{"op": "replace", "path": "name", "value": {"givenName": "A", "familyName": "B"}}],
    [{"op": "add", "path": "roles", "value": [{"value": "admin"}, {"value": "reader"}]}],
    [{"op": "remove", "path": 'roles[value eq "admin"]'}],
]

FILTERS = [
    'userName eq "{0}"', 'userName sw "m" or userName sw "v"', 'not (userName eq "{0}")', "active eq true", "title pr",
    'emails[type eq "work" and value co "@"]', 'emails.value eq "{1}"', 'name.givenName ew "r"', 'displayName co "ü"',
    'name.familyName ge "M" and active eq true', 'userName ne "{0}" and (title pr or active eq true)', 'nickName eq "x"',
    'externalId eq "{2}"', 'id eq "{3}"', 'id pr and not (title pr)', f'{ENTERPRISE}:department pr',
]


class Peer(node_peers.NodeProcess):
    SCRIPT = "scim_peer.js"


class Reader(node_peers.NodeProcess):
    SCRIPT = "scim_reader.js"


@pytest.fixture
def ask_peer(node_modules):
    peer = Peer(node_modules)
    try:
        yield lambda **order: peer.order(**order)
    finally:
        peer.close()


@pytest.fixture
def read_by_scimmy(node_modules):
    reader = Reader(node_modules)
    try:
        yield lambda kind, resource: reader.order(kind=kind, resource=resource)
    finally:
        reader.close()


def plain(resource):
    """What both must have: without what says when and where, empty lists, and names of schemas."""
    return {key: value for key, value in resource.items() if key not in ("meta", "schemas") and value not in ([], {}, None)}


def test_others_make_the_same_of_it(stopped_parts, ask_peer, read_by_scimmy):
    entra = Provisioned(stopped_parts).entra()
    assign(entra, MAYA, JUERGEN, VIKTOR)
    entra.groups = {AGENTS: {"displayName": "Jira Agents", "members": {MAYA["id"], VIKTOR["id"]}}}
    assert entra.cycle() == 0, entra.failures
    listed = entra.must("GET", "/Users")
    # scimmy knows the schemas, and refuses what does not fit
    assert read_by_scimmy("List", listed)["read"]["totalResults"] == 3
    for user in listed["Resources"]:
        assert read_by_scimmy("User", user)["read"]["userName"] == user["userName"]
    group, = entra.must("GET", "/Groups")["Resources"]
    members = {m["value"] for m in read_by_scimmy("Group", group)["read"]["members"]}
    assert members == {entra.ids[MAYA["id"]], entra.ids[VIKTOR["id"]]}
    # operations, one request after the other
    target = f"/Users/{entra.ids[MAYA['id']]}"
    before = entra.must("GET", target)
    for operations in PATCHES:
        said = ask_peer(patch=copy.deepcopy(before), **{"with": operations})
        assert "resource" in said, (operations, said)
        after = entra.must("PATCH", target, {"Operations": operations})
        assert plain(after) == plain(said["resource"]), operations
        assert plain(entra.must("GET", target)) == plain(after)
        before = after
    # filters
    users = entra.must("GET", "/Users")["Resources"]
    for text in FILTERS:
        text = text.format(MAYA["upn"], JUERGEN["mail"], VIKTOR["id"], entra.ids[JUERGEN["id"]])
        said = ask_peer(filter=text, of=users)
        found = entra.must("GET", "/Users?filter=" + urllib.parse.quote(text))
        assert {u["id"] for u in found["Resources"]} == set(said["ids"]), (text, said)
        assert found["totalResults"] == len(said["ids"])
