# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the whole demo around a real `postern serve`, on ports that nobody else has, each in a folder of its own.

`parts` is shared by all the tests that only sign people on; a test that stops,
kills or reconfigures something takes `own_parts`.  The logs of whatever a
failed test used are printed with it.
"""
import os
import pathlib
import sys
import time

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "demo")]

import audit_schema  # noqa: E402
from attacked import attacked, slow_sign_on  # noqa: E402, F401: fixtures
from browser import Browser  # noqa: E402
from chromium import Chromium  # noqa: E402
from package_builds import package_builds  # noqa: E402, F401: a fixture
from parts import Parts  # noqa: E402
from peers import (  # noqa: E402, F401: fixtures
    mellon, node_modules, peer_parts, samlp_parts, service_providers, shibboleth, simplesamlphp_parts, simplesamlphp_sp,
    unstarted_mellon, unstarted_shibboleth, unstarted_simplesamlphp_sp,
)
from stories import door_address  # noqa: E402


Parts.ended = staticmethod(audit_schema.check)


def build_folder():
    return pathlib.Path(os.environ.get("POSTERN_BUILD") or TESTS.parent / "build")


@pytest.fixture(scope="session")
def postern_build():
    return build_folder()


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    made = Parts(tmp_path_factory.mktemp("shared"), build_folder())
    try:
        yield made.start_all()
    finally:
        made.close()


@pytest.fixture
def stopped_parts(tmp_path):
    """Nothing of it runs yet."""
    made = Parts(tmp_path / "parts", build_folder())
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def own_parts(stopped_parts):
    return stopped_parts.start_all()


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture(scope="session")
def one_chromium():
    """For all, one after another: `fresh` makes it one that knows nothing of the last."""
    made = Chromium()
    try:
        yield made
    finally:
        made.close()


# Somebody who is slow begins before all tests and ends after them, so that nobody waits.


@pytest.fixture(scope="session")
def slow_browser(parts):
    """At Entra's list of people, since the beginning."""
    made = Chromium()
    try:
        made.open(door_address(parts, "managed"))
        made.click("Log in")
        made.arrived = time.monotonic()
        yield made
    finally:
        made.close()


SLOW = ("slow_browser", "slow_sign_on")
BEHIND = ("package_builds",)


@pytest.fixture(scope="session", autouse=True)
def slow_ones_begin_first(request):
    for name in SLOW + BEHIND:
        if any(name in item.fixturenames for item in request.session.items):
            request.getfixturevalue(name)


def pytest_collection_modifyitems(items):
    """Slow ones go on behind a quarter of the others: they must take minutes, but not as long as a sign-on may."""
    slow = [item for item in items if any(name in item.fixturenames for name in SLOW)]
    others = [item for item in items if item not in slow]
    at = len(others) // 4
    while 0 < at < len(others) and others[at].path == others[at - 1].path:
        at += 1
    items[:] = others[:at] + slow + others[at:]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "logs"):
                report.sections.append((f"logs of {name}", part.logs()))
            elif isinstance(part, Browser):
                report.sections.append(("hops of the browser", "\n".join(map(str, part.hops))))
