# SPDX-License-Identifier: GPL-3.0-or-later
"""The Atlassian of the tests (atlassian/, whose README has the formats) as a part: started, filled, asked, and told to fail."""
import base64
import http.client
import json
import os
import pathlib
import ssl

from parts import Part, PartFailed, free_port

MAIN = pathlib.Path(__file__).resolve().parent / "atlassian/main.js"

ORGANIZATION = {"id": "7a1f0b4e-org", "key": "organisation-api-key", "name": "Example", "domains": ["example.com"]}
DIRECTORY = {"id": "2f6b1c0a-directory", "key": "directory-key"}
SITE = {"name": "help", "cloudId": "5c1e7d22-site", "login": "robot@example.com", "token": "site-token",
        "desks": [{"id": "1", "key": "IT", "name": "IT"}, {"id": "2", "key": "HR", "name": "People", "access": "open"}]}
PORTAL_DIRECTORY = {"id": "9d3e-portal", "kind": "portal", "site": "help",
                    "base": "/cust/prov/9d3e71c0b2", "key": "portal-directory-key"}
GROUP_PRODUCTS = {"jira-users": ["jira-software"], "confluence-users": ["confluence"], "agents": ["jira-service-desk"],
                  "customers": ["jira-service-desk:customer"]}
WORLD = {"organization": ORGANIZATION, "sites": [SITE], "directories": [DIRECTORY, PORTAL_DIRECTORY],
         "groupProducts": GROUP_PRODUCTS, "builtin": ["site-admins", "org-admins", "administrators"]}


def contracts():
    """The folder of Atlassian's OpenAPI documents, which are not ours to ship; None: not on this machine."""
    folder = pathlib.Path(os.environ.get("POSTERN_CONTRACTS") or MAIN.parents[3].parent / "shared/contracts").resolve()
    return folder if (folder / "atlassian-scim-openapi.json").is_file() else None


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class AtlassianStandIn(Part):
    """
    Ports from the kernel; filled with WORLD, or with what is said.

    With the npm packages of the tests, and where the contracts are, every
    request and answer is held against them.  When the stand-in itself broke
    one, `stop` fails.
    """

    def __init__(self, folder, modules=None, tls=None):
        """`modules`: the node_modules folder; `tls`: (key file, certificate file), None: plain HTTP."""
        self.port, self.control_port, self.tls = free_port(), free_port(), tls
        command = ["node", MAIN, "--port", self.port, "--control", self.control_port]
        if modules and contracts():
            command = ["env", f"NODE_PATH={modules}", *command, "--contracts", contracts()]
        if tls:
            command += ["--tls-key", tls[0], "--tls-certificate", tls[1]]
        super().__init__(pathlib.Path(folder), "atlassian", command)

    def begin(self, world=None):
        self.start(self.is_ready)
        self.seed(**(WORLD if world is None else world))
        return self

    def is_ready(self):
        try:
            return self.control("GET", "health") == {"ready": True}
        except OSError:
            return False

    def stop(self, seconds=60):
        broken = [one for one in self.violations() if one["by"] == "standin"] if self.is_alive() else []
        status = super().stop(seconds)
        if broken:
            raise PartFailed(f"the stand-in broke the contract of {len(broken)} answers:\n{json.dumps(broken[:5], indent=1)}")
        return status

    # ---- addresses, as settings have them ----

    @property
    def origin(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def directory_base(self, directory=DIRECTORY):
        return self.origin + directory.get("base", f"/scim/directory/{directory['id']}")

    def site_base(self, site=SITE):
        return f"{self.origin}/ex/jira/{site['cloudId']}"

    # ---- control ----

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=60)
        try:
            connection.request(method, f"/_standin/{path}", None if body is None else json.dumps(body))
            response = connection.getresponse()
            said = json.loads(response.read())
        finally:
            connection.close()
        assert response.status == 200, said
        return said

    def seed(self, **what):
        return self.control("POST", "seed", what)

    def change(self, **what):
        """What happens without us: change(account="a@example.com", set={"status": "inactive"})."""
        return self.control("POST", "change", what)

    def reset(self, world=None):
        """Everything forgotten, and filled anew."""
        self.control("POST", "reset")
        return self.seed(**(WORLD if world is None else world))

    def state(self):
        return self.control("GET", "state")

    def counts(self):
        return self.control("GET", "counts")

    def requests(self):
        return self.control("GET", "requests")

    def request_counts(self):
        return self.control("GET", "requests/counts")

    def violations(self):
        """What broke a contract since the last reset: {"by": "client" or "standin", "endpoint", "path", "problems"}."""
        return self.control("GET", "violations")["violations"]

    def is_checked(self):
        return self.control("GET", "violations")["checked"]

    def forget_requests(self):
        self.control("DELETE", "requests")

    def fault(self, **fault):
        """fault(path="/Users", method="POST", status=503, retryAfter=2, times=3).  Returns its id."""
        return self.control("POST", "faults", fault)[0]

    def faults(self):
        return self.control("GET", "faults")

    def clear_faults(self):
        self.control("DELETE", "faults")

    def switch(self, **what):
        """switch(pageCap=10, nullMails=True, latency=50, bursts=[{"perSecond": 10}], clock=86400)."""
        self.control("POST", "switches", what)

    # ---- a plain client, for the tests of the stand-in and for looking from outside ----

    def call(self, method, path, body=None, key=None, headers=None, basic=None):
        """`body`: an object, or bytes as they are.  `key`: of a bearer; `basic`: ("mail", "token")."""
        sent = {"Accept": "application/json", **(headers or {})}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        if basic:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.connection()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def connection(self):
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.tls[1]))
            context.check_hostname = False
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def scim(self, method, path, body=None, directory=DIRECTORY, **options):
        base = directory.get("base", f"/scim/directory/{directory['id']}")
        return self.call(method, base + path, body, key=options.pop("key", directory["key"]), **options)

    def jsm(self, method, path, body=None, site=SITE, experimental=False, **options):
        headers = {"X-ExperimentalApi": "opt-in"} if experimental else {}
        return self.call(method, f"/ex/jira/{site['cloudId']}/rest/servicedeskapi{path}", body, headers=headers,
                         **(options or {"basic": (site["login"], site["token"])}))

    def admin(self, method, path, body=None, key=ORGANIZATION["key"]):
        return self.call(method, path, body, key=key)

    def logs(self):
        return self.tail(100)
