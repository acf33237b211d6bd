"""Each mutant still breaks what it means to: names that are there, called as they are called."""

import importlib.util
import inspect
import sys
from contextlib import contextmanager

import pytest

from tests.acceptance.test_checker_mutants import MUTANTS as DIRECTORY


def load(name, path):
    """Return a module that is loaded anew, and not the one that others have."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


MUTANTS = load("mutants", DIRECTORY / "sitecustomize.py").MUTANTS


@contextmanager
def kept_as_they_are(modules):
    """Give modules back what they had: others in this process have them too."""
    had = [(module, dict(vars(module))) for module in modules]
    try:
        yield
    finally:
        for module, names in had:
            vars(module).update(names)


def parts(module):
    """Return everything that a mutant may replace: what is in a module, and in its own classes."""
    found = dict(vars(module))
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            found |= {f"{name}.{part}": what for part, what in vars(value).items()}
    return found


def shape(function):
    """Return how many arguments are given by place, and which by name only."""
    parameters = inspect.signature(function).parameters.values()
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(by_place), {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("mutant", "broken"), [(m, where) for m, places in MUTANTS.items() for where in places]
)
def test_a_mutant_replaces_what_is_there_by_what_takes_the_same(mutant, broken):
    module = load(f"mutated_{mutant}", importlib.util.find_spec(broken).origin)
    before = parts(module)
    with kept_as_they_are(what for what in vars(module).values() if inspect.ismodule(what)):
        MUTANTS[mutant][broken](module)
    after = parts(module)
    changed = {name for name, value in after.items() if before.get(name) is not value}
    assert changed
    assert changed <= before.keys()
    for name in changed:
        was, is_now = before[name], after[name]
        takes_any = inspect.isfunction(is_now) and any(
            p.kind is p.VAR_POSITIONAL for p in inspect.signature(is_now).parameters.values()
        )
        if inspect.isfunction(was) and not takes_any:
            assert shape(is_now) == shape(was), name
