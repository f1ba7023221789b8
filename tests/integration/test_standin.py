# SPDX-License-Identifier: GPL-3.0-or-later
"""The Atlassian of the tests does what Atlassian is known to do, and fails as it is told."""
import email.utils
import http.client
import pathlib
import time

import pytest

import node_peers
from atlassian_standin import AtlassianStandIn, DIRECTORY, ORGANIZATION, PORTAL_DIRECTORY, SITE, contracts
from parts import PartFailed, make_key

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LINKED = "urn:scim:schemas:extension:atlassian-external:1.0"
ORG = f"/admin/v1/orgs/{ORGANIZATION['id']}"
PROVISIONING = f"/admin/user-provisioning/v1/org/{ORGANIZATION['id']}"


@pytest.fixture(scope="module")
def running(tmp_path_factory, node_modules):
    part = AtlassianStandIn(tmp_path_factory.mktemp("atlassian"), node_modules)
    try:
        yield part.begin()
    finally:
        part.stop()


@pytest.fixture
def atlassian(running):
    running.reset()
    yield running
    assert [one for one in running.violations() if one["by"] == "standin"] == []


def person(who, domain="example.com", **more):
    mail = f"{who}@{domain}"
    return {"schemas": [USER], "userName": mail, "externalId": f"id-{who}", "displayName": who.title(),
            "emails": [{"value": mail, "type": "work", "primary": True}], "active": True, **more}


def make(atlassian, who, directory=DIRECTORY, **more):
    answer = atlassian.scim("POST", "/Users", person(who, **more), directory=directory)
    assert answer.status == 201, answer
    return answer.json


def make_group(atlassian, name, members=(), directory=DIRECTORY):
    answer = atlassian.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": name,
                                               "members": [{"value": one} for one in members]}, directory=directory)
    assert answer.status == 201, answer
    return answer.json["id"]


