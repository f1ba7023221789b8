# SPDX-License-Identifier: GPL-3.0-or-later
"""A signing key that Postern may not read: `check` and `serve` name the file, the line and the key.

Root reads everything, so this runs as somebody else: as `nobody` with a key
of root's, or, where the tests themselves are not root's, with a key of mode 0.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from parts import Parts


@pytest.fixture
def lent_parts(postern_build):
    """In a folder, and with a program, that anybody may reach; pytest's folders and a clone in /root are not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-unreadable."))
    folder.chmod(0o755)
    shutil.copy(postern_build / "postern", folder / "postern")
    made = Parts(folder / "parts", folder)
    made.folder.chmod(0o755)
    made.write_postern_files(made.settings("entra.xml"))
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def somebody(parts, *arguments):
    """As a user to whom the signing key says nothing."""
    command, key = parts.postern_command(*arguments), parts.folder / "signing.key"
    if os.getuid() != 0:
        key.chmod(0)
        return command
    shutil.chown(parts.folder, "nobody", "nogroup")
    for mine in (parts.folder / "ldap.password", parts.folder / "state", parts.folder / "run"):
        shutil.chown(mine, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", *command]


def place_of(parts, setting):
    """FILE:LINE of a setting of the first level."""
    lines = parts.settings_file.read_text().splitlines()
    return f"{parts.settings_file}:{next(n for n, line in enumerate(lines, 1) if line.startswith(setting + ':'))}"


@pytest.mark.parametrize("arguments", [["check", "--offline"], ["serve"]])
def test_unreadable_key_is_named_with_file_and_line(lent_parts, arguments):
    said = subprocess.run(somebody(lent_parts, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          text=True, timeout=30)
    assert said.returncode not in (0, -9), said.stdout
    line = next((line for line in said.stdout.splitlines() if place_of(lent_parts, "key") in line), None)
    assert line, said.stdout
    assert "key" in line.split(place_of(lent_parts, "key"))[1] and "Permission denied" in line, line
    assert "BEGIN" not in said.stdout


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_key_that_others_may_read_is_named_with_file_and_line(lent_parts, mode):
    (lent_parts.folder / "signing.key").chmod(mode)
    said = subprocess.run(lent_parts.postern_command("serve"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          text=True, timeout=30)
    assert said.returncode not in (0, -9), said.stdout
    assert place_of(lent_parts, "key") in said.stdout, said.stdout
