# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern status`: what it says of a service that is well, has lost processes, cannot write its audit, or is down."""
import json
import os
import pty
import shutil
import subprocess
import time

import pytest

from browser import Browser
from parts import wait_for
from stories import CHLOE, MAYA, VIKTOR, sign_on
from test_trouble import kill_role, roles_of

OK, WARNING, DOWN, CANNOT_SAY = 0, 1, 2, 3


@pytest.fixture
def well(stopped_parts):
    """Nothing ends within 30 days, so that all is well."""
    stopped_parts.days = 400
    return stopped_parts.start_all()


def status(parts, *arguments, **options):
    return subprocess.run(parts.postern_command("status", *arguments), capture_output=True, text=True, check=False, **options)


def status_as_nobody(parts, *arguments):
    """A copy of the program: what was built may lie where nobody else may look, as below /root."""
    copy = parts.folder / "postern-for-all"
    if not copy.exists():
        shutil.copy(parts.postern_command()[0], copy)
        copy.chmod(0o755)
    return status(parts, *arguments, executable=copy, user="nobody", group="nogroup", extra_groups=[])


def said(parts, expected, **options):
    answer = status(parts, "--json", **options)
    assert answer.returncode == expected, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def age(text):
    return time.time() - time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) + time.timezone


def test_a_service_that_is_well_and_what_came_of_it(well):
    found = said(well, OK)
    assert (found["state"], found["pid"]) == ("ok", well.postern.process.pid)
    assert (found["alarms"], found["warnings"], found["not_readable"], found["died_and_replaced"]) == ([], [], [], {})
    assert {(one["pid"], one["role"]) for one in found["processes"]} == set(roles_of(well).items())
    for moment in (found["started"], found["settings_read"], *(one["started"] for one in found["processes"])):
        assert -2 < age(moment) < 600, moment
    corp = found["directories"]["corp"]
    assert corp["filled"] and corp["connected"] and corp["people"] > 5 and corp["age_s"] < 60 and corp["data"] == "fresh"
    assert found["identity_providers"]["entra"]["metadata"] is True
    (key,) = found["certificates"]
    assert (key["use"], key["name"], key["in_use"]) == ("signing", "main", True) and 399 * 86400 < key["left_s"] <= 400 * 86400
    assert all(disk["free_bytes"] > 0 for disk in found["disks"].values())
    assert found["sign_ons"] == {"minutes": 15, "doors": {}}

    sign_on(well, Browser(), MAYA)
    sign_on(well, Browser(), VIKTOR)
    sign_on(well, Browser(), CHLOE, "portal")
    Browser().open(f"{well.postern_url}/go/nowhere")
    doors = said(well, OK)["sign_ons"]["doors"]
    assert doors["organisation"] == {"signed_on": 1, "outcomes": {"licensed": 1}, "refused": 1,
                                     "reasons": {"denied-by-default": 1}, "started_again": 0}
    assert doors["helpdesk"]["signed_on"] == 1
    assert doors[""]["reasons"] == {"no-such-link": 1}
    text = status(well).stdout
    assert text.startswith("ok: postern ") and "1 signed on (licensed 1), 1 refused (denied-by-default 1)" in text
    assert "\x1b" not in text and "0 min" not in text and " for -" not in text

    kill_role(well, "mirror")
    # what the one that was killed had written says that it is connected
    wait_for(lambda: "ready role=mirror" in well.postern.log.read_text().partition("died")[2], 60, "the mirror")
    wait_for(lambda: status(well).returncode == OK, 60, "the directory to be connected again")
    assert said(well, OK)["died_and_replaced"] == {"mirror": 1}

    # nobody's process has to answer for it
    audit = well.folder / "state/audit"
    audit.rename(well.folder / "state/away")
    wait_for(lambda: [one["alarm"] for one in json.loads(status(well, "--json").stdout)["alarms"]] == ["audit-fails"], 60,
             "the alarm")
    assert status(well).returncode == WARNING
    (well.folder / "state/away").rename(audit)
    wait_for(lambda: status(well).returncode == OK, 60, "the end of the alarm")

    time.sleep(1.1)
    good = well.settings_file.read_text()
    well.settings_file.write_text(good + "# changed\n")
    assert said(well, WARNING)["settings_changed"] is True
    well.settings_file.write_text(good.replace("rules:", "rule:"))
    assert status(well).returncode == CANNOT_SAY
    well.settings_file.write_text(good)
    well.postern.stop()
    found = said(well, DOWN)
    assert (found["state"], found["pid"], found["processes"]) == ("down", None, [])
    assert status(well).stdout.startswith("down: no service runs")
    assert status(well, "everything").returncode == CANNOT_SAY


def test_whoever_may_not_read_is_told_so_and_has_no_alarm_of_it(well):
    sign_on(well, Browser(), MAYA)
    for folder in [well.folder, *well.folder.parents[:-1]]:
        folder.chmod(folder.stat().st_mode | 0o011)
    for name in ("metadata", "audit"):
        (well.folder / "state" / name).chmod(0o700)
    (well.folder / "signing.crt").chmod(0o600)
    (well.folder / "run").chmod(0o700)
    answer = status_as_nobody(well)
    assert answer.returncode == CANNOT_SAY and answer.stdout.startswith("not known: "), answer.stdout
    (well.folder / "run").chmod(0o755)
    found = json.loads(status_as_nobody(well, "--json").stdout)
    assert found["pid"] == well.postern.process.pid and found["alarms"] == []
    assert {(one["pid"], one["role"]) for one in found["processes"]} == set(roles_of(well).items())
    assert (found["sign_ons"], found["died_and_replaced"], found["directories"]) == (None, None, None)
    unread = "\n".join(found["not_readable"])
    for what in ("counters", "audit.jsonl", "metadata/entra.xml", "mirror.mdb", "signing.crt"):
        assert what in unread, unread
    answer = status_as_nobody(well)
    assert "could not be read" in answer.stdout and answer.returncode == OK, answer.stdout


def test_colours_are_for_terminals_alone(well):
    def shown(environment):
        master, slave = pty.openpty()
        subprocess.run(well.postern_command("status"), stdout=slave, stderr=slave, check=False,
                       env={**os.environ, **environment})
        os.close(slave)
        text = b""
        try:
            while chunk := os.read(master, 65536):
                text += chunk
        except OSError:
            pass
        os.close(master)
        return text

    assert b"\x1b[32mok\x1b[0m" in shown({"TERM": "xterm", "NO_COLOR": ""})
    assert b"\x1b" not in shown({"TERM": "xterm", "NO_COLOR": "1"})
    assert b"\x1b" not in shown({"TERM": "dumb", "NO_COLOR": ""})
