"""Which of several files that show the same picture is the best: a pure function of their records."""

from collections.abc import Sequence
from dataclasses import dataclass

from jpegqf.advise.rules import earlier_save, last_save, limit
from jpegqf.record import Record, Verdict

UNTOUCHED = 101
"""Stands for the quality of what shows no JPEG save: above all of them."""
SUBSAMPLINGS = {"4:2:0": 1, "4:2:2": 2, "4:4:0": 2, "4:4:4": 3, "gray": 3}
"""How much of the chroma is left, as a rank; others are 0."""
CRITERIA = (
    "more pixels",
    "a finer first save",
    "not saved again",
    "a finer last save",
    "finer chroma subsampling",
    "fewer bytes",
)
"""In this order. A larger picture goes first: what a smaller one lost, no quality gives back.

Of an earlier save that leaves an interval the lower end counts, so that a copy is not taken for finer than its source.
"""

Rank = tuple[int, ...]
"""What a file is worth by each of CRITERIA; the greater, the better."""


@dataclass(frozen=True)
class Choice:
    """Whether a file is the best of its group, None if it cannot be compared, and why."""

    keep: bool | None
    words: str


def choices(records: Sequence[Record], sizes: Sequence[int | None]) -> list[Choice]:
    """The choice for each file of one group, in order; ``sizes`` in bytes."""
    ranks = [_rank(record, size or 0) for record, size in zip(records, sizes, strict=True)]
    compared = sorted((rank for rank in ranks if rank is not None), reverse=True)
    if len(compared) < 2:
        return [Choice(None, "shows the same picture as another file; their qualities cannot be compared")] * len(ranks)
    best = ranks.index(compared[0])
    kept = Choice(True, f"keep, of {len(ranks)} files that show this picture: {_why(compared[0], compared[1])}")
    told = []
    for place, rank in enumerate(ranks):
        if rank is None:
            told.append(Choice(None, "shows the same picture as other files; its quality cannot be compared to theirs"))
        elif place == best:
            told.append(kept)
        else:
            words = f"shows the same picture as {records[best].path}, which is to be kept: {_why(compared[0], rank)}"
            told.append(Choice(False, words))
    return told


def _rank(record: Record, size: int) -> Rank | None:
    """None where no quality is known by which the file could be compared."""
    pixels = (record.width or 0) * (record.height or 0)
    if record.verdict == Verdict.NO_TRACE:
        return pixels, UNTOUCHED, 1, UNTOUCHED, SUBSAMPLINGS["4:4:4"], -size
    last = last_save(record)
    if limit(record).quality is None or last is None:
        return None
    chroma = SUBSAMPLINGS.get(record.subsampling or record.pixel_subsampling or "", 0)
    again = earlier_save(record) is not None
    first = min(last, record.first_qf_low or earlier_save(record) or last) if again else last
    return pixels, first, int(not again), last, chroma, -size


def _why(better: Rank, other: Rank) -> str:
    """The first criterion by which one file is better than another."""
    pairs = zip(CRITERIA, better, other, strict=True)
    found = next(((name, one, two) for name, one, two in pairs if one != two), None)
    if found is None:
        return "equal in all, and the first"
    name, one, two = found
    if name.endswith("save"):
        return f"{name} ({_quality(one)}, the other {_quality(two)})"
    return name


def _quality(rank: int) -> str:
    return "no trace of one" if rank == UNTOUCHED else str(rank)
