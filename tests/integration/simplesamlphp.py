# SPDX-License-Identifier: GPL-3.0-or-later
"""SimpleSAMLphp as the identity provider of a company: `php -S` on a port of the kernel's, people with passwords."""
import json

from parts import Part, answers_tcp, free_port, make_key

CLAIMS = "http://schemas.microsoft.com/identity/claims/"
SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
PASSWORD = "correct horse"

CONFIG = """<?php
require '/etc/simplesamlphp/config.php';
$config = array_merge($config, [
	'baseurlpath' => '{url}/',
	'certdir' => '{folder}/', 'loggingdir' => '{folder}/', 'datadir' => '{folder}/', 'tempdir' => '{folder}/tmp',
	'metadatadir' => '{folder}/metadata', 'metadata.sources' => [['type' => 'flatfile', 'directory' => '{folder}/metadata']],
	'secretsalt' => 'only for these tests', 'auth.adminpassword' => 'only for these tests',
	'technicalcontact_email' => 'tests@example.org', 'logging.handler' => 'file', 'logging.level' => 6,
	'enable.saml20-idp' => true, 'session.cookie.secure' => false, 'session.cookie.samesite' => 'Lax',
	'session.phpsession.savepath' => '{folder}/tmp', 'store.type' => 'phpsession',
	'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
]);
"""

HOSTED = """<?php
$metadata['{entity_id}'] = [
	'host' => '__DEFAULT__', 'privatekey' => 'simplesamlphp.key', 'certificate' => 'simplesamlphp.crt', 'auth' => 'users',
	'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified',
	'sign.logout' => true, 'saml20.sign.assertion' => {sign_assertion}, 'saml20.sign.response' => {sign_response},
	'authproc' => [30 => ['class' => 'saml:AttributeNameID', 'attribute' => '{soap}name',
		'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress']],
];
"""

REMOTE = """<?php
$metadata['{entity_id}'] = [
	'AssertionConsumerService' => '{acs}',
	'SingleLogoutService' => '{slo}',
	'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'simplesaml.nameidattribute' => '{soap}name',
{more}];
"""


def php(value):
    """A value as PHP writes it; JSON's strings would be subject to PHP's own escapes."""
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(k)} => {php(v)}" for k, v in value.items()) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(map(php, value)) + "]"
    if isinstance(value, bool):
        return json.dumps(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def attributes_of(person, tenant):
    return {
        CLAIMS + "tenantid": [tenant], CLAIMS + "objectidentifier": [person["id"]], CLAIMS + "displayname": [person["name"]],
        METHODS: ["http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
                  "http://schemas.microsoft.com/claims/multipleauthn"],
        SOAP + "name": [person["upn"]], SOAP + "givenname": [person["given"]], SOAP + "surname": [person["surname"]],
    }


class SimpleSAMLphp:
    def __init__(self, folder, signs="both", encrypt_for=None):
        """encrypt_for: the base64 of a certificate."""
        self.folder, self.signs, self.encrypt_for = folder, signs, encrypt_for
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://login.localhost:{self.port}"
        self.entity_id = f"{self.url}/saml2/idp/metadata.php"
        self.part = None

    @property
    def metadata_url(self):
        """For clients that do not know names below localhost."""
        return f"http://127.0.0.1:{self.port}/saml2/idp/metadata.php"

    def start(self, sp_entity_id, acs, people, tenant, requests_signed_by=None):
        """`requests_signed_by`: the certificate (PEM) without which no request is taken; None: any is."""
        make_key(self.folder, "simplesamlphp", "SimpleSAMLphp identity provider")
        for name in ("metadata", "tmp"):
            (self.folder / name).mkdir()
        users = {f"{p['uid']}:{PASSWORD}": attributes_of(p, tenant) for p in people}
        self.write("config.php", CONFIG.format(url=self.url, folder=self.folder))
        self.write("authsources.php", "<?php\n$config = ['users' => ['exampleauth:UserPass'] + " + php(users) + "];\n")
        self.write("metadata/saml20-idp-hosted.php", HOSTED.format(
            entity_id=self.entity_id, soap=SOAP, sign_assertion=json.dumps(self.signs in ("assertion", "both")),
            sign_response=json.dumps(self.signs in ("response", "both"))))
        more = "" if not requests_signed_by else (
            "\t'validate.authnrequest' => true, 'certData' => '" + "".join(requests_signed_by.splitlines()[1:-1]) + "',\n")
        self.write("metadata/saml20-sp-remote.php", REMOTE.format(
            entity_id=sp_entity_id, acs=acs, slo=acs.split("/acs/")[0] + "/slo", soap=SOAP, more=more + self.encryption()))
        command = ["env", f"SIMPLESAMLPHP_CONFIG_DIR={self.folder}", "php", "-S", f"127.0.0.1:{self.port}", "-t",
                   "/usr/share/simplesamlphp/www"]
        self.part = Part(self.folder, "php", command).start(lambda: answers_tcp(self.port))
        return self

    def encryption(self):
        if not self.encrypt_for:
            return ""
        key = {"encryption": True, "signing": False, "type": "X509Certificate", "X509Certificate": self.encrypt_for}
        return f"\t'assertion.encryption' => true, 'keys' => [{php(key)}],\n"

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def sign_in(self, browser, person, password=PASSWORD, stop=None):
        """Fills in its form."""
        form = browser.page.form_with("username")
        assert form, browser.page.text[:500]
        form.fields = [f for f in form.fields if f[0] not in ("username", "password")]
        form.fields += [("username", person["uid"]), ("password", password)]
        return browser.submit(form, stop=stop)

    def logs(self):
        log = self.folder / "simplesamlphp.log"
        return f"{self.part.tail() if self.part else ''}\n{log.read_text(errors='replace')[-4000:] if log.exists() else ''}"

    def close(self):
        if self.part:
            self.part.stop()
