# SPDX-License-Identifier: GPL-3.0-or-later
"""An installed program takes the place of the running one: under load, and when it cannot."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from load import Load  # noqa: E402
from browser import Browser  # noqa: E402
from parts import Parts, free_port, wait_for  # noqa: E402
from scrape import samples  # noqa: E402
from stories import MAYA, assert_signed_on, sign_on, to_postern_acs  # noqa: E402


class Installed:
    """Parts whose Postern runs from a copy of the program that a test replaces, as a package does."""

    def __init__(self, parts, build):
        self.parts, self.built = parts, build / "postern"
        self.path, self.mark, self.metrics = parts.folder / "postern", 0, free_port()

    def start(self):
        p = self.parts
        p.write_postern_files()
        self.socket = p.folder / "run/front.sock"
        p.settings_file.write_text(p.settings_file.read_text().replace("listen: [", f"listen: [\"unix:{self.socket}\", ") +
                                   f"workers: 2\nmetrics_listen: 127.0.0.1:{self.metrics}\n")
        self.install(self.built)
        p.start_slapd()
        p.start_entra()
        p.start_door("managed")
        p.start_door("portal")
        p.postern = p.start_part("postern", [self.path, "-c", p.settings_file, "serve"], p.is_ready)
        return self

    @property
    def pid(self):
        return self.parts.postern.process.pid

    def install(self, program):
        """Beside, then in its place in one step, as dpkg does."""
        new = self.path.with_name("postern.new")
        if isinstance(program, bytes):
            new.write_bytes(program)
        else:
            shutil.copy(program, new)
        new.chmod(0o755)
        new.rename(self.path)

    def unix_status(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.socket))
            s.sendall(f"GET /health/live HTTP/1.1\r\nHost: {self.parts.host('sso', 'postern')}\r\nConnection: close\r\n\r\n"
                      .encode())
            return s.recv(64).split()[1]

    def whole_log(self):
        return self.parts.postern.log.read_text(errors="replace")

    def from_here_on(self):
        self.mark = len(self.whole_log())

    def log(self):
        return self.whole_log()[self.mark:]

    def upgrade(self, wait=True):
        taken = self.log().count("took over from the program before")
        served = self.log().count("serving address=")
        self.parts.postern.send(signal.SIGUSR2)
        if wait:
            wait_for(lambda: self.log().count("took over from the program before") > taken, 60, "it to take over",
                     self.parts.postern)
            wait_for(lambda: self.log().count("serving address=") > served, 60, "the new workers", self.parts.postern)

    def refused(self, text):
        self.upgrade(wait=False)
        wait_for(lambda: "everything stays as it is" in self.log() and text in self.log(), 60, f"the log to say {text}",
                 self.parts.postern)
        assert "took over" not in self.log()

    def upgrades(self, result):
        """How many /metrics counts, in digits; its role is replaced by an upgrade, too: None while it does not answer."""
        try:
            return "%d" % samples(self.metrics)[f'postern_upgrades_total{{result="{result}"}}']
        except OSError:
            return None

    def children(self, role=""):
        """{pid: program} of the parent's children."""
        found = {}
        for proc in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = int((proc / "stat").read_text().rpartition(")")[2].split()[1])
                words = (proc / "cmdline").read_bytes().decode().split("\0")
            except (OSError, ValueError):
                continue
            if parent == self.pid and words[1:2] == ["role"] and words[2].startswith(role):
                found[int(proc.name)] = words
        return found

    def descriptors(self, pid):
        result = []
        for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                result.append(os.readlink(fd))
            except OSError:
                pass
        return sorted(re.sub(r"\d+", "N", name) for name in result)


@pytest.fixture(scope="module")
def running(tmp_path_factory, postern_build):
    """One service for all: each test leaves it as it found it."""
    parts = Parts(tmp_path_factory.mktemp("upgrade"), postern_build)
    try:
        yield Installed(parts, postern_build).start()
    finally:
        parts.close()


