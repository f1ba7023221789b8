# SPDX-License-Identifier: GPL-3.0-or-later
"""What Entra ID takes away bit by bit, and what it sent before an older state was restored."""
import re
import subprocess

from entra_provisioning import EntraProvisioning
from parts import free_port, wait_for
from stories import JUERGEN, MAYA, VIKTOR
from test_restore import Host
from test_scim import STAFF, assign, provisioned, settings_of  # noqa: F401: a fixture
from test_trouble import log_of


def test_what_goes_bit_by_bit_is_held_when_it_is_too_much(provisioned):
    """Somebody took the assignment of everybody away: Entra ID deletes one after the other."""
    parts, entra = provisioned.parts, provisioned.entra()
    people = [MAYA, JUERGEN, VIKTOR] + [{**MAYA, "id": f"a1b2c3d4-0000-4000-8000-0000000001{i:02}", "upn": f"u{i}@example.org",
                                        "mail": f"u{i}@example.org"} for i in range(7)]
    assign(entra, *people)
    entra.groups = {STAFF: {"displayName": "All Staff", "members": {p["id"] for p in people}}}
    assert entra.cycle() == 0, entra.failures
    provisioned.wait_until(people[9], "customer")
    for i, person in enumerate(people[:6]):
        entra.delete_hard(person["id"])
        if i < 5:
            provisioned.wait_until(person, None)
    wait_for(lambda: "a removal is held until it is accepted" in log_of(parts), 60, "the sixth is held", parts.postern)
    assert provisioned.outcome(people[5]) == "customer"
    status = provisioned.command("mirror", "status")
    assert status.returncode == 1 and "within a day" in status.stdout, status.stdout
    # who is switched off meanwhile is off, and who comes is there
    del entra.users[people[6]["id"]]
    assert entra.cycle() == 0, entra.failures
    wait_for(lambda: provisioned.is_disabled(people[6]), 60, "switched off", parts.postern)
    assert provisioned.command("mirror", "accept", "entra").returncode == 0
    provisioned.wait_until(people[5], None)
    status = provisioned.command("mirror", "status")
    assert status.returncode == 0, status.stdout
    # what went until then was decided
    entra.delete_hard(people[7]["id"])
    provisioned.wait_until(people[7], None)


def test_an_older_state_that_was_restored_counts(tmp_path, stopped_parts):
    """By the book, onto a host whose mirror knows what came after the backup."""
    parts, port, host = stopped_parts, free_port(), Host(tmp_path / "host", stopped_parts)
    host.fill(settings_of(parts, port))
    command = [host.root / "bin/postern"]
    made = subprocess.run([*command, "scim", "token", "new", "one"], capture_output=True, text=True)
    token = re.search(r"Secret token +(\S+)", made.stdout).group(1)
    parts.start_entra()
    host.start()
    entra = EntraProvisioning(port, "scim.example.org", token)

    def customers():
        said = subprocess.run([*command, "who", "--outcome", "customer", "--csv"], capture_output=True, text=True).stdout
        return {p["mail"] for p in (MAYA, JUERGEN, VIKTOR) if p["mail"] in said}

    def until(*people):
        wait_for(lambda: customers() == {p["mail"] for p in people}, 60, f"{people}", parts.postern)

    assign(entra, MAYA, JUERGEN)
    entra.groups = {STAFF: {"displayName": "All Staff", "members": {MAYA["id"], JUERGEN["id"]}}}
    wait_for(lambda: entra.cycle() == 0, 60, "a cycle", parts.postern)
    until(MAYA, JUERGEN)
    result = host.run("backup")
    assert result.returncode == 0, result.stderr
    entra.delete_hard(MAYA["id"])
    assign(entra, VIKTOR)
    entra.groups[STAFF]["members"] = {JUERGEN["id"], VIKTOR["id"]}
    assert entra.cycle() == 0, entra.failures
    until(JUERGEN, VIKTOR)
    parts.postern.stop()
    result = host.run("restore")
    assert result.returncode == 0, result.stdout + result.stderr
    host.start()
    # at once more changes than were lost
    target = f"/Users/{entra.ids[JUERGEN['id']]}"
    for i in range(12):
        entra.must("PATCH", target, {"Operations": [{"op": "Replace", "path": "title", "value": f"t{i}"}]})
    until(MAYA, JUERGEN)
