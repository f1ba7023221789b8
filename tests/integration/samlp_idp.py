# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth0's samlp (npm) as the identity provider of a company: a page of people, answers signed in each way."""
import json

import node_peers
from parts import Part, answers_tcp, free_port, make_key
from simplesamlphp import attributes_of

# What samlp is told for each way of signing.
SIGNING = {
    "assertion": {"signAssertion": True, "signResponse": False}, "response": {"signAssertion": False, "signResponse": True},
    "both": {"signAssertion": True, "signResponse": True},
}


class Samlp:
    def __init__(self, folder, modules, signs="assertion", **options):
        """`options` go to samlp, as signingCert or encryptionCert."""
        self.folder, self.modules, self.options = folder, modules, {**SIGNING[signs], **options}
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://samlp.localhost:{self.port}"
        self.entity_id = f"{self.url}/metadata"
        self.part = None

    @property
    def metadata_url(self):
        """For clients that do not know names below localhost."""
        return f"http://127.0.0.1:{self.port}/metadata"

    def start(self, people, tenant):
        key, certificate = make_key(self.folder, "samlp", "samlp identity provider")
        wanted = {
            "port": self.port, "entityId": self.entity_id, "key": key.read_text(), "certificate": certificate.read_text(),
            "people": [{"name": p["name"], "nameId": p["upn"], "claims": attributes_of(p, tenant)} for p in people],
            "saml": self.options,
        }
        command = node_peers.command("identity_provider.js", self.modules, json.dumps(wanted))
        self.part = Part(self.folder, "samlp", command).start(lambda: answers_tcp(self.port))
        return self

    def logs(self):
        return self.part.tail() if self.part else ""

    def close(self):
        if self.part:
            self.part.stop()
