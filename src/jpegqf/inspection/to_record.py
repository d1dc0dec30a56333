"""Findings -> one Record: evidence as columns, and the verdict on them."""

import os
from typing import Any

from jpegqf.errors import ImageBrokenError, ImageError
from jpegqf.history.classifier import History
from jpegqf.history.naming import FirstTable
from jpegqf.inspection.findings import Findings
from jpegqf.inspection.pixel_table import PixelTable
from jpegqf.inspection.regions import FoundRegion
from jpegqf.inspection.verdict import (
    OF_SEVERAL,
    RECODED,
    HeaderSummary,
    HistorySummary,
    MixtureSummary,
    PixelSummary,
    of_another_codec,
    verdict_on,
)
from jpegqf.jpeg.all_tables import Writer
from jpegqf.jpeg.encoders import Encoder, HeaderEvidence
from jpegqf.jpeg.header import Header
from jpegqf.jpeg.known_tables import Family
from jpegqf.pixels.enlargement import Enlargement
from jpegqf.record import Record, Region, Status

SHOWN_DIGITS = 4
"""Probabilities are rounded: more digits would say more than is known."""

MPEG = "mpeg"
"""``pixel_encoder`` of frames of video codecs: of MPEG's and of those that transform blocks like them."""
RecordColumns = dict[str, Any]
"""Some columns of a record, by their names."""


def to_record(found: Findings) -> Record:
    """The row of an image."""
    columns = _identity(found) | _header_columns(found.header, found.header_evidence) | _container_columns(found)
    if found.issue:
        columns |= _issue_columns(found.issue)
    if not found.pixels_tried and found.header_evidence is None:
        return Record(**columns)
    columns |= _pixel_columns(found) | _history_columns(found.history)
    header = _header_summary(found)
    codec = found.codec_name
    container = (found.container and found.container.format) or "image"
    pixels, history = _pixel_summary(found), _history_summary(found.history)
    if found.other_grid and codec not in RECODED:
        judgement = of_another_codec(container, codec == "video")
    else:
        judgement = verdict_on(container, header, pixels, history, codec, _mixture_summary(found))
    columns |= {"qf": judgement.quality, "qf_source": judgement.source, "verdict": judgement.verdict}
    text = judgement.text if found.pixels_tried else _words_without_pixels(header)
    return Record(**columns, verdict_text=text + OF_SEVERAL if found.of_several else text)


def _identity(found: Findings) -> RecordColumns:
    return {"path": found.path, "filename": os.path.basename(found.path), "status": Status.OK}


def _issue_columns(issue: ImageError) -> RecordColumns:
    status = Status.ERROR if isinstance(issue, ImageBrokenError) else Status.SKIPPED
    return {"status": status, "reason": issue.reason.value, "message": str(issue)}


def _container_columns(found: Findings) -> RecordColumns:
    return {**(vars(found.container) if found.container else {}), "codec_quality": found.codec_quality}


def _header_columns(header: Header | None, evidence: HeaderEvidence | None) -> RecordColumns:
    if header is None or evidence is None:
        return {}
    frame = header.frame
    return {
        "header_qf": evidence.luma.quality if evidence.luma else None,
        "header_qf_chroma": evidence.chroma.quality if evidence.chroma else None,
        "header_match": evidence.luma.kind if evidence.luma else None,
        "header_error": _shown(evidence.luma.error) if evidence.luma else None,
        "encoder": evidence.encoder.family.value,
        "encoder_quality": evidence.encoder.quality,
        "subsampling": frame.subsampling if frame else None,
        "progressive": frame.progressive if frame else None,
    }


def _pixel_columns(found: Findings) -> RecordColumns:
    """A quality only where the pixels show a grid, and one alone only where its interval is narrow enough."""
    prediction = found.prediction
    if prediction is None:
        return {}
    always = {"jpeg_probability": _shown(prediction.jpeg_probability), "model": found.model, **_region_columns(found)}
    always |= _colour_columns(found)
    if found.other_grid and found.codec_name == "video":
        return always | {"pixel_encoder": MPEG}
    if not prediction.has_grid:
        return always
    low, high = prediction.interval()
    return always | {
        "pixel_qf": prediction.rounded if prediction.names_a_quality else None,
        "pixel_qf_low": low,
        "pixel_qf_high": high,
        "pixel_confidence": _shown(prediction.confidence),
        "grid_x": prediction.grid.x,
        "grid_y": prediction.grid.y,
        **_table_columns(found.table),
    }


def _colour_columns(found: Findings) -> RecordColumns:
    columns: RecordColumns = {"edited": found.edited}
    if found.codec:
        columns |= {"pixel_codec": found.codec.codec, "pixel_codec_share": _shown(found.codec.share)}
    if found.chroma:
        columns |= {"pixel_subsampling": found.chroma.subsampling, "pixel_qf_chroma": found.chroma.quality}
    return columns


