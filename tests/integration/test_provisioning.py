# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern plan` and `postern apply` against the Atlassian of the tests: who gets which account, and what comes of trouble."""
import datetime
import json
import math
import re
import signal
import subprocess
import time

import pytest

from atlassian_standin import DIRECTORY, ORGANIZATION, SITE, WORLD, AtlassianStandIn
from parts import Parts, company, free_port, wait_for
from rule_parts import RuleParts, rule
from scrape import samples
from stories import ldap_modify
from test_answers import postern, said
from test_ldap_rules import add
from test_trouble import kill_role

BOUNDS = """\
accounts: {administrators: [root@example.net], seat_limit: 100, deactivate_limit: 10, deactivate_share: 100, grace: 0s}
"""
KEY_ENDS = (datetime.date.today() + datetime.timedelta(days=10)).isoformat()
AGENTS = "cn=jira-agents,ou=groups," + company.SUFFIX


def write_key(folder, name, key):
    (folder / name).write_text(key + "\n")
    (folder / name).chmod(0o600)


def settings_with_accounts(parts, atlassian, mode="plan", metadata="/nowhere.xml"):
    write_key(parts.folder, "scim.key", DIRECTORY["key"])
    write_key(parts.folder, "site.token", SITE["token"])
    whole = parts.settings(metadata=metadata)
    managed = '      groups: {groups: "jira-*"}\n'
    assert managed in whole
    organisation = f"""\
    accounts: {{scim: '{atlassian.directory_base()}', key: {parts.folder}/scim.key, licensed: [agents], customer: [customers],
      rate: 1000}}
"""
    helpdesk = f"""\
    accounts: {{site: '{atlassian.site_base()}', login: {SITE['login']}, key: {parts.folder}/site.token,
      organizations: [Partners], desks: ['1'], rate: 1000}}
provision: {mode}
"""
    return whole.replace(managed, managed + organisation).replace("directories:\n", helpdesk + BOUNDS + "directories:\n", 1)


@pytest.fixture
def company_at_atlassian(tmp_path, postern_build, node_modules):
    """Directory, mirror and an empty Atlassian; the service does not run."""
    parts = Parts(tmp_path / "parts", postern_build)
    (tmp_path / "atlassian").mkdir()
    atlassian = AtlassianStandIn(tmp_path / "atlassian", node_modules)
    world = json.loads(json.dumps(WORLD))
    world["organization"]["domains"] = [company.STAFF_DOMAIN]
    try:
        atlassian.begin(world)
        parts.start_slapd()
        parts.atlassian = atlassian
        parts.write_postern_files(settings_with_accounts(parts, atlassian))
        said(parts, "fill")
        yield parts
    finally:
        atlassian.stop()
        parts.close()


def plan(parts):
    return json.loads(postern(parts, "plan", "--json").stdout)


def kinds(found):
    count = {}
    for step in found["steps"]:
        count[step["step"]] = count.get(step["step"], 0) + max(1, len(step.get("members", [])))
    return count


def change_agents(parts, change, uid):
    ldap_modify(parts, f"dn: {AGENTS}\nchangetype: modify\n{change}: member\nmember: uid={uid},ou=people,{company.SUFFIX}\n")


