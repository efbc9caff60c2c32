"""An adapter that breaks off in the way the case's name says, in a distribution of its own.

``install`` writes it into a folder, as another distribution would bring it: on the path of this
process it is found by its entry point, here and in every worker.
"""

from pathlib import Path

MODULE = '''\
import ctypes, os, signal, time
from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import AdapterFailed


def fail():
    raise AdapterFailed("it fell over")


POISONED = []


def poison():
    """As CUDA does: from now on every call of this process fails, whoever asks."""
    POISONED.append(True)


def compute():
    if POISONED:
        raise RuntimeError("CUDA error: device-side assert triggered")


def wait():
    """Until the file that the environment names is there; which process waits is in another."""
    with open(os.environ["FAULTY_GO"] + ".pid", "w") as file:
        file.write(f"{os.getpid()}\\n")
    while not os.path.exists(os.environ["FAULTY_GO"]):
        time.sleep(0.02)


HELD = []


def tell():
    """Which process this is, in a line of the file that the environment names."""
    with open(os.environ["FAULTY_GO"] + ".pids", "a") as file:
        file.write(f"{os.getpid()}\\n")


def grow():
    """By what is written to, and cannot be let go of."""
    tell()
    if not HELD:
        HELD.append(b"1" * (700 << 20))


FAULTS = {
    "waits": wait,
    "grows": grow,
    "tells": tell,
    "hangs": lambda: time.sleep(600),
    "segfaults": lambda: ctypes.string_at(0),
    "divides": lambda: os.kill(os.getpid(), signal.SIGFPE),
    "exits": lambda: os._exit(7),
    "exits-quietly": lambda: os._exit(0),
    "is-killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "raises": fail,
    "poisons": poison,
}


class Faulty(NumpyAdapter):
    name = "faulty"

    def run(self, task):
        FAULTS.get(task.case, int)()
        compute()
        return super().run(task)

    def jvp(self, task):
        if task.case == "poisons-in-jvp":
            poison()
        compute()
        return super().jvp(task)


class Beside(NumpyAdapter):
    """Another framework on the same device."""

    name = "beside"

    def run(self, task):
        compute()
        return super().run(task)


class Plain(Adapter):
    """One that can be pickled."""

    name = "plain"

    def version(self):
        return "1"

    def has(self, operation):
        return ""

    def run(self, task):
        return NumpyAdapter().run(task)


class Unloadable(NumpyAdapter):
    name = "unloadable"

    def __init__(self):
        os._exit(3)
'''

ENTRY_POINTS = """\
[gradparity.adapters]
faulty = faulty_adapters:Faulty
beside = faulty_adapters:Beside
unloadable = faulty_adapters:Unloadable
"""

CASE = """\
case: {name}
about: A product.
inputs: {{x: [1.0, 2.0]}}
params: {{w: [0.5, 3.0]}}
program: loss = sum(w * x)
optimizer: {{sgd: {{lr: 0.25}}}}
checks: [value, grad, jvp, update]
dtypes: [{dtypes}]
"""


def install(folder: Path) -> None:
    """Write the distribution into a folder of the path."""
    (folder / "faulty_adapters.py").write_text(MODULE, "utf-8")
    about = folder / "faulty-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")


def cases(folder: Path, *names: str, dtypes: str = "float64") -> Path:
    """A file with a case of each name."""
    path = folder / "cases.yaml"
    text = "---\n".join(CASE.format(name=name, dtypes=dtypes) for name in names)
    path.write_text(text, "utf-8")
    return path
