# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata of an identity provider by HTTPS: what is taken, what is left, what is said about it.

The server here is the worst there is: it fails, hangs, drops, lies and rolls its keys over.  Time is compressed by
settings.  The processes are those of test_serve.py; nobody signs on.
"""
import contextlib
import functools
import hashlib
import http.server
import json
import pathlib
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from beside import beside, going_on  # noqa: F401: going_on is a fixture
from test_serve import METADATA, POSTERN, Serve, keys, until  # noqa: F401: keys is a fixture

SECONDS = 60            # for what takes a second or two on an idle machine


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificate(folder, name, days=900, more=()):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", str(days), "-keyout",
            f"{name}.key", "-out",
            f"{name}.crt", *more, folder=folder)
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="session")
def web_keys(tmp_path_factory):
    """Certificates of web servers, and of identity providers that end sooner or later."""
    folder = tmp_path_factory.mktemp("web")
    for name, host in (("web", "IP:127.0.0.1"), ("elsewhere", "DNS:other.example")):
        make_certificate(folder, name, 30, ("-addext", f"subjectAltName={host}"))
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ended", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout",
            "ended.key", "-out", "ended.csr", folder=folder)
    (folder / "index").write_text("")
    (folder / "serial").write_text("01")
    (folder / "ca.conf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n"
                                    "default_md=sha256\npolicy=p\n"
                                    "copy_extensions=copy\n[p]\ncommonName=supplied\n")
    openssl("ca", "-batch", "-config", "ca.conf", "-cert", "web.crt", "-keyfile", "web.key", "-in", "ended.csr", "-out",
            "ended.crt", "-startdate",
            "20200101000000Z", "-enddate", "20200201000000Z", "-notext", folder=folder)
    for name, days in (("first", 900), ("second", 900), ("soon", 20), ("signer", 900), ("stranger", 900)):
        make_certificate(folder, name, days)
    return folder


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server, *arguments):
        self.state = server
        super().__init__(*arguments)

    def do_GET(self):
        s = self.state
        s.asked += 1
        s.times.append(time.monotonic())
        s.headers.append(dict(self.headers))
        if s.hang:
            s.released.wait(30)
        if s.drop:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(s.text[:200].encode())
            return
        if s.etag and self.headers.get("If-None-Match") == s.etag:
            self.send_response(304)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = s.text.encode()
        self.send_response(s.status)
        for name, value in (("ETag", s.etag), ("Location", s.location), ("Cache-Control", s.cache_control)):
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:         # what is too large is not read to its end
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server:
    """https://127.0.0.1:PORT; what it answers is changed from outside, also under way."""

    def __init__(self, folder, certificate="web"):
        self.text, self.status, self.etag, self.location, self.cache_control = "", 200, None, None, None
        self.hang = self.drop = False
        self.asked, self.times, self.headers, self.released = 0, [], [], threading.Event()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, self))
        self.http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{certificate}.crt", folder / f"{certificate}.key")
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.http.server_port}/federationmetadata/2007-06/federationmetadata.xml?appid=c1a2b3c4"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.http.shutdown()
        self.http.server_close()


