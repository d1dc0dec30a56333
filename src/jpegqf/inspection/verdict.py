"""Evidence -> one judgement and its reason; a pure function of a few numbers."""

from dataclasses import dataclass

from jpegqf.record import Region, Verdict

CERTAIN_GRID = 0.9
"""Probability of a JPEG grid from which the pixels alone prove one; at 1 - CERTAIN_GRID or less, there is none."""
LIKELY_GRID = 0.5
"""Probability of a JPEG grid from which the pixels are compared with a header."""
CONTRADICTING_CONFIDENCE = 0.9
"""Probability of the pixels' quality from which it may contradict an exact header."""
NAMED_QUALITY_CONFIDENCE = 0.5
"""Probability of the pixels' quality from which it is named without a header; below, only its interval is."""
LIKELY_EARLIER_SAVE, RULED_OUT_BELOW = 0.5, 0.2
"""Probabilities of an earlier save from which it is reported, and below which header and pixels are consistent."""
NO_TRACE_WORDS = "no trace of a JPEG save: never compressed, or resized or reworked since"
"""What is said of pixels that show no grid: the past of an image cannot be seen there."""
RECODED = {
    "webp": "a lossy WebP",
    "avif": "an AVIF",
    "heif": "a HEIF",
    "jpeg_xl": "a lossy JPEG XL",
    "jpeg_2000": "a lossy JPEG 2000",
}
"""Codecs of still images that leave no 8x8 grid all over, and how a sentence names an image of theirs."""
OF_SEVERAL = "; of several frames, the first was looked at"
"""What is added where a file holds more than what was looked at."""
NAMED_REGIONS = 4
"""Most regions that a sentence names; all of them are in the list."""


@dataclass(frozen=True)
class HeaderSummary:
    """What the header says of its luma table.

    ``quality`` 1-100, ``match`` as ``table_match.Match.kind``: of an IJG table (``exact``), of the IJG table that is
    ``equivalent``, or ``none`` (``quality`` is then None). ``encoder``: who writes it, in words, "" if nobody is
    known to. ``own_pixels``: whether the pixels are those that this table gives, None if that cannot be told.
    ``sound``: there is a table, and no step of it is 0.
    """

    quality: int | None
    match: str
    encoder: str = ""
    own_pixels: bool | None = None
    sound: bool = True

    @property
    def words(self) -> str:
        """The table as a sentence names it."""
        if self.match == "exact":
            return str(self.quality)
        number = f"about IJG {self.quality}" if self.quality is not None else "tables unlike any IJG quality"
        return f"{self.encoder}, {number}" if self.encoder else number


@dataclass(frozen=True)
class PixelSummary:
    """What the pixels say: the most probable quality, and its 95 % interval ``low`` to ``high``, all 1-100.

    ``confidence``: probability of that quality, 0-1. ``jpeg_probability``: that there is a JPEG grid at all, 0-1.
    ``encoder``: None where the table is an IJG's; else who writes it, in words, "" if nobody is known to.
    """

    quality: int
    low: int
    high: int
    confidence: float
    jpeg_probability: float
    encoder: str | None = None
    edited: bool = False
    """Whether the image was edited since, so that its quality may not be named."""

    @property
    def since(self) -> str:
        """What happened since, as the end of a sentence tells it."""
        return ", edited since" if self.edited else ""

    @property
    def words(self) -> str:
        """How the image was saved, as a sentence names it."""
        if self.encoder is None:
            return f"at {self.quality}"
        return f"by {self.encoder}, about IJG {self.quality}" if self.encoder else f"at about IJG {self.quality}"


@dataclass(frozen=True)
class MixtureSummary:
    """What the image is made of: its regions, the largest first, and the number of different saves among them.

    ``rest``: a part of the image shows no JPEG grid, beside regions that do. ``enlarged``: how often each pixel was
    repeated across and down; 1 if it was not.
    """

    regions: tuple[Region, ...]
    saves: int
    rest: bool
    enlarged: int = 1


ONE_SAVE = MixtureSummary((), 1, False)
"""An image that is one save all over, or none."""


