"""What adapters share whose framework has a constructor for each rule and schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.optimizers.schedules import SCHEDULES as ROWS
from .spelling import text_of
from .values import attributes, hyperparameters


def refused(where: str, name: str, **wanted: Any) -> None:
    """Refuse what is asked of a constructor and is not there.

    Raises
    ------
    Unsupported
        With the names of what is wanted, where any is.
    """
    asked = [key for key, value in wanted.items() if value]
    if asked:
        raise Unsupported(f"{where}.{name} has no {' and no '.join(asked)}")


def maker_of(
    task: Task, makers: Mapping[str, Any], where: str, lacking: Mapping[str, str] | None = None
) -> Any:
    """What makes the optimizer of a task's rule, of a framework's table.

    ``where`` is the framework's package of optimizers; ``lacking`` has the reasons for some rules.

    Raises
    ------
    Unsupported
        Where the framework has no such rule.
    """
    assert task.update is not None
    rule = task.update.rule
    if lacking and rule in lacking:
        raise Unsupported(lacking[rule])
    if rule not in makers:
        raise Unsupported(f"{where} has no {rule}")
    return makers[rule]


def downhill(task: Task, parameter: str, where: str) -> dict[str, Any]:
    """The hyperparameters of a rule that only minimises; raises Unsupported of one that climbs."""
    given = hyperparameters(task, parameter)
    if given.pop("maximize", False):
        raise Unsupported(f"{where} go downhill")
    return given


def rate_of(
    task: Task,
    adapter: str,
    rate: float,
    schedules: Mapping[str, Callable[..., Any]],
    library: Any,
    none: str,
) -> Any:
    """The learning rate as a framework's optimizer takes it: a number, or a schedule of it.

    Parameters
    ----------
    schedules
        name → what makes it, of the library, the rate and its attributes.
    library
        The framework's schedules, of which a case may call one by name.
    none
        What is said, before its name, where there is no such schedule.

    Raises
    ------
    Unsupported
        Where the framework has no such schedule.
    """
    assert task.update is not None
    own, schedule = natives(task, adapter).get("schedule"), task.update.schedule
    if own is not None:
        return getattr(library, own.name)(**own.attributes)
    if schedule is None:
        return rate
    if schedule.name not in schedules:
        raise Unsupported(f"{none} {schedule.name}")
    return schedules[schedule.name](
        library, rate, **attributes(schedule, ROWS[schedule.name].attributes)
    )


def natives(task: Task, adapter: str) -> dict[str, Chosen]:
    """The framework's own parts that a case calls by name: part → its name and attributes."""
    return {} if task.update is None else task.update.native.get(adapter, {})


def own_optimizer(
    library: Any, task: Task, adapter: str, rated: Callable[[float], Any], **others: Any
) -> Any:
    """The library's optimizer that a case calls by name, a schedule in its rate's place, or None.

    ``rated`` is the schedule of a rate, as ``rate_of`` has it; ``others`` are given as well.
    """
    native = natives(task, adapter)
    chosen = native.get("optimizer")
    if chosen is None:
        return None
    given = dict(chosen.attributes)
    assert task.update is not None
    if "schedule" in native or task.update.schedule is not None:
        base = given.get(RATE)
        given[RATE] = rated(float(hyperparameters(task)["lr"] if base is None else base))
    return getattr(library, chosen.name)(**given, **others)


#: What frameworks beside PyTorch call an optimizer's rate.
RATE = "learning_rate"


def text_of_each(task: Task, made: Callable[[str], Any]) -> str:
    """The calls that a task's update is: one, or with groups one a parameter, a line each."""
    assert task.update is not None
    return "\n".join(text_of(made(name)) for name in (task.params if task.update.groups else [""]))
