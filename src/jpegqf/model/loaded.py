"""A loaded checkpoint: configuration and network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64
from jpegqf.errors import CheckpointError
from jpegqf.model.config import ModelConfig, normalized

Run = Callable[[F32], F32]
"""The network as a function: evidence float32 (n, 100, FEATURES) -> natural log-probabilities float32 (n, 101)."""


@dataclass(frozen=True)
class Model:
    """A loaded checkpoint: ``run`` maps evidence float32 (n, 100, FEATURES) to log-probabilities (n, 101)."""

    config: ModelConfig
    run: Run
    device: str
    """``cpu`` or ``cuda``: where the network runs."""
    weight_type: str
    """``NumPy`` or ``PyTorch``: the library that holds the weights and computes with them."""

    def log_probabilities(self, evidence: F32) -> F64:
        """Uncalibrated natural log-probabilities, float64 (n, 101): 100 qualities, then "no JPEG on this grid".

        Row i is for ``evidence[i]``. Raises CheckpointError if the network's output has a wrong shape or is not finite.
        """
        out = np.asarray(self.run(np.ascontiguousarray(evidence, np.float32)), np.float64)
        if out.shape != (len(evidence), 101) or not np.isfinite(out).all():
            raise CheckpointError("its weights give no distribution over 100 qualities")
        return normalized(out)
