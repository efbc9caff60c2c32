"""Files that ask for too much: each is refused, and soon."""

import time
from pathlib import Path

import pytest

from gradparity.cases import limits, load_text
from gradparity.refimpl.errors import LimitExceeded

HEAD = "case: a\nabout: b\n"
SOUND = HEAD + "params: {w: 1.0}\n"


def nested(opening, closing="", count=5_000):
    return f"{opening * count}{closing * count}"


def bomb():
    """Nine times nine times … twelve times over, with aliases."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 13)]
    return "\n".join(lines)


def program(text, **keys):
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"{SOUND}{more}program: |\n" + "".join(f"  {line}\n" for line in text.splitlines())


def params(spec):
    return f"{HEAD}params: {{w: {spec}}}\nprogram: loss = sum(w)\n"


GREEDY = {
    "large file": "# " + "x" * limits.FILE_BYTES,
    "many values": f"tags: [{', '.join(['1'] * limits.NODES)}]",
    "many keys": "inputs: {" + ", ".join(f"x{k}: 1" for k in range(limits.ENTRIES + 1)) + "}",
    "alias bomb": bomb(),
    "nested lists": nested("[", "]"),
    "nested mappings": nested("{a: "),
    "nested blocks": nested("- "),
    "huge tensor": params("{normal: [100000, 100000]}"),
    "huge row": params("{zeros: 1000000000000}"),
    "huge number of dimensions": params(f"{{zeros: {[1] * 65}}}"),
    "huge empty tensor": params("{zeros: [0, 1000000000000]}"),
    "huge identity": params("{eye: 100000}"),
    "huge factored matrix": params("{spd: 5000}"),
    "huge orthogonal matrix": params("{orthogonal: 5000}"),
    "huge linspace": params("{linspace: [0, 1, 1000000000]}"),
    "huge parts": params("{complex: {re: {zeros: 1000000000}, im: 1.0}}"),
    "huge whole number": params("99999999999999999999999"),
    "many large tensors": HEAD
    + "params: {"
    + ", ".join(f"w{k}: {{zeros: {limits.ELEMENTS}}}" for k in range(3))
    + "}\nprogram: loss = sum(w0 * w1 * w2)\n",
    "sweep": f"{SOUND}sweep: {{a: {list(range(40))}, b: {list(range(40))}}}\n"
    "program: loss = w * a * b\n",
    "steps": program("loss = w", optimizer="{sgd: {lr: 1.0}}", steps=limits.STEPS + 1),
    "long text": SOUND.replace("about: b", f"about: {'b' * (limits.TEXT + 1)}")
    + "program: loss = w\n",
    "long program": program("# " + "x" * limits.PROGRAM_CHARACTERS + "\nloss = w"),
    "endless loop": program("for i in range(10**18):\n  h[i] = w * i\nloss = h[0]"),
    "endless empty loops": program(
        "for i in range(10**18):\n  for j in range(0):\n    h[i] = w\nloss = w"
    ),
    "loops in loops": program(
        "".join(f"{'  ' * k}for i{k} in range(1000):\n" for k in range(9))
        + "  " * 9
        + "h[i0, i1, i2, i3, i4, i5, i6, i7, i8] = w\nloss = w"
    ),
    "unrolled over a sweep": program(
        "h[0] = w\nfor i in range(200):\n  h[i + 1] = h[i] * n\nloss = h[200]",
        sweep=f"{{n: {list(range(500))}}}",
    ),
    "truths over a sweep": program(
        "loss = w * n",
        sweep=f"{{n: {list(range(1000))}}}",
        expect="[" + ", ".join(["{at: {n: 1}, value: {loss: 1.0}}"] * 900) + "]",
    ),
    "power of powers": program("loss = w ** 9 ** 9 ** 9"),
    "power": program("loss = w * 9**9**9"),
    "products": program("n = 10**18\nm = n * n\nloss = w * m"),
    "long whole number": program(f"loss = w * {'9' * 400}"),
    "deep operators": program(f"loss = {'-' * 900}w"),
    "deeper operators": program(f"loss = {'-' * 40_000}w"),
    "deep calls": program(f"loss = {'exp(' * 90}w{')' * 90}"),
    "deep indices": program(f"loss = w{'[0]' * 9_000}"),
    "size in a call": program("loss = sum(broadcast_to(w, shape=(100000, 100000)))"),
    "text in a call": program(f"loss = sum(w, axis='{'x' * (limits.TEXT + 1)}')"),
}


#: Seconds. Each is refused within one on a quiet machine; this only tells that from never.
RUNAWAY = 20


@pytest.mark.thinned(4)
@pytest.mark.parametrize("name", GREEDY)
def test_a_greedy_file_is_refused(name):
    started = time.process_time()
    cases, faults = load_text(GREEDY[name], Path("t.yaml"))
    seconds = time.process_time() - started

    assert cases == []
    assert any(isinstance(fault, LimitExceeded) for fault in faults), faults
    assert all(str(fault).startswith("t.yaml:") for fault in faults)
    assert seconds < RUNAWAY


@pytest.mark.parametrize(
    "text",
    [
        "inputs: {" + ", ".join(f"x{k}: {{nrmal: 2}}" for k in range(limits.ENTRIES)) + "}",
        program("".join(f"a{k} = tahn(b{k})\n" for k in range(2_000))),
        program("loss = w * n\n", sweep=f"{{n: {list(range(1000))}}}", expect="[]")
        + "divergences: ["
        + ", ".join(["{adapters: [jx], check: grad, tensor: ww, kind: kink, because: c}"] * 900)
        + "]\n",
        f"expect: {{value: {{a: {[[[1.0, 'x']]] * 9000}}}}}",
        "\n".join(["---"] * 20_000),
        f"{SOUND}program: loss = ((((((((((((((((((((((((((((((((\n" * 100,
    ],
    ids=["tensors", "operations", "divergences", "numbers", "documents", "brackets"],
)
def test_a_file_of_many_faults_is_answered_soon(text):
    started = time.process_time()
    cases, faults = load_text(text, Path("t.yaml"))
    seconds = time.process_time() - started

    assert cases == []
    assert 1 <= len(faults) <= limits.FAULTS + 1
    assert seconds < RUNAWAY


def test_the_largest_honest_numbers_pass():
    text = (
        f"{HEAD}params: {{w: {{zeros: {limits.CASE_ELEMENTS}}}}}\n"
        "program: |\n  h[0] = sum(w)\n  for i in range(9000):\n"
        "    h[i + 1] = h[i] * 2\n  loss = h[9000]\n"
        f"optimizer: {{sgd: {{lr: 0.1}}}}\nsteps: {limits.STEPS}\n"
    )

    (case,), faults = load_text(text, Path("t.yaml"))

    assert faults == []
    assert len(case.programs[0]["*"].instructions) == 9_002
