# SPDX-License-Identifier: GPL-3.0-or-later
"""Desks that are open: whom no rule gives one any more cannot be taken out, and that is no failure."""
from parts import company
from stories import ldap_modify
from test_answers import said
from test_provisioning import company_at_atlassian, kinds, plan  # noqa: F401  (a fixture)

TWO_DESKS = """\
  - {name: kestrel, when: "member of corp:partner-kestrel", outcome: portal, at: [helpdesk], desks: ['2']}
  - {name: partners,"""


def leave(parts, uid, group):
    ldap_modify(parts, f"dn: cn={group},ou=groups,{company.SUFFIX}\nchangetype: modify\ndelete: member\n"
                f"member: uid={uid},ou=people,{company.SUFFIX}\n")


def test_who_leaves_an_open_desk_is_told_of_and_fails_nothing(company_at_atlassian):
    parts = company_at_atlassian
    text = parts.settings_file.read_text()
    assert "  - {name: partners," in text
    parts.settings_file.write_text(text.replace("  - {name: partners,", TWO_DESKS, 1))
    said(parts, "apply", "--yes")
    ldap_modify(parts, f"dn: cn=partner-lumen,ou=groups,{company.SUFFIX}\nchangetype: modify\nadd: member\n"
                f"member: uid=jonas.mueller,ou=people,{company.SUFFIX}\n")
    leave(parts, "jonas.mueller", "partner-kestrel")
    said(parts, "fill")
    assert kinds(plan(parts)) == {"desk-remove": 1}
    parts.atlassian.forget_requests()
    assert "1 of 1 step done, 0 failed" in said(parts, "apply", "--yes")
    assert sum(n for call, n in parts.atlassian.request_counts()["endpoints"].items() if call.startswith("DELETE")) == 1
    found = plan(parts)
    assert kinds(found) == {}
    told = [problem["what"] for problem in found["problems"] if problem["problem"] == "desk-open"]
    assert len(told) == 1 and told[0].startswith("desk 2 is open: nothing to take from 1 person"), told
    # who is gone altogether is revoked, and nothing is told of a desk where they cannot ask any more
    leave(parts, "jonas.mueller", "partner-lumen")
    said(parts, "fill")
    found = plan(parts)
    assert "customer-revoke" in kinds(found) and "desk-open" not in [problem["problem"] for problem in found["problems"]]
    assert "0 failed, 0 left out" in said(parts, "apply", "--yes")
    assert kinds(plan(parts)) == {}
