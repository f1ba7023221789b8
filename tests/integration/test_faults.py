# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of `make faults` for a few seconds: what is promised is kept, and within its time."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
import faults  # noqa: E402

SECONDS = {"killed": 4, "stopped": 0, "crash": 2, "ldap": 2, "metadata": 2, "reload": 8}


@pytest.fixture(scope="module")
def services(tmp_path_factory, postern_build):
    """One service for all: each fault leaves it as it found it."""
    made = {}

    def service(clock):
        if clock not in made:
            made[clock] = faults.Service(tmp_path_factory.mktemp("faults") / "parts", postern_build, clock=clock)
        return made[clock]

    try:
        yield service
    finally:
        for one in made.values():
            one.close()


@pytest.mark.parametrize("name", list(faults.FAULTS))
def test_fault(services, name):
    service = services(name in faults.WITH_CLOCK)
    mark = len(service.log())
    try:
        seen, _ = faults.FAULTS[name][1](service, SECONDS.get(name, 1))
        print(seen)                     # how long it took says the machine; make faults judges it
    except BaseException:
        print(service.log()[mark:][-8000:])
        raise
