"""A prediction from luma and the image's colours -> what chroma tells beside it, and the prediction by both planes.

An encoder writes its luma and chroma tables at one quality. So chroma decides between qualities whose luma tables agree
wherever the image has anything, and judges where luma is smooth.
"""

from dataclasses import dataclass, replace

import numpy as np

from jpegqf.arrays import F64
from jpegqf.inspection.pixel_table import PixelTable
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.chroma import Colours
from jpegqf.tables.chroma_reading import FINEST, read_chroma

OF_ANOTHER_QUALITY = 0.02
"""Share of JPEGs to expect whose chroma has a quality of its own."""
POSSIBLE = 0.003
"""Probability from which a quality counts as one that luma leaves open."""
FINE_LUMA = 0.9
"""Probability by luma of such fine qualities from which chroma may say so too."""
CHROMA_DECIDES = 0.5
"""Probability from which the quality of chroma is named."""


@dataclass(frozen=True)
class PixelChroma:
    """What the pixels tell of chroma: ``subsampling``, such as 4:2:0; ``quality`` 1..100 of its table, None if unknown.

    None where the table is no IJG table, or where it cannot be told.
    """

    subsampling: str
    quality: int | None


def with_chroma(
    prediction: Prediction, table: PixelTable | None, colours: Colours | None
) -> tuple[Prediction, PixelChroma | None]:
    """The prediction by luma and chroma together, and what chroma tells; None if nothing.

    ``table``: the luma table that the pixels show. ``colours``: of the image as it is stored, which a JPEG's decoder
    made. Chroma of tables that are not the IJG's tells its subsampling alone.
    """
    if colours is None or not prediction.has_grid or prediction.by_green:
        return prediction, None
    likely = QUALITIES[prediction.probability >= POSSIBLE].tolist()
    reading = read_chroma(colours, prediction.grid.x, prediction.grid.y, likely)
    if reading is None:
        return prediction, None
    if reading.log_likelihood is None or (table is not None and not table.ijg):
        return prediction, PixelChroma(reading.sampling.name, None)
    if _explains_anything(reading.log_likelihood, prediction):
        return prediction, PixelChroma(reading.sampling.name, None)
    of_chroma = np.exp(reading.log_likelihood - reading.log_likelihood.max())
    of_chroma /= of_chroma.sum()
    of_luma, other = prediction.probability, OF_ANOTHER_QUALITY / len(QUALITIES)
    both = of_luma * ((1 - OF_ANOTHER_QUALITY) * of_chroma + other)
    both /= both.sum()
    of_chroma = of_chroma * ((1 - OF_ANOTHER_QUALITY) * of_luma + other)
    of_chroma /= of_chroma.sum()
    quality = int(QUALITIES[of_chroma.argmax()]) if of_chroma.max() >= CHROMA_DECIDES else None
    together = replace(prediction, probability=both, quality=float(QUALITIES[both.argmax()]))
    return together, PixelChroma(reading.sampling.name, quality)


def _explains_anything(log_likelihood: F64, prediction: Prediction) -> bool:
    """Whether chroma's likeliest table is so fine that it explains any samples, and luma does not say the same."""
    fine = QUALITIES >= FINEST
    return bool(fine[log_likelihood.argmax()] and prediction.probability[fine].sum() < FINE_LUMA)