def test_everybody_gets_the_account_that_the_rules_say_and_nobody_else(company_at_atlassian):
    parts = company_at_atlassian
    text = said(parts, "plan")
    assert "Accounts to make (45)" in text and "rule agents, by corp:jira-agents through corp:support-team" in text
    assert "jan.kowalski@example.org" in text[text.index("Left as it is"):]
    assert parts.atlassian.request_counts()["total"] < 10  # nothing was changed by looking
    parts.atlassian.forget_requests()
    text = said(parts, "apply", "--yes")
    assert re.search(r"\d+ of \d+ steps done, 0 failed, 0 left out", text), text
    requests = parts.atlassian.request_counts()
    assert requests["total"] <= 1.1 * (45 + 9) + 30, requests
    assert requests["endpoints"]["GET /scim/directory/{directoryId}/Users"] == 1, "nobody was asked, so it is read once"
    status = json.loads((parts.folder / "state/provision/status.json").read_text())
    assert {place["connection"]: place["kept"] for place in status["places"]} == {"organisation": 45, "helpdesk": 9}, status
    # Atlassian's own count is what the rules say, and no mail has accounts of two kinds
    counts = parts.atlassian.counts()
    assert (counts["atlassian"], counts["billable"], counts["by_product"]) == (45, 13, {"jira-service-desk": 13}), counts
    assert counts["two_kinds"] == counts["duplicate_external_ids"] == 0, counts
    assert "Nothing is to be changed." in said(parts, "plan")
    assert DIRECTORY["key"] not in text and SITE["token"] not in text


def test_check_says_that_accounts_are_not_only_tried_while_observing(company_at_atlassian):
    parts = company_at_atlassian
    text = parts.settings_file.read_text().replace("    accounts: {scim:", "    observe: yes\n    accounts: {scim:", 1)
    for mode, warned in (("plan", False), ("auto", True)):
        parts.settings_file.write_text(text.replace("provision: plan", f"provision: {mode}"))
        checked = said(parts, "check", "--offline", status=1)  # there is no metadata
        assert "observe: yes: rules and requirements keep nobody out" in checked
        assert ("provision: auto takes accounts and licences from whom they deny" in checked) == warned, checked


def test_atlassians_own_count_is_that_of_seats(company_at_atlassian):
    parts = company_at_atlassian
    assert "name no organization" in said(parts, "accounts", "refresh", status=1)
    write_key(parts.folder, "organization.key", ORGANIZATION["key"])
    parts.settings_file.write_text(parts.settings_file.read_text().replace(
        "accounts: {administrators", f"accounts: {{organization: {ORGANIZATION['id']}, organization_api: "
        f"'{parts.atlassian.origin}', organization_key: {parts.folder}/organization.key, administrators"))
    said(parts, "apply", "--yes")
    text = said(parts, "accounts", "refresh")
    assert "the inventory holds 45 managed accounts (before: 0), 13 of them billed" in text
    found = json.loads(postern(parts, "seats", "--json").stdout)
    lines = {line["line"]: line["people"] for line in found["managed_accounts"]["lines"]}
    assert lines["billed-wanted"] == parts.atlassian.counts()["billable"] == 13, lines
    assert not any(lines.get(line) for line in ("billed-unwanted", "wanted-missing", "wanted-unbilled")), lines
    # whose mail is not told is on the bill all the same
    parts.atlassian.change(account="tomas.dvorak@example.org", set={"mute": True})
    text = said(parts, "accounts", "refresh")
    assert "45 managed accounts (before: 45), 13 of them billed" in text and "no mail address is told" in text, text
    found = json.loads(postern(parts, "seats", "--json").stdout)["managed_accounts"]
    assert found["billed"]["people"] == 13, found
    assert (found["billed-wanted"], found["billed-mail-not-told"], found["wanted-missing"]) == (12, 1, 1), found
    assert re.search(r"billed, mail not told +1 +account 712020:", said(parts, "seats")), said(parts, "seats")
    parts.atlassian.fault(path="/users", method="GET", status=401)
    text = said(parts, "accounts", "refresh", status=1)
    assert "401" in text and ORGANIZATION["key"] not in text
    assert "alice" not in said(parts, "accounts", "show", "maya.obrien@example.org")


