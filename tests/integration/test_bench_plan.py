# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-plan` in small: that it plans what it says, not how fast."""
import pathlib
import re
import subprocess
import sys

WHOLE = pathlib.Path(__file__).resolve().parent.parent / "bench" / "bench_plan.py"


def test_the_bench_of_plans_measures_what_it_says(postern_build):
    bench = pathlib.Path(postern_build) / "tests" / "bench" / "plan_many"
    result = subprocess.run([bench, "400"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    line = re.compile(r"(\S.*?) +400 people +(\d+) steps +[\d.]+ s +\d+ MiB")
    measured = [line.fullmatch(one) for one in result.stdout.splitlines()]
    assert all(measured), result.stdout
    steps = {one[1]: int(one[2]) for one in measured}
    assert list(steps) == ["first load", "all as it shall be", "a tenth changed"]
    assert steps["first load"] > 400  # everybody, three groups, and their members
    assert steps["all as it shall be"] == 0 < steps["a tenth changed"]
    assert subprocess.run([bench, "0"], capture_output=True, timeout=60).returncode == 2


def test_the_bench_of_the_whole_command_measures_what_it_says(postern_build):
    command = [sys.executable, WHOLE, "--build", postern_build, "--people", "150", "--groups", "100"]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    first, *lines = result.stdout.splitlines()
    assert first == "150 people, 100 groups"
    measured = [re.match(r"  (\S.*?) +[\d.]+ s, +[\d.]+ s of CPU +\d+ MiB", line) for line in lines]
    assert all(measured), result.stdout
    assert [one[1] for one in measured] == ["floor: postern seats", "first load: plan", "first load: plan --json",
                                            "floor: the same pages, only read", "everybody there: plan",
                                            "everybody there: plan --json"]
