# SPDX-License-Identifier: GPL-3.0-or-later
"""`make first-load` in small: 300 people by `postern apply`, and the stand-in counts the requests."""
import json
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench/first_load.py"


def test_a_company_gets_its_accounts_with_no_more_requests_than_needed(postern_build, node_modules):
    command = [sys.executable, BENCH, "--build", postern_build, "--people", "300", "--rate", "100", "--json"]
    command += ["--modules", node_modules] if node_modules else []
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["people"], found["accounts"], found["billed"], found["faults"]) == (300, 300, 30, [])
    assert found["changes"] <= 1.1 * 300 and found["pages"] <= 20, found
    assert found["changes"] <= found["said"] <= found["requests"], found  # with a look at each group that was made
