"""All of it runs on PyTorch's CPU device; where there is a CUDA device, there as well."""

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import DeviceError
from jpegqf.evidence.features import GatheredBlocks, evidence_of, gather_blocks
from jpegqf.evidence.patches import informative
from jpegqf.evidence.settings import FEATURES, EvidenceSettings, PatchRule
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import ANY_BLOCKS, Aggregation, Predictor
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[torch]'")

from jpegqf.evidence import on_torch as torch_evidence  # noqa: E402 - needs PyTorch
from jpegqf.evidence.on_torch import TorchEvidence  # noqa: E402
from jpegqf.evidence.torch_device import computing  # noqa: E402

SETTINGS = EvidenceSettings()
CLOSE = 1e-3
NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=NO_CUDA)])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def decoded(data: bytes) -> Luma:
    return decode_luma(data).luma


def as_png(data: bytes) -> Luma:
    """The same pixels by way of RGB, with marks of what was clipped in any channel."""
    with Image.open(io.BytesIO(data)) as image:
        return Luma.from_rgb(np.asarray(image.convert("RGB")))


def strangest() -> Iterator[Luma]:
    """Flat, white, clipped noise, fine noise, grey noise, few blocks, one block."""
    rng = np.random.default_rng(0)
    planes = [np.zeros((128, 128)), np.full((128, 128), 255), rng.integers(0, 2, (128, 128)) * 255]
    planes += [rng.integers(120, 124, (136, 128)), rng.integers(0, 256, (128, 144)), rng.integers(0, 256, (16, 16))]
    planes += [np.tile(rng.integers(0, 256, (8, 8)), (16, 16)), np.repeat(np.arange(128)[None], 128, axis=0)]
    return (Luma(plane.astype(np.uint8)) for plane in planes)


def gathered(luma: Luma) -> GatheredBlocks:
    return gather_blocks(informative(luma, PatchRule()), SETTINGS)


def probabilities(predictor: Predictor, evidence: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of the 100 qualities and of none, calibrated, (n, 101)."""
    model = predictor.model
    return np.exp(model.config.calibrator.apply(model.log_probabilities(evidence)))


def assert_same_answers(predictor: Predictor, images: list[GatheredBlocks], device: str) -> None:
    batch = probabilities(predictor, TorchEvidence(device)(images, SETTINGS))
    alone = probabilities(predictor, np.stack([evidence_of(image, SETTINGS) for image in images]))
    assert np.abs(batch - alone).max() < CLOSE
    assert (batch[:, :100].argmax(axis=1) == alone[:, :100].argmax(axis=1)).all()


@pytest.mark.parametrize("quality", [2, 50, 91, 100])
def test_photographs_have_the_same_answers_as_by_numpy(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image, device: str, quality: int
) -> None:
    files = [jpeg(quality), jpeg(quality, cat), jpeg(quality, cat.convert("L"))]
    assert_same_answers(predictor, [gathered(way(data)) for data in files for way in (decoded, as_png)], device)


def test_the_strangest_patches_have_the_same_answers(predictor: Predictor, device: str) -> None:
    assert_same_answers(predictor, [gathered(luma) for luma in strangest()], device)


def test_evidence_of_photographs_is_the_same_but_for_float32_sums(jpeg: MakeJpeg, device: str) -> None:
    """Sums of log-likelihoods reach 1e6; what is left of that rounding is squashed by a logarithm."""
    images = [gathered(decoded(jpeg(quality))) for quality in (30, 60, 85)]
    batch = TorchEvidence(device)(images, SETTINGS)
    assert np.abs(batch - np.stack([evidence_of(image, SETTINGS) for image in images])).max() < 2e-3


SLOPE = np.add.outer(np.arange(8), np.arange(8))
KINDS: dict[str, Callable[[np.random.Generator], NDArray[Any]]] = {
    "flat": lambda rng: np.full((8, 8), rng.integers(0, 256)),
    "noise": lambda rng: rng.integers(1, 255, (8, 8)),
    "faint": lambda rng: 100 + rng.integers(0, 6, (8, 8)),
    "clipped": lambda rng: np.clip(rng.normal(230, 60, (8, 8)), 0, 255),
    "lines": lambda rng: np.repeat(rng.integers(0, 256, 8)[None], 8, axis=0),
    "slope": lambda rng: np.clip(rng.uniform(0, 200) + rng.uniform(0, 9) * SLOPE, 0, 255),
}


@st.composite
def mixtures(draw: st.DrawFn) -> Luma:
    """128 x 128 pixels of blocks of any kinds in any shares, as they are or saved as JPEG at some quality."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6))
    blocks = [[KINDS[kinds[i]](rng) for i in row] for row in rng.integers(0, len(kinds), (16, 16))]
    plane: NDArray[np.uint8] = np.concatenate([np.concatenate(row, axis=1) for row in blocks]).astype(np.uint8)
    quality = draw(st.none() | st.integers(1, 100))
    if quality is None:
        return Luma(plane)
    out = io.BytesIO()
    Image.fromarray(plane).save(out, "JPEG", quality=quality)
    return decoded(out.getvalue())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lumas=st.lists(mixtures(), min_size=1, max_size=4))
