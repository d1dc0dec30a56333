from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jpegqf
from bench.conditions import by_ffmpeg, catalogue, failures, goals, making, tables_of_the_wild
from bench.conditions import run as conditions
from bench.conditions.figures import summarised
from bench.conditions.measures import no_step_wrong, steps_named, steps_right, table_named, writer_right
from bench.conditions.rows import Row, read_rows, write_rows
from bench.summary import ratio, read_summary, write_summary
from jpegqf.evidence.dct import FORWARD
from jpegqf.jpeg.all_tables import known_tables
from jpegqf.jpeg.header import read_header
from jpegqf.jpeg.ijg import ijg_luma
from jpegqf.pixels.decode import decode_luma
from jpegqf.tables import reading

PNG = ("png", "cropped", "small", "patch", "turned", "decoders")
NO_FFMPEG = pytest.mark.skipif(by_ffmpeg.program() is None, reason="the system has no ffmpeg")
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


@pytest.mark.slow
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
    (line,) = [line for line in goals.brief_table(summarised(rows)).splitlines() if line.startswith("| A JPEG cropped")]
    _, _, count, judged, asked, measured, _ = (cell.strip() for cell in line.split("|"))
    assert (count, judged) == ("3", "0.00 %")
    told = dict(zip(asked.split("; "), measured.split("; "), strict=True))
    assert told["exact ≥ 98.5 %"] == told["grid right ≥ 99 %"] == "**no answers**"
    assert told["called a mixture ≤ 0.2 %"] == "0.00 %"


def test_failures_are_the_surest_first_and_made_again(folder: Path) -> None:
    scenes = conditions.scenes_of(folder, held_out=False)
    ((row, case),) = conditions.judge_all("turned", scenes, 1, seed=3)
    wrong = [replace(row, index=i, true_qf=50, pixel_qf=51, pixel_confidence=sure) for i, sure in enumerate((0.3, 0.9))]
    right = replace(row, index=2, true_qf=50, pixel_qf=50, pixel_confidence=1.0)
    none = replace(row, index=3, pixel_qf=None)
    assert [one.index for one in failures.worst([*wrong, right, none], "turned", 12)] == [1, 0, 3]
    assert case is not None
    assert failures.rebuilt(row, folder).data == case.data


def _written_table(case: making.Case) -> tuple[int, ...]:
    assert case.jpeg is not None
    table = read_header(case.jpeg).luma
    assert table is not None
    return table.values


@pytest.mark.parametrize("name", ["wild", "editors", "wild_png", "listed_png"])
def test_a_drawn_table_reaches_the_file(name: str, photo: Image.Image) -> None:
    photo = photo.resize((600, 520)) if name == "listed_png" else photo
    for index in range(6):
        case = _case(name, photo, index)
        assert case.table == _written_table(case)
        assert case.quality == tables_of_the_wild.quality_of(np.array(case.table))
        assert (case.jpeg == case.data) == (not name.endswith("_png"))


def test_tables_of_the_wild_are_of_the_half_that_nothing_was_fitted_to(photo: Image.Image) -> None:
    held_out = {table.luma for table in tables_of_the_wild.held_out()}
    fitted = set(map(tuple, tables_of_the_wild.fitted_half().steps.tolist()))
    assert 100 < len(held_out) < len(tables_of_the_wild.of_8_bits()) - 100
    assert all(_case("wild", photo, index).table in held_out for index in range(6))
    left_out = {table.luma for table in tables_of_the_wild.left_out()}
    assert len(left_out) > 100
    assert left_out <= held_out
    assert not left_out & fitted


def test_known_tables_are_others_while_one_condition_is_asked_and_then_all_again() -> None:
    fewer = tables_of_the_wild.fitted_half()
    assert len(fewer) < len(known_tables())
    with tables_of_the_wild.known_as(fewer):
        assert vars(reading)["known_tables"]() is fewer
    assert vars(reading)["known_tables"] is known_tables


def test_a_table_of_the_wild_is_saved_again_on_its_grid(photo: Image.Image) -> None:
    case = _case("wild_again", photo, 0)
    assert jpegqf.inspect(case.data, only="header").header_qf == case.quality == 97
    assert (
        case.first
        == tables_of_the_wild.wild(photo, conditions.generator(0, catalogue.CONDITIONS["wild_again"], 0)).quality
    )


