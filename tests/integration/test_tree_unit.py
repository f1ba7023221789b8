# SPDX-License-Identifier: GPL-3.0-or-later
"""postern.service, the tree of processes as one unit, whose parent may change its user and nothing else."""
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import threading

import pytest

from browser import Browser
from parts import wait_for
from stories import JUERGEN, MAYA, assert_signed_on, sign_on
from test_units import units  # noqa: F401: a fixture; these boot a systemd of their own


def roles_of(parent, role):
    """The processes of a role."""
    found = set()
    for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:3] == [b"role", role.encode()]:
                found.add(int(pid))
    return found


def users_of_roles(parent):
    """Of each role, the users that its processes are; who has just died, or is not executed yet, is of none."""
    users = {}
    for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            uid = re.search(r"^Uid:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1)
            if words[1:2] == [b"role"]:
                users.setdefault(words[2].decode(), set()).add(uid)
    return users


def test_the_tree_of_processes_notifies_reloads_and_is_watched(units):
    units.systemctl("start", "postern.service")
    assert units.systemctl("is-active", "postern.target", check=False).stdout.strip() == "inactive", "they exclude each other"
    wait_for(units.is_ready, 60, "the tree is ready")
    assert units.system.show("postern.service", "StatusText") == "serving"
    # nobody of the service can look into a keys role, not even while it starts
    users = users_of_roles(units.system.main_pid("postern.service"))
    assert users["keys"].isdisjoint(users["worker"] | users["mirror"] | {"0"}) and len(users["worker"]) == 1
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), MAYA), MAYA)
    # without the right to signal processes of others, one that hangs is killed, and those of before are ended by a reload
    main = units.system.main_pid("postern.service")
    hang = {role: min(roles_of(main, role)) for role in ("worker", "keys")}
    for pid in hang.values():
        os.kill(pid, signal.SIGSTOP)
    for role, pid in hang.items():
        wait_for(lambda role=role, pid=pid: len(roles_of(main, role) - {pid}) == 2, 60, f"another {role}")
    wait_for(units.is_ready, 60, "the tree is whole")
    before = roles_of(main, "worker")
    units.system.run("chmod", "go-w", "/run")
    units.write(more="socket_group: www-data\ntrusted_proxies: [unix]\n",
                base=units.parts.settings().replace("listen: [", "listen: [unix:/run/postern-proxy/http.sock, "))
    units.systemctl("reload", "postern.service")
    wait_for(lambda: not before & roles_of(main, "worker"), 60, "workers of before to end")
    assert units.system.run("stat", "-c", "%U:%G %a", "/run/postern-proxy/http.sock").stdout.strip() == "root:www-data 660"
    units.postern("upgrade")
    assert units.system.main_pid("postern.service") == main
    wait_for(lambda: len(roles_of(main, "worker")) == 2 and units.is_ready(), 60, "those of before the upgrade to be gone")
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), JUERGEN), JUERGEN)
    units.write(more="no_such_setting: 1\n")
    assert units.systemctl("reload", "postern.service", check=False).returncode != 0
    units.write()
    assert units.systemctl("is-active", "postern.service").stdout == "active\n"
    units.systemctl("stop", "postern.service")
    units.systemctl("start", "postern.target")
    wait_for(units.is_ready, 60, "the units are ready again")
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), JUERGEN), JUERGEN)


@pytest.fixture
def tree(units):
    units.systemctl("start", "postern.service")
    try:
        wait_for(units.is_ready, 60, "the tree is ready")
        yield units
    finally:
        units.write()
        units.systemctl("stop", "postern.service")
        units.systemctl("start", "postern.target")
        wait_for(units.is_ready, 60, "the units are ready again")


@contextlib.contextmanager
def ending_slowly(units, *names):
    for name in names:
        units.system.drop_in(name, "[Service]\nExecStop=/bin/sleep 2\n")
    units.systemctl("daemon-reload")
    try:
        yield
    finally:
        for name in names:
            units.system.drop_in(name, "")
        units.systemctl("daemon-reload")


def test_one_way_to_run_starts_when_the_other_has_ended(units):
    with ending_slowly(units, "postern-worker@.service", "postern.service"):
        units.systemctl("start", "postern.service")
        said = units.system.journal_text()
        assert said.rindex("Stopped postern-worker@1.service") < said.rindex("Starting postern.service")
        units.systemctl("start", "postern.target")
    assert units.systemctl("is-active", "postern.service", check=False).stdout == "inactive\n"
    wait_for(units.is_ready, 60, "the units are ready again")


def test_what_cannot_be_read_yet_is_read_as_soon_as_it_can(tree):
    def tried():
        return int(tree.system.show("postern.service", "NRestarts"))

    tree.write(more="no_such_setting: 1\n")
    tree.systemctl("restart", "postern.service", check=False)
    before = tried()
    wait_for(lambda: tried() >= before + 7, 120, "more starts than systemd takes by itself")
    tree.write()
    wait_for(tree.is_ready, 60, "the tree is ready")


PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


@contextlib.contextmanager
def hanging(pids):
    """Processes that answer to nothing but SIGKILL: systemd sends SIGCONT with SIGTERM, so SIGSTOP is none of that."""
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in pids:
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            assert libc.ptrace(*map(ctypes.c_long, (request, pid, 0, 0))) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(pid, 0)
    # whoever traces a process hears first that it has ended
    reapers = [threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True) for pid in pids]
    for reaper in reapers:
        reaper.start()
    yield
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for reaper in reapers:
        reaper.join(10)


