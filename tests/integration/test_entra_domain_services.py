# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra Domain Services: Active Directory that is asked by uSNChanged, by an account that may only read.  Samba plays it."""
import uuid

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


# Microsoft's number is not known here; it is the name that the feed asks for
AAD_OBJECT_ID = f"""\
dn: CN=msDS-aadObjectId,CN=Schema,CN=Configuration,{SUFFIX}
changetype: add
objectClass: attributeSchema
lDAPDisplayName: msDS-aadObjectId
attributeID: 1.2.840.113556.1.8000.2554.24312.65048.52127.20437.48589.6813350.10808482.9.1
attributeSyntax: 2.5.5.12
oMSyntax: 64
isSingleValued: TRUE

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1
-

dn: CN=User,CN=Schema,CN=Configuration,{SUFFIX}
changetype: modify
add: mayContain
mayContain: msDS-aadObjectId
-

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1
-
"""


def test_joins_by_the_object_id_of_entra_whatever_its_case(start, company):  # noqa: F811
    """It is a text there, unlike objectGUID: capitals mean nothing in it, and everything in what is no UUID."""
    company.change(AAD_OBJECT_ID)
    anna, bert = str(uuid.uuid4()), str(uuid.uuid4())
    for name, value in (("anna", anna.upper()), ("bert", bert)):
        company.change(modify(cn(name), "add", "msDS-aadObjectId", value))
    mirror = start(compare=3600, join="msDS-aadObjectId")
    for name, value in (("anna", anna), ("bert", bert)):
        for claim in (value, value.upper()):
            assert mirror.person("id", claim)["dn"] == [cn(name)], claim
    assert mirror.person("id", anna.replace("-", ""))["refused"] == ["person-not-found"]
    company.change(modify(cn("bert"), "replace", "msDS-aadObjectId", anna))
    mirror.until(lambda: mirror.person("id", anna).get("refused") == ["person-found-twice"])
    company.change(modify(cn("bert"), "replace", "msDS-aadObjectId", "Not-An-Id"))
    mirror.until(lambda: mirror.person("id", "Not-An-Id").get("dn") == [cn("bert")])
    assert mirror.person("id", "not-an-id")["refused"] == ["person-not-found"]


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
    mirror.until(lambda: "staff" not in mirror.groups("anna"), 60)


def test_check_says_what_is_there(company, options, postern_build, tmp_path):  # noqa: F811
    found = Mirror(postern_build, tmp_path, **options).ask("check")
    assert found["people"] == ["2"]
    assert "cannot_follow" not in found
    options["people"] = "OU=Staff,DC=elsewhere,DC=test"
    assert Mirror(postern_build, tmp_path, **options).ask("check")["refused"] == ["directory"]
