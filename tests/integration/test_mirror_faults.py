# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that is slow, cut, reset, silent or lies: no sign-on is harmed, nothing is lost, and no CPU burnt."""
import os
import signal
import time

import pytest

import company
from browser import Browser
from parts import wait_for
from stories import MAYA, add_to_group, assert_signed_on, ldap_modify, sign_on
from tcp_proxy import TcpProxy
from test_mirror_command import corp, mirror_json


def mirror_process(parts):
    """The pid of the mirror role."""
    for pid in os.listdir("/proc"):
        try:
            command = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
            parent = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
        except (OSError, IndexError):
            continue
        if b"mirror" in command and b"role" in command and int(parent) == parts.postern.process.pid:
            return int(pid)
    return None


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def state(parts):
    """Of the mirror, whatever it is."""
    return mirror_json(parts, "status", status=None)["directories"][0]


def connected(parts):
    return lambda: state(parts)["connected"]


@pytest.fixture
def through_proxy(stopped_parts):
    """Everything runs, with the proxy between the mirror and slapd."""
    parts = stopped_parts
    parts.start_slapd()
    parts.proxy = TcpProxy(parts.ports["slapd"])
    usual = parts.settings
    parts.uri = f"ldap://127.0.0.1:{parts.proxy.port}"
    parts.more = ""
    parts.settings = lambda: usual().replace(f"uri: ldap://127.0.0.1:{parts.ports['slapd']}",
                                             f"uri: {parts.uri}\n    timeout: 1s{parts.more}")
    parts.start_all()
    wait_for(connected(parts), 60, "the mirror to be filled")
    try:
        yield parts
    finally:
        parts.proxy.close()


FAULTS = [("slow", 0), ("silent", 0), ("stall", 3000), ("cut", 40), ("cut", 5000), ("reset", 5000), ("garbage", 0),
          ("garbage", 30), ("garbage", 5000)]


def test_no_fault_of_the_way_harms_a_sign_on_or_the_mirror(through_proxy):
    parts = through_proxy
    whole = state(parts)
    for mode, after in FAULTS:
        parts.proxy.set(mode, after)
        seen = parts.proxy.seen
        wait_for(lambda: parts.proxy.seen > seen, 60, f"the mirror to connect again ({mode} {after})")
        pid = mirror_process(parts)
        before, began = cpu_seconds(pid), time.monotonic()
        assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
        time.sleep(1.5)
        used, passed = cpu_seconds(pid) - before, time.monotonic() - began
        assert used < 0.25 * passed, (mode, after, used, passed)
        now = state(parts)
        assert now["filled"] and now["people_held"] is None
        assert (now["people"], now["groups"]) == (whole["people"], whole["groups"])
        assert mirror_process(parts) == pid, (mode, after)
    # and it is as before when the way is good again
    parts.proxy.set("pass")
    wait_for(connected(parts), 60, "the mirror to listen again")
    add_to_group(parts, MAYA, "it-operations")
    wait_for(lambda: company.group_dn("it-operations") in
             [g["dn"] for g in mirror_json(parts, "person", MAYA["mail"])[0]["groups"] if not g["through"]], 60, "the change")


@pytest.mark.parametrize("scheme, more, mode", [("ldaps", "", "silent"), ("ldap", "\n    starttls: yes", "silent"),
                                                ("ldap", "\n    starttls: yes", "starttls")])
def test_a_peer_that_is_silent_in_tls_costs_no_cpu(through_proxy, scheme, more, mode):
    parts = through_proxy
    assert parts.postern.stop() == 0
    parts.proxy.set(mode)
    parts.uri, parts.more = f"{scheme}://127.0.0.1:{parts.proxy.port}", more
    parts.settings_file.write_text(parts.settings())
    seen = parts.proxy.seen
    parts.start_postern()
    pid = mirror_process(parts)
    began, before = time.monotonic(), cpu_seconds(pid)
    # the first try, one second of it silent, and the second one after that: it never hangs in one
    wait_for(lambda: parts.proxy.seen >= seen + 2, 60, "the mirror to try again")
    time.sleep(2)
    used, passed = cpu_seconds(pid) - before, time.monotonic() - began
    assert mirror_process(parts) == pid
    assert used < 0.2 * passed, (used, passed)
    assert "127.0.0.1" in state(parts)["error"]
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)


def test_a_new_password_is_taken_at_a_reload(through_proxy):
    parts = through_proxy
    ldap_modify(parts, f"dn: {company.SERVICE_DN}\nchangetype: modify\nreplace: userPassword\nuserPassword: quite-another\n")
    parts.proxy.set("pass")     # the connection ends
    wait_for(lambda: "Invalid credentials" in (state(parts)["error"] or ""), 60, "the old password to be refused")
    (parts.folder / "ldap.password").write_text("quite-another\n")
    parts.postern.send(signal.SIGHUP)
    wait_for(connected(parts), 60, "the new password to be taken")
    assert corp(parts)["error"] is None