def patch(atlassian, path, *operations, directory=DIRECTORY):
    return atlassian.scim("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, directory=directory)


def counts(atlassian, *names):
    found = atlassian.counts()
    return tuple(found[name] for name in names)


# ---- SCIM ----


def test_scim_wants_the_directory_key(atlassian):
    assert atlassian.scim("GET", "/Users", key=None).status == 401
    assert atlassian.scim("GET", "/Users", key="another").status == 401
    atlassian.change(directory=DIRECTORY["id"], set={"key": "new"})
    assert atlassian.scim("GET", "/Users").status == 401
    assert atlassian.scim("GET", "/Users", key="new").status == 200


@pytest.mark.parametrize("path, status", [
    ('/Users?filter=userName%20eq%20%22ADA@example.com%22', 200),
    ('/Users?filter=externalId%20eq%20%22id-ada%22', 200),
    ('/Users?filter=displayName%20eq%20%22Ada%22', 400),
    ('/Users?filter=userName%20sw%20%22ada%22', 400),
    ('/Users?filter=userName%20eq%20%22ada@example.com%22%20and%20externalId%20eq%20%22id-ada%22', 400),
    ('/Groups?filter=displayName%20eq%20%22Agents%22', 200),
    ('/Groups?filter=externalId%20eq%20%22x%22', 400),
])
def test_a_filter_is_one_eq(atlassian, path, status):
    make(atlassian, "ada")
    make_group(atlassian, "agents")
    answer = atlassian.scim("GET", path)
    assert answer.status == status
    assert answer.json["totalResults"] == 1 if status == 200 else answer.json["scimType"] == "invalidFilter"


def test_count_is_capped_silently(atlassian):
    atlassian.seed(users=[{"count": 230, "mail": "p%d@example.com", "externalId": "%d"}])
    page = atlassian.scim("GET", "/Users?count=1000&startIndex=201").json
    assert (page["totalResults"], page["itemsPerPage"], page["startIndex"], len(page["Resources"])) == (230, 30, 201, 30)
    assert atlassian.scim("GET", "/Users?count=1000").json["itemsPerPage"] == 100
    atlassian.switch(pageCap=7)
    assert atlassian.scim("GET", "/Users?count=50").json["itemsPerPage"] == 7


def test_put_clears_what_is_not_named(atlassian):
    user = make(atlassian, "ada", title="Engineer", name={"givenName": "Ada", "familyName": "L"})
    said = {key: value for key, value in person("ada").items() if key != "externalId"}
    put = atlassian.scim("PUT", f"/Users/{user['id']}", said).json
    assert "title" not in put and "externalId" not in put and put["name"] == {}


def test_patch_changes_what_is_named(atlassian):
    user = make(atlassian, "ada", title="Engineer", name={"givenName": "Ada", "familyName": "L"})
    path = f"/Users/{user['id']}"
    patched = patch(atlassian, path, {"op": "replace", "path": "name.familyName", "value": "Lovelace"},
                    {"op": "replace", "value": {"active": False}}, {"op": "remove", "path": "title"})
    assert patched.status == 200, patched
    assert patched.json["name"] == {"givenName": "Ada", "familyName": "Lovelace"}
    assert patched.json["active"] is False and "title" not in patched.json and patched.json["externalId"] == "id-ada"
    assert patch(atlassian, path, {"op": "replace", "path": "active", "value": "True"}).status == 400
    assert patch(atlassian, path, {"op": "replace", "path": "id", "value": "x"}).json["scimType"] == "mutability"
    assert patch(atlassian, path, {"op": "replace", "path": "shoes", "value": "x"}).json["scimType"] == "invalidPath"


def test_names_and_mails_are_unique_and_external_ids_are_not(atlassian):
    make(atlassian, "ada")
    assert atlassian.scim("POST", "/Users", person("ada")).json["scimType"] == "uniqueness"
    assert atlassian.scim("POST", "/Users", {**person("ada"), "userName": "other"}).status == 409
    make(atlassian, "bob", externalId="id-ada")
    assert counts(atlassian, "duplicate_external_ids") == (1,)


def test_a_deleted_user_is_gone_and_the_account_deactivated(atlassian):
    user = make(atlassian, "ada")
    group = make_group(atlassian, "jira-users", [user["id"]])
    assert counts(atlassian, "billable", "inactive") == (1, 0)
    assert atlassian.scim("DELETE", f"/Users/{user['id']}").status == 204
    assert counts(atlassian, "billable", "inactive", "atlassian") == (0, 1, 1)
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("PUT", "", person("ada"))):
        assert atlassian.scim(method, f"/Users/{user['id']}{path}", body).status == 404
    assert atlassian.scim("GET", f"/Groups/{group}").json["members"] == []
    again = make(atlassian, "ada")
    assert again["id"] != user["id"] and again[LINKED] == user[LINKED]
    assert counts(atlassian, "inactive", "atlassian") == (0, 1)


def test_a_known_mail_is_linked_and_never_made_twice(atlassian):
    atlassian.seed(accounts=[{"id": "old", "mail": "Ada@example.com", "products": ["trello"]}])
    assert make(atlassian, "ada")[LINKED] == {"atlassianAccountId": "old"}
    assert counts(atlassian, "atlassian", "billable_by_trello_alone") == (1, 1)


def test_a_mail_of_no_verified_domain(atlassian):
    assert make(atlassian, "eve", domain="elsewhere.org")[LINKED] == {}
    assert counts(atlassian, "atlassian", "scim_users") == (0, 1)
    atlassian.change(directory=DIRECTORY["id"], set={"unverified": "refuse"})
    assert atlassian.scim("POST", "/Users", person("mal", domain="elsewhere.org")).status == 400


