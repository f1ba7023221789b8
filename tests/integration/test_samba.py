# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory as Samba's domain controller is one."""
import base64
import re
import uuid

import pytest

from mirror_process import Mirror
from samba_dc import ADMIN, PASSWORD, SUFFIX, SambaDC

STAFF, GROUPS = f"OU=Staff,OU=Company,{SUFFIX}", f"OU=Groups,OU=Company,{SUFFIX}"
READER = f"CN=reader,CN=Users,{SUFFIX}"


@pytest.fixture(scope="session")
def dc():
    if not SambaDC.is_there():
        pytest.skip("samba is not installed, or this is not root")
    made = SambaDC()
    try:
        made.start()
        made.change(f"dn: OU=Company,{SUFFIX}\nchangetype: add\nobjectClass: organizationalUnit\n")
        for ou in (STAFF, GROUPS, f"OU=Leavers,OU=Company,{SUFFIX}"):
            made.change(f"dn: {ou}\nchangetype: add\nobjectClass: organizationalUnit\n")
        made.tool("user", "create", "reader", PASSWORD)
        yield made
    finally:
        made.close()


def person(name, ou=STAFF, more="", control=544):
    return (f"dn: CN={name},{ou}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\nmail: {name}@example.org\n"
            f"userAccountControl: {control}\n{more}\n")


def group(name, *members):
    lines = "".join(f"member: {m}\n" for m in members)
    return f"dn: CN={name},{GROUPS}\nchangetype: add\nobjectClass: group\n{lines}\n"


def modify(dn, what, attribute, *values):
    lines = "".join(f"{attribute}: {v}\n" for v in values)
    return f"dn: {dn}\nchangetype: modify\n{what}: {attribute}\n{lines}\n"


def rename(dn, rdn, superior=None):
    place = f"newsuperior: {superior}\n" if superior else ""
    return f"dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\n{place}\n"


def delete(dn):
    return f"dn: {dn}\nchangetype: delete\n\n"


def cn(name):
    return f"CN={name},{STAFF}"


def gn(name):
    return f"CN={name},{GROUPS}"


def guid_of(dc, dn):
    found = re.search(r"^objectGUID:: (.*)$", dc.search(dn, "-s", "base", "objectGUID"), re.M)
    return uuid.UUID(bytes_le=base64.b64decode(found[1]))


@pytest.fixture
def company(dc):
    """Anna and Bert are agents, agents are staff."""
    dc.change(person("anna") + person("bert") + group("agents", cn("anna"), cn("bert")) + group("staff", gn("agents")))
    yield dc
    # a group that is somebody's primary one cannot be deleted
    for kind in ("user", "group"):
        there = dc.search(f"OU=Company,{SUFFIX}", f"(objectClass={kind})", "1.1")
        for line in re.findall(r"^dn: (.*)$", there, re.M):
            dc.change(delete(line))


@pytest.fixture
def mirror(company, postern_build, tmp_path):
    made = Mirror(postern_build, tmp_path, uri=company.uri, bind_dn=ADMIN, password=PASSWORD, people=STAFF, groups=SUFFIX)
    try:
        yield made.start().until_filled()
    finally:
        made.close()


def test_people_and_nested_groups_are_there(mirror, company):
    assert mirror.state()["people"] == "2"
    anna = mirror.person("name", "anna")
    assert anna["dn"] == [cn("anna")]
    assert anna["uuid"] == [str(guid_of(company, cn("anna")))]
    assert {"agents", "staff", "Domain Users", "Users"} == set(anna["group"])


def test_a_change_is_live_within_about_a_poll(mirror, company):
    company.change(modify(cn("anna"), "replace", "mail", "ada@example.org"))
    took = mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"], 60)
    assert took < 2.5


def test_members_come_and_go(mirror, company):
    company.change(modify(gn("agents"), "delete", "member", cn("anna")))
    mirror.until(lambda: "agents" not in mirror.groups("anna"))
    assert "staff" not in mirror.groups("anna")
    assert "agents" in mirror.groups("bert")
    company.change(modify(gn("agents"), "add", "member", cn("anna")))
    mirror.until(lambda: {"agents", "staff"} <= mirror.groups("anna"))
    assert not mirror.has_log("from the beginning")


