"""What README and the documentation say their code does is what it does."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))  # where the processes that pages are run in find it, too

import outputs  # noqa: E402

#: Run by every `make test`; the others, which take longer together, by `make test-all`.
ALWAYS = {"README.md"}


def named(path):
    name = path.relative_to(ROOT).as_posix()
    return pytest.param(path, id=name, marks=[] if name in ALWAYS else [pytest.mark.slow])


@pytest.mark.parametrize("path", [named(path) for path in outputs.pages()])
def test_a_page_says_what_its_code_prints(path):
    _, differs = outputs.difference(path)
    assert differs == ""


def test_code_that_is_run_elsewhere_is_there():
    for page, test in outputs.ELSEWHERE.items():
        assert (ROOT / page).exists()
        assert (ROOT / test).exists()


PAGE = """\
```yaml
# small.yaml
case: small
about: A square.
params: {{w: 2.0}}
program: loss = w * w
```

```console
$ gradparity lint small.yaml
{said}
$ cat gone; echo "status $?"
cat: gone: No such file or directory
status 1
```

```python
print(1 / 3, {number})
```

```text
0.33{digit}333 7
```
"""
SOUND = "1 case in 1 file: no faults"


@pytest.fixture
def page(tmp_path):
    def rerun(**given):
        text = PAGE.format(**{"said": SOUND, "number": 7, "digit": 3} | given)
        return text, outputs.rerun(text, tmp_path)

    return rerun


def test_a_page_that_is_right_stays_as_it_is(page):
    text, made = page()
    assert made == text


@pytest.mark.parametrize("given", [{"said": "2 faults"}, {"number": 8}, {"digit": 9}])
def test_what_is_said_otherwise_is_mended(page, given):
    text, made = page(**given)
    assert made != text
    assert f"{SOUND}\n$ cat" in made
    assert f"0.3333333333333333 {given.get('number', 7)}\n" in made or "digit" not in given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```console\n$ cat gone\n```\n", "status 1"),
        ("```console\n$ gradparity lint gone.yaml\n```\n", "status 2"),
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```python\nprint(1)\n```\n", "no text block"),
        ("```python\nprint(1)\n```\n\n```console\n$ ls\n```\n", "no text block"),
    ],
)
def test_what_a_page_does_not_say_is_refused(tmp_path, text, said):
    with pytest.raises(outputs.Unexpected, match=said):
        outputs.rerun(text, tmp_path)


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("off by 2.776e-17, W", "off by 1.1e-16, W"),
        ("± 2.8e\N{MINUS SIGN}17", "± 0"),
        ("a[torch-float64] W  2e-17  3e-16  0.25", "a[jax-float64]  b  1e-16  3e-15  0.9"),
        ("a   1.234", "a 1.2341"),
        ("a[jax-float64] W  0.0033  0.0031  2.7e+12", "a[jax-float64] W  0.0033 0.0031 3.1e+12"),
        (
            "differs  a[jax-float64]  grad  W  4  0.004  3e-14",
            "differs a[jax-float64] grad W 4 0.002 1e-14",
        ),
        ("3 passed in 0.51s", "3 passed in 12.04s"),
        ("3 passed in 0.51s", "3 passed in 168.18s (0:02:48)"),
        ("torch 2.13.0+cpu", "torch 2.14.1"),
        ("x ────", "x ──────"),
    ],
)
def test_times_versions_and_rounding_are_the_same(said, printed):
    assert outputs.same(said, printed)


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("3 of 4 agree", "4 of 4 agree"),
        ("a 1.234", "a 1.244"),
        ("W agree", "W differs"),
        ("one\ntwo", "one"),
        ("\N{MINUS SIGN}0.5", "0.5"),
        ("a[jax-float64] W  2e-4  3e-4  1e+11", "a[jax-float64] W  3e-4  3e-4  1e+11"),
        ("a 2e-17", "a 0.2"),
        ("off by 2.776e-17 of 3", "off by 2.776e-17 of 4"),
        ("a[jax-float64] W  0.0033  0.0031  2.7e+12", "a[jax-float64] W  0.0033 0.0031 2.7e+13"),
        (
            "differs  a[jax-float64]  grad  W  4  0.004  3e-14",
            "differs a[jax-float64] grad W 5 0.004 3e-14",
        ),
        (
            "differs  a[jax-float64]  grad  W  4  0.004  3e-14",
            "differs a[jax-float64] grad W 4 0.1 3e-14",
        ),
    ],
)
def test_what_differs_by_more_is_not(said, printed):
    assert not outputs.same(said, printed)
