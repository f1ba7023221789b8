# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of networks and people through a running gateway, and what abuse leaves in a worker: counts, no times."""
import contextlib
import http.client
import json
import pathlib
import re
import resource
import socket
import subprocess
import sys
import time

import pytest

from browser import Browser
from parts import free_port, wait_for
from stories import MAYA, assert_refused, assert_signed_on, sign_on

TESTS = pathlib.Path(__file__).resolve().parent.parent
RUBBISH = "/saml/idp/sso?SAMLRequest=bm90aGluZw%3D%3D"


@pytest.fixture
def limited(stopped_parts):
    """Small limits, behind a proxy on this host that names each client."""
    parts = stopped_parts
    parts.metrics = free_port()
    settings = parts.settings().replace("limits: {sign_ons: off}",
                                        "limits: {failures: 30, requests: 200, sign_ons: 5, exempt: 192.0.2.0/24}")
    parts.write_postern_files(settings + f"trusted_proxies: 127.0.0.1\nmetrics_listen: 127.0.0.1:{parts.metrics}\n")
    parts.start_slapd()
    parts.start_entra()
    parts.start_door("managed")
    parts.start_postern()
    return parts


class Client:
    """Somebody far away, by the proxy: what stands left in `says` he wrote himself."""

    def __init__(self, parts, address, says=""):
        self.parts, self.address, self.says = parts, address, says

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.parts.ports["postern"], timeout=20)
        connection.request("GET", path, headers={"Host": self.parts.host("sso", "postern"),
                                                 "X-Forwarded-For": self.says + self.address})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def statuses(self, path, times):
        return [self.get(path).status for _ in range(times)]


def counted(parts, limit):
    connection = http.client.HTTPConnection("127.0.0.1", parts.metrics, timeout=20)
    connection.request("GET", "/metrics", headers={"Host": "localhost"})
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.search(rf'^postern_limited_total\{{limit="{limit}"\}} (\d+)', text, re.M)
    return int(found.group(1)) if found else 0


def held_up(attacker, by_another_way):
    """What comes of that, of two requests the first of which was refused: on a busy machine he may be free by then."""
    for _ in range(100):
        if attacker.get(RUBBISH).status == 429 and by_another_way.get("/go/help").status == 429:
            return 429
    return None


def test_who_sends_rubbish_is_held_up_and_nobody_else_is(limited):
    attacker, other, began = Client(limited, "203.0.113.5"), Client(limited, "203.0.113.6"), time.monotonic()
    answers = [attacker.get(RUBBISH) for _ in range(60)]
    # by both workers together, and a little more flows in meanwhile
    statuses = [answer.status for answer in answers]
    passed = statuses.count(400)
    assert 30 <= passed <= 45 + time.monotonic() - began and passed + statuses.count(429) == 60, statuses
    answer = answers[statuses.index(429)]
    assert 6 <= int(answer.headers["Retry-After"]) <= 9
    assert "too-many" in answer.text and "Please try again in a minute" in answer.text
    # whatever he writes into the field that names him, and wherever he goes
    for address, says in (("203.0.113.5", "198.51.100.9, 2001:db8::9, "), ("::ffff:203.0.113.5", "")):
        assert held_up(attacker, Client(limited, address, says)) == 429
    assert attacker.get("/health/live").status == attacker.get("/health/ready").status == 200
    assert set(other.statuses("/go/help", 20)) == {302}
    assert_signed_on(limited, sign_on(limited, Browser(), MAYA), MAYA)
    assert counted(limited, "failures") >= 20
    lines = [line for line in limited.postern.tail(10000).splitlines() if "is over a limit" in line]
    assert len(lines) == 1 and "limit=failures network=203.0.113.5 most=30" in lines[0], lines
    # time alone frees him, a bit at a time
    wait_for(lambda: attacker.get("/go/help").status == 302, 60, "room for the attacker's network", limited.postern)


def test_a_network_has_only_so_many_requests_and_an_exempt_one_any_number(limited):
    attacker, exempt, began = Client(limited, "2001:db8:5:7::1"), Client(limited, "192.0.2.77"), time.monotonic()
    statuses = attacker.statuses("/go/help", 260)
    while statuses.count(429) < 5 and len(statuses) < 3000:         # more flow in than a busy machine asks for
        statuses += attacker.statuses("/go/help", 20)
    assert 200 <= statuses.count(302) <= 255 + 4 * (time.monotonic() - began) and statuses.count(429) >= 5, statuses
    assert Client(limited, "2001:db8:5:7:ffff::2").get("/go/help").status == 429
    assert Client(limited, "2001:db8:5:8::1").get("/go/help").status == 302
    assert set(exempt.statuses("/go/help", 260)) == {302}
    assert counted(limited, "requests") >= 6


def test_a_person_is_signed_on_only_so_often_in_a_minute(limited):
    began, done = time.monotonic(), 0
    while (page := sign_on(limited, Browser(), MAYA)).status != 429 and done < 50:
        assert_signed_on(limited, page, MAYA)
        done += 1
    assert 5 <= done <= 5 + (time.monotonic() - began) / 12
    assert_refused(limited, page, "too-many", 429)
    assert 6 <= int(page.header("Retry-After")) <= 20
    for _ in range(3):
        assert_refused(limited, sign_on(limited, Browser(), MAYA), "too-many", 429)
    assert counted(limited, "sign_ons") == 4
    refused = [line for line in limited.audit() if line.get("reason") == "too-many"]
    assert len(refused) == 1 and refused[0]["object_id"] == MAYA["id"], refused


