"""A checkpoint's configuration: every number that changes a prediction, checked when it is read."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import numpy as np

from jpegqf.arrays import F64
from jpegqf.errors import CheckpointError
from jpegqf.evidence.settings import FEATURES, DecisiveRule, EvidenceSettings, PatchRule

T = TypeVar("T")

FORMAT = 1
"""Version of the checkpoint layout; a file with a higher one needs a newer jpegqf."""
ARCHITECTURE = "candidate-scorer-2"
"""Name of the design in ``jpegqf.model.network``; a checkpoint carries it and is refused by code without it."""
MAX_METADATA_CHARS = 2**20


@dataclass(frozen=True)
class Width:
    """Sizes of the network's layers."""

    hidden: int = 256
    score: int = 80

    def __post_init__(self) -> None:
        if not (1 <= self.hidden <= 2048 and 1 <= self.score <= 512):
            raise ValueError("network width out of bounds")


@dataclass(frozen=True)
class Calibrator:
    """Fitted on held-out scenes: log-probabilities are divided by ``temperature`` (Guo et al., ICML 2017)."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0.05 <= self.temperature <= 20:
            raise ValueError("calibrator temperature out of bounds")

    def apply(self, log_probability: F64) -> F64:
        """Natural log-probabilities (..., 101) -> the same, calibrated and normalized."""
        return normalized(log_probability / self.temperature)


def normalized(log_probability: F64) -> F64:
    """Natural log-probabilities (..., n) whose probabilities sum to 1 along the last axis."""
    shifted = log_probability - log_probability.max(axis=-1, keepdims=True)
    out: F64 = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return out


@dataclass(frozen=True)
class ModelConfig:
    """Everything beside the weights: every number that changes a prediction, and where it came from."""

    name: str
    width: Width
    patch_rule: PatchRule
    evidence: EvidenceSettings
    calibrator: Calibrator
    training: Mapping[str, Any]
    """Recipe and figures of the training run; for people, never read by the code."""
    decisive: DecisiveRule | None = None
    """Rule by which a few blocks decide; None: every image gets the full evidence."""

    def to_json(self) -> str:
        """The metadata that a checkpoint stores."""
        return json.dumps({"format": FORMAT, "architecture": ARCHITECTURE, "features": FEATURES, **asdict(self)})


def parse_config(text: str) -> ModelConfig:
    """Metadata from a checkpoint -> configuration. Raises CheckpointError naming what does not fit."""
    try:
        raw = json.loads(text[: MAX_METADATA_CHARS + 1])
    except (ValueError, RecursionError):
        raise CheckpointError("its metadata is damaged (not JSON)") from None
    if not isinstance(raw, dict):
        raise CheckpointError("its metadata is damaged (not an object)")
    _check_identity(raw)
    try:
        return ModelConfig(
            name=_name(raw["name"]),
            width=_section(Width, raw),
            patch_rule=_section(PatchRule, raw),
            evidence=_section(EvidenceSettings, raw),
            calibrator=_section(Calibrator, raw),
            training=raw.get("training") or {},
            decisive=_section(DecisiveRule, raw) if raw.get("decisive") else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"its configuration is damaged ({error})") from None


def _name(value: object) -> str:
    """A name that can be printed and written anywhere: no control character, no half of a surrogate pair."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise ValueError("name is no printable text of at most 200 characters")
    return value


def _check_identity(raw: Mapping[str, Any]) -> None:
    version = raw.get("format")
    if not isinstance(version, int):
        raise CheckpointError("it has no format version: not a jpegqf checkpoint")
    if version > FORMAT:
        raise CheckpointError(
            f"it was made by a newer jpegqf (format {str(version)[:20]}, this version reads up to {FORMAT})"
        )
    if raw.get("architecture") != ARCHITECTURE:
        found = str(raw.get("architecture"))[:80]
        raise CheckpointError(f"it holds another architecture ({found!r}, this version runs {ARCHITECTURE!r})")
    if raw.get("features") != FEATURES:
        raise CheckpointError("it was trained on other features than this version computes")


SECTIONS = {
    Width: "width",
    PatchRule: "patch_rule",
    EvidenceSettings: "evidence",
    Calibrator: "calibrator",
    DecisiveRule: "decisive",
}


def _section(kind: type[T], raw: Mapping[str, Any]) -> T:
    """A settings object from its part of the metadata: known keys, finite numbers of the right type."""
    values = raw[SECTIONS[kind]]
    if not isinstance(values, dict):
        raise ValueError(f"{SECTIONS[kind]} is not an object")
    checked: dict[str, float] = {}
    for item in fields(kind):  # type: ignore[arg-type]
        value = values[item.name]
        wanted = (int,) if item.type is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted) or not math.isfinite(value):
            raise ValueError(f"{SECTIONS[kind]}.{item.name} is {value!r:.80}")
        checked[item.name] = value
    return kind(**checked)
