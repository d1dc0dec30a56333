"""Summary -> tables in Markdown."""

from collections.abc import Sequence

from bench.conditions.catalogue import CONDITIONS
from bench.conditions.figures import ANSWERED, COLOURED, MIXED, OF_TABLES, ONE_SAVE, READ, RECODED, TOGETHER
from bench.summary import Part, Summary

HISTORY = ("once", "first", "first_shifted")
RIGHT = ("judged", "exact", "within 1", "MAE", "grid right")


def table(head: str, lines: Sequence[Sequence[object]]) -> str:
    """A Markdown table; None is shown as a dash. ``head``: its first line, cells apart by ``|``."""
    out = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join(out + [f"| {' | '.join('–' if cell is None else str(cell) for cell in line)} |" for line in lines])


def _line(name: str, part: Part, figures: Sequence[str]) -> list[object]:
    return [name, part.n, *map(part.get, figures)]


def answers_table(summary: Summary) -> str:
    """Every condition with a quality to name."""
    head = (
        "condition | n | judged | exact | Acc@1 | MAE | ECE | in the interval | in an interval of several | grid right"
    )
    figures = ("judged", "exact", "within 1", "MAE", "ECE", "inside", "inside of several", "grid right")
    parts = {name: summary.whole(name) for name in (*ANSWERED, *READ)}
    parts[f"together, but for edited, {' and '.join(READ)}"] = summary.whole(TOGETHER)
    return table(head, [_line(name, part, figures) for name, part in parts.items() if part])


def grid_table(summary: Summary) -> str:
    """False alarms and detection of a JPEG grid, and answers on resized images."""
    parts = {"never saved as JPEG": summary.whole("never")}
    for kind in ("original", "downscaled", "drawing"):
        parts[f"never: {kind}"] = summary.part("never", "variant", kind)
    parts |= {f"png, {part.part}": part for part in summary.cut("png", "range")}
    parts["resized"] = summary.whole("resized")
    lines = [_line(name, part, ("grid seen", "answered")) for name, part in parts.items() if part]
    return table("files | n | said to show a grid | given a quality", lines)


def mixtures_table(summary: Summary) -> str:
    """Files of which parts were JPEGs, all and by the content of the (first) part; false alarms on single saves."""
    figures = ("verdict right", "parts exact", "parts within 1", "overlap 0.6", "overlap 0.7", "called mixed")
    parts = {name: summary.whole(name) for name in (*MIXED, *ONE_SAVE)}
    lines = [_line(name, part, figures) for name, part in parts.items() if part]
    cuts = [part for name in MIXED for part in summary.cut(name, "content")]
    lines += [_line(f"{part.condition}, {part.part}", part, figures) for part in cuts]
    head = "files | n | verdict right | all exact, of those | all within 1, of those | IoU ≥ 0.6 | IoU ≥ 0.7"
    return table(f"{head} | called a mixture", lines)


def history_table(summary: Summary) -> str:
    """Earlier saves: false alarms, detection, first quality; by gap where the first was finer."""
    parts = {name: summary.whole(name) for name in HISTORY}
    parts |= {f"first_finer by {part.part}": part for part in summary.cut("first_finer", "gap")}
    figures = ("saved before", "silent", "first exact", "first MAE")
    lines = [_line(name, part, figures) for name, part in parts.items() if part]
    return table("files | n | said to be saved before | no answer | first QF exact, of those named | MAE", lines)


def edits_table(summary: Summary) -> str:
    """Each edit, the mild ones first."""
    figures = ("judged", "exact", "MAE", "confidence", "ECE", "inside or none", "confident and wrong")
    parts = [part for name in ("edited", "reworked") for part in summary.cut(name, "variant")]
    lines = [_line(part.part, part, figures) for part in parts]
    head = "edit | n | judged | exact | MAE | mean confidence | ECE | in the interval, or none named"
    return table(f"{head} | confident and wrong", lines)


def colours_table(summary: Summary) -> str:
    """Codec, subsampling and chroma table from the colours of pixels."""
    figures = ("told as webp", "another codec", "subsampling told", "subsampling right", "chroma exact")
    parts = [summary.whole(name) for name in (*COLOURED, *RECODED)]
    lines = [_line(part.condition, part, figures) for part in parts if part]
    head = "files | n | told as WebP | told as another codec | subsampling told, QF 20–95 | right, of those"
    return table(f"{head} | quality of chroma exact", lines)


def variants_table(summary: Summary) -> str:
    """Conditions whose files come in kinds: turns, decoders, encoders."""
    figures = ("judged", "exact", "MAE", "grid right")
    parts = [part for name in ("turned", "decoders", "encoders") for part in summary.cut(name, "variant")]
    lines = [_line(f"{part.condition}: {part.part}", part, figures) for part in parts]
    return table("files | n | judged | exact | MAE | grid right", lines)


def wild_table(summary: Summary) -> str:
    """JPEGs with tables that are not the IJG's, all and by their encoders, and tables read from pixels."""
    figures = (
        "consistent", "seen or consistent", "mismatch", "unknown", "answered", "writer right",
        "steps named", "steps right", "no step wrong", "table named",
    )  # fmt: skip
    parts = {name: summary.whole(name) for name in (*OF_TABLES, *READ)}
    lines = [_line(name, part, figures) for name, part in parts.items() if part]
    lines += [_line(f"editors: {part.part}", part, figures) for part in summary.cut("editors", "variant")]
    head = "files | n | consistent | consistent, or saved before | mismatch | unknown"
    head += " | given a quality | encoder and its quality right"
    head += " | steps named | right, of those | no step wrong | all 64 right"
    return table(head, lines)


def video_table(summary: Summary) -> str:
    """Frames of videos, all and by codec."""
    figures, whole = ("given a quality", "confident", "told as video"), summary.whole("video")
    lines = [_line("video", whole, figures)] if whole else []
    lines += [_line(part.part, part, figures) for part in summary.cut("video", "variant")]
    return table("codec | n | given a quality | with confidence 0.9 | told as video", lines)


def slices_table(summary: Summary, condition: str) -> str:
    """One condition by quality, size, subsampling and content."""
    parts = summary.cut(condition, "quality", "size", "subsampling", "kind", "content")
    lines = [_line(part.part, part, RIGHT) for part in parts]
    return table(f"{condition} | n | judged | exact | Acc@1 | MAE | grid right", lines)


def peers_table(summary: Summary) -> str:
    """Readers of headers beside this package, on the same files; empty where none was asked."""
    parts = [part for name in CONDITIONS for part in summary.cut(name, "reader")]
    lines = [[part.condition, part.part, *map(part.get, ("answers", "exact", "MAE"))] for part in parts]
    return table("files | reader | answers | exact, of those answered | MAE", lines) if lines else ""
