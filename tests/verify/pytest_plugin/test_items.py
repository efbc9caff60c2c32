import io
from pathlib import Path

import pytest

from gradparity.adapters import registry
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import is_case_file as claims
from gradparity.cases.loading import load_text
from gradparity.refimpl.errors import AdapterFailed, MissingFramework, Unsupported
from gradparity.reports import html
from gradparity.reports.columns import frame
from gradparity.reports.reading import read
from gradparity.verify.pytest_plugin import items as pytest_items
from gradparity.verify.pytest_plugin.hooks import is_case_file
from gradparity.verify.truth import established
from gradparity.verify.truth.baseline import baseline

GOOD = """\
# a comment
case: small
about: A product.
tags: [basics, two-words]
inputs: {x: 2.0}
params: {w: 0.5}
program: |
  loss = w * x
dtypes: [float64]
"""

SWEEP = """\
case: swept
about: Two points.
inputs: {x: [[1.0, 2.0], [3.0, 5.0]]}
params: {w: 0.5}
sweep: {axis: [0, null]}
program: |
  loss = mean(sum(w * x, axis=axis))
dtypes: [float64, float32]
"""

WRONG = GOOD + "expect: {grad: {w: 3.0}}\n"


def negated(self, task):
    trace = reference(task)
    for step in trace.steps:
        step.grads["w"] = -step.grads["w"]
    return trace


def raising(self, task):
    raise AdapterFailed("the framework fell over")


def lacking(self, task):
    raise Unsupported("it has no such operation")


class Second(NumpyAdapter):
    name = "torch"


@pytest.fixture(autouse=True, scope="module")
def loaded():
    """Load what a run loads, once for all runs in this process: each forgets what it loaded."""
    cases, _ = load_text(GOOD, Path("small.yaml"))
    rows = pytest_items.Runner(["numpy"]).rows(cases[0].tasks()[0])
    frame(rows).to_parquet(io.BytesIO())
    html.as_html(frame(rows))


pytest_plugins = ["pytester"]


@pytest.fixture
def write(pytester, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def files(**texts):
        for name, text in texts.items():
            (pytester.path / f"{name}.yaml").write_text(text, "utf-8")

    return files


#: Without other plugins, which each run in this process would load anew.
OTHERS = ("jaxtyping", "cacheprovider", "hypothesispytest", "benchmark")
ALONE = tuple(word for name in OTHERS for word in ("-p", f"no:{name}"))


def numpy_only(pytester, *arguments, process=False):
    run = pytester.runpytest_subprocess if process else pytester.runpytest_inprocess
    return run("--gradparity-adapters=numpy", *ALONE, *arguments)


def test_a_case_file_is_collected_as_one_test_a_task_and_adapter(pytester, write):
    write(small=GOOD, swept=SWEEP, other="name: not a case\nitems: [1]\n")
    result = pytester.runpytest_inprocess(
        *ALONE, "--collect-only", "-q", "--gradparity-adapters=numpy,jax"
    )
    result.assert_outcomes()
    assert [line for line in result.outlines if "::" in line] == [
        "small.yaml::small[numpy-float64]",
        "small.yaml::small[jax-float64]",
        "swept.yaml::swept[axis=0-numpy-float64]",
        "swept.yaml::swept[axis=0-jax-float64]",
        "swept.yaml::swept[axis=0-numpy-float32]",
        "swept.yaml::swept[axis=0-jax-float32]",
        "swept.yaml::swept[axis=null-numpy-float64]",
        "swept.yaml::swept[axis=null-jax-float64]",
        "swept.yaml::swept[axis=null-numpy-float32]",
        "swept.yaml::swept[axis=null-jax-float32]",
    ]


def test_cases_pass_and_one_can_be_chosen_by_its_id(pytester, write):
    write(small=GOOD, swept=SWEEP)
    numpy_only(pytester).assert_outcomes(passed=5)
    one = numpy_only(pytester, "swept.yaml::swept[axis=null-numpy-float32]")
    one.assert_outcomes(passed=1)
    numpy_only(pytester, "--gradparity-dtypes=float32").assert_outcomes(passed=2)


@pytest.mark.slow
def test_torch_and_jax_run_it_too(pytester, write):
    write(small=GOOD)
    pytester.runpytest_subprocess(*ALONE, "--gradparity-adapters=torch,jax").assert_outcomes(
        passed=2
    )


def test_tags_are_marks_that_are_registered_before_they_are_used(pytester, write):
    write(small=GOOD, swept=SWEEP)
    numpy_only(pytester, "--strict-markers", "-m", "basics").assert_outcomes(passed=1, deselected=4)
    numpy_only(pytester, "--strict-markers", "-m", "two-words").assert_outcomes(
        passed=1, deselected=4
    )


@pytest.mark.parametrize("tag", ["skip", "xfail"])
def test_a_tag_that_pytest_would_act_on_hides_no_failure(pytester, write, tag):
    write(small=WRONG.replace("basics", tag))
    numpy_only(pytester).assert_outcomes(failed=1)
    numpy_only(pytester, "-k", tag).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    "text",
    [
        "case: a",
        "# c\n---\ncase: a",
        '"case": a',
        "'case' : a",
        "  case: a",
        "cases: a",
        "a:\n  case: b",
        "text: |\n  case: b\n",
        "",
    ],
)
def test_it_claims_what_the_loader_takes_for_a_case_file(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    assert is_case_file(path) == claims(path)


def test_a_yaml_file_without_a_case_is_left_alone_even_when_it_is_named(pytester, write):
    write(other="name: not a case\n")
    result = numpy_only(pytester, "other.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not found*other.yaml*"])


