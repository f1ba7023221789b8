# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what a whole sign-on costs, as a ratio to the RSA floor of the same run.

Starts a real slapd with 2,000 people (8 groups each, nested), `postern serve`
and no other peer: Entra's side is played by tests/bench/sign_on_load, outside
of what is measured.  CPU is that of all Postern processes, from /proc.  The
floor is one RSA-2048 signature and one verification, from `openssl speed` run
before and after.  Nothing here fails by the clock: it prints, a person judges.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "demo"), str(HERE.parent)]

import company  # noqa: E402
import parts as demo  # noqa: E402

PEOPLE, GROUPS, GROUPS_EACH = 2000, 200, 8
ISSUER = "https://sts.windows.net/" + company.TENANT + "/"

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>
</KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.example.net/saml2"/>
</IDPSSODescriptor></EntityDescriptor>"""


def object_id(i):
    return str(uuid.UUID(int=0x1000_0000_0000_4000_8000_0000_0000_0000 + i))


def person_dn(i):
    return f"uid=person{i},ou=people,{company.SUFFIX}"


def ldif():
    """People in 8 groups each; every group is in jira-agents or all-staff, so that membership is found through nesting."""
    lines = [company.ldif_base() if hasattr(company, "ldif_base") else base_ldif()]
    for i in range(PEOPLE):
        lines.append(f"dn: {person_dn(i)}\nobjectClass: inetOrgPerson\nuid: person{i}\ncn: Person {i}\nsn: Number {i}\ngivenName: Person\n"
                     f"displayName: Person {i}\nmail: person{i}@{company.STAFF_DOMAIN}\nemployeeNumber: {object_id(i)}\n")
    members = [[] for _ in range(GROUPS)]
    for i in range(PEOPLE):
        for k in range(GROUPS_EACH):
            members[(i * 7 + k * 23) % GROUPS].append(person_dn(i))
    for g in range(GROUPS):
        lines.append(f"dn: cn=team{g},ou=groups,{company.SUFFIX}\nobjectClass: groupOfNames\ncn: team{g}\n" +
                     "".join(f"member: {m}\n" for m in members[g]))
    for name in ("jira-agents", "all-staff", "partners"):
        inner = "".join(f"member: cn=team{g},ou=groups,{company.SUFFIX}\n" for g in range(GROUPS) if name != "partners" or g == 0)
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


def rsa_floor(processes=1, seconds=2):
    """CPU microseconds of one signature plus one verification, on this machine, now.

    With several processes at once a core is slower (shared caches, sibling
    threads): that is the floor of a load that keeps all cores busy.
    """
    command = ["openssl", "speed", "-seconds", str(seconds)] + (["-multi", str(processes)] if processes > 1 else []) + ["rsa2048"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sign, verify = re.search(r"rsa 2048 bits\s+\S+s\s+\S+s\s+(\S+)\s+(\S+)", out).groups()
    return processes * (1 / float(sign) + 1 / float(verify)) * 1e6


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


def cpu_us(root):
    """Run time of all of them, from the scheduler: nanoseconds, not clock ticks."""
    total = 0
    for pid in processes(root):
        try:
            total += int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            pass
    return total / 1000


def workers(root):
    return [p for p in processes(root) if b"worker" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes()]


def memory_kib(pid):
    """Private memory, and how much of it is the process's own: the rest are pages of claims.mdb that the kernel has yet to write."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return [int(re.search(field + r":\s+(\d+)", text).group(1)) for field in ("Private_Dirty", "Anonymous")]


def go_first():
    """The client's threads, where that is allowed: what is timed is the service, not a client that waits for a core."""
    try:
        os.nice(-10)
    except PermissionError:
        pass


