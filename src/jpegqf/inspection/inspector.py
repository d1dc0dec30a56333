"""One image, in any form -> Findings, and from them its Record."""

import io
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import IO, BinaryIO, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jpegqf.codecs.quality import codec_quality
from jpegqf.codecs.tiff import TiffPage, is_tiff, tiff_pages
from jpegqf.errors import HeaderError, ImageBrokenError, ImageError, ImageSkippedError, Reason
from jpegqf.history.classifier import History
from jpegqf.history.earlier_save import earlier_save
from jpegqf.inputs.files import read_bytes, unreadable
from jpegqf.inputs.multi_picture import JPEG_START, picture
from jpegqf.inspection.edits import with_edits
from jpegqf.inspection.findings import Container, Findings
from jpegqf.inspection.pixel_chroma import with_chroma
from jpegqf.inspection.pixel_table import PixelTable, with_table
from jpegqf.inspection.regions import FoundRegions, find_regions, whole_image
from jpegqf.inspection.to_record import to_record
from jpegqf.inspection.verdict import RECODED
from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.header import Header, read_header, read_start
from jpegqf.limits import MAX_FILE_BYTES, MAX_PIXELS
from jpegqf.model.checkpoint import bundled_model
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.codec import PixelCodec, pixel_codec
from jpegqf.pixels.decode import (
    PNG_START,
    Decoded,
    decode_image,
    decode_luma,
    decode_png_file,
    decode_tiff,
    decode_tops,
    sampled_rows,
)
from jpegqf.pixels.enlargement import enlargement_of
from jpegqf.pixels.luma import Luma
from jpegqf.pixels.opening import JPEG_XL, check_size, container, jpeg_inside
from jpegqf.record import Record
from jpegqf.tables.other_codec import is_unexplained
from jpegqf.tables.own_table import is_what_it_gives

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]
Only = Literal["header", "pixels"]

LARGE_FILE = 2**22
"""Bytes from which a PNG or TIFF is read a piece at a time."""
OF_ANOTHER_CODEC = 0.2
"""Probability of a JPEG grid where the grid seems to be another codec's: a video may have been made of JPEGs."""
HEAD_BYTES = 2**14
"""Bytes read first from a file if only its header is wanted; most headers are shorter."""


@lru_cache(maxsize=1)
def default_predictor() -> Predictor:
    """The bundled model, loaded once."""
    return Predictor(bundled_model())