@pytest.fixture
def installed(running):
    running.install(running.built)
    running.from_here_on()
    yield running
    print(running.log())


def settled(installed, old=()):
    """No child of an earlier generation is left."""
    wait_for(lambda: not set(old) & set(installed.children()) and len(installed.children("worker")) == 2 and
             len(installed.children("keys")) == 2 and len(installed.children("mirror")) == 1 and
             len(installed.children("refresh")) == 1, 60,
             "the old processes to be gone", installed.parts.postern)


def test_20_upgrades_under_load_refuse_nobody_and_leak_nothing(installed):
    installed.upgrade()
    settled(installed)
    before = installed.descriptors(installed.pid)
    workers = set(installed.children("worker"))
    with Load(installed.parts, clients=3) as load:
        for _ in range(20):
            installed.install(installed.built)
            installed.upgrade()
        wait_for(lambda: load.count() > 5, 60, "sign-ons")
    load.assert_nothing_lost()
    assert load.connected > 100
    settled(installed)
    assert installed.parts.postern.process.pid == installed.pid
    assert not workers & set(installed.children("worker"))
    wait_for(lambda: installed.descriptors(installed.pid) == before, 60, "the same descriptors as before")
    assert installed.log().count("took over from the program before") == 21
    # the program that runs is the one that is installed, in all processes
    assert os.readlink(f"/proc/{installed.pid}/exe") == str(installed.path)
    assert all(os.readlink(f"/proc/{pid}/exe") == str(installed.path) for pid in installed.children())
    assert installed.unix_status() == b"200"
    # and a reload works as ever
    served = installed.log().count("serving address=")
    installed.parts.postern.send(signal.SIGHUP)
    wait_for(lambda: installed.log().count("serving address=") > served, 60, "the reload", installed.parts.postern)
    settled(installed)


def test_sign_on_begun_before_the_upgrade_ends_after_it(installed):
    browser = Browser()
    sign_on(installed.parts, browser, MAYA, stop=to_postern_acs(installed.parts))
    before = wait_for(lambda: installed.upgrades("taken"), 60, "/metrics", installed.parts.postern)
    installed.upgrade()
    settled(installed)
    wait_for(lambda: installed.upgrades("taken") == str(int(before) + 1), 60, "it to be counted", installed.parts.postern)
    assert_signed_on(installed.parts, browser.go(browser.stopped_at), MAYA)


def test_a_program_that_cannot_be_executed_changes_nothing(installed):
    workers = set(installed.children("worker"))
    installed.install(b"\x7fELF and then nothing of use")
    before = wait_for(lambda: installed.upgrades("refused"), 60, "/metrics", installed.parts.postern)
    installed.refused("Exec format error")
    assert installed.upgrades("refused") == str(int(before) + 1)
    assert set(installed.children("worker")) == workers
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)


def test_a_program_that_knows_no_trial_or_is_silent_or_gone_changes_nothing(installed):
    installed.install(b"#!/bin/sh\necho there is no command trial >&2; exit 2\n")
    installed.refused("it ended; what it said stands in the log")
    installed.path.unlink()
    installed.refused("No such file")
    installed.install(b"#!/bin/sh\nexec sleep 100\n")
    installed.upgrade(wait=False)
    installed.upgrade(wait=False)           # once is enough
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)
    assert installed.parts.postern.stop() == 0      # it waits for nobody
    installed.install(installed.built)
    installed.parts.postern.start(installed.parts.is_ready)


