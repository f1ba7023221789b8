# SPDX-License-Identifier: GPL-3.0-or-later
"""Request smuggling through each pair of proxy and Postern, both ways.

Every byte between the two is kept, and judged once all attacks are over: on each
connection Postern gives one answer for each request and nothing else, and no
request reaches Postern that was answered to nobody.  Each proxy runs twice: as
its sample says, with a connection for each request, and with connections that
are used again, where what is hidden behind a request could meet a stranger's.
"""
import concurrent.futures
import secrets
import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

from parts import answers_tcp, free_port, http_status
from proxies import PROXIES, Proxied, client_tls
from smuggling import Recorder, Torn, answers_in, attacks, filled, judge, requests_in

REUSE = {
    "nginx": [("    server 127.0.0.1:8080;", "    server 127.0.0.1:8080;\n    keepalive 16;"),
              ("proxy_set_header Forwarded       \"\";", "proxy_set_header Forwarded \"\"; proxy_set_header Connection \"\";")],
    "haproxy": [("http-reuse never", "http-reuse always"), ("    option http-server-close\n", "")],
    "apache": [("disablereuse=On", "disablereuse=Off")],
}


class Pair(Proxied):
    """One more proxy before a Postern that runs already."""

    def __init__(self, of, proxy, reuses):
        self.folder = of.folder / f"{proxy}-{'reuses' if reuses else 'sample'}"
        self.folder.mkdir()
        self.build, self.proxy_name = of.build, proxy
        self.started, self.public, self.reuses = [], of.ports["proxy"], reuses
        self.ports = dict(of.ports, proxy=free_port(), plain=free_port())
        self.key, self.certificate = of.key, of.certificate
        self.recorder = Recorder(of.ports["postern"])
        self.behind = self.recorder.port

    @property
    def host_header(self):
        return f"sso.localhost:{self.public}"

    def place(self, sample):
        for what, to in REUSE[self.proxy_name] if self.reuses else ():
            sample.change(what, to)
        # HAProxy knows the name with its port, which is that of the address that Postern has
        sample.text = sample.text.replace("req.hdr(host) -i sso.example.org", f"req.hdr(host) -i {self.host_header}")
        sample.text = sample.text.replace("hdr Host sso.example.org", f"hdr Host {self.host_header}")
        return super().place(sample)

    def close(self):
        super().close()
        self.recorder.close()

    def wire(self, alpn="http/1.1", timeout=1.0):
        plain = socket.create_connection(("127.0.0.1", self.ports["proxy"]), 20)
        wire = client_tls(self.certificate, (alpn,)).wrap_socket(plain, server_hostname="sso.localhost")
        assert wire.selected_alpn_protocol() in (alpn, None)
        wire.settimeout(timeout)
        return wire


@pytest.fixture(scope="module")
def postern(tmp_path_factory, postern_build):
    """Alone: what is asked for here needs no directory and no identity provider."""
    made = Proxied(tmp_path_factory.mktemp("smuggling"), postern_build, "nginx")
    try:
        made.write_postern_files()
        made.start_postern(lambda: http_status(made.ports["postern"], made.host("sso", "proxy"), "/health/live") == 200)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module", params=[(proxy, reuses) for proxy in sorted(PROXIES) for reuses in (False, True)],
                ids=lambda value: f"{value[0]}-{'reuses' if value[1] else 'sample'}")
def pair(request, postern):
    made = Pair(postern, *request.param)
    try:
        made.start_proxy()
        yield made
    finally:
        made.close()


def received(wire):
    """All bytes until the proxy closes or says nothing more."""
    data = b""
    try:
        while True:
            part = wire.recv(65536)
            if not part:
                return data, True
            data += part
    except OSError:
        return data, False


def attempt(pair, text, seconds):
    """(nonce, how many answers the attacker got)"""
    nonce = secrets.token_hex(8)
    wire = pair.wire(timeout=seconds)
    try:
        sent = filled(text, pair.host_header, nonce)
        try:
            wire.sendall(sent)
        except OSError:
            pass
        data, closed = received(wire)
    finally:
        wire.close()
    methods = [part.split(b" ")[0] for part in (sent, b"GET ")]
    if not data.startswith(b"HTTP/"):
        return nonce, 0  # nginx answers HTTP/0.9 with a bare page
    return nonce, len(answers_in(data, methods, closed))


