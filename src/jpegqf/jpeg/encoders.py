"""Header -> the quality of its tables, and which encoder wrote them at which of its own settings."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from jpegqf.jpeg.header import Header, QuantTable
from jpegqf.jpeg.ijg import real_quality
from jpegqf.jpeg.jpegli import Distance, match_jpegli
from jpegqf.jpeg.known_tables import IJG_NAME, MOZJPEG_NAMES, SCALED_NAME, Family
from jpegqf.jpeg.listed_tables import by_steps
from jpegqf.jpeg.ruled_tables import FFMPEG_NAME, is_guetzli, match_ffmpeg
from jpegqf.jpeg.table_match import (
    Match,
    gdiplus_qualities,
    match_ijg,
    match_mozjpeg,
    match_scaled,
    wic_qualities,
)

WINDOWS_SOFTWARE = re.compile(r"windows photo|microsoft windows|paint\.net", re.IGNORECASE)
EDITORS = re.compile(
    r"photoshop|lightroom|gimp|picasa|paint|acd|quicktime|aperture|shotwell|digikam|irfan|imagemagick|editor|snapseed",
    re.IGNORECASE,
)
"""Software whose name in the EXIF data says that the camera's own file is gone."""


@dataclass(frozen=True)
class Encoder:
    """The encoder that wrote the tables.

    ``name`` in words. ``quality`` on that encoder's own scale (IJG, mozjpeg, jpegli 1..100; ffmpeg's ``-q:v`` 1..69, 1
    the finest; Photoshop's Save As 0..12, its Save for Web 0..100; of Annex K's tables scaled by any factor a real
    number on the IJG's scale), None if unknown. ``distance``: jpegli's, in butteraugli units.
    ``by``: "tables" (every step of every table equal), "list" (files of this camera had the same tables: a hint),
    "metadata" (a segment, a comment or a camera's name says so, and the tables are no known encoder's), or "nothing".
    ``alternatives``: encoders that write these very tables at another setting, as (name, quality).
    """

    family: Family
    name: str
    quality: float | None = None
    distance: float | None = None
    by: str = "nothing"
    alternatives: tuple[tuple[str, int], ...] = ()


Steps = tuple[int, ...]
"""The 64 steps of a table, row-major. What is told by them alone is cached: files of one folder tend to share them."""
UNKNOWN = Encoder(Family.UNKNOWN, "unknown")


@dataclass(frozen=True)
class HeaderEvidence:
    """Quality on the IJG's scale, luma and chroma apart, and the encoder.

    ``luma`` and ``chroma`` are None where there is no such table (lossless files; gray, RGB and CMYK have no
    chroma). For RGB and CMYK ``luma`` is the first component's table. ``turned``: these are the tables' transposes,
    since the image was turned by 90 degrees without being decoded.
    """

    luma: Match | None
    chroma: Match | None
    encoder: Encoder
    turned: bool = False


def identify(header: Header) -> HeaderEvidence:
    """Match a header's tables with those of known encoders.

    Never raises; what cannot be determined is None, a match of kind "none", or Family.UNKNOWN.
    """
    first, second = header.luma, header.chroma
    if first is None or (header.frame is not None and header.frame.lossless):
        return HeaderEvidence(None, None, UNKNOWN)
    found = _by_tables(header, first, second)
    if found.encoder.by == "tables":
        return found
    before = _by_tables(header, first.transposed(), second.transposed() if second else None)
    if before.encoder.by == "tables":
        return replace(before, turned=True)
    return replace(found, encoder=_by_formula_or_metadata(header, first, second))


def _by_tables(header: Header, first: QuantTable, second: QuantTable | None) -> HeaderEvidence:
    """Evidence from these tables for luma and chroma; the encoder is one that has them in its lists, or unknown."""
    pair = first.values, second.values if second else None
    luma, chroma = _matches(*pair)
    if luma.kind == "exact" and (chroma is None or chroma.kind == "exact"):
        return HeaderEvidence(luma, chroma, _ijg(header, luma))
    return HeaderEvidence(luma, chroma, _listed(*pair, Family.ADOBE) or _by_rule(*pair) or UNKNOWN)


def _by_formula_or_metadata(header: Header, first: QuantTable, second: QuantTable | None) -> Encoder:
    """The encoder from jpegli's formula, else from metadata, which may be left over from an earlier save.

    jpegli's tables are symmetric, so that a turn by 90 degrees does not change them. Tables of Annex K scaled by any
    factor are no encoder's own: a name in the metadata says more.
    """
    told = _jpegli(header, first) or _adobe_by_metadata(header) or _ffmpeg_by_comment(header)
    if told:
        return told
    pair = first.values, second.values if second else None
    camera, scaled = _camera(header) or _listed(*pair, Family.CAMERA), _scaled(*pair)
    if camera and scaled:
        return replace(camera, quality=scaled.quality)
    return camera or scaled or UNKNOWN


@lru_cache(maxsize=4096)
def _matches(luma: Steps, chroma: Steps | None) -> tuple[Match, Match | None]:
    """Matches of luma and chroma tables."""
    first = match_ijg(np.array(luma, np.int64))
    return first, _agreeing(match_ijg(np.array(chroma, np.int64), True), first) if chroma else None


