# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-plan`, the whole command: from settings to the last line of `postern plan`, for that of `make bench-answers`.

The mirror is there, as is an inventory of everybody; Atlassian is a server that
has its pages ready, so that the time is ours.  Beside it stands the floor of
the same run: a client that reads the same pages and does nothing with them,
and `postern seats`, which judges everybody and asks nobody.  Prints seconds,
CPU and the largest resident memory; fails above 10 s of CPU (other processes of
a busy machine are no fault of ours) or 200 MiB at 50,000 people.
"""
import argparse
import http.server
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

PAGE = 100
SETTINGS = """\
state_dir: {folder}/state
claimed_domains: [example.org]
provision: plan
accounts: {{administrators: [root@example.net]}}
connections:
  organisation:
    kind: managed
    entity_id: https://auth.atlassian.com/saml/BENCH
    acs: https://auth.atlassian.com/login/callback?connection=saml-BENCH
    start: https://example.atlassian.net
    accounts: {{scim: 'http://127.0.0.1:{port}/scim', key: {folder}/scim.key, licensed: [agents], rate: 1000}}
directories:
  corp:
    uri: ldap://127.0.0.1:1
    people: {{base: "ou=people,dc=example,dc=org"}}
    groups: {{base: "ou=groups,dc=example,dc=org"}}
    join: {{objectidentifier: employeeNumber}}
rules:
  - {{name: agents, when: "departmentNumber = 'Department 0'", outcome: licensed}}
  - {{name: first, when: "departmentNumber like 'Department 1*' or departmentNumber like 'Department 2*'", outcome: customer,
     groups: [staff-1]}}
  - {{name: employees, when: "member of corp:group-{everybody}", outcome: customer, groups: [staff-2]}}
prices:
  currency: EUR
  products: {{jira: {{100: 8.15, 250: 6.83, more: 5.10}}, jira-service-management: 19.04}}
  guard_standard: 3.60
  licensed: [jira-service-management]
"""

CLIENT = """
import http.client, sys
port, last, page = map(int, sys.argv[1:])
connection = http.client.HTTPConnection("127.0.0.1", port)
for start in range(1, last + 1, page):
    connection.request("GET", f"/scim/Users?startIndex={start}&count={page}")
    connection.getresponse().read()
"""


def listed(schema, resources, start, total):
    return json.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total,
                       "startIndex": start, "itemsPerPage": len(resources),
                       "Resources": [{"schemas": [schema], **one} for one in resources]}).encode()


def user(i):
    mail = f"person.{i}@example.org"
    return {"id": f"{i:08d}-scim", "externalId": f"7b1c2d3e-4f50-4a61-8b72-{i:012d}", "userName": mail, "active": True,
            "displayName": f"Person {i}", "name": {"givenName": "Person", "familyName": f"Number {i}"}, "title": "Engineer",
            "emails": [{"value": mail, "type": "work", "primary": True}],
            "urn:scim:schemas:extension:atlassian-external:1.0": {"atlassianAccountId": f"557058:{i}"}}


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20  # head and body in one packet
    users, requests = [], 0

    def do_GET(self):
        Pages.requests += 1
        start = int(re.search(r"startIndex=(\d+)", self.path)[1])
        if self.path.startswith("/scim/Users") and self.users:
            body = self.users[(start - 1) // PAGE]
        else:
            body = listed("none", [], start, 0)
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pages_of(people):
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    return [listed(schema, [user(i) for i in range(first, min(first + PAGE, people))], first + 1, people)
            for first in range(0, people, PAGE)]


def measure(name, command):
    """Seconds of CPU, and MiB at most."""
    started = time.monotonic()
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen([str(word) for word in command], stdout=nothing)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, memory, cpu = time.monotonic() - started, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    print(f"  {name:<38} {seconds:6.2f} s, {cpu:6.2f} s of CPU {memory:6.0f} MiB", flush=True)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return cpu, memory


def write_inventory(folder, build, people):
    export = folder / "managed.csv"
    with open(export, "w", encoding="utf-8") as file:
        file.write("Name,Email,Status,Billable,Jira,Trello\n")
        for i in range(people):
            billed, site = ("Yes", "site") if i % 50 == 0 else ("No", "")
            file.write(f"Person {i},person.{i}@example.org,Active,{billed},{site},\n")
    subprocess.run([str(build / "postern"), "-c", str(folder / "postern.yaml"), "accounts", "import", str(export)], check=True,
                   stdout=subprocess.DEVNULL)


def bench(build, folder, people, groups):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, postern = server.server_address[1], [build / "postern", "-c", folder / "postern.yaml"]
    (folder / "state/mirror").mkdir(parents=True)
    (folder / "scim.key").write_text("key\n")
    (folder / "scim.key").chmod(0o600)
    (folder / "postern.yaml").write_text(SETTINGS.format(folder=folder, port=port, everybody=24 * (groups // 25)))
    subprocess.run([str(build / "tests/bench/answers_mirror"), str(folder / "postern.yaml"), str(people), str(groups)],
                   check=True)
    write_inventory(folder, build, people)
    print(f"{people} people, {groups} groups", flush=True)
    measure("floor: postern seats", [*postern, "seats"])
    worst = [measure("first load: plan", [*postern, "plan"]), measure("first load: plan --json", [*postern, "plan", "--json"])]
    Pages.users = pages_of(people)
    last = (people - 1) // PAGE * PAGE + 1
    measure("floor: the same pages, only read", [sys.executable, "-c", CLIENT, port, last, PAGE])
    worst += [measure("everybody there: plan", [*postern, "plan"]),
              measure("everybody there: plan --json", [*postern, "plan", "--json"])]
    server.shutdown()
    if people <= 50000 and (max(one[0] for one in worst) > 10 or max(one[1] for one in worst) > 200):
        raise SystemExit("that is more than 10 s of CPU or 200 MiB")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", type=pathlib.Path, required=True)
    options.add_argument("--people", type=int, default=50000)
    options.add_argument("--groups", type=int, default=2500)
    told = options.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="postern-bench-plan.") as folder:
        bench(told.build.resolve(), pathlib.Path(folder), told.people, told.groups)


if __name__ == "__main__":
    sys.exit(main())