@dataclass(frozen=True)
class Inspector:
    """How to look at images: with which model, at which part of the evidence, up to how many pixels.

    Without a ``predictor`` the bundled one is loaded when the first pixels are looked at. ``even_qualities``: an
    earlier save is as likely at any quality; else more so at the defaults of programs, 75 or 80, and at round numbers.
    """

    predictor: Predictor | None = None
    only: Only | None = None
    max_pixels: int = MAX_PIXELS
    even_qualities: bool = False

    def __post_init__(self) -> None:
        if self.only not in (None, "header", "pixels"):
            raise ValueError(f"only must be None, 'header' or 'pixels', not {self.only!r}")

    def inspect(self, source: Source, name: str | None = None, page: int | None = None) -> Record:
        """One row for a path, bytes, a binary file, a PIL image or a uint8 array (h, w) or (h, w, 3).

        Whatever is wrong with the image is in the row. ``name`` becomes its path; ``page`` is that of a TIFF, or a
        picture of a multi-picture JPEG, from 1; without, the first one is looked at. Raises TypeError for a
        source of another kind.
        """
        return to_record(self.look(source, name, page))

    def look(self, source: Source, name: str | None = None, page: int | None = None) -> Findings:
        """The same as :class:`Findings`, for those who need more than the row: each part is looked at once."""
        found = Findings(name or _name(source), page)
        try:
            if isinstance(source, (np.ndarray, Image.Image)):
                return self._look_at_samples(found, source)
            start = _header_of_start(source) if self.only == "header" and page in (None, 1) else None
            if start:
                return _with_header(found, start)
            large = _start_if_large(source)
            if _is_path(source) and is_tiff(large):
                with open(source, "rb") as file:
                    return self._look_at_tiff(found, file, page)
            if _is_path(source) and large == PNG_START and self.only != "header":
                return self._look_at_png(found, source)
            data = _bytes(source)
            if is_tiff(data):
                return self._look_at_tiff(found, io.BytesIO(data), page)
            if page is not None and data.startswith(JPEG_START):
                data = picture(io.BytesIO(data), page, len(data))
            jpeg = jpeg_inside(data, self.max_pixels)
            return _as_jpeg_xl(self._look_at_file(found, jpeg)) if jpeg else self._look_at_file(found, data)
        except ImageError as issue:
            return replace(found, issue=issue)
        except OSError as error:
            return replace(found, issue=unreadable(error))

    def _look_at_samples(self, found: Findings, source: NDArray[np.uint8] | Image.Image) -> Findings:
        if self.only == "header":
            raise _no_header()
        return self._look_at_pixels(replace(found, pixels_tried=True), _decoded(source, self.max_pixels))

    def _look_at_png(self, found: Findings, path: str | os.PathLike[str]) -> Findings:
        """A large PNG, whose bytes are not held in memory beside its pixels."""
        found = replace(found, pixels_tried=True)
        try:
            return self._look_at_pixels(found, decode_png_file(path, self.max_pixels))
        except ImageError as issue:
            return replace(found, container=_container(read_bytes(path, HEAD_BYTES)), issue=issue)

    def _look_at_tiff(self, found: Findings, file: IO[bytes], page: int | None) -> Findings:
        """A page of a TIFF, whose header is that of its first strip or tile if it is compressed as JPEG."""
        told = next(islice(tiff_pages(file), (page or 1) - 1, None), None)
        if told:
            found = replace(found, container=Container("TIFF", *told.size))
        header = _tiff_header(told, file) if told and self.only != "pixels" else None
        if header:
            found = replace(found, header=header, header_evidence=identify(header))
        if self.only == "header":
            return found if header else replace(found, issue=_no_header())
        found = replace(found, pixels_tried=True)
        try:
            decoded = decode_tiff(file, page or 1, self.max_pixels)
            _check_tables(header)
            several = len(list(islice(tiff_pages(file), 2))) > 1
            decoded = replace(decoded, of_several=several)
            return self._look_at_pixels(found, decoded)
        except ImageError as issue:
            return replace(found, issue=issue)

    def _look_at_file(self, found: Findings, data: bytes) -> Findings:
        if not data:
            raise ImageBrokenError(Reason.EMPTY, "file is empty")
        header = _header(data) if self.only != "pixels" else None
        found = _with_header(found, header) if header else found
        if self.only != "pixels":
            found = replace(found, codec_quality=codec_quality(data))
        if self.only == "header":
            return found if header else replace(found, container=_container(data), issue=_no_header())
        found = replace(found, pixels_tried=True)
        try:
            top = self._look_at_top(found, data) if self.only == "pixels" else None
            if top:
                return top
            decoded = decode_luma(data, self.max_pixels)
            _check_tables(header)
            return self._look_at_pixels(found, decoded)
        except ImageError as issue:
            return replace(found, container=found.container or _container(data), issue=issue)

    def _look_at_top(self, found: Findings, data: bytes) -> Findings | None:
        """A large JPEG whose top leaves no doubt about its quality; damage further down is not seen."""
        predictor = self.predictor or default_predictor()
        for decoded in decode_tops(data, self.max_pixels):
            prediction = predictor.decided(decoded.luma, own_luma=True)
            if prediction:
                prediction, table = with_table(prediction, decoded.luma)
                return _with_prediction(_with_pixels(found, decoded), prediction, table, predictor)
        return None

    def _look_at_pixels(self, found: Findings, decoded: Decoded) -> Findings:
        found = _with_pixels(found, decoded)
        turned = found.header_evidence is not None and found.header_evidence.turned
        upright = decoded.transposed() if turned else decoded
        predictor = self.predictor or default_predictor()
        try:
            if decoded.is_jpeg:
                prediction = predictor.examine(upright.luma, upright.own_luma, search=False)
                prediction, table = with_table(prediction, upright.luma)
                if turned:
                    prediction, table = _as_stored(prediction), table and table.transposed()
                if not prediction.beyond_doubt:
                    prediction, chroma = with_chroma(prediction, table, decoded.colours)
                    found = replace(found, chroma=chroma)
                found = _with_prediction(found, prediction, table, predictor)
            else:
                found = _look_at_regions(_with_codec(found, decoded), decoded, predictor)
                found = with_edits(_judged_by_codec(found, decoded))
        except ImageError as issue:
            found = replace(found, issue=issue)
        if found.header is None:
            return found
        header = found.header.transposed() if turned else found.header
        history = self._history(upright, header) if decoded.is_jpeg else None
        return replace(found, history=history, own_table=_own_table(found, decoded, predictor))

    def _history(self, decoded: Decoded, header: Header) -> History | None:
        """What the pixels tell of an earlier save; None where the first component is no luma."""
        if header.luma is None or header.color not in ("YCbCr", "gray", "YCCK"):
            return None
        return earlier_save(decoded.luma, header.luma.steps, self.even_qualities, decoded.colours)