class Provider:
    """Postern with metadata from such a server."""

    def __init__(self, folder, made_keys, web):
        self.web = web
        self.serve = Serve(folder, made_keys)
        self.server = Server(web)
        self.kept = folder / "state" / "metadata" / "entra.xml"
        self.status_file = folder / "state" / "metadata" / "entra.status"
        self.key_file = folder / "state" / "seen" / "entra.key"
        self.configure()

    def configure(self, url=None, more="", ca="web"):
        """`ca` None: the system's."""
        ca_file = f', metadata_ca_file: "{self.web}/{ca}.crt"' if ca else ""
        # one worker: what one of several has read by now, another may not have
        self.serve.write(workers=1, metadata=url or self.server.url, more=f"{ca_file}, refresh: 1s, timeout: 5s{more}")
        text = (self.serve.folder / "p.yaml").read_text()
        (self.serve.folder / "p.yaml").write_text(text + "metrics_listen: 127.0.0.1:0\n")

    def document(self, *certificates, entity="https://idp.example/", attributes=""):
        """Of these keys; with a byte-order mark and a WS-Fed role first, as Entra writes it."""
        lines = [(self.web / f"{name}.crt").read_text().split("\n")[1:-2] for name in certificates]
        text = METADATA.format(entity=entity, certificate="".join(lines[0]))
        key = text[text.index("<md:KeyDescriptor"):text.index("</md:KeyDescriptor>") + len("</md:KeyDescriptor>")]
        more = "".join(key.replace("".join(lines[0]), "".join(one)).replace(' use="signing"', "") for one in lines[1:])
        text = text.replace(key, key + more)
        wsfed = ('<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                 'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/'
                 '200706" xsi:type="fed:SecurityTokenServiceType" '
                 'protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"/>')
        return "\ufeff" + text.replace(f'entityID="{entity}">', f'entityID="{entity}" ID="_m"{attributes}>' + wsfed)

    def start(self):
        """The ports are the kernel's: others after each start."""
        before = self.serve.log().count("answering /metrics")
        self.serve.start()
        self.await_ready(before + 1)
        return self

    def await_ready(self, count):
        self.serve.wait_for("answering /metrics", count, SECONDS)
        self.serve.port = int(re.findall(r"serving address=127\.0\.0\.1:(\d+)", self.serve.log())[-1])
        self.metrics_url = f"http://{re.findall('answering /metrics address=([0-9.:]+)', self.serve.log())[-1]}/metrics"

    def stop(self):
        self.serve.signal(signal.SIGTERM)
        self.serve.process.wait(30)

    def reload(self):
        before = self.serve.log().count("answering /metrics")
        self.serve.signal(signal.SIGHUP)
        self.await_ready(before + 1)

    def is_kept(self, text):
        return self.kept.exists() and self.kept.read_bytes() == text.encode()

    def status(self):
        try:
            return json.loads(self.status_file.read_text())
        except (OSError, ValueError):
            return {}

    def ready(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.serve.port}/health/ready",
                                         headers={"Host": "sso.localhost:8080"})
        try:
            answer = urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as problem:
            answer = problem
        return json.loads(answer.read())["identity_providers"]["entra"]

    def alarms(self):
        return self.ready()["alarms"]

    def metrics(self):
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:
            return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))

    def check(self):
        return subprocess.run([POSTERN, "-c", self.serve.folder / "p.yaml", "check", "--offline"], capture_output=True,
                              text=True,
                              check=False).stdout

    def close(self):
        self.serve.close()
        self.server.close()

    def logs(self):
        return self.serve.log()


@contextlib.contextmanager
def a_provider(folder, keys, web_keys):  # noqa: F811
    folder.mkdir()
    made = Provider(folder, keys, web_keys)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def a_good_one(folder, keys, web_keys):  # noqa: F811
    """It runs, with a document of one key."""
    with a_provider(folder, keys, web_keys) as provider:
        provider.server.text = provider.document("first")
        provider.start()
        until(lambda: provider.is_kept(provider.server.text), SECONDS)
        until(lambda: provider.ready()["metadata"], SECONDS)
        yield provider


# what these wait for is the clock of the refresh role
together = beside(provider=a_provider, good=a_good_one)


def asked_again(provider, times=2):
    before = provider.server.asked
    until(lambda: provider.server.asked >= before + times, SECONDS)


# ---- what is taken, what is left ----


@together
def test_takes_a_document_of_the_application_over_https(good):
    assert good.ready() == {"metadata": True, "alarms": []}
    assert good.status()["entity"] == "https://idp.example/"
    assert good.status()["result"] in ("taken", "unchanged")


