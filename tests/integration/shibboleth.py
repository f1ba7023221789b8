# SPDX-License-Identifier: GPL-3.0-or-later
"""Shibboleth's service provider: shibd and Apache of our own, on a port of the kernel's.

Several applications, each with its own entity ID, page and ACS.  Answers that
nobody asked for, or asked for under another id, are refused (blockUnsolicited).
"""
import os
import pathlib
import pwd
import shutil
import tempfile
from urllib.parse import quote

from parts import Part, PartFailed, answers_tcp, free_port, make_key, run

MODULES = "/usr/lib/apache2/modules"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"

SHIBBOLETH2 = """\
<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="60">
<OutOfProcess logger="{folder}/shibd.logger"/>
<InProcess logger="{folder}/native.logger"/>
<UnixListener address="{folder}/shibd.sock"/>
<ApplicationDefaults entityID="{first_entity_id}" REMOTE_USER="name_id" signing="{signing}" encryption="false" homeURL="{url}/">
<Sessions lifetime="600" timeout="600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="https"
 redirectLimit="exact" handlerURL="/Shibboleth.sso">
<SSO policyId="blockUnsolicited" ignoreNoPassive="{ignore_no_passive}" entityID="{idp}">SAML2</SSO>
<Logout>Local</Logout>
<Handler type="Session" Location="/Session" showAttributeValues="true" contentType="application/json"/>
</Sessions>
<Errors session="/etc/shibboleth/sessionError.html" metadata="/etc/shibboleth/metadataError.html"/>
<MetadataProvider type="XML" validate="false" path="{folder}/idp-metadata.xml"/>
<AttributeExtractor type="XML" validate="false" reloadChanges="false" path="{folder}/attribute-map.xml"/>
<CredentialResolver type="File" key="{folder}/shib.key" certificate="{folder}/shib.crt"/>
{overrides}</ApplicationDefaults>
<SecurityPolicyProvider type="XML" validate="false" path="/etc/shibboleth/security-policy.xml"/>
<ProtocolProvider type="XML" validate="false" reloadChanges="false" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
"""

OVERRIDE = """\
<ApplicationOverride id="{name}" entityID="{entity_id}">
<Sessions lifetime="600" timeout="600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="https"
 redirectLimit="exact" handlerURL="/{name}/Shibboleth.sso">
<SSO policyId="blockUnsolicited" ignoreNoPassive="{ignore_no_passive}" entityID="{idp}">SAML2</SSO>
<Logout>Local</Logout>
<Handler type="Session" Location="/Session" showAttributeValues="true" contentType="application/json"/>
</Sessions>
</ApplicationOverride>
"""

ATTRIBUTES = """\
<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{rows}</Attributes>
"""
NAME_ID = ('<Attribute name="urn:oasis:names:tc:SAML:{format}" id="name_id">'
           '<AttributeDecoder xsi:type="NameIDAttributeDecoder" '
           'formatter="$Format $Name" defaultQualifiers="false"/></Attribute>\n')
NAME_ID_FORMATS = ("1.1:nameid-format:emailAddress", "1.1:nameid-format:unspecified", "2.0:nameid-format:persistent")
# Shibboleth takes a missing NameFormat for `unspecified`, and matches formats exactly.
ATTRIBUTE = ('<Attribute name="{name}" id="{id}" nameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:{format}"/>\n')

APACHE = """\
ServerRoot {folder}
ServerName {url}
UseCanonicalName On
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
LogLevel warn
{user}
StartServers 1
ThreadsPerChild 4
MinSpareThreads 1
MaxSpareThreads 4
MaxRequestWorkers 4
{modules}
ShibConfig {folder}/shibboleth2.xml
DocumentRoot {folder}/www
<Directory {folder}/www>
Require all granted
</Directory>
{locations}"""

LOCATION = """\
<Location /{name}>
ShibRequestSetting applicationId {name}
</Location>
<Location /{name}/page>
AuthType shibboleth
ShibRequestSetting requireSession 1
Require shib-session
</Location>
"""

LOGGER = """\
log4j.rootCategory={level}, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={folder}/{name}.log
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{{%Y-%m-%d %H:%M:%S}} %p %c %x: %m%n
"""


