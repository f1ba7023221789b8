# SPDX-License-Identifier: GPL-3.0-or-later
"""Postern behind real proxies that run the samples of doc/proxies/: what a browser gets, and what Postern learns."""
import http.client
import json
import signal
import socket
import ssl
import threading

import pytest

from parts import wait_for
from proxies import CLIENT, PROXIES, Proxied, client_tls
from stories import CHLOE, MAYA, assert_signed_on, authn_request, redirect_url, sign_on, to_acs_of


@pytest.fixture(scope="module", params=sorted(PROXIES))
def behind(request, tmp_path_factory, postern_build):
    made = Proxied(tmp_path_factory.mktemp(request.param), postern_build, request.param)
    try:
        yield made.start_all()
    finally:
        made.close()


@pytest.fixture
def browser(behind):
    return behind.browser()


class Wire:
    """One TLS connection to the proxy."""

    def __init__(self, behind, name="sso.localhost", alpn=("http/1.1",), check=True, address=CLIENT):
        self.behind = behind
        plain = socket.create_connection(("127.0.0.1", behind.ports["proxy"]), 10, source_address=(address, 0))
        tls = client_tls(behind.certificate, alpn)
        tls.check_hostname = check
        self.socket = tls.wrap_socket(plain, server_hostname=name)
        self.socket.settimeout(10)

    def ask(self, method, target, headers=(), body=None, host=None):
        connection = http.client.HTTPConnection("127.0.0.1")
        connection.sock = self.socket
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", host or self.behind.host("sso", "proxy")), *headers):
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def ask(behind, *arguments, **more):
    wire = Wire(behind)
    try:
        return wire.ask(*arguments, **more)
    finally:
        wire.socket.close()


FORM = ("Content-Type", "application/x-www-form-urlencoded")


def posted(body):
    return (FORM, ("Content-Length", str(len(body))))


# ---- sign-ons ----


@pytest.mark.parametrize("door, person", [("managed", MAYA), ("portal", CHLOE)])
def test_sign_on_and_the_client_address_in_the_audit(behind, browser, door, person):
    assert_signed_on(behind, sign_on(behind, browser, person, door), person, door)
    line = behind.audit()[-1]
    assert (line["mail"], line["event"], line["client"]) == (person["mail"], "assertion", CLIENT)


@pytest.mark.parametrize("claim", [
    ("X-Forwarded-For", "203.0.113.66"), ("Forwarded", "for=203.0.113.66"), ("Forwarded", "for=unknown"),
    ("X-Forwarded-For", "rubbish"), ("X-Real-IP", "203.0.113.66"),
])
def test_no_client_chooses_its_own_address(behind, claim):
    """What it claims must not reach the audit, nor make its address unknown."""
    before = len(behind.audit())
    assert ask(behind, "GET", "/saml/idp/sso?SAMLRequest=x", [claim, ("Sec-Fetch-Dest", "document")])[0] == 400
    (line,) = behind.audit()[before:]
    assert line["client"] == CLIENT


def test_what_a_browser_may_keep_arrives_unchanged(behind, browser):
    sign_on(behind, browser, MAYA, stop=to_acs_of(behind, "managed"))
    (cookie,) = [c for c in browser.jar.cookies if c.name.startswith("__Host-p-")]
    assert cookie.secure and cookie.http_only and cookie.same_site == "None" and cookie.path == "/" and not cookie.domain
    page = browser.page
    assert page.header("Strict-Transport-Security") and page.header("Cache-Control") == "no-store"
    assert len(page.header_all("Content-Security-Policy")) == 1


# ---- what is large ----


def test_an_address_of_14_kb_begins_a_sign_on(behind, browser):
    xml, _ = authn_request(behind.entity_id("managed"), behind.acs("managed"))
    url = redirect_url(behind, xml, "s")
    url += "&x=" + "y" * (14000 - len(url))
    page = browser.open(url, stop=lambda request: request.url.startswith(behind.entra_url))
    assert browser.stopped_at, page.text


def test_an_address_that_is_too_long_gets_the_page_of_postern(behind):
    status, _, body = ask(behind, "GET", "/saml/idp/sso?SAMLRequest=" + "x" * 20000)
    assert status == 431 and b"head-too-large" in body


@pytest.mark.parametrize("size, status, word", [(1000000, 400, b"cookie-missing"), (1500000, 413, b"too-large")])
def test_a_body_of_1_mb_reaches_postern_and_a_larger_one_gets_its_page(behind, size, status, word):
    body = b"RelayState=" + b"0" * 32 + b"&SAMLResponse=" + b"A" * size
    got, _, text = ask(behind, "POST", "/saml/sp/acs/1", posted(body), body)
    assert (got, word in text) == (status, True), text


def test_large_answers_come_whole(behind, browser):
    """Eight cookies that are dropped, one that is set, and a page: more than a proxy's usual buffer for a head."""
    jar = "; ".join(f"__Host-p-{i:032x}={'A' * 1200}" for i in range(8))
    xml, _ = authn_request(behind.entity_id("managed"), behind.acs("managed"))
    target = redirect_url(behind, xml, "r" * 1400).split("/", 3)[3]
    status, headers, _ = ask(behind, "GET", "/" + target, [("Cookie", jar), ("Sec-Fetch-Dest", "document")])
    assert status == 302 and headers["location"].startswith(behind.entra_url)
    status, _, body = ask(behind, "GET", "/saml/idp/metadata")
    assert status == 200 and body.rstrip().endswith(b"EntityDescriptor>")


# ---- names and health ----


