"""The schema, declared once: one row of evidence per image, its columns with type, unit and meaning."""

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import Enum
from typing import Any

from jpegqf.record_html import html_table


class Status(str, Enum):
    """What became of an image."""

    OK = "ok"
    SKIPPED = "skipped"
    """Sound, but its pixels cannot be judged; ``reason`` says why."""
    ERROR = "error"
    """It cannot be read; ``reason`` says why. What the header told before is kept."""


class Verdict(str, Enum):
    """The evidence in one word."""

    CONSISTENT = "consistent"
    """Header and pixels tell the same quality, and nothing speaks for an earlier, coarser save."""
    RESAVED = "resaved"
    """Saved as JPEG before, mostly at a lower quality than its header says."""
    MISMATCH = "mismatch"
    """Header and pixels tell different qualities, and no earlier save explains it."""
    HEADER_ONLY = "header_only"
    """A JPEG whose pixels tell nothing."""
    PIXELS_ONLY = "pixels_only"
    """No JPEG header, but the pixels were a JPEG."""
    PARTIAL = "partial"
    """No JPEG header; a part of the image was a JPEG, and the rest shows no JPEG grid."""
    COMPOSITE = "composite"
    """No JPEG header; regions of the image come from different JPEG saves."""
    OTHER_CODEC = "other_codec"
    """No JPEG header, and the pixels are those of another lossy codec: of WebP, of AVIF, or a video's frame."""
    NO_TRACE = "no_trace"
    """No JPEG header, and no trace of a JPEG save: never compressed, or resized or reworked since."""
    UNKNOWN = "unknown"
    """Nothing can be told."""

    @property
    def words(self) -> str:
        """The verdict in a word or two, as people read it."""
        return _VERDICT_WORDS.get(self, self.value)


_VERDICT_WORDS = {
    Verdict.RESAVED: "re-saved",
    Verdict.PARTIAL: "partly a JPEG",
    Verdict.PIXELS_ONLY: "was a JPEG",
    Verdict.OTHER_CODEC: "another codec",
    Verdict.NO_TRACE: "no trace of a JPEG",
    Verdict.HEADER_ONLY: "header only",
}
"""Words of the verdicts whose code is not a word of its own."""
_STATUS_WORDS = {Status.SKIPPED: "skipped", Status.ERROR: "unreadable"}
"""Words of images without a verdict on all their evidence."""


QUALITY = (1, 100)
OWN_SCALE = (0, 100)
"""Of a codec's own quality."""
SHARE = (0, 1)
GRID_LINE = (0, 7)
COUNT = (0, 2**31)
"""Pixels or things."""


@dataclass(frozen=True)
class Region:
    """A region of the image that was saved as JPEG: its box in stored pixels, and what its pixels alone say.

    Other columns of the same names say the same of the largest region.
    """

    x: int
    y: int
    width: int
    height: int
    grid_x: int
    grid_y: int
    pixel_qf: int | None
    """Null if its interval spans more than 20 qualities."""
    pixel_qf_low: int
    pixel_qf_high: int
    share: float
    """Of the informative area of the image, 0-1."""
    jpeg_probability: float

    @classmethod
    def of(cls, told: Any) -> "Region":
        """The region that a mapping from a results file tells. Raises ValueError for anything else."""
        if not isinstance(told, dict) or set(told) != set(REGION_SPANS):
            raise ValueError("no region")
        for name, (kind, low, high) in REGION_SPANS.items():
            value = told[name]
            if value is None and name == "pixel_qf":
                continue
            if type(value) not in (kind, int) or not low <= value <= high:
                raise ValueError(f"{name} cannot be {value!r}")
        return cls(**told)


REGION_SPANS: dict[str, tuple[type[int] | type[float], int, int]] = {
    **dict.fromkeys(("x", "y", "width", "height"), (int, *COUNT)),
    **dict.fromkeys(("grid_x", "grid_y"), (int, *GRID_LINE)),
    **dict.fromkeys(("pixel_qf", "pixel_qf_low", "pixel_qf_high"), (int, *QUALITY)),
    **dict.fromkeys(("share", "jpeg_probability"), (float, *SHARE)),
}
"""Type, least and greatest value of each field of a region."""


