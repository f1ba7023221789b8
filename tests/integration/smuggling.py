# SPDX-License-Identifier: GPL-3.0-or-later
"""What the smuggling tests judge by: every byte between a proxy and Postern, and how requests and answers follow there.

An attack names a nonce in each request that it holds, also in the hidden ones.
What reached Postern is counted by it, and compared with the answers that the
attacker got: a request that was answered to nobody was smuggled.
"""
import re
import socket
import threading

FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^\x00-\x08\x0a-\x1f\x7f]*")


class Torn(Exception):
    """The bytes end, or go on, where no message does."""


def fields_of(head):
    """A head's first line, and its fields, as strictly as RFC 9112 has it."""
    first, *lines = head.split(b"\r\n")
    for line in lines:
        if not FIELD.fullmatch(line):
            raise Torn(f"no field: {line[:80]!r}")
    return first, [(name.lower(), value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]


def body_end(data, start, fields, rest_is_body=False):
    """Where the body ends that these fields announce."""
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        raise Torn(f"more than one length: {lengths} {codings}")
    if codings:
        if codings != [b"chunked"]:
            raise Torn(f"coding {codings}")
        while True:
            line = re.compile(rb"([0-9a-fA-F]{1,8})\r\n").match(data, start)
            if not line:
                raise Torn(f"no chunk: {data[start:start + 30]!r}")
            size, start = int(line.group(1), 16), line.end() + int(line.group(1), 16)
            if data[start:start + 2] != b"\r\n":
                raise Torn("a chunk without its end")
            start += 2
            if size == 0:
                return start
    if not lengths:
        return len(data) if rest_is_body else start
    if not re.fullmatch(rb"[0-9]+", lengths[0]) or start + int(lengths[0]) > len(data):
        raise Torn("the body is shorter than its length")
    return start + int(lengths[0])


def heads(data, at):
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise Torn(f"no end of a head: {data[at:at + 80]!r}")
    return *fields_of(data[at:end]), end + 4


def requests_in(data):
    """[(first line, whole)]; what follows the last whole one, b"" if nothing does."""
    found, at = [], 0
    while at < len(data):
        try:
            first, fields, end = heads(data, at)
            if not re.fullmatch(rb"[A-Z]+ [\x21-\x7e]+ HTTP/1\.[01]", first):
                raise Torn(first[:80])
            end = body_end(data, end, fields)
        except Torn:
            break
        found.append((first, data[at:end]))
        at = end
    return found, data[at:]


def answers_in(data, methods, closed=False):
    """Status of each answer, interim ones left out; Torn unless all bytes are theirs.  methods: of the requests, in order."""
    found, at = [], 0
    while at < len(data):
        first, fields, end = heads(data, at)
        status = re.fullmatch(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [^\x00-\x1f]*", first)
        if not status:
            raise Torn(f"no answer begins so: {first[:80]!r}")
        status = int(status.group(1))
        if status >= 200:
            method = methods[len(found)] if len(found) < len(methods) else b"GET"
            if method != b"HEAD" and status not in (204, 304):
                end = body_end(data, end, fields, closed)
            found.append(status)
        elif status != 100:
            raise Torn(f"status {status}")
        at = end
    return found


class Recorder:
    """Stands between a proxy and Postern, and keeps every connection's bytes: [(up, down)], bytearrays."""

    def __init__(self, port):
        self.target, self.conversations = port, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target), 10)
            server.settimeout(None)
            up, down = bytearray(), bytearray()
            self.conversations.append((up, down))
            threading.Thread(target=_copy, args=(client, server, up), daemon=True).start()
            threading.Thread(target=_copy, args=(server, client, down), daemon=True).start()

    def close(self):
        self.listener.close()