@pytest.mark.parametrize("host", ["evil.example", "sso.localhost.evil.example", "127.0.0.1", "sso.localhost:1"])
def test_another_host_is_refused(behind, host):
    status, _, body = ask(behind, "GET", "/saml/idp/metadata", host=host)
    assert status in (400, 403, 421) and b"EntityDescriptor" not in body


def test_another_name_gets_no_handshake_or_no_page(behind):
    """nginx ends it before anything is encrypted; the others, which need a certificate for that, answer 421."""
    if behind.proxy_name == "nginx":
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            Wire(behind, name="other.example", check=False)
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            Wire(behind, name=None, check=False)
        return
    for name in ("other.example", None):
        wire = Wire(behind, name=name, check=False)
        status, _, body = wire.ask("GET", "/saml/idp/metadata", host="other.example")
        wire.socket.close()
        assert status == 421 and b"EntityDescriptor" not in body


def test_health_is_told_through_the_proxy(behind):
    status, _, body = ask(behind, "GET", "/health/ready")
    assert status == 200 and json.loads(body)["ready"] is True


def test_plain_http_leads_to_https(behind):
    connection = http.client.HTTPConnection("127.0.0.1", behind.ports["plain"], timeout=20)
    connection.request("GET", "/go/help?x=1", headers={"Host": "sso.localhost"})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.getheader("Location")) == (301, behind.postern_url + "/go/help?x=1")


# ---- reload under load ----


class Load:
    """Clients that sign on and ask, over and over; what failed stands in `failed`."""

    def __init__(self, behind, clients=3):
        self.behind, self.failed, self.done, self.over = behind, [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def run(self):
        wire = Wire(self.behind)
        while not self.over.is_set():
            try:
                page = sign_on(self.behind, self.behind.browser(), MAYA)
                assert_signed_on(self.behind, page, MAYA)
                status = wire.ask("GET", "/saml/idp/metadata")[0]
                assert status == 200, status
                self.done += 1
            except Exception as problem:
                self.failed.append(repr(problem))

    def __exit__(self, *problem):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_reload_of_postern_under_load_fails_no_request(behind):
    with Load(behind) as load:
        for _ in range(4):
            served = behind.postern.log.read_text().count("serving address=")
            done = load.done
            behind.postern.send(signal.SIGHUP)
            wait_for(lambda: behind.postern.log.read_text().count("serving address=") > served and load.done > done + 5, 60,
                     "a reload", behind.postern)
    assert load.done > 20 and not load.failed, load.failed[:3]


# ---- health, to some networks ----


class Narrow(Proxied):
    """The sample's networks for /health/, shrunk to one address of this machine."""

    def place(self, sample):
        whole = {"nginx": ("allow 127.0.0.0/8;", "allow 127.0.0.1;"), "haproxy": ("src 127.0.0.0/8", "src 127.0.0.1"),
                 "apache": ("Require ip 127.0.0.0/8", "Require ip 127.0.0.1")}
        return super().place(sample.change(*whole[self.proxy_name]))


@pytest.mark.parametrize("proxy", sorted(PROXIES))
def test_health_is_for_the_networks_of_the_sample(tmp_path, postern_build, proxy):
    made = Narrow(tmp_path / proxy, postern_build, proxy)
    try:
        made.write_postern_files()
        made.start_postern(lambda: made.postern_status("/health/live") == 200)
        made.start_proxy()
        for path in ("/health/ready", "/health/live", "/health/"):
            wire = Wire(made)
            status, _, body = wire.ask("GET", path)
            wire.socket.close()
            assert status == 403 and b"ready" not in body, path
            wire = Wire(made, address="127.0.0.1")
            assert wire.ask("GET", path)[0] in (200, 404, 503), path
            wire.socket.close()
        # the rest is for everybody
        assert ask(made, "GET", "/saml/idp/metadata")[0] == 200
    finally:
        made.close()


# ---- HAProxy's other way ----


class BySocket(Proxied):
    """As the end of HAProxy's sample has it: a Unix socket and the PROXY protocol."""
    AS_ROOT = True  # as the folder of the socket belongs to whoever runs the test

    def settings(self, metadata=None):
        listen = f"127.0.0.1:{self.ports['postern']}"
        text = super().settings(metadata).replace(f"[{listen}]", f"[\"unix:{self.folder}/run/http.sock\", {listen}]")
        return text.replace("trusted_proxies: [127.0.0.1]", "proxy_protocol: [unix]")

    def place(self, sample):
        (line,) = [line[1:] for line in sample.text.splitlines() if line.startswith("#    server one unix@")]
        for usual in ("    server one 127.0.0.1:8080 check inter 2s\n", "    server one 127.0.0.1:8080\n"):
            sample.change(usual, line.replace("/run/postern-proxy/http.sock", f"{self.folder}/run/http.sock") + "\n")
        return sample


def test_haproxy_tells_the_client_by_the_proxy_protocol(tmp_path_factory, postern_build):
    made = BySocket(tmp_path_factory.mktemp("socket"), postern_build, "haproxy")
    try:
        made.write_postern_files()
        made.start_postern(lambda: made.postern_status("/health/live") == 200)
        made.start_proxy()
        for claim in ([], [("X-Forwarded-For", "203.0.113.66")]):
            assert ask(made, "GET", "/saml/idp/sso?SAMLRequest=x", [*claim, ("Sec-Fetch-Dest", "document")])[0] == 400
        assert [line["client"] for line in made.audit()] == [CLIENT, CLIENT]
        assert json.loads(ask(made, "GET", "/health/ready")[2])["ready"] is False, "Postern's own page, when nothing is ready"
    finally:
        made.close()
