"""Case files that ask for too much, or that say something no case should: small generators."""

HEAD = "case: a\nabout: b\n"


def case(program, *, params="{w: 1.0}", **keys):
    """A case file; a program of several lines is a block."""
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    lines = "".join(f"  {line}\n" for line in program.splitlines())
    return f"{HEAD}params: {params}\n{more}program: |\n{lines}"


def over(shape, program, **keys):
    """A program over one large parameter ``w``."""
    return case(program, params=f"{{w: {{normal: {shape}}}}}", **keys)


def doubled(operation, times):
    lines = ["h[0] = w"]
    lines += [f"h[{k + 1}] = {operation.format(f'h[{k}]')}" for k in range(times)]
    return case("\n".join([*lines, f"loss = sum(h[{times}])"]), params="{w: [1.0, 2.0]}")


MILLION = 2**20
LARGE = 2**22

#: Each would take minutes or gigabytes: refused, with the key or the operation that makes it so.
TOO_LARGE = {
    "sweep-of-ones": over(
        [4],
        "loss = sum(w) + sum(x) * n",
        inputs="{x: {ones: 16777216}}",
        sweep=f"{{n: {list(range(1000))}}}",
    ),
    "sweep-of-many": over(
        [4],
        "loss = sum(w) + sum(x) * n",
        inputs=f"{{x: {{ones: {MILLION}}}}}",
        sweep=f"{{n: {list(range(1000))}}}",
    ),
    "sweep-of-work": case(
        f"x = broadcast_to(w, shape=({MILLION},))\nloss = sum(tanh(x)) * n",
        sweep=f"{{n: {list(range(1000))}}}",
    ),
    "sweep-of-factors": case(
        "loss = sum(w) * n", params="{w: {spd: 512}}", sweep=f"{{n: {list(range(1000))}}}"
    ),
    "sweep-of-orthogonal": case(
        "loss = sum(w) * n", params="{w: {orthogonal: 512}}", sweep=f"{{n: {list(range(1000))}}}"
    ),
    "sizes-by-sweep": case(
        "loss = sum(w)",
        params="{w: {normal: n}}",
        sweep=f"{{n: {[MILLION + k for k in range(900)]}}}",
    ),
    "three-thousand-tanh": over(
        [LARGE], "h[0] = w\nfor i in range(3000):\n  h[i + 1] = tanh(h[i])\nloss = sum(h[3000])"
    ),
    "many-small-tanh": over(
        [1000], "h[0] = w\nfor i in range(40000):\n  h[i + 1] = tanh(h[i])\nloss = sum(h[40000])"
    ),
    "concat-doubled": doubled("concat({0}, {0})", 40),
    "stack-doubled": doubled("stack({0}, {0})", 40),
    "tile-doubled": doubled("tile({0}, repetitions=(2,))", 40),
    "repeat-doubled": doubled("repeat({0}, repeats=2)", 40),
    "outer-doubled": doubled("reshape(outer({0}, {0}), shape=(-1,))", 6),
    "kron-doubled": doubled("kron({0}, {0})", 6),
    "pad-doubled": doubled("pad({0}, pad_width=((1000000, 1000000),))", 30),
    "broadcast-by-add": case(
        "a = expand_dims(w, axis=0) + expand_dims(w, axis=1)\n"
        "b = expand_dims(a, axis=2) + w\nloss = sum(b)",
        params="{w: {normal: 3000}}",
    ),
    "meshgrid": case(
        "x, y, z = meshgrid(w, w, w, indexing='ij')\nloss = sum(x)", params="{w: {normal: 1000}}"
    ),
    "broadcast-to": case("loss = sum(broadcast_to(w, shape=(16777216,)) ** 2)"),
    "broadcast-to-twice": case(
        "a = broadcast_to(w, shape=(4096, 1))\nb = broadcast_to(w, shape=(1, 4096))\n"
        "c = a * b\nloss = sum(c * c)"
    ),
    "tile": case("loss = sum(tile(w, repetitions=(4096, 4096)))", params="{w: [1.0, 2.0]}"),
    "repeat": case("loss = sum(repeat(w, repeats=16777216))", params="{w: [1.0, 2.0]}"),
    "pad": case(
        "loss = sum(pad(w, pad_width=((4000, 4000), (4000, 4000))))", params="{w: {normal: [2, 2]}}"
    ),
    "one-hot": case("loss = sum(one_hot(i, num_classes=16777216) * w)", inputs="{i: [1, 2, 3]}"),
    "segment-sum": case(
        "loss = sum(segment_sum(w, i, num_segments=16777216))",
        params="{w: [1.0, 2.0]}",
        inputs="{i: [0, 1]}",
    ),
    "matmul": case("loss = sum(w @ w)", params="{w: {normal: [2800, 2800]}}"),
    "matmul-chain": case(
        "a = w @ w\nb = a @ a\nc = b @ b\nd = c @ c\nloss = sum(d)",
        params="{w: {normal: [1400, 1400]}}",
    ),
    "matrix-power": case(
        "loss = sum(linalg.matrix_power(w, n=10000000))", params="{w: {normal: [3, 3]}}"
    ),
    "matrix-power-negative": case(
        "loss = sum(linalg.matrix_power(w, n=-10000000))", params="{w: {normal: [3, 3]}}"
    ),
    "diff": case("loss = sum(diff(w, n=16000000))", params="{w: {normal: [4]}}"),
    "polygamma": case("loss = sum(polygamma(w, n=16000000))", params="{w: [1.5]}"),
    "multigammaln": case("loss = sum(multigammaln(w, d=16000000))", params="{w: [1.5]}"),
    "local-response-norm": case(
        "loss = sum(local_response_norm(w, size=16000000))", params="{w: {normal: [1, 4, 4]}}"
    ),
    "interpolate": case(
        "loss = sum(interpolate(w, size=(4096, 4096), mode='linear'))",
        params="{w: {normal: [1, 1, 4, 4]}}",
    ),
    "interpolate-cubic": case(
        "loss = sum(interpolate(w, size=(2048, 2048), mode='cubic'))",
        params="{w: {normal: [1, 4, 4, 4]}}",
    ),
    "adaptive-pool": case(
        "loss = sum(adaptive_avg_pool(w, output_size=(4096, 4096)))",
        params="{w: {normal: [1, 1, 4, 4]}}",
    ),
    "adaptive-max-pool": case(
        "loss = sum(adaptive_max_pool(w, output_size=(4000, 400)))",
        params="{w: {normal: [1, 1, 4, 4]}}",
    ),
    "unstack": case("loss = sum(stack(unstack(w)))", params="{w: {normal: [1000000, 2]}}"),
    "split": case(
        "loss = sum(concat(split(w, sections=1000000)))", params="{w: {normal: [1000000, 2]}}"
    ),
    "einsum": case("loss = sum(einsum(w, w, equation='a,b->ab'))", params="{w: {normal: [8000]}}"),
    "einsum-inner": case(
        "loss = sum(einsum(w, w, w, equation='ab,cd,ef->ace'))", params="{w: {normal: [400, 2]}}"
    ),
    "einsum-many": case(
        "loss = sum(einsum(w, w, w, w, w, w, equation='ab,cd,ef,gh,ij,kl->acegik'))",
        params="{w: {normal: [40, 40]}}",
    ),
    "einsum-diagonal": case(
        "loss = sum(einsum(w, w, w, w, equation='ab,bc,cd,da->'))",
        params="{w: {normal: [900, 900]}}",
    ),
    "tensordot": case("loss = sum(tensordot(w, w, axes=0))", params="{w: {normal: [100, 100]}}"),
    "fft-prime": case("loss = sum(abs(fft.fft(w, n=16777213)))", params="{w: {normal: 4}}"),
    "fft-large": case("loss = sum(abs(fft.fft(w)))", params=f"{{w: {{normal: {LARGE + 1}}}}}"),
    "rfft-n": case("loss = sum(abs(fft.rfft(w, n=15485863)))", params="{w: {normal: 4}}"),
    "fftn-s": case(
        "loss = sum(abs(fft.fftn(w, s=(4093, 4093), axes=(0, 1))))", params="{w: {normal: [4, 4]}}"
    ),
    "irfft-n": case("loss = sum(fft.irfft(w, n=15485863))", params="{w: {normal: 4}}"),
    "conv-padded": case(
        "loss = sum(conv(w, k, padding=4000))",
        params="{w: {normal: [1, 1, 4, 4]}, k: {normal: [1, 1, 3, 3]}}",
    ),
    "conv-channels": case(
        "loss = sum(conv(w, k))",
        params="{w: {normal: [8, 64, 64, 64]}, k: {normal: [512, 64, 5, 5]}}",
    ),
    "conv-kernel": case(
        "loss = sum(conv(w, k))",
        params="{w: {normal: [1, 1, 1500, 1500]}, k: {normal: [1, 1, 700, 700]}}",
    ),
    "conv-transpose-stride": case(
        "loss = sum(conv_transpose(w, k, stride=2000))",
        params="{w: {normal: [1, 1, 4, 4]}, k: {normal: [1, 1, 3, 3]}}",
    ),
    "max-pool-padded": case(
        "loss = sum(max_pool(w, kernel_size=2000, stride=1, padding=1000))",
        params="{w: {normal: [1, 1, 1000, 1000]}}",
    ),
    "avg-pool-kernel": case(
        "loss = sum(avg_pool(w, kernel_size=500, stride=1, count_include_pad=True))",
        params="{w: {normal: [1, 1, 1000, 1000]}}",
    ),
    "unfold": case(
        "loss = sum(unfold(w, kernel_size=(300, 300)))", params="{w: {normal: [1, 1, 600, 600]}}"
    ),
    "fold": case(
        "loss = sum(fold(w, output_size=(4000, 4000), kernel_size=(4000, 4000)))",
        params="{w: {normal: [1, 16000000, 1]}}",
    ),
    "cdist": case("loss = sum(cdist(w, w))", params="{w: {normal: [2500, 60]}}"),
    "info-nce": case("loss = info_nce(w, w, temperature=0.5)", params="{w: {normal: [6000, 4]}}"),
    "multilabel-margin": case(
        "loss = multilabel_margin(w, t)",
        params="{w: {normal: [4, 6000]}}",
        inputs="{t: {integers: [4, 6000], low: 0, high: 6000}}",
    ),
    "attention": case(
        "loss = sum(scaled_dot_product_attention(w, w, w))", params="{w: {normal: [1, 1, 6000, 8]}}"
    ),
    "lstm": case(
        "loss = sum(rnn(x, a, b))",
        params="{a: {normal: [1, 1]}, b: {normal: [1, 1]}}",
        inputs="{x: {normal: [200000, 1, 1]}}",
    ),
    "inv": case("loss = sum(linalg.inv(w))", params="{w: {normal: [2800, 2800]}}"),
    "svd": case("loss = sum(linalg.svdvals(w))", params="{w: {normal: [1800, 1800]}}"),
    "matrix-exp": case("loss = sum(linalg.matrix_exp(w))", params="{w: {normal: [900, 900]}}"),
    "qr-stack": case("loss = sum(linalg.pinv(w))", params="{w: {normal: [800, 100, 100]}}"),
    "sort": case("loss = sum(sort(w) * w)", params=f"{{w: {{normal: {LARGE}}}}}"),
    "lgamma": case("loss = sum(lgamma(w))", params=f"{{w: {{uniform: {LARGE}}}}}"),
    "zeta": case("loss = sum(zeta(w + 2, w))", params=f"{{w: {{uniform: {MILLION * 2}}}}}"),
    "gammainc": case("loss = sum(gammainc(w, w))", params=f"{{w: {{uniform: {MILLION * 2}}}}}"),
    "logcumsumexp": case(
        "loss = sum(logcumsumexp(w, axis=0))", params="{w: {normal: [1000000, 2]}}"
    ),
    "quantile": case("loss = quantile(w, q=0.5)", params=f"{{w: {{normal: {LARGE * 2}}}}}"),
    "diag": case("loss = sum(diag(w))", params="{w: {normal: 8000}}"),
    "diag-offset": case("loss = sum(diag(w, k=8000))", params="{w: {normal: 8}}"),
    "block-diag": case(
        "loss = sum(block_diag(w, matrix_transpose(w)))", params="{w: {normal: [8000, 1]}}"
    ),
    "take": case(
        "loss = sum(take(w, i, axis=0))",
        params="{w: {normal: [2, 100000]}}",
        inputs="{i: {integers: [1000], low: 0, high: 2}}",
    ),
    "embedding": case(
        "loss = sum(embedding(i, w))",
        params="{w: {normal: [2, 100000]}}",
        inputs="{i: {integers: [1000], low: 0, high: 2}}",
    ),
    "gather": case(
        "loss = sum(take_along_axis(w, i, axis=0))",
        params="{w: {normal: [1, 8000]}}",
        inputs="{i: {zeros: [8000, 1], dtype: int64}}",
    ),
    "avoid-special": case(
        "loss = sum(lgamma(w))", params="{w: {uniform: 100000, low: 1, high: 2}}", avoid="0.001"
    ),
    "steps": case(
        "loss = sum(tanh(w)) ** 2",
        params="{w: {normal: 1000000}}",
        optimizer="{sgd: {lr: 0.1}}",
        steps="10000",
    ),
    "training-of-a-sweep": case(
        "loss = sum(tanh(w)) * n",
        params="{w: {normal: 10000}}",
        optimizer="{adam: {lr: 0.1}}",
        steps="10000",
        sweep=f"{{n: {list(range(1, 500))}}}",
    ),
    "many-cases": "---\n".join(
        case("loss = sum(tanh(w))", params="{w: {normal: 4000000}}").replace(
            "case: a", f"case: a{k}"
        )
        for k in range(40)
    ),
}

