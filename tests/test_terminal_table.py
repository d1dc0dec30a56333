import os
from collections import Counter
from pathlib import Path

import pytest
from rich.cells import cell_len

from conftest import MakeJpeg, on_a_terminal
from jpegqf.record import Record, Status, Verdict
from jpegqf.scanning.summary import Tally
from jpegqf.terminal import tally_in_words
from jpegqf.terminal_table import TerminalTable, header_row, row, shortened

LONG = Record(
    os.fsdecode(b"in/x\xe9" + b"y" * 300 + "図.jpg".encode()),
    "y",
    Status.OK,
    qf=82,
    verdict=Verdict.CONSISTENT,
    verdict_text="header and pixels say 82 " * 9,
)


@pytest.mark.parametrize("width", [48, 80, 81, 200])
def test_a_row_fits_the_terminal_whatever_the_name(width: int) -> None:
    assert cell_len(row(LONG, width)) <= width
    assert cell_len(header_row(width)) <= width


def test_a_long_path_keeps_its_beginning_and_its_file_name() -> None:
    cut = shortened("photos/" + "deep/" * 40 + "holiday.jpg", 30)
    assert cut.startswith("photos/")
    assert cut.endswith("holiday.jpg")
    assert cell_len(cut) <= 30
    assert cell_len(shortened("写真" * 40 + ".jpg", 30)) <= 30


def test_the_columns_of_header_and_rows_stand_in_line() -> None:
    header = header_row(80)
    for name in ("a.jpg", "写真.jpg"):
        line = row(Record(name, name, Status.OK, qf=5, verdict=Verdict.RESAVED, verdict_text="why"), 80)
        before = line[: line.index("re-saved")]
        assert cell_len(before) == header.index("verdict")


def test_a_header_row_comes_once_and_control_characters_of_a_name_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    table = TerminalTable()
    for _ in range(2):
        table.show(Record("a\033[2J.jpg", "a", Status.ERROR, message="truncated"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["image", *["a\\x1b[2J.jpg"] * 2]
    assert "unreadable" in lines[1]


def test_the_closing_line_counts_verdicts_in_words() -> None:
    tally = Tally()
    for _ in range(2):
        tally.add(Record("a.png", "a", Status.OK, format="PNG", verdict=Verdict.PIXELS_ONLY))
    tally.add(Record("b.webp", "b", Status.OK, format="WEBP", verdict=Verdict.PIXELS_ONLY))
    for _ in range(3):
        tally.add(Record("c.jpg", "c", Status.OK, format="JPEG", verdict=Verdict.CONSISTENT))
    tally.add(Record("d.jpg", "d", Status.ERROR, verdict=Verdict.HEADER_ONLY))
    tally.add(Record("e.gif", "e", Status.SKIPPED))
    assert tally_in_words(tally.kinds, tally.statuses) == (
        "6 ok: 3 consistent, 2 PNGs that were JPEGs, 1 WEBP that was a JPEG; 1 skipped, 1 unreadable"
    )
    pixels_alone = Tally()
    pixels_alone.add(Record("a.jpg", "a", Status.OK, format="JPEG", verdict=Verdict.PIXELS_ONLY))
    assert tally_in_words(pixels_alone.kinds, pixels_alone.statuses) == "1 ok: 1 told by pixels alone"
    assert tally_in_words(Counter(), Counter(error=2)) == "0 ok; 2 unreadable"


def test_a_scan_on_a_terminal_is_a_table_with_colours_and_a_closing_line(tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(82))
    (tmp_path / "b.jpg").write_bytes(b"no image")
    told = on_a_terminal("scan", str(tmp_path))
    plain = on_a_terminal("scan", str(tmp_path), NO_COLOR="1")
    assert "\033[32mconsistent" in told
    assert "\033" not in plain
    header, first, second, closing = plain.splitlines()
    assert header.split() == ["image", "quality", "verdict", "evidence"]
    assert first.split()[-6:] == ["consistent", "header", "and", "pixels", "say", "82"]
    assert "unreadable" in second
    assert closing == "1 ok: 1 consistent; 1 unreadable"


def test_long_lines_of_a_story_are_broken_beside_their_label_on_a_terminal(tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(82))
    lines = on_a_terminal(str(tmp_path / "a.jpg"), NO_COLOR="1", COLUMNS="60").splitlines()[1:]
    assert max(map(len, lines)) <= 60
    assert len(lines) > 7
    assert all(line.startswith("  ") for line in lines)


def test_a_story_on_a_terminal_has_colours_unless_no_color_is_set(tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(82))
    assert "\033[32mHeader and pixels say 82" in on_a_terminal(str(tmp_path / "a.jpg"))
    assert "\033" not in on_a_terminal(str(tmp_path / "a.jpg"), NO_COLOR="1")
