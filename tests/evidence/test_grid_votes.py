import io

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.evidence.blocks import lattice_step
from jpegqf.evidence.dct import BASIS
from jpegqf.evidence.grid_votes import ABSTAINS, LEAST_LEAD, MOST_PLACES, NEAREST, grid_votes
from jpegqf.pixels.luma import Luma


def decoded(data: bytes) -> Luma:
    with Image.open(io.BytesIO(data)) as image:
        return Luma(np.asarray(image.convert("L")))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (3, 5), (7, 0), (1, 6)])
def test_votes_of_a_cropped_jpeg_gather_at_the_grid_that_the_crop_left(
    jpeg: MakeJpeg, photo: Image.Image, left: int, top: int
) -> None:
    luma = decoded(jpeg(75, photo.convert("L"))).crop(top, left, 300, 400)
    votes = grid_votes(luma)
    cast = votes.grid[votes.grid >= 0]
    counts = np.bincount(cast, minlength=64) / len(cast)
    grid = 8 * (-top % 8) + -left % 8
    assert len(cast) > 200
    assert counts[grid] > 0.8
    assert np.delete(counts, grid).max() < 0.05


def test_votes_of_noise_scatter_over_the_grids() -> None:
    faint = np.random.default_rng(3).normal(128, 4, (900, 1000)).round().astype(np.uint8)
    votes = grid_votes(Luma(faint))
    cast = votes.grid[votes.grid >= 0]
    assert votes.asked.all()
    assert len(cast) > 300
    assert np.bincount(cast, minlength=64).max() < 0.06 * len(cast)
    assert len(np.unique(cast)) > 50


def test_each_vote_belongs_to_the_place_where_its_window_is(jpeg: MakeJpeg, photo: Image.Image) -> None:
    plane = noise(256, 320)
    plane[80:208, 160:320] = decoded(jpeg(60, photo.convert("L"))).plane[80:208, 200:360]
    votes = grid_votes(Luma(plane))
    rows, columns = np.nonzero(votes.grid == 8 * 0 + 0)  # row 80 and column 160 are on the grid of the first pixel
    tops, lefts = votes.tops[rows], votes.lefts[columns]
    inside = (tops >= 80) & (tops <= 208 - 15) & (lefts >= 160) & (lefts <= 320 - 15)
    assert inside.sum() >= 40
    assert inside.mean() > 0.9


def test_a_vote_goes_to_the_grid_of_most_coefficients_near_zero_if_its_lead_is_large_enough(
    jpeg: MakeJpeg, photo: Image.Image
) -> None:
    plane = decoded(jpeg(80, photo.convert("L"))).plane[100:164, 101:165]
    votes = grid_votes(Luma(plane))
    expected = []
    for top in votes.tops:
        for left in votes.lefts:
            zeros = []
            for y in range(top, top + 8):
                for x in range(left, left + 8):
                    block = plane[y : y + 8, x : x + 8].astype(float) - 128
                    zeros.append(int((np.abs(BASIS @ block @ BASIS.T) < 0.5).sum()))
            second, first = sorted(zeros)[-2:]
            expected.append(zeros.index(first) if first - second >= LEAST_LEAD else ABSTAINS)
    assert (np.array(expected) >= 0).sum() >= 8
    assert (votes.grid.reshape(-1) == expected).mean() > 0.9  # a coefficient of just 0.5 may go either way


def test_flat_windows_are_not_asked_and_do_not_vote() -> None:
    plane = noise(128, 256)
    plane[:, :128] = 77
    plane[::2, :128] += 3  # spans three grey levels, one fewer than is asked
    votes = grid_votes(Luma(plane))
    flat = votes.lefts <= 128 - 15
    assert not votes.asked[:, flat].any()
    assert (votes.grid[:, flat] == ABSTAINS).all()
    assert votes.asked[:, ~flat].all()


@pytest.mark.parametrize("shape", [(14, 500), (500, 14), (1, 1)])
def test_an_image_under_15_pixels_has_an_empty_lattice(shape: tuple[int, int]) -> None:
    votes = grid_votes(Luma(noise(*shape)))
    assert votes.grid.shape == votes.asked.shape == (0, 0)
    assert len(votes.tops) == len(votes.lefts) == 0


def test_an_image_of_15_pixels_is_one_window() -> None:
    assert grid_votes(Luma(noise(15, 15))).asked.tolist() == [[True]]


@pytest.mark.parametrize(("height", "width"), [(15, 40_000), (512, 512), (1440, 2560), (6000, 8000)])
def test_windows_of_large_images_stay_few_and_keep_one_place_in_the_eight(height: int, width: int) -> None:
    step = lattice_step(height, width, MOST_PLACES, NEAREST)
    assert step % 8 == 0
    assert step >= 16
    assert (height // step) * (width // step) <= MOST_PLACES
    assert step == 16 or (height // (step - 8)) * (width // (step - 8)) > MOST_PLACES


def test_windows_reach_all_edges_of_a_large_image() -> None:
    votes = grid_votes(Luma(np.zeros((1500, 2101), np.uint8)))
    assert votes.grid.shape == (len(votes.tops), len(votes.lefts))
    for starts, length in ((votes.tops, 1500), (votes.lefts, 2101)):
        assert starts[0] == 0
        assert length - 15 - votes.step < starts[-1] <= length - 15
