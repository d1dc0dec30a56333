"""Luma of a JPEG and its quantization table -> an earlier save of the image, on the same grid or another."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F64, I64
from jpegqf.history.classifier import History, history_of, load_classifier, named_history_of
from jpegqf.history.clipped_blocks import earlier_save_of_clipped_blocks
from jpegqf.history.dc_steps import dc_ratios
from jpegqf.history.first_tables import asked_steps, finer_tables, first_tables, only_ijg, quality_of
from jpegqf.history.last_save import LastSave
from jpegqf.history.naming import TableEvidence
from jpegqf.history.other_grid.evidence import looks_at_other_grids, other_grid_evidence
from jpegqf.history.remaking import Remaking
from jpegqf.history.same_grid.evidence import same_grid_evidence
from jpegqf.history.same_grid.looks import SameGrid
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.luma import Luma

CLEAR_LEAD = 2.0
"""Evidence (natural logarithm) that the transposed tables must have beyond the others: the image was turned."""
TURNED_WITHIN = 20
"""Qualities by which the table of an image that was turned may seem to be off, at most, until it is turned back."""
GLANCE_RULES_OUT_BELOW = 0.03
"""Probability below which a glance rules an earlier save out: on training scenes it misses 1 of 1,044."""
OTHER_GRID_GLANCES = (("shifted glance", GLANCE_RULES_OUT_BELOW), ("shifted second glance", 0.02))
"""Classifiers of the glances at other grids, and probability below which each rules an earlier save out.

Chosen on training scenes: together they miss 2 of 976 earlier saves that full effort finds.
"""
SURE_OF_FEWER = 0.9
"""Probability from which an earlier save is reported that only the blocks without a clipped channel show.

Chosen on training scenes: it finds 6 of 24 that all blocks miss, and none in 353 images that were saved once.
"""
MOSTLY_CLIPPED, SOME_CLIPPED = 0.5, 0.1
"""Shares of blocks with a clipped channel from which the others are asked.

From the first, whether the table that all blocks name can be theirs; from the second, where all blocks show nothing.
"""
LOOKS_HIGHER = 2
"""Qualities by which a first save that clipped most blocks looks finer than it was: their coefficients shrank."""
WELL_BELOW = 3
"""Qualities below the last from which a first one on the same grid is taken without asking other grids.

A save on another grid may pass for one at a little below the last quality on the same. It may pass for one well below,
too, but then the image made again on the same grid has more than FEW_MISSES.
"""
FEW_MISSES = 1.0
"""Coefficients a block that may come out otherwise when the image is made again, for other grids not to be asked.

