# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys role: no worker has a private key, and none of it dying, hanging or coming anew costs an honest sign-on."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

from browser import Browser
from parts import make_key, wait_for
from stories import MAYA, assert_refused, assert_signed_on, sign_on, to_postern_acs
from test_trouble import kill_role, log_of, roles_of


def pids(parts, role):
    return [pid for pid, name in roles_of(parts).items() if name == role]


def numbers_of(key_file):
    """Modulus, private exponent and primes."""
    text = subprocess.run(["openssl", "rsa", "-in", key_file, "-noout", "-text"], capture_output=True, text=True,
                          check=True).stdout
    found = dict(re.findall(r"^(modulus|privateExponent|prime1|prime2):\n((?:    [0-9a-f:]+\n)+)", text, re.M))
    return {name: int(re.sub(r"[\s:]", "", hexes), 16) for name, hexes in found.items()}


def traces(key_file):
    """What would stand in memory: PEM, or a number as OpenSSL keeps it or as DER has it."""
    secret = [number for name, number in numbers_of(key_file).items() if name != "modulus"]
    assert len(secret) == 3
    found = [key_file.read_bytes().splitlines()[5]]
    for number in secret:
        size = (number.bit_length() + 7) // 8
        found += [number.to_bytes(size, order)[8:40] for order in ("little", "big")]
    return found


def memory_of(pid):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(x, 16) for x in line.split()[0].split("-"))
            if not line.split()[1].startswith("r") or "[v" in line:
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                pass


def holds(pid, marks):
    return any(mark in region for region in memory_of(pid) for mark in marks)


def descriptors(pid):
    """What they are; one may be closed while we look."""
    links = []
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(os.readlink(fd))
    return links


def unix_sockets(pid):
    links = descriptors(pid)
    known = {line.split()[6] for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]}
    return [link for link in links if link.startswith("socket:[") and link[8:-1] in known]


@pytest.fixture
def secretive_parts(stopped_parts):
    """With a key that decrypts, and requests to Entra that are signed."""
    stopped_parts.folder.mkdir(parents=True, exist_ok=True)
    key, certificate = make_key(stopped_parts.folder, "decryption", "Postern decryption")
    before = stopped_parts.settings
    stopped_parts.settings = lambda metadata=None: (
        before(metadata).replace("    tenant: ", "    sign_requests: yes\n    tenant: ")
        + f"\ndecryption_keys:\n  - {{key: {key}, certificate: {certificate}}}\n")
    return stopped_parts.start_all()


def test_no_worker_has_a_byte_of_a_private_key(secretive_parts, browser):
    parts = secretive_parts
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    workers, keys = pids(parts, "worker"), pids(parts, "keys")
    assert len(workers) == len(keys) > 0
    if os.geteuid() != 0:
        return                  # nobody else can look: test_hides_memory_from_debuggers_and_core_dumps
    for name in ("signing", "decryption"):
        marks = traces(parts.folder / f"{name}.key")
        assert all(holds(pid, marks) for pid in keys), "looked for in the wrong way"
        assert not any(holds(pid, marks) for pid, role in roles_of(parts).items() if role != "keys")


def test_every_signature_is_logged_with_its_id_by_who_made_it(secretive_parts, browser):
    parts = secretive_parts
    assert_signed_on(parts, sign_on(parts, browser, MAYA), MAYA)
    issued = [line["assertion_out"] for line in parts.audit() if line.get("assertion_out")]
    signed = [line for line in log_of(parts).splitlines() if "signed what=assertion" in line]
    assert len(issued) == len(signed) == 1
    assert re.search(rf"keys \d+: signed .* id={issued[0]} .* door=organisation name_id=maya\S+ key=main", signed[0])
    assert re.search(r"keys \d+: signed what=AuthnRequest id=_[0-9a-f]{32} key=main", log_of(parts))


def test_keys_role_killed_between_the_two_requests_costs_nothing(own_parts, browser):
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    kill_role(own_parts, "keys")
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)


def test_keys_roles_killed_again_and_again_during_sign_ons(own_parts):
    done = threading.Event()

    def kill():
        seen = {}
        while not done.wait(0.1):
            for pid in pids(own_parts, "keys"):
                # who dies within a second of its start is held back
                if time.monotonic() - seen.setdefault(pid, time.monotonic()) > 1.3:
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        end = time.monotonic() + 60
        while log_of(own_parts).count("died, replaced at once role=keys") < 5 and time.monotonic() < end:
            assert_signed_on(own_parts, sign_on(own_parts, Browser(), MAYA), MAYA)
    finally:
        done.set()
        killer.join()
    assert log_of(own_parts).count("died, replaced at once role=keys") >= 5


def test_stopped_keys_role_delays_a_sign_on_and_is_replaced(own_parts, browser):
    sign_on(own_parts, browser, MAYA, stop=to_postern_acs(own_parts))
    stuck = pids(own_parts, "keys")
    for pid in stuck:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert_signed_on(own_parts, browser.go(browser.stopped_at), MAYA)
    assert time.monotonic() - began < 40
    # who has no sign-on waiting for it may be found stuck a moment later
    wait_for(lambda: not set(stuck) & set(pids(own_parts, "keys")), 60, "the stuck keys roles being killed", own_parts.postern)
    assert log_of(own_parts).count("is stuck, killed role=keys") == len(stuck)
    assert "killed role=worker" not in log_of(own_parts), "who waits is not stuck"


def test_no_keys_role_at_all_is_a_refusal_and_ends_with_it(own_parts):
    parent, keys = own_parts.postern.process.pid, pids(own_parts, "keys")
    for pid in [parent, *keys]:         # who would replace them stands still too
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert_refused(own_parts, sign_on(own_parts, Browser(), MAYA), "keys-unavailable", 503)
        assert time.monotonic() - began > 7

        def is_refused_at_once():
            began = time.monotonic()
            assert_refused(own_parts, sign_on(own_parts, Browser(), MAYA), "keys-unavailable", 503)
            return time.monotonic() - began < 7

        wait_for(is_refused_at_once, 100, "each worker to have learnt it")
    finally:
        for pid in [*keys, parent]:
            os.kill(pid, signal.SIGCONT)
    assert_signed_on(own_parts, sign_on(own_parts, Browser(), MAYA), MAYA)


def test_lines_do_not_leak(own_parts, browser):
    parent = own_parts.postern.process.pid
    before = len(list(pathlib.Path(f"/proc/{parent}/fd").iterdir()))
    assert len(unix_sockets(parent)) == 2 * len(pids(own_parts, "worker"))
    for _ in range(3):
        old = set(roles_of(own_parts))
        own_parts.postern.send(signal.SIGHUP)
        wait_for(lambda: not old & set(roles_of(own_parts)), 60, "the old roles to be gone", own_parts.postern)
    kill_role(own_parts, "worker")
    kill_role(own_parts, "keys")
    assert len(unix_sockets(parent)) == 2 * len(pids(own_parts, "worker"))
    wait_for(lambda: len(list(pathlib.Path(f"/proc/{parent}/fd").iterdir())) == before, 60, "as many descriptors as before",
             own_parts.postern)
    for pid in pids(own_parts, "worker") + pids(own_parts, "keys"):
        wait_for(lambda pid=pid: len(unix_sockets(pid)) == 1, 60, "it to have one end of a line and nothing else")
    assert_signed_on(own_parts, sign_on(own_parts, browser, MAYA), MAYA)
    assert not re.search(r"died.*role=keys.*by=.status", log_of(own_parts)), "who ends behind its worker did not die"
