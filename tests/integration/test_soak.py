# SPDX-License-Identifier: GPL-3.0-or-later
"""`make soak` in short: what it promises is kept, and the sizes that doc/OPERATIONS.md quotes are those that it prints."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def number(pattern, text):
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return float(found[1].replace(",", ""))


def test_some_thousand_sign_ons_leave_what_is_written_down(postern_build):
    command = [sys.executable, ROOT / "tests/faults/soak.py", "--build", postern_build, "--count", "2000", "--slice", "1000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    said = done.stdout
    print(said)
    assert done.returncode == 0 and said.endswith("\nkept\n"), said + done.stderr
    for role in ("parent", "worker", "keys", "mirror", "refresh"):
        assert number(rf"own memory, {role} +([\d,]+) KiB", said) > 500
    page = re.sub(r"\s+", " ", (ROOT / "doc/OPERATIONS.md").read_text())
    for printed, quoted in [(r"audit, each sign-on +(\d+) bytes", r"some ([\d,]+) bytes of audit"),
                            (r"runtime_dir, each sign-on +(\d+) bytes", r"some ([\d,]+) bytes for each sign-on"),
                            (r"own memory of all +([\d,]+) KiB", r"\(([\d,]+) KiB of their own together\)")]:
        measured, written = number(printed, said), number(quoted, page)
        assert 0.6 * written <= measured <= 1.4 * written, (printed, measured, written)
