# SPDX-License-Identifier: GPL-3.0-or-later
"""People who sign on without end, and connections without end, while something happens to Postern.

A client signs on with a fresh browser again and again: from the door through
Entra's stand-in and Postern and back, until the door shows the person's own
mail.  Anything else is a failure and is kept with its time; a sign-on that
shows somebody else's is `wrong`, which no fault excuses.
"""
import http.client
import threading
import time

from browser import Browser
from parts import company
from stories import MAYA, JUERGEN, VIKTOR, is_signed_on, sign_on

PEOPLE = (MAYA, JUERGEN, VIKTOR)


def door_of(person):
    return "portal" if person is VIKTOR else "managed"


def usable_people(parts):
    """Each of them is let in by the demo's rules at the managed door; the others only cost time."""
    return [person for person in PEOPLE if door_of(person) == "managed"]


class Load:
    def __init__(self, parts, clients=4, connections=True, pause=0.0):
        self.parts, self.pause = parts, pause
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.good, self.failed, self.wrong = [], [], []        # (began, ended), (began, ended, what), what
        self.connects, self.connected, self.not_connected = connections, 0, []
        people = usable_people(parts)
        self.threads = [threading.Thread(target=self.client, args=(people[i % len(people)],), daemon=True)
                        for i in range(clients)]
        if connections:
            self.threads.append(threading.Thread(target=self.connect, daemon=True))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join(60)

    def client(self, person):
        site = self.parts.managed_site
        while not self.ending.wait(self.pause):
            began = time.monotonic()
            try:
                page = sign_on(self.parts, Browser(timeout=20), person)
                with self.lock:
                    if is_signed_on(page, site, person):
                        self.good.append((began, time.monotonic()))
                    elif any(f"Mail {other['mail']}" in page.text for other in company.people() if other is not person):
                        self.wrong.append(f"{person['mail']} is shown {page.text[:300]}")
                    else:
                        self.failed.append((began, time.monotonic(), f"{page.url} {page.status}: {page.text[:200]}"))
            except Exception as problem:                        # noqa: BLE001: whatever it is, the sign-on failed
                with self.lock:
                    self.failed.append((began, time.monotonic(), f"{type(problem).__name__}: {problem}"[:300]))
                self.ending.wait(0.05)

    def connect(self):
        port, host = self.parts.ports["postern"], self.parts.host("sso", "postern")
        while not self.ending.wait(0.01):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/health/live", headers={"Host": host, "Connection": "close"})
                status = connection.getresponse().status
                if status != 200:
                    self.not_connected.append((time.monotonic(), f"status {status}"))
                self.connected += 1
            except (OSError, http.client.HTTPException) as problem:
                self.not_connected.append((time.monotonic(), f"{type(problem).__name__}: {problem}"))
            finally:
                connection.close()

    def count(self):
        return len(self.good)

    def wait_for_more(self, count=3, seconds=60):
        """So many more that began from now on."""
        since = time.monotonic()
        while sum(began > since for began, _ in list(self.good)) < count:
            assert time.monotonic() < since + seconds, f"no sign-on for {seconds} s: {self.said()} {self.failed[-3:]}"
            time.sleep(0.02)

    def assert_lost_only_during(self, spans):
        """Whoever failed was under way in one of the spans (from, to) of time."""
        assert not self.wrong, self.wrong[:3]
        for began, ended, what in self.failed:
            assert any(began <= to and ended >= since for since, to in spans), \
                f"{self.said()}; from {began:.2f} to {ended:.2f}, {[(f'{a:.2f}', f'{b:.2f}') for a, b in spans]}: {what}"

    def said(self):
        sign_ons = f"{len(self.good)} sign-ons, {len(self.failed)} failed, {len(self.wrong)} wrong"
        if not self.connects:
            return sign_ons
        return f"{sign_ons}; {self.connected} connections, {len(self.not_connected)} refused"

    def assert_nothing_lost(self):
        assert not self.wrong, self.wrong[:3]
        assert not self.failed, f"{self.said()}: {self.failed[:3]}"
        assert not self.not_connected, f"{self.said()}: {self.not_connected[:3]}"
