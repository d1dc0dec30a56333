"""One image -> one answer: patches, evidence, model, aggregation, calibrator."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jpegqf.decode import MAX_PIXELS, Luma, read_luma
from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.features import evidence
from jpegqf.model import F64, Model
from jpegqf.patches import select
from jpegqf.tables import QUALITIES

Aggregation = Literal["evidence", "median"]
IssueType = Literal["skipped", "error"]


@dataclass(frozen=True)
class Prediction:
    """What the pixels say about one image."""

    quality: float
    """Calibrated point prediction, 1..100: the most probable quality (``evidence``) or the median of the patches'."""
    probability: F64
    """Over qualities 1..100, float64 (100,), sums to 1."""
    patches: int
    """How many 128x128 patches were looked at."""

    @property
    def rounded(self) -> int:
        """The quality factor as a whole number, 1..100."""
        return int(np.clip(np.rint(self.quality), 1, 100))

    def interval(self, mass: float = 0.95) -> tuple[int, int]:
        """Shortest run of qualities that holds at least ``mass`` of the probability, inclusive."""
        total = np.concatenate([[0.0], np.cumsum(self.probability)])
        best = (1, 100)
        for first in range(100):
            last = int(np.searchsorted(total, total[first] + mass - 1e-9))
            if last <= 100 and last - first <= best[1] - best[0]:
                best = (first + 1, last)
        return best


@dataclass(frozen=True)
class Issue:
    """Why an image was not judged: ``skipped`` if it is sound, ``error`` if it cannot be read."""

    kind: IssueType
    message: str


@dataclass(frozen=True)
class Predictor:
    """A model and how to use it.

    ``aggregation``: ``evidence`` adds the evidence of all patches and asks the model once; ``median`` asks
    it for each patch and takes the median. ``calibrate`` applies the checkpoint's calibrator.
    Averaging over mirrored copies (TTA) needs no work here: the evidence is the same for all of them.
    """

    model: Model
    calibrate: bool = True
    aggregation: Aggregation = "evidence"

    def predict(self, luma: Luma) -> Prediction:
        """Predict from a luma plane. Raises ImageSkippedError if it is too small or tells too little."""
        config = self.model.config
        size = config.patch_rule.size
        height, width = luma.plane.shape
        if min(height, width) < size:
            words = f"too small: {width}x{height}, the shorter side must have {size} pixels"
            raise ImageSkippedError(Reason.TOO_SMALL, words)
        patches = select(luma, config.patch_rule)
        if not patches:
            words = "too little information: no part of the image has enough contrast"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        groups = [patches] if self.aggregation == "evidence" else [[patch] for patch in patches]
        stacked = np.stack([evidence(group, config.evidence) for group in groups])
        log_probability = self.model.log_probabilities(stacked)
        if self.calibrate:
            log_probability = config.calibrator.apply(log_probability)
        probability = np.exp(log_probability)
        quality = float(np.median(QUALITIES[probability.argmax(axis=1)]))
        return Prediction(quality, probability.mean(axis=0), len(patches))

    def predict_file(self, path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Prediction | Issue:
        """Predict from a file; whatever is wrong with the image comes back as an Issue, never as an exception."""
        try:
            return self.predict(read_luma(path, max_pixels).luma)
        except ImageSkippedError as reason:
            return Issue("skipped", str(reason))
        except ImageBrokenError as reason:
            return Issue("error", str(reason))

    def predict_files(
        self, paths: Iterable[str], max_pixels: int = MAX_PIXELS
    ) -> Iterator[tuple[str, Prediction | Issue]]:
        """Each path with its answer, in order, as they come."""
        for path in paths:
            yield path, self.predict_file(path, max_pixels)