def reached_postern(pair, nonce):
    """Requests with this nonce that Postern answered."""
    found = 0
    for up, down in list(pair.recorder.conversations):
        requests, rest = requests_in(bytes(up))
        lines = [whole for _, whole in requests] + ([rest] if rest else [])
        try:
            answers = len(answers_in(bytes(down), [line.split(b" ")[0] for line in lines]))
        except Torn:
            answers = len(lines)
        found += sum(nonce.encode() in line.split(b"\r\n\r\n")[0] for line in lines[:answers])
    return found


def try_all(pair, one, rows):
    """Fails where a request was answered to nobody; returns how many requests came to Postern."""
    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        outcomes = list(zip(rows, pool.map(lambda row: one(pair, row, 1.0), rows)))
        arrived = [reached_postern(pair, nonce) for _, (nonce, _) in outcomes]
        # perhaps only slow: once more, with all the time it wants
        again = [row for (row, (_, answers)), seen in zip(outcomes, arrived) if seen > answers]
        for row, (nonce, answers) in zip(again, pool.map(lambda row: one(pair, row, 10.0), again)):
            assert reached_postern(pair, nonce) <= answers, f"answered to nobody: {row!r}"
    return sum(arrived)


class Canary:
    """Somebody honest: gets the answer to what was asked, however the neighbours behave."""
    PAGES = {"/health/live": b'{"live":true}', "/saml/sp/metadata": b"SPSSODescriptor",
             "/saml/idp/metadata": b"IDPSSODescriptor", "/nowhere": b"no-such-page"}

    def __init__(self, pair):
        self.pair, self.over, self.asked, self.wrong = pair, threading.Event(), 0, []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            for path, word in self.PAGES.items():
                self.over.wait(0.1)
                wire = self.pair.wire(timeout=20)
                wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.pair.host_header}\r\nConnection: close\r\n\r\n".encode())
                data, _ = received(wire)
                wire.close()
                self.asked += 1
                if word not in data or data.count(b"HTTP/1.1 ") != 1:
                    self.wrong.append((path, data[:300]))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.over.set()
        self.thread.join()


def judge_all(pair):
    for up, down in pair.recorder.conversations:
        fault = judge(up, down)
        assert not fault, f"{fault}\n{bytes(up)!r}\n{bytes(down)!r}"
        if not pair.reuses:
            assert len(requests_in(bytes(up))[0]) <= 1, f"a second request on a connection for one: {bytes(up)!r}"


def test_attacks_over_http_1_smuggle_nothing(pair):
    texts = attacks()
    assert len(texts) > 140
    with Canary(pair) as canary:
        arrived = try_all(pair, attempt, texts)
    assert arrived, "some are harmless enough to arrive"
    judge_all(pair)
    assert canary.asked >= 4 and not canary.wrong, canary.wrong[:3]


# ---- HTTP/2, which a proxy writes down as HTTP/1.1 ----

HIDDEN = "GET /hidden-{nonce} HTTP/1.1\r\nHost: {host}\r\n\r\n"
USUAL = [(":method", "POST"), (":path", "/saml/idp/sso?attack={nonce}"), (":scheme", "https"), (":authority", "{host}"),
         ("content-type", "application/x-www-form-urlencoded")]


def changed(**pseudo):
    return [(name, pseudo.get(name[1:], value)) for name, value in USUAL]


