# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guards share: the tracked files, the source without comments, and how a guard ends.

A guard prints what is wrong, one line each, and ends with status 1.  One that
does not find what it should read fails too: it must not pass by seeing nothing.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "build-aux"))

FOLDERS = ("base", "store", "http", "saml", "ldap", "policies", "provision", "scim", "gateway")
problems = []


def problem(text):
    problems.append(text)


def end(what, least, seen):
    """Ends the guard; `seen` things were looked at, fewer than `least` means that it looked in the wrong place."""
    for line in problems:
        print(line)
    if seen < least:
        print(f"only {seen} {what} seen, fewer than {least}: this guard does not find its input")
        sys.exit(1)
    if problems:
        sys.exit(1)
    print(f"{seen} {what}: good")
    sys.exit(0)


def tracked():
    """Paths of all files of the project, in order; new ones that git does not ignore too."""
    try:
        out = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others",
                              "--exclude-standard"], cwd=ROOT,
                             capture_output=True, check=True).stdout.decode()
        names = [name for name in out.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = walk()
    return sorted({name for name in names if (ROOT / name).is_file() and not (ROOT / name).is_symlink()})


def walk():
    """Without git, as in an unpacked archive: everything but what a build makes."""
    names = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [d for d in inner if d not in (".git", "autom4te.cache", "m4") and not d.startswith("build-")
                    and d != "build"] if \
            pathlib.Path(folder) == ROOT else inner
        inner[:] = [d for d in inner if d != "__pycache__"] + (["build-aux"] if pathlib.Path(folder) == ROOT else [])
        names += [str(pathlib.Path(folder, f).relative_to(ROOT)) for f in files]
    return names


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def sources(*suffixes, folders=FOLDERS):
    """Tracked files of these folders, none of which may be without."""
    found = [p for p in tracked() if p.split("/")[0] in folders and p.endswith(suffixes)]
    for folder in set(folders) - {p.split("/")[0] for p in found}:
        problem(f"{folder}/ holds no {' or '.join(suffixes)} file: has it moved?")
    return found


def code(path):
    """The file without comments, its lines where they were."""
    def blank(match):
        kept = match.group(0)
        return kept if kept[0] in "\"'" else re.sub(r"[^\n]", " ", kept)

    return re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*', blank, text(path), flags=re.S)
