# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what a whole sign-on costs, as a ratio to the RSA floor of the same run.

Starts a real slapd with 2,000 people (8 groups each, nested), `postern serve`
and no other peer: Entra's side is played by tests/bench/sign_on_load, outside
of what is measured.  CPU is that of all Postern processes, from /proc.  The
floor is one RSA-2048 signature and one verification (two private operations
and one verification where assertions are encrypted).  sign_on_load measures it
between batches of a hundred sign-ons a client, so that what slows the machine down for a
moment slows both.  Nothing here fails by the clock: it prints, a person judges.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "demo"), str(HERE.parent)]

import company  # noqa: E402
import parts as demo  # noqa: E402

PEOPLE, GROUPS, GROUPS_EACH = 2000, 200, 8
ISSUER = "https://sts.windows.net/" + company.TENANT + "/"

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
</KeyInfo>
</KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
 Location="https://login.example.net/saml2"/>
</IDPSSODescriptor></EntityDescriptor>"""


# What the bare server answers: an address with a request, as Postern sends it, and as many bytes as a signed Response has.
BARE_REQUEST = """<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
ID="_0123456789abcdef0123456789abcdef" Version="2.0" IssueInstant="{now}" AssertionConsumerServiceURL="{acs}"><saml:Issuer \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer></samlp:AuthnRequest>"""


def object_id(i):
    return str(uuid.UUID(int=0x1000_0000_0000_4000_8000_0000_0000_0000 + i))


def person_dn(i):
    return f"uid=person{i},ou=people,{company.SUFFIX}"


def ldif():
    """People in 8 groups each; every group is in jira-agents or all-staff, so that membership is found through nesting."""
    lines = [company.ldif_base() if hasattr(company, "ldif_base") else base_ldif()]
    for i in range(PEOPLE):
        lines.append(f"dn: {person_dn(i)}\nobjectClass: inetOrgPerson\nuid: person{i}\ncn: Person {i}\nsn: Number {i}\n"
                     "givenName: Person\n"
                     f"displayName: Person {i}\nmail: person{i}@{company.STAFF_DOMAIN}\nemployeeNumber: {object_id(i)}\n")
    members = [[] for _ in range(GROUPS)]
    for i in range(PEOPLE):
        for k in range(GROUPS_EACH):
            members[(i * 7 + k * 23) % GROUPS].append(person_dn(i))
    for g in range(GROUPS):
        lines.append(f"dn: cn=team{g},ou=groups,{company.SUFFIX}\nobjectClass: groupOfNames\ncn: team{g}\n" +
                     "".join(f"member: {m}\n" for m in members[g]))
    for name in ("jira-agents", "all-staff", "partners"):
        inner = "".join(f"member: cn=team{g},ou=groups,{company.SUFFIX}\n"
                        for g in range(GROUPS) if name != "partners" or g == 0)
        lines.append(f"dn: cn={name},ou=groups,{company.SUFFIX}\nobjectClass: groupOfNames\ncn: {name}\n{inner}")
    return "\n".join(lines)


def base_ldif():
    dc = company.SUFFIX.split(",")[0].split("=")[1]
    text = f"dn: {company.SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: {dc}\no: Bench\n\n"
    for ou in ("people", "groups", "services"):
        text += f"dn: ou={ou},{company.SUFFIX}\nobjectClass: organizationalUnit\nou: {ou}\n\n"
    rdn, value = company.SERVICE_DN.split(",")[0].split("=")
    text += (f"dn: {company.SERVICE_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n{rdn}: {value}\n"
             f"userPassword: {company.SERVICE_PASSWORD}\n")
    return text


def processes(root):
    """The parent and everything below it."""
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                queue += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            pass
    return found


def cpu_us(pids):
    """Run time of all of them, from the scheduler: nanoseconds, not clock ticks."""
    total = 0
    for pid in pids:
        try:
            total += int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            pass
    return total / 1000


def workers(root):
    return [p for p in processes(root) if b"worker" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]


def memory_kib(pid):
    """Private memory, and how much of it is the process's own.

    The rest are pages of claims.mdb that the kernel has yet to write.
    """
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return [int(re.search(field + r":\s+(\d+)", text).group(1)) for field in ("Private_Dirty", "Anonymous")]


def memory_folder():
    """The runtime folder, as in production (RuntimeDirectory= of systemd), in memory where there is such a file system."""
    return tempfile.mkdtemp(prefix="postern-bench-run-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def go_first():
    """The client's threads, where that is allowed: what is timed is the service, not a client that waits for a core."""
    try:
        os.nice(-10)
    except PermissionError:
        pass


