# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-answers`: how long the commands over everybody take, by the company of `make bench-mirror`.

Each person is in 25 groups, nested six deep.  Prints seconds and the largest
resident memory of each command; a person judges.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time

SETTINGS = """\
state_dir: {folder}/state
claimed_domains: [example.org]
directories:
  corp:
    uri: ldap://127.0.0.1:1
    people: {{base: "ou=people,dc=example,dc=org"}}
    groups: {{base: "ou=groups,dc=example,dc=org"}}
    join: {{objectidentifier: employeeNumber}}
rules:
  - {{name: former, when: "title = Former", outcome: deny}}
  - {{name: agents, when: "member of corp:group-{agents}", outcome: licensed}}
  - {{name: leads, when: "member of corp:group-{leads} and departmentNumber like 'Department 1*'", outcome: licensed}}
  - {{name: partners, when: "member of corp:group-{partners} and not mail like '*@example.org'", outcome: portal, at: [help]}}
  - {{name: employees, when: "member of corp:group-{everybody}", outcome: customer}}
"""


def run(build, folder, *arguments):
    started, before = time.monotonic(), os.times()
    command = ["/usr/bin/time", "-f", "%M"] if os.path.exists("/usr/bin/time") else []
    with open(os.devnull, "wb") as nothing:
        done = subprocess.run([*command, str(build / "postern"), "-c", str(folder / "postern.yaml"), *map(str, arguments)],
                              stdout=nothing, stderr=subprocess.PIPE, text=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    memory = f"{int(done.stderr.split()[-1]) / 1024:7.0f} MiB" if command and done.stderr.strip() else ""
    name = " ".join(a if isinstance(a, str) else a.name for a in arguments)
    print(f"  {name:<42} {time.monotonic() - started:6.2f} s, {cpu:6.2f} s of CPU {memory}", flush=True)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)


def bench(build, folder, people, groups):
    width = groups // 25
    places = {"agents": 5 * width, "leads": 11 * width + 1, "partners": 16 * width + 2, "everybody": 24 * width}
    text = SETTINGS.format(folder=folder, **places)
    (folder / "state/mirror").mkdir(parents=True, exist_ok=True)
    settings, other, export = folder / "postern.yaml", folder / "other.yaml", folder / "managed.csv"
    settings.write_text(text)
    other.write_text(text.replace(f"group-{places['agents']}\"", f"group-{places['agents'] + 1}\""))
    with open(export, "w", encoding="utf-8") as file:
        file.write("Name,Email,Billable,Jira,Trello\n")
        for i in range(people):
            file.write(f"Person {i},person.{i}@example.org,{'Yes' if i % 2 else 'No'},{'site' if i % 4 == 1 else ''},site\n")
    started = time.monotonic()
    subprocess.run([str(build / "tests/bench/answers_mirror"), str(settings), str(people), str(groups)], check=True)
    size = (folder / "state/mirror/mirror.mdb").stat().st_size / 1e6
    print(f"{people} people, {groups} groups: written in {time.monotonic() - started:.1f} s, {size:.0f} MB", flush=True)
    run(build, folder, "seats")
    run(build, folder, "seats", "--csv")
    run(build, folder, "seats", "--json")
    run(build, folder, "seats", "--managed-accounts", export)
    run(build, folder, "who", "licensed")
    run(build, folder, "who", f"corp:group-{places['everybody']}")
    run(build, folder, "what-if", "--rules", other)
    run(build, folder, "check", "--offline")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", type=pathlib.Path, required=True)
    options.add_argument("--people", type=int, default=100000)
    options.add_argument("--groups", type=int, default=5000)
    told = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="postern-bench-answers.") as folder:
        bench(told.build, pathlib.Path(folder), told.people, told.groups)


if __name__ == "__main__":
    main()