DIGITS = "9" * 5000
ESCAPE = "\\e[2J\\e]0;owned\\a"
LONG = "x" * 3000


def native(call):
    """A case with a text of torch's own."""
    return f"{HEAD}params: {{w: 1.0}}\nprogram: {{torch: loss = {call}, numpy: loss = w}}\n"


def recorded(see):
    """A case whose record refers there."""
    record = "adapters: [jax], check: grad, tensor: w, kind: kink, because: c, value: 2.0"
    return case("loss = w", divergences=f"[{{{record}, see: '{see}'}}]")


#: Each is at fault somewhere: told with file, line and column, on lines that a terminal can show.
ODD = {
    "digits-param": case("loss = w", params=f"{{w: {DIGITS}}}"),
    "digits-negative": case("loss = w", params=f"{{w: -{DIGITS}}}"),
    "digits-float": case("loss = w", params=f"{{w: {DIGITS}.5e99999}}"),
    "digits-shape": case("loss = sum(w)", params=f"{{w: {{ones: {DIGITS}}}}}"),
    "digits-shapes": case("loss = sum(w)", params=f"{{w: {{ones: [{DIGITS}, {DIGITS}]}}}}"),
    "digits-seed": case("loss = sum(w)", params=f"{{w: {{normal: 3, seed: {DIGITS}}}}}"),
    "digits-scale": case("loss = sum(w)", params=f"{{w: {{normal: 3, scale: {DIGITS}}}}}"),
    "digits-steps": case("loss = w", optimizer="{sgd: {lr: 0.1}}", steps=DIGITS),
    "digits-sweep": case("loss = w * n", sweep=f"{{n: [{DIGITS}]}}"),
    "digits-range": case(f"for i in range({DIGITS}):\n  h[i] = w\nloss = w"),
    "digits-index": case(f"loss = w[{DIGITS}]", params="{w: [1.0]}"),
    "digits-axis": case(f"loss = sum(w, axis={DIGITS})", params="{w: [1.0]}"),
    "digits-constant": case(f"loss = w * {DIGITS}"),
    "digits-power": case(f"loss = w ** {DIGITS}"),
    "digits-expect": case("loss = w", expect=f"{{value: {{loss: {DIGITS}}}}}"),
    "digits-within": case(
        "loss = w", expect=f"{{value: {{loss: {{is: 1.0, within: -{DIGITS}}}}}}}"
    ),
    "digits-key": case("loss = w", **{DIGITS: "1"}),
    "digits-case": case("loss = w").replace("case: a", f"case: {DIGITS}"),
    "digits-hex": case("loss = w", params="{w: 0x" + "f" * 9000 + "}"),
    "digits-octal": case("loss = w", params="{w: 0o" + "7" * 9000 + "}"),
    "digits-dtype": case("loss = w", dtypes=f"[{DIGITS}]"),
    "digits-lr": case("loss = w", optimizer=f"{{sgd: {{lr: -{DIGITS}}}}}"),
    "digits-batch": case("loss = w", batch=f"{{size: {DIGITS}}}"),
    "digits-rows": case("loss = sum(w)", params=f"{{w: {{file: a.npy, rows: [0, {DIGITS}]}}}}"),
    "digits-square": case(f"n = {'9' * 18} * {'9' * 18}\nloss = w * n"),
    "long-name": case(f"{LONG} = w\nloss = {LONG}y"),
    "long-param": case("loss = w", params=f"{{{LONG}: 1.0, w: 1.0}}"),
    "long-unknown": case(f"loss = {LONG}(w)"),
    "long-attribute": case(f"loss = sum(w, {LONG}=1)"),
    "long-key": case("loss = w", **{LONG: "1"}),
    "long-case": case("loss = w").replace("case: a", f"case: {LONG}"),
    "long-tag": case("loss = w", tags=f"['{LONG} ']"),
    "long-dtype": case("loss = w", dtypes=f"[{LONG}]"),
    "long-optimizer": case("loss = w", optimizer=f"{{{LONG}: {{lr: 1.0}}}}"),
    "long-spec": case("loss = sum(w)", params=f"{{w: {{{LONG}: 3}}}}"),
    "long-output": case("loss = w", output=LONG),
    "long-native": case(f"loss = torch.{LONG}(w)"),
    "long-file": case("loss = sum(w)", params=f"{{w: {{file: {LONG}.npy}}}}"),
    "long-native-text": f"{HEAD}params: {{w: 1.0}}\nprogram: {{{LONG}: loss = w}}\n",
    "escape-key": case("loss = w", **{f'"{ESCAPE}"': "1"}),
    "escape-case": case("loss = w").replace("case: a", f'case: "{ESCAPE}"'),
    "escape-about": case("loss = w").replace("about: b", f'about: ["{ESCAPE}"]'),
    "escape-tag": case("loss = w", tags=f'["{ESCAPE}"]'),
    "escape-param": case("loss = w", params=f'{{"{ESCAPE}": 1.0}}'),
    "escape-dtype": case("loss = w", dtypes=f'["{ESCAPE}"]'),
    "escape-optimizer": case("loss = w", optimizer=f'{{"{ESCAPE}": {{lr: 1.0}}}}'),
    "escape-output": case("loss = w", output=f'"{ESCAPE}"'),
    "escape-file": case("loss = sum(w)", params=f'{{w: {{file: "{ESCAPE}.npy"}}}}'),
    "escape-file-key": case(
        "loss = sum(w)", params=f'{{w: {{file: digits.npz, key: "{ESCAPE}"}}}}'
    ),
    "escape-sweep": case("loss = w", sweep=f'{{"{ESCAPE}": [1]}}'),
    "escape-sweep-value": case("loss = $f(w)", sweep=f'{{f: ["{ESCAPE}"]}}'),
    "escape-program": f"{HEAD}params: {{w: 1.0}}\nprogram: \"loss = w + '{ESCAPE}'\"\n",
    "escape-operation": f'{HEAD}params: {{w: 1.0}}\nprogram: "{ESCAPE}"\n',
    "escape-adapter": case("loss = w", skip=f'{{"{ESCAPE}": no}}'),
    "escape-expect": case("loss = w", expect=f'{{value: {{"{ESCAPE}": 1.0}}}}'),
    "escape-record": case(
        "loss = w",
        divergences=f'[{{adapters: ["{ESCAPE}"], check: grad, tensor: w, kind: kink, because: c}}]',
    ),
    "escape-c1": case("loss = w", **{'"\\x9b2J"': "1"}),
    "escape-bidi": case("loss = w", **{'"\\u202egnirts"': "1"}),
    "escape-newline": case("loss = w", **{'"a\\nb: fault"': "1"}),
    "escape-surrogate": case("loss = w", **{'"\\ud800"': "1"}),
    "see-script": recorded("javascript:alert(1)"),
    "see-data": recorded("data:text/html;base64,AAAA"),
    "see-file": recorded("file:///etc/passwd"),
    "see-blank": recorded("https://a.b/ onclick=x"),
    "see-markdown": recorded("https://a.b/)[x](javascript:y"),
    "getitem-list": case(f"loss = sum(w[{[0] * 400}])", params="{w: {normal: [2, 100000]}}"),
    "vacuous": case("loss = w * 0"),
    "cannot-run": case("loss = sum(w @ w)", params="{w: {normal: [2, 3]}}"),
    "reshape": case("loss = sum(reshape(w, shape=(7,)))", params="{w: {normal: [2, 3]}}"),
    "tag": "case: a\nabout: !!python/object/apply:os.system ['true']\n",
    "tag-params": case("loss = w", params="!!python/name:os.system {w: 1.0}"),
    "tag-binary": case("loss = w", params="{w: !!binary aGVsbG8=}"),
    "anchor-loop": case("loss = w", params="&a {w: *a}"),
    "merge-keys": case("loss = w", params="{<<: {w: 1.0}}"),
    "duplicate-keys": case("loss = w", params="{w: 1.0, w: 2.0}"),
    "complex-key": case("loss = w", params="{? [1, 2] : 1.0}"),
    "null-key": case("loss = w", params="{null: 1.0}"),
    "nul-byte": case("loss = w") + "\0",
    "bom": "\ufeff" + case("loss = w * 0"),
    "tabs": case("loss = w").replace("about: b", "about:\tb\n\tx: 1"),
    "directive": "%YAML 1.1\n%TAG ! tag:x,2000:\n---\n" + case("loss = w * 0"),
    "directive-unknown": "%FOO bar\n---\n" + case("loss = w * 0"),
    "version": "%YAML 9.9\n---\n" + case("loss = w * 0"),
    "not-a-case": "just words",
    "list": "- a\n- b\n",
    "empty": "",
    "comment": "# nothing\n",
    "unclosed": HEAD + "params: {w: [1.0, 2.0\n",
    "unclosed-quote": HEAD + 'params: {w: "1.0}\n',
    "timestamp": case("loss = w", params="{w: 2001-12-14t21:59:43.10-05:00}"),
    "infinite-param": case("loss = w", params="{w: .inf, v: 1.0}"),
    "sexagesimal": case("loss = w", params="{w: 190:20:30}"),
    "import": case("import os\nloss = w"),
    "dunder": case("loss = w.__class__"),
    "lambda": case("loss = (lambda: w)()"),
    "eval": case("loss = eval('w')"),
    "walrus": case("loss = (y := w)"),
    "comprehension": case("loss = [w for i in range(3)]"),
    "fstring": case('loss = f"{w}"'),
    "starred": case("loss = sum(*w)"),
    "await": case("loss = await w"),
    "decorator": case("@w\ndef f(): pass\nloss = w"),
    "bytes": case("loss = b'x'"),
    "ellipsis": case("loss = ..."),
    "underscores": case("loss = w * 1_0_0_0__0"),
    "nul-in-program": f'{HEAD}params: {{w: 1.0}}\nprogram: "loss = w\\0"\n',
    "form-feed": f'{HEAD}params: {{w: 1.0}}\nprogram: "\\floss = w + v"\n',
    "unicode-names": case("\u2113oss = w + v"),
    "backslash": case("loss = w + \\\n v"),
    "semicolons": case("a = w; b = a; loss = c"),
    "native-private": native("torch._C.x(w)"),
    "native-load": native("torch.load(w)"),
    "native-compile": native("torch.compile(w)"),
}
