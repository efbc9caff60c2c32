"""What is run first."""

from gradparity.verify import load_cases
from gradparity.verify.engine.order import told_first
from gradparity.verify.engine.work import Work


def operations(task):
    return {i.operation for p in task.case.programs[0].values() for i in p.instructions}


def test_worked_examples_come_first_then_one_of_every_operation():
    work = Work(load_cases())
    order = told_first(work)
    assert sorted(number for number, _ in order) == list(range(len(work)))
    tasks = [task for _, task in order]
    assert tasks[0].case.name == "one-layer"
    worked = [task for task in tasks if "basics" in task.case.tags]
    assert tasks[: len(worked)] == worked
    early, late, seen = tasks[: len(tasks) // 6], tasks[len(tasks) // 6 :], set()
    for task in early:
        seen |= operations(task)
    assert all(operations(task) <= seen for task in late)
