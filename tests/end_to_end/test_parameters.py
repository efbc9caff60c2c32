"""Every parameter of every operation is moved off its default by some case of the catalogue."""

from collections import defaultdict
from inspect import Parameter

import pytest

from gradparity.cases.program import Const
from gradparity.refimpl.ops import TABLE

from ..whole import whole

#: (operation, parameter) → why no case moves it.
STAYS = {}


def calls(case):
    """The instructions of each text of a case, at each point of its sweep."""
    for task in case.tasks([case.dtypes[0]]):
        for program in task.programs.values():
            yield from program.instructions


@pytest.fixture(scope="module")
def moved():
    """(operation, parameter) → whether a case gives it another value than its default."""
    found = defaultdict(set)
    for case in whole()[0]:
        for call in calls(case):
            row = None if call.native else TABLE.get(call.operation)
            if row is None:
                continue
            for name, value in call.attributes.items():
                said = value.value if isinstance(value, Const) else value
                if said != row.attributes.get(name, Parameter.empty):
                    found[call.operation].add(name)
            given = [a for a in call.arguments if not (isinstance(a, Const) and a.value is None)]
            found[call.operation] |= set(row.arguments[: len(given)]) & row.optional
    return found


def test_every_parameter_is_moved_off_its_default(moved):
    left = {
        (row.name, name)
        for row in TABLE.values()
        for name in (*row.attributes, *row.optional)
        if name not in moved[row.name]
    }

    assert left - STAYS.keys() == set()
    assert STAYS.keys() - left == set()