BAD = {
    "server error": lambda p: setattr(p.server, "status", 500),
    "not found": lambda p: setattr(p.server, "status", 404),
    "hangs": lambda p: setattr(p.server, "hang", True),
    "drops": lambda p: setattr(p.server, "drop", True),
    "another entity": lambda p: setattr(p.server, "text", p.document("second", entity="https://evil.example/")),
    "empty": lambda p: setattr(p.server, "text", ""),
    "truncated": lambda p: setattr(p.server, "text", p.server.text[:-40]),
    "huge": lambda p: setattr(p.server, "text", p.server.text + " " * (5 << 20)),
    "no key": lambda p: setattr(p.server, "text", p.document("first").replace("X509Certificate", "X509Elsewhere")),
    "past its validUntil": lambda p: setattr(p.server, "text",
                                             p.document("second", attributes=' validUntil="2020-01-01T00:00:00Z"')),
    "a page": lambda p: setattr(p.server, "text", "<!DOCTYPE html><html><body>Sign in to this wireless network</body></html>"),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
@together
def test_leaves_what_is_not_good_and_keeps_the_last_good_one(good, spoil):
    kept, before = good.kept.read_bytes(), good.server.text
    spoil(good)
    until(lambda: good.status().get("failing_since"), SECONDS)
    asked_again(good, 1)
    assert good.kept.read_bytes() == kept
    assert good.ready()["metadata"]
    assert good.serve.log().count("metadata cannot be fetched") == 1, "one line when it begins"
    good.server.text, good.server.status, good.server.hang, good.server.drop = good.document("first",
                                                                                             "second"), 200, False, False
    until(lambda: good.is_kept(good.server.text), SECONDS)
    assert good.server.text != before
    good.serve.wait_for("metadata is fetched again", 1, SECONDS)


@together
def test_metadata_of_the_entity_of_another_provider_is_not_taken(good):
    """Whoever runs the second address could otherwise be asked in the first one's name, or sign for it."""
    second = Server(good.web)
    try:
        second.text = good.document("second")
        settings = good.serve.folder / "p.yaml"
        text = settings.read_text()
        line = next(one for one in text.splitlines() if one.startswith("  entra:"))
        both = line.replace("{metadata:", "{domains: a.example, metadata:")
        other = both.replace("  entra:", "  second:").replace("a.example", "b.example").replace(good.server.url, second.url)
        text = text.replace("    kind: managed", "    kind: managed\n    provider: entra")
        text = text.replace("    bind_dn:", "    providers: [entra]\n    bind_dn:")
        settings.write_text(text.replace(line, f"{both}\n{other}"))
        good.reload()
        status = good.kept.with_name("second.status")
        until(lambda: status.exists() and "which is that of entra" in json.loads(status.read_text()).get("detail", ""), SECONDS)
        assert not good.kept.with_name("second.xml").exists()
        assert good.ready()["metadata"]
        # of an entity of its own it is
        second.text = good.document("second", entity="https://second.example/")
        until(good.kept.with_name("second.xml").exists, SECONDS)
    finally:
        second.close()


@together
def test_follows_a_redirect_to_https_and_to_nothing_else(good, web_keys):
    other = Server(web_keys)
    try:
        other.text = good.document("second")
        good.server.status, good.server.location = 302, other.url
        until(lambda: good.is_kept(other.text), SECONDS)
        other.text = good.document("first")
        good.server.location = other.url.replace("https:", "http:")
        until(lambda: good.status()["result"] == "failed", SECONDS)
        good.server.location = good.server.url          # for ever
        asked_again(good, 5)
        assert good.status()["result"] == "failed"
        assert not good.is_kept(other.text)
    finally:
        other.close()


@pytest.mark.parametrize("certificate, ca", [("ended", "web"), ("elsewhere", "elsewhere"), ("web", "elsewhere"), ("web", None)],
                         ids=["ended", "another host's", "an unknown authority's", "none that the system knows"])
@together
def test_believes_no_server_without_a_good_certificate(provider, web_keys, certificate, ca):
    server = Server(web_keys, certificate)
    try:
        server.text = provider.document("first")
        provider.configure(url=server.url, ca=ca)
        provider.start()
        provider.serve.wait_for("metadata cannot be fetched", 1, SECONDS)
        assert not provider.kept.exists()
        assert server.asked == 0, "nothing was asked of it"
        assert "metadata-missing" in provider.alarms()
    finally:
        server.close()


@together
def test_asks_conditionally_and_takes_not_modified_for_a_confirmation(good):
    good.server.etag = '"v1"'
    until(lambda: any(h.get("If-None-Match") == '"v1"' for h in good.server.headers), SECONDS)
    before = good.status()["confirmed"]
    until(lambda: good.status()["confirmed"] > before, SECONDS)
    assert good.status()["result"] == "unchanged"
    good.kept.unlink()          # then there is nothing to be confirmed
    until(lambda: good.is_kept(good.server.text), SECONDS)


@together
def test_waits_longer_with_each_failure(provider):
    provider.configure(more="")
    text = (provider.serve.folder / "p.yaml").read_text()
    (provider.serve.folder / "p.yaml").write_text(text.replace("refresh: 1s", "refresh: 8h"))
    provider.server.status = 500
    provider.start()
    until(lambda: len(provider.server.times) >= 4, SECONDS)
    times = provider.server.times
    assert times[3] - times[2] > 1.5, "a second, two, four, each cut by a quarter at most"


# ---- the last good one ----


@together
def test_starts_with_the_last_good_one_when_the_address_is_down(good):
    good.stop()
    good.server.status = 503
    good.start()
    until(lambda: good.ready()["metadata"], SECONDS)
    assert good.status()["entity"] == "https://idp.example/"


@together
def test_what_has_ended_is_not_used_even_when_the_address_is_down(provider):
    """A provider that says validUntil wants it so; the entity is remembered all the same."""
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 25))
    provider.server.text = provider.document("first", attributes=f' validUntil="{end}"')
    provider.start()
    until(lambda: provider.is_kept(provider.server.text), SECONDS)
    until(lambda: provider.ready()["metadata"], SECONDS)
    assert provider.alarms() == []
    provider.server.status = 500
    until(lambda: "metadata-ends" in provider.alarms(), SECONDS)
    assert provider.ready()["metadata"]
    until(lambda: not provider.ready()["metadata"], SECONDS)
    assert "metadata-missing" in provider.alarms()
    provider.stop()
    provider.start()
    assert not provider.ready()["metadata"]
    provider.server.text, provider.server.status = provider.document("second", entity="https://evil.example/"), 200
    until(lambda: provider.status()["result"] == "refused", SECONDS)
    provider.server.text = provider.document("second")
    until(lambda: provider.ready()["metadata"], SECONDS)


