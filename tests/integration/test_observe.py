# SPDX-License-Identifier: GPL-3.0-or-later
"""`observe: yes`: rules are tried on people who come, and keep out only whom nobody knows."""
import csv
import io
import json
import subprocess
import urllib.request

import pytest

from browser import Browser
from parts import Parts, company, free_port
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, host_of, sign_on
from test_explain import decided, record, replay
from test_stale import health


@pytest.fixture(scope="module")
def observing(tmp_path_factory, postern_build):
    parts = Parts(tmp_path_factory.mktemp("observing"), postern_build)
    try:
        parts.metrics_port = free_port()
        parts.write_postern_files(parts.settings().replace("    kind: managed\n", "    kind: managed\n    observe: yes\n") +
                                  f"metrics_listen: 127.0.0.1:{parts.metrics_port}\n")
        parts.start_slapd()
        parts.start_entra()
        parts.start_door("managed")
        parts.start_door("portal")
        parts.start_postern()
        yield parts
    finally:
        parts.close()


def postern(parts, *arguments):
    return subprocess.run(parts.postern_command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def report(parts, *arguments):
    result = postern(parts, "observe", "report", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


# She is found, and the rules were asked, before it was seen that there is nothing to sign on with.
NO_MAIL = {"verdict": "same", "outcome": "customer", "rule": "employees", "passage": "assert"}


def test_whom_the_rules_would_deny_is_signed_on_by_the_mirrors_mail(observing):
    assert_signed_on(observing, sign_on(observing, Browser(), VIKTOR), VIKTOR)
    line = observing.audit()[-1]
    assert line["event"] == "assertion" and "outcome" not in line and "rule" not in line
    assert line["observed"] == {"verdict": "denied", "outcome": "deny", "reason": "denied-by-default", "passage": "refuse"}
    assert_signed_on(observing, sign_on(observing, Browser(), JUERGEN), JUERGEN)
    line = observing.audit()[-1]
    assert (line["outcome"], line["observed"]["verdict"]) == ("customer", "same")
    assert_signed_on(observing, sign_on(observing, Browser(), MAYA, second_factor=False), MAYA)
    line = observing.audit()[-1]
    assert (line["observed"]["reason"], line["observed"]["requirement"]) == ("requirement-failed", "agents-use-mfa")


@pytest.mark.parametrize("uid, reason", [("erik.lindqvist", "person-disabled"), ("jan.kowalski", "person-found-twice"),
                                         ("noor.haddad", "person-not-found"), ("ines.duarte", "person-no-mail")])
def test_whom_nobody_knows_is_refused_all_the_same(observing, uid, reason):
    assert_refused(observing, sign_on(observing, Browser(), company.by_uid(uid)), reason, 403)
    assert observing.audit()[-1].get("observed") == (NO_MAIL if reason == "person-no-mail" else None)


@pytest.mark.parametrize("person", [VIKTOR, JUERGEN, company.by_uid("ines.duarte")], ids=["denied", "same", "no mail"])
def test_what_was_observed_is_explained_as_it_was_decided(observing, person):
    stored, line = record(observing, person)
    assert "observed" in line
    assert list(replay(observing, stored, line)["decisions"][0].items()) == decided(line)


def test_a_guest_goes_where_the_rules_say(observing):
    page = sign_on(observing, Browser(), CHLOE)
    assert host_of(page.url) == observing.portal_site
    line = observing.audit()[-1]
    assert (line["mail"], line["event"], line["outcome"]) == (CHLOE["mail"], "redirect", "portal") and "observed" not in line


def test_rules_count_at_the_portal(observing):
    assert_refused(observing, sign_on(observing, Browser(), VIKTOR, "portal"), "denied-by-default", 403)


def test_says_that_it_is_on_and_sums_it_up(observing):
    """After the others, whose sign-ons it counts; one more of its own."""
    sign_on(observing, Browser(), VIKTOR)
    assert health(observing)[1]["observing"] == ["organisation"]
    assert "keep nobody out at this connection" in observing.postern.log.read_text()
    checked = postern(observing, "check", "--offline").stdout
    assert "organisation: observe: yes: rules and requirements keep nobody out" in checked
    said = json.loads(report(observing, "--json"))
    viktor = next(p for p in said["people"] if p["mail"] == VIKTOR["mail"])
    assert viktor["verdict"] == "denied" and viktor["sign_ons"] >= 1
    assert said["observed"] == sum(1 for line in observing.audit() if "observed" in line)
    rows = list(csv.DictReader(io.StringIO(report(observing, "--csv", "--since", "1d"))))
    assert {row["mail"] for row in rows} == {p["mail"] or "" for p in said["people"]}
    text = report(observing)
    assert VIKTOR["mail"] in text and "denied-by-default" in text
    assert "No sign-on was observed" in report(observing, "--since", "2200-01-01")
    assert postern(observing, "observe", "report", "--door", "nowhere").returncode == 2
    assert postern(observing, "observe", "report", "/nowhere.jsonl").returncode == 1
    with urllib.request.urlopen(f"http://127.0.0.1:{observing.metrics_port}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    assert 'postern_observe{door="organisation"} 1' in metrics and 'postern_observe{door="helpdesk"}' not in metrics
    assert 'postern_observed_sign_ons_total{door="organisation",verdict="denied"}' in metrics
    assert 'postern_alarm{name="mirror-stale",subject="corp"} 0' in metrics
    assert 'postern_mirror_stale{directory="corp"} 0' in metrics
    explained = postern(observing, "explain", VIKTOR["mail"], "--door", "organisation", "--json")
    observed = {"verdict": "denied", "reason": "denied-by-default", "passage": "refuse"}
    assert json.loads(explained.stdout)["doors"][0]["observed"] == observed
