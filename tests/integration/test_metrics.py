# SPDX-License-Identifier: GPL-3.0-or-later
"""/metrics of a running service: what sign-ons leave there, over deaths and reloads, and who may read it."""
import copy
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error

import pytest

from browser import Browser
from parts import free_port, make_key, wait_for
from scrape import samples, scrape
from stories import MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on, to_postern_acs
from test_entra_shape import Entra
from test_front import check, configure, reload, with_tls  # noqa: F401: a fixture
from test_serve import keys, serve  # noqa: F401: fixtures
from test_toward_entra import refusal
from test_trouble import kill_role, log_of, roles_of


class Scraped:
    """Parts with /metrics."""

    def __init__(self, parts):
        self.parts = parts
        self.port = free_port()
        keys = parts.folder / "keys"
        keys.mkdir()
        make_key(keys, "next", "Postern demo signing, next")
        parts.write_postern_files(parts.settings() +
                                  f"metrics_listen: 127.0.0.1:{self.port}\nmetrics_hosts: prometheus.example\n"
                                  f"keys_dir: {keys}\n")
        parts.start_slapd()
        parts.start_entra()
        parts.start_door("managed")
        parts.start_postern()
        wait_for(lambda: "answering /metrics" in log_of(parts), 60, "the listener of /metrics", parts.postern)

    def text(self, path="/metrics", headers=None):
        return scrape(self.port, path, headers)

    def status(self, path, headers=None):
        try:
            return self.text(path, headers) and 200
        except urllib.error.HTTPError as problem:
            return problem.code

    def all(self):
        return samples(self.port)

    def value(self, key):
        return self.all().get(key, 0)


@pytest.fixture
def scraped(stopped_parts):
    return Scraped(stopped_parts)


SIGNED_ON = 'postern_sign_ons_total{door="managed",outcome="licensed",event="assertion",reason=""}'


def test_counts_sign_ons_refusals_and_steps(scraped, browser):
    parts = scraped.parts
    door = re.search(r"^connections:\n  ([\w-]+):", parts.settings_file.read_text(), flags=re.M)[1]
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    page = sign_on(parts, Browser(), VIKTOR)
    assert page.status == 403
    found = scraped.all()
    assert found[SIGNED_ON.replace("managed", door)] == 1
    assert found[f'postern_sign_ons_started_total{{door="{door}",provider="entra"}}'] == 2
    assert sum(value for key, value in found.items() if key.startswith("postern_refusals_total")) == 1
    for step in ("read", "person", "decide", "total"):
        assert found[f'postern_step_seconds_count{{step="{step}"}}'] >= 1
        counted = found[f'postern_step_seconds_count{{step="{step}"}}']
        assert found[f'postern_step_seconds_bucket{{step="{step}",le="+Inf"}}'] == counted
        assert found[f'postern_step_seconds_sum{{step="{step}"}}'] > 0
    assert found['postern_mirror_connected{directory="corp"}'] == 1
    assert found['postern_mirror_people{directory="corp"}'] > 5
    assert found['postern_metadata_last_fetch_success{provider="entra"}'] == 1


def test_tells_how_long_our_own_keys_last(scraped):
    """Both were made for thirty days a moment ago; nothing is signed by the second yet."""
    found = {key: value for key, value in scraped.all().items() if key.startswith("postern_signing_key_left_seconds")}
    assert set(found) == {f'postern_signing_key_left_seconds{{key="{name}",in_use="{used}"}}'
                          for name, used in (("main", "yes"), ("next", "no"))}
    assert all(30 * 86400 - 300 < value <= 30 * 86400 for value in found.values()), found


def test_tells_how_long_our_decryption_keys_last(scraped):
    parts = scraped.parts
    make_key(parts.folder, "open", "Postern decryption")
    keys = f"decryption_keys: [{{key: {parts.folder}/open.key, certificate: {parts.folder}/open.crt}}]\n"
    parts.settings_file.write_text(parts.settings_file.read_text() + keys)
    parts.postern.process.send_signal(signal.SIGHUP)
    name = f'postern_decryption_key_left_seconds{{certificate="{parts.folder}/open.crt"}}'
    wait_for(lambda: name in scraped.all(), 60, "the gauge of the decryption key", parts.postern)
    assert 30 * 86400 - 300 < scraped.value(name) <= 30 * 86400


def knows_their_key(scraped):
    return any(key.startswith("postern_provider_key") and 'in_use="yes"' in key for key in scraped.all())


