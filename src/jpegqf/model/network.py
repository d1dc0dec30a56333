"""The network in PyTorch ("candidate-scorer-2"): evidence of candidates -> log-probability of each, or none."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from jpegqf.evidence.settings import FEATURES
from jpegqf.model.config import Width

DROPOUT = 0.1
"""Share of the first layer's outputs left out while training."""


class CandidateScorer(nn.Module):
    """Scores each candidate by the same small network, then lets neighbouring qualities compete.

    Candidates share all weights, so what is learned about "this table explains the blocks" at one quality
    holds at every other; only the convolutions along the quality axis compare candidates. "None of them" (no
    JPEG grid at the first pixel) is scored from what the candidates look like together.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.candidate = nn.Linear(FEATURES, width.hidden)
        self.drop = nn.Dropout(DROPOUT)
        self.narrow = nn.Linear(width.hidden, width.score)
        self.near = nn.Conv1d(width.score, width.score, 5, padding=2)
        self.wide = nn.Conv1d(width.score, width.score, 5, padding=2)
        self.score = nn.Conv1d(width.score, 1, 1)
        self.none = nn.Sequential(nn.Linear(2 * width.score, width.score), nn.GELU(), nn.Linear(width.score, 1))

    def forward(self, evidence: Tensor) -> Tensor:
        """Evidence float32 (n, 100, FEATURES) -> natural log-probabilities float32 (n, 101), the last of none."""
        x = self.drop(functional.gelu(self.candidate((evidence - self.mean) / self.deviation)))
        x = functional.gelu(self.narrow(x)).transpose(1, 2)
        x = x + functional.gelu(self.near(x))
        x = x + functional.gelu(self.wide(x))
        together = torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1)
        scores = torch.cat([self.score(x).squeeze(1), self.none(together)], dim=1)
        return functional.log_softmax(scores, dim=1)
