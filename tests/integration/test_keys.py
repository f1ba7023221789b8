# SPDX-License-Identifier: GPL-3.0-or-later
"""A new signing key while people sign on: `postern keys`, reloads, and doors that hold one certificate at a time."""
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

import pytest

from browser import Browser
from parts import wait_for
from stories import CHLOE, MAYA, is_signed_on, sign_on

DS = "{http://www.w3.org/2000/09/xmldsig#}"


def keys(parts, *arguments, status=0):
    done = subprocess.run(parts.postern_command("keys", *arguments), capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def assignments(parts):
    listed = json.loads(keys(parts, "list", "--json"))
    return {name: key["name"] for key in listed["keys"] for name in key["connections"]}


def base64_of(path):
    return "".join(path.read_text().split("-----")[2].split())


def get(parts, path):
    connection = http.client.HTTPConnection("127.0.0.1", parts.ports["postern"], timeout=20)
    try:
        connection.request("GET", path, headers={"Host": parts.host("sso", "postern")})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def published(parts, path="/saml/idp/metadata"):
    """Entity ID and certificates, in order."""
    status, body = get(parts, path)
    assert status == 200, body
    document = ElementTree.fromstring(body)
    return document.get("entityID"), ["".join(node.text.split()) for node in document.iter(DS + "X509Certificate")]


def wait_until_published(parts, path, certificates):
    """By every worker: a connection meets any of them."""
    wait_for(lambda: all(published(parts, path)[1] == certificates for _ in range(16)), 60, "the metadata", parts.postern)


def workers(parts):
    found = set()
    for stat in os.scandir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{stat.name}/stat", encoding="utf-8") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{stat.name}/cmdline", encoding="utf-8") as file:
                if parent == parts.postern.process.pid and "\0worker\0" in file.read():
                    found.add(int(stat.name))
    return found


def activate(parts, *arguments):
    """As the administrator does it, and then until no worker of before is left."""
    before = workers(parts)
    assert "took it over" in keys(parts, "activate", *arguments, "--reload")
    wait_for(lambda: not workers(parts) & before, 60, "the workers of before to end", parts.postern)


class Load:
    """Clients that sign on at a door, one sign-on after another, until told to stop."""

    def __init__(self, parts, door, person, clients=2):
        self.parts, self.door, self.person = parts, door, person
        self.good, self.bad, self.stopping = 0, [], False
        self.open = threading.Condition()
        self.closed, self.inside = False, 0
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping:
            with self.open:
                self.open.wait_for(lambda: not self.closed or self.stopping)
                self.inside += 1
            try:
                page = sign_on(self.parts, Browser(), self.person, self.door)
                site = self.parts.managed_site if self.door == "managed" else self.parts.portal_site
                if is_signed_on(page, site, self.person):
                    self.good += 1
                else:
                    self.bad.append(f"{page.url}: {page.text[:400]}")
            except Exception as problem:            # pylint: disable=broad-except
                self.bad.append(repr(problem))
            with self.open:
                self.inside -= 1
                self.open.notify_all()

    @contextlib.contextmanager
    def nobody_on_the_way(self):
        """The seconds in which the administrator pastes: nobody is at this door, as at night."""
        with self.open:
            self.closed = True
            self.open.wait_for(lambda: self.inside == 0)
        try:
            yield
        finally:
            with self.open:
                self.closed = False
                self.open.notify_all()

    def wait_for_more(self, count):
        goal = self.good + count
        wait_for(lambda: self.good >= goal or self.bad, 60, f"{count} more sign-ons at the {self.door} door",
                 self.parts.postern)

    def stop(self):
        self.stopping = True
        with self.open:
            self.open.notify_all()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def doors_with_keys(stopped_parts):
    """Keys of `postern keys` alone, and two doors that each hold a certificate of their own."""
    parts = stopped_parts
    parts.write_postern_files()
    settings = re.sub(r"^(key|certificate): .*\n", "", parts.settings(), flags=re.M)
    parts.settings_file.write_text(settings)
    keys(parts, "make", "2026")
    for kind in ("managed", "portal"):
        shutil.copy(parts.folder / "keys/2026.crt", parts.folder / f"{kind}-screen.crt")
    parts.start_slapd()
    parts.start_entra()
    for kind in ("managed", "portal"):
        parts.start_door(kind, idp_certificate=parts.folder / f"{kind}-screen.crt")
    parts.start_postern()
    return parts


def paste(parts, kind, name):
    shutil.copy(parts.folder / f"keys/{name}.crt", parts.folder / "pasted.crt")
    os.replace(parts.folder / "pasted.crt", parts.folder / f"{kind}-screen.crt")


