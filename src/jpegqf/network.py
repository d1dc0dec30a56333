"""The network as a PyTorch module: evidence of 100 candidates -> log-probability of each ("candidate-scorer-1")."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from jpegqf.features import FEATURES
from jpegqf.model import Width


class CandidateScorer(nn.Module):
    """Scores each candidate by the same small network, then lets neighbouring qualities compete.

    Candidates share all weights, so what is learned about "this table explains the blocks" at one quality
    holds at every other; only the convolutions along the quality axis compare candidates.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.candidate = nn.Linear(FEATURES, width.hidden)
        self.narrow = nn.Linear(width.hidden, width.score)
        self.near = nn.Conv1d(width.score, width.score, 5, padding=2)
        self.wide = nn.Conv1d(width.score, width.score, 5, padding=2)
        self.score = nn.Conv1d(width.score, 1, 1)

    def forward(self, evidence: Tensor) -> Tensor:
        """Evidence float32 (n, 100, FEATURES) -> natural log-probabilities float32 (n, 100)."""
        x = functional.gelu(self.candidate((evidence - self.mean) / self.deviation))
        x = functional.gelu(self.narrow(x)).transpose(1, 2)
        x = x + functional.gelu(self.near(x))
        x = x + functional.gelu(self.wide(x))
        return functional.log_softmax(self.score(x).squeeze(1), dim=1)
