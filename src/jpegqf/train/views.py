"""One training image -> the patches given to the network, and the target quality for them."""

from dataclasses import dataclass, replace

import numpy as np

from jpegqf.evidence.grid_search import GRIDS_TRIED, ranked_grids
from jpegqf.evidence.patches import informative
from jpegqf.evidence.settings import EvidenceSettings, PatchRule
from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.pixels.luma import Luma
from jpegqf.train.synthesis import NEVER, Sample

TIE = 1e-6
"""Grids this close in likelihood, relative, count as equally likely: an image of stripes has eight such."""


@dataclass(frozen=True)
class View:
    """Patches cut on an assumed grid, and the target quality: NEVER if that grid is wrong or there is none."""

    patches: list[Luma]
    quality: int


def _piece(sample: Sample, rng: np.random.Generator) -> Sample:
    """A small part, 2 to 32 blocks a side; of an image on its grid, one on that grid."""
    unit = 8 if sample.grid == ALIGNED else 1
    height, width = sample.luma.plane.shape
    tall, wide = (min(side // 8, int(2 ** rng.uniform(1, 5))) * 8 for side in (height, width))
    top, left = (int(rng.integers(room // unit + 1)) * unit for room in (height - tall, width - wide))
    grid = sample.grid and replace(sample.grid, x=(sample.grid.x - left) % 8, y=(sample.grid.y - top) % 8)
    return Sample(sample.luma.crop(top, left, tall, wide), sample.quality, grid)


def _patches(luma: Luma, rule: PatchRule, rng: np.random.Generator) -> list[Luma]:
    """The rule's patches, often only some of them; the whole image where the rule finds none."""
    patches = informative(luma, rule)
    keep = len(patches) if rng.random() < 0.6 else int(rng.integers(1, len(patches) + 1))
    first = int(rng.integers(len(patches) - keep + 1))
    return patches[first : first + keep]


def _looked_at(sample: Sample, settings: EvidenceSettings, rng: np.random.Generator) -> tuple[Grid, bool]:
    """The grid that is tried, and whether it is the right one: the first pixel's, or one the search proposes."""
    if rng.random() < (0.9 if sample.grid == ALIGNED else 0.5):
        return ALIGNED, sample.grid == ALIGNED
    found = ranked_grids([sample.luma.crop(0, 0, 512, 512)], settings)
    if not found:
        return ALIGNED, sample.grid == ALIGNED
    score, grid = found[0 if rng.random() < 0.6 else int(rng.integers(GRIDS_TRIED))]
    true = next((value for value, other in found if other == sample.grid), -np.inf)
    return grid, bool(abs(score - true) <= TIE * abs(score))


def draw_view(sample: Sample, rule: PatchRule, settings: EvidenceSettings, rng: np.random.Generator) -> View:
    """What a prediction sees: the image or a piece of it, on the grid of its first pixel or a likely one."""
    if rng.random() < 0.2:
        sample = _piece(sample, rng)
    grid, right = _looked_at(sample, settings, rng)
    return View(_patches(grid.place(sample.luma), rule, rng), sample.quality if right else NEVER)
