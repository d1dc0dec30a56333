"""What is told of images that were put together, end to end, and the parts of the search that stand by themselves."""

import io
from itertools import product

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont

import jpegqf
from conftest import MakeJpeg, png
from jpegqf.inspection.reach import Box
from jpegqf.inspection.regions import FoundRegion, FoundRegions, find_regions, same_save, whole_image
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.grid import ALIGNED, Grid
from jpegqf.pixels.luma import Luma
from jpegqf.record import Record, Region, Verdict

Rectangle = tuple[int, int, int, int]
"""Column and row of the first pixel, width and height."""
GROUNDS = {"white": "black", "#202024": "#e8e8e8", "#faf3e0": "#222222"}
"""Colours of pages, white, dark and cream, with those of their ink."""
NEAREST = Image.Resampling.NEAREST


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def told(image: Image.Image) -> Record:
    return jpegqf.inspect(png(image))


def regions_of(row: Record) -> tuple[Region, ...]:
    assert row.region_list is not None
    return row.region_list


def overlap(region: Region, place: Rectangle) -> float:
    """Intersection over union."""
    x, y, width, height = place
    across = min(region.x + region.width, x + width) - max(region.x, x)
    down = min(region.y + region.height, y + height) - max(region.y, y)
    common = max(across, 0) * max(down, 0)
    return common / (region.width * region.height + width * height - common)


def page(ground: str = "white", size: tuple[int, int] = (720, 900)) -> Image.Image:
    """Twelve lines of text on a plain ground; the lower half is empty."""
    out = Image.new("RGB", size, ground)
    pen, font = ImageDraw.Draw(out), ImageFont.load_default(18)
    for i in range(12):
        words = f"Line {i}: the quick brown fox jumps over the lazy dog, {i * 7919} times"
        pen.text((40, 30 + 26 * i), words, font=font, fill=GROUNDS[ground])
    return out


@pytest.fixture(scope="module")
def coffee() -> Image.Image:
    """Coffee, CC0 by Rachel Michetti: 600x400 RGB, without a trace of a JPEG."""
    return Image.fromarray(skimage.data.coffee())


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    out = Image.new("RGB", (left.width + right.width, left.height))
    out.paste(left, (0, 0))
    out.paste(right, (left.width, 0))
    return out


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_photo_below_text_is_a_part_with_its_quality_and_place(jpeg: MakeJpeg, cat: Image.Image, ground: str) -> None:
    image = page(ground)
    image.paste(opened(jpeg(60, cat)), (61, 403))
    row = told(image)
    (region,) = regions_of(row)
    assert (row.verdict, row.qf, row.qf_source, row.pixel_qf) == (Verdict.PARTIAL, 60, "pixels", 60)
    assert overlap(region, (61, 403, *cat.size)) >= 0.9
    assert (region.pixel_qf, region.grid_x, region.grid_y) == (60, 61 % 8, 403 % 8)
    assert (row.grid_x, row.grid_y) == (61 % 8, 403 % 8)
    assert (row.regions, row.jpeg_share) == (1, region.share)
    assert 0.2 < region.share < 0.8
    place = f"a part of {region.width}x{region.height} at ({region.x}, {region.y})"
    assert row.verdict_text == f"PNG, partly a JPEG: {place} was saved at 60; the rest shows no JPEG grid"


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_page_of_text_alone_gets_no_quality(ground: str) -> None:
    row = told(page(ground))
    assert (row.qf, row.pixel_qf) == (None, None)
    assert row.verdict in (Verdict.NO_TRACE, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    "place", [(0, 0, 256, 512), (256, 0, 256, 512), (0, 0, 512, 256), (0, 256, 512, 256), (0, 0, 512, 104)]
)
def test_the_side_that_was_a_jpeg_beside_pixels_that_were_none_is_a_part(
    jpeg: MakeJpeg, photo: Image.Image, place: Rectangle
) -> None:
    x, y, width, height = place
    image = photo.copy()
    image.paste(opened(jpeg(60)).crop((x, y, x + width, y + height)), (x, y))
    row = told(image)
    (region,) = regions_of(row)
    assert (row.verdict, row.qf, region.pixel_qf) == (Verdict.PARTIAL, 60, 60)
    assert overlap(region, place) >= 0.9
    assert (row.regions, row.grid_x, row.grid_y) == (1, 0, 0)


