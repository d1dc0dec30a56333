"""A record of pixels that were a JPEG -> the same with what restoring that JPEG in memory proves."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jpegqf.errors import ImageError, ImageSkippedError
from jpegqf.limits import DEFAULT_PIXELS, SEARCH_SHARE
from jpegqf.optional import jpeglib
from jpegqf.record import Record, Status, Verdict

if TYPE_CHECKING:
    from jpegqf.inspection.findings import Findings


@dataclass(frozen=True)
class Prover:
    """Tells whether a JPEG decodes to exactly an image's pixels. ``timeout``: seconds that an image may take."""

    timeout: float
    max_pixels: int = DEFAULT_PIXELS

    def check(self) -> None:
        """Raise MissingExtraError without the library that writes JPEGs."""
        jpeglib()

    def __call__(self, found: "Findings", source: str | bytes, record: Record) -> Record:
        """The record with ``proven``, in words, too, and the proven quality; as it is if nothing is to be proven."""
        if record.status is not Status.OK or record.verdict is not Verdict.PIXELS_ONLY:
            return record
        from jpegqf.coefficients.restored import How, restored_from
        from jpegqf.coefficients.source import read_source

        try:
            pixels, metadata = read_source(source, self.max_pixels)
            how = How(crop=True, seconds=SEARCH_SHARE * self.timeout)
            restored = restored_from(found, pixels, metadata, how)
        except ImageError as issue:
            return replace(record, proven=False if isinstance(issue, ImageSkippedError) else None)
        quality = restored.quality
        of = "" if quality is None else f" of quality {quality}"
        text = f"{record.verdict_text}; proven: a JPEG{of} gives exactly these pixels"
        if quality is None:
            return replace(record, proven=True, verdict_text=text)
        return replace(record, proven=True, verdict_text=text, qf=quality, qf_source="pixels")
