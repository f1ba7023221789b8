# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as an administrator writes them: names, numbers, dates, time, exceptions, and what `postern check` says of them."""
import datetime
import json
import subprocess

from browser import Browser
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on

from parts import company


def day(from_today):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=from_today)).isoformat()


def check(parts, settings=None):
    if settings:
        parts.settings_file.write_text(settings)
    result = subprocess.run(parts.postern_command("check", "--offline"), stdout=subprocess.PIPE, text=True, timeout=60)
    return result.stdout


def explain(parts, person):
    result = subprocess.run(parts.postern_command("explain", person["mail"], "--door", "organisation", "--mfa", "--json"),
                            stdout=subprocess.PIPE, text=True, timeout=60)
    return json.loads(result.stdout)["doors"][0]


NAMES = f"""time_zone: Europe/Berlin
sets:
  desks: ["cn=jira-agents,ou=groups,{company.SUFFIX}"]
  everywhere: [0.0.0.0/0, "::/0"]
  none: []
conditions:
  staff: "member of 'cn=all-staff,ou=groups,{company.SUFFIX}' and not condition left"
  left: "employeeType = disabled or createTimestamp after today"
  ours: "tenant is {company.TENANT} and client in set everywhere"
"""


def with_names(parts, agents, ours="condition ours and user is member"):
    text = parts.settings().replace("rules:\n", NAMES + "rules:\n", 1)
    text = text.replace(f"when: \"member of 'cn=jira-agents,ou=groups,{company.SUFFIX}'\"", f'when: "{agents}"')
    return text.replace("otherwise:", f"  - {{name: ours, for: licensed, when: \"{ours}\", else: \"Not from here.\"}}\notherwise:", 1)


def test_names_dates_tenant_and_time_decide_a_sign_on(stopped_parts):
    parts = stopped_parts.start_all()
    parts.postern.stop()
    parts.settings_file.write_text(with_names(parts, "condition staff and member of set desks and today since 2020-01-01",
                                              "condition ours and user is member and weekday in mon-sun and time in 00:00-24:00"))
    parts.start_postern()
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    assert parts.audit()[-1]["rule"] == "agents"
    parts.postern.stop()
    parts.settings_file.write_text(with_names(parts, "condition staff and member of set desks", f"tenant is {company.TENANT[:-1]}0"))
    parts.start_postern()
    page = sign_on(parts, Browser(), MAYA)
    assert_refused(parts, page, "requirement-failed", 403)
    assert "Not from here." in page.text


def test_exceptions_of_yesterday_and_tomorrow(stopped_parts):
    parts = stopped_parts.start_all()
    parts.postern.stop()
    exceptions = f"""exceptions:
  - {{name: viktor, id: "{VIKTOR['id']}", outcome: customer, until: {day(1)}, because: Helps out.}}
  - {{name: chloe, mail: {CHLOE['mail']}, outcome: licensed, until: {day(-1)}, because: Project until yesterday.}}
  - {{name: juergen, dn: '{JUERGEN["dn"]}', outcome: licensed, until: {day(-1)}, because: Stood in.}}
  - {{name: nobody, id: "4711", outcome: deny, until: {day(-1)}, because: Left.}}
"""
    parts.settings_file.write_text(parts.settings().replace("rules:\n", exceptions + "rules:\n", 1))
    parts.start_postern()
    assert_signed_on(parts, sign_on(parts, Browser(), VIKTOR), VIKTOR)
    line = parts.audit()[-1]
    assert (line["rule"], line["outcome"]) == ("viktor", "customer")
    # an account of another kind is not made at either door
    for door in ("managed", "portal"):
        assert_refused(parts, sign_on(parts, Browser(), CHLOE, door), "exception-ended", 403)
    assert (parts.audit()[-1]["rule"], parts.audit()[-1]["outcome"]) == ("partners", "portal")
    # of the same kind, the rules simply decide again
    assert_signed_on(parts, sign_on(parts, Browser(), JUERGEN), JUERGEN)
    assert parts.audit()[-1]["outcome"] == "customer"
    said = explain(parts, CHLOE)
    assert (said["reason"], said["exception"], said["exception_ended"]) == ("exception-ended", "chloe", True)
    assert explain(parts, VIKTOR)["exception"] == "viktor"
    text = check(parts)
    assert f"chloe: ended after {day(-1)}; {CHLOE['dn']} then has portal by partners, another kind of account than licensed" in text, text
    assert f"juergen: ended after {day(-1)}; " in text and "then has customer by employees" in text, text
    assert f"viktor: ends after {day(1)}; {VIKTOR['dn']} then has nothing" in text, text
    assert "nobody: " in text and "4711" in text, text


def test_check_shows_places_and_rules_that_never_match(stopped_parts):
    parts = stopped_parts
    parts.write_postern_files()
    text = check(parts, with_names(parts, "condition staff adn member of set desks"))
    assert ("column 17: found `adn`, expected `and`, `or` or the end; did you mean `and`?\n"
            "           condition staff adn member of set desks\n"
            "                           ^\n") in text, text
    more = f"""  - {{name: late, when: "member of 'cn=all-staff,ou=groups,{company.SUFFIX}' and mail like '*@x.org'", outcome: licensed}}
  - {{name: torn, when: "mail = a@x.org and mail = b@x.org", outcome: deny}}
  - {{name: empty, when: "department in set none", outcome: deny}}
require:
"""
    text = check(parts, with_names(parts, "member of set desks", "mfa and not mfa").replace("require:\n", more, 1))
    assert "late: can never match: whoever it means is met before, by employees (line " in text, text
    assert "torn: can never match: `mail = a@x.org` and `mail = b@x.org` never hold together" in text, text
    assert "empty: can never match: `department in set none`: nothing is in it" in text, text
    assert "ours: can never hold, so all that it applies to are refused: `mfa` and `not mfa` never hold together" in text, text