@dataclass(frozen=True)
class HistorySummary:
    """An earlier save: its quality in words, and its probability 0-1, None where too little tells or nobody asked.

    ``moved``: its grid is not that of the last save, since the image was cropped in between.
    """

    words: str
    probability: float | None
    moved: bool = False
    asked: bool = True

    @property
    def is_open(self) -> bool:
        """Whether an earlier save is neither likely nor ruled out."""
        return self.probability is not None and self.probability >= RULED_OUT_BELOW

    @property
    def is_unseen(self) -> bool:
        """Whether an earlier save would have left no trace that can be seen."""
        return self.asked and self.probability is None


@dataclass(frozen=True)
class Judgement:
    """The quality of the last save, 1-100, what it was read from (``header`` or ``pixels``), the verdict, and why.

    ``quality`` and ``source`` are None where no quality is known.
    """

    quality: int | None
    source: str | None
    verdict: Verdict
    text: str


def verdict_on(
    container: str,
    header: HeaderSummary | None,
    pixels: PixelSummary | None,
    history: HistorySummary,
    codec: str | None = None,
    mixture: MixtureSummary = ONE_SAVE,
) -> Judgement:
    """The judgement on all evidence of one image; raises nothing.

    ``container``: the file format's name. ``header``: None for all but JPEG. ``pixels``: None if they name no quality.
    ``codec``: whose decoder made the colours, ``Record.pixel_codec``: another lossy one may have hidden the grid of an
    earlier JPEG. ``mixture``: the regions of what is no JPEG file; ``pixels`` then are those of the largest.
    """
    if header is None:
        return _mixed(container, mixture) or _without_header(container, pixels, codec, mixture.enlarged)
    if history.probability is not None and history.probability >= LIKELY_EARLIER_SAVE:
        last = f"header {header.words}"
        where = " on another grid (cropped in between)" if history.moved else ""
        text = f"{last}, pixels compressed at {history.words} before{where}: re-saved"
        return _of_header(header, Verdict.RESAVED, text)
    told = pixels if pixels and pixels.jpeg_probability >= LIKELY_GRID else None
    return _contradiction(header, told) or _agreement(header, told, history)


def of_another_codec(container: str, video: bool) -> Judgement:
    """The judgement on pixels whose 8x8 grid is not a JPEG's; ``video``: a video codec's, else nobody knows whose."""
    if video:
        text = f"{_what(container)} with the DCT of a video codec: a frame, and no JPEG's quality"
        return Judgement(None, None, Verdict.OTHER_CODEC, text)
    text = f"{_what(container)} with an 8x8 grid that no JPEG table explains: another codec's, or an edited JPEG's"
    return Judgement(None, None, Verdict.UNKNOWN, text)


def _mixed(container: str, mixture: MixtureSummary) -> Judgement | None:
    """The judgement on an image that is not one save all over, else None."""
    first, *others = mixture.regions or (None,)
    if first is None or not (mixture.rest or mixture.saves > 1):
        return None
    what = _what(container, mixture.enlarged)
    if mixture.saves == 1:
        text = f"{what}, partly a JPEG: {_placed(mixture.regions)}; the rest shows no JPEG grid"
        quality = first.pixel_qf
        return Judgement(quality, "pixels" if quality else None, Verdict.PARTIAL, text)
    if others and all(_inside(region, first) for region in others):
        text = f"{what} put together from different JPEGs: {_placed(tuple(others))}, the rest at {_quality(first)}"
    else:
        text = f"{what} put together from different JPEGs: {_placed(mixture.regions)}"
    text += "; a part shows no JPEG grid" if mixture.rest else ""
    return Judgement(None, None, Verdict.COMPOSITE, text)


def _placed(regions: tuple[Region, ...]) -> str:
    """The first regions in words."""
    named = [
        f"a part of {region.width}x{region.height} at ({region.x}, {region.y}) was saved at {_quality(region)}"
        for region in regions[:NAMED_REGIONS]
    ]
    more = len(regions) - NAMED_REGIONS
    return ", ".join(named) + (f", and {more} more" if more > 0 else "")


def _quality(region: Region) -> str:
    if region.pixel_qf is not None:
        return str(region.pixel_qf)
    return f"{region.pixel_qf_low} to {region.pixel_qf_high}"


