# SPDX-License-Identifier: GPL-3.0-or-later
"""The units of systemd: judged by systemd-analyze, and run by a systemd of our own under their real restrictions."""
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest

from booted import PREFIX, Booted, can_boot, our_units
from browser import Browser
from entra_provisioning import EntraProvisioning
from parts import Parts, free_port, wait_for
from stories import JUERGEN, MAYA, assert_signed_on, sign_on, to_postern_acs
from test_provisioning import settings_with_accounts


def test_no_unit_is_more_exposed_than_it_must_be(postern_build):
    units = [u for u in our_units(postern_build) if u.suffix == ".service"]
    assert len(units) == 10
    for unit in units:
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True,
                              text=True).stdout
        level = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said).group(1))
        assert level <= 2.0, said


def test_units_verify(postern_build, tmp_path):
    (tmp_path / "postern").symlink_to(postern_build / "postern")
    for unit in our_units(postern_build):
        (tmp_path / unit.name).write_text(unit.read_text().replace(f"{PREFIX}/bin/postern", str(tmp_path / "postern")))
    names = [re.sub("@", "@1", u.name) for u in our_units(postern_build)]
    for name in names:
        if "@1" in name:
            shutil.copy(tmp_path / name.replace("@1", "@"), tmp_path / name)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *[tmp_path / name for name in names]], capture_output=True,
                          text=True, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    about_ours = [line for line in done.stderr.splitlines() if "postern" in line]
    assert done.returncode == 0 and not about_ours, done.stderr


# ---- with a systemd of our own ----


class Units:
    """The company's parts outside, Postern as units inside."""

    def __init__(self, parts, folder):
        self.parts = parts
        self.etc, self.state = folder / "etc", folder / "state"
        for made in (self.etc, self.state):
            made.mkdir(parents=True)
        self.system = Booted(folder / "system", parts.build, {"/etc/postern": self.etc, "/var/lib/postern": self.state})

    def settings(self, more="", workers=2, base=None):
        text = base or self.parts.settings()
        for name, place in (("/state", "/var/lib/postern"), ("/run", "/run/postern"), ("", "/etc/postern")):
            text = text.replace(str(self.parts.folder) + name, place)
        return text + f"user: postern\nworkers: {workers}\n{more}"

    def write(self, **options):
        (self.etc / "postern.yaml").write_text(self.settings(**options))

    def start(self):
        parts = self.parts
        parts.write_postern_files()
        for name in ("signing.key", "signing.crt", "ldap.password"):
            shutil.copy(parts.folder / name, self.etc)
        self.write()
        parts.start_slapd()
        parts.start_entra()
        parts.start_door("managed")
        self.system.boot()
        self.systemctl("start", "postern.target")
        wait_for(self.is_ready, 60, "the units are ready")
        return self

    def is_ready(self):
        return all(self.parts.postern_status("/health/ready") == 200 for _ in range(8))

    def systemctl(self, *words, check=True):
        return self.system.run("systemctl", *words, check=check)

    def postern(self, *words, check=True):
        return self.system.run("/usr/local/bin/postern", "-c", "/etc/postern/postern.yaml", *words, check=check)

    def close(self):
        print(self.system.journal_text()[-8000:] if self.system.init else "")
        self.system.close()


@pytest.fixture(scope="module")
def units(tmp_path_factory, postern_build):
    if not can_boot():
        pytest.skip("only root can run a systemd of its own")
    parts = Parts(tmp_path_factory.mktemp("units-parts"), postern_build)
    units = Units(parts, tmp_path_factory.mktemp("units"))
    try:
        yield units.start()
    finally:
        units.close()
        parts.close()


def test_a_person_signs_on_through_the_units(units):
    page = sign_on(units.parts, Browser(), MAYA)
    assert_signed_on(units.parts, page, MAYA)


