import io
import json
import os
import pickle
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ONNX, PTH
from jpegqf.errors import CheckpointError, MissingExtraError, UsageError
from jpegqf.features import FEATURES, EvidenceSettings
from jpegqf.model import FORMAT, Calibrator, ModelConfig, Width, _by_pytorch, _read_onnx, load_model, parse_config
from jpegqf.onnx_graph import shapes, write_file
from jpegqf.patches import PatchRule
from jpegqf.wire import number, part

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


def test_loading_a_model_keeps_onnxruntime_from_reporting_home(tmp_path: Path) -> None:
    code = f"from jpegqf.model import load_model; load_model({str(ONNX)!r}, 'cpu')"
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_bundled_onnx_gives_distributions() -> None:
    model = load_model(ONNX, "cpu")
    evidence = np.random.default_rng(0).normal(size=(3, 100, FEATURES)).astype(np.float32)
    assert np.exp(model.log_probabilities(evidence)).sum(axis=1) == pytest.approx(1)
    assert (model.device, model.weight_type) == ("cpu", "ONNX")


def test_pth_and_onnx_hold_the_same_weights_and_configuration() -> None:
    pytest.importorskip("torch", reason="the .pth route needs PyTorch")
    first, second = load_model(ONNX, "cpu"), load_model(PTH, "cpu")
    assert first.config == second.config
    evidence = np.random.default_rng(0).normal(size=(8, 100, FEATURES)).astype(np.float32)
    ours, theirs = (np.exp(model.log_probabilities(evidence)) for model in (first, second))
    assert np.abs(ours - theirs).max() <= 1e-3


@settings(max_examples=30)
@given(st.floats(0, 0.999))
def test_a_truncated_onnx_is_one_clear_error(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    data = ONNX.read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.onnx"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=r"cut\.onnx"):
        load_model(path, "cpu")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_pth_is_one_clear_error(tmp_path: Path, share: float) -> None:
    pytest.importorskip("torch", reason="the .pth route needs PyTorch")
    data = PTH.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        load_model(path, "cpu")


@given(st.binary(min_size=1, max_size=5000))
@settings(max_examples=50)
def test_any_bytes_as_pth_are_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    pytest.importorskip("torch", reason="the .pth route needs PyTorch")
    path = tmp_path_factory.mktemp("any") / "any.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"any\.pth"):
        load_model(path, "cpu")


def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(CheckpointError, match="regular file"):
        load_model(tmp_path / "pipe.onnx")


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
    torch = pytest.importorskip("torch", reason="the .pth route needs PyTorch")
    path = tmp_path / "other.pth"
    torch.save({"state": {}}, path)
    with pytest.raises(CheckpointError, match="another kind"):
        load_model(path)
    for weights in ({"mean": torch.zeros(3)}, {}, {"mean": "text"}, "text", torch.zeros(3), None):
        torch.save({"jpegqf": CONFIG.to_json(), "weights": weights}, path)
        with pytest.raises(CheckpointError, match="weights are not those"):
            load_model(path)


def onnx_bytes(metadata: str | None, kind: bytes = b"ReduceSum") -> bytes:
    """An ONNX file of one operator, which anybody's exporter might have written."""
    graph = part(1, part(1, b"evidence") + part(2, b"y") + part(4, kind))
    entry = b"" if metadata is None else part(14, part(1, b"jpegqf") + part(2, metadata.encode()))
    return number(1, 8) + part(7, graph) + part(8, number(2, 17)) + entry


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "another kind"),
        (changed(format=99), "newer jpegqf"),
        (CONFIG.to_json(), "graph is not that"),
    ],
)
def test_a_foreign_onnx_is_refused(tmp_path: Path, metadata: str | None, message: str) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(onnx_bytes(metadata))
    with pytest.raises(CheckpointError, match=message):
        load_model(path, "cpu")


def test_a_stranger_s_graph_never_reaches_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    seen: list[bytes] = []
    session = onnxruntime.InferenceSession

    def watched(data: bytes, *rest: Any, **more: Any) -> Any:
        seen.append(data)
        return session(data, *rest, **more)

    monkeypatch.setattr("onnxruntime.InferenceSession", watched)
    path = tmp_path / "foreign.onnx"
    path.write_bytes(onnx_bytes(CONFIG.to_json()))
    with pytest.raises(CheckpointError):
        load_model(path, "cpu")
    assert seen == []
    load_model(ONNX, "cpu")
    assert len(seen) == 1
    assert seen[0] not in ONNX.read_bytes()  # written anew from the weights


