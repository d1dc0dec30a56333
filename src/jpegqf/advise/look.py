"""An item -> what advice is made of: its record, how it is coded, and its picture's hash."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from jpegqf.advise.coding import Coding, coding_of
from jpegqf.advise.likeness import PictureHash, hash_of
from jpegqf.advise.rules import was_jpeg
from jpegqf.errors import ImageError, Reason
from jpegqf.inputs.files import read_bytes
from jpegqf.inputs.item import Item
from jpegqf.record import Record, Status
from jpegqf.scanning.look import Look, guarded, inspect_item, lost_record

if TYPE_CHECKING:
    from jpegqf.inspection.inspector import Inspector

JPEG_FORMATS = ("JPEG", "MPO")


@dataclass(frozen=True)
class Seen:
    """What was seen of one image; sizes in bytes. None: not a JPEG, no hash asked for or possible, unreadable.

    ``restored``: size of the proven JPEG whose pixels it has.
    """

    record: Record
    coding: Coding | None = None
    picture: PictureHash | None = None
    size: int | None = None
    restored: int | None = None


@dataclass(frozen=True)
class AdviceLook:
    """How to look at items; called in a worker, it gives what turns an item into what was seen of it.

    ``seconds``: that jpegtran may take over one image, and the search for its JPEG if that is to be proven.
    """

    look: Look
    duplicates: bool
    prove: bool
    seconds: float

    def __call__(self) -> Callable[[Item], Seen]:
        """Prepare a worker."""
        return partial(self._seen, self.look.prepared())

    def _seen(self, inspector: "Inspector", item: Item) -> Seen:
        record = replace(inspect_item(inspector, item), pixel_table=None, region_list=None)  # no rule asks for these
        if record.status == Status.ERROR or item.page is not None or record.reason == Reason.TOO_LARGE:
            return Seen(record)
        return guarded(item, lambda: self._with_file(record, item), lambda *lost: Seen(record))

    def _with_file(self, record: Record, item: Item) -> Seen:
        """The record beside what only the file's bytes tell."""
        try:
            data = read_bytes(item.file or item.name) if item.data is None else item.data
        except ImageError:  # it was there a moment ago
            return Seen(record)
        coding = coding_of(data, self.seconds) if record.format in JPEG_FORMATS else None
        picture = hash_of(data, self.look.max_pixels) if self.duplicates else None
        restored = self._restored_size(data) if self.prove and was_jpeg(record) else None
        return Seen(record, coding, picture, len(data), restored)

    def _restored_size(self, data: bytes) -> int | None:
        """Bytes of the JPEG that restoring gives, None if none is proven."""
        from jpegqf.coefficients.restored import restore

        try:
            return len(restore(data, seconds=self.seconds, max_pixels=self.look.max_pixels).jpeg)
        except ImageError:
            return None


def lost_sight(item: Item, reason: Reason, message: str) -> Seen:
    """What is seen of an item whose worker was lost."""
    return Seen(lost_record(item, reason, message))