def test_the_primary_group_counts_and_changes(mirror, company):
    company.change(modify(gn("staff"), "add", "member", cn("anna")))
    mirror.until(lambda: "staff" in mirror.groups("anna"))
    said = company.search(gn("agents"), "-s", "base", "primaryGroupToken")
    rid = re.search(r"^primaryGroupToken: (\d+)$", said, re.M)[1]
    company.change(modify(cn("anna"), "replace", "primaryGroupID", rid))
    mirror.until(lambda: "Domain Users" in mirror.person("name", "anna")["group"])
    # the directory moves members by itself: anna leaves the group's list, and enters that of Domain Users
    listed = company.search(gn("agents"), "-s", "base", "member")
    assert "anna" not in re.findall(r"^member: CN=(\w+)", listed, re.M)
    assert {"agents", "staff", "Domain Users"} <= mirror.groups("anna")


def test_a_renamed_person_keeps_the_groups(mirror, company):
    company.change(rename(cn("anna"), "CN=Anna Maria"))
    mirror.until(lambda: mirror.person("name", "anna")["dn"] == [cn("Anna Maria")])
    assert {"agents", "staff"} <= mirror.groups("anna")
    assert mirror.person("name", cn("Anna Maria"))["mail"] == ["anna@example.org"]
    assert mirror.refusal(cn("anna")) == "person-not-found"
    company.change(modify(gn("agents"), "delete", "member", cn("Anna Maria")))
    mirror.until(lambda: "agents" not in mirror.groups("anna"))


def test_who_moves_out_is_gone_and_comes_back_with_the_groups(mirror, company):
    leavers = f"OU=Leavers,OU=Company,{SUFFIX}"
    company.change(rename(cn("bert"), "CN=bert", leavers))
    mirror.until(lambda: mirror.refusal("bert") == "person-not-found")
    company.change(rename(f"CN=bert,{leavers}", "CN=bert", STAFF))
    mirror.until(lambda: mirror.refusal("bert") == "none")
    assert {"agents", "staff"} <= mirror.groups("bert")


def test_a_renamed_unit_changes_what_is_below(mirror, company):
    company.change(f"dn: OU=inner,{STAFF}\nchangetype: add\nobjectClass: organizationalUnit\n\n")
    company.change(person("cleo", f"OU=inner,{STAFF}"))
    mirror.until(lambda: mirror.refusal("cleo") == "none")
    company.change(rename(f"OU=inner,{STAFF}", "OU=outer"))
    mirror.until(lambda: mirror.person("name", "cleo")["dn"] == [f"CN=cleo,OU=outer,{STAFF}"])
    company.change(rename(f"OU=outer,{STAFF}", "OU=outer", f"OU=Company,{SUFFIX}"))
    mirror.until(lambda: mirror.refusal("cleo") == "person-not-found")
    company.change(delete(f"CN=cleo,OU=outer,OU=Company,{SUFFIX}") + delete(f"OU=outer,OU=Company,{SUFFIX}"))


def test_who_is_deleted_is_gone(mirror, company):
    company.change(delete(cn("bert")))
    mirror.until(lambda: mirror.refusal("bert") == "person-not-found")
    company.change(delete(gn("agents")))
    mirror.until(lambda: "agents" not in mirror.groups("anna"))
    assert "staff" not in mirror.groups("anna")


def test_switched_off_and_expired_accounts_are_refused(mirror, company):
    company.change(modify(cn("anna"), "replace", "userAccountControl", "546"))
    mirror.until(lambda: mirror.refusal("anna") == "person-disabled")
    company.change(modify(cn("anna"), "replace", "userAccountControl", "544"))
    mirror.until(lambda: mirror.refusal("anna") == "none")
    company.change(modify(cn("anna"), "replace", "accountExpires", "133444736000000000"))
    mirror.until(lambda: mirror.refusal("anna") == "person-disabled")
    assert "expired" in mirror.person("name", "anna")["detail"][0]
    company.change(modify(cn("anna"), "replace", "accountExpires", "0"))
    mirror.until(lambda: mirror.refusal("anna") == "none")


def test_joins_by_the_guid_as_entra_sends_it(mirror, company):
    guid = guid_of(company, cn("anna"))
    immutable = base64.b64encode(guid.bytes_le).decode()
    for claim in (immutable, str(guid), str(guid).upper()):
        assert mirror.person("id", claim)["dn"] == [cn("anna")]
    for claim in (base64.b64encode(guid.bytes).decode(), immutable.rstrip("="), "{%s}" % guid, immutable.swapcase()):
        assert mirror.person("id", claim)["refused"] == ["person-not-found"]


