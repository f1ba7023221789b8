# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra ID's provisioning service, as far as a SCIM server sees it: what its documentation says that it sends.

A cycle matches, creates and updates users, then looks at who left, then groups, then members.  Whom it does not know yet it
looks for by `matching`, one attribute after the other; ids are cached and used for ever until restart().  When what failed is
tried again, and when it has had enough, says entra_quarantine.py.  Two dialects of PATCH: the usual one, and the one of
?aadOptscim062020 on the Tenant URL.  Who it is, it proves by a token, or by the secret of an OAuth client: then it buys an
access token, and another one when that is refused.
"""
import base64
import copy
import http.client
import json
import urllib.parse
import uuid

from entra_quarantine import Escrow, Quarantined

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class EntraProvisioning:
    def __init__(self, port, host, token=None, strict=False, secret=None, tls=None):
        self.port, self.host, self.token, self.strict, self.secret, self.tls = port, host, token, strict, secret, tls
        self.users, self.groups = {}, {}        # object id -> what the administrator has assigned
        self.sent_users, self.sent_groups = {}, {}      # object id -> what was sent last
        self.ids = {}                           # object id -> id over there
        self.failures, self.requests = [], 0
        self.escrow = Escrow()
        self.tenant_path = "/scim/v2"
        self.matching = {"Users": ["userName"], "Groups": ["displayName"]}      # in their order; these are the defaults

    # ---- one request ----

    def ask(self, method, target, body=None, token=None, headers=None):
        """Status, headers, JSON or None.  A connection for each: many arrive so."""
        self.requests += 1
        if self.secret and not self.token and not token:
            self.buy()
        fields = {"Authorization": f"Bearer {token or self.token}", "Accept": "application/scim+json", **(headers or {})}
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            fields["Content-Type"] = "application/scim+json; charset=utf-8"
        answer = self.send(method, target, payload, fields)
        if answer[0] == 401 and self.secret and not token:
            self.buy()
            answer = self.send(method, target, payload, {**fields, "Authorization": f"Bearer {self.token}"})
        return answer

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def send(self, method, target, payload, fields):
        connection = self.connect()
        try:
            connection.request(method, self.tenant_path + target, payload, {"Host": self.host, **fields})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, answer.headers, json.loads(text) if text else None

    # ---- OAuth client credentials ----

    def grant(self, secret, in_body=False, client="postern", grant_type="client_credentials", headers=None):
        form, fields = {"grant_type": grant_type}, {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if in_body:
            form |= {"client_id": client, "client_secret": secret}
        else:
            fields["Authorization"] = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
        return self.send("POST", "/token", urllib.parse.urlencode(form).encode(), fields)

    def buy(self):
        status, _, answer = self.grant(self.secret)
        if status != 200:
            raise Refused(status, answer)
        self.token = answer["access_token"]

    def must(self, method, target, body=None):
        status, _, answer = self.ask(method, target, body)
        if status not in (200, 201, 204):
            raise Refused(status, answer)
        return answer

    def find(self, kind, filter_, more=""):
        status, _, answer = self.ask("GET", f"/{kind}?{more}filter={urllib.parse.quote(filter_)}")
        if status == 404 or (status == 200 and LIST not in (answer or {}).get("schemas", [])):
            raise Quarantined(f"no SCIM is spoken there: {status} {answer}")
        if status != 200:
            raise Refused(status, answer)
        return answer["Resources"]

    def match(self, kind, wanted, more=""):
        """The one that is there already, or None."""
        for name in self.matching[kind]:
            found = self.find(kind, f'{name} eq "{wanted[name]}"', more)
            if found:
                return found[0]
        return None

    # ---- how attributes are sent ----

    @staticmethod
    def flat(user):
        """Attributes by the paths that Entra's mappings name; nulls are not sent."""
        return {key: value for key, value in {
            "userName": user["userName"], "active": user.get("active", True), "displayName": user.get("displayName"),
            "externalId": user["externalId"], "name.givenName": user.get("givenName"),
            "name.familyName": user.get("familyName"),
            'emails[type eq "work"].value': user.get("mail"), f"{ENTERPRISE}:department": user.get("department")}.items()
            if value is not None}

    @staticmethod
    def whole(user):
        return {"schemas": [USER, ENTERPRISE], "externalId": user["externalId"], "userName": user["userName"],
                "active": user.get("active", True), "displayName": user.get("displayName"),
                "emails": [{"primary": True, "type": "work", "value": user.get("mail")}], "meta": {"resourceType": "User"},
                "name": {"givenName": user.get("givenName"), "familyName": user.get("familyName")},
                "roles": [], ENTERPRISE: {"department": user.get("department")}}

    def operations(self, changes):
        if not self.strict:
            return [{"op": "Replace", "path": path, "value": str(value) if isinstance(value, bool) else value}
                    for path, value in changes.items()]
        single = {path: value for path, value in changes.items() if "[" in path}
        rest = {path: value for path, value in changes.items() if path not in single}
        return ([{"op": "replace", "path": path, "value": value} for path, value in single.items()] +
                ([{"op": "replace", "value": rest}] if rest else []))

    def patch(self, kind, object_id, operations):
        self.must("PATCH", f"/{kind}/{self.ids[object_id]}", {"schemas": [PATCH], "Operations": operations})

    # ---- a cycle ----

    def test_connection(self):
        return self.find("Users", f'userName eq "{uuid.uuid4()}"')

    def restart(self):
        self.sent_users, self.sent_groups, self.ids = {}, {}, {}
        self.escrow = Escrow()

    def one(self, kind, object_id, wanted, act):
        what = kind, object_id
        if self.escrow.waits(what, wanted):
            return
        try:
            act(object_id)
        except (Refused, OSError, http.client.HTTPException) as problem:
            if isinstance(problem, Refused) and problem.status in (401, 403):
                raise Quarantined(f"not let in: {problem}") from problem
            self.failures.append(problem)
            self.escrow.fail(what, wanted, problem)
        else:
            self.escrow.done(what)

    def provision_user(self, object_id):
        user = self.users[object_id]
        if object_id not in self.ids:
            found = self.match("Users", user)
            if not found:
                self.ids[object_id] = self.must("POST", "/Users", self.whole(user))["id"]
                self.sent_users[object_id] = self.flat(user)
                return
            self.ids[object_id] = found["id"]
            self.sent_users[object_id] = {}
        sent = self.sent_users.get(object_id, {})
        changes = {path: value for path, value in self.flat(user).items() if sent.get(path) != value}
        if changes:
            self.patch("Users", object_id, self.operations(changes))
        self.sent_users[object_id] = self.flat(user)

    def provision_group(self, object_id):
        group = self.groups[object_id]
        if object_id not in self.ids:
            found = self.match("Groups", {"externalId": object_id, **group}, "excludedAttributes=members&") or self.must(
                "POST", "/Groups", {"schemas": [GROUP, ADSCIM], "externalId": object_id, "displayName": group["displayName"],
                                    "meta": {"resourceType": "Group"}})
            if found.get("externalId") != object_id:
                self.must("PATCH", f"/Groups/{found['id']}", {"schemas": [PATCH], "Operations": self.operations(
                    {"externalId": object_id})})
            self.ids[object_id] = found["id"]
            self.sent_groups[object_id] = {"displayName": found["displayName"], "members": set()}
        sent = self.sent_groups[object_id]
        if sent["displayName"] != group["displayName"]:
            self.patch("Groups", object_id, self.operations({"displayName": group["displayName"]}))
            sent["displayName"] = group["displayName"]

    def provision_members(self, object_id):
        if object_id not in self.ids:
            return
        wanted = {member for member in self.groups[object_id]["members"] if member in self.ids}
        sent = self.sent_groups[object_id]["members"]
        add, remove = "Add" if not self.strict else "add", "Remove" if not self.strict else "remove"
        if wanted - sent:
            self.patch("Groups", object_id, [{"op": add, "path": "members", "value": [
                {"$ref": None, "value": self.ids[member]} for member in sorted(wanted - sent)]}])
            sent |= wanted
        for member in sorted(sent - wanted):
            operation = {"op": remove, "path": f'members[value eq "{self.ids[member]}"]'} if self.strict else {
                "op": remove, "path": "members", "value": [{"$ref": None, "value": self.ids[member]}]}
            self.patch("Groups", object_id, [operation])
            sent.discard(member)

    def leave(self, object_id):
        """Who is no more assigned is switched off, once."""
        if self.sent_users[object_id].get("active") is not False:
            self.patch("Users", object_id, self.operations({"active": False}))
            self.sent_users[object_id]["active"] = False

    def cycle(self):
        """Number of what is not as it should be, whether it failed now or waits since it did."""
        self.failures = []
        self.escrow.next_cycle()
        for object_id, user in list(self.users.items()):
            self.one("user", object_id, self.flat(user), self.provision_user)
        for object_id in [known for known in self.sent_users if known not in self.users]:
            self.one("user", object_id, None, self.leave)
        for object_id, group in list(self.groups.items()):
            self.one("group", object_id, group["displayName"], self.provision_group)
        for object_id, group in list(self.groups.items()):
            known = {member for member in group["members"] if member in self.ids}
            self.one("members", object_id, known, self.provision_members)
        self.escrow.judge(len(self.users) + len(self.groups))
        return len(self.escrow.failed)

    # ---- what happens in the tenant ----

    def assign(self, object_id, **attributes):
        self.users[object_id] = {"externalId": object_id, **copy.deepcopy(attributes)}

    def delete_softly(self, object_id):
        """The recycle bin: the name is changed, too."""
        user = self.users.pop(object_id)
        name = object_id.replace("-", "") + user["userName"]
        self.patch("Users", object_id, self.operations({"active": False, "userName": name}))
        self.sent_users[object_id] = {**self.sent_users[object_id], "active": False, "userName": ""}

    def restore(self, object_id, **attributes):
        self.assign(object_id, **attributes)

    def delete_hard(self, object_id):
        self.must("DELETE", f"/Users/{self.ids.pop(object_id)}")
        for group in [*self.groups.values(), *self.sent_groups.values()]:
            group["members"].discard(object_id)
        self.users.pop(object_id, None)
        self.sent_users.pop(object_id, None)
