"""Evidence -> one answer and its reason; a pure function of a few numbers."""

from dataclasses import dataclass

from jpegqf.record import Verdict

SURE = 0.9
"""Probability from which pixel evidence may contradict a header or stand alone."""
TOLD = 0.5
"""Probability from which an earlier save is reported."""
NEAR = 5
"""Qualities that a table merely near an IJG table may differ from the pixels' answer: the scales differ that much."""


@dataclass(frozen=True)
class HeaderSummary:
    """What the header tells: ``quality`` with ``match`` exact, nearest or none (then ``quality`` is None)."""

    quality: int | None
    match: str


@dataclass(frozen=True)
class PixelSummary:
    """What the pixels tell; ``confidence`` and ``jpeg_probability`` 0..1."""

    quality: int
    low: int
    high: int
    confidence: float
    jpeg_probability: float


@dataclass(frozen=True)
class HistorySummary:
    """An earlier save, on the last one's grid or (``moved``) on another; None where it cannot be told."""

    first_quality: int | None
    probability: float | None
    moved: bool = False


@dataclass(frozen=True)
class Answer:
    """``quality`` and ``source`` (header or pixels) are None where nothing is known."""

    quality: int | None
    source: str | None
    verdict: Verdict
    text: str


def judge(
    container: str,
    header: HeaderSummary | None,
    pixels: PixelSummary | None,
    history: HistorySummary,
    lossy: bool = False,
) -> Answer:
    """Weigh the evidence. ``container`` names the file format; ``header`` is None for all but JPEG.

    ``lossy``: the container's own codec may have hidden what a JPEG left.
    """
    if header is None:
        return _without_header(container, pixels, lossy)
    if _resaved(header, history):
        last = f"header {header.quality}" if header.quality else "header unknown"
        where = " on another grid (cropped in between)" if history.moved else ""
        text = f"{last}, pixels compressed at {history.first_quality} before{where}: re-saved"
        return Answer(header.quality, "header" if header.quality else None, Verdict.RESAVED, text)
    if pixels is None or pixels.jpeg_probability < TOLD:
        return _header_alone(header)
    return _both(header, pixels)


def _resaved(header: HeaderSummary, history: HistorySummary) -> bool:
    """Whether there was an earlier, coarser save: a first quality that is not below the last one's says nothing."""
    told = history.first_quality is not None and (history.probability or 0) >= TOLD
    return told and (header.quality is None or (history.first_quality or 0) < header.quality)


def _without_header(container: str, pixels: PixelSummary | None, lossy: bool) -> Answer:
    if pixels is None:
        return Answer(None, None, Verdict.UNKNOWN, "no JPEG header, and the pixels tell nothing")
    if pixels.jpeg_probability >= SURE and pixels.confidence >= TOLD:
        text = f"{_what(container)} whose pixels were a JPEG at {pixels.quality}"
        return Answer(pixels.quality, "pixels", Verdict.PIXELS_ONLY, text)
    if pixels.jpeg_probability >= SURE:
        text = f"{_what(container)} whose pixels were a JPEG, at a quality between {pixels.low} and {pixels.high}"
        return Answer(None, None, Verdict.PIXELS_ONLY, text)
    if pixels.jpeg_probability <= 1 - SURE and lossy:
        text = f"no JPEG grid, but lossy {container} may have hidden one"
        return Answer(None, None, Verdict.UNKNOWN, text)
    if pixels.jpeg_probability <= 1 - SURE and container != "JPEG":
        text = "no JPEG grid: never compressed, or resized or reworked since"
        return Answer(None, None, Verdict.NEVER_JPEG, text)
    return Answer(None, None, Verdict.UNKNOWN, "the pixels do not tell whether they were a JPEG")


def _what(container: str) -> str:
    return "image" if container == "JPEG" else container


def _header_alone(header: HeaderSummary) -> Answer:
    if header.quality is None:
        return Answer(None, None, Verdict.UNKNOWN, "tables of no known scale, and the pixels tell nothing")
    about = "" if header.match == "exact" else "about "
    text = f"header says {about}{header.quality}, the pixels tell nothing"
    return Answer(header.quality, "header", Verdict.HEADER_ONLY, text)


def _both(header: HeaderSummary, pixels: PixelSummary) -> Answer:
    if header.quality is None:
        # The tables are not the IJG's, so no IJG quality of the last save exists to be read from the pixels.
        return Answer(None, None, Verdict.UNKNOWN, "saved with tables that are near no IJG table")
    slack = 0 if header.match == "exact" else NEAR
    if pixels.low - slack <= header.quality <= pixels.high + slack:
        text = f"header and pixels say {'' if header.match == 'exact' else 'about '}{header.quality}"
        return Answer(header.quality, "header", Verdict.CONSISTENT, text)
    if header.match != "exact" or pixels.confidence < SURE:
        return Answer(
            header.quality, "header", Verdict.HEADER_ONLY, f"header says {header.quality}, the pixels leave it open"
        )
    text = f"header says {header.quality}, pixels say {pixels.quality}"
    if pixels.quality < header.quality:
        return Answer(header.quality, "header", Verdict.RESAVED, text + ": saved before, more coarsely")
    return Answer(header.quality, "header", Verdict.MISMATCH, text)
