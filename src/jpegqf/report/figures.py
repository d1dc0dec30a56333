"""Counts of a collection -> the figures of its report, as plain data for JSON."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jpegqf.record import Status, Verdict
from jpegqf.report.aggregate import MOST_CAUSES, MOST_NAMES, Aggregate, ListedImage
from jpegqf.report.association import BANDS, FEWEST, NO_TRACE, associate, band_of, total_variation
from jpegqf.report.grouping import MOST_GROUPS, OTHERS, GroupName, folder_of
from jpegqf.report.texts import Text, shown
from jpegqf.report.wording import MEDIAN, WORST_FIRST, association_words, quantile

SERIES = 7
"""Names that a chart tells apart; the rest are added up."""
GROUPS_LISTED = 500
CAUSES_LISTED = 100
LONGEST_FOLDER = 160
"""Characters of a folder's name that are shown."""
TABLE_BYTES = 2_500_000
"""Of the rows of the table as JSON, thumbnails apart."""
BAND_NAMES = tuple(f"{low}–{high}" for low, high in BANDS)
"""Of the bands of quality; images without a trace of a JPEG are counted after the last one."""

UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}
Json = dict[str, Any]


def as_json(value: object) -> str:
    """JSON for a script element, which no text in it can end; what is not ASCII is escaped, lone surrogates too."""
    return json.dumps(value, separators=(",", ":")).translate(UNSAFE)


def figures(found: Aggregate, thumbnails: Sequence[str | None] = ()) -> Json:
    """All that the page shows. ``thumbnails`` go with the rows of ``found.table()``."""
    groups = group_figures(found)
    table = table_figures(found, thumbnails)
    causes = cause_figures(found)
    return {
        "rows": found.rows,
        "verdicts": [[kind.value, found.verdicts[kind.value]] for kind in WORST_FIRST],
        "statuses": [[kind.value, found.statuses[kind.value]] for kind in Status],
        "quality": quality_figures(found),
        "pairs": pair_figures(found),
        "firsts": [[last, first, number] for (last, first), number in sorted(found.firsts.items())],
        "groups": groups,
        "causes": causes,
        "table": table,
        "models": [shown(name) for name, _ in _by_count(found.models) if name],
        "notes": [note.data() for note in _notes(found, groups, table, causes)],
    }


def _by_count(counts: Mapping[GroupName, int]) -> list[tuple[GroupName, int]]:
    """Names, those with most images first, ties in the order of the alphabet, the unnamed rest last."""
    return sorted(counts.items(), key=lambda entry: (entry[0] is OTHERS, -entry[1], entry[0] or ""))


def quality_figures(found: Aggregate) -> Json:
    """Images by quality: counts of 1 to 100 are lists whose first number is of those without one."""
    header, pixels = [0] * 101, [0] * 101
    for (header_quality, pixel_quality, _), number in found.pairs.items():
        header[header_quality or 0] += number
        pixels[pixel_quality or 0] += number
    return {
        "header": header,
        "pixels": pixels,
        "encoders": _series(found.encoders, skip_unnamed=True),
        "formats": _series(found.formats),
    }


def _series(counts: Counter[tuple[GroupName, int | None]], skip_unnamed: bool = False) -> list[Json]:
    """Names with their counts by quality: SERIES of them, then all others together."""
    totals: Counter[GroupName] = Counter()
    for (name, _), number in counts.items():
        if name is not None or not skip_unnamed:
            totals[name] += number
    order = [name for name, _ in _by_count(totals)]
    kept = {name: i for i, name in enumerate(order[:SERIES] if len(order) > SERIES + 1 else order)}
    lists = [[0] * 101 for _ in range(min(len(order), len(kept) + 1))]
    for (name, quality), number in counts.items():
        if name in totals:
            lists[kept.get(name, len(kept))][quality or 0] += number
    names: list[str | list[Any]] = [shown(name, 40) if name else Text("series.unknown").data() for name in kept]
    names.append(Text("series.others").data())
    return [{"name": name, "counts": numbers} for name, numbers in zip(names, lists, strict=False)]


