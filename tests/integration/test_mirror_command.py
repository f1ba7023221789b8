# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern mirror`, and a directory that suddenly lacks a part of the company."""
import json
import shutil
import subprocess
import urllib.error
import urllib.request

import company
from browser import Browser
from parts import free_port, run, wait_for
from scrape import samples
from stories import JUERGEN, MAYA, assert_refused, assert_signed_on, sign_on


def mirror(parts, *arguments, status=0):
    result = subprocess.run(parts.postern_command("mirror", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    assert status is None or result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
    return result.stdout + result.stderr


def mirror_json(parts, *arguments, status=0):
    return json.loads(mirror(parts, *arguments, "--json", status=status))


def corp(parts, status=0):
    return mirror_json(parts, "status", "corp", status=status)["directories"][0]


def ready(parts):
    request = urllib.request.Request(f"http://127.0.0.1:{parts.ports['postern']}/health/ready",
                                     headers={"Host": parts.host("sso", "postern")})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def reload_slapd(parts, leave_out=()):
    """The directory as it is after somebody restored a copy: all entries with other UUIDs, and some of them missing."""
    parts.slapd.stop()
    data, ldif = parts.folder / "slapd", parts.folder / "copy.ldif"
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    kept = [e for e in company.ldif().split("\n\n") if not any(f"\nuid: {uid}\n" in e + "\n" for uid in leave_out)]
    ldif.write_text("\n\n".join(kept))
    run("/usr/sbin/slapadd", "-q", "-w", "-f", parts.folder / "slapd.conf", "-l", ldif)
    parts.start_slapd()


def test_what_is_in_it(parts):
    status = mirror_json(parts, "status")
    directory = status["directories"][0]
    assert directory["name"] == "corp" and directory["filled"] and directory["connected"] and directory["age_s"] < 60
    assert directory["server"] == f"ldap://127.0.0.1:{parts.ports['slapd']}"
    assert (directory["people"], directory["groups"]) == (len(company.people()) + 1, len(company.GROUPS))
    assert directory["people_held"] is None and directory["last_change"] and status["bytes"] > 0
    text = mirror(parts, "status")
    assert "corp\n  read         whole\n  connected    yes\n" in text and "MB" in text
    person = mirror_json(parts, "person", MAYA["mail"])[0]
    assert person["dn"] == MAYA["dn"] and person["directory"] == "corp" and person["age_s"] < 60
    by_dn = {g["dn"]: g for g in person["groups"]}
    assert by_dn[company.group_dn("jira-agents")]["through"] == company.group_dn("support-team")
    assert by_dn[company.group_dn("support-leads")]["through"] is None
    assert person["attributes"]["mail"] == [MAYA["mail"]]
    assert mirror_json(parts, "person", MAYA["dn"])[0]["entry_uuid"] == person["entry_uuid"]
    # what no sign-on takes is shown: switched off, and somebody who is there twice
    assert mirror_json(parts, "person", "erik.lindqvist")[0]["disabled"] is True
    assert len(mirror_json(parts, "person", company.object_id("jan.kowalski"))) == 2
    assert f"{MAYA['dn']}\n  directory    corp\n" in mirror(parts, "person", MAYA["uid"])
    group = mirror_json(parts, "group", "corp:support-leads")[0]
    assert MAYA["dn"] in group["members"] and group["members_elsewhere"] == 0
    assert company.group_dn("support-team") in [g["dn"] for g in group["groups"]]
    assert mirror_json(parts, "group", company.group_dn("support-leads"))[0]["name"] == "support-leads"
    assert "members      2, and 0 that are not in the mirror" in mirror(parts, "group", "SUPPORT-LEADS")
    lines = [json.loads(line) for line in mirror(parts, "dump").splitlines()]
    assert len(lines) == directory["people"] + directory["groups"]
    assert next(one for one in lines if one["dn"] == MAYA["dn"])["attributes"] == person["attributes"]
    assert {one["kind"] for one in lines} == {"person", "group"}
    assert "no person is named" in mirror(parts, "person", "nobody@example.org", status=1)
    assert "no group is named" in mirror(parts, "group", "nothing", status=1)
    assert "no directory" in mirror(parts, "status", "other", status=2)
    assert "nothing is held" in mirror(parts, "accept", "corp", status=1)
    for wrong in ((), ("what",), ("person",), ("accept",), ("status", "a", "b")):
        assert "usage" in mirror(parts, *wrong, status=2)


def test_half_a_company_is_missing_and_nobody_notices_until_it_is_accepted(stopped_parts):
    parts, port = stopped_parts, free_port()
    settings = parts.settings() + f"metrics_listen: 127.0.0.1:{port}\n"
    parts.settings = lambda: settings
    parts.start_all()
    engineers = [p["uid"] for p in company.people() if p["department"] == "Engineering"]
    reload_slapd(parts, leave_out=[MAYA["uid"], *engineers])
    wait_for(lambda: mirror_status_is_bad(parts), 60, "the guard")
    held = corp(parts, status=1)
    assert held["people_held"]["number"] == 1 + len(engineers) and held["people_held"]["of"] == len(company.people()) + 1
    assert not held["connected"] and "postern mirror accept corp" in held["error"] and len(held["held_examples"]) == 5
    assert "if they shall go: postern mirror accept corp" in mirror(parts, "status", status=1)
    # whoever is missing signs on as before, and everybody sees that something is wrong
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    health = ready(parts)["directories"]["corp"]
    assert (health["alarms"], health["people_held"], health["groups_held"]) == (["mirror-removal"], 1 + len(engineers), 0)
    counted = {kind: samples(port)[f'postern_mirror_held{{directory="corp",kind="{kind}"}}'] for kind in ("people", "groups")}
    assert counted == {"people": 1 + len(engineers), "groups": 0}
    wait_for(lambda: "alarm=mirror-removal directory=corp" in parts.postern.log.read_text(), 60, "the alarm in the log")
    before = held["as_of"]
    # nothing is forgotten by a start of the service
    assert parts.postern.stop() == 0
    parts.start_postern()
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    wait_for(lambda: corp(parts, status=1)["error"], 60, "the guard of the new process")
    assert corp(parts, status=1)["as_of"] == before
    told = mirror(parts, "accept", "corp")
    assert f"accepted for once, {1 + len(engineers)} of " in told and "uid=" in told
    wait_for(lambda: not mirror_status_is_bad(parts), 60, "what was accepted to go")
    assert corp(parts)["people"] == len(company.people()) - len(engineers)
    assert_refused(parts, sign_on(parts, Browser(), MAYA), "person-not-found", 403)
    assert_signed_on(parts, sign_on(parts, Browser(), JUERGEN), JUERGEN)
    wait_for(lambda: ready(parts)["directories"]["corp"]["alarms"] == [], 60, "the alarm to be over")


def test_check_warns_of_a_join_that_people_can_write(parts):
    file = parts.folder / "writable.yaml"
    text = parts.settings()
    file.write_text(text.replace("join: {objectidentifier: employeeNumber}", "join: {objectidentifier: roomNumber}"))
    command = [str(parts.build / "postern"), "-c", str(file), "check", "--offline"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert "corp: join: roomNumber is an attribute that people can often write about themselves" in result.stdout
    result = subprocess.run(parts.postern_command("check", "--offline"), stdout=subprocess.PIPE, text=True)
    assert "can often write" not in result.stdout


def mirror_status_is_bad(parts):
    return subprocess.run(parts.postern_command("mirror", "status"), stdout=subprocess.DEVNULL).returncode == 1
