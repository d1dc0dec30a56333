"""Luma of a decoded JPEG -> its quality, where a few blocks leave no doubt; a tenth of the cost of the full evidence.

* Up to some quality by synthesis (``jpegqf.evidence.synthesis``): under the true table nearly every block comes back
  within the decoder's rounding, under any other one nearly none does, unless both agree wherever these blocks have
  anything. If one table gives back almost all blocks, and the next best clearly fewer, it is the answer.
* Beyond, steps are no larger than the pixels' rounding and no single block decides. There the likelihoods
  (``jpegqf.evidence.likelihood``) of some hundred blocks add up. The best candidate is the answer if it leads, and if
  a free choice of steps would explain the blocks hardly better: otherwise the table is no IJG table.

Both are only for a JPEG's own luma as decoded: its grid is at the first pixel, and it has a table. Synthesis alone also
decides other pixels, such as the green channel of a JPEG that codes red, green and blue themselves.
"""

import numpy as np

from jpegqf.arrays import F32, I64, U8
from jpegqf.evidence.blocks import contrasting_blocks, evenly_spread, transposed_blocks
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.likelihood import comb_evidence, comb_table, histogram, laplacian, multiple_sums, zero_inflated
from jpegqf.evidence.settings import MISSED, DecisiveRule, EvidenceSettings
from jpegqf.evidence.synthesis import given_back
from jpegqf.jpeg.ijg import STEPS
from jpegqf.pixels.luma import Luma

FEW_BLOCKS_BINS = 512
"""Bins of the histograms: coefficients up to 128 grey levels. Larger ones are rare and left out."""

FINE = 90
"""Quality from which a table may give back blocks that were saved with a coarse one and turned by 90 degrees."""
SMALL_MULTIPLES = 3
"""Largest multiple of its step at which a coefficient counts as small."""
ODD_SHARE = 0.2
"""Least share of the nonzero coefficients that must be odd multiples: of any smooth distribution half and more are."""


def _by_synthesis(pixels: U8, rule: DecisiveRule, tolerance: float) -> tuple[int | None, bool]:
    """The quality 1..``finest`` that alone gives the blocks back, or None; and whether any such may."""
    left = np.arange(len(STEPS))
    for most in (rule.first, rule.second):
        tried = given_back(evenly_spread(pixels, most), STEPS[left], tolerance).sum(axis=1)
        left = left[tried >= most - MISSED]
        if not len(left) or left[0] >= rule.finest:
            return None, False
    pixels = evenly_spread(pixels, rule.blocks)
    share = given_back(pixels, STEPS[left], tolerance).mean(axis=1)
    order = np.argsort(-share, kind="stable")
    next_best = share[order[1]] if len(left) > 1 else 1 - (MISSED + 1) / rule.second
    beyond_doubt = share[order[0]] >= rule.given_back and (share[order[0]] - next_best) * len(pixels) >= rule.lead
    best = int(left[order[0]])
    beyond_doubt = beyond_doubt and best < rule.finest and _plausible(pixels, STEPS[best], rule)
    return (best + 1 if beyond_doubt else None), True


def _plausible(pixels: U8, steps: F32, rule: DecisiveRule) -> bool:
    """Whether small and odd multiples of ``steps`` are common among the nonzero AC coefficients, as in any image.

    Coefficients quantized with far larger steps are only near large multiples; with steps twice as large, on even ones.
    """
    multiple = np.abs(np.rint((pixels.astype(np.float32) - 128) @ FORWARD / steps)).astype(np.int16)[:, 1:]
    nonzero = np.count_nonzero(multiple)
    small, odd = np.count_nonzero((multiple > 0) & (multiple <= SMALL_MULTIPLES)), np.count_nonzero(multiple & 1)
    return bool(small >= rule.small_share * nonzero and odd >= ODD_SHARE * nonzero)