def test_the_journal_has_fields(units):
    def entries():
        return units.system.journal("POSTERN_DOOR=organisation", "_SYSTEMD_UNIT=postern-worker@1.service", "+",
                                    "POSTERN_DOOR=organisation", "_SYSTEMD_UNIT=postern-worker@2.service")
    entry = wait_for(entries, 60, "the sign-on in the journal")[-1]
    assert entry["PRIORITY"] == "6" and entry["POSTERN_ROLE"].startswith("worker ") and entry["POSTERN_OUTCOME"] == "licensed"
    assert entry["MESSAGE"].startswith(f"{entry['POSTERN_ROLE']}: signed on id={entry['POSTERN_ID']} ")
    assert re.fullmatch(r"[0-9a-z-]{14}", entry["POSTERN_ID"])
    alarm = units.system.journal("POSTERN_ALARM=key-ends")[-1]
    assert alarm["PRIORITY"] == "3" and alarm["POSTERN_PROVIDER"] == "entra" and "signing key ends" in alarm["POSTERN_DETAIL"]


def user_of(pid):
    """All four of its user ids; the folder in /proc is root's, since it lets nobody look into it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^Uid:\s+(\d+)\s+\1\s+\1\s+\1$", status, re.M).group(1))


def test_each_role_is_a_user_of_its_own_without_rights(units):
    uids = {}
    for unit in ("postern-worker@1", "postern-worker@2", "postern-keys@1", "postern-keys@2", "postern-mirror@corp",
                 "postern-refresh"):
        process = pathlib.Path(f"/proc/{units.system.main_pid(unit)}")
        status = (process / "status").read_text()
        uids[unit] = user_of(units.system.main_pid(unit))
        assert re.search(r"^Cap(Eff|Prm|Bnd|Amb):\s+(?!0+$)", status, re.M) is None, status
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M)
        assert re.search(r"^Max core file size\s+0\s+0", (process / "limits").read_text(), re.M)
    assert 0 not in uids.values() and len(set(uids.values())) == 4
    owners = {"mirror/mirror.mdb": "postern-mirror@corp", "metadata/entra.xml": "postern-refresh", "audit": "postern-worker@1",
              "seen": "postern-worker@1"}
    for name, unit in owners.items():
        assert (units.state / name).stat().st_uid == uids[unit], name
    assert (units.state / "cookie.secret").stat().st_uid == 0
    # who owns the folder above those of the roles can put others in their place
    assert units.system.run("stat", "-c", "%U", "/var/lib/postern").stdout == "postern\n"
    assert (units.state / "mirror/mirror.mdb").stat().st_mode & 0o777 == 0o640
    assert (units.state / "mirror/mirror.mdb-lock").stat().st_mode & 0o777 == 0o660


def inside(units, unit, *command):
    """As the unit's user, among its mounts."""
    pid = units.system.main_pid(unit)
    user = unit.split("@")[0]
    become = ["setpriv", "--reuid", user, "--regid", "postern", "--clear-groups"]
    return subprocess.run(["nsenter", "-t", str(pid), "-m", *become, *command], capture_output=True, text=True)


@pytest.mark.parametrize("path", ["/etc/postern/signing.key", "/etc/postern/ldap.password", "/var/lib/postern/cookie.secret",
                                  "/run/postern-units/current/worker", "/run/postern-units/current/keys",
                                  "/run/postern-units/current/mirror-corp"])
@pytest.mark.parametrize("unit", ["postern-worker@1", "postern-keys@1", "postern-mirror@corp", "postern-refresh"])
def test_no_role_reads_what_is_not_handed_to_it(units, unit, path):
    assert pathlib.Path("/proc", str(units.system.init), "root", path[1:]).exists()
    assert "Permission denied" in inside(units, unit, "cat", path).stderr


