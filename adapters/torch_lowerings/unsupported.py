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

#: Kernels that PyTorch has not for numbers of 16 bits, by what it calls them.
_NOT_HALF = (
    *("angle_cpu", "cholesky_cpu", "cholesky_solve_cpu", "ctc_loss_cpu", "erfcx_cpu", "geqrf_cpu"),
    *("linalg_eig_out_cpu", "linalg_eigh_cpu", "linalg_svd_cpu", "lu_cpu", "ndtri_cpu"),
    *("multi_margin_loss_cpu_kernel", "multilabel_margin_loss_forward_out_frame", "orgqr_cpu"),
    *("ormqr_cpu", "polar_cpu", "zeta_cpu"),
)

#: What it says else where it takes no numbers of 16 bits.
_WIDER = (
    "Low precision dtypes not supported",  # linalg's inv, slogdet
    "quantile() input tensor must be either float or double dtype",
    "This function doesn't handle types other than float and double",  # lstsq
    "expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types",  # pinv
    "Unsupported dtype BFloat16",  # Fourier transforms
    "Unsupported dtype Half",
    "MKL FFT doesn't support tensors of type",
    "Expected both inputs to be Half, Float or Double tensors",  # complex
    "Got unsupported ScalarType ComplexHalf",
)

#: What PyTorch says of arguments that an operation of it takes none of.
REFUSES = (
    *(f'"{k}" not implemented for \'{d}' for k in _NOT_HALF for d in ("BFloat16", "Half")),
    *(f'"{k}" not implemented for \'ComplexHalf' for k in _NOT_HALF),
    *_WIDER,
    "cdist only supports non-negative p values",
    "Padding value causes wrapping around more than once",
    "window overlap add min: 1",  # istft where some element has next to no window
    "'soft_margin_loss' is not differentiable with respect to argument 'target'",
    "is not differentiable with respect to argument 'pos_weight'",
    "'nll_loss_forward' is not differentiable with respect to argument 'weight'",
    "derivative for aten::heaviside is not implemented",
    "batch_norm is not differentiable wrt running_mean",
    "'multi_margin_loss' is not differentiable with respect to argument 'weight'",
    "'binary_cross_entropy_with_logits' is not differentiable with respect to argument 'pos_weight",
    *(f'"{k}" not implemented for \'Complex' for k in ("erf_vml_cpu", "erfc_vml_cpu")),
    "expected dtype float for `end` but got dtype c10::complex",  # lerp of a real and a complex
    "expected dtype double for `end` but got dtype c10::complex",
    "expected dtype float for `weight` but got dtype c10::complex",
    "expected dtype double for `weight` but got dtype c10::complex",
    *(f"expected scalar type {name} but found Complex" for name in ("Float", "Double")),  # conv's
    *(f"expected scalar type Complex{name} but found {name}" for name in ("Float", "Double")),
    "both inputs should have same dtype",  # tensordot of a real and a complex, and so the others
    "linalg.solve: Expected A and B to have the same dtype",
    "masked_scatter: expected self and source to have same dtypes",
    '"index_reduce_func_exclude_input_init" not implemented for \'Complex',
)
