"""What frameworks call the operations and their attributes, to answer such a name with ours.

Every name by which torch's and JAX's lowerings reach an operation is here (a test derives them),
and others by which people know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..refimpl.ops import TABLE
from .faults import nearest, unknown
from .native_names import NAMES

#: Operation → what others call it, the last part of a dotted name.
_OPERATIONS = {
    "abs": "absolute fabs",
    "acos": "arccos",
    "acosh": "arccosh",
    "adaptive_avg_pool": "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d",
    "adaptive_max_pool": "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
    "all": "reduce_all",
    "any": "reduce_any",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "astype": "to type half double convert_element_type cast",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "avg_pool": "avg_pool1d avg_pool2d avg_pool3d average_pool",
    "bce": "binary_cross_entropy bce_loss",
    "bce_with_logits": "binary_cross_entropy_with_logits sigmoid_binary_cross_entropy "
    "sigmoid_cross_entropy_with_logits bce_with_logits_loss",
    "bessel_j0": "j0 bessel_jn",
    "bessel_j1": "j1 bessel_jn",
    "bessel_y0": "y0",
    "bessel_y1": "y1",
    "bitwise_invert": "bitwise_not",
    "broadcast_arrays": "broadcast_tensors",
    "broadcast_to": "expand",
    "clip": "clamp clip_by_value",
    "concat": "cat concatenate",
    "conj": "conjugate",
    "conv": "conv1d conv2d conv3d conv_general_dilated convolution",
    "conv_transpose": "conv_transpose1d conv_transpose2d conv_transpose3d",
    "cosine_embedding": "cosine_embedding_loss",
    "cross_entropy": "softmax_cross_entropy_with_integer_labels softmax_cross_entropy "
    "softmax_cross_entropy_with_logits cross_entropy_loss",
    "ctc": "ctc_loss",
    "cumulative_prod": "cumprod",
    "cumulative_sum": "cumsum",
    "deform_conv": "deform_conv2d",
    "divide": "div true_divide truediv",
    "dynamic_slice": "narrow dynamic_slice_in_dim",
    "dynamic_update_slice": "slice_scatter dynamic_update_slice_in_dim",
    "equal": "eq",
    "expand_dims": "unsqueeze",
    "expit": "logistic",
    "flip": "fliplr flipud reverse",
    "focal": "sigmoid_focal_loss focal_loss",
    "gaussian_nll": "gaussian_nll_loss",
    "greater": "gt",
    "greater_equal": "ge",
    "grid_sample": "map_coordinates",
    "hard_shrink": "hardshrink",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish hard_silu",
    "hard_tanh": "hardtanh",
    "hinge_embedding": "hinge_embedding_loss",
    "huber": "huber_loss",
    "index_set": "index_copy set",
    "interpolate": "upsample resize scale_and_translate",
    "kl_div": "kl_divergence kl_div_loss",
    "l1": "l1_loss mae mean_absolute_error absolute_error",
    "less": "lt",
    "less_equal": "le",
    "lgamma": "gammaln",
    "linalg.cholesky_solve": "cho_solve",
    "linalg.householder_product": "orgqr",
    "linalg.matrix_exp": "expm matrix_exp",
    "linalg.matrix_power": "matrix_power",
    "linalg.ormqr": "unmqr",
    "linalg.vector_norm": "vector_norm norm",
    "log_sigmoid": "logsigmoid",
    "logcumsumexp": "cumlogsumexp",
    "lp_pool": "lp_pool1d lp_pool2d lp_pool3d",
    "margin_ranking": "margin_ranking_loss",
    "masked_select": "extract boolean_mask",
    "matmul": "mm bmm mv dot batch_matmul",
    "matrix_transpose": "mT adjoint",
    "max": "amax reduce_max",
    "max_unpool": "max_unpool1d max_unpool2d max_unpool3d",
    "max_pool": "max_pool1d max_pool2d max_pool3d reduce_window",
    "mean": "reduce_mean average",
    "min": "amin reduce_min",
    "moveaxis": "movedim",
    "mse": "mse_loss squared_error mean_squared_error l2_loss",
    "multi_head_attention": "multi_head_attention_forward",
    "multi_margin": "multi_margin_loss",
    "multilabel_margin": "multilabel_margin_loss",
    "multiply": "mul",
    "negative": "neg",
    "nll": "nll_loss",
    "not_equal": "ne",
    "outer": "ger",
    "permute_dims": "permute transpose",
    "poisson_nll": "poisson_nll_loss",
    "pow": "power float_power",
    "prod": "reduce_prod",
    "put_along_axis": "scatter",
    "repeat": "repeat_interleave",
    "reshape": "view flatten ravel",
    "rnn": "rnn_tanh rnn_relu",
    "scaled_dot_product_attention": "dot_product_attention attention",
    "silu": "swish",
    "smooth_l1": "smooth_l1_loss",
    "soft_margin": "soft_margin_loss",
    "soft_shrink": "softshrink",
    "softsign": "soft_sign",
    "split": "tensor_split chunk array_split",
    "stop_gradient": "detach",
    "subtract": "sub",
    "sum": "reduce_sum",
    "swapaxes": "swapdims",
    "take": "index_select",
    "take_along_axis": "take_along_dim",
    "tanh_shrink": "tanhshrink",
    "top_k": "topk",
    "triplet_margin": "triplet_margin_loss",
    "unfold": "im2col conv_general_dilated_patches",
    "unstack": "unbind",
    "where": "select",
}

#: What the language spells without an operation → how it does.
_EXPRESSIONS = {
    "linear": "x @ W.T + b",
    "dense": "x @ W + b",
    "addmm": "a @ b + c",
    "float": "x * 1.0",
    "t": "x.T",
}

#: Attribute → what others call it.
_ATTRIBUTES = {
    "axis": "dim dims axes",
    "axes": "dim dims axis",
    "axis1": "dim0 dim1 axis_1",
    "axis2": "dim1 dim2 axis_2",
    "correction": "ddof unbiased",
    "descending": "largest reverse",
    "eps": "epsilon variance_epsilon",
    "keepdims": "keepdim keep_dims",
    "kernel_size": "window_shape ksize window",
    "lambd": "lambda lam",
    "negative_slope": "alpha slope",
    "alpha": "negative_slope",
    "num_groups": "groups",
    "p": "ord",
    "ord": "p",
    "pad_width": "pad padding",
    "q": "quantile",
    "rtol": "rcond tol",
    "scale": "softmax_scale",
    "shape": "size newshape new_shape sizes",
    "stride": "strides",
    "upper": "lower",
}

#: Hyperparameter → what others call it.
_HYPERPARAMETERS = {
    "lr": "learning_rate",
    "b1": "beta1 betas beta_1",
    "b2": "beta2 betas beta_2",
    "eps": "epsilon",
    "decay": "alpha rho",
    "rho": "decay",
    "momentum": "beta mu",
    "weight_decay": "wd l2",
    "eps_root": "epsilon_root",
    "max": "max_norm max_delta clip_value threshold",
    "every": "step_size",
    "factor": "gamma decay_rate",
    "steps": "T_max decay_steps total_steps transition_steps total_iters",
    "at": "milestones",
    "period": "T_0",
    "growth": "T_mult",
    "end": "eta_min alpha end_value",
}

#: Schedule → what others call it.
_SCHEDULES = {
    "constant": "ConstantLR constant_schedule",
    "step": "StepLR",
    "multi_step": "MultiStepLR piecewise_constant_schedule PiecewiseConstantDecay",
    "exponential": "ExponentialLR exponential_decay ExponentialDecay",
    "cosine": "CosineAnnealingLR cosine_decay_schedule CosineDecay",
    "warm_restarts": "CosineAnnealingWarmRestarts sgdr_schedule CosineDecayRestarts",
    "one_cycle": "OneCycleLR cosine_onecycle_schedule linear_onecycle_schedule",
    "polynomial": "PolynomialLR polynomial_schedule PolynomialDecay",
    "linear_warmup": "LinearLR linear_schedule",
    "warmup_cosine": "warmup_cosine_decay_schedule",
    "reduce_on_plateau": "ReduceLROnPlateau",
}

#: Key of a case → what others call it.
_KEYS = {
    "case": "name",
    "about": "title description doc",
    "params": "wrt parameters weights",
    "inputs": "data",
    "program": "code forward",
    "output": "loss",
    "optimizer": "optim optimiser",
    "schedule": "scheduler",
    "dtypes": "dtype",
    "clip": "grad_clip",
    "steps": "epochs",
}

#: Dtype → what others call it.
_DTYPES = {
    "float64": "fp64 double f64",
    "float32": "fp32 single f32",
    "float16": "fp16 half f16",
    "bfloat16": "bf16",
}

#: A switch of another's rule → the rule that ours is.
_SWITCHED = {
    "amsgrad": "amsgrad",
    "decoupled": "adamw",
    "decoupled_weight_decay": "adamw",
}


def _turned(table: dict[str, str]) -> dict[str, list[str]]:
    """Theirs → ours, which may be several."""
    found: dict[str, list[str]] = {}
    for ours, theirs in table.items():
        for name in theirs.split():
            found.setdefault(name, []).append(ours)
    return found


def _to_one(table: dict[str, str]) -> dict[str, str]:
    """Theirs → ours, the first of them."""
    return {name: ours[0] for name, ours in _turned(table).items()}


_TO_OPERATION, _TO_SCHEDULE = _to_one(_OPERATIONS), _to_one(_SCHEDULES)
_TO_KEY, _TO_DTYPE = _to_one(_KEYS), _to_one(_DTYPES)
_TO_ATTRIBUTE = _turned(_ATTRIBUTES)
_TO_HYPERPARAMETER = _turned(_HYPERPARAMETERS)


def meant(name: str) -> str:
    """What an operation of another's name is in a program: ours, an expression, or nothing.

    Parameters
    ----------
    name
        As written, perhaps with the names of modules before it: ``F.mse_loss``, ``jnp.mean``.
    """
    parts = name.split(".")
    ends = [".".join(parts[k:]) for k in range(len(parts))]
    for known in (*ends, f"linalg.{parts[-1]}", f"fft.{parts[-1]}"):
        if known in TABLE:
            return known
    last = parts[-1]
    found = _EXPRESSIONS.get(last) or _TO_OPERATION.get(last, "")
    if found or not _is_class(last):
        return found
    snake = function_of_class(last)
    bare = re.sub(r"[123]d$", "", snake)
    for word in (snake, bare):
        found = word if word in TABLE else _EXPRESSIONS.get(word) or _TO_OPERATION.get(word, "")
        if found:
            return found
    return ""


#: Classes whose names are not their functions', put otherwise.
_CLASSES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "KLDivLoss": "kl_div",
    "MultiheadAttention": "multi_head_attention_forward",
    "MultiHeadAttention": "multi_head_attention_forward",
}

#: Words of names that are written in no usual way.
_CASED = {"ReLU": "Relu", "SiLU": "Silu", "GELU": "Gelu", "ELU": "Elu", "GLU": "Glu"}


def function_of_class(name: str) -> str:
    """The function that a class's name is in snake case: ``MSELoss`` → ``mse_loss``."""
    if name in _CLASSES:
        return _CLASSES[name]
    for word, usual in _CASED.items():
        name = name.replace(word, usual)
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parted.lower()


