"""The functions of ``kernels.c`` for NumPy arrays, where the package was built with a C compiler."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32, F64, I64, U8, Bool
from jpegqf.kernels.library import library_path

SIGNATURES = {
    "first_of_each": "u1* i8 i8 u8* i8 u8* i8*",
    "sound_squares": "u1* u1* i8 i8* i8 i8 i8 u8* i8 u8* u1*",
    "grid_histograms": "u1* i8 f4* i8 i4* i4* i4* f4* f4* f4*",
    "grid_evidence": "i8 u8* i8* f8* f8* i8* i8* i8* f8 f8 f8 f4 f4 f8* f4* f4* f4*",
    "block_multiples": "u1* i8 f4* f4* f4*",
    "count_zeros": "u1* i8 f4* f4* f4*",
    "count_multiples": "f4* i8 i8 u8* i8 u8* f4* i8*",
    "mark_steps": "u1* i8* i8 i8* i8 u1*",
    "sum_steps": "u1* i8* i8 i8* i8 f8* f8*",
    "fit_priors": "i8 i8* f4* u8* i8* i8 f4* f4*",
    "step_lifts": "i8 i8* f4* u8* i8* f4* i8* i8* f4 f4* f4* f4*",
    "lift_ratios": "i8 i8* f4* f4* i8* i8* f4* f4 f8* f8*",
    "dc_ratios": "f4* f4* f8* i8 i8 i8* i8 f4 f4 f4* f8* f8*",
}
"""Functions of ``kernels.c`` and their arguments: NumPy's letter and bytes of a number, and a star for an array."""
C_TYPES: dict[str, Any] = {"i8": ctypes.c_int64, "f4": ctypes.c_float, "f8": ctypes.c_double}
GRIDS, WINDOW, CHUNK, STEPS = 64, 15, 256, 256
"""As in ``kernels.c``: grids, pixels a side of a window, windows that are filtered before they are counted, and steps
from 0 on."""


