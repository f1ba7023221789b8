# SPDX-License-Identifier: GPL-3.0-or-later
"""Who collects the audit under another user reads it in the ways that doc/audit.md advises, and nothing else of Postern's."""
import os
import pathlib
import stat
import struct
import subprocess

import pytest

from test_front import Client, refused
from test_serve import keys, serve, until  # noqa: F401: fixtures

NOBODY = 65534          # under whom the roles run here
COLLECTOR = 12345
OWN_GROUP = 23456
ANYBODY = 0xffffffff    # no id, in an entry of an access list
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 1, 2, 4, 0x10, 0x20

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def access_list(*entries):
    """What setfacl writes (acl(5)): the tag, the rights, whose."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def let_in(path, rights, folder_of=None):
    """setfacl -m u:COLLECTOR:RIGHTS PATH; folder_of: -d -m u:COLLECTOR:FOLDER_OF PATH as well."""
    mode = stat.S_IMODE(path.stat().st_mode)
    os.setxattr(path, "system.posix_acl_access", access_list(
        (USER_OBJ, mode >> 6, ANYBODY), (USER, rights, COLLECTOR), (GROUP_OBJ, mode >> 3 & 7, ANYBODY),
        (MASK, rights | mode >> 3 & 7, ANYBODY), (OTHER, mode & 7, ANYBODY)))
    if folder_of:
        os.setxattr(path, "system.posix_acl_default", access_list(
            (USER_OBJ, 6, ANYBODY), (USER, folder_of, COLLECTOR), (GROUP_OBJ, 4, ANYBODY), (MASK, 4, ANYBODY),
            (OTHER, 0, ANYBODY)))


def modes(path):
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def can_read(path, groups=()):
    return subprocess.run(["cat", path], user=COLLECTOR, group=COLLECTOR, extra_groups=groups, capture_output=True,
                          check=False).returncode == 0


def write_line(serve, audit):
    before = audit.read_text().count("\n") if audit.exists() else 0
    with Client(("127.0.0.1", serve.port)) as client:
        assert client.ask(refused()) == 400
    until(lambda: audit.exists() and audit.read_text().count("\n") == before + 1)


@pytest.fixture
def as_nobody(serve):
    for folder in [serve.folder, *list(serve.folder.parents)[:3]]:
        if folder != pathlib.Path("/tmp") and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    with open(serve.folder / "p.yaml", "a", encoding="utf-8") as f:
        f.write("user: nobody\n")
    return serve


def test_by_default_nobody_but_the_roles_and_their_group_reads_it(as_nobody):
    serve = as_nobody.start_ready()
    audit = serve.folder / "state/audit/audit.jsonl"
    write_line(serve, audit)
    assert modes(audit)[2] == 0o640 and modes(audit)[0] == NOBODY
    assert modes(serve.folder / "state")[2] == modes(audit.parent)[2] == 0o750
    assert not can_read(audit)


def test_a_folder_of_the_collectors_group_gives_it_the_audit_and_nothing_else(as_nobody):
    folder = as_nobody.folder / "collected"
    folder.mkdir()
    os.chown(folder, NOBODY, OWN_GROUP)
    folder.chmod(0o2750)
    with open(as_nobody.folder / "p.yaml", "a", encoding="utf-8") as f:
        f.write(f"audit_file: {folder}/audit.jsonl\n")
    serve = as_nobody.start_ready()
    audit = folder / "audit.jsonl"
    for _ in range(2):
        write_line(serve, audit)
        assert modes(audit) == (NOBODY, OWN_GROUP, 0o640)
        assert can_read(audit, [OWN_GROUP]) and not can_read(audit)
        audit.rename(folder / "audit.jsonl.1")  # what is made after a rotation is the collector's to read, too
    assert not can_read(serve.folder / "state/seen", [OWN_GROUP])
    assert not can_read(serve.folder / "state/cookie.secret", [OWN_GROUP])


def test_an_access_list_gives_a_collector_the_audit_and_nothing_else(as_nobody):
    serve = as_nobody.start_ready()
    audit = serve.folder / "state/audit/audit.jsonl"
    write_line(serve, audit)
    let_in(serve.folder / "state", 1)
    let_in(audit.parent, 5, folder_of=4)
    let_in(audit, 4)
    for _ in range(2):
        assert can_read(audit) and modes(audit)[2] == 0o640
        audit.rename(audit.with_suffix(".1"))
        write_line(serve, audit)
    assert can_read(audit)
    assert subprocess.run(["ls", serve.folder / "state/seen"], user=COLLECTOR, group=COLLECTOR, extra_groups=[],
                          capture_output=True, check=False).returncode != 0
    assert not can_read(serve.folder / "state/cookie.secret")
