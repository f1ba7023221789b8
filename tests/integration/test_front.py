# SPDX-License-Identifier: GPL-3.0-or-later
"""The front door of a running service: Unix sockets, PROXY headers, TLS of its own, and whose word about the client is taken.

Workers answer whatever else is missing, so neither a directory nor Entra runs here.  Who the client is stands in the audit
line of a refused answer.
"""
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from test_serve import POSTERN, keys, serve, until  # noqa: F401: fixtures

HOST = "Host: sso.localhost:8080\r\n"
LIVE = f"GET /health/live HTTP/1.1\r\n{HOST}\r\n".encode()
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def refused(*fields):
    """A request whose refusal is audited."""
    head = ("POST /saml/sp/acs/1 HTTP/1.1", HOST.strip(), "Content-Type: application/x-www-form-urlencoded",
            "Content-Length: 3", *fields, "", "a=b")
    return "\r\n".join(head).encode()


def v2(source, destination, command=0x21, fields=b""):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    body = socket.inet_pton(family, source) + socket.inet_pton(family, destination) + b"\x12\x67\x01\xbb" + fields
    return SIGNATURE + bytes([command, 0x21 if ":" in source else 0x11]) + len(body).to_bytes(2, "big") + body


class Client:
    """A connection that sends bytes and reads replies with a length."""

    def __init__(self, where, context=None, ahead=b""):
        family = socket.AF_UNIX if isinstance(where, (str, pathlib.Path)) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(10)
        self.socket.connect(str(where) if family == socket.AF_UNIX else where)
        self.socket.sendall(ahead)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="sso.localhost")
        self.rest = b""

    def read(self):
        """One reply's status; None when the connection ended."""
        while b"\r\n\r\n" not in self.rest:
            more = self.receive()
            if not more:
                return None
            self.rest += more
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
        while len(self.rest) < length:
            self.rest += self.receive()
        self.rest = self.rest[length:]
        return int(head.split()[1])

    def receive(self):
        try:
            return self.socket.recv(65536)
        except ConnectionResetError:
            return b""

    def ask(self, request):
        self.socket.sendall(request)
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def clients(serve):
    """Whom the audit names, in its order."""
    path = serve.folder / "state/audit/audit.jsonl"
    return [json.loads(line)["client"] for line in path.read_text().splitlines()] if path.exists() else []


def configure(serve, listen="127.0.0.1:0", more="", workers=2):
    serve.write(listen=listen, workers=workers)
    with open(serve.folder / "p.yaml", "a") as f:
        f.write(more)


def reload(serve, count):
    serve.signal(signal.SIGHUP)
    serve.wait_for("the new settings are in force", count)
    serve.wait_for("serving address=", count + 1)
    # who is being replaced may still accept, and judges by the settings of before
    until(lambda: len(serve.workers()) == 2)


def check(serve):
    return subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check", "--offline"], capture_output=True, text=True)


# ---- Unix sockets ----


@pytest.fixture
def path(tmp_path):
    return tmp_path / "proxy/http.sock"


def start_at(serve, path, more=""):
    configure(serve, listen=f"unix:{path}", more=more)
    serve.start()
    serve.wait_for(f"serving address=unix:{path}")