def test_a_mail_goes_with_its_managed_account(atlassian):
    user, other = make(atlassian, "ada"), make(atlassian, "bob")
    path = f"/Users/{user['id']}"
    change = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ada.l@example.com"}
    assert patch(atlassian, path, change).json[LINKED] == user[LINKED]
    assert [one["mail"] for one in atlassian.state()["accounts"]] == ["ada.l@example.com", "bob@example.com"]
    taken = patch(atlassian, f"/Users/{other['id']}", {**change})
    assert taken.status == 409 and taken.json["scimType"] == "uniqueness"


def test_groups_keep_their_name_and_know_their_members(atlassian):
    ids = [make(atlassian, name)["id"] for name in ("ada", "bob")]
    group = make_group(atlassian, "agents", ids[:1])
    path = f"/Groups/{group}"
    assert atlassian.scim("POST", "/Groups", {"displayName": "AGENTS"}).status == 409
    assert patch(atlassian, path, {"op": "replace", "path": "displayName", "value": "x"}).json["scimType"] == "mutability"
    assert atlassian.scim("PUT", path, {"displayName": "x"}).json["scimType"] == "mutability"
    assert patch(atlassian, path, {"op": "add", "path": "members", "value": [{"value": ids[1]}]}).status == 200
    assert patch(atlassian, path, {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}).status == 200
    assert [one["value"] for one in atlassian.scim("GET", path).json["members"]] == ids[1:]
    assert atlassian.scim("PUT", path, {"displayName": "agents", "members": [{"value": "nobody"}]}).status == 400
    assert patch(atlassian, path, {"op": "add", "path": "members", "value": [{"value": "nobody"}]}).status == 404
    assert counts(atlassian, "billable") == (1,)
    assert atlassian.scim("DELETE", path).status == 204
    assert counts(atlassian, "billable") == (0,)


def test_a_built_in_group_answers_success_and_nothing_is_done(atlassian):
    group = make_group(atlassian, "Site-Admins")
    assert atlassian.scim("GET", f"/Groups/{group}").status == 404
    assert counts(atlassian, "scim_groups") == (0,)


def test_a_group_has_at_most_35000_members(atlassian):
    atlassian.change(directory=DIRECTORY["id"], set={"listMembers": False})
    atlassian.seed(users=[{"count": 35000, "mail": "p%d@example.com", "groups": ["all"]}])
    group, = atlassian.scim("GET", "/Groups").json["Resources"]
    assert "members" not in group
    more = {"op": "add", "path": "members", "value": [{"value": make(atlassian, "ada")["id"]}]}
    assert patch(atlassian, f"/Groups/{group['id']}", more).json["scimType"] == "tooMany"


def test_a_service_says_what_it_can(atlassian):
    assert atlassian.scim("GET", "/ServiceProviderConfig").json["patch"] == {"supported": True}
    assert atlassian.scim("GET", "/ResourceTypes/User").json["endpoint"] == "/Users"
    assert {one["id"] for one in atlassian.scim("GET", "/Schemas").json["Resources"]} >= {USER, GROUP}


def test_attributes_are_chosen(atlassian):
    user = make(atlassian, "ada")
    path = f"/Users/{user['id']}"
    assert set(atlassian.scim("GET", f"{path}?attributes=userName").json) == {"schemas", "id", "userName"}
    assert "groups" not in atlassian.scim("GET", f"{path}?excludedAttributes=groups").json
    assert atlassian.scim("GET", f"{path}?attributes=active&excludedAttributes=groups").status == 400


# ---- portal-only customers ----


def test_portal_groups_are_organizations_that_rest_leaves_alone(atlassian):
    user = make(atlassian, "paul", PORTAL_DIRECTORY, domain="partner.org")
    make_group(atlassian, "Partner", [user["id"]], PORTAL_DIRECTORY)
    organization, = atlassian.jsm("GET", "/organization").json["values"]
    assert organization["scimManaged"] is True and organization["name"] == "Partner"
    customer, = atlassian.jsm("GET", f"/organization/{organization['id']}/user").json["values"]
    assert customer["accountId"].startswith(f"qm:{SITE['cloudId']}:") and customer["emailAddress"] == "paul@partner.org"
    body = {"accountIds": [customer["accountId"]]}
    for method in ("POST", "DELETE"):
        assert atlassian.jsm(method, f"/organization/{organization['id']}/user", body).status == 403
    assert counts(atlassian, "portal", "atlassian", "billable") == (1, 0, 0)
    patch(atlassian, f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}, directory=PORTAL_DIRECTORY)
    assert counts(atlassian, "portal", "portal_active") == (1, 0)


