# SPDX-License-Identifier: GPL-3.0-or-later
"""What Active Directory does and Samba does not, by a server that is written for it."""
import contextlib
import subprocess
import time
import uuid

import pytest

from beside import beside, going_on  # noqa: F401: going_on is a fixture
from fake_ad import SUFFIX, FakeAD
from mirror_process import Mirror

STAFF, GROUPS = f"OU=Staff,{SUFFIX}", f"OU=Groups,{SUFFIX}"


class Company:
    """Anna and Bert are agents, agents are staff."""

    def __init__(self, ad):
        self.ad = ad
        for ou in ("OU=Staff", "OU=Groups", "OU=Leavers"):
            setattr(self, ou[3:].lower(), ad.add(f"{ou},{SUFFIX}", "top", "organizationalUnit"))
        self.anna, self.bert = ad.add_person("anna"), ad.add_person("bert")
        self.agents = ad.add_group("agents", [self.anna, self.bert])
        self.all = ad.add_group("staff", [self.agents])


@contextlib.contextmanager
def a_company(_):
    ad = FakeAD()
    try:
        yield Company(ad)
    finally:
        ad.close()


@contextlib.contextmanager
def a_folder(folder):
    folder.mkdir()
    yield folder


@contextlib.contextmanager
def a_mirror(folder, company, postern_build):
    folder.mkdir()
    made = Mirror(postern_build, folder, uri=company.ad.uri, people=STAFF, groups=GROUPS)
    try:
        yield made
    finally:
        made.close()


# what these wait for is the clock of a directory that is asked now and then
together = beside(company=a_company, mirror=a_mirror, tmp_path=a_folder)


def is_there(mirror, name):
    return mirror.refusal(name) == "none"


@together
def test_reads_by_pages_and_groups_by_ranges(company, mirror):
    crowd = [company.ad.add_person(f"p{n}") for n in range(3200)]
    company.ad.add_group("crowd", crowd)
    mirror.start().until_filled()
    assert mirror.state()["people"] == "3202"
    for n in (0, 1499, 1500, 2999, 3000, 3199):
        assert mirror.groups(f"p{n}") == {"crowd"}
    assert company.ad.asked.count("page") >= 8
    assert company.ad.asked.count("range") == 2


@together
def test_a_group_that_changes_while_it_is_read_is_read_again(company, mirror):
    crowd = [company.ad.add_person(f"p{n}") for n in range(2000)]
    group = company.ad.add_group("crowd", crowd)
    # who stood at place 1,500 moves up, and would be missing from both ranges
    company.ad.during_range = lambda: company.ad.link(group, [crowd[0]], there=False)
    mirror.start().until_filled()
    assert "crowd" not in mirror.groups("p0")
    assert all("crowd" in mirror.groups(f"p{n}") for n in (1, 1499, 1500, 1501, 1999))


@together
def test_members_of_a_large_group_come_and_go_without_reading_it(company, mirror):
    crowd = [company.ad.add_person(f"p{n}") for n in range(1600)]
    group = company.ad.add_group("crowd", crowd)
    mirror.start().until_filled()
    before = company.ad.asked.count("range")
    company.ad.link(group, [crowd[7]], there=False)
    company.ad.link(group, [company.anna])
    mirror.until(lambda: "crowd" in mirror.groups("anna"))
    assert mirror.groups("p7") == set()
    assert "crowd" in mirror.groups("p8")
    assert company.ad.asked.count("range") == before


@together
def test_records_of_tls_that_hold_many_messages(postern_build, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=dc1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=60)
    ad = FakeAD(certificate=(certificate, key))
    company = Company(ad)
    for n in range(900):
        ad.add_person(f"p{n}")
    mirror = Mirror(postern_build, tmp_path, uri=ad.uri, people=STAFF, groups=GROUPS, ca_file=str(certificate))
    try:
        mirror.start().until_filled()
        assert mirror.state()["people"] == "902"
        for n in range(300):
            ad.change(ad.entries[company.anna.guid], mail=f"anna{n}@example.org")
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["anna299@example.org"])
    finally:
        mirror.close()
        ad.close()


@together
def test_without_the_right_deletions_are_found_by_comparison(company, postern_build, tmp_path):
    company.ad.has_right = False
    mirror = Mirror(postern_build, tmp_path, uri=company.ad.uri, people=STAFF, groups=GROUPS, reread=2)
    try:
        mirror.start().until_filled()
        assert mirror.has_log("no right to replicate")
        company.ad.change(company.anna, mail="ada@example.org")
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
        company.ad.delete(company.bert)
        mirror.until(lambda: not is_there(mirror, "bert"))
    finally:
        mirror.close()


