# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-answers` in small: that each command answers about everybody, not how fast."""
import pathlib
import re
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench" / "bench_answers.py"


def test_the_bench_of_the_answers_measures_what_it_says(postern_build):
    command = [sys.executable, BENCH, "--build", postern_build, "--people", "60", "--groups", "100"]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    first, *lines = result.stdout.splitlines()
    assert first.startswith("60 people, 100 groups: written in "), result.stdout
    measured = [re.match(r"  (\S.*?) +([\d.]+) s, +([\d.]+) s of CPU", line) for line in lines]
    assert all(measured), result.stdout
    assert [one[1] for one in measured] == [
        "seats", "seats --csv", "seats --json", "seats --managed-accounts managed.csv", "who licensed", "who corp:group-96",
        "what-if --rules other.yaml", "check --offline"]
    assert all(float(one[2]) >= 0 for one in measured)
