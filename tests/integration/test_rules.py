# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as an administrator writes them: names, numbers, dates, time, exceptions, and what `postern check` says of them."""
import datetime
import json
import pathlib
import re
import subprocess

from browser import Browser
from stories import CHLOE, JUERGEN, MAYA, VIKTOR, assert_refused, assert_signed_on, sign_on

from parts import company


TODAY = datetime.datetime.now(datetime.timezone.utc).date()     # also when midnight comes


def day(from_today):
    return (TODAY + datetime.timedelta(days=from_today)).isoformat()


def check(parts, settings=None):
    if settings:
        parts.settings_file.write_text(settings)
    result = subprocess.run(parts.postern_command("check", "--offline"), stdout=subprocess.PIPE, text=True, timeout=60)
    return result.stdout


def explain(parts, person, *more):
    command = parts.postern_command("explain", person["mail"], "--door", "organisation", "--mfa", "--json", *more)
    result = subprocess.run(command,
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
    requirement = f'  - {{name: ours, for: licensed, when: "{ours}", else: "Not from here."}}\n'
    return text.replace("otherwise:", requirement + "otherwise:", 1)


def test_names_dates_tenant_and_time_decide_a_sign_on(stopped_parts):
    parts = stopped_parts.start_all()
    parts.postern.stop()
    parts.settings_file.write_text(with_names(
        parts, "condition staff and member of set desks and today since 2020-01-01",
        "condition ours and user is member and weekday in mon-sun and time in 00:00-24:00"))
    parts.start_postern()
    assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    assert parts.audit()[-1]["rule"] == "agents"
    tenant = f"http://schemas.microsoft.com/identity/claims/tenantid={company.TENANT}"
    assert explain(parts, MAYA, "--client", "192.0.2.1", "--claim", tenant)["reason"] is None
    assert explain(parts, MAYA, "--client", "192.0.2.1")["reason"] == "requirement-failed"
    parts.postern.stop()
    parts.settings_file.write_text(with_names(
        parts, "condition staff and member of set desks", f"tenant is {company.TENANT[:-1]}0"))
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
    assert explain(parts, VIKTOR, "--at", f"{day(2)}T00:00:00Z")["reason"] == "denied-by-default"
    assert explain(parts, CHLOE, "--at", f"{day(-1)}T23:59:59Z")["outcome"] == "licensed"
    text = check(parts)
    assert f"chloe: ended after {day(-1)}; {CHLOE['dn']} then has portal by partners, another kind of account" in text, text
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
    staff = f"member of 'cn=all-staff,ou=groups,{company.SUFFIX}'"
    more = f"""  - {{name: late, when: "{staff} and mail like '*@x.org'", outcome: licensed}}
  - {{name: torn, when: "mail = a@x.org and mail = b@x.org", outcome: deny}}
  - {{name: empty, when: "department in set none", outcome: deny}}
require:
"""
    text = check(parts, with_names(parts, "member of set desks", "mfa and not mfa").replace("require:\n", more, 1))
    assert "late: can never match: whoever it means is met before, by employees (line " in text, text
    assert "torn: can never match: `mail = a@x.org` and `mail = b@x.org` never hold together" in text, text
    assert "empty: can never match: `department in set none`: nothing is in it" in text, text
    assert "ours: can never hold, so all that it applies to are refused: `mfa` and `not mfa` never hold together" in text, text


def sections(block):
    """Top-level key -> its lines, of a piece of YAML; what begins with a list belongs to `rules`."""
    found, key = {}, "rules"
    for line in block.splitlines(keepends=True):
        if line[0] not in " #\n":
            key, _, rest = line.partition(":")
            found[key] = [rest] if rest.strip() else []
        else:
            found.setdefault(key, []).append(line)
    return found


def test_the_examples_of_the_guide_are_read(stopped_parts):
    parts = stopped_parts
    parts.write_postern_files()
    guide = (pathlib.Path(__file__).resolve().parents[2] / "doc/rules.md").read_text()
    blocks = [sections(block) for block in re.findall(r"^```yaml\n(.*?)^```", guide, flags=re.M | re.S)]
    assert len(blocks) >= 7
    names = "".join(key + ":\n" + "".join(line for block in blocks for line in block.get(key, []))
                    for key in ("sets", "conditions"))
    base = parts.settings()
    base = base[:base.index("rules:\n")]
    for block in blocks:
        block.setdefault("rules", ['  - {name: nobody, when: "x = y", outcome: deny}\n'])
        own = "".join(f"{key}:{'' if key == 'time_zone' else chr(10)}{''.join(block[key])}"
                      for key in ("time_zone", "rules", "require", "exceptions") if key in block)
        text = check(parts, base + names + own)
        assert "can be judged; postern explain PERSON" in text, text + own
        assert " never " not in text, text
