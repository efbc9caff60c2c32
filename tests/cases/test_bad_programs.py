"""What a program may not say; the place of each fault is that of what is wrong."""

import pytest

TEXTS = {
    "lambda": ("loss = (lambda: w)()", 5, 11, "a call of a lambda"),
    "comprehension": ("loss = [w for i in w]", 5, 10, "a comprehension"),
    "string": ("loss = w + 'a'", 5, 14, "'a' beside an array"),
    "list beside an array": ("loss = w * [1, 2]", 5, 14, "a list beside an array"),
    "method": ("loss = w.sum()", 5, 10, "the method .sum(), expected operations and no methods: s"),
    "method of a result": ("loss = (w * w).pow(2)", 5, 10, "no methods: pow(…)"),
    "attribute": ("loss = w.shape", 5, 10, "an attribute, expected operations"),
    "transposed constant": ("a = pi.T\nloss = w", 5, 7, ".T of 3.14"),
    "turns of a loop": (
        "for i in range(3):\n  a = w * 2\nloss = w",
        6,
        5,
        "a is assigned again by the loop's next turn (i = 1), expected a name of its own",
    ),
    "loop over a variable": (
        "a = w\nfor i in range(3):\n  a = a * 2\nloss = a",
        7,
        5,
        "again at line 7, by a loop, expected a name of its own for each turn: a[0] = … before the",
    ),
    "a word": ("true = w\nloss = w", 5, 3, "the name true is reserved"),
    "dunder": ("loss = w.__class__.__mro__", 5, 10, "an attribute, expected operations"),
    "builtin": ("loss = eval('w')", 5, 10, "unknown operation 'eval'"),
    "underscore": ("_a = w", 5, 3, "the name '_a'"),
    "letters": ("ä = w", 5, 3, "the name 'ä'"),
    "after letters": ("loss = sum(w, axis='ä') + tahn(w)", 5, 29, "mean 'tanh'"),
    "expression": ("w * 2\nloss = w", 5, 3, "an expression that is not assigned"),
    "augmented": ("loss = w\nloss += w", 6, 3, "an augmented assignment"),
    "two targets": ("a = b = w\nloss = a", 5, 3, "two assignments at once"),
    "walrus": ("loss = (a := w)", 5, 11, "an assignment inside an expression"),
    "while": ("while True:\n  loss = w", 5, 3, "a while loop"),
    "if": ("if True:\n  loss = w", 5, 3, "an if"),
    "def": ("def f():\n  return 1\nloss = w", 5, 3, "the function f is not used"),
    "loop over an array": ("for i in w:\n  a[i] = w\nloss = w", 5, 12, "a loop over something"),
    "loop bound": ("for i in range(w):\n  a[i] = w\nloss = w", 5, 18, "a loop bound that is no"),
    "loop step": ("for i in range(0, 3, 0):\n  a[i] = w\nloss = w", 5, 24, "a step of 0"),
    "loop else": ("for i in range(1):\n  a[i] = w\nelse:\n  b = w\nloss = w", 8, 5, "an else"),
    "loop name": ("for w in range(1):\n  a[w] = 1\nloss = w", 5, 7, "w has a meaning already"),
    "loop variable after": (
        "for i in range(1):\n  a[i] = w\nloss = w * i",
        7,
        14,
        "unknown variable",
    ),
    "family and array": ("w[0] = 2\nloss = w", 5, 3, "w is no family of variables"),
    "whole family": ("h[0] = w * 2\nloss = sum(h)", 6, 14, "h is a family, expected one of"),
    "family name": ("h[0] = w * 2\nh = w\nloss = h", 6, 3, "h is a family (h[…])"),
    "member": ("h[0] = w * 2\nloss = h[1]", 6, 10, "h[1] is not assigned, expected one of h[0]"),
    "member of a constant": ("h[0] = 2\nloss = w", 5, 10, "h[0] would be a constant"),
    "index by an array": ("loss = w[w]", 5, 12, "an index that is no constant"),
    "two ellipses": ("loss = w[..., ...]", 5, 12, "two … in one index"),
    "slice by an array": ("loss = w[w:]", 5, 12, "a bound of a slice"),
    "slice step": ("loss = w[::0]", 5, 14, "a slice's step of 0"),
    "none": ("loss = w + None", 5, 14, "nothing (null) beside an array"),
    "division by zero": ("loss = w * (1 / 0)", 5, 15, "division by zero"),
    "overflow": ("loss = w * 10.0 ** 400", 5, 14, "expected a finite number"),
    "complex floor": ("loss = w * (1j // 2)", 5, 15, "// and % of complex numbers"),
    "operator": ("loss = w // 2", 5, 10, "expected + - * / ** or @"),
    "not": ("loss = not w", 5, 10, "an operator that is not in the language"),
    "in": ("loss = w in w", 5, 10, "is, in or not"),
    "and": ("loss = w and w", 5, 10, "and/or"),
    "f-string": ("loss = sum(w, axis=f'{w}')", 5, 22, "an f-string"),
    "bytes": ("loss = sum(w, axis=b'1')", 5, 22, "bytes"),
    "star": ("loss = sum(*w)", 5, 14, "a starred expression"),
    "double star": ("loss = sum(w, **w)", 5, 19, "**, expected attributes by keyword"),
    "array as attribute": ("loss = sum(w, axis=w)", 5, 22, "an array for axis"),
    "array by keyword": ("loss = sum(x=w)", 5, 14, "x is an array of sum, expected it by"),
    "constants alone": ("a = exp(1.0)\nloss = w", 5, 7, "exp of constants alone"),
    "too few arrays": ("loss = where(w > 0, w)", 5, 10, "where is given 2 arrays, expected 3"),
    "none for an array": ("loss = maximum(w, None)", 5, 21, "None for maximum's b"),
    "unknown sweep name": ("loss = $act(w)", 5, 10, "unknown sweep name 'act'"),
    "dollar": ("loss = $(w)", 5, 10, "invalid syntax"),
    "tuple without a call": ("a, b = w\nloss = a", 5, 10, "several names for one value"),
    "only constants": ("a = 2", 5, 3, "no variable is assigned"),
    "empty": ("# nothing", 5, 3, "no variable is assigned"),
    "null byte": ('loss = w * "\\0"', 5, 14, "beside an array"),
    "click": ("loss = ǂw", 5, 3, "expected ASCII names"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_not_in_the_language_is_refused_at_its_place(name, faults):
    text, line, column, message = TEXTS[name]
    lines = "".join(f"  {part}\n" for part in text.split("\n"))
    (fault, *_) = faults(f"case: a\nabout: b\nparams: {{w: 1.0}}\nprogram: |\n{lines}")

    assert fault.startswith(f"t.yaml:{line}:{column}: ")
    assert message in fault


NATIVE = (
    "torch.load",
    "torch.save",
    "torch.from_file",
    "torch.compile",
    "torch.ops.aten.add",
    "torch.hub.load",
    "torch.jit.script",
    "torch.nn.functional.torch.load",
    "torch.utils.data.os.system",
    "torch._C._add_docstr",
    "torch.relu_",
    "torch.__loader__",
    "torch.manual_seed",
    "torch.set_default_dtype",
    "torch.rand",
    "torch.nn.functional.dropout",
    "torch",
    "torch.linalg",
    "jax.nn.relu",
)


@pytest.mark.parametrize("name", NATIVE)
def test_only_pure_numeric_functions_of_torch_are_called(name, faults):
    (fault,) = faults(
        "case: a\nabout: b\nparams: {w: 1.0}\nprogram:\n"
        f"  numpy: loss = tanh(w)\n  torch: loss = {name}(w)\n"
    )

    assert fault.startswith("t.yaml:6:17: ")


@pytest.mark.parametrize(
    "name",
    [
        "jax.pure_callback",
        "jax.debug.callback",
        "jax.experimental.io_callback",
        "jax.lax.custom_root",
        "jax.lax.while_loop",
        "jax.numpy.load",
        "jax.numpy.save",
        "jax.numpy.savez",
        "jax.numpy.fromfile",
        "jax.numpy.frompyfunc",
        "jax.numpy.vectorize",
        "jax.numpy.apply_along_axis",
        "jax.numpy.linalg.jnp.load",
        "jax.nn.initializers.normal",
        "jax.config.update",
        "optax.adam",
        "optax.losses.jnp.load",
        "torch.tanh",
    ],
)
def test_only_pure_numeric_functions_of_jax_and_optax_are_called(name, faults):
    (fault,) = faults(
        "case: a\nabout: b\nparams: {w: 1.0}\nprogram:\n"
        f"  numpy: loss = tanh(w)\n  jax: loss = {name}(w)\n"
    )

    assert fault.startswith("t.yaml:6:15: ")


@pytest.mark.parametrize("keyword", ["out=None", "inplace=True", "_stacklevel=1"])
def test_a_native_call_does_not_write_to_its_arguments(keyword, faults):
    (fault,) = faults(
        "case: a\nabout: b\nparams: {w: 1.0}\nprogram:\n"
        f"  numpy: loss = tanh(w)\n  torch: loss = torch.nn.functional.relu(w, {keyword})\n"
    )

    assert fault.startswith("t.yaml:6:45: ")


def test_a_sweep_cannot_bring_in_a_native_call(faults):
    (fault,) = faults(
        "case: a\nabout: b\nparams: {w: 1.0}\nsweep: {f: [torch.load]}\nprogram:\n"
        "  numpy: loss = tanh(w)\n  torch: loss = $f(w)\n"
    )

    assert fault.startswith("t.yaml:7:17: torch.load may not be called")