def test_a_role_that_hangs_does_not_keep_the_sockets_of_a_parent_that_was_killed(tree):
    main = tree.system.main_pid("postern.service")
    with hanging(roles_of(main, "worker")):
        os.kill(main, signal.SIGKILL)
        wait_for(lambda: tree.system.main_pid("postern.service") not in (None, main), 60, "another parent")
    wait_for(tree.is_ready, 60, "the tree is ready again")


def restarts_a_worker(tree, main):
    worker = min(roles_of(main, "worker"))
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: len(roles_of(main, "worker") - {worker}) == 2, 60, "another worker")


def test_an_upgrade_for_which_the_service_may_not_make_the_folders_is_refused(tree):
    main = tree.system.main_pid("postern.service")
    base = tree.parts.settings().replace(f"state_dir: {tree.parts.folder}/state", "state_dir: /var/lib/postern/other")
    tree.write(base=base)
    os.kill(main, signal.SIGUSR2)
    wait_for(lambda: "/var/lib/postern/other: this folder is missing, and can be made when the service starts" in
             tree.system.journal_text(), 60, "the refusal")
    restarts_a_worker(tree, main)
    assert "did not take it over: /var/lib/postern/other: this folder is missing" in tree.postern("upgrade", check=False).stderr
    # as the package does it before an upgrade
    assert "commands will not find" not in tree.postern("prepare", "--tree").stderr
    tree.postern("upgrade")
    assert tree.system.main_pid("postern.service") == main
    wait_for(lambda: len(roles_of(main, "worker")) == 2 and tree.is_ready(), 60, "those of before the upgrade to be gone")
    restarts_a_worker(tree, main)


def test_what_the_roles_have_is_not_given_away_while_they_run(tree):
    tree.system.run("chown", "postern-scim", "/var/lib/postern/scim")
    done = tree.postern("prepare", "--tree", check=False)
    assert done.returncode == 1 and "/var/lib/postern/scim: is of user" in done.stderr
    assert tree.system.run("stat", "-c", "%U", "/var/lib/postern/scim").stdout == "postern-scim\n"
    tree.systemctl("restart", "postern.service")
    assert tree.system.run("stat", "-c", "%U", "/var/lib/postern/scim").stdout == "postern\n"


def test_a_role_is_killed_as_whom_it_was_started_after_an_upgrade_too(tree):
    """The keys roles' user was made since: those of before are not his."""
    def users(action):
        tree.system.run("sed", "-i", action, "/etc/passwd")

    users("s/^postern-keys:/was-postern-keys:/")
    try:
        tree.systemctl("restart", "postern.service")
        main = tree.system.main_pid("postern.service")
        roles = users_of_roles(main)
        assert roles["keys"] == roles["worker"]
    finally:
        users("s/^was-postern-keys:/postern-keys:/")
    before = roles_of(main, "keys")
    os.kill(min(before), signal.SIGSTOP)
    tree.postern("upgrade")
    wait_for(lambda: not before & roles_of(main, "keys"), 60, "those of before to be gone")
    assert users_of_roles(main)["keys"].isdisjoint(roles["keys"])


def test_the_settings_name_another_runtime_dir_and_nothing_is_given_away_beside_the_service(tree):
    tree.system.run("chown", "postern-scim", "/var/lib/postern/scim")
    base = tree.parts.settings().replace(f"runtime_dir: {tree.parts.folder}/run", "runtime_dir: /run/postern-other")
    tree.write(base=base)
    done = tree.postern("prepare", "--tree", "--beside", check=False)
    assert done.returncode == 1 and "/var/lib/postern/scim: is of user" in done.stderr
    assert tree.system.run("stat", "-c", "%U", "/var/lib/postern/scim").stdout == "postern-scim\n"
    tree.write()


def test_another_user_serves_when_all_was_given_to_him(units):
    def give(owner):
        units.system.run("chown", "-R", f"{owner}:", "/var/lib/postern", "/run/postern")
        units.system.run("chown", "root:", "/var/lib/postern/cookie.secret")

    units.systemctl("stop", "postern.target")
    units.system.run("useradd", "--system", "--user-group", "other")
    units.system.drop_in("postern.service", "[Service]\nSupplementaryGroups=\nSupplementaryGroups=other\n")
    units.systemctl("daemon-reload")
    (units.etc / "postern.yaml").write_text(units.settings().replace("user: postern\n", "user: other\n"))
    try:
        assert units.systemctl("start", "postern.service", check=False).returncode != 0
        assert "/var/lib/postern: belongs to user " in units.system.journal_text()
        give("other")
        units.systemctl("restart", "postern.service")
        wait_for(units.is_ready, 60, "the tree is ready")
        assert_signed_on(units.parts, sign_on(units.parts, Browser(), MAYA), MAYA)
    finally:
        units.systemctl("stop", "postern.service")
        give("postern")
        units.system.drop_in("postern.service", "")
        units.systemctl("daemon-reload")
        units.write()
        units.systemctl("start", "postern.target")
    wait_for(units.is_ready, 60, "the units are ready again")
