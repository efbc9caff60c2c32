"""The records of one case of the catalogue, as fuzz looks alarms up in them."""

from contextlib import contextmanager

from gradparity.verify import load_cases
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.records import Records


@contextmanager
def records_of(name, framework):
    cases = [case for case in load_cases() if case.name == name]
    assert cases[0].model.divergences
    with Here([framework]) as engine:
        yield Records(cases, engine, [framework])
