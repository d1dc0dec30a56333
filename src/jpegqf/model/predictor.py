"""One image -> one answer: patches, evidence, model, aggregation, calibrator."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jpegqf.arrays import F32, F64
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.evidence.blocks import cut_blocks
from jpegqf.evidence.features import Gathered, evidence_of, gather
from jpegqf.evidence.few_blocks import decisive_quality, quality_given_back, turned_quality
from jpegqf.evidence.grid_search import GRIDS_ASKED, ranked_grids
from jpegqf.evidence.patches import informative, select
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.model.loaded import Model
from jpegqf.model.prediction import SURE, Prediction, combined
from jpegqf.pixels.grid import ALIGNED, TURNED, Grid
from jpegqf.pixels.luma import Luma

Aggregation = Literal["evidence", "median"]
SMALLEST_SIDE = 16
"""Pixels: two blocks a side; below, there is next to nothing to read."""
FEWEST_BLOCKS = 4
"""Different blocks, flat ones included: a flat image or a drawn pattern of one block tells nothing."""


def _enough(patches: list[Luma]) -> bool:
    """Whether the patches hold 4 different blocks."""
    return len(cut_blocks(patches)) >= FEWEST_BLOCKS


@dataclass(frozen=True)
class Needs:
    """What an image must have to be judged: ``shorter_side`` in pixels and, if ``contrast``, a patch with enough of it.

    The patch is one of the checkpoint's patch rule, whose score is above the rule's threshold.
    """

    shorter_side: int = SMALLEST_SIDE
    contrast: bool = False


ANY_BLOCKS = Needs()
"""A side of two blocks is enough, and so are four different blocks of any contrast."""
Evidence = Callable[[Sequence[Gathered], EvidenceSettings], F32]
"""Blocks of several images or patches -> evidence of each, float32 (n, 100, FEATURES)."""


def one_by_one(gathered: Sequence[Gathered], settings: EvidenceSettings) -> F32:
    """Evidence by NumPy; ``torch_evidence.TorchEvidence`` computes it for many at once."""
    return np.stack([evidence_of(blocks, settings) for blocks in gathered])


def _summed_up(log_probability: F64) -> Prediction:
    """Of natural log-probabilities (n, 101) of an image's patches, or of all of them together."""
    joint = np.exp(log_probability)
    saved = joint[:, :100].sum(axis=1, keepdims=True)
    probability = np.exp(log_probability[:, :100] - np.log(np.maximum(saved, 1e-300)))
    quality = float(np.median(QUALITIES[probability.argmax(axis=1)]))
    return Prediction(quality, probability.mean(axis=0), float(saved.mean()))


