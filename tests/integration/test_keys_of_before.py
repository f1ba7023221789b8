# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker of the settings before signs until it ends, also when its keys role dies meanwhile."""
import http.client
import os
import signal
import socket
import time

import pytest

from browser import Browser, Page
from parts import wait_for
from stories import MAYA, assert_signed_on, sign_on, to_postern_acs
from test_trouble import log_of, roles_of

OVER_A_SECOND = 1.2             # who dies sooner than a second after its start counts as one that cannot run


def pids(parts, role):
    return {pid for pid, name in roles_of(parts).items() if name == role}


class Begun:
    """A browser's request of which a worker has all but the last bytes."""

    def __init__(self, parts, browser, request):
        self.browser, self.request = browser, request
        self.socket = socket.create_connection(("127.0.0.1", parts.ports["postern"]), 20)
        cookies = browser.jar.for_request(request.url, request.method, True)
        lines = "".join(f"{name}: {value}\r\n" for name, value in browser.headers_for(request, cookies, True))
        path = request.url.split(parts.host("sso", "postern"), 1)[1]
        self.socket.sendall(f"{request.method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + request.body[:-10])

    def finish(self):
        """What the browser shows in the end."""
        self.socket.sendall(self.request.body[-10:])
        answer = http.client.HTTPResponse(self.socket, method=self.request.method)
        answer.begin()
        self.browser.page = Page(self.request.url, answer.status, answer.getheaders(), answer.read())
        self.socket.close()
        following = self.browser.following(self.request)
        return self.browser.go(following) if following else self.browser.page


@pytest.fixture
def two_workers(stopped_parts):
    before = stopped_parts.settings
    stopped_parts.settings = lambda metadata=None: before(metadata) + "workers: 2\n"
    return stopped_parts.start_all()


def test_a_sign_on_in_its_hands_is_signed_after_its_keys_role_died(two_workers, browser):
    parts = two_workers
    sign_on(parts, browser, MAYA, stop=to_postern_acs(parts))
    begun = Begun(parts, browser, browser.stopped_at)
    time.sleep(OVER_A_SECOND)
    old, old_workers = set(roles_of(parts)), pids(parts, "worker")
    parts.postern.send(signal.SIGHUP)
    wait_for(lambda: len(old_workers & set(roles_of(parts))) == 1, 60, "the worker alone that has the request", parts.postern)
    wait_for(lambda: len(old & pids(parts, "keys")) == 1, 60, "its keys role alone", parts.postern)
    for pid in old & pids(parts, "keys"):
        os.kill(pid, signal.SIGKILL)
    assert_signed_on(parts, begun.finish(), MAYA)
    wait_for(lambda: not old_workers & set(roles_of(parts)) and len(pids(parts, "keys")) == 2, 60, "the old ones to be gone",
             parts.postern)
    assert log_of(parts).count("died, replaced at once role=keys") == 1


@pytest.fixture
def without_successors(two_workers):
    """Settings that were taken, and whose workers cannot begin: what they must write is a folder."""
    parts = two_workers
    obstacle = parts.folder / "other-run/claims.mdb"
    obstacle.mkdir(parents=True)
    time.sleep(OVER_A_SECOND)
    parts.old = set(roles_of(parts))
    parts.settings_file.write_text(parts.settings_file.read_text().replace(f"runtime_dir: {parts.folder}/run",
                                                                           f"runtime_dir: {parts.folder}/other-run"))
    parts.postern.send(signal.SIGHUP)
    wait_for(lambda: len(pids(parts, "keys")) == 4, 60, "the new keys roles", parts.postern)
    wait_for(lambda: "died before it was ready, tried again later role=worker" in log_of(parts), 60, "no new worker",
             parts.postern)
    yield parts
    obstacle.rmdir()
    wait_for(lambda: not parts.old & set(roles_of(parts)) and len(pids(parts, "worker")) == 2, 60, "the new workers",
             parts.postern)
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    wait_for(lambda: len(pids(parts, "keys")) == 2, 60, "none but the new keys roles", parts.postern)


def test_workers_without_successors_sign_on_although_their_keys_roles_died(without_successors):
    parts = without_successors
    workers = parts.old & pids(parts, "worker")
    for pid in parts.old & pids(parts, "keys"):
        os.kill(pid, signal.SIGKILL)
    for _ in range(4):
        assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    assert workers <= set(roles_of(parts)) and len(workers) == 2
    assert log_of(parts).count("died, replaced at once role=keys") == 2


def test_a_worker_whose_keys_roles_cannot_live_ends_and_leaves_sign_ons_to_others(without_successors):
    parts = without_successors
    workers, known = parts.old & pids(parts, "worker"), pids(parts, "keys")
    os.kill(min(parts.old & known), signal.SIGKILL)

    def fresh_ones_die():
        for pid in pids(parts, "keys") - known:
            os.kill(pid, signal.SIGKILL)
        return "has no keys role any more, and ends" in log_of(parts)

    wait_for(fresh_ones_die, 60, "one of them to be given up", parts.postern)
    wait_for(lambda: len(workers & set(roles_of(parts))) == 1, 60, "its worker to end", parts.postern)
    for _ in range(4):
        assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
