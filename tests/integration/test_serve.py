# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern serve` as a parent: who is started, watched, replaced, reloaded and ended.

Needs no directory and no browser: workers answer /health/live whatever else
is missing.  Every process is found below the parent's id and ended by its own.
"""
import contextlib
import datetime
import functools
import http.client
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")
POSTERN = BUILD / "postern"

SETTINGS = """\
public_url: http://sso.localhost:8080
listen: {listen}
key: signing.key
certificate: signing.crt
state_dir: state
runtime_dir: run
workers: {workers}
claimed_domains: [example.org]
identity_providers:
  entra: {{metadata: "{metadata}"{more}}}
connections:
  organisation:
    kind: managed
    entity_id: https://auth.example.com/saml/1
    acs: https://auth.example.com/login/callback?connection=saml-1
    start: https://example.atlassian.net
directories:
  corp:
    uri: ldap://127.0.0.1:1
    bind_dn: cn=postern,dc=example
    password_file: ldap.password
    people: {{base: "ou=people,dc=example"}}
    groups: {{base: "ou=groups,dc=example"}}
    join: {{objectidentifier: employeeNumber}}
rules:
  - {{name: agents, when: "member of corp:agents", outcome: licensed}}
health_networks: 127.0.0.1
"""

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing">
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
</md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
 Location="https://idp.example/sso"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def until(what, seconds=60):
    """What `what` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Serve:
    def __init__(self, folder, keys):
        self.folder = folder
        self.process = None
        self.log_path = folder / "log"
        for key in keys.iterdir():
            shutil.copy(key, folder)
        (folder / "entra.xml").write_text(self.metadata())
        (folder / "ldap.password").write_text("swordfish\n")
        (folder / "ldap.password").chmod(0o600)
        self.write()

    def metadata(self, entity="https://idp.example/"):
        pem = (self.folder / "idp.crt").read_text()
        return METADATA.format(entity=entity, certificate="".join(pem.split("\n")[1:-2]))

    def write(self, listen="127.0.0.1:0", workers=2, metadata="entra.xml", more=""):
        (self.folder / "p.yaml").write_text(SETTINGS.format(listen=listen, workers=workers, metadata=metadata, more=more))

    def start(self, within=()):
        """`within`: a command that executes what is behind it."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*within, POSTERN, "-c", self.folder / "p.yaml", "serve"], stdout=log, stderr=log)
        return self

    def start_ready(self):
        self.start()
        self.wait_for("serving address=")
        self.port = int(re.search(r"serving address=127\.0\.0\.1:(\d+)", self.log()).group(1))
        return self

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def start_whole(self, workers=2):
        """With all roles: until it is executed a child is in nobody's list, and still has all that its parent has."""
        self.start_ready()
        self.wait_for("ready role=", 2 * workers + 2)
        return self

    def wait_for(self, text, count=1, seconds=60):
        until(lambda: self.log().count(text) >= count, seconds)

    def children(self, role=""):
        """{pid: arguments} of living processes below the parent."""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == self.process.pid and fields[0] != "Z":
                    arguments = stat.with_name("cmdline").read_text().split("\0")
                    if f"role {role}".strip() in " ".join(arguments):
                        found[int(stat.parent.name)] = arguments
        return found

    def workers(self):
        return set(self.children("worker"))

    def get(self, path="/health/live", timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Host": "sso.localhost:8080"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def signal(self, number):
        self.process.send_signal(number)

    def close(self):
        if not self.process:
            return
        children = list(self.children()) if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("signing", "idp"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                        "-keyout",
                        folder / f"{name}.key", "-out", folder / f"{name}.crt"], check=True, capture_output=True)
        (folder / f"{name}.key").chmod(0o600)
    return folder


@pytest.fixture
def serve(tmp_path, keys):
    made = Serve(tmp_path, keys)
    yield made
    made.close()
    print(made.log())


