# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine's own root, as a copy that forgets: an overlay in a mount namespace, to install packages in.

What a command writes stays in a tmpfs and goes away with the namespace. No systemd runs in it; a stand-in for
`systemctl` writes down what packages ask of it.
"""
import pathlib
import shlex
import subprocess
import tempfile

SETUP = """
set -e
mount -t tmpfs -o size=1g,mode=755 root "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" root "$1/root"
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs run "$1/root/run"
mkdir "$1/root/packages" "$1/root/run/systemd" "$1/root/run/systemd/system"
printf '#!/bin/sh\\necho "$*" >>/run/systemctl.log\\n' >"$1/root/usr/bin/systemctl.new"
chmod 755 "$1/root/usr/bin/systemctl.new"
mv "$1/root/usr/bin/systemctl.new" "$1/root/usr/bin/systemctl"
rm -f "$1/root/usr/sbin/policy-rc.d"
echo ready
exec sleep 600
"""


class DebianRoot:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-root-"))
        self.keeper = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", SETUP, "sh", str(self.folder)],
                                       stdout=subprocess.PIPE, text=True)
        assert self.keeper.stdout.readline() == "ready\n", "no overlay could be mounted here"
        self.root = pathlib.Path(f"/proc/{self.keeper.pid}/root{self.folder}/root")

    def run(self, command, check=True):
        """A shell command within; what it says, both streams."""
        within = ["nsenter", "-t", str(self.keeper.pid), "-m", "chroot", f"{self.folder}/root", "sh", "-c", command]
        done = subprocess.run(within, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def add(self, path):
        """A package from outside; its path within."""
        (self.root / "packages" / path.name).write_bytes(path.read_bytes())
        return shlex.quote(f"/packages/{path.name}")

    def asked_of_systemd(self):
        """What packages asked of systemctl since the last call."""
        log = self.root / "run/systemctl.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def close(self):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()
        self.folder.rmdir()