def _agreeing(one: Match, other: Match | None) -> Match:
    """Of several qualities that write a table, the one that the other table has, if it is among them."""
    if other is None or other.kind != "exact" or one.kind != "exact":
        return one
    agreed = range(max(one.low or 0, other.low or 0), min(one.high or 0, other.high or 0) + 1)
    return replace(one, quality=agreed[len(agreed) // 2]) if agreed else one


def _ijg(header: Header, luma: Match) -> Encoder:
    quality = luma.quality or 0
    if WINDOWS_SOFTWARE.search(header.facts.software or ""):
        written = wic_qualities(quality)
        return Encoder(Family.WINDOWS, "Windows Imaging Component", written[-1] if written else quality, by="tables")
    alternatives = [("Windows GDI+", other) for other in gdiplus_qualities(quality)] if _gdiplus(header) else []
    return Encoder(Family.IJG, IJG_NAME, quality, by="tables", alternatives=tuple(alternatives))


def _gdiplus(header: Header) -> bool:
    """Whether GDI+ may have written this: JFIF in dots per inch, 4:2:0, standard Huffman tables, one scan."""
    return (
        header.facts.density is not None
        and header.facts.density[0] == 1
        and header.huffman == "standard"
        and header.frame is not None
        and (header.frame.kind, header.frame.subsampling) == ("baseline", "4:2:0")
    )


def _listed(luma: Steps, chroma: Steps | None, family: Family) -> Encoder | None:
    """The encoder of a family that was seen to write this pair of tables, or this luma table where no other is known.

    An editor's tables are its own. Those of a camera others may have too.
    """
    entries = (entry for entry in by_steps().get(luma, ()) if entry.family == family)
    found = next((entry for entry in entries if chroma is None or entry.chroma in (None, chroma)), None)
    if found is None:
        return None
    if family == Family.ADOBE:
        return Encoder(family, found.name, found.quality, by="tables")
    return Encoder(family, f"tables as of {found.name}", by="list")


@lru_cache(maxsize=4096)
def _by_rule(luma: Steps, chroma: Steps | None) -> Encoder | None:
    """The encoder that makes such tables by a rule: mozjpeg; guetzli or ffmpeg, with one for luma and chroma."""
    first, second = np.array(luma, np.int64), None if chroma is None else np.array(chroma, np.int64)
    found = match_mozjpeg(first, second)
    if found:
        name = f"mozjpeg -quant-table {found[0]} ({MOZJPEG_NAMES[found[0]]})"
        return Encoder(Family.MOZJPEG, name, _agreeing(found[1], found[2]).quality, by="tables")
    if chroma not in (None, luma):
        return None
    if chroma and is_guetzli(first):
        return Encoder(Family.GUETZLI, "guetzli", by="tables")
    quality = match_ffmpeg(first)
    return Encoder(Family.FFMPEG, FFMPEG_NAME, quality, by="tables") if quality else None


@lru_cache(maxsize=4096)
def _scaled(luma: Steps, chroma: Steps | None) -> Encoder | None:
    """Annex K's tables scaled by a factor of no whole quality."""
    factor = match_scaled(np.array(luma, np.int64))
    if factor is None or (chroma and match_scaled(np.array(chroma, np.int64), chroma=True) is None):
        return None
    return Encoder(Family.SCALED, SCALED_NAME, real_quality(factor), by="tables")


def _jpegli(header: Header, luma: QuantTable) -> Encoder | None:
    if header.color not in ("YCbCr", "gray"):
        return None
    tables = [luma.steps] + [table.steps for table in header.component_tables[1:3] if table]
    if len(tables) == 3 and (tables[1] == tables[2]).all():
        tables.pop()
    subsampled = header.frame is not None and header.frame.subsampling == "4:2:0"
    found: Distance | None = match_jpegli(tables, subsampled)
    if not found:
        return None
    return Encoder(Family.JPEGLI, "jpegli", found.quality, found.distance, by="tables")


def _adobe_by_metadata(header: Header) -> Encoder | None:
    """Adobe's own segments, in a file that also bears its APP14 marker and optimized Huffman tables."""
    if not any(app.identifier == "Adobe" for app in header.apps) or header.huffman == "standard":
        return None
    facts = header.facts
    if facts.ducky_quality is not None:
        return Encoder(Family.ADOBE, "Photoshop Save for Web", facts.ducky_quality, by="metadata")
    if facts.photoshop_quality is not None:
        return Encoder(Family.ADOBE, "Photoshop Save As", facts.photoshop_quality, by="metadata")
    if re.search("photoshop|lightroom", facts.software or "", re.IGNORECASE):
        return Encoder(Family.ADOBE, "Photoshop or Lightroom", by="metadata")
    return None


def _ffmpeg_by_comment(header: Header) -> Encoder | None:
    """The comment that ffmpeg's encoders leave, beside tables of another matrix, which it can be given."""
    if any(comment.startswith(("Lavc", "Lavf")) for comment in header.comments):
        return Encoder(Family.FFMPEG, "ffmpeg, with another matrix", by="metadata")
    return None


def _camera(header: Header) -> Encoder | None:
    facts = header.facts
    if not facts.make or EDITORS.search(facts.software or ""):
        return None
    if any(app.identifier in ("Adobe", "Ducky") for app in header.apps):
        return None
    model = facts.model or ""
    name = model if model.lower().startswith(facts.make.lower().split()[0]) else f"{facts.make} {model}"
    return Encoder(Family.CAMERA, name.strip(), by="metadata")
