"""Checkpoints: verify and load one, evidence -> distribution over quality, calibrated."""

import ctypes
import os
import stat
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jpegqf.arrays import F32
from jpegqf.errors import CheckpointError, DeviceError, UsageError
from jpegqf.evidence.settings import FEATURES
from jpegqf.model.config import ModelConfig, parse_config
from jpegqf.model.loaded import Model, Run
from jpegqf.model.numpy_network import NumpyNetwork, shapes

if TYPE_CHECKING:
    from jpegqf.model.network import CandidateScorer

METADATA_KEY = "jpegqf"
MAX_CHECKPOINT_BYTES = 64 * 2**20
DEVICES = ("auto", "cpu", "cuda")
NO_CUDA = "PyTorch finds no CUDA here; install PyTorch with CUDA, check the driver, or use --device cpu"
CUDA_DRIVER = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"


def default_checkpoint() -> Path:
    """The checkpoint that ships with the package (or, in a source checkout, with the repository)."""
    packaged = Path(__file__).parents[1] / "checkpoints" / "model.pth"
    return packaged if packaged.exists() else Path(__file__).parents[3] / "checkpoints" / "model.pth"


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
    """The model after a trial run on zeros, so that bad weights or a failing device raise before the first image."""
    model.log_probabilities(np.zeros((1, 100, FEATURES), np.float32))
    return model


def bundled_model() -> Model:
    """The bundled checkpoint on the CPU, whose network is set up at its first use: most JPEGs need none.

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
    """Whether NVIDIA's driver can be loaded. This takes no time, whereas importing PyTorch takes seconds."""
    try:
        ctypes.CDLL(CUDA_DRIVER)
    except OSError:
        return False
    return True


def _parts(data: bytes) -> tuple[ModelConfig, dict[str, F32]]:
    """A checkpoint's configuration and weights: finite numbers, named and shaped as its width says."""
    from jpegqf.model.pth_file import read_pth  # which imports zipfile: milliseconds

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

    from jpegqf.model.network import CandidateScorer

    network = CandidateScorer(config.width)
    network.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()})
    return network.eval()


def _torch_run(network: "CandidateScorer", device: str) -> Run:
    import torch

    from jpegqf.evidence.torch_device import computing

    with computing():
        network = network.to(device)

    def run(evidence: F32) -> F32:
        with computing():
            out: F32 = network(torch.from_numpy(evidence).to(device)).cpu().numpy()
        return out

    return run
