"""Every operation, lowered to PyTorch and captured back, is the same to the reference.

The lowerings of the adapter go from the table to torch, the rows of the capture back: what both
say of an operation has to be one thing.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportIncompatibleMethodOverride=false
# torch types what a module holds as a tensor or a module, whichever it is.

from dataclasses import replace

import pytest
import torch

from gradparity.adapters.captures.captured import needed
from gradparity.adapters.captures.torch import capture
from gradparity.adapters.captures.torch.lowerings import ROWS as CAPTURED
from gradparity.adapters.interpret import interpret
from gradparity.adapters.lowering import SpelledDialect
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.torch import TorchAdapter, tensor
from gradparity.adapters.torch_lowerings import LOWERINGS
from gradparity.cases.program import Program
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import GROUPS, TABLE

from ...whole import whole
from ..test_lowerings import LACKS, UP_TO_SIGN, near, task_of, underivable, within

#: Far above rounding at these sizes, far below any other meaning of a name or an attribute.
WITHIN = 1e-11

#: The derivative of its forward pass is not its rule, and a capture says so (``custom``).
BENT = {"reverse_gradient"}

#: The reference, which has one dtype throughout, does not round to these.
NARROW = frozenset({"float32", "float16", "bfloat16"})

#: What torch.export cannot follow, or has as calls that the reference has no counterpart of; it is
#: recorded, as all is in the quick test, and what is captured with it would be.
RECORDED = {
    *("dynamic_slice", "dynamic_update_slice", "gradient", "interp", "istft", "linalg.lstsq"),
    *("masked_select", "mode", "nanmedian", "nanquantile", "quantile", "quantiles", "stft"),
}

#: How many operations come back as themselves at least, and not as what torch or its adapter
#: makes of them: where calls are exported, where they are recorded, and of the catalogue's.
WHOLE = {"exported": 256, "recorded": 223, "of the catalogue": 250}

ROWS = [row for row in TABLE.values() if row.name not in BENT and row.name not in LACKS["torch"]]


class Eager(SpelledDialect):
    lowerings = LOWERINGS

    def kind(self, value):
        if value.is_complex():
            return "c"
        if value.is_floating_point():
            return "f"
        return "b" if value.dtype == torch.bool else "i"

    def array(self, x):
        return tensor(x)


class Lowered(torch.nn.Module):
    """Tasks' programs, each variable of which is handed back."""

    def __init__(self, tasks, *, look):
        super().__init__()
        self.tasks, self.look = tasks, look

    def forward(self, leaves):
        if self.look:
            assert float(torch.as_tensor(leaves["look"])) == 1  # torch.export cannot know
        made = {}
        for name, task in self.tasks.items():
            variables = interpret(task.programs["*"], leaves[name], Eager(), "float64")
            made[name] = {k: v for k, v in variables.items() if isinstance(v, torch.Tensor)}
        return made


def captured(tasks, *, look=False):
    """The capture of several tasks at once; with a look into a tensor, it is recorded."""
    leaves = {
        name: {
            **{k: tensor(x) for k, x in task.inputs.items()},
            **{k: tensor(x).requires_grad_() for k, x in task.params.items()},
        }
        for name, task in tasks.items()
    }
    leaves["look"] = torch.tensor(1.0)
    return capture(Lowered(tasks, look=look), (leaves,))


def differing(name, task, found, *, by=reference):
    """What a task computes otherwise once it has been to torch and back, as ``by`` runs it."""
    want = by(task).steps[0]
    place = f"{name}."
    paths = {p.removeprefix(place): v for p, v in found.outputs.items() if p.startswith(place)}
    moves = task.programs["*"].output in paths  # else it is a parameter, and nothing depends on it
    output = paths[task.programs["*"].output] if moves else next(iter(paths.values()))
    wanted = needed(found.program, paths.values())
    own = tuple(i for i in found.program.instructions if i.target in wanted)
    program = Program(own, output)
    again = replace(task, programs={"*": program}, inputs=found.inputs, params=found.params)
    got = reference(again).steps[0]
    signed = (
        {i.target for i in task.programs["*"].instructions if i.operation == "select"}
        if task.case in UP_TO_SIGN
        else set()
    )
    off = [
        k
        for k, v in paths.items()
        if k not in signed and not near(want.values[k], got.values[v], WITHIN)
    ]
    for k in task.params if moves else ():
        a, b = want.grads.get(k), got.grads.get(f"leaves.{name}.{k}")
        present = [x for x in (a, b) if x is not None]
        if len(present) == 1:
            off += [f"∂{k}"] * bool(present[0].any())
        elif len(present) == 2 and not near(a, b, WITHIN):
            off.append(f"∂{k}")
    return off