def test_a_customer_is_made_once_and_revoked(atlassian):
    body = {"email": "paul@partner.org", "displayName": "Paul"}
    made = atlassian.jsm("POST", "/customer", body)
    assert made.status == 201 and made.json["accountId"].startswith("qm:")
    assert atlassian.jsm("POST", "/customer", body).status == 400
    assert atlassian.jsm("POST", "/customer?strictConflictStatusCode=true", body).status == 409
    revoke = f"/customer/user/{made.json['accountId']}/revoke-portal-only-access"
    assert [atlassian.jsm("PUT", revoke).status for _ in range(2)] == [204, 404]
    assert counts(atlassian, "portal_active") == (0,)
    assert atlassian.jsm("POST", "/customer", {"email": "nobody"}).status == 400


def test_one_mail_can_have_both_kinds(atlassian):
    make(atlassian, "ada")
    body = {"email": "ada@example.com", "displayName": "Ada"}
    assert atlassian.jsm("POST", "/customer", body).status == 201
    assert counts(atlassian, "two_kinds") == (1,)
    atlassian.reset()
    make(atlassian, "ada")
    atlassian.change(site="help", set={"duplicateOfAtlassian": "refuse"})
    assert atlassian.jsm("POST", "/customer", body).status == 400


def test_desks_take_whom_they_know(atlassian):
    known = atlassian.jsm("POST", "/customer", {"email": "paul@partner.org", "displayName": "Paul"}).json["accountId"]
    assert atlassian.jsm("GET", "/servicedesk/IT/customer").status == 412
    assert atlassian.jsm("POST", "/servicedesk/IT/customer", {"accountIds": [known, "qm:unknown"]}).status == 400
    for form in ("1", "IT", "projectKey:IT", "projectId:10001", "serviceDeskId:1"):
        listed = atlassian.jsm("GET", f"/servicedesk/{form}/customer", experimental=True).json["values"]
        assert [one["accountId"] for one in listed] == [known], form
    assert atlassian.jsm("POST", "/servicedesk/1/customer", {"accountIds": [known]}).status == 204
    assert atlassian.jsm("GET", "/servicedesk/1/customer?query=nobody", experimental=True).json["size"] == 0
    assert atlassian.jsm("DELETE", "/servicedesk/1/customer", {"accountIds": [known]}).status == 412
    assert atlassian.jsm("DELETE", "/servicedesk/1/customer", {"accountIds": [known]}, experimental=True).status == 204
    assert atlassian.jsm("DELETE", "/servicedesk/HR/customer", {"accountIds": [known]}, experimental=True).status == 400
    assert atlassian.jsm("POST", "/servicedesk/9/customer", {"accountIds": [known]}).status == 404


def test_organizations_by_rest(atlassian):
    known = atlassian.jsm("POST", "/customer", {"email": "paul@partner.org", "displayName": "Paul"}).json["accountId"]
    first, second = (atlassian.jsm("POST", "/organization", {"name": "Partner"}) for _ in range(2))
    assert (first.status, second.status) == (201, 201) and first.json["id"] == second.json["id"]
    users = f"/organization/{first.json['id']}/user"
    assert atlassian.jsm("POST", users, {"accountIds": [known, "qm:unknown"]}).status == 400
    assert atlassian.jsm("GET", users).json["size"] == 0
    assert atlassian.jsm("POST", users, {"accountIds": [known]}).status == 204
    assert atlassian.jsm("GET", f"/organization?accountId={known}").json["size"] == 1
    desk = {"organizationId": int(first.json["id"])}
    assert [atlassian.jsm("POST", "/servicedesk/1/organization", desk).status for _ in range(2)] == [204, 204]
    assert atlassian.jsm("GET", "/servicedesk/1/organization").json["size"] == 1
    assert atlassian.jsm("DELETE", "/servicedesk/1/organization", desk).status == 204
    assert atlassian.jsm("DELETE", users, {"accountIds": [known]}).status == 204
    assert atlassian.jsm("POST", "/organization", {"name": "x" * 201}).status == 400


