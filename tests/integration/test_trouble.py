# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-ons while parts are stopped, killed, restarted and reconfigured: trying again ends well."""
import concurrent.futures
import contextlib
import os
import pathlib
import signal
import time

import pytest

from beside import beside, going_on  # noqa: F401: going_on is a fixture
from browser import Browser
from conftest import build_folder
from parts import Parts, wait_for
from stories import (
    JUERGEN, MAYA, VIKTOR, add_to_group, assert_refused, assert_signed_on, remove_from_group, sign_on, to_postern_acs,
)


@contextlib.contextmanager
def not_started(folder):
    made = Parts(folder, build_folder())
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def started(folder):
    with not_started(folder) as parts:
        yield parts.start_all()


@contextlib.contextmanager
def a_browser(_):
    yield Browser()


together = beside(own_parts=started, stopped_parts=not_started, browser=a_browser)


def roles_of(parts):
    """Process id -> role of postern's children."""
    found = {}
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((proc / "stat").read_text().rpartition(")")[2].split()[1])
            words = (proc / "cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError):
            continue
        if parent == parts.postern.process.pid and "role" in words:
            found[int(proc.name)] = words[words.index("role") + 1]
    return found


def kill_role(parts, role):
    killed = [pid for pid, name in roles_of(parts).items() if name == role]
    assert killed, f"no {role} among {roles_of(parts)}"
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len([pid for pid, name in roles_of(parts).items() if name == role and pid not in killed]) == len(killed),
             60, f"a new {role}", parts.postern)


def log_of(parts):
    return parts.postern.log.read_text(errors="replace")


# ---- processes ----


@together
def test_workers_killed_between_the_two_requests_cost_nothing(own_parts, browser):
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    kill_role(own_parts, "worker")
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)


@pytest.mark.parametrize("role", ["worker", "keys", "mirror", "refresh"])
@together
def test_any_killed_role_is_replaced_and_sign_ons_go_on(own_parts, browser, role):
    kill_role(own_parts, role)
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    assert own_parts.postern.is_alive()


@together
def test_stopped_worker_is_replaced(own_parts, browser):
    stuck = [pid for pid, name in roles_of(own_parts).items() if name == "worker"]
    for pid in stuck:
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: not set(stuck) & set(roles_of(own_parts)), 60, "the stuck workers to be gone", own_parts.postern)
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)


@together
def test_restart_between_the_two_requests_is_not_noticed(own_parts, browser):
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    assert own_parts.postern.stop() == 0
    own_parts.start_postern()
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)


@together
def test_lost_claims_lead_to_a_fresh_silent_sign_on(own_parts, browser):
    """As after a reboot: what was used is forgotten, so the old answer is not taken."""
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    own_parts.postern.stop()
    for path in (own_parts.folder / "run").iterdir():
        path.unlink()
    own_parts.start_postern()
    hops = len(browser.hops)
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)
    assert any(hop.url.startswith(own_parts.entra_url) for hop in browser.hops[hops:])


@together
def test_sigterm_ends_with_status_0_and_nobody_left(own_parts):
    children = roles_of(own_parts)
    assert {"worker", "mirror"} <= set(children.values())
    assert own_parts.postern.stop() == 0
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children)


# ---- settings ----


@together
def test_bad_settings_leave_the_old_ones_in_force(own_parts, browser):
    good = own_parts.settings_file.read_text()
    own_parts.settings_file.write_text(good.replace("outcome: licensed", "outcome: lisenced"))
    own_parts.postern.send(signal.SIGHUP)
    wait_for(lambda: "the old ones stay in force" in log_of(own_parts), 60, "the settings to be refused", own_parts.postern)
    assert "lisenced" in log_of(own_parts)
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    assert own_parts.audit()[-1]["outcome"] == "licensed"


@together
def test_good_settings_are_taken_over(own_parts):
    good = own_parts.settings_file.read_text()
    own_parts.settings_file.write_text(good.replace("name: agents,", "name: support-agents,"))
    own_parts.postern.send(signal.SIGHUP)

    def new_rule():
        browser = Browser()
        assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
        return own_parts.audit()[-1]["rule"] == "support-agents"

    wait_for(new_rule, 60, "the new rule to decide", own_parts.postern)


