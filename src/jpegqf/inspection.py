"""One image, in any form -> one Record: header, pixels and history put side by side and judged."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.decode import (
    MAX_FILE_BYTES,
    MAX_PIXELS,
    Decoded,
    Luma,
    check_size,
    container,
    decode_image,
    decode_luma,
    decode_tops,
    read_bytes,
    unreadable,
)
from jpegqf.encoders import HeaderEvidence, identify
from jpegqf.engine import Prediction, Predictor
from jpegqf.errors import HeaderError, ImageBrokenError, ImageError, ImageSkippedError, Reason
from jpegqf.header import Header, read_header, read_start
from jpegqf.history import earlier_save
from jpegqf.model import bundled_model
from jpegqf.record import Record, Status
from jpegqf.verdict import Answer, HeaderSummary, HistorySummary, PixelSummary, judge

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]
Only = Literal["header", "pixels"]
Row = dict[str, Any]
"""Columns of a record in the making."""

JPEG_START = b"\xff\xd8"
HEAD_BYTES = 2**14
"""Of a file whose header alone is asked for: most headers end before."""
MOST_DOUBT = 20
"""Qualities that the 95 % interval may span for one of them to be named; beyond, the interval alone is given."""
OF_A_GRID = ("pixel_qf", "pixel_qf_low", "pixel_qf_high", "pixel_confidence", "grid_x", "grid_y")
"""Columns that tell nothing where there is no grid."""
SHOWN_DIGITS = 4
"""Probabilities are rounded: more digits would say more than is known."""


@lru_cache(maxsize=1)
def default_predictor() -> Predictor:
    """The bundled model, loaded once."""
    return Predictor(bundled_model())


@dataclass(frozen=True)
class Inspector:
    """How to look at images: with which model, at which part of the evidence, up to how many pixels.

    Without a ``predictor`` the bundled one is loaded when the first pixels are looked at.
    """

    predictor: Predictor | None = None
    only: Only | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.only not in (None, "header", "pixels"):
            raise ValueError(f"only must be None, 'header' or 'pixels', not {self.only!r}")

    def inspect(self, source: Source, name: str | None = None) -> Record:
        """One row for a path, bytes, a binary file, a PIL image or a uint8 array (h, w) or (h, w, 3).

        Whatever is wrong with the image is in the row. ``name`` becomes its path. Raises TypeError for a
        source of another kind.
        """
        path = name or _name(source)
        row: Row = {"path": path, "filename": os.path.basename(path), "status": Status.OK}
        try:
            if isinstance(source, (np.ndarray, Image.Image)):
                if self.only == "header":
                    return _header_alone(row, None)
                return self._finish(row, _decoded(source, self.max_pixels), None)
            early = _early(source) if self.only == "header" else None
            if early:
                return _header_alone(row | _header_columns(early, identify(early)), early)
            return self._file(row, _bytes(source))
        except ImageError as issue:
            return Record(**row | _failure(issue))

    def _file(self, row: Row, data: bytes) -> Record:
        if not data:
            raise ImageBrokenError(Reason.EMPTY, "file is empty")
        header = _header(data) if self.only != "pixels" else None
        found = identify(header) if header else None
        row |= _header_columns(header, found) if header and found else {}
        if self.only == "header":
            return _header_alone(row if header else row | _container_columns(data), header)
        try:
            top = self._top(row, data) if self.only == "pixels" else None
            if top:
                return top
            decoded = decode_luma(data, self.max_pixels)
        except ImageError as issue:
            return _judged((row if header else row | _container_columns(data)) | _failure(issue))
        if header and found and found.turned:
            return self._finish(row, decoded.transposed(), header.transposed())
        return self._finish(row, decoded, header)

    def _top(self, row: Row, data: bytes) -> Record | None:
        """The row of a large JPEG whose top leaves no doubt about its quality; damage further down is not seen."""
        predictor = self.predictor or default_predictor()
        for decoded in decode_tops(data, self.max_pixels):
            said = predictor.decided(decoded.luma, straight=True)
            if said:
                return _judged(row | _size_columns(decoded) | _pixel_columns(said, predictor))
        return None

    def _finish(self, row: Row, decoded: Decoded, header: Header | None) -> Record:
        row |= _size_columns(decoded)
        try:
            predictor = self.predictor or default_predictor()
            row |= _pixel_columns(
                predictor.examine(decoded.luma, decoded.straight, search=not decoded.is_jpeg), predictor
            )
        except ImageError as issue:
            row |= _failure(issue)
        history = _history(decoded.luma, header) if header else HistorySummary(None, None)
        row |= {"first_qf": history.first_quality, "recompressed_probability": history.probability}
        return _judged(row, history.moved, decoded.lossy)


def inspect(source: Source, name: str | None = None, **options: Any) -> Record:
    """One image -> one Record, with the bundled model; options as for :class:`Inspector`."""
    return Inspector(**options).inspect(source, name)


def _name(source: Source) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "filename", None) or getattr(source, "name", None)
    return name if isinstance(name, str) else ""


def _bytes(source: str | os.PathLike[str] | bytes | BinaryIO) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        return read_bytes(source)
    if isinstance(source, bytes):
        return source
    if hasattr(source, "read"):
        try:
            return bytes(source.read(MAX_FILE_BYTES))
        except OSError as error:
            raise unreadable(error) from None
    raise TypeError(f"cannot inspect a {type(source).__name__}: give a path, bytes, a file, a PIL image or an array")


def _decoded(source: NDArray[np.uint8] | Image.Image, max_pixels: int) -> Decoded:
    if isinstance(source, Image.Image):
        return decode_image(source, max_pixels)
    if source.dtype != np.uint8 or not (source.ndim == 2 or (source.ndim == 3 and source.shape[2] == 3)):
        raise TypeError(f"an array must be uint8 (h, w) or (h, w, 3), not {source.dtype} {source.shape}")
    check_size(source.shape[1], source.shape[0], max_pixels, costly=source.ndim == 3)
    luma = Luma(source) if source.ndim == 2 else Luma.from_rgb(source)
    return Decoded(luma, "", (source.shape[1], source.shape[0]), 1)


def _header(data: bytes) -> Header | None:
    if not data.startswith(JPEG_START):
        return None
    try:
        return read_header(data)
    except HeaderError:
        return None


def _early(source: Source) -> Header | None:
    """The header of a file whose beginning tells all of it; None for what must be read as a whole."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    head = read_bytes(source, HEAD_BYTES)
    return read_start(head) if head.startswith(JPEG_START) else None


