"""Findings -> the story of one image in a few lines: what it is, what each kind of evidence says, what is odd."""

from typing import NamedTuple

from jpegqf.inspection.findings import Findings
from jpegqf.names import visible
from jpegqf.pixels.grid import ALIGNED
from jpegqf.record import Record, Status
from jpegqf.views.explain import between, ties

ODDITIES_SHOWN = 4
"""Most oddities that the last line names."""


class StoryLine(NamedTuple):
    """A line of the story: what it is about, and the words. The first is about the file, the second the verdict."""

    label: str
    words: str


def story(found: Findings, record: Record) -> list[StoryLine]:
    """The story of one image, at most eight lines in a fixed order; ``record`` is that of the findings.

    What does not apply is left out: a PNG has no line for a header.
    """
    lines = [
        StoryLine("file", _file(record)),
        StoryLine("verdict", _verdict(record)),
        StoryLine("quality", _quality(record)),
        StoryLine("header", _header(found, record)),
        StoryLine("pixels", _pixels(found)),
        StoryLine("history", _history(record)),
        StoryLine("regions", _regions(found, record)),
        StoryLine("odd", _oddities(found, record)),
    ]
    return [StoryLine(line.label, visible(line.words)) for line in lines if line.words]


def _verdict(record: Record) -> str:
    if record.status is Status.OK:
        return record.verdict_text or record.outcome
    return f"{record.outcome}: {record.message}"


def _file(record: Record) -> str:
    size = f"{record.width}x{record.height}" if record.width and record.height else ""
    return ", ".join(filter(None, [record.path, " ".join(filter(None, [record.format, size]))]))


def _quality(record: Record) -> str:
    if record.qf is not None:
        return f"{record.qf} of 100, from the {record.qf_source}"
    if record.codec_quality is not None:
        return f"{record.codec_quality:g} on the scale of {record.format}; no JPEG quality"
    return "unknown" if record.status is Status.OK else ""


def _header(found: Findings, record: Record) -> str:
    if not found.header_evidence:
        return ""
    quality = "no IJG quality"
    if record.header_qf is not None:
        quality = f"{record.header_qf} ({record.header_match})"
    chroma = f"chroma {record.header_qf_chroma}" if record.header_qf_chroma else ""
    encoder = found.header_evidence.encoder
    setting = f" {encoder.quality:g}" if encoder.quality not in (None, record.header_qf) else ""
    writer = "encoder unknown" if encoder.by == "nothing" else f"written by {encoder.name}{setting}"
    coding = "progressive" if record.progressive else ""
    return ", ".join(filter(None, [quality, chroma, writer, record.subsampling, coding]))


def _pixels(found: Findings) -> str:
    prediction = found.prediction
    if prediction is None:
        return ""
    if not prediction.has_grid:
        return f"no JPEG grid (probability of one: {prediction.jpeg_probability:.2f})"
    interval = between(*prediction.interval())
    words = [f"{prediction.rounded}, probability {prediction.confidence:.2f}, 95 % interval {interval}"]
    others = ", ".join(str(quality) for quality, _ in ties(prediction))
    words += [f"or {others}: their tables agree here"] if others else []
    return "; ".join(words)


def _history(record: Record) -> str:
    probability = record.recompressed_probability
    if probability is None:
        return "too little to tell whether it was saved before" if record.encoder else ""
    if record.first_qf_low is None or record.first_qf_high is None:
        return f"no earlier, coarser save seen (probability {probability:.2f})"
    named = f" at {record.first_qf}" if record.first_qf else ""
    tables = f", tables of {record.first_encoder}" if record.first_encoder else ""
    interval = between(record.first_qf_low, record.first_qf_high)
    return f"saved before{named}, 95 % interval {interval}{tables} (probability {probability:.2f})"


def _regions(found: Findings, record: Record) -> str:
    if found.regions is None:
        return ""
    if not found.is_mixture:
        return "one save all over" if found.prediction and found.prediction.has_grid else ""
    boxes = [
        f"{region.width}x{region.height} at ({region.x}, {region.y}) saved at "
        + (str(region.pixel_qf) if region.pixel_qf else f"{region.pixel_qf_low} to {region.pixel_qf_high}")
        for region in record.region_list or ()
    ]
    more = f", and {len(boxes) - ODDITIES_SHOWN} more" if len(boxes) > ODDITIES_SHOWN else ""
    return f"{', '.join(boxes[:ODDITIES_SHOWN])}{more}"


def _oddities(found: Findings, record: Record) -> str:
    """What an ordinary image of its kind does not have."""
    odd = list(found.header.notes) if found.header else []
    if found.header_evidence and found.header_evidence.turned:
        odd.append("turned by 90 degrees without being decoded")
    if found.prediction and found.prediction.has_grid and found.prediction.grid != ALIGNED and not found.is_mixture:
        grid = found.prediction.grid
        since = "turned by 90 degrees" if grid.turned else "cropped or mirrored"
        odd.append(f"{since} since that save: its grid starts at ({grid.x}, {grid.y})")
    if found.enlargement.factor > 1:
        odd.append(f"enlarged {found.enlargement.factor}x by repeating pixels")
    if record.pixel_codec not in (None, "jpeg"):
        odd.append(f"colours of a decoder of {record.pixel_codec}")
    if record.edited:
        odd.append("edited since the last JPEG save")
    more = f"; and {len(odd) - ODDITIES_SHOWN} more" if len(odd) > ODDITIES_SHOWN else ""
    return "; ".join(odd[:ODDITIES_SHOWN]) + more or ("nothing" if record.status is Status.OK else "")
