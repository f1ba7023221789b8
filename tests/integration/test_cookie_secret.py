# SPDX-License-Identifier: GPL-3.0-or-later
"""The cookie secret of two hosts is changed, in the order of OPERATIONS.md, while people sign on."""
import os
import signal
import threading
import time

import pytest

from parts import run, wait_for
from proxies import TwoHosts
from stories import MAYA, assert_signed_on, door_address, reason_of
from test_two_hosts import begin, other_of


@pytest.fixture(scope="module")
def two(tmp_path_factory, postern_build):
    made = TwoHosts(tmp_path_factory.mktemp("secrets"), postern_build, "nginx")
    try:
        yield made.start_all()
    finally:
        made.close()


def secret(two, name):
    path = two.folder / name
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(os.urandom(48))
    return path


def reload(host):
    served = host.postern.log.read_text().count("serving address=")
    host.postern.send(signal.SIGHUP)
    wait_for(lambda: host.postern.log.read_text().count("serving address=") > served, 60, "a reload", host.postern)


def use(host, *files):
    """Puts these in force at one host."""
    lines = host.settings_file.read_text().splitlines()
    value = files[0] if len(files) == 1 else "[" + ", ".join(map(str, files)) + "]"
    lines = [f"cookie_secret: {value}" if line.startswith("cookie_secret:") else line for line in lines]
    host.settings_file.write_text("\n".join(lines) + "\n")
    reload(host)


def check(host):
    return run(*host.postern_command("check", "--offline"))


class People:
    """They sign on, some of them slowly: the answer waits while secrets change."""

    def __init__(self, two):
        self.two, self.over, self.failed, self.done = two, threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.run, args=(pause,)) for pause in (0, 0.5)]

    def run(self, pause):
        while not self.over.is_set():
            try:
                browser, _ = begin(self.two)
                time.sleep(pause)
                assert_signed_on(self.two, browser.go(browser.stopped_at), MAYA)
                self.done += 1
            except Exception as problem:
                self.failed.append(repr(problem)[:400])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_cookie_secret_changes_under_load_and_the_old_one_is_worth_nothing_afterwards(two):
    hosts = two.hosts.values()
    old, new = secret(two, "cookie.secret"), secret(two, "new.secret")
    early = [begin(two, name) for name in two.hosts]
    late = [begin(two, name) for name in two.hosts]
    before = [len(host.audit()) for host in hosts]
    with People(two) as people:
        for files in ([old, new], [new, old]):
            for host in hosts:
                use(host, *files)
                done = people.done
                wait_for(lambda: people.done > done, 60, "people to sign on in between", host.postern)
    assert people.done > 3 and not people.failed, people.failed[:3]
    assert {line["event"] for host, since in zip(hosts, before) for line in host.audit()[since:]} == {"assertion"}

    for browser, _ in early:
        assert_signed_on(two, browser.go(browser.stopped_at), MAYA)
    sealed_by_new = [begin(two, name)[0] for name in two.hosts]
    for host in hosts:
        use(host, new)
    for browser, _ in late:
        page = browser.go(browser.stopped_at)
        assert (reason_of(page), page.status) == ("pending-invalid", 400)
        assert "Please start again." in page.text
        browser.open(door_address(two, "managed"))
        assert_signed_on(two, browser.click("Log in"), MAYA)
    for browser in sealed_by_new:
        assert_signed_on(two, browser.go(browser.stopped_at), MAYA)


def test_what_a_host_that_fell_behind_seals_is_opened_by_the_other(two):
    """Steps 2 and 3 are two because of this: a host of step 2 meets what one of step 3 sealed, and the other way round."""
    first, second = secret(two, "new.secret"), secret(two, "third.secret")
    behind, ahead = two.hosts["a"], two.hosts["b"]
    use(behind, first, second)
    use(ahead, second, first)
    for name in two.hosts:
        browser, host = begin(two, name)
        host.kill()
        try:
            assert_signed_on(two, browser.go(browser.stopped_at), MAYA)
            assert [line["event"] for line in other_of(two, host).audit()[-2:]] == ["restart", "assertion"]
        finally:
            host.start_postern()
        wait_for(lambda host=host: begin(two)[1] is host, 60, "the proxy to ask that host again")


def test_check_warns_of_two_secrets_that_stay(two):
    host = two.hosts["a"]
    first, second = secret(two, "new.secret"), secret(two, "third.secret")
    use(host, first, second)
    assert f"ok       cookie_secret: {first} seals, {second} opens what is under way" in check(host)
    for path in (first, second):
        os.utime(path, (time.time() - 100000,) * 2)
    assert f"warning  cookie_secret: {first} seals and {second} opens, for a day already: end the change" in check(host)
