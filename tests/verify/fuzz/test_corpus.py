"""What is kept of programs: judged once, the same wherever, and gone on with."""

import itertools

import pytest

from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.corpus import Corpus
from gradparity.verify.fuzz.groups import explained, grouped
from gradparity.verify.storage.store import Store

from .test_shrinking import planted


class Counting(Adapter):
    name = "numpy"

    def __init__(self):
        self.runs = []

    def version(self):
        return "1"

    def has(self, operation):
        return NumpyAdapter().has(operation)

    def run(self, task):
        self.runs.append(task.case)
        return NumpyAdapter().run(task)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "tasks.sqlite") as opened:
        yield opened


def fill(corpus, numbers, adapter=None):
    with Here([adapter or NumpyAdapter()]) as engine:
        return list(corpus.fill(engine, numbers))


def test_a_program_is_judged_once(store):
    counting = Counting()
    assert fill(Corpus(store, 1, ["numpy"]), range(3), counting) == [0, 1, 2]
    before = set(counting.runs)
    again = Corpus(store, 1, ["numpy"])
    assert sorted(fill(again, range(5), counting)) == [0, 1, 2, 3, 4]
    assert set(counting.runs) - before == {"fuzz-1-3", "fuzz-1-4"}
    assert again.versions() == {"numpy": "1"}


def test_another_seed_or_operation_is_another_corpus(store):
    fill(Corpus(store, 1, ["numpy"]), range(2))
    for other in (Corpus(store, 2, ["numpy"]), Corpus(store, 1, ["numpy"], ("tanh",))):
        counting = Counting()
        fill(other, range(1), counting)
        assert counting.runs


def test_what_alarmed_is_told_again_by_a_later_run(store):
    held = Corpus(store, 3, ["numpy"], ("tanh",))
    fill(held, range(4), planted("tanh"))
    first = list(held.alarming())
    assert {found.alarm.operation for found in first} == {"tanh"}
    later = Corpus(store, 3, ["numpy"], ("tanh",))
    fill(later, range(4))  # nothing is judged anew
    assert [f.alarm for f in later.alarming()] == [f.alarm for f in first]
    assert [f.made.text() for f in later.alarming()] == [f.made.text() for f in first]


def test_what_is_judged_before_an_interruption_is_kept(store):
    corpus = Corpus(store, 1, ["numpy"])
    with Here(["numpy"]) as engine:
        assert list(itertools.islice(corpus.fill(engine, range(9)), 2)) == [0, 1]
    assert len(store) == 2


def test_alarms_of_one_fault_are_one_group_and_a_record_takes_its_own(store):
    corpus = Corpus(store, 3, ["numpy"], ("tanh", "exp"))
    fill(corpus, range(8), planted("tanh"))
    (group,) = grouped(corpus.alarming())
    assert len(group.alarms) > 1
    assert group.name.startswith("numpy-tanh-backward-error")

    class One:
        def explaining(self, alarm, beside):  # noqa: ARG002  as the other's
            return "a-case" if alarm is group.alarms[0].alarm else ""

    parts = list(explained([group], One()))
    assert sorted((part.recorded, len(part.alarms)) for part in parts) == [
        ("", len(group.alarms) - 1),
        ("a-case", 1),
    ]
