"""What HIPS autograd cannot do, and why."""

from __future__ import annotations

#: NumPy's and SciPy's functions that it wraps without a derivative.
_UNDERIVED = {
    "positive": "autograd.numpy.positive",
    "cbrt": "autograd.numpy.cbrt",
    "fmod": "autograd.numpy.fmod",
    "copysign": "autograd.numpy.copysign",
    "nextafter": "autograd.numpy.nextafter",
    "heaviside": "autograd.numpy.heaviside",
    "cumulative_prod": "autograd.numpy.cumprod",
    "median": "autograd.numpy.median",
    "quantile": "autograd.numpy.quantile",
    "quantiles": "autograd.numpy.quantile",
    "nanquantile": "autograd.numpy.nanquantile",
    "nanmedian": "autograd.numpy.nanmedian",
    "interp": "autograd.numpy.interp",
    "unwrap": "autograd.numpy.unwrap",
    "linalg.qr": "autograd.numpy.linalg.qr",
    "linalg.lstsq": "autograd.numpy.linalg.lstsq",
    "linalg.matrix_exp": "autograd.scipy.linalg.expm",
    "fft.hfft": "autograd.numpy.fft.hfft",
    "fft.ihfft": "autograd.numpy.fft.ihfft",
}

_ASSIGNS = "its arrays take no assignment to elements"

_COMPOSED = "NumPy has none, and composing it of others loses digits"

#: operation → the reason.
OPERATIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("poch", "exp1", "expi", "expn", "spence", "sici", "fresnel", "dawsn"),
            *("erfcx", "log1mexp", "hyp1f1", "hyp2f1"),
            *("linalg.lu", "linalg.lu_factor", "linalg.lu_solve"),
            *("dct", "idct", "stft", "istft"),
        ),
        "it wraps no such function of SciPy's",
    ),
    "astype": "this adapter runs programs of one dtype",
    **dict.fromkeys(
        (
            "tanh_shrink",
            "softsign",
            "softmin",
            "elu",
            "celu",
            "selu",
            "gru",
            "log_cosh",
            "bce_with_logits",
            "focal",
            "nll",
            "cross_entropy",
            "info_nce",
            "cosine_embedding",
        ),
        _COMPOSED,
    ),
    "logcumsumexp": "NumPy has none but logaddexp.accumulate, of no derivative",
    **{operation: f"{name} has no derivative" for operation, name in _UNDERIVED.items()},
    **dict.fromkeys(
        ("xlogy", "xlog1py", "entr", "rel_entr", "zeta", "ndtri"),
        "it wraps no such function of SciPy's",
    ),
    "kl_div": "it wraps no xlogy of SciPy's",
    **dict.fromkeys(("scatter_add", "index_add", "index_set", "segment_sum"), _ASSIGNS),
    **dict.fromkeys(("scatter_reduce", "index_reduce", "put_along_axis"), _ASSIGNS),
    **dict.fromkeys(("segment_max", "segment_min", "segment_prod", "segment_mean"), _ASSIGNS),
    **dict.fromkeys(("masked_scatter", "max_unpool"), _ASSIGNS),
    "mode": "it wraps no mode of SciPy's",
    "fold": _ASSIGNS,
    **dict.fromkeys(
        ("cummax", "cummin"), "NumPy has no such scan but accumulate, of no derivative"
    ),
    "top_k": "NumPy has none",
    **dict.fromkeys(
        (
            "conv_transpose",
            "max_pool",
            "avg_pool",
            "lp_pool",
            "adaptive_avg_pool",
            "adaptive_max_pool",
            "unfold",
            "interpolate",
            "grid_sample",
            "deform_conv",
            "roi_align",
        ),
        "of images it has convolve alone",
    ),
    "ctc": "it has no loss of sequences",
    "multilabel_margin": "it has no loss of sets",
}
