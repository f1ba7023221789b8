# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-rules` in small: that it decides and measures what it says, not how fast."""
import json
import pathlib
import subprocess


def test_the_bench_of_the_rules_measures_what_it_says(postern_build):
    bench = pathlib.Path(postern_build) / "tests" / "bench" / "decide"
    result = subprocess.run([bench, "30", "40", "20", "--json"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert (figures["rules"], figures["groups"]) == (30, 40)
    assert 0 < figures["fastest_us"] <= figures["decision_us"] and figures["floor_us"] > 0
    text = subprocess.run([bench, "1", "1", "1"], capture_output=True, text=True, timeout=60)
    assert "a decision takes" in text.stdout
    assert subprocess.run([bench, "0", "1", "1"], capture_output=True, timeout=60).returncode == 2