@together
def test_a_right_that_is_taken_away_is_noticed(company, mirror):
    mirror.start().until_filled()
    company.ad.has_right = False
    mirror.until(lambda: mirror.has_log("the right to replicate is gone"))
    company.ad.change(company.anna, mail="ada@example.org")
    mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])


@together
def test_tombstones(company, mirror):
    mirror.start().until_filled()
    company.ad.delete(company.bert)
    company.ad.delete(company.agents)
    mirror.until(lambda: not is_there(mirror, "bert") and mirror.groups("anna") == set())
    mirror.stop()
    company.ad.delete(company.anna)
    company.ad.add_person("cleo")
    mirror.start()
    mirror.until(lambda: not is_there(mirror, "anna") and is_there(mirror, "cleo"))
    assert not mirror.has_log("from the beginning")


@together
def test_a_cookie_that_is_refused_leads_to_reading_everything(company, mirror):
    mirror.start().until_filled()
    mirror.stop()
    company.ad.delete(company.bert)
    company.ad.refuse_cookies = 53
    mirror.start()
    mirror.until(lambda: mirror.has_log("that cookie"))
    mirror.until(lambda: not is_there(mirror, "bert"))
    company.ad.refuse_cookies = 0
    company.ad.change(company.anna, mail="ada@example.org")
    mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])


@together
def test_a_busy_server_keeps_its_cookie(company, mirror):
    mirror.start().until_filled()
    company.ad.busy = 1
    mirror.until(lambda: company.ad.busy == 0)
    company.ad.change(company.anna, mail="ada@example.org")
    mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
    assert not mirror.has_log("from the beginning")


@together
def test_changes_that_are_told_again_do_no_harm(company, mirror):
    mirror.start().until_filled()
    company.ad.link(company.agents, [company.bert], there=False)
    company.ad.delete(company.ad.add_person("dora"))
    mirror.until(lambda: "agents" not in mirror.groups("bert"))
    company.ad.tell_all_again = True
    asked = company.ad.asked.count("dirsync")
    mirror.until(lambda: company.ad.asked.count("dirsync") > asked + 6)
    company.ad.tell_all_again = False
    assert mirror.state()["people"] == "2" and mirror.state()["groups"] == "2"
    assert mirror.groups("anna") == {"agents", "staff"} and mirror.groups("bert") == set()


@together
def test_answers_in_several_parts(company, mirror):
    company.ad.changes_most = 7
    mirror.start().until_filled()
    people = [company.ad.add_person(f"p{n}") for n in range(50)]
    company.ad.link(company.agents, people)
    mirror.until(lambda: all("staff" in mirror.groups(f"p{n}") for n in (0, 24, 49)))
    assert not mirror.has_log("from the beginning")


@together
def test_very_many_changes_are_read_by_pages(company, mirror):
    people = [company.ad.add_person(f"p{n}") for n in range(1300)]
    mirror.start().until_filled()
    mirror.until(lambda: company.ad.asked.count("dirsync") > 4)
    with company.ad.lock:
        for p in people:
            company.ad.change(p, mail=f"new-{p.attributes['cn'][0]}@example.org")
    mirror.until(lambda: mirror.person("name", "p1299")["mail"] == ["new-p1299@example.org"])
    assert mirror.has_log("more changed than can be read one by one")
    assert company.ad.asked.count("guid") < 100


@together
def test_a_unit_that_is_moved_takes_its_people_along(company, mirror):
    unit = company.ad.add(f"OU=inner,{STAFF}", "top", "organizationalUnit")
    company.ad.add_person("cleo", "OU=inner,OU=Staff")
    mirror.start().until_filled()
    assert is_there(mirror, "cleo")
    company.ad.move(unit, f"OU=other,{STAFF}")
    mirror.until(lambda: mirror.person("name", "cleo")["dn"] == [f"CN=cleo,OU=other,{STAFF}"])
    company.ad.move(unit, f"OU=other,OU=Leavers,{SUFFIX}")
    mirror.until(lambda: not is_there(mirror, "cleo"))
    company.ad.move(unit, f"OU=other,{STAFF}")
    mirror.until(lambda: is_there(mirror, "cleo"))


@together
def test_who_moves_out_of_the_base_is_gone_and_comes_back_with_the_groups(company, mirror):
    mirror.start().until_filled()
    company.ad.move(company.bert, f"CN=bert,OU=Leavers,{SUFFIX}")
    mirror.until(lambda: not is_there(mirror, "bert"))
    company.ad.move(company.bert, f"CN=bert,{STAFF}")
    mirror.until(lambda: is_there(mirror, "bert"))
    assert mirror.groups("bert") == {"agents", "staff"}
    assert not mirror.has_log("from the beginning")


