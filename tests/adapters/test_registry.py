"""The registry finds adapters without importing a framework, and says clearly what is missing."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from gradparity.adapters import registry
from gradparity.adapters.base import Adapter
from gradparity.refimpl.errors import AdapterFailed, BadUsage, MissingFramework

HEAVY = "import sys; heavy = {'torch', 'jax', 'optax', 'pandas'} & set(sys.modules); print(heavy)\n"


def loaded(code):
    """Which heavy packages a fresh interpreter has loaded after ``code``."""
    command = [sys.executable, "-c", f"{code}\n{HEAVY}assert not heavy"]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  ours


def with_points(monkeypatch, *points):
    def found(group, name=None):
        assert group == registry.GROUP
        return [point for point in points if name in (None, point.name)]

    monkeypatch.setattr(registry, "registered", found)


def point(name, value):
    return EntryPoint(name, value, registry.GROUP)


def test_the_three_are_there():
    assert registry.names()[:3] == ["numpy", "torch", "jax"]


def test_it_makes_adapters_of_their_own_name():
    adapter = registry.make("numpy")
    assert isinstance(adapter, Adapter)
    assert adapter.name == "numpy"


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(BadUsage, match=r"'pytorch'.*did you mean torch"):
        registry.make("pytorch")


def test_a_name_near_to_none_is_answered_with_all():
    with pytest.raises(BadUsage, match="numpy, torch, jax"):
        registry.make("zzz")


def test_a_missing_framework_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "gradparity.adapters.torch", raising=False)
    for name in [m for m in sys.modules if m.startswith("gradparity.adapters.torch_lowerings")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingFramework, match=r"needs torch.*: pip install 'torch>=[\d.]+'$"):
        registry.make("torch")


def test_where_metadata_does_not_say_the_module_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradparity_odd", None)
    with_points(monkeypatch, point("odd", "gradparity_odd:Adapter"))
    with pytest.raises(MissingFramework, match="install what has the module gradparity_odd"):
        registry.make("odd")


def test_a_broken_adapter_of_ours_is_no_missing_framework(monkeypatch):
    with_points(monkeypatch, point("odd", "gradparity.adapters.no_such_module:Adapter"))
    with pytest.raises(AdapterFailed, match="no_such_module"):
        registry.make("odd")


def test_another_distribution_can_add_one(monkeypatch):
    with_points(monkeypatch, point("mine", "gradparity.adapters.numpy_reference:NumpyAdapter"))
    assert registry.names() == ["mine"]
    assert registry.make("mine").name == "numpy"


def test_importing_the_adapters_loads_no_framework():
    code = "import gradparity.adapters, gradparity.adapters.registry as r; r.names()"
    code += "\nimport gradparity.adapters.numpy_reference"
    done = loaded(code)
    assert done.returncode == 0, done.stdout + done.stderr


def test_that_test_can_fail():
    done = loaded("import gradparity.adapters.registry as r; r.make('torch')")
    assert done.returncode != 0
    assert "torch" in done.stdout


def test_two_adapters_of_one_name_are_refused(monkeypatch):
    with_points(monkeypatch, point("numpy", "mine:One"), point("numpy", "theirs:Two"))
    for ask in (registry.names, lambda: registry.make("numpy")):
        with pytest.raises(BadUsage, match="two adapters are called 'numpy': mine:One and theirs"):
            ask()