def _is_class(name: str) -> bool:
    """Whether a name is a class's by its looks."""
    return name[:1].isupper() and name.isidentifier() and any(c.islower() for c in name[1:])


def meant_class(name: str, framework: str | None) -> str:
    """Which function to call in place of a class of torch.nn, for the end of a message."""
    last = name.rpartition(".")[2]
    if not _is_class(last):
        return ""
    function = function_of_class(last)
    if framework == "torch" and function in NAMES["torch"]["torch.nn.functional"]:
        return f": the class {last} is the function torch.nn.functional.{function}"
    ours = meant(last)
    return f"; did you mean {ours!r}?" if ours else ""


def unknown_operation(name: str) -> str:
    """That there is no such operation, and which is meant: by another's name, or misspelt."""
    listed = "expected one of the operations that `gradparity ops` lists"
    found = meant(name)
    if not found:
        first, _, _ = name.partition(".")
        word = name if first in ("linalg", "fft") else name.rpartition(".")[2]
        near = nearest(word, (*TABLE, *_EXPRESSIONS, *_TO_OPERATION))
        found = meant(near) if near else ""
    return unknown("operation", name, (), listed=listed, meant=found)


def unknown_attribute(what: str, name: str, valid: Iterable[str]) -> str:
    """That an operation has no such attribute, and which is meant."""
    return _unknown(what, name, list(valid), _TO_ATTRIBUTE)