def test_starts_one_process_a_role_and_stops_them_all(serve):
    serve.start_whole()
    assert len(serve.workers()) == 2
    assert len(serve.children("keys")) == 2, "one beside each worker"
    assert len(serve.children("mirror")) == 1
    assert len(serve.children("refresh")) == 1
    assert len(serve.children("metrics")) == 0, "nobody is to be told"
    assert serve.get() == 200
    children = list(serve.children())
    serve.signal(signal.SIGTERM)
    assert serve.process.wait(30) == 0
    assert not any(map(is_alive, children))
    assert "stopped" in serve.log()


def descriptors(pid):
    """What they are; one may be closed while we look."""
    found = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(fd))
    return found


def test_hands_each_role_only_its_own_descriptors(serve):
    serve.start_whole()

    def sockets(pid):
        return {link for link in descriptors(pid) if link.startswith("socket:")}

    listening = {f"socket:[{line.split()[9]}]" for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == serve.port}
    assert len(listening) == 1
    assert [sockets(pid) & listening for pid in serve.workers()] == [listening, listening]
    (mirror,) = serve.children("mirror")
    assert not sockets(mirror) & listening


def test_hides_memory_from_debuggers_and_core_dumps(serve):
    serve.start_whole()
    if os.geteuid() != 0:
        for pid in serve.children():
            with pytest.raises(PermissionError):
                open(f"/proc/{pid}/mem", "rb")
    else:
        # of a process that is not dumpable everything in /proc belongs to root, which root cannot tell from its own
        as_other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for pid in serve.children():
            assert subprocess.run([*as_other, "cat", f"/proc/{pid}/environ"], capture_output=True).returncode != 0


def test_replaces_a_killed_worker_at_once_on_its_socket(serve):
    serve.write(workers=1)
    serve.start_ready()
    (old,) = serve.workers()
    time.sleep(1.1)
    for _ in range(3):
        os.kill(old, signal.SIGKILL)
        until(lambda: not is_alive(old))
        assert serve.get() == 200, "what waits in the queue is served by the replacement"
        (new,) = until(lambda: serve.workers() - {old})
        old = new
        time.sleep(1.1)
    assert serve.log().count("died, replaced at once") == 3


def test_replaces_a_stuck_worker_within_seconds(serve):
    serve.write(workers=1)
    serve.start_ready()
    (old,) = serve.workers()
    os.kill(old, signal.SIGSTOP)
    started = time.monotonic()
    assert serve.get(timeout=60) == 200
    assert 3 < time.monotonic() - started < 40, "five seconds are a worker's patience, a minute that of the others"
    assert not is_alive(old)
    assert "is stuck, killed role=worker instance=1" in serve.log()


def test_replaces_a_killed_mirror(serve):
    serve.start_whole()
    (old,) = serve.children("mirror")
    time.sleep(1.1)
    os.kill(old, signal.SIGKILL)
    until(lambda: set(serve.children("mirror")) - {old})
    assert serve.get() == 200


def test_tries_a_role_that_dies_early_ever_more_rarely(serve):
    (serve.folder / "state/mirror/mirror.mdb").mkdir(parents=True)
    serve.start_ready()
    serve.wait_for("died before it was ready", 3)
    deaths = [datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
              for line in serve.log().splitlines() if "died before it was ready" in line][:3]
    waits = [(after - before).total_seconds() for before, after in zip(deaths, deaths[1:])]
    assert waits[0] > 0.9 and waits[1] > 1.9, "one second, then two; more on a busy machine"
    assert serve.get() == 200, "workers are none the worse"


def test_leaves_no_orphan_when_it_is_killed(serve):
    serve.start_whole()
    children = list(serve.children())
    assert len(children) == 6
    serve.process.kill()
    serve.process.wait()
    until(lambda: not any(map(is_alive, children)))


def test_does_not_start_beside_a_service_with_the_same_folder(serve):
    serve.start_whole()
    before = set(serve.children())
    second = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "serve"], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    refused = next(line for line in second.stderr.splitlines() if " error " in line)
    assert "a service with this runtime_dir runs already" in refused and f" process={serve.process.pid} " in refused
    assert "ready role=" not in second.stderr
    assert set(serve.children()) == before
    assert serve.get() == 200
    # whoever is killed holds up nobody: the kernel takes the lock away
    serve.process.kill()
    serve.process.wait()
    serve.log_path.write_text("")
    serve.start_ready()