@together
def test_another_address_is_another_provider(good, web_keys):
    """The copy of the old address is out of use, and the new one may name another entity."""
    other = Server(web_keys)
    try:
        other.status, other.text = 500, good.document("second", entity="https://new.example/")
        good.configure(url=other.url)
        good.reload()
        until(lambda: good.status().get("url") == other.url, SECONDS)
        until(lambda: not good.ready()["metadata"], SECONDS)
        other.status = 200
        until(lambda: good.ready()["metadata"], SECONDS)
        assert good.status()["entity"] == "https://new.example/"
    finally:
        other.close()


# ---- signed documents ----


def sign(text, folder, key):
    import xmlsec
    from lxml import etree

    root = etree.fromstring(text.lstrip("\ufeff").encode())
    node = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
    root.insert(0, node)
    reference = xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri="#_m")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(str(folder / f"{key}.key"), xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_file(str(folder / f"{key}.crt"), xmlsec.KeyFormat.PEM)
    context.sign(node)
    return etree.tostring(root).decode()


@together
def test_takes_only_signed_metadata_where_a_certificate_is_set(provider, web_keys):
    provider.configure(more=f', metadata_certificate: "{web_keys}/signer.crt"')
    signed = sign(provider.document("first"), web_keys, "signer")
    provider.server.text = signed
    provider.start()
    until(lambda: provider.is_kept(signed), SECONDS)
    until(lambda: provider.ready()["metadata"], SECONDS)
    for bad in (provider.document("first"), sign(provider.document("first"), web_keys, "stranger"),
                signed.replace("/sso", "/evil")):
        provider.server.text = bad
        until(lambda: provider.status()["result"] == "refused", SECONDS)
        assert "signature of the document" in provider.status()["detail"]
        assert provider.is_kept(signed)
        provider.server.text = signed
        until(lambda: provider.status()["result"] == "unchanged", SECONDS)


@together
def test_a_copy_on_disk_must_be_signed_too(good, web_keys):
    """The certificate is set afterwards; or somebody wrote to the folder."""
    good.server.status = 500
    good.configure(more=f', metadata_certificate: "{web_keys}/signer.crt"')
    good.stop()
    good.start()
    assert not good.ready()["metadata"]
    assert "alarm metadata-missing" in good.check()
    good.server.text, good.server.status = sign(good.document("first"), web_keys, "signer"), 200
    until(lambda: good.ready()["metadata"], SECONDS)


@together
def test_a_file_must_be_signed_too(provider, web_keys):
    folder = provider.serve.folder
    (folder / "entra.xml").write_text(provider.document("first"))
    provider.serve.write(more=f', metadata_certificate: "{web_keys}/signer.crt"')
    provider.serve.start()
    assert provider.serve.process.wait(20) == 1
    assert "signature of the document" in provider.serve.log()
    (folder / "entra.xml").write_text(sign(provider.document("first"), web_keys, "signer"))
    provider.serve.start_ready()
    assert provider.ready()["metadata"]


# ---- alarms ----


def fingerprint(folder, name):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((folder / f"{name}.crt").read_text())).hexdigest()


