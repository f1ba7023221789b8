# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of accounts is damaged: nobody is let in for that, and the next look makes the file anew."""
import re

import pytest

from parts import company
from test_answers import said
from test_provisioning import company_at_atlassian  # noqa: F401 -- a fixture

MAIL = company.by_uid("chloe.damico")["mail"]


def empty(path):
    path.write_bytes(b"")


def damaged(path):
    path.write_bytes(b"\1" * 20000)


def kind_of_account(parts):
    return re.search(r"^kind +(\w+)$", said(parts, "accounts", "show", MAIL), re.M)[1]


@pytest.mark.parametrize("damage", [empty, damaged])
def test_the_next_apply_makes_a_damaged_file_anew(company_at_atlassian, damage):  # noqa: F811
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    assert kind_of_account(parts) == "portal"
    seen = parts.folder / "state/accounts/accounts.mdb.seen"
    damage(seen)
    assert "accounts.mdb.seen" in said(parts, "accounts", "show", MAIL, status=1)  # neither known nor "not listed"
    assert "accounts.mdb.seen" in said(parts, "plan", status=1)  # which writes nothing
    text = said(parts, "apply", "--yes")
    assert "must be imported again" in text and "Nothing is to be changed." in text, text
    assert kind_of_account(parts) == "portal"