def test_new_key_comes_and_the_old_one_goes_while_people_sign_on(doors_with_keys):
    parts = doors_with_keys
    managed, portal = Load(parts, "managed", MAYA), Load(parts, "portal", CHLOE)
    try:
        managed.wait_for_more(3)
        old = base64_of(parts.folder / "keys/2026.crt")
        assert "took it over" in keys(parts, "make", "2027", "--reload")
        new = base64_of(parts.folder / "keys/2027.crt")
        wait_until_published(parts, "/saml/idp/metadata", [old, new])
        portal.wait_for_more(3)
        with managed.nobody_on_the_way():
            paste(parts, "managed", "2027")
            activate(parts, "organisation", "2027")
        assert assignments(parts) == {"organisation": "2027", "helpdesk": "2026"}
        assert "2026 is in use for: helpdesk" in keys(parts, "retire", "2026", status=1)
        managed.wait_for_more(3)
        portal.wait_for_more(3)
        assert "helpdesk" in keys(parts, "instructions", "helpdesk", "2027")
        with portal.nobody_on_the_way():
            paste(parts, "portal", "2027")
            activate(parts, "helpdesk", "2027")
        wait_until_published(parts, "/saml/idp/metadata", [new, old])
        activate(parts, "--requests", "2027")
        assert "took it over" in keys(parts, "retire", "2026", "--reload")
        wait_until_published(parts, "/saml/idp/metadata", [new])
        managed.wait_for_more(3)
        portal.wait_for_more(3)
    finally:
        managed.stop()
        portal.stop()
    assert not managed.bad and not portal.bad, managed.bad + portal.bad
    assert (parts.folder / "keys/retired").is_dir() and not (parts.folder / "keys/2026.key").exists()


def test_door_refuses_what_another_key_signed(doors_with_keys, browser):
    """So the test above tests something: the doors really look."""
    parts = doors_with_keys
    keys(parts, "make", "2027")
    activate(parts, "organisation", "2027")
    page = sign_on(parts, browser, MAYA)
    assert "was not accepted" in page.text
    paste(parts, "managed", "2027")
    assert is_signed_on(sign_on(parts, Browser(), MAYA), parts.managed_site, MAYA)


def test_reload_with_a_choice_that_cannot_be_followed_keeps_the_old_one(doors_with_keys, browser):
    parts = doors_with_keys
    active = parts.folder / "keys/active.yaml"
    active.write_text(active.read_text().replace("2026", "2027"))
    before = workers(parts)
    parts.postern.send(1)
    wait_for(lambda: "there is no key" in parts.postern.log.read_text(), 60, "the log to say so", parts.postern)
    assert workers(parts) == before
    assert is_signed_on(sign_on(parts, browser, MAYA), parts.managed_site, MAYA)
    assert "active.yaml:2: usual: there is no key \"2027\"" in keys(parts, "list", status=1)


def test_command_says_when_the_service_does_not_take_it_over(doors_with_keys):
    parts = doors_with_keys
    (parts.folder / "ldap.password").chmod(0o644)
    said = keys(parts, "make", "2027", "--reload", status=1)
    assert "did not take it over: " in said and "ldap.password: is secret" in said
    assert "has not read them since" in keys(parts, "list")
    assert "may sign with 2027 yet" in keys(parts, "retire", "2027", status=1)
    (parts.folder / "ldap.password").chmod(0o600)
    assert "took it over" in keys(parts, "activate", "--all", "2027", "--reload")
    assert "knows them as they are" in keys(parts, "list")


def test_connection_has_an_entity_id_and_a_metadata_document_of_its_own(doors_with_keys):
    parts = doors_with_keys
    own = "urn:example:postern:helpdesk"
    parts.settings_file.write_text(parts.settings_file.read_text().replace("    kind: portal\n",
                                                                           f"    kind: portal\n    idp_entity_id: {own}\n"))
    assert "2027 signs nothing yet" in keys(parts, "make", "2027")
    paste(parts, "portal", "2027")
    activate(parts, "helpdesk", "2027")
    old, new = (base64_of(parts.folder / f"keys/{name}.crt") for name in ("2026", "2027"))
    assert published(parts) == (f"{parts.postern_url}/saml/idp/metadata", [old, new])
    assert published(parts, "/saml/idp/metadata/organisation") == (f"{parts.postern_url}/saml/idp/metadata", [old, new])
    assert published(parts, "/saml/idp/metadata/helpdesk") == (own, [new, old])
    for path in ("/saml/idp/metadata/nowhere", "/saml/idp/metadata/", "/saml/idp/metadata/helpdesk/x"):
        assert get(parts, path)[0] == 404
    parts.portal.stop()
    parts.start_door("portal", idp_entity_id=own, idp_certificate=parts.folder / "portal-screen.crt")
    assert is_signed_on(sign_on(parts, Browser(), CHLOE, "portal"), parts.portal_site, CHLOE)
    assert is_signed_on(sign_on(parts, Browser(), MAYA), parts.managed_site, MAYA)
    assert "0 errors" in subprocess.run(parts.postern_command("check"), capture_output=True, text=True).stdout
