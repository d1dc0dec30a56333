"""A file -> the quality that ``infer.py`` writes for it, or the issue that says why there is none."""

import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Literal

from jpegqf.errors import ImageBrokenError, ImageError
from jpegqf.inputs.files import read_bytes
from jpegqf.inspection.pixel_chroma import with_chroma
from jpegqf.inspection.verdict import NO_TRACE_WORDS
from jpegqf.limits import MAX_PIXELS
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Needs, Predictor
from jpegqf.pixels.codec import pixel_codec
from jpegqf.pixels.decode import Decoded, decode_luma


def read_luma(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Decoded:
    """Read and decode one file.

    Raises ImageSkippedError (more than ``max_pixels`` pixels, told from the header; samples that are not
    8 bits) and ImageBrokenError (unreadable, empty, not an image, truncated, corrupt).
    """
    return decode_luma(read_bytes(path), max_pixels)


@dataclass(frozen=True)
class Issue:
    """Why an image has no quality: ``skipped`` if it is sound, ``error`` if it cannot be read; and that in words."""

    kind: Literal["skipped", "error"]
    message: str


QualityOrIssue = Prediction | Issue
"""What one file gives: a prediction that may be written as a quality, or the issue that says why there is none."""


def needs_of(predictor: Predictor) -> Needs:
    """What ``infer.py`` asks of an image: a side of one patch, and a patch of enough contrast."""
    return Needs(predictor.model.config.patch_rule.size, contrast=True)


def predict_file(predictor: Predictor, path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> QualityOrIssue:
    """Judge one file as ``scan`` does; whatever is wrong with it comes back as an Issue, never as an exception."""
    try:
        return quality_or_issue(predictor, read_luma(path, max_pixels))
    except ImageError as error:
        return issue_of(error)


def predict_files(
    predictor: Predictor, paths: Iterable[str], max_pixels: int = MAX_PIXELS
) -> Generator[tuple[str, QualityOrIssue], None, None]:
    """Each path with its answer, in order, as they come."""
    for path in paths:
        yield path, predict_file(predictor, path, max_pixels)


def quality_or_issue(predictor: Predictor, decoded: Decoded) -> QualityOrIssue:
    """The answer about a decoded image. Raises ImageSkippedError for one that has not what it needs."""
    prediction = predictor.examine(
        decoded.luma, decoded.own_luma, search=not decoded.is_jpeg, needs=needs_of(predictor)
    )
    if not prediction.beyond_doubt and (decoded.samples is None or pixel_codec(decoded.samples).codec == "jpeg"):
        prediction, _ = with_chroma(prediction, None, decoded.colours)
    return named(prediction)


def named(prediction: Prediction) -> QualityOrIssue:
    """The prediction if it may be written as a number, else the Issue that says why not."""
    if not prediction.has_grid:
        return Issue("skipped", NO_TRACE_WORDS)
    if not prediction.names_a_quality:
        low, high = prediction.interval()
        return Issue("skipped", f"too little information: every quality from {low} to {high} is possible")
    return prediction


def issue_of(error: ImageError) -> Issue:
    """The row of an image that could not be judged."""
    return Issue("error" if isinstance(error, ImageBrokenError) else "skipped", str(error))
