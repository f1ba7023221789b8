# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-mirror` in small: that it runs to its end and measures what it says, not how fast anything is."""
import json
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench" / "bench_mirror.py"


def bench(build, folder, *more):
    command = [sys.executable, BENCH, "--build", build, "--folder", folder, "--people", "60", "--groups", "100", "--sizes",
               "40,60", "--rounds", "1", "--changes", "2", "--look-ups", "200", *more]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert not list(folder.iterdir()), "the bench left files behind"
    return result.stdout


def test_the_bench_of_the_mirror_measures_what_it_says(postern_build, tmp_path):
    figures = json.loads(bench(postern_build, tmp_path, "--json"))
    (read, fill), = figures["fills"]
    assert read["entries"] == fill["entries"] == 60 + 97          # groups: 24 levels of 4, and everybody's
    assert read["values"] > 60 * 5 + 97 * 2
    assert set(figures["changes"]) == {"mail", "member", "member_of_all"}
    assert all(change["most_us"] > 0 for change in figures["changes"].values())
    assert [people for people, _, _ in figures["sizes"]] == [40, 60]
    for _, written, (looked,) in figures["sizes"]:
        assert looked["groups"] == 25
        assert looked["cpu_us"] > 0 and looked["keys_us"] > 0 and looked["private_dirty_kib"] > 0 and written["bytes"] > 0
    assert figures["beside"] and figures["alone"]


def test_the_bench_of_the_mirror_is_read_by_people(postern_build, tmp_path):
    text = bench(postern_build, tmp_path)
    for words in ("first fill over plain reading", "a change seen", "40 people", "60 people", "times a look-up waited"):
        assert words in text
