"""Ways to the equivalent quality of a table: each gives every table a number, which is looked up among the IJG's."""

from collections.abc import Callable

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import FREQUENCY_WEIGHTS, IJG_LUMA, ijg_luma_all
from jpegqf.jpeg.table_match import equivalent_quality, laplacian_error, mixed_scales, table_error

Metric = Callable[[I64], I64]
"""Steps (n, 64) -> whole IJG qualities (n,)."""

CHOSEN = "two Laplacians (chosen)"


def nearest(steps: I64) -> I64:
    """The quality whose table is nearest by root mean squared log ratio."""
    logs = np.log(ijg_luma_all())
    return np.array([table_error(one, logs).argmin() + 1 for one in steps])


def chosen(steps: I64) -> I64:
    """What ``match_ijg`` names."""
    return np.array([equivalent_quality(one) for one in steps])


Value = Callable[[I64], F64]
"""Steps (n, 64) -> a number of each table (n,) that grows with its steps."""


def real_quality(value: Value, steps: I64) -> F64:
    """The quality, interpolated between whole ones, at which the number is that of ``steps``; float (n,)."""
    known = value(ijg_luma_all())[::-1]
    result: F64 = np.interp(value(steps), known, np.arange(100, 0, -1))
    return result


def by_value(value: Value) -> Metric:
    """The rounded :func:`real_quality`."""
    return lambda steps: np.rint(real_quality(value, steps)).astype(np.int64)


def metrics(mean_coefficients: F64) -> dict[str, Metric]:
    """All that are compared; ``mean_coefficients`` (64,): those of training scenes."""
    return {
        CHOSEN: chosen,
        "two Laplacians, contrast sensitivity": by_value(
            lambda steps: laplacian_error(steps[:, None], mixed_scales()[0]) @ FREQUENCY_WEIGHTS @ mixed_scales()[1]
        ),
        "one Laplacian, measured scales": by_value(lambda steps: laplacian_error(steps, mean_coefficients).sum(-1)),
        "nearest table (before)": nearest,
        "mean log step, 1 / (1 + row + column)": by_value(lambda steps: np.log(steps) @ FREQUENCY_WEIGHTS),
        "mean log step": by_value(lambda steps: np.log(steps).mean(-1)),
        "mean ratio to Annex K": by_value(lambda steps: (steps / np.array(IJG_LUMA)).mean(-1)),
        "sum of steps": by_value(lambda steps: steps.sum(-1).astype(np.float64)),
    }
