"""The smallest program that raises an alarm, and what simpler ones are."""

import time
from dataclasses import replace

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.ops import TABLE
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.alarms import alarms_in
from gradparity.verify.fuzz.drawing import Drawn, drawn
from gradparity.verify.fuzz.programs import Line, Refused
from gradparity.verify.fuzz.shrinking import Shrinker
from gradparity.verify.fuzz.simpler import PASSES, alone, cost, named, replayed, rounder, smaller
from gradparity.verify.fuzz.writing import case_in


def planted(name, factor=1.01):
    """The reference with one operation's gradient off."""
    row = TABLE[name]
    (vjp, *others) = row.vjps

    def wrong(g, y, *xs, **attributes):
        return vjp(g, y, *xs, **attributes) * factor

    return NumpyAdapter({**TABLE, name: replace(row, vjps=(wrong, *others))})


def program(*calls, **leaves):
    """A program of calls on parameters, each a name, an operation, its arguments and attributes."""
    params = {k: np.asarray(x, float) for k, x in leaves.items()}
    lines = [Line((target,), op, tuple(names), more) for target, op, names, more in calls]
    return replayed(lines, params, {})


LONG = Drawn(
    "made-up",
    program(
        ("u", "exp", ["a"], {}),
        ("v", "tanh", ["u"], {}),
        ("w", "multiply", ["v", "b"], {}),
        ("z", "sum", ["w"], {"axis": (0,)}),
        a=[[0.123, -0.456, 0.789], [0.321, -0.654, 0.987]],
        b=[[1.234, 2.345, -3.456], [0.1, 0.2, 0.3]],
    ),
)


def alarm_of(made, engine):
    ((_, rows),) = engine.run([(0, u) for u in case_in(made.text(flat=True)).undrawn()])
    (alarm,) = alarms_in("made-up", rows)
    return alarm


def test_a_fault_is_shrunk_to_its_operation_and_round_numbers():
    with Here([planted("tanh")]) as engine:
        alarm = alarm_of(LONG, engine)
        assert (alarm.operation, alarm.direction) == ("tanh", "backward")
        made, smallest = Shrinker(engine, ["numpy"]).smallest(LONG, alarm)
        assert alarm_of(made, engine) == replace(smallest, task="made-up")
    assert [line.operation for line in made.program.lines] == ["tanh"]
    ((name, x),) = made.program.params.items()
    assert (name, x.size) == ("x", 1)
    assert abs(x.item()) in (0.0, 0.5, 1.0, 2.0)
    assert (smallest.operation, smallest.verdict) == (alarm.operation, alarm.verdict)


@pytest.mark.slow
def test_what_is_found_does_not_hang_on_how_many_are_judged_together():
    with Here([planted("tanh")]) as engine:
        alarm = alarm_of(LONG, engine)
        texts = [
            Shrinker(engine, ["numpy"], together).smallest(LONG, alarm)[0].text()
            for together in (1, 5)
        ]
    assert texts[0] == texts[1]


class Slow(Here):
    """An engine that takes a while for every task."""

    judged = 0

    def run(self, tasks):
        for number, undrawn in tasks:
            self.judged += 1
            time.sleep(0.2)
            yield from super().run([(number, undrawn)])


def test_where_the_time_is_up_the_smallest_so_far_is_taken_and_that_is_said():
    said = []
    with Slow([planted("tanh")]) as engine:
        alarm = alarm_of(LONG, engine)
        engine.judged = 0
        shrinker = Shrinker(engine, ["numpy"], seconds=0.5, say=said.append)
        made, smallest = shrinker.smallest(LONG, alarm)
        assert engine.judged <= 5  # the first one, those of half a second, and the named one
        assert smallest.alike(alarm_of(made, engine))
    (told,) = said
    assert "made-up is not shrunk to its end" in told
    assert f"{len(made.program.lines)} operation" in told


def test_what_is_shrunk_to_its_end_is_not_talked_of():
    said = []
    with Here([planted("tanh")]) as engine:
        Shrinker(engine, ["numpy"], say=said.append).smallest(LONG, alarm_of(LONG, engine))
    assert said == []


@pytest.mark.thinned(2)
@pytest.mark.parametrize("most", [0, 4])
def test_no_more_candidates_are_judged_than_there_may_be(most):
    with Slow([planted("tanh")]) as engine:
        alarm = alarm_of(LONG, engine)
        engine.judged = 0
        Shrinker(engine, ["numpy"], most=most).smallest(LONG, alarm)
        assert engine.judged <= most + 2  # the first one and the named one


def test_what_does_not_alarm_again_is_not_shrunk():
    with Here([planted("tanh")]) as engine:
        alarm = alarm_of(LONG, engine)
    with Here(["numpy"]) as engine:
        assert Shrinker(engine, ["numpy"]).smallest(LONG, alarm) is None


def test_training_and_ways_are_dropped_where_they_do_not_matter():
    made = replace(
        LONG,
        program=program(
            ("u", "tanh", ["a"], {}), ("y", "sum", ["u"], {}), a=[[0.123, -0.456], [0.5, 0.6]]
        ),
        optimizer={"adam": {"lr": 0.1, "b1": 0.9}},
        steps=2,
    )
    with Here([planted("tanh")]) as engine:
        small, _ = Shrinker(engine, ["numpy"]).smallest(made, alarm_of(made, engine))
    assert (small.optimizer, small.steps) == ({}, 1)


@pytest.mark.parametrize("number", range(8))
def test_every_candidate_is_a_program_with_right_values(number):
    made, _ = drawn(11, number)
    for simpler in PASSES:
        for candidate in list(simpler(made))[:12]:
            held = candidate.program
            again = replayed(held.lines, held.params, held.inputs)
            assert again.lines == held.lines
            np.testing.assert_array_equal(again.values[held.output], held.values[held.output])


def test_a_step_that_helps_costs_less():
    assert all(cost(c) < cost(LONG) for c in alone(LONG))
    assert any(sum(cost(c)[2:3]) < cost(LONG)[2] for c in smaller(LONG))
    assert any("[1.0" in c.text() for c in rounder(LONG))


def test_names_are_short_and_the_output_is_y():
    made = named(LONG)
    assert list(made.program.params) == ["x", "w"]
    assert made.program.output == "y"
    np.testing.assert_array_equal(made.program.values["y"], LONG.program.values["z"])


def test_what_the_table_refuses_is_no_program():
    with pytest.raises(Refused):
        program(("y", "log", ["a"], {}), a=-1.0)
    with pytest.raises(Refused):
        program(("y", "argsort", ["a"], {}), a=[1.0, 2.0])
