# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra Domain Services: Active Directory that is asked by uSNChanged, by an account that may only read.  Samba plays it."""
import pytest

from mirror_process import Mirror
from samba_dc import PASSWORD, SUFFIX
from test_samba import GROUPS, READER, STAFF, cn, company, dc, delete, gn, modify, person, rename  # noqa: F401: fixtures


@pytest.fixture
def options(company):  # noqa: F811
    return {"kind": "entra-domain-services", "uri": company.uri, "bind_dn": READER, "password": PASSWORD, "people": STAFF,
            "groups": SUFFIX}


@pytest.fixture
def start(postern_build, tmp_path, options):
    started = []

    def begin(**more):
        started.append(Mirror(postern_build, tmp_path, **{**options, **more}))
        return started[-1].start().until_filled()

    yield begin
    for mirror in started:
        mirror.close()


def test_changes_are_found_by_their_number(start, company):  # noqa: F811
    mirror = start(compare=3600)
    assert {"agents", "staff", "Domain Users", "Users"} == mirror.groups("anna")
    company.change(modify(cn("anna"), "replace", "mail", "ada@example.org"))
    mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
    company.change(modify(gn("agents"), "delete", "member", cn("anna")))
    mirror.until(lambda: "agents" not in mirror.groups("anna"))
    company.change(person("cleo") + modify(gn("agents"), "add", "member", cn("cleo")))
    mirror.until(lambda: "staff" in mirror.groups("cleo"))
    company.change(modify(cn("bert"), "replace", "userAccountControl", "546"))
    mirror.until(lambda: mirror.refusal("bert") == "person-disabled")
    company.change(rename(cn("cleo"), "CN=Cleo Maria"))
    mirror.until(lambda: mirror.person("name", "cleo")["dn"] == [cn("Cleo Maria")])
    assert not mirror.has_log("from the beginning")
    assert not mirror.has_log("replicate")


def test_who_fits_the_filter_no_longer_is_gone_at_once(start, company):  # noqa: F811
    mirror = start(compare=3600, people_filter="(&(objectClass=user)(!(title=away)))")
    company.change(modify(cn("bert"), "add", "title", "away"))
    mirror.until(lambda: mirror.refusal("bert") == "person-not-found")
    assert not mirror.has_log("from the beginning")


def test_a_renamed_unit_changes_what_is_below(start, company):  # noqa: F811
    mirror = start(compare=3600)
    company.change(f"dn: OU=inner,{STAFF}\nchangetype: add\nobjectClass: organizationalUnit\n\n" +
                   person("dora", f"OU=inner,{STAFF}"))
    mirror.until(lambda: mirror.refusal("dora") == "none")
    company.change(rename(f"OU=inner,{STAFF}", "OU=outer"))
    mirror.until(lambda: mirror.person("name", "dora")["dn"] == [f"CN=dora,OU=outer,{STAFF}"])
    company.change(delete(f"CN=dora,OU=outer,{STAFF}") + delete(f"OU=outer,{STAFF}"))


def test_deletions_and_moves_are_found_by_comparison(start, company):  # noqa: F811
    mirror = start(compare=3)
    company.change(person("dora") + person("emil"))
    mirror.until(lambda: mirror.refusal("emil") == "none")
    company.change(delete(cn("dora")))
    mirror.until(lambda: mirror.refusal("dora") == "person-not-found")
    company.change(rename(cn("emil"), "CN=emil", f"OU=Leavers,OU=Company,{SUFFIX}"))
    mirror.until(lambda: mirror.refusal("emil") == "person-not-found")
    assert mirror.state()["people"] == "2"


def test_goes_on_from_its_number_and_compares_soon(start, company):  # noqa: F811
    mirror = start(compare=3600)
    mirror.stop()
    company.change(delete(gn("staff")) + person("dora"))
    mirror.start()
    mirror.until(lambda: mirror.refusal("dora") == "none")
    assert "staff" in mirror.groups("anna")
    assert not mirror.has_log("are compared")
    mirror.stop()
    mirror.options["compare"] = "20"
    mirror.start()
    mirror.until(lambda: "staff" not in mirror.groups("anna"), 15)


def test_check_says_what_is_there(company, options, postern_build, tmp_path):  # noqa: F811
    found = Mirror(postern_build, tmp_path, **options).ask("check")
    assert found["people"] == ["2"]
    assert "cannot_follow" not in found
    options["people"] = "OU=Staff,DC=elsewhere,DC=test"
    assert Mirror(postern_build, tmp_path, **options).ask("check")["refused"] == ["directory"]
