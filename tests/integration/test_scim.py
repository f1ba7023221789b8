# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra ID provisions people and groups here: into the mirror, to the rules, and to a sign-on.  Both dialects."""
import http.client
import re
import socket
import subprocess

import pytest

from browser import Browser
from entra_provisioning import EntraProvisioning
from parts import free_port, wait_for
from stories import JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on
from test_trouble import kill_role, log_of

AGENTS, STAFF = "a1b2c3d4-0000-4000-8000-000000000001", "a1b2c3d4-0000-4000-8000-000000000002"


def settings_of(parts, port, text=None, rules=""):
    """Those of the demo, or `text`, with Entra in the place of the LDAP directory, and more rules."""
    text = text or parts.settings()
    begin, end = text.index("directories:"), text.index("require:")
    return text[:begin] + f"""scim_listen: 127.0.0.1:{port}
scim_url: https://scim.example.org
directories:
  entra: {{kind: scim, attributes: [department]}}
rules:
  - {{name: agents,    when: "member of 'entra:Jira Agents'", outcome: licensed}}
  - {{name: employees, when: "member of 'entra:All Staff'", outcome: customer}}
""" + rules + text[end:]


class Provisioned:
    def __init__(self, parts, limits="{sign_ons: off}", more="", **whole):
        self.parts, self.port = parts, free_port()
        settings = settings_of(parts, self.port, **whole)
        assert "limits: {sign_ons: off}" in settings
        parts.write_postern_files(settings.replace("limits: {sign_ons: off}", f"limits: {limits}") + more)
        self.token = self.new_token("first")
        parts.start_entra()
        parts.start_door("managed")
        parts.start_postern()
        wait_for(lambda: "ready role=scim" in log_of(parts), 60, "the scim role", parts.postern)

    def command(self, *words):
        return subprocess.run(self.parts.postern_command(*words), capture_output=True, text=True, timeout=60)

    def new_token(self, name, *more):
        made = self.command("scim", "token", "new", name, *more)
        assert made.returncode == 0, made.stderr
        return re.search(r"Secret token\s+(\S+)", made.stdout).group(1)

    def entra(self, strict=False, token=None):
        return EntraProvisioning(self.port, "scim.example.org", token or self.token, strict)

    def outcome(self, person):
        """As the rules have it now; None: nobody, or nobody who may sign on."""
        for outcome in ("licensed", "customer"):
            found = self.command("who", "--outcome", outcome, "--csv")
            if person["mail"] in found.stdout:
                return outcome
        return None

    def is_disabled(self, person):
        explained = self.command("explain", "--mfa", person["mail"])
        return "person-disabled" in explained.stdout + explained.stderr

    def wait_until(self, person, outcome):
        wait_for(lambda: self.outcome(person) == outcome, 60, f"{person['mail']}: {outcome}", self.parts.postern)


@pytest.fixture
def provisioned(stopped_parts):
    return Provisioned(stopped_parts)


def assign(entra, *people):
    for p in people:
        entra.assign(p["id"], userName=p["upn"], mail=p["mail"], displayName=p["name"], givenName=p["given"],
                     familyName=p["surname"], department=p["department"])


@pytest.mark.parametrize("strict", [False, True])
def test_who_is_provisioned_is_judged_by_the_groups(provisioned, browser, strict):
    parts, entra = provisioned.parts, provisioned.entra(strict)
    assert entra.test_connection() == []
    assign(entra, MAYA, JUERGEN)
    entra.groups = {AGENTS: {"displayName": "Jira Agents", "members": {MAYA["id"]}},
                    STAFF: {"displayName": "All Staff", "members": {MAYA["id"], JUERGEN["id"]}}}
    assert entra.cycle() == 0, entra.failures
    provisioned.wait_until(MAYA, "licensed")
    assert provisioned.outcome(JUERGEN) == "customer"
    # nothing is sent where nothing changed
    before = entra.requests
    assert entra.cycle() == 0 and entra.requests == before
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    explained = provisioned.command("explain", "--mfa", MAYA["mail"])
    assert explained.returncode == 0 and "Jira Agents" in explained.stdout, explained.stdout + explained.stderr
    assert_refused(parts, sign_on(parts, Browser(), VIKTOR), "person-not-found", 403)
    # out of one group, the other one stays
    entra.groups[AGENTS]["members"].discard(MAYA["id"])
    assert entra.cycle() == 0, entra.failures
    provisioned.wait_until(MAYA, "customer")
    # deleted softly and restored, under the old name
    entra.delete_softly(MAYA["id"])
    wait_for(lambda: provisioned.is_disabled(MAYA), 60, "switched off", parts.postern)
    found = entra.find("Users", f'externalId eq "{MAYA["id"]}"')[0]
    assert (found["userName"], found["active"]) == (MAYA["upn"], False)
    assign(entra, MAYA)
    assert entra.cycle() == 0, entra.failures
    wait_for(lambda: not provisioned.is_disabled(MAYA), 60, "restored", parts.postern)
    assert provisioned.outcome(MAYA) == "customer"
    # everything once more, as after Restart provisioning
    entra.restart()
    assert entra.cycle() == 0, entra.failures
    assert provisioned.outcome(JUERGEN) == "customer"
    entra.delete_hard(JUERGEN["id"])
    provisioned.wait_until(JUERGEN, None)


