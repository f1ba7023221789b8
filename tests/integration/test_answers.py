# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers before any sign-on: a directory and rules, no keys, no identity provider, no doors, no service."""
import csv
import io
import json
import os
import pathlib
import pty
import re
import socket
import subprocess

import pytest

from parts import Parts, company
from stories import ldap_modify

AGENTS = ["aicha.benali", "bjoern.angstroem", "dmitri.volkov", "grace.okafor", "helene.girard", "kofi.mensah", "lars.soerensen",
          "maya.obrien", "mehmet.sahin", "priya.raman", "ravi.iyer", "tomas.dvorak", "zoe.van.dijk"]


def few_settings(parts):
    """Directories and rules, and where the mirror is: what somebody has who has installed nothing else."""
    whole = parts.settings()
    password = parts.folder / "ldap.password"
    password.write_text(company.SERVICE_PASSWORD + "\n")
    password.chmod(0o600)
    return (f"state_dir: {parts.folder}/state\nruntime_dir: {parts.folder}/run\nclaimed_domains: [{company.STAFF_DOMAIN}]\n"
            + whole[whole.index("directories:"):whole.index("require:")])


def postern(parts, *arguments, status=0):
    done = subprocess.run(parts.postern_command(*arguments), capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def said(parts, *arguments, status=0):
    done = postern(parts, *arguments, status=status)
    return done.stdout + done.stderr


def answers(parts, *arguments):
    return json.loads(postern(parts, *arguments, "--json").stdout)


def rows(parts, *arguments):
    return list(csv.DictReader(io.StringIO(postern(parts, *arguments, "--csv").stdout, newline="")))


@pytest.fixture(scope="module")
def directory(tmp_path_factory, postern_build):
    """A company in slapd, read once."""
    parts = Parts(tmp_path_factory.mktemp("answers"), postern_build)
    try:
        parts.start_slapd()
        parts.settings_file.write_text(few_settings(parts))
        assert "corp: 60 people and 20 groups" in said(parts, "fill")
        yield parts
    finally:
        parts.close()


@pytest.fixture
def managed(directory):
    """Atlassian's export: some are wanted, some are not, one has nothing but Trello."""
    path = directory.folder / "managed.csv"
    path.write_text(
        "Name,Email,Status,Billable,Jira,Jira Service Management,Trello,Last active\n"
        "Maya,Maya.OBrien@example.org,Active,Yes,example,,,\n"
        "Jürgen,juergen.weiss@example.org,Active,Yes,,,Trello,\n"
        "Both,nobody@example.org,Active,Yes,example,,Trello,\n"
        "Jan,jan.kowalski@example.org,Active,Yes,,example,,\n"
        "Lars,lars.soerensen@example.org,Active,No,,,,\n"
        "Grace,grace.okafor@example.org,Active,,,,,\n", encoding="utf-8")
    return path


def test_first_says_that_nothing_was_read(tmp_path, directory):
    settings = tmp_path / "postern.yaml"
    settings.write_text(directory.settings_file.read_text().replace(f"{directory.folder}/state", str(tmp_path / "none")))
    for command in (["seats"], ["who", "licensed"], ["what-if", "--rules", str(settings)]):
        done = subprocess.run([str(directory.build / "postern"), "-c", str(settings), *command], capture_output=True, text=True)
        assert done.returncode == 1 and "no directory was read; `postern fill` reads" in done.stderr, done.stderr


def test_says_that_the_mirror_was_read_under_other_settings(tmp_path, directory):
    settings = tmp_path / "postern.yaml"
    text = directory.settings_file.read_text()
    settings.write_text(text.replace("    disabled:", "    attributes: [title]\n    disabled:"))
    command = [str(directory.build / "postern"), "-c", str(settings), "seats"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "corp was read under other settings" in done.stderr, done
    assert "`postern fill`" in done.stderr, done


def test_fill_asks_only_for_what_changed(directory):
    assert "; 0 entries read from ldap://" in said(directory, "fill")


def test_fill_says_what_is_wrong_and_ends(tmp_path, directory):
    settings = tmp_path / "postern.yaml"
    text = directory.settings_file.read_text().replace(f"{directory.folder}/state", str(tmp_path / "state"))
    settings.write_text(text.replace(f":{directory.ports['slapd']}", ":1"))
    done = subprocess.run([str(directory.build / "postern"), "-c", str(settings), "fill"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and "postern fill: corp: ldap://127.0.0.1:1" in done.stderr, done.stderr
    assert done.stdout == ""


def filled_from(tmp_path, directory, uri, **more):
    """What `postern fill` says of another server, and what it ends with."""
    settings = tmp_path / "postern.yaml"
    text = directory.settings_file.read_text().replace(f"{directory.folder}/state", str(tmp_path / "state"))
    settings.write_text(text.replace(f"ldap://127.0.0.1:{directory.ports['slapd']}", f"{uri}\n    timeout: 1s"))
    done = subprocess.run([str(directory.build / "postern"), "-c", str(settings), "fill"], capture_output=True, text=True,
                          timeout=60, **more)
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr


def test_fill_ends_where_a_server_says_nothing_in_tls(tmp_path, directory):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"ldaps://127.0.0.1:{silent.getsockname()[1]}"
        assert f"postern fill: corp: {uri}" in filled_from(tmp_path, directory, uri)


def test_fill_ends_where_the_library_hangs(tmp_path, directory):
    """No time-out of libldap counts while a name is looked up."""
    shim = tmp_path / "silent_resolver.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, pathlib.Path(__file__).parent / "silent_resolver.c"], check=True)
    said_last = filled_from(tmp_path, directory, "ldaps://ldap.example.org", env={**os.environ, "LD_PRELOAD": str(shim)})
    assert said_last.endswith("postern fill: the directory server does not answer, and the connection hangs\n"), said_last


def test_seats_on_one_screen(directory):
    text = said(directory, "seats")
    assert len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 110, text
    assert re.search(r"licensed +13 +13$", text, re.M), text
    assert re.search(r"customer +35 +32$", text, re.M), text
    assert re.search(r"person-found-twice +1 +jan.kowalski@example.org$", text, re.M), text
    assert re.search(r"^Seats +13:", text, re.M), text
    assert "4  corp:jira-agents through corp:support-team\n" in text


def test_seats_by_name(directory):
    found = answers(directory, "seats")
    assert found["seats"] == 13
    assert found["outcomes"]["portal"] == {"people": 9, "can_sign_on": 9}
    by_mail = {p["mail"]: p for p in found["people"]}
    assert sorted(m for m, p in by_mail.items() if p["outcome"] == "licensed") == [f"{a}@example.org" for a in AGENTS]
    assert (by_mail["maya.obrien@example.org"]["groups"] ==
            "corp:jira-agents through corp:support-team through corp:support-leads")
    assert by_mail["erik.lindqvist@example.org"]["reason"] == "person-disabled"
    assert by_mail[None]["reason"] == "person-no-mail"
    assert len(found["people"]) == 60
    table = rows(directory, "seats")
    assert [r["mail"] for r in table] == [p["mail"] or "" for p in found["people"]]
    assert [r["outcome"] for r in table[:13]] == ["licensed"] * 13


def test_seats_beside_what_atlassian_bills(directory, managed):
    found = answers(directory, "seats", "--managed-accounts", str(managed))["managed_accounts"]
    counts = {"billed-wanted": 1, "billed-unwanted": 3, "only_trello_unwanted": 1, "billed-refused": 0, "wanted-unbilled": 1,
              "wanted-missing": 10, "not-said": 1}
    assert {name: found[name] for name in counts} == counts
    assert [a["mail"] for a in found["not_in_the_mirror"]] == ["nobody@example.org"]
    table = {r["mail"]: r for r in rows(directory, "seats", "--managed-accounts", str(managed))}
    assert (table["juergen.weiss@example.org"]["compared"], table["juergen.weiss@example.org"]["only_trello"]) == (
        "billed-unwanted", "yes")
    assert (table["nobody@example.org"]["products"], table["nobody@example.org"]["only_trello"]) == ("Jira, Trello", "no")
    assert table["maya.obrien@example.org"]["compared"] == "billed-wanted"
    text = said(directory, "seats", "--managed-accounts", str(managed))
    assert re.search(r"billed only because of Trello +1 +juergen.weiss@example.org$", text, re.M), text
    assert re.search(r"has access to Jira Service Management +1 +jan.kowalski", text), text
    assert not (directory.folder / "state/accounts/accounts.mdb").exists()


def test_export_that_is_none_is_refused(directory, tmp_path):
    export = tmp_path / "x.csv"
    export.write_text("Name,Phone\nA,1\n")
    assert f"postern seats: {export}: line 1: no column `Email`" in said(
        directory, "seats", "--managed-accounts", str(export), status=1)


def test_who(directory):
    assert [p["mail"] for p in answers(directory, "who", "licensed")["people"]] == [f"{a}@example.org" for a in AGENTS]
    assert [p["mail"] for p in answers(directory, "who", "agents")["people"]] == [f"{a}@example.org" for a in AGENTS]
    members = {p["mail"]: p["groups"] for p in answers(directory, "who", "corp:it-operations")["people"]}
    assert members["kofi.mensah@example.org"] == "corp:it-operations through corp:platform through corp:on-call"
    assert members["ravi.iyer@example.org"] == "corp:it-operations"
    by_dn = answers(directory, "who", f"cn=IT-Operations, ou=groups,{company.SUFFIX}")["people"]
    assert {p["mail"]: p["groups"] for p in by_dn} == members
    assert "has no group nothing\n" in said(directory, "who", "nothing", status=1)
    assert "has no group lisenced, and no rule; did you mean licensed?" in said(directory, "who", "lisenced", status=1)
    assert "has no group agent, and no rule; did you mean agents?" in said(directory, "who", "agent", status=1)
    assert "no rule nothing" in said(directory, "who", "--rule", "nothing", status=2)
    assert said(directory, "who", "--outcome", "customer").endswith("\n35 people\n")


def test_explain_without_a_door(directory):
    """What the rules give, and why; nothing of doors and identity providers that are not set up yet."""
    text = said(directory, "explain", "maya.obrien@example.org")
    for words in ("Outcome    licensed, by rule agents", "(none is set up yet)", "account of kind managed"):
        assert words in text, text
    assert "Signed on" not in text
    told = answers(directory, "explain", "chloe.damico@partner.example.net")
    assert [(d["door"], d["outcome"], d["reason"]) for d in told["doors"]] == [(None, "portal", None)]
    assert "denied-by-default" in said(directory, "explain", "viktor.nowak@example.org", status=1)
    assert "no connection or link named x" in said(directory, "explain", "viktor.nowak@example.org", "--door", "x", status=2)


def test_what_if(directory, tmp_path):
    rules = tmp_path / "other.yaml"
    text = directory.settings_file.read_text()
    rules.write_text(text[text.index("rules:"):].replace("cn=jira-agents", "cn=dept-engineering").replace(
        "cn=all-staff", "cn=dept-sales").replace("cn=partners,", "cn=support-team,"))
    found = answers(directory, "what-if", "--rules", str(rules))
    changes = {c["mail"]: c for c in found["changes"]}
    assert found["seats_more"] == found["then"]["licensed"] - found["now"]["licensed"]
    assert changes["chloe.damico@partner.example.net"]["to"]["outcome"] == "deny"
    maya = changes["maya.obrien@example.org"]
    assert (maya["from"]["outcome"], maya["to"]["outcome"], maya["to"]["reason"]) == ("licensed", "portal", "claimed-domain")
    assert maya["other_kind"] and found["other_kind"] >= 5
    assert changes["wei.zhang@example.org"]["to"] == {"outcome": "licensed", "rule": "agents", "reason": None}
    assert "dmitri.volkov@example.org" not in changes
    text = said(directory, "what-if", "--rules", str(rules))
    assert "ANOTHER KIND OF ACCOUNT" in text and "Atlassian cannot change the kind of an account back" in text
    assert found["changes"] == answers(directory, "what-if", "--rules", str(rules))["changes"]


def test_what_if_nothing_changes(directory):
    text = said(directory, "what-if", "--rules", str(directory.settings_file))
    assert "as many as now" in text and "0 of 60 people" in text


def test_what_if_by_what_the_mirror_does_not_keep(directory, tmp_path):
    rules = tmp_path / "other.yaml"
    rules.write_text("rules:\n  - {name: all, when: \"title = Engineer\", outcome: customer}\n")
    assert f"{rules}:2: all: uses title, which the mirror does not keep" in said(
        directory, "what-if", "--rules", str(rules), status=1)


def test_copy_leaves_nothing_behind(directory):
    def left():
        return sorted(str(p.relative_to(directory.folder / "state")) for p in (directory.folder / "state").rglob("*"))

    before = left()
    postern(directory, "seats")
    assert left() == before == ["mirror", "mirror/mirror.mdb", "mirror/mirror.mdb-lock"]


def test_spreadsheet_and_terminal_get_no_commands(directory):
    dn = f"uid=evil,ou=people,{company.SUFFIX}"
    name = "=cmd|' /C calc'!A0"
    ldap_modify(directory, f"dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: evil\ncn: e\nsn: e\nmail: {name}@x\n"
                           f"employeeNumber: evil\n\n")
    try:
        assert "; 1 entry read" in said(directory, "fill")
        command = directory.postern_command("seats", "--csv")
        written = subprocess.run(command, stdout=subprocess.PIPE, timeout=60).stdout.decode()
        assert f"\"'{name}@x\"" in written and f"\"{name}" not in written
        assert written.count("\r\n") == written.count("\n") == 62
    finally:
        ldap_modify(directory, f"dn: {dn}\nchangetype: delete\n\n")
        said(directory, "fill")


def test_progress_only_on_a_terminal(directory):
    assert postern(directory, "seats").stderr == ""
    master, slave = pty.openpty()
    done = subprocess.run(directory.postern_command("seats", "--json"), stdout=subprocess.PIPE, stderr=slave, timeout=60)
    os.set_blocking(master, False)
    try:
        shown = os.read(master, 65536)
    except BlockingIOError:
        shown = b""
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 0 and json.loads(done.stdout)["seats"] == 13
    # on a quick machine nothing; what a slow one shows is wiped away in the end
    assert not shown or (shown.startswith(b"\r") and shown.endswith(b"\r\x1b[K")), shown


def test_wrong_calls(directory):
    for command in (["who"], ["who", "a", "b"], ["seats", "x"], ["seats", "--what"], ["what-if"], ["fill", "x"]):
        assert "usage: postern" in said(directory, *command, status=2)


def test_beside_a_running_service(own_parts):
    """The service fills the mirror; fill leaves it alone, and the answers are the same ones, by the whole settings."""
    assert "keeps the mirror as the directories are" in said(own_parts, "fill", status=1)
    found = answers(own_parts, "seats")
    assert found["seats"] == 13
    for person in found["people"]:
        if not person["mail"]:
            continue
        door = "helpdesk" if person["outcome"] == "portal" else "organisation"
        done = subprocess.run(own_parts.postern_command("explain", person["mail"], "--door", door, "--mfa", "--json"),
                              capture_output=True, text=True, timeout=60)
        told = json.loads(done.stdout)
        if person["reason"] in ("person-disabled", "person-found-twice"):
            continue
        assert told["doors"][0]["outcome"] == person["outcome"] and told["doors"][0]["rule"] == person["rule"], person
        assert (done.returncode == 0) == person["can_sign_on"], person


@pytest.fixture
def trapped(tmp_path, postern_build):
    """A company with something of everything that an administrator would like to know before."""
    parts = Parts(tmp_path / "parts", postern_build)
    try:
        parts.start_slapd()
        maya, ravi = company.by_uid("maya.obrien"), company.by_uid("ravi.iyer")
        ldap_modify(parts, f"dn: {maya['dn']}\nchangetype: modify\nadd: carLicense\ncarLicense: m.obrien@example.org\n\n"
                           f"dn: {ravi['dn']}\nchangetype: modify\nadd: carLicense\ncarLicense: RAVI.IYER@example.org\n\n"
                           f"dn: {company.by_uid('wei.zhang')['dn']}\nchangetype: modify\nreplace: mail\n"
                           "mail: Nadia.Petrova@example.org\n\n"
                           f"dn: {company.by_uid('rosa.jimenez')['dn']}\nchangetype: modify\ndelete: employeeNumber\n\n"
                           f"dn: cn=hollow,ou=groups,{company.SUFFIX}\nchangetype: add\nobjectClass: groupOfNames\ncn: hollow\n"
                           "member: cn=nobody\n\n")
        text = few_settings(parts).replace("join: {objectidentifier: employeeNumber}",
                                           "join: {objectidentifier: employeeNumber, upn: carLicense}")
        parts.settings_file.write_text(
            "allow_mutable_join: yes\n" + text
            + "  - {name: visitors, outcome: customer,\n"
            + "     when: \"member of corp:nowhere or member of corp:hollow or shoeSize = 46\"}\n"
            + "  - {name: strangers, when: \"departmentNumber = Visitors\", outcome: portal, at: [helpdesk]}\n")
        yield parts
    finally:
        parts.close()


def test_check_finds_the_traps_among_the_people(trapped):
    text = said(trapped, "check", status=1)
    assert "not looked at" in text and "postern fill reads the directories" in text
    said(trapped, "fill")
    export = trapped.folder / "managed.csv"
    export.write_text("Email\nchloe.damico@partner.example.net\n")
    said(trapped, "accounts", "import", str(export))
    text = said(trapped, "check", status=1)
    found = text[text.index("\npeople\n"):]
    file = f"warning  {trapped.settings_file}"
    for trap in [
            r"2 people have a mail address that others have too.*: nadia.petrova@example.org \(uid=nadia.*and uid=wei.zhang,",
            r"2 people have what a join names in common with others.*jan.kowalski@example.org, jan.kowalski.old@example.org",
            r"1 people have none of the attributes of join.*: rosa.jimenez@example.org;",
            r"1 people would be given an account of another kind.*: chloe.damico@partner.example.net;.*\(account-kind\)",
            r"2 people are given outcome portal inside a claimed domain: (viktor.nowak|linh.tran)@example.org, ",
            r"1 people are given something, but have no mail address: uid=ines.duarte",
            r"1 of 2 people have a mail address other than their user principal name: maya.obrien@example.org \(UPN m.obrien@",
            file + r":\d+: visitors: there is no group corp:nowhere",
            file + r":\d+: visitors: nobody is in group corp:hollow: its members are not people",
            file + r":\d+: visitors: nobody has the attribute shoeSize"]:
        assert re.search(trap, found), (trap, found)
    assert found.count("  warning  ") == 10, found
    assert "all-staff" not in found and "departmentNumber" not in found


def test_check_of_settings_that_only_answer(directory):
    text = said(directory, "check", status=1)
    assert "public_url: is missing" in text
    assert "nothing can be served yet; fill, who, seats and what-if do without that" in text
    assert "corp: ldap://127.0.0.1" in text and "\npeople\n" in text
