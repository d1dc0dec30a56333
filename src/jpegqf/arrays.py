"""NumPy arrays or PyTorch tensors: one formula for both."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = Any
"""A NumPy array or a PyTorch tensor."""


def library(x: Numbers) -> Any:
    """NumPy or PyTorch, whichever made ``x``: the functions that formulas call have the same names in both."""
    return np if isinstance(x, (np.ndarray, np.generic)) else sys.modules["torch"]


def beside(x: Numbers, constant: NDArray[Any]) -> Numbers:
    """A constant to compute with ``x``: where it is, as wide as it is."""
    return constant if library(x) is np else library(x).as_tensor(constant, dtype=x.dtype, device=x.device)
