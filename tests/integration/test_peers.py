# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers without Postern: they must take what is right and refuse what is wrong, or the other tests would say nothing."""
import base64

import pytest

from browser import Browser
from node_peers import ServiceProvider
from parts import Parts, company
from shibboleth import Shibboleth
from stories import MAYA, pick

ENTITY_ID, ACS = "http://sp.localhost/saml/peer", "http://sp.localhost/login/callback?connection=saml-peer"
ISSUER = f"https://sts.windows.net/{company.TENANT}/"


@pytest.fixture(scope="module")
def entra(tmp_path_factory, postern_build):
    """The demo's Entra ID alone, with a Shibboleth that trusts it."""
    made, shibboleth = Parts(tmp_path_factory.mktemp("alone"), postern_build), Shibboleth(["alone"])
    try:
        made.start_entra([f"{ENTITY_ID} {ACS}", f"{shibboleth.entity_id('alone')} {shibboleth.acs('alone')}"])
        shibboleth.start(ISSUER, made.write_entra_metadata().read_bytes(), {})
        yield made, shibboleth
    finally:
        shibboleth.close()
        made.close()


def node_options(entra, kind):
    certificate = (entra.folder / "entra.crt").read_text()
    sso = f"{entra.entra_url}/{company.TENANT}/saml2"
    if kind == "auth0":
        return {"cert": "".join(certificate.splitlines()[1:-1]), "realm": ENTITY_ID, "recipientUrl": ACS, "destinationUrl": ACS,
                "callback": ACS,
                "identityProviderUrl": sso}
    return {"idpCert": certificate, "issuer": ENTITY_ID, "audience": ENTITY_ID, "callbackUrl": ACS, "entryPoint": sso,
            "wantAssertionsSigned": True, "wantAuthnResponseSigned": False, "validateInResponseTo": "always"}


def tampered(posted):
    xml = base64.b64decode(posted)
    assert b"maya.obrien" in xml
    return base64.b64encode(xml.replace(b"maya.obrien", b"mayb.obrien")).decode()


@pytest.mark.parametrize("kind", ["node-saml", "auth0"])
def test_node_peer_takes_an_honest_answer_only(entra, service_providers, kind):
    provider = ServiceProvider(service_providers, kind, f"alone-{kind}", node_options(entra[0], kind))
    browser, to_acs = Browser(), lambda request: request.url == ACS
    browser.open(provider.ask("relay", "_id1"))
    pick(browser, MAYA, stop=to_acs)
    assert "ignature" in provider.read(tampered(browser.stopped_at.fields["SAMLResponse"]), ["_id1"])["refused"]
    # node-saml forgets the id of a request as soon as it has seen an answer: so the honest one is another.
    browser.open(provider.ask("relay", "_id2"), stop=to_acs)
    read = provider.read(browser.stopped_at.fields["SAMLResponse"], ["_id2"])
    assert "profile" in read, read


def test_shibboleth_takes_an_honest_answer_only(entra):
    _, shibboleth = entra
    to_acs = lambda request: request.url == shibboleth.acs("alone")
    browser = Browser()
    browser.open(shibboleth.page("alone"))
    pick(browser, MAYA, stop=to_acs)
    posted = browser.stopped_at
    page = browser.go(posted.with_fields({**posted.fields, "SAMLResponse": tampered(posted.fields["SAMLResponse"])}))
    assert page.status == 500, page.text
    # It remembers message ids even of what it refused, so the honest one is another.
    assert browser.open(shibboleth.page("alone")).url == shibboleth.page("alone"), browser.page.text
