# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern plan` in money: seats now and after, who takes or gives back one and why; text, JSON and `postern seats` agree."""
import json
import re

from parts import company
from stories import ldap_modify
from test_answers import postern, said
from test_provisioning import change_agents, company_at_atlassian, plan  # noqa: F401
from test_seats import PRICES

PRICED = PRICES[PRICES.index("prices:"):]
TITLES = {"jira": "Jira", "trello": "Trello", "jira-service-management": "Jira Service Management",
          "guard-standard": "Guard Standard", "guard-premium": "Guard Premium"}
NOTHING = {"people": 0, "month": "0.0000"}


def person_of(found, mail):
    person, = (p for p in found["people"] if p["mail"] == mail)
    return person


def rows_of(text):
    """Of each row of the bill on a terminal: title to seats and money, now and after."""
    rows = re.finditer(r"^ {11}(\S.{26}\S?) +([\d,]+) +(\S+) +([\d,]+) +(\S+)", text[text.index("\nBill "):], re.M)
    return {m[1].strip(): [float(n.replace(",", "")) for n in m.groups()[1:]] for m in rows}


def numbers(now, after):
    return [now["people"], float(now["month"]), after["people"], float(after["month"])]


def text_says_what_json_says(parts):
    found, text = plan(parts), said(parts, "plan", "--all")
    bill, rows = found["bill"], rows_of(text)
    assert rows.pop("seats") == numbers(bill["now"], bill["after"]), text
    listed = {row["product"]: row for row in bill["products"] if row["now"]["people"] or row["after"]["people"]}
    assert rows == {TITLES[word]: numbers(row["now"], row["after"]) for word, row in listed.items()}, text
    for title, change in (("taken", bill["taken"]), ("given back", bill["given_back"])):
        heading = re.search(rf"^Seats to be {title}, EUR ([\d,.]+) a month \w+ \((\d+)\)(?:: .+)?\n((?:  .+\n)+)", text, re.M)
        assert bool(heading) == bool(change["people"]), text
        if heading:
            assert [float(heading[1]), int(heading[2])] == [float(change["month"]), change["people"]], text
            for line in heading[3].splitlines():
                mail, why = line.split(None, 1)
                assert (person_of(found, mail)["why"]) == why, line
    assert sum(p["seat_now"] for p in found["people"]) <= bill["now"]["people"]
    assert sum(p["seat_after"] and not p["seat_now"] for p in found["people"]) == bill["taken"]["people"]
    assert sum(p["seat_now"] and not p["seat_after"] for p in found["people"]) == bill["given_back"]["people"]
    return found


def wanted(parts):
    return json.loads(postern(parts, "seats", "--json").stdout)["bill"]["wanted"]


def change_team(parts, change, uid):
    ldap_modify(parts, f"dn: {company.group_dn('support-team')}\nchangetype: modify\n{change}: member\n"
                       f"member: {company.by_uid(uid)['dn']}\n")


