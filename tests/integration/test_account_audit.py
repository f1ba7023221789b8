# SPDX-License-Identifier: GPL-3.0-or-later
"""Each change of an account in the audit of accounts: who, by what, by whom; and nothing that cannot be written there."""
import json
import os
import pathlib
import pwd
import subprocess

import pytest

import audit_schema
from atlassian_standin import DIRECTORY, SITE
from parts import company
from stories import ldap_modify
from test_answers import said
from test_provisioning import change_agents, company_at_atlassian  # noqa: F401 (a fixture)

CHARLOTTE = "charlotte.dubois"
MAYA = company.by_uid("maya.obrien")


def lines(parts):
    return list(audit_schema.objects(parts.folder / "state/provision/audit.jsonl"))


LOGIN = pathlib.Path("/proc/self/loginuid")


def caller(environment=os.environ):
    """Whom the kernel knows to have logged in; where it knows nobody, as sudo or the process itself says."""
    login = int(LOGIN.read_text()) if LOGIN.exists() else 2**32 - 1
    if login != 2**32 - 1:
        return pwd.getpwuid(login).pw_name
    return (os.getuid() == 0 and environment.get("SUDO_USER")) or pwd.getpwuid(os.getuid()).pw_name


def assert_sound(found):
    assert [fault for line in found for fault in audit_schema.faults(line)] == []
    open_ones = set()
    for line in found:
        key = tuple(str(line.get(name)) for name in ("id", "change", "door", "person", "group"))
        if line["event"] == "account-begin":
            assert key not in open_ones, line
            open_ones.add(key)
        elif line["change"] != "mail-confirm":
            open_ones.remove(key)  # nothing ended that had not begun
    assert not open_ones


def test_each_change_says_who_and_by_what_and_by_whom(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    found = lines(parts)
    assert_sound(found)
    done = [line for line in found if line["event"] == "account-change"]
    made = [line for line in done if line["change"] == "user-create"]
    assert len(made) == 45 and all(line["account_id"] and line["user"] and line["http_status"] == 201 for line in made)
    maya = next(line for line in done if line.get("group") == "agents" and line.get("mail") == MAYA["mail"])
    assert [maya[name] for name in ("change", "door", "outcome", "rule")] == [
        "members-add", "organisation", "licensed", "agents"]
    assert maya["why"].startswith("rule agents, by corp:jira-agents") and maya["account_id"] and maya["directory"] == "corp"
    assert (maya["person"], maya["dn"]) == (MAYA["id"], MAYA["dn"])
    assert (maya["ran"], maya["by"]) == ("apply", caller())
    assert len({line["plan"] for line in found}) == len({line["id"] for line in found}) == 1
    portal = next(line for line in done if line["change"] == "customer-create")
    assert portal["account_id"].startswith("qm:") and portal["door"] == "helpdesk" and portal["outcome"] == "portal"
    text = json.dumps(found)
    assert DIRECTORY["key"] not in text and SITE["token"] not in text

    # rotated away: the next plan begins a file of its own
    path = parts.folder / "state/provision/audit.jsonl"
    path.rename(path.with_suffix(".jsonl.1"))
    change_agents(parts, "add", CHARLOTTE)
    ldap_modify(parts, f"dn: {company.by_uid(CHARLOTTE)['dn']}\nchangetype: modify\n"
                       "replace: mail\nmail: charlotte@example.org\n")
    said(parts, "fill")
    parts.atlassian.fault(path="/Users/", method="PATCH", status=400)
    said(parts, "apply", "--yes", status=1)
    found = lines(parts)
    assert_sound(found)
    assert path.stat().st_mode & 0o777 == 0o640
    failed = next(line for line in found if line["event"] == "account-failed")
    assert [failed[name] for name in ("change", "reason", "http_status")] == ["user-update", "provision-step", 400]
    assert [failed[name] for name in ("mail", "mail_before", "fields")] == [
        "charlotte@example.org", f"{CHARLOTTE}@example.org", ["mail"]]
    assert {line["change"] for line in found if line["event"] == "account-change"} == {"members-add", "members-remove"}


def test_who_called_is_not_whom_the_environment_says(company_at_atlassian):
    """Where the kernel lets nobody be logged in anew (no CAP_AUDIT_CONTROL) there is nobody else to be than before."""
    parts = company_at_atlassian
    nobody = pwd.getpwnam("nobody")

    def log_in():
        try:
            LOGIN.write_text(str(nobody.pw_uid))
        except OSError:
            pass

    environment = {**os.environ, "SUDO_USER": "mallory"}
    done = subprocess.run(["/bin/sh", "-c", 'cat /proc/self/loginuid; echo; exec "$@"', "sh",
                           *parts.postern_command("apply", "--yes")], preexec_fn=log_in, env=environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    known = done.stdout.split("\n")[0] == str(nobody.pw_uid)
    assert {line["by"] for line in lines(parts)} == {nobody.pw_name if known else caller(environment)}


def test_what_cannot_be_written_down_is_not_done(company_at_atlassian):
    parts = company_at_atlassian
    whole = parts.settings_file.read_text()
    parts.settings_file.write_text(whole.replace("accounts: {administrators",
                                                 "accounts: {audit_file: /dev/full, administrators"))
    text = said(parts, "apply", "--yes", status=1)
    assert "/dev/full: cannot write to it" in text, text
    endpoints = parts.atlassian.request_counts()["endpoints"]
    assert not any(name.startswith(("POST", "PATCH", "PUT", "DELETE")) for name in endpoints), endpoints
    parts.settings_file.write_text(parts.settings_file.read_text() + "audit_failure: continue\n")
    text = said(parts, "apply", "--yes")
    assert "account change not in the audit file" in text and "0 failed" in text, text[-2000:]
    assert parts.atlassian.counts()["atlassian"] == 45


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_leaves_a_file_that_the_role_can_write(company_at_atlassian):
    parts = company_at_atlassian
    for above in [parts.folder, *parts.folder.parents]:
        if str(above).startswith("/tmp/"):
            above.chmod(0o755)
    for path in [parts.folder / "state", *(parts.folder / "state").rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    parts.settings_file.write_text(parts.settings_file.read_text() + "user: nobody\n")
    said(parts, "apply", "--yes")
    for name in ("audit.jsonl", "status.json", "ledger.mdb"):
        there = (parts.folder / "state/provision" / name).stat()
        assert (there.st_uid, there.st_mode & 0o777) == (65534, 0o640), name
    assert {line["by"] for line in lines(parts)} == {caller()}
