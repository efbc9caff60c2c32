"""What is right conforms; what is wrong on purpose is found, and said in a sentence."""

import re
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from gradparity.adapters.base import Step, Trace
from gradparity.adapters.conformance import check
from gradparity.adapters.conformance.tasks import tasks
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.adapters.registry import make
from gradparity.refimpl.errors import Unsupported

from .example_adapter import AutogradAdapter
from .wrong import (
    Wrong,
    gradient,
    missing_gradient,
    nan_gradient,
    no_gradient,
    one_element_off,
    raises,
    scaled,
    stale_update,
    stale_value,
    steps_left_out,
    value,
    wrong_dtype,
    wrong_shape,
    wrong_sign,
    wrong_value,
    zero_gradient,
)


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
def test_our_own_adapters_conform_and_run_every_task(name):
    report = check(make(name))
    assert not report.findings, report
    assert not report.unsupported
    assert not report.unstated
    assert len(report.ran) > 15


def test_the_example_conforms_and_says_what_it_lacks():
    report = check(AutogradAdapter())
    assert not report.findings, report
    assert "one-layer[float64]" in report.ran
    assert report.unsupported["several-results[float64]"] == "this adapter has no top_k"


class WrongIn(Wrong):
    """Wrong in one case alone."""

    def __init__(self, case, change):
        super().__init__(NumpyAdapter(), change)
        self.case = case

    def run(self, task):
        return super().run(task) if task.case == self.case else self.inner.run(task)


def extra(part, name):
    def apply(trace):
        getattr(trace.steps[-1], part)[name] = np.zeros(2)

    return apply


def replaced(part, by):
    def apply(trace):
        setattr(trace.steps[0], part, by)

    return apply


def tiny_and_random(trace):
    """Within what is let pass, and another every time."""
    values = trace.steps[0].values
    off = np.random.default_rng().uniform(1e-13, 1e-10)
    values["loss"] = np.array(values["loss"] * (1 + off), values["loss"].dtype)


TRACES = {
    "a gradient of zeros": ("one-layer", zero_gradient("W"), r"step 0: grads\['W'\] is \[0"),
    "a sign": ("complex", wrong_sign("z"), r"grads\['z'\].*where the reference has"),
    "a conjugate": ("complex", gradient("z", np.conj), r"grads\['z'\].*where the reference"),
    "nan": ("one-layer", nan_gradient("b"), r"grads\['b'\] is \[nan\]"),
    "no gradient": ("one-layer", no_gradient("a"), r"grads\['a'\] is None"),
    "a gradient left out": ("one-layer", missing_gradient("z"), r"grads has no 'z'"),
    "a dtype": ("used-twice", wrong_dtype("W"), r"grads\['W'\] has dtype float16, expected float"),
    "a shape": ("used-twice", wrong_shape("b"), r"grads\['b'\] has shape \(1, 2\), expected \(2"),
    "a hundredth": ("used-twice", scaled("W", 0.01), r"grads\['W'\]"),
    "one element": ("used-twice", one_element_off("W", 0.1), r"grads\['W'\]"),
    "a value": ("one-layer", wrong_value("z", 0.3), r"values\['z'\]"),
    "a number of Python's": ("one-layer", value("z", float), r"values\['z'\] is float, expected"),
    "a number of NumPy's": ("one-layer", value("z", lambda x: x[()]), r"is numpy\.\w+, expected"),
    "a list": ("complex", value("u", np.ndarray.tolist), r"values\['u'\] is list"),
    "a subclass": ("complex", value("u", lambda x: x.view(np.recarray)), r"is numpy\.rec"),
    "booleans as numbers": ("whole-numbers", value("late", lambda x: x + 0), "has dtype int64"),
    "whole numbers off": ("whole-numbers", value("later", lambda x: x + 1), r"values\['later'\]"),
    "off the way": ("off-the-way", extra("grads", "unused"), r"grads has 'unused', expected 'w'"),
    "a name of nobody's": ("one-layer", extra("values", "q"), r"values has 'q', expected"),
    "an update for nothing": ("one-layer", extra("params", "W"), "has 'W', expected nothing"),
    "a slot of no rule's": ("adam", extra("slots", "w.x"), r"slots has 'w\.x', expected 'w\.m'"),
    "an update that is late": ("descent", stale_update("w"), r"step 1: params\['w'\]"),
    "an output that is late": ("descent", stale_value("loss"), r"step 1: values\['loss'\]"),
    "steps": ("descent", steps_left_out, "the trace has 1 steps, expected 3"),
    "no mapping": ("one-layer", replaced("values", None), "values is NoneType, expected a dict"),
    "no slots": ("adam", replaced("slots", None), "slots is NoneType, expected a dict"),
    "an error": ("one-layer", raises(KeyError("oops")), "failed: the adapter raised KeyError"),
    "chance": ("used-twice", tiny_and_random, "another trace when it is run again"),
    "a wordless refusal": ("complex", raises(Unsupported("")), "unsupported without a word"),
    "a refusal": ("off-the-way", raises(Unsupported("no")), r"unsupported \(no\), though has\(\)"),
}  # fmt: skip


