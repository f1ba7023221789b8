#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, each with what is promised and what was seen.

    faults.py --build FOLDER [--seconds N] [NAME...]        (make faults; make soak takes longer)

Everything runs on loopback in a temporary folder: slapd behind a proxy that can
fail, Entra's stand-in, a door, and a Postern with two workers in a mount
namespace of its own, where its folders are small disks.  People sign on all the
while; tests/integration/test_faults.py runs the same for a few seconds each.
"""
import argparse
import contextlib
import ctypes
import functools
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import base64

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "demo"), str(HERE.parent / "integration")]

from browser import Browser  # noqa: E402
from load import Load  # noqa: E402
from parts import Parts, company, run, wait_for  # noqa: E402
from stories import MAYA, assert_signed_on, is_signed_on, ldap_modify, reason_of, sign_on  # noqa: E402
from tcp_proxy import TcpProxy  # noqa: E402

DEAD, HUNG = 2.0, 7.0           # seconds until all is as before
WORKERS = 2
FAULTS = {}


def fault(promised):
    def register(function):
        FAULTS[function.__name__] = (promised, function)
        return function
    return register


# ---- what the faults happen to ----


class Metadata:
    """Entra's metadata at an address that can fail."""

    def __init__(self, document):
        self.mode, self.document, self.asked = "good", document, 0
        metadata = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                metadata.asked += 1
                wrong = metadata.document.replace(b"sts.windows.net", b"sts.wrong.example")
                body = metadata.document if metadata.mode == "good" else wrong
                self.send_response(503 if metadata.mode == "down" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/metadata.xml"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Service:
    """Parts with all that can fail, and how it is made to."""

    DISKS = {"run": "run", "audit": "state/audit", "mirror": "state/mirror"}

    def __init__(self, folder, build, clock=False, disk="8m"):
        self.parts = p = Parts(folder, build)
        self.disk = disk
        self.clock = p.folder / "clock" if clock else None
        p.start_slapd()
        p.start_entra()
        self.ldap = TcpProxy(p.ports["slapd"])
        self.metadata = Metadata(p.write_entra_metadata().read_bytes())
        usual = p.settings(metadata=self.metadata.url)
        through = usual.replace(f"ldap://127.0.0.1:{p.ports['slapd']}", f"ldap://127.0.0.1:{self.ldap.port}\n    timeout: 1s")
        p.write_postern_files(through + f"workers: {WORKERS}\n")
        # the door's own copy: it reads it at each sign-on, and a fault may spoil ours
        p.start_door("managed", idp_certificate=shutil.copy(p.folder / "signing.crt", p.folder / "door.crt"))
        self.start()

    def start(self, read_only=None, ready=None):
        p = self.parts
        preload, environment = [], []
        if self.clock:
            self.clock.write_text("+0\n")
            preload.append("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
            environment += [f"FAKETIME_TIMESTAMP_FILE={self.clock}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        else:
            shim = p.folder / "crash.so"
            run("cc", "-shared", "-fPIC", "-O1", "-o", shim, HERE / "crash.c", "-ldl")
            preload.append(str(shim))
        mounts = ""
        for name, path in self.DISKS.items():
            (p.folder / path).mkdir(parents=True, exist_ok=True)
            options = f"size={self.disk},mode=750" + (",ro" if name == read_only else "")
            mounts += f"mount -t tmpfs -o {options} none {p.folder / path} && "
        command = ["unshare", "-m", "sh", "-c", mounts + 'exec env "$@"', "sh", *environment, "LD_PRELOAD=" + ":".join(preload),
                   *p.postern_command("serve")]
        p.postern = p.start_part("postern", command, ready or p.is_ready, 30)

    @property
    def pid(self):
        return self.parts.postern.process.pid

    def log(self):
        return self.parts.postern.log.read_text(errors="replace")

    def children(self, role=""):
        """{pid: role}"""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                words = stat.with_name("cmdline").read_bytes().decode().split("\0")
                if int(fields[1]) == self.pid and fields[0] != "Z" and words[1:2] == ["role"] and words[2].startswith(role):
                    found[int(stat.parent.name)] = words[2]
        return found

    def workers(self):
        return sorted(self.children("worker"))

    def whole(self):
        """All roles run, and the workers say that they are ready."""
        roles = sorted(self.children().values())
        beside = ["keys"] * WORKERS if "keys" in roles else []          # where workers have one
        return roles == beside + ["mirror", "refresh"] + ["worker"] * WORKERS and self.parts.is_ready()

    def path(self, name):
        """As the service sees it, on its own disks."""
        return pathlib.Path(f"/proc/{self.pid}/root{self.parts.folder}/{name}")

    def fill(self, disk):
        with open(self.path(f"{self.DISKS[disk]}/filler"), "wb", buffering=0) as filler:
            for size in (1 << 20, 512):
                with contextlib.suppress(OSError):
                    while filler.write(b"x" * size):
                        pass

    def empty(self, disk):
        self.path(f"{self.DISKS[disk]}/filler").unlink()

    def remount(self, disk, how):
        run("nsenter", "-t", self.pid, "-m", "mount", "-o", f"remount,{how}", self.parts.folder / self.DISKS[disk])

    def audit_lines(self):
        """Every line must be whole; what is torn stands alone, at the end of the life of who wrote it."""
        lines = self.path("state/audit/audit.jsonl").read_bytes().split(b"\n")
        torn = [line for line in lines[:-1] if not is_json(line)]
        return lines, torn

    def try_once(self, timeout=20):
        """None: signed on; else the reason, or what happened."""
        try:
            page = sign_on(self.parts, Browser(timeout=timeout), MAYA)
        except (TimeoutError, ConnectionError):
            return "no answer"
        except Exception as problem:                            # noqa: BLE001
            return f"{type(problem).__name__}: {problem}"
        return None if is_signed_on(page, self.parts.managed_site, MAYA) else reason_of(page) or page.text[:200]

    def until_well(self, seconds=60):
        """Seconds until everybody is let in again and nobody is missing."""
        began = time.monotonic()
        wait_for(lambda: self.try_once() is None and self.whole(), seconds, "everything to be as before", self.parts.postern)
        return time.monotonic() - began

    def close(self):
        self.ldap.close()
        self.metadata.close()
        self.parts.close()


def is_json(line):
    try:
        json.loads(line)
        return True
    except ValueError:
        return False


def count(text, since, service):
    return service.log()[since:].count(text)


def memory_kib(pid):
    """Private memory of a process."""
    return sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith("Private_"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def middle(values):
    return sorted(values)[len(values) // 2]


# ---- processes ----


@fault("only sign-ons in the killed process's hands are lost; whole again 2 s after a death; each death is told once")
def killed(service, seconds):
    mark, kills, spans, times = len(service.log()), [], [], []
    roles = ["worker", "mirror", "worker", "refresh"] + (["keys"] if service.children("keys") else [])
    with Load(service.parts, clients=8) as load:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            victims = [pid for pid in service.children(roles[len(kills) % len(roles)])]
            if not victims:
                continue
            kills.append(time.monotonic())
            os.kill(random.choice(victims), signal.SIGKILL)
            spans.append((kills[-1], time.monotonic() + 0.2))
            wait_for(service.whole, 60, "the dead to be replaced", service.parts.postern)
            times.append(time.monotonic() - kills[-1])
            load.wait_for_more()
            time.sleep(max(0.0, min(2.0, end - time.monotonic()) - (time.monotonic() - kills[-1])))
    load.assert_lost_only_during(spans)
    lines, torn = service.audit_lines()
    assert not torn, torn
    told = count("died", mark, service)
    assert told == len(kills), f"{len(kills)} kills, {told} times in the log"
    return (f"{len(kills)} killed, {load.said()}, whole after {middle(times):.1f} s (longest {max(times):.1f}), "
            f"{len(lines) - 1} audit lines, none torn", middle(times) < DEAD)


@fault("a stopped process is killed, with whatever lock it holds; whole again after 7 s; told once")
def stopped(service, seconds):
    mark, stops, times = len(service.log()), [], []
    with Load(service.parts, clients=8) as load:
        end = time.monotonic() + seconds
        while not stops or time.monotonic() < end:
            victim = random.choice(list(service.children(("worker", "keys")[len(stops) % 2])))
            stops.append(time.monotonic())
            os.kill(victim, signal.SIGSTOP)
            wait_for(lambda: victim not in service.children(), 60, "the stopped process to be killed", service.parts.postern)
            wait_for(service.whole, 60, "another one", service.parts.postern)
            times.append(time.monotonic() - stops[-1])
            load.wait_for_more()
            time.sleep(max(0.0, min(20.0, end - time.monotonic())))
    load.assert_lost_only_during([(stop, stop + took) for stop, took in zip(stops, times)])
    told = count("is stuck, killed", mark, service)
    assert len(stops) <= told <= WORKERS * len(stops), f"{len(stops)} stopped, {told} times in the log"
    return (f"{len(stops)} stopped, {load.said()}, whole after {middle(times):.1f} s (longest {max(times):.1f}), "
            f"{told} killed", middle(times) < HUNG)


def crashing_request(parts):
    """Stored, not compressed: what the shim looks for is in the bytes."""
    data = b"CRASH-ME"
    packed = b"\x01" + len(data).to_bytes(2, "little") + (0xffff - len(data)).to_bytes(2, "little") + data
    return "/saml/idp/sso?" + urllib.parse.urlencode({"SAMLRequest": base64.b64encode(packed).decode()})


@fault("a request that crashes a worker ends that worker alone, also when it comes again and again")
def crash(service, seconds):
    times, crashes = [], []             # from the request to the end of its connection
    with Load(service.parts, clients=4) as load:
        end = time.monotonic() + seconds
        while not crashes or time.monotonic() < end:
            before, began = set(service.workers()), time.monotonic()
            status = service.parts.postern_status(crashing_request(service.parts))
            assert status is None, f"the request was answered by {status}"
            crashes.append((began, time.monotonic() + 0.2))
            wait_for(lambda: set(service.workers()) != before, 60, "the worker to be gone", service.parts.postern)
            wait_for(service.whole, 60, "another worker", service.parts.postern)
            times.append(time.monotonic() - began)
            load.wait_for_more(2)
    load.assert_lost_only_during(crashes)
    # without a pause, by who will not stop: whoever comes is served as soon as he does
    for _ in range(8):
        service.parts.postern_status(crashing_request(service.parts))
    hail = service.until_well()
    # not half a minute, which is what a role waits that cannot start: who crashes workers must not gain that
    return (f"{len(crashes)} crashes, {load.said()}, whole after {middle(times):.1f} s (longest {max(times):.1f}); "
            f"after 8 in a row {hail:.1f} s", middle(times) < DEAD and hail < 4 * DEAD)


# ---- around it ----


@fault("sign-ons go on by what is known; a change is seen once the directory is back; told once")
def ldap(service, seconds):
    seen = []
    with Load(service.parts, clients=3) as load:
        for mode in ("reset", "silent", "cut"):
            mark = len(service.log())
            service.ldap.set(mode, 40 if mode == "cut" else 0)
            load.wait_for_more(6)
            time.sleep(seconds / 6)
            load.wait_for_more(2)
            service.ldap.set("pass")
            time.sleep(0.1)
            told = sum(" mirror corp: " in line and (" warning " in line or " error " in line)
                       for line in service.log()[mark:].splitlines())
            assert told <= 1, f"{mode}: told {told} times"
            seen.append(f"{mode} ({'told once' if told else 'over before it was told'})")
        mirror = time.monotonic()
        name = f"Change {random.randrange(1 << 30)}"
        ldap_modify(service.parts, f"dn: {MAYA['dn']}\nchangetype: modify\nreplace: description\ndescription: {name}\n")
        wait_for(lambda: connected(service), 60, "the mirror to be connected again", service.parts.postern)
        back = time.monotonic() - mirror
    load.assert_nothing_lost()
    return f"{', '.join(seen)}: {load.said()}; followed again after {back:.1f} s", True


def connected(service):
    result = subprocess.run([*service_command(service), "mirror", "status", "--json"], capture_output=True, text=True)
    return '"connected":true' in result.stdout.replace(" ", "")


def service_command(service):
    """A command of Postern where it sees the service's disks."""
    return ["nsenter", "-t", str(service.pid), "-m", *service.parts.postern_command()]


def told_of_metadata(service, mode, mark):
    """Down and wrong are one failure, which begins once and is over once.  Returns it in words."""
    times, words = {"down": ([1, 0], "told once"), "wrong": ([0, 0], "nothing more to tell"),
                    "good": ([0, 1], "its end told once")}[mode]

    def told():
        return [count(line, mark, service) for line in ("metadata cannot be fetched", "metadata is fetched again")]

    wait_for(lambda: told() == times, 60, f"what is told of {mode}: {times}", service.parts.postern)
    return words


@fault("the last good document stays in force; a wrong one is never taken; told once")
def metadata(service, seconds):
    seen = []
    with Load(service.parts, clients=3) as load:
        for mode in ("down", "wrong", "good"):
            service.metadata.mode = mode
            mark, asked = len(service.log()), service.metadata.asked
            service.parts.postern.send(signal.SIGHUP)           # a new process fetches at once
            wait_for(lambda: service.metadata.asked > asked, 60, "the metadata to be fetched", service.parts.postern)
            wait_for(service.whole, 60, "the reload", service.parts.postern)
            time.sleep(seconds / 6)
            load.wait_for_more(4)
            seen.append(f"{mode} ({told_of_metadata(service, mode, mark)})")
    load.assert_nothing_lost()
    return f"{', '.join(seen)}: {load.said()}", True


# ---- disks ----


def rename_maya(service, name):
    ldap_modify(service.parts, f"dn: {MAYA['dn']}\nchangetype: modify\nreplace: displayName\ndisplayName: {name}\n")


@fault("a sign-on that cannot be claimed or recorded is refused; told once; all is well once there is room, without a restart")
def disk_full(service, seconds):
    seen = []
    for name, words in (("run", {"store"}), ("audit", {"audit"}), ("mirror", set())):
        before, mark = set(service.children()), len(service.log())
        service.fill(name)
        tries = 0
        while name == "mirror" and tries < 8 and not count("the mirror cannot be written", mark, service):
            rename_maya(service, f"{random.randrange(1 << 30)} " * 300)
            tries += 1
            time.sleep(0.3)
        answers = []
        while len(answers) < 12 and (not answers or answers[-1] is None):       # pages that are there already may do
            answers.append(service.try_once())
        answers += [service.try_once() for _ in range(4)]
        service.empty(name)
        took = service.until_well()
        rename_maya(service, MAYA["name"])
        assert set(answers) <= words | {None}, f"{name}: {answers}"
        _, torn = service.audit_lines()
        # what the disk had no room for stands alone: no line is joined to it
        assert len(torn) <= WORKERS and all(line.count(b'{"time"') == 1 for line in torn), torn
        assert set(service.children()) == before, f"{name}: processes were replaced"
        told, refused = count(" error ", mark, service) + count(" warning ", mark, service), len(answers) - answers.count(None)
        # whoever is refused is a line of his own; the trouble is one of each process that has it, and so are its two alarms
        assert told <= refused + WORKERS + 2, f"{name}: {told} errors and warnings"
        seen.append(f"{name}: {answers.count(None)} let in, {refused} refused, well {took:.1f} s after, "
                    f"{told} errors and warnings, the same processes")
    return "; ".join(seen), True


@fault("started on a read-only disk nobody is let in unrecorded or unclaimed; all is well once it can be written")
def disk_read_only(service, seconds):
    seen = []
    for name in Service.DISKS:
        service.parts.postern.stop()
        mark = len(service.log())
        service.start(name, lambda: count(" error ", mark, service) > 0)
        time.sleep(0.5)
        answer = service.try_once(timeout=2)
        assert answer is not None, f"{name}: somebody was let in"
        service.remount(name, "rw")
        took = service.until_well()
        seen.append(f"{name}: {answer[:40]}, well {took:.1f} s after, {count(' error ', mark, service)} errors told")
    return "; ".join(seen), True


# ---- limits ----


def limit(pid, **limits):
    for name, value in limits.items():
        run("prlimit", "--pid", pid, f"--{name}={value}:")


@fault("with no descriptor left nobody dies; who comes waits or is served, and all is well when there are some")
def descriptors_gone(service, seconds):
    before = service.workers()
    usual = run("prlimit", "--pid", before[0], "--nofile", "--output=SOFT", "--noheadings").strip()
    for pid in before:
        limit(pid, nofile=descriptors(pid) + 6)
    idle = []
    with Load(service.parts, clients=3, connections=False) as load:
        for _ in range(60):
            idle.append(socket.create_connection(("127.0.0.1", service.parts.ports["postern"]), 5))
        time.sleep(max(1.0, seconds / 4))
        during = load.said()
        for one in idle:
            one.close()
        for pid in before:
            limit(pid, nofile=usual)
        load.wait_for_more(5)
        well = time.monotonic()
    assert not load.wrong and service.workers() == before
    late = [what for began, _, what in load.failed if began > well]
    assert not late, late
    return f"{during} while 60 idle connections held all; {load.said()} in the end; the same workers", True


@fault("a worker that gets no memory turns away what needs some, or ends and is replaced; only what it has in hands is lost")
def memory_gone(service, seconds):
    deaths = []
    with Load(service.parts, clients=4, connections=False) as load:
        load.wait_for_more()
        for _ in range(2 if seconds > 5 else 1):
            victim = service.workers()[0]
            size = int(re.search(r"VmSize:\s+(\d+)", pathlib.Path(f"/proc/{victim}/status").read_text()).group(1)) * 1024
            since = time.monotonic()
            limit(victim, **{"as": size})
            # heaps have room left: a large body asks for more
            bodies = []
            for _ in range(40):
                if victim not in service.children():
                    break
                with contextlib.suppress(OSError):
                    bodies.append(begin_large(service.parts))
            time.sleep(0.5)
            for body in bodies:
                body.close()
            took = time.monotonic()
            survived = victim in service.children()
            if survived:
                limit(victim, **{"as": "unlimited"})
            wait_for(service.whole, 60, "another worker", service.parts.postern)
            deaths.append((since, time.monotonic(), survived, took - since))
            load.wait_for_more()
    load.assert_lost_only_during([(since, to) for since, to, *_ in deaths])
    ended = sum(not survived for _, _, survived, _ in deaths)
    return (f"{len(deaths)} at their limit, {ended} of them ended and {len(deaths) - ended} turned away what was too much; "
            f"{load.said()}, whole {max(death[3] for death in deaths):.1f} s after"), True


def begin_large(parts):
    """A form of 900 kB but for its end, so that it is kept."""
    body = b"SAMLResponse=" + b"A" * 900000
    s = socket.create_connection(("127.0.0.1", parts.ports["postern"]), 5)
    s.settimeout(0.3)
    s.sendall(b"POST /saml/sp/acs/1 HTTP/1.1\r\nHost: " + parts.host("sso", "postern").encode() +
              b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + str(len(body) + 1).encode() +
              b"\r\n\r\n" + body)
    return s


@fault("a client that never reads holds a connection and a bounded piece of memory, and nobody up")
def never_reads(service, seconds):
    host = service.parts.host("sso", "postern").encode()
    request = b"GET /saml/idp/metadata HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
    before, workers, deaf = [memory_kib(pid) for pid in service.workers()], service.workers(), []
    with Load(service.parts, clients=3) as load:
        for _ in range(30):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", service.parts.ports["postern"]))
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                for _ in range(4000):
                    s.send(request)
            deaf.append(s)
        time.sleep(max(1.0, seconds / 4))
        load.wait_for_more(5)
    grown = sum(memory_kib(pid) for pid in service.workers()) - sum(before)
    for s in deaf:
        s.close()
    load.assert_nothing_lost()
    assert service.workers() == workers
    assert grown < 30 * 1024, f"{grown} KiB more"
    return f"30 of them: {load.said()}, {grown} KiB more in all workers", True


# ---- the clock ----


@fault("nobody is let in by a clock that is an hour wrong, nobody dies of it, and all is well when it is right")
def clock(service, seconds):
    seen, before = [], set(service.children())
    assert service.try_once() is None
    for step in ("+3600", "-3600"):
        service.clock.write_text(step + "\n")
        time.sleep(0.5)
        answers = [service.try_once() for _ in range(3)]
        assert None not in answers, f"{step}: somebody was let in"
        service.clock.write_text("+0\n")
        time.sleep(0.5)
        took = service.until_well()
        seen.append(f"{step} s: {answers[0]}; well {took:.1f} s after")
    assert set(service.children()) == before, "processes were replaced"
    return "; ".join(seen) + "; the same processes", True


# ---- reloads ----


def spoil(p, good, rule, how):
    """New settings with something wrong somewhere: a setting, a certificate, a password file."""
    p.settings_file.write_text(re.sub(r"name: agents[-\d]*,", rule, good) + ("nonsense: 1\n" if how == 0 else ""))
    spoilt = {1: p.folder / "signing.crt", 2: p.folder / "ldap.password"}.get(how)
    if not spoilt:
        return lambda: None
    bytes_of_before = spoilt.read_bytes()
    spoilt.write_bytes(b"" if how == 2 else b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    return lambda: spoilt.write_bytes(bytes_of_before)


@fault("a reload takes all that is new or nothing; no sign-on fails, nothing grows")
def reload(service, seconds, times=None):
    p, good = service.parts, service.parts.settings_file.read_text()
    done = refused = 0
    before, memory = descriptors(service.pid), None
    with Load(p, clients=3) as load:
        end = time.monotonic() + seconds
        while (done < times) if times else (time.monotonic() < end or not refused):
            mark, bad = len(service.log()), done % 5 == 4
            mend = spoil(p, good, f"name: agents-{done},", refused % 3 if bad else None)
            p.postern.send(signal.SIGHUP)
            wait_for(lambda: count("the settings were not taken" if bad else "serving address=", mark, service), 60,
                     "the reload" if not bad else "it to be refused", p.postern)
            assert not load.failed, f"{done} reloads: {load.said()}: {load.failed[:2]}"
            mend()
            refused += bad
            done += 1
            if done == 10:
                memory = memory_kib(service.pid)
        load.wait_for_more()
    p.settings_file.write_text(good)
    load.assert_nothing_lost()
    wait_for(service.whole, 60, "the old ones to be gone", p.postern)
    grown, after = memory_kib(service.pid) - (memory or memory_kib(service.pid)), descriptors(service.pid)
    assert after == before, f"{before} descriptors, then {after}"
    assert grown < 1024, f"the parent has {grown} KiB more"
    rules = rules_of_audit(service)
    assert all(re.fullmatch(r"agents-\d+|agents|employees", rule) for rule in rules), rules
    assert not any(rule == f"agents-{i}" for rule in rules for i in range(4, done, 5)), "a refused file decided"
    return (f"{done} reloads, {refused} of files that were refused: {load.said()}; the parent has {after} descriptors as "
            f"before, {grown:+d} KiB", True)


def rules_of_audit(service):
    lines, _ = service.audit_lines()
    return {json.loads(line).get("rule") for line in lines if line} - {None}


# ---- the run ----


WITH_CLOCK = ("clock",)


def run_fault(name, folder, build, seconds, services, **more):
    """Prints the row; the service is kept for the next one."""
    key = name in WITH_CLOCK
    if key not in services:
        # the audit of an hour needs room
        room = "8m" if seconds <= 20 and not more else "128m"
        services[key] = Service(folder / ("clock" if key else "all"), build, key, room)
    promised, function = FAULTS[name]
    seen, kept = function(services[key], seconds, **more)
    print(f"{name}\n    promised: {promised}\n    seen:     {seen}\n    {'kept' if kept else 'NOT IN TIME'}", flush=True)
    return kept


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    arguments.add_argument("--seconds", type=float, default=20.0, help="for each fault")
    arguments.add_argument("--reloads", type=int, help="so many instead of seconds")
    arguments.add_argument("names", nargs="*", choices=[*FAULTS, []], help="all if none is named")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # leaves nothing behind
    folder, services, broken = pathlib.Path(tempfile.mkdtemp(prefix="postern-faults-")), {}, []
    try:
        for name in options.names or FAULTS:
            more = {"times": options.reloads} if name == "reload" and options.reloads else {}
            try:
                kept = run_fault(name, folder, options.build.resolve(), options.seconds, services, **more)
            except Exception as problem:                        # noqa: BLE001: the others are wanted too
                kept = False
                print(f"{name}\n    promised: {FAULTS[name][0]}\n    BROKEN:   {type(problem).__name__}: {problem}", flush=True)
            if not kept:
                broken.append(name)
    finally:
        for service in services.values():
            service.close()
        shutil.rmtree(folder, ignore_errors=True)
    print("not kept: " + ", ".join(broken) if broken else "all kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
