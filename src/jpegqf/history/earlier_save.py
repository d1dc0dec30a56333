"""Luma of a JPEG and its quantization table -> an earlier save of the image, on the same grid or another."""

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F64, I64
from jpegqf.history import other_grid_counts, same_grid_counts
from jpegqf.history.classifier import History, load_classifier
from jpegqf.history.clipped_blocks import earlier_save_of_clipped_blocks
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.first_tables import (
    TableEvidence,
    asked_steps,
    coarser_tables,
    finer_tables,
    first_tables,
    only_ijg,
)
from jpegqf.history.other_grid import conclude_other_grid, other_grid_evidence, other_grid_history
from jpegqf.history.other_grid_counts import count_other_grids, windows_of
from jpegqf.history.same_grid import SameGridEvidence, conclude_same_grid, same_grid_evidence, same_grid_history
from jpegqf.history.same_grid_counts import SameGridCounts, count_same_grid
from jpegqf.pixels.luma import Luma

CLEAR_LEAD = 2.0
"""Evidence (natural logarithm) that the transposed tables must have beyond the others: the image was turned."""
TURNED_WITHIN = 20
"""Qualities by which the table of an image that was turned may seem to be off, at most, until it is turned back."""
RULED_OUT_BELOW = 0.02
"""Probability below which a glance rules an earlier save out."""
OTHER_GRID_GLANCES = (
    ("shifted glance", other_grid_counts.GLANCE, RULED_OUT_BELOW),
    ("shifted second glance", other_grid_counts.SECOND_GLANCE, 0.05),
)
"""Glances at the other grids, the least effort first: classifier, effort, and probability below which it rules out.

Chosen on training scenes: together they miss 2 of 982 earlier saves that full effort finds.
"""
WORTH_A_LOOK = 2.0
"""Evidence (natural logarithm) of DC from which an earlier save at a higher quality is looked for."""


def earlier_save(luma: Luma, last_table: NDArray[np.int64], even: bool = False) -> History:
    """Whether a JPEG was saved before, on the same 8x8 grid or another, and with which table.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. ``even``: the first quality is as likely to be any; else common ones are
    likelier, see :class:`jpegqf.history.first_tables.FirstTables`. All fields are None where the image has too little
    evidence. Raises ValueError for a table of another shape or with a step below 1.
    """
    glance = count_same_grid(luma, last_table, same_grid_counts.GLANCE)
    same = _coarser_on_same_grid(luma, glance, last_table, even)
    if same.first and same.first.quality is not None:
        return same
    other = _on_other_grid(luma, last_table, even)
    if other.found or same.found:
        return other if other.found else same
    finer = _finer_on_same_grid(luma, glance, last_table, even)
    if finer.found:
        return finer
    if same.recompressed_probability is None or other.recompressed_probability is None:
        return earlier_save_of_clipped_blocks(luma, last_table, even)
    return History(max(same.recompressed_probability, other.recompressed_probability))


def _coarser_on_same_grid(luma: Luma, glance: SameGridCounts | None, last_table: I64, even: bool) -> History:
    """What the same grid tells of a lower quality: by a ``glance`` where that is enough to rule it out."""
    evidence = same_grid_evidence(glance, _coarser_ijg(last_table))
    history = same_grid_history(evidence, load_classifier("aligned glance"))
    if _is_ruled_out(history):
        return history
    counts = count_same_grid(luma, last_table)
    evidence = same_grid_evidence(counts)
    history = conclude_same_grid(evidence, load_classifier("aligned"), even)
    if counts is None or evidence is None or not history.found:
        return history
    if _finer_fits_better(counts, evidence):
        return History(None)
    turned = same_grid_evidence(counts, _near(only_ijg(evidence.candidates), evidence.of_tables), transposed=True)
    if turned is not None and _turned_fits_better(turned.of_tables.total, evidence.of_tables.total):
        return conclude_same_grid(same_grid_evidence(counts, transposed=True), load_classifier("aligned"), even)
    return history


def _finer_on_same_grid(luma: Luma, glance: SameGridCounts | None, last_table: I64, even: bool) -> History:
    """What the same grid tells of a higher quality, where DC shows something at a ``glance``."""
    if glance is None:
        return History(None)
    finer = finer_tables(glance.table)
    steps, _ = asked_steps(finer, np.zeros(1, np.int64))
    found, _ = dc_ratios(glance.dc, int(glance.table[0]), steps)
    if not len(found) or found.max() < WORTH_A_LOOK:
        return History(None)
    evidence = same_grid_evidence(count_same_grid(luma, last_table), finer)
    return conclude_same_grid(evidence, load_classifier("finer"), even)


def _on_other_grid(luma: Luma, last_table: I64, even: bool) -> History:
    """What the 63 other grids tell: at a glance, where that is enough to rule an earlier save out."""
    windows = windows_of(luma, last_table)
    for classifier, effort, enough in OTHER_GRID_GLANCES:
        glance = other_grid_evidence(count_other_grids(windows, effort), _coarser_ijg(last_table))
        history = other_grid_history(glance, load_classifier(classifier))
        if _is_ruled_out(history, enough):
            return history
    counts = count_other_grids(windows)
    evidence = other_grid_evidence(counts)
    history = conclude_other_grid(evidence, load_classifier("shifted"), even)
    if evidence is None or not history.found:
        return history
    turned = other_grid_evidence(counts, _near(evidence.candidates, evidence.of_tables), transposed=True)
    if turned is not None and _turned_fits_better(turned.of_tables.total, evidence.of_tables.total):
        return conclude_other_grid(turned, load_classifier("shifted"), even)
    return history


def _coarser_ijg(last_table: I64) -> I64:
    """The IJG tables, by their indices, that are coarser than the last."""
    return only_ijg(coarser_tables(last_table.astype(np.int64).reshape(64)))


def _near(tables: I64, evidence: TableEvidence) -> I64:
    """Those of the tables, by their indices, whose quality is near that of the table with the most evidence."""
    quality = first_tables().quality
    best = quality[evidence.candidates[evidence.total.argmax()]]
    kept: I64 = tables[np.abs(quality[tables] - best) <= TURNED_WITHIN]
    return kept


def _turned_fits_better(turned: F64, unturned: F64) -> bool:
    """Whether an image turned by 90 degrees between the saves explains what was found: it shows a transposed table."""
    return bool(turned.max() > unturned.max() + CLEAR_LEAD)


def _is_ruled_out(history: History, enough: float = RULED_OUT_BELOW) -> bool:
    return history.recompressed_probability is not None and history.recompressed_probability < enough


def _finer_fits_better(counts: SameGridCounts, coarser: SameGridEvidence) -> bool:
    """Whether an earlier save at a higher quality explains the counts better than any at a lower one.

    A first step of 2/3 of the last one leaves nearly the same counts as one of 4/3.
    """
    finer = same_grid_evidence(counts, only_ijg(finer_tables(counts.table)))
    return finer is not None and bool(finer.of_tables.total.max() > coarser.of_tables.total.max())