def test_a_worker_cannot_write_what_others_answer_for(units):
    for path in ("mirror/mirror.mdb", "metadata/entra.xml"):
        assert "Permission denied" in inside(units, "postern-worker@1", "sh", "-c", f"echo >>/var/lib/postern/{path}").stderr
        assert "Permission denied" in inside(units, "postern-worker@1", "mv", f"/var/lib/postern/{path}", "/tmp/x").stderr
    assert "Read-only file system" in inside(units, "postern-worker@1", "touch", "/usr/x", "/etc/x").stderr
    assert inside(units, "postern-worker@1", "test", "-r", "/var/lib/postern/mirror/mirror.mdb").returncode == 0
    credentials = f"/proc/{units.system.main_pid('postern-worker@1')}/root/run/credentials"
    assert os.listdir(credentials) == ["postern-worker@1.service"], "nor sees that others have any"
    assert os.listdir(f"{credentials}/postern-worker@1.service") == ["files"]


def test_no_worker_is_handed_a_key_and_the_keys_role_sees_nothing_else(units):
    def handed(unit):
        return pathlib.Path(f"/proc/{units.system.main_pid(unit)}/root/run/credentials/{unit}.service/files").read_bytes()

    key = (units.etc / "signing.key").read_bytes().splitlines()[5]
    for unit in ("postern-worker@1", "postern-worker@2", "postern-mirror@corp", "postern-refresh"):
        assert key not in handed(unit)
    assert key in handed("postern-keys@1") and handed("postern-keys@1") == handed("postern-keys@2")
    assert inside(units, "postern-keys@1", "ls", "/var/lib/postern", "/etc/postern").returncode != 0
    network = pathlib.Path(f"/proc/{units.system.main_pid('postern-keys@1')}/net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in network] == ["lo"], "no way out of the host"


def test_nobody_but_the_two_ends_writes_to_their_line(units):
    say = ("import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
           "s.sendto(b'nonsense' * 2, sys.argv[1])")
    for unit, name, may in (("postern-worker@1", "keys-1", True), ("postern-keys@1", "worker-1", True),
                            ("postern-worker@1", "worker-1", False), ("postern-keys@1", "keys-1", False),
                            ("postern-mirror@corp", "keys-1", False), ("postern-refresh", "worker-1", False)):
        done = inside(units, unit, "python3", "-c", say, f"/run/postern-lines/{name}")
        assert (done.returncode == 0) == may, (unit, name, done.stderr)
        assert may or "PermissionError" in done.stderr
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), MAYA), MAYA)


class Asking(threading.Thread):
    """Asks one request after another, each on a connection of its own."""

    def __init__(self, parts):
        super().__init__(daemon=True)
        self.parts, self.answers, self.failures, self.end = parts, 0, [], threading.Event()

    def run(self):
        while not self.end.is_set():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.parts.ports["postern"], timeout=10)
                connection.request("GET", "/health/live", headers={"Host": self.parts.host("sso", "postern")})
                assert connection.getresponse().status == 200
                connection.close()
                self.answers += 1
            except Exception as failure:  # noqa: BLE001: each is a request that was lost
                self.failures.append(repr(failure))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.join(15)


def test_a_reload_restarts_all_and_loses_no_request(units):
    roles = ("postern-worker@1", "postern-worker@2", "postern-keys@1", "postern-keys@2", "postern-mirror@corp",
             "postern-refresh")
    before = {u: units.system.main_pid(u) for u in roles}
    with Asking(units.parts) as asking:
        done = units.postern("reload")
        answers = asking.answers
        wait_for(lambda: asking.failures or asking.answers > answers + 5, 60, "answers after it")
    assert done.stdout == "the new settings are in force\n"
    assert answers and not asking.failures
    assert all(units.system.main_pid(u) not in (None, pid) for u, pid in before.items())
    wait_for(units.is_ready, 60, "the units are ready again")
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), JUERGEN), JUERGEN)