@dataclass(frozen=True)
class Predictor:
    """A model and how to use it.

    ``aggregation``: ``evidence`` adds the evidence of all patches and asks the model once; ``median`` asks
    it for each patch and takes the median. ``calibrate`` applies the checkpoint's calibrator. ``evidence`` computes
    the evidence, on whatever device.
    Averaging over mirrored copies (TTA) needs no work here: the evidence is the same for all of them.
    """

    model: Model
    calibrate: bool = True
    aggregation: Aggregation = "evidence"
    evidence: Evidence = one_by_one

    def examine(self, luma: Luma, straight: bool = False, search: bool = True, needs: Needs = ANY_BLOCKS) -> Prediction:
        """Judge the pixels of one image; the only way that it is done.

        ``straight``: these are the pixels of a JPEG as its decoder gave them; few blocks may decide then. Where no
        grid starts at the first pixel, and unless ``search`` is false (a JPEG's own pixels can have no other), the
        likeliest other grids and orientations are tried: the most probable one is named, and the distribution over
        qualities is that of all of them, weighted by their odds. Where luma leaves doubt, the green channel may tell.
        Raises ImageSkippedError for an image that has not what it ``needs`` to be judged.
        """
        first = self._first_question(luma, straight, needs)
        if isinstance(first, Prediction):
            return first
        return self._beyond_doubt(self._on(first, ALIGNED), first, luma, straight, search)

    def _first_question(self, luma: Luma, straight: bool, needs: Needs) -> Prediction | list[Luma]:
        """What few blocks tell beyond doubt, else the patches to ask about on the grid of the first pixel."""
        height, width = luma.plane.shape
        if min(height, width) < needs.shorter_side:
            words = f"too small: {width}x{height}, the shorter side must have {needs.shorter_side} pixels"
            raise ImageSkippedError(Reason.TOO_SMALL, words)
        contrasty = select(luma, self.model.config.patch_rule) if needs.contrast else []
        if needs.contrast and not contrasty:
            words = "too little information: no part of the image has enough contrast"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        decided = self.decided(luma, straight)
        if decided:
            return decided
        patches = contrasty or self._patches(luma, ALIGNED)
        if not _enough(patches):
            words = "too little information: fewer than 4 different blocks"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        return patches

    def _beyond_doubt(
        self, said: Prediction, patches: list[Luma], luma: Luma, straight: bool, search: bool
    ) -> Prediction:
        """``said`` of the grid at the first pixel; where that leaves doubt, what other grids and green tell."""
        if said.jpeg_probability >= SURE or not (search or straight):
            return self._or_by_green(said, luma, [ALIGNED])
        if straight:
            return combined([said, *self._tried(luma, [TURNED])])
        likely = [grid for _, grid in ranked_grids(patches, self.model.config.evidence)[:GRIDS_ASKED]]
        decided = self.decided(likely[0].place(luma), straight=False) if likely else None
        if decided:
            return replace(decided, grid=likely[0])
        said = combined([said, *self._tried(luma, likely)])
        return self._or_by_green(said, luma, [ALIGNED, *likely[:1]])

    def _or_by_green(self, said: Prediction, luma: Luma, grids: list[Grid]) -> Prediction:
        """``said``; where that leaves doubt, what the green channel tells on the first grid where it is surer.

        It must be sure of the quality, too, unless luma shows no grid.
        """
        green = luma.of_green()
        if said.sure or green is None:
            return said
        for grid in grids:
            patches = self._patches(green, grid)
            told = self._on(patches, grid) if _enough(patches) else said
            surer = told.jpeg_probability >= max(SURE, said.jpeg_probability)
            if surer and (told.sure or said.jpeg_probability < SURE):
                return replace(told, by_green=True)
        return said

    def _patches(self, luma: Luma, grid: Grid) -> list[Luma]:
        """Those of an image on this grid; on the right one a smooth image may hold a few blocks only."""
        return informative(grid.place(luma), self.model.config.patch_rule)

    def _on(self, patches: list[Luma], grid: Grid) -> Prediction:
        """What the model says of patches on this grid."""
        return replace(self._ask([self._gathered(patches)])[0], grid=grid)

    def decided(self, luma: Luma, straight: bool) -> Prediction | None:
        """What few blocks tell beyond doubt; None where they leave any. ``straight`` as for :meth:`examine`.

        A JPEG may have been turned by 90 degrees without being decoded. Of other pixels, synthesis alone is believed;
        then that of the green channel, too.
        """
        if self.aggregation != "evidence":
            return None
        if straight:
            return self._told(decisive_quality, luma) or self._told(turned_quality, luma, grid=TURNED)
        by_luma = self._told(quality_given_back, luma)
        return by_luma or self._told(quality_given_back, luma.of_green(), by_green=True)

    def _told(self, tell: Callable[..., int | None], plane: Luma | None, **how: Any) -> Prediction | None:
        config = self.model.config
        if plane is None or config.decisive is None:
            return None
        quality, sure = tell(plane, config.decisive, config.evidence), config.decisive.confidence
        if quality is None:
            return None
        probability = np.where(quality == QUALITIES, sure, (1 - sure) / (len(QUALITIES) - 1))
        return Prediction(float(quality), probability, sure, **how)

    def _tried(self, luma: Luma, grids: list[Grid]) -> Iterator[Prediction]:
        """What the image tells on each of these grids; once one is sure, only its other orientation is asked about."""
        sure: Grid | None = None
        for grid in grids:
            if grid != ALIGNED and (sure is None or (grid.x, grid.y) == (sure.x, sure.y)):
                said = self._on(self._patches(luma, grid), grid)
                sure = sure or (grid if said.jpeg_probability >= SURE else None)
                yield said

    def _gathered(self, patches: list[Luma]) -> list[Gathered]:
        groups = [patches] if self.aggregation == "evidence" else [[patch] for patch in patches]
        return [gather(group, self.model.config.evidence) for group in groups]

    def _ask(self, images: Sequence[list[Gathered]]) -> list[Prediction]:
        """What the model says about each image, all asked at once."""
        config = self.model.config
        evidence = self.evidence([blocks for image in images for blocks in image], config.evidence)
        log_probability = self.model.log_probabilities(evidence)
        if self.calibrate:
            log_probability = config.calibrator.apply(log_probability)
        ends = np.cumsum([len(image) for image in images])
        return [_summed_up(of_image) for of_image in np.split(log_probability, ends[:-1])]

    def first_answers(self, prepared: Sequence[list[Gathered]]) -> list[Prediction]:
        """What the model says of the blocks of several images on the grid of the first pixel, asked at once."""
        return self._ask(prepared)

    def prepared(self, luma: Luma, straight: bool, needs: Needs) -> Prediction | list[Gathered]:
        """For :meth:`first_answers`: the blocks to ask about, or the answer if few blocks told. Raises as `examine`."""
        first = self._first_question(luma, straight, needs)
        return first if isinstance(first, Prediction) else self._gathered(first)
