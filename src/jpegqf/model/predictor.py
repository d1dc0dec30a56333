"""Luma of one image -> its prediction: patches, evidence, network, calibration, and the search for the grid."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jpegqf.arrays import F32, F64
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.evidence.blocks import cut_blocks
from jpegqf.evidence.features import GatheredBlocks, evidence_of, gather_blocks
from jpegqf.evidence.few_blocks import decisive_quality, quality_given_back, turned_quality
from jpegqf.evidence.grid_search import GRIDS_TRIED, ranked_grids
from jpegqf.evidence.patches import informative, select
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.jpeg.ijg import QUALITIES
from jpegqf.model.loaded import Model
from jpegqf.model.prediction import SURE, Prediction, combined
from jpegqf.pixels.grid import ALIGNED, TURNED, Grid
from jpegqf.pixels.luma import Luma

Aggregation = Literal["evidence", "median"]
SMALLEST_SIDE = 16
"""Shorter side, in pixels, below which an image is refused: two blocks."""
FEWEST_BLOCKS = 4
"""Distinct blocks, flat ones included, below which an image is refused: a flat image or a repeated pattern."""


def _enough_blocks(patches: list[Luma]) -> bool:
    """Whether the patches hold at least FEWEST_BLOCKS distinct blocks."""
    return len(cut_blocks(patches)) >= FEWEST_BLOCKS


@dataclass(frozen=True)
class Needs:
    """Least that an image must have to get a prediction: ``shorter_side`` in pixels, and a patch of enough contrast.

    The patch is asked for only if ``contrast`` is true: one of the checkpoint's patch rule whose score is above the
    rule's threshold.
    """

    shorter_side: int = SMALLEST_SIDE
    contrast: bool = False


ANY_BLOCKS = Needs()
"""A side of two blocks is enough, and so are four different blocks of any contrast."""
EvidenceFunction = Callable[[Sequence[GatheredBlocks], EvidenceSettings], F32]
"""Type of a function that computes evidence: blocks of n images or patches -> float32 (n, 100, FEATURES)."""


def one_by_one(gathered: Sequence[GatheredBlocks], settings: EvidenceSettings) -> F32:
    """Evidence by NumPy, one image at a time, float32 (n, 100, FEATURES).

    ``jpegqf.evidence.on_torch.TorchEvidence`` computes it for many at once.
    """
    return np.stack([evidence_of(blocks, settings) for blocks in gathered])


def _prediction(log_probability: F64) -> Prediction:
    """The prediction from natural log-probabilities (n, 101): one row of a whole image, or one of each patch."""
    joint = np.exp(log_probability)
    saved = joint[:, :100].sum(axis=1, keepdims=True)
    probability = np.exp(log_probability[:, :100] - np.log(np.maximum(saved, 1e-300)))
    quality = float(np.median(QUALITIES[probability.argmax(axis=1)]))
    return Prediction(quality, probability.mean(axis=0), float(saved.mean()))


@dataclass(frozen=True)
class Predictor:
    """A model and how to use it.

    ``aggregation``: ``evidence`` adds the evidence of all patches and asks the model once; ``median`` asks
    it for each patch and takes the median. ``calibrate`` applies the checkpoint's calibrator. ``evidence`` is the
    function that computes the evidence, on the CPU or a GPU. Averaging over mirrored copies (test-time augmentation)
    would change nothing: the evidence is the same for all of them.
    """

    model: Model
    calibrate: bool = True
    aggregation: Aggregation = "evidence"
    evidence: EvidenceFunction = one_by_one

    def examine(
        self,
        luma: Luma,
        own_luma: bool = False,
        search: bool = True,
        needs: Needs = ANY_BLOCKS,
        likely: Grid | None = None,
    ) -> Prediction:
        """Predict the quality and grid of one image from its pixels.

        ``own_luma``: ``luma`` is a JPEG's own component as decoded, neither converted nor upsampled. Then a few blocks
        may decide. Where no grid starts at the first pixel, and unless ``search`` is false (a JPEG's own pixels can
        have no other), the likeliest other grids and orientations are tried: the most probable one is named, and the
        distribution over qualities is that of all of them, weighted by their odds. Where luma leaves doubt, the
        green channel is tried: some JPEGs code red, green and blue themselves. ``likely``: a grid that other evidence
        names; where it is seen there, no other is looked for. Raises ImageSkippedError for an image that lacks what
        ``needs`` asks for.
        """
        first = self._decided_or_patches(luma, own_luma, needs)
        if isinstance(first, Prediction):
            return first
        if likely and likely != ALIGNED:
            known = self._on_likely(luma, likely)
            if known.jpeg_probability >= SURE:
                return self._or_by_green(known, luma, [likely])
        return self._with_other_grids(self._on_grid(first, ALIGNED), first, luma, own_luma, search)

    def _decided_or_patches(self, luma: Luma, own_luma: bool, needs: Needs) -> Prediction | list[Luma]:
        """A finished prediction where a few blocks decide it, else the patches on the grid of the first pixel.

        Raises ImageSkippedError as :meth:`examine` does.
        """
        height, width = luma.shape
        if min(height, width) < needs.shorter_side:
            words = f"too small: {width}x{height}, the shorter side must have {needs.shorter_side} pixels"
            raise ImageSkippedError(Reason.TOO_SMALL, words)
        contrasty = select(luma, self.model.config.patch_rule) if needs.contrast else []
        if needs.contrast and not contrasty:
            words = "too little information: no part of the image has enough contrast"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        decided = self.decided(luma, own_luma)
        if decided:
            return decided
        patches = contrasty or self._patches(luma, ALIGNED)
        if not _enough_blocks(patches):
            words = "too little information: fewer than 4 different blocks"
            raise ImageSkippedError(Reason.TOO_LITTLE_INFORMATION, words)
        return patches

    def _on_likely(self, luma: Luma, likely: Grid) -> Prediction:
        """The prediction on one grid, upright or turned."""
        decided = self.decided(likely.place(luma), own_luma=False)
        if decided:
            return replace(decided, grid=likely)
        return combined(list(self._on_grids(luma, [likely, replace(likely, turned=not likely.turned)])))

    def _with_other_grids(
        self, prediction: Prediction, patches: list[Luma], luma: Luma, own_luma: bool, search: bool
    ) -> Prediction:
        """``prediction``, made on the grid of the first pixel, or a better one from other grids or the green channel.

        ``patches`` are those that it was made from. Other grids are tried where SURE is not reached.
        """
        if prediction.jpeg_probability >= SURE or not (search or own_luma):
            return self._or_by_green(prediction, luma, [ALIGNED])
        if own_luma:
            return combined([prediction, *self._on_grids(luma, [TURNED])])
        ranked = [grid for _, grid in ranked_grids(patches, self.model.config.evidence)[:GRIDS_TRIED]]
        decided = self.decided(ranked[0].place(luma), own_luma=False) if ranked else None
        if decided:
            return replace(decided, grid=ranked[0])
        prediction = combined([prediction, *self._on_grids(luma, ranked)])
        return self._or_by_green(prediction, luma, [ALIGNED, *ranked[:1]])

    def _or_by_green(self, prediction: Prediction, luma: Luma, grids: list[Grid]) -> Prediction:
        """``prediction``, or where it is not sure, that of the green channel on the first grid where that is surer.

        The green channel must also be sure of the quality, unless luma is unsure of the grid.
        """
        green = luma.of_green()
        if prediction.sure or green is None:
            return prediction
        for grid in grids:
            patches = self._patches(green, grid)
            green_prediction = self._on_grid(patches, grid) if _enough_blocks(patches) else prediction
            surer = green_prediction.jpeg_probability >= max(SURE, prediction.jpeg_probability)
            if surer and (green_prediction.sure or prediction.jpeg_probability < SURE):
                return replace(green_prediction, by_green=True)
        return prediction

    def _patches(self, luma: Luma, grid: Grid) -> list[Luma]:
        """The informative patches of an image, cut on this grid."""
        return informative(grid.place(luma), self.model.config.patch_rule)

    def _on_grid(self, patches: list[Luma], grid: Grid) -> Prediction:
        """The network's prediction for patches whose first pixels are on this grid."""
        return replace(self.predictions([self._gathered(patches)])[0], grid=grid)

    def decided(self, luma: Luma, own_luma: bool) -> Prediction | None:
        """A prediction from a few blocks where they leave no doubt, else None. ``own_luma`` as for :meth:`examine`.

        A JPEG's own luma is tried upright, then as turned by 90 degrees without being decoded. Other pixels are decided
        by synthesis alone, of luma and then of the green channel.
        """
        if self.aggregation != "evidence":
            return None
        if own_luma:
            return self._decided_by(decisive_quality, luma) or self._decided_by(turned_quality, luma, grid=TURNED)
        by_luma = self._decided_by(quality_given_back, luma)
        return by_luma or self._decided_by(quality_given_back, luma.of_green(), by_green=True)

    def _decided_by(self, rule: Callable[..., int | None], plane: Luma | None, **fields: Any) -> Prediction | None:
        """The prediction from the quality that ``rule``, a function of ``few_blocks``, finds in ``plane``, or None.

        ``fields`` are further fields of the prediction.
        """
        config = self.model.config
        if plane is None or config.decisive is None:
            return None
        quality, sure = rule(plane, config.decisive, config.evidence), config.decisive.confidence
        if quality is None:
            return None
        probability = np.where(quality == QUALITIES, sure, (1 - sure) / (len(QUALITIES) - 1))
        return Prediction(float(quality), probability, sure, by_few_blocks=True, **fields)

    def _on_grids(self, luma: Luma, grids: list[Grid]) -> Iterator[Prediction]:
        """Predictions on these grids without ALIGNED; once one is sure, only its other orientation follows."""
        sure: Grid | None = None
        for grid in grids:
            if grid != ALIGNED and (sure is None or (grid.x, grid.y) == (sure.x, sure.y)):
                prediction = self._on_grid(self._patches(luma, grid), grid)
                sure = sure or (grid if prediction.jpeg_probability >= SURE else None)
                yield prediction

    def _gathered(self, patches: list[Luma]) -> list[GatheredBlocks]:
        """The blocks of all patches together, or of each by itself, as the aggregation needs them."""
        groups = [patches] if self.aggregation == "evidence" else [[patch] for patch in patches]
        return [gather_blocks(group, self.model.config.evidence) for group in groups]

    def predictions(self, images: Sequence[list[GatheredBlocks]]) -> list[Prediction]:
        """The network's prediction for the blocks of each image, such as those of :meth:`prepared`, in one batch."""
        config = self.model.config
        evidence = self.evidence([blocks for image in images for blocks in image], config.evidence)
        log_probability = self.model.log_probabilities(evidence)
        if self.calibrate:
            log_probability = config.calibrator.apply(log_probability)
        ends = np.cumsum([len(image) for image in images])
        return [_prediction(of_image) for of_image in np.split(log_probability, ends[:-1])]

    def prepared(self, luma: Luma, own_luma: bool, needs: Needs) -> Prediction | list[GatheredBlocks]:
        """A finished prediction if a few blocks suffice, else the gathered blocks to pass on to :meth:`predictions`.

        No other grid is searched. The arguments mean the same, and the same errors are raised, as in :meth:`examine`.
        """
        first = self._decided_or_patches(luma, own_luma, needs)
        return first if isinstance(first, Prediction) else self._gathered(first)
