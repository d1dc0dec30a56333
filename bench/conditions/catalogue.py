"""The list of all conditions: what each file is, and how it is made."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.conditions import by_ffmpeg, making, mixtures, recoded, tables_of_the_wild
from bench.conditions.making import Case
from jpegqf.jpeg.all_tables import KnownTables


@dataclass(frozen=True)
class Condition:
    """One kind of file. ``number`` seeds it; ``whole``: header and history are asked too, else the pixels alone.

    ``pair``: it is made of two images. ``known``: the tables that are known while it is asked, if not all.
    """

    number: int
    build: Callable[..., Case]
    """From a clean image and a generator, and another image where ``pair`` says so."""
    whole: bool = False
    pair: bool = False
    known: Callable[[], KnownTables] | None = None

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        return (self.build.__doc__ or "").split("\n")[0].rstrip(".")


CONDITIONS = {
    "single": Condition(1, making.single),
    "png": Condition(2, making.as_png),
    "cropped": Condition(3, making.cropped),
    "never": Condition(4, making.never),
    "small": Condition(5, making.small_piece),
    "patch": Condition(6, making.patch),
    "turned": Condition(7, making.turned),
    "decoders": Condition(8, making.decoders),
    "encoders": Condition(9, making.encoders),
    "last": Condition(10, making.saved_again),
    "once": Condition(11, making.once, whole=True),
    "first": Condition(12, making.first_coarser, whole=True),
    "first_shifted": Condition(13, making.first_shifted, whole=True),
    "first_finer": Condition(14, making.first_finer, whole=True),
    "edited": Condition(15, making.edited),
    "resized": Condition(16, making.resized),
    "rgb": Condition(17, making.coded_as_rgb),
    "screenshot": Condition(18, mixtures.screenshot, whole=True),
    "half": Condition(19, mixtures.half, whole=True),
    "side_by_side": Condition(20, mixtures.side_by_side, whole=True, pair=True),
    "pasted": Condition(21, mixtures.pasted, whole=True, pair=True),
    "no_photo": Condition(22, mixtures.no_photo, whole=True),
    "enlarged": Condition(23, mixtures.enlarged, whole=True),
    "wild": Condition(24, tables_of_the_wild.wild, whole=True),
    "wild_again": Condition(25, tables_of_the_wild.wild_again, whole=True),
    "ffmpeg": Condition(26, by_ffmpeg.ffmpeg, whole=True),
    "editors": Condition(27, tables_of_the_wild.editors, whole=True),
    "wild_png": Condition(28, tables_of_the_wild.wild_png, known=tables_of_the_wild.fitted_half),
    "listed_png": Condition(29, tables_of_the_wild.listed_png),
    "video": Condition(30, by_ffmpeg.video),
    "webp": Condition(31, recoded.lossy_webp, whole=True),
    "webp_of_jpeg": Condition(32, recoded.webp_of_jpeg, whole=True),
    "reworked": Condition(33, recoded.reworked, whole=True),
}