def inspect(
    source: Source,
    name: str | None = None,
    *,
    predictor: Predictor | None = None,
    only: Only | None = None,
    max_pixels: int = MAX_PIXELS,
    page: int | None = None,
) -> Record:
    """One image -> one Record; options as for :class:`Inspector`, source and page as for its ``inspect``."""
    return Inspector(predictor, only, max_pixels).inspect(source, name, page)


def _with_header(found: Findings, header: Header) -> Findings:
    frame = header.frame
    size = (frame.width, frame.height or None) if frame else (None, None)
    return replace(found, container=Container("JPEG", *size), header=header, header_evidence=identify(header))


def _with_pixels(found: Findings, decoded: Decoded) -> Findings:
    return replace(found, container=Container(decoded.format or None, *decoded.size), decoded=decoded)


def _as_jpeg_xl(found: Findings) -> Findings:
    """What a JPEG tells that a JPEG XL was made from: its header and pixels are those of the file."""
    return replace(found, container=replace(found.container, format=JPEG_XL) if found.container else None)


def _with_prediction(
    found: Findings, prediction: Prediction, table: PixelTable | None, predictor: Predictor
) -> Findings:
    """With the prediction of an image that is one save all over, or none: a JPEG file."""
    size = found.decoded.size if found.decoded else (0, 0)
    regions = whole_image(size, prediction)
    return replace(found, prediction=prediction, table=table, regions=regions, model=predictor.model.config.name)


def _with_codec(found: Findings, decoded: Decoded) -> Findings:
    """With the codec whose decoder made the colours: that of a lossy container, or as they tell."""
    if decoded.samples is None:
        return found
    codec, lossy = pixel_codec(decoded.samples), decoded.lossy_codec
    if lossy and codec.codec != lossy:
        codec = PixelCodec(lossy, None)
    return replace(found, codec=codec)


def _look_at_regions(found: Findings, decoded: Decoded, predictor: Predictor) -> Findings:
    """With the regions of an image that is no JPEG file, looked at as it was before it was enlarged."""
    enlargement = enlargement_of(decoded.luma)
    luma = enlargement.undone(decoded.luma)
    prediction, regions = find_regions(luma, predictor)
    if regions.is_mixture:
        table = regions.regions[0].table
    else:
        height, width = luma.shape
        prediction, table = with_table(prediction, prediction.grid.cut(luma))
        if enlargement.factor == 1 and found.codec_name == "jpeg":
            prediction, chroma = with_chroma(prediction, table, decoded.colours)
            found = replace(found, chroma=chroma)
        regions = whole_image((width, height), prediction)
    name = predictor.model.config.name
    return replace(found, enlargement=enlargement, prediction=prediction, table=table, regions=regions, model=name)


