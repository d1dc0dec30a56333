"""Checkpoints: verify and load one, evidence -> distribution over quality, calibrated."""

import io
import json
import math
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jpegqf import onnx_graph
from jpegqf.decisive import DecisiveRule
from jpegqf.errors import CheckpointError, MissingExtraError, UsageError
from jpegqf.features import FEATURES, EvidenceSettings
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
CUDA_INSTALLED = "install PyTorch with CUDA (or onnxruntime-gpu), check the driver, or use --device cpu"
WHOLE_FLOAT32 = {"use_tf32": "0"}
"""Option of onnxruntime's CUDA, whose default is to round to ten bits of mantissa."""


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
    """``ONNX`` or ``PyTorch``."""

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
    packaged = Path(__file__).parent / "checkpoints" / "model.onnx"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "checkpoints" / "model.onnx"


def load_model(path: str | os.PathLike[str] | None = None, device: str = "auto") -> Model:
    """Load a ``.onnx`` or ``.pth`` checkpoint, by default the bundled one, on ``auto``, ``cpu`` or ``cuda``.

    Raises CheckpointError if the file cannot be used, UsageError if CUDA is asked for and absent,
    MissingExtraError if the file needs a package that is not installed. Nothing in the file is executed.
    """
    file = default_checkpoint() if path is None else Path(path)
    if device not in DEVICES:
        raise UsageError(f"device {device!r} is not one of {', '.join(DEVICES)}")
    loader = {".onnx": _load_onnx, ".pth": _load_pth}.get(file.suffix.lower())
    if loader is None:
        raise CheckpointError(f"checkpoint {file}: the suffix must be .onnx or .pth")
    try:
        model = loader(_read(file), device)
        model.log_probabilities(np.zeros((1, 100, FEATURES), np.float32))  # a graph that cannot run is told here
        return model
    except CheckpointError as error:
        raise CheckpointError(f"checkpoint {file}: {error}") from None


def bundled_model() -> Model:
    """The bundled checkpoint on the CPU, whose network starts when it is first asked: most JPEGs never ask.

    Raises CheckpointError if the file cannot be used.
    """
    config, weights = _read_onnx(_read(default_checkpoint()))

    @cache
    def started() -> Run:
        return _onnx_run(_session(weights, ["CPUExecutionProvider"]))

    return Model(config, lambda evidence: started()(evidence), "cpu", "ONNX")


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


def _onnxruntime() -> Any:
    """The module, told to be quiet."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read on import: nothing is to leave this machine
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def torch_has_cuda() -> bool:
    """Whether PyTorch is installed and finds a CUDA device."""
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def _load_onnx(data: bytes, device: str) -> Model:
    config, weights = _read_onnx(data)
    if device == "cuda" and torch_has_cuda():
        return _by_pytorch(config, weights, device)
    on_gpu = _cuda_session(weights) if device != "cpu" else None
    if on_gpu:
        return Model(config, _onnx_run(on_gpu), "cuda", "ONNX")
    if device == "cuda":
        raise UsageError(f"--device cuda: neither PyTorch nor onnxruntime finds CUDA here; {CUDA_INSTALLED}")
    return Model(config, _onnx_run(_session(weights, ["CPUExecutionProvider"])), "cpu", "ONNX")


def _cuda_session(weights: dict[str, F32]) -> Any:
    """Our network with these weights in onnxruntime on CUDA; None where that has no CUDA, or cannot start it."""
    onnxruntime = _onnxruntime()
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None
    session = None
    with redirect_stdout(io.StringIO()), suppress(CheckpointError, OSError, RuntimeError):  # it prints what it misses
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()  # without it, CUDA that came in wheels is not found
        session = _session(weights, [("CUDAExecutionProvider", WHOLE_FLOAT32), "CPUExecutionProvider"])
    return session if session and session.get_providers()[0].startswith("CUDA") else None


def _session(weights: dict[str, F32], providers: Sequence[Any]) -> Any:
    """Our network with these weights in onnxruntime, on one thread."""
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(onnx_graph.write_file(weights, {}), options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise CheckpointError(f"onnxruntime cannot start its network ({type(error).__name__})") from None


def _read_onnx(data: bytes) -> tuple[ModelConfig, dict[str, F32]]:
    model, metadata = onnx_graph.read_file(data)
    if METADATA_KEY not in metadata:
        raise CheckpointError("it is an ONNX model of another kind (it has no jpegqf metadata)")
    config = parse_config(metadata[METADATA_KEY])
    return config, onnx_graph.read_weights(model, config.width.hidden, config.width.score)


def _by_pytorch(config: ModelConfig, weights: dict[str, F32], device: str) -> Model:
    """Run the weights of a ``.onnx`` checkpoint by PyTorch."""
    layers = dict(weights)
    for layer in ("candidate", "narrow"):
        layers[f"{layer}.weight"] = layers.pop(f"{layer}.matrix").T
    return Model(config, _torch_run(_network(layers, config), device), device, "ONNX")


def _onnx_run(session: Any) -> Run:
    def run(evidence: F32) -> F32:
        try:
            out: F32 = session.run(None, {onnx_graph.INPUT: evidence})[0]
        except Exception as error:  # as above
            raise CheckpointError(f"its graph cannot be run ({type(error).__name__})") from None
        return out

    return run


def _load_pth(data: bytes, device: str) -> Model:
    from jpegqf.pth_file import read_pth

    try:
        import torch
    except ImportError:
        raise MissingExtraError('a .pth checkpoint needs PyTorch: pip install "jpegqf[torch]"') from None
    placed = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    if device == "cuda" != placed:
        raise UsageError("--device cuda: PyTorch finds no CUDA device here; use --device cpu")
    content = read_pth(data)
    if not isinstance(content, dict) or not isinstance(content.get(METADATA_KEY), str):
        raise CheckpointError("it is a PyTorch file of another kind (it has no jpegqf metadata)")
    config = parse_config(content[METADATA_KEY])
    return Model(config, _torch_run(_network(content.get("weights"), config), placed), placed, "PyTorch")


def _network(weights: Any, config: ModelConfig) -> "CandidateScorer":
    import torch

    from jpegqf.network import CandidateScorer

    network = CandidateScorer(config.width)
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    given = weights if isinstance(weights, dict) else {}
    found = {name: getattr(value, "shape", None) for name, value in given.items()}
    if found != wanted:
        raise CheckpointError("its weights are not those of the architecture it names")
    network.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in given.items()})
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
