# ruff: noqa: RUF001 - mathematical signs are meant
from dataclasses import replace

import numpy as np
import pytest

from gradparity.adapters.base import Trace
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases.native_training import Chosen
from gradparity.cases.program import Const, Instruction, Program, Ref
from gradparity.cases.task import Task, Update
from gradparity.verify.engine.runner import Runner
from gradparity.verify.explain.derivation import explain
from gradparity.verify.explain.render import markdown, plain

ALL = frozenset({"value", "grad", "update"})


def make(target, operation, *arguments, named=True, **attributes):
    given = tuple(Ref(a) if isinstance(a, str) else a and Const(a) for a in arguments)
    return Instruction(target, operation, given, attributes, named, text=target)


def task(instructions, inputs=None, params=None, **more):
    program = Program(tuple(instructions), instructions[-1].target)
    return Task(
        "example",
        more.pop("point", {}),
        more.pop("dtype", "float64"),
        {"*": program},
        {name: np.asarray(x) for name, x in (inputs or {}).items()},
        {name: np.asarray(x) for name, x in (params or {}).items()},
        more.pop("checks", ALL),
        **more,
    )


ONE_LAYER = task(
    [
        make("_1", "multiply", "W", "x", named=False),
        make("z", "add", "_1", "b"),
        make("a", "identity", "z"),
        make("_2", "subtract", "a", "y", named=False),
        make("loss", "pow", "_2", 2),
    ],
    {"x": 1.0, "y": 0.0},
    {"W": 0.5, "b": 0.0},
    update=Update("sgd", {"lr": 0.1}),
)


@pytest.fixture(scope="module")
def runner():
    return Runner(["numpy"])


def lines(derivation, title):
    return [str(line) for line in derivation.section(title).lines]


def test_the_worked_example_is_derived_as_on_a_blackboard(runner):
    worked = explain(ONE_LAYER, runner, "One linear unit.")
    assert lines(worked, "Forward pass") == [
        "z = W·x + b = 0.5·1 + 0 = 0.5",
        "a = z = 0.5",
        "loss = (a − y)² = (0.5 − 0)² = 0.25",
    ]
    assert lines(worked, "Local derivatives") == [
        "∂z/∂W = x = 1",
        "∂z/∂b = 1",
        "∂a/∂z = 1",
        "∂loss/∂a = 2·(a − y) = 2·(0.5 − 0) = 1",
    ]
    assert lines(worked, "Chain rule") == [
        "∂loss/∂W = ∂loss/∂a · ∂a/∂z · ∂z/∂W = 1 · 1 · 1 = 1",
        "∂loss/∂b = ∂loss/∂a · ∂a/∂z · ∂z/∂b = 1 · 1 · 1 = 1",
    ]
    assert lines(worked, "Update") == [
        "W ← W − lr·∂loss/∂W = 0.5 − 0.1·1 = 0.4",
        "b ← b − lr·∂loss/∂b = 0 − 0.1·1 = −0.1",
    ]
    table = worked.section("Results").table
    assert table.header == ("", "truth", "numpy", "verdict")
    assert ("updated W", "0.4", "0.4", "agree") in table.rows


def test_a_variable_used_twice_sums_over_its_ways(runner):
    worked = explain(
        task(
            [
                make("p", "multiply", "w", "x"),
                make("q", "sin", "w"),
                make("loss", "multiply", "p", "q"),
            ],
            {"x": 3.0},
            {"w": 0.0},
        ),
        runner,
    )
    assert lines(worked, "Chain rule") == [
        "along w → p → loss : ∂loss/∂p · ∂p/∂w = 0 · 3 = 0",
        "along w → q → loss : ∂loss/∂q · ∂q/∂w = 0 · 1 = 0",
        "∂loss/∂w = the sum over its 2 ways = 0 + 0 = 0",
    ]


def test_uses_inside_one_expression_are_summed_in_the_local_derivative(runner):
    worked = explain(
        task([make("loss", "multiply", "w", "w")], None, {"w": 3.0}, checks=frozenset({"grad"})),
        runner,
    )
    assert lines(worked, "Local derivatives") == ["∂loss/∂w = w + w = 3 + 3 = 6"]


def test_many_ways_are_summed_variable_by_variable(runner):
    doubling = [make("h0", "identity", "w")]
    for k in range(3):
        doubling += [
            make(f"u{k}", "multiply", f"h{k}", 2.0),
            make(f"v{k}", "multiply", f"h{k}", 3.0),
            make(f"h{k + 1}", "add", f"u{k}", f"v{k}"),
        ]
    worked = explain(task(doubling, None, {"w": 1.0}), runner)
    assert lines(worked, "Chain rule")[-1] == "∂h3/∂w = ∂h3/∂h0·∂h0/∂w = 125·1 = 125"
    assert "∂h3/∂h2 = ∂h3/∂u2·∂u2/∂h2 + ∂h3/∂v2·∂v2/∂h2 = 1·2 + 1·3 = 5" in lines(
        worked, "Chain rule"
    )


