# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd of our own, in namespaces: PID 1, its journal, and our units under their real restrictions.

It sees the machine's files through an overlay and its network as it is, and
knows no units but those it is given.  Needs root.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# What systemd itself needs to run services and to end.
OF_SYSTEMD = ("basic.target", "sysinit.target", "sockets.target", "shutdown.target", "network.target", "nss-lookup.target",
              "multi-user.target", "systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
              "-.slice", "system.slice")


def can_boot():
    return os.geteuid() == 0 and all(shutil.which(p) for p in ("unshare", "nsenter", "systemctl", "systemd-sysusers"))


# Of a build that was configured without one.
PREFIX = "/usr/local"


def our_units(build):
    units = ROOT / "systemd"
    return sorted([*(build / "systemd").glob("*.service"), *units.glob("*.target"), *units.glob("*.socket")])


def cgroup_root():
    """The hierarchy that systemd keeps its units in."""
    return CGROUPS if (CGROUPS / "cgroup.procs").exists() else CGROUPS / "systemd"


class Booted:
    def __init__(self, folder, build, shared):
        """shared: {place in the container: folder of the machine}."""
        self.folder, self.build, self.shared = pathlib.Path(folder), pathlib.Path(build), shared
        self.log_path = self.folder / "systemd.log"
        self.cgroup = cgroup_root() / f"postern-test-{os.getpid()}-{time.monotonic_ns()}"
        self.process = self.init = None
        for name in ("root", "over", "units"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "systemd/postern.sysusers", self.folder / "sysusers.conf")
        shutil.copy(self.build / "postern", self.folder)
        for name in OF_SYSTEMD:
            source = pathlib.Path("/lib/systemd/system") / name
            if source.exists():
                shutil.copy(source, self.folder / "units")
        wants = self.folder / "units/sysinit.target.wants"
        wants.mkdir()
        for name in OF_SYSTEMD:
            if "journald" in name:
                (wants / name).symlink_to(f"../{name}")
        for unit in our_units(self.build):
            text = unit.read_text().replace(f"{PREFIX}/etc/postern/", "/etc/postern/")
            (self.folder / "units" / unit.name).write_text(text)

    def drop_in(self, unit, text):
        folder = self.folder / "units" / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)

    def boot(self, seconds=60):
        self.cgroup.mkdir()
        log = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            ["timeout", "-s", "KILL", "600", "sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"',
             str(self.cgroup), "unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--kill-child",
             str(HERE / "booted.sh"), str(self.folder),
             *[f"{source}:{place}" for place, source in self.shared.items()]],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.init = self.find_init()
            if self.init and self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"):
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError("systemd does not run:\n" + self.log_path.read_text(errors="replace")[-4000:])

    def find_init(self):
        """The first process of the namespaces, by its id outside of them."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
                if "\nNSpid:" not in text or pathlib.Path(status.parent, "cgroup").read_text().find(self.cgroup.name) < 0:
                    continue
                inner = text.split("\nNSpid:")[1].split("\n")[0].split()
                if len(inner) == 2 and inner[1] == "1" and text.startswith("Name:\tsystemd\n"):
                    return int(inner[0])
            except OSError:
                continue
        return None

    def run(self, *command, check=True, seconds=60):
        done = subprocess.run(["nsenter", "-t", str(self.init), "-m", "-p", "-u", "-i", "-C", *[str(c) for c in command]],
                              capture_output=True, text=True, timeout=seconds)
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}\n{self.journal_text()[-6000:]}")
        return done

    def journal(self, *matches):
        out = self.run("journalctl", "-o", "json", "--no-pager", "-q", *matches, check=False).stdout
        return [json.loads(line) for line in out.splitlines()]

    def journal_text(self):
        return self.run("journalctl", "-o", "short-precise", "--no-pager", "-q", check=False).stdout

    def show(self, unit, key):
        return self.run("systemctl", "show", "-P", key, unit).stdout.strip()

    def main_pid(self, unit):
        """As this machine sees it."""
        inner = self.show(unit, "MainPID")
        if inner == "0":
            return None
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
                if pathlib.Path(status.parent, "cgroup").read_text().find(self.cgroup.name) >= 0 and \
                        text.split("\nNSpid:")[1].split("\n")[0].split()[1:] == [inner]:
                    return int(status.parent.name)
            except (OSError, IndexError):
                continue
        return None

    def close(self):
        if self.process:
            if self.init and os.path.exists(f"/proc/{self.init}"):
                os.kill(self.init, 9)
            else:
                self.process.kill()
            self.process.wait(10)
        for _ in range(50):
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            if not self.cgroup.exists():
                return
            time.sleep(0.1)
        print(f"{self.cgroup} cannot be removed", file=sys.stderr)
