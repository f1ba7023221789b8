# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball, `make distcheck`, the Debian package and bash's completion.

The package is built from the tarball alone, and installed, upgraded, removed and purged in a copy of this machine's own
root that forgets (debian_root.py).
"""
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from debian_root import DebianRoot
from package_builds import run

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tarball(package_builds):
    return package_builds["tarball"]


@pytest.fixture
def package(package_builds):
    return package_builds["package"]


def deb_of(changes):
    [deb] = [d for d in changes.parent.glob("postern_*.deb")]
    return deb


def test_tarball_holds_every_file_of_the_repository(tarball):
    if not (TOP / ".git").exists():
        pytest.skip("this is no clone")
    with tarfile.open(tarball) as opened:
        packed = {name.partition("/")[2] for name in opened.getnames()}
    tracked = {f for f in run(["git", "ls-files"], TOP).split("\n") if f and not f.startswith((".ci/", ".gitignore"))}
    assert not tracked - packed
    assert not any(part in name for name in packed for part in ("__pycache__", "node_modules", ".git/"))


def test_distcheck(package_builds):
    """Builds out of a tree that cannot be written, installs, uninstalls, cleans and packs again."""
    assert "archives ready for distribution" in package_builds["distcheck"]


def test_lintian_has_nothing_to_say(package_builds):
    assert [line for line in package_builds["lintian"].splitlines() if not line.startswith("N:")] == []


def test_package_names_the_lasso_that_it_needs(package):
    depends = run(["dpkg-deb", "-f", deb_of(package), "Depends"], package.parent)
    assert "liblasso3 (>= 2.8.1-1+deb12u1)" in depends


# ---- bash completion ----

TRY = """
source /usr/share/bash-completion/bash_completion
source "$1"
COMP_LINE=$3 COMP_POINT=${#3}
read -ra COMP_WORDS <<<"$3"
[[ $3 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_postern "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completions(postern_build, line):
    said = run(["bash", "-c", TRY, "bash", TOP / "completions/postern", postern_build / "postern", line], TOP)
    return set(said.split())


def test_completion_knows_each_command(postern_build):
    said = subprocess.run([postern_build / "postern", "help"], capture_output=True, text=True).stdout
    commands = set(re.findall(r"^  ([a-z][a-z-]*)  ", said, re.M))
    assert {"serve", "check", "explain", "keys"} <= commands
    assert completions(postern_build, "postern ") == commands | {"-c"}
    assert completions(postern_build, "postern help ") == commands


@pytest.mark.parametrize("line, words", [
    ("postern keys ", {"list", "make", "activate", "retire", "instructions"}),
    ("postern -c x.yaml mirror ", {"status", "person", "group", "dump", "accept"}),
    ("postern keys m", {"make"}),
    ("postern seats --", {"--managed-accounts", "--idle", "--record", "--csv", "--json", "--html", "--no-names"}),
    ("postern accounts import READM", {"README", "README.md"}),
    ("postern explain --response READM", {"README", "README.md"}),
    ("postern serve ", set()),
])
def test_completion_of_words_options_and_files(postern_build, line, words):
    assert completions(postern_build, line) == words


# ---- a machine's life with the package ----

@pytest.fixture
def machine():
    made = DebianRoot()
    try:
        yield made
    finally:
        made.close()


def later_version(package, folder):
    """The same package under a later version."""
    tree = folder / "tree"
    run(["dpkg-deb", "-R", deb_of(package), tree], folder)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 99.0", control.read_text(), flags=re.M))
    run(["dpkg-deb", "--root-owner-group", "-b", tree, folder / "postern_99.0.deb"], folder)
    shutil.rmtree(tree)
    return folder / "postern_99.0.deb"


def test_installed_the_program_finds_what_it_needs(package, machine):
    machine.run(f"dpkg -i {machine.add(deb_of(package))}")
    assert machine.run("postern version").startswith("postern ")
    for page in ("postern", "postern.yaml", "postern.rules"):
        assert machine.run(f"man -w {page}").strip().endswith(".gz")
    assert "/etc/postern/postern.yaml" in machine.run("postern help; true")
    machine.run("test -r /usr/share/doc/postern/OPERATIONS.md")


def test_installed_it_has_users_folders_units_and_does_not_start(package, machine):
    machine.run(f"dpkg -i {machine.add(deb_of(package))}")
    for user in ("postern", "postern-worker", "postern-keys", "postern-mirror", "postern-refresh", "postern-rules",
                 "postern-metrics", "postern-provision", "postern-scim"):
        assert f"gid={machine.run('getent group postern').split(':')[2]}(postern)" in machine.run(f"id {user}")
    assert machine.run("stat -c '%A %U:%G' /etc/postern").strip() == "drwxr-x--- root:postern"
    assert machine.run("stat -c '%A %U:%G' /var/lib/postern /run/postern /run/postern-units").splitlines() == \
        ["drwxr-x--- postern:postern", "drwxr-x--- root:root", "drwx--x--- root:postern"]
    for unit in ("postern.target", "postern.service", "postern-prepare.service", "postern-worker@.service", "postern.socket",
                 "postern-keys@.service", "postern-keys@.socket", "postern-answers@.socket"):
        machine.run(f"test -r /lib/systemd/system/{unit}")
    assert not [line for line in machine.asked_of_systemd() if re.match(r"(start|restart|enable|reload) ", line)]
    assert not machine.run("ls /etc/systemd/system/multi-user.target.wants | grep postern", check=False)


def test_sample_settings_are_those_of_this_version(package, machine):
    """Checked where they lie, they lack nothing but what an administrator must bring: keys, metadata, a directory."""
    machine.run(f"dpkg -i {machine.add(deb_of(package))}")
    machine.run("cp /usr/share/doc/postern/examples/postern.yaml.sample /etc/postern/postern.yaml")
    said = machine.run("postern check --offline", check=False)
    assert "unknown" not in said and "/etc/postern/" in said
    # by the guides, before the first start
    machine.run("sed -i 's/^#user: postern$/user: postern/' /etc/postern/postern.yaml && postern keys make 2027")
    assert "Permission denied" not in machine.run("postern check --offline", check=False)
    machine.run("printf 'email\nada@example.org\n' >/root/export.csv && postern accounts import /root/export.csv")


@pytest.mark.parametrize("active, asked", [
    ("postern.service", "upgrade"), ("postern-prepare.service", "reload postern-prepare.service"), (None, None),
])
def test_update_has_what_runs_go_over_and_restarts_nothing(package, machine, tmp_path, active, asked):
    machine.run(f"dpkg -i {machine.add(deb_of(package))}")
    (machine.root / "usr/bin/systemctl").write_text(
        "#!/bin/sh\necho \"$*\" >>/run/systemctl.log\n"
        f"case \"$*\" in *is-active*) case \"$*\" in *' {active}') exit 0 ;; esac; exit 3 ;; esac\n")
    # the new program is asked to go over: which it says it cannot, since nothing runs here
    machine.asked_of_systemd()
    said = machine.run(f"dpkg -i {machine.add(later_version(package, tmp_path))}")
    log = machine.asked_of_systemd()
    assert log.index("--system daemon-reload") < log.index("-q is-active postern.service")
    assert not [line for line in log if re.match(r"(stop|start|restart|try-restart) ", line)]
    assert ("goes on with the old program" in said) == (asked == "upgrade")
    assert ("reload postern-prepare.service" in log) == (asked == "reload postern-prepare.service")


def test_remove_keeps_what_was_written_and_purge_takes_all_but_what_a_person_made(package, machine):
    machine.run(f"dpkg -i {machine.add(deb_of(package))}")
    machine.run("mkdir -p /var/lib/postern/audit && echo line >/var/lib/postern/audit/audit.jsonl")
    machine.run("echo public_url: https://sso.example.org >/etc/postern/postern.yaml")
    machine.run("cd /run/systemd/system && mkdir postern.socket.d nginx.service.d && touch postern.socket.d/50-settings.conf")
    machine.asked_of_systemd()
    machine.run("dpkg -r postern")
    assert [line for line in machine.asked_of_systemd() if line.startswith("stop ") and "postern.target" in line]
    machine.run("test -e /var/lib/postern/audit/audit.jsonl && test -e /etc/postern/postern.yaml && ! test -e /usr/bin/postern")
    machine.run("dpkg -P postern")
    machine.run("! test -e /var/lib/postern && test -e /etc/postern/postern.yaml && ! test -e /etc/logrotate.d/postern")
    assert machine.run("ls /run/systemd/system") == "nginx.service.d\n"
    machine.run("rm -r /etc/postern")
    machine.run(f"dpkg -i {machine.add(deb_of(package))} && dpkg -P postern && ! test -e /etc/postern")
