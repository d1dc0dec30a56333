"""Record and coding of one image -> advice: pure functions, none of which claims more than the evidence."""

from dataclasses import dataclass

from jpegqf.advise.coding import Coding
from jpegqf.record import Record, Status, Verdict

LEAST_WIN = 0.01
"""Share of a file that coding it anew must save before that is advised."""
LEFT_OPEN = 0.2
"""Probability from which an earlier save is not ruled out (``inspection.verdict.RULED_OUT_BELOW``)."""
LOSSLESS = ("PNG", "BMP", "PPM", "GIF", "TIFF")
"""Containers that keep pixels as they are; a TIFF compressed as JPEG has a header's quality, and is none of them."""
NO_ONE_QUALITY = {
    Verdict.PARTIAL: "only a part of it was a JPEG: no one quality holds for all of it",
    Verdict.COMPOSITE: "its parts were saved at different qualities: no one holds for all of it",
    Verdict.OTHER_CODEC: "another codec than JPEG compressed it: no JPEG quality tells what that left",
    Verdict.NO_TRACE: "no trace of a JPEG save: nothing limits the quality",
    Verdict.MISMATCH: "header and pixels contradict each other: no quality is sure",
}
"""Verdicts under which no quality is a limit, with the reason."""


@dataclass(frozen=True)
class Limit:
    """The quality above which re-encoding adds bytes and no detail, None if unknown, and why, in words."""

    quality: int | None
    words: str


@dataclass(frozen=True)
class Win:
    """What coding a JPEG anew without loss would bring: see the columns of the same names; ``words`` may be ""."""

    optimised: bool | None
    bytes_saved: int | None
    words: str


def limit(record: Record) -> Limit:
    """The lowest of the last and the earlier save."""
    unknown = _why_unknown(record)
    if unknown:
        return Limit(None, unknown)
    last, first = last_save(record), earlier_save(record)
    if first is not None and (last is None or first < last):
        since = f" and at {last} since" if last is not None else ""
        return Limit(first, f"re-encode at {first} at most: saved at {_first_words(record, first)} before{since}")
    if last is None:
        return Limit(None, _said(record))
    about = "about " if record.header_match == "equivalent" and record.qf_source == "header" else ""
    words = f"re-encode at {last} at most: saved at {_last_words(record, about)}"
    if (record.recompressed_probability or 0) >= LEFT_OPEN:
        words += "; an earlier, coarser save is left open"
    return Limit(last, words)


def _why_unknown(record: Record) -> str:
    """Why no quality limits an image, "" if one may."""
    if record.verdict in NO_ONE_QUALITY:
        return NO_ONE_QUALITY[record.verdict]
    if record.edited:
        return "edited since it was a JPEG: the edit may need a higher quality than that"
    if record.verdict == Verdict.PIXELS_ONLY and " enlarged " in (record.verdict_text or ""):
        return "enlarged since it was a JPEG: that quality is of the smaller picture"
    return ""


def last_save(record: Record) -> int | None:
    """Quality of the last save; of pixels that leave an interval, its upper end."""
    if record.qf is None and record.verdict == Verdict.PIXELS_ONLY:
        return record.pixel_qf_high
    return record.qf


def earlier_save(record: Record) -> int | None:
    """Quality of the earlier save that the evidence tells; of an interval without a best value, its upper end."""
    if record.verdict != Verdict.RESAVED:
        return None
    told = (record.first_qf, record.first_qf_high, record.pixel_qf)
    return next((quality for quality in told if quality is not None), None)


def _first_words(record: Record, first: int) -> str:
    low, high = record.first_qf_low, record.first_qf_high
    return f"{first} ({low} to {high})" if low is not None and low != high else str(first)


def _last_words(record: Record, about: str) -> str:
    if record.qf is None:
        return f"a quality between {record.pixel_qf_low} and {record.pixel_qf_high}"
    return f"{about}{record.qf}"


def _said(record: Record) -> str:
    if record.status == Status.OK:
        return record.verdict_text or "no quality is known"
    return record.message or record.verdict_text or "no quality is known"


def win(coding: Coding | None) -> Win:
    """Whether Huffman tables and progression leave something to win, measured, else from the header."""
    if coding is None:
        return Win(None, None, "")
    if coding.smallest is not None:
        saved = max(0, coding.size - coding.smallest)
        if saved < LEAST_WIN * coding.size:
            return Win(True, saved, "")
        share = f"{saved / coding.size:.0%}"
        return Win(False, saved, f"jpegtran -copy all {coding.way} saves {saved} bytes ({share}) without loss")
    why = f" (not measured: {coding.unmeasured})"
    if coding.huffman == "standard":
        return Win(False, None, f"standard Huffman tables: coding it anew without loss makes it smaller{why}")
    if coding.progressive and coding.huffman == "optimized":
        return Win(True, None, "")
    return Win(None, None, f"not known whether coding it anew would make it smaller{why}")


def was_jpeg(record: Record) -> bool | None:
    """Whether the pixels of a container without loss show a JPEG save all over; None if that cannot be told."""
    if record.format not in LOSSLESS or record.header_qf is not None or record.header_match is not None:
        return None
    if record.verdict == Verdict.PIXELS_ONLY:
        return True
    return False if record.verdict in (Verdict.NO_TRACE, Verdict.OTHER_CODEC) else None


def was_jpeg_words(record: Record) -> str:
    """What follows for a file whose container adds bytes but no detail, "" for others."""
    if not was_jpeg(record) or record.edited:
        return ""
    return f"this {record.format} holds what a JPEG had left: as a container without loss it only takes more room"


def restore_words(size: int | None, saved: int | None) -> str:
    """What restoring the JPEG brings, "" where none is proven; both in bytes."""
    if not size or saved is None:
        return ""
    return f"jpegqf restore gives a JPEG of exactly these pixels: {saved} bytes ({saved / size:.0%}) saved"
