import io

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.arrays import median
from jpegqf.evidence.blocks import cut_blocks
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.evidence.features import evidence
from jpegqf.evidence.patches import select
from jpegqf.evidence.settings import FEATURES, EvidenceSettings, PatchRule
from jpegqf.jpeg.ijg import ijg_luma, scaled
from jpegqf.jpeg.known_tables import MOZJPEG_LUMA
from jpegqf.jpeg.table_match import match_ijg
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.luma import Luma

SETTINGS = EvidenceSettings()
MISSED_RICH = 5 * 64 + 12 + 3  # column: share of rich blocks that a candidate does not give back
NEARNESS, TURNED = 5 * 64 + 12, 5 * 64 + 12 + 2
MISSED_CLIPPED = MISSED_RICH + 18


def patches_of(data: bytes) -> list[Luma]:
    return select(decode_luma(data).luma, PatchRule())


def test_transform_is_orthonormal() -> None:
    assert np.allclose(FORWARD @ INVERSE, np.eye(64), atol=1e-6)


def test_rounding_noise_of_a_decoded_jpeg_has_the_stated_deviation(jpeg: MakeJpeg) -> None:
    blocks = cut_blocks(patches_of(jpeg(50)))
    busy = (np.ptp(blocks.pixels.astype(int), axis=1) > 60) & ~(blocks.low | blocks.high).any(axis=1)
    coefficients = (blocks.pixels[busy].astype(np.float32) - 128) @ FORWARD
    step = ijg_luma(50).reshape(64)
    error = coefficients - np.rint(coefficients / step) * step
    assert error.std() == pytest.approx(SETTINGS.noise_sigma, rel=0.1)


@pytest.mark.parametrize("quality", [10, 50, 75, 90])
def test_only_the_true_table_gives_the_blocks_back(jpeg: MakeJpeg, quality: int) -> None:
    """Finer tables can do it too where they hold divisors of the true steps; few do."""
    missed = evidence(patches_of(jpeg(quality)), SETTINGS)[:, MISSED_RICH]
    assert missed[quality - 1] <= 0.05
    assert np.sort(np.delete(missed, quality - 1))[5] > 0.5


def test_clipped_blocks_are_given_back_too(jpeg: MakeJpeg) -> None:
    drawn = Image.new("RGB", (256, 256), "white")
    grey = np.random.default_rng(0).integers(0, 2, (32, 32), dtype=np.uint8) * 255
    drawn.paste(Image.fromarray(grey).resize((224, 224), Image.Resampling.BICUBIC), (16, 16))
    missed = evidence(patches_of(jpeg(60, drawn)), SETTINGS)[:, MISSED_CLIPPED]
    assert missed.argmin() == 59


@pytest.mark.parametrize("quality", [3, 40, 85, 97, 100])
@pytest.mark.parametrize("flip", [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM])
def test_evidence_of_a_mirrored_patch_is_the_same(jpeg: MakeJpeg, quality: int, flip: Image.Transpose) -> None:
    patch = patches_of(jpeg(quality))[5]
    mirrored = np.asarray(Image.fromarray(patch.plane).transpose(flip))
    assert np.allclose(evidence([patch], SETTINGS), evidence([Luma(mirrored)], SETTINGS), atol=0.02)


def test_repeated_blocks_count_once() -> None:
    tile = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    blocks = cut_blocks([Luma(np.tile(tile, (16, 16)))])
    assert (len(blocks), blocks.with_repeats) == (1, 256)


def test_marks_from_rgb_reach_the_blocks(jpeg: MakeJpeg) -> None:
    with Image.open(io.BytesIO(jpeg(80))) as image:
        luma = Luma.from_rgb(np.asarray(image.convert("RGB")))
    blocks = cut_blocks([luma])
    assert blocks.low.any()
    assert not (blocks.low & (blocks.pixels > 200)).any()


def test_a_turned_image_looks_turned(jpeg: MakeJpeg) -> None:
    """The last context column before synthesis tells by how much a transposed table explains the blocks better."""
    upright = patches_of(jpeg(70))
    lead, turned_lead = (
        evidence(patches, SETTINGS)[0, TURNED] for patches in (upright, [patch.transposed() for patch in upright])
    )
    assert lead < 0 < turned_lead


def test_steps_of_other_encoders_are_nearest_to_their_equivalent_quality(photo: Image.Image) -> None:
    steps = scaled(np.array(MOZJPEG_LUMA[3]), 75)
    out = io.BytesIO()
    photo.save(out, "JPEG", qtables=[steps.tolist()] * 2)
    distance = evidence(patches_of(out.getvalue()), SETTINGS)[:, NEARNESS]
    assert abs(distance.argmin() + 1 - (match_ijg(steps).quality or 0)) <= 3


def test_evidence_is_finite_for_the_strangest_patches() -> None:
    rng = np.random.default_rng(0)
    planes = [np.zeros((128, 128)), np.full((128, 128), 255), rng.integers(0, 2, (128, 128)) * 255, np.eye(128) * 255]
    for plane in planes:
        out = evidence([Luma(plane.astype(np.uint8))], SETTINGS)
        assert out.shape == (100, FEATURES)
        assert np.isfinite(out).all()


def test_evidence_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one patch"):
        evidence([], SETTINGS)
    with pytest.raises(ValueError, match="8x8 block"):
        evidence([Luma(np.zeros((7, 7), np.uint8))], SETTINGS)


@pytest.mark.parametrize("count", [1, 4, 255])
def test_the_median_is_numpys(count: int) -> None:
    values = np.random.default_rng(0).normal(size=(3, count, 5))
    assert (median(values, axis=-2) == np.median(values, axis=-2)).all()