def test_faults_are_said_all_of_them_without_a_stack(pytester, write):
    write(bad=GOOD.replace("params", "parms").replace("float64", "float46"))
    result = numpy_only(pytester)
    result.assert_outcomes(errors=1)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["ERROR bad.yaml::refused - *bad.yaml:2:1: *"])
    result.stdout.fnmatch_lines(["*bad.yaml:6:1: *params*"])
    result.stdout.fnmatch_lines(["*bad.yaml:9:*float64*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:*")


def test_what_lint_refuses_is_an_error(pytester, write):
    write(flat=GOOD.replace("loss = w * x", "loss = w * 0.0 * x").replace("small", "flat"))
    result = numpy_only(pytester)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*flat.yaml:2:1: case flat is vacuous: *"])


@pytest.mark.thinned(2)
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_refused_file_keeps_no_other_from_being_run(pytester, write, workers):
    write(bad=GOOD.replace("params", "parms"), small=GOOD)
    result = numpy_only(pytester, *workers, process=bool(workers))
    result.assert_outcomes(errors=1, passed=1)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*= gradparity =*", "bad.yaml::refused", "  bad.yaml:6:1: *"])


def test_nothing_is_run_beside_a_refused_file_where_that_is_asked_for(pytester, write):
    write(bad=GOOD.replace("params", "parms"), small=GOOD)
    result = numpy_only(pytester, "--gradparity-strict")
    result.assert_outcomes(errors=1)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["bad.yaml:6:1: *"])


def test_what_parted_is_told_whole_in_a_narrow_terminal(pytester, write, monkeypatch):
    name = "a-case-of-a-name-that-leaves-no-room-for-anything-else-on-its-line"
    write(small=GOOD.replace("small", name))
    monkeypatch.setattr(NumpyAdapter, "run", negated)
    monkeypatch.setenv("COLUMNS", "80")
    result = numpy_only(pytester)
    result.assert_outcomes(failed=1)
    at = next(k for k, line in enumerate(result.outlines) if line.strip("= ") == "gradparity")
    section = result.outlines[at : at + 5]
    assert section[1] == f"small.yaml::{name}[numpy-float64]"
    assert section[2].startswith("  grad w by 4, bound ")
    assert max(map(len, section[2:4])) <= 80