@pytest.mark.parametrize(("right", "left"), list(product((50, 90, 95), [203, 256])))
def test_two_jpegs_side_by_side_are_told_with_both_qualities(jpeg: MakeJpeg, right: int, left: int) -> None:
    one = opened(jpeg(70)).crop((0, 0, 256, 504))
    other = opened(jpeg(right)).crop((left, 0, left + 256, 504))  # on the same grid, or on another one
    row = told(beside(one, other))
    first, second = sorted(regions_of(row), key=lambda region: region.x)
    assert (row.verdict, row.qf, row.qf_source, row.regions) == (Verdict.COMPOSITE, None, None, 2)
    assert first.pixel_qf is not None
    assert second.pixel_qf is not None
    assert abs(first.pixel_qf - 70) <= 1
    assert abs(second.pixel_qf - right) <= 1
    assert (first.grid_x, second.grid_x) == (0, -left % 8)
    assert overlap(first, (0, 0, 256, 504)) >= 0.9
    assert overlap(second, (256, 0, 256, 504)) >= 0.9
    for region in (first, second):
        place = f"a part of {region.width}x{region.height} at ({region.x}, {region.y})"
        assert f"{place} was saved at {region.pixel_qf}" in str(row.verdict_text)


@pytest.mark.parametrize(("around", "inside"), [(85, 55), (55, 85), (75, 92)])
def test_a_part_of_another_jpeg_is_told_with_its_place(
    jpeg: MakeJpeg, coffee: Image.Image, around: int, inside: int
) -> None:
    image = opened(jpeg(around))
    image.paste(opened(jpeg(inside, coffee)).crop((103, 51, 295, 243)), (151, 202))
    row = told(image)
    largest, pasted = regions_of(row)
    assert (row.verdict, row.qf, row.regions) == (Verdict.COMPOSITE, None, 2)
    assert (largest.pixel_qf, row.pixel_qf, pasted.pixel_qf) == (around, around, inside)
    assert overlap(largest, (0, 0, 512, 512)) >= 0.9
    assert overlap(pasted, (151, 202, 192, 192)) >= 0.6
    assert (pasted.grid_x, pasted.grid_y) == ((151 - 103) % 8, (202 - 51) % 8)
    assert largest.share > pasted.share
    assert str(row.verdict_text).endswith(f"was saved at {inside}, the rest at {around}")


def test_a_part_too_small_to_shake_the_few_blocks_that_decide_is_told_too(
    jpeg: MakeJpeg, coffee: Image.Image, predictor: Predictor
) -> None:
    image = opened(jpeg(85))
    image.paste(opened(jpeg(55, coffee)).crop((303, 151, 399, 247)), (152, 202))
    assert predictor.decided(Luma.from_rgb(np.asarray(image)), own_luma=False) is not None
    row = told(image)
    _, pasted = regions_of(row)
    assert (row.verdict, row.pixel_qf, pasted.pixel_qf) == (Verdict.COMPOSITE, 85, 55)
    assert overlap(pasted, (152, 202, 96, 96)) >= 0.6


@pytest.mark.parametrize(("quality", "crop"), list(product((40, 75, 90, 96), [(0, 0), (3, 5)])))
def test_a_single_save_is_one_region_the_whole_image(
    jpeg: MakeJpeg, photo: Image.Image, quality: int, crop: tuple[int, int]
) -> None:
    image = opened(jpeg(quality)).crop((*crop, 400, 390))
    row = told(image)
    grid = -crop[0] % 8, -crop[1] % 8
    assert (row.verdict, row.qf, row.regions, row.jpeg_share) == (Verdict.PIXELS_ONLY, quality, 1, 1)
    (region,) = regions_of(row)
    assert (region.x, region.y, region.width, region.height) == (0, 0, *image.size)
    assert (region.grid_x, region.grid_y) == (row.grid_x, row.grid_y) == grid
    assert (region.pixel_qf, region.share, region.jpeg_probability) == (quality, 1, row.jpeg_probability)
    assert (region.pixel_qf_low, region.pixel_qf_high) == (row.pixel_qf_low, row.pixel_qf_high)


def test_a_page_of_text_that_was_a_jpeg_is_one_region(jpeg: MakeJpeg) -> None:
    row = told(opened(jpeg(75, page())))
    assert (row.verdict, row.qf, row.regions, row.jpeg_share) == (Verdict.PIXELS_ONLY, 75, 1, 1)
    assert [(r.x, r.y, r.width, r.height) for r in regions_of(row)] == [(0, 0, 720, 900)]