DOWNGRADES = [(headers, body) for body in ("", "0\r\n\r\n" + HIDDEN) for headers in [
    USUAL + [("content-length", "0")], USUAL + [("content-length", "5")],
    USUAL + [("content-length", "0"), ("content-length", "5")],
    USUAL + [("content-length", "+5")], USUAL + [("transfer-encoding", "chunked")],
    USUAL + [("transfer-encoding", "chunked"), ("content-length", "5")], USUAL + [("transfer-encoding ", "chunked")],
    USUAL + [("x", "y\r\ntransfer-encoding: chunked")], USUAL + [("x", "y\ntransfer-encoding: chunked")],
    USUAL + [("x", "y\r\n\r\n" + HIDDEN)], USUAL + [("x: y\r\ntransfer-encoding", "chunked")], USUAL + [("x\x00", "y")],
    USUAL + [("x", "y\x00\r\nz: 1")], USUAL + [("connection", "transfer-encoding"), ("transfer-encoding", "chunked")],
    USUAL + [("connection", "content-length")], USUAL + [("Transfer-Encoding", "chunked")], USUAL + [("host", "x")],
    USUAL + [("host", "{host}"), ("host", "x")], USUAL + [("x", "y\r")], USUAL + [("", "y")], USUAL + [(":x", "y")],
    USUAL + [("te", "chunked")], USUAL + [("upgrade", "h2c")], USUAL + [("expect", "100-continue")],
    changed(path="/?attack={nonce} HTTP/1.1\r\nHost: {host}\r\n\r\n" + HIDDEN),
    changed(path="/?attack={nonce} HTTP/1.1\r\nx: y"),
    changed(path="/a b?attack={nonce}"), changed(path="https://{host}/?attack={nonce}"), changed(path="//x/?attack={nonce}"),
    changed(path="?attack={nonce}"), changed(path="/?attack={nonce}\x00"), changed(path=""), changed(path="*"),
    changed(method="GET /hidden-{nonce} HTTP/1.1\r\nx:"), changed(method="GET /hidden-{nonce}"), changed(method="CONNECT"),
    changed(authority="{host}\r\nx: y"), changed(authority="x"), changed(authority="{host}, x"), changed(scheme="http://x/?"),
    USUAL + [(":path", "/hidden-{nonce}")], USUAL + [(":method", "GET")], USUAL[1:], USUAL[:1] + USUAL[2:],
]]


def attempt_h2(pair, row, seconds):
    """(nonce, how many answers the attacker got)"""
    headers, body = row
    nonce = secrets.token_hex(8)
    fill = lambda text: text.replace("{nonce}", nonce).replace("{host}", pair.host_header)
    config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding=None)
    connection = h2.connection.H2Connection(config)
    wire = pair.wire("h2", seconds)
    answered = 0
    try:
        connection.initiate_connection()
        connection.send_headers(1, [(fill(name), fill(value)) for name, value in headers], end_stream=not body)
        if body:
            connection.send_data(1, fill(body).encode(), end_stream=True)
        wire.sendall(connection.data_to_send())
        while answered == 0:
            data = wire.recv(65536)
            if not data:
                break
            events = connection.receive_data(data)
            answered += sum(isinstance(event, h2.events.ResponseReceived) for event in events)
            if any(isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)) for event in events):
                break
            wire.sendall(connection.data_to_send())
    except (OSError, h2.exceptions.ProtocolError):
        pass
    finally:
        wire.close()
    return nonce, answered


def test_attacks_over_http_2_smuggle_nothing(pair):
    assert attempt_h2(pair, (changed(method="GET"), ""), 20)[1], "it speaks HTTP/2"
    with Canary(pair) as canary:
        assert try_all(pair, attempt_h2, DOWNGRADES), "some are harmless enough to arrive"
    judge_all(pair)
    assert canary.asked >= 4 and not canary.wrong, canary.wrong[:3]


# ---- the judge itself ----

TWO_LENGTHS = b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"


@pytest.mark.parametrize("up, down, says", [
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", None),
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" * 2, "1 requests, 2 answers"),
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", "no end of a head"),
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "shorter"),
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: a\nX: y\r\nContent-Length: 0\r\n\r\n", "no field"),
    (b"HEAD / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", None),
    (TWO_LENGTHS, b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", None),
    (TWO_LENGTHS, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "no request"),
])
def test_the_judge_knows_good_from_bad(up, down, says):
    fault = judge(up, down)
    assert fault is None if says is None else says in fault, fault