def _copy(source, to, kept):
    try:
        while True:
            part = source.recv(65536)
            if not part:
                break
            kept += part
            to.sendall(part)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, to):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def judge(up, down):
    """Of one connection of a proxy: what is wrong, or None."""
    requests, rest = requests_in(bytes(up))
    methods = [first.split(b" ")[0] for first, _ in requests]
    try:
        answers = answers_in(bytes(down), methods)
    except Torn as torn:
        return f"Postern's bytes are not {len(requests)} answers: {torn}"
    if len(answers) > len(requests) + (rest != b""):
        return f"{len(requests)} requests, {len(answers)} answers"
    if rest and len(answers) > len(requests) and answers[-1] < 400:
        return f"no request, and yet answered by {answers[-1]}: {rest[:200]!r}"
    return None


# ---- attacks over HTTP/1.1: {host}, {nonce} and {hidden}, a whole request that nobody may answer unnoticed ----

HIDDEN = "GET /hidden-{nonce} HTTP/1.1\r\nHost: {host}\r\n\r\n"
HEAD = "POST /saml/idp/sso?attack={nonce} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"

CODINGS = [
    "Transfer-Encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: \x0bchunked", "Transfer-Encoding: chunked\x0b", "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunKed", "Transfer_Encoding: chunked",
    "Transfer-Encoding: chunked;x=y", "Transfer-Encoding: ,chunked", "Transfer-Encoding:\r\n chunked",
    "X: y\r\n Transfer-Encoding: chunked", " Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked", "X: y\r\r\nTransfer-Encoding: chunked", "Transfer-Encoding\x00: chunked",
    "X: y\x00\r\nTransfer-Encoding: chunked", "\x00\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding: chun\x00ked", "X: y\n\rTransfer-Encoding: chunked", "Transfer-Encoding:", "Transfer-Encoding",
    ": y\r\nTransfer-Encoding: chunked", "Transfer-Encoding: \xa0chunked",
]
LENGTHS = [
    "Content-Length: 0\r\nContent-Length: {all}", "Content-Length: {all}\r\nContent-Length: 0", "Content-Length: 0, {all}",
    "Content-Length: {all}, {all}", "Content-Length: +{all}", "Content-Length: 0x0", "Content-Length: 0 {all}",
    "Content-Length : {all}", "Content-Length: -1", "Content-Length: 0\x0b", "Content-Length: 18446744073709551616",
    "Content-Length: 4294967296", "Content-Length: 00000000000000000000", "Content_Length: {all}",
    "Content-Length:\r\n {all}", "X: y\r\n Content-Length: {all}", "X: y\nContent-Length: {all}", "Content-Length: {all}\x00",
    "Content-Length: 0\r\n\x00Content-Length: {all}", "Content-Length:", "Content-Length: \"0\"", "Content-Length: 0;{all}",
    "Content-Length: 0.0", "Content-Length\t: {all}", "Connection: Content-Length\r\nContent-Length: {all}",
    "Connection: close, Content-Length\r\nContent-Length: {all}", "Expect: 100-continue\r\nContent-Length: {all}",
    "Expect: 100-continue\r\nContent-Length: 0", "Expect: x\r\nContent-Length: {all}",
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 0",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Content-Length: 0",
]
CHUNKS = [
    "0;x={hidden}", "0\n\r\n{hidden}", "0\n\n{hidden}", "0x0\r\n\r\n{hidden}", "-0\r\n\r\n{hidden}", "+0\r\n\r\n{hidden}",
    "00000000000000000\r\n\r\n{hidden}", "10000000000000000\r\n\r\n{hidden}", "0 \r\n\r\n{hidden}", " 0\r\n\r\n{hidden}",
    "0\r\nContent-Length: {all}\r\n\r\n{hidden}", "0\r\nHost: x\r\n\r\n{hidden}", "0\r\n X\r\n\r\n{hidden}",
    "1\r\nAB\r\n0\r\n\r\n{hidden}", "1\r\nA0\r\n\r\n{hidden}", "1\rA\r\n0\r\n\r\n{hidden}", "0;\n{hidden}\r\n",
    "0\r\n\n{hidden}", "0\r\n\r\r\n{hidden}", "\r\n{hidden}",
]
PATH, HOST, END = "/?attack={nonce}", "\r\nHost: {host}\r\n", "\r\n{hidden}"
GET = f"GET {PATH} HTTP/1.1{HOST}"
LINES = [
    f"GET {PATH} HTTP/1.1 HTTP/1.1{HOST}{END}", f"GET  {PATH} HTTP/1.1{HOST}{END}", f"GET\t{PATH}\tHTTP/1.1{HOST}{END}",
    f"GET {PATH} HTTP/1.1\nHost: {{host}}\n\n{{hidden}}", f"GET {PATH}\r\n{END}", f"GET {PATH} HTTP/2.0{HOST}{END}",
    f"GET {PATH} HTTP/1.0{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n{END}", f"GET {PATH} HTTP/1.11{HOST}{END}",
    f"GET {PATH} http/1.1{HOST}{END}", f"{GET}Host: x\r\n{END}", f"GET {PATH} HTTP/1.1\r\nHost: x\r\n Host: {{host}}\r\n\r\n",
    f"GET http://x{PATH} HTTP/1.1{HOST}\r\n", f"GET https://{{host}}{PATH} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET {PATH} HTTP/1.1\r\n\r\n", f"{GET}Connection: Host\r\n\r\n", f"{GET}Content-Length: {{all}}\r\n{END}",
    f"HEAD {PATH} HTTP/1.1{HOST}Content-Length: {{all}}\r\n{END}", f"HEAD /saml/idp/metadata{PATH[1:]} HTTP/1.1{HOST}{END}",
    f"OPTIONS * HTTP/1.1{HOST}X: {{nonce}}\r\nContent-Length: {{all}}\r\n{END}",
    f"CONNECT {{host}} HTTP/1.1{HOST}X: {{nonce}}\r\n{END}", f"TRACE {PATH} HTTP/1.1{HOST}{END}", f"\r\n\r\n{GET}\r\n",
    f"GET /%0d%0a{PATH[1:]} HTTP/1.1{HOST}\r\n", f"GET {PATH}\x00 HTTP/1.1{HOST}{END}", f"GET {PATH}%00 HTTP/1.1{HOST}\r\n",
    f"GET {PATH}#x HTTP/1.1{HOST}{END}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{hidden}",
    # what is said back
    f"GET /go/help{PATH[1:]}&login_hint=a%0d%0aContent-Length:%200%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0a HTTP/1.1{HOST}\r\n",
    f"GET /go/a%0d%0aX:%20y{PATH[1:]} HTTP/1.1{HOST}\r\n",
    f"{GET}Cookie: __Host-p-{{nonce}}{{nonce}}=x%0d%0aX; a=\"b\r\n c\"\r\n\r\n",
    f"{GET}Accept-Language: en\r\nRange: bytes=0-1\r\nIf-Modified-Since: x\r\n{END}",
]


def attacks():
    """[text with its names still in braces]"""
    found = []
    for coding in CODINGS:
        # one side reads the length, the other the chunks, either way round
        found.append(HEAD + f"Content-Length: {{all}}\r\n{coding}\r\n\r\n0\r\n\r\n{{hidden}}")
        found.append(HEAD + f"{coding}\r\nContent-Length: 4\r\n\r\n{{hex}}\r\n{{hidden}}\r\n0\r\n\r\n")
    found += [HEAD + f"{length}\r\n\r\n{{hidden}}" for length in LENGTHS]
    found += [HEAD + f"Transfer-Encoding: chunked\r\n\r\n{chunk}" for chunk in CHUNKS]
    return found + LINES


def filled(text, host, nonce):
    hidden = HIDDEN.format(host=host, nonce=nonce)
    size = len(hidden) + (5 if "0\r\n\r\n{hidden}" in text and "Transfer-Encoding: chunked\r\n\r\n" not in text else 0)
    text = text.replace("{hidden}", hidden).replace("{host}", host).replace("{nonce}", nonce)
    return text.replace("{all}", str(size)).replace("{hex}", f"{len(hidden):x}").encode("latin-1")