def test_keeps_the_old_settings_when_the_new_ones_are_bad(serve):
    serve.start_whole()
    before = set(serve.children())
    with open(serve.folder / "p.yaml", "a") as f:
        f.write("claimed_domain: [x.org]\nshow_groups: perhaps\n")
    serve.signal(signal.SIGHUP)
    serve.wait_for("the old ones stay in force")
    lines = len((serve.folder / "p.yaml").read_text().splitlines())
    assert f"p.yaml:{lines - 1}: claimed_domain: is not a setting; did you mean claimed_domains?" in serve.log()
    assert f"p.yaml:{lines}: show_groups: \\\"perhaps\\\" must be yes or no" in serve.log()
    assert set(serve.children()) == before
    assert serve.get() == 200


def test_keeps_the_old_settings_when_an_address_is_taken(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        serve.start_whole()
        before = set(serve.children())
        serve.write(listen=f"[127.0.0.1:0, 127.0.0.1:{taken.getsockname()[1]}]")
        serve.signal(signal.SIGHUP)
        serve.wait_for("the old ones stay in force")
        assert set(serve.children()) == before
        assert serve.get() == 200


def test_reloads_on_the_same_sockets_without_losing_a_request(serve):
    serve.start_whole()
    old, failed, done, over = set(serve.children()), [], [], threading.Event()

    def ask():
        while not over.is_set():
            try:
                done.append(serve.get())
            except (OSError, http.client.HTTPException) as problem:
                failed.append(repr(problem))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for turn in range(3):
        serve.signal(signal.SIGHUP)
        serve.wait_for("serving address=", 2 + turn)
        until(lambda: not any(map(is_alive, old)))
        old = until(lambda: set(serve.children()) if len(serve.children()) == 6 else None)
    over.set()
    for asker in askers:
        asker.join()
    assert set(done) == {200}
    assert not failed
    assert len(re.findall(r"serving address=127\.0\.0\.1:%d " % serve.port, serve.log())) == 4


def test_follows_a_change_of_workers_and_addresses(serve):
    serve.start_ready()
    serve.write(listen="[127.0.0.1:0, 127.0.0.2:0]", workers=3)
    serve.signal(signal.SIGHUP)
    serve.wait_for("serving address=127.0.0.2:")
    until(lambda: len(serve.workers()) == 3)
    other = int(re.search(r"serving address=127\.0\.0\.2:(\d+)", serve.log()).group(1))
    socket.create_connection(("127.0.0.2", other), 2).close()
    serve.write(workers=1)
    serve.signal(signal.SIGHUP)

    def is_refused():
        try:
            socket.create_connection(("127.0.0.2", other), 2).close()
        except ConnectionRefusedError:
            return True
        return False

    until(is_refused)
    until(lambda: len(serve.workers()) == 1)
    assert serve.get() == 200


def test_reloads_in_a_row_do_not_pile_up_processes(serve):
    serve.write(workers=1)
    serve.start_ready()
    descriptors = len(os.listdir(f"/proc/{serve.process.pid}/fd"))
    for turn in range(40):
        serve.signal(signal.SIGHUP)
        serve.wait_for("the new settings are in force", turn + 1)
    assert len(serve.children()) < 80, "4 of each of 40 readings would be 160"
    assert serve.get() == 200
    serve.wait_for("serving address=", 2, 60)
    until(lambda: len(serve.children()) == 4, 60)
    until(lambda: len(os.listdir(f"/proc/{serve.process.pid}/fd")) <= descriptors)


def test_does_not_grow_by_reloads(serve):
    serve.write(workers=1)
    serve.start_ready()

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{serve.process.pid}/status").read_text()).group(1))

    def reload(times):
        for _ in range(times):
            count = serve.log().count("the new settings are in force")
            serve.signal(signal.SIGHUP)
            serve.wait_for("the new settings are in force", count + 1)

    reload(5)
    before, descriptors = resident(), len(os.listdir(f"/proc/{serve.process.pid}/fd"))
    reload(15)
    until(lambda: len(serve.children()) == 4, 60)
    assert resident() - before < 1024, "kB"
    assert len(os.listdir(f"/proc/{serve.process.pid}/fd")) <= descriptors


class Metadata(http.server.BaseHTTPRequestHandler):
    def __init__(self, document, *arguments):
        self.document = document
        super().__init__(*arguments)

    def do_GET(self):
        body = self.document["text"].encode()
        self.send_response(self.document.get("status", 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.document["asked"] = self.document.get("asked", 0) + 1
        with contextlib.suppress(ConnectionError):      # what is too large is not read to its end
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def document():
    shared = {"text": ""}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Metadata, shared))
    shared["url"] = f"http://127.0.0.1:{server.server_port}/metadata.xml"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shared
    server.shutdown()
    server.server_close()


def test_keeps_the_last_good_metadata_on_disk(serve, document):
    kept = serve.folder / "state" / "metadata" / "entra.xml"
    document["text"] = serve.metadata()
    serve.write(metadata=document["url"], more=", refresh: 1s")
    serve.start_ready()
    until(lambda: kept.exists() and kept.read_text() == document["text"])
    serve.wait_for("metadata loaded", 2)
    good = document["text"]
    for bad in ("<html>sorry</html>", serve.metadata("https://other.example/"), good.replace("MII", "XXX"), "x" * (5 << 20)):
        document["text"], asked = bad, document["asked"]
        until(lambda: document["asked"] >= asked + 2)
        assert kept.read_text() == good
    assert serve.log().count("metadata cannot be fetched") == 1, "once for each change of state"
    document["text"] = good + "<!-- newer -->"
    until(lambda: kept.read_text() == document["text"])


def test_starts_without_metadata_and_takes_it_when_it_comes(serve, document):
    document["status"] = 503
    serve.write(metadata=document["url"])
    serve.start_ready()
    assert serve.get() == 200
    assert serve.get("/health/ready") == 503
    serve.wait_for("metadata cannot be fetched")
    document["text"], document["status"] = serve.metadata(), 200
    serve.wait_for("metadata loaded", 2, 60)


def test_goes_on_with_the_copy_when_the_address_is_gone(serve, document):
    (serve.folder / "state" / "metadata").mkdir(parents=True)
    (serve.folder / "state" / "metadata" / "entra.xml").write_text(serve.metadata())
    document["status"] = 404
    serve.write(metadata=document["url"])
    serve.start_ready()
    serve.wait_for("metadata loaded", 2)
    serve.wait_for("was answered with status 404")


@pytest.mark.parametrize("change, place, words", [
    (lambda s: (s.folder / "signing.key").chmod(0o640), "p.yaml:3: key: ", "0640"),
    (lambda s: (s.folder / "signing.key").unlink(), "p.yaml:3: key: ", "cannot open it"),
    (lambda s: (s.folder / "signing.crt").unlink(), "p.yaml:4: certificate: ", "signing.crt: cannot open it"),
    (lambda s: (s.folder / "signing.crt").write_text("-----"), "p.yaml:4: certificate: ", "signing.crt: "),
    (lambda s: (s.folder / "signing.crt").write_bytes((s.folder / "idp.crt").read_bytes()), "p.yaml:3: key: ", "signing.key"),
    (lambda s: (s.folder / "entra.xml").write_text("<x/>"), "p.yaml:10: metadata: ", "entra.xml"),
    (lambda s: s.write(listen="0.0.0.0:0"), "p.yaml:2: listen: ", "outside loopback"),
    (lambda s: s.write(more=", tennant: x"), "p.yaml:10: tennant: ", "did you mean tenant?"),
], ids=["group-readable-key", "no-key", "no-certificate", "no-pem", "other-certificate", "no-signing-certificate",
        "plain-http-outside", "unknown-key"])
def test_refuses_to_start_on_what_no_waiting_mends(serve, change, place, words):
    change(serve)
    serve.start()
    assert serve.process.wait(30) == 1
    (line,) = [line for line in serve.log().splitlines() if place in line]
    assert words in line
    check = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check", "--offline"], capture_output=True, text=True)
    assert check.returncode == 1
    assert place in check.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_runs_the_roles_as_another_user(serve):
    serve.folder.chmod(0o755)
    for above in list(serve.folder.parents)[:3]:
        if above != pathlib.Path("/tmp") and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    with open(serve.folder / "p.yaml", "a") as f:
        f.write("user: nobody\n")
    serve.start_whole()
    for pid in serve.children():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"^Uid:\s+65534\s+65534\s+65534\s+65534$", status, re.M), status
        assert re.search(r"^CapEff:\s+0+$", status, re.M)
    assert serve.get() == 200
    assert (serve.folder / "state" / "cookie.secret").stat().st_uid == 0
    assert (serve.folder / "state" / "mirror" / "mirror.mdb").stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_commands_find_the_service_of_another_user_after_reloads(serve):
    serve.folder.chmod(0o755)
    for above in list(serve.folder.parents)[:3]:
        if above != pathlib.Path("/tmp") and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    with open(serve.folder / "p.yaml", "a") as f:
        f.write("user: nobody\n")
    serve.start_ready()
    for _ in range(2):
        done = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "reload"], capture_output=True, text=True)
        assert done.stdout == "the new settings are in force\n", done.stderr


