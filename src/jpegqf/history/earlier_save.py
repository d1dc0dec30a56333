"""Luma of a JPEG and its quantization table -> an earlier save of the image, on the same grid or another."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.history import other_grid
from jpegqf.history.classifier import CLEAR_MARGIN, History, load_classifier
from jpegqf.history.same_grid import SameGridEvidence, conclude_same_grid, same_grid_evidence, same_grid_statistics
from jpegqf.pixels.luma import Luma


def earlier_save(luma: Luma, last_table: NDArray[np.int64]) -> History:
    """Whether a JPEG was saved before at a lower quality, on the same 8x8 grid or another, and at which IJG quality.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. All fields are None where the image has too little
    evidence; the first quality alone is None where several fit equally well. Raises ValueError for a table of another
    shape or with a step below 1.
    """
    history = _earlier_save_unturned(luma, last_table)
    if not history.found or history.grid is None:
        return history
    # An image turned by 90 degrees between the saves shows the first table transposed.
    turned = _earlier_save_unturned(luma.transposed(), last_table.T)
    surer = turned.grid == history.grid[::-1] and turned.evidence > history.evidence + CLEAR_MARGIN
    return replace(turned, grid=history.grid) if surer else history


def _earlier_save_unturned(luma: Luma, last_table: I64) -> History:
    """As :func:`earlier_save`, for an image that was not turned between the saves."""
    evidence = same_grid_evidence(luma, last_table)
    if evidence is None:
        same = History(None, None)
    else:
        same = conclude_same_grid(evidence, load_classifier("aligned").probability(same_grid_statistics(evidence)))
        if same.found and _finer_fits_better(luma, last_table, evidence):
            same = History(None, None)
    if same.first_quality is not None:
        return same
    other = other_grid.earlier_save_on_other_grid(luma, last_table)
    return other if other.found else _without_other_grid(same, other)


def _finer_fits_better(luma: Luma, last_table: I64, coarser: SameGridEvidence) -> bool:
    """Whether an earlier save at a higher quality explains the counts better than any at a lower one.

    A first step of 2/3 of the last one leaves nearly the same counts as one of 4/3.
    """
    finer = same_grid_evidence(luma, last_table, finer=True)
    return finer is not None and bool(finer.found.sum(axis=1).max() > coarser.found.sum(axis=1).max())


def _without_other_grid(same: History, other: History) -> History:
    """The same grid's history, with the larger probability of both searches; for when no other grid was found.

    ``same`` may itself report an earlier save of unknown quality. Returned unchanged if either probability is None.
    """
    both = (same.recompressed_probability, other.recompressed_probability)
    if both[0] is None or both[1] is None:
        return same
    return replace(same, recompressed_probability=max(both[0], both[1]))
