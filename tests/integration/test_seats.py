# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern seats` with prices: what the rules want, what Atlassian counts, and what to do about it."""
import base64
import csv
import io
import json
import re
import time

import pytest

import pictures
from conftest import build_folder
from parts import Parts
from test_answers import few_settings, postern, said

PRICES = """
accounts: {idle: 90d}
prices:
  currency: EUR
  products: {jira: {2: 8, more: 6}, jira-service-management: 20, confluence: 5.5, trello: 5}
  guard_standard: 4
  guard_premium: 7
  licensed: [jira-service-management]
"""
EXPORT = """\
Name,Email,Status,Billable,Account type,Jira,Jira Service Management,Trello,Loom,Last seen in Jira,\
Last seen in Jira Service Management
Maya,Maya.OBrien@example.org,Active,Yes,atlassian,example,example,,,Never,2026-11-01
Maya,maya.obrien@example.org,Active,No,customer,,,,,,
Jürgen,juergen.weiss@example.org,Active,Yes,atlassian,,,Trello,,,
Both,nobody@example.org,Active,Yes,atlassian,example,,Trello,,"Jan 5, 2019",
Wei,wei.zhang@example.org,Active,No,atlassian,,example,,,,
Jan,jan.kowalski@example.org,Active,Yes,atlassian,,example,,x,,"Oct 1, 2018"
Lars,lars.soerensen@example.org,Active,No,atlassian,,,,,,
"""


@pytest.fixture(scope="module")
def priced(tmp_path_factory, postern_build):
    """A company in slapd, read once, and prices."""
    parts = Parts(tmp_path_factory.mktemp("seats"), postern_build)
    try:
        parts.start_slapd()
        parts.settings_file.write_text(few_settings(parts) + PRICES)
        said(parts, "fill")
        (parts.folder / "managed.csv").write_text(EXPORT, encoding="utf-8")
        yield parts
    finally:
        parts.close()


def seats(parts, *arguments):
    return json.loads(postern(parts, "seats", *arguments, "--json").stdout)


def compared(parts, *arguments):
    return seats(parts, "--managed-accounts", str(parts.folder / "managed.csv"), *arguments)


def lines_of(found):
    return {line["line"]: (line["people"], line["month"]) for line in found["managed_accounts"]["lines"]}


def test_what_the_rules_want_is_priced(priced):
    bill = seats(priced)["bill"]
    assert bill["currency"] == "EUR"
    # 13 agents: a seat of Jira Service Management each, and Guard Standard, since Premium does not count them
    assert bill["wanted"] == {"people": 13, "month": f"{13 * 24}.0000"}
    assert bill["everybody"] == {"people": 54, "month": f"{54 * 24}.0000"}
    assert bill["saved"] == f"{41 * 24}.0000"
    wanted = {p["product"]: p["wanted"] for p in bill["products"]}
    assert wanted["jira-service-management"] == {"people": 13, "month": "260.0000"}
    assert wanted["guard-standard"] == {"people": 13, "month": "52.0000"}
    assert wanted["guard-premium"] == {"people": 0, "month": "0.0000"}
    assert sum(float(g["month"]) for g in bill["groups"]) == 13 * 24
    text = said(priced, "seats")
    assert re.search(r"^Rule +agents +licensed +13 +13 +312.00$", text, re.M), text
    assert re.search(r"^ +saved +41 +984.00$", text, re.M), text
    assert max(map(len, text.splitlines())) <= 124, text


def test_a_rule_gives_other_products(priced, tmp_path):
    settings = tmp_path / "postern.yaml"
    settings.write_text(priced.settings_file.read_text() + "  rules: {agents: [jira, confluence]}\n")
    found = postern(priced, "-c", str(settings), "seats", "--json")
    bill = json.loads(found.stdout)["bill"]
    # the first two users of Jira are dearer; each is counted by Guard Premium, and not by Standard besides
    assert bill["wanted"]["month"] == f"{2 * 8 + 11 * 6 + 13 * 5.5 + 13 * 7:.4f}"
    assert {p["product"]: p["wanted"]["people"] for p in bill["products"]}["guard-standard"] == 0


def test_what_atlassian_counts_beside_it(priced):
    found = compared(priced)
    # Jira 2 * 8; Jira Service Management 2 * 20; Trello 2 * 5; Guard Premium 2 * 7, Standard 2 * 4
    assert found["managed_accounts"]["billed"] == {"people": 4, "month": "88.0000"}
    lines = lines_of(found)
    assert lines["billed-wanted"] == (1, "35.0000")
    assert lines["besides-jira"] == (1, "11.0000")      # Jira 8, and Guard Standard instead of Premium
    assert lines["billed-unwanted"] == (3, "53.0000")
    assert lines["unwanted-customer"] == (2, "33.0000")
    assert lines["unwanted-stranger"] == (1, "20.0000")
    assert lines["only-trello"] == (1, "9.0000")
    assert lines["unwanted-product-loom"] == (1, None)      # nobody said what Loom costs
    assert lines["wanted-unbilled"] == (1, "24.0000")
    assert lines["wanted-missing"] == (11, "264.0000")
    assert lines["idle-jira"] == (2, "22.0000")
    assert lines["idle-jira-service-management"] == (1, "24.0000")
    assert lines["two-kinds"] == (1, None)
    assert "not-said" not in lines and "idle-trello" not in lines
    for line in found["managed_accounts"]["lines"]:
        assert len(line["names"]) == line["people"]


