# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of OPERATIONS.md that back a service up and restore it, run as they stand there on another root."""
import pathlib
import re
import shutil
import subprocess

import pytest

from browser import Browser
from parts import wait_for
from stories import JUERGEN, MAYA, assert_signed_on, sign_on, to_postern_acs

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands(name):
    text = (ROOT / "doc/OPERATIONS.md").read_text()
    return re.search(rf"<!-- BEGIN {name} .*?```\n(.*?)```\n<!-- END {name} -->", text, re.S).group(1)


class Host:
    """A root of files with /etc/postern, /var/lib/postern and /root, whose `postern` is ours."""

    def __init__(self, folder, parts):
        self.root, self.parts = folder, parts
        for path in ("etc/postern", "var/lib/postern", "run/postern", "root", "bin"):
            (folder / path).mkdir(parents=True, mode=0o750)
        self.settings = folder / "etc/postern/postern.yaml"
        program = folder / "bin/postern"
        program.write_text(f'#!/bin/sh\nexec {parts.build}/postern -c {self.settings} "$@"\n')
        program.chmod(0o755)

    def fill(self, settings=None):
        p, etc = self.parts, self.root / "etc/postern"
        p.write_postern_files(settings)
        for name in ("signing.key", "signing.crt", "ldap.password"):
            shutil.move(p.folder / name, etc / name)
        text = p.settings_file.read_text()
        for name in ("signing.key", "signing.crt", "ldap.password"):
            text = text.replace(f"{p.folder}/{name}", name)
        text = text.replace(f"{p.folder}/state", "../../var/lib/postern").replace(f"{p.folder}/run", "../../run/postern")
        self.settings.write_text(text)

    def run(self, name):
        script = commands(name).replace("-C / ", f"-C {self.root} ").replace(" /root/", f" {self.root}/root/")
        assert str(self.root) in script
        return subprocess.run(["sh", "-e", "-c", script], env={"PATH": f"{self.root}/bin:/usr/bin:/bin:/usr/sbin"}, text=True,
                              capture_output=True)

    def start(self):
        p = self.parts
        p.postern = p.start_part("postern", [self.root / "bin/postern", "serve"], p.is_ready)


@pytest.fixture
def hosts(tmp_path, stopped_parts):
    old, new = Host(tmp_path / "old", stopped_parts), Host(tmp_path / "new", stopped_parts)
    old.fill()
    stopped_parts.start_slapd()
    stopped_parts.start_entra()
    certificate = shutil.copy(old.root / "etc/postern/signing.crt", tmp_path / "door.crt")
    stopped_parts.start_door("managed", idp_certificate=certificate)
    old.start()
    return old, new


def test_what_was_backed_up_by_the_book_serves_on_another_host(hosts, tmp_path):
    old, new = hosts
    parts, browser = old.parts, Browser()
    export = tmp_path / "export.csv"
    export.write_text(f"email\n{MAYA['mail']}\n")
    subprocess.run([old.root / "bin/postern", "accounts", "import", export], check=True, capture_output=True)
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    sign_on(parts, browser, JUERGEN, stop=to_postern_acs(parts))
    result = old.run("backup")
    assert result.returncode == 0, result.stderr
    backup = old.root / "root/postern-backup.tar.gz"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert "mirror" not in subprocess.run(["tar", "-tzf", backup], check=True, capture_output=True, text=True).stdout
    # the host is lost
    parts.postern.stop()
    shutil.copy(backup, new.root / "root")
    shutil.rmtree(old.root)
    result = new.run("restore")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (new.root / "etc/postern/signing.key").stat().st_mode & 0o777 == 0o600
    new.start()
    # who was on the way when the host was lost gets in, and everybody else
    assert_signed_on(parts, browser.go(browser.stopped_at), JUERGEN)
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    shown = subprocess.run([new.root / "bin/postern", "accounts", "show", MAYA["mail"]], capture_output=True, text=True)
    assert MAYA["mail"] in shown.stdout, shown.stderr
    audit = (new.root / "var/lib/postern/audit/audit.jsonl").read_text()
    assert audit.count('"event":"assertion"') == 3
    wait_for(lambda: (new.root / "var/lib/postern/mirror").exists(), 60, "a mirror")
