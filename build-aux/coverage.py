#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""coverage.py BUILD FOLDER: lines and branches of a folder's files that ran, from what --coverage left in BUILD.

With -v also the lines that did not run.
"""
import collections
import json
import pathlib
import subprocess
import sys

LINES_WANTED, BRANCHES_WANTED = 95.0, 80.0


def counts_of(build, folder):
    """file -> line -> (count, [count of each branch]), added up over the objects that hold the line."""
    found = collections.defaultdict(dict)
    for data in sorted((build / folder).glob("*.gcda")):
        command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", "--branch-counts", str(data)]
        said = subprocess.run(command, cwd=build, check=True, capture_output=True)
        for part in said.stdout.decode().splitlines():
            for file in json.loads(part)["files"]:
                path = pathlib.PurePosixPath(file["file"])
                if path.parent.name != folder or path.suffix != ".c":
                    continue
                for line in file["lines"]:
                    count, branches = found[path.name].get(line["line_number"], (0, []))
                    more = [branch["count"] for branch in line["branches"]]
                    if len(branches) != len(more):
                        branches = [0] * len(more)
                    found[path.name][line["line_number"]] = (count + line["count"], [a + b for a, b in zip(branches, more)])
    return found


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    build, folder = pathlib.Path(arguments[0]).resolve(), arguments[1]
    files = counts_of(build, folder)
    if not files:
        sys.exit(f"coverage.py: nothing of {folder}/ ran in {build}")
    whole = [0, 0, 0, 0]
    print(f"{'':26}{'lines':>16}{'branches':>18}")
    for name, lines in sorted(files.items()):
        branches = [count for _, counts in lines.values() for count in counts]
        row = [sum(count > 0 for count, _ in lines.values()), len(lines), sum(count > 0 for count in branches), len(branches)]
        whole = [a + b for a, b in zip(whole, row)]
        print(f"{folder}/{name:21}{row[0]:5}/{row[1]:<4}{percent(*row[:2]):6.1f}{row[2]:7}/{row[3]:<4}{percent(*row[2:]):6.1f}")
        missed = [number for number, (count, _) in sorted(lines.items()) if count == 0]
        if missed and "-v" in sys.argv:
            print("      not run: " + " ".join(map(str, missed)))
    lines, branches = percent(*whole[:2]), percent(*whole[2:])
    print(f"{folder}: {lines:.1f} % of {whole[1]} lines, {branches:.1f} % of {whole[3]} branches")
    sys.exit(lines < LINES_WANTED or branches < BRANCHES_WANTED)


main()
