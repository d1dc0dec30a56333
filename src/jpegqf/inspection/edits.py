"""What was found of an image -> whether it was edited since its last JPEG save, and what is left of its quality.

An edit takes the colours off those that a JPEG's decoder makes, and the blocks off those that the table gives. The
model has seen mild edits alone: stretched contrast looks to it like another quality. So its answer is compared with
that of ``jpegqf.tables.scaled_steps``, and where neither is sure, no quality is named.
"""

from dataclasses import replace

import numpy as np

from jpegqf.inspection.findings import Findings
from jpegqf.inspection.pixel_table import PixelTable
from jpegqf.inspection.regions import whole_image
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.model.prediction import SURE, Prediction
from jpegqf.pixels.codec import MOST_EDITED_SHARE, PixelCodec, pixel_codec
from jpegqf.pixels.decode import sampled_rows
from jpegqf.tables.check import explains
from jpegqf.tables.scaled_steps import TRUSTED_LEAD, ScaledSteps, scaled_steps
from jpegqf.tables.step_likelihood import FEWEST_BLOCKS, unclipped_blocks

TRUSTED = 0.97
"""Probability of a quality that scaled steps tell where the model is unsure, measured on edited training scenes."""
IN_DOUBT, AGAINST = (12.0, 0.3, 0.0), (3.0, 0.0, 0.8)
"""Where nothing is sure, and where the model is sure but scaled steps tell another quality: standard deviation of the
quality around the model's, share of any quality, and share of the model's own distribution."""


def with_edits(found: Findings) -> Findings:
    """With ``edited``, and the prediction and region of an image that was edited; others as they are.

    None is told where there is no JPEG grid.
    """
    prediction, codec = found.prediction, found.codec
    if prediction is None or codec is None or not prediction.has_grid or found.other_grid:
        return found
    if found.is_mixture:
        return _of_mixture(found, prediction)
    if codec.codec == "jpeg" or prediction.by_few_blocks or _comes_back(found):
        return replace(found, edited=False)
    plane = found.predicted_plane
    if codec.codec is not None or prediction.by_green or plane is None:
        return found
    off_lattice = _is_off_lattice(codec)
    found = replace(found, edited=True if off_lattice else None)
    scaled = scaled_steps(plane)
    return found if scaled is None else _compared(found, prediction, scaled, off_lattice)


def _compared(found: Findings, prediction: Prediction, scaled: ScaledSteps, off_lattice: bool) -> Findings:
    """With the prediction that the model and the scaled steps give together."""
    if scaled.quality == prediction.rounded:
        surer = off_lattice and scaled.sound and prediction.confidence < TRUSTED
        return _told_anew(found, _as_scaled(prediction, scaled.quality), found.table) if surer else found
    if scaled.trusted:
        return _told_anew(replace(found, edited=True), _as_scaled(prediction, scaled.quality))
    if prediction.confidence >= SURE and (off_lattice or scaled.lead >= TRUSTED_LEAD):
        return _told_anew(found, _doubtful(prediction, *AGAINST))
    return _told_anew(found, _doubtful(prediction, *IN_DOUBT)) if off_lattice else found


def _told_anew(found: Findings, prediction: Prediction, table: PixelTable | None = None) -> Findings:
    """With another prediction, and the table of its save, of an image that is one save all over."""
    height, width = found.judged_luma.shape if found.judged_luma else (0, 0)
    return replace(found, prediction=prediction, table=table, regions=whole_image((width, height), prediction))


def _is_off_lattice(codec: PixelCodec) -> bool:
    """Whether the colours are clearly not those that a decoder makes."""
    return codec.codec is None and codec.share is not None and codec.share <= MOST_EDITED_SHARE


def _of_mixture(found: Findings, prediction: Prediction) -> Findings:
    """Of an image that seems to hold several saves: where its largest region was edited since, nothing tells them.

    Sharpening, for one, leaves traces of one save that differ from place to place. Enlarged images stay as they are.
    """
    colours = found.decoded.colours if found.decoded else None
    if colours is None or found.regions is None or found.enlargement.factor > 1:
        return found
    box = found.regions.regions[0].box
    pixels = colours.pixels(box.x, box.y, box.width, box.height)
    if pixels is None or not _is_off_lattice(pixel_codec(pixels[sampled_rows(len(pixels))])):
        return found
    return _told_anew(replace(found, edited=True), _doubtful(prediction, *IN_DOUBT))


def _comes_back(found: Findings) -> bool:
    """Whether the blocks are those that the table gives."""
    table, plane = found.table_of_plane, found.predicted_plane
    if table is None or plane is None:
        return False
    pixels = unclipped_blocks(plane)
    return len(pixels) >= FEWEST_BLOCKS and explains(table.reshape(64), pixels)


def _as_scaled(prediction: Prediction, quality: int) -> Prediction:
    """The prediction of an image whose steps an edit has multiplied."""
    probability = (1 - TRUSTED) * prediction.probability
    probability[quality - 1] += TRUSTED
    return replace(prediction, quality=float(quality), probability=probability)


def _doubtful(prediction: Prediction, deviation: float, any_quality: float, own: float) -> Prediction:
    """The prediction with a wider distribution; see IN_DOUBT, for which no quality is named."""
    around = np.exp(-(((QUALITIES[:, None] - QUALITIES) / deviation) ** 2) / 2)
    spread = (around / around.sum(axis=0)) @ prediction.probability
    wider = own * prediction.probability + (1 - own) * spread
    return replace(prediction, probability=(1 - any_quality) * wider + any_quality / len(QUALITIES))