def test_a_bad_setting_leaves_everything_as_it_is(units):
    generation = units.system.run("readlink", "/run/postern-units/current").stdout
    before = [units.system.main_pid(u) for u in ("postern-worker@1", "postern-mirror@corp")]
    try:
        units.write(more="no_such_setting: 1\n")
        done = units.postern("reload", check=False)
        assert done.returncode == 1 and "no_such_setting" in done.stderr
        assert units.systemctl("reload", "postern-prepare.service", check=False).returncode != 0
        taken = socket.create_server(("127.0.0.1", 0))
        units.write(more=f"metrics_listen: 127.0.0.1:{taken.getsockname()[1]}\n")
        assert units.systemctl("reload", "postern-prepare.service", check=False).returncode != 0
        assert "Address already in use" in units.system.journal_text()
        taken.close()
    finally:
        units.write()
    assert units.system.run("readlink", "/run/postern-units/current").stdout == generation
    assert before == [units.system.main_pid(u) for u in ("postern-worker@1", "postern-mirror@corp")]
    assert units.systemctl("is-active", "postern-prepare.service", "postern.target").stdout == "active\nactive\n"


def test_files_that_systemd_would_not_hand_over_are_refused(units):
    """1.2 MiB of metadata: a credential takes one."""
    generation = units.system.run("readlink", "/run/postern-units/current").stdout
    before = [units.system.main_pid(u) for u in ("postern-worker@1", "postern-mirror@corp")]
    url = units.parts.entra_metadata_url()
    with urllib.request.urlopen(url, timeout=10) as answer:
        metadata = answer.read()
    try:
        (units.etc / "large.xml").write_bytes(metadata + b"\n" * ((6 << 20) // 5))
        text = units.settings()
        (units.etc / "postern.yaml").write_text(text.replace(url, "/etc/postern/large.xml"))
        for command in (["reload"], ["prepare", "--folder", "/run/postern-units"]):
            done = units.postern(*command, check=False)
            assert done.returncode == 1, done.stderr
        assert re.search(r"role \w+ is to be handed are 1\d{6} bytes, and systemd takes 1048576", done.stderr), done.stderr
        assert units.systemctl("reload", "postern-prepare.service", check=False).returncode != 0
    finally:
        units.write()
        (units.etc / "large.xml").unlink()
    assert units.system.run("readlink", "/run/postern-units/current").stdout == generation
    left = units.system.run("ls", "/run/postern-units").stdout.split()
    assert [name for name in left if ".files" in name] == [generation.strip()], left
    assert before == [units.system.main_pid(u) for u in ("postern-worker@1", "postern-mirror@corp")]
    assert_signed_on(units.parts, sign_on(units.parts, Browser(), MAYA), MAYA)


def test_a_role_that_dies_or_hangs_is_replaced(units):
    for unit, number in (("postern-worker@1", signal.SIGKILL), ("postern-worker@1", signal.SIGSTOP),
                         ("postern-mirror@corp", signal.SIGKILL), ("postern-keys@1", signal.SIGKILL)):
        pid = units.system.main_pid(unit)
        os.kill(pid, number)
        wait_for(lambda unit=unit, pid=pid: units.system.main_pid(unit) not in (None, pid), 60, "it is replaced")
        wait_for(lambda unit=unit: units.system.show(unit, "ActiveState") == "active", 60, "it is ready")
    assert "Watchdog timeout" in units.system.journal_text()
    wait_for(units.is_ready, 60, "all serve")


def test_keys_roles_that_die_or_hang_cost_no_sign_on(units):
    for number in (signal.SIGKILL, signal.SIGSTOP):
        browser = Browser()
        sign_on(units.parts, browser, MAYA, stop=to_postern_acs(units.parts))
        before = [units.system.main_pid(f"postern-keys@{i}") for i in (1, 2)]
        for pid in before:
            os.kill(pid, number)
        assert_signed_on(units.parts, browser.go(browser.stopped_at), MAYA)
        wait_for(lambda before=before: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in before), 60,
                 "both to be killed")
        wait_for(lambda: all(units.system.show(f"postern-keys@{i}", "ActiveState") == "active" for i in (1, 2)), 60,
                 "both to be replaced")


def test_roles_come_and_go_with_the_settings(units):
    metrics = free_port()
    units.write(more=f"metrics_listen: 127.0.0.1:{metrics}\n", workers=1)
    units.systemctl("reload", "postern-prepare.service")
    text = urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=20).read().decode()
    assert re.search(r'^postern_sign_ons_total\{[^}]*\} [1-9]', text, re.M), "in the memory that workers share with it"
    assert re.search(r'^postern_reloads_total\{result="taken"\} [1-9]', text, re.M), "counted by who prepares"
    assert 'postern_role_restarts_total{role="worker"} 0\n' in text, "there before it was counted"
    assert units.systemctl("is-active", "postern-worker@2", check=False).stdout.strip() == "inactive"
    units.write()
    units.systemctl("reload", "postern-prepare.service")
    wait_for(units.is_ready, 60, "the units are ready again")
    assert units.systemctl("is-active", "postern-worker@2").stdout.strip() == "active"
    gone = units.systemctl("is-active", "postern-metrics.service", "postern-metrics.socket", check=False)
    assert gone.stdout == "inactive\ninactive\n"