def test_check_says_when_no_client_can_be_told_from_another(stopped_parts):
    settings = stopped_parts.settings().replace("public_url: http:", "public_url: https:")
    for more, warned in (("", True), ("trusted_proxies: 127.0.0.1\n", False)):
        stopped_parts.write_postern_files(settings + more)
        said = subprocess.run(stopped_parts.postern_command("check", "--offline"), capture_output=True, text=True).stdout
        assert "\nlisteners\n" in said
        assert ("networks have no limits" in said) == warned, said


def test_a_company_behind_one_address_gets_in_while_somebody_else_is_refused(postern_build):
    """`make nine-oclock` with 800 people instead of 4,000."""
    command = [sys.executable, TESTS / "bench/nine_oclock.py", "--build", postern_build, "--people", "800", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads(result.stdout)
    assert (figures["sign_ons"], figures["failed"], figures["lines"]) == (800, 0, 1)
    assert figures["stranger"]["429"] == figures["counted"]['postern_limited_total{limit="failures"}']


# ---- what abuse leaves in a worker ----

IDLE, DEAF = 2500, 40


@pytest.fixture
def lone_worker(stopped_parts):
    """One worker, so that all abuse is its own."""
    parts = stopped_parts
    parts.write_postern_files("workers: 1\n" + parts.settings())
    parts.start_slapd()
    parts.start_entra()
    parts.start_door("managed")
    parts.start_postern()
    return parts


@pytest.fixture
def descriptors():
    """Enough of them for the clients of these tests."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * IDLE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield min(IDLE, wanted // 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Worker:
    def __init__(self, parts):
        self.parts = parts
        command = ["pgrep", "-P", str(parts.postern.process.pid), "-f", "role worker"]
        (self.pid,) = map(int, subprocess.run(command, capture_output=True, text=True).stdout.split())

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir()))

    def own_kib(self):
        """Memory that is this process's own and written to."""
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"Anonymous:\s+(\d+)", text).group(1))

    def is_alive(self):
        return pathlib.Path(f"/proc/{self.pid}").exists()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.parts.ports["postern"]), 20)

    def request(self, path="/saml/sp/metadata", method="GET", more="", body=""):
        return f"{method} {path} HTTP/1.1\r\nHost: {self.parts.host('sso', 'postern')}\r\n{more}\r\n{body}".encode()

    def serves(self):
        return self.parts.postern_status("/health/live") == 200


@contextlib.contextmanager
def closing(sockets):
    try:
        yield sockets
    finally:
        for s in sockets:
            s.close()


def be_idle(worker, n):
    """Thousands of connections: a third says nothing, a third half a head, a third was answered and stays."""
    with closing([]) as held:
        for i in range(n):
            s = worker.connect()
            held.append(s)
            if i % 3 == 1:
                s.sendall(b"GET /saml/sp/meta")
            elif i % 3 == 2:
                s.sendall(worker.request("/health/live"))
        wait_for(lambda: worker.descriptors() >= n, 60, "the worker to have all of them", worker.parts.postern)
        assert worker.serves()
        yield worker.own_kib()


def be_deaf(worker, n):
    """Ask for a page a thousand times over and never read one."""
    with closing([]) as held:
        for _ in range(n):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            s.connect(("127.0.0.1", worker.parts.ports["postern"]))
            held.append(s)
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(1000):
                    s.send(worker.request())
        assert worker.serves()
        yield worker.own_kib()


def be_rubbish(worker, n):
    """Responses of 200 kB that are none, one request after another."""
    with closing([worker.connect()]) as (s,):
        body = "SAMLResponse=" + "QUFB" * 50000 + "&RelayState=" + "0" * 32
        head = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        for _ in range(n):
            s.sendall(worker.request("/saml/sp/acs/1", "POST", head, body))
            got = b""
            while b"</html>" not in got:
                part = s.recv(65536)
                assert part, got[:300]
                got += part
            assert got.startswith(b"HTTP/1.1 4"), got[:300]
        assert worker.serves()
        yield worker.own_kib()


def abuse(worker, idle):
    """How much memory each kind took at its height."""
    kinds = ((be_idle, idle), (be_deaf, DEAF), (be_rubbish, 100))
    return {kind.__name__: most for kind, n in kinds for most in kind(worker, n)}


def test_abuse_leaves_nothing_behind_in_a_worker(lone_worker, descriptors):
    worker = Worker(lone_worker)
    assert_signed_on(lone_worker, sign_on(lone_worker, Browser(), MAYA), MAYA)
    before, at_first = worker.descriptors(), worker.own_kib()
    heights, rests = [], []
    for _ in range(3):
        heights.append(abuse(worker, descriptors))
        wait_for(lambda: worker.descriptors() <= before + 2, 60, "all connections to be gone", lone_worker.postern)
        # it looks once a second for memory that it can give back: HEAP_KEPT of worker.c and a little stays, and then no more
        most = rests[0] + 1024 if rests else at_first + 10 * 1024
        time.sleep(2.5)
        wait_for(lambda: worker.own_kib() <= most, 30, f"memory of {most} KiB at most, after {rests}", lone_worker.postern)
        rests.append(worker.own_kib())
    print("own memory, KiB: at first", at_first, "at the height of each abuse", heights, "and afterwards", rests)
    # a connection that waits takes less than 8 KiB, and who never reads no more than the requests that are read ahead
    assert heights[0]["be_idle"] < at_first + 8 * descriptors, heights
    assert heights[0]["be_deaf"] < heights[0]["be_idle"] + 300 * DEAF, heights
    assert worker.is_alive(), "it is still the first worker"
    assert_signed_on(lone_worker, sign_on(lone_worker, Browser(), MAYA), MAYA)
