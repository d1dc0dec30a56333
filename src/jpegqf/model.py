"""Checkpoints: verify and load one, evidence -> distribution over quality, calibrated."""

import ctypes
import json
import math
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jpegqf.decisive import DecisiveRule
from jpegqf.errors import CheckpointError, DeviceError, UsageError
from jpegqf.features import FEATURES, EvidenceSettings
from jpegqf.numpy_network import NumpyNetwork, shapes
from jpegqf.patches import PatchRule

if TYPE_CHECKING:
    from jpegqf.network import CandidateScorer

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Run = Callable[[F32], F32]
T = TypeVar("T")

FORMAT = 1
"""Version of the checkpoint layout; a file with a higher one needs a newer jpegqf."""
ARCHITECTURE = "candidate-scorer-2"
"""Name of the design in ``jpegqf.network``; a checkpoint carries it and is refused by code without it."""
METADATA_KEY = "jpegqf"
MAX_CHECKPOINT_BYTES = 64 * 2**20
MAX_METADATA_CHARS = 2**20
DEVICES = ("auto", "cpu", "cuda")
NO_CUDA = "PyTorch finds no CUDA here; install PyTorch with CUDA, check the driver, or use --device cpu"
CUDA_DRIVER = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"


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
        return _normalized(log_probability / self.temperature)


def _normalized(log_probability: F64) -> F64:
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
    """Without it, every image is asked about in full."""

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


@dataclass(frozen=True)
class Model:
    """A loaded checkpoint: ``run`` maps evidence float32 (n, 100, FEATURES) to log-probabilities (n, 101)."""

    config: ModelConfig
    run: Run
    device: str
    """``cpu`` or ``cuda``: where it really runs."""
    weight_type: str
    """``NumPy`` or ``PyTorch``: what computes with them."""

    def log_probabilities(self, evidence: F32) -> F64:
        """Uncalibrated natural log-probabilities, float64 (n, 101): qualities 1..100, then "no JPEG grid here".

        Raises CheckpointError on a bad output.
        """
        out = np.asarray(self.run(np.ascontiguousarray(evidence, np.float32)), np.float64)
        if out.shape != (len(evidence), 101) or not np.isfinite(out).all():
            raise CheckpointError("its weights give no distribution over 100 qualities")
        return _normalized(out)


def default_checkpoint() -> Path:
    """The checkpoint that ships with the package (or, in a source checkout, with the repository)."""
    packaged = Path(__file__).parent / "checkpoints" / "model.pth"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "checkpoints" / "model.pth"


def load_model(path: str | os.PathLike[str] | None = None, device: str = "auto") -> Model:
    """Load a ``.pth`` checkpoint, by default the bundled one, to run on ``auto``, ``cpu`` or ``cuda``.

    NumPy runs it on the CPU, PyTorch on CUDA; ``auto`` is CUDA where PyTorch is installed, finds it and can start it.
    Raises CheckpointError if the file cannot be used, UsageError if CUDA is asked for and absent, DeviceError if it
    does not start. Nothing in the file is executed.
    """
    file = default_checkpoint() if path is None else Path(path)
    if device not in DEVICES:
        raise UsageError(f"device {device!r} is not one of {', '.join(DEVICES)}")
    try:
        _check_suffix(file)
        config, weights = _parts(_read(file))
        if _on_cuda(device):
            with suppress(DeviceError) if device == "auto" else nullcontext():
                return _tried(Model(config, _torch_run(_network(weights, config), "cuda"), "cuda", "PyTorch"))
        return _tried(Model(config, NumpyNetwork(weights), "cpu", "NumPy"))
    except CheckpointError as error:
        raise CheckpointError(f"checkpoint {file}: {error}") from None


def _tried(model: Model) -> Model:
    """The model, asked once: weights that give no distribution, or a device that fails, are told before any image."""
    model.log_probabilities(np.zeros((1, 100, FEATURES), np.float32))
    return model


def bundled_model() -> Model:
    """The bundled checkpoint on the CPU, whose network is laid out when it is first asked: most JPEGs never ask.

    Raises CheckpointError if the file cannot be used.
    """
    config, weights = _parts(_read(default_checkpoint()))

    @cache
    def started() -> Run:
        return NumpyNetwork(weights)

    return Model(config, lambda evidence: started()(evidence), "cpu", "NumPy")


def _check_suffix(file: Path) -> None:
    suffix = file.suffix.lower()
    if suffix == ".onnx":
        beside = file.with_suffix(".pth")
        raise CheckpointError(
            f".onnx checkpoints are no longer read; pass {beside}, which training wrote beside it, "
            "or no checkpoint for the bundled one"
        )
    if suffix != ".pth":
        raise CheckpointError("the suffix must be .pth")


def _read(file: Path) -> bytes:
    try:
        info = file.stat()
        if not stat.S_ISREG(info.st_mode):
            raise CheckpointError("not a regular file")
        if info.st_size > MAX_CHECKPOINT_BYTES:
            raise CheckpointError(f"{info.st_size} bytes is more than a checkpoint may have ({MAX_CHECKPOINT_BYTES})")
        with file.open("rb") as opened:
            data = opened.read(MAX_CHECKPOINT_BYTES + 1)
    except OSError as error:
        raise CheckpointError((error.strerror or "cannot be read").lower()) from None
    if not data:
        raise CheckpointError("the file is empty")
    return data


def torch_has_cuda() -> bool:
    """Whether PyTorch is installed and finds a CUDA device."""
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def _on_cuda(device: str) -> bool:
    """Whether to run on CUDA. Raises UsageError if it is asked for and absent."""
    if device == "auto":
        return find_spec("torch") is not None and _has_cuda_driver() and torch_has_cuda()
    if device == "cuda" and not torch_has_cuda():
        raise UsageError(f"--device cuda: {NO_CUDA}")
    return device == "cuda"


def _has_cuda_driver() -> bool:
    """Whether NVIDIA's driver is there: asked in no time, where PyTorch takes seconds to be imported."""
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        return False
    return True


def _parts(data: bytes) -> tuple[ModelConfig, dict[str, F32]]:
    """A checkpoint's configuration and weights: finite numbers, named and shaped as its width says."""
    from jpegqf.pth_file import read_pth  # which imports zipfile: milliseconds

    content = read_pth(data)
    if not isinstance(content, dict) or not isinstance(content.get(METADATA_KEY), str):
        raise CheckpointError("it is a PyTorch file of another kind (it has no jpegqf metadata)")
    config = parse_config(content[METADATA_KEY])
    weights = content.get("weights")
    given = weights if isinstance(weights, dict) else {}
    found = {name: getattr(value, "shape", None) for name, value in given.items()}
    if found != shapes(config.width.hidden, config.width.score):
        raise CheckpointError("its weights are not those of the architecture it names")
    if not all(np.isfinite(value).all() for value in given.values()):
        raise CheckpointError("its weights give no distribution: some are no finite numbers")
    return config, given


def _network(weights: Mapping[str, F32], config: ModelConfig) -> "CandidateScorer":
    import torch

    from jpegqf.network import CandidateScorer

    network = CandidateScorer(config.width)
    network.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()})
    return network.eval()


def _torch_run(network: "CandidateScorer", device: str) -> Run:
    import torch

    from jpegqf.network import computing

    with computing():
        network = network.to(device)

    def run(evidence: F32) -> F32:
        with computing():
            out: F32 = network(torch.from_numpy(evidence).to(device)).cpu().numpy()
        return out

    return run
