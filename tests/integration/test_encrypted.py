# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity providers that encrypt, in Entra ID's place: Auth0's samlp, SimpleSAMLphp and lasso, each signing in its own way."""
import base64
import re
import subprocess

import pytest

from parts import company, make_key
from peers import PeerParts, start_with
from samlp_idp import Samlp
from simplesamlphp import SimpleSAMLphp
from stories import MAYA, assert_refused, assert_signed_on, door_address, pick, response_of, to_postern_acs, with_response
from test_explain import decided, replay

XENC, XENC11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
# who encrypts, what is signed, and with what it encrypts
CASES = [("samlp", "assertion", XENC11 + "aes256-gcm"), ("samlp", "response", XENC11 + "aes128-gcm"),
         ("samlp", "both", XENC + "aes256-cbc"),
         ("simplesamlphp", "assertion", XENC + "aes128-cbc"), ("simplesamlphp", "response", XENC + "aes128-cbc"),
         ("simplesamlphp", "both", XENC + "aes128-cbc"),
         ("lasso", "assertion", XENC + "aes256-cbc"), ("lasso", "both", XENC + "aes256-cbc")]      # see entra_saml.c


class EncryptedParts(PeerParts):
    """Postern with two decryption keys, of which the identity provider knows the second: it is about to be changed."""

    def settings(self, metadata=None):
        pairs = ", ".join(f"{{key: {name}.key, certificate: {name}.crt}}" for name in ("new", "old"))
        return super().settings(metadata).replace("    tenant: ",
                                                  "    encrypted: required\n    tenant: ") + f"decryption_keys: [{pairs}]\n"

    def make_pairs(self):
        return [make_key(self.folder, name, "Postern decryption")[1].read_text() for name in ("new", "old")]


def base64_of(certificate):
    return "".join(certificate.split("-----")[2].split())


def provider(kind, parts, folder, node_modules, signs, method, certificate):
    if kind == "lasso":
        return Lasso(parts, signs)
    if kind == "simplesamlphp":
        return SimpleSAMLphp(folder, signs, base64_of(certificate))
    public = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=certificate, capture_output=True, text=True,
                            check=True).stdout
    return Samlp(folder, node_modules, signs, encryptionCert=certificate, encryptionPublicKey=public,
                 encryptionAlgorithm=method,
                 disallowEncryptionWithInsecureAlgorithm=False)


class Lasso:
    """The demo's Entra ID, which `parts` starts, stops and reads the log of."""

    def __init__(self, parts, signs):
        self.parts, self.signs, self.url = parts, signs, parts.entra_url

    @property
    def metadata_url(self):
        return self.parts.entra_metadata_url()

    def start(self):
        self.parts.start_entra(sign=self.signs, encrypt_for=self.parts.folder / "old.crt")

    def logs(self):
        return ""

    def close(self):
        pass


class Setting:
    def __init__(self, parts, idp, kind):
        self.parts, self.idp, self.kind = parts, idp, kind

    def sign_on(self, browser, stop=None):
        browser.open(door_address(self.parts, "managed"))
        browser.click("Log in")
        assert browser.page.url.startswith(self.idp.url), f"{browser.page.url}: {browser.page.text[:400]}"
        return self.idp.sign_in(browser, MAYA, stop=stop) if self.kind == "simplesamlphp" else pick(browser, MAYA, stop=stop)

    def logs(self):
        return f"{self.parts.logs()}\n{self.idp.logs()}"

    def close(self):
        self.parts.close()
        self.idp.close()


def start(case, folder, postern_build, peer_parts, node_modules):
    kind, signs, method = case
    parts = EncryptedParts(folder / "postern", postern_build, slapd_port=peer_parts.ports["slapd"])
    idp = provider(kind, parts, folder / "idp", node_modules, signs, method, parts.make_pairs()[1])
    made = Setting(parts, idp, kind)
    try:
        if kind == "lasso":
            idp.start()
        elif kind == "samlp":
            idp.start(company.in_entra(), company.TENANT)
        else:
            idp.start(parts.sp_entity_id, parts.our_acs, company.in_entra(), company.TENANT)
        start_with(parts, idp.metadata_url)
    except BaseException:
        made.close()
        raise
    return made


# Cases that several tests want: none of them changes anything.
AGAIN = (CASES[0], CASES[1], CASES[3])


@pytest.fixture(scope="module")
def kept():
    made = {}
    yield made
    for setting in made.values():
        setting.close()