class Kernels:
    """A loaded library. Each method does what the NumPy function does that ``kernels.c`` names above its own.

    Arrays of several frequencies of different lengths are given flat: one frequency after the other.
    """

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        self._functions = {name: getattr(library, name) for name in SIGNATURES}
        self._types: dict[str, list[np.dtype[Any] | None]] = {}
        for name, signature in SIGNATURES.items():
            types = signature.split()
            self._types[name] = [np.dtype(each[:-1]) if each.endswith("*") else None for each in types]
            self._functions[name].argtypes = [C_TYPES.get(each, ctypes.c_void_p) for each in types]

    def _call(self, function: str, *arguments: Any) -> int:
        """Arrays are passed by address, in C order and of the type that the function takes.

        Those that it writes to are so already: a copy would be lost.
        """
        kept, passed = [], []  # copies live until the call has ended
        for each, dtype in zip(arguments, self._types[function], strict=True):
            if dtype is None or each is None:
                passed.append(each)
                continue
            array = each if each.dtype == dtype and each.flags.c_contiguous else np.ascontiguousarray(each, dtype)
            kept.append(array)
            passed.append(array.ctypes.data)
        return int(self._functions[function](*passed))

    def first_of_each(self, rows: U8, multipliers: NDArray[np.uint64]) -> I64:
        """Indices, int64, of the first of each different row, uint8 (n, bytes); each four bytes have a multiplier."""
        found, keys = np.empty(len(rows), np.int64), _no_keys(len(rows))
        arguments = rows, len(rows), rows.shape[1] // 4, multipliers, len(keys), keys, found
        return found[: self._call("first_of_each", *arguments)]

    def sound_squares(
        self, plane: U8, marks: U8 | None, starts: I64, side: int, least_range: int, multipliers: NDArray[np.uint64]
    ) -> U8:
        """The distinct sound ones of the squares that start at these places of the plane, uint8 (n, side, side).

        ``side``: 8 or WINDOW.
        """
        squares, keys = np.empty((len(starts), side, side), np.uint8), _no_keys(len(starts))
        sound = self._call(
            "sound_squares", plane, marks, plane.shape[1], starts, len(starts), side, least_range,
            multipliers, len(keys), keys, squares,
        )  # fmt: skip
        return squares[:sound]

    def grid_histograms(
        self, windows: U8, basis: F32, frequencies: Sequence[tuple[int, int]], bins: Sequence[int], widths: F64
    ) -> list[F32]:
        """Counts of |coefficient| on each grid, float32 (bins, GRIDS) of each frequency (vertical, horizontal index).

        ``windows``: uint8 (n, WINDOW, WINDOW); ``basis``: float32 (8, 8); ``widths``: float64 (frequencies,).
        """
        rows, columns = (np.array(indices) for indices in zip(*frequencies, strict=True))
        counted = np.array(bins)
        sizes = GRIDS * (counted + 1)
        flat, space = np.zeros(sizes.sum(), np.float32), np.empty(CHUNK * WINDOW * (WINDOW + 8), np.float32)
        self._call(
            "grid_histograms", windows, len(windows), basis, len(bins), rows, columns, counted,
            widths, flat, space,
        )  # fmt: skip
        return [part.reshape(-1, GRIDS)[:-1] for part in np.split(flat, np.cumsum(sizes)[:-1])]

    def grid_evidence(
        self, histograms: Sequence[F32], sigmas: F64, bin_widths: F64, smoothed: I64, asked: I64, steps: I64,
        used_share: float, finest: float, far: float, untouched: float, zero_weight: float,
    ) -> tuple[F32, F32]:  # fmt: skip
        """Evidence of each step on each grid, float32 (steps, GRIDS - 1), and expected, (steps,).

        ``histograms``: float32 (bins, GRIDS) of each frequency, contiguous; ``sigmas``, ``bin_widths``, ``smoothed``,
        ``asked``: (frequencies,); ``steps``: flat.
        """
        bins = np.array([len(histogram) for histogram in histograms])
        most = int(max(bins.max(), smoothed.max()))
        found, expected = np.zeros((len(steps), GRIDS - 1), np.float32), np.zeros(len(steps), np.float32)
        self._call(
            "grid_evidence", len(histograms), _addresses(histograms), bins, sigmas, bin_widths, smoothed, asked, steps,
            used_share, finest, far, untouched, zero_weight,
            np.empty(3 * most + WINDOW + 1), np.empty(3 * most + 4, np.float32), found, expected,
        )  # fmt: skip
        return found, expected

    def block_multiples(self, blocks: U8, basis: F32, table: I64) -> F32:
        """DCT coefficients of blocks, uint8 (n, 64), over the steps of a table (64,): float32 (n, 64)."""
        multiples = np.empty(blocks.shape, np.float32)
        self._call("block_multiples", blocks, len(blocks), basis, (1 / table), multiples)
        return multiples

    def count_zeros(self, windows: U8, basis: F32, table: I64) -> F32:
        """How many of the blocks that windows begin with have a coefficient that rounds to 0, float32 (64,)."""
        zeros = np.zeros(len(table), np.float32)
        self._call("count_zeros", windows, len(windows), basis, 1 / table, zeros)
        return zeros

    def count_multiples(self, multiples: F32, most: int, multipliers: NDArray[np.uint64]) -> tuple[F32, int, int]:
        """How often each |k2| occurs among multiples (blocks, 64), rounded, ``most`` at most: (64, most + 1).

        And how many blocks have AC, and how many of their patterns differ.
        """
        counts, different, keys = np.zeros((64, most + 1), np.float32), np.zeros(1, np.int64), _no_keys(len(multiples))
        arguments = multiples, len(multiples), most, multipliers, len(keys), keys, counts, different
        return counts, self._call("count_multiples", *arguments), int(different[0])

    def mark_steps(self, steps: U8, tables: I64, frequencies: I64) -> Bool:
        """Which steps the chosen ``tables`` have at some frequencies, bool (frequencies, 256); ``steps``: (n, 64)."""
        marked = np.zeros((len(frequencies), STEPS), np.uint8)
        self._call("mark_steps", steps, tables, len(tables), frequencies, len(frequencies), marked)
        return marked.view(np.bool_)

    def sum_steps(self, steps: U8, tables: I64, frequencies: I64, of_steps: F64) -> F64:
        """For each chosen table, the sum of what its steps have in ``of_steps``, float64 (frequencies, 256)."""
        sums = np.empty(len(tables))
        self._call("sum_steps", steps, tables, len(tables), frequencies, len(frequencies), of_steps, sums)
        return sums

    def fit_priors(self, counts: Sequence[F32], masses: Sequence[F32], rounds: int) -> F32:
        """Weights of the scales fitted to each frequency's counts (bins,), float32 (frequencies, scales).

        ``masses``: float32 (256, scales, bins or more) of each frequency.
        """
        bins: I64 = np.array([len(of_one) for of_one in counts], np.int64)
        priors = np.empty((len(counts), masses[0].shape[1]), np.float32)
        self._call(
            "fit_priors", len(counts), bins, np.concatenate(counts), _addresses(masses), _strides(masses), rounds,
            np.empty(bins.max(), np.float32), priors,
        )  # fmt: skip
        return priors

    def step_lifts(
        self, bins: I64, counts: F32, masses: Sequence[F32], priors: F32, asked: I64, steps: I64, share: float,
        floors: F32,
    ) -> tuple[F32, F32]:  # fmt: skip
        """Probabilities after a single save, flat float32 as ``counts``, and what each earlier step changes of them."""
        single, lifts = np.empty(len(counts), np.float32), np.empty(int(bins @ asked), np.float32)
        self._call(
            "step_lifts", len(bins), bins, counts, _addresses(masses), _strides(masses), priors,
            asked, steps, share, floors, single, lifts,
        )  # fmt: skip
        return single, lifts

    def lift_ratios(
        self, bins: I64, counts: F32, single: F32, asked: I64, steps: I64, lifts: F32, touched: float
    ) -> tuple[F64, F64]:
        """Found and expected log likelihood ratios of each step asked, 0 elsewhere: float64 (frequencies, 256)."""
        found, expected = np.zeros((2, len(bins), STEPS))
        self._call("lift_ratios", len(bins), bins, counts, single, asked, steps, lifts, touched, found, expected)
        return found, expected

    def dc_ratios(
        self, counts: F64, single: F64, last: int, steps: I64, steepness: float, untouched: float
    ) -> tuple[F64, F64]:
        """Found and expected log likelihood ratio of each step, float64 (steps,); expected is that of one block."""
        found, expected = np.empty((2, len(steps)))
        below, half = np.concatenate([[0.0], np.cumsum(single)]), len(single) // 2
        cells = 2 * ((half + 1) * last // int(steps.min()) + 2) + 1
        self._call(
            "dc_ratios", counts, single, below, half, last, steps, len(steps), steepness, untouched,
            np.empty(4 * cells + len(single), np.float32), found, expected,
        )  # fmt: skip
        return found, expected


@lru_cache(maxsize=1)
def _loaded() -> Kernels | None:
    try:
        return Kernels(library_path())
    except OSError:  # not there, or made for another machine
        return None


_switched_off: ContextVar[bool] = ContextVar("switched off", default=False)


def kernels() -> Kernels | None:
    """The kernels, loaded once; None where the package was built without them: then NumPy does the same."""
    return None if _switched_off.get() else _loaded()


@contextmanager
def numpy_only() -> Iterator[None]:
    """Within it there are no kernels: for tests and measurements that compare the two."""
    before = _switched_off.set(True)
    try:
        yield
    finally:
        _switched_off.reset(before)


def _no_keys(count: int) -> NDArray[np.uint64]:
    """Empty slots for so many keys, a power of two, at least twice as many."""
    return np.zeros(1 << max(4, (2 * count).bit_length()), np.uint64)


def _addresses(arrays: Sequence[F32]) -> NDArray[np.uint64]:
    return np.array([array.ctypes.data for array in arrays], np.uint64)


def _strides(masses: Sequence[F32]) -> I64:
    return np.array([mass.shape[2] for mass in masses], np.int64)
