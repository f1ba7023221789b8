# SPDX-License-Identifier: GPL-3.0-or-later
"""The npm packages of `node/`, installed into the build folder, and the processes that use them."""
import json
import pathlib
import select
import shutil
import subprocess
import tempfile

from parts import run

SOURCES = pathlib.Path(__file__).resolve().parent / "node"
FILES = ("package.json", "package-lock.json", ".npmrc")


def install(build):
    """`npm ci`, once for a lock file.  Returns the node_modules folder."""
    folder = build / "node"
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "node_modules/.postern-lock"
    lock = (SOURCES / "package-lock.json").read_text()
    if not done.exists() or done.read_text() != lock:
        for name in FILES:
            shutil.copy(SOURCES / name, folder / name)
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder, timeout=300)
        done.write_text(lock)
    return folder / "node_modules"


def command(script, modules, *arguments):
    return ["env", f"NODE_PATH={modules}", "node", str(SOURCES / script), *map(str, arguments)]


class NodeProcess:
    """A script of `node/`: a line of JSON in, a line of JSON out."""

    SCRIPT = None

    def __init__(self, modules):
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *command(self.SCRIPT, modules)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said)

    def begin(self, **what):
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def end(self, seconds=60):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise AssertionError(f"no answer within {seconds} s\n{self.logs()}")
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"failed": f"the process ended\n{self.logs()}"}
        assert "failed" not in answer, "\n".join(f"{key}: {value}" for key, value in answer.items())
        return answer

    def order(self, seconds=60, **what):
        self.begin(**what)
        return self.end(seconds)

    def logs(self):
        self.said.seek(0)
        return self.said.read()[-4000:]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.said.close()


class ServiceProviders(NodeProcess):
    """Each of its providers remembers the requests that it made."""

    SCRIPT = "service_providers.js"


class ServiceProvider:
    """One of them."""

    def __init__(self, process, kind, name, options):
        self.process, self.kind, self.name = process, kind, name
        process.order(do="new", kind=kind, name=name, options=options)

    def ask(self, relay, request_id=None):
        return self.process.order(do="ask", name=self.name, relay=relay, id=request_id)["url"]

    def ask_by_post(self, relay, request_id=None):
        return self.process.order(do="ask-by-post", name=self.name, relay=relay, id=request_id)["html"]

    def read(self, response, ids=()):
        """{"profile": ...} or {"refused": why}, of a posted SAMLResponse."""
        return self.process.order(do="read", name=self.name, response=response, ids=list(ids))
