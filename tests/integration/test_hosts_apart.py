# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts that do not agree: on the time, and on what their directory servers say."""
import calendar
import pathlib
import time

import pytest

from parts import SLAPD, SLAPD_CONF, answers_tcp, company, free_port, run, wait_for
from proxies import TwoHosts
from stories import JUERGEN, MAYA, VIKTOR, assert_signed_on, ldap_modify
from tcp_proxy import TcpProxy
from test_two_hosts import begin, events

(FAKETIME,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
SYNCREPL = """
syncrepl rid=001 provider=ldap://127.0.0.1:{port} type=refreshAndPersist searchbase="{suffix}" bindmethod=simple
  binddn="{admin}" credentials={password} retry="1 +" network-timeout=2
"""


class TwoDirectories(TwoHosts):
    """Host b asks a replica, which hears of changes through `line`."""

    def __init__(self, folder, build):
        super().__init__(folder, build, "nginx", free_port())
        self.line = TcpProxy(self.ports["slapd"])

    def start_slapd(self):
        super().start_slapd()
        folder = self.folder / "replica"
        (folder / "slapd").mkdir(parents=True, mode=0o700)
        text = SLAPD_CONF.format(folder=folder, suffix=company.SUFFIX, admin=company.ADMIN_DN,
                                 admin_password=company.ADMIN_PASSWORD, service=company.SERVICE_DN)
        syncrepl = SYNCREPL.format(port=self.line.port, suffix=company.SUFFIX, admin=company.ADMIN_DN,
                                   password=company.ADMIN_PASSWORD)
        (folder / "slapd.conf").write_text(text.replace("overlay syncprov", syncrepl + "overlay syncprov"))
        (folder / "slapd.conf").chmod(0o600)
        run("/usr/sbin/slapadd", "-q", "-w", "-f", folder / "slapd.conf", "-l", self.folder / "company.ldif")
        port = self.hosts["b"].ports["slapd"]
        self.start_part("replica", [SLAPD, "-d", "stats", "-h", f"ldap://127.0.0.1:{port}/", "-f", folder / "slapd.conf"],
                        lambda: answers_tcp(port))

    def close(self):
        super().close()
        self.line.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory, postern_build):
    made = TwoDirectories(tmp_path_factory.mktemp("apart"), postern_build)
    try:
        yield made.start_all()
    finally:
        made.close()


def end_by(two, name, person):
    """The page at the end of a sign-on that this host answers."""
    browser, _ = begin(two, name, person)
    return browser.go(browser.stopped_at)


# ---- directories ----


def members(two, group, change, person):
    ldap_modify(two, f"dn: {company.group_dn(group)}\nchangetype: modify\n{change}: member\nmember: {person['dn']}\n")


def outcome_at(two, name, person):
    page = end_by(two, name, person)
    line = two.hosts[name].audit()[-1]
    if line["event"] == "assertion":
        assert_signed_on(two, page, person)
    return line.get("outcome"), line.get("reason")


def test_a_host_whose_replica_lags_decides_by_what_it_knows_and_catches_up(two):
    two.line.set("stall")
    members(two, "jira-agents", "add", JUERGEN)  # promoted, and VIKTOR hired
    members(two, "dept-sales", "add", VIKTOR)
    wait_for(lambda: outcome_at(two, "a", JUERGEN)[0] == "licensed", 60, "host a to hear of it")
    wait_for(lambda: outcome_at(two, "a", VIKTOR) == ("customer", None), 60, "host a to hear of the other, too")
    for _ in range(2):
        assert outcome_at(two, "b", JUERGEN) == ("customer", None)
        assert outcome_at(two, "b", VIKTOR)[1] == "denied-by-default"
    assert two.hosts["b"].postern_status("/health/ready") == 200, "its server answers, and does not know better"
    two.line.set("pass")
    wait_for(lambda: outcome_at(two, "b", VIKTOR) == ("customer", None), 60, "host b to catch up")
    wait_for(lambda: outcome_at(two, "b", JUERGEN) == ("licensed", None), 60, "host b to catch up in all")


def test_who_has_left_is_out_at_each_host_as_soon_as_its_replica_knows(two):
    two.line.set("stall")
    members(two, "dept-sales", "delete", VIKTOR)
    wait_for(lambda: outcome_at(two, "a", VIKTOR)[1] == "denied-by-default", 60, "host a to hear of it")
    two.line.set("pass")
    wait_for(lambda: outcome_at(two, "b", VIKTOR)[1] == "denied-by-default", 60, "host b to catch up")


# ---- clocks ----


def time_of(host):
    """Of its last audit line, by its own clock."""
    return calendar.timegm(time.strptime(host.audit()[-1]["time"][:19], "%Y-%m-%dT%H:%M:%S"))


@pytest.mark.parametrize("seconds", ["+60", "-60"])
def test_clocks_a_minute_apart_keep_nobody_out(two, seconds):
    """Sign-ons at the one whose clock is wrong, and those that it takes over."""
    a, b = two.hosts["a"], two.hosts["b"]
    b.postern.stop()
    b.environment = [f"LD_PRELOAD={FAKETIME}", f"FAKETIME={seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    try:
        b.start_postern()
        for host, offset in ((b, int(seconds)), (a, 0)):
            began = time.time()
            assert_signed_on(two, end_by(two, host.name, MAYA), MAYA)
            assert began + offset - 2 < time_of(host) < time.time() + offset + 2
        for dying, heir in ((a, b), (b, a)):
            browser, _ = begin(two, dying.name)
            before = len(heir.audit())
            dying.kill()
            assert_signed_on(two, browser.go(browser.stopped_at), MAYA)
            assert events(heir, before) == ["restart", "assertion"]
            dying.start_postern()
            wait_for(lambda: begin(two)[1] is dying, 60, "the proxy to ask that host again")
    finally:
        b.environment = []
        b.postern.stop()
        b.start_postern()
