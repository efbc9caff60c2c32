from __future__ import annotations

from gradparity.reports import translation
from gradparity.reports.translation import Line, Spelling

AGREED = Line(
    "Matched",
    "adamw",
    "Decay beside the moments.",
    "matched-adamw[float64]",
    (
        Spelling("torch", "optimizer = torch.optim.AdamW(params)\nStepLR(optimizer)", "", 2e-15),
        Spelling("jax", "", "optax has no such rule"),
    ),
)
APART = Line(
    "Defaults",
    "adamw",
    "The default decay.",
    "defaults-adamw[float64]",
    (Spelling("torch", "a|b<c>", "", 0.0), Spelling("jax", "optax.adamw(0.1)", "", 0.024, "known")),
    ("The decays differ. To agree: say both.",),
)


def test_a_table_a_group_with_what_each_framework_lacks():
    matched, defaults = translation.tables([AGREED, APART])
    assert (matched.title, defaults.title) == ("Matched", "Defaults")
    (row,) = matched.rows
    assert dict(zip([head.name for head in matched.heads], row, strict=True)) == {
        "name": "adamw",
        "torch": "optimizer = torch.optim.AdamW(params); StepLR(optimizer)",
        "jax": "-",
        "torch is off by": "2e-15",
        "jax is off by": "",
        "verified by": "matched-adamw[float64]",
        "note": "jax: optax has no such rule.",
    }


def test_the_text_has_every_line_with_its_run():
    text = translation.as_text([AGREED, APART])
    assert "torch  optimizer = torch.optim.AdamW(params)  # off by 2e-15\n" in text
    assert "jax    (optax has no such rule)\n" in text
    assert "jax    optax.adamw(0.1)  # off by 0.024\n" in text
    assert "The decays differ. To agree: say both." in text
    assert text.count("verified by ") == 3
    assert text.endswith("2 lines, each verified by the run it names, in float64.")


def test_a_line_that_failed_is_said():
    failed = Line("Matched", "adam", "", "matched-adam", (), failed=True)
    assert translation.sentence([AGREED, failed]) == (
        "1 of 2 lines could not be verified: matched-adam"
    )
    assert "failed</span>" in translation.as_html([failed])


def test_pages_are_escaped():
    page = translation.as_html([AGREED, APART])
    assert "a|b&lt;c&gt;" in page
    assert "<c>" not in page
    assert "a\\|b&lt;c&gt;" in translation.as_markdown([APART])