def pair_figures(found: Aggregate) -> list[list[int]]:
    """Rows [header QF, pixel QF, images, re-saved images among them], one for each pair of qualities that occurs."""
    cells: dict[tuple[int, int], list[int]] = {}
    for (header, pixel, resaved), number in found.pairs.items():
        if header is not None and pixel is not None:
            cell = cells.setdefault((header, pixel), [0, 0])
            cell[0] += number
            cell[1] += number * resaved
    return [[*place, *numbers] for place, numbers in sorted(cells.items())]


@dataclass
class _Group:
    """What a group's images add up to; ``bands`` counts those of each band of quality."""

    images: int = 0
    resaved: int = 0
    bands: list[int] = field(default_factory=lambda: [0] * (NO_TRACE + 1))
    qualities: Counter[int] = field(default_factory=Counter)


def _groups(found: Aggregate) -> dict[GroupName, _Group]:
    """Groups by name, in the order of :func:`_by_count`."""
    groups: defaultdict[GroupName, _Group] = defaultdict(_Group)
    for (name, quality), number in found.groups.items():
        groups[name].images += number
        if quality is not None:
            groups[name].bands[band_of(quality)] += number
            groups[name].qualities[quality] += number
    for (name, verdict), number in found.group_verdicts.items():
        groups[name].resaved += number * (verdict == Verdict.RESAVED.value)
        groups[name].bands[NO_TRACE] += number * (verdict == Verdict.NO_TRACE.value)
    return {name: groups[name] for name, _ in _by_count({name: group.images for name, group in groups.items()})}


def group_figures(found: Aggregate) -> Json:
    """The groups with most images, their bands of quality, and how much all groups differ."""
    groups = _groups(found)
    named = [name for name in groups if name is not None and name is not OTHERS]
    compared = [name for name in named if sum(groups[name].bands) >= FEWEST]
    table = np.array([groups[name].bands for name in compared], np.int64).reshape(-1, NO_TRACE + 1)
    apart = total_variation(table).round(3).tolist() if len(compared) > 1 else []
    distances: dict[GroupName, float] = dict(zip(compared, apart, strict=False))
    listed = list(groups)[:GROUPS_LISTED]
    if OTHERS in groups:
        listed[-1] = OTHERS  # they come last, and may be many
    prefix, labels = _labels(listed, found.grouping.column == "path")
    by = found.grouping.title
    difference = associate(table)
    heading, sentences = association_words(difference, by) if difference else (None, [])
    return {
        "by": by.data(),
        "below": prefix,
        "bands": BAND_NAMES,
        "number": len(groups),
        "full": found.groups_full,
        "compared": len(compared),
        "fewest": FEWEST,
        "listed": [
            [label, group.images, quantile(group.qualities, MEDIAN), group.resaved, distances.get(name), group.bands]
            for name, group, label in zip(listed, map(groups.__getitem__, listed), labels, strict=True)
        ],
        "effect": difference.effect if difference else None,
        "heading": heading.data() if heading else None,
        "sentences": [sentence.data() for sentence in sentences],
    }


def _labels(names: list[GroupName], folders: bool) -> tuple[str, list[str | list[Any]]]:
    """What all folders begin with, and each without it; a name that is no group's own is a text's key in a list."""
    parts = [name.split("/") for name in names if name is not None and name is not OTHERS] if folders else []
    common = _common(parts) if len(parts) > 1 else []
    cut = len("/".join(common)) + 1 if common else 0

    def label(name: GroupName) -> str | list[Any]:
        if name is None:
            return Text("groups.none").data()
        if name is OTHERS:
            return Text("groups.others").data()
        return shown(name[cut:] or ".", 160) if name[cut:] or folders else Text("groups.empty").data()

    return shown("/".join(common)) if common != [""] else "", [label(name) for name in names]