def test_pages_of_rest_end_where_they_say(atlassian):
    atlassian.seed(accounts=[{"count": 120, "kind": "customer", "mail": "c%d@partner.org", "desks": ["1"]}])
    seen, start = [], 0
    while True:
        page = atlassian.jsm("GET", f"/servicedesk/1/customer?limit=1000&start={start}", experimental=True).json
        seen += [one["accountId"] for one in page["values"]]
        assert ("next" in page["_links"]) == (not page["isLastPage"])
        if page["isLastPage"]:
            break
        assert page["size"] == page["limit"] == 50
        start += page["size"]
    assert len(set(seen)) == 120


def test_rest_wants_its_token_but_for_info(atlassian):
    assert atlassian.jsm("GET", "/organization", basic=("robot@example.com", "wrong")).status == 401
    assert atlassian.jsm("GET", "/info", basic=("nobody", "wrong")).json["isLicensedForUse"] is True


def test_mails_can_be_kept_from_us(atlassian):
    make(atlassian, "ada")
    atlassian.switch(nullMails=True)
    made = atlassian.jsm("POST", "/customer", {"email": "paul@partner.org", "displayName": "Paul"}).json
    assert made["emailAddress"] is None and made["accountId"]
    assert "email" not in atlassian.admin("GET", f"{ORG}/users").json["data"][0]


# ---- the organisation ----


def test_managed_accounts_come_by_whole_addresses_and_domains_by_cursors(atlassian):
    atlassian.seed(accounts=[{"count": 250, "mail": "p%d@example.com"},
                             {"mail": "guest@elsewhere.org", "products": ["confluence"]}])
    seen, path = [], f"{ORG}/users"
    while path:
        page = atlassian.admin("GET", path).json
        seen += page["data"]
        following = page["links"].get("next")
        assert following is None or following.startswith(atlassian.origin + path.split("?")[0])
        path = following and following[len(atlassian.origin):]
    assert len(seen) == 250 == page["meta"]["total"] and len({one["account_id"] for one in seen}) == 250
    atlassian.change(organization={"domains": ["example.com", "example.net"]})
    atlassian.switch(pageCap=1)
    cursor = atlassian.admin("GET", f"{ORG}/domains").json["links"]["next"]
    assert "/" not in cursor
    assert atlassian.admin("GET", f"{ORG}/domains?cursor={cursor}").json["data"][0]["attributes"]["name"] == "example.net"


def test_what_is_billed(atlassian):
    atlassian.seed(users=[{"mail": "agent@example.com", "groups": ["agents"]},
                          {"mail": "customer@example.com", "groups": ["customers"]},
                          {"mail": "both@example.com", "groups": ["customers", "jira-users"]},
                          {"mail": "gone@example.com", "groups": ["jira-users"], "active": False}],
                   accounts=[{"mail": "trello@example.com", "products": ["trello"], "lastActive": {"trello": "2026-01-31"}},
                             {"mail": "nothing@example.com"}, {"mail": "guest@elsewhere.org", "products": ["confluence"]},
                             {"kind": "customer", "mail": "portal@partner.org"}])
    assert counts(atlassian, "billable", "billable_premium", "billable_by_trello_alone") == (3, 1, 1)
    assert atlassian.counts()["by_product"] == {"jira-service-desk": 1, "jira-software": 1, "trello": 1}
    shown = {one["email"]: one for one in atlassian.admin("GET", f"{ORG}/users").json["data"]}
    billed = [mail for mail in shown if shown[mail]["access_billable"]]
    assert billed == ["trello@example.com", "agent@example.com", "both@example.com"]
    assert shown["trello@example.com"]["product_access"][0]["last_active"].startswith("2026-01-31")
    atlassian.change(organization={"localPolicy": "non-billable", "externalPolicySso": True})
    assert counts(atlassian, "billable", "billable_by_trello_alone") == (3, 0)