def unknown_hyperparameter(what: str, name: str, valid: Iterable[str]) -> str:
    """That a rule, a schedule or a clip has no such attribute, and which is meant."""
    said = _unknown(what, name, list(valid), _TO_HYPERPARAMETER)
    rule = _SWITCHED.get(name)
    return f"{said}; what it switches to is a rule of its own here, {rule!r}" if rule else said


def another_schedule(name: str) -> str:
    """Our name for a schedule of another's name, or nothing."""
    return _TO_SCHEDULE.get(name.rpartition(".")[2], "")


def another_key(name: str) -> str:
    """Our name for a case's key of another's name, or nothing."""
    return _TO_KEY.get(name.lower(), "")


def another_dtype(name: str) -> str:
    """Our name for a dtype of another's name, or nothing."""
    return _TO_DTYPE.get(name, "")


def meant_together(name: str) -> str:
    """``b1 and b2`` for one hyperparameter of another's that ours are several, or nothing."""
    ours = _TO_HYPERPARAMETER.get(name, ())
    return " and ".join(ours) if len(ours) > 1 else ""


def _unknown(what: str, name: str, valid: list[str], theirs: dict[str, list[str]]) -> str:
    ours = [known for known in theirs.get(name, ()) if known in valid]
    return unknown(what, name, valid, meant=ours[0] if ours else "")