def _column(
    meaning: str,
    unit: str = "",
    span: tuple[int, int] | None = None,
    from_strangers: bool = False,
    default: Any = None,
) -> Any:
    """A column: None where it is unknown, never a sentinel, unless ``default`` says otherwise.

    ``span``: the least and the greatest value of numbers. ``from_strangers``: a text that may hold a stranger's words,
    and bytes that are no Unicode.
    """
    metadata = {"meaning": meaning, "unit": unit, "span": span, "from_strangers": from_strangers}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Record:
    """All that is known of one image. Unknown is None."""

    path: str = _column("where the image is; members of an archive as archive!member",
                        from_strangers=True, default=MISSING)  # fmt: skip
    filename: str = _column("last part of the path", from_strangers=True, default=MISSING)
    status: Status = _column("ok, skipped or error", default=MISSING)
    reason: str | None = _column("why it was skipped or failed, as a code")
    message: str | None = _column("the same in words", from_strangers=True)
    format: str | None = _column(
        "container, as Pillow names it: JPEG, MPO, PNG, WEBP, TIFF, BMP, PPM, GIF, AVIF, HEIF, JXL, JPEG2000"
    )
    width: int | None = _column("stored width", "pixels")
    height: int | None = _column("stored height", "pixels")
    codec_quality: float | None = _column(
        "quality that the container's own lossy codec was asked for, from its header: WEBP as libwebp's -q, AVIF as "
        "libavif's, HEIF as libheif's by x265, JXL as libjxl's; null of other containers, and where it is not told",
        "codec's quality",
        OWN_SCALE,
    )
    qf: int | None = _column("the answer: quality of the last JPEG save", "IJG quality 1-100", QUALITY)
    qf_source: str | None = _column("what the answer rests on: header or pixels")
    header_qf: int | None = _column("quality of the luma quantization table", "IJG quality 1-100", QUALITY)
    header_qf_chroma: int | None = _column("quality of the chroma quantization table", "IJG quality 1-100", QUALITY)
    header_match: str | None = _column("how the luma table matches an IJG table: exact, equivalent or none")
    header_error: float | None = _column(
        "distance of the luma table from that IJG table: root of the weighted mean of squared log ratios of steps",
        span=(0, 100),
    )
    encoder: str | None = _column("encoder family that writes these tables")
    encoder_quality: float | None = _column("quality on that encoder's own scale", "encoder's quality")
    subsampling: str | None = _column("chroma subsampling: 4:4:4, 4:2:2, 4:2:0, ..., gray")
    progressive: bool | None = _column("whether the JPEG is progressive")
    pixel_qf: int | None = _column(
        "quality of the last JPEG save, from the pixels alone; null if its interval spans more than 20",
        "IJG quality 1-100",
        QUALITY,
    )
    pixel_qf_low: int | None = _column("lower end of its 95 % interval", "IJG quality 1-100", QUALITY)
    pixel_qf_high: int | None = _column("upper end of its 95 % interval", "IJG quality 1-100", QUALITY)
    pixel_confidence: float | None = _column("probability that pixel_qf is exact", "0-1", SHARE)
    jpeg_probability: float | None = _column("probability of a JPEG grid, from the pixels", "0-1", SHARE)
    grid_x: int | None = _column("column of the first JPEG grid line: not 0 after a crop", "pixels 0-7", GRID_LINE)
    grid_y: int | None = _column("row of the first JPEG grid line", "pixels 0-7", GRID_LINE)
    pixel_codec: str | None = _column(
        "codec whose decoder made the colours: jpeg, webp, avif or video, and in their own files heif, jpeg_xl, "
        "jpeg_2000; null if none is told, and of JPEG files"
    )
    pixel_codec_share: float | None = _column(
        "share of the colours that this decoder can make, that a JPEG's can if pixel_codec is null", "0-1", SHARE
    )
    pixel_subsampling: str | None = _column(
        "chroma subsampling of the last JPEG save, from the pixels: 4:4:4, 4:2:2, 4:4:0 or 4:2:0"
    )
    pixel_qf_chroma: int | None = _column("quality of its chroma table, from the pixels", "IJG quality 1-100", QUALITY)
    edited: bool | None = _column(
        "whether an image that shows a JPEG's grid was edited since: tones, sharpness, noise; null if it cannot be told"
    )
    pixel_encoder: str | None = _column("encoder family that writes the luma table that the pixels show")
    pixel_encoder_quality: float | None = _column("quality on that encoder's own scale", "encoder's quality")
    pixel_table: tuple[int | None, ...] | None = _column(
        "the 64 steps of the luma table that the pixels show, row by row (row = vertical frequency of the stored "
        "image), null where nothing tells; not in CSV",
        "steps 1-255",
    )
    jpeg_share: float | None = _column("share of the informative area that shows a JPEG grid", "0-1", SHARE)
    regions: int | None = _column(
        "number of different JPEG saves seen in the image: 1 for an ordinary JPEG, 0 for none", "saves", COUNT
    )
    first_qf: int | None = _column(
        "quality of an earlier save, on the same grid or another: the most probable, where common qualities are more "
        "probable than others; null where first_qf_low and first_qf_high are more than 20 apart",
        "IJG quality 1-100, or its equivalent",
        QUALITY,
    )
    first_qf_low: int | None = _column("smallest quality of the earlier save's 95 % interval", "1-100", QUALITY)
    first_qf_high: int | None = _column("largest quality of the earlier save's 95 % interval", "1-100", QUALITY)
    first_encoder: str | None = _column(
        "family of encoders whose table the earlier save had, null where none is clearly the likeliest"
    )
    recompressed_probability: float | None = _column(
        "probability of an earlier save, on any grid; null where the image has too little to tell",
        "0-1",
        SHARE,
    )
    verdict: Verdict = _column("the evidence in one word", default=Verdict.UNKNOWN)
    verdict_text: str | None = _column("the evidence in a sentence", from_strangers=True)
    proven: bool | None = _column(
        "with --prove, of pixels that were a JPEG: whether a JPEG was found that decodes to exactly them; null of JPEG "
        "files and where there is nothing to prove"
    )
    model: str | None = _column("name of the model behind the pixel columns")
    region_list: tuple[Region, ...] | None = _column(
        "the regions that were saved as JPEG, the largest first, with box, grid and quality; not in CSV"
    )

    @property
    def outcome(self) -> str:
        """What became of the image in a word or two: its verdict, or that it was not judged."""
        return _STATUS_WORDS.get(self.status) or self.verdict.words

    def to_dict(self) -> dict[str, Any]:
        """Columns in order, enums as their texts, tuples as lists, regions as dictionaries."""
        regions = None if self.region_list is None else [dict(vars(region)) for region in self.region_list]
        table = None if self.pixel_table is None else list(self.pixel_table)
        lists = {"pixel_table": table, "region_list": regions}
        return vars(self) | {"status": self.status.value, "verdict": self.verdict.value} | lists

    def _repr_html_(self) -> str:
        """The record in a notebook: a small table of what is known."""
        return html_table(self.to_dict(), self.outcome)