class Bench:
    def __init__(self, build, folder):
        self.build = pathlib.Path(build)
        company.ldif = ldif
        self.parts = demo.Parts(folder, build)
        key, certificate = demo.make_key(self.parts.folder, "bench-idp", "Bench identity provider")
        self.key, self.certificate = key, certificate
        one_line = "".join(line for line in certificate.read_text().splitlines() if "CERTIFICATE" not in line)
        metadata = self.parts.folder / "bench-idp.xml"
        metadata.write_text(METADATA.format(issuer=ISSUER, certificate=one_line))
        settings = re.sub(r"\nrequire:\n.*?\n(?=\w)", "\n", self.parts.settings(metadata=metadata), flags=re.S)
        self.parts.write_postern_files(settings)
        self.ids = self.parts.folder / "object-ids"
        self.ids.write_text("\n".join(object_id(i) for i in range(PEOPLE)) + "\n")
        self.parts.start_slapd()
        self.started = time.monotonic()
        self.parts.start_postern(seconds=60)
        self.ready_seconds = time.monotonic() - self.started

    @property
    def root(self):
        return self.parts.postern.process.pid

    def load(self, count, clients=8):
        p = self.parts
        command = [self.build / "tests/bench/sign_on_load", "--host", p.host("sso", "postern"), "--port", p.ports["postern"],
                   "--sp-entity", f"{p.postern_url}/saml/sp/metadata", "--acs", f"{p.postern_url}/saml/sp/acs/1", "--acs-path",
                   "/saml/sp/acs/1", "--issuer", ISSUER, "--tenant", company.TENANT, "--door-entity", p.entity_id("managed"),
                   "--door-acs", p.acs("managed"), "--key", self.key, "--certificate", self.certificate, "--object-ids", self.ids,
                   "--clients", clients, "--count", count]
        before = cpu_us(self.root)
        result = subprocess.run([str(c) for c in command], capture_output=True, text=True, preexec_fn=go_first)
        spent = cpu_us(self.root) - before
        if not result.stdout.startswith("{"):
            raise SystemExit(result.stderr + p.logs())
        report = json.loads(result.stdout)
        if report["failed"]:
            sys.stderr.write(result.stderr + p.logs() + "\n")
        report["cpu_us_each"] = spent / max(1, report["sign_ons"])
        report["private_kib"], report["own_kib"] = (max(m) for m in zip(*(memory_kib(w) for w in workers(self.root))))
        return report


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--count", type=int, default=20000)
    options = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="postern-bench-")
    cores = os.cpu_count()
    floor, busy_floor = rsa_floor(), rsa_floor(cores)
    bench = Bench(options.build, folder)
    try:
        bench.load(200)                                         # warm
        first = bench.load(1000)
        alone = bench.load(1000, 1)
        steady = bench.load(max(1000, min(4000, options.count // 4)))
        rest = bench.load(max(1, options.count - 1000 - steady["sign_ons"])) if options.count > 5000 else steady
    finally:
        bench.parts.close()
        shutil.rmtree(folder, ignore_errors=True)
    floor, busy_floor = (floor + rsa_floor()) / 2, (busy_floor + rsa_floor(cores)) / 2
    total = first["sign_ons"] + alone["sign_ons"] + steady["sign_ons"] + (rest["sign_ons"] if rest is not steady else 0)
    print(f"people in the mirror                 {PEOPLE}, {GROUPS_EACH} groups each, nested")
    print(f"start to ready                       {bench.ready_seconds:.2f} s (slapd beside it, mirror filled)")
    print(f"floor: RSA-2048 sign + verify        {floor:.0f} us alone, {busy_floor:.0f} us with {cores} processes at once")
    print(f"CPU of all processes a sign-on       {alone['cpu_us_each']:.0f} us with 1 client, {steady['cpu_us_each']:.0f} us with 8")
    print(f"floor / CPU, 1 client                {floor / alone['cpu_us_each']:.2f}   (to reach: 0.40)")
    print(f"floor / CPU, 8 clients               {floor / steady['cpu_us_each']:.2f} over the floor alone, "
          f"{busy_floor / steady['cpu_us_each']:.2f} over that of busy cores")
    print(f"p50, p99 with 8 clients              {steady['p50_us']} us, {steady['p99_us']} us")
    print(f"p99 / p50                            {steady['p99_us'] / steady['p50_us']:.2f}   (to reach: at most 3)")
    for name, key in (("private memory of a worker", "private_kib"), ("of that not pages of claims.mdb", "own_kib")):
        print(f"{name:36} {first[key]} KiB after 1,000, {rest[key]} KiB after {total:,} sign-ons")
    print(f"failed                               {first['failed'] + alone['failed'] + steady['failed'] + (rest['failed'] if rest is not steady else 0)}")


if __name__ == "__main__":
    main()
