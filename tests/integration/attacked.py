# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway that test_attacks.py attacks, and a sign-on there that takes too long."""
import time

import pytest

from entra_shape import DSIG, PROTOCOL, Entra, Signer
from parts import Parts, company, make_key, run

PENDING_SECONDS = 60
DOOR = "  organisation:\n    kind: managed\n"
KEYS = "decryption_keys: [{{key: {folder}/open.key, certificate: {folder}/open.crt}}]\n"
METADATA = ('<EntityDescriptor entityID="https://sts.windows.net/{tenant}/" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">'
            '<IDPSSODescriptor protocolSupportEnumeration="' + PROTOCOL + '">{keys}<SingleSignOnService Location="{url}" '
            'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/></IDPSSODescriptor></EntityDescriptor>')
KEY = ('<KeyDescriptor{use}><KeyInfo xmlns="' + DSIG + '"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>'
       "</KeyInfo></KeyDescriptor>")


# ---- the gateway ----


def make_odd_key(folder, name, *kind):
    run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-sha256", "-days", "30", "-subj", "/CN=Odd",
        "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")


def write_metadata(parts, names, use=""):
    keys = "".join(KEY.format(use=use, certificate=Signer("", parts.folder / f"{name}.crt").certificate) for name in names)
    path = parts.folder / "forged-metadata.xml"
    path.write_text(METADATA.format(tenant=company.TENANT, keys=keys, url=f"{parts.entra_url}/{company.TENANT}/saml2"))
    return path


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, postern_build):
    """A gateway whose metadata lists, without `use`, the forger's key and two that are no good."""
    made = Parts(tmp_path_factory.mktemp("attacked"), postern_build)
    try:
        for name in ("entra", "stranger"):
            make_key(made.folder, name, "Federated SSO Certificate")
        make_odd_key(made.folder, "weak", "rsa:512")
        make_odd_key(made.folder, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        metadata = write_metadata(made, ("entra", "weak", "ec"))
        make_key(made.folder, "open", "Postern decryption")
        make_key(made.folder, "door", "Atlassian")
        text = made.settings(metadata).replace(DOOR, f"{DOOR}    request_certificates: [{made.folder}/door.crt]\n", 1)
        made.write_postern_files(text + f"pending_time: {PENDING_SECONDS}s\n" + KEYS.format(folder=made.folder))
        made.start_slapd()
        made.start_door("managed")
        made.start_postern()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def slow_sign_on(attacked):
    """Begun before all tests, and its answer comes after them, in a browser that keeps cookies past their end."""
    made = Entra(attacked)
    for cookie in made.browser.jar.cookies:
        cookie.expires = None
    made.began = time.monotonic()
    return made