def _header_alone(row: Row, header: Header | None) -> Record:
    if header is None:
        issue = ImageSkippedError(Reason.NOT_A_JPEG, "no JPEG header that can be read")
        return Record(**row | _failure(issue))
    known = f"header says {row['header_qf']}" if row["header_qf"] else "tables near no IJG table"
    return _judged(row, text=f"{known}; the pixels were not looked at")


def _failure(issue: ImageError) -> Row:
    status = Status.ERROR if isinstance(issue, ImageBrokenError) else Status.SKIPPED
    return {"status": status, "reason": issue.reason.value, "message": str(issue)}


def _size_columns(decoded: Decoded) -> Row:
    width, height = decoded.size
    return {"format": decoded.format or None, "width": width, "height": height}


def _container_columns(data: bytes) -> Row:
    """What the container told before its pixels failed."""
    told = container(data)
    if told:
        return dict(zip(("format", "width", "height"), told, strict=True))
    header = _header(data)  # of a JPEG that Pillow does not know
    return {"format": "JPEG", **_frame_size(header)} if header else {}


def _frame_size(header: Header) -> Row:
    frame = header.frame
    return {"width": frame.width if frame else None, "height": frame.height or None if frame else None}


def _header_columns(header: Header, found: HeaderEvidence) -> Row:
    frame = header.frame
    return {
        "format": "JPEG",
        **_frame_size(header),
        "header_qf": found.luma.quality if found.luma else None,
        "header_qf_chroma": found.chroma.quality if found.chroma else None,
        "header_match": found.luma.kind if found.luma else None,
        "encoder": found.encoder.family.value,
        "encoder_quality": found.encoder.quality,
        "subsampling": frame.subsampling if frame else None,
        "progressive": frame.progressive if frame else None,
    }


def _pixel_columns(said: Prediction, predictor: Predictor) -> Row:
    low, high = said.interval()
    return {
        "pixel_qf": said.rounded,
        "pixel_qf_low": low,
        "pixel_qf_high": high,
        "pixel_confidence": round(float(said.probability.max()), SHOWN_DIGITS),
        "jpeg_probability": round(said.jpeg_probability, SHOWN_DIGITS),
        "grid_x": said.grid.x,
        "grid_y": said.grid.y,
        "model": predictor.model.config.name,
    }


def _history(luma: Luma, header: Header) -> HistorySummary:
    if header.luma is None or header.color not in ("YCbCr", "gray", "YCCK"):
        return HistorySummary(None, None)
    told = earlier_save(luma, header.luma.steps)
    probability = told.recompressed_probability
    rounded = None if probability is None else round(probability, SHOWN_DIGITS)
    return HistorySummary(told.first_quality, rounded, told.grid not in (None, (0, 0)))


def _judged(row: Row, moved: bool = False, lossy: bool = False, text: str | None = None) -> Record:
    """The whole record, its verdict in our words or in ``text``. ``moved``, ``lossy``: of history, of the container."""
    header = HeaderSummary(row["header_qf"], row["header_match"] or "none") if row.get("encoder") else None
    pixels = _pixel_summary(row)
    history = HistorySummary(row.get("first_qf"), row.get("recompressed_probability"), moved)
    answer: Answer = judge(row.get("format") or "image", header, pixels, history, lossy)
    if row.get("jpeg_probability", 1) < 0.5:
        row = row | dict.fromkeys(OF_A_GRID)  # a number for pixels that show no grid would be invented
    elif pixels is None:
        row = row | {"pixel_qf": None}
    row = row | {"qf": answer.quality, "qf_source": answer.source, "verdict": answer.verdict}
    return Record(**row, verdict_text=text or answer.text)


def _pixel_summary(row: Row) -> PixelSummary | None:
    """What the pixels tell, None if they leave more than MOST_DOUBT qualities open."""
    if "pixel_qf" not in row:
        return None
    low, high, saved = row["pixel_qf_low"], row["pixel_qf_high"], row["jpeg_probability"]
    if high - low > MOST_DOUBT and saved >= 0.5:
        return None
    return PixelSummary(row["pixel_qf"], low, high, row["pixel_confidence"], saved)
