# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of provision/ against an Atlassian that checks them by its contracts: reading, steps, faults."""
import json
import pathlib
import subprocess

import pytest

from atlassian_standin import DIRECTORY, ORGANIZATION, PORTAL_DIRECTORY, SITE, AtlassianStandIn

ORG, REST, PORTAL = 0, 1, 2


class Driver:
    """tests/demo/drive_provision.c: a line of JSON in, a line of JSON out."""

    def __init__(self, build, standin, key=DIRECTORY["key"], hurry=True, rate=0):
        program = pathlib.Path(build) / "tests/demo/drive-provision"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.order({
            "hurry": hurry,
            "targets": [
                {"name": "organisation", "kind": "organization", "base": standin.directory_base(), "key": key, "rate": rate,
                 "groups": ["agents", "jira-users", "customers"]},
                {"name": "helpdesk", "kind": "portal-rest", "base": standin.site_base(), "login": SITE["login"],
                 "key": SITE["token"], "rate": rate, "groups": ["Acme"], "desks": ["1", "2"], "attach": [["Acme", "1"]]},
                {"name": "portal", "kind": "portal-scim", "base": standin.directory_base(PORTAL_DIRECTORY),
                 "key": PORTAL_DIRECTORY["key"], "rate": rate, "groups": ["Zeta"]},
            ],
            "organization": {"id": ORGANIZATION["id"], "base": standin.origin, "key": ORGANIZATION["key"]},
        })

    def order(self, what):
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the driver ended: {self.process.wait()}"
        return json.loads(line)

    def step(self, kind, target=ORG, **what):
        return self.order({"step": {"kind": kind, "target": target, **what}})

    def done(self, kind, target=ORG, **what):
        answer = self.step(kind, target, **what)
        assert "reason" not in answer, answer
        assert answer["failed"] == [], answer
        return answer

    def read(self):
        return self.order({"read": True})["targets"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory, node_modules):
    made = AtlassianStandIn(tmp_path_factory.mktemp("atlassian"), node_modules)
    try:
        yield made.begin()
    finally:
        made.stop()


@pytest.fixture
def standin(running):
    """Whatever a test sends keeps to Atlassian's contracts, where they are on this machine."""
    running.reset()
    yield running
    assert [one for one in running.violations() if one["by"] == "client"] == []


@pytest.fixture
def driver(standin, postern_build):
    made = Driver(postern_build, standin)
    yield made
    made.close()


def named(world, name):
    return next(group for group in world["groups"] if group["name"] == name)


def ada(**more):
    return {"external_id": "e-ada", "mail": "ada@example.com", "display_name": "Ada", "given_name": "Ada", **more}


def test_a_person_comes_changes_and_goes(standin, driver):
    made = driver.done("user-create", fields=ada(department="Sums"))
    group = driver.done("group-create", name="agents")
    driver.done("members-add", group=group["id"], name="agents", members=[made["id"]])
    world = driver.read()[ORG]
    assert world["complete"], world
    assert [(user["external_id"], user["mail"], user["active"], user["account_id"]) for user in world["users"]] == [
        ("e-ada", "ada@example.com", True, made["account_id"])]
    assert named(world, "agents")["members"] == [made["id"]]
    assert standin.counts()["by_product"] == {"jira-service-desk": 1}

    driver.done("user-update", user=made["id"], fields={"mail": "ada.l@example.com", "title": "Countess"})
    user = driver.read()[ORG]["users"][0]
    assert (user["mail"], user["title"], user["display_name"]) == ("ada.l@example.com", "Countess", "Ada")
    driver.done("members-remove", group=group["id"], name="agents", members=[made["id"]])
    driver.done("members-remove", group=group["id"], name="agents", members=[made["id"]])
    assert standin.counts()["billable"] == 0
    driver.done("user-deactivate", user=made["id"])
    assert standin.counts()["inactive"] == 1
    driver.done("user-activate", user=made["id"])
    driver.done("group-delete", group=group["id"], name="agents")
    assert driver.done("group-delete", group=group["id"], name="agents")["was_so"]
    driver.done("user-delete", user=made["id"])
    assert driver.done("user-delete", user=made["id"])["was_so"]
    driver.done("restore", user=made["id"], account_id=made["account_id"])
    assert standin.counts()["inactive"] == 0


def test_what_is_there_is_found_and_never_made_twice(standin, driver):
    first = driver.done("user-create", fields=ada())
    again = driver.done("user-create", fields=ada())
    assert (again["id"], again["was_so"]) == (first["id"], True)
    assert driver.step("user-create", fields=ada(external_id="e-other"))["reason"] == "provision-step"
    assert driver.done("group-create", name="agents")["id"] == driver.done("group-create", name="agents")["id"]
    builtin = driver.step("group-create", name="site-admins")
    assert "a group that Atlassian made itself has this name" in builtin["detail"]
    assert standin.counts()["scim_users"] == 1


