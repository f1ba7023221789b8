# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that is not reached: the mirror of before serves for as long as the settings say, then refuses."""
import json
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from browser import Browser
from parts import free_port, http_status, wait_for
from scrape import samples
from stories import JUERGEN, MAYA, assert_refused, assert_signed_on, sign_on


METRICS = free_port()


def health(parts):
    request = urllib.request.Request(f"http://127.0.0.1:{parts.ports['postern']}/health/ready",
                                     headers={"Host": parts.host("sso", "postern")})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as problem:
        return problem.code, json.loads(problem.read())


def explain(parts, person):
    result = subprocess.run(parts.postern_command("explain", person["mail"], "--door", "organisation", "--mfa", "--json"),
                            stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout)


@pytest.fixture
def yesterday(stopped_parts):
    """Was filled, and then LDAP and Postern were stopped: what comes next is a first start without LDAP."""
    parts = stopped_parts.start_all()
    assert parts.postern.stop() == 0
    parts.slapd.stop()
    time.sleep(2.1)     # whole seconds count
    return parts


def start_with(parts, directory="", rule="", ready=None):
    text = parts.settings()
    text = text.replace("    disabled: employeeType=disabled\n", "    disabled: employeeType=disabled\n" + directory)
    text = text.replace("outcome: licensed}", f"outcome: licensed{rule}}}")
    parts.settings_file.write_text(text + f"metrics_listen: 127.0.0.1:{METRICS}\n")
    parts.start_postern(ready)


def of_the_mirror(parts):
    """(age, seconds left, stale) in /metrics."""
    def read():
        try:
            found = samples(METRICS)
        except OSError:
            return None
        return tuple(found[f'postern_mirror_{name}{{directory="corp"}}'] for name in ("age_seconds", "left_seconds", "stale"))
    return wait_for(read, 60, "/metrics", parts.postern)


def answers(parts):
    return lambda: http_status(parts.ports["postern"], parts.host("sso", "postern"), "/health/live") == 200


def test_first_start_without_ldap_uses_the_file_of_yesterday(yesterday, browser):
    start_with(yesterday)
    assert_signed_on(yesterday, sign_on(yesterday, browser, MAYA), MAYA)
    line = yesterday.audit()[-1]
    assert line["mirror_age_s"] >= 2 and "stale" not in line
    assert health(yesterday)[1]["directories"]["corp"]["data"] == "fresh"
    age, left, stale = of_the_mirror(yesterday)
    assert age >= 2 and left > 0 and stale == 0


def test_stale_data_serves_as_long_as_the_settings_say(yesterday, browser):
    start_with(yesterday, "    stale_after: 1s\n    stale_grace: 1h\n")
    assert_signed_on(yesterday, sign_on(yesterday, browser, MAYA), MAYA)
    line = yesterday.audit()[-1]
    assert (line["stale"], line["outcome"], line["rule"]) == ("served", "licensed", "agents")
    status, said = health(yesterday)
    corp = said["directories"]["corp"]
    assert (status, corp["data"], corp["alarms"]) == (200, "served", ["mirror-stale"])
    age, left, stale = of_the_mirror(yesterday)
    assert 2 <= age < 3601 and age + left == 3601 and stale == 1, "an hour and a second after it was read it ends"
    wait_for(lambda: "alarm=mirror-stale" in yesterday.postern.log.read_text(), 60, "the alarm in the log", yesterday.postern)
    assert explain(yesterday, MAYA)["person"]["data"] == "served"


def test_data_that_is_too_old_refuses_everybody_until_ldap_is_reached(yesterday, browser):
    start_with(yesterday, "    stale_after: 1s\n    stale_grace: 0s\n", ready=answers(yesterday))
    assert_refused(yesterday, sign_on(yesterday, browser, MAYA), "directory-stale", 503)
    line = yesterday.audit()[-1]
    assert (line["event"], line["stale"], line["passage"]) == ("refusal", "denied", "refuse")
    assert "to" not in line and "assertion_out" not in line
    status, said = health(yesterday)
    assert (status, said["directories"]["corp"]["data"]) == (503, "denied")
    age, left, stale = of_the_mirror(yesterday)
    assert age >= 2 and age + left == 1 and stale == 1
    assert explain(yesterday, MAYA)["doors"][0]["reason"] == "directory-stale"
    # at most 10 s old while it is listened to, hence the other limit
    yesterday.start_slapd()
    start = yesterday.settings_file.read_text()
    yesterday.postern.stop()
    yesterday.settings_file.write_text(start.replace("stale_after: 1s", "stale_after: 1m"))
    yesterday.start_postern()
    assert_signed_on(yesterday, sign_on(yesterday, Browser(), MAYA), MAYA)
    assert "stale" not in yesterday.audit()[-1]


def test_a_rule_that_wants_fresher_data_refuses_its_people_alone(yesterday, browser):
    """Maya is in all-staff, too: the next rule would make a customer of her."""
    start_with(yesterday, rule=", stale_after: 1s")
    assert_refused(yesterday, sign_on(yesterday, browser, MAYA), "rule-stale", 503)
    line = yesterday.audit()[-1]
    assert (line["outcome"], line["rule"]) == ("licensed", "agents")
    assert_signed_on(yesterday, sign_on(yesterday, Browser(), JUERGEN), JUERGEN)
    assert explain(yesterday, MAYA)["doors"][0]["stale"] is True
