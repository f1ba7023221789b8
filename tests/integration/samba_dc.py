# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain controller of Samba's for tests: in namespaces of its own, asked through a socket in its folder.

Its ports are fixed, and it wants its own host name: so mounts, network and
host name are its own.  Needs root, as the namespaces do.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

PASSWORD = "Secret.12"
SUFFIX = "DC=example,DC=test"
ADMIN = f"CN=Administrator,CN=Users,{SUFFIX}"

START = """
set -e
ip link set lo up
hostname dc1
mount --bind {folder}/hosts /etc/hosts
samba-tool domain provision --targetdir={folder}/dc --realm=EXAMPLE.TEST --domain=EXAMPLE --server-role=dc --dns-backend=NONE \
	--host-name=dc1 --host-ip=127.0.0.1 --adminpass={password} --option='interfaces=lo' --option='bind interfaces only=yes' \
	--option='server services = ldap'
mkdir -p {folder}/run/ncalrpc {folder}/log
exec samba -F --no-process-group --debug-stdout -s {folder}/dc/etc/smb.conf --option='ldap server require strong auth = no' \
	--option='dsdb:schema update allowed = yes' \
	--option='pid directory = {folder}/run' --option='ncalrpc dir = {folder}/run/ncalrpc' --option='log file = {folder}/log/%m'
"""


class SambaDC:
    def __init__(self):
        # short, since a socket's path has at most 107 bytes
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-dc-", dir="/tmp"))
        self.socket = self.folder / "dc/private/ldapi"
        self.uri = "ldapi://" + urllib.parse.quote(str(self.socket), safe="")
        self.process = None

    @staticmethod
    def is_there():
        return os.geteuid() == 0 and all(shutil.which(p) for p in ("samba", "samba-tool", "unshare", "ip", "ldapmodify"))

    def start(self):
        (self.folder / "hosts").write_text("127.0.0.1 dc1.example.test dc1 localhost\n")
        script = START.format(folder=self.folder, password=PASSWORD)
        log = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(["timeout", "-s", "TERM", "600", "unshare", "-m", "-n", "-u", "sh", "-c", script],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, "samba did not start:\n" + self.output()[-3000:]
            time.sleep(0.2)
        return self

    def output(self):
        return (self.folder / "output").read_text(errors="replace")

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.socket))
            except OSError:
                return False
        return subprocess.run(["ldapsearch", "-x", "-LLL", "-H", self.uri, "-b", "", "-s", "base", "dsServiceName"],
                              capture_output=True, timeout=10).returncode == 0

    def close(self):
        if self.process and self.process.poll() is None:
            # samba's processes are in the session that was begun for them
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def change(self, ldif):
        done = subprocess.run(["ldapmodify", "-x", "-H", self.uri, "-D", ADMIN, "-w", PASSWORD], input=ldif.encode(),
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()

    def search(self, base, *arguments):
        done = subprocess.run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", self.uri, "-D", ADMIN, "-w", PASSWORD,
                               "-b", base, *arguments], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def tool(self, *arguments):
        done = subprocess.run(["samba-tool", *arguments, "-H", str(self.folder / "dc/private/sam.ldb")], capture_output=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr.decode()
