"""Tricks of YAML, of Unicode and of Python's grammar, and files that are none: each has a fault."""

import os
import random
from pathlib import Path

import numpy as np

from .texts import HEAD, case


def laughs(times):
    """Lists of aliases of lists of aliases."""
    lines = ["a0: &a0 [1.0, 1.0]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 4)}]" for k in range(1, times)]
    return "\n".join([*lines, case("loss = sum(w)", params=f"{{w: *a{times - 1}}}")])


def trained(lr):
    return case("loss = w", optimizer=f"{{sgd: {{lr: {lr}}}}}", steps=2)


def given(spec):
    return case("loss = sum(w)", params=f"{{w: {spec}}}")


TEXTS = {
    # YAML
    "laughs": laughs(20),
    "merge-of-itself": case("loss = w") + "expect: &e {<<: [*e, *e]}\n",
    "deep-flow": given("[" * 50_000 + "1" + "]" * 50_000),
    "deep-mappings": given("{a: " * 50_000 + "1" + "}" * 50_000),
    "deep-sequence": f"{HEAD}params:\n  w: {'- ' * 20_000}1\n",
    "deep-keys": f"{HEAD}{'? ' * 20_000}a\n",
    "deep-block": HEAD + "params:\n" + "".join(" " * k + "a:\n" for k in range(1, 400)),
    "nan-key": case("loss = w", params="{w: 1.0, .nan: 2.0, .NaN: 3.0}"),
    "infinite-key": case("loss = w", params="{.inf: 2.0}"),
    "true-key": case("loss = w", params="{true: 2.0, yes: 3.0}"),
    "number-key": case("loss = w", params="{1: 2.0}"),
    "date-key": case("loss = w", params="{2001-01-01: 2.0}"),
    "nan-everywhere": case("loss = w", steps=".nan", dtypes="[.nan]", tags="[.nan]"),
    "tag-set": case("loss = w", tags="!!set {a, b}"),
    "tag-omap": case("loss = w", params="!!omap [w: 1.0]"),
    "tag-float": given("!!float abc"),
    "tag-own": given("!mine 1.0"),
    "tag-written-out": given("!<tag:yaml.org,2002:python/object/apply:os.system> [x]"),
    "alias-of-nothing": given("*nope"),
    "anchor-of-100000": case(
        "loss = w", params=f"{{w: &{'a' * 100_000} 1.0, v: *{'a' * 100_000}}}"
    ),
    "documents": "---\n" * 200_000,
    "values": case("loss = w * 0", tags=str([f"t{k}" for k in range(100_000)])),
    "keys": case("loss = w * 0") + "".join(f"k{k}: 1\n" for k in range(100_000)),
    "expectations": case(
        "loss = w", expect=f"{{value: {{{', '.join(f'v{k}: 1.0' for k in range(50_000))}}}}}"
    ),
    "line-of-megabytes": case("loss = w", about=f"'{'x' * 10_000_000}'"),
    "program-list": f"{HEAD}params: {{w: 1.0}}\nprogram: [loss = w]\n",
    "program-null": f"{HEAD}params: {{w: 1.0}}\nprogram: null\n",
    "program-folded": f"{HEAD}params: {{w: 1.0}}\nprogram: >\n  a = w\n  loss = a\n",
    # numbers and shapes
    "rate-nan": trained(".nan"),
    "rate-nan-by-sweep": trained("n") + "sweep: {n: [.nan]}\n",
    "steps-fraction": case("loss = w", optimizer="{sgd: {lr: 0.1}}", steps=2.5),
    "steps-1e300": case("loss = w", optimizer="{sgd: {lr: 0.1}}", steps="1e300"),
    "shape-negative": given("{normal: [-1, 3]}"),
    "shape-true": given("{normal: [true, 3]}"),
    "shape-nan": given("{normal: [.nan]}"),
    "shape-of-70": given(f"{{ones: {[1] * 70}}}"),
    "ragged": given("[[1.0, 2.0], [3.0]]"),
    "mixed": given("[1.0, 'x', null, [2]]"),
    "reshape-to-70": case(f"loss = sum(reshape(w, shape={(1,) * 70}))"),
    "axes-by-none": case(f"loss = sum(w[{'None, ' * 100}])", params="{w: [1.0]}"),
    # sweeps
    "sweep-of-a-program": case("loss = $f(w)", sweep="{f: ['sin(w) + __import__']}"),
    "sweep-of-lines": case("loss = $f(w)", sweep='{f: ["sin\\nimport os\\n"]}'),
    "sweep-of-itself": case("loss = $f(w)", sweep='{f: ["$f"]}'),
    "sweep-beside": case("loss = $f(w) + $g", sweep="{f: [sin]}"),
    "sweep-of-4**30": case(
        "loss = w", sweep=f"{{{', '.join(f's{k}: [1, 2, 3, 4]' for k in range(30))}}}"
    ),
    "sweep-of-mappings": case("loss = w * n", sweep="{n: [{a: 1}]}"),
    "sweep-dunder": case("loss = w * __class__", sweep="{__class__: [1]}"),
    # Unicode
    "full-width": case("loss = \uff57 * w"),
    "kelvin": case("loss = \u212a * 2", params="{K: 1.0}"),
    "long-s": case("lo\u017f\u017f = w"),
    "ligature": case("loss = \ufb01lter * w", params="{w: 1.0, filter: 1.0}"),
    "combining": case("loss = e\u0301", params="{\u00e9: 1.0}"),
    "zero-width": case("loss = w\u200b"),
    "zero-width-key": case("loss = w", **{"steps\u200b": "1"}),
    "soft-hyphen": case("lo\u00adss = w"),
    "right-to-left": case("\u05d0 = w\nloss = \u05d0"),
    "variation": case("loss = w\ufe0f"),
    "digit": case("loss = w * \u0663"),
    "minus": case("loss = w \u2212 1"),
    "no-break": case("loss = w\u00a0* 2"),
    "bomb": case("loss = w").replace("case: a", "case: '\U0001f4a3'"),
    # Python's grammar
    "keyword-twice": case("loss = sum(w, axis=0, axis=1)", params="{w: [[1.0]]}"),
    "native-keyword-twice": (
        f"{HEAD}params: {{w: [[1.0]]}}\nprogram:\n  numpy: loss = sum(w)\n"
        "  torch: loss = torch.sum(w, dim=0, dim=1)\n"
    ),
    "parentheses": case(f"loss = {'(' * 5_000}w{')' * 5_000}"),
    "minuses": case(f"loss = {'-' * 20_000}w"),
    "powers": case(f"loss = w{' ** w' * 5_000}"),
    "attributes": case(f"loss = w{'.a' * 20_000}"),
    "calls": case(f"loss = w{'()' * 20_000}"),
    "indices": case(f"loss = w{'[0]' * 5_000}", params="{w: [1.0]}"),
    "comparisons": case(f"loss = w{' < w' * 5_000}"),
    "loops": case(
        "\n".join(" " * k + "for i in range(1):" for k in range(150)) + f"\n{' ' * 150}loss = w"
    ),
    "step-of-0": case("for i in range(0, 5, 0):\n  h[i] = w\nloss = w"),
    "slice-of-0": case("loss = sum(w[::0])", params="{w: [1.0]}"),
    "power-of-power": case("n = 10 ** 10 ** 10\nloss = w * n"),
    "shift": case("n = 1 << 10 ** 12\nloss = w * n"),
    "text-times": case("loss = sum(w, axis='a' * 10 ** 10)", params="{w: [1.0]}"),
    "list-times": case("loss = reshape(w, shape=[1] * 10 ** 10)", params="{w: [1.0]}"),
    "debug": case("loss = __debug__", params="{__debug__: 1.0}"),
    # places
    "case-elsewhere": case("loss = w").replace("case: a", "case: ../../../tmp/x"),
    "case-of-pytest": case("loss = w").replace("case: a", "case: 'a::b[c]'"),
    "file-zero": given("{file: /dev/zero}"),
    "file-up": given("{file: ../../../../dev/zero}"),
    "file-stdin": given("{file: /dev/stdin}"),
    "file-folder": given("{file: .}"),
    "file-nul": given('{file: "a\\0.npy"}'),
    "file-url": given("{file: 'http://x/y.npy'}"),
    "file-pipe": given("{file: pipe.npy}"),
    "file-loop": given("{file: loop.npy}"),
    "file-link": given("{file: zero.npy}"),
    "file-memory": given("{file: memory.npy}"),
    "file-sparse": given("{file: sparse.npy}"),
    "file-itself": given("{file: file-itself.yaml}"),
}