On training scenes 2 % of the true first saves on the same grid have more, saves on another that pass for such 2 to 5.
"""
WORTH_A_LOOK = 2.0
"""Evidence (natural logarithm) of DC from which an earlier save at a higher quality is looked for."""


def earlier_save(
    luma: Luma, last_table: NDArray[np.int64], even: bool = False, colours: Colours | None = None
) -> History:
    """Whether a JPEG was saved before, on the same 8x8 grid or another, and with which table.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. ``even``: the first quality is as likely to be any; else common ones are
    likelier, see :class:`jpegqf.history.first_tables.FirstTables`. ``colours``: the image's, decoded only where luma
    leaves doubt. All fields are None where the image has too little evidence. Raises ValueError for a table of another
    shape or with a step below 1.
    """
    last = LastSave(luma, last_table, colours)
    same_grid = SameGrid(last)
    same, last_quality = _coarser_on_same_grid(same_grid, even), quality_of(last_table)
    misses = None
    if same.first and same.first.quality is not None and same.first.high <= last_quality - WELL_BELOW:
        misses = _misses(last, same)
        if misses is None or misses <= FEW_MISSES:
            return same
    other = _on_other_grid(last, even)
    if other.found and (misses is None or (_misses(last, other) or 0) < misses):
        return _lower(other) if last.clipped_share >= MOSTLY_CLIPPED else other
    if same.found:
        return same
    finer = _finer_on_same_grid(same_grid, even)
    if finer.found:
        return finer
    if same.recompressed_probability is None or other.recompressed_probability is None:
        return earlier_save_of_clipped_blocks(luma, last_table, even)
    return History(max(same.recompressed_probability, other.recompressed_probability))


def _misses(last: LastSave, history: History) -> float | None:
    """How many coefficients a block come out otherwise when the image is made again as the history has it.

    None where that names no known table, or too little can be compared.
    """
    if history.grid is None or history.first is None or history.first.table is None:
        return None
    return Remaking(last, history.grid, history.turned).misses(first_tables().steps[history.first.table])


def _coarser_on_same_grid(same_grid: SameGrid, even: bool) -> History:
    """What the same grid tells of a lower quality: by a glance where that is enough to rule it out."""
    history = history_of(same_grid.glance, [same_grid.glance], load_classifier("aligned glance"))
    if _is_ruled_out(history):
        return history
    history = _at_full_effort(same_grid, even)
    enough = MOSTLY_CLIPPED if history.found else SOME_CLIPPED
    if same_grid.coarser is None or same_grid.unclipped is None or same_grid.last.clipped_share < enough:
        return history
    unclipped = _at_full_effort(same_grid.unclipped, even)
    if history.found:
        if unclipped.first is None:
            return _lower(history)
        return history if _agree(history, unclipped) else replace(history, first=unclipped.first)
    return unclipped if (unclipped.recompressed_probability or 0) >= SURE_OF_FEWER else history


def _lower(history: History) -> History:
    """The history with an interval that reaches lower: its clipped blocks may look as if saved at a higher quality."""
    first = history.first
    return history if first is None else replace(history, first=replace(first, low=max(1, first.low - LOOKS_HIGHER)))


def _agree(one: History, other: History) -> bool:
    """Whether the first quality may be that which ``one`` names, as far as the ``other`` tells."""
    if one.first is None or other.first is None:
        return True
    return other.first.low <= (one.first.quality or -1) <= other.first.high


def _at_full_effort(same_grid: SameGrid, even: bool) -> History:
    """What the same grid tells of a lower quality, with the first table."""
    evidence, classifier = same_grid.coarser, load_classifier("aligned")
    history = history_of(evidence, same_grid.looks, classifier)
    if evidence is None or not history.found:
        return history
    near = _near(only_ijg(evidence.candidates), evidence.of_tables)
    turned = same_grid_evidence(same_grid.counts, near, transposed=True)
    if turned is not None and _turned_fits_better(turned.of_tables.total, evidence.of_tables.total):
        turned = same_grid_evidence(same_grid.counts, transposed=True)
        looks = same_grid.glance, turned, same_grid.finer
        return named_history_of(turned, looks, classifier, same_grid.last, even, turned=True)
    return named_history_of(evidence, same_grid.looks, classifier, same_grid.last, even)


def _finer_on_same_grid(same_grid: SameGrid, even: bool) -> History:
    """What the same grid tells of a higher quality, where DC shows something at a glance."""
    glance = same_grid.glance_counts
    if glance is None:
        return History(None)
    finer = asked_steps(finer_tables(glance.table), np.zeros(1, np.int64))
    found, _ = dc_ratios(glance.dc, int(glance.table[0]), finer.steps)
    if not len(found) or found.max() < WORTH_A_LOOK:
        return History(None)
    return named_history_of(same_grid.finer, same_grid.looks, load_classifier("finer"), same_grid.last, even)


def _on_other_grid(last: LastSave, even: bool) -> History:
    """What the 63 other grids tell: at a glance, where that is enough to rule an earlier save out."""
    all_looks = looks_at_other_grids(last.luma, last.table)
    for (name, enough), looks in zip(OTHER_GRID_GLANCES, all_looks, strict=False):
        history = history_of(looks[-1], looks, load_classifier(name))
        if _is_ruled_out(history, enough):
            return history
    looks = next(all_looks, [])
    if not looks:
        return History(None)
    (*glances, evidence), classifier = looks, load_classifier("shifted")
    history = history_of(evidence, looks, classifier)
    if not history.found:
        return history
    near = _near(evidence.candidates, evidence.of_tables)
    turned = other_grid_evidence(evidence.counts, near, transposed=True)
    if turned is not None and _turned_fits_better(turned.of_tables.total, evidence.of_tables.total):
        return named_history_of(turned, [*glances, turned], classifier, last, even, turned=True)
    return named_history_of(evidence, looks, classifier, last, even)


def _near(tables: I64, evidence: TableEvidence) -> I64:
    """Those of the tables, by their indices, whose quality is near that of the table with the most evidence."""
    quality = first_tables().quality
    best = quality[evidence.candidates[evidence.total.argmax()]]
    kept: I64 = tables[np.abs(quality[tables] - best) <= TURNED_WITHIN]
    return kept


def _turned_fits_better(turned: F64, unturned: F64) -> bool:
    """Whether an image turned by 90 degrees between the saves explains what was found: it shows a transposed table."""
    return bool(turned.max() > unturned.max() + CLEAR_LEAD)


def _is_ruled_out(history: History, enough: float = GLANCE_RULES_OUT_BELOW) -> bool:
    return history.recompressed_probability is not None and history.recompressed_probability < enough
