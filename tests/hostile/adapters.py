"""Adapters that misbehave: what one does, by name, in place of running a task.

A case's name says which: the module is found in workers too, by its entry point.
"""

from pathlib import Path

MODULE = '''\
import os
import sys
from dataclasses import replace

import ml_dtypes
import numpy as np
from gradparity.adapters.base import Adapter, Step, Trace
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl import errors


class Bare(BaseException):
    """Of no kind that anybody catches."""


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Fatal(Exception):
    def __str__(self):
        raise SystemExit(0)


class MuteUnsupported(errors.Unsupported):
    def __str__(self):
        raise RuntimeError("no words")


class Tensor:
    """A stranger's array: it has a shape and a dtype, and is none."""

    shape, dtype = (2,), np.dtype("float64")

    def __getattr__(self, name):
        raise RuntimeError(f"no {name} here")

    def __array__(self, *_, **__):
        raise RuntimeError("stays on the device")


class Names(dict):
    def items(self):
        raise RuntimeError("cannot be walked")


def raising(error):
    def fault(adapter, task):
        raise error
    return fault


def returning(result):
    return lambda adapter, task: result


def changed(change):
    """A right trace, changed."""
    def fault(adapter, task):
        trace = NumpyAdapter().run(task)
        return change(trace) or trace
    return fault


def first(part, name, make):
    """One array of the first step made another thing."""
    def change(trace):
        held = getattr(trace.steps[0], part)
        held[name] = make(held[name])
    return changed(change)


def whole(part, make):
    def change(trace):
        setattr(trace.steps[0], part, make(getattr(trace.steps[0], part)))
    return changed(change)


def closes(adapter, task):
    print("a word on standard output")
    np.seterr(all="raise")
    return NumpyAdapter().run(task)


RAISES = {
    "sys-exit": SystemExit(0), "sys-exit-3": SystemExit(3), "sys-exit-text": SystemExit("bye"),
    "generator-exit": GeneratorExit(), "base-exception": Bare("bare"), "mute": Mute(),
    "fatal-text": Fatal(), "mute-unsupported": MuteUnsupported(), "memory": MemoryError(),
    "recursion": RecursionError("deep"), "stop-iteration": StopIteration(),
    "stop-async-iteration": StopAsyncIteration(), "no-text": ValueError(),
    "os": OSError(28, "full"),
    "broken-pipe": BrokenPipeError(), "unicode": UnicodeDecodeError("utf8", b"x", 0, 1, "odd"),
    "escapes": ValueError("\\x1b[2J\\x07"), "endless-text": ValueError("x" * 10**6),
    "surrogate": ValueError("\\ud800"), "bad-case": errors.BadCase("odd", "x:1:1"),
    "bad-usage": errors.BadUsage("odd"), "root": errors.GradparityError("odd"),
    "limit": errors.LimitExceeded("odd"), "missing": ModuleNotFoundError("odd", name="odd"),
    "group": ExceptionGroup("several", [ValueError("one")]), "warning": UserWarning("odd"),
    "timeout": TimeoutError("late"), "assertion": AssertionError(),
    "broken-pool": __import__("concurrent.futures.process").futures.process.BrokenProcessPool(),
}
RETURNS = {
    "none": None, "text": "loss", "number": 1.0, "array": np.ones(2), "list": [], "class": Trace,
    "object": object(), "tensor": Tensor(), "dict": {"steps": []}, "steps-none": Trace(None),
    "steps-text": Trace("ab"), "steps-tensor": Trace(Tensor()), "no-steps": Trace([]),
    "steps-of-none": Trace([None]), "steps-of-dicts": Trace([{}]), "exception": ValueError("x"),
    "not-implemented": NotImplemented, "steps-generator": Trace(s for s in [Step()]),
}
ARRAYS = {
    "nothing": lambda x: None, "words": lambda x: "0.5", "float": lambda x: 0.5,
    "lists": lambda x: x.tolist(), "foreign": lambda x: Tensor(),
    "masked": lambda x: np.ma.masked_array(x, mask=x > 0), "matrix": lambda x: np.matrix(x),
    "record": lambda x: np.zeros(x.shape, [("a", "f8")]), "objects": lambda x: x.astype(object),
    "strings": lambda x: x.astype(str), "bytes": lambda x: np.full(x.shape, b"a"),
    "void": lambda x: np.zeros(x.shape, "V8"), "dates": lambda x: np.zeros(x.shape, "M8[s]"),
    "memory": lambda x: memoryview(np.ravel(x)), "type": lambda x: np.float64,
    "subclass": lambda x: x.view(np.recarray), "nan": lambda x: np.full_like(x, np.nan),
    "infinite": lambda x: np.full_like(x, np.inf), "integers": lambda x: x.astype(np.int64),
    "complex": lambda x: x + 0j, "bfloat16": lambda x: x.astype(ml_dtypes.bfloat16),
    "longdouble": lambda x: x.astype(np.longdouble), "swapped": lambda x: x.astype(">f8"),
    "empty": lambda x: np.zeros((0,)), "wide": lambda x: np.ones((3, 1, 4)),
    "deep": lambda x: np.ones((1,) * 40), "bools": lambda x: x > 0, "negative": lambda x: -x,
    "float8": lambda x: x.astype(ml_dtypes.float8_e4m3fn), "int4": lambda x: x.astype("int8"),
}
TARGETS = {
    "value": ("values", "loss"), "inner": ("values", "z"), "grad": ("grads", "w"),
    "output-grad": ("grads", "loss"), "param": ("params", "w"), "slot": ("slots", "w.m"),
}
WHOLE = {
    "none": lambda d: None, "list": lambda d: [*d], "text": lambda d: "w", "raises": Names,
    "tensor": lambda d: Tensor(), "numbers": lambda d: dict(enumerate(d.values())),
    "bytes": lambda d: {k.encode(): v for k, v in d.items()}, "empty": lambda d: {},
    "more": lambda d: {**d, "zz": np.ones(3), "": np.ones(()), "a.b": np.ones(2)},
    "none-key": lambda d: {**d, None: np.ones(1)},
}

FAULTS = {
    "right": lambda adapter, task: NumpyAdapter().run(task),
    "closes": closes,
    "interrupt": raising(KeyboardInterrupt()),
    "few-steps": changed(lambda t: t.steps.pop()),
    "many-steps": changed(lambda t: t.steps.append(t.steps[0])),
    "steps-tuple": changed(lambda t: setattr(t, "steps", tuple(t.steps))),
    "seconds-nan": changed(lambda t: setattr(t, "seconds", float("nan"))),
    "seconds-text": changed(lambda t: setattr(t, "seconds", "1")),
    "seconds-none": changed(lambda t: setattr(t, "seconds", None)),
    "steps-twice": changed(lambda t: t.steps.__setitem__(-1, t.steps[0])),
    **{f"raises-{k}": raising(v) for k, v in RAISES.items()},
    **{f"returns-{k}": returning(v) for k, v in RETURNS.items()},
    **{f"{t}-{k}": first(*TARGETS[t], v) for t in TARGETS for k, v in ARRAYS.items()},
    **{f"{part}-{k}": whole(part, v) for part in ("values", "grads", "params", "slots")
       for k, v in WHOLE.items()},
}


class Hostile(Adapter):
    name = "hostile"

    def version(self):
        return "1"

    def has(self, operation):
        return ""

    def run(self, task):
        return FAULTS[task.case](self, task)


class Writes(NumpyAdapter):
    """It writes to what it is handed, before it computes."""

    name = "writes"

    def run(self, task):
        for arrays in (task.inputs, task.params):
            for name in list(arrays):
                arrays[name][...] = 7
                arrays[name] = arrays[name] + 1
            arrays["zz"] = np.ones(3)
        return super().run(task)


class RaisesInInit(NumpyAdapter):
    def __init__(self):
        raise ValueError("not today")


class ExitsInInit(NumpyAdapter):
    def __init__(self):
        sys.exit(0)


class NoVersion(NumpyAdapter):
    def version(self):
        raise Mute


class ExitsInVersion(NumpyAdapter):
    def version(self):
        sys.exit(0)


class NumberVersion(NumpyAdapter):
    def version(self):
        return 7


class NoName(NumpyAdapter):
    name = None


class BadThreads(NumpyAdapter):
    name = "bad-threads"

    def one_thread(self):
        raise Bare


def no_adapter():
    return "an adapter"
'''

