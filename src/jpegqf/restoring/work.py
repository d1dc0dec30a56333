"""One item -> the JPEG beside its row; called in a worker."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jpegqf.errors import ImageBrokenError, ImageError, Reason, UsageError
from jpegqf.inputs.item import Item
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.record import Status
from jpegqf.restoring.row import RestoredRow
from jpegqf.scanning.look import guarded

if TYPE_CHECKING:
    from jpegqf.coefficients.restored import Restored

SUFFIX = ".jpg"


@dataclass(frozen=True)
class Work:
    """How items are restored. ``target``: a folder, or the file for the only image.

    ``roots``: the folders that were named, whose layout the target repeats. ``near``: write the nearest JPEG where none
    is proven; ``crop``: take crops, too; ``progressive``: write progressive scans. ``overwrite``: replace JPEGs that
    exist; ``resume``: leave them, as done. ``seconds``: after which no further search is begun.
    """

    target: str
    roots: tuple[str, ...] = ()
    near: bool = False
    crop: bool = False
    progressive: bool = False
    overwrite: bool = False
    resume: bool = False
    max_pixels: int = DEFAULT_PIXELS
    seconds: float = float("inf")

    def __call__(self) -> Callable[[Item], RestoredRow]:
        """Prepare a worker: the model is loaded before the first image's time counts."""
        from PIL import Image

        from jpegqf.inspection.inspector import default_predictor
        from jpegqf.optional import jpeglib, mozjpeg

        Image.MAX_IMAGE_PIXELS = None  # ``max_pixels`` is the limit, told from the header
        jpeglib()
        if self.progressive:
            mozjpeg()
        default_predictor()
        return self.restore

    def restore(self, item: Item) -> RestoredRow:
        """One row, whatever is wrong with the item. Raises JpegqfError only for what concerns all items."""
        started = time.monotonic()
        row = self._restored(item)
        return replace(row, seconds=round(time.monotonic() - started, 3))

    def _restored(self, item: Item) -> RestoredRow:
        if item.problem:
            return lost_row(item, item.reason, item.problem)
        output = self.output_of(item.name)
        if self.resume and os.path.lexists(output):
            return RestoredRow(item.name, Status.OK, message="was written before", output=output)
        try:
            return guarded(item, lambda: self._written(item, output), lost_row, "restore it")
        except ImageError as issue:
            status = Status.ERROR if isinstance(issue, ImageBrokenError) else Status.SKIPPED
            return RestoredRow(item.name, status, issue.reason.value, str(issue), bytes_before=_size(item))

    def _written(self, item: Item, output: str) -> RestoredRow:
        from jpegqf.coefficients.restored import restore

        found = restore(
            item.source(),
            near=self.near,
            crop=self.crop,
            progressive=self.progressive,
            seconds=self.seconds,
            max_pixels=self.max_pixels,
        )
        row = RestoredRow(
            item.name,
            Status.OK if found.proven else Status.SKIPPED,
            message=_left_out(found),
            quality=found.quality,
            subsampling=found.subsampling,
            proven=found.proven,
            differing_pixels=found.differing_pixels,
            bytes_before=_size(item),
            bytes_after=len(found.jpeg),
            output=output,
            crop_x=found.crop_x,
            crop_y=found.crop_y,
        )
        if not found.proven:
            words = f"the nearest JPEG, {found.differing_pixels} pixels differ"
            row = replace(row, reason=Reason.NOT_IDENTICAL.value, message=words)
        try:
            write_new(output, found.jpeg, self.overwrite)
        except FileExistsError:
            return replace(row, status=Status.ERROR, reason="output_exists", message=f"{output} exists", output=None)
        except (OSError, ValueError) as error:
            raise UsageError(f"{output!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None
        return row

    def output_of(self, name: str) -> str:
        """The file for an image: that of its place below the folder that was named, or of its own name."""
        if self.target.lower().endswith((SUFFIX, ".jpeg")):
            return self.target
        below = name
        for root in sorted(self.roots, key=len, reverse=True):
            if name.startswith(root.rstrip(os.sep) + os.sep):
                below = name[len(root.rstrip(os.sep)) + 1 :]
                break
        else:
            below = os.path.basename(name) if "!" not in name else name.split("!", 1)[1]
        parts = [part for part in below.replace("\\", "/").replace("\0", "").split("/") if part not in ("", ".", "..")]
        stem = os.path.splitext(parts[-1] if parts else "image")[0]
        return os.path.join(self.target, *parts[:-1], stem + SUFFIX)


def _left_out(found: "Restored") -> str | None:
    """What a row says of metadata that does not fit into a JPEG."""
    return f"left out, too large for a JPEG: {', '.join(found.left_out)}" if found.left_out else None


def _size(item: Item) -> int | None:
    if item.data is not None:
        return len(item.data)
    with suppress(OSError, ValueError):
        return os.path.getsize(item.file or item.name)
    return None


def write_new(path: str, data: bytes, replace_it: bool) -> None:
    """Write a file whole or not at all; missing folders are created.

    Raises FileExistsError if it exists, unless ``replace_it``; OSError, or ValueError for a name that no file can have.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = f"{path}.{os.urandom(4).hex()}.part"
    try:
        with open(part, "xb") as file:  # never through a link that somebody left there
            file.write(data)
        if replace_it:
            os.replace(part, path)
        else:
            os.link(part, path)
    finally:
        with suppress(OSError, ValueError):
            os.remove(part)


def lost_row(item: Item, reason: Reason, message: str) -> RestoredRow:
    """The row of an item that nothing is known of."""
    return RestoredRow(item.name, Status.ERROR, reason.value, message)
