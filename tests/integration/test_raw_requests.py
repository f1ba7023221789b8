# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of raw requests (tests/raw_requests.txt) against a running gateway.

`get` is a link that nobody has, `form` the assertion consumer service without an answer in it: both refuse with a reason of
their own, which /metrics counts, so it is known how often a handler ran whatever was answered.
"""
import pathlib
import re
import socket
import time
import urllib.request

import pytest

from parts import free_port
from test_serve import keys, serve, until  # noqa: F401: fixtures

TABLE = pathlib.Path(__file__).resolve().parent.parent / "raw_requests.txt"
HOST = "sso.localhost:8080"
REASONS = {"get": "no-such-link", "head": "no-such-link", "form": "response-missing"}
STATUS = {"get": 404, "head": 404, "form": 400}
OVER = 2 * 524288 + 1
WORDS = {"host": HOST, "HOST": HOST.upper(), "H": f"Host: {HOST}\r\n", "get": "/go/none", "form": "/saml/sp/acs/1",
         "over": str(OVER), "overhex": f"{OVER:x}"}
WORDS["GET"] = f"GET {WORDS['get']} HTTP/1.1\r\n{WORDS['H']}\r\n"
WORDS["getlen"] = str(len(WORDS["GET"]))
LAST = f"GET {WORDS['get']} HTTP/1.1\r\n{WORDS['H']}Connection: close\r\n\r\n".encode()
MEMORY_KB = 1024


def expand(text):
    """Bytes of a row, as latin-1 text."""
    out, at = [], 0
    while at < len(text):
        if text[at] == "\\":
            wide = 4 if text[at + 1] == "x" else 2
            out.append(text[at:at + wide].encode().decode("unicode_escape"))
            at += wide
        elif text[at] == "{":
            depth, end = 0, at
            while True:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                if depth == 0:
                    break
                end += 1
            inside, at = text[at + 1:end], end + 1
            times = re.fullmatch(r"\*(\d+) (.*)", inside)
            out.append(expand(times[2]) * int(times[1]) if times else WORDS[inside])
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


class Row:
    def __init__(self, line, request):
        head, _, self.holds = line.partition("|")
        self.name, answers, end, *flags = head.split()
        self.answers = [] if answers == "-" else answers.split(",")
        self.closed, self.half, self.slow = end == "closed", "half" in flags, "slow" in flags
        self.holds = self.holds[1:] if not self.holds.startswith(" sees ") else ""
        self.bytes = expand(request).encode("latin-1")

    @property
    def statuses(self):
        return [STATUS.get(answer) or int(answer) for answer in self.answers]


def read_table():
    lines = TABLE.read_text().split("\n")
    return [Row(line, lines[i + 1][1:]) for i, line in enumerate(lines) if re.match("[a-z]", line)]


class Target:
    def __init__(self, serve):
        self.serve, self.metrics_port = serve, free_port()
        with open(serve.folder / "p.yaml", "a") as f:
            f.write(f"metrics_listen: 127.0.0.1:{self.metrics_port}\n")
        serve.start_ready()
        serve.wait_for("answering /metrics")

    def handled(self):
        """How often the handlers of `get` and `form` ran, in all workers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        counts = dict(re.findall(r'^postern_refusals_total\{reason="([a-z-]+)"\} (\d+)$', text, flags=re.M))
        return [int(counts.get(reason, 0)) for reason in ("no-such-link", "response-missing")]

    def send(self, row):
        client = socket.create_connection(("127.0.0.1", self.serve.port), 30)
        with_end = row.bytes + (b"" if row.closed else LAST)
        try:
            client.sendall(with_end)
            if row.half:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass            # it ended the connection: what it said is read all the same
        return client

    def memory_kb(self):
        """Private memory of all workers."""
        rollups = [pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.serve.workers()]
        return sum(int(re.search(r"^Private_Dirty:\s+(\d+)", text, flags=re.M)[1]) for text in rollups)


@pytest.fixture
def target(serve):
    return Target(serve)


def read_all(client):
    """Everything up to the end."""
    got = b""
    try:
        while more := client.recv(65536):
            got += more
    except ConnectionResetError:
        pass
    client.close()
    return got.decode("latin-1")


def statuses_in(text):
    # a reply may follow a page at once, without a line end between them
    return [int(status) for status in re.findall(r"HTTP/1\.[01] (\d{3}) [A-Z][A-Za-z ]+\r\n", text)]


def check(target, row):
    before = target.handled()
    text = read_all(target.send(row))
    wanted = row.statuses + ([] if row.closed else [404])
    assert statuses_in(text) == wanted, f"{row.name}: {text}"
    if row.holds.startswith("reason="):
        assert row.holds.removeprefix("reason=") in text, f"{row.name}: {text}"
    elif row.holds:
        assert row.holds in text, f"{row.name}: {text}"
    assert "\nSet-Cookie" not in text, row.name
    gets = sum(answer in ("get", "head") for answer in row.answers) + (not row.closed)
    forms = row.answers.count("form")
    assert [after - then for after, then in zip(target.handled(), before)] == [gets, forms], row.name


def test_every_request_of_the_table_is_answered_once(target):
    table = read_table()
    assert len(table) >= 250
    workers = target.serve.workers()
    slow = [row for row in table if row.slow]
    waiting = [(row, target.send(row), time.monotonic()) for row in slow]
    at_once = sum(answer in REASONS for row in slow for answer in row.answers)
    until(lambda: sum(target.handled()) == at_once)
    fast = [row for row in table if not row.slow]
    for row in fast:
        check(target, row)
    memory = target.memory_kb()
    for _ in range(3):
        for row in fast:
            text = read_all(target.send(row))
            assert statuses_in(text) == row.statuses + ([] if row.closed else [404]), row.name
    before = target.handled()
    for row, client, began in waiting:
        text = read_all(client)
        assert statuses_in(text) == row.statuses, f"{row.name}: {text}"
        assert 18 < time.monotonic() - began, row.name
    assert target.handled() == before, "what was never whole reached a handler"
    assert target.memory_kb() - memory < MEMORY_KB * len(workers)
    assert target.serve.workers() == workers, "a worker died"
    assert [target.serve.get() for _ in range(8)] == [200] * 8
    assert not re.search(r"is stuck|died|two readings", target.serve.log())