class Shibboleth:
    def __init__(self, names, signing="false", ignore_no_passive="false"):
        """`names`: the applications.  `ignore_no_passive`: whether NoPassive is no error.

        The folder is open to the user that Apache runs as, unlike pytest's.
        """
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-shibboleth."))
        self.folder.chmod(0o755)
        self.names, self.signing, self.ignore_no_passive, self.port = names, signing, ignore_no_passive, free_port()
        self.url = f"http://shibboleth.localhost:{self.port}"
        self.shibd = self.apache = None

    def entity_id(self, name):
        return f"{self.url}/{name}"

    def acs(self, name):
        return f"{self.url}/{name}/Shibboleth.sso/SAML2/POST"

    def page(self, name):
        """Behind a sign-on."""
        return f"{self.url}/{name}/page/"

    def open_page(self, name):
        """Shown with and without a sign-on."""
        return f"{self.url}/{name}/open.html"

    def passive_start(self, name):
        """Asks whether somebody is signed on, without a word to the person."""
        return f"{self.url}/{name}/Shibboleth.sso/Login?isPassive=true&target={quote(self.open_page(name), safe='')}"

    def session(self, name):
        return f"{self.url}/{name}/Shibboleth.sso/Session"

    def start(self, idp_entity_id, idp_metadata, attributes):
        """`attributes`: name -> id; both common name formats are mapped."""
        (self.folder / "idp-metadata.xml").write_bytes(idp_metadata)
        self.write_files(idp_entity_id, attributes)
        environment = {
            "SHIBSP_CFGDIR": self.folder, "SHIBSP_RUNDIR": self.folder, "SHIBSP_LOGDIR": self.folder,
            "SHIBSP_CACHEDIR": self.folder,
            "SHIBSP_CONFIG": self.folder / "shibboleth2.xml",
        }
        command = ["env", *(f"{k}={v}" for k, v in environment.items())]
        try:
            self.shibd = Part(self.folder, "shibd-says",
                              [*command, "/usr/sbin/shibd", "-f", "-F", "-c", self.folder / "shibboleth2.xml",
                                                          "-p", self.folder / "shibd.pid"])
            self.shibd.start((self.folder / "shibd.sock").exists)
            self.apache = Part(self.folder, "apache-says",
                               [*command, "/usr/sbin/apache2", "-f", self.folder / "apache.conf", "-D", "FOREGROUND"])
            self.apache.start(lambda: answers_tcp(self.port))
        except PartFailed as fault:
            logs = self.logs()
            self.close()
            raise PartFailed(f"{fault}\n{logs}") from None
        return self

    def write_files(self, idp, attributes):
        make_key(self.folder, "shib", "Shibboleth service provider")
        names = dict(folder=self.folder, url=self.url, port=self.port, idp=idp, signing=self.signing,
                     ignore_no_passive=self.ignore_no_passive, first_entity_id=self.entity_id("default"))
        overrides = "".join(OVERRIDE.format(name=n, entity_id=self.entity_id(n), idp=idp,
                                            ignore_no_passive=self.ignore_no_passive)
                            for n in self.names)
        (self.folder / "shibboleth2.xml").write_text(SHIBBOLETH2.format(overrides=overrides, **names))
        rows = "".join(NAME_ID.format(format=name) for name in NAME_ID_FORMATS)
        rows += "".join(ATTRIBUTE.format(name=name, id=short, format=form) for name, short in attributes.items()
                       for form in ("unspecified", "basic", "uri"))
        (self.folder / "attribute-map.xml").write_text(ATTRIBUTES.format(rows=rows))
        for name, level in (("shibd", "INFO"), ("native", "WARN")):
            (self.folder / f"{name}.logger").write_text(LOGGER.format(folder=self.folder, name=name, level=level))
        modules = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so"
                            for m in ("mpm_event", "authz_core", "authz_user", "authn_core", "dir"))
        user, group = ("www-data", "www-data") if os.getuid() == 0 else (pwd.getpwuid(os.getuid()).pw_name, f"#{os.getgid()}")
        (self.folder / "apache.conf").write_text(APACHE.format(
            modules=f"{modules}\nLoadModule mpm_shib {MODULES}/mod_shib.so".replace("mpm_shib", "mod_shib"),
            user=f"User {user}\nGroup {group}", locations="".join(LOCATION.format(name=n) for n in self.names), **names))
        # What Apache's own user writes.
        for log in ("native.log",):
            (self.folder / log).touch()
            (self.folder / log).chmod(0o666)
        for name in self.names:
            page = self.folder / "www" / name / "page"
            page.mkdir(parents=True)
            (page / "index.html").write_text(f"<!DOCTYPE html><html lang=en><title>{name}</title><p>the page of {name}")
            open_page = f"<!DOCTYPE html><html lang=en><title>{name}</title><p>open to all at {name}"
            (page.parent / "open.html").write_text(open_page)

    def log(self):
        """What shibd says about the messages it read."""
        return (self.folder / "shibd.log").read_text(errors="replace") if (self.folder / "shibd.log").exists() else ""

    def logs(self):
        files = [*self.folder.glob("*.log")]
        return "\n".join(f"---- {f} ----\n" + "\n".join(f.read_text(errors="replace").splitlines()[-30:]) for f in files)

    def close(self):
        for part in (self.apache, self.shibd):
            if part:
                part.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def check_configuration(shibboleth):
    """For a person in front of one vague line: what shibd does not like about its settings."""
    return run("env", "SHIBSP_LOGGING=/etc/shibboleth/console.logger", "/usr/sbin/shibd", "-t", "-c",
               shibboleth.folder / "shibboleth2.xml")
