"""``gradparity demo``, and what is said to whom has typed nothing but the name."""


def test_it_shows_an_example_a_mistake_and_a_report(gradparity, tmp_path):
    out = tmp_path / "demo"
    status, said, _ = gradparity("demo", "--no-open", "--out", str(out))
    assert status == 0
    assert "∂loss/∂W = ∂loss/∂a · ∂a/∂z · ∂z/∂W = 1 · 1 · 1 = 1" in said
    assert "1 of 3 cases differs: port-with-a-mistake (jax)" in said
    assert "scaled gradient" not in said
    assert (out / "report.html").exists()
    status, said, _ = gradparity(
        "run", str(out / "port.yaml"), "-j", "0", "--adapters", "numpy,torch"
    )
    assert (status, "all agree" in said) == (0, True)


def test_a_folder_that_cannot_be_written_is_said(gradparity, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, said = gradparity("demo", "--no-open", "--out", str(tmp_path / "file"))
    assert (status, said.count("\n")) == (2, 1)


def test_help_says_what_to_do_first(gradparity):
    _, said, _ = gradparity("--help")
    assert "First steps" in said
    assert "gradparity demo" in said