def use_key(provider, name, ago=0):
    """As a worker notes it after a sign-on."""
    (provider.key_file).write_text(json.dumps({"entity": "https://idp.example/", "fingerprint": fingerprint(provider.web, name),
                                               "not_after": 1,
                                               "seen": int(time.time()) - ago}))


def assert_alarm(provider, word):
    """On in every place, once in the log."""
    until(lambda: word in provider.alarms(), SECONDS)
    provider.serve.wait_for(f"alarm alarm={word}", 1, SECONDS)
    assert provider.metrics()[f'postern_alarm{{name="{word}",subject="entra"}}'] == "1"
    assert f"alarm {word}:" in provider.check()
    time.sleep(2)
    assert provider.serve.log().count(f"alarm alarm={word}") == 1
    assert "alarm is over" not in provider.serve.log()


def assert_over(provider, word):
    until(lambda: word not in provider.alarms(), SECONDS)
    provider.serve.wait_for(f"alarm is over alarm={word}", 1, SECONDS)
    assert provider.metrics()[f'postern_alarm{{name="{word}",subject="entra"}}'] == "0"
    assert f"alarm {word}:" not in provider.check()


@together
def test_a_rollover_is_seen_through_from_its_announcement_to_its_end(good):
    """The new key is published in advance, becomes the one in use, and the old one goes."""
    use_key(good, "first")
    good.server.text = good.document("first", "second")
    until(lambda: good.is_kept(good.server.text), SECONDS)
    until(lambda: len([k for k in good.metrics() if k.startswith("postern_provider_key_left_seconds")]) == 2, SECONDS)
    use_key(good, "second")
    good.server.text = good.document("second")
    until(lambda: good.is_kept(good.server.text), SECONDS)
    until(lambda: any(k.startswith("postern_provider_key") and 'in_use="yes"' in k for k in good.metrics()), SECONDS)
    time.sleep(2)
    assert good.alarms() == []
    assert "error refresh" not in good.serve.log()


@together
def test_says_when_the_key_in_use_has_left_the_document(good):
    use_key(good, "first")
    good.server.text = good.document("second")
    assert_alarm(good, "key-left")
    use_key(good, "second")
    assert_over(good, "key-left")


@together
def test_says_when_the_key_in_use_ends_though_another_lasts(good):
    good.server.text = good.document("soon", "first")
    until(lambda: good.is_kept(good.server.text), SECONDS)
    assert good.alarms() == []
    use_key(good, "soon")
    assert_alarm(good, "key-ends")
    use_key(good, "first")
    assert_over(good, "key-ends")


@together
def test_says_when_fetching_fails_for_as_long_as_is_set(good):
    good.configure(more=", alarm_failing: 4s")
    good.reload()
    good.server.status = 500
    since = until(lambda: good.status().get("failing_since"), SECONDS)
    assert "metadata-fetch" not in good.alarms() or time.time() >= since + 4
    assert_alarm(good, "metadata-fetch")
    good.server.status = 200
    assert_over(good, "metadata-fetch")


@together
def test_says_when_the_document_grows_old_also_over_a_restart(provider):
    provider.configure(more=", alarm_age: 8s")
    provider.server.text = provider.document("first")
    provider.start()
    until(lambda: provider.is_kept(provider.server.text), SECONDS)
    provider.server.status = 500
    provider.stop()
    time.sleep(8)
    provider.start()
    assert_alarm(provider, "metadata-old")
    provider.server.status = 200
    assert_over(provider, "metadata-old")


@together
def test_an_alarm_makes_nothing_unready(good):
    use_key(good, "stranger")
    until(lambda: good.alarms() == ["key-left"], SECONDS)
    assert good.ready()["metadata"]


@together
def test_the_small_files_survive_whatever_stands_in_them(good):
    for text in ("", "{", "[1]", '{"entity": 7}', "\0" * 100):
        good.key_file.write_text(text)
        good.status_file.write_text(text)
        good.reload()
    until(lambda: good.ready()["metadata"], SECONDS)
    until(lambda: good.status().get("entity") == "https://idp.example/", SECONDS)
    assert pathlib.Path(good.kept).read_bytes() == good.server.text.encode()
