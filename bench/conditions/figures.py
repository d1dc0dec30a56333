"""Rows -> figures of every condition and of its parts: the summary that the tables are made of."""

from collections.abc import Callable

import numpy as np

from bench.conditions.catalogue import CONDITIONS
from bench.conditions.measures import (
    CONFIDENT,
    Figure,
    Rows,
    answered,
    called_mixed,
    chroma_exact,
    confidence,
    confident_and_wrong,
    coverage,
    ece,
    exact,
    failed,
    first_exact,
    first_mae,
    given_quality,
    grid_found,
    grid_right,
    inside_or_none,
    judged_share,
    mae,
    no_step_wrong,
    of,
    overlapping,
    parts_within,
    passing,
    sampling_right,
    sampling_told,
    silent,
    steps_named,
    steps_right,
    table_named,
    told_as,
    told_as_codec,
    told_as_video,
    twice_found,
    verdict_right,
    wide_coverage,
    within,
    writer_right,
)
from bench.conditions.rows import Row
from bench.summary import Part, Summary, Value, given, mean, share
from jpegqf.record import Verdict

ANSWERED = (
    "single", "png", "cropped", "small", "patch", "turned", "decoders", "encoders", "last", "rgb", "edited", "reworked",
)  # fmt: skip
"""Conditions with a quality to name from pixels. Calibration has a target for all but the edited ones."""
CALIBRATED = ANSWERED[:-2]
TOGETHER = "together"
SLICED = ("single", "png", "cropped")
MIXED = ("screenshot", "half", "side_by_side", "pasted")
"""Conditions whose files are not one save all over."""
CROPPED_OR_NOT = ("png", "cropped")
"""PNGs of which subsampling and chroma table are to be told."""
COLOURED = (*CROPPED_OR_NOT, "never", "no_photo", "resized")
"""Conditions whose files come from no other lossy codec."""
RECODED = ("webp", "webp_of_jpeg")
"""PNGs of lossy WebPs."""
ONE_SAVE = ("single", "png", "cropped", "never", "no_photo")
"""Conditions whose files are one save all over, or none: nothing must be said to be a mixture there."""
OF_TABLES = ("wild", "wild_again", "ffmpeg", "editors")
"""JPEGs with tables that are not the IJG's, of which header and pixels must not contradict each other."""
OF_WRITERS = ("ffmpeg", "editors")
"""Those of which the encoder and the quality on its own scale are to be told."""
READ = ("wild_png", "listed_png")
"""Conditions whose luma table is to be read from the pixels."""
VARIED = ("never", "turned", "decoders", "encoders", "edited", "reworked", "editors", "video")
"""Conditions whose files come in kinds."""
BANDS = ((1, 9), (10, 29), (30, 49), (50, 69), (70, 89), (90, 95), (96, 100))
RANGES = {"QF 1–95": (1, 95), "QF 96–100": (96, 100)}
SIZES = {"under 256 px": (0, 255), "256–511 px": (256, 511), "512 px and more": (512, 9999)}
GAPS = ((1, 4), (5, 9), (10, 19), (20, 39), (40, 70))
READERS = {
    "jpegqf, header": "header_qf", "jpegqf, pixels": "pixel_qf", "ImageMagick": "imagemagick", "exiftool": "exiftool",
}  # fmt: skip
"""Who tells a quality, and the column of it."""


