"""What Paddle cannot do, and why."""

from __future__ import annotations

#: operation → the reason.
OPERATIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("cbrt", "exp2", "logaddexp2", "fmod", "xlogy", "xlog1py", "erfc", "ndtr"),
            *("dct", "idct", "interp", "unwrap", "segment_prod"),
            *("log_ndtr", "ndtri", "entr", "rel_entr", "betaln", "zeta", "gamma", "beta", "poch"),
            *("exp1", "expi", "expn", "spence", "sici", "fresnel", "dawsn", "erfcx", "log1mexp"),
            *("betainc", "hyp1f1", "hyp2f1"),
            *("erfcinv", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"),
        ),
        "it has no such function",
    ),
    "linalg.lstsq": "paddle.linalg.lstsq has no derivative",
    **dict.fromkeys(
        ("segment_max", "segment_min", "segment_mean"),
        "paddle.geometric's segments are sorted, and as many as there are",
    ),
    "astype": "this adapter runs programs of one dtype",
    "ctc": "paddle.nn.functional.ctc_loss normalises what it is given, which are logits",
}

#: What it says of arguments that it takes none of.
REFUSES = (
    "is not registered",
    "is not supported",
    "not supported yet",
    "only support",
    "only supports",
    "Unsupported data type",
    "The data type of input",
    "must be one of",
    "expects input to be at least one-dimensional",
    "topk must >= 1",
    "Expected 2 or more dimensions",
    "be a 4-D tensor",
    "should be 4D tensor",
    "that has a size of 0",
    "but received complex",
    "must be float32 or float64, but got complex",
    "should be greater than pad_front in reflect mode",
)