#: Name of the entry point → what of the module it is; of those that cannot even be made.
UNMADE = {
    "raises-in-init": "RaisesInInit",
    "exits-in-init": "ExitsInInit",
    "no-version": "NoVersion",
    "exits-in-version": "ExitsInVersion",
    "number-version": "NumberVersion",
    "no-name": "NoName",
    "no-adapter": "no_adapter",
    "not-there": "NotThere",
    "abstract": "Adapter",
}

BROKEN_MODULES = {
    "syntax-error": "def f(:\n",
    "raises-at-import": "raise ValueError('not today')\n",
    "exits-at-import": "import sys; sys.exit(0)\n",
    "base-exception-at-import": "class E(BaseException): ...\nraise E\n",
}

CASE = """\
case: {name}
about: A product, trained for two steps.
inputs: {{x: [1.0, 2.0]}}
params: {{w: [0.5, 3.0]}}
program: |
  z = w * x
  loss = sum(z * z)
optimizer: {{adam: {{lr: 0.25}}}}
steps: 2
dtypes: [float64]
"""


def install(folder: Path) -> None:
    """Write the distribution into a folder of the path."""
    (folder / "hostile_adapters.py").write_text(MODULE, "utf-8")
    points = {**UNMADE, "hostile": "Hostile", "writes": "Writes", "bad-threads": "BadThreads"}
    lines = [f"{name} = hostile_adapters:{attribute}" for name, attribute in points.items()]
    for name, text in BROKEN_MODULES.items():
        module = "hostile_" + name.replace("-", "_")
        (folder / f"{module}.py").write_text(text, "utf-8")
        lines.append(f"{name} = {module}:Adapter")
    about = folder / "hostile-1.0.dist-info"
    about.mkdir()
    metadata = "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n"
    (about / "METADATA").write_text(metadata, "utf-8")
    points_text = "\n".join(["[gradparity.adapters]", *lines, ""])
    (about / "entry_points.txt").write_text(points_text, "utf-8")


def cases(folder: Path, names) -> Path:
    """A file with a case of each name."""
    path = folder / "cases.yaml"
    path.write_text("---\n".join(CASE.format(name=name) for name in names), "utf-8")
    return path