STEPS, LARGEST_STEP = 64, 255
"""Number of steps in a quantization table, and the largest that pixels of 8 bits can show."""


def _regions_told(told: list[Any]) -> tuple[Region, ...]:
    return tuple(map(Region.of, told))


def _steps_told(told: list[Any]) -> tuple[int | None, ...]:
    if len(told) != STEPS or any(step is not None and type(step) is not int for step in told):
        raise ValueError("no table of 64 steps")
    if any(step is not None and not 1 <= step <= LARGEST_STEP for step in told):
        raise ValueError("a step is outside 1..255")
    return tuple(told)


LISTS: dict[str, Callable[[list[Any]], tuple[Any, ...]]] = {
    "pixel_table": _steps_told,
    "region_list": _regions_told,
}
"""Columns whose values are lists, each with what makes its value of a list from a results file.

It raises ValueError for what is no such list.
"""


def list_told(name: str, told: Any) -> tuple[Any, ...] | None:
    """The value of a column of LISTS as a results file tells it. Raises ValueError for what it cannot hold."""
    if told is not None and not isinstance(told, list):
        raise ValueError("no list")
    return None if told is None else LISTS[name](told)


@dataclass(frozen=True)
class Column:
    """What a column may hold beside None."""

    name: str
    kind: type
    """str, int, float, bool, or list."""
    codes: frozenset[str] | None
    """All its texts, if there is a list of them."""
    span: tuple[int, int] | None
    """Least and greatest value of its numbers."""
    from_strangers: bool
    """Whether its texts may hold a stranger's words."""


def _column_of(item: "Field[Any]") -> Column:
    kinds = getattr(item.type, "__args__", (item.type,))
    kind: type = next((kind for kind in (bool, int, float) if kind in kinds), str)
    kind = list if item.name in LISTS else kind
    enum = item.type if isinstance(item.type, type) and issubclass(item.type, Enum) else None
    codes = frozenset(member.value for member in enum) if enum else None
    return Column(item.name, kind, codes, item.metadata["span"], item.metadata["from_strangers"])


COLUMN: dict[str, Column] = {item.name: _column_of(item) for item in fields(Record)}
"""The columns in order, by their names."""
column, column_of = _column, _column_of
"""How another kind of row declares its columns, and what one of its fields may hold."""
COLUMNS: tuple[str, ...] = tuple(COLUMN)
"""Their names in order."""
CELLS = tuple(name for name, column in COLUMN.items() if column.kind is not list)
"""Those whose values fit into a cell of a table."""
