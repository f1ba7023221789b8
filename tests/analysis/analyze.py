#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static analysis of the program's own C files: analyze.py BUILD [TOOL...]

BUILD is a configured build folder; the compiler's options of each file are
taken from its Makefile.  Tools: gcc (-fanalyzer), clang-tidy (checks and
exceptions: .clang-tidy), cppcheck (exceptions: tests/analysis/cppcheck.txt).
The exit status is 0 only when no tool says anything.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
# What a tool cannot see in one file.
GCC_EXCEPTIONS = {
    "ldap/container_list.c": ["-Wno-analyzer-malloc-leak"],     # the tree of libc keeps what is put into it
    "ldap/mirror_write.c": ["-Wno-analyzer-malloc-leak"],       # what cookie_keep puts aside hangs in the writer
    "saml/decryption_keys.c": ["-Wno-analyzer-malloc-leak"],    # the list that takes the key is handed out or freed
}
FOLDERS = ("base", "store", "http", "saml", "ldap", "policies", "provision", "scim", "gateway")


def compile_commands(build):
    """(source, options) of every C file of the program, as make would compile it."""
    # As if each source had just been written; with -B, make would write its own dependency files anew, even under -n.
    new = [word for folder in FOLDERS for path in (TOP / folder).rglob("*.c")
           for word in ("-W", f"{os.path.relpath(TOP, build)}/{path.relative_to(TOP)}")]
    said = subprocess.run(["make", "-n", "V=1", *new, "postern"], cwd=build, stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    found = {}
    for line in said.splitlines():
        match = re.search(r" -c -o (\S+) (?:`[^`]*`)?(\S+\.c)\b", line)
        if not match:
            continue
        source = next(path for path in (build / match.group(2), TOP / match.group(2)) if path.exists()).resolve()
        if source.is_relative_to(TOP) and source.relative_to(TOP).parts[0] in FOLDERS:
            words = shlex.split(line[:match.start()])
            found[source] = [word for word in words if word.startswith(("-D", "-I", "-std", "-U"))] + included(words)
    return sorted(found.items())


def included(words):
    """What stands after each -include."""
    return [word for i, word in enumerate(words) if word == "-include" or (i and words[i - 1] == "-include")]


def run(command, build):
    done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def gcc(source, options, build):
    exceptions = GCC_EXCEPTIONS.get(str(source.relative_to(TOP)), [])
    _, said = run(["gcc", *options, "-O1", "-fanalyzer", *exceptions, "-c", str(source), "-o", "/dev/null"], build)
    return said


def clang_tidy(source, options, build):
    status, said = run(["clang-tidy", "-quiet", f"--config-file={TOP}/.clang-tidy", str(source), "--", *options], build)
    findings = "\n".join(line for line in said.splitlines()
                         if not re.match(r"\d+ warnings? (generated|treated)|Suppressed|Use -header", line))
    return findings if status or " warning: " in said or " error: " in said else ""


def cppcheck_all(commands, build):
    database = build / "analysis-commands.json"
    database.write_text(json.dumps([{"directory": str(build), "file": str(source),
                                     "command": shlex.join(["gcc", *options, "-c", str(source)])}
                                    for source, options in commands]))
    _, said = run(["cppcheck", f"--project={database}", "--enable=warning,performance,portability", "--inline-suppr", "--quiet",
                   "--std=c11",
                   "--library=posix", f"--suppressions-list={TOP}/tests/analysis/cppcheck.txt", f"-j{os.cpu_count()}"], build)
    return said


def each(tool, commands, build):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(lambda command: tool(*command, build), commands))


TOOLS = {
    "gcc": lambda commands, build: each(gcc, commands, build),
    "clang-tidy": lambda commands, build: each(clang_tidy, commands, build),
    "cppcheck": cppcheck_all,
}


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = compile_commands(build)
    if len(commands) < 50:
        sys.exit(f"make in {build} names only {len(commands)} files")
    bad = 0
    for name in sys.argv[2:] or TOOLS:
        said = TOOLS[name](commands, build).strip()
        print(f"{name}: {len(commands)} files, {'this was said:' if said else 'nothing to say'}")
        if said:
            bad += 1
            print(said)
    return bad


if __name__ == "__main__":
    sys.exit(main() and 1)
