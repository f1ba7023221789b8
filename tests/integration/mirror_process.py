# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory process and the reading side, by mirror_driver.c."""
import subprocess
import time


class Mirror:
    def __init__(self, build, folder, **options):
        self.driver = build / "tests/integration/mirror_driver"
        self.options = {"mirror": str(folder / "mirror.mdb"), "timeout": "5", **options}
        self.log = folder / "mirror.log"
        self.process = None

    def run(self, command, *arguments):
        words = [f"{name}={value}" for name, value in self.options.items()]
        return [str(self.driver), command, *words, *arguments]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.run("follow"), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            assert self.process.wait(10) == 0
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def ask(self, command, *arguments):
        """Lines "name: value"; a name that comes again makes a list."""
        out = {}
        done = subprocess.run(self.run(command, *arguments), capture_output=True, timeout=60, check=True)
        for line in done.stdout.decode().splitlines():
            name, _, value = line.partition(": ")
            out.setdefault(name, []).append(value)
        return out

    def person(self, claim, value):
        return self.ask("person", claim, value)

    def groups(self, name):
        return set(self.person("name", name).get("group", ()))

    def refusal(self, name):
        return self.person("name", name).get("refused", ["none"])[0]

    def state(self):
        return {name: values[0] for name, values in self.ask("state").items()}

    def has_log(self, text):
        return text in self.log.read_text(errors="replace")

    def until(self, what, seconds=60):
        """Until `what` is true; told with the log when it never is.  Returns how long it took."""
        begin = time.monotonic()
        while not what():
            assert time.monotonic() < begin + seconds, "it never came to that:\n" + self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.02)
        return time.monotonic() - begin

    def until_filled(self, seconds=60):
        self.until(lambda: self.state().get("filled") == "1" and self.state()["connected"] == "1", seconds)
        return self
