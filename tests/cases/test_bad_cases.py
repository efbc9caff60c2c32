"""What a bad case file is answered: FILE:LINE:COLUMN, what is wrong, what was expected."""

import pytest

from gradparity.cases.context import adapter_names
from gradparity.cases.native_training import NATIVE_TRAINING
from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.schedules import SCHEDULES

HEAD = "case: a\nabout: b\n"
SOUND = HEAD + "params: {w: 1.0}\n"
WHOLE = SOUND + "program: loss = w * w\n"
TRAINED = WHOLE + "optimizer: {sgd: {lr: 0.1}}\n"
KEYS = (
    "case, about, tags, inputs, params, program, maps, output, cotangent, tangents, checks, "
    "optimizer, groups, schedule, clip, native, state, accumulate, loss-scale, ema, steps, batch, "
    "dtypes, sweep, expect, "
    "tolerance, divergences, versions, modes, avoid, skip"
)
KINDS = (
    "normal, uniform, integers, zeros, ones, full, eye, linspace, spd, orthogonal, complex, file"
)
LISTED = "expected one of the operations that `gradparity ops` lists"

BAD = {
    "not YAML": (
        "case: [1\nabout: b\n",
        (
            "2:6: not YAML: did not find expected ',' or ']' (while parsing a flow sequence), "
            "expected a YAML 1.2 document"
        ),
    ),
    "no mapping": (
        "[1, 2]\n",
        (
            "1:1: a document that is a list, expected a mapping with the keys case, about, params, "
            "program"
        ),
    ),
    "missing key": (
        "case: a\nparams: {w: 1.0}\nprogram: loss = w\n",
        "1:1: the key 'about' is missing, expected one line that says what it is about",
    ),
    "misspelt key": (
        WHOLE + "stpes: 3\n",
        f"5:1: unknown key 'stpes', expected one of {KEYS}; did you mean 'steps'?",
    ),
    "number beyond float64": (
        HEAD + "params: {w: 1e999}\nprogram: loss = w\n",
        "3:13: the number '1e999' is beyond float64, expected less than 1.8e308, or .inf",
    ),
    "an optimizer's argument by another's name": (
        TRAINED + "native: {jax: {optimizer: {sgd: {lr: 0.1}}}}\n",
        "6:34: unknown argument 'lr' of sgd of jax; did you mean learning_rate?",
    ),
    "call of what a call hands back": (
        SOUND + "program: loss = MSELoss()(w, w)\n",
        (
            "4:17: a call of what a call hands back, expected an operation's name; "
            "did you mean 'mse'?"
        ),
    ),
    "dtype by another's name": (
        WHOLE + "dtypes: [fp32]\n",
        (
            "5:10: unknown dtype 'fp32', expected one of float64, float32, float16, bfloat16, "
            "complex128, complex64; did you mean 'float32'?"
        ),
    ),
    "schedule by another's name": (
        TRAINED + "schedule: {CosineAnnealingLR: {T_max: 3}}\n",
        (
            "6:12: unknown schedule 'CosineAnnealingLR', expected one of {SCHEDULES}; did you mean "
            "'cosine'?"
        ),
    ),
    "key by another's name": (
        WHOLE + "description: 3\n",
        f"5:1: unknown key 'description', expected one of {KEYS}; did you mean 'about'?",
    ),
    "optimizer written as a constructor's keywords": (
        WHOLE + "optimizer: {name: adam}\nsteps: 2\n",
        "5:19: optimizer.name: 'adam', expected a mapping such as {adam: {lr: 0.1}}",
    ),
    "two hyperparameters given as one": (
        WHOLE + "optimizer: {adam: {lr: 0.1, betas: [0.9, 0.99]}}\nsteps: 2\n",
        (
            "5:36: optimizer.adam.betas: a list, expected a number or a sweep's name; did you mean "
            "b1 and b2?"
        ),
    ),
    "switch that is a rule of its own": (
        WHOLE + "optimizer: {adam: {lr: 0.1, amsgrad: true}}\n",
        (
            "5:29: unknown hyperparameter of adam 'amsgrad', expected one of lr, b1, b2, eps, "
            "weight_decay, maximize; what it switches to is a rule of its own here, 'amsgrad'"
        ),
    ),
    "schedule without an optimizer": (
        WHOLE + "schedule: {cosine: {steps: 3}}\n",
        "5:1: schedule without an optimizer, expected one",
    ),
    "misspelt schedule": (
        TRAINED + "schedule: {cosin: {steps: 3}}\n",
        "6:12: unknown schedule 'cosin', expected one of {SCHEDULES}; did you mean 'cosine'?",
    ),
    "misspelt attribute of a schedule": (
        TRAINED + "schedule: {cosine: {steps: 3, ende: 3}}\n",
        (
            "6:31: unknown attribute of cosine 'ende', expected one of steps, end; did you mean "
            "'end'?"
        ),
    ),
    "list where a schedule takes a number": (
        TRAINED + "schedule: {cosine: {steps: [3]}}\n",
        "6:28: steps: a list, expected a number",
    ),
    "clip that lacks what frameworks do not share": (
        TRAINED + "clip: {global_norm: 1.0}\n",
        "6:8: global_norm lacks eps, expected a value, for the frameworks share no default",
    ),
    "switch that is a number": (
        WHOLE + "optimizer: {amsgrad: {lr: 0.1, max_corrected: 1}}\n",
        "5:47: max_corrected: 1, expected true or false",
    ),
    "group of no parameter": (
        TRAINED + "groups: {v: {lr: 0.2}}\n",
        "6:10: unknown parameter 'v', expected w",
    ),
    "vector moved by a rule of matrices": (
        WHOLE + "optimizer: {muon: {lr: 1, bias_correction: false, eps: 1e-7, weight_decay: 0}}\n",
        "3:10: w has the shape (), expected 2 axes, which muon wants",
    ),
    "number moved by a rule that covers axes": (
        WHOLE + "optimizer: {sm3: {lr: 1}}\n",
        "3:10: w has the shape (), expected at least 1 axis, which sm3 wants",
    ),
    "group of a rule that moves all parameters as one": (
        WHOLE
        + "optimizer: {lbfgs: {lr: 1, memory: 3, capped_by: 1, least_curvature: 0}}\n"
        + "groups: {w: {lr: 0.2}}\n",
        "6:10: groups: lbfgs moves all parameters as one, expected no group",
    ),
    "misspelt hyperparameter of a group": (
        TRAINED + "groups: {w: {lrr: 0.2}}\n",
        (
            "6:14: unknown hyperparameter 'lrr', expected one of lr, momentum, dampening, "
            "nesterov, weight_decay, maximize; did you mean 'lr'?"
        ),
    ),
    "native optimizer that is none": (
        TRAINED + "native: {jax: {optimizer: {AdamW: {learning_rate: 0.1}}}}\n",
        "6:28: unknown optimizer of jax 'AdamW', expected one of {OPTAX}; did you mean 'adamw'?",
    ),
    "unknown check": (
        WHOLE + "checks: [value, hpv]\n",
        (
            "5:17: unknown check 'hpv', expected one of value, grad, jvp, hvp, vmap, update; "
            "did you mean 'hvp'?"
        ),
    ),
    "tangents at a half type": (
        WHOLE + "checks: [jvp]\ndtypes: [float32, float16]\n",
        (
            "6:19: the check jvp at float16, expected float32 or wider: the reference computes "
            "half types in float32, and has no rule for their tangents"
        ),
    ),
    "tangents of a tensor in a dtype of its own": (
        WHOLE.replace("w: 1.0", "w: {full: [], value: 0.5, dtype: float32}")
        + "checks: [value, hvp]\n",
        (
            "3:36: w of a dtype of its own in a case with the check hvp, expected the case's: the "
            "reference has no tangents in several dtypes"
        ),
    ),
    "a tangent of no parameter": (
        WHOLE + "checks: [jvp]\ntangents: {W: 1.0}\n",
        "6:12: unknown parameter 'W', expected w; did you mean 'w'?",
    ),
    "a tangent of another shape": (
        WHOLE + "checks: [jvp]\ntangents: {w: [1.0, 2.0]}\n",
        "6:15: the shape [2] for the tangent of w, expected []",
    ),
    "tangents that nothing asks for": (
        WHOLE + "tangents: {w: 1.0}\n",
        "5:1: tangents without the check jvp or hvp, expected one of them",
    ),
    "a truth of vmap": (
        WHOLE + "checks: [vmap]\nexpect: {vmap: {w: 1.0}}\n",
        "6:10: unknown key of expect 'vmap', expected one of at, value, grad, jvp, hvp, update",
    ),
    "a record of vmap that does not say what is batched": (
        WHOLE + "checks: [value, vmap]\ndivergences:\n"
        "  - {adapters: [jax], check: vmap, tensor: w, kind: bug, because: c, value: 1.0}\n",
        (
            "7:44: unknown tensor 'w', expected one of w over w, loss over w, "
            "w over the cotangent, loss over the cotangent, w over all arguments, "
            "loss over all arguments"
        ),
    ),
    "duplicate key": (
        WHOLE + "about: c\n",
        "5:1: the key 'about' is given twice, first at line 2, expected once",
    ),
    "tag": (
        WHOLE + "tags: [!!python/object/apply:os.system x]\n",
        (
            "5:8: a tag ('tag:yaml.org,2002:python/object/apply:os.system'), expected plain YAML: "
            "cases use none"
        ),
    ),
    "key that is no text": (WHOLE + "1: 2\n", "5:1: 1 as a key, expected a name"),
    "unknown alias": (
        WHOLE + "tags: *here\n",
        "5:7: the alias *here names nothing, expected an anchor above",
    ),
    "name not in kebab-case": (
        WHOLE.replace("case: a", "case: One_Layer"),
        "1:7: case: the name 'One_Layer', expected a name in kebab-case, such as one-layer",
    ),
    "wrong type": (WHOLE + "steps: 1.5\n", "5:8: steps: 1.5, expected a whole number"),
    "text for a number": (WHOLE + "steps: '3'\n", "5:8: steps: '3', expected a whole number"),
    "misspelt dtype": (
        WHOLE + "dtypes: [float64, flaot32]\n",
        (
            "5:19: unknown dtype 'flaot32', expected one of float64, float32, float16, bfloat16, "
            "complex128, complex64; did you mean 'float32'?"
        ),
    ),
    "misspelt tag of a tensor": (
        HEAD + "params:\n  w: {nromal: [3]}\nprogram: loss = sum(w)\n",
        (
            f"4:7: params.w: no kind of tensor is called 'nromal', expected a number, a list or "
            f"one of {KINDS}; did you mean 'normal'?"
        ),
    ),
    "misspelt key of a tensor": (
        HEAD + "params: {w: {normal: [3], scael: 2}}\nprogram: loss = sum(w)\n",
        (
            "3:27: unknown key of normal 'scael', expected one of dtype, seed, normal, scale, loc; "
            "did you mean 'scale'?"
        ),
    ),
    "negative shape": (
        HEAD + "params: {w: {normal: [3, -1]}}\nprogram: loss = sum(w)\n",
        "3:22: params.w.normal: -1, expected a shape: whole numbers from 0 up, or sweeps' names",
    ),
    "ragged list": (
        HEAD + "params: {w: [[1.0, 2.0], [3.0]]}\nprogram: loss = sum(w)\n",
        (
            "3:26: params.w: a ragged list: an item of shape [1] beside one of shape [2], expected "
            "equal ones"
        ),
    ),
    "text in a list": (
        HEAD + "params: {w: [1.0, no]}\nprogram: loss = sum(w)\n",
        "3:19: params.w: 'no', expected a number",
    ),
    "no parameter": (
        HEAD + "params: {}\nprogram: loss = 1\n",
        "3:9: params: 0 items, expected at least 1",
    ),
    "file outside": (
        HEAD + "params: {w: {file: ../w.npz, key: w}}\nprogram: loss = sum(w)\n",
        "3:20: params.w: the file '../w.npz', expected one in the case file's own folder",
    ),
    "unknown variable": (
        SOUND + "program: |\n  height = w\n  loss = hieght * 2\n",
        "6:10: unknown variable 'hieght', expected one of w, height; did you mean 'height'?",
    ),
    "misspelt operation": (
        SOUND + "program: |\n  # a comment\n\n  loss = sum(\n    tahn(w))\n",
        f"8:5: unknown operation 'tahn', {LISTED}; did you mean 'tanh'?",
    ),
    "on one plain line": (
        SOUND + "program: loss = tahn(w)\n",
        f"4:17: unknown operation 'tahn', {LISTED}; did you mean 'tanh'?",
    ),
    "in double quotes": (
        SOUND + 'program: "a = w\\nloss = tahn(a)"\n',
        f"4:25: unknown operation 'tahn', {LISTED}; did you mean 'tanh'?",
    ),
    "in folded text": (
        SOUND + "program: >-\n\n  loss = tahn(w)\n",
        f"6:10: unknown operation 'tahn', {LISTED}; did you mean 'tanh'?",
    ),
    "assigned twice": (
        SOUND + "program: |\n  loss = w\n  loss = w * 2\n",
        "6:3: loss is assigned at line 5 and again at line 6, expected one assignment",
    ),
    "assigned in a loop": (
        SOUND + "program: |\n  for i in range(2):\n    a = w * i\n  loss = a\n",
        (
            "6:5: a is assigned again by the loop's next turn (i = 1), expected a name of its own "
            "for each turn: a[i] = …"
        ),
    ),
    "assigned to an input": (
        HEAD + "inputs: {x: 1.0}\nparams: {w: 1.0}\nprogram: |\n  x = w * 2\n  loss = x\n",
        "6:3: x is an input or a parameter, expected another name",
    ),
    "reserved name": (
        SOUND + "program: |\n  pi = w * 2\n  loss = pi\n",
        "5:3: the name pi is reserved, expected another",
    ),
    "missing attribute": (
        SOUND + "program: loss = gelu(w)\n",
        (
            "4:17: gelu lacks approximate, expected it by keyword, for it has no default: "
            "gelu(x, *, approximate)"
        ),
    ),
    "unknown attribute": (
        SOUND + "program: loss = sum(w, axes=0)\n",
        (
            "4:24: unknown attribute of sum 'axes', expected one of axis, keepdims; did you mean "
            "'axis'?"
        ),
    ),
    "attribute that is no whole number": (
        SOUND + "program: loss = sum(softmax(w, axis=1.5))\n",
        "4:37: 1.5 for axis of softmax, expected a whole number",
    ),
    "quarter turns that are no whole number": (
        SOUND + "program: loss = sum(rot90(w, k=1.5))\n",
        "4:32: 1.5 for k of rot90, expected a whole number",
    ),
    "attribute that is no number": (
        SOUND + "program: loss = sum(elu(w, alpha='one'))\n",
        "4:34: 'one' for alpha of elu, expected a number",
    ),
    "attribute that is a list": (
        SOUND + "program: loss = sum(repeat(w, repeats=[2, 1]))\n",
        "4:39: a list for repeats of repeat, expected a whole number",
    ),
    "attribute by position": (
        SOUND + "program: loss = sum(w, 0)\n",
        (
            "4:17: sum is given 2 arrays, expected 1 (x); attributes go by keyword: "
            "sum(x, *, axis=None, keepdims=False)"
        ),
    ),
    "chained comparison": (
        SOUND + "program: loss = where(0 < w < 1, w, 0.0)\n",
        "4:23: a chain of comparisons, expected one: a < b",
    ),
    "not in the language": (
        SOUND + "program: loss = w if w > 0 else 0\n",
        "4:17: a conditional expression, expected operations on names and numbers",
    ),
    "not Python": (
        SOUND + "program: |\n  loss = w *\n",
        "5:13: invalid syntax, expected lines such as name = expression",
    ),
    "import": (
        SOUND + "program: |\n  import os\n  loss = w\n",
        "5:3: an import, expected name = expression or a for loop",
    ),
    "unused parameter": (
        HEAD + "params: {w: 1.0, unused: 2.0}\nprogram: loss = w\n",
        "3:18: the parameter unused is not used, expected the program to use it",
    ),
    "parameter that is cut off": (
        HEAD + "params: {w: 1.0, v: 2.0}\nprogram: |\n  mask = v > 1\n  loss = where(mask, w, 0)\n",
        "3:18: the parameter v does not reach loss, expected a differentiable way to it",
    ),
    "unused input": (
        HEAD + "inputs: {x: 1.0}\nparams: {w: 1.0}\nprogram: loss = w\n",
        "3:10: the input x is not used, expected the program to use it",
    ),
    "unused sweep": (
        WHOLE + "sweep: {n: [1, 2]}\n",
        "5:9: the sweep's n is not used, expected the program or a tensor to use it",
    ),
    "misspelt output": (
        WHOLE + "output: losss\n",
        "5:9: unknown output 'losss', expected loss; did you mean 'loss'?",
    ),
    "truth for nothing": (
        WHOLE + "expect: {value: {lsos: 1.0}}\n",
        "5:18: unknown variable 'lsos', expected loss; did you mean 'loss'?",
    ),
    "truth for an input": (
        HEAD
        + "inputs: {x: 1.0}\nparams: {w: 1.0}\nprogram: loss = w * x\n"
        + "expect: {grad: {x: 1.0}}\n",
        "6:17: x is an input, which is not differentiated, expected one of loss, w",
    ),
    "truth of another shape": (
        HEAD + "params: {w: [1.0, 2.0]}\nprogram: loss = sum(w)\nexpect: {grad: {w: [1.0]}}\n",
        "5:20: the shape [1] for w, expected [2]",
    ),
    "truth of an update without one": (
        WHOLE + "expect: {update: {w: 1.0}}\n",
        "5:10: a truth for update, which the case does not check, expected one of grad, value",
    ),
    "truth that is drawn": (
        WHOLE + "expect: {value: {loss: {normal: []}}}\n",
        "5:24: a truth that is drawn (normal), expected hand-derived numbers",
    ),
    "misspelt optimizer": (
        WHOLE + "optimizer: {adma: {lr: 0.1}}\n",
        "5:13: unknown optimizer 'adma', expected one of {RULES}; did you mean 'adam'?",
    ),
    "misspelt hyperparameter": (
        WHOLE + "optimizer: {sgd: {lr: 0.1, momentun: 0.9}}\n",
        (
            "5:28: unknown hyperparameter of sgd 'momentun', expected one of lr, momentum, "
            "dampening, nesterov, weight_decay, maximize; did you mean 'momentum'?"
        ),
    ),
    "missing hyperparameter": (
        WHOLE + "optimizer: {sgd: {}}\n",
        "5:13: sgd lacks lr, expected a value, for the frameworks share no default",
    ),
    "steps without an optimizer": (
        WHOLE + "steps: 3\n",
        "5:1: steps without an optimizer, expected one",
    ),
    "misspelt adapter": (
        WHOLE + "skip: {trch: slow}\n",
        "5:8: unknown adapter 'trch', expected one of {ADAPTERS}; did you mean 'torch'?",
    ),
    "tolerance without a reason": (
        WHOLE + "tolerance: {rel: 1e-6}\n",
        "5:1: the key 'because' of tolerance is missing, expected the reason in words",
    ),
    "misspelt kind of divergence": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: knik, because: c}\n",
        (
            "6:53: unknown kind 'knik', expected one of convention, default, kink, singular, "
            "precision, unsupported, bug; did you mean 'kink'?"
        ),
    ),
    "error beside a value": (
        WHOLE + "divergences:\n"
        "  - adapters: [jax]\n    check: grad\n    tensor: w\n    kind: bug\n    because: c\n"
        "    value: 1.0\n    raises: no such thing\n",
        "12:5: a record with value and raises, expected one of value, bound, between, raises",
    ),
    "record of nothing": (
        WHOLE + "divergences:\n  - {adapters: [jax, torch], check: grad, tensor: w, kind: bug, "
        "because: c}\n",
        "6:5: a record that holds jax, torch to nothing, expected value: what is returned",
    ),
    "record of no precision": (
        WHOLE + "divergences:\n"
        "  - adapters: [jax]\n    check: grad\n    tensor: w\n    kind: precision\n"
        "    because: c\n",
        (
            "6:5: a record that holds jax to nothing, expected bound: {rel: …}, how far off the "
            "truth it is at most, or value: what is returned"
        ),
    ),
    "bound without a number": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "bound: {}}\n",
        "6:70: a bound that lets any error pass, expected rel, abs or both",
    ),
    "bound that a zero keeps": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "bound: {rel: 0.5}}\n",
        "6:83: divergences.0.bound.rel: 0.5, expected less than 0.5",
    ),
    "misspelt key of a bound": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "bound: {rle: 0.1}}\n",
        "6:78: unknown key of a bound 'rle', expected one of rel, abs, steps; did you mean 'rel'?",
    ),
    "misspelt key beside a set": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "between: [0, 1], se: d}\n",
        (
            "6:87: unknown key of divergences 'se', expected one of adapters, check, tensor, "
            "kind, because, value, bound, between, returned-dtype, raises, from, agree-by, see, "
            "at, dtypes, processors; did you mean 'see'?"
        ),
    ),
    "recorded set upside down": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "between: [1, 0]}\n",
        "6:79: a lower bound that is not below the upper one, expected [low, high]",
    ),
    "recorded set of another shape": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "between: [0, [1, 2]]}\n",
        "6:83: the shape [2] for w, expected []",
    ),
    "divergence of nothing": (
        WHOLE
        + "divergences:\n  - {adapters: [jax], check: grad, tensor: ww, kind: kink, because: c, "
        + "value: 1.0}\n",
        "6:44: unknown variable 'ww', expected one of w, loss; did you mean 'w'?",
    ),
    "divergence of another shape": (
        HEAD
        + "params: {w: [1.0, 2.0]}\nprogram: loss = sum(w)\ndivergences:\n"
        + "  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, "
        + "value: {is: [1.0], within: 0}}\n",
        "6:82: the shape [1] for w, expected [2]",
    ),
    "set of one bound": (
        WHOLE + "expect: {grad: {w: {between: [0]}}}\n",
        "5:30: expect.grad.w.between: 1 items, expected at least 2",
    ),
    "set upside down": (
        WHOLE + "expect: {grad: {w: {between: [1, 0]}}}\n",
        "5:30: a lower bound that is not below the upper one, expected [low, high]",
    ),
    "set of another shape": (
        WHOLE + "expect: {grad: {w: {between: [0, [1.0, 2.0]]}}}\n",
        "5:34: the shape [2] for w, expected []",
    ),
    "set of complex numbers": (
        WHOLE + "expect: {grad: {w: {between: [0, {complex: {re: 1, im: 1}}]}}}\n",
        "5:30: a set of numbers that are not real, expected two bounds",
    ),
    "misspelt key of a set": (
        WHOLE + "expect: {grad: {w: {between: [0, 1], totl: 1}}}\n",
        "5:38: unknown key of a set 'totl', expected one of between, total; did you mean 'total'?",
    ),
    "mode that is not": (
        WHOLE + "modes: {jax: eagr}\n",
        (
            "5:14: unknown mode of jax 'eagr', expected one of eager, checkpoint, scan, conjugate; "
            "did you mean 'eager'?"
        ),
    ),
    "mode of one that has none": (
        WHOLE + "modes: {numpy: eager}\n",
        "5:16: unknown mode of numpy 'eager', expected nothing here",
    ),
    "version of nobody": (
        WHOLE + "versions: {trch: 2.13.0}\n",
        "5:12: unknown adapter 'trch', expected one of {ADAPTERS}; did you mean 'torch'?",
    ),
    "point that is not": (
        SOUND + "sweep: {n: [1, 2]}\nprogram: loss = w * n\nexpect: {at: {n: 3}, value: {}}\n",
        "6:18: n is never 3, expected one of 1, 2",
    ),
    "native in a shared text": (
        SOUND + "program: loss = torch.tanh(w)\n",
        (
            "4:17: torch.tanh is torch's own and the text is for every framework, expected an "
            "operation of the table, or one text a framework: program: {torch: …, numpy: …}; did "
            "you mean 'tanh'?"
        ),
    ),
    "native in the text for numpy": (
        SOUND + "program: {numpy: loss = jax.numpy.tanh(w)}\n",
        (
            "4:25: jax.numpy.tanh stands in the text for numpy, which is the reference's and "
            "cannot be native, expected operations of the table; did you mean 'tanh'?"
        ),
    ),
    "no text for numpy": (
        SOUND + "program: {torch: loss = torch.tanh(w)}\n",
        (
            "4:1: no text for numpy, which is the reference's, expected one beside torch, or one "
            "for another framework to hold it against"
        ),
    ),
    "batch of too many rows": (
        HEAD
        + "inputs: {x: [1.0, 2.0]}\nparams: {w: 1.0}\nprogram: loss = sum(x * w)\n"
        + "optimizer: {sgd: {lr: 0.1}}\nbatch: {size: 3}\n",
        "7:15: a batch of 3 rows, expected at most 2, which x has",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_answered_with_place_fault_and_what_was_expected(name, faults):
    text, expected = BAD[name]
    expected = expected.replace("{RULES}", ", ".join(RULES))
    expected = expected.replace("{SCHEDULES}", ", ".join(SCHEDULES))
    expected = expected.replace("{OPTAX}", ", ".join(NATIVE_TRAINING["jax"]["optimizer"]))
    expected = expected.replace("{ADAPTERS}", ", ".join(adapter_names()))

    assert faults(text) == [f"t.yaml:{expected}"]


def test_all_faults_of_all_documents_come_at_once(faults):
    text = (
        "case: a\nabuot: b\nparams: {w: 1.0}\nprogram: loss = tahn(w)\nstpes: 1\n"
        "---\ncase: b\nabout: c\nparams: {w: 1.0}\nprogram: loss = q * w\ndtypes: [int8]\n"
    )

    found = faults(text)

    assert [fault.split(": ")[0] for fault in found] == [
        "t.yaml:1:1",
        "t.yaml:2:1",
        "t.yaml:4:17",
        "t.yaml:5:1",
        "t.yaml:10:17",
        "t.yaml:11:10",
    ]


def test_a_fault_is_said_once_however_many_points_have_it(faults):
    text = SOUND + "sweep: {n: [1, 2, 3]}\nprogram: loss = tahn(w) * n\n"

    assert len(faults(text)) == 1


def test_a_statement_at_fault_causes_no_other_fault(faults):
    text = SOUND + "program: |\n  a = tahn(w)\n  b = a * 2\n  loss = b + w\n"

    assert len(faults(text)) == 1