def test_a_negative_slope_keeps_its_sign(runner):
    worked = explain(
        task(
            [make("z", "subtract", "x", "w"), make("loss", "multiply", "z", "z")],
            {"x": 1.0},
            {"w": 3.0},
            update=Update("sgd", {"lr": 0.5}),
        ),
        runner,
    )
    assert lines(worked, "Chain rule") == ["∂loss/∂w = ∂loss/∂z · ∂z/∂w = −4 · (−1) = 4"]
    assert lines(worked, "Update") == ["w ← w − lr·∂loss/∂w = 3 − 0.5·4 = 1"]


def test_tensors_are_derived_by_their_rules(runner):
    generator = np.random.default_rng(0)
    worked = explain(
        task(
            [
                make("_1", "matmul", "W", "x", named=False),
                make("z", "add", "_1", "b"),
                make("loss", "mean", "z", axis=None),
            ],
            {"x": generator.normal(size=(3, 4))},
            {"W": generator.normal(size=(2, 3)), "b": generator.normal(size=(2, 1))},
            update=Update("adam", {"lr": 0.1}),
        ),
        runner,
    )
    assert lines(worked, "Local derivatives") == [
        "from u1 to W : g @ xᵀ",
        "from z to u1 : g",
        "from z to b : g summed to 2×1",
        "from loss to z : g / n",
    ]
    chain = lines(worked, "Chain rule")
    assert chain[0].startswith("∂loss/∂z = 1 / n = [[0.125, 0.125, 0.125, 0.125], [0.125, ")
    assert chain[-1] == "∂loss/∂b = ∂loss/∂z summed to 2×1 = [[0.5], [0.5]]"
    update = lines(worked, "Update")
    assert any("m̂/(√v̂ + eps)" in line for line in update)
    assert "m of b ← b1·m + (1 − b1)·g = [[0.05], [0.05]]" in update
    assert "m̂ of b = m/(1 − b1ᵗ) = [[0.5], [0.5]]" in update
    assert "v̂ of b = v/(1 − b2ᵗ) = [[0.25], [0.25]]" in update


def test_an_output_that_is_no_scalar_is_contracted(runner):
    worked = explain(task([make("y", "multiply", "w", 2.0)], None, {"w": np.ones(3)}), runner)
    assert lines(worked, "Chain rule")[0].startswith("∂L/∂y = c")


def test_the_letters_of_the_derivation_are_not_the_case_s(runner):
    worked = explain(
        task(
            [make("c", "multiply", "L", 2.0)], None, {"L": np.ones(2)}, given_cotangent=[3.0, 4.0]
        ),
        runner,
    )
    assert lines(worked, "Chain rule") == [
        "∂L′/∂c = c′ = [3, 4]   (L′ = Σ c′·c)",
        "∂L′/∂L = ∂L′/∂c·2 = [6, 8]",
    ]


def test_an_operation_with_several_results_names_the_gradient_of_each(runner):
    worked = explain(
        task(
            [
                make("qr", "linalg.qr", "x", named=False),
                make("q", "select", "qr", index=0),
                make("r", "select", "qr", index=1),
                make("y", "multiply", "q", "q"),
            ],
            None,
            {"x": np.array([[2.0, 1.0], [0.5, 3.0]])},
        ),
        runner,
    )
    forward = lines(worked, "Forward pass")
    assert forward[0].startswith("u1 = Q, R with x = Q R")
    assert forward[1].startswith("q = part 0 of u1 = [[")
    last = lines(worked, "Chain rule")[-1]
    assert last.startswith("∂L/∂x = (∂L/∂q + Q·copyltu(R 0ᵀ − (∂L/∂q)ᵀ Q)) R⁻ᵀ = [[")


def test_later_steps_are_tabulated_and_a_long_run_is_cut(runner):
    more = Task(**{**vars_of(ONE_LAYER), "steps": 20})
    table = explain(more, runner).section("Steps").table
    assert table.header == ("step", "loss", "W", "b")
    assert table.rows[0][:3] == ("1", "0.25", "0.4")
    assert ("…",) * 4 in table.rows
    assert [row[0] for row in table.rows[-2:]] == ["19", "20"]
    assert len(table.rows) < 20


def test_a_point_and_a_dtype_are_named(runner):
    worked = explain(
        Task(**{**vars_of(ONE_LAYER), "point": {"axis": 0}, "dtype": "float64"}), runner
    )
    assert worked.title == "example[axis=0-float64]"
    assert worked.section("Given").prose == "At axis = 0, in float64."