def test_joins_by_the_consistency_guid(company, postern_build, tmp_path):
    value = uuid.uuid4()
    encoded = base64.b64encode(value.bytes_le).decode()
    company.change(modify(cn("anna"), "replace", "mS-DS-ConsistencyGuid", f": {encoded}").replace("Guid: :", "Guid::"))
    mirror = Mirror(postern_build, tmp_path, uri=company.uri, bind_dn=ADMIN, password=PASSWORD, people=STAFF,
                    groups=GROUPS, join="mS-DS-ConsistencyGuid")
    try:
        mirror.start().until_filled()
        assert mirror.person("id", encoded)["dn"] == [cn("anna")]
        assert mirror.person("id", str(value))["dn"] == [cn("anna")]
    finally:
        mirror.close()


def test_goes_on_from_its_cookie(mirror, company):
    mirror.stop()
    company.change(delete(cn("bert")) + modify(gn("agents"), "delete", "member", cn("anna")) + person("dora"))
    mirror.start()
    mirror.until(lambda: mirror.refusal("bert") == "person-not-found" and mirror.refusal("dora") == "none")
    mirror.until(lambda: "agents" not in mirror.groups("anna"))
    assert not mirror.has_log("from the beginning")
    assert not mirror.has_log("are compared")


def test_a_killed_mirror_goes_on_where_it_was(mirror, company):
    for name in ("cleo", "dora", "emil"):
        company.change(person(name))
        mirror.kill()
        mirror.start()
        mirror.until(lambda name=name: mirror.refusal(name) == "none")
    assert mirror.state()["people"] == "5"


def test_without_the_right_to_replicate_changes_come_and_deletions_by_comparison(company, postern_build, tmp_path):
    mirror = Mirror(postern_build, tmp_path, uri=company.uri, bind_dn=READER, password=PASSWORD, people=STAFF,
                    groups=SUFFIX, reread=3)
    try:
        mirror.start().until_filled()
        assert mirror.has_log("no right to replicate")
        company.change(modify(cn("anna"), "replace", "mail", "ada@example.org"))
        mirror.until(lambda: mirror.person("name", "anna")["mail"] == ["ada@example.org"])
        company.change(modify(gn("agents"), "delete", "member", cn("anna")))
        mirror.until(lambda: "agents" not in mirror.groups("anna"))
        company.change(delete(cn("bert")))
        mirror.until(lambda: mirror.refusal("bert") == "person-not-found")
    finally:
        mirror.close()


def test_check_says_what_the_account_may_do(company, postern_build, tmp_path):
    options = {"uri": company.uri, "password": PASSWORD, "people": STAFF, "groups": GROUPS}
    found = Mirror(postern_build, tmp_path, bind_dn=ADMIN, **options).ask("check")
    assert found == {"people": ["2"], "groups": ["2"], "controller": ["dc1.example.test"], "sees_deletions": ["1"],
                     "accounts": ["2"], "rights_of": found["rights_of"]}
    found = Mirror(postern_build, tmp_path, bind_dn=READER, **options).ask("check")
    assert found["sees_deletions"] == ["0"]
    assert "cannot_follow" not in found
    options["people"] = "OU=Staff,DC=elsewhere,DC=test"
    assert Mirror(postern_build, tmp_path, bind_dn=ADMIN, **options).ask("check")["refused"] == ["directory"]


def test_check_sees_who_may_write_what_people_are_joined_by(company, postern_build, tmp_path):
    def writable(join):
        options = {"uri": company.uri, "password": PASSWORD, "people": STAFF, "groups": GROUPS, "bind_dn": READER, "join": join}
        found = Mirror(postern_build, tmp_path, **options).ask("check")
        assert found["rights_of"][0].endswith(STAFF)
        return found.get("writable", [])

    assert writable("objectGUID") == writable("mS-DS-ConsistencyGuid") == []
    assert writable("mobile") == ["mobile SELF"]        # of the property set that Windows lets people write of themselves
    guid = re.search(r"^schemaIDGUID:: (.*)$", company.search(
        f"CN=Schema,CN=Configuration,{SUFFIX}", "(lDAPDisplayName=employeeNumber)", "schemaIDGUID"), re.M)[1]
    right = f"(OA;;WP;{uuid.UUID(bytes_le=base64.b64decode(guid))};;AU)"
    for name in ("anna", "bert"):
        company.tool("dsacl", "set", f"--objectdn={cn(name)}", f"--sddl={right}")
    assert writable("objectGUID") == ["employeeNumber Authenticated Users"]