@pytest.fixture
def encrypted(request, kept, tmp_path, postern_build, peer_parts, node_modules):
    case = request.param
    if case not in kept:
        kept[case] = start(case, tmp_path, postern_build, peer_parts, node_modules)
    yield kept[case]
    if case not in AGAIN:
        kept.pop(case).close()


@pytest.mark.parametrize("encrypted", CASES, indirect=True,
                         ids=["-".join((kind, signs, method.split("#")[1])) for kind, signs, method in CASES])
def test_encrypted_answer_signs_a_person_on(request, encrypted, browser):
    """And what was sent was encrypted and signed as it says."""
    _, signs, method = request.node.callspec.params["encrypted"]
    encrypted.sign_on(browser, stop=to_postern_acs(encrypted.parts))
    xml = response_of(browser.stopped_at)
    assert f'Algorithm="{method}"' in xml and "EncryptedAssertion" in xml and MAYA["id"] not in xml
    assert ("<Signature" in xml or "<ds:Signature" in xml) == (signs != "assertion")
    page = browser.go(browser.stopped_at)
    assert_signed_on(encrypted.parts, page, MAYA)
    line = encrypted.parts.audit()[-1]
    assert (line["event"], line["mail"], line["object_id"], line["tenant"]) == ("assertion", MAYA["mail"], MAYA["id"],
                                                                                company.TENANT)
    # and is explained as it was decided
    stored = encrypted.parts.folder / "stored.xml"
    stored.write_text(xml)
    said = replay(encrypted.parts, stored, line)
    assert list(said["decisions"][0].items()) == decided(line)
    assert "encrypted" in said["response"]["lasso"]["not_asked"]
    assert {"check": "decryption", "result": "ok"}.items() <= next(
        check for check in said["response"]["checks"] if check["check"] == "decryption").items()


def flipped(xml, which, at):
    """One bit of the key (0) or of the content (1)."""
    found = list(re.finditer(r"CipherValue>([^<]+)<", xml))[which]
    changed = bytearray(base64.b64decode(found[1]))
    changed[at] ^= 1
    return xml[:found.start(1)] + base64.b64encode(changed).decode() + xml[found.end(1):]


@pytest.mark.parametrize("encrypted", [CASES[0], CASES[3]], indirect=True, ids=["gcm", "cbc"])
def test_every_change_inside_gets_the_same_page(encrypted, browser):
    encrypted.sign_on(browser, stop=to_postern_acs(encrypted.parts))
    request, pages, details = browser.stopped_at, set(), set()
    xml = response_of(request)
    for which, at in ((0, -1), (1, 0), (1, 20), (1, 1000), (1, -1), (1, -17)):
        page = browser.go(with_response(request, flipped(xml, which, at)))
        assert_refused(encrypted.parts, page, "encrypted-answer", 403)
        line = encrypted.parts.audit()[-1]
        # All but the id and the time.
        pages.add(re.sub(r"Time [0-9T:Z-]+", "Time", page.text.replace(line["id"], "")))
        details.add(line["detail"])
    assert len(pages) == 1, pages
    assert len(details) > 1, details
    assert_signed_on(encrypted.parts, browser.go(request), MAYA)


@pytest.mark.parametrize("encrypted", [CASES[1]], indirect=True)
def test_signed_response_is_verified_before_a_key_is_used(encrypted, browser):
    encrypted.sign_on(browser, stop=to_postern_acs(encrypted.parts))
    changed = flipped(response_of(browser.stopped_at), 1, -1)
    assert_refused(encrypted.parts, browser.go(with_response(browser.stopped_at, changed)), "signature-invalid", 403)


@pytest.mark.parametrize("encrypted", [CASES[0]], indirect=True)
def test_metadata_shows_both_certificates_the_new_one_first(encrypted):
    parts = encrypted.parts
    metadata = parts.fetch("/saml/sp/metadata").decode()
    certificates = [base64_of((parts.folder / f"{name}.crt").read_text()) for name in ("new", "old")]
    shown = re.findall(r'use="encryption".*?<ds:X509Certificate>(.*?)<', metadata, flags=re.S)
    assert shown == certificates


@pytest.mark.parametrize("encrypted", [CASES[0]], indirect=True)
def test_check_has_lasso_encrypt_for_us(encrypted):
    run = subprocess.run(encrypted.parts.postern_command("check", "--offline"), capture_output=True, text=True, timeout=60)
    assert "encrypts its answer for our first certificate, and it is opened" in run.stdout, run.stdout
    assert "new.crt: a certificate for encryption" in run.stdout
