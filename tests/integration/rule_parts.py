# SPDX-License-Identifier: GPL-3.0-or-later
"""The company with rules in its directory: slapd with Postern's schema and the ACLs of doc/group-configuration.md, and a
second gateway beside the first."""
import json
import pathlib
import re
import subprocess

from parts import SLAPD_CONF, Parts, company, http_status, run, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ACCESS = f"ou=access,{company.SUFFIX}"
ADMINS = f"cn=access-admins,ou=admins,{company.SUFFIX}"

LDAP_RULES = f"""\
ldap_rules:
  directory: corp
  base: {ACCESS}
  outcomes: [customer, portal, deny]
  after: agents
  change_limit: 5
  marks: yes
  groups: ["jira-*"]
"""


def schema_for_slapd_conf():
    """schema/postern.ldif in the words of slapd.conf."""
    text = re.sub(r"\n ", " ", (ROOT / "schema/postern.ldif").read_text())
    words = {"olcObjectIdentifier": "objectidentifier", "olcAttributeTypes": "attributetype", "olcObjectClasses": "objectclass"}
    lines = [line.partition(": ") for line in text.splitlines()]
    return "\n".join(f"{words[key]} {value}" for key, _, value in lines if key in words) + "\n"


def access_rules():
    """The ACLs that the guide recommends, in the words of slapd.conf."""
    guide = (ROOT / "doc/group-configuration.md").read_text()
    ldif = re.search(r"```ldif\n(dn: olcDatabase=.*?)```", guide, flags=re.S).group(1)
    found = re.findall(r"^olcAccess: \{\d+\}(to .*)$", re.sub(r"\n ", " ", ldif), flags=re.M)
    assert found
    return "".join(f"access {rule}\n" for rule in found)


def rule(name, order, when, outcome, **more):
    """An entry for ldapadd."""
    return company.entry(f"cn={name},{ACCESS}", ("changetype", "add"), ("objectClass", "posternRule"), ("cn", name),
                         ("posternOrder", str(order)), ("posternCondition", when), ("posternOutcome", outcome), *more.items())


def replace(name, attribute, value):
    return f"dn: cn={name},{ACCESS}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"


class RuleParts(Parts):
    def start_slapd(self):
        if not (self.folder / "slapd").exists():
            self.make_slapd()
        return super().start_slapd()

    def make_slapd(self):
        (self.folder / "slapd").mkdir(mode=0o700)
        (self.folder / "postern.schema").write_text(schema_for_slapd_conf())
        conf = SLAPD_CONF.format(folder=self.folder, suffix=company.SUFFIX, admin=company.ADMIN_DN,
                                 admin_password=company.ADMIN_PASSWORD, service=company.SERVICE_DN)
        conf = conf.replace("modulepath", f"include {self.folder}/postern.schema\nmodulepath", 1)
        owners = (f'access to dn.subtree="ou=groups,{company.SUFFIX}" attrs=description,member by dnattr=owner write '
                  f'by dn.exact="{company.SERVICE_DN}" read by * none\n')
        conf = conf.replace("access to * by", access_rules() + owners + "access to * by", 1)
        (self.folder / "slapd.conf").write_text(conf)
        (self.folder / "slapd.conf").chmod(0o600)
        maya = company.by_uid("maya.obrien")["dn"]
        more = [company.entry(f"ou={ou},{company.SUFFIX}", ("objectClass", "organizationalUnit"), ("ou", ou))
                for ou in ("access", "admins")]
        more.append(company.entry(ADMINS, ("objectClass", "groupOfNames"), ("cn", "access-admins"), ("member", maya)))
        (self.folder / "company.ldif").write_text(company.ldif() + "\n" + "\n".join(more))
        run("/usr/sbin/slapadd", "-q", "-w", "-f", self.folder / "slapd.conf", "-l", self.folder / "company.ldif")

    def settings(self, metadata=None):
        return super().settings(metadata).replace("require:\n", LDAP_RULES + "require:\n", 1)

    # ---- the second gateway ----

    @property
    def second_file(self):
        return self.folder / "second.yaml"

    def start_second(self, port):
        text = self.settings_file.read_text()
        text = text.replace(f"listen: [127.0.0.1:{self.ports['postern']}]", f"listen: [127.0.0.1:{port}]")
        for folder in ("state", "run"):
            text = text.replace(f"{self.folder}/{folder}", f"{self.folder}/{folder}2")
        self.second_file.write_text(text)
        self.second_port = port

        def ready():
            return all(http_status(port, self.host("sso", "postern"), "/health/ready") == 200 for _ in range(16))
        self.second = self.start_part("second", [self.build / "postern", "-c", self.second_file, "serve"], ready)
        return self.second

    # ---- asked ----

    def command(self, *arguments, settings=None):
        """(status, what it printed)"""
        result = subprocess.run([str(self.build / "postern"), "-c", str(settings or self.settings_file), *arguments], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return result.returncode, result.stdout

    def status(self, settings=None):
        return json.loads(self.command("rules", "status", "--json", settings=settings)[1])

    def outcome(self, person, settings=None):
        """(outcome, rule) by `postern explain`."""
        said = json.loads(self.command("explain", person["uid"], "--door", "organisation", "--json", settings=settings)[1])
        return said["doors"][0]["outcome"], said["doors"][0]["rule"]

    def wait_for_state(self, state, seconds=60, settings=None):
        return wait_for(lambda: (s := self.status(settings))["state"] == state and s, seconds, f"state {state}",
                        self.postern)

    def wait_until_all_run(self, version, seconds=60, settings=None):
        """Every worker decides by that version."""
        def all_do():
            processes = self.status(settings)["processes"]
            return processes and all(p["version"] == version for p in processes)
        wait_for(all_do, seconds, f"all workers to run {version}", self.postern)

    def modify(self, ldif, dn=company.ADMIN_DN, password=company.ADMIN_PASSWORD):
        """(status, what ldapmodify said)"""
        result = subprocess.run(["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.ports['slapd']}", "-D", dn, "-w", password],
                                input=ldif, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        return result.returncode, result.stdout

    def log(self):
        return self.postern.log.read_text(errors="replace")
