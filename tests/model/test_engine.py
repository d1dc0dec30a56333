import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import REPOSITORY, MakeJpeg, TurnJpeg
from jpegqf.errors import ImageSkippedError
from jpegqf.infer.predict import Issue, named, predict_files
from jpegqf.inspection.inspector import inspect
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Needs, Predictor
from jpegqf.pixels.decode import decode_luma
from jpegqf.pixels.grid import ALIGNED, TURNED, Grid
from jpegqf.pixels.luma import Luma

A_PATCH = Needs(128, contrast=True)
GOLDEN = REPOSITORY / "tests" / "golden"


def predict(predictor: Predictor, data: bytes, own_luma: bool = False) -> Prediction:
    return predictor.examine(decode_luma(data).luma, own_luma, needs=A_PATCH)


@pytest.mark.parametrize("quality", [*range(1, 100, 7), 99])
def test_quality_of_a_photograph_is_exact(predictor: Predictor, jpeg: MakeJpeg, quality: int) -> None:
    assert predict(predictor, jpeg(quality)).rounded == quality


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 1}, {"progressive": True}, {"optimize": True}])
def test_how_the_file_is_coded_does_not_matter(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image, options: dict[str, object]
) -> None:
    assert predict(predictor, jpeg(83, cat, **options)).rounded == 83
    assert predict(predictor, jpeg(83, cat.convert("L"))).rounded == 83


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_a_jpeg_saved_again_without_loss_keeps_its_quality(predictor: Predictor, jpeg: MakeJpeg, kind: str) -> None:
    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg(67))) as image:
        image.save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert predict(predictor, out.getvalue()).rounded == 67


def test_rgb_coded_planes_are_judged_by_a_plane_as_coded(predictor: Predictor, photo: Image.Image) -> None:
    for kind, options in (
        ("JPEG", {"keep_rgb": True, "quality": 70}),
        ("TIFF", {"compression": "jpeg", "quality": 70}),
    ):
        out = io.BytesIO()
        photo.save(out, kind, **options)
        assert predict(predictor, out.getvalue()).rounded == 70


@pytest.mark.parametrize("quality", [8, 41, 77, 95])
@pytest.mark.parametrize("flip", [*list(Image.Transpose)[:2], Image.Transpose.ROTATE_180])
def test_averaging_over_flips_would_change_nothing(
    predictor: Predictor, jpeg: MakeJpeg, quality: int, flip: Image.Transpose
) -> None:
    """512x512 is a whole number of patches, so mirrored patches are the patches of the mirrored image."""
    luma = decode_luma(jpeg(quality)).luma
    mirrored = Luma(np.asarray(Image.fromarray(luma.plane).transpose(flip)))
    plain, turned = predictor.examine(luma), predictor.examine(mirrored)
    assert turned.quality == plain.quality
    assert np.abs(turned.probability - plain.probability).max() < 0.01


def test_both_aggregations_answer(predictor: Predictor, jpeg: MakeJpeg) -> None:
    median = Predictor(predictor.model, aggregation="median")
    assert predict(median, jpeg(58)).quality == predict(predictor, jpeg(58)).quality == 58


def test_the_distribution_sums_to_one_and_holds_the_interval(predictor: Predictor, jpeg: MakeJpeg) -> None:
    answer = predict(predictor, jpeg(97))
    low, high = answer.interval()
    assert answer.probability.sum() == pytest.approx(1)
    assert low <= answer.rounded <= high
    assert answer.probability[low - 1 : high].sum() >= 0.95 - 1e-9


def test_the_interval_is_the_shortest_that_holds_the_mass() -> None:
    probability = np.zeros(100)
    probability[[10, 11, 12, 60]] = [0.5, 0.3, 0.17, 0.03]
    answer = Prediction(11, probability, 1.0)
    assert answer.interval() == (11, 13)
    assert answer.interval(0.79) == (11, 12)
    assert answer.interval(1.0) == (11, 61)
    assert Prediction(50, np.full(100, 0.01), 1.0).interval(1.0) == (1, 100)


def test_too_small_and_too_flat_are_skipped_with_the_reason(predictor: Predictor) -> None:
    with pytest.raises(ImageSkippedError, match="too small: 300x127"):
        predictor.examine(Luma(np.zeros((127, 300), np.uint8)), needs=A_PATCH)
    with pytest.raises(ImageSkippedError, match="too little information"):
        predictor.examine(Luma(np.full((400, 400), 77, np.uint8)), needs=A_PATCH)


def test_a_batch_keeps_order_and_gives_each_file_one_answer(
    predictor: Predictor, jpeg: MakeJpeg, tmp_path: Path
) -> None:
    good, broken, absent = (tmp_path / name for name in ("good.jpg", "broken.jpg", "absent.jpg"))
    good.write_bytes(jpeg(35))
    broken.write_bytes(jpeg(35)[:3000])
    answers = list(predict_files(predictor, map(str, (absent, good, broken))))
    assert [path for path, _ in answers] == [str(absent), str(good), str(broken)]
    kinds = [answer.kind if isinstance(answer, Issue) else answer.rounded for _, answer in answers]
    assert kinds == ["error", 35, "error"]


