# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that wait for clocks go on beside each other: the first of a file begins all that were chosen, a few at a time.

A test is written as any other.  What it changes must be its own, so the decorator is told how that is made: by a context
manager for each such parameter, which is given a folder, and the fixtures and earlier parameters that it names.  It asserts no
time that a busy machine would exceed.
"""
import concurrent.futures
import contextlib
import inspect

import pytest

AT_ONCE = 4


def beside(**makers):
    """makers: parameter=context manager(folder, fixture...)."""
    def decorate(function):
        def test(going_on, request, **_):
            going_on[request.node.name].result()

        parameters = names_of(function)
        usual = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
                 for name in ("going_on", "request", *(name for name in parameters if name not in makers))]
        test.__name__, test.__doc__, test.__module__ = function.__name__, function.__doc__, function.__module__
        test.__signature__ = inspect.Signature(usual)
        test.pytestmark = getattr(function, "pytestmark", [])
        test.beside = (function, makers)
        return test
    return decorate


def names_of(function):
    return list(inspect.signature(function).parameters)


def wanted(function, makers):
    """The makers of its parameters, and of theirs."""
    names, found = names_of(function), []
    for name in reversed(makers):
        if name in names:
            found.insert(0, name)
            names += names_of(makers[name])[1:]
    return found, [name for name in names if name not in makers]


def run(function, makers, folder, given):
    """given: what is no maker's, by name."""
    made, names = {}, wanted(function, makers)[0]
    with contextlib.ExitStack() as stack:
        for name in names:
            needs = names_of(makers[name])[1:]
            made[name] = stack.enter_context(makers[name](folder / name, *[{**given, **made}[need] for need in needs]))
        try:
            function(**{name: value for name, value in {**given, **made}.items() if name in names_of(function)})
        except Exception as problem:
            logs = "\n".join(one.logs() for one in made.values() if hasattr(one, "logs"))
            raise AssertionError(f"{function.__name__}: {problem}\n{logs[-20000:]}") from problem


@pytest.fixture(scope="module")
def going_on(request, tmp_path_factory):
    """{name of a test: its future}"""
    pool, futures = concurrent.futures.ThreadPoolExecutor(AT_ONCE), {}
    for item in request.session.items:
        if item.module is not request.module or not hasattr(item.function, "beside"):
            continue
        function, makers = item.function.beside
        chosen = item.callspec.params if hasattr(item, "callspec") else {}
        # fixtures are pytest's, and made here: threads must not ask for them
        given = {name: chosen[name] if name in chosen else request.getfixturevalue(name)
                 for name in wanted(function, makers)[1]}
        futures[item.name] = pool.submit(run, function, makers, tmp_path_factory.mktemp("beside"), given)
    yield futures
    pool.shutdown(cancel_futures=True)