@pytest.mark.parametrize(("quality", "crop"), [(75, (0, 0)), (60, (3, 5))])
def test_a_jpeg_that_codes_red_green_and_blue_is_one_region(
    jpeg: MakeJpeg, quality: int, crop: tuple[int, int]
) -> None:
    image = opened(jpeg(quality, keep_rgb=True)).crop((*crop, 500, 490))
    row = told(image)
    assert (row.verdict, row.qf, row.regions, row.jpeg_share) == (Verdict.PIXELS_ONLY, quality, 1, 1)
    assert [(r.x, r.y, r.width, r.height) for r in regions_of(row)] == [(0, 0, *image.size)]


def test_a_clean_image_has_no_regions(photo: Image.Image, coffee: Image.Image) -> None:
    for image in (photo, coffee, photo.resize((384, 384), Image.Resampling.LANCZOS)):
        row = told(image)
        assert (row.verdict, row.qf) == (Verdict.NO_TRACE, None)
        assert (row.regions, row.jpeg_share, row.region_list) == (0, 0, ())
        assert (row.pixel_qf, row.grid_x, row.grid_y) == (None, None, None)


def test_a_jpeg_file_is_one_region_whatever_it_shows(jpeg: MakeJpeg, photo: Image.Image) -> None:
    halves = photo.copy()
    halves.paste(opened(jpeg(40)).crop((0, 0, 256, 512)), (0, 0))
    for image in (photo, halves):
        row = jpegqf.inspect(jpeg(90, image))
        assert (row.qf, row.qf_source, row.regions, row.jpeg_share) == (90, "header", 1, 1)
        assert [(r.x, r.y, r.width, r.height) for r in regions_of(row)] == [(0, 0, 512, 512)]


def test_regions_are_unknown_where_pixels_were_not_looked_at(jpeg: MakeJpeg) -> None:
    row = jpegqf.inspect(jpeg(90), only="header")
    assert (row.regions, row.jpeg_share, row.region_list) == (None, None, None)


@pytest.mark.parametrize(("factor", "crop"), list(product((2, 3, 4), [(0, 0), (3, 5)])))
def test_a_jpeg_enlarged_by_nearest_neighbour_is_told_with_its_quality_below(
    jpeg: MakeJpeg, cat: Image.Image, factor: int, crop: tuple[int, int]
) -> None:
    small = opened(jpeg(60, cat)).crop((*crop, 256, 240))
    size = factor * small.width, factor * small.height
    row = told(small.resize(size, NEAREST))
    assert (row.verdict, row.qf, row.pixel_qf) == (Verdict.PIXELS_ONLY, 60, 60)
    assert row.verdict_text == f"PNG enlarged {factor}x; a JPEG at 60 below"
    assert (row.width, row.height, row.regions, row.jpeg_share) == (*size, 1, 1)
    assert [(r.x, r.y, r.width, r.height) for r in regions_of(row)] == [(0, 0, *size)]


def test_boxes_of_an_enlarged_image_are_in_stored_pixels(jpeg: MakeJpeg) -> None:
    halves = beside(opened(jpeg(70)).crop((0, 0, 256, 512)), opened(jpeg(50)).crop((256, 0, 512, 512)))
    row = told(halves.resize((1024, 1024), NEAREST).crop((1, 1, 1024, 1024)))
    assert (row.verdict, row.qf, row.regions) == (Verdict.COMPOSITE, None, 2)
    assert str(row.verdict_text).startswith("PNG enlarged 2x put together from different JPEGs: ")
    first, second = sorted(regions_of(row), key=lambda region: region.x)
    assert (first.pixel_qf, second.pixel_qf) == (70, 50)
    assert overlap(first, (0, 0, 511, 1023)) >= 0.9
    assert overlap(second, (511, 0, 512, 1023)) >= 0.9
    assert first.x % 2 == first.y % 2 == 1  # where the first whole repetition starts


@pytest.mark.parametrize("how", [Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, NEAREST])
def test_a_jpeg_resized_otherwise_leaves_no_trace_and_no_number(jpeg: MakeJpeg, how: Image.Resampling) -> None:
    for side in (401, 700):
        row = told(opened(jpeg(60)).resize((side, side), how))
        assert (row.verdict, row.qf, row.pixel_qf, row.regions, row.region_list) == (
            Verdict.NO_TRACE,
            None,
            None,
            0,
            (),
        )