def _by_likelihood(pixels: U8, rule: DecisiveRule, settings: EvidenceSettings) -> int | None:
    """The quality ``coarsest_likely``..100 whose steps are nearly as likely as the best free choice, or None."""
    counts = histogram((pixels.astype(np.float32) - 128) @ FORWARD, FEW_BLOCKS_BINS + 1)[:, :FEW_BLOCKS_BINS]
    comb = comb_table(settings.noise_sigma, settings.outlier_mass)
    steps = STEPS[rule.coarsest_likely - 1 :].astype(np.int64)
    quality = _likeliest(counts, comb[:, : int(1.5 * steps.max())], steps, rule)
    # A short list of steps also accepts tables of much larger steps, whose multiples are multiples of small steps:
    # check again with all 255.
    return None if quality is None else _likeliest(counts, comb, steps, rule)


def _likeliest(counts: F32, comb: F32, steps: I64, rule: DecisiveRule) -> int | None:
    """As :func:`_by_likelihood`, with a free choice among the steps 1, 2, ... that ``comb`` has columns for."""
    total, zeros = multiple_sums(counts, comb.shape[1])
    count, by_comb = counts.sum(axis=1), comb_evidence(counts, comb)
    models = laplacian(count, zeros, total), zero_inflated(count, zeros, total)
    by_counts, by_shape = (_of_candidates(by_multiples + by_comb, steps) for by_multiples in models)
    best = int(by_counts[0].argmax())
    lead = by_counts[0][best] - np.delete(by_counts[0], best).max()
    gain = by_counts[1] - by_counts[0][best]
    beyond_doubt = lead >= rule.likely_lead and gain <= rule.free_share * lead and by_shape[0].argmax() == best
    return best + rule.coarsest_likely if beyond_doubt else None


def _of_candidates(evidence: F32, steps: I64) -> tuple[F32, np.float32]:
    """Sums of log-likelihoods (steps, 64) over AC: of each candidate (candidates,), and of the best free choice."""
    each = evidence[steps[:, 1:] - 1, np.arange(1, 64)]
    return each.sum(axis=1), evidence[:, 1:].max(axis=0).sum()


def decisive_quality(luma: Luma, rule: DecisiveRule, settings: EvidenceSettings) -> int | None:
    """The quality 1..100 of the last save, or None where the blocks leave doubt.

    ``luma`` is a decoded JPEG, or a part of it whose first pixel is on its grid.
    """
    pixels = contrasting_blocks(luma, rule.lattice, rule.span)
    if len(pixels) < rule.fewest:
        return None
    quality, possible = _by_synthesis(pixels, rule, settings.pixel_tolerance)
    if (quality or 0) >= FINE and _by_synthesis(transposed_blocks(pixels), rule, settings.pixel_tolerance)[1]:
        return None
    if quality is not None or possible or len(pixels) < rule.fewest_likely:
        return quality
    return _by_likelihood(pixels, rule, settings)


def quality_given_back(luma: Luma, rule: DecisiveRule, settings: EvidenceSettings) -> int | None:
    """As :func:`decisive_quality`, by synthesis alone and up to ``finest``.

    This holds for any pixels: no table gives back the blocks of an image that was no JPEG.
    """
    pixels = contrasting_blocks(luma, rule.lattice, rule.span)
    return _by_synthesis(pixels, rule, settings.pixel_tolerance)[0] if len(pixels) >= rule.fewest else None


def turned_quality(luma: Luma, rule: DecisiveRule, settings: EvidenceSettings) -> int | None:
    """As :func:`quality_given_back`, for a JPEG turned by 90 degrees without being decoded.

    None where it may be upright. Such a turn transposes the blocks and the table.
    """
    pixels = contrasting_blocks(luma, rule.lattice, rule.span)
    if len(pixels) < rule.fewest or _by_synthesis(pixels, rule, settings.pixel_tolerance)[1]:
        return None
    return _by_synthesis(transposed_blocks(pixels), rule, settings.pixel_tolerance)[0]
