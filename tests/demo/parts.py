# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a sign-on as processes: slapd, the demo's Entra ID and doors, and Postern.

Used by the quickstart and by the integration tests.  Everything listens on
127.0.0.1, lives in one folder, writes its log there, and is ended by its
process id when the `Parts` that started it is closed.
"""
import atexit
import fcntl
import functools
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import company  # noqa: E402

SLAPD = "/usr/sbin/slapd"
# A person's first choice when nothing else uses it, so that addresses stay the same from run to run.
USUAL_PORTS = {"postern": 8460, "entra": 8461, "managed": 8462, "portal": 8463, "slapd": 8464}


class PartFailed(Exception):
    pass


# Below those that the kernel gives to whoever asks for none: nobody gets one while its part does not listen, or not yet.
PORTS = range(15000, 32768)
# Of this file each process locks the byte of each port that it gave, until it ends; tests/integration/slapd.c does the same.
PORTS_FILE = "/tmp/postern-test-ports"
given_ports, giving = set(), threading.Lock()


@functools.cache
def ports_file():
    """Opened once, for all locks are lost when one is closed."""
    try:
        return os.open(PORTS_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        made = os.open(PORTS_FILE, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o666)
        os.fchmod(made, 0o666)
        return made


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(wanted=0):
    """A port of 127.0.0.1: the wanted one if nobody has it, else one that was given to nobody who lives."""
    if wanted and is_free(wanted):
        return wanted
    with giving:
        while True:
            port = random.choice(PORTS)
            try:
                fcntl.lockf(ports_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError:
                continue
            if port not in given_ports and is_free(port):
                given_ports.add(port)
                return port


def answers_tcp(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def http_status(port, host, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def run(*command, **options):
    """A command that must succeed; what it said when it does not."""
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        raise PartFailed(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}")
    return result.stdout


class Part:
    """One process with a log."""

    def __init__(self, folder, name, command):
        self.name, self.log, self.command = name, folder / f"{name}.log", [str(c) for c in command]
        self.process, self.complained = None, False

    def start(self, ready, seconds=60):
        with open(self.log, "ab") as log:
            # Nobody is left behind, even if we are killed outright.
            command = ["setpriv", "--pdeathsig", "TERM", "--", *self.command]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(ready, seconds, f"{self.name} to answer", self)
        except PartFailed:
            self.stop()
            raise
        return self

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=60):
        """Asks, waits, then insists.  Returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.stdin.close()
        status = self.process.wait()
        # in a build with sanitizers, see HACKING.md; once is enough
        if not self.complained and re.search(r"\w+Sanitizer: |runtime error: ", self.log.read_text(errors="replace")):
            self.complained = True
            raise PartFailed(f"a sanitizer complains of {self.name}:\n{self.tail(200)}")
        return status

    def tail(self, lines=40):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def wait_for(condition, seconds, what, part=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        if part is not None and not part.is_alive():
            raise PartFailed(f"{part.name} ended with status {part.process.poll()}:\n{part.tail()}")
        time.sleep(0.02)
    raise PartFailed(f"waited {seconds} s for {what}" + (f":\n{part.tail()}" if part else ""))


def make_key(folder, name, common_name, days=30):
    """A new RSA key and a certificate for it, as an administrator makes them."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", days,
        "-subj", f"/CN={common_name}", "-keyout", key, "-out", certificate)
    key.chmod(0o600)
    return key, certificate


SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {folder}/slapd.pid
sizelimit unlimited
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw {admin_password}
directory {folder}/slapd
maxsize 268435456
index objectClass,entryUUID,entryCSN,member,uid,mail,employeeNumber eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by anonymous auth by * none
overlay syncprov
syncprov-checkpoint 100 5
syncprov-sessionlog 1000
"""


SETTINGS = """\
public_url: {postern_url}
health_networks: 127.0.0.1
listen: [127.0.0.1:{port}]
state_dir: {folder}/state
runtime_dir: {folder}/run
key: {folder}/signing.key
certificate: {folder}/signing.crt
claimed_domains: [{staff_domain}]
# the same few people are signed on again and again
limits: {{sign_ons: off}}

identity_providers:
  entra:
    metadata: {metadata}
    tenant: {tenant}

connections:
  organisation:
    kind: managed
    entity_id: {managed_entity_id}
    acs: {managed_acs}
    start: http://{managed_site}/
    attributes:
      groups: {{groups: "jira-*"}}
  helpdesk:
    kind: portal
    entity_id: {portal_entity_id}
    acs: {portal_acs}
    home: {portal_home}

directories:
  corp:
    uri: ldap://127.0.0.1:{slapd_port}
    bind_dn: {service_dn}
    password_file: {folder}/ldap.password
    people: {{base: "ou=people,{suffix}", filter: (objectClass=inetOrgPerson)}}
    groups: {{base: "ou=groups,{suffix}", filter: (objectClass=groupOfNames), member: member}}
    disabled: employeeType=disabled
    join: {{objectidentifier: employeeNumber}}

rules:
  - {{name: agents,    when: "member of 'cn=jira-agents,ou=groups,{suffix}'", outcome: licensed}}
  - {{name: employees, when: "member of 'cn=all-staff,ou=groups,{suffix}'", outcome: customer}}
  - {{name: partners,  when: "member of 'cn=partners,ou=groups,{suffix}'", outcome: portal, at: [helpdesk], guests: yes}}
require:
  - {{name: agents-use-mfa, for: licensed, when: "mfa", else: "Please sign in with a second factor."}}
otherwise: {{ask: it-access@{staff_domain}}}

go:
  help:
    licensed: http://{managed_site}/jira/for-you
    customer: http://{managed_site}/servicedesk/customer/portals
    portal: helpdesk
"""


class Parts:
    """The company's directory and both demo peers, and Postern between them."""

    # Of the keys' certificates: so near that alarms are on, which tests look at.
    days = 30

    def __init__(self, folder, build, usual_ports=False):
        self.folder, self.build = pathlib.Path(folder), pathlib.Path(build)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = {name: free_port(usual if usual_ports else 0) for name, usual in USUAL_PORTS.items()}
        self.started = []
        self.slapd = self.entra = self.managed = self.portal = self.postern = None
        atexit.register(self.close)

    # Tests: what to do with the folder when everything has ended.
    ended = staticmethod(lambda folder: None)

    # ---- names: each a site of its own to a browser ----

    def host(self, label, port_name):
        return f"{label}.localhost:{self.ports[port_name]}"

    @property
    def postern_url(self):
        return "http://" + self.host("sso", "postern")

    @property
    def entra_url(self):
        return "http://" + self.host("entra", "entra")

    @property
    def managed_login(self):
        return self.host("auth", "managed")

    @property
    def managed_site(self):
        return self.host("example-site", "managed")

    @property
    def portal_login(self):
        return self.host("portal-login", "portal")

    @property
    def portal_site(self):
        return self.host("help", "portal")

    @property
    def portal_home(self):
        return f"http://{self.portal_site}/servicedesk/customer/portals"

    DOORS = {
        "managed": ("saml/demo-org", "/login/callback?connection=saml-demo-org"),
        "portal": ("saml/demo-help", "/customer/user/saml/acs?site=demo-help&v=1"),
    }

    def entity_id(self, kind):
        return f"http://{self.managed_login if kind == 'managed' else self.portal_login}/{self.DOORS[kind][0]}"

    def acs(self, kind):
        return f"http://{self.managed_login if kind == 'managed' else self.portal_login}{self.DOORS[kind][1]}"

    # ---- the parts ----

    def start_part(self, name, command, ready, seconds=60):
        part = Part(self.folder, name, command)
        self.started.append(part)
        return part.start(ready, seconds)

    def start_slapd(self):
        data = self.folder / "slapd"
        if not data.exists():
            data.mkdir(mode=0o700)
            (self.folder / "company.ldif").write_text(company.ldif())
            (self.folder / "slapd.conf").write_text(SLAPD_CONF.format(
                folder=self.folder, suffix=company.SUFFIX, admin=company.ADMIN_DN, admin_password=company.ADMIN_PASSWORD,
                service=company.SERVICE_DN))
            (self.folder / "slapd.conf").chmod(0o600)
            run("/usr/sbin/slapadd", "-q", "-w", "-f", self.folder / "slapd.conf", "-l", self.folder / "company.ldif")
        port = self.ports["slapd"]
        # -d keeps it in the foreground, as our child.
        self.slapd = self.start_part("slapd", [SLAPD, "-d", "stats", "-h", f"ldap://127.0.0.1:{port}/", "-f",
                                               self.folder / "slapd.conf"],
                                     lambda: answers_tcp(port))
        return self.slapd

    def start_entra(self, applications=None, sign="assertion", encrypt_for=None):
        """encrypt_for: the certificate's file."""
        key, certificate = make_key(self.folder, "entra", "Demo Federated SSO Certificate", self.days)
        (self.folder / "people.json").write_text(json.dumps(company.in_entra(), ensure_ascii=False))
        applications = applications or [" ".join(f"{self.postern_url}/saml/sp/{end}" for end in ("metadata", "acs/1", "slo"))]
        command = [self.build / "tests/demo/demo-entra", "--listen", f"127.0.0.1:{self.ports['entra']}", "--host",
                   self.host("entra", "entra"), "--tenant", company.TENANT, "--people", self.folder / "people.json", "--key",
                   key,
                   "--certificate", certificate, "--sign", sign]
        command += ["--encrypt-for", encrypt_for] if encrypt_for else []
        for application in applications:
            command += ["--application", application]
        self.entra = self.start_part("entra", command, lambda: answers_tcp(self.ports["entra"]))
        return self.entra

    def entra_metadata_url(self):
        return (f"http://127.0.0.1:{self.ports['entra']}/{company.TENANT}/federationmetadata/2007-06/federationmetadata.xml"
                "?appid=5a0c1c6e-0f4b-4c6e-9d2e-2f6f0f1d9b11")

    def write_entra_metadata(self):
        """The document as a file, fetched as an administrator's browser does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["entra"], timeout=20)
        connection.request("GET", "/metadata", headers={"Host": self.host("entra", "entra")})
        path = self.folder / "entra-metadata.xml"
        path.write_bytes(connection.getresponse().read())
        connection.close()
        return path

    def start_door(self, kind, idp_entity_id=None, idp_sso_url=None, idp_certificate=None):
        login, site = (self.managed_login, self.managed_site) if kind == "managed" else (self.portal_login, self.portal_site)
        command = [
            self.build / "tests/demo/demo-atlassian", "--kind", kind, "--listen", f"127.0.0.1:{self.ports[kind]}",
            "--login-host", login, "--site-host", site, "--entity-id", self.entity_id(kind), "--acs-path", self.DOORS[kind][1],
            "--idp-entity-id", idp_entity_id or f"{self.postern_url}/saml/idp/metadata",
            "--idp-sso-url", idp_sso_url or f"{self.postern_url}/saml/idp/sso",
            "--idp-certificate", idp_certificate or self.folder / "signing.crt",
        ]
        part = self.start_part(kind, command, lambda: answers_tcp(self.ports[kind]))
        setattr(self, kind, part)
        return part

    def settings(self, metadata=None):
        """postern.yaml for these parts, as text."""
        return SETTINGS.format(
            postern_url=self.postern_url, port=self.ports["postern"], folder=self.folder, staff_domain=company.STAFF_DOMAIN,
            tenant=company.TENANT, metadata=metadata or self.entra_metadata_url(), managed_entity_id=self.entity_id("managed"),
            managed_acs=self.acs("managed"), managed_site=self.managed_site, portal_entity_id=self.entity_id("portal"),
            portal_acs=self.acs("portal"), portal_home=self.portal_home, slapd_port=self.ports["slapd"],
            service_dn=company.SERVICE_DN, suffix=company.SUFFIX)

    @property
    def settings_file(self):
        return self.folder / "postern.yaml"

    def write_postern_files(self, settings=None):
        """What an administrator makes before the first start: settings, signing key, password file."""
        make_key(self.folder, "signing", "Postern demo signing", self.days)
        password = self.folder / "ldap.password"
        password.write_text(company.SERVICE_PASSWORD + "\n")
        password.chmod(0o600)
        for name in ("state", "run"):
            (self.folder / name).mkdir(mode=0o750, exist_ok=True)
        self.settings_file.write_text(settings or self.settings())

    def postern_command(self, *arguments):
        return [str(self.build / "postern"), "-c", str(self.settings_file), *arguments]

    def postern_status(self, path):
        return http_status(self.ports["postern"], self.host("sso", "postern"), path)

    def is_ready(self):
        """Each worker answers for itself, within a second of the others, and a connection meets any of them."""
        return all(self.postern_status("/health/ready") == 200 for _ in range(16))

    def start_postern(self, ready=None, seconds=60):
        self.postern = self.start_part("postern", self.postern_command("serve"), ready or self.is_ready, seconds)
        return self.postern

    def start_all(self):
        self.write_postern_files()
        self.start_slapd()
        self.start_entra()
        self.start_door("managed")
        self.start_door("portal")
        self.start_postern()
        return self

    def audit(self):
        """Postern's audit lines so far."""
        path = self.folder / "state/audit/audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def accounts(self, kind):
        """What a door knows: which accounts came to be, and with which attributes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[kind], timeout=20)
        connection.request("GET", "/accounts")
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def close(self):
        atexit.unregister(self.close)
        for part in reversed(self.started):
            part.stop()
        self.ended(self.folder)

    def logs(self):
        return "\n".join(f"---- {part.name} ({part.log}) ----\n{part.tail()}" for part in self.started)
