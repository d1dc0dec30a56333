"""Rows -> figures of every condition and of its parts: the summary that the tables are made of."""

from collections.abc import Callable, Iterable

import numpy as np

from bench.conditions.catalogue import CONDITIONS
from bench.conditions.rows import Row
from bench.summary import Part, Summary, Value, given, mean, ratio, share
from jpegqf.inspection.to_record import MPEG
from jpegqf.jpeg.ijg import scaled
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.record import STEPS, Verdict

Rows = list[Row]
Test = Callable[[Row], bool]
Figure = Callable[[Rows], Value | None]

SEEN_AT = 0.5
"""Probability from which a grid, or an earlier save, counts as said."""
ANSWERED = (
    "single",
    "png",
    "cropped",
    "small",
    "patch",
    "turned",
    "decoders",
    "encoders",
    "last",
    "rgb",
    "edited",
    "reworked",
)
"""Conditions with a quality to name from pixels. Calibration has a target for all but the edited ones."""
CALIBRATED = ANSWERED[:-2]
TOGETHER = "together"
SLICED = ("single", "png", "cropped")
MIXED = ("screenshot", "half", "side_by_side", "pasted")
"""Conditions whose files are not one save all over."""
ONE_SAVE = ("single", "png", "cropped", "never", "no_photo")
"""Conditions whose files are one save all over, or none: nothing must be said to be a mixture there."""
MIXTURES = ("partial", "composite")
"""Verdicts on mixtures."""
OF_TABLES = ("wild", "wild_again", "ffmpeg", "editors")
"""JPEGs with tables that are not the IJG's, of which header and pixels must not contradict each other."""
OF_WRITERS = ("ffmpeg", "editors")
"""Those of which the encoder and the quality on its own scale are to be told."""
READ = ("wild_png", "listed_png")
"""Conditions whose luma table is to be read from the pixels."""
VARIED = ("never", "turned", "decoders", "encoders", "edited", "reworked", "editors", "video")
"""Conditions whose files come in kinds."""
BINS = 15
"""Equal-width bins of confidence (Guo et al., ICML 2017)."""
BANDS = ((1, 9), (10, 29), (30, 49), (50, 69), (70, 89), (90, 95), (96, 100))
CONFIDENT = 0.9
"""Confidence from which a quality counts as told confidently."""
FLAT = "mozjpeg table 1 "
"""How a variant with a flat base begins: several qualities write one table, and the middle one is told."""
RANGES = {"QF 1–95": (1, 95), "QF 96–100": (96, 100)}
SIZES = {"under 256 px": (0, 255), "256–511 px": (256, 511), "512 px and more": (512, 9999)}
GAPS = ((1, 4), (5, 9), (10, 19), (20, 39), (40, 70))
READERS = {
    "jpegqf, header": "header_qf", "jpegqf, pixels": "pixel_qf", "ImageMagick": "imagemagick", "exiftool": "exiftool",
}  # fmt: skip
"""Who tells a quality, and the column of it."""


def passing(rows: Iterable[Row], test: Test) -> Value | None:
    """Share of rows that pass; None of no rows."""
    passed = [test(row) for row in rows]
    return share(sum(passed), len(passed))


def detected(row: Row) -> bool:
    """A JPEG grid is said to be there."""
    return row.jpeg_probability is not None and row.jpeg_probability >= SEEN_AT


def judged(row: Row) -> bool:
    """A quality is named from the pixels."""
    return row.pixel_qf is not None and detected(row)


def seen_twice(row: Row) -> bool:
    """An earlier save is said to be there."""
    return row.recompressed_probability is not None and row.recompressed_probability >= SEEN_AT


def named(row: Row) -> bool:
    """An earlier save's quality is named."""
    return seen_twice(row) and row.first_qf is not None


def _error(row: Row) -> int:
    return abs((row.pixel_qf or 0) - (row.true_qf or 0))


def judged_share(rows: Rows) -> Value | None:
    """Share of files with a quality named from the pixels."""
    return passing(rows, judged)


