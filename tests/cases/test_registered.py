"""What distributions register is read once, and again where a folder has changed."""

from gradparity.cases import registered as module
from gradparity.cases.registered import registered

GROUP = "gradparity.of-these-tests"


def distribution(folder, name):
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}:Made\n", "utf-8")


def names():
    return sorted(point.name for point in registered(GROUP))


def test_what_is_installed_meanwhile_is_found(tmp_path, monkeypatch):
    distribution(tmp_path, "first")
    assert names() == []
    monkeypatch.syspath_prepend(tmp_path)
    assert names() == ["first"]
    distribution(tmp_path, "second")
    assert names() == ["first", "second"]
    assert [point.value for point in registered(GROUP, "second")] == ["second:Made"]
    assert registered(GROUP, "third") == []


def test_nothing_is_read_twice(tmp_path, monkeypatch):
    distribution(tmp_path, "first")
    monkeypatch.syspath_prepend(tmp_path)
    names()
    monkeypatch.setattr(module, "entry_points", None)
    assert names() == ["first"]