def _common(parts: list[list[str]]) -> list[str]:
    """The beginning that all lists share."""
    first, last = min(parts), max(parts)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def cause_figures(found: Aggregate) -> list[list[Any]]:
    """Rows [reason or None, status, images, top messages as [text, images, example path], number of messages]."""
    reasons: dict[tuple[GroupName, str], list[tuple[int, GroupName, str]]] = {}
    for cause, number in found.causes.items():
        reasons.setdefault((cause.reason, cause.status), []).append((number, cause.message, found.examples[cause]))
    listed: list[list[Any]] = []
    for (reason, status), messages in reasons.items():
        messages.sort(key=lambda entry: -entry[0])
        words = [[shown(text, 160) if text else None, number, shown(path, 160)] for number, text, path in messages[:5]]
        listed.append(
            [shown(reason, 60) if reason else None, status, sum(entry[0] for entry in messages), words, len(messages)]
        )
    return sorted(listed, key=lambda entry: entry[2], reverse=True)[:CAUSES_LISTED]


def table_figures(found: Aggregate, thumbnails: Sequence[str | None]) -> Json:
    """The rows of the table as lists, see :func:`_table_row`, as many as TABLE_BYTES hold, and their ``folders``."""
    rows: list[list[Any]] = []
    folders: dict[str, int] = {}
    room = TABLE_BYTES
    kept = found.table()
    for row in kept:
        folder = shown(folder_of(row.path), LONGEST_FOLDER)
        values = [*_table_row(row), folders.get(folder, len(folders))]
        room -= len(as_json(values)) + (0 if folder in folders else len(as_json(folder)))
        if room < 0:
            break
        folders.setdefault(folder, len(folders))
        rows.append(values)
    return {
        "rows": rows,
        "folders": list(folders),
        "worst": min(found.worst, found.rows, len(rows)),
        "thumbnails": list(thumbnails[: len(rows)]),
        "cut": len(kept) - len(rows),
    }


def _table_row(row: ListedImage) -> list[Any]:
    """Path as it is shown, sentence, verdict, status, quality, header's, pixels', first save's, encoder, format, size,
    and the path as it is, where that is another text.
    """
    size = f"{row.width} × {row.height}" if row.width and row.height else None
    words = row.message if row.status == Status.ERROR.value else row.verdict_text or row.message
    texts = [text and shown(text) for text in (row.path, words, row.encoder, row.format, size)]
    path, words, encoder, form, size = texts
    exact = None if path == row.path else row.path
    qualities = row.qf, row.header_qf, row.pixel_qf, row.first_qf
    return [path, words, row.verdict, row.status, *qualities, encoder, form, size, exact]


def _notes(found: Aggregate, groups: Json, table: Json, causes: list[list[Any]]) -> list[Text]:
    """What was sampled or cut, so that nobody takes a part for the whole."""
    notes = []
    listed, worst = len(table["rows"]), table["worst"]
    if listed < found.rows:
        places = {"listed": f"{listed:,}", "rows": f"{found.rows:,}", "worst": f"{worst:,}"}
        drawn = {"drawn": f"{listed - worst:,}"}
        notes.append(Text("notes.sampled", places | drawn) if listed > worst else Text("notes.worst", places))
    if table["cut"]:
        notes.append(Text("notes.cut", {"n": f"{table['cut']:,}"}))
    if found.groups_full:
        notes.append(Text("notes.groups_full", {"n": f"{MOST_GROUPS:,}"}))
    if groups["number"] > len(groups["listed"]):
        notes.append(Text("notes.groups", {"n": f"{groups['number']:,}", "listed": f"{len(groups['listed']):,}"}))
    for counts, what in ((found.encoders, "encoders"), (found.formats, "formats")):
        if any(name is OTHERS for name, _ in counts):
            notes.append(Text(f"notes.{what}", {"n": str(MOST_NAMES)}))
    if len(found.causes) >= MOST_CAUSES or len({cause[:2] for cause in found.causes}) > len(causes):
        notes.append(Text("notes.causes", {"n": str(MOST_CAUSES)}))
    given = sum(uri is not None for uri in table["thumbnails"])
    if table["thumbnails"]:
        notes.append(Text("notes.thumbnails", {"n": f"{given:,}", "listed": f"{listed:,}"}))
    notes.append(Text("notes.names"))
    return notes