def test_a_killed_server_costs_a_retry(provisioned):
    entra = provisioned.entra()
    assign(entra, MAYA)
    assert entra.cycle() == 0, entra.failures
    kill_role(provisioned.parts, "scim")
    kill_role(provisioned.parts, "mirror")
    assign(entra, JUERGEN)
    entra.groups = {STAFF: {"displayName": "All Staff", "members": {MAYA["id"], JUERGEN["id"]}}}
    wait_for(lambda: entra.cycle() == 0, 60, "a cycle without failures", provisioned.parts.postern)
    provisioned.wait_until(JUERGEN, "customer")
    assert provisioned.outcome(MAYA) == "customer"
    status = provisioned.command("mirror", "status")
    assert status.returncode == 0 and "entra" in status.stdout, status.stdout + status.stderr
    group = provisioned.command("mirror", "group", "All Staff")
    assert group.returncode == 0 and "scimid=" in group.stdout, group.stdout + group.stderr
    status = provisioned.command("scim", "status")
    assert status.returncode == 0 and re.search(r"people +2\b", status.stdout), status.stdout + status.stderr
    checked = provisioned.command("check", "--offline")
    assert "scim: 2 people" in checked.stdout, checked.stdout + checked.stderr


def test_nobody_gets_in_without_a_token_that_counts(provisioned):
    entra = provisioned.entra()
    status, headers, body = entra.ask("GET", "/Users", token="postern_scim_guessed")
    assert (status, headers["Content-Type"]) == (401, "application/scim+json; charset=utf-8")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert body["status"] == "401"
    assert "scim-token" in log_of(provisioned.parts)
    assert entra.ask("GET", "/Users", headers={"Host": "sso.example.net"})[0] == 400
    assert entra.ask("GET", "/Users", headers={"Authorization": "Basic eDp5"})[0] == 401
    # two at a time while one is changed
    second = provisioned.new_token("second", "--reload")
    wait_for(lambda: entra.ask("GET", "/Users", token=second)[0] == 200, 60, "the second token", provisioned.parts.postern)
    assert entra.ask("GET", "/Users")[0] == 200
    third = provisioned.command("scim", "token", "new", "third")
    assert third.returncode == 1 and "two tokens" in third.stderr
    assert provisioned.command("scim", "token", "retire", "first", "--reload").returncode == 0
    wait_for(lambda: entra.ask("GET", "/Users")[0] == 401, 60, "the end of the first token", provisioned.parts.postern)
    assert entra.ask("GET", "/Users", token=second)[0] == 200
    listed = provisioned.command("scim", "token", "list").stdout
    assert "second" in listed and "first" not in listed
    everything = log_of(provisioned.parts) + (provisioned.parts.folder / "scim.tokens").read_text()
    assert second not in everything and provisioned.token not in everything and "guessed" not in everything


def test_guesses_of_its_network_do_not_hold_up_who_has_a_token(stopped_parts):
    """Entra ID sends for all tenants from the same addresses: another tenant's guesses come from there as well."""
    provisioned = Provisioned(stopped_parts, "{sign_ons: off, failures: 10}", "trusted_proxies: 127.0.0.1\n")
    entra, network = provisioned.entra(), {"X-Forwarded-For": "203.0.113.7"}
    statuses = [entra.ask("GET", "/Users", token="postern_scim_guessed", headers=network)[0] for _ in range(15)]
    assert statuses[:5] == [401] * 5 and statuses[-1] == 429, statuses
    assert entra.ask("GET", "/Users", headers=network)[0] == 200
    # and two headers are no token, whichever is the good one
    for tokens in ((entra.token, "postern_scim_guessed"), ("postern_scim_guessed", entra.token), (entra.token, entra.token)):
        assert status_of_two(provisioned.port, tokens) == 401


def status_of_two(port, tokens):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("GET", "/scim/v2/Users", skip_host=True)
    connection.putheader("Host", "scim.example.org")
    for token in tokens:
        connection.putheader("Authorization", f"Bearer {token}")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_is_wrong_is_said_in_scims_own_words(provisioned):
    entra = provisioned.entra()
    user = entra.whole({"userName": "x@example.org", "externalId": "x", "mail": "x@example.org"})
    status, headers, body = entra.ask("POST", "/Users", user)
    assert (status, body["scimType"]) == (400, "invalidValue") and "map objectId to externalId" in body["detail"]
    user["externalId"] = MAYA["id"]
    status, headers, body = entra.ask("POST", "/Users", user)
    assert (status, headers["ETag"]) == (201, 'W/"1"')
    assert headers["Location"] == f"https://scim.example.org/scim/v2/Users/{body['id']}"
    again = entra.ask("POST", "/Users", user)
    assert (again[0], again[2]["id"]) == (201, body["id"])
    status, headers, other = entra.ask("POST", "/Users", {**user, "externalId": JUERGEN["id"]})
    assert (status, other["scimType"]) == (409, "uniqueness")
    target = f"/Users/{body['id']}"
    assert entra.ask("GET", target, headers={"If-None-Match": 'W/"1"'})[0] == 304
    assert entra.ask("PUT", target, user, headers={"If-Match": 'W/"9"'})[0] == 412
    assert entra.ask("PATCH", "/Users", {})[0] == 405
    assert entra.ask("GET", "/Nothing")[0] == 404
    assert entra.ask("POST", "/Users", {"userName": "y" * 3_000_000})[0] == 413
    # of a stranger so much is not read: the answer comes ahead of his body, and ends his connection
    with socket.create_connection(("127.0.0.1", entra.port), timeout=20) as stranger:
        stranger.sendall(b"POST /scim/v2/Users HTTP/1.1\r\nHost: scim.example.org\r\nAuthorization: Bearer guessed\r\n"
                         b"Content-Length: 2000000\r\n\r\n")
        said = b"".join(iter(lambda: stranger.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 401 ") and b"\r\nWWW-Authenticate: Bearer realm=" in said
    assert entra.ask("DELETE", target)[0] == 204
    assert entra.ask("GET", target)[0] == 404
    # what browsers come to knows nothing of it
    assert provisioned.parts.postern_status("/scim/v2/Users") == 404