def test_suspending_and_life(atlassian):
    user = make(atlassian, "ada")
    make_group(atlassian, "jira-users", [user["id"]])
    account = user[LINKED]["atlassianAccountId"]
    for path, billable in ((f"{ORG}/directory/users/{account}/suspend-access", 0),
                           (f"{ORG}/directory/users/{account}/restore-access", 1),
                           (f"/users/{account}/manage/lifecycle/disable", 0), (f"/users/{account}/manage/lifecycle/enable", 1)):
        assert atlassian.admin("POST", path).status in (200, 204)
        assert counts(atlassian, "billable") == (billable,), path


def test_last_active_dates(atlassian):
    atlassian.seed(accounts=[{"id": "a1", "mail": "ada@example.com", "products": ["trello"],
                              "lastActive": {"trello": "2026-01-31"}}])
    found = atlassian.admin("GET", f"{ORG}/directory/users/a1/last-active-dates").json["data"]["product_access"]
    assert [(one["key"], one["last_active"]) for one in found] == [("trello", "2026-01-31")]
    assert atlassian.admin("GET", f"{ORG}/directory/users/nobody/last-active-dates").status == 404


def test_groups_of_scim_are_not_changed_by_the_organisation(atlassian):
    user = make(atlassian, "ada")
    body = {"account_id": user[LINKED]["atlassianAccountId"]}
    synced = make_group(atlassian, "agents")
    assert atlassian.admin("POST", f"{ORG}/directory/groups/{synced}/memberships", body).status == 400
    local = atlassian.admin("POST", f"{ORG}/directory/groups", {"name": "confluence-users"}).json["groupId"]
    assert atlassian.admin("POST", f"{ORG}/directory/groups/{local}/memberships", body).status == 200
    assert counts(atlassian, "billable") == (1,)
    assert atlassian.admin("DELETE", f"{ORG}/directory/groups/{local}/memberships/{body['account_id']}").status == 200
    assert counts(atlassian, "billable") == (0,)


def test_unlinking_leaves_both(atlassian):
    user = make(atlassian, "ada")
    make_group(atlassian, "jira-users", [user["id"]])
    account = user[LINKED]["atlassianAccountId"]
    link, = atlassian.admin("GET", f"{PROVISIONING}/user/{account}/get-scim-links").json["scimLinks"]
    assert link == {"scimUserId": user["id"], "atlassianAccountId": account, "orgId": ORGANIZATION["id"],
                    "directoryId": DIRECTORY["id"]}
    by_mail = atlassian.admin("POST", f"{PROVISIONING}/get-scim-links-for-email", {"email": "ADA@example.com"})
    assert by_mail.json["scimLinks"] == [link]
    path = f"{PROVISIONING}/scimDirectoryId/{DIRECTORY['id']}/scimUserId/{user['id']}/unlink"
    assert atlassian.admin("PATCH", path).status == 204
    assert atlassian.admin("GET", f"{PROVISIONING}/user/{account}/get-scim-links").json["scimLinks"] == []
    assert counts(atlassian, "billable", "inactive", "scim_users", "atlassian") == (0, 0, 1, 1)


def test_deleting_the_record_alone(atlassian):
    user = make(atlassian, "ada")
    account = user[LINKED]["atlassianAccountId"]
    assert atlassian.admin("DELETE", f"{PROVISIONING}/user/{account}/onlyDeleteUserInDB").status == 204
    assert counts(atlassian, "inactive", "scim_users", "atlassian") == (0, 0, 1)


