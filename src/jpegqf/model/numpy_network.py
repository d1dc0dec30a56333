"""The network in NumPy: as ``network.CandidateScorer`` computes it, without PyTorch, on the CPU."""

from collections.abc import Mapping

import numpy as np

from jpegqf.arrays import F32
from jpegqf.evidence.settings import FEATURES
from jpegqf.jpeg.ijg import CANDIDATES

SIDE = 2
"""Neighbours on each side that a convolution along the qualities sees."""
GELU_TERMS = tuple(
    np.float32(term)
    for term in (
        1.82341475e-09,
        -1.34373401e-07,
        3.98691557e-06,
        -5.53985665e-05,
        -3.24608788e-05,
        3.63330680e-02,
        7.97884904e-01,
    )
)
"""Of P in erf(x / sqrt 2) = tanh(x P(x^2)), highest power first: off by at most 7e-8, as is GELU.

Hendrycks and Gimpel (arXiv:1606.08415) take two terms, sqrt(2 / pi) and 0.0357; these seven were fitted to ``math.erf``
for |x| up to 5.4, by least greatest error. The rounding of float32 comes on top, as in PyTorch's own GELU.
"""
GELU_SATURATED = np.float32(5.4**2)
"""Square of the x from which erf(x / sqrt 2) is 1, to 7e-8."""


def shapes(hidden: int, score: int) -> dict[str, tuple[int, ...]]:
    """The weights that a network of this width has, by PyTorch's names; a layer's weight is (outputs, inputs)."""
    return {
        "mean": (FEATURES,),
        "deviation": (FEATURES,),
        "candidate.weight": (hidden, FEATURES),
        "candidate.bias": (hidden,),
        "narrow.weight": (score, hidden),
        "narrow.bias": (score,),
        "near.weight": (score, score, 2 * SIDE + 1),
        "near.bias": (score,),
        "wide.weight": (score, score, 2 * SIDE + 1),
        "wide.bias": (score,),
        "score.weight": (1, score, 1),
        "score.bias": (1,),
        "none.0.weight": (score, 2 * score),
        "none.0.bias": (score,),
        "none.2.weight": (1, score),
        "none.2.bias": (1,),
    }


def gelu(x: F32) -> F32:
    """GELU with the error function, x (1 + erf(x / sqrt 2)) / 2, float32 of any shape; ``x`` is overwritten."""
    square: F32 = np.minimum(x * x, GELU_SATURATED)
    out: F32 = square * GELU_TERMS[0]
    for term in GELU_TERMS[1:-1]:
        out += term
        out *= square
    out += GELU_TERMS[-1]
    out *= x
    np.tanh(out, out=out)
    x *= np.float32(0.5)
    out *= x
    out += x
    return out


class NumpyNetwork:
    """Weights as ``shapes`` names them, laid out for products; one image at a time, whatever the batch."""

    def __init__(self, weights: Mapping[str, F32]) -> None:
        self._weights = weights
        self._matrices = {
            layer: np.ascontiguousarray(_matrix(weights[f"{layer}.weight"]))
            for layer in ("candidate", "narrow", "near", "wide", "score", "none.0", "none.2")
        }

    def __call__(self, evidence: F32) -> F32:
        """Evidence float32 (n, 100, FEATURES) -> natural log-probabilities float32 (n, 101), the last of none."""
        out = np.empty((len(evidence), CANDIDATES + 1), np.float32)
        with np.errstate(all="ignore"):  # what a stranger's weights overflow to is looked at afterwards
            for i, image in enumerate(evidence):
                scores = self._scores(image)
                scores -= scores.max()
                out[i] = scores - np.log(np.exp(scores).sum())
        return out

    def _scores(self, evidence: F32) -> F32:
        """Evidence of one image (100, FEATURES) -> scores of its candidates and of none, (101,)."""
        scaled = (evidence - self._weights["mean"]) / self._weights["deviation"]
        x = gelu(self._layer("narrow", gelu(self._layer("candidate", scaled))))  # (100, score)
        x += gelu(self._layer("near", _neighbours(x)))
        x += gelu(self._layer("wide", _neighbours(x)))
        together = np.concatenate([x.max(axis=0), x.mean(axis=0)])[None]  # (1, 2 score)
        none = self._layer("none.2", gelu(self._layer("none.0", together)))
        return np.concatenate([self._layer("score", x), none])[:, 0]

    def _layer(self, name: str, x: F32) -> F32:
        """Rows (n, inputs) -> (n, outputs)."""
        out: F32 = x @ self._matrices[name]
        out += self._weights[f"{name}.bias"]
        return out


def _matrix(weight: F32) -> F32:
    """Weight (outputs, inputs[, size]) -> (size inputs, outputs), its rows in the order of ``_neighbours``."""
    return weight.T.reshape(-1, len(weight))


def _neighbours(x: F32) -> F32:
    """Candidates (100, score) -> each with its neighbours, (100, 5 score); beyond both ends there are zeros."""
    end = np.zeros((SIDE, x.shape[1]), np.float32)
    padded = np.concatenate([end, x, end])
    return np.concatenate([padded[i : i + len(x)] for i in range(2 * SIDE + 1)], axis=1)