def within(rows: Rows, bound: int) -> Value | None:
    """Share of judged rows at most ``bound`` off."""
    return passing(filter(judged, rows), lambda row: _error(row) <= bound)


def exact(rows: Rows) -> Value | None:
    """Share of judged rows that are right."""
    return within(rows, 0)


def mae(rows: Rows) -> Value | None:
    """Mean absolute error of judged rows."""
    return mean(np.array([_error(row) for row in rows if judged(row)], np.float64))


def ece(rows: Rows) -> Value | None:
    """Expected calibration error of pixel_confidence over judged rows."""
    told = [row for row in rows if judged(row) and row.pixel_confidence is not None]
    if not told:
        return None
    sure = np.array([row.pixel_confidence for row in told], np.float64)
    right = np.array([_error(row) == 0 for row in told], np.float64)
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float((sure - right)[place == i].sum())) for i in range(BINS)]
    return Value(sum(gaps) / len(told), len(told))


def _inside(row: Row) -> bool:
    return (row.pixel_qf_low or 0) <= (row.true_qf or 0) <= (row.pixel_qf_high or 0)


def coverage(rows: Rows) -> Value | None:
    """Share of intervals, of files with a grid, that hold the truth."""
    return passing((row for row in rows if detected(row) and row.pixel_qf_low), _inside)


def wide_coverage(rows: Rows) -> Value | None:
    """The same over the intervals that hold more than one quality."""
    several = (row for row in rows if detected(row) and row.pixel_qf_low and row.pixel_qf_low != row.pixel_qf_high)
    return passing(several, _inside)


def grid_right(rows: Rows) -> Value | None:
    """Share of judged rows whose grid is named where it is."""
    return passing(
        (row for row in rows if judged(row) and row.true_grid_x is not None),
        lambda row: (row.grid_x, row.grid_y) == (row.true_grid_x, row.true_grid_y),
    )


def grid_found(rows: Rows) -> Value | None:
    """Share of files said to show a JPEG grid."""
    return passing(rows, detected)


def answered(rows: Rows) -> Value | None:
    """Share of files with a final answer."""
    return passing(rows, lambda row: row.qf is not None)


def twice_found(rows: Rows) -> Value | None:
    """Share of files said to have been saved before."""
    return passing(rows, seen_twice)


def first_exact(rows: Rows) -> Value | None:
    """Share of named first qualities that are right."""
    return passing(filter(named, rows), lambda row: row.first_qf == row.true_first)


def first_mae(rows: Rows) -> Value | None:
    """Mean absolute error of named first qualities."""
    return mean(np.array([abs((row.first_qf or 0) - (row.true_first or 0)) for row in rows if named(row)], np.float64))


def of(rows: Rows, condition: str) -> Rows:
    """The rows of one condition."""
    return [row for row in rows if row.condition == condition]


def silent(rows: Rows) -> Value | None:
    """Share of files of whose history nothing is said."""
    return passing(rows, lambda row: row.recompressed_probability is None)


def confidence(rows: Rows) -> Value | None:
    """Mean pixel_confidence of judged rows."""
    sure = [row.pixel_confidence for row in rows if judged(row) and row.pixel_confidence is not None]
    return Value(float(np.mean(sure)), len(sure)) if sure else None


def failed(rows: Rows) -> Value | None:
    """Share of files without any answer, by an error."""
    return passing(rows, lambda row: bool(row.issue))


def verdict_right(rows: Rows) -> Value | None:
    """Share of files with the verdict that is asked for."""
    return passing(rows, lambda row: row.verdict == row.true_verdict)


def parts_within(rows: Rows, bound: int) -> Value | None:
    """Share of the files with the right verdict whose parts all have qualities at most ``bound`` off."""
    told = [row for row in rows if row.verdict == row.true_verdict]
    return passing(told, lambda row: row.part_error is not None and row.part_error <= bound)


def overlapping(rows: Rows, bound: float) -> Value | None:
    """Share of all files whose (last) part overlaps its region by at least ``bound``."""
    return passing(rows, lambda row: (row.overlap or 0) >= bound)