class Bench:
    """The company, its directory and Postern; `more` is added to the settings."""

    def __init__(self, build, folder, more=""):
        self.build = pathlib.Path(build)
        company.ldif = ldif
        self.parts = demo.Parts(folder, build)
        key, certificate = demo.make_key(self.parts.folder, "bench-idp", "Bench identity provider")
        self.key, self.certificate = key, certificate
        one_line = "".join(line for line in certificate.read_text().splitlines() if "CERTIFICATE" not in line)
        metadata = self.parts.folder / "bench-idp.xml"
        metadata.write_text(METADATA.format(issuer=ISSUER, certificate=one_line))
        self.runtime = memory_folder()
        settings = re.sub(r"\nrequire:\n.*?\n(?=\w)", "\n", self.parts.settings(metadata=metadata), flags=re.S)
        settings = settings.replace(f"runtime_dir: {self.parts.folder}/run\n", f"runtime_dir: {self.runtime}\n")
        decryption_key, self.encrypt_for = demo.make_key(self.parts.folder, "decryption", "Bench decryption")
        settings += f"\ndecryption_keys:\n  - {{key: {decryption_key}, certificate: {self.encrypt_for}}}\n{more}"
        self.parts.write_postern_files(settings)
        self.ids = self.parts.folder / "object-ids"
        self.ids.write_text("\n".join(object_id(i) for i in range(PEOPLE)) + "\n")

    def start(self):
        self.parts.start_slapd()
        self.started = time.monotonic()
        self.parts.start_postern(seconds=60)
        self.ready_seconds = time.monotonic() - self.started

    @property
    def root(self):
        return self.parts.postern.process.pid

    def close(self):
        self.parts.close()
        shutil.rmtree(self.runtime, ignore_errors=True)

    def workers_us(self):
        return [cpu_us([pid]) for pid in sorted(workers(self.root))]

    def command(self, count, clients, port):
        p = self.parts
        return [self.build / "tests/bench/sign_on_load", "--host", p.host("sso", "postern"), "--port", port,
                "--sp-entity", f"{p.postern_url}/saml/sp/metadata", "--acs", f"{p.postern_url}/saml/sp/acs/1", "--acs-path",
                "/saml/sp/acs/1", "--issuer", ISSUER, "--tenant", company.TENANT, "--door-entity", p.entity_id("managed"),
                "--door-acs", p.acs("managed"), "--key", self.key, "--certificate", self.certificate, "--object-ids",
                self.ids, "--clients", clients, "--count", count]

    def bare(self, count, clients=8):
        """The same load on processes that do the RSA operations alone: p99 and p50 of the machine and the clients."""
        p = self.parts
        xml = BARE_REQUEST.format(now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), acs=p.acs("managed"),
                                  issuer=p.entity_id("managed"))
        pack = zlib.compressobj(9, zlib.DEFLATED, -15)
        query = urllib.parse.urlencode({"SAMLRequest": base64.b64encode(pack.compress(xml.encode()) + pack.flush()),
                                        "RelayState": "bare"})
        body = '<input name="SAMLResponse" value="' + "A" * 7000 + '">'
        first, second = self.parts.folder / "bare-first", self.parts.folder / "bare-second"
        first.write_text(f"HTTP/1.1 302 Found\r\nLocation: https://login.example.net/saml2?{query}\r\n"
                         "Set-Cookie: bare=" + "A" * 800 + "; Secure\r\nContent-Length: 0\r\n\r\n")
        second.write_text(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        server = subprocess.Popen([self.build / "tests/bench/bare_server", self.key, str(len(workers(self.root))), str(clients),
                                   first, second], stdout=subprocess.PIPE, text=True)
        try:
            command = self.command(count, clients, int(server.stdout.readline()))
            return json.loads(subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True,
                                             preexec_fn=go_first).stdout)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def load(self, count, clients=8, encrypted=False, client=None):
        p = self.parts
        command = self.command(count, clients, p.ports["postern"]) + (["--encrypt-for", self.encrypt_for] if encrypted else [])
        command += ["--client", client] if client else []
        before, each_before = cpu_us(processes(self.root)), self.workers_us()
        result = subprocess.run([str(c) for c in command], capture_output=True, text=True, preexec_fn=go_first)
        spent = cpu_us(processes(self.root)) - before
        each = [after - was for was, after in zip(each_before, self.workers_us())]
        if not result.stdout.startswith("{"):
            raise SystemExit(result.stderr + p.logs())
        report = json.loads(result.stdout)
        if report["failed"]:
            sys.stderr.write(result.stderr + p.logs() + "\n")
        report["cpu_us_each"] = spent / max(1, report["sign_ons"])
        report["busiest"] = max(each) / sum(each)
        report["private_kib"], report["own_kib"] = (max(m) for m in zip(*(memory_kib(w) for w in workers(self.root))))
        return report


