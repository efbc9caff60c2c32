"""How errors are spread, in units of what rounding explains: how near the bound they come."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: The quantiles of the noise ratio that are shown.
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)


def ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """By adapter and dtype: how many comparisons agree, and the quantiles of their noise ratios.

    The columns are ``adapter dtype comparisons`` and the quantiles as numbers.
    """
    agree = frame[(frame["verdict"] == "agree") & np.isfinite(frame["noise_ratio"])]
    rows = [
        (
            *keys,
            len(held),
            *np.quantile(held, QUANTILES, method="higher"),
        )
        for keys, held in agree.groupby(["adapter", "dtype"], sort=True)["noise_ratio"]
    ]
    return pd.DataFrame(rows, columns=["adapter", "dtype", "comparisons", *QUANTILES])
