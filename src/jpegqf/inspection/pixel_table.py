"""A prediction and the plane it is about -> the luma table that the pixels show, and the prediction with it.

The model judges by the IJG's tables, whatever the image went through since. Where the pixels are just what a save left,
they show the table itself (``jpegqf.tables.reading``), which may be another encoder's: then that is the answer.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from jpegqf.jpeg.all_tables import Writer
from jpegqf.jpeg.ijg import INTEGER_STEPS, MAX_STEP, QUALITIES, STEP_INDEX
from jpegqf.jpeg.known_tables import IJG_NAME, Family
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.luma import Luma
from jpegqf.tables.reading import TableReading, certain_steps, read_table, transposed

IJG_RULED_OUT = 0.05
"""Probability of the IJG's tables below which the table read from the pixels is the answer, not the model's."""
BEYOND_DOUBT = 0.99
"""Probability of a quality from which the model's answer stands, though another table would fit that is in no list."""
FREE = 0.5
"""Probability of a table that is in no list from which it does not stand against the model."""
AGREED = 0.02
"""Least probability of the model's answer under the table read from the pixels for that table to be told beside it."""
SURE_OF_A_STEP = 0.998
"""Probability from which a step on which the model's qualities agree is named: it knows no tables but the IJG's."""
LEFT_OPEN = 1e-3
"""Probability that the table read from the pixels is not the one, spread over all qualities."""
GRID_SHOWN = 0.95
"""Probability of a grid where the pixels show a table of a JPEG. Measured on images without one: none showed any."""


@dataclass(frozen=True)
class PixelTable:
    """The luma table that the pixels show.

    ``steps``: 64, row-major, row = vertical frequency of the stored image; each None where nothing tells.
    ``writer``: who writes this table, None where that is not certain. ``ijg``: it may be one of the IJG's.
    """

    steps: tuple[int | None, ...]
    writer: Writer | None
    ijg: bool = True

    def transposed(self) -> "PixelTable":
        """The same of the image with rows and columns exchanged."""
        return replace(self, steps=transposed(self.steps))


def with_table(prediction: Prediction, part: Luma) -> tuple[Prediction, PixelTable | None]:
    """The prediction of an image, and the table of its save; None where the pixels show no grid.

    ``part``: the image that the prediction is about, from a first pixel on its grid on. Where the model sees no grid a
    table may show one.
    """
    told, table = _with_upright_table(prediction, part.transposed() if prediction.grid.turned else part)
    return told, table.transposed() if table and prediction.grid.turned else table


def _with_upright_table(prediction: Prediction, upright: Luma) -> tuple[Prediction, PixelTable | None]:
    """As :func:`with_table`, of an image that was turned back; the table is that of the image turned back."""
    if prediction.by_few_blocks:
        return prediction, _table_of(prediction.rounded)
    reading, by_green = _read(prediction, upright)
    if not prediction.has_grid:
        if reading is None or not reading.shows_a_grid:
            return prediction, None
        return _as_read(prediction, reading), _table_read(reading)
    if reading is None:
        return prediction, _table_of_model(prediction)
    sure = prediction.confidence >= BEYOND_DOUBT and reading.free > FREE
    if reading.ijg < IJG_RULED_OUT and not sure:
        return _as_read(replace(prediction, by_green=by_green), reading), _table_read(reading)
    if sure or reading.equivalent[prediction.rounded - 1] < AGREED:
        return prediction, _agreed(_table_of_model(prediction), reading)
    return prediction, _table_read(reading)


def _read(prediction: Prediction, upright: Luma) -> tuple[TableReading | None, bool]:
    """The table as luma shows it, else as green does, where the model judged that; and whether it is green's."""
    reading, green = read_table(upright), prediction.plane_of(upright)
    if reading is None and prediction.by_green:
        return read_table(green), True
    return reading, False


def _table_read(reading: TableReading) -> PixelTable:
    return PixelTable(reading.steps, reading.writer, reading.ijg >= IJG_RULED_OUT)


def _agreed(table: PixelTable, reading: TableReading) -> PixelTable:
    """What the model's table and the one that was read agree on."""
    pairs = zip(table.steps, reading.steps, strict=True)
    return replace(table, steps=tuple(one if one == other else None for one, other in pairs))


def _as_read(prediction: Prediction, reading: TableReading) -> Prediction:
    """The prediction with the qualities that the table read from the pixels is equivalent to."""
    probability = (1 - LEFT_OPEN) * reading.equivalent + LEFT_OPEN / len(QUALITIES)
    grid = replace(prediction.grid, turned=prediction.grid.turned ^ reading.turned)
    quality, seen = float(QUALITIES[probability.argmax()]), max(prediction.jpeg_probability, GRID_SHOWN)
    return replace(prediction, quality=quality, probability=probability, jpeg_probability=seen, grid=grid)


def _table_of_model(prediction: Prediction) -> PixelTable:
    """The steps on which the qualities agree that the model holds for possible."""
    share = np.zeros((MAX_STEP, 64))
    np.add.at(share, (STEP_INDEX, np.arange(64)), prediction.probability[:, None])
    return PixelTable(certain_steps(share, SURE_OF_A_STEP), None)


@lru_cache(maxsize=100)
def _table_of(quality: int) -> PixelTable:
    """The IJG's table of a quality."""
    return PixelTable(tuple(INTEGER_STEPS[quality - 1].tolist()), Writer(Family.IJG, IJG_NAME, quality))
