# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that wait for clocks go on beside each other: the first of a file begins all that were chosen, a few at a time.

A test is written as any other.  What it changes must be its own, so the decorator is told how that is made: by a context
manager for each such parameter, which is given a folder and the fixtures that it names.  It asserts no time that a busy
machine would exceed.
"""
import concurrent.futures
import contextlib
import functools
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
        test.beside = (function, {name: maker for name, maker in makers.items() if name in parameters})
        return test
    return decorate


def names_of(function):
    return list(inspect.signature(function).parameters)


def run(function, made_by, given):
    with contextlib.ExitStack() as stack:
        made = {name: stack.enter_context(maker()) for name, maker in made_by.items()}
        try:
            function(**made, **given)
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
        folder, chosen = tmp_path_factory.mktemp("beside"), item.callspec.params if hasattr(item, "callspec") else {}
        # fixtures are pytest's, and made here: threads must not ask for them
        made_by = {name: functools.partial(maker, folder / name, *map(request.getfixturevalue, names_of(maker)[1:]))
                   for name, maker in makers.items()}
        given = {name: chosen[name] if name in chosen else request.getfixturevalue(name)
                 for name in names_of(function) if name not in makers}
        futures[item.name] = pool.submit(run, function, made_by, given)
    yield futures
    pool.shutdown(cancel_futures=True)