RIGHT: dict[str, Figure] = {
    "judged": judged_share, "exact": exact, "within 1": lambda rows: within(rows, 1), "MAE": mae,
    "grid right": grid_right,
}  # fmt: skip
CALIBRATION: dict[str, Figure] = {"ECE": ece, "inside": coverage, "inside of several": wide_coverage}
GRID: dict[str, Figure] = {"grid seen": grid_found, "answered": answered}
SAVED: dict[str, Figure] = {"saved before": twice_found, "silent": silent}
FIRST: dict[str, Figure] = {"first exact": first_exact, "first MAE": first_mae}
PARTS: dict[str, Figure] = {
    "verdict right": verdict_right, "parts exact": lambda rows: parts_within(rows, 0),
    "parts within 1": lambda rows: parts_within(rows, 1), "overlap 0.6": lambda rows: overlapping(rows, 0.6),
    "overlap 0.7": lambda rows: overlapping(rows, 0.7),
}  # fmt: skip
AGREEING: dict[str, Figure] = {
    "consistent": lambda rows: told_as(rows, Verdict.CONSISTENT),
    "seen or consistent": lambda rows: told_as(rows, Verdict.CONSISTENT, Verdict.RESAVED),
    "mismatch": lambda rows: told_as(rows, Verdict.MISMATCH), "unknown": lambda rows: told_as(rows, Verdict.UNKNOWN),
    "answered": answered,
}  # fmt: skip
WRITTEN: dict[str, Figure] = {**AGREEING, "writer right": lambda rows: passing(rows, writer_right)}
STEPS_TOLD: dict[str, Figure] = {
    "steps named": steps_named, "steps right": steps_right, "no step wrong": no_step_wrong, "table named": table_named,
}  # fmt: skip
FRAMES: dict[str, Figure] = {
    "given a quality": given_quality, "confident": lambda rows: given_quality(rows, CONFIDENT),
    "told as video": told_as_video,
}  # fmt: skip
OF_WEBP: dict[str, Figure] = {
    "told as webp": lambda rows: told_as_codec(rows, "webp"), "given a quality": given_quality,
    "verdict right": verdict_right,
}  # fmt: skip
COLOURS: dict[str, Figure] = {
    "another codec": lambda rows: told_as_codec(rows, "webp", "video"), "subsampling told": sampling_told,
    "subsampling right": sampling_right, "chroma exact": chroma_exact,
}  # fmt: skip
DOUBT: dict[str, Figure] = {"inside or none": inside_or_none, "confident and wrong": confident_and_wrong}
OF_CONDITION: dict[str, dict[str, Figure]] = {
    **{name: WRITTEN if name in OF_WRITERS else AGREEING for name in OF_TABLES},
    **{name: {**RIGHT, **CALIBRATION, **STEPS_TOLD} for name in READ},
    "video": FRAMES,
    **dict.fromkeys(RECODED, OF_WEBP),
    "enlarged": {"verdict right": verdict_right, **RIGHT},
    **dict.fromkeys(MIXED, PARTS),
}
"""What is asked of the files of conditions that are like no other."""


def figures_for(condition: str) -> dict[str, Figure]:
    """What is asked of all files of a condition."""
    mixed: dict[str, Figure] = {"called mixed": called_mixed} if condition in ONE_SAVE else {}
    if condition in OF_CONDITION:
        return {"failed": failed, **OF_CONDITION[condition]}
    if condition in ANSWERED:
        doubt = {} if condition in CALIBRATED else DOUBT
        return {"failed": failed, **RIGHT, **CALIBRATION, **GRID, **mixed, **_of_colours(condition), **doubt}
    if condition in ("never", "resized", "no_photo"):
        return {"failed": failed, **GRID, **mixed, **_of_colours(condition)}
    return {"failed": failed, **SAVED, **({} if condition == "once" else FIRST)}


def _of_colours(condition: str) -> dict[str, Figure]:
    """What is asked of the colours of a condition's files."""
    if condition in CROPPED_OR_NOT:
        return COLOURS
    return {"another codec": COLOURS["another codec"]} if condition in COLOURED else {}


def figures_of_kinds(condition: str) -> dict[str, Figure]:
    """What is asked of the kinds of a condition's files."""
    if condition in ("edited", "reworked"):
        return {**RIGHT, "confidence": confidence, "ECE": ece, **DOUBT}
    kinds = {"never": GRID, "editors": WRITTEN, "video": FRAMES}
    return kinds.get(condition, RIGHT)


