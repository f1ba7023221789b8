# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program says of its commands: one text for help, wrong calls and the manual page, which a terminal has room for."""
import pathlib
import re
import subprocess

import pytest

from test_serve import POSTERN

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*arguments):
    return subprocess.run([POSTERN, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)


def names():
    listed = [line.split()[0] for line in run("help").stdout.splitlines() if re.match(r"  [a-z][a-z-]*  ", line)]
    assert len(listed) > 20
    return listed


def ways(text):
    """The ways to call a command, of a synopsis: each in one line, without what is only form."""
    lines = []
    for line in re.sub("^usage: ", "       ", text).splitlines():
        if line.startswith("       postern "):
            lines.append("")
        lines[-1] += " " + line.strip()
    return [plain(line) for line in lines]


def plain(way):
    return " ".join(re.sub(r"([\[\]|])", r" \1 ", way.replace("...", " ")).upper().split())


def manual_ways():
    """The same of the manual page's SYNOPSIS."""
    page = (ROOT / "man/postern.8").read_text()
    text = page[page.index(".Sh SYNOPSIS") + len(".Sh SYNOPSIS"):page.index(".Sh DESCRIPTION")]
    lines = []
    for macro, *words in (line.split() for line in text.strip().splitlines()):
        if macro == ".Nm":
            lines.append("postern")
            continue
        shown = " ".join(words if macro in (".Op", ".Oo", ".Oc") else [macro[1:], *words])
        shown = re.sub(r"\b(Ar|Cm|Fl) ?", "", shown.replace(" Ns ", "").replace("Fl -", "--").replace("Fl c", "-c"))
        lines[-1] += {".Op": f" [{shown}]", ".Oo": f" [{shown}", ".Oc": "]"}.get(macro, " " + shown)
    return [plain(line) for line in lines]


def test_the_manual_page_has_each_way_to_call_it():
    told = [way for name in names() for way in ways(run("help", name).stdout.split("\n\n")[0])]
    assert manual_ways() == told


def test_help_fits_into_a_terminal():
    for words in [["help"], *(["help", name] for name in names())]:
        said = run(*words)
        assert said.returncode == 0 and said.stderr == ""
        assert [line for line in said.stdout.splitlines() if len(line) > 80] == []


def test_who_calls_it_wrongly_is_shown_how():
    for name in set(names()) - {"version", "help"}:
        said = run(name, "--no-such-option")
        assert said.returncode == (3 if name == "status" else 2), name
        assert said.stdout == ""
        assert said.stderr.endswith(run("help", name).stdout.split("\n\n")[0].rstrip() + "\n")


@pytest.mark.parametrize("written, meant", [("plam", "plan"), ("staus", "status"), ("whatif", "what-if"), ("Check", "check")])
def test_a_misspelt_command_is_recognized(written, meant):
    for words in [[written], ["help", written]]:
        said = run(*words)
        assert said.returncode == 2
        assert f"there is no command {written}; did you mean {meant}?" in said.stderr
        assert len(said.stderr.splitlines()) == 2, "the answer is not lost above a list"