def test_keeps_files_off_standard_descriptors_that_were_closed(serve):
    """A log line must not be written into the claims."""
    serve.process = subprocess.Popen(["/bin/sh", "-c", 'exec "$0" -c "$1" serve 0<&- 1>&- 2>&-', POSTERN,
                                      serve.folder / "p.yaml"])
    claims = serve.folder / "run" / "claims.mdb"
    for pid in until(lambda: serve.workers() if len(serve.workers()) == 2 and claims.exists() else None):
        until(lambda pid=pid: str(claims) in descriptors(pid))
        for fd in (0, 1, 2):
            assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_imports_as_the_user_of_the_roles(serve):
    with open(serve.folder / "p.yaml", "a") as f:
        f.write("user: nobody\n")
    for above in [serve.folder, *list(serve.folder.parents)[:3]]:
        if above != pathlib.Path("/tmp") and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    export, victim = serve.folder / "export.csv", serve.folder / "victim"
    export.write_text("email\nada@example.org\n")
    export.chmod(0o600)
    victim.write_text("of root")
    victim.chmod(0o600)
    (serve.folder / "state").mkdir()
    os.chown(serve.folder / "state", 65534, 65534)
    (serve.folder / "state/accounts").mkdir()
    os.chown(serve.folder / "state/accounts", 65534, 65534)
    lock = serve.folder / "state/accounts/accounts.mdb-lock"
    lock.symlink_to(victim)
    base = [POSTERN, "-c", serve.folder / "p.yaml", "accounts", "import", export]
    assert subprocess.run(base, capture_output=True).returncode == 1
    assert victim.read_text() == "of root"
    assert victim.stat().st_mode & 0o777 == 0o600
    lock.unlink()
    done = subprocess.run(base, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("accounts.mdb", "accounts.mdb-lock"):
        assert (serve.folder / "state/accounts" / name).stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("made_before", [False, True], ids=["no-folder", "roots-folder"])
def test_root_imports_before_the_first_start(serve, made_before):
    with open(serve.folder / "p.yaml", "a") as f:
        f.write("user: nobody\n")
    for above in [serve.folder, *list(serve.folder.parents)[:3]]:
        if above != pathlib.Path("/tmp") and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    if made_before:
        (serve.folder / "state").mkdir(mode=0o750)
    (serve.folder / "export.csv").write_text("email\nada@example.org\n")
    base = [POSTERN, "-c", serve.folder / "p.yaml"]
    done = subprocess.run([*base, "accounts", "import", serve.folder / "export.csv"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # fill comes as far as to the directory, which is not there
    done = subprocess.run([*base, "fill"], capture_output=True, text=True, timeout=60)
    assert "postern fill: corp: ldap://127.0.0.1:1" in done.stderr, done.stderr
    for name in ("", "accounts", "accounts/accounts.mdb", "mirror"):
        assert (serve.folder / "state" / name).stat().st_uid == 65534
    serve.start_ready()


def test_check_names_what_is_fine_and_what_is_missing(serve):
    check = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    assert "organisation: lasso, as this connection, asks and accepts what is issued" in check.stdout
    assert re.search(r"warning  \S+p\.yaml:18: corp: ldap://127\.0\.0\.1:1: ", check.stdout)
    assert "warning  no inventory" in check.stdout
    assert "1 connection, 1 directory, 1 rule, 0 requirements, 0 links" in check.stdout
    assert "0 errors, " in check.stdout and check.stderr == ""
    assert not (serve.folder / "state").exists(), "check changes nothing"


def test_check_says_where_serve_could_not_listen(serve):
    def check(*more):
        done = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check", *more], capture_output=True, text=True)
        return done.stdout[:done.stdout.index("keys and files")]

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        serve.write(listen=f"[127.0.0.1:0, {address}]")
        assert f"warning  listen: {address} is taken, and no service with these settings can be seen from here" in check()
        assert "is taken" not in check("--offline")
    serve.write()
    with open(serve.folder / "p.yaml", "a") as settings:
        settings.write("metrics_listen: 192.0.2.1:9464\nmetrics_networks: 10.0.0.0/8\n")
    assert "warning  metrics_listen: 192.0.2.1:9464 is no address of this host now" in check()
    # the service's own sockets are no finding
    serve.write()
    serve.start_ready()
    serve.write(listen=f"127.0.0.1:{serve.port}")
    assert "is taken" not in check()
    assert serve.get() == 200


@pytest.mark.parametrize("arguments, status, words", [
    ([], 2, "usage: postern"),
    (["nonsense"], 2, "there is no command nonsense"),
    (["--nonsense"], 2, "usage: postern"),
    (["help"], 0, "serve "),
    (["help", "check"], 0, "--offline"),
    (["help", "nonsense"], 2, "there is no command nonsense"),
    (["check", "--help"], 0, "--offline"),
    (["check", "--nonsense"], 2, "usage: postern [-c FILE] check"),
    (["serve", "now"], 2, "usage: postern"),
    (["version"], 0, "postern 0."),
    (["accounts", "import"], 2, "usage: postern [-c FILE] accounts"),
    (["role", "worker"], 2, "for `postern serve` and the units of postern.target alone"),
])
def test_says_how_it_is_used(arguments, status, words):
    done = subprocess.run([POSTERN, *arguments], capture_output=True, text=True)
    assert done.returncode == status
    assert words in (done.stderr if status else done.stdout)


def test_accounts_are_not_imported_from_what_is_no_export(serve):
    (serve.folder / "notes.csv").write_text("a note\n")
    done = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "accounts", "import", serve.folder / "notes.csv"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert f"postern accounts: {serve.folder}/notes.csv: line 1: no column `Email`" in done.stderr


def test_accounts_are_imported_and_shown(serve):
    export = serve.folder / "export.csv"
    export.write_text("User id,User name,email,User status,Billable,Jira\n1,Ada,Ada@Example.org,Active,Yes,Yes\n")
    base = [POSTERN, "-c", serve.folder / "p.yaml", "accounts"]
    assert subprocess.run([*base, "show", "ada@example.org"], capture_output=True, text=True).returncode == 1
    done = subprocess.run([*base, "import", export], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 rows read; the inventory holds 1 managed accounts" in done.stdout
    done = subprocess.run([*base, "show", "ada@example.org"], capture_output=True, text=True)
    assert done.returncode == 0
    assert re.search(r"^kind +managed$", done.stdout, re.M)
    done = subprocess.run([*base, "show", "bob@example.org"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "is not listed" in done.stdout