def _table_columns(table: PixelTable | None) -> RecordColumns:
    if table is None:
        return {}
    encoder = table.writer.family.value if table.writer else None
    quality = table.writer.quality if table.writer else None
    return {"pixel_table": table.steps, "pixel_encoder": encoder, "pixel_encoder_quality": quality}


def _region_columns(found: Findings) -> RecordColumns:
    if found.regions is None:
        return {}
    return {
        "jpeg_share": _shown(found.regions.share),
        "regions": found.regions.saves,
        "region_list": tuple(_region(region, found.enlargement) for region in found.regions.regions),
    }


def _region(region: FoundRegion, enlargement: Enlargement) -> Region:
    """As a row tells it: its box in stored pixels."""
    prediction, box, factor = region.prediction, region.box, enlargement.factor
    low, high = prediction.interval()
    x, y = enlargement.stored(box.x, box.y)
    return Region(
        x=x,
        y=y,
        width=factor * box.width,
        height=factor * box.height,
        grid_x=prediction.grid.x,
        grid_y=prediction.grid.y,
        pixel_qf=prediction.rounded if prediction.names_a_quality else None,
        pixel_qf_low=low,
        pixel_qf_high=high,
        share=round(float(region.share), SHOWN_DIGITS),
        jpeg_probability=round(float(prediction.jpeg_probability), SHOWN_DIGITS),
    )


def _mixture_summary(found: Findings) -> MixtureSummary:
    if found.regions is None:
        return MixtureSummary((), 1, False)
    regions = tuple(_region(region, found.enlargement) for region in found.regions.regions)
    return MixtureSummary(regions, found.regions.saves, found.regions.rest, found.enlargement.factor)


def _history_columns(history: History | None) -> RecordColumns:
    if history is None:
        return {}
    probability = history.recompressed_probability
    columns: RecordColumns = {"recompressed_probability": _shown(probability)}
    if history.first is None:
        return columns
    first = history.first
    family = first.family.value if first.family else None
    return columns | {
        "first_qf": first.quality,
        "first_qf_low": first.low,
        "first_qf_high": first.high,
        "first_encoder": family,
    }


def _shown(probability: float | None) -> float | None:
    return None if probability is None else round(probability, SHOWN_DIGITS)


def _header_summary(found: Findings) -> HeaderSummary | None:
    evidence = found.header_evidence
    if evidence is None:
        return None
    if evidence.luma is None:
        return HeaderSummary(None, "none", sound=False)
    sound = evidence.luma.quality is not None or evidence.luma.error is not None
    return HeaderSummary(
        evidence.luma.quality, evidence.luma.kind, _encoder_words(evidence.encoder), found.own_table, sound
    )


def _encoder_words(encoder: Encoder | Writer | None) -> str:
    """The encoder and its own quality, "" if nobody is known to write these tables."""
    if encoder is None or encoder.family in (Family.UNKNOWN, Family.IJG):
        return ""
    if encoder.family == Family.SCALED:
        return "IJG tables scaled" + (f" to {encoder.quality:g}" if encoder.quality is not None else "")
    name = encoder.name or encoder.family.value
    return name if encoder.quality is None or encoder.family == Family.CAMERA else f"{name} {encoder.quality:g}"


def _pixel_summary(found: Findings) -> PixelSummary | None:
    """What the pixels tell, None if there is a grid whose interval is too wide to name a quality."""
    prediction = found.prediction
    if prediction is None or (prediction.has_grid and not prediction.names_a_quality and not found.edited):
        return None
    low, high = prediction.interval()
    confidence, saved = round(prediction.confidence, SHOWN_DIGITS), round(prediction.jpeg_probability, SHOWN_DIGITS)
    encoder = None if found.table is None or found.table.ijg else _encoder_words(found.table.writer)
    return PixelSummary(prediction.rounded, low, high, confidence, saved, encoder, bool(found.edited))


def _history_summary(history: History | None) -> HistorySummary:
    if history is None:
        return HistorySummary("", None, asked=False)
    moved = history.grid not in (None, (0, 0))
    words = _first_words(history.first) if history.first else ""
    return HistorySummary(words, _shown(history.recompressed_probability), moved)


def _first_words(first: FirstTable) -> str:
    """The earlier save's quality in words."""
    return f"a quality between {first.low} and {first.high}" if first.quality is None else str(first.quality)


def _words_without_pixels(header: HeaderSummary | None) -> str:
    known = f"header says {header.words}" if header and header.sound else "no sound quantization table"
    return f"{known}; the pixels were not looked at"