def test_a_plan_says_what_it_costs_and_what_it_did_is_what_seats_says(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    assert "0 seats now, 13 after; nothing of money" in said(parts, "plan")
    assert plan(parts)["bill"]["after"] == {"people": 13, "month": None}
    with parts.settings_file.open("a") as settings:
        settings.write(PRICED)
    bill = text_says_what_json_says(parts)["bill"]
    assert (bill["currency"], bill["now"], bill["given_back"]) == ("EUR", NOTHING, NOTHING)
    assert bill["after"] == bill["taken"] == wanted(parts) == {"people": 13, "month": "312.0000"}
    said(parts, "apply", "--yes")
    bill = text_says_what_json_says(parts)["bill"]
    assert bill["now"] == bill["after"] == wanted(parts) and bill["taken"] == NOTHING
    assert bill["now"]["people"] == parts.atlassian.counts()["billable"]
    # two more, and one who is a customer only
    change_agents(parts, "add", "charlotte.dubois")
    change_agents(parts, "add", "thabo.nkosi")
    change_team(parts, "delete", "lars.soerensen")
    said(parts, "fill")
    bill = text_says_what_json_says(parts)["bill"]
    assert bill["taken"] == {"people": 2, "month": "48.0000"} and bill["given_back"] == {"people": 1, "month": "24.0000"}
    assert bill["after"] == wanted(parts) == {"people": 14, "month": "336.0000"}
    # a rule with products of its own; who leaves it is counted by the usual ones while the seat is theirs
    with parts.settings_file.open("a") as settings:
        settings.write("  rules: {agents: [jira, trello]}\n")
    bill = text_says_what_json_says(parts)["bill"]
    assert bill["after"] == wanted(parts) == {"people": 14, "month": f"{2 * 8 + 12 * 6 + 14 * (5 + 7):.4f}"}
    assert float(bill["now"]["month"]) == 2 * 8 + 10 * 6 + 12 * (5 + 7) + 24


def test_a_first_load_by_swapped_rules_needs_a_word(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    text = said(parts, "plan")
    assert re.search(r"agents +13 people shall be in it, licensed: give it its product", text), text
    assert re.search(r"customers +32 people shall be in it, who are not licensed", text), text
    settings = parts.settings_file.read_text()
    swapped = settings.replace("outcome: licensed", "outcome: X").replace("outcome: customer", "outcome: licensed")
    parts.settings_file.write_text(swapped.replace("outcome: X", "outcome: customer"))
    stop = "32 more seats would be taken (0 now, 32 then), for 54 people who shall have any account, and the limit is 50 %"
    assert stop in said(parts, "plan")
    assert stop in said(parts, "apply", "--yes", status=1)
    assert parts.atlassian.counts()["atlassian"] == 0
    parts.settings_file.write_text(settings)
    said(parts, "apply", "--yes")


def test_the_way_back_says_what_its_people_cost(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    with parts.settings_file.open("a") as settings:
        settings.write(PRICED)
    said(parts, "apply", "--yes")
    (parts.folder / "billed.csv").write_text(
        "Email,Status,Billable,Jira Service Management,Trello\nmaya.obrien@example.org,Active,Yes,x,\n"
        "charlotte.dubois@example.org,Active,Yes,,x\nthabo.nkosi@example.org,Active,Yes,x,x\n"
        "leila.haddou@example.org,Active,No,x,\n")
    said(parts, "accounts", "import", str(parts.folder / "billed.csv"))
    text = said(parts, "plan", "--release", "products")
    # Trello 5 and Guard 4; Jira Service Management 20, Trello 5 and Guard 4
    assert re.search(r"2 people of this plan are billed, says the inventory of \S+: EUR 38.00 a month for all", text), text
    bill = json.loads(postern(parts, "plan", "--release", "products", "--json").stdout)["bill"]
    assert bill["billed"] == {"people": 2, "month": "38.0000"} and "billed" not in plan(parts)["bill"]
    text = said(parts, "plan", "--release", "products", "--person", "charlotte.dubois@example.org")
    assert "1 person of this plan is billed" in text and "EUR 9.00 a month" in text, text


def test_everybody_a_plan_names_is_in_it_with_why(company_at_atlassian):  # noqa: F811
    parts = company_at_atlassian
    found = plan(parts)
    named = {who for step in found["steps"] for who in (step.get("members") or [step.get("person")])}
    named |= {problem.get("person") for problem in found["problems"]}
    assert named - {None} == {p["person"] for p in found["people"]} and len(found["people"]) == 56
    assert all(p["why"] for p in found["people"])
    maya = person_of(found, "maya.obrien@example.org")
    assert maya["why"] == "rule agents, by corp:jira-agents through corp:support-team through corp:support-leads"
    assert (maya["rule"], maya["wants"], maya["seat_now"], maya["seat_after"]) == ("agents", "licensed", False, True)
    assert "have the same id" in person_of(found, "jan.kowalski@example.org")["held"]
    said(parts, "apply", "--yes")
    assert {p["mail"] for p in plan(parts)["people"]} == {"jan.kowalski@example.org", None}     # who is left as they are
    # who is in the directory no more is named by what the ledger knows
    ldap_modify(parts, f"dn: {company.by_uid('lars.soerensen')['dn']}\nchangetype: delete\n")
    change_team(parts, "delete", "lars.soerensen")
    said(parts, "fill")
    found = plan(parts)
    lars = person_of(found, "lars.soerensen@example.org")
    assert (lars["why"], lars["wants"], lars["directory"]) == ("in no directory", "nothing", None), lars
    assert lars["seat_now"] and not lars["seat_after"]
    assert re.search(r"lars.soerensen@example.org +agents: in no directory", said(parts, "plan"))