def test_what_one_half_was_saved_at_never_changes_what_the_other_half_tells(jpeg: MakeJpeg, photo: Image.Image) -> None:
    left, rights = opened(jpeg(70)).crop((0, 0, 256, 512)), [photo]
    rights += [opened(jpeg(quality)) for quality in (35, 60, 80, 93, 98)]
    answers = set()
    for right in rights:
        row = told(beside(left, right.crop((256, 0, 512, 512))))
        region = next(region for region in regions_of(row) if region.x == 0)
        answers.add((region.pixel_qf, region.pixel_qf_low, region.pixel_qf_high, region.jpeg_probability))
        assert overlap(region, (0, 0, 256, 512)) >= 0.9
    assert len(answers) == 1
    assert answers.pop()[:3] == (70, 70, 70)


def test_two_parts_of_one_save_beside_pixels_that_were_none_are_one_save(jpeg: MakeJpeg, photo: Image.Image) -> None:
    saved, image = opened(jpeg(60)), photo.copy()
    places = [(0, 0, 160, 512), (352, 0, 160, 512)]
    for x, y, width, height in places:
        image.paste(saved.crop((x, y, x + width, y + height)), (x, y))
    row = told(image)
    assert (row.verdict, row.qf, row.regions) == (Verdict.PARTIAL, 60, 1)
    assert {region.pixel_qf for region in regions_of(row)} == {60}


def prediction(quality: int, jpeg_probability: float = 1.0, grid: Grid = ALIGNED) -> Prediction:
    probability = np.zeros(100)
    probability[quality - 2 : quality + 1] = 0.1, 0.8, 0.1
    return Prediction(float(quality), probability, jpeg_probability, grid)


def test_saves_are_the_same_on_one_grid_with_qualities_that_both_may_have() -> None:
    assert same_save(prediction(60), prediction(60))
    assert same_save(prediction(60), prediction(62))  # 59 to 61, and 61 to 63
    assert not same_save(prediction(60), prediction(63))
    assert not same_save(prediction(63), prediction(60))
    assert not same_save(prediction(60), prediction(60, grid=Grid(1, 0)))


def test_a_whole_image_is_one_region_where_it_has_a_grid_and_none_where_it_has_not() -> None:
    seen = whole_image((30, 20), prediction(60))
    assert (seen.saves, seen.share, seen.rest) == (1, 1.0, False)
    assert [region.box for region in seen.regions] == [Box(0, 0, 30, 20)]
    unseen = whole_image((30, 20), prediction(60, jpeg_probability=0.49))
    assert (unseen.saves, unseen.share, unseen.regions, unseen.rest) == (0, 0.0, (), False)


def test_regions_of_one_save_count_once() -> None:
    numbers = (0, 1, 0, 2)
    regions = tuple(FoundRegion(Box(0, 0, 8, 8), prediction(60), 0.2, number) for number in numbers)
    assert FoundRegions(regions, 0.8).saves == 3


@pytest.mark.parametrize("grid", [Grid(0, 0), Grid(5, 3), Grid(5, 3, turned=True)])
def test_a_region_is_cut_from_its_first_whole_block_on(grid: Grid) -> None:
    plane = np.random.default_rng(0).integers(0, 256, (90, 100), dtype=np.uint8)
    region = FoundRegion(Box(11, 20, 50, 40), prediction(60, grid=grid), 0.5)
    x, y = (16, 24) if grid == Grid(0, 0) else (13, 27)
    expected = plane[y:60, x:61]
    cut = region.cut(Luma(plane)).plane
    assert np.array_equal(cut, expected.T if grid.turned else expected)


def test_regions_are_found_the_largest_first_and_none_reaches_beyond_the_image(
    jpeg: MakeJpeg, coffee: Image.Image, predictor: Predictor
) -> None:
    image = coffee.copy()
    saved = {quality: opened(jpeg(quality)) for quality in (50, 70, 85)}
    image.paste(saved[50].crop((100, 100, 244, 260)), (11, 13))
    image.paste(saved[70].crop((300, 200, 412, 312)), (451, 19))
    image.paste(saved[85].crop((50, 300, 300, 460)), (330, 230))
    largest, found = find_regions(Luma.from_rgb(np.asarray(image)), predictor)
    assert [region.prediction.rounded for region in found.regions] == [85, 50, 70]
    assert largest == found.regions[0].prediction
    assert (found.saves, found.rest) == (3, True)
    shares = [region.share for region in found.regions]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(found.share, abs=0.01)
    for region in found.regions:
        box = region.box
        assert 0 <= box.x < box.x + box.width <= 600
        assert 0 <= box.y < box.y + box.height <= 400