def test_editors_tables_are_told_with_their_own_quality(photo: Image.Image) -> None:
    for index in range(12):
        case = _case("editors", photo, index)
        assert case.writer is not None
        told = jpegqf.inspect(case.data, only="header")
        written = {"true_encoder": case.writer[0].value, "true_encoder_quality": float(case.writer[1])}
        row = Row("editors", index, 0, "", "", variant=case.variant, **written)  # type: ignore[arg-type]
        row = replace(row, encoder=told.encoder or "", encoder_quality=told.encoder_quality)
        assert writer_right(row), row


def test_of_a_flat_base_a_quality_beside_the_true_one_is_right() -> None:
    row = Row("editors", 0, 0, "", "", true_encoder="mozjpeg", true_encoder_quality=70.0, encoder="mozjpeg")
    for number, said, right in ((1, 69.0, True), (1, 75.0, False), (3, 71.0, False), (3, 70.0, True)):
        told = replace(row, variant=f"mozjpeg table {number} at 70", encoder_quality=said)
        assert writer_right(told) == right
    assert not writer_right(replace(row, encoder="ijg", encoder_quality=70.0))


@NO_FFMPEG
def test_ffmpeg_writes_its_table(photo: Image.Image) -> None:
    for index in range(4):
        case = _case("ffmpeg", photo, index)
        assert case.writer is not None
        assert case.table == _written_table(case)
        told = jpegqf.inspect(case.data, only="header")
        assert (told.encoder, told.encoder_quality) == ("ffmpeg", case.writer[1])
        assert told.subsampling == {"0": "4:2:0", "2": "4:2:2", "4": "4:4:4"}[case.variant[-2]]


@NO_FFMPEG
@pytest.mark.slow
def test_every_codec_gives_a_frame_like_the_clean_one(photo: Image.Image) -> None:
    seen = set()
    for index in range(12):
        case = _case("video", photo, index)
        seen.add(case.variant)
        frame = np.asarray(making.pixels_of(case.data), np.float64)
        assert case.region.size == (frame.shape[1], frame.shape[0])
        assert np.abs(frame - np.asarray(case.region)).mean() < 12, case.variant
        assert (case.quality, case.grid, case.table) == (None, None, None)
    assert len(seen) >= 4


def test_frames_of_a_video_are_whole_macroblocks_and_move(photo: Image.Image) -> None:
    size, frames = by_ffmpeg.drifting(photo.resize((733, 333)), as_dv=False)
    assert size == (720, 320)
    assert all(frame.size == size for frame in frames)
    assert frames[0].crop((5, 3, 700, 300)).tobytes() == frames[2].crop((0, 0, 695, 297)).tobytes()
    assert by_ffmpeg.drifting(photo.resize((100, 100)), as_dv=True)[0] == (720, 576)
    with pytest.raises(making.LeftOutError):
        by_ffmpeg.drifting(photo.resize((80, 70)), as_dv=False)


def test_files_are_left_out_where_ffmpeg_is_not_installed(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_ffmpeg, "program", lambda: None)
    for name in ("ffmpeg", "video"):
        with pytest.raises(making.LeftOutError):
            _case(name, photo, 0)


def test_told_steps_are_counted_and_compared() -> None:
    table = tuple(range(1, 65))
    assert conditions.told_of_table(table, (1, None, 4, *table[3:])) == {"steps_named": 63, "steps_wrong": 1}
    assert conditions.told_of_table(table, None) == {"steps_named": 0, "steps_wrong": 0}


def test_figures_of_steps_are_of_steps_and_of_images() -> None:
    counts = ((64, 0), (32, 2), (0, 0))
    rows = [Row("wild_png", i, 0, "", "", steps_named=one, steps_wrong=wrong) for i, (one, wrong) in enumerate(counts)]
    told = [figure(rows) for figure in (steps_named, steps_right, no_step_wrong, table_named)]
    assert [value and value.value for value in told] == [0.5, 94 / 96, 1 / 2, 1 / 3]
    assert ratio(np.zeros(2), np.zeros(2)) is None


def test_rows_of_before_the_tables_can_still_be_read(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("condition,index,seed,image,kind,pixel_qf,issue\nsingle,0,0,a.png,,50,\n")
    assert read_rows(tmp_path / "old.csv") == [Row("single", 0, 0, "a.png", "", pixel_qf=50)]
