# SPDX-License-Identifier: GPL-3.0-or-later
"""Postern with doors for the peers that nobody here wrote, and the fixtures that start them, once a session.

Each way of signing is a connection of its own: Postern tells connections apart
by entity ID, so each peer has one entity ID for each way.
"""

import pytest

import node_peers
from browser import Browser
from mellon import Mellon
from parts import Parts, company
from samlp_idp import Samlp
from shibboleth import Shibboleth
from simplesamlphp import SimpleSAMLphp
from simplesamlphp_sp import SimpleSAMLphpServiceProviders

SIGNS = ("assertion", "response", "both")
SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
SHOWN = {SOAP + "givenname": "givenname", SOAP + "surname": "surname", SOAP + "name": "stable_id", "groups": "groups"}

CONNECTION = """\
  {name}:
    kind: managed
    entity_id: {entity_id}
    acs: {acs}
    start: {start}
    sign: {sign}
    name_id_format: {name_id_format}
    attributes:
      groups: {{groups: "*", as: cn}}
{more}"""


class Door:
    """A service provider as Postern's settings know it."""

    def __init__(self, name, entity_id, acs, start, sign, name_id_format="email", more=""):
        """`more`: further settings of the connection, as lines."""
        self.name, self.entity_id, self.acs, self.start, self.sign = name, entity_id, acs, start, sign
        self.name_id_format, self.more = name_id_format, more


class PeerParts(Parts):
    """The demo, with further doors, and perhaps another identity provider than the demo's Entra ID."""

    def __init__(self, folder, build, doors=(), slapd_port=None):
        super().__init__(folder, build)
        self.doors, self.metadata = doors, None
        if slapd_port:
            self.ports["slapd"] = slapd_port

    def settings(self, metadata=None):
        text = super().settings(metadata or self.metadata)
        doors = "".join(CONNECTION.format(**vars(door)) for door in self.doors)
        return text.replace("connections:\n", "connections:\n" + doors).replace("  help:\n", "  help:\n    via: organisation\n")

    @property
    def sp_entity_id(self):
        return f"{self.postern_url}/saml/sp/metadata"

    @property
    def idp_entity_id(self):
        return f"{self.postern_url}/saml/idp/metadata"

    @property
    def sso_url(self):
        return f"{self.postern_url}/saml/idp/sso"

    @property
    def our_acs(self):
        return f"{self.postern_url}/saml/sp/acs/1"

    def certificate(self):
        return (self.folder / "signing.crt").read_text()

    def fetch(self, path):
        """A document of Postern's, as an administrator's browser gets it."""
        page = Browser().open(self.postern_url + path)
        assert page.status == 200, page.text
        return page.body


# ---- names and addresses of the node service providers; nothing listens there ----


def node_doors():
    """As Atlassian's: an ACS with a query."""
    return [Door(f"{kind}-{sign}", f"http://{kind}.localhost/saml/{sign}",
                 f"http://{kind}.localhost/login/callback?connection=saml-{sign}",
                 f"http://{kind}.localhost/", sign, "persistent" if kind == "node-saml" and sign == "both" else "email")
            for kind in ("node-saml", "auth0") for sign in SIGNS]


def shibboleth_doors(shibboleth):
    formats = {"assertion": "email", "response": "unspecified", "both": "persistent"}
    return [Door(f"shibboleth-{sign}", shibboleth.entity_id(sign), shibboleth.acs(sign), shibboleth.page(sign), sign,
                 formats[sign])
            for sign in SIGNS]


def mellon_doors(mellon):
    return [Door(f"mellon-{sign}", mellon.entity_id(sign), mellon.acs(sign), mellon.page(sign), sign) for sign in SIGNS]


def simplesamlphp_doors(sp):
    return [Door(f"simplesamlphp-{sign}", sp.entity_id(sign), sp.acs(sign), sp.page(sign), sign) for sign in SIGNS]


# ---- fixtures ----


@pytest.fixture(scope="session")
def node_modules(postern_build):
    return node_peers.install(postern_build)


@pytest.fixture(scope="session")
def unstarted_shibboleth():
    made = Shibboleth(SIGNS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def unstarted_mellon():
    made = Mellon(SIGNS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def unstarted_simplesamlphp_sp(tmp_path_factory):
    made = SimpleSAMLphpServiceProviders(tmp_path_factory.mktemp("simplesamlphp-sp") / "sp", SIGNS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def peer_parts(tmp_path_factory, postern_build, unstarted_shibboleth, unstarted_mellon, unstarted_simplesamlphp_sp):
    """One Postern that knows the doors of all peers."""
    doors = shibboleth_doors(unstarted_shibboleth) + mellon_doors(unstarted_mellon)
    doors += simplesamlphp_doors(unstarted_simplesamlphp_sp) + node_doors()
    made = PeerParts(tmp_path_factory.mktemp("peers"), postern_build, doors)
    try:
        yield made.start_all()
    finally:
        made.close()


@pytest.fixture(scope="session")
def shibboleth(unstarted_shibboleth, peer_parts):
    metadata = peer_parts.fetch("/saml/idp/metadata")
    return unstarted_shibboleth.start(peer_parts.idp_entity_id, metadata, SHOWN)


@pytest.fixture(scope="session")
def mellon(unstarted_mellon, peer_parts):
    return unstarted_mellon.start(peer_parts.fetch("/saml/idp/metadata"))


@pytest.fixture(scope="session")
def simplesamlphp_sp(unstarted_simplesamlphp_sp, peer_parts):
    return unstarted_simplesamlphp_sp.start(peer_parts.idp_entity_id, peer_parts.sso_url, peer_parts.certificate())


@pytest.fixture(scope="session")
def service_providers(node_modules):
    process = node_peers.ServiceProviders(node_modules)
    yield process
    process.close()


def start_with(made, metadata):
    """The directory runs already: Postern between both doors and an identity provider of its own."""
    made.metadata = metadata
    made.write_postern_files()
    made.start_door("managed")
    made.start_door("portal")
    made.start_postern()
    return made


@pytest.fixture(scope="session", params=["both", "assertion", "response"])
def simplesamlphp_parts(request, tmp_path_factory, postern_build, peer_parts):
    """Another Postern, which asks SimpleSAMLphp; the directory is the same.  Gives (parts, simplesamlphp)."""
    folder = tmp_path_factory.mktemp("simplesamlphp")
    made = PeerParts(folder / "postern", postern_build, slapd_port=peer_parts.ports["slapd"])
    idp = SimpleSAMLphp(folder / "idp", request.param)
    try:
        idp.start(made.sp_entity_id, made.our_acs, company.in_entra(), company.TENANT)
        yield start_with(made, idp.metadata_url), idp
    finally:
        made.close()
        idp.close()


@pytest.fixture
def samlp_parts(request, tmp_path, postern_build, peer_parts, node_modules):
    """Another Postern, which asks samlp; request.param: the way of signing.  Gives (parts, samlp)."""
    made = PeerParts(tmp_path / "postern", postern_build, slapd_port=peer_parts.ports["slapd"])
    idp = Samlp(tmp_path / "idp", node_modules, request.param)
    try:
        yield start_with(made, idp.start(company.in_entra(), company.TENANT).metadata_url), idp
    finally:
        made.close()
        idp.close()
