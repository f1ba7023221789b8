# SPDX-License-Identifier: GPL-3.0-or-later
"""mod_auth_mellon, Apache's other SAML service provider: one location, with its own entity ID and ACS, for each door."""
import os
import pathlib
import pwd
import shutil
import tempfile

from parts import Part, PartFailed, answers_tcp, free_port, make_key

MODULES = "/usr/lib/apache2/modules"

APACHE = """\
ServerRoot {folder}
ServerName {url}
UseCanonicalName On
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
LogLevel warn auth_mellon:info
{user}
StartServers 1
ThreadsPerChild 4
MinSpareThreads 1
MaxSpareThreads 4
MaxRequestWorkers 4
{modules}
DocumentRoot {folder}/www
TypesConfig /etc/mime.types
MellonPostDirectory {folder}/posts
MellonLockFile {folder}/mellon.lock
<Directory {folder}/www>
Require all granted
Options +Includes
AddOutputFilter INCLUDES .html
</Directory>
{locations}"""

LOCATION = """\
<Location /{name}>
MellonEnable info
MellonEndpointPath /{name}/mellon/
MellonVariable mellon-{name}
MellonSPMetadataFile {folder}/{name}.xml
MellonSPPrivateKeyFile {folder}/mellon.key
MellonSPCertFile {folder}/mellon.crt
MellonIdPMetadataFile {folder}/idp-metadata.xml
MellonSecureCookie On
MellonCookieSameSite None
MellonUser NAME_ID
MellonMergeEnvVars On
{more}
</Location>
<Location /{name}/page>
AuthType Mellon
MellonEnable auth
Require valid-user
</Location>
"""

METADATA = """\
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">
<SPSSODescriptor AuthnRequestsSigned="{signs}" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/>
</SPSSODescriptor>
</EntityDescriptor>
"""

PAGE = """\
<!DOCTYPE html><html lang=en><title>{name}</title><p>user <!--#echo var="REMOTE_USER" -->;
surname <!--#echo var="MELLON_http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname" -->;
"""


class Mellon:
    def __init__(self, names, more="MellonSignatureMethod rsa-sha256"):
        """`names`: the locations.  The folder is open to the user that Apache runs as, unlike pytest's."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-mellon."))
        self.folder.chmod(0o755)
        self.names, self.more, self.port = names, more, free_port()
        self.url = f"http://mellon.localhost:{self.port}"
        self.apache = None

    def entity_id(self, name):
        return f"{self.url}/{name}/mellon/metadata"

    def acs(self, name):
        return f"{self.url}/{name}/mellon/postResponse"

    def page(self, name):
        """Behind a sign-on."""
        return f"{self.url}/{name}/page/index.html"

    def start(self, idp_metadata):
        (self.folder / "idp-metadata.xml").write_bytes(idp_metadata)
        self.write_files()
        try:
            self.apache = Part(self.folder, "apache-says",
                               ["/usr/sbin/apache2", "-f", self.folder / "apache.conf", "-D", "FOREGROUND"])
            self.apache.start(lambda: answers_tcp(self.port))
        except PartFailed as fault:
            logs = self.logs()
            self.close()
            raise PartFailed(f"{fault}\n{logs}") from None
        return self

    def write_files(self):
        key, certificate = make_key(self.folder, "mellon", "mod_auth_mellon")
        inner = "".join(certificate.read_text().splitlines(keepends=True)[1:-1])
        www_data = os.getuid() == 0 and pwd.getpwnam("www-data")
        for name in self.names:
            (self.folder / f"{name}.xml").write_text(METADATA.format(entity_id=self.entity_id(name), acs=self.acs(name),
                                                                     signs="true",
                                                                     certificate=inner))
            page = self.folder / "www" / name / "page"
            page.mkdir(parents=True)
            (page / "index.html").write_text(PAGE.format(name=name))
        (self.folder / "posts").mkdir()
        if www_data:
            os.chown(self.folder / "posts", www_data.pw_uid, www_data.pw_gid)
        user = "User www-data\nGroup www-data" if www_data else f"User #{os.getuid()}\nGroup #{os.getgid()}"
        modules = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in (
            "mpm_event", "authz_core", "authz_user", "authn_core", "auth_basic", "dir", "mime", "include", "auth_mellon"))
        names = dict(folder=self.folder, url=self.url, port=self.port)
        (self.folder / "apache.conf").write_text(APACHE.format(
            modules=modules, user=user, locations="".join(LOCATION.format(name=n, more=self.more, **names) for n in self.names),
            **names))

    def logs(self):
        return "\n".join(f"---- {f} ----\n" + "\n".join(f.read_text(errors="replace").splitlines()[-30:])
                         for f in self.folder.glob("*.log"))

    def close(self):
        if self.apache:
            self.apache.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
