# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and marks in Active Directory, as Samba's domain controller is one: with the schema of schema/postern-ad.ldif, and by
attributes that are there anyway."""
import pytest

from conftest import build_folder
from parts import company, wait_for
from rule_parts import ROOT, RuleParts
from samba_dc import PASSWORD, SUFFIX, SambaDC
from test_ldap_rules import taken

STAFF, GROUPS, ACCESS = (f"OU={ou},OU=Company,{SUFFIX}" for ou in ("Staff", "Groups", "Access"))
SETTINGS = f"""\
directories:
  corp:
    kind: active-directory
    uri: "{{uri}}"
    bind_dn: CN=reader,CN=Users,{SUFFIX}
    password_file: {{folder}}/ldap.password
{{poll}}    people: {{{{base: "{STAFF}", filter: (objectClass=user)}}}}
    groups: {{{{base: "{GROUPS}", filter: (objectClass=group)}}}}
    join: {{{{objectidentifier: employeeNumber}}}}

rules:
  - {{{{name: former, when: "member of corp:former", outcome: deny}}}}
ldap_rules: {{{{directory: corp, base: "{ACCESS}", outcomes: [customer, licensed], after: former, marks: yes,
  groups: "jira-*", organizations: "Supplier *", desks: BUY{{more}}}}}}
otherwise"""
BY_OTHER_NAMES = (', filter: "(objectClass=serviceConnectionPoint)", mark_attributes: {outcome: adminDescription, '
                  'order: adminDisplayName, at: wbemPath, group: extensionName, organization: desktopProfile, '
                  'desk: displayNamePrintable}')
PORTAL_ACCOUNTS = "    accounts: {{site: https://help.example, key: {folder}/site.token}}\n"


@pytest.fixture(scope="module")
def dc():
    if not SambaDC.is_there():
        pytest.skip("samba is not installed, or this is not root")
    made = SambaDC()
    try:
        made.start()
        for ou in (f"OU=Company,{SUFFIX}", STAFF, GROUPS, ACCESS):
            made.change(f"dn: {ou}\nchangetype: add\nobjectClass: organizationalUnit\n")
        made.tool("user", "create", "reader", PASSWORD)
        for name in ("anna", "bert"):
            made.change(f"dn: CN={name},{STAFF}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n"
                        f"mail: {name}@{company.STAFF_DOMAIN}\nemployeeNumber: {name}\nuserAccountControl: 544\n")
        for name, member in (("former", "bert"), ("builders", "anna"), ("agents", "anna")):
            made.change(f"dn: CN={name},{GROUPS}\nchangetype: add\nobjectClass: group\nmember: CN={member},{STAFF}\n")
        yield made
    finally:
        made.close()


class DCParts(RuleParts):
    def begin(self, dc, more="", poll="    poll: 1s\n"):
        text = super().settings()
        begin, rest = text.split("\ndirectories:", 1)
        begin += PORTAL_ACCOUNTS.format(folder=self.folder)
        (self.folder / "site.token").write_text("token\n")
        (self.folder / "site.token").chmod(0o600)
        ours = SETTINGS.format(uri=dc.uri, folder=self.folder, more=more, poll=poll)
        self.start_entra()
        self.write_postern_files(begin + ours + rest.split("otherwise", 1)[1])
        (self.folder / "ldap.password").write_text(PASSWORD + "\n")
        return self.start_postern(seconds=30)

    def who(self, name):
        return self.outcome({"uid": f"{name}@{company.STAFF_DOMAIN}"})


@pytest.fixture
def dc_parts(tmp_path):
    made = DCParts(tmp_path / "parts", build_folder())
    try:
        yield made
    finally:
        made.close()


def gives(parts, person, decision):
    wait_for(lambda: parts.who(person) == decision, 60, f"{person} to be given {decision}", parts.postern)


def test_a_mark_by_an_attribute_that_is_there_anyway(dc, dc_parts):
    dc_parts.begin(dc, BY_OTHER_NAMES)
    before = taken(dc_parts)
    assert dc_parts.who("anna") == ("deny", None)
    dc.change(f"dn: CN=builders,{GROUPS}\nchangetype: modify\nadd: adminDescription\nadminDescription: customer\n"
              "-\nadd: extensionName\nextensionName: jira-builders\n"
              "-\nadd: desktopProfile\ndesktopProfile: Supplier one\n-\nadd: displayNamePrintable\ndisplayNamePrintable: BUY\n")
    assert "desktopProfile belongs to outcome portal only" in dc_parts.wait_for_state("refused")["told"][0]
    dc.change(f"dn: CN=builders,{GROUPS}\nchangetype: modify\ndelete: desktopProfile\n-\ndelete: displayNamePrintable\n")
    version = taken(dc_parts, before)
    assert dc_parts.who("anna") == ("customer", f"mark:CN=builders,{GROUPS}")
    dc.change(f"dn: CN=builders,{GROUPS}\nchangetype: modify\nreplace: adminDescription\nadminDescription: portal\n")
    assert f"CN=builders,{GROUPS}: " in dc_parts.wait_for_state("refused")["detail"]
    assert dc_parts.status()["version"] == version
    dc.change(f"dn: CN=builders,{GROUPS}\nchangetype: modify\ndelete: adminDescription\n-\ndelete: extensionName\n")
    # that all are gone is not taken without a yes
    dc_parts.wait_for_state("pending")
    assert dc_parts.command("rules", "accept")[0] == 0
    gives(dc_parts, "anna", ("deny", None))


def test_rules_and_marks_with_the_schema(dc, dc_parts):
    dc.change((ROOT / "schema/postern-ad.ldif").read_text().replace("DC=X", SUFFIX))
    dc_parts.begin(dc, poll="")      # every two seconds
    before = taken(dc_parts)
    dc.change(f"dn: CN=agents,{ACCESS}\nchangetype: add\nobjectClass: posternRule\nposternOrder: 10\n"
              f"posternCondition: member of 'CN=agents,{GROUPS}'\nposternOutcome: licensed\n"
              "posternValidUntil: 20990101000000.0Z\nposternGuests: TRUE\n")
    version = taken(dc_parts, before)
    assert dc_parts.who("anna") == ("licensed", "ldap:agents")
    dc.change(f"dn: CN=builders,{GROUPS}\nchangetype: modify\nadd: posternMembersAre\nposternMembersAre: customer\n"
              "-\nadd: posternOrder\nposternOrder: 3\n")
    version = taken(dc_parts, version)
    assert dc_parts.who("anna") == ("customer", f"mark:CN=builders,{GROUPS}")
    assert dc_parts.who("bert") == ("deny", "former")
    dc.change(f"dn: CN=agents,{GROUPS}\nchangetype: modify\nadd: posternDesk\nposternDesk: BUY\n"
              "-\nadd: posternSite\nposternSite: helpdesk\n"
              "-\nadd: posternCustomerOrganization\nposternCustomerOrganization: Supplier one\n")
    taken(dc_parts, version)
    text = dc_parts.command("rules", "list")[1]
    assert f"members of CN=agents,{GROUPS}\n       customer organizations Supplier one\n" in text, text
    assert "customer of desks BUY\n       at helpdesk\n" in text, text