def test_customers_of_service_management_are_no_seat(priced):
    """Wei has access to Jira Service Management as a customer: not billed, not counted, on no line."""
    found = compared(priced)
    assert "wei.zhang@example.org" not in json.dumps(found["managed_accounts"]["lines"])
    assert {p["product"]: p["billed"]["people"] for p in found["bill"]["products"]}["jira-service-management"] == 2


def test_idle_for_so_many_days(priced):
    assert "idle-jira-service-management" not in lines_of(compared(priced, "--idle", "3650"))
    assert lines_of(compared(priced, "--idle", "1"))["idle-jira-service-management"][0] == 2
    assert "usage:" in said(priced, "seats", "--idle", "0", status=2)
    assert "usage:" in said(priced, "seats", "--idle", "90d", status=2)


def test_text_says_what_to_do(priced):
    text = said(priced, "seats", "--managed-accounts", str(priced.folder / "managed.csv"))
    assert re.search(r"billed only because of Trello +1 +9.00 +juergen.weiss@example.org$", text, re.M), text
    assert re.search(r"^ +billed, though no rule gives it \(3\): Take the product access away", text, re.M), text
    assert re.search(r"idle for 90 days in Jira +2 +22.00 +", text), text


def test_rows_for_each_person(priced):
    out = postern(priced, "seats", "--managed-accounts", str(priced.folder / "managed.csv"), "--csv").stdout
    rows = {r["mail"].lower(): r for r in csv.DictReader(io.StringIO(out, newline=""))}
    assert rows["maya.obrien@example.org"]["month"] == "24.0000"
    assert rows["maya.obrien@example.org"]["two_kinds"] == "yes"
    assert rows["maya.obrien@example.org"]["idle"] == "Jira"
    assert rows["juergen.weiss@example.org"]["month"] == "0.0000"
    assert rows["nobody@example.org"]["idle"] == "Jira"


def test_the_inventory_is_asked_where_there_is_one(priced):
    assert "managed_accounts" not in seats(priced)
    said(priced, "accounts", "import", str(priced.folder / "managed.csv"))
    try:
        found, by_file = seats(priced), compared(priced)
        assert found["managed_accounts"]["file"] is None and by_file["managed_accounts"]["file"].endswith("managed.csv")
        by_inventory, lines = lines_of(found), lines_of(by_file)
        assert by_inventory == lines
        assert "Atlassian  inventory as of 20" in said(priced, "seats")
    finally:
        for path in (priced.folder / "state/accounts").glob("accounts.mdb*"):
            path.unlink()


def test_alarm_names_who_is_billed_newly(priced):
    export, state, serving = priced.folder / "newly.csv", priced.folder / "state", priced.folder / "serving.yaml"
    serving.write_text(f"state_dir: {state}\n" + re.sub("(?m)^state_dir:.*\n", "", priced.settings()))
    export.write_text("Email,Billable,Trello\nmaya.obrien@example.org,no,\nx@example.org,yes,x\n")
    try:
        said(priced, "accounts", "import", str(export))
        assert "billed-newly" not in said(priced, "-c", str(serving), "status", status=2)
        export.write_text("Email,Billable,Trello\nmaya.obrien@example.org,yes,x\nx@example.org,yes,x\n")
        said(priced, "accounts", "import", str(export))
        alarms = said(priced, "-c", str(serving), "status", status=2)
        assert "billed-newly" in alarms and "1 person is billed since a day at most: maya.obrien@example.org (Trello)" in alarms
    finally:
        for path in state.glob("accounts/accounts.mdb*"):
            path.unlink()