def test_serves_a_unix_socket_and_takes_it_away(serve, path):
    start_at(serve, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with Client(path) as client:
        assert [client.ask(LIVE) for _ in range(3)] == [200] * 3
    serve.signal(signal.SIGTERM)
    assert serve.process.wait(10) == 0
    assert not path.exists()


def test_replaces_the_socket_of_a_killed_service(serve, path):
    start_at(serve, path)
    serve.process.kill()
    serve.process.wait()
    until(lambda: not serve.children())
    assert path.exists()
    serve.start()
    serve.wait_for("serving address=", 2)
    with Client(path) as client:
        assert client.ask(LIVE) == 200


def test_does_not_take_a_socket_from_another_service(serve, path):
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        configure(serve, listen=f"unix:{path}")
        serve.start()
        assert serve.process.wait(10) == 1
    assert "another process listens there" in serve.log()
    assert path.exists()


def test_does_not_put_a_socket_where_others_could_put_theirs(serve, path):
    path.parent.mkdir()
    configure(serve, listen=f"unix:{path}")
    for mode, owner, wrong in ((0o775, 0, "its mode 0775 lets group or others put something else there"),
                               (0o1777, 0, "its mode 1777 lets group or others put something else there"),
                               (0o755, 65534, "belongs to user 65534, who could put something else there")):
        wanted = f"{path.parent}: {wrong}"
        path.parent.chmod(mode)
        os.chown(path.parent, owner, -1)
        report = check(serve)
        assert report.returncode == 1 and f"p.yaml:2: listen: unix:{path}: {wanted}" in report.stdout, report.stdout
        serve.start()
        assert serve.process.wait(10) == 1
        assert f"p.yaml:2: listen: unix:{path}: {wanted}" in serve.log()
        assert not path.exists()
    os.chown(path.parent, 0, -1)
    start_at(serve, path)
    path.parent.chmod(0o777)
    serve.signal(signal.SIGHUP)
    serve.wait_for("the settings were not taken, the old ones stay in force")
    with Client(path) as client:
        assert client.ask(LIVE) == 200


def test_reload_keeps_the_socket_and_its_mode_follows(serve, path):
    start_at(serve, path)
    inode = path.stat().st_ino
    with Client(path) as client:
        assert client.ask(LIVE) == 200
        configure(serve, listen=f"unix:{path}", more="socket_mode: 0600\n")
        reload(serve, 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino == inode
    configure(serve, listen=f"[127.0.0.1:0, \"unix:{path.parent}/other.sock\"]")
    reload(serve, 2)
    assert not path.exists()
    with Client(path.parent / "other.sock") as client:
        assert client.ask(LIVE) == 200


def test_who_comes_by_a_unix_socket_is_believed_only_where_the_settings_say_so(serve, path):
    start_at(serve, path)
    with Client(path) as client:
        assert client.ask(refused("X-Forwarded-For: 198.51.100.7")) == 400
    configure(serve, listen=f"unix:{path}", more="trusted_proxies: [unix]\n")
    reload(serve, 1)
    with Client(path) as client:
        assert client.ask(refused("X-Forwarded-For: 192.0.2.66, 198.51.100.7")) == 400
        assert client.ask(refused("Forwarded: for=198.51.100.8")) == 400
        assert client.ask(refused()) == 400
    assert clients(serve) == ["unix", "198.51.100.7", "198.51.100.8", "unix"]


# ---- PROXY headers ----


def test_takes_the_client_from_the_header_of_a_proxy_that_is_named(serve):
    configure(serve, more="proxy_protocol: [127.0.0.1]\ntrusted_proxies: [10.0.0.0/8]\n")
    serve.start_ready()
    here = ("127.0.0.1", serve.port)
    for ahead, fields, client in (
            (b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n", [], "192.0.2.1"),
            (v2("192.0.2.2", "192.0.2.9", fields=b"\x02\0\x03abc"), [], "192.0.2.2"),
            (v2("2001:db8::7", "2001:db8::9"), [], "2001:db8::7"),
            (v2("192.0.2.2", "192.0.2.9", command=0x20), [], "127.0.0.1"),
            (b"PROXY UNKNOWN\r\n", [], "unknown"),
            # the header's address is the one that must be trusted, not the proxy's own
            (v2("192.0.2.3", "192.0.2.9"), ["X-Forwarded-For: 198.51.100.7"], "192.0.2.3"),
            (v2("10.0.0.3", "192.0.2.9"), ["X-Forwarded-For: 198.51.100.7"], "198.51.100.7")):
        with Client(here, ahead=ahead) as connection:
            assert [connection.ask(refused(*fields)) for _ in range(2)] == [400, 400]
        assert clients(serve)[-2:] == [client, client]
    before = len(clients(serve))
    for bad in (b"", b"PROXY TCP4 192.0.2.1\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\n",
                v2("192.0.2.1", "192.0.2.9", command=0x22)):
        with Client(here, ahead=bad) as connection:
            assert connection.ask(refused()) is None
    assert len(clients(serve)) == before
    assert serve.log().count("its PROXY header is not right") in (1, 2), "a worker says so once a minute"


def test_refuses_the_header_of_anybody_else(serve):
    configure(serve, more="proxy_protocol: [192.0.2.0/24]\n")
    serve.start_ready()
    for ahead in (b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n", v2("192.0.2.2", "192.0.2.9")):
        with Client(("127.0.0.1", serve.port), ahead=ahead) as connection:
            assert connection.ask(refused()) == 400
            assert connection.read() is None
    assert clients(serve) == []


# ---- whose word is taken ----


def test_spoofed_headers_do_not_make_a_client(serve):
    configure(serve, more="trusted_proxies: [127.0.0.1, 10.0.0.0/8]\n")
    serve.start_ready()
    rows = [
        (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        (["X-Forwarded-For: 10.9.9.9, 192.0.2.1"], "192.0.2.1"),
        (["X-Forwarded-For: 127.0.0.1, 192.0.2.1, 10.0.0.1"], "192.0.2.1"),
        (["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        (["X-Forwarded-For: 192.0.2.66", "x-forwarded-for: 192.0.2.1", "X-FORWARDED-FOR: 10.0.0.1"], "192.0.2.1"),
        (["X-Forwarded-For: 192.0.2.1", "Forwarded: for=10.0.0.7"], "unknown"),
        (["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1"], "192.0.2.1"),
        (["Forwarded: for=\"[::ffff:10.0.0.1]\", for=192.0.2.1"], "192.0.2.1"),
        (["Forwarded: for=192.0.2.1;for=10.0.0.1"], "unknown"),
        (["Forwarded: by=10.0.0.1"], "unknown"),
        (["X-Forwarded-For: 192.0.2.1,"], "unknown"),
        (["X-Forwarded-For: "], "unknown"),
        (["X-Forwarded-For: 0300.0.2.1"], "unknown"),
        (["X-Forwarded-For: 3221225985"], "unknown"),
        (["X-Forwarded-For: 192.0.2.1\t"], "192.0.2.1"),
        (["X-Real-IP: 192.0.2.1", "True-Client-IP: 192.0.2.1", "CF-Connecting-IP: 192.0.2.1", "X-Client-IP: 192.0.2.1",
          "X-Forwarded: for=192.0.2.1", "X-Forwarded-For-Original: 192.0.2.1"], "127.0.0.1"),
        (["X_Forwarded_For: 192.0.2.1"], "127.0.0.1"),
    ]
    with Client(("127.0.0.1", serve.port)) as connection:
        for fields, _ in rows:
            assert connection.ask(refused(*fields)) == 400
        # names of the host are not taken from anybody, trusted or not
        names = ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "Forwarded: for=192.0.2.1;host=evil"]
        assert connection.ask(refused(*names)) == 400
    assert clients(serve) == [client for _, client in rows] + ["192.0.2.1"]


# ---- health ----


def health(serve, host=HOST.split()[1], **fields):
    """Status and body of /health/ready; host None: without the field."""
    with socket.create_connection(("127.0.0.1", serve.port), 10) as s:
        lines = ["GET /health/ready HTTP/1.1", "Connection: close", *([] if host is None else [f"Host: {host}"]),
                 *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()), "", ""]
        s.sendall("\r\n".join(lines).encode())
        head, _, body = s.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_a_stranger_is_told_only_whether_the_host_is_ready(serve):
    configure(serve, more="trusted_proxies: 127.0.0.1\n")
    serve.start_ready()
    for client in ("203.0.113.5", "127.0.0.1, 203.0.113.5", "unknown"):
        assert health(serve, X_Forwarded_For=client) == (503, b'{"ready":false}\n'), client
    status, body = health(serve)
    said = json.loads(body)
    assert (status, said["ready"], said["directories"]["corp"]["filled"]) == (503, False, False)
    assert said["identity_providers"]["entra"]["metadata"] is True


def test_nobody_is_told_more_unless_the_settings_say_so(serve):
    configure(serve)
    settings = serve.folder / "p.yaml"
    settings.write_text(settings.read_text().replace("health_networks: 127.0.0.1\n", ""))
    serve.start_ready()
    assert health(serve) == (503, b'{"ready":false}\n')


def test_health_is_told_by_address_and_nothing_else_is(serve):
    serve.start_ready()
    for host in (f"127.0.0.1:{serve.port}", "[::1]", "localhost", "", None):
        assert health(serve, host)[0] == 503, host
        asked = "" if host is None else f"Host: {host}\r\n"
        with Client(("127.0.0.1", serve.port)) as client:
            assert client.ask(f"GET /health/live HTTP/1.1\r\n{asked}\r\n".encode()) == 200
            for path in ("/saml/idp/metadata", "/saml/sp/acs/1", "/go/none", "/logout", "/"):
                with Client(("127.0.0.1", serve.port)) as other:
                    assert other.ask(f"GET {path} HTTP/1.1\r\n{asked}\r\n".encode()) == 400, (host, path)
    for host in ("evil.example", "127.0.0.1.evil.example"):
        assert health(serve, host)[0] == 400, host


# ---- TLS of its own ----


def make_pair(folder, name, common_name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "20", "-subj", f"/CN={common_name}", "-addext", "subjectAltName=DNS:sso.localhost",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"], check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o600)


def install(serve, certificate, key):
    for source, target in ((certificate, "tls.crt"), (key, "tls.key")):
        new = serve.folder / f"{target}.new"
        new.write_bytes((serve.folder / source).read_bytes())
        new.chmod(0o600)
        os.rename(new, serve.folder / target)


@pytest.fixture
def with_tls(serve):
    for name in ("first", "second"):
        make_pair(serve.folder, name, name)
    install(serve, "first.crt", "first.key")
    configure(serve, more="tls_certificate: tls.crt\ntls_key: tls.key\n")
    return serve.start_ready()


def trusting(serve, *names):
    context = ssl.create_default_context()
    for name in names:
        context.load_verify_locations(serve.folder / f"{name}.crt")
    return context


def shown(serve, *names):
    """The name in the certificate that a whole handshake and a request meet."""
    with Client(("127.0.0.1", serve.port), trusting(serve, *names)) as client:
        assert client.ask(LIVE) == 200
        return dict(pair[0] for pair in client.socket.getpeercert()["subject"])["commonName"]


def s_client(serve, *options):
    # a policy of the distribution must not be what refuses an old version
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{serve.port}", "-servername", "sso.localhost",
                           *options], input="", capture_output=True, text=True, timeout=20)
    cipher = re.search(r"^\s*(?:New, )?(\S+), Cipher is (\S+)$", done.stdout, flags=re.M)
    return cipher.groups() if cipher and cipher[2] != "(NONE)" else None


def test_tls_agrees_on_nothing_weak(with_tls):
    for options, agreed in (
            (["-tls1_3"], ("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
            (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256")),
            (["-tls1_2"], ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305")),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"], None),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-CCM:@SECLEVEL=0"], None),
            (["-tls1_2", "-cipher", "AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"], None),
            (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], None),
            (["-tls1", "-cipher", "ALL:@SECLEVEL=0"], None)):
        assert s_client(with_tls, *options) == agreed, options


def test_new_certificate_comes_by_a_reload_and_nobody_is_refused(with_tls):
    serve = with_tls
    stop, seen, failed = threading.Event(), [], []

    def keep_connecting():
        while not stop.is_set():
            try:
                seen.append(shown(serve, "first", "second"))
            except Exception as e:  # noqa: BLE001: whatever it is, it was a refused connection
                failed.append(repr(e))

    threads = [threading.Thread(target=keep_connecting) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with Client(("127.0.0.1", serve.port), trusting(serve, "first")) as kept:
            assert kept.ask(LIVE) == 200
            install(serve, "second.crt", "second.key")
            reload(serve, 1)
            until(lambda: seen and seen[-1] == "second")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert "first" in seen
    assert {shown(serve, "first", "second") for _ in range(8)} == {"second"}
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(serve, "first")


def test_wrong_pair_is_refused_at_a_reload_and_the_old_one_stays(with_tls):
    serve = with_tls
    assert re.search(r"warning +\S*tls\.crt: the certificate of TLS ends on 20\d\d-", check(serve).stdout)
    install(serve, "second.crt", "first.key")
    report = check(serve)
    assert report.returncode == 1
    assert re.search(r"p\.yaml:\d+: tls_key: .*tls\.key: the key is not the certificate's", report.stdout), report.stdout
    serve.signal(signal.SIGHUP)
    serve.wait_for("the settings were not taken, the old ones stay in force")
    assert {shown(serve, "first") for _ in range(4)} == {"first"}
    install(serve, "second.crt", "second.key")
    reload(serve, 1)
    assert shown(serve, "second") == "second"


def test_proxy_header_stands_ahead_of_tls(with_tls):
    serve = with_tls
    configure(serve, more="tls_certificate: tls.crt\ntls_key: tls.key\nproxy_protocol: [127.0.0.1]\n")
    reload(serve, 1)
    for ahead, client in ((b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n", "192.0.2.1"),
                          (v2("2001:db8::7", "2001:db8::9"), "2001:db8::7")):
        with Client(("127.0.0.1", serve.port), trusting(serve, "first"), ahead=ahead) as connection:
            assert [connection.ask(refused()) for _ in range(2)] == [400, 400]
        assert clients(serve)[-2:] == [client, client]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Client(("127.0.0.1", serve.port), trusting(serve, "first"))


# ---- what `postern check` says ----


def test_check_says_why_the_public_address_has_no_path(serve):
    settings = serve.folder / "p.yaml"
    settings.write_text(settings.read_text().replace("http://sso.localhost:8080", "https://sso.example.org/postern"))
    report = check(serve)
    assert report.returncode == 1
    assert ('p.yaml:1: public_url: "https://sso.example.org/postern" must not have a path or query: the cookies of a sign-on '
            "(__Host-) are those of a whole host, so this service needs a host of its own, as https://sso.example.org\n"
            ) in report.stdout


def test_check_says_what_a_unix_socket_lacks(serve, path):
    path.parent.mkdir(mode=0o700)
    group = subprocess.run(["getent", "group", "nogroup"], check=True, capture_output=True, text=True).stdout.split(":")[0]
    configure(serve, listen=f"unix:{path}", more=f"socket_group: {group}\n")
    report = check(serve).stdout
    assert f"group {group} cannot enter /" in report
    assert "neither trusted_proxies nor proxy_protocol names unix" in report
    # made at the start, for the roles alone
    configure(serve, listen=f"unix:{serve.folder}/run/http.sock", more=f"socket_group: {group}\n")
    assert f"group {group} cannot enter {serve.folder}/run;" in check(serve).stdout
    configure(serve, listen=f"unix:{path}", more="trusted_proxies: unix\n")
    report = check(serve).stdout
    assert "names unix" not in report and "without socket_group only the user and group who start" in report
    configure(serve, listen=f"unix:{path}", more="socket_group: nobody-has-this-group\n")
    report = check(serve)
    assert report.returncode == 1 and 'socket_group: "nobody-has-this-group" is not a group of this host' in report.stdout