def test_weights_that_give_no_distribution_are_told_when_loaded(tmp_path: Path) -> None:
    config = replace(CONFIG, width=Width(2, 1))
    weights = {name: np.full(shape, np.nan, np.float32) for name, shape in shapes(2, 1).items()}
    path = tmp_path / "nan.onnx"
    path.write_bytes(write_file(weights, {"jpegqf": config.to_json()}))
    with pytest.raises(CheckpointError, match=r"nan\.onnx: its weights give no distribution"):
        load_model(path, "cpu")


@pytest.mark.parametrize(("name", "message"), [("absent.onnx", "no such file"), ("model.bin", "suffix")])
def test_a_missing_or_misnamed_checkpoint_is_told(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_model(tmp_path / name)


def test_a_checkpoint_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.model.MAX_CHECKPOINT_BYTES", 10)
    path = tmp_path / "big.onnx"
    path.write_bytes(b"x" * 11)
    with pytest.raises(CheckpointError, match="more than a checkpoint may have"):
        load_model(path)


def test_pth_without_pytorch_names_the_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "jpegqf\[torch\]"'):
        load_model(PTH)


def test_cuda_where_there_is_none_is_an_error_not_a_fall_back() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    try:
        import torch
    except ImportError:
        pass
    else:
        if torch.cuda.is_available():
            pytest.skip("this machine has CUDA")
    with pytest.raises(UsageError, match="neither PyTorch nor onnxruntime finds CUDA here; install PyTorch with CUDA"):
        load_model(ONNX, "cuda")


class _Onnxruntime:
    """One with CUDA inside that says on standard output what it misses, and starts CUDA or not."""

    def __init__(self, starts: bool) -> None:
        self.starts = starts
        self.asked: list[list[Any]] = []

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def preload_dlls(self) -> None:
        print("Failed to load libcublas.so")

    def session(self, weights: Any, providers: list[Any]) -> Any:
        import onnxruntime

        self.asked.append(providers)
        real = onnxruntime.InferenceSession(write_file(weights, {}))
        if len(providers) == 2:
            print("EP Error")
            real.get_providers = lambda: self.get_available_providers()[0 if self.starts else 1 :]
        return real


@pytest.fixture(params=[True, False], ids=["starts", "does not start"])
def onnxruntime_gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> _Onnxruntime:
    fake = _Onnxruntime(request.param)
    monkeypatch.setattr("jpegqf.model._onnxruntime", lambda: fake)
    monkeypatch.setattr("jpegqf.model._session", fake.session)
    monkeypatch.setattr("jpegqf.model.torch_has_cuda", lambda: False)
    return fake


def test_onnxruntime_with_cuda_is_used_where_it_starts_and_prints_nothing(
    onnxruntime_gpu: _Onnxruntime, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model(ONNX)
    assert (model.device, model.weight_type) == ("cuda" if onnxruntime_gpu.starts else "cpu", "ONNX")
    assert onnxruntime_gpu.asked[0] == [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"]
    assert capsys.readouterr().out == ""


def test_onnxruntime_whose_cuda_does_not_start_is_told_of_where_cuda_is_asked_for(
    onnxruntime_gpu: _Onnxruntime,
) -> None:
    if onnxruntime_gpu.starts:
        assert load_model(ONNX, "cuda").device == "cuda"
    else:
        with pytest.raises(UsageError, match=r"neither PyTorch nor onnxruntime finds CUDA.*check the driver"):
            load_model(ONNX, "cuda")


def test_an_onnx_checkpoint_runs_by_pytorch_where_onnxruntime_has_no_cuda() -> None:
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'jpegqf[torch]'")
    evidence = np.random.default_rng(0).normal(0, 3, (5, 100, FEATURES)).astype(np.float32)
    by_pytorch = _by_pytorch(*_read_onnx(ONNX.read_bytes()), "cpu")
    usual = load_model(ONNX, "cpu")
    assert (by_pytorch.config, by_pytorch.weight_type) == (usual.config, "ONNX")
    difference = np.exp(by_pytorch.log_probabilities(evidence)) - np.exp(usual.log_probabilities(evidence))
    assert np.abs(difference).max() < 1e-5


def test_calibrator_keeps_order_and_normalizes() -> None:
    log_probability = np.log(np.random.default_rng(0).dirichlet(np.ones(100), 4))
    calibrated = Calibrator(2.0).apply(log_probability)
    assert np.exp(calibrated).sum(axis=1) == pytest.approx(1)
    assert np.array_equal(calibrated.argsort(axis=1), log_probability.argsort(axis=1))
    assert replace(CONFIG, calibrator=Calibrator()).calibrator.apply(log_probability) == pytest.approx(log_probability)


def test_bundled_checkpoints_are_small() -> None:
    assert max(ONNX.stat().st_size, PTH.stat().st_size) <= 8 * 2**20
    assert io.BytesIO(PTH.read_bytes()).read(2) == b"PK"
