"""How much slower than arithmetic an operation is on each element."""

from __future__ import annotations

#: Operations that the reference computes in wide precision number by number, in mpmath.
SPECIAL = (
    *("lgamma", "digamma", "polygamma", "multigammaln", "betaln", "zeta", "erfinv", "ndtri"),
    *("log_ndtr", "i0", "i0e", "i1", "i1e", "gammainc", "gammaincc"),
    *("gamma", "beta", "poch", "exp1", "expi", "expn", "spence", "sici", "fresnel", "dawsn"),
    *("betainc", "hyp1f1", "hyp2f1", "erfcinv"),
    *("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"),
)

#: Work on one element, of the operations that are slower than arithmetic by far.
WEIGHTS: dict[str, float] = {
    **dict.fromkeys(("gammainc", "gammaincc", "zeta", "polygamma"), 40.0),
    **dict.fromkeys(("betainc", "hyp1f1", "hyp2f1", "expn", "poch"), 40.0),
    **dict.fromkeys(("gamma", "beta", "exp1", "expi", "spence", "sici", "fresnel"), 20.0),
    **dict.fromkeys(("dawsn", "erfcx"), 30.0),
    **dict.fromkeys(("erfcinv", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"), 20.0),
    **dict.fromkeys(("sort", "argsort", "searchsorted"), 40.0),
    **dict.fromkeys(("lgamma", "digamma", "multigammaln", "betaln", "ndtri", "erfinv"), 20.0),
    **dict.fromkeys(("i0", "i0e", "i1", "i1e", "top_k"), 16.0),
    **dict.fromkeys(("ndtr", "log_ndtr", "erf", "erfc", "gelu", "geglu", "mish"), 6.0),
    **dict.fromkeys((f"fft.{name}" for name in ("fft", "ifft", "hfft", "ihfft")), 4.0),
    **dict.fromkeys(("logaddexp", "logaddexp2", "hypot", "cdist", "logcumsumexp"), 4.0),
    **dict.fromkeys(("softmax", "log_softmax", "softmin", "logsumexp", "standardize"), 3.0),
    **dict.fromkeys(("layer_norm", "batch_norm", "group_norm", "instance_norm"), 3.0),
    **dict.fromkeys(("pow", "sin", "cos", "tan", "tanh", "cbrt", "normalize", "prod"), 3.0),
}