@together
def test_an_answer_after_a_reload_is_judged_by_the_new_rules(own_parts, browser):
    """The request before it was the old ones'; ARCHITECTURE says why the answer is not."""
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    good, old = own_parts.settings_file.read_text(), roles_of(own_parts)
    own_parts.settings_file.write_text(good.replace("name: agents,", "name: agents-of-today,"))
    own_parts.postern.send(signal.SIGHUP)
    wait_for(lambda: not set(old) & set(roles_of(own_parts)), 60, "the old processes to be gone", own_parts.postern)
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)
    assert own_parts.audit()[-1]["rule"] == "agents-of-today"


# ---- the directory ----


@together
def test_sign_ons_go_on_while_ldap_is_down(own_parts, browser):
    own_parts.slapd.stop()
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    assert own_parts.postern_status("/health/ready") == 200


def test_change_in_ldap_is_in_decisions_at_once(going_on, own_parts):  # noqa: F811
    concurrent.futures.wait(going_on.values())          # it is about time
    assert_refused(own_parts, sign_on(own_parts, Browser(), VIKTOR), "denied-by-default", 403)

    def seconds_until(word):
        began = time.monotonic()

        def decided():
            sign_on(own_parts, Browser(), VIKTOR)
            return word in own_parts.audit()[-1].values()

        wait_for(decided, 60, "the change to be in decisions", own_parts.postern)
        return time.monotonic() - began

    took = []
    while len(took) < 10 and min(took, default=9) > 1.5:
        add_to_group(own_parts, VIKTOR, "dept-sales")
        took.append(seconds_until("customer"))
        remove_from_group(own_parts, VIKTOR, "dept-sales")
        took.append(seconds_until("denied-by-default"))
    # within a second; a sign-on of ours takes a part of that, hence the half more, and a busy machine has a better moment
    assert min(took) < 1.5, took


@together
def test_directory_that_comes_back_is_followed_again(own_parts):
    own_parts.slapd.stop()
    own_parts.start_slapd()
    add_to_group(own_parts, VIKTOR, "jira-agents")

    def decided():
        sign_on(own_parts, Browser(), VIKTOR)
        return own_parts.audit()[-1]["outcome"] == "licensed"

    wait_for(decided, 60, "the change after the outage", own_parts.postern)


@together
def test_without_a_directory_it_is_live_but_not_ready_and_mends_itself(stopped_parts, browser):
    parts = stopped_parts
    parts.start_entra()
    parts.write_postern_files(parts.settings(metadata=parts.write_entra_metadata()))
    parts.start_door("managed")
    parts.start_postern(lambda: parts.postern_status("/health/live") == 200)
    wait_for(lambda: parts.postern_status("/health/ready") == 503, 60, "not ready", parts.postern)
    assert_refused(parts, sign_on(parts, browser, MAYA), "mirror-empty", 503)
    parts.start_slapd()
    wait_for(parts.is_ready, 60, "ready", parts.postern)
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)


# ---- the identity provider ----


@together
def test_without_metadata_it_is_live_but_not_ready_and_mends_itself(stopped_parts, browser):
    parts = stopped_parts
    parts.write_postern_files(parts.settings().replace("    tenant:", "    refresh: 1s\n    tenant:"))
    parts.start_slapd()
    parts.start_door("managed")
    parts.start_postern(lambda: parts.postern_status("/health/live") == 200)
    browser.open(f"http://{parts.managed_site}/")
    assert_refused(parts, browser.click("Log in"), "not-ready", 503)
    assert "no usable metadata of entra" in log_of(parts)
    parts.start_entra()
    wait_for(parts.is_ready, 60, "ready", parts.postern)
    assert_signed_on(parts, sign_on(parts, Browser(), JUERGEN), JUERGEN)


@together
def test_starts_from_the_last_good_metadata(own_parts, browser):
    own_parts.postern.stop()
    settings = own_parts.settings_file.read_text()
    own_parts.settings_file.write_text(settings.replace("    tenant:", "    proxy: http://127.0.0.1:9\n    tenant:"))
    own_parts.start_postern()
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