def as_png(data: bytes, left: int = 0, top: int = 0) -> Luma:
    """Luma of a JPEG's RGB pixels without its first columns and rows."""
    with Image.open(io.BytesIO(data)) as image:
        rgb = np.asarray(image.convert("RGB"))
    return Luma.from_rgb(np.ascontiguousarray(rgb[top:, left:]))


@pytest.mark.parametrize("quality", [10, 45, 75, 92, 99])
@pytest.mark.parametrize(("left", "top"), [(1, 0), (4, 4), (7, 2)])
def test_a_crop_off_the_grid_tells_quality_and_grid(
    predictor: Predictor, jpeg: MakeJpeg, quality: int, left: int, top: int
) -> None:
    said = predictor.examine(as_png(jpeg(quality), left, top))
    assert (said.rounded, said.grid) == (quality, Grid(8 - left, -top % 8))
    assert said.jpeg_probability > 0.9


def test_without_search_a_crop_shows_no_grid(predictor: Predictor, jpeg: MakeJpeg) -> None:
    said = predictor.examine(as_png(jpeg(60), 3, 3), search=False)
    assert said.jpeg_probability < 0.1
    assert said.grid == ALIGNED


@pytest.mark.parametrize("quality", [20, 75, 92, 97])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (3, 5)])
def test_pixels_of_a_jpeg_that_codes_red_green_and_blue_tell_their_quality(
    predictor: Predictor, jpeg: MakeJpeg, quality: int, left: int, top: int
) -> None:
    luma = as_png(jpeg(quality, keep_rgb=True), left, top)
    said = predictor.examine(luma)
    assert (said.rounded, said.grid, said.by_green) == (quality, Grid(-left % 8, -top % 8), True)
    assert np.array_equal(said.place(luma).plane, luma.green[-top % 8 :, -left % 8 :])  # type: ignore[index]


def test_a_flat_green_channel_tells_nothing(predictor: Predictor, photo: Image.Image) -> None:
    pixels = np.array(photo)
    pixels[..., 1] = 77
    assert predictor.examine(Luma.from_rgb(pixels)).jpeg_probability < 0.1


@pytest.mark.parametrize("quality", [20, 60, 90])
def test_a_turned_image_keeps_its_quality(predictor: Predictor, jpeg: MakeJpeg, quality: int) -> None:
    luma = as_png(jpeg(quality), 2, 5)
    for turns in range(4):
        turned = Luma(np.rot90(luma.plane, turns), np.rot90(luma.marks, turns) if luma.marks is not None else None)
        said = predictor.examine(turned)
        assert said.rounded == quality
        assert said.grid.turned == bool(turns % 2)


@pytest.mark.parametrize("quality", [10, 50, 75, 90, 97])
def test_a_jpeg_turned_without_being_decoded_keeps_its_quality(
    predictor: Predictor, turned_jpeg: TurnJpeg, photo: Image.Image, cat: Image.Image, quality: int
) -> None:
    for image in (photo, cat):
        decoded = decode_luma(turned_jpeg(quality, image))
        said = predictor.examine(decoded.luma, decoded.own_luma, search=False)
        assert (said.rounded, said.grid) == (quality, TURNED)
        row = inspect(turned_jpeg(quality, image))
        assert (row.qf, row.header_match, row.pixel_qf, row.verdict) == (quality, "exact", quality, "consistent")


def test_neither_a_clean_image_nor_a_resized_jpeg_shows_a_grid(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    assert predictor.examine(Luma.from_rgb(np.asarray(photo))).jpeg_probability < 0.1
    with Image.open(io.BytesIO(jpeg(80))) as image:
        resized = image.resize((400, 380), Image.Resampling.BICUBIC)
    assert predictor.examine(Luma.from_rgb(np.asarray(resized))).jpeg_probability < 0.1


def golden_cases(
    predictor: Predictor, jpeg: MakeJpeg, images: dict[str, Image.Image], own_luma: bool = False
) -> dict[str, int]:
    found = {}
    for name, image in images.items():
        for quality in range(2, 101, 6):
            for subsampling in (0, 2):
                data = jpeg(quality, image, subsampling=subsampling)
                found[f"{name} {quality} {subsampling}"] = predict(predictor, data, own_luma).rounded
    return found


def test_golden_predictions_of_this_model(
    predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image
) -> None:
    """Keyed by the model's name: another model brings its own file (``golden_cases`` makes it)."""
    path = GOLDEN / f"{predictor.model.config.name}.json"
    images = {"astronaut": photo, "chelsea": cat}
    assert golden_cases(predictor, jpeg, images) == json.loads(path.read_text())
    assert golden_cases(predictor, jpeg, images, own_luma=True) == json.loads(path.read_text())


def test_an_interval_too_wide_to_name_a_quality_is_an_issue_in_words() -> None:
    wide = np.zeros(100)
    wide[20:60] = 1 / 40
    answer = named(Prediction(30, wide, 0.99))
    assert isinstance(answer, Issue)
    assert answer.kind == "skipped"
    assert answer.message == "too little information: every quality from 23 to 60 is possible"
    narrow = Prediction(80, np.eye(100)[79], 0.99)
    assert named(narrow) is narrow