def test_any_mixture_of_blocks_in_any_batch_has_the_same_answers(predictor: Predictor, lumas: list[Luma]) -> None:
    assert_same_answers(predictor, [gathered(luma) for luma in lumas], "cpu")


def test_what_else_is_in_the_batch_does_not_matter(
    jpeg: MakeJpeg, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [gathered(luma) for luma in [*strangest(), decoded(jpeg(40)), decoded(jpeg(93))]]
    whole = TorchEvidence(device)(images, SETTINGS)
    assert np.abs(TorchEvidence(device)(images[::-1], SETTINGS)[::-1] - whole).max() < 2e-3
    monkeypatch.setattr(torch_evidence, "MOST_BYTES", 2 * torch_evidence.BYTES_OF_IMAGE)
    monkeypatch.setattr(torch_evidence, "SYNTHESIZED_AT_ONCE", 7)
    assert len(list(torch_evidence._batches(images))) > 3
    assert np.abs(TorchEvidence(device)(images, SETTINGS) - whole).max() < 2e-3


def test_batches_hold_every_image_once_within_their_bytes(jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [gathered(decoded(jpeg(50)))] * 7
    size = torch_evidence.BYTES_OF_IMAGE + torch_evidence.BYTES_OF_BLOCK * len(images[0].pixels)
    for most, sizes in ((0, [1] * 7), (3 * size, [3, 3, 1]), (100 * size, [7])):
        monkeypatch.setattr(torch_evidence, "MOST_BYTES", most)
        assert [len(images[part]) for part in torch_evidence._batches(images)] == sizes
    assert TorchEvidence("cpu")([], SETTINGS).shape[0] == 0


@pytest.mark.parametrize("aggregation", ["evidence", "median"])
def test_a_batch_is_answered_as_one_by_one(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image, device: str, aggregation: Aggregation
) -> None:
    one = replace(
        predictor,
        aggregation=aggregation,
        model=replace(predictor.model, config=replace(predictor.model.config, decisive=None)),
    )
    many = replace(one, evidence=TorchEvidence(device))
    lumas = [decoded(jpeg(q, cat)) for q in (12, 70, 98)] + [decoded(jpeg(55)), as_png(jpeg(81, cat))]
    prepared = [one.prepared(luma, True, ANY_BLOCKS) for luma in lumas]
    blocks = [blocks for blocks in prepared if not isinstance(blocks, Prediction)]
    assert len(blocks) == len(lumas)
    for answer, alone in zip(many.predictions(blocks), one.predictions(blocks), strict=True):
        assert answer.rounded == alone.rounded
        assert np.abs(answer.probability - alone.probability).max() < CLOSE
        assert abs(answer.jpeg_probability - alone.jpeg_probability) < CLOSE


def test_what_few_blocks_tell_needs_no_device(predictor: Predictor, jpeg: MakeJpeg) -> None:
    def no_device(images: object, settings: object) -> NDArray[np.float32]:
        raise AssertionError("asked")

    said = replace(predictor, evidence=no_device).examine(decoded(jpeg(60)), own_luma=True)
    assert said.quality == 60


def test_a_device_that_fails_is_told_in_one_line(jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*arguments: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB.\nMore lines")

    monkeypatch.setattr(torch_evidence, "_tables", out_of_memory)
    with pytest.raises(DeviceError, match=r"^the device failed \(CUDA out of memory.*--device cpu") as told:
        TorchEvidence("cpu")([gathered(decoded(jpeg(50)))], SETTINGS)
    assert "\n" not in str(told.value)


def test_computing_leaves_the_settings_of_pytorch_as_they_were() -> None:
    cudnn = torch.backends.cudnn
    before = torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.enabled, cudnn.benchmark
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with computing():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not cudnn.allow_tf32
            assert cudnn.enabled == before[2]
    assert (torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.enabled, cudnn.benchmark) == before


def test_no_step_mixes_devices(jpeg: MakeJpeg) -> None:
    """With tensors that have shapes and devices but no values, on a device that needs no hardware."""
    fake_tensor = pytest.importorskip("torch._subclasses.fake_tensor")
    elsewhere = "lazy"
    images = [gathered(luma) for luma in (decoded(jpeg(40)), as_png(jpeg(93)))]
    with fake_tensor.FakeTensorMode(allow_non_fake_inputs=True):
        tables = torch_evidence._tables.__wrapped__(elsewhere, SETTINGS.noise_sigma, SETTINGS.outlier_mass)
        evidence = torch_evidence._Batch(images, SETTINGS, tables).evidence()
        assert (evidence.device.type, evidence.shape) == (elsewhere, (2, 100, FEATURES))
        with pytest.raises(RuntimeError, match=r"[Dd]evice"):
            evidence + torch.zeros(FEATURES)
