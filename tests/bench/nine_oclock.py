# SPDX-License-Identifier: GPL-3.0-or-later
"""`make nine-oclock`: a whole company signs on at once from one address, and nobody gets a 429.

4,000 people, each with a whole sign-on of their own, by 64 connections of a
proxy that names one client for all of them.  Meanwhile somebody at another
address sends requests that cannot be read, as fast as one connection takes
them, and is the only one who is held up.  The limits are the defaults.

Fails when one of the company was refused, or the other one was not; how long
it took is printed and judged by nobody.
"""
import argparse
import http.client
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "demo")]

import bench  # noqa: E402
import parts as demo  # noqa: E402

COMPANY, STRANGER = "203.0.113.7", "198.51.100.66"


class Stranger(threading.Thread):
    """Sends what cannot be read until it is told to stop; `statuses` counts what came back."""

    def __init__(self, port, host):
        super().__init__(daemon=True)
        self.port, self.host = port, host
        self.statuses, self.retry_after, self.done = {}, None, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        n = 0
        while not self.done.is_set():
            # what stands left of the proxy's own word is the client's, and says nothing
            connection.request("GET", "/saml/idp/sso?SAMLRequest=bm90aGluZw%3D%3D",
                               headers={"Host": self.host, "X-Forwarded-For": f"192.0.2.{n % 250}, {STRANGER}"})
            answer = connection.getresponse()
            answer.read()
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            self.retry_after = answer.headers.get("Retry-After") or self.retry_after
            n += 1
        connection.close()

    def stop(self):
        self.done.set()
        self.join(60)


def metrics(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers={"Host": "localhost"})
    text = connection.getresponse().read().decode()
    connection.close()
    found = {}
    for line in text.splitlines():
        if line.startswith("postern_limited_total{") or line.startswith("postern_refusals_total{"):
            name, value = line.rsplit(" ", 1)
            found[name] = int(float(value))
    return found


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--people", type=int, default=4000)
    arguments.add_argument("--clients", type=int, default=64, help="connections of the proxy")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    bench.PEOPLE = options.people
    folder = tempfile.mkdtemp(prefix="postern-nine-")
    port = demo.free_port()
    company = bench.Bench(options.build, folder, f"trusted_proxies: 127.0.0.1\nmetrics_listen: 127.0.0.1:{port}\n")
    settings = company.parts.settings_file
    settings.write_text(settings.read_text().replace("limits: {sign_ons: off}\n", ""))
    try:
        company.start()
        stranger = Stranger(company.parts.ports["postern"], company.parts.host("sso", "postern"))
        stranger.start()
        began = time.monotonic()
        load = company.load(options.people, options.clients, client=COMPANY)
        load["wall_seconds"] = round(time.monotonic() - began, 1)
        while 429 not in stranger.statuses and time.monotonic() - began < 60:
            time.sleep(0.1)
        stranger.stop()
        load.update(counted=metrics(port), stranger={str(s): n for s, n in stranger.statuses.items()},
                    retry_after=stranger.retry_after, lines=company.parts.postern.tail(100000).count("is over a limit"))
    finally:
        company.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(load) if options.json else
          f"{load['sign_ons']} sign-ons of {options.people} people from one address in {load['wall_seconds']} s "
          f"({load['clients']} connections), {load['failed']} refused\n"
          f"the stranger: {load['stranger']} by status, Retry-After {load['retry_after']}, {load['lines']} line(s) in the log\n"
          f"counted: {load['counted']}")
    refused = load["failed"] or load["sign_ons"] != options.people
    return 1 if refused or "429" not in load["stranger"] else 0


if __name__ == "__main__":
    sys.exit(main())