def _judged_by_codec(found: Findings, decoded: Decoded) -> Findings:
    """Without a quality where the grid of the whole image is not a JPEG's but that of another codec.

    Lossy codecs of still images have no 8x8 grid all over: one with a sure quality is that of an earlier JPEG. But JPEG
    XL has one, whose fine steps pass for those of a JPEG at 94 to 97.
    """
    prediction, samples = found.prediction, decoded.samples
    if prediction is None or samples is None or not prediction.has_grid or prediction.by_few_blocks or found.is_mixture:
        return found
    codec = found.codec_name
    luma = prediction.grid.place(found.enlargement.undone(decoded.luma))
    if codec in RECODED:
        other = codec == "jpeg_xl" or not prediction.sure
    else:
        other = codec == "video" or is_unexplained(samples, luma, prediction.rounded, prediction.confidence)
    if not other:
        return found
    prediction = replace(prediction, jpeg_probability=OF_ANOTHER_CODEC)
    return replace(found, other_grid=True, prediction=prediction, table=None, regions=FoundRegions((), 0.0))


def _as_stored(prediction: Prediction) -> Prediction:
    """Of pixels that were turned back by 90 degrees before they were judged: their grid in the stored image."""
    grid = prediction.grid
    return replace(prediction, grid=replace(grid, x=grid.y, y=grid.x, turned=not grid.turned))


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
    samples, colours = source[sampled_rows(len(source))], Colours.of_array(source)
    return Decoded(luma, "", (source.shape[1], source.shape[0]), 1, samples=samples, colours=colours)


def _header(data: bytes) -> Header | None:
    if not data.startswith(JPEG_START):
        return None
    try:
        return read_header(data)
    except HeaderError:
        return None


def _header_of_start(source: Source) -> Header | None:
    """The header of a file whose beginning tells all of it; None for what must be read as a whole."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    head = read_bytes(source, HEAD_BYTES)
    return read_start(head) if head.startswith(JPEG_START) else None


def _is_path(source: Source) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(source, (str, os.PathLike))


def _start_if_large(source: Source) -> bytes:
    """The first bytes, as many as PNG_START has, of a file of LARGE_FILE bytes or more; b"" of anything else."""
    if not _is_path(source):
        return b""
    try:
        large = os.path.getsize(source) >= LARGE_FILE
    except (OSError, ValueError):
        return b""  # reading it says why
    return read_bytes(source, len(PNG_START)) if large else b""


def _tiff_header(page: TiffPage, file: IO[bytes]) -> Header | None:
    """The header of a page that is compressed as JPEG; None of others, and where it cannot be read."""
    if not page.is_jpeg:
        return None
    try:
        header = read_header(page.jpeg_start(file), scans=False)
    except (HeaderError, EOFError):
        return None
    facts = replace(header.facts, adobe_transform=0) if page.coded_as_rgb else header.facts
    return replace(header, facts=facts)


def _no_header() -> ImageSkippedError:
    return ImageSkippedError(Reason.NOT_A_JPEG, "no JPEG header that can be read")


def _check_tables(header: Header | None) -> None:
    """Raise ImageBrokenError for a table in force with a step of 0, which ITU-T T.81 (B.2.4.1) does not allow.

    Decoders take it and multiply coefficients by 0: the pixels are not the ones that were saved.
    """
    tables = header.component_tables if header else ()
    if any(table is not None and 0 in table.values for table in tables):
        raise ImageBrokenError(Reason.CORRUPT, "corrupt image: a quantization step is 0")


def _container(data: bytes) -> Container | None:
    """What the container told before its pixels failed."""
    format_and_size = container(data)
    if format_and_size:
        return Container(*format_and_size)
    header = _header(data)  # of a JPEG that Pillow does not know
    return _with_header(Findings(""), header).container if header else None


def _own_table(found: Findings, decoded: Decoded, predictor: Predictor) -> bool | None:
    """Whether the pixels are those that the header's table gives: of luma, or of green where that is coded itself.

    Few blocks that decided the header's own quality have said so already.
    """
    header, evidence, prediction = found.header, found.header_evidence, found.prediction
    if header is None or evidence is None or evidence.luma is None or prediction is None:
        return None
    if prediction.by_few_blocks and (evidence.luma.kind, evidence.luma.quality) == ("exact", prediction.rounded):
        return True
    plane, table = decoded.luma if decoded.own_luma else None, header.luma
    if header.color == "RGB" and len(header.component_tables) == 3:
        plane, table = decoded.luma.of_green(), header.component_tables[1]
    if plane is None or table is None:
        return None
    return is_what_it_gives(plane, table.steps, predictor.model.config.evidence)
