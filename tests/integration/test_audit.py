# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit file while it is rotated, cut, or its disk is full; and that its schema says no where it should."""
import copy
import json
import os
import pathlib
import signal
import subprocess
import urllib.request

import pytest

import audit_schema
from browser import Browser
from parts import wait_for
from stories import MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on
from test_trouble import kill_role, log_of

ROOT = pathlib.Path(__file__).resolve().parents[2]


def ready(parts):
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{parts.ports['postern']}/health/ready",
                                                       headers={"Host": parts.host("sso", "postern")}), timeout=20) as answer:
        return json.load(answer)


# ---- the schema ----


def test_each_kind_of_line_is_what_the_schema_says(own_parts, browser):
    """Closing the parts holds every line against it, in each test; here it must also refuse what is none."""
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    good = own_parts.audit()[-1]
    assert audit_schema.faults(good) == []
    for change in ({"time": "yesterday"}, {"event": "other"}, {"groups": "cn=a"}, {"total_us": -1}, {"total_us": "5"},
                   {"mfa": "no"}, {"outcome": "admin"}, {"unheard_of": "x"}, {"observed": {"outcome": "deny"}},
                   {"passage": "to-portal"}, {"id": "short"}):
        assert audit_schema.faults({**good, **change}), change
    for name in ("time", "id", "event", "groups", "total_us", "dn", "mail", "assertion_out", "write_us"):
        less = copy.deepcopy(good)
        del less[name]
        assert audit_schema.faults(less), name
    assert_refused(own_parts, sign_on(own_parts, Browser(), VIKTOR), "denied-by-default", 403)
    denied = own_parts.audit()[-1]
    assert audit_schema.faults(denied) == []
    for name in ("reason", "detail", "answer"):
        assert audit_schema.faults({key: value for key, value in denied.items() if key != name}), name
    assert audit_schema.faults({**denied, "event": "redirect", "assertion_out": "_a"})


# ---- rotation ----


def logrotate(parts, folder):
    """The sample that is shipped, for this folder and this user, forced."""
    sample = (ROOT / "doc/postern.logrotate").read_text()
    conf = folder / "logrotate.conf"
    sample = sample.replace("/var/lib/postern", str(parts.folder / "state"))
    conf.write_text(sample.replace("su postern postern", "su root root"))
    conf.chmod(0o644)
    subprocess.run(["logrotate", "--force", "--state", folder / "logrotate.state", conf], check=True)


def test_logrotate_moves_the_file_and_no_line_is_lost(own_parts, tmp_path):
    state = own_parts.folder / "state/audit"
    assert_signed_on(own_parts, sign_on(own_parts, Browser(), MAYA), MAYA)
    assert (state / "audit.jsonl").stat().st_mode & 0o7777 == 0o640
    logrotate(own_parts, tmp_path)
    assert_signed_on(own_parts, sign_on(own_parts, Browser(), MAYA), MAYA)      # at once, not a second later
    (old,) = state.glob("audit.jsonl-*")
    assert [len(list(audit_schema.objects(path))) for path in (old, state / "audit.jsonl")] == [1, 1]
    assert (state / "audit.jsonl").stat().st_mode & 0o7777 == 0o640
    kill_role(own_parts, "worker")
    assert_signed_on(own_parts, sign_on(own_parts, Browser(), MAYA), MAYA)
    assert len(own_parts.audit()) == 2


def test_a_line_that_was_cut_short_is_joined_by_none(own_parts, browser):
    own_parts.postern.stop()
    path = own_parts.folder / "state/audit/audit.jsonl"
    path.write_bytes(path.read_bytes() + b'{"time":"2026-11-24T13:')
    own_parts.start_postern()
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    lines = path.read_bytes().split(b"\n")
    assert lines[-3] == b'{"time":"2026-11-24T13:' and b'"event":"assertion"' in lines[-2]


# ---- a full disk ----


class SmallDisk:
    """Parts whose audit has a disk of 200 kB of its own, which nobody else sees."""

    def __init__(self, parts, failure):
        self.parts, self.folder = parts, parts.folder / "small"
        parts.write_postern_files(parts.settings() + f"audit_file: {self.folder}/audit.jsonl\naudit_failure: {failure}\n")
        self.folder.mkdir()
        parts.start_slapd()
        parts.start_entra()
        parts.start_door("managed")
        command = parts.postern_command("serve")
        script = f'mount -t tmpfs -o size=200k,mode=755 none {self.folder} && exec "$@"'
        parts.postern = parts.start_part("postern", ["unshare", "-m", "sh", "-c", script, "sh", *command], parts.is_ready)

    def path(self, name):
        return pathlib.Path(f"/proc/{self.parts.postern.process.pid}/root{self.folder}/{name}")

    def fill(self):
        with open(self.path("filler"), "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 512):
                    pass
            except OSError:
                pass

    def lines(self):
        return list(audit_schema.objects(self.path("audit.jsonl")))


def is_on(small, word):
    return word in ready(small.parts)["alarms"]


@pytest.mark.parametrize("failure", ["refuse", "continue"])
def test_a_full_disk_is_handled_as_the_setting_says_and_mends_itself(stopped_parts, failure):
    small = SmallDisk(stopped_parts, failure)
    parts = small.parts
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    assert not is_on(small, "audit-fails")
    small.fill()
    known = len(small.lines())
    # what is left of the last page takes some lines yet
    for _ in range(12):
        page = sign_on(parts, Browser(), MAYA)
        if "the audit cannot be written" in log_of(parts):
            break
    if failure == "refuse":
        assert_refused(parts, page, "audit", 503)
    else:
        assert_signed_on(parts, page, MAYA)
        assert "sign-on not in the audit file" in log_of(parts)
    wait_for(lambda: is_on(small, "audit-fails"), 60, "the alarm", parts.postern)
    wait_for(lambda: "alarm=audit-fails" in log_of(parts), 60, "the alarm in the log", parts.postern)
    assert is_on(small, "disk-low")
    known = len(small.lines())
    os.unlink(small.path("filler"))
    wait_for(lambda: not is_on(small, "audit-fails"), 60, "the end of the alarm", parts.postern)
    for _ in range(2 * os.cpu_count()):
        assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    found = small.lines()
    assert len(found) == known + 2 * os.cpu_count()
    assert [fault for line in found for fault in audit_schema.faults(line)] == []
    log = log_of(parts)
    assert 1 <= log.count("the audit cannot be written") <= os.cpu_count(), "each worker says it once"
    assert log.count("the audit can be written again") == log.count("the audit cannot be written")
    parts.postern.send(signal.SIGTERM)
    parts.postern.process.wait(20)
