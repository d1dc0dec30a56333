"""One image -> one answer: patches, evidence, model, aggregation, calibrator."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jpegqf.blocks import cut_blocks
from jpegqf.decisive import decisive_quality
from jpegqf.decode import MAX_PIXELS, Luma, read_luma
from jpegqf.errors import ImageBrokenError, ImageSkippedError, Reason
from jpegqf.features import evidence
from jpegqf.grid import ALIGNED, GRIDS_ASKED, Grid, ranked_grids
from jpegqf.model import F64, Model
from jpegqf.patches import informative, select
from jpegqf.tables import QUALITIES

Aggregation = Literal["evidence", "median"]
IssueType = Literal["skipped", "error"]

SMALLEST_SIDE = 16
"""Pixels: two blocks a side; below, there is next to nothing to read."""
FEWEST_BLOCKS = 4
"""Different blocks, flat ones included: a flat image or a drawn pattern of one block tells nothing."""
SURE_OF_GRID = 0.9
"""Probability of a grid at the first pixel from which no other is looked for."""


@dataclass(frozen=True)
class Prediction:
    """What the pixels say about one image."""

    quality: float
    """Calibrated point prediction, 1..100: the most probable quality (``evidence``) or the median of the patches'."""
    probability: F64
    """Over qualities 1..100 given that there was a save, float64 (100,), sums to 1."""
    jpeg_probability: float
    """That the image was saved as JPEG and still has its 8x8 grid, starting at ``grid``."""
    grid: Grid = ALIGNED

    @property
    def rounded(self) -> int:
        """The quality factor as a whole number, 1..100."""
        return int(np.clip(np.rint(self.quality), 1, 100))

    def interval(self, mass: float = 0.95) -> tuple[int, int]:
        """Shortest run of qualities that holds at least ``mass`` of the probability, inclusive."""
        total = np.concatenate([[0.0], np.cumsum(self.probability)])
        last = np.searchsorted(total, total[:100] + mass - 1e-9)
        length = np.where(last <= 100, last - np.arange(100), 101)
        first = 99 - int(length[::-1].argmin())  # among equally short runs, that of the higher qualities
        return first + 1, int(last[first])


def _combined(tried: list[Prediction]) -> Prediction:
    """The most probable grid, with the qualities of all grids tried, each weighted by the odds of a grid there."""
    best = max(tried, key=lambda said: said.jpeg_probability)
    odds = np.array([said.jpeg_probability / max(1 - said.jpeg_probability, 1e-9) for said in tried])
    probability = np.average([said.probability for said in tried], axis=0, weights=odds + 1e-12)
    return replace(best, quality=float(QUALITIES[probability.argmax()]), probability=probability)


def _enough(patches: list[Luma]) -> bool:
    """Whether the patches hold 4 different blocks."""
    return len(cut_blocks(patches)) >= FEWEST_BLOCKS


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

    def predict(self, luma: Luma, straight: bool = False) -> Prediction:
        """Predict by the five-step patch rule; ``straight`` as for :meth:`examine`.

        Raises ImageSkippedError if the image is too small or too plain.
        """
        rule = self.model.config.patch_rule
        height, width = luma.plane.shape
        if min(height, width) < rule.size:
            words = f"too small: {width}x{height}, the shorter side must have {rule.size} pixels"
            raise ImageSkippedError(Reason.TOO_SMALL, words)
        patches = select(luma, rule)
        if not patches:
            words = "too little information: no part of the image has enough contrast"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        return (self.decided(luma) if straight else None) or self._ask(patches)

    def examine(self, luma: Luma, straight: bool = False, search: bool = True) -> Prediction:
        """Predict from whatever blocks inform, from 16x16 pixels up, with honest doubt.

        ``straight``: these are the pixels of a JPEG as its decoder gave them; few blocks may decide then. Where no
        grid starts at the first pixel, and unless ``search`` is false (a JPEG's own pixels can have no other), the
        likeliest other grids and orientations are tried: the most probable one is named, and the distribution over
        qualities is that of all of them, weighted by their odds.
        Raises ImageSkippedError if a side is under 16 pixels, or if there are fewer than 4 different blocks.
        """
        height, width = luma.plane.shape
        if min(height, width) < SMALLEST_SIDE:
            words = f"too small: {width}x{height}, the shorter side must have {SMALLEST_SIDE} pixels"
            raise ImageSkippedError(Reason.TOO_SMALL, words)
        decided = self.decided(luma) if straight else None
        if decided:
            return decided
        patches = informative(luma, self.model.config.patch_rule)
        if not _enough(patches):
            words = "too little information: fewer than 4 different blocks"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        said = self._ask(patches)
        if not search or said.jpeg_probability >= SURE_OF_GRID:
            return said
        likely = [grid for _, grid in ranked_grids(patches, self.model.config.evidence)[:GRIDS_ASKED]]
        return _combined([said, *self._tried(luma, likely)])

    def decided(self, luma: Luma) -> Prediction | None:
        """What few blocks of a decoded JPEG, or of its top, tell beyond doubt; None where they leave any."""
        config = self.model.config
        if config.decisive is None or self.aggregation != "evidence":
            return None
        quality = decisive_quality(luma, config.decisive, config.evidence)
        if quality is None:
            return None
        sure = config.decisive.confidence
        probability = np.where(quality == QUALITIES, sure, (1 - sure) / (len(QUALITIES) - 1))
        return Prediction(float(quality), probability, sure)

    def _tried(self, luma: Luma, grids: list[Grid]) -> Iterator[Prediction]:
        """What the image tells on each of these grids; on the right one a smooth image may hold a few blocks only."""
        for grid in grids:
            if grid != ALIGNED:
                patches = informative(grid.place(luma), self.model.config.patch_rule)
                yield replace(self._ask(patches), grid=grid)

    def _ask(self, patches: list[Luma]) -> Prediction:
        config = self.model.config
        groups = [patches] if self.aggregation == "evidence" else [[patch] for patch in patches]
        stacked = np.stack([evidence(group, config.evidence) for group in groups])
        log_probability = self.model.log_probabilities(stacked)
        if self.calibrate:
            log_probability = config.calibrator.apply(log_probability)
        joint = np.exp(log_probability)
        saved = joint[:, :100].sum(axis=1, keepdims=True)
        probability = np.exp(log_probability[:, :100] - np.log(np.maximum(saved, 1e-300)))
        quality = float(np.median(QUALITIES[probability.argmax(axis=1)]))
        return Prediction(quality, probability.mean(axis=0), float(saved.mean()))

    def predict_file(self, path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Prediction | Issue:
        """Predict from a file; whatever is wrong with the image comes back as an Issue, never as an exception."""
        try:
            decoded = read_luma(path, max_pixels)
            return self.predict(decoded.luma, decoded.straight)
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