@together
def test_who_ceases_to_fit_the_filter_is_gone(company, postern_build, tmp_path):
    mirror = Mirror(postern_build, tmp_path, uri=company.ad.uri, people=STAFF, groups=GROUPS,
                    people_filter="(&(objectClass=user)(!(employeeType=leaver)))")
    try:
        mirror.start().until_filled()
        company.ad.change(company.bert, employeeType="leaver")
        mirror.until(lambda: not is_there(mirror, "bert"))
        company.ad.change(company.bert, employeeType="")
        mirror.until(lambda: is_there(mirror, "bert"))
        assert mirror.groups("bert") == {"agents", "staff"}
    finally:
        mirror.close()


@together
def test_another_controller_is_compared_and_its_late_changes_come(company, postern_build, tmp_path):
    """The second one has not heard of a change that the first one told of: it comes when it gets there."""
    second = FakeAD("dc2")
    second.entries, second.number = company.ad.entries, company.ad.number
    mirror = Mirror(postern_build, tmp_path, uri=company.ad.uri, uri2=second.uri, people=STAFF, groups=GROUPS, timeout=2)
    try:
        mirror.start().until_filled()
        company.ad.change(company.anna, mail="ada@example.org")
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
        with company.ad.lock, second.lock:
            company.anna.set(mail="anna@example.org")
            company.ad.close()
            second.number = company.ad.number
        mirror.until(lambda: mirror.has_log("another domain controller than before"))
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["anna@example.org"])
        second.change(company.anna, mail="ada@example.org")
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
    finally:
        mirror.close()
        second.close()


@together
def test_a_database_that_was_set_back_is_compared(company, mirror):
    mirror.start().until_filled()
    mirror.stop()
    company.ad.invocation = uuid.uuid4()
    company.ad.add_person("cleo")
    mirror.start()
    mirror.until(lambda: is_there(mirror, "cleo"))
    assert mirror.has_log("another domain controller than before, or an older state of it")


@together
def test_names_without_guids_are_not_taken(company, mirror):
    company.ad.wide_names = False
    mirror.start()
    mirror.until(lambda: mirror.has_log("an entry came without its GUID"))
    assert mirror.state()["filled"] == "0"


@together
def test_an_account_that_may_not_be_read_counts_as_switched_off(company, mirror):
    del company.anna.attributes["userAccountControl"]
    mirror.start().until_filled()
    assert mirror.refusal("anna") == "person-disabled"
    assert is_there(mirror, "bert")
    assert mirror.ask("check")["accounts"] == ["1"]


WITHOUT_END = "the server says that there is more, and does not go on"
LIES = {
    "changes that never come": {"more_for_ever": True},
    "the same changes again": {"more_for_ever": True, "tell_all_again": True},
    "empty pages": {"pages_for_ever": "empty", "refuse_cookies": 53},
    "the same page again": {"pages_for_ever": "same", "refuse_cookies": 53},
}


def assert_nothing_is_lost_by(mirror, ad, anna, lie):
    """It is left for a while, what it told before stays, and it is believed again when it goes on."""
    honest = {name: getattr(ad, name) for name in lie}
    for name, value in lie.items():
        setattr(ad, name, value)
    ad.change(anna, title="something to ask for")
    mirror.until(lambda: mirror.has_log(WITHOUT_END), 60)
    asked, began = len(ad.asked), time.monotonic()
    time.sleep(0.3)
    assert len(ad.asked) - asked < 5 * (1 + time.monotonic() - began), "it is not left alone"
    assert mirror.state()["people"] == "2" and mirror.groups("anna") == {"agents", "staff"}
    for name, value in honest.items():
        setattr(ad, name, value)
    ad.change(anna, mail="ada@example.org")
    mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])


@pytest.mark.parametrize("lie", LIES)
@together
def test_answers_without_end_are_left_and_nothing_is_lost(company, mirror, lie):
    mirror.start().until_filled()
    assert_nothing_is_lost_by(mirror, company.ad, company.anna, LIES[lie])


@together
def test_pages_without_end_of_what_has_a_number(company, postern_build, tmp_path):
    mirror = Mirror(postern_build, tmp_path, kind="entra-domain-services", uri=company.ad.uri, people=STAFF, groups=GROUPS)
    try:
        mirror.start().until_filled()
        assert_nothing_is_lost_by(mirror, company.ad, company.anna, {"pages_for_ever": "empty"})
    finally:
        mirror.close()


@together
def test_ranges_without_end(company, mirror):
    company.ad.add_group("crowd", [company.ad.add_person(f"p{n}") for n in range(1600)])
    company.ad.ranges_for_ever = True
    mirror.start()
    mirror.until(lambda: mirror.has_log("is no range of values that follows the one before"))
    assert mirror.state()["filled"] == "0"
    company.ad.ranges_for_ever = False
    mirror.until_filled()
    assert mirror.groups("p1599") == {"crowd"}