@pytest.mark.parametrize("what", TRACES)
def test_a_trace_that_is_wrong_in_one_case_is_found_there(what):
    case, change, sentence = TRACES[what]
    report = check(WrongIn(case, change))
    assert report.findings
    assert all(found.startswith(case) for found in report.findings)
    assert any(re.search(sentence, found) for found in report.findings), report


class Odd(NumpyAdapter):
    """The reference, to be spoilt."""


def _raise(error):
    raise error


@contextmanager
def swallowing(_):
    with suppress(Exception):
        yield


def writes(self, task):
    trace = NumpyAdapter().run(task)
    for x in task.params.values():
        np.add(x, 1, out=x)
    return trace


def hands_back_what_it_was_given(self, task):
    trace = NumpyAdapter().run(task)
    if task.case == "descent":
        trace.steps[0].params = dict(task.params)
    return trace


def refuses_everything(self, task):
    raise Unsupported("not today")


def runs_what_nobody_has(self, task):
    with suppress(Unsupported):
        return NumpyAdapter().run(task)
    return Trace([Step()])


def fails_at_what_nobody_has(self, task):
    try:
        return NumpyAdapter().run(task)
    except Unsupported:
        raise KeyError(task.case) from None


MANNERS = {
    "a name": ({"name": "two words"}, "name: is 'two words', expected letters"),
    "no name": ({"name": None}, "name: is None"),
    "no version": ({"version": lambda _: " "}, "version: is ' ', expected a version"),
    "a version that is a tuple": ({"version": lambda _: (2, 1)}, r"version: is \(2, 1\), expected"),
    "a version that raises": ({"version": lambda _: _raise(OSError("x"))}, "version: raised OSEr"),
    "a version of the moment": ({"version": lambda _: str(np.random.default_rng().random())},
                                "version: is another when it is asked again"),
    "facts": ({"facts": lambda _: {"devices": 2}}, "facts: has something that is no text"),
    "None for an operation": ({"has": lambda *_: None}, r"has\('\w+'\): is None.*; and \d+ more"),
    "any operation": ({"has": lambda _, name: name}, "has: says 'no_such_operation' of an opera"),
    "no operation": ({"has": lambda *_: ""}, r"was run, though has\('add'\) says that there is"),
    "a reason for what it has": ({"lacks": lambda *_: "no"}, r"lacks\('add'\): says 'no' of an op"),
    "a reason that is no text": ({"lacks": lambda *_: None}, r"lacks\('\w+'\): is None.*; and \d+"),
    "swallowing": ({"one_thread": swallowing}, "one_thread: swallows what is raised inside"),
    "no context": ({"one_thread": lambda _: None}, "one_thread: raised"),
    "an update that is no Python": ({"spelled": lambda *_: "sgd("}, "spelled: is no Python"),
    "a snippet that is no text": ({"snippet": lambda *_: None}, "snippet: is None, expected a str"),
    "a snippet that raises": ({"snippet": lambda *_: _raise(KeyError("k"))}, "snippet: raised Key"),
    "writing": ({"run": writes}, "wrote to the task's own arrays"),
    "what it was given": ({"run": hands_back_what_it_was_given}, "is the memory of the task's own"),
    "nothing": ({"run": lambda *_: None}, "run returned NoneType, expected a Trace"),
    "steps of another kind": ({"run": lambda *_: Trace([None])}, "expected a Trace with a list"),
    "refusing everything": ({"run": refuses_everything}, "is unsupported, which every adapter"),
    "running anything": ({"run": runs_what_nobody_has}, "table: expected Unsupported, but it"),
    "failing": ({"run": fails_at_what_nobody_has}, "table: expected Unsupported, but the ada"),
}  # fmt: skip


@pytest.mark.parametrize("what", MANNERS)
def test_what_it_does_otherwise_is_found(what):
    parts, sentence = MANNERS[what]
    report = check(type("Spoilt", (Odd,), parts)())
    assert any(re.search(sentence, found) for found in report.findings), report


def test_an_adapter_that_writes_spoils_nothing_for_the_next():
    check(type("Spoilt", (Odd,), {"run": writes})())
    assert tasks()[0].params["W"] == 0.5
    assert not check(AutogradAdapter()).findings


def test_a_report_says_what_was_run():
    report = check(AutogradAdapter())
    counts = f"{len(report.ran)} tasks were run, {len(report.unsupported)} are unsupported"
    assert "softmax" in report.unstated
    unstated = f"of {len(report.unstated)} operations it has neither a spelling nor a reason"
    assert str(report) == f"{counts}; {unstated}"
