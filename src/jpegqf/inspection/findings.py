"""What one look at an image found: header, pixels and history, each looked at once and kept with its type."""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import I64
from jpegqf.errors import ImageError
from jpegqf.history.classifier import History
from jpegqf.inspection.pixel_chroma import PixelChroma
from jpegqf.inspection.pixel_table import PixelTable
from jpegqf.inspection.regions import FoundRegions
from jpegqf.jpeg.encoders import HeaderEvidence
from jpegqf.jpeg.header import Header
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.codec import Codec, PixelCodec
from jpegqf.pixels.decode import Decoded
from jpegqf.pixels.enlargement import NOT_ENLARGED, Enlargement
from jpegqf.pixels.luma import Luma


@dataclass(frozen=True)
class Container:
    """The file's format as Pillow names it, and its stored size in pixels; None where it is not told."""

    format: str | None
    width: int | None
    height: int | None


@dataclass(frozen=True)
class Findings:
    """All that one look at an image found. None is what was not looked at, or could not be told.

    ``record``, ``explain``, ``plot`` and ``evidence_view`` read these and look at nothing again.
    """

    path: str
    page: int | None = None
    """The page of a TIFF, or the picture of a multi-picture JPEG, that was asked for, from 1; None: none by itself."""
    container: Container | None = None
    codec_quality: float | None = None
    """On the scale of the container's own codec, which is no JPEG; None where its header tells none."""
    header: Header | None = None
    """Of a JPEG file, as it is stored."""
    header_evidence: HeaderEvidence | None = None
    """What the header's tables say; set wherever ``header`` is."""
    own_table: bool | None = None
    """Whether the pixels of a JPEG file are those that the header's table gives; None where that cannot be told."""
    pixels_tried: bool = False
    """Whether the pixels were asked for. If so, ``prediction`` or ``issue`` says what came of it."""
    decoded: Decoded | None = None
    """The pixels as they are stored; of a large JPEG, if pixels alone were asked for, only its top."""
    prediction: Prediction | None = None
    """Of the whole image, or of its largest region."""
    codec: PixelCodec | None = None
    """The codec whose decoder made the colours; None of JPEG files, and where no colours were looked at."""
    other_grid: bool = False
    """Whether there is an 8x8 grid that is not a JPEG's; ``prediction`` then has none."""
    edited: bool | None = None
    """Whether an image with a JPEG's grid was edited since; None where that cannot be told."""
    table: PixelTable | None = None
    """The table of the save that ``prediction`` is about, as its pixels show it."""
    chroma: PixelChroma | None = None
    """What chroma tells of that save."""
    regions: FoundRegions | None = None
    """Set wherever ``prediction`` is. Their boxes are in pixels of the image before it was enlarged."""
    enlargement: Enlargement = NOT_ENLARGED
    """Of pixels that are no JPEG's; ``prediction`` and ``regions`` are those of the image before."""
    history: History | None = None
    """Of a JPEG file whose pixels were decoded and whose first component is luma."""
    issue: ImageError | None = None
    """Why the image, or its pixels, could not be judged."""
    model: str | None = None
    """Name of the model that was asked."""

    @property
    def is_mixture(self) -> bool:
        """Whether regions were looked for, and the image is not one save all over."""
        return self.regions is not None and self.regions.is_mixture

    @property
    def of_several(self) -> bool:
        """Whether the file holds several pages, frames or pictures, of which the first was looked at unasked."""
        pictures = (self.header.facts.mpf_images or 1) if self.header else 1
        return self.page is None and (pictures > 1 or (self.decoded is not None and self.decoded.of_several))

    @property
    def codec_name(self) -> Codec | None:
        """The codec whose decoder made the colours, None where none is told."""
        return self.codec.codec if self.codec else None

    @property
    def judged_luma(self) -> Luma | None:
        """The luma that was judged: as it is stored, or as it was before it was enlarged."""
        return self.enlargement.undone(self.decoded.luma) if self.decoded else None

    @property
    def predicted_plane(self) -> Luma | None:
        """The plane that ``prediction`` is about: luma or green, from the first whole block of its grid on."""
        luma = self.judged_luma
        return None if self.prediction is None or luma is None else self.prediction.place(luma)

    @property
    def table_of_plane(self) -> I64 | None:
        """The luma table behind ``prediction``, int64 (8, 8), of the image as ``predicted_plane`` has it.

        As the pixels show it where it is no IJG's, else that of the quality, which also stands where nothing tells.
        """
        if self.prediction is None:
            return None
        ijg = ijg_luma(self.prediction.rounded)
        if self.table is None or self.table.ijg:
            return ijg
        shown = self.table.transposed() if self.prediction.grid.turned else self.table
        steps = [step or other for step, other in zip(shown.steps, ijg.reshape(64).tolist(), strict=True)]
        return np.array(steps, np.int64).reshape(8, 8)

    @property
    def largest_region(self) -> Luma | None:
        """The part of that plane that the largest region covers; all of it where there is none."""
        luma = self.judged_luma
        if luma is None or self.regions is None or not self.regions.regions:
            return self.predicted_plane
        return self.regions.regions[0].cut(luma)
