import numpy as np
import pytest
from PIL import Image, ImageDraw

from jpegqf.pixels.enlargement import NOT_ENLARGED, Enlargement, enlargement_of
from jpegqf.pixels.luma import Luma


def repeated(plane: np.ndarray, down: int, across: int) -> np.ndarray:
    return plane.repeat(down, axis=0).repeat(across, axis=1)


@pytest.fixture(scope="module")
def plane(photo: Image.Image) -> np.ndarray:
    return np.asarray(photo.convert("L").crop((100, 60, 230, 181)))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_an_enlargement_is_undone_to_the_pixels_before(plane: np.ndarray, factor: int) -> None:
    luma = Luma(repeated(plane, factor, factor))
    found = enlargement_of(luma)
    assert found == Enlargement(factor, 0, 0)
    assert np.array_equal(found.undone(luma).plane, plane)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_an_enlargement_that_was_cropped_starts_at_its_first_whole_repetition(plane: np.ndarray, factor: int) -> None:
    for top, left in ((0, 1), (1, 0), (factor - 1, 1), (1, factor - 1)):
        luma = Luma(repeated(plane, factor, factor)[top:-1, left:-1])
        found = enlargement_of(luma)
        assert found == Enlargement(factor, -left % factor, -top % factor)
        whole = plane[(top + factor - 1) // factor :, (left + factor - 1) // factor :]
        assert np.array_equal(found.undone(luma).plane, whole)


def test_marks_and_green_are_taken_back_with_the_luma() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    large = Luma.from_rgb(rgb.repeat(2, axis=0).repeat(2, axis=1))
    small, before = enlargement_of(large).undone(large), Luma.from_rgb(rgb)
    assert small.marks is not None
    assert small.green is not None
    assert before.marks is not None
    assert np.array_equal(small.marks, before.marks)
    assert np.array_equal(small.green, rgb[..., 1])


def test_a_photo_as_it_is_was_not_enlarged(photo: Image.Image, cat: Image.Image) -> None:
    for image in (photo, cat, photo.resize((700, 700), Image.Resampling.NEAREST), photo.resize((1024, 1024))):
        luma = Luma.from_rgb(np.asarray(image))
        assert enlargement_of(luma) == NOT_ENLARGED
        assert enlargement_of(luma).undone(luma) is luma


@pytest.mark.parametrize(("down", "across"), [(1, 2), (2, 1), (2, 3), (4, 2), (5, 5), (6, 6), (8, 8)])
def test_other_repetitions_are_not_taken_for_one_by_2_3_or_4(plane: np.ndarray, down: int, across: int) -> None:
    assert enlargement_of(Luma(repeated(plane, down, across))) == NOT_ENLARGED


def test_one_changed_pixel_is_no_exact_enlargement(plane: np.ndarray) -> None:
    large = repeated(plane, 2, 2)
    large[5, 6] ^= 1
    assert enlargement_of(Luma(large)) == NOT_ENLARGED


def test_a_flat_image_was_not_enlarged() -> None:
    assert enlargement_of(Luma(np.full((64, 64), 200, np.uint8))) == NOT_ENLARGED
    halves = np.zeros((64, 64), np.uint8)
    halves[32:, 32:] = 255
    assert enlargement_of(Luma(halves)) == NOT_ENLARGED


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 3)])
def test_the_smallest_images_were_not_enlarged(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    assert enlargement_of(Luma(noise)) == NOT_ENLARGED


def test_a_drawing_whose_few_edges_are_all_at_even_places_was_not_enlarged() -> None:
    drawing = Image.new("L", (400, 300), 255)
    pen = ImageDraw.Draw(drawing)
    for i in range(12):
        pen.rectangle((20 + 24 * i, 20 + 16 * i, 61 + 24 * i, 51 + 16 * i), fill=20 * i)
    edges = np.flatnonzero((np.diff(np.asarray(drawing).astype(int), axis=1) != 0).any(axis=0)) + 1
    assert len(edges) >= 12
    assert not (edges % 2).any()
    assert enlargement_of(Luma(np.asarray(drawing))) == NOT_ENLARGED