# ---- what goes wrong ----


def test_a_429_says_when(atlassian):
    atlassian.fault(path="/Users", status=429, retryAfter=2, times=1)
    atlassian.fault(path="/Users", status=429, retryAfterDate=30, times=1)
    first, second, third = (atlassian.scim("GET", "/Users") for _ in range(3))
    assert (first.status, first.headers["Retry-After"], first.headers["RateLimit-Reason"]) == (429, "2", "jira-burst-based")
    assert first.headers["X-RateLimit-Reset"].endswith("Z") and first.headers["X-RateLimit-Remaining"] == "0"
    at = email.utils.parsedate_to_datetime(second.headers["Retry-After"]).timestamp()
    assert 0 < at - time.time() <= 30 and third.status == 200
    assert atlassian.request_counts()["statuses"] == {"429": 2, "200": 1}


def test_faults_take_turns_and_are_of_an_endpoint(atlassian):
    atlassian.fault(path="/Users$", method="POST", status=503, after=1, times=2)
    assert [atlassian.scim("POST", "/Users", person(name)).status for name in ("a", "b", "b", "b")] == [201, 503, 503, 201]
    assert atlassian.scim("GET", "/Users").status == 200
    fault, = atlassian.faults()
    assert (fault["seen"], fault["hits"]) == (4, 2)
    atlassian.fault(family="jsm", status=500)
    assert (atlassian.jsm("GET", "/info").status, atlassian.scim("GET", "/Users").status) == (500, 200)
    atlassian.clear_faults()
    assert atlassian.jsm("GET", "/info").status == 200


@pytest.mark.parametrize("reset, made", [("before", 0), ("after", 1)])
def test_a_lost_connection(atlassian, reset, made):
    atlassian.fault(method="POST", reset=reset, times=1)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        atlassian.scim("POST", "/Users", person("ada"))
    assert counts(atlassian, "scim_users") == (made,)


def test_a_refusal_of_what_was_done(atlassian):
    atlassian.fault(method="POST", status=500, done=True, times=1)
    assert atlassian.scim("POST", "/Users", person("ada")).status == 500
    assert counts(atlassian, "scim_users") == (1,)


def test_answers_that_are_none(atlassian):
    atlassian.fault(truncate=True, times=1)
    with pytest.raises(http.client.IncompleteRead):
        atlassian.scim("GET", "/Users")
    atlassian.fault(raw="<html>maintenance</html>", contentType="text/html", times=1)
    answer = atlassian.scim("GET", "/Users")
    assert answer.body == b"<html>maintenance</html>" and answer.headers["Content-Type"].startswith("text/html")


def test_a_burst_is_counted_by_endpoint(atlassian):
    atlassian.switch(bursts=[{"perSecond": 3}])
    statuses = [atlassian.scim("GET", "/Users").status for _ in range(30)]
    assert 429 in statuses and statuses[:3] == [200] * 3
    assert atlassian.scim("GET", "/Groups").status == 200


# ---- contracts ----


@pytest.fixture
def checked(atlassian):
    if contracts() is None:
        pytest.skip("Atlassian's OpenAPI documents are not here (POSTERN_CONTRACTS)")
    assert atlassian.is_checked()
    return atlassian