def test_knows_the_key_in_use_from_the_first_sign_on(scraped, browser):
    assert not knows_their_key(scraped)
    assert_signed_on(scraped.parts, sign_on(scraped.parts, browser, MAYA), MAYA)
    wait_for(lambda: knows_their_key(scraped), 60, "the key in use", scraped.parts.postern)
    kept = (scraped.parts.folder / "state/seen/entra.key").read_bytes()
    scraped.parts.postern.stop()
    scraped.parts.start_postern()
    wait_for(lambda: knows_their_key(scraped), 60, "the key in use after a restart", scraped.parts.postern)
    assert_signed_on(scraped.parts, sign_on(scraped.parts, Browser(), MAYA), MAYA)
    assert (scraped.parts.folder / "state/seen/entra.key").read_bytes() == kept, "it is not written at each sign-on"


def test_a_message_that_is_refused_does_not_say_which_key_is_in_use(scraped, browser):
    """Its signature verifies, but it is used a second time."""
    sign_on(scraped.parts, browser, MAYA, stop=to_postern_acs(scraped.parts))
    request = browser.stopped_at
    broken = request.with_fields({**request.fields, "RelayState": "x" * 22})
    Browser().go(broken)
    assert not (scraped.parts.folder / "state/seen/entra.key").exists()


def test_counters_never_go_back_when_processes_die_or_settings_are_read_anew(scraped, browser):
    parts = scraped.parts
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    before = {key: value for key, value in scraped.all().items() if "_total" in key or "_count" in key}
    kill_role(parts, "worker")
    kill_role(parts, "metrics")
    wait_for(lambda: scraped.status("/metrics") == 200, 60, "/metrics", parts.postern)
    found = scraped.all()
    assert all(found.get(key, 0) >= value for key, value in before.items())
    assert found['postern_role_restarts_total{role="worker"}'] >= 1
    assert found['postern_role_restarts_total{role="metrics"}'] == 1
    old = set(roles_of(parts))
    os.kill(parts.postern.process.pid, signal.SIGHUP)
    wait_for(lambda: not old & set(roles_of(parts)), 60, "new processes", parts.postern)
    wait_for(lambda: scraped.status("/metrics") == 200, 60, "/metrics", parts.postern)
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    found = scraped.all()
    assert all(found.get(key, 0) >= value for key, value in before.items())
    assert found['postern_reloads_total{result="taken"}'] == 1
    (key,) = [key for key, value in before.items() if key.startswith("postern_sign_ons_total") and "assertion" in key and value]
    assert found[key] == before[key] + 1


def test_what_somebody_waits_for_the_first_of_is_there_as_zero(scraped):
    """Prometheus sees no growth where a counter comes with its first one."""
    found = scraped.all()
    for key in ('postern_role_restarts_total{role="worker"}', 'postern_reloads_total{result="refused"}',
                'postern_refusals_total{reason="signature-invalid"}', 'postern_audit_lines_total{result="failed"}',
                'postern_sign_ons_restarted_total{door="organisation",cause="replay"}',
                'postern_sign_ons_started_total{door="helpdesk",provider="entra"}',
                'postern_step_seconds_count{step="total"}'):
        assert found[key] == 0, key


def test_replays_are_counted(scraped, browser):
    parts = scraped.parts
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    request = browser.stopped_at
    jar = copy.deepcopy(browser.__dict__)
    assert_signed_on(parts, browser.go(request), MAYA)
    thief = Browser()
    thief.__dict__.update(jar)
    thief.go(request)
    assert [line["event"] for line in parts.audit()][:2] == ["assertion", "restart"]
    assert scraped.value('postern_sign_ons_restarted_total{door="organisation",cause="replay"}') == 1


def test_counts_the_codes_that_a_provider_refuses_with(scraped):
    entra = Entra(scraped.parts)
    answer = entra.answer(status=refusal("AADSTS50105: Words of Microsoft."), signed="nothing")
    assert_refused(scraped.parts, entra.post(entra.signer.sign(answer)), "status-not-success", 403)
    assert scraped.value('postern_provider_statuses_total{provider="entra",code="AADSTS50105"}') == 1


def test_counts_a_refusal_that_is_of_no_door(scraped, browser):
    parts = scraped.parts
    assert_refused(parts, browser.open(f"{parts.postern_url}/go/nowhere"), "no-such-link", 404)
    assert scraped.value('postern_refusals_total{reason="no-such-link"}') == 1


