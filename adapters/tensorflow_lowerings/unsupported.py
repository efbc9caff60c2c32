"""What TensorFlow cannot do, and why."""

from __future__ import annotations

#: operation → the reason.
OPERATIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("gamma", "beta", "poch", "exp1", "expn", "sici"),
            *("erfcx", "log1mexp", "hyp1f1", "hyp2f1"),
        ),
        "it has no such function",
    ),
    **dict.fromkeys(
        (
            "copysign",
            "entr",
            "rel_entr",
            "ndtr",
            "log_ndtr",
            "logit",
            "multigammaln",
            "cummax",
            "cummin",
            "fft.hfft",
            "fft.ihfft",
            "multilabel_margin",
            "quantiles",
            "nanquantile",
            "nanmedian",
            "mode",
            "interp",
            "unwrap",
            "masked_scatter",
        ),
        "it has no such function",
    ),
    **dict.fromkeys(("lp_pool", "grid_sample", "deform_conv", "roi_align"), "it has no such layer"),
    **dict.fromkeys(
        ("linalg.lu_factor", "linalg.lu_solve"),
        "tf.linalg.lu has the order of the rows, and no pivots",
    ),
    "expi": "tf.math.special.expint is NaN below zero",
    "astype": "this adapter runs programs of one dtype",
    "ctc": "tf.nn.ctc_loss normalises what it is given, which are logits",
}
