# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample configurations of doc/proxies/ in Debian's own nginx, HAProxy and Apache, in front of Postern.

A sample is loaded as it stands there, but for addresses, names and paths: each
`change` must find what it replaces.  A proxy does TLS by a certificate that is
made for the test.
"""
import http.client
import os
import pathlib
import ssl

from browser import Browser
from parts import Parts, answers_tcp, free_port, http_status, make_key, run, wait_for

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "doc" / "proxies"
NAME = "sso.example.org"
OURS = "sso.localhost"
CLIENT = "127.0.0.2"  # where people come from: not the proxy's own address, which Postern sees without any header
APACHE_FOLDER = pathlib.Path("/usr/lib/apache2/modules")


def make_certificate(folder, name, *names):
    """A key and a certificate that is its own authority."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
        f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{one}" for one in names), "-keyout", key, "-out",
        certificate)
    key.chmod(0o600)
    return key, certificate


def client_tls(certificate, alpn=("http/1.1",)):
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(list(alpn))
    return context


class DoorsWithoutTls(Browser):
    """The demo's doors speak plain HTTP, to which no page of an https address may post: this browser lets that pass."""

    def request_of(self, form, button=None, page=None):
        request = super().request_of(form, button, page)
        if request.form_policy and request.form_policy[0] == ["https:"]:
            request.form_policy = (["https:", "http:"], request.form_policy[1])
        return request


class Sample:
    """The text of a sample, with this test's addresses."""

    def __init__(self, name):
        self.text = (SAMPLES / name).read_text()

    def change(self, what, to):
        assert what in self.text, f"not in the sample: {what}"
        self.text = self.text.replace(what, str(to))
        return self

    def tls(self, parts):
        self.change("/etc/ssl/sso.example.org/fullchain.pem", parts.certificate)
        return self.change("/etc/ssl/sso.example.org/key.pem", parts.key)


NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log info;
{user}
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sample.conf;
}}
"""


def nginx(parts, folder):
    sample = Sample(parts.SAMPLES["nginx"]).change("listen [::]:443", f"listen [::1]:{parts.ports['proxy']}")
    sample.change("listen 443", f"listen 127.0.0.1:{parts.ports['proxy']}")
    sample.change("listen 80;", f"listen 127.0.0.1:{parts.ports['plain']};").change("listen [::]:80;", "")
    sample.tls(parts).change("/var/log/nginx/postern.log", folder / "access.log")
    parts.place(sample).change(f"https://{NAME}$", f"{parts.postern_url}$").change(NAME, OURS)
    (folder / "sample.conf").write_text(sample.text)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    return ["/usr/sbin/nginx", "-e", folder / "nginx-error.log", "-c", folder / "nginx.conf"]


def haproxy(parts, folder):
    all_pem = folder / "all.pem"
    all_pem.write_text(parts.certificate.read_text() + parts.key.read_text())
    all_pem.chmod(0o600)
    sample = Sample(parts.SAMPLES["haproxy"]).change("bind :443", f"bind 127.0.0.1:{parts.ports['proxy']}")
    sample.change("bind :80\n", f"bind 127.0.0.1:{parts.ports['plain']}\n").change("/etc/ssl/sso.example.org/all.pem", all_pem)
    parts.place(sample).change("log    /dev/log local0", "log stdout format raw local0")
    for line in ("    user   haproxy\n", "    group  haproxy\n", "    chroot /var/lib/haproxy\n"):
        sample.change(line, line if os.geteuid() == 0 and not parts.AS_ROOT else "")
    sample.change(NAME, f"{OURS}:{parts.ports['proxy']}")
    (folder / "haproxy.cfg").write_text(sample.text)
    return ["/usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"]


# What Debian's apache2.conf and `a2enmod` give.
APACHE = """\
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{proxy}
Listen 127.0.0.1:{plain}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
{user}
StartServers 1
ThreadsPerChild 16
MinSpareThreads 1
MaxSpareThreads 64
MaxRequestWorkers 64
{modules}
TypesConfig /etc/mime.types
Include {folder}/sample.conf
"""
APACHE_MODULES = ("mpm_event", "authz_core", "authz_host", "unixd", "mime", "alias", "headers", "proxy", "proxy_http",
                  "proxy_balancer", "proxy_hcheck", "lbmethod_byrequests", "slotmem_shm", "socache_shmcb", "ssl", "http2",
                  "reqtimeout")


def apache(parts, folder):
    sample = Sample(parts.SAMPLES["apache"]).change("*:80", f"127.0.0.1:{parts.ports['plain']}")
    sample.change("*:443", f"127.0.0.1:{parts.ports['proxy']}").tls(parts)
    parts.place(sample).change("/var/log/apache2/postern.log", folder / "access.log")
    sample.change(f"https://{NAME}/", f"{parts.postern_url}/").change(NAME, OURS)
    (folder / "sample.conf").write_text(sample.text)
    modules = "\n".join(f"LoadModule {name}_module {APACHE_FOLDER}/mod_{name}.so" for name in APACHE_MODULES
                        if (APACHE_FOLDER / f"mod_{name}.so").exists())
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(APACHE.format(folder=folder, modules=modules, user=user, **parts.ports))
    return ["/usr/sbin/apache2", "-f", folder / "apache.conf", "-D", "FOREGROUND"]


PROXIES = {"nginx": nginx, "haproxy": haproxy, "apache": apache}


class Proxied(Parts):
    """The demo, with browsers coming to Postern through a proxy that does TLS."""
    AS_ROOT = False  # the proxy, where the test is root
    SAMPLES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "apache": "apache.conf"}

    def __init__(self, folder, build, proxy):
        super().__init__(folder, build)
        self.proxy_name, self.proxy = proxy, None
        for name in ("proxy", "plain"):
            self.ports[name] = free_port()
        self.behind = self.ports["postern"]  # where the proxy finds Postern
        self.key, self.certificate = make_certificate(self.folder, "tls", OURS)

    @property
    def postern_url(self):
        return f"https://{self.host('sso', 'proxy')}"

    def postern_status(self, path):
        """Asked beside the proxy."""
        return http_status(self.ports["postern"], self.host("sso", "proxy"), path)

    def settings(self, metadata=None):
        return super().settings(metadata) + "trusted_proxies: [127.0.0.1]\n"

    def browser(self, **more):
        return DoorsWithoutTls(tls=client_tls(self.certificate), address=CLIENT, **more)

    def place(self, sample):
        """Where the proxy finds Postern."""
        return sample.change("127.0.0.1:8080", f"127.0.0.1:{self.behind}")

    def start_proxy(self):
        folder = self.folder / self.proxy_name
        folder.mkdir()
        command = PROXIES[self.proxy_name](self, folder)
        self.proxy = self.start_part(self.proxy_name, command, lambda: answers_tcp(self.ports["proxy"]))
        return self

    def start_all(self):
        super().start_all()
        return self.start_proxy()


# ---- several hosts ----


class Host(Proxied):
    """A Postern of several: the first one's keys, cookie secret and doors, and a folder, claims and mirror of its own."""

    def __init__(self, first, name, slapd_port=None):
        Parts.__init__(self, first.folder / name, first.build)
        self.first, self.name = first, name
        self.ports = dict(first.ports, postern=free_port(), slapd=slapd_port or first.ports["slapd"])
        self.environment = []

    def postern_status(self, path):
        return https_status(self.first.inner_certificate, self.ports["postern"], self.host("sso", "proxy"), path)

    def settings(self, metadata=None):
        shared = self.first.folder
        text = super().settings(metadata or self.first.entra_metadata_url())
        return text.replace(f"{self.folder}/signing.", f"{shared}/signing.") + (
            f"host: {self.name}\ncookie_secret: {shared}/cookie.secret\ntls_certificate: {shared}/inner.crt\n"
            f"tls_key: {shared}/inner.key\n")

    def start_postern(self, ready=None, seconds=60):
        command = ["env", *self.environment, *self.postern_command("serve")]
        self.postern = self.start_part("postern", command, ready or self.is_ready, seconds)
        return self.postern

    def kill(self):
        """As when the machine loses its power: nobody says goodbye."""
        self.postern.process.kill()
        self.postern.stop()
        wait_for(lambda: not answers_tcp(self.ports["postern"]), 60, "its workers to be gone")


