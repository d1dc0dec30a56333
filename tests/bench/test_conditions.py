from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jpegqf
from bench.conditions import catalogue, failures, goals, making
from bench.conditions import run as conditions
from bench.conditions.figures import summarised
from bench.conditions.rows import Row, read_rows, write_rows
from bench.summary import read_summary, write_summary
from jpegqf.evidence.dct import FORWARD
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.decode import decode_luma

PNG = ("png", "cropped", "small", "patch", "turned", "decoders")
JPEG = ("single", "last", "once", "first", "first_shifted", "first_finer")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photo: Image.Image) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    photo.save(folder / "photo.png")
    return folder


def _case(name: str, photo: Image.Image, index: int) -> making.Case:
    condition = catalogue.CONDITIONS[name]
    return condition.build(photo, conditions.generator(0, condition, index))


def _share_on_multiples(case: making.Case) -> float:
    """Share of large low AC coefficients that lie on the true table's multiples, on the true grid."""
    assert case.grid is not None
    assert case.quality is not None
    plane = decode_luma(case.data).luma.plane
    plane = plane[case.grid[1] :, case.grid[0] :]
    height, width = (side // 8 * 8 for side in plane.shape)
    blocks = plane[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 64)
    blocks = blocks[(blocks.min(axis=1) > 8) & (blocks.max(axis=1) < 247)]
    steps = ijg_luma(case.quality)
    if case.variant in ("transpose", "transverse", "rotate_90", "rotate_270", "exif 5", "exif 6", "exif 7", "exif 8"):
        steps = steps.T
    ratio = (((blocks - 128.0) @ FORWARD) / steps.reshape(64))[:, 1:]
    low = ratio[:, steps.reshape(64)[1:] >= 8]
    low = low[np.abs(low) > 0.7]
    assert low.size > 50
    return float((np.abs(low - np.rint(low)) < 0.2).mean())


@pytest.mark.parametrize("name", PNG)
def test_a_decoded_file_has_its_quality_s_comb_on_its_grid(name: str, photo: Image.Image) -> None:
    tried = 0
    for index in range(8):
        case = _case(name, photo, index)
        if case.quality is not None and 20 <= case.quality <= 75:
            assert _share_on_multiples(case) > 0.9, (index, case.quality, case.variant)
            tried += 1
    assert tried >= 2


@pytest.mark.parametrize("name", JPEG)
def test_a_jpeg_was_saved_last_at_its_quality(name: str, photo: Image.Image) -> None:
    for index in range(3):
        case = _case(name, photo, index)
        assert case.jpeg == case.data
        assert jpegqf.inspect(case.data, only="header").header_qf == case.quality
        assert case.grid == (0, 0)


def test_first_qualities_are_as_far_from_the_last_as_said(photo: Image.Image) -> None:
    for index in range(10):
        for name, closest in (("first", 5), ("first_shifted", 10), ("first_finer", -100)):
            case = _case(name, photo, index)
            assert case.first is not None
            assert case.quality is not None
            assert case.quality - case.first >= closest
            assert (name == "first_finer") == (case.first > case.quality)
            assert (name == "first_shifted") == (case.variant != "0,0")


def test_grid_of_a_turned_image_is_where_its_blocks_begin() -> None:
    for width, height in ((21, 30), (16, 24), (17, 8)):
        across, down = np.arange(width) // 8, np.arange(height) // 8
        blocks = Image.fromarray((16 * down[:, None] + across).astype(np.uint8))
        for turn in Image.Transpose:
            turned = np.asarray(blocks.transpose(turn)).astype(int)
            left, top = making.grid_after(turn, (width, height))
            assert set(np.flatnonzero(np.diff(turned[0])) + 1) | {left} <= set(range(left, 99, 8)), turn
            assert set(np.flatnonzero(np.diff(turned[:, 0])) + 1) | {top} <= set(range(top, 99, 8)), turn


def test_exif_turns_are_pillow_s(photo: Image.Image) -> None:
    from PIL import ImageOps

    for orientation, turn in making.EXIF_TURNS.items():
        image = photo.crop((0, 0, 20, 30))
        image.getexif()[making.ORIENTATION] = orientation
        assert ImageOps.exif_transpose(image).tobytes() == photo.crop((0, 0, 20, 30)).transpose(turn).tobytes()


def test_foreign_tables_reach_the_file(photo: Image.Image) -> None:
    for index in range(8):
        case = _case("encoders", photo, index)
        assert case.jpeg is not None
        told = jpegqf.inspect(case.jpeg, only="header")
        assert told.header_qf == case.quality
        assert told.encoder == ("ijg" if "table 0" in case.variant else case.variant.split()[0]), case.variant


def test_files_without_a_grid_have_no_truth_to_name(photo: Image.Image) -> None:
    for name in ("never", "resized"):
        case = _case(name, photo, 0)
        assert (case.quality, case.grid, case.first) == (None, None, None)


def test_rows_are_the_same_again_and_survive_the_csv(folder: Path, tmp_path: Path) -> None:
    scenes = conditions.scenes_of(folder, held_out=False)
    rows = [row for name in catalogue.CONDITIONS for row, _ in conditions.judge_all(name, scenes, 1, seed=3)]
    assert [row.issue for row in rows] == [""] * len(rows)
    assert rows[:2] == [row for name in ("single", "png") for row, _ in conditions.judge_all(name, scenes, 1, seed=3)]
    write_rows(tmp_path / "rows.csv", rows)
    assert read_rows(tmp_path / "rows.csv") == rows
    write_summary(tmp_path / "summary.csv", summarised(rows))
    assert goals.all_tables(read_summary(tmp_path / "summary.csv")) == goals.all_tables(summarised(rows))
    assert "| single | exact | ≥ 99.5 % | 100.00 %" in goals.all_tables(summarised(rows))


def test_an_image_that_cannot_be_read_gets_a_row(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    scenes = conditions.scenes_of(tmp_path, held_out=False)
    ((row, case),) = conditions.judge_all("single", scenes, 1, seed=0)
    assert case is None
    assert row.issue.startswith("UnidentifiedImageError")


def test_tables_of_nothing_and_of_failures_alone_print() -> None:
    assert goals.all_tables(summarised([])) == ""
    row = Row("single", 0, 0, "a.png", "", issue="ValueError: no")
    assert "| single | A JPEG | 1 | 1 |" in goals.all_tables(summarised([row]))


def test_a_goal_without_answers_is_missed_and_shown() -> None:
    rows = [Row("cropped", i, 0, "a.png", "", true_qf=50, true_grid_x=1, true_grid_y=2) for i in range(3)]
    asked = "exact ≥ 98.5 %; grid right ≥ 99 %; called a mixture ≤ 0.2 %"
    assert f"| 3 | 0.00 % | {asked} | **no answers**; **no answers**; 0.00 % |" in goals.brief_table(summarised(rows))


def test_failures_are_the_surest_first_and_made_again(folder: Path) -> None:
    scenes = conditions.scenes_of(folder, held_out=False)
    ((row, case),) = conditions.judge_all("turned", scenes, 1, seed=3)
    wrong = [replace(row, index=i, true_qf=50, pixel_qf=51, pixel_confidence=sure) for i, sure in enumerate((0.3, 0.9))]
    right = replace(row, index=2, true_qf=50, pixel_qf=50, pixel_confidence=1.0)
    none = replace(row, index=3, pixel_qf=None)
    assert [one.index for one in failures.worst([*wrong, right, none], "turned", 12)] == [1, 0, 3]
    assert case is not None
    assert failures.rebuilt(row, folder).data == case.data
