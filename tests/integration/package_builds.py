# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball and what is made of it alone: `make distcheck`, the Debian package, and what lintian says of that.

That is compiling the whole of it twice, so it begins before all tests and goes on behind them, where it takes what they
leave of the processors while they wait for clocks and peers.
"""
import concurrent.futures
import os
import subprocess
import tarfile

import pytest

PARALLEL = os.cpu_count() or 1
SECONDS = 3000          # behind everything else


def run(command, folder, **environment):
    """Its output; a failure shows the end of it."""
    # what make hands down is for the make that it was given to
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "TOP_SRCDIR")}
    done = subprocess.run([str(c) for c in command], cwd=folder, env={**clean, "LC_ALL": "C.UTF-8", **environment}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


def run_behind(command, folder, **environment):
    return run(["nice", "-n", "19", *command], folder, **environment)


class Builds:
    """One after another.  `builds[NAME]` waits for it, and raises what went wrong there."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        steps = (self.tarball, self.package, self.lintian, self.distcheck)
        self.steps = {step.__name__: self.pool.submit(step) for step in steps}

    def __getitem__(self, name):
        return self.steps[name].result()

    def tarball(self):
        run_behind(["make", "-s", "dist"], self.build)
        version = run([self.build / "postern", "version"], self.build).split()[1]
        return self.build / f"postern-{version}.tar.xz"

    def package(self):
        """The file of changes; packages are left beside the unpacked tarball."""
        tarball = self["tarball"]
        with tarfile.open(tarball) as opened:
            opened.extractall(self.folder)
        run_behind(["dpkg-buildpackage", "-us", "-uc", "-b"], self.folder / tarball.name.removesuffix(".tar.xz"),
                   DEB_BUILD_OPTIONS=f"nocheck parallel={PARALLEL}")
        [changes] = self.folder.glob("*.changes")
        return changes

    def lintian(self):
        return run_behind(["lintian", "--allow-root", "--display-info", "--fail-on", "error,warning,info", self["package"]],
                          self.folder)

    def distcheck(self):
        """Out of a tree that cannot be written; the tests run elsewhere."""
        return run_behind(["make", "-s", f"-j{PARALLEL}", "distcheck", "TESTS=", "check_PROGRAMS=",
                           "DISTCHECK_CONFIGURE_FLAGS=CFLAGS=-O1"], self.build)

    def close(self):
        """What has not begun does not begin any more."""
        self.pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def package_builds(tmp_path_factory, postern_build):
    made = Builds(postern_build, tmp_path_factory.mktemp("package"))
    try:
        yield made
    finally:
        made.close()