def test_a_command_is_told_why_there_is_no_upgrade(installed):
    settings = installed.parts.settings_file
    installed.install(b"#!/bin/sh\nprintf 'not at \\033[31mthis \\342\\200\\256hour' >&4\n")
    for _ in range(2):
        result = subprocess.run([installed.built, "-c", settings, "upgrade"], capture_output=True, text=True)
        assert result.returncode == 1 and result.stderr == \
            f"postern upgrade: the service, process {installed.pid}, did not take it over: not at ?[31mthis ?hour\n"
    installed.install(installed.built)
    password = installed.parts.folder / "ldap.password"
    password.chmod(0o644)
    for command in ("upgrade", "reload", "upgrade"):
        result = subprocess.run([installed.path, "-c", settings, command], capture_output=True, text=True)
        assert result.returncode == 1
        assert "did not take it over: " in result.stderr and "ldap.password: is secret" in result.stderr
    password.chmod(0o600)
    for command in ("reload", "upgrade"):
        result = subprocess.run([installed.path, "-c", settings, command], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        settled(installed)


def test_a_program_that_cannot_read_the_settings_changes_nothing(installed):
    good = installed.parts.settings_file.read_text()
    installed.parts.settings_file.write_text(good + "a_setting_of_tomorrow: yes\n")
    installed.refused("a_setting_of_tomorrow")
    result = subprocess.run([installed.path, "-c", installed.parts.settings_file, "upgrade"], capture_output=True, text=True)
    assert result.returncode == 1 and "a_setting_of_tomorrow" in result.stderr
    installed.parts.settings_file.write_text(good)
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)
    result = subprocess.run([installed.path, "-c", installed.parts.settings_file, "upgrade"], capture_output=True, text=True)
    assert result.returncode == 0 and f"process {installed.pid} went over" in result.stdout, result.stderr
    settled(installed)
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)


def changed(program, *pairs):
    """The program as another version would be: the bytes of its protocol differ."""
    data = program.read_bytes()
    for old, new in pairs:
        assert len(old) == len(new) and old in data, old
        data = data.replace(old, new)
    return data


def test_what_cannot_be_read_of_another_version_keeps_the_sockets(installed):
    """Forth to a version of another hand-over and other metrics, and back: nobody is refused, and all processes are new."""
    other = changed(installed.built, (b"postern handover ", b"postern HANDOVER "),
                    (b"postern_reloads_total", b"postern_rereads_total"))
    with Load(installed.parts, clients=2) as load:
        for program in (other, installed.built):
            old = set(installed.children())
            installed.install(program)
            file = installed.socket.stat().st_ino
            command = [installed.path, "-c", installed.parts.settings_file, "upgrade"]
            said = subprocess.run(command, capture_output=True, text=True)
            assert f"process {installed.pid} went over" in said.stdout, said.stderr
            settled(installed, old)
            assert installed.unix_status() == b"200" and installed.socket.stat().st_ino == file
        wait_for(lambda: load.count() > 5, 60, "sign-ons")
    load.assert_nothing_lost()
    assert installed.log().count("what the program before handed over cannot be read") == 2
    assert installed.log().count("its processes will all be replaced") == 2
    # from here on as ever
    installed.upgrade()
    settled(installed)
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)


def memory_of_metrics(installed):
    descriptors = pathlib.Path(f"/proc/{installed.pid}/fd").iterdir()
    return os.stat(next(fd for fd in descriptors if "postern-metrics" in os.readlink(fd))).st_ino


def test_counters_go_on_where_they_mean_the_same_and_begin_anew_where_not(installed):
    before = memory_of_metrics(installed)
    installed.upgrade()
    assert memory_of_metrics(installed) == before
    installed.install(changed(installed.built, (b"postern_reloads_total", b"postern_rereads_total")))
    old = set(installed.children())
    installed.upgrade()
    assert memory_of_metrics(installed) != before
    settled(installed, old)
    assert "cannot be read" not in installed.log()
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)


def test_a_variable_of_somebody_else_is_not_believed(installed):
    part = installed.parts.postern
    part.stop()
    command, part.command = part.command, ["env", "POSTERN_HANDOVER=1 3", *part.command]
    part.start(installed.parts.is_ready)
    part.command = command
    assert "is set by another process, and is not looked at" in installed.log()
    assert_signed_on(installed.parts, sign_on(installed.parts, Browser(), MAYA), MAYA)