#: Bytes that are no text.
RAW = {
    "utf-16": case("loss = w").encode("utf-16"),
    "utf-16-bare": case("loss = w").encode("utf-16-le"),
    "utf-32": case("loss = w").encode("utf-32"),
    "latin-1": case("loss = w").replace("b", "\xe9").encode("latin-1"),
    "ebcdic": case("loss = w").encode("cp500"),
    "noise": random.Random(1).randbytes(100_000),  # noqa: S311  no secret
    "zeros": bytes(1_000_000),
    "surrogate": b"case: a\nabout: \xed\xa0\x80\n",
    "overlong": b"case: a\nabout: \xc0\xaf\n",
    "end-of-file": case("loss = w").encode() + b"\x1a",
}


def lay_out(folder: Path) -> None:
    """What the texts refer to: links, a pipe, and a file of a terabyte that takes no room."""
    os.mkfifo(folder / "pipe.npy")
    for name, target in (("loop", "loop.npy"), ("zero", "/dev/zero"), ("memory", "/proc/self/mem")):
        (folder / f"{name}.npy").symlink_to(target)
    with (folder / "sparse.npy").open("wb") as file:
        about = {"descr": "<f8", "fortran_order": False, "shape": (2**37,)}
        np.lib.format.write_array_header_1_0(file, about)
        file.truncate(2**40)
