"""Findings -> the evidence of one image in words."""

import numpy as np

from jpegqf.inspection.findings import Findings
from jpegqf.inspection.pixel_table import PixelTable
from jpegqf.model.prediction import Prediction
from jpegqf.names import printable, visible
from jpegqf.pixels.grid import ALIGNED
from jpegqf.record import Record

TIE_PROBABILITY = 0.05
"""Probability from which another quality is named beside the best."""


def explain_lines(found: Findings, record: Record) -> list[str]:
    """The evidence of one image in words, a line each; ``record`` is that of the findings."""
    answer = record.qf if record.qf is not None else "unknown"
    lines = [
        f"{visible(printable(record.path))}: {record.verdict_text or record.message}",
        f"  answer     {answer} ({record.verdict.value})",
    ]
    if record.encoder:
        quality = f"quality {record.header_qf}, {record.header_match}" if record.header_qf else "no IJG quality"
        chroma = f"; chroma {record.header_qf_chroma}" if record.header_qf_chroma else ""
        lines.append(f"  header     {quality}{chroma}; encoder family {record.encoder}; {record.subsampling}")
    if record.codec_quality is not None:
        lines.append(f"  {record.format:<10} saved at {record.codec_quality:g} on its own encoder's scale")
    if found.prediction:
        lines += _pixel_lines(found.prediction)
        lines += _colour_lines(record)
        lines += _table_lines(found.table)
        lines += _region_lines(found, record)
    elif record.message:
        lines.append(f"  pixels     {record.message}")
    return lines + _history_lines(record)


def _history_lines(record: Record) -> list[str]:
    if record.recompressed_probability is None:
        return ["  history    too little to tell whether it was saved before"] if record.encoder else []
    lines = [f"  history    saved before with probability {record.recompressed_probability:.2f}"]
    if record.first_qf_low is not None and record.first_qf_high is not None:
        named = f"at quality {record.first_qf}, " if record.first_qf else ""
        lines[0] += f", {named}95 % interval {between(record.first_qf_low, record.first_qf_high)}"
    if record.first_encoder:
        lines.append(f"             with a table of the family {record.first_encoder}")
    return lines


def _pixel_lines(prediction: Prediction) -> list[str]:
    if not prediction.has_grid:
        return [f"  pixels     no JPEG grid (probability of one: {prediction.jpeg_probability:.2f})"]
    low, high = prediction.interval()
    shown = f"quality {prediction.rounded}, probability {prediction.confidence:.2f}, 95 % interval {between(low, high)}"
    lines = [f"  pixels     {shown}"]
    if prediction.by_green:
        lines.append("             told by the green channel, since luma leaves doubt")
    if prediction.grid != ALIGNED:
        since = "turned by 90 degrees" if prediction.grid.turned else "cropped or mirrored"
        lines.append(f"  grid       starts at column {prediction.grid.x}, row {prediction.grid.y}: {since} since")
    others = ", ".join(f"{q} ({probability:.2f})" for q, probability in ties(prediction))
    if others:
        lines.append(f"             also possible: {others}: their tables agree wherever this image has detail")
    return lines


def _colour_lines(record: Record) -> list[str]:
    """What the colours tell: whose decoder made them, how chroma was saved, and whether they were edited since."""
    told = []
    if record.pixel_codec:
        told.append(f"those of a decoder of {record.pixel_codec}")
    if record.pixel_subsampling:
        told.append(f"chroma subsampled {record.pixel_subsampling}")
    if record.pixel_qf_chroma:
        told.append(f"chroma table of quality {record.pixel_qf_chroma}")
    if record.edited:
        told.append("edited since the last JPEG save")
    return [f"  colours    {'; '.join(told)}"] if told else []


def _table_lines(table: PixelTable | None) -> list[str]:
    """The luma table that the pixels show, a row of it a line; a dot where nothing tells."""
    if table is None:
        return []
    writer = "of no encoder that is known for sure"
    if table.writer:
        quality = "" if table.writer.quality is None else f", quality {table.writer.quality:g}"
        writer = f"{table.writer.name or table.writer.family.value}{quality}"
    cells = ["." if step is None else str(step) for step in table.steps]
    width = max(map(len, cells))
    rows = [" ".join(f"{cell:>{width}}" for cell in cells[first : first + 8]) for first in range(0, 64, 8)]
    return [f"  luma table {writer}", *(f"             {row}" for row in rows)]


def _region_lines(found: Findings, record: Record) -> list[str]:
    """The regions of an image that is not one save all over, and whether it was enlarged."""
    factor = found.enlargement.factor
    lines = [f"  enlarged   each pixel repeated {factor}x{factor} times: read as it was before"] if factor > 1 else []
    if not found.is_mixture:
        return lines
    for region in record.region_list or ():
        box = f"{region.width}x{region.height} at ({region.x}, {region.y})"
        quality = region.pixel_qf or f"{region.pixel_qf_low}-{region.pixel_qf_high}"
        lines.append(f"  region     {box}: quality {quality}, {100 * region.share:.0f} % of what can be judged")
    return [*lines, f"  JPEG grid  on {100 * (record.jpeg_share or 0):.0f} % of what can be judged"]


def between(low: int, high: int) -> str:
    """An interval of qualities in words."""
    return f"exactly {low}" if low == high else f"{low} to {high}"


def ties(prediction: Prediction) -> list[tuple[int, float]]:
    """Other qualities that are also possible, with their probabilities."""
    others = [
        int(at) + 1 for at in np.flatnonzero(prediction.probability >= TIE_PROBABILITY) if at + 1 != prediction.rounded
    ]
    return [(quality, float(prediction.probability[quality - 1])) for quality in others]


def next_best(prediction: Prediction) -> int:
    """The second most probable quality; where all others are out of the question, the nearest one."""
    others = [quality for quality in range(1, 101) if quality != prediction.rounded]
    return min(others, key=lambda q: (-round(float(prediction.probability[q - 1]), 6), abs(q - prediction.rounded)))
