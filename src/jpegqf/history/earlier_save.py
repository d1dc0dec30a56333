"""Luma of a JPEG and its quantization table -> an earlier save of the image, on the same grid or another."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.history import other_grid, same_grid
from jpegqf.history.classifier import History, load_classifier
from jpegqf.history.clipped_blocks import earlier_save_of_clipped_blocks
from jpegqf.pixels.luma import Luma

CLEAR_LEAD = 2.0
"""Evidence (natural logarithm) that the transposed tables must have beyond the others: the image was turned."""

RULED_OUT_BELOW = 0.02
"""Probability below which a glance rules an earlier save out."""


def earlier_save(luma: Luma, last_table: NDArray[np.int64], even: bool = False) -> History:
    """Whether a JPEG was saved before at a lower quality, on the same 8x8 grid or another, and with which table.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. ``even``: the first quality is as likely to be any; else common ones are
    likelier, see :class:`jpegqf.history.first_tables.FirstTables`. All fields are None where the image has too little
    evidence. Raises ValueError for a table of another shape or with a step below 1.
    """
    history = _earlier_save_unturned(luma, last_table, even)
    if history.grid is None or not _turned_fits_better(luma, last_table, history.grid, history.evidence):
        return history
    turned = _earlier_save_unturned(luma.transposed(), last_table.T, even)
    return replace(turned, grid=history.grid) if turned.grid == history.grid[::-1] else history


def _turned_fits_better(luma: Luma, last_table: I64, grid: tuple[int, int], evidence: float) -> bool:
    """Whether an image turned by 90 degrees between the saves explains what was found on a grid with this evidence.

    It shows the first table transposed. Only the IJG's tables are compared: most others are their own transposes.
    """
    turned, table = luma.transposed(), last_table.T
    if grid == (0, 0):
        same = same_grid.same_grid_evidence(turned, table, effort=same_grid.IJG_ALONE)
        return same is not None and bool(same.of_tables.total.max() > evidence + CLEAR_LEAD)
    other = other_grid.other_grid_evidence(turned, table, other_grid.IJG_ALONE)
    return other is not None and bool(other.of_tables.total.max() > evidence + CLEAR_LEAD)


def _earlier_save_unturned(luma: Luma, last_table: I64, even: bool) -> History:
    """As :func:`earlier_save`, for an image that was not turned between the saves."""
    same = _on_same_grid(luma, last_table, even)
    if same.first and same.first.quality is not None:
        return same
    other = _on_other_grid(luma, last_table, even)
    if other.found or same.found:
        return other if other.found else same
    if same.recompressed_probability is None or other.recompressed_probability is None:
        return earlier_save_of_clipped_blocks(luma, last_table, even)
    return History(max(same.recompressed_probability, other.recompressed_probability))


def _on_same_grid(luma: Luma, last_table: I64, even: bool) -> History:
    """What the same grid tells: at a glance, where that is enough to rule an earlier save out."""
    evidence = same_grid.same_grid_evidence(luma, last_table, effort=same_grid.GLANCE)
    history = same_grid.conclude_same_grid(evidence, load_classifier("aligned glance"))
    if _is_ruled_out(history):
        return history
    evidence = same_grid.same_grid_evidence(luma, last_table)
    history = same_grid.conclude_same_grid(evidence, load_classifier("aligned"), even)
    if evidence and history.found and _finer_fits_better(luma, last_table, evidence):
        return History(None)
    return history


def _on_other_grid(luma: Luma, last_table: I64, even: bool) -> History:
    """What the 63 other grids tell: at a glance, where that is enough to rule an earlier save out."""
    evidence = other_grid.other_grid_evidence(luma, last_table, other_grid.GLANCE)
    history = other_grid.conclude_other_grid(evidence, load_classifier("shifted glance"))
    if _is_ruled_out(history):
        return history
    evidence = other_grid.other_grid_evidence(luma, last_table)
    return other_grid.conclude_other_grid(evidence, load_classifier("shifted"), even)


def _is_ruled_out(history: History) -> bool:
    return history.recompressed_probability is not None and history.recompressed_probability < RULED_OUT_BELOW


def _finer_fits_better(luma: Luma, last_table: I64, coarser: same_grid.SameGridEvidence) -> bool:
    """Whether an earlier save at a higher quality explains the counts better than any at a lower one.

    A first step of 2/3 of the last one leaves nearly the same counts as one of 4/3.
    """
    finer = same_grid.same_grid_evidence(luma, last_table, finer=True, effort=same_grid.IJG_ALONE)
    return finer is not None and bool(finer.found.sum(axis=1).max() > coarser.found.sum(axis=1).max())
