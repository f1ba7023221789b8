# SPDX-License-Identifier: GPL-3.0-or-later
"""SimpleSAMLphp as service providers at doors of Postern's: one `php -S`, an authentication source for each way of signing."""
from parts import Part, answers_tcp, free_port, make_key
from simplesamlphp import CONFIG, php

# What a person sees who is signed on: GET /who?source=NAME.
ROUTER = """<?php
if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/who')
	return false;
require_once '/usr/share/simplesamlphp/lib/_autoload.php';
$source = new \\SimpleSAML\\Auth\\Simple($_GET['source']);
$source->requireAuth();
$name_id = $source->getAuthData('saml:sp:NameID');
header('Content-Type: application/json');
echo json_encode(['name_id' => $name_id->getValue(), 'format' => $name_id->getFormat(),
	'attributes' => $source->getAttributes(),
	'issuer' => $source->getAuthData('saml:sp:IdP')]);
"""

REMOTE = """<?php
$metadata['{idp}'] = ['SingleSignOnService' => '{sso}', 'certData' => '{certificate}'];
"""


class SimpleSAMLphpServiceProviders:
    def __init__(self, folder, names, **options):
        """`names`: the sources.  `options` go to each of them, as redirect.sign."""
        self.folder, self.names, self.options = folder, names, options
        self.folder.mkdir(parents=True)
        self.port = free_port()
        # Of Postern's own site: on plain HTTP it sets no Secure cookie, hence none that a post from another site brings back.
        self.url = f"http://simplesamlphp.sso.localhost:{self.port}"
        self.part = None

    def entity_id(self, name):
        return f"{self.url}/{name}"

    def acs(self, name):
        return f"{self.url}/module.php/saml/sp/saml2-acs.php/{name}"

    def page(self, name):
        """Behind a sign-on: tells as JSON who came."""
        return f"{self.url}/who?source={name}"

    def start(self, idp, sso, certificate):
        """`certificate`: PEM."""
        make_key(self.folder, "sp", "SimpleSAMLphp service provider")
        for name in ("metadata", "tmp"):
            (self.folder / name).mkdir()
        text = "".join(f"$config['{name}'] = ['saml:SP'] + " + php({
            "entityID": self.entity_id(name), "idp": idp, "privatekey": "sp.key", "certificate": "sp.crt",
            "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", **self.options}) + ";\n"
                       for name in self.names)
        self.write("config.php", CONFIG.format(url=self.url, folder=self.folder))
        self.write("authsources.php", "<?php\n$config = [];\n" + text)
        self.write("metadata/saml20-idp-remote.php",
                   REMOTE.format(idp=idp, sso=sso, certificate="".join(certificate.splitlines()[1:-1])))
        self.write("router.php", ROUTER)
        command = ["env", f"SIMPLESAMLPHP_CONFIG_DIR={self.folder}", "php", "-S", f"127.0.0.1:{self.port}", "-t",
                   "/usr/share/simplesamlphp/www", self.folder / "router.php"]
        self.part = Part(self.folder, "php", command).start(lambda: answers_tcp(self.port))
        return self

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def logs(self):
        log = self.folder / "simplesamlphp.log"
        return f"{self.part.tail() if self.part else ''}\n{log.read_text(errors='replace')[-4000:] if log.exists() else ''}"

    def close(self):
        if self.part:
            self.part.stop()
