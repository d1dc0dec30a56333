"""Luma of a JPEG and its last table -> the earlier save that shows through, on any grid."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.history import other_grid
from jpegqf.history.classifier import CLEAR_MARGIN, History, decision
from jpegqf.history.same_grid import Evidence, gather, judge, statistics
from jpegqf.pixels.luma import Luma


def earlier_save(luma: Luma, last_table: NDArray[np.int64]) -> History:
    """Whether a JPEG was saved before at a lower quality, on the same 8x8 grid or another, and at which IJG quality.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. All fields are None where there is too little to go by; the first
    quality alone is None where several fit alike. Raises ValueError for a table that is none.
    """
    told = _earlier_save(luma, last_table)
    if not told.found or told.grid is None:
        return told
    # An image turned by 90 degrees between the saves shows the first table transposed.
    turned = _earlier_save(luma.transposed(), last_table.T)
    surer = turned.grid == told.grid[::-1] and turned.evidence > told.evidence + CLEAR_MARGIN
    return replace(turned, grid=told.grid) if surer else told


def _earlier_save(luma: Luma, last_table: I64) -> History:
    """The same of an image that was not turned in between."""
    evidence = gather(luma, last_table)
    if evidence is None:
        aligned = History(None, None)
    else:
        aligned = judge(evidence, decision("aligned").probability(statistics(evidence)))
        if aligned.found and _finer_fits_better(luma, last_table, evidence):
            aligned = History(None, None)
    if aligned.first_quality is not None:
        return aligned
    moved = other_grid.earlier_save(luma, last_table)
    return moved if moved.found else _none_found(aligned, moved)


def _finer_fits_better(luma: Luma, last_table: I64, coarser: Evidence) -> bool:
    """Whether a save at a higher quality explains the counts better: steps of 2/3 look much like those of 4/3."""
    finer = gather(luma, last_table, finer=True)
    return finer is not None and bool(finer.found.sum(axis=1).max() > coarser.found.sum(axis=1).max())


def _none_found(aligned: History, moved: History) -> History:
    """No save on another grid: the larger of both probabilities, if the last grid could have shown a trace."""
    both = (aligned.recompressed_probability, moved.recompressed_probability)
    if both[0] is None or both[1] is None:
        return aligned
    return replace(aligned, recompressed_probability=max(both[0], both[1]))
