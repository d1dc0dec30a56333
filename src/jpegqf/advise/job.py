"""Paths -> rows of advice in outputs: a scan whose rows are another kind."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from jpegqf.advise.advice import ROWS, Advice
from jpegqf.advise.keeping import Choice, choices
from jpegqf.advise.likeness import groups
from jpegqf.advise.look import AdviceLook, Seen, lost_sight
from jpegqf.advise.rules import limit, restore_words, was_jpeg, was_jpeg_words, win
from jpegqf.inputs.item import Item
from jpegqf.optional import imagehash, jpeglib
from jpegqf.outputs.writing import Outputs, open_outputs
from jpegqf.record import Status
from jpegqf.scanning.job import Job
from jpegqf.scanning.stopping import Stop
from jpegqf.workers.stream import supervised

ALONE = Choice(None, "")
"""Of a file whose picture no other shows."""


@dataclass
class AdviseJob(Job):
    """A job whose rows are :class:`Advice`; with ``duplicates``, none is told before all images were seen.

    ``prove``: restore images that were JPEGs, in memory. Raises MissingExtraError if ``duplicates`` are asked for
    without the library that hashes pictures, and for ``prove`` without the one that writes JPEGs.
    """

    duplicates: bool = False
    prove: bool = False

    def __post_init__(self) -> None:
        if self.duplicates:
            imagehash()
        if self.prove:
            jpeglib()

    def _rows(self, items: Iterator[Item]) -> Generator[Any, None, None]:
        asked = self.request
        look = AdviceLook(asked.look, self.duplicates, self.prove, asked.timeout / 3)
        with closing(supervised(items, look, lost_sight, asked.jobs or 1, asked.timeout)) as seen:
            yield from _compared(list(seen)) if self.duplicates else map(advice_on, seen)

    def _count(self, row: Any) -> None:
        self.tally.statuses[row.status.value] += 1

    def _open(self, stop: Stop) -> Outputs:
        return open_outputs(self.request.outputs, self.request.overwrite, ROWS)


def advice_on(seen: Seen, group: int | None = None, choice: Choice = ALONE) -> Advice:
    """The row of one image."""
    record = seen.record
    if record.status == Status.ERROR:  # what its header told does not make it a file to act on
        return Advice(record.path, record.status, record.reason, record.message or "")
    greatest, lossless = limit(record), win(seen.coding)
    saved = None if seen.restored is None or seen.size is None else seen.size - seen.restored
    words = [greatest.words, lossless.words, was_jpeg_words(record), restore_words(seen.size, saved), choice.words]
    return Advice(
        record.path,
        record.status,
        record.reason,
        "; ".join(filter(None, words)),
        max_quality=greatest.quality,
        optimised=lossless.optimised,
        bytes_saved=lossless.bytes_saved,
        was_jpeg=was_jpeg(record),
        restore_saves=saved,
        picture_group=group,
        keep=choice.keep,
    )


def _compared(seen: list[Seen]) -> Iterable[Advice]:
    """The rows of all images, with groups of the same picture."""
    numbers = groups([one.picture for one in seen])
    members: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        if number is not None:
            members.setdefault(number, []).append(place)
    chosen: dict[int, Choice] = {}
    for places in members.values():
        found = choices([seen[place].record for place in places], [seen[place].size for place in places])
        chosen |= zip(places, found, strict=True)
    return (advice_on(one, numbers[place], chosen.get(place, ALONE)) for place, one in enumerate(seen))