@pytest.mark.parametrize("call, problem", [
    (lambda atlassian: atlassian.scim("GET", "/Users?sortBy=userName"), "?sortBy"),
    (lambda atlassian: atlassian.scim("GET", "/Users?count=many"), "?count"),
    (lambda atlassian: atlassian.scim("POST", "/Users", {**person("ada"), "userName": 5}), "/userName"),
    (lambda atlassian: atlassian.scim("POST", "/Users", person("ada"), headers={"Content-Type": "text/plain"}), ""),
    (lambda atlassian: atlassian.jsm("POST", "/customer", {"email": "a@partner.org", "shoes": 43}), "/shoes"),
    (lambda atlassian: atlassian.jsm("POST", "/servicedesk/1/organization", {"organizationId": "1"}), "/organizationId"),
    (lambda atlassian: atlassian.jsm("POST", "/organization"), ""),
    (lambda atlassian: atlassian.admin("POST", f"{ORG}/directory/groups", {"title": "x"}), ""),
])
def test_a_client_that_breaks_a_contract_is_caught(checked, call, problem):
    assert call(checked).status == 400
    violation, = checked.violations()
    assert violation["by"] == "client" and [one["at"] for one in violation["problems"]] == [problem]
    assert counts(checked, "scim_users", "portal") == (0, 0)
    assert checked.requests()[-1]["status"] == 400


def test_a_stand_in_that_breaks_a_contract_is_caught(checked):
    checked.change(organization={"name": 5})
    assert checked.admin("GET", ORG).status == 200
    violation, = checked.violations()
    assert violation["by"] == "standin" and violation["problems"][0]["message"] == "must be string"
    checked.reset()


def test_a_stand_in_that_broke_a_contract_does_not_end_well(checked, tmp_path, node_modules):
    part = AtlassianStandIn(tmp_path, node_modules).begin()
    part.change(organization={"name": 5})
    part.admin("GET", ORG)
    with pytest.raises(PartFailed, match="broke the contract"):
        part.stop()
    assert not part.is_alive()


def test_calls_that_no_contract_holds_are_told_in_the_readme(checked):
    top = pathlib.Path(__file__).resolve().parents[2]
    readme = (top / "README.md").read_text()
    client = "".join(path.read_text() for path in (top / "provision").glob("*.c"))
    listed = checked.control("GET", "contracts")
    for call in listed["unproven"]:
        if "portal-scim:" in call["endpoint"]:
            assert "portal-only SCIM" in readme
            continue
        told = call["endpoint"].split("}")[-1].split(" ")[-1]  # what stands behind the last variable
        assert (told in readme) == (told in client), f"{call}: the client sends it, or README tells it, not both"
    assert all(one["reason"] for one in listed["contradictions"])
    make(checked, "paul", PORTAL_DIRECTORY, domain="partner.org")
    assert checked.requests()[-1]["unproven"] is True


def test_over_tls(tmp_path):
    part = AtlassianStandIn(tmp_path, tls=make_key(tmp_path, "tls", "127.0.0.1"))
    try:
        part.begin()
        made = part.scim("POST", "/Users", person("ada"))
        assert made.json["meta"]["location"].startswith(part.origin.replace("http:", "https:"))
        assert part.origin.startswith("https://") and not part.is_checked()
    finally:
        part.stop()


# ---- another reader of SCIM ----


class ScimReader(node_peers.NodeProcess):
    SCRIPT = "scim_reader.js"


@pytest.fixture
def scimmy(node_modules):
    reader = ScimReader(node_modules)
    try:
        yield lambda kind, resource: reader.order(kind=kind, resource=resource)
    finally:
        reader.close()


def test_scimmy_reads_what_is_answered(atlassian, scimmy):
    user = make(atlassian, "ada", title="Engineer", name={"givenName": "Ada", "familyName": "L"})
    make_group(atlassian, "agents", [user["id"]])
    user = atlassian.scim("GET", f"/Users/{user['id']}").json
    group, = atlassian.scim("GET", "/Groups").json["Resources"]
    read = scimmy("User", user)["read"]
    assert (read["userName"], read["title"], read["emails"][0]["value"]) == ("ada@example.com", "Engineer", "ada@example.com")
    assert read["groups"][0]["value"] == group["id"]
    assert scimmy("Group", group)["read"]["members"][0]["value"] == user["id"]
    assert scimmy("List", atlassian.scim("GET", "/Users").json)["read"]["totalResults"] == 1
    assert "active" in scimmy("User", {**user, "active": "maybe"})["refused"]
