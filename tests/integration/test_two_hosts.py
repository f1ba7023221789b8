# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Posterns behind each proxy: they share keys, a cookie secret and the directory, and no state."""
import os
import re
import shutil
import signal
import threading
import time

import pytest

from parts import answers_tcp, wait_for
from proxies import CLIENT, PROXIES, TwoHosts
from stories import MAYA, assert_signed_on, sign_on, to_postern_acs
from test_trouble import roles_of

@pytest.fixture(scope="module", params=sorted(PROXIES))
def two(request, tmp_path_factory, postern_build):
    made = TwoHosts(tmp_path_factory.mktemp(f"two-{request.param}"), postern_build, request.param)
    try:
        yield made.start_all()
    finally:
        made.close()


def host_of_answer(two, browser):
    """Which host asked: its name stands in the address that the answer goes to."""
    return two.hosts[browser.stopped_at.url.rsplit("/", 1)[1]]


def other_of(two, host):
    (other,) = [one for one in two.hosts.values() if one is not host]
    return other


def events(host, since=0):
    return [line["event"] for line in host.audit()[since:]]


def apache_said(two, host, who):
    """How often it could not connect to that host; who: HCOH for its health checks, https for requests of people."""
    text = (two.folder / "apache/apache-error.log").read_text() if two.proxy_name == "apache" else ""
    return len(re.findall(rf"AH00957: {who}: attempt to connect to 127\.0\.0\.1:{host.ports['postern']}\b", text))


def await_checks(two, host):
    """Until Apache's three balancers have each asked a host that is down."""
    if two.proxy_name == "apache":
        before = apache_said(two, host, "HCOH")
        wait_for(lambda: apache_said(two, host, "HCOH") >= before + 6, 60, "health checks")


def begin(two, name=None, person=MAYA):
    """A sign-on up to Entra's answer, begun by the host of that name: (browser, host)."""
    for _ in range(40):
        browser = two.browser()
        sign_on(two, browser, person, stop=to_postern_acs(two))
        host = host_of_answer(two, browser)
        if name in (None, host.name):
            return browser, host
    raise AssertionError(f"{name} never begins")


def assert_restarts(two, browser, request):
    """That this answer, sent once more, gives nothing but a new question to Entra."""
    page = browser.go(request, stop=lambda following: following.url.startswith(two.entra_url))
    assert browser.stopped_at, f"{page.url}: {page.text[:300]}"
    assert page.form_with("SAMLResponse") is None


# ---- one after the other, and one instead of the other ----


def test_each_answer_comes_back_to_the_host_that_asked(two):
    before = {name: len(host.audit()) for name, host in two.hosts.items()}
    for _ in range(6):
        assert_signed_on(two, sign_on(two, two.browser(), MAYA), MAYA)
    assert {line["client"] for name, host in two.hosts.items() for line in host.audit()[before[name]:]} == {CLIENT}
    seen = {name: events(host, before[name]) for name, host in two.hosts.items()}
    assert sum(map(len, seen.values())) == 6 and all(seen.values()), seen
    assert {event for some in seen.values() for event in some} == {"assertion"}


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_host_that_dies_between_the_legs_leaves_the_sign_on_to_the_other(two, name):
    browser, host = begin(two, name)
    other = other_of(two, host)
    before = len(other.audit())
    host.kill()
    try:
        assert_signed_on(two, browser.go(browser.stopped_at), MAYA)
        assert events(other, before) == ["restart", "assertion"]
        await_checks(two, host)
        tried = apache_said(two, host, "https")
        for _ in range(3):
            assert_signed_on(two, sign_on(two, two.browser(), MAYA), MAYA)
        assert apache_said(two, host, "https") == tried, "nobody is sent to a host that Apache knows to be dead"
    finally:
        host.start_postern()
    wait_for(lambda: begin(two)[1] is host, 60, "the proxy to ask that host again")


def test_a_host_that_dies_over_the_answer_leaves_the_sign_on_to_the_other(two):
    """nginx and HAProxy ask the other host by themselves; behind Apache the person has to load the page again."""
    browser, host = begin(two)
    other = other_of(two, host)
    before = len(other.audit())
    workers = [pid for pid, role in roles_of(host).items() if role == "worker"]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)

    def die():
        time.sleep(0.5)
        host.kill()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

    death = threading.Thread(target=die)
    death.start()
    answer = browser.stopped_at
    try:
        page = browser.go(answer)
        if two.proxy_name == "apache" and page.status >= 500:
            page = browser.go(answer)
        assert_signed_on(two, page, MAYA)
        assert events(other, before) == ["restart", "assertion"]
    finally:
        death.join()
        host.start_postern()
    wait_for(lambda: begin(two)[1] is host, 60, "the proxy to ask that host again")


def test_a_host_that_is_not_ready_is_passed_over(two):
    """Its directory has never been read: people end at the other one."""
    host = two.hosts["a"]
    before = len(host.audit())
    host.postern.stop()
    shutil.rmtree(host.folder / "state/mirror")
    good = host.settings_file.read_text()
    host.settings_file.write_text(good.replace(f"uri: ldap://127.0.0.1:{two.ports['slapd']}", "uri: ldap://127.0.0.1:1"))
    try:
        await_checks(two, host)
        host.start_postern(lambda: answers_tcp(host.ports["postern"]) and host.postern_status("/health/ready") == 503)
        for _ in range(4):
            assert_signed_on(two, sign_on(two, two.browser(), MAYA), MAYA)
        if two.proxy_name == "apache":
            assert events(host, before) == [], "nobody is sent to a host that is not ready"
    finally:
        host.postern.stop()
        host.settings_file.write_text(good)
        host.start_postern()
    wait_for(lambda: begin(two)[1] is host, 60, "the proxy to ask that host again")


# ---- replay ----


def test_an_answer_is_taken_once_whatever_host_it_is_brought_to(two):
    browser, host = begin(two)
    answer, cookies = browser.stopped_at, list(browser.jar.cookies)
    other = other_of(two, host)
    assert_signed_on(two, browser.go(answer), MAYA)
    accounts = two.accounts("managed")

    def again(url):
        thief = two.browser()
        thief.jar.cookies = list(cookies)
        request = answer.with_fields(answer.fields)
        request.url = url
        assert_restarts(two, thief, request)

    here = answer.url
    there = here.rsplit("/", 1)[0] + "/" + other.name
    again(here)
    again(there)
    host.postern.stop()
    again(here)  # the other one has it now
    host.start_postern()
    wait_for(lambda: begin(two)[1] is host, 60, "the proxy to ask that host again")
    again(here)
    again(there)
    host.postern.stop()
    for path in (host.folder / "run").iterdir():
        path.unlink()
    host.start_postern()
    wait_for(lambda: begin(two)[1] is host, 60, "the proxy to ask that host again")
    again(here)
    again(there)
    assert two.accounts("managed") == accounts


def test_a_host_that_lost_its_claims_starts_again_and_ends_well(two):
    if two.proxy_name == "apache":
        time.sleep(3)  # each of its balancers finds out for itself that a host of the tests before is back
    browser, host = begin(two, "a")
    host.postern.stop()
    for path in (host.folder / "run").iterdir():
        path.unlink()
    host.start_postern()
    before = len(host.audit()), len(two.hosts["b"].audit())
    assert_signed_on(two, browser.go(browser.stopped_at), MAYA)
    seen = events(host, before[0]) + events(two.hosts["b"], before[1])
    assert sorted(seen) == ["assertion", "restart"]
