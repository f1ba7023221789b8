# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern ledger`: what is kept, and connections that are called otherwise or are no more."""
import json
import re

from test_answers import postern, said
from test_provisioning import change_agents, company_at_atlassian, kinds, plan  # noqa: F401 (a fixture)


def call_it(parts, old, new):
    text = parts.settings_file.read_text()
    parts.settings_file.write_text(text.replace(f"  {old}:\n", f"  {new}:\n").replace(f"at: {old}", f"at: {new}").replace(
        f"[{old}]", f"[{new}]").replace(f"via: {old}", f"via: {new}").replace(f"portal: {old}", f"portal: {new}"))


def test_a_connection_that_is_called_otherwise_keeps_its_accounts(company_at_atlassian):
    parts = company_at_atlassian
    assert "keeps no accounts" in said(parts, "ledger")
    said(parts, "apply", "--yes")
    text = said(parts, "ledger", "list")
    assert "organisation\n  45 accounts (45 made, 0 adopted)" in text and "2 groups made" in text, text
    text = said(parts, "ledger", "calls", "--last", "3")
    assert text.count("\n") == 3 and "done" in text and "desk-add" in text, text
    assert "postern ledger: no change was asked for that failed" in said(parts, "ledger", "calls", "--failed")
    # people as people know them: by mail, with what a group they were put into was asked
    text = said(parts, "ledger", "calls", "Tomas.Dvorak@example.org")
    assert re.search(r"user-create tomas.dvorak@example.org .*members-add agents \(13 people\)", text, re.S), text
    assert text.count("\n") == 2, text
    found = json.loads(said(parts, "ledger", "calls", "tomas.dvorak@example.org", "--json"))
    assert [(call["step"], call["mail"], call["state"], len(call["members"])) for call in found] == [
        ("user-create", "tomas.dvorak@example.org", "done", 0), ("members-add", None, "done", 13)], found
    none = postern(parts, "ledger", "calls", "nobody@example.org")
    assert (none.stdout, none.stderr) == ("", "postern ledger: no change of nobody@example.org was asked for\n")

    call_it(parts, "organisation", "atlassian")
    text = said(parts, "plan", status=1)
    assert "45 accounts of organisation, and no connection with accounts is called that" in text, text
    assert "postern ledger rename organisation NAME" in said(parts, "apply", "--yes", status=1)
    assert "the ledger has 45 accounts of organisation" in said(parts, "check", "--offline", status=1)
    assert "organisation: no connection with accounts is called that" in said(parts, "ledger")
    assert "is called nobody" in said(parts, "ledger", "rename", "organisation", "nobody", status=1)
    assert "nothing of elsewhere" in said(parts, "ledger", "forget", "elsewhere", status=1)
    said(parts, "ledger", "rename", "organisation", status=2)
    assert "is of atlassian now: 45 accounts" in said(parts, "ledger", "rename", "organisation", "atlassian")
    assert "Nothing is to be changed." in said(parts, "plan")
    change_agents(parts, "add", "charlotte.dubois")
    said(parts, "fill")
    assert kinds(plan(parts)) == {"members-add": 1, "members-remove": 1}

    call_it(parts, "atlassian", "organisation")  # and without its history: everybody is adopted, nobody is made
    said(parts, "plan", status=1)
    assert "does not answer for the 45 accounts of atlassian any more" in said(parts, "ledger", "forget", "atlassian")
    assert kinds(plan(parts)) == {"adopt": 45, "members-add": 1, "members-remove": 1}