def part_of(rows: Rows, condition: str, by: str, name: str, figures: dict[str, Figure]) -> list[Part]:
    """The part that these rows are, none of no rows."""
    told = given({title: figure(rows) for title, figure in figures.items()})
    return [Part(condition, by, name, len(rows), told)] if rows else []


def kind_of(variant: str) -> str:
    """A variant without its setting."""
    name = variant.split(" at ")[0]
    return name.split(" ")[0] if name.startswith(("jpegli", "exif")) else name


def _by_key(rows: Rows, condition: str, by: str, key: Callable[[Row], str], figures: dict[str, Figure]) -> list[Part]:
    """A part for each value that ``key`` has."""
    found = []
    for name in sorted({key(row) for row in rows} - {""}):
        found += part_of([row for row in rows if key(row) == name], condition, by, name, figures)
    return found


def _slices(rows: Rows, condition: str) -> list[Part]:
    """The same rows, cut by quality, size, subsampling, and content as told and as measured."""
    found = []
    for low, high in BANDS:
        part = [row for row in rows if low <= (row.true_qf or 0) <= high]
        found += part_of(part, condition, "quality", f"QF {low}–{high}", RIGHT)
    for name, (low, high) in SIZES.items():
        part = [row for row in rows if low <= min(row.width, row.height) <= high]
        found += part_of(part, condition, "size", name, RIGHT)
    for by, key in (("subsampling", _subsampling), ("kind", _kind), ("content", _content)):
        found += _by_key(rows, condition, by, key, RIGHT)
    return found


def _subsampling(row: Row) -> str:
    return row.subsampling


def _kind(row: Row) -> str:
    return f"kind: {row.kind}" if row.kind else ""


def _content(row: Row) -> str:
    return f"content: {row.content}"


def _ranges(rows: Rows) -> list[Part]:
    """PNGs up to QF 95 and beyond, of which different things are asked."""
    found = []
    for name, (low, high) in RANGES.items():
        found += part_of([row for row in rows if low <= (row.true_qf or 0) <= high], "png", "range", name, GRID)
    return found


def _gaps(rows: Rows) -> list[Part]:
    """By how much the first save was finer."""
    found = []
    for low, high in GAPS:
        part = [row for row in rows if low <= (row.true_first or 0) - (row.true_qf or 0) <= high]
        found += part_of(part, "first_finer", "gap", f"{low}–{high}", {**SAVED, **FIRST})
    return found


def _readers(rows: Rows, condition: str) -> list[Part]:
    """What each reader says of the files that readers of headers were asked about."""
    part, found = [row for row in rows if row.header_qf is not None], []
    for name, column in READERS.items():
        answers = [(getattr(row, column), row.true_qf) for row in part]
        told = [abs(said - truth) for said, truth in answers if said is not None and truth is not None]
        if told:
            figures = {
                "answers": Value(len(told) / len(part), len(part)),
                "exact": share(told.count(0), len(told)),
                "MAE": mean(np.array(told, np.float64)),
            }
            found.append(Part(condition, "reader", name, len(part), given(figures)))
    return found


def _parts(rows: Rows, condition: str) -> list[Part]:
    """All of a condition, and what it is cut into."""
    found = part_of(rows, condition, "", "", figures_for(condition))
    if condition in SLICED:
        found += _slices(rows, condition)
    if condition in VARIED:
        found += _by_key(rows, condition, "variant", lambda row: kind_of(row.variant), figures_of_kinds(condition))
    if condition in MIXED:
        found += _by_key(rows, condition, "content", _content, PARTS)
    if condition == "png":
        found += _ranges(rows)
    if condition == "first_finer":
        found += _gaps(rows)
    return found + _readers(rows, condition)


def summarised(rows: Rows) -> Summary:
    """The figures of every condition that there are rows of, and of those with a goal for calibration together."""
    parts = [part for name in CONDITIONS for part in _parts(of(rows, name), name)]
    together = [row for row in rows if row.condition in CALIBRATED]
    return Summary(parts + part_of(together, TOGETHER, "", "", {**RIGHT, **CALIBRATION}))