class WrongSine(NumpyAdapter):
    name = "wrong"

    def run(self, task: Task) -> Trace:
        trace = super().run(task)
        for step in trace.steps:
            step.grads["w"] = -step.grads["w"]
        return trace


def test_a_framework_that_is_off_is_said_to_be_with_what_is_to_blame():
    runner = Runner(["numpy"])
    runner.adapters["wrong"] = WrongSine()
    runner._versions["wrong"] = "0"
    wave = task([make("z", "sin", "w"), make("loss", "multiply", "z", 2.0)], None, {"w": 0.5})
    worked = explain(wave, runner)
    faults = lines(worked, "Disagreement")
    assert faults[0].startswith("wrong – gradient of w: error ")
    assert "sin" in faults[0]
    row = next(r for r in worked.section("Results").table.rows if r[0] == "gradient of w")
    assert row[-1] == "wrong differs"


def test_a_tangent_is_derived_beside_the_gradient(runner):
    moved = {"W": np.asarray(1.0), "b": np.asarray(-2.0)}
    both = replace(ONE_LAYER, checks=frozenset({"grad", "jvp"}), update=None, given_tangents=moved)
    worked = explain(both, runner)
    assert lines(worked, "Along a tangent") == [
        "Ẇ = 1   (given)",
        "ḃ = −2   (given)",
        "ż = ∂z/∂W·Ẇ + ∂z/∂b·ḃ = 1·1 + 1·(−2) = −1",
        "ȧ = ∂a/∂z·ż = 1·(−1) = −1",
        "l̇oss = ∂loss/∂a·ȧ = 1·(−1) = −1",
    ]


def test_tangents_of_tensors_are_shown_as_they_are(runner):
    both = task(
        [make("y", "multiply", "W", "x")],
        {"x": [1.0, 2.0]},
        {"W": [3.0, 4.0]},
        checks=frozenset({"jvp"}),
        given_tangents={"W": np.asarray([1.0, -1.0])},
    )
    shown = lines(explain(both, runner), "Along a tangent")
    assert shown == ["Ẇ = [1, −1]   (given)", "ẏ = [1, −2]"]


def test_it_is_set_in_plain_text_and_in_markdown(runner):
    worked = explain(ONE_LAYER, runner, "One linear unit.")
    text = plain(worked)
    assert text.startswith("example[float64]\nOne linear unit.\n\n1. Given\n")
    assert "     z = W·x + b = 0.5·1 + 0 = 0.5\n" in text
    page = markdown(worked)
    assert page.startswith("# example[float64]\n\nOne linear unit.\n\n## Given\n")
    assert "| updated W | 0.4 | 0.4 | agree |" in page


def vars_of(made):
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def test_words_of_prose_are_not_replaced(runner):
    worked = explain(
        task(
            [
                make("a", "expand_dims", "w", axis=0),
                make("b", "concat", "a", "a", axis=1),
                make("c", "reshape", "b", shape=(4,)),
                make("y", "sum", "c", axis=0),
            ],
            None,
            {"w": np.array([1.0, 2.0])},
        ),
        runner,
    )
    said = lines(worked, "Forward pass")
    assert said[0].startswith("a = w, with an axis of one element more = ")
    assert "along an axis = " in said[1]
    assert said[2].startswith("c = b, in another shape = ")
    assert said[2].endswith("(reshape: shape=(4,))")
    assert "from c to b : g in b's shape" in lines(worked, "Local derivatives")


def test_lines_and_tables_keep_to_a_width(runner):
    worked = explain(ONE_LAYER, runner, "One linear unit. " * 8)
    narrow = plain(worked, 40).splitlines()
    assert max(map(len, narrow)) <= 40
    assert sum("────" in line for line in narrow) > sum(
        "────" in line for line in plain(worked).splitlines()
    )
    assert max(map(len, plain(worked).splitlines())) > 60


def test_a_clip_and_a_schedule_are_part_of_the_update(runner):
    trained = task(
        [make("loss", "multiply", "w", 4.0)],
        None,
        {"w": 3.0},
        update=Update(
            "adam",
            {"lr": 0.5},
            schedule=Chosen("step", {"every": 2, "factor": 0.5}),
            clip=Chosen("value", {"max": 1.0}),
        ),
    )
    said = lines(explain(trained, runner), "Update")
    assert "∂loss/∂w clipped = 1" in said
    assert "m̂ of w = m/(1 − b1ᵗ) = 1" in said
    assert said[-1] == "w ← w − lr·m̂/(√v̂ + eps) = 2.5"
