import numpy as np
import pytest

from jpegqf.arrays import I16
from jpegqf.pixels.upsampling import (
    AS_DECODED,
    MIRRORED_OR_TURNED,
    NOT_SUBSAMPLED,
    REPEATED,
    Sampling,
    estimated_samples,
    samples_of,
)
from jpegqf.pixels.upsampling import upsampled as upsampled_whole


def some_samples(rows: int, columns: int, seed: int = 0) -> I16:
    """Chroma as of a photo: smooth patches with edges, int16 (2, rows, columns)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(90, 170, (2, rows // 4 + 1, columns // 4 + 1)).repeat(4, axis=1).repeat(4, axis=2)
    noise = rng.normal(0, 3, coarse.shape)
    out: I16 = np.rint(coarse + noise).astype(np.int16)[:, :rows, :columns]
    return out


def upsampled(samples: I16, sampling: Sampling) -> I16:
    """As the definition has it, a pixel at a time along each axis; edges are repeated."""
    out = samples.astype(np.int64)
    for axis, step in ((1, sampling.down), (2, sampling.across)):
        if step == 2:
            ends = [(0, 0)] * 3
            ends[axis] = (1, 1)
            wide, own = np.pad(out, ends, mode="edge"), 3 * out
            if sampling.bias is None:
                out = out.repeat(2, axis=axis)
            else:
                length = out.shape[axis]
                pairs = [own + wide.take(range(shift, shift + length), axis) for shift in (0, 2)]
                out = np.stack(pairs, axis=axis + 1).reshape(*out.shape[:axis], 2 * length, *out.shape[axis + 1 :])
    if sampling.bias is not None:
        bias = np.resize(sampling.bias, out.shape[1 if sampling.by_row else 2])
        out = (out + (bias[:, None] if sampling.by_row else bias)) >> sampling.bits
    return out.astype(np.int16)


HALVED = [*AS_DECODED, *MIRRORED_OR_TURNED, *REPEATED]


@pytest.mark.parametrize("sampling", HALVED, ids=str)
def test_samples_come_back_and_are_proven(sampling: Sampling) -> None:
    samples = some_samples(40, 56)
    planes = upsampled(samples, sampling)
    found = samples_of(planes, np.ones(planes.shape, bool), sampling)
    assert found.wrong_share < 0.03
    assert found.proven.mean() > 0.8
    assert (found.values == samples)[found.proven].mean() > 0.95


@pytest.mark.parametrize("true", [*AS_DECODED, *REPEATED, NOT_SUBSAMPLED], ids=str)
def test_another_subsampling_does_not_give_the_pixels_back(true: Sampling) -> None:
    size = {(2, 2): (40, 56), (2, 1): (80, 56), (1, 2): (40, 112), (1, 1): (80, 112)}[true.across, true.down]
    planes = upsampled(some_samples(*size), true)
    for other in HALVED:
        if not (
            other.across <= true.across and other.down <= true.down and (other.bias is None) == (true.bias is None)
        ):
            assert samples_of(planes, np.ones(planes.shape, bool), other).wrong_share > 0.02, other


def test_pixels_that_are_not_known_are_filled_in_and_prove_nothing() -> None:
    sampling, samples = AS_DECODED[0], some_samples(40, 56, seed=1)
    planes = upsampled(samples, sampling)
    sound = np.ones(planes.shape, bool)
    sound[:, 20:40, 30:60] = False
    found = samples_of(np.where(sound, planes, 0).astype(np.int16), sound, sampling)
    assert found.wrong_share < 0.06
    assert not found.proven[:, 11:19, 16:29].any()
    assert found.proven[:, 25:, :].mean() > 0.8


def test_chroma_that_was_not_subsampled_is_its_own_samples() -> None:
    planes = some_samples(16, 24)
    found = samples_of(planes, np.ones(planes.shape, bool), NOT_SUBSAMPLED)
    assert found.values is planes
    assert found.wrong == 0


@pytest.mark.parametrize("sampling", [*AS_DECODED, NOT_SUBSAMPLED, *REPEATED])
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_samples_become_the_pixels_of_the_definition(sampling: Sampling, size: tuple[int, int]) -> None:
    height, width = size
    samples = some_samples(-(-height // sampling.down), -(-width // sampling.across))
    assert (upsampled_whole(samples, sampling, height, width) == upsampled(samples, sampling)[:, :height, :width]).all()


@pytest.mark.parametrize("sampling", AS_DECODED)
def test_samples_are_estimated_to_within_a_level_across_tiles(sampling: Sampling) -> None:
    samples = some_samples(320 // sampling.down, 288 // sampling.across)
    pixels = upsampled_whole(samples, sampling, 320, 288).astype(np.float32)
    error = np.abs(estimated_samples(pixels, sampling) - samples)
    assert np.percentile(error, 99) < 1.5
    assert error.mean() < 0.5