def test_the_way_back_for_who_is_billed_though_no_rule_licenses_them(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    billed = parts.folder / "billed.csv"
    who = "charlotte.dubois@example.org"
    billed.write_text("Email,Status,Billable,Jira Service Management,Trello\nmaya.obrien@example.org,Active,Yes,x,\n"
                      f"{who},Active,Yes,,x\n")
    text = said(parts, "plan", "--release", "groups")
    assert "Nobody knows who is billed" in text
    said(parts, "accounts", "import", str(billed))
    text = said(parts, "plan", "--release", "products")
    assert who in text and "Trello" in text and "maya.obrien" not in text, text
    assert "The way back, stage products" in text and "Not proven on a live site" in text
    before = parts.atlassian.state()
    said(parts, "apply", "--release", "products", "--yes")
    said(parts, "plan", "--release", "nonsense", status=2)
    said(parts, "plan", "--person", who, status=2)
    text = said(parts, "plan", "--release", "delete", "--person", who)
    assert "Undone: it is not" in text and "done for one person first" in text
    assert parts.atlassian.state() == before


def test_who_leaves_the_agents_is_no_longer_licensed_but_still_a_customer(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    change_agents(parts, "add", "charlotte.dubois")
    said(parts, "fill")
    assert kinds(plan(parts)) == {"members-add": 1, "members-remove": 1}
    said(parts, "apply", "--yes")
    change_agents(parts, "delete", "charlotte.dubois")
    said(parts, "fill")
    found = plan(parts)
    assert [s["step"] for s in found["steps"]] == ["members-add", "members-remove"]  # never without either
    said(parts, "apply", "--yes")
    assert "Nothing is to be changed." in said(parts, "plan")


def members_of(atlassian, name):
    found = atlassian.scim("GET", f'/Groups?filter=displayName%20eq%20"{name}"').json["Resources"]
    return {m["value"] for m in found[0].get("members", [])} if found else None


def test_a_group_of_another_name_gets_its_products_before_the_old_one_goes(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    agents = members_of(parts.atlassian, "agents")
    settings = settings_with_accounts(parts, parts.atlassian)
    parts.write_postern_files(settings.replace("licensed: [agents]", "licensed: [engineers]"))
    assert "is not there yet" in said(parts, "apply", "--yes", "--confirm", "agents", status=1)
    text = said(parts, "apply", "--yes")
    assert f"give engineers what agents gives access to; {len(agents)} people stay in agents until then" in text
    assert members_of(parts.atlassian, "engineers") == members_of(parts.atlassian, "agents") == agents
    task, = plan(parts)["tasks"]
    assert (task["task"], task["group"]) == ("group-products", "agents") and task["link"].startswith("https://")
    assert any("--confirm OLDGROUP" in step for step in task["steps"])
    assert "Nothing is to be changed." in said(parts, "apply", "--yes")
    assert "the limit is 10" in said(parts, "apply", "--yes", "--confirm", "agents", status=1)
    said(parts, "apply", "--yes", "--accept", "--confirm", "agents")
    assert members_of(parts.atlassian, "agents") is None and members_of(parts.atlassian, "engineers") == agents


def test_killed_anywhere_it_goes_on_and_does_nothing_twice(company_at_atlassian):
    parts = company_at_atlassian
    parts.atlassian.switch(latency=20)
    kills = 0
    for wait in (0.5, 0.9, 1.4, 0.7):
        process = subprocess.Popen(parts.postern_command("apply", "--yes"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(wait)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    parts.atlassian.switch(latency=0)
    said(parts, "apply", "--yes")
    posts = parts.atlassian.request_counts()["endpoints"]["POST /scim/directory/{directoryId}/Users"]
    assert kills >= 2 and 45 <= posts <= 45 + kills, posts
    assert "Nothing is to be changed." in said(parts, "plan")


def test_a_plan_that_licenses_too_many_waits_for_somebody(company_at_atlassian):
    parts = company_at_atlassian
    parts.settings_file.write_text(parts.settings_file.read_text().replace("seat_limit: 100", "seat_limit: 5"))
    assert "Stopped:" in said(parts, "plan")
    text = said(parts, "apply", "--yes", status=1)
    assert "nothing was done" in text
    assert not any(name.startswith("POST") for name in parts.atlassian.request_counts()["endpoints"])
    said(parts, "apply", "--yes", "--accept")
    assert "Nothing is to be changed." in said(parts, "plan")


def test_a_key_that_is_refused_stops_everything_and_is_nowhere_to_be_read(company_at_atlassian):
    parts = company_at_atlassian
    parts.atlassian.fault(path="/Users", method="POST", status=401)
    text = said(parts, "apply", "--yes", status=1)
    assert "401" in text and "stopped" in text and DIRECTORY["key"] not in text, text
    posts = parts.atlassian.request_counts()["endpoints"]["POST /scim/directory/{directoryId}/Users"]
    assert posts == 1
    parts.atlassian.clear_faults()
    said(parts, "apply", "--yes")
    assert "Nothing is to be changed." in said(parts, "plan")


def test_a_key_that_was_revoked_is_no_world_without_work(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    parts.atlassian.fault(path="/scim/directory/", method="GET", status=401)
    for command in (("plan",), ("plan", "--json"), ("apply", "--yes")):
        text = said(parts, *command, status=1)
        assert "organisation could not be read, so nothing is done there" in text and "401" in text, text
        assert DIRECTORY["key"] not in text and "Nothing is to be changed." not in text
    parts.atlassian.clear_faults()
    change_agents(parts, "add", "charlotte.dubois")
    said(parts, "fill")
    parts.atlassian.fault(path="/ex/jira/", method="GET", status=401)
    text = said(parts, "apply", "--yes", status=1)  # the other key is good, so what it is for is done
    assert "2 of 2 steps done" in text and "helpdesk could not be read, so nothing is done there" in text, text
    assert parts.atlassian.counts()["billable"] == 14
    status = json.loads((parts.folder / "state/provision/status.json").read_text())
    assert status["failing_since"] and "401" in status["detail"], status
    assert "Nothing is to be changed where Atlassian could be read." in said(parts, "apply", "--yes", status=1)


def test_only_the_plan_that_was_seen_is_done(company_at_atlassian):
    parts = company_at_atlassian
    seen = plan(parts)["id"]
    change_agents(parts, "add", "charlotte.dubois")
    said(parts, "fill")
    text = said(parts, "apply", "--plan", seen, status=1)
    assert "not " + seen in text
    assert "nobody to ask" in said(parts, "apply", status=1)
    said(parts, "apply", "--plan", plan(parts)["id"])


def test_a_connection_that_asks_to_be_left_alone_is_sent_nothing_until_then(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    parts.atlassian.fault(path="/Users", method="GET", status=429, headers={"Retry-After": "3600"}, times=1)
    text = said(parts, "apply", "--yes", status=1)
    assert "asks to be left alone for 3600 seconds" in text, text
    parts.atlassian.forget_requests()
    text = said(parts, "apply", "--yes", status=1)  # another process: it would lengthen the ban
    assert "organisation asked to be left alone until " in text, text
    assert not any("/scim/" in call for call in parts.atlassian.request_counts()["endpoints"])
    text = said(parts, "status", status=2)
    assert re.search(r"organisation +asked to be left alone until 20\S+Z; nothing is sent before", text), text
    path = parts.folder / "state/provision/status.json"
    status = json.loads(path.read_text())
    assert status["failing_since"]
    status["left_alone"] = []
    path.write_text(json.dumps(status))
    assert "Nothing is to be changed." in said(parts, "apply", "--yes")
    assert "failing_since" not in json.loads(path.read_text()), "what failed before is over, though there was nothing to do"


def test_portal_access_is_revoked_though_the_site_lists_the_person_no_more(company_at_atlassian):
    parts = company_at_atlassian
    parts.settings_file.write_text(parts.settings_file.read_text().replace("grace: 0s", "grace: 2s"))
    said(parts, "apply", "--yes")
    everybody = parts.atlassian.counts()["portal_active"]
    chloe = company.by_uid("chloe.damico")
    ldap_modify(parts, f"dn: {company.group_dn('partner-lumen')}\nchangetype: modify\ndelete: member\n"
                       f"member: {chloe['dn']}\n")
    said(parts, "fill")
    said(parts, "apply", "--yes")
    assert parts.atlassian.counts()["portal_active"] == everybody  # out of desk and organization, in her grace time
    time.sleep(2.5)
    assert kinds(plan(parts)) == {"customer-revoke": 1}
    said(parts, "apply", "--yes")
    assert parts.atlassian.counts()["portal_active"] == everybody - 1
    assert "Nothing is to be changed." in said(parts, "plan")


def test_a_mail_of_a_new_entry_is_theirs_when_somebody_says_so(company_at_atlassian):
    parts = company_at_atlassian
    said(parts, "apply", "--yes")
    before = parts.atlassian.counts()["atlassian"]
    person = company.by_uid("charlotte.dubois")
    ldap_modify(parts, f"dn: {person['dn']}\nchangetype: modify\nreplace: employeeNumber\n"
                       f"employeeNumber: {company.object_id('another')}\n")
    said(parts, "fill")
    text = said(parts, "plan")
    assert "postern apply --confirm MAIL" in text and person["mail"] in text[text.index("Somebody must"):], text
    assert "asks about no mail" in said(parts, "apply", "--yes", "--confirm", "nobody@example.org", status=1)
    text = said(parts, "apply", "--yes", "--confirm", person["mail"])
    whose = f"Charlotte Dubois, uid=charlotte.dubois,ou=people,{company.SUFFIX} ({company.object_id('another')})"
    assert f"is that of {whose} now" in text, text
    assert parts.atlassian.counts()["atlassian"] == before
    assert "Nothing is to be changed." in said(parts, "plan")


def test_an_organization_that_a_rule_names_with_a_desk_is_attached_to_it(company_at_atlassian):
    parts = company_at_atlassian
    text = parts.settings_file.read_text()
    both = text.replace("at: [helpdesk]", "at: [helpdesk], organizations: [Lumen], desks: ['2']")
    assert both != text
    parts.settings_file.write_text(both)
    shown = said(parts, "plan")
    assert re.search(r"Customer organizations to attach to desks \(1\)\n  Lumen +desk 2: a rule names both", shown), shown
    said(parts, "apply", "--yes")
    site = parts.atlassian.state()["sites"][0]
    lumen = next(organization for organization in site["organizations"] if organization["name"] == "Lumen")
    desks = {desk["id"]: desk["organizations"] for desk in site["desks"]}
    assert lumen["id"] in desks["2"] and lumen["id"] not in desks["1"], desks
    assert "Nothing is to be changed." in said(parts, "plan")
    assert "1 customer organizations attached to desks" in said(parts, "ledger")
    parts.settings_file.write_text(both.replace(", desks: ['2']", ""))
    assert kinds(plan(parts))["desk-detach"] == 1
    said(parts, "apply", "--yes")
    assert lumen["id"] not in {desk["id"]: desk["organizations"] for desk in parts.atlassian.state()["sites"][0]["desks"]}["2"]


def test_off_makes_nothing(company_at_atlassian):
    parts = company_at_atlassian
    parts.settings_file.write_text(parts.settings_file.read_text().replace("provision: plan", "provision: off"))
    assert "provision is off" in said(parts, "plan", status=1)
    assert "provision is off" in said(parts, "apply", "--yes", status=1)


def certificate_of_localhost(folder):
    key, certificate = folder / "localhost.key", folder / "localhost.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, stderr=subprocess.DEVNULL)
    return key, certificate


class Service:
    """The service with provision: auto, rules in LDAP and /metrics, and an Atlassian that it reaches by TLS."""

    def __init__(self, folder, build, node_modules):
        self.parts = parts = RuleParts(folder / "parts", build)
        (folder / "atlassian").mkdir()
        tls = certificate_of_localhost(folder)
        parts.atlassian = self.atlassian = AtlassianStandIn(folder / "atlassian", node_modules, tls=tls)
        world = json.loads(json.dumps(WORLD))
        world["organization"]["domains"] = [company.STAFF_DOMAIN]
        self.atlassian.begin(world)
        parts.start_slapd()
        parts.start_entra()
        settings = settings_with_accounts(parts, self.atlassian, mode="auto", metadata=parts.entra_metadata_url())
        # by its name: libcurl's threads, that ask for it, must be let by the role's filter of system calls
        settings = settings.replace(self.atlassian.origin, f"https://localhost:{self.atlassian.port}")
        settings = settings.replace("rate: 1000", f"key_ends: {KEY_ENDS}, rate: 1000, ca_file: {tls[1]}")
        self.port = free_port()
        parts.write_postern_files(settings + f"metrics_listen: 127.0.0.1:{self.port}\n")

    def log(self):
        return self.parts.postern.tail(2000)

    def wait_for_log(self, text, seconds):
        wait_for(lambda: text in self.log(), seconds, text, self.parts.postern)

    def metric(self, name):
        return samples(self.port).get(name, math.nan)

    def close(self):
        self.atlassian.stop()
        self.parts.close()


@pytest.fixture
def service(tmp_path, postern_build, node_modules):
    made = Service(tmp_path, postern_build, node_modules)
    yield made
    made.close()


def look_at_metrics(service):
    """What the service counted until now, when one user could not be made."""
    steps = 'postern_account_steps_total{connection="organisation",step="user-create",result="%s"}'
    assert (service.metric(steps % "done"), service.metric(steps % "failed")) == (44, 1)
    assert service.metric('postern_account_failures_total{connection="organisation",reason="provision-step",status="400"}') == 1
    assert service.metric('postern_atlassian_requests_total{connection="organisation",result="2xx"}') > 44
    assert service.metric('postern_atlassian_requests_total{connection="helpdesk",result="429"}') == 0
    assert service.metric('postern_accounts{connection="organisation",state="wanted"}') == 45
    assert service.metric("postern_account_steps_left") >= 1 and service.metric("postern_account_held") == 2
    assert time.time() - service.metric("postern_account_plan_timestamp_seconds") < 120
    assert 0 < service.metric('postern_api_key_left_seconds{of="helpdesk"}') <= 11 * 86400
    assert service.metric('postern_alarm{name="api-key-ends",subject="host"}') == 1
    assert service.metric('postern_alarm{name="accounts-stopped",subject="host"}') == 0
    service.wait_for_log("numbers of the month kept", 60)
    assert "seen at      helpdesk" in said(service.parts, "accounts", "show", "fatima.al-rashid@partner.example.net")
    month = json.loads((service.parts.folder / "state/accounts/seats.json").read_text())["months"][-1]
    a_while_ago, now = (time.strftime("%Y-%m", time.gmtime(time.time() - ago)) for ago in (600, 0))
    assert month["month"] in (a_while_ago, now) and month["wanted"] == 13


def look_at_status(parts):
    found = subprocess.run(parts.postern_command("status", "--json"), capture_output=True, text=True, check=False)
    accounts = json.loads(found.stdout)["accounts"]
    assert accounts["connections"]["organisation"]["wanted"] == 45 and accounts["steps_left"] == 0, accounts
    assert accounts["succeeded"] and not accounts["failing_since"]
    found = subprocess.run(parts.postern_command("status"), capture_output=True, text=True, check=False)
    assert re.search(r"accounts at Atlassian\n  last look +\S.* ago, went well\n", found.stdout), found.stdout


def kill_it_over_a_change(service):
    """After the first of a change's two steps: it comes back, and does the rest."""
    service.atlassian.switch(latency=300)
    done, began = service.log().count("account step "), time.time()
    change_agents(service.parts, "delete", "charlotte.dubois")
    wait_for(lambda: service.log().count("account step ") > done, 60, "the first step", service.parts.postern)
    kill_role(service.parts, "provision")
    assert "role=provision" in next(line for line in service.log().splitlines() if "died" in line)
    service.atlassian.switch(latency=0)
    wait_for(lambda: service.metric("postern_account_plan_timestamp_seconds") > began and
             service.metric("postern_account_steps_left") == 0, 60, "the rest", service.parts.postern)
    assert service.atlassian.counts()["billable"] == 13


def test_the_service_does_not_call_it_well_when_a_key_was_revoked(service):
    parts, status = service.parts, service.parts.folder / "state/provision/status.json"
    parts.start_postern()
    service.wait_for_log("accounts looked after", 60)
    service.atlassian.fault(path="/ex/jira/", method="GET", status=401)
    change_agents(parts, "add", "charlotte.dubois")
    service.wait_for_log("helpdesk could not be read, so nothing is done there", 60)
    wait_for(lambda: service.atlassian.counts()["billable"] == 14, 60, "what the good key is for", parts.postern)
    found = json.loads(status.read_text())
    assert found["failing_since"] and "401" in found["detail"] and found["succeeded"] <= found["failing_since"], found
    # half an hour later
    status.write_text(json.dumps({**found, "failing_since": found["failing_since"] - 1800}))
    alarm = 'postern_alarm{name="accounts-fail",subject="host"}'
    wait_for(lambda: service.metric(alarm) == 1, 60, "the alarm", parts.postern)
    text = subprocess.run(parts.postern_command("status"), capture_output=True, text=True, check=False).stdout
    assert "went well" not in text and re.search("alarm accounts-fail, host: .*helpdesk could not be read.*401", text), text


def test_the_service_does_it_by_itself(service):
    parts = service.parts
    service.atlassian.fault(path="/Users", method="POST", status=400, times=1)
    parts.start_postern()
    service.wait_for_log("accounts looked after", 60)
    log = service.log()
    assert DIRECTORY["key"] not in log and SITE["token"] not in log and ORGANIZATION["key"] not in log
    assert "provision atlassian: account step connection=organisation step=user-create" in log
    # the one that failed is tried again after a minute; a change in the directory does not wait for that
    service.wait_for_log("1 steps failed", 60)
    look_at_metrics(service)
    change_agents(parts, "add", "charlotte.dubois")
    service.wait_for_log("step=members-remove", 120)
    lines = service.log().splitlines()
    failed, changed = (next(line for line in lines if text in line) for text in ("1 steps failed", "step=members-remove"))
    seconds = [datetime.datetime.fromisoformat(line.split()[0].rstrip("Z")) for line in (failed, changed)]
    assert (seconds[1] - seconds[0]).total_seconds() < 60, (failed, changed)
    wait_for(lambda: service.metric("postern_account_steps_left") == 0, 60, "all to be done", parts.postern)
    look_at_status(parts)
    kill_it_over_a_change(service)
    # rules of LDAP that are accepted make a plan, too: the mirror changes with the entry, and nothing with the yes
    add(parts, rule("nobody-from-staff", 5, f"member of 'cn=all-staff,ou=groups,{company.SUFFIX}'", "deny"))
    version = parts.wait_for_state("pending")["ldap_version"]
    began = time.time()
    wait_for(lambda: service.metric("postern_account_plan_timestamp_seconds") > began, 60, "the mirror's plan", parts.postern)
    assert parts.command("rules", "accept", version)[0] == 0
    service.wait_for_log("plan for accounts is stopped", 60)
    alarm = 'postern_alarm{name="accounts-stopped",subject="host"}'
    wait_for(lambda: service.metric(alarm) == 1, 60, "the alarm", parts.postern)
    assert service.metric("postern_account_stops_total") == 1
    service.wait_for_log("alarm=accounts-stopped", 60)
    assert service.atlassian.counts()["billable"] == 13
    parts.postern.stop()
    assert "would lose something" in said(parts, "plan")
    audit = (parts.folder / "state/provision/audit.jsonl").read_text().splitlines()
    assert {json.loads(line)["ran"] for line in audit} == {"provision"}