def test_an_answer_that_is_lost_makes_nobody_twice(standin, driver):
    faults = ({"reset": "after"}, {"reset": "before"}, {"status": 500}, {"status": 503, "retryAfter": 2},
              {"status": 429, "retryAfterDate": 3}, {"truncate": "connection"}, {"status": 503, "done": True})
    for number, fault in enumerate(faults):
        standin.fault(method="POST", path="/Users$", times=1, **fault)
        made = driver.done("user-create", fields=ada(external_id=f"e-{number}", mail=f"p{number}@example.com"))
        assert made["id"]
        standin.clear_faults()
    counts = standin.counts()
    assert (counts["scim_users"], counts["duplicate_external_ids"]) == (7, 0)


def test_a_customer_comes_and_goes_by_rest(standin, driver):
    made = driver.done("customer-create", REST, fields={"mail": "bob@elsewhere.org", "display_name": "Bob"})
    assert made["id"].startswith("qm:")
    lost = driver.done("customer-create", REST, fields={"mail": "Bob@elsewhere.org", "display_name": "Bob"})
    assert (lost["id"], lost["was_so"]) == (made["id"], True), "of no desk: known to Jira's search alone"
    driver.done("desk-add", REST, name="1", members=[made["id"]])
    again = driver.done("customer-create", REST, fields={"mail": "bob@elsewhere.org", "display_name": "Bob"})
    assert (again["id"], again["was_so"]) == (made["id"], True)
    organization = driver.done("organization-create", REST, name="Acme")
    driver.done("organization-add", REST, name="Acme", group=organization["id"], members=[made["id"]])
    world = driver.read()[REST]
    assert world["complete"], world
    assert [user["mail"] for user in world["users"]] == ["bob@elsewhere.org"]
    assert named(world, "Acme")["members"] == [made["id"]]
    assert [(desk["id"], desk["members"]) for desk in world["desks"]] == [("1", [made["id"]]), ("2", [])]

    driver.done("organization-remove", REST, name="Acme", group=organization["id"], members=[made["id"]])
    open_desk = driver.done("desk-remove", REST, name="2", members=[made["id"]])
    assert open_desk["was_so"] and "400" in open_desk["answer"], open_desk
    partly = driver.step("desk-add", REST, name="2", members=["qm:none:1", made["id"]])
    assert partly["failed"] == ["qm:none:1"]
    assert driver.read()[REST]["desks"][1]["members"] == [made["id"]]
    driver.done("customer-revoke", REST, user=made["id"])
    assert driver.done("customer-revoke", REST, user=made["id"])["was_so"]
    assert standin.counts()["portal_active"] == 0


def test_an_organization_is_attached_to_a_desk_and_taken_off(standin, driver):
    acme = driver.done("organization-create", REST, name="Acme")["id"]
    assert [desk["attached"] for desk in driver.read()[REST]["desks"]] == [[], []]
    for _ in range(2):
        driver.done("desk-attach", REST, name="Acme", group=acme, desk="1")
    assert [desk["attached"] for desk in driver.read()[REST]["desks"]] == [[acme], []]
    assert "no desk" in driver.step("desk-attach", REST, name="Acme", group=acme)["detail"]
    assert "is no number" in driver.step("desk-attach", REST, name="Acme", group="a-1", desk="1")["detail"]
    assert driver.step("desk-attach", REST, name="Acme", group=acme, desk="99")["reason"] == "provision-step"
    standin.fault(path="/servicedesk/1/organization", method="DELETE", status=403, times=1)
    assert "403" in driver.step("desk-detach", REST, name="Acme", group=acme, desk="1")["detail"]
    driver.done("desk-detach", REST, name="Acme", group=acme, desk="1")
    assert [desk["attached"] for desk in driver.read()[REST]["desks"]] == [[], []]
    assert driver.done("desk-detach", REST, name="Acme", group=acme, desk="99")["was_so"]


def test_a_customer_comes_by_scim(standin, driver):
    made = driver.done("user-create", PORTAL, fields=ada(mail="ada@elsewhere.org"))
    group = driver.done("group-create", PORTAL, name="Zeta")
    driver.done("members-add", PORTAL, name="Zeta", group=group["id"], members=[made["id"]])
    world = driver.read()
    assert named(world[PORTAL], "Zeta")["members"] == [made["id"]]
    assert named(world[REST], "Zeta")["fixed"]
    zeta = named(world[REST], "Zeta")["id"]
    refused = driver.step("organization-add", REST, name="Zeta", group=zeta, members=["qm:none:1"])
    assert refused["reason"] == "provision-step"
    driver.done("user-deactivate", PORTAL, user=made["id"])
    assert standin.counts()["portal_active"] == 0


