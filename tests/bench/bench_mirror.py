# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-mirror`: what the mirror costs, beside what cannot be saved.

A company is made up (tests/bench/mirror_company.c): each person in 25 groups,
nested six deep, one of them everybody's.  A slapd of our own serves it; the
first fill is compared with a plain client that reads the same entries from the
same slapd, in turns with it.  Look-ups are made in files of three sizes and
stand beside the bare LMDB reads of the same keys.  A reader looks people up
while another directory is filled into its file.

Nothing here fails by the clock: it prints, a person judges.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SLAPD_CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
sortvals member
database mdb
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
rootpw bench
directory {folder}/slapd
maxsize 8589934592
dbnosync
index objectClass,entryCSN,entryUUID eq
overlay syncprov
syncprov-sessionlog 1000
"""


def step(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(pid):
    """Of a process and its threads, from the scheduler: nanoseconds, not clock ticks."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


class Slapd:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "slapd.conf"
        self.config.write_text(SLAPD_CONF.format(folder=folder))
        (folder / "slapd").mkdir()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.uri = f"ldap://127.0.0.1:{self.port}"
        self.process = None

    def load(self, ldif):
        subprocess.run(["/usr/sbin/slapadd", "-q", "-w", "-f", self.config, "-l", ldif], check=True)

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-h", self.uri, "-f", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(3000):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
        raise SystemExit("slapd does not start")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(options.build) / "tests/bench"
        self.slapd = Slapd(self.folder)

    def close(self):
        self.slapd.stop()

    def run(self, program, *arguments):
        command = [str(x) for x in (self.programs / program, *arguments)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with status {result.returncode}")
        return json.loads(result.stdout)

    def file(self, name):
        path = self.folder / name
        for old in (path, self.folder / (name + "-lock")):
            old.unlink(missing_ok=True)
        return path

    def write(self, name, directory, people):
        return self.run("mirror_lookup", "write", self.file(name), directory, people, self.options.groups)

    def look_up(self, name, people, count):
        return self.run("mirror_lookup", "look-up", self.folder / name, "corp", people, self.options.groups, count)

    # ---- with slapd ----

    def begin_slapd(self):
        o = self.options
        ldif = self.folder / "company.ldif"
        step(f"a directory of {o.people:,} people and {o.groups:,} groups for slapd")
        with open(ldif, "w") as out:
            subprocess.run([self.programs / "mirror_lookup", "ldif", str(o.people), str(o.groups)], stdout=out, check=True)
        begin = time.monotonic()
        self.slapd.load(ldif)
        ldif.unlink()
        step(f"slapadd: {time.monotonic() - begin:.1f} s")
        self.slapd.start()

    def with_server(self, *arguments):
        """The figures of a client, and what slapd spent on it."""
        before = cpu_seconds(self.slapd.process.pid)
        figures = self.run("mirror_feed", *arguments)
        figures["server_cpu_seconds"] = cpu_seconds(self.slapd.process.pid) - before
        return figures

    def fills(self):
        self.with_server("read", self.slapd.uri)        # warm: slapd's own caches
        rounds = []
        for i in range(self.options.rounds):
            step(f"first fill, round {i + 1} of {self.options.rounds}")
            rounds.append((self.with_server("read", self.slapd.uri),
                           self.with_server("fill", self.slapd.uri, self.file("filled.mdb"))))
        for read, fill in rounds:
            if read["entries"] != fill["entries"]:
                raise SystemExit(f"a plain client got {read['entries']} entries, the mirror {fill['entries']}")
        return rounds

    def changes(self):
        step("changes")
        o = self.options
        return self.run("mirror_feed", "change", self.slapd.uri, self.folder / "filled.mdb", o.people, o.groups, o.changes)

    # ---- files alone ----

    def sizes(self):
        found = []
        for people in self.options.sizes:
            step(f"a mirror of {people:,} people")
            written = self.write("size.mdb", "corp", people)
            self.look_up("size.mdb", people, 2000)       # warm: the file's pages
            found.append((people, written, [self.look_up("size.mdb", people, self.options.look_ups)
                                            for _ in range(self.options.rounds)]))
        return found

    def beside_writer(self):
        """Look-ups in one directory, alone and while another is filled into the same file, in turns."""
        o = self.options
        people = o.sizes[0]
        self.write("size.mdb", "corp", people)
        alone, beside = [], []
        for i in range(o.rounds):
            step(f"look-ups beside a writer, round {i + 1} of {o.rounds}")
            alone.append(self.look_up("size.mdb", people, o.look_ups))
            command = [self.programs / "mirror_lookup", "write", self.folder / "size.mdb", f"other{i}", o.people, o.groups]
            with subprocess.Popen([str(x) for x in command], stdout=subprocess.DEVNULL) as writer:
                part = [self.look_up("size.mdb", people, o.look_ups)]
                while writer.poll() is None:
                    part.append(self.look_up("size.mdb", people, o.look_ups))
                if writer.returncode != 0:
                    raise SystemExit("the writer failed")
            beside += part[:-1] or part
        return alone, beside


def middle(values, form="{:.2f}"):
    values = list(values)
    text = form.format(statistics.median(values))
    if len(values) > 1 and min(values) != max(values):
        text += f" ({form.format(min(values))} to {form.format(max(values))})"
    return text


def report_fills(options, rounds):
    print(f"{options.people:,} people, {options.groups:,} groups nested six deep, 25 a person; slapd beside it")
    more = [fill["seconds"] - read["seconds"] for read, fill in rounds]
    alone = [fill["seconds"] - fill["waited_seconds"] - read["seconds"] + read["waited_seconds"] for read, fill in rounds]
    print(f"  a plain client reads them all      {middle((r['seconds'] for r, f in rounds))} s; CPU: its own "
          f"{middle((r['cpu_seconds'] for r, f in rounds))}, slapd's {middle((r['server_cpu_seconds'] for r, f in rounds))} s")
    print(f"  first fill                         {middle((f['seconds'] for r, f in rounds))} s; CPU: its own "
          f"{middle((f['cpu_seconds'] for r, f in rounds))}, slapd's {middle((f['server_cpu_seconds'] for r, f in rounds))} s")
    print(f"  first fill over plain reading      {middle((f['seconds'] / r['seconds'] for r, f in rounds))}, "
          f"{middle(more)} s more   to reach: at most 5 s more")
    print(f"  the same without what others took  {middle(alone)} s more: less the time that each was ready and had no core")
    print(f"  the filling process's memory       {middle((f['most_kib'] / 1024 for r, f in rounds), '{:.0f}')} MiB "
          "with the file's pages")


def report_changes(changes):
    for key, name in (("mail", "a person's mail"), ("member", "a membership, and five through it"),
                      ("member_of_all", "one of the group of everybody")):
        c = changes[key]
        print(f"  a change seen: {name:35} median {c['p50_us'] / 1000:.0f} ms, longest {c['most_us'] / 1000:.0f} ms   "
              "to reach: under 1 s")


def report_sizes(sizes):
    print("look-up of a person by object id with all groups; floor: the same keys fetched from the same file by LMDB")
    first = None
    for people, written, rounds in sizes:
        us = statistics.median(r["cpu_us"] for r in rounds)
        first = first or us
        print(f"  {people:9,} people   {middle(r['cpu_us'] for r in rounds)} us of CPU for "
              f"{rounds[0]['groups']:.0f} groups, floor {middle(r['keys_us'] for r in rounds)} us, one key "
              f"{middle(r['key_us'] for r in rounds)} us; over the smallest {us / first:.2f}   to reach: 15 us, and flat")
        print(f"  {'':9}          file {written['bytes'] / 2**20:,.0f} MiB, written in {written['cpu_seconds']:.1f} s of CPU; "
              f"reader's own memory {max(r['private_dirty_kib'] for r in rounds)} KiB   to reach: flat")


def report_beside(alone, beside):
    print("look-ups while a first fill writes into the same file, beside look-ups alone")
    print(f"  CPU of a look-up                   {middle(r['cpu_us'] for r in beside)} us, alone "
          f"{middle(r['cpu_us'] for r in alone)} us")
    print(f"  p50, p99 by the clock              {middle((r['p50_us'] for r in beside), '{:.0f}')}, "
          f"{middle((r['p99_us'] for r in beside), '{:.0f}')} us, alone {middle((r['p50_us'] for r in alone), '{:.0f}')}, "
          f"{middle((r['p99_us'] for r in alone), '{:.0f}')} us")
    print(f"  times a look-up waited             {sum(r['waits'] for r in beside)} in {len(beside)} runs, alone "
          f"{sum(r['waits'] for r in alone)} in {len(alone)}   to reach: 0")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--people", type=int, default=100000, help="in slapd")
    parser.add_argument("--groups", type=int, default=5000)
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")], default=[10000, 100000, 1000000],
                        help="people of the files that look-ups are made in")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--look-ups", type=int, default=20000)
    parser.add_argument("--folder", help="where files are made, and left out of the way again; default: TMPDIR")
    parser.add_argument("--json", action="store_true", help="figures instead of sentences")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="postern-bench-mirror-", dir=options.folder)
    bench = Bench(options, folder)
    try:
        bench.begin_slapd()
        fills, changes = bench.fills(), bench.changes()
        bench.slapd.stop()
        alone, beside = bench.beside_writer()
        sizes = bench.sizes()
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        json.dump({"fills": fills, "changes": changes, "sizes": sizes, "alone": alone, "beside": beside}, sys.stdout)
        return
    report_fills(options, fills)
    report_changes(changes)
    report_sizes(sizes)
    report_beside(alone, beside)


if __name__ == "__main__":
    main()