def called_mixed(rows: Rows) -> Value | None:
    """Share of files said to be mixtures."""
    return passing(rows, lambda row: row.verdict in MIXTURES)


def told_as(rows: Rows, *verdicts: Verdict) -> Value | None:
    """Share of files with one of these verdicts."""
    return passing(rows, lambda row: row.verdict in verdicts)


def writer_right(row: Row) -> bool:
    """The encoder that wrote the file is told, and its own quality."""
    if row.encoder != row.true_encoder or row.encoder_quality is None:
        return False
    told, truth = row.encoder_quality, row.true_encoder_quality or 0
    return told == truth or (row.variant.startswith(FLAT) and _flat_step(told) == _flat_step(truth))


def _flat_step(quality: float) -> int:
    """The step of mozjpeg's flat table at a quality: several qualities share it."""
    return int(scaled(np.array(MOZJPEG_LUMA[1][0]), int(quality)))


def steps_named(rows: Rows) -> Value | None:
    """Share of all steps that are told."""
    named = np.array([row.steps_named or 0 for row in rows], np.float64)
    return ratio(named, np.full(len(named), float(STEPS)))


def steps_right(rows: Rows) -> Value | None:
    """Share of the told steps that are right."""
    named, wrong = (np.array([getattr(row, name) or 0 for row in rows], np.float64) for name in STEP_COUNTS)
    return ratio(named - wrong, named)


STEP_COUNTS = ("steps_named", "steps_wrong")


def no_step_wrong(rows: Rows) -> Value | None:
    """Share of the files with told steps of which none is wrong."""
    return passing((row for row in rows if row.steps_named), lambda row: row.steps_wrong == 0)


def table_named(rows: Rows) -> Value | None:
    """Share of files of which all 64 steps are told and right."""
    return passing(rows, lambda row: (row.steps_named, row.steps_wrong) == (STEPS, 0))


def given_quality(rows: Rows, least: float = 0) -> Value | None:
    """Share of files with a quality from the pixels of at least this confidence."""
    return passing(rows, lambda row: row.pixel_qf is not None and (row.pixel_confidence or 0) >= least)


def told_as_video(rows: Rows) -> Value | None:
    """Share of files said to be frames of a video codec."""
    return passing(rows, lambda row: row.pixel_encoder == MPEG)


def told_as_codec(rows: Rows, *codecs: str) -> Value | None:
    """Share of files whose colours are said to come from one of these codecs."""
    return passing(rows, lambda row: row.pixel_codec in codecs)


def sampling_told(rows: Rows) -> Value | None:
    """Share of the files of QF 20 to 95 that have chroma whose subsampling is told."""
    return passing(filter(_has_chroma, rows), lambda row: bool(row.pixel_subsampling))


def sampling_right(rows: Rows) -> Value | None:
    """Share of those told, of files of QF 20 to 95, that are right."""
    told = [row for row in rows if _has_chroma(row) and row.pixel_subsampling]
    return passing(told, lambda row: row.pixel_subsampling == row.subsampling)


def _has_chroma(row: Row) -> bool:
    return row.subsampling not in ("", "gray") and 20 <= (row.true_qf or 0) <= 95


def chroma_exact(rows: Rows) -> Value | None:
    """Share of the named qualities of chroma that are right."""
    return passing((row for row in rows if row.pixel_qf_chroma), lambda row: row.pixel_qf_chroma == row.true_qf)


def inside_or_none(rows: Rows) -> Value | None:
    """Share of files whose interval holds the truth, or of which no quality is named."""
    return passing(rows, lambda row: not judged(row) or _inside(row))


def confident_and_wrong(rows: Rows) -> Value | None:
    """Share of files with a wrong quality that is told confidently."""
    return passing(rows, lambda row: judged(row) and (row.pixel_confidence or 0) >= CONFIDENT and _error(row) > 0)


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
RECODED: dict[str, Figure] = {
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
    **dict.fromkeys(("webp", "webp_of_jpeg"), RECODED),
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
    if condition in ("png", "cropped"):
        return COLOURS
    return {"another codec": COLOURS["another codec"]} if condition in ("never", "no_photo", "resized") else {}


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