def test_months_are_recorded_only_when_told(priced):
    record = priced.folder / "state/accounts/seats.json"
    before = seats(priced)
    assert before["before"] is None and not record.exists()
    assert "Last month No earlier month is recorded: postern seats --record keeps one." in said(priced, "seats")
    said(priced, "seats", "--record")
    said(priced, "seats", "--record", "--managed-accounts", str(priced.folder / "managed.csv"))
    months = json.loads(record.read_text())["months"][-1:]
    assert [m["wanted"] for m in months] == [13] and months[0]["billed"] == 4 and months[0]["wanted_money"] == 13 * 240000
    assert record.stat().st_mode & 0o777 == 0o640 and "@" not in record.read_text()
    earlier = seats(priced)["before"]
    assert earlier is None or months[0]["month"] != time.strftime("%Y-%m", time.gmtime()), "this month is no earlier one"
    months[0].update({"month": "2020-01", "at": 1580000000, "wanted": 12, "wanted_money": 12 * 240000, "billed": 9})
    record.write_text(json.dumps({"months": months}))
    try:
        assert seats(priced)["before"]["month"] == "2020-01"
        text = re.sub(r"\s+", " ", said(priced, "seats", "--managed-accounts", str(priced.folder / "managed.csv")))
        assert "Since 2020-01-26: licensed 12 -> 13 (+1); EUR 288.00 -> 312.00 (+24.00); billed 9 -> 4 (-5);" in text, text
        months[0]["prices"] = "others"
        record.write_text(json.dumps({"months": months}))
        text = said(priced, "seats")
        assert "licensed 12 -> 13 (+1); prices were others then" in text and "288.00" not in text
        record.write_text("x")
        assert "is not what `postern seats --record` writes" in said(priced, "seats", "--record", status=1)
        assert record.read_text() == "x"
    finally:
        record.unlink()


def page(parts, path, *arguments):
    said(parts, "seats", "--managed-accounts", str(parts.folder / "managed.csv"), "--html", str(path), *arguments)
    return path.read_text(encoding="utf-8")


def test_page_is_self_contained_and_escaped(priced, tmp_path):
    path = tmp_path / "seats.html"
    path.write_text("x" * 100000)
    text = page(priced, path)
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
    assert not re.search(r"<script|<img|<link|https?:|url\(|@import", text)
    assert "juergen.weiss@example.org" in text and "lars.soerensen@example.org" not in text
    assert "@example.org" not in page(priced, path, "--no-names")
    assert "postern seats: /nowhere/x.html: No such file" in said(priced, "seats", "--html", "/nowhere/x.html", status=1)
    for wrong in (["--html", str(path), "--csv"], ["--no-names"]):
        assert "usage:" in said(priced, "seats", *wrong, status=2)


def test_page_holds_no_markup_of_others(priced, tmp_path):
    export, path = tmp_path / "evil.csv", tmp_path / "evil.html"
    export.write_text("Email,Billable,Jira <u>\na&b'@example.org,yes,y\nc@example.org,yes,\n")
    said(priced, "seats", "--managed-accounts", str(export), "--html", str(path))
    assert "<u>" not in path.read_text() and "a&amp;b" in path.read_text()


LOOK = """JSON.stringify({
  sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  background: getComputedStyle(document.documentElement).backgroundColor,
  bars: [...document.querySelectorAll('svg rect')].map(r => r.getBoundingClientRect().width),
  cut: [...document.querySelectorAll('svg text')].filter(t => t.getBBox().x + t.getBBox().width > 860.5).length,
  hidden: [...document.querySelectorAll('.who')].filter(w => w.scrollWidth > w.clientWidth + 1).length,
})"""


PRINTED = 695           # pixels of a sheet of A4 between its margins


def pages_of_pdf(pdf):
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def test_page_in_a_browser_and_on_one_sheet(priced, tmp_path, one_chromium):
    """As a manager sees it: nothing cut, light even where dark colours are preferred, and one sheet of A4 with all of it."""
    many = tmp_path / "many.csv"
    products = ["Jira", "Jira Service Management", "Confluence", "Trello", "Bitbucket", "Loom", "Compass", "Opsgenie",
                "Statuspage"]
    many.write_text("Email,Billable," + ",".join(products + [f"Last seen in {p}" for p in products]) + "\n" + "".join(
        f"somebody.with.a.rather.long.name.number.{i:04}@department-of-long-names.example.org,yes,"
        + ",".join(["x"] * 9 + ["Never"] * 9) + "\n" for i in range(400)))
    wide = tmp_path / "postern.yaml"
    wide.write_text(priced.settings_file.read_text() + "  rules: {agents: [jira, confluence]}\n")
    full, few = tmp_path / "full.html", tmp_path / "few.html"
    postern(priced, "-c", str(wide), "seats", "--managed-accounts", str(many), "--html", str(full))
    page(priced, few)
    folder = build_folder() / "screenshots"
    browser = one_chromium.fresh(dark=True)
    for path in (few, full):
        browser.open(path.as_uri())
        assert pictures.take(browser, folder / f"seats-{path.stem}.png", 1000) == []
        look = json.loads(browser.value(LOOK))
        assert (look["sideways"], look["cut"], look["hidden"]) == (0, 0, 0) and look["background"] == "rgb(255, 255, 255)", look
        assert max(look["bars"]) > 300
        pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])
        (folder / f"seats-{path.stem}.pdf").write_bytes(pdf)
        assert pages_of_pdf(pdf) == 1, path
        browser.call("Emulation.setEmulatedMedia", media="print")
        assert pictures.take(browser, folder / f"seats-{path.stem}-print.png", PRINTED, edge=0) == []
        assert json.loads(browser.value(LOOK))["hidden"] == 0
        browser.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        assert pictures.take(browser, folder / f"seats-{path.stem}-narrow.png", 500) == []
    assert not browser.violations