class Round:
    """One measurement of each kind."""

    def __init__(self, bench):
        self.alone, self.encrypted, self.eight = bench.load(400, 1), bench.load(300, 1, encrypted=True), bench.load(1600)
        self.bare = bench.bare(1600)
        self.loads = [self.alone, self.encrypted, self.eight]


def floor(load, private=1):
    return private * load["private_us"] + load["public_us"]


def report(rounds, first, last, total, failed):
    def middle(value):
        """The median round, and from which to which."""
        values = [value(r) for r in rounds]
        return f"{statistics.median(values):.2f}   ({min(values):.2f} to {max(values):.2f})"

    def us(value):
        return f"{statistics.median(value(r) for r in rounds):.0f} us"

    print(f"floor: RSA-2048 sign + verify        {us(lambda r: floor(r.alone))} alone, "
          f"{us(lambda r: floor(r.eight))} with all cores busy")
    print(f"floor, encrypted: 2 private + verify {us(lambda r: floor(r.encrypted, 2))}")
    print(f"CPU of all processes a sign-on       {us(lambda r: r.alone['cpu_us_each'])} with 1 client, "
          f"{us(lambda r: r.eight['cpu_us_each'])} with 8, {us(lambda r: r.encrypted['cpu_us_each'])} encrypted")
    print(f"floor / CPU, 1 client                {middle(lambda r: floor(r.alone) / r.alone['cpu_us_each'])}   to reach: 0.55")
    print(f"floor / CPU, 8 clients               {middle(lambda r: floor(r.eight) / r.eight['cpu_us_each'])}")
    print(f"floor / CPU, encrypted, 1 client     {middle(lambda r: floor(r.encrypted, 2) / r.encrypted['cpu_us_each'])}   "
          "to reach: 0.30")
    print(f"p50, p99 with 8 clients              {us(lambda r: r.eight['p50_us'])}, {us(lambda r: r.eight['p99_us'])}")
    print(f"p99 / p50                            {middle(lambda r: r.eight['p99_us'] / r.eight['p50_us'])}   "
          "to reach: at most 2")
    print(f"the same of a bare server            {middle(lambda r: r.bare['p99_us'] / r.bare['p50_us'])}   "
          "which does the RSA operations and nothing else")
    print(f"busiest worker's part with 8 clients {middle(lambda r: r.eight['busiest'])}")
    for name, key in (("private memory of a worker", "private_kib"), ("of that not pages of claims.mdb", "own_kib")):
        print(f"{name:36} {first[key]} KiB after 1,000, {last[key]} KiB after {total:,} sign-ons   "
              "to reach: at most 15 MiB, the same")
    print(f"failed                               {failed}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--count", type=int, default=21000,
                           help="sign-ons in all, for what memory grows; 100000 takes two minutes")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="postern-bench-")
    bench = Bench(options.build, folder)
    try:
        bench.start()
        loads = [bench.load(200), bench.load(200, 1, encrypted=True)]           # warm
        loads.append(bench.load(1000))
        first = loads[-1]
        rounds = [Round(bench) for _ in range(options.rounds)]
        loads += [load for r in rounds for load in r.loads]
        loads.append(bench.load(max(1000, options.count - sum(load["sign_ons"] for load in loads))))
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"people in the mirror                 {PEOPLE}, {GROUPS_EACH} groups each, nested")
    print(f"start to ready                       {bench.ready_seconds:.2f} s (slapd beside it, mirror filled)")
    report(rounds, first, loads[-1], sum(load["sign_ons"] for load in loads), sum(load["failed"] for load in loads))


if __name__ == "__main__":
    main()