def test_a_failure_names_case_tensor_error_bound_and_operation_without_a_stack(
    pytester, write, monkeypatch
):
    write(small=GOOD)
    monkeypatch.setattr(NumpyAdapter, "run", negated)
    result = numpy_only(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*small*numpy*float64*small.yaml:2*"])
    result.stdout.re_match_lines([r"tensor +check +step +got +want +error +bound"])
    result.stdout.re_match_lines([r"w +grad +0 +-2 +2 +4 "])
    result.stdout.fnmatch_lines(["*multiply*"])
    result.stdout.no_fnmatch_line("*pytest_items.py*")
    result.stdout.no_fnmatch_line("*Error*")


def test_a_broken_expectation_fails_too(pytester, write):
    write(small=WRONG)
    result = numpy_only(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the case expects 3*"])


def test_an_expectation_that_is_off_fails_once(pytester, write, monkeypatch):
    write(small=WRONG.replace("[float64]", "[float64, float32]"))
    made = {"numpy": NumpyAdapter, "torch": Second}
    monkeypatch.setattr(registry, "make", lambda name: made[name]())
    result = pytester.runpytest_inprocess("-rs", "--gradparity-adapters=numpy,torch")
    result.assert_outcomes(failed=1, skipped=3)
    result.stdout.fnmatch_lines(
        [
            "small: the case's expectation of grad w is off, where numpy, torch and the reference*",
            "*the case's expectation is off, as small?numpy-float64? says*",
        ]
    )


def test_an_expectation_that_is_off_is_told_by_whichever_test_is_run(pytester, write, monkeypatch):
    write(small=WRONG)
    made = {"numpy": NumpyAdapter, "torch": Second}
    monkeypatch.setattr(registry, "make", lambda name: made[name]())
    result = pytester.runpytest_inprocess("-k", "torch", "--gradparity-adapters=numpy,torch")
    result.assert_outcomes(failed=1, deselected=1)


def test_a_framework_that_is_off_fails_beside_an_expectation_that_is(pytester, write, monkeypatch):
    write(small=WRONG)
    wrong = type("Wrong", (Second,), {"run": negated})
    made = {"numpy": NumpyAdapter, "torch": wrong}
    monkeypatch.setattr(registry, "make", lambda name: made[name]())
    result = pytester.runpytest_inprocess("--gradparity-adapters=numpy,torch")
    result.assert_outcomes(failed=2)


def test_expectations_that_are_off_at_several_points_are_told_at_each(pytester, write):
    write(swept=SWEEP.replace("[float64, float32]", "[float64]") + "expect: {value: {loss: 9.0}}\n")
    numpy_only(pytester).assert_outcomes(failed=2)


def test_an_adapter_that_raises_fails_with_its_message(pytester, write, monkeypatch):
    write(small=GOOD)
    monkeypatch.setattr(NumpyAdapter, "run", raising)
    result = numpy_only(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the framework fell over*"])
    result.stdout.no_fnmatch_line("*pytest_items.py*")


def test_what_the_case_skips_is_skipped_with_its_reason(pytester, write):
    write(small=GOOD + "skip: {numpy: too slow there}\n")
    result = numpy_only(pytester, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*skipped: too slow there*"])


def test_what_an_adapter_cannot_express_is_skipped_with_its_reason(pytester, write, monkeypatch):
    write(small=GOOD)
    monkeypatch.setattr(NumpyAdapter, "run", lacking)
    result = numpy_only(pytester, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*unsupported: it has no such operation*"])


def test_a_missing_framework_skips_its_tests_with_one_reason(pytester, write, monkeypatch):
    write(small=GOOD, swept=SWEEP)

    monkeypatch.setattr(registry, "make", only("numpy", "torch"))
    result = pytester.runpytest_inprocess(*ALONE, "-rs")
    result.assert_outcomes(passed=10, skipped=5)
    said = [line for line in result.outlines if "pip install jax" in line]
    assert len(said) == 1
    assert said[0].startswith("SKIPPED [5]")


def only(*names):
    """Make adapters of those names; the others' frameworks are missing."""

    def make(name):
        if name not in names:
            raise MissingFramework(f"adapter {name} is not there: pip install {name}")
        return NumpyAdapter() if name == "numpy" else Second()

    return make


@pytest.mark.parametrize(
    ("names", "options"), [(("numpy",), ()), (("numpy",), ("--gradparity-adapters=numpy,torch",))]
)
def test_a_framework_that_is_named_or_the_only_one_must_be_there(
    pytester, write, monkeypatch, names, options
):
    write(small=GOOD, swept=SWEEP)
    monkeypatch.setattr(registry, "make", only(*names))
    result = pytester.runpytest_inprocess(*ALONE, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.assert_outcomes()
    assert "pip install torch" in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--gradparity-adapters=nunpy", "did you mean numpy?"),
        ("--gradparity-dtypes=float46", "did you mean float64?"),
        ("--gradparity-draws=0", "expected a whole number from 1 up"),
        ("--gradparity-draws=some", "expected a whole number from 1 up"),
    ],
)
def test_a_misspelt_option_is_answered_with_the_nearest(pytester, write, option, hint):
    write(small=GOOD)
    result = pytester.runpytest_inprocess(*ALONE, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{hint}"])


def test_drawings_are_tests_of_their_own(pytester, write):
    drawn = GOOD.replace("small", "drawn").replace("w: 0.5", "w: {normal: []}")
    write(drawn=drawn, small=GOOD)
    result = numpy_only(pytester, "--gradparity-draws=3", "-v", "--gradparity-report=out")
    result.assert_outcomes(passed=4)
    named = [line.split()[0] for line in result.outlines if "PASSED" in line]
    assert named == [
        "drawn.yaml::drawn[numpy-float64]",
        "drawn.yaml::drawn#2[numpy-float64]",
        "drawn.yaml::drawn#3[numpy-float64]",
        "small.yaml::small[numpy-float64]",
    ]
    results = read(pytester.path / "out")
    losses = results[(results["check"] == "value") & (results["case"] == "drawn")]
    assert losses["draw"].tolist() == [1, 2, 3]
    assert losses["got"].nunique() == 3
    one = numpy_only(pytester, "--gradparity-draws=3", "drawn.yaml::drawn#2[numpy-float64]")
    one.assert_outcomes(passed=1)


def test_the_place_of_a_test_is_the_line_of_its_case(pytester, write):
    write(small=GOOD)
    items, _ = pytester.inline_genitems(*ALONE, "--gradparity-adapters=numpy")
    path, line, name = items[0].reportinfo()
    assert (path.name, line, name) == ("small.yaml", 1, "small[numpy-float64]")


def test_the_truth_of_a_task_is_computed_once_for_all_its_adapters(pytester, write, monkeypatch):
    write(swept=SWEEP)
    truths = []

    def counted(task, *more, **options):
        truths.append(task.id)
        return baseline(task, *more, **options)

    monkeypatch.setattr(established, "baseline", counted)
    monkeypatch.setattr(
        registry, "make", lambda name: NumpyAdapter() if name == "numpy" else Second()
    )
    pytester.runpytest_inprocess(*ALONE, "--gradparity-adapters=numpy,torch").assert_outcomes(
        passed=8
    )
    assert len(truths) == 4
    assert len(set(truths)) == 4


@pytest.mark.thinned(2)
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_the_report_has_every_row_whatever_process_made_it(pytester, write, workers):
    write(small=WRONG, swept=SWEEP)
    result = numpy_only(
        pytester,
        "--gradparity-report=out",
        "--junit-xml=junit.xml",
        *workers,
        process=bool(workers),
    )
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*out?results.parquet"])
    results = read(pytester.path / "out")
    assert sorted(results["case"].unique()) == ["small", "swept"]
    assert not results.duplicated(["case", "point", "dtype", "check", "tensor", "step"]).any()
    assert results.loc[results["verdict"] == "differs", "tensor"].tolist() == ["w"]
    assert "gradparity" not in (pytester.path / "junit.xml").read_text("utf-8")


def test_no_report_is_written_where_no_case_ran(pytester, write):
    pytester.makepyfile("def test(): pass")
    result = numpy_only(pytester, "--gradparity-report=out")
    result.assert_outcomes(passed=1)
    assert not (pytester.path / "out").exists()


LIGHT = """\
import sys

def test_nothing_heavy_is_loaded():
    heavy = {"numpy", "pandas", "pydantic", "ruamel.yaml", "torch", "jax", "typer", "rich"}
    assert not heavy & set(sys.modules)
"""


def test_a_pytest_run_without_case_files_loads_nothing_heavy(pytester):
    pytester.makepyfile(LIGHT)
    (pytester.path / "other.yaml").write_text("name: not a case\n", "utf-8")
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)


def test_the_test_above_can_fail(pytester):
    pytester.makepyfile(LIGHT)
    pytester.makeconftest("import gradparity.verify.pytest_plugin.items")
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(failed=1)


def test_rows_travel_only_where_a_report_is_asked_for(pytester, write):
    write(small=GOOD)
    pytester.makeconftest(
        "def pytest_runtest_logreport(report):\n"
        "    if report.when == 'call':\n"
        "        print('PROPERTIES', report.user_properties)\n"
    )
    numpy_only(pytester, "-s").stdout.fnmatch_lines(["*PROPERTIES []*"])