def _inside(region: Region, other: Region) -> bool:
    """Whether the middle of a region is in another one."""
    x, y = region.x + region.width // 2, region.y + region.height // 2
    return other.x <= x < other.x + other.width and other.y <= y < other.y + other.height


def _without_header(container: str, pixels: PixelSummary | None, codec: str | None, enlarged: int) -> Judgement:
    if pixels is None:
        return Judgement(None, None, Verdict.UNKNOWN, "no JPEG header, and the pixels tell nothing")
    since = f", saved as {RECODED[codec]} since" if codec in RECODED else pixels.since
    was = "; a JPEG" if enlarged > 1 else " whose pixels were a JPEG"
    below = " below" if enlarged > 1 else ""
    if pixels.jpeg_probability >= CERTAIN_GRID and pixels.confidence >= NAMED_QUALITY_CONFIDENCE:
        text = f"{_what(container, enlarged)}{was} {pixels.words}{below}{since}"
        return Judgement(pixels.quality, "pixels", Verdict.PIXELS_ONLY, text)
    if pixels.jpeg_probability >= CERTAIN_GRID:
        what = _what(container, enlarged)
        text = f"{what}{was}, at a quality between {pixels.low} and {pixels.high}{below}{since}"
        return Judgement(None, None, Verdict.PIXELS_ONLY, text)
    if codec in RECODED:
        text = f"pixels of {RECODED[codec]}, which may have hidden the grid of a JPEG"
        return Judgement(None, None, Verdict.OTHER_CODEC, text)
    if codec == "video":
        return Judgement(None, None, Verdict.OTHER_CODEC, "colours of a video's frame, and no JPEG grid")
    if pixels.jpeg_probability <= 1 - CERTAIN_GRID and container != "JPEG":
        return Judgement(None, None, Verdict.NO_TRACE, NO_TRACE_WORDS)
    return Judgement(None, None, Verdict.UNKNOWN, "the pixels do not tell whether they were a JPEG")


def _what(container: str, enlarged: int = 1) -> str:
    name = "image" if container == "JPEG" else container
    return f"{name} enlarged {enlarged}x" if enlarged > 1 else name


def _of_header(header: HeaderSummary, verdict: Verdict, text: str) -> Judgement:
    """A judgement whose quality is the header's."""
    return Judgement(header.quality, None if header.quality is None else "header", verdict, text)


def _contradiction(header: HeaderSummary, pixels: PixelSummary | None) -> Judgement | None:
    """The judgement where the pixels surely have another IJG quality than the header's IJG table, else None.

    A lower one is left by an earlier save. A higher one needs an explanation, unless the pixels are those that the
    table gives.
    """
    if pixels is None or header.match != "exact" or header.quality is None or _within(header, pixels):
        return None
    if pixels.confidence < CONTRADICTING_CONFIDENCE:
        return None
    text = f"header says {header.quality}, pixels say {pixels.quality}"
    if pixels.quality < header.quality:
        return _of_header(header, Verdict.RESAVED, text + ": saved before, more coarsely")
    return None if header.own_pixels else _of_header(header, Verdict.MISMATCH, text)


def _within(header: HeaderSummary, pixels: PixelSummary) -> bool:
    """Whether the header's quality is in the pixels' interval."""
    return header.quality is not None and pixels.low <= header.quality <= pixels.high


def _agreement(header: HeaderSummary, pixels: PixelSummary | None, history: HistorySummary) -> Judgement:
    """The judgement where nothing contradicts the header: whether the pixels confirm it, and it alone."""
    if not header.sound:
        return Judgement(None, None, Verdict.UNKNOWN, "no sound quantization table")
    exact = pixels is not None and header.match == "exact" and _within(header, pixels)
    if header.own_pixels or exact:
        text = f"header and pixels say {header.words}"
        if history.is_open:
            text += f"; an earlier, coarser save is left open (probability {history.probability:.2f})"
            return _of_header(header, Verdict.HEADER_ONLY, text)
        unseen = "; too little to tell whether it was saved before" if history.is_unseen else ""
        return _of_header(header, Verdict.CONSISTENT, text + unseen)
    left = "tell nothing" if pixels is None else "leave it open"
    return _of_header(header, Verdict.HEADER_ONLY, f"header says {header.words}, the pixels {left}")