def kept(found, tasks):
    """The operations that a capture has of those that were lowered."""
    return {task.case for task in tasks.values()} & {
        i.operation for i in found.program.instructions
    }


def tasks_of(rows, count=None):
    """A task an operation, of as many of its examples; an empty one has none."""
    made = {row.name.replace(".", "_"): (row, within("torch", row)[:count]) for row in rows}
    return {name: derivable(task_of(row, examples)) for name, (row, examples) in made.items()}


def derivable(task):
    """A task whose parameters PyTorch has derivatives by; it refuses to run with others as such."""
    try:
        TorchAdapter().run(task)
    except (AdapterFailed, Unsupported) as failure:
        if not underivable(failure):
            raise
    else:
        return task
    params, inputs = dict(task.params), dict(task.inputs)
    for name, x in task.params.items():
        try:
            TorchAdapter().run(
                replace(task, params={name: x}, inputs={**task.inputs, **task.params})
            )
        except (AdapterFailed, Unsupported) as failure:
            if not underivable(failure):
                raise
            inputs[name] = params.pop(name)
    return replace(task, params=params, inputs=inputs)


def wrong(tasks, found):
    off = {name: differing(name, task, found) for name, task in tasks.items()}
    return {name: names for name, names in off.items() if names}


@pytest.mark.slow
def test_one_call_of_every_operation_recorded_comes_back_the_same():
    tasks = tasks_of(ROWS, 1)
    found = captured(tasks, look=True)
    assert found.gaps == ()
    assert wrong(tasks, found) == {}
    assert len(kept(found, tasks)) >= WHOLE["recorded"]


@pytest.mark.slow
def test_every_call_of_every_operation_exported_comes_back_the_same(record_property):
    whole = set()
    for rows in GROUPS.values():
        tasks = tasks_of(row for row in rows if row in ROWS and row.name not in RECORDED)
        found = captured(tasks)
        assert found.gaps == ()
        assert wrong(tasks, found) == {}
        whole |= kept(found, tasks)
    record_property("operations captured whole", f"{len(whole)} of {len(TABLE)}")
    assert len(whole) >= WHOLE["exported"]


@pytest.mark.slow
def test_every_call_of_what_is_not_exported_comes_back_the_same():
    tasks = tasks_of(row for row in ROWS if row.name in RECORDED)
    found = captured(tasks)
    assert found.gaps == ()
    assert wrong(tasks, found) == {}


def test_a_row_that_is_wrong_is_seen(monkeypatch):
    monkeypatch.setitem(CAPTURED, "tanh", lambda w, x: w.emit("sigmoid", x))
    tasks = tasks_of([TABLE["tanh"]])
    assert wrong(tasks, captured(tasks, look=True)) != {}


def _catalogue():
    """The cases that are programs of the table alone, a point of each, that both sides run."""
    cases, _ = whole()
    for case in cases:
        tasks = (replace(t, programs={"*": t.program("torch")}) for t in case.tasks())
        task = next((t for t in tasks if t.dtype == "float64" and not _native(t)), None)
        if task is None:
            continue
        try:
            TorchAdapter().run(task)
            reference(task)
        except (Unsupported, AdapterFailed):
            continue
        yield replace(task, steps=1, update=None, batch=None, state={})


def _native(task):
    program = task.programs["*"]
    return program is None or program.native


@pytest.mark.slow
def test_every_case_of_the_catalogue_comes_back_the_same(record_property):
    tasks = {f"k{k}": task for k, task in enumerate(_catalogue())}
    lowered, whole, off = set(), set(), {}
    for names in batched(tasks, 25):
        some = {name: tasks[name] for name in names}
        found = captured(some)
        assert found.gaps == ()
        places = {i.operation for i in found.program.instructions}
        for name, task in some.items():
            operations = {i.operation for i in task.programs["*"].instructions} - {"select"}
            lowered |= operations
            whole |= operations & places
            if narrows(task):
                assert not NARROW.isdisjoint(found.dtypes.values())
                continue
            if operations & (BENT | {"straight_through"}):
                continue
            wrong = differing(name, task, found)
            # What is a divergence of torch's comes back as torch has it.
            if wrong and differing(name, task, found, by=TorchAdapter().run):
                off[task.id] = wrong
    record_property("cases", len(tasks))
    record_property("operations captured whole", f"{len(whole)} of {len(lowered)}")
    assert off == {}
    assert len(whole) >= WHOLE["of the catalogue"]


def narrows(task):
    """Whether floats are cast to a narrower dtype, which a capture notes and leaves out."""
    return any(
        i.operation == "astype" and i.attributes["dtype"] in NARROW
        for i in task.programs["*"].instructions
    )


def batched(names, size):
    names = list(names)
    return [names[k : k + size] for k in range(0, len(names), size)]
