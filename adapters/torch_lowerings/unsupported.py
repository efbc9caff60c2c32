"""What PyTorch has no way to do, and why. What it does in part says so where it is spelled."""

from __future__ import annotations

#: operation → the reason.
OPERATIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("gamma", "beta", "poch", "exp1", "expi", "expn", "spence", "sici", "fresnel"),
            *("dawsn", "betainc", "hyp1f1", "hyp2f1"),
        ),
        "it has no such function",
    ),
    **{
        name: f"torch.special.{name} has no derivative"
        for name in ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1")
    },
}

#: rule → the reason.
RULES: dict[str, str] = {
    **dict.fromkeys(("sign_sgd", "signum", "lion"), "no class of it moves by signs alone"),
    "adam_eps_hat": "its Adam adds eps after the correction of bias; to have it before, set "
    "group['eps'] = eps / (1 - b2**t) ** 0.5 ahead of each step",
    "adamaxw": "its Adamax adds weight decay to the gradient",
    "adabelief": "no class of it averages the gradient's distance from its mean",
    "yogi": "no class of it adds to the second moment by signs",
    "adan": "no class of it looks at the difference of two gradients",
    "ademamix": "no class of it has two means of the gradient",
    "novograd": "no class of it has one second moment for a whole parameter",
    **dict.fromkeys(
        ("lamb", "lars", "fromage"), "no class of it steps in proportion to a parameter's norm"
    ),
    "sm3": "no class of it shares second moments among rows and columns by their maxima",
}

#: schedule → the reason. It has all of them.
SCHEDULES: dict[str, str] = {}

#: clip → the reason.
CLIPS: dict[str, str] = {"adaptive": "nothing in it looks at the parameters"}

#: What PyTorch says of arguments that an operation of it takes none of.
REFUSES = (
    "cdist only supports non-negative p values",
    "window overlap add min: 1",  # istft where some element has next to no window
    "'soft_margin_loss' is not differentiable with respect to argument 'target'",
    "is not differentiable with respect to argument 'pos_weight'",
    "'nll_loss_forward' is not differentiable with respect to argument 'weight'",
    "batch_norm is not differentiable wrt running_mean",
    "'multi_margin_loss' is not differentiable with respect to argument 'weight'",
    "'binary_cross_entropy_with_logits' is not differentiable with respect to argument 'pos_weight",
    '"erf_vml_cpu" not implemented for \'Complex',
    "expected dtype float for `end` but got dtype c10::complex",  # lerp of a real and a complex
    "expected dtype double for `end` but got dtype c10::complex",
    "expected dtype float for `weight` but got dtype c10::complex",
    "expected dtype double for `weight` but got dtype c10::complex",
    '"index_reduce_func_exclude_input_init" not implemented for \'Complex',
)