def test_mails_may_be_kept_from_us(standin, driver):
    made = driver.done("customer-create", REST, fields={"mail": "bob@elsewhere.org", "display_name": "Bob"})
    driver.done("desk-add", REST, name="1", members=[made["id"]])
    standin.switch(nullMails=True)
    assert driver.read()[REST]["users"][0]["mail"] is None
    assert "keeps mails from us" in driver.step("customer-create", REST, fields={"mail": "bob@elsewhere.org"})["detail"]


def test_lists_are_read_to_their_end(standin, driver):
    standin.seed(
        users=[{"count": 230, "mail": "p%d@example.com", "externalId": "e%d", "groups": ["agents"]}],
        accounts=[{"kind": "customer", "count": 120, "mail": "c%d@elsewhere.org", "desks": ["1"], "organizations": ["Acme"]}])
    for cap in (0, 7):
        standin.switch(pageCap=cap)
        world = driver.read()
        assert all(target["complete"] for target in world), world
        assert len(world[ORG]["users"]) == 230
        assert len(named(world[ORG], "agents")["members"]) == 230
        assert len(world[REST]["users"]) == len(named(world[REST], "Acme")["members"]) == 120
        accounts = driver.order({"accounts": True})["accounts"]
        assert len(accounts) == 230
        assert {account["billable"] for account in accounts} == {1}
        assert {tuple(account["products"]) for account in accounts} == {("Jira Service Management",)}


def test_half_a_world_is_none(standin, driver):
    standin.seed(users=[{"count": 30, "mail": "p%d@example.com", "externalId": "e%d"}])
    standin.fault(method="GET", path="/scim/directory/.*/Users", raw="{\"totalResults\": 30, \"Resources\": []}", status=200)
    world = driver.read()
    assert not world[ORG]["complete"] and world[REST]["complete"] and world[PORTAL]["complete"], world
    assert world[ORG]["users"] == []


def test_a_refused_key_ends_everything_and_is_told_nobody(standin, postern_build):
    driver = Driver(postern_build, standin, key="wr0ng-key")
    try:
        refused = driver.step("user-create", fields=ada())
        assert refused["reason"] == "provision-stop"
        assert driver.step("user-create", fields=ada())["reason"] == "provision-stop"
        assert driver.read()[ORG]["fault"].count("401") == 1
        assert standin.request_counts()["statuses"]["401"] == 1
        assert "wr0ng-key" not in json.dumps(refused)
    finally:
        driver.close()


def test_the_way_back_unlinks_and_leaves_both(standin, driver):
    made = driver.done("user-create", fields=ada())
    step = {"user": made["id"], "account_id": made["account_id"]}
    assert not driver.done("unlink", **step)["was_so"]
    assert driver.done("unlink", **step)["was_so"]
    state = standin.state()
    assert (len(state["accounts"]), state["accounts"][0]["status"], state["accounts"][0]["links"]) == (1, "active", [])
    assert standin.counts()["scim_users"] == 1


def test_a_burst_is_waited_for(standin, postern_build):
    """In real time: ten a second of an endpoint, more are refused; nothing is lost and the client slows down by itself."""
    standin.switch(bursts=[{"perSecond": 10, "method": "POST", "path": "/Users$"}])
    group = standin.scim("POST", "/Groups", {"schemas": [], "displayName": "agents"}).json["id"]
    driver = Driver(postern_build, standin, hurry=False)
    try:
        answer = driver.order({"load": {"target": ORG, "count": 30, "group": group}})
        assert "reason" not in answer, answer
        assert standin.counts()["scim_users"] == 30
        assert 1 <= standin.request_counts()["statuses"]["429"] <= 10
    finally:
        driver.close()


def test_the_first_load_takes_no_more_requests_than_it_needs(standin, driver):
    people = 4000
    group = driver.done("group-create", name="agents")["id"]
    standin.forget_requests()
    answer = driver.order({"load": {"target": ORG, "count": people, "group": group}})
    assert "reason" not in answer, answer
    before = standin.request_counts()["total"]
    assert before <= people * 1.1, standin.request_counts()
    world = driver.read()[ORG]
    assert world["complete"] and len(world["users"]) == people and len(named(world, "agents")["members"]) == people
    assert standin.request_counts()["endpoints"]["GET /scim/directory/{directoryId}/Users"] == people // 100
    print(f"{before} requests for {people} people")
