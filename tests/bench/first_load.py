# SPDX-License-Identifier: GPL-3.0-or-later
"""`make first-load`: a whole company gets its accounts by `postern apply`, from an Atlassian that takes ten requests a second.

4,000 people in a slapd of their own: one in ten an agent, one in ten a partner
who becomes a portal-only customer of a site, the others customers.  Each
endpoint of the stand-in refuses (429) what is more than its limit in a second.
What is counted are the stand-in's own requests: one for each account, few for
groups, the pages of what is read, and those that were refused and sent again.

Fails when somebody has no account, or it took more than 1.1 requests for each
account and the pages; how long it took is printed and judged by nobody.
"""
import argparse
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "demo")]

import atlassian_standin as standin  # noqa: E402
from parts import SLAPD_CONF, Parts, company, run  # noqa: E402

PAGE, DESK_PAGE = 100, 50


class Many(Parts):
    """As many people as are wanted, and three groups."""

    people = 4000

    def outcome(self, number):
        return {0: "agents", 5: "partners"}.get(number % 10, "customers")

    def person(self, number):
        domain = company.PARTNER_DOMAIN if self.outcome(number) == "partners" else company.STAFF_DOMAIN
        return company.person(f"Person Number{number}", self.outcome(number), domain)

    def start_slapd(self):
        everybody = [self.person(number) for number in range(self.people)]
        entries = [company.entry(company.SUFFIX, ("objectClass", "dcObject"), ("objectClass", "organization"),
                                 ("dc", "example"), ("o", "Example Company"))]
        entries += [company.entry(f"ou={ou},{company.SUFFIX}", ("objectClass", "organizationalUnit"), ("ou", ou))
                    for ou in ("people", "groups", "services")]
        entries.append(company.entry(company.SERVICE_DN, ("objectClass", "applicationProcess"),
                                     ("objectClass", "simpleSecurityObject"), ("cn", "postern"),
                                     ("userPassword", company.SERVICE_PASSWORD)))
        entries += [company.person_entry(p) for p in everybody]
        entries += [company.entry(company.group_dn(cn), ("objectClass", "groupOfNames"), ("cn", cn),
                                  *(("member", p["dn"]) for p in everybody if p["department"] == cn))
                    for cn in ("agents", "partners", "customers")]
        (self.folder / "slapd").mkdir(mode=0o700)
        conf = self.folder / "slapd.conf"
        conf.write_text(SLAPD_CONF.format(folder=self.folder, suffix=company.SUFFIX, admin=company.ADMIN_DN,
                                          admin_password=company.ADMIN_PASSWORD, service=company.SERVICE_DN))
        (self.folder / "company.ldif").write_text("\n".join(entries))
        run("/usr/sbin/slapadd", "-q", "-w", "-f", conf, "-l", self.folder / "company.ldif")
        return super().start_slapd()

    def load_settings(self, atlassian, rate):
        """Those of the demo, with accounts."""
        for name, key in (("scim.key", standin.DIRECTORY["key"]), ("site.token", standin.SITE["token"])):
            (self.folder / name).write_text(key + "\n")
            (self.folder / name).chmod(0o600)
        whole = self.settings(metadata="/nowhere.xml")
        organisation = f"""\
    accounts: {{scim: '{atlassian.directory_base()}', key: {self.folder}/scim.key, licensed: [agents], customer: [customers],
      rate: {rate}}}
"""
        helpdesk = f"""\
    accounts: {{site: '{atlassian.site_base()}', login: {standin.SITE['login']}, key: {self.folder}/site.token,
      organizations: [Partners], desks: ['1'], rate: {rate}}}
provision: plan
accounts: {{administrators: [root@example.net], seat_limit: {self.people}}}
"""
        managed = '      groups: {groups: "jira-*"}\n'
        assert managed in whole
        whole = whole.replace(managed, managed + organisation).replace("directories:\n", helpdesk + "directories:\n", 1)
        for group, meant in (("jira-agents", "agents"), ("all-staff", "customers")):
            whole = whole.replace(f"cn={group},ou=groups", f"cn={meant},ou=groups")
        return whole

    def do(self, *command):
        done = subprocess.run(self.postern_command(*command), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"postern {' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


def pages_of(endpoints):
    return sum(n for endpoint, n in endpoints.items() if endpoint.startswith("GET "))


def load(parts, atlassian, rate):
    parts.write_postern_files(parts.load_settings(atlassian, rate))
    parts.do("fill")
    atlassian.switch(bursts=[{"perSecond": rate}])
    atlassian.forget_requests()
    began = time.monotonic()
    said = parts.do("apply", "--yes")
    seconds = time.monotonic() - began
    counted, counts = atlassian.request_counts(), atlassian.counts()
    atlassian.switch(bursts=[])
    left = json.loads(parts.do("plan", "--json"))["steps"]
    refused = counted["statuses"].get("429", 0)
    pages = pages_of(counted["endpoints"])
    return {
        "people": parts.people, "accounts": counts["atlassian"] + counts["portal_active"], "billed": counts["billable"],
        "requests": counted["total"], "pages": pages, "changes": counted["total"] - pages, "refused": refused, "rate": rate,
        "said": int(re.search(r"([\d,]+) requests", said).group(1).replace(",", "")), "steps_left": len(left),
        "seconds": round(seconds, 1), "endpoints": counted["endpoints"],
    }


def faults_of(found):
    """What was promised and is not so."""
    licensed = math.ceil(found["people"] / 10)
    checks = {
        "everybody has an account": found["accounts"] == found["people"],
        "one in ten is billed": found["billed"] == licensed,
        "nothing is left": found["steps_left"] == 0,
        "at most 1.1 requests an account": found["changes"] <= 1.1 * found["accounts"],
        # an empty world, twice: for the plan that is shown, and for the one that is done
        "no more pages than needed": found["pages"] <= 20,
    }
    return [promise for promise, kept in checks.items() if not kept]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--people", type=int, default=4000)
    arguments.add_argument("--rate", type=int, default=10, help="requests a second that an endpoint takes")
    arguments.add_argument("--modules", help="node_modules, to hold each request against Atlassian's documents")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-first-load-"))
    parts, atlassian = Many(folder / "parts", options.build), standin.AtlassianStandIn(folder, options.modules)
    parts.people = options.people
    try:
        world = json.loads(json.dumps(standin.WORLD))
        world["organization"]["domains"] = [company.STAFF_DOMAIN]
        atlassian.begin(world)
        parts.start_slapd()
        found = load(parts, atlassian, options.rate)
    finally:
        atlassian.stop()
        parts.close()
        shutil.rmtree(folder, ignore_errors=True)
    faults = faults_of(found)
    if options.json:
        print(json.dumps({**found, "faults": faults}))
    else:
        for endpoint, n in sorted(found.pop("endpoints").items(), key=lambda one: -one[1]):
            print(f"{n:8} {endpoint}")
        print(f"{found['people']} people, {found['accounts']} accounts, {found['billed']} billed: {found['changes']} requests "
              f"({found['changes'] / found['accounts']:.3f} an account, {found['refused']} of all refused and sent again) "
              f"and {found['pages']} pages, in {found['seconds']} s at {found['rate']} a second")
    for fault in faults:
        print(f"first_load.py: not so: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
