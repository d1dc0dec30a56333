import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import rewritten

from conftest import PTH
from jpegqf.errors import CheckpointError, DeviceError, UsageError
from jpegqf.evidence.settings import FEATURES, EvidenceSettings, PatchRule
from jpegqf.model import checkpoint
from jpegqf.model.checkpoint import bundled_model, load_model
from jpegqf.model.config import FORMAT, Calibrator, ModelConfig, Width, parse_config
from jpegqf.model.loaded import Model
from jpegqf.model.numpy_network import shapes

CONFIG = ModelConfig("test", Width(), PatchRule(), EvidenceSettings(), Calibrator(1.5), {})


def changed(**values: Any) -> str:
    return json.dumps({**json.loads(CONFIG.to_json()), **values})


def test_configuration_survives_the_round_trip() -> None:
    assert parse_config(CONFIG.to_json()) == CONFIG


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ("{}", "not a jpegqf checkpoint"),
        (changed(format=FORMAT + 1), "newer jpegqf"),
        (changed(architecture="resnet"), "another architecture"),
        (changed(features=7), "other features"),
        (changed(name="two\nlines"), "name is no printable text"),
        (changed(name="\x1b[31m"), "name is no printable text"),
        (changed(name="half \ud800"), "name is no printable text"),
        (changed(name="n" * 201), "name is no printable text"),
        (changed(patch_rule=3), "patch_rule is not an object"),
        (changed(patch_rule={**asdict(PatchRule()), "size": 100}), "multiples of 8"),
        (changed(patch_rule={**asdict(PatchRule()), "size": 8.5}), r"patch_rule\.size is 8\.5"),
        (changed(calibrator={"temperature": float("nan")}), "temperature is nan"),
        (changed(calibrator={"temperature": 1e9}), "out of bounds"),
        (changed(calibrator={"temperature": "x" * 10**5}), r"temperature is '.{79}\)$"),
        (changed(width={"hidden": 10**9, "score": 4}), "out of bounds"),
        (changed(evidence={}), "configuration is damaged"),
        (changed(evidence={**asdict(EvidenceSettings()), "clip_rounds": 10**9}), "out of bounds"),
    ],
)
def test_damaged_metadata_is_refused_naming_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        parse_config(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_refused_with_a_checkpoint_error(value: object) -> None:
    with pytest.raises(CheckpointError):
        parse_config(json.dumps(value))


@pytest.mark.parametrize("load", [lambda: load_model(PTH, "cpu"), bundled_model], ids=["loaded", "bundled"])
def test_the_bundled_checkpoint_gives_distributions(load: Callable[[], Model]) -> None:
    model = load()
    evidence = np.random.default_rng(0).normal(size=(3, 100, FEATURES)).astype(np.float32)
    assert np.exp(model.log_probabilities(evidence)).sum(axis=1) == pytest.approx(1)
    assert (model.device, model.weight_type) == ("cpu", "NumPy")


def test_the_bundled_checkpoint_is_asked_without_pytorch() -> None:
    code = (
        "import sys, numpy as np; from jpegqf.evidence.settings import FEATURES\n"
        "from jpegqf.model.checkpoint import bundled_model, load_model\n"
        "for model in (bundled_model(), load_model(device='cpu')):\n"
        "    model.log_probabilities(np.zeros((1, 100, FEATURES), np.float32))\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_auto_imports_pytorch_only_where_there_is_a_driver_of_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "find_spec", lambda name: object())
    monkeypatch.setattr(checkpoint, "CUDA_DRIVER", "libno-such-driver.so")
    asked = Mock(return_value=False)
    monkeypatch.setattr(checkpoint, "torch_has_cuda", asked)
    assert load_model(PTH).device == "cpu"
    asked.assert_not_called()
    monkeypatch.setattr(checkpoint, "_has_cuda_driver", lambda: True)
    assert load_model(PTH).device == "cpu"
    asked.assert_called_once_with()


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_where_pytorch_finds_cuda_it_runs_there(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")
    on_cpu = checkpoint._torch_run
    monkeypatch.setattr(checkpoint, "_has_cuda_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(checkpoint, "_torch_run", lambda network, device: on_cpu(network, "cpu"))
    by_pytorch, usual = load_model(PTH, device), load_model(PTH, "cpu")
    assert (by_pytorch.device, by_pytorch.weight_type) == ("cuda", "PyTorch")
    assert by_pytorch.config == usual.config
    evidence = np.random.default_rng(0).normal(size=(5, 100, FEATURES)).astype(np.float32)
    assert np.abs(by_pytorch.log_probabilities(evidence) - usual.log_probabilities(evidence)).max() < 1e-4


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_pth_is_one_clear_error(tmp_path: Path, share: float) -> None:
    data = PTH.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        load_model(path, "cpu")


@given(st.binary(min_size=1, max_size=5000))
@settings(max_examples=50)
def test_any_bytes_as_pth_are_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "any.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"any\.pth"):
        load_model(path, "cpu")


def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(CheckpointError, match="regular file"):
        load_model(tmp_path / "pipe.pth")


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("trapped"),))


@pytest.mark.parametrize("wrap", [False, True])
def test_a_pickle_that_would_run_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrap: bool
) -> None:
    torch = pytest.importorskip("torch", reason="the .pth route needs PyTorch")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "trap.pth"
    if wrap:
        torch.save({"jpegqf": Trap()}, path)
    else:
        path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match=r"refused|damaged"):
        load_model(path, "cpu")
    assert not Path("trapped").exists()