def test_is_not_reachable_through_the_public_address_nor_the_other_way_round(scraped):
    parts = scraped.parts
    assert parts.postern_status("/metrics") == 404
    for path in ("/health/live", "/saml/idp/sso", "/"):
        assert scraped.status(path) == 404
    for host, status in (("anything.example", 400), (f"anything.example:{scraped.port}", 400), ("prometheus.example", 200),
                         (f"localhost:{scraped.port}", 200), ("[::1]:1", 200), ("127.0.0.1.example", 400)):
        assert scraped.status("/metrics", {"Host": host}) == status, host
    with pytest.raises(urllib.error.HTTPError) as refused:      # a page in a browser
        scraped.text("/metrics", {"Sec-Fetch-Mode": "cors"})
    assert (refused.value.code, refused.value.read().decode().strip()) == (403, "metrics-client")
    with socket.create_connection(("127.0.0.1", scraped.port), 5) as raw:
        raw.sendall(b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello")
        assert raw.recv(4096).startswith(b"HTTP/1.1 405 ")
    with socket.create_connection(("127.0.0.1", scraped.port), 5) as raw:
        raw.sendall(b"GET http://elsewhere.example/metrics HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_the_process_that_answers_holds_no_secret(scraped):
    """Read from outside, which takes root; a keys role's memory has the key, so the search would find it."""
    secret = (scraped.parts.folder / "signing.key").read_text().split("\n")[5].encode()
    holders = {role for pid, role in roles_of(scraped.parts).items() if secret in memory_of(pid)}
    assert holders == {"keys"}


def memory_of(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        found = []
        for line in maps:
            place, rights, _, _, _, *name = line.split()
            if not rights.startswith("rw") or (name and name[0].startswith("/")):
                continue
            begin, end = (int(number, 16) for number in place.split("-"))
            memory.seek(begin)
            try:
                found.append(memory.read(end - begin))
            except OSError:
                pass
        return b"".join(found)


def test_promtool_has_nothing_to_say(scraped, browser):
    assert_signed_on(scraped.parts, sign_on(scraped.parts, browser, MAYA), MAYA)
    answer = subprocess.run(["promtool", "check", "metrics"], input=scraped.text(), capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


# ---- a service in front of which nothing else runs ----


def test_tells_how_long_the_certificate_of_tls_lasts(with_tls):  # noqa: F811
    port = free_port()
    configure(with_tls, more=f"tls_certificate: tls.crt\ntls_key: tls.key\nmetrics_listen: 127.0.0.1:{port}\n")
    reload(with_tls, 1)
    with_tls.wait_for("answering /metrics")
    (left,) = [value for key, value in samples(port).items() if key.startswith("postern_tls_certificate_left_seconds{")]
    assert 20 * 86400 - 600 < left <= 20 * 86400


# ---- who may ask for metrics ----

OWN_NET = ["unshare", "-n", "sh", "-c", "ip link set lo up && ip address add 192.0.2.10/32 dev lo && "
           "ip address add 192.0.2.11/32 dev lo && exec \"$@\"", "sh"]
ASK = """
import http.client, sys
c = http.client.HTTPConnection("192.0.2.10", 9464, timeout=10, source_address=(sys.argv[1], 0))
c.request("GET", "/metrics", headers={"Host": "localhost"})
print(c.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network of its own")
def test_answers_metrics_networks_and_nobody_else(serve):  # noqa: F811
    def asked_from(address):
        return int(subprocess.run(["nsenter", "-t", str(serve.process.pid), "-n", sys.executable, "-c", ASK, address],
                                  capture_output=True, text=True, timeout=30, check=True).stdout)

    listens = "metrics_listen: 192.0.2.10:9464\n"
    configure(serve, more=listens)
    assert "metrics_networks must say who may ask there" in check(serve).stdout
    configure(serve, more=listens + "metrics_networks: [192.0.2.11]\n")
    serve.start(within=OWN_NET)
    serve.wait_for("answering /metrics")
    assert [asked_from(address) for address in ("192.0.2.11", "192.0.2.10", "127.0.0.1")] == [200, 403, 200]
    configure(serve, more=listens + "metrics_networks: [192.0.2.10]\n")
    serve.signal(signal.SIGHUP)
    serve.wait_for("the new settings are in force")
    serve.wait_for("answering /metrics", 2)
    assert [asked_from(address) for address in ("192.0.2.11", "192.0.2.10", "127.0.0.1")] == [403, 200, 200]