def https_status(certificate, port, host, path):
    """With the host's own certificate; the proxy's is another."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.connect()
        connection.sock = client_tls(certificate).wrap_socket(connection.sock, server_hostname=OURS)
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class TwoHosts(Proxied):
    """Hosts a and b behind one proxy, which asks them by TLS."""
    SAMPLES = {"nginx": "nginx-two-hosts.conf", "haproxy": "haproxy-two-hosts.cfg", "apache": "apache-two-hosts.conf"}

    def __init__(self, folder, build, proxy, replica_port=None):
        """`replica_port`: host b asks that directory server."""
        super().__init__(folder, build, proxy)
        self.inner_key, self.inner_certificate = make_certificate(self.folder, "inner", OURS)
        self.hosts = {"a": Host(self, "a"), "b": Host(self, "b", replica_port)}

    def place(self, sample):
        for address, name in (("192.0.2.11:8443", "a"), ("192.0.2.12:8443", "b")):
            sample.change(address, f"127.0.0.1:{self.hosts[name].ports['postern']}")
        for before in ("sni str(", "check-sni ", "proxy_ssl_name                "):
            sample.text = sample.text.replace(before + NAME, before + OURS)
        return sample.change("/etc/ssl/postern-authority.pem", self.inner_certificate)

    def start_all(self):
        make_key(self.folder, "signing", "Postern demo signing")
        (self.folder / "cookie.secret").write_bytes(os.urandom(48))
        (self.folder / "cookie.secret").chmod(0o600)
        self.start_slapd()
        acs = ",".join(f"{self.postern_url}/saml/sp/acs/{name}" for name in self.hosts)
        self.start_entra([f"{self.postern_url}/saml/sp/metadata {acs} {self.postern_url}/saml/sp/slo"])
        self.start_door("managed")
        for host in self.hosts.values():
            host.write_postern_files()
            host.start_postern()
        return self.start_proxy()

    def close(self):
        for host in self.hosts.values():
            host.close()
        super().close()

    def logs(self):
        return super().logs() + "".join(host.logs() for host in self.hosts.values())