class NoAtlassian:
    """Where nobody answers."""

    @staticmethod
    def directory_base():
        return "http://127.0.0.1:1/scim/directory/d1"

    @staticmethod
    def site_base():
        return "http://127.0.0.1:1/site"


def newer_roles(units, port):
    """Settings with a role for accounts at Atlassian and one for what Entra ID provisions, and the files that they name."""
    base = settings_with_accounts(units.parts, NoAtlassian(), metadata=units.parts.entra_metadata_url())
    for name in ("scim.key", "site.token"):
        shutil.copy(units.parts.folder / name, units.etc)
    units.write(base=base.replace("\ndirectories:\n", "\ndirectories:\n  entra: {kind: scim, attributes: [department]}\n"),
                more=f"scim_listen: 127.0.0.1:{port}\nscim_url: https://scim.example.org\n")


def test_accounts_and_provisioning_are_units_too(units):
    port, newer = free_port(), ("postern-provision", "postern-scim", "postern-mirror@entra")
    newer_roles(units, port)
    try:
        said = units.postern("scim", "token", "new", "first").stdout
        entra = EntraProvisioning(port, "scim.example.org", re.search(r"Secret token\s+(\S+)", said).group(1))
        units.systemctl("reload", "postern-prepare.service")
        assert units.systemctl("is-active", *newer).stdout == "active\n" * 3
        assert entra.test_connection() == []
        entra.assign(MAYA["id"], userName=MAYA["upn"], mail=MAYA["mail"], displayName=MAYA["name"])
        assert entra.cycle() == 0, entra.failures
        before = {u: units.system.main_pid(u) for u in newer}
        assert units.postern("reload").stdout == "the new settings are in force\n"
        assert units.systemctl("is-active", *newer).stdout == "active\n" * 3
        assert all(units.system.main_pid(u) not in (None, pid) for u, pid in before.items())
        assert entra.find("Users", f'userName eq "{MAYA["upn"]}"'), "what was sent before is there"
        owners = {"scim": "postern-scim", "provision": "postern-provision", "accounts": "postern-provision"}
        for name, unit in owners.items():
            assert (units.state / name).stat().st_uid == user_of(units.system.main_pid(unit)), name
    finally:
        units.write()
        units.systemctl("reload", "postern-prepare.service")
    gone = units.systemctl("is-active", *newer, "postern-scim.socket", check=False)
    assert gone.stdout == "inactive\n" * 4
    wait_for(units.is_ready, 60, "the units are ready again")


def test_the_target_stops_and_starts_all(units):
    units.systemctl("stop", "postern.target")
    wait_for(lambda: units.systemctl("list-units", "--plain", "--no-legend", "--state=active", "postern*").stdout == "", 60,
             "the last of them to end")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", units.parts.ports["postern"]), 1)
    units.systemctl("start", "postern.target")
    wait_for(units.is_ready, 60, "the units are ready again")