def test_a_pth_of_another_kind_or_other_weights_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="writing a .pth file needs PyTorch")
    path = tmp_path / "other.pth"
    torch.save({"state": {}}, path)
    with pytest.raises(CheckpointError, match="another kind"):
        load_model(path, "cpu")
    for weights in ({"mean": torch.zeros(3)}, {}, {"mean": "text"}, "text", torch.zeros(3), None):
        torch.save({"jpegqf": CONFIG.to_json(), "weights": weights}, path)
        with pytest.raises(CheckpointError, match="weights are not those"):
            load_model(path, "cpu")


def test_one_weight_of_another_shape_or_name_or_one_more_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="writing a .pth file needs PyTorch")
    config = replace(CONFIG, width=Width(3, 2))
    sound = {name: torch.zeros(shape) for name, shape in shapes(3, 2).items()}
    path = tmp_path / "other.pth"
    others = [{**sound, name: torch.zeros((value.shape[0] + 1, *value.shape[1:]))} for name, value in sound.items()]
    others += [{**sound, name: value[:0]} for name, value in sound.items()]
    others += [{other: value for other, value in sound.items() if other != name} for name in sound]
    for weights in (*others, {**sound, "more": torch.zeros(1)}, {**sound, "mean": {"shape": "text"}}):
        torch.save({"jpegqf": config.to_json(), "weights": weights}, path)
        with pytest.raises(CheckpointError, match="weights are not those"):
            load_model(path, "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_weight_that_is_no_finite_number_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "odd.pth"
    path.write_bytes(rewritten({"data/0": struct.pack("<f", value) + bytes(4 * (FEATURES - 1))}))
    with pytest.raises(CheckpointError, match=r"odd\.pth: its weights give no distribution"):
        load_model(path, "cpu")


def test_finite_weights_that_give_no_distribution_are_told_when_loaded(tmp_path: Path) -> None:
    path = tmp_path / "flat.pth"
    path.write_bytes(rewritten({"data/1": bytes(4 * FEATURES)}))  # a deviation of 0
    with pytest.raises(CheckpointError, match=r"flat\.pth: its weights give no distribution"):
        load_model(path, "cpu")


def test_cuda_that_does_not_start_is_told_where_it_is_asked_for_and_passed_over_on_auto(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(network: object, device: str) -> object:
        raise DeviceError("the device failed (out of memory)")

    monkeypatch.setattr(checkpoint, "_on_cuda", lambda device: device != "cpu")
    monkeypatch.setattr(checkpoint, "_network", lambda weights, config: None)
    monkeypatch.setattr(checkpoint, "_torch_run", failing)
    assert load_model(PTH, "auto").device == "cpu"
    with pytest.raises(DeviceError, match="out of memory"):
        load_model(PTH, "cuda")


def test_an_onnx_checkpoint_is_answered_with_the_pth_to_pass(tmp_path: Path) -> None:
    path = tmp_path / "old.onnx"
    path.write_bytes(b"anything")
    with pytest.raises(CheckpointError, match=r"\.onnx checkpoints are no longer read; pass .*old\.pth") as told:
        load_model(path)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(("name", "message"), [("absent.pth", "no such file"), ("model.bin", "suffix")])
def test_a_missing_or_misnamed_checkpoint_is_told(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_model(tmp_path / name)


def test_a_checkpoint_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.model.checkpoint.MAX_CHECKPOINT_BYTES", 10)
    path = tmp_path / "big.pth"
    path.write_bytes(b"x" * 11)
    with pytest.raises(CheckpointError, match="more than a checkpoint may have"):
        load_model(path)


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_pytorch_a_checkpoint_runs_on_the_cpu(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load_model(PTH, device).device == "cpu"
    with pytest.raises(UsageError, match="finds no CUDA"):
        load_model(PTH, "cuda")


def test_cuda_where_there_is_none_is_an_error_not_a_fall_back() -> None:
    try:
        import torch
    except ImportError:
        pass
    else:
        if torch.cuda.is_available():
            pytest.skip("this machine has CUDA")
    with pytest.raises(UsageError, match="PyTorch finds no CUDA here; install PyTorch with CUDA"):
        load_model(PTH, "cuda")


def test_calibrator_keeps_order_and_normalizes() -> None:
    log_probability = np.log(np.random.default_rng(0).dirichlet(np.ones(100), 4))
    calibrated = Calibrator(2.0).apply(log_probability)
    assert np.exp(calibrated).sum(axis=1) == pytest.approx(1)
    assert np.array_equal(calibrated.argsort(axis=1), log_probability.argsort(axis=1))
    assert replace(CONFIG, calibrator=Calibrator()).calibrator.apply(log_probability) == pytest.approx(log_probability)


def test_the_bundled_checkpoint_is_small() -> None:
    assert PTH.stat().st_size <= 2**20
