import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import jpegqf.report.thumbnails
from bench.report import synthetic_rows
from commands import run_here
from conftest import REPOSITORY, MakeJpeg
from jpegqf.cli import main as jpegqf_command
from jpegqf.cli.report import report as report_command
from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.base import Batch
from jpegqf.outputs.formats import open_writer
from jpegqf.record import Record, Status, Verdict
from jpegqf.report.aggregate import NEEDED, Aggregate
from jpegqf.report.figures import figures
from jpegqf.report.grouping import OTHERS, Bounded, folder_level, folder_of, grouping
from jpegqf.report.page import page as page_of
from jpegqf.report.texts import Text, shown
from jpegqf.report.thumbnails import thumbnails
from jpegqf.report.wording import headline, lead, share
from jpegqf.report.writing import Request, write_report


def batch_of(records: list[Record]) -> Batch:
    rows = [record.to_dict() for record in records]
    return {name: [row[name] for row in rows] for name in NEEDED}


def counted(
    records: list[Record], by: str = "folder", worst: int = 10, drawn: int = 10, at_once: int = 700
) -> Aggregate:
    found = Aggregate(grouping(by), worst, drawn)
    for start in range(0, len(records), at_once):
        found.add(batch_of(records[start : start + at_once]))
    return found


def said(text: Any) -> str:
    """A text of the page's data in English."""
    if isinstance(text, str):
        return text
    key, *places = text
    return str(Text(key, {name: said(value) for name, value in (places[0] if places else {}).items()}))


def ok(path: str = "a.jpg", **columns: object) -> Record:
    return Record(path, os.path.basename(path), Status.OK, **columns)  # type: ignore[arg-type]


def results(path: Path, records: list[Record]) -> str:
    writer = open_writer(str(path))
    for record in records:
        writer.write(record)
    writer.close()
    return str(path)


ROWS = list(synthetic_rows(3000))


def test_counts_are_those_of_the_rows() -> None:
    found = counted(ROWS, "folder:3")
    told = figures(found)
    assert found.rows == 3000
    assert {code: number for code, number in told["verdicts"] if number} == Counter(row.verdict.value for row in ROWS)
    assert dict(told["statuses"]) == Counter(row.status.value for row in ROWS)
    quality = told["quality"]
    assert quality["header"] == [sum(row.header_qf == (q or None) for row in ROWS) for q in range(101)]
    assert quality["pixels"] == [sum(row.pixel_qf == (q or None) for row in ROWS) for q in range(101)]
    for kind, column, answer in (("encoders", "encoder", "header_qf"), ("formats", "format", "qf")):
        expected = Counter((getattr(row, column), getattr(row, answer)) for row in ROWS)
        for series in quality[kind]:
            name = None if series["name"] == ["series.unknown"] else series["name"]
            assert series["counts"] == [expected[name, q or None] for q in range(101)]


def test_densities_are_those_of_the_rows() -> None:
    told = figures(counted(ROWS))
    both = [row for row in ROWS if row.header_qf and row.pixel_qf]
    pairs = Counter((row.header_qf, row.pixel_qf) for row in both)
    resaved = Counter((row.header_qf, row.pixel_qf) for row in both if row.verdict is Verdict.RESAVED)
    assert {(x, y): (n, r) for x, y, n, r in told["pairs"]} == {cell: (pairs[cell], resaved[cell]) for cell in pairs}
    firsts = Counter((row.qf, row.first_qf) for row in ROWS if row.first_qf)
    assert {(x, y): n for x, y, n in told["firsts"]} == firsts
    assert firsts


def test_groups_are_those_of_the_rows_and_a_difference_is_told() -> None:
    groups = figures(counted(ROWS, "folder:3"))["groups"]
    assert [row[0] for row in groups["listed"]] == ["cat", "dog", "generated", "horse", "landscape", "portrait"]
    for name, number, median, resaved, _, bands in groups["listed"]:
        inside = [row for row in ROWS if row.path.split("/")[2] == name]
        known = sorted(row.qf for row in inside if row.qf)
        assert number == len(inside) == 500
        assert median == known[(len(known) + 1) // 2 - 1]
        assert resaved == sum(row.verdict is Verdict.RESAVED for row in inside)
        assert bands[-1] == sum(row.verdict is Verdict.NO_TRACE for row in inside)
        assert sum(bands[:-1]) == len(known)
    farthest = max(groups["listed"], key=lambda row: row[4])
    assert (farthest[0], groups["effect"]) == ("generated", "large")
    assert said(groups["heading"]) == "Compression differs strongly by folder (level 3)"
    sentences = [said(words) for words in groups["sentences"]]
    assert any("a model can learn the compression instead of the content" in words for words in sentences)


def test_groups_that_are_alike_get_no_warning() -> None:
    alike = [ok(f"{name}/{i}.jpg", qf=75 + i % 20) for name in "abc" for i in range(400)]
    groups = figures(counted(alike))["groups"]
    assert said(groups["heading"]) == "Compression hardly differs by folder"
    assert groups["effect"] == "negligible"


def test_a_share_of_right_guesses_is_told_of_few_groups_only() -> None:
    for groups, told in ((2, True), (60, False)):
        rows = [ok(f"{i % groups}/{i}.jpg", qf=95 if i % groups else 50) for i in range(60 * 40)]
        sentences = [said(words) for words in figures(counted(rows))["groups"]["sentences"]]
        assert any("names the right group" in words for words in sentences) is told
        assert any("learn the compression" in words for words in sentences)


def test_groups_of_a_few_images_are_listed_and_not_compared() -> None:
    groups = figures(counted([ok(f"a/{i}.jpg", qf=95) for i in range(40)] + [ok("b/1.jpg", qf=20)]))["groups"]
    assert [(row[0], row[1], row[4]) for row in groups["listed"]] == [("a", 40, None), ("b", 1, None)]
    assert (groups["compared"], groups["heading"]) == (1, None)


def test_the_table_has_the_worst_first_then_others_drawn_from_all() -> None:
    def order(row: Record) -> tuple[float, float]:
        if row.verdict is Verdict.RESAVED:
            return 6, (row.header_qf or 0) - (row.first_qf or 0)
        if row.verdict is Verdict.COMPOSITE:
            return 5, 0
        if row.verdict is Verdict.PARTIAL:
            return 4, -(row.qf or 100)
        kinds = {Status.ERROR: 2, Status.SKIPPED: 1, Status.OK: 0}
        return kinds[row.status], -(row.qf or 100) if row.status is Status.OK else 0

    table = counted(ROWS, worst=50, drawn=100).table()
    expected = sorted(ROWS, key=order, reverse=True)[:50]
    assert [row.path for row in table[:50]] == [row.path for row in expected]
    drawn = [row.path for row in table[50:]]
    assert len(set(drawn)) == 100
    assert not set(drawn) & {row.path for row in expected}
    numbers = [int(path[-11:-4]) for path in drawn]
    assert numbers == sorted(numbers)
    assert 1200 < sum(numbers) / 100 < 1800


def test_the_order_of_bad_images_is_the_documented_one() -> None:
    rows = [
        ok("low.jpg", qf=10),
        ok("fine.png", verdict=Verdict.NO_TRACE),
        Record("skipped.jpg", "skipped.jpg", Status.SKIPPED, reason="too_small"),
        ok("high.jpg", qf=99),
        Record("broken.jpg", "broken.jpg", Status.ERROR, reason="truncated"),
        ok("part.png", qf=90, verdict=Verdict.PARTIAL),
        ok("coarse-part.png", qf=40, verdict=Verdict.PARTIAL),
        ok("composite.png", verdict=Verdict.COMPOSITE),
        ok("mismatch.jpg", header_qf=60, pixel_qf=90, verdict=Verdict.MISMATCH),
        ok("pixels.jpg", header_qf=95, pixel_qf=70, verdict=Verdict.RESAVED),
        ok("history.jpg", header_qf=95, pixel_qf=95, first_qf=50, verdict=Verdict.RESAVED),
    ]
    names = ["history", "pixels", "mismatch", "composite", "coarse-part", "part"]
    names += ["broken", "skipped", "low", "high", "fine"]
    assert [row.path.split(".")[0] for row in counted(rows).table()] == names


def test_every_verdict_is_told_and_those_to_worry_about_come_first() -> None:
    told = figures(counted([ok(verdict=verdict) for verdict in Verdict]))["verdicts"]
    assert [code for code, _ in told[:4]] == ["resaved", "mismatch", "composite", "partial"]
    assert dict(told) == {verdict.value: 1 for verdict in Verdict}


def test_a_part_counts_with_its_quality_and_a_composite_in_no_band() -> None:
    rows = [ok("a/1.png", qf=60, verdict=Verdict.PARTIAL), ok("a/2.png", verdict=Verdict.COMPOSITE)]
    (listed,) = figures(counted([*rows, ok("a/3.png", verdict=Verdict.NO_TRACE)]))["groups"]["listed"]
    assert (listed[1], listed[5]) == (3, [0, 1, 0, 0, 0, 0, 0, 0, 1])


def test_the_table_is_the_same_however_rows_come_in_batches() -> None:
    one, many = (counted(ROWS, worst=20, drawn=20, at_once=number) for number in (3000, 7))
    assert one.table() == many.table()
    assert figures(one) == figures(many)


def test_memory_is_bounded_whatever_names_come() -> None:
    rows = [
        Record(f"{i:05d}/x.jpg", "x.jpg", Status.ERROR, reason=f"r{'x' * (i % 900)}", message="abc" * i)
        for i in range(5000)
    ]
    rows = [replace(row, encoder=f"e{i}", format=f"f{i}", model=f"m{i}") for i, row in enumerate(rows)]
    found = counted(rows)
    told = figures(found)
    names = {name for name, _ in found.groups}
    assert len(names) == 2001
    assert OTHERS in names
    assert sum(found.groups.values()) == 5000
    assert len({name for name, _ in found.encoders}) <= 52
    assert len(found.causes) <= 501
    assert len(told["groups"]["listed"]) == 500
    assert (told["groups"]["number"], told["groups"]["full"]) == (2001, True)
    notes = " ".join(map(said, told["notes"]))
    for words in ("first 2,000 groups", "Of 2,001 groups the 500", "first 50 encoders", "first 500 different messages"):
        assert words in notes


def test_a_group_named_like_the_rest_is_not_the_rest() -> None:
    bounded = Bounded(2)
    assert bounded(["(others)", "b", "c", "(others)"]) == ["(others)", "b", OTHERS, "(others)"]
    assert bounded(["c"])[0] is OTHERS
    assert bounded(["(others)"])[0] is not OTHERS


@pytest.mark.parametrize("letter", ["\u202e", "<", "\U0001f600"])
def test_long_texts_cannot_make_the_page_large(letter: str) -> None:
    evil = letter * 1500
    rows = [
        Record(
            f"{evil}{i}{evil}/{evil}", evil, Status.ERROR, reason=f"{i % 100}{evil}", message=f"{'x' * (i % 5)}{evil}"
        )
        for i in range(5000)
    ]
    rows = [replace(row, verdict_text=evil, encoder=evil, format=evil, model=evil) for row in rows]
    told = figures(counted(rows, worst=2500, drawn=2500))
    page = page_of(
        told, Text("headline.unknown", {"images": evil[:80], "share": "1"}), [], [evil[:80]] * 6, date(2026, 1, 1)
    )
    assert len(page.encode()) + jpegqf.report.thumbnails.MOST_THUMBNAIL_BYTES < 10_000_000
    assert len(told["table"]["rows"]) + told["table"]["cut"] == 5000
    assert told["table"]["cut"] > 0
    assert any("left out of the table because their texts are long" in said(note) for note in told["notes"])


def test_what_is_sampled_is_told() -> None:
    notes = [said(note) for note in figures(counted(ROWS, worst=50, drawn=100))["notes"]]
    assert notes[0].startswith("The table of images has 150 of 3,000 rows: the 50 worst and 100 drawn at random")
    assert not any("rows:" in said(note) for note in figures(counted(ROWS[:15]))["notes"])


def test_causes_are_grouped_with_numbers_left_out_of_their_messages() -> None:
    rows = [
        Record(f"{i}.jpg", f"{i}.jpg", Status.SKIPPED, reason="too_large", message=f"too many pixels: {i}x{i}")
        for i in range(20)
    ]
    rows += [Record("z.jpg", "z.jpg", Status.ERROR, reason="corrupt", message="bad"), ok("fine.jpg", qf=90)]
    assert figures(counted(rows))["causes"] == [
        ["too_large", "skipped", 20, [["too many pixels: NxN", 20, "0.jpg"]], 1],
        ["corrupt", "error", 1, [["bad", 1, "z.jpg"]], 1],
    ]


HEADLINES = [
    ([ok(header_qf=95, verdict=Verdict.RESAVED)] * 3 + [ok(header_qf=90, verdict=Verdict.CONSISTENT)] * 7,
     "10 images; 30\u00a0% say 95 in the header but were saved before, mostly lower"),
    ([ok(header_qf=q, verdict=Verdict.RESAVED) for q in (90, 91, 92)] + [ok()],
     "4 images; 75\u00a0% were saved before, mostly lower than their header says"),
    ([ok(verdict=Verdict.CONSISTENT)] * 999 + [ok(verdict=Verdict.RESAVED, header_qf=95)],
     "1,000 images; >\u00a099\u00a0% show one save, at the quality their header says"),
    ([ok(verdict=Verdict.NO_TRACE)], "1 image; 100\u00a0% show no trace of a JPEG save"),
    ([ok(verdict=Verdict.COMPOSITE)], "1 image; 100\u00a0% are put together from different JPEGs"),
    ([ok(verdict=Verdict.PARTIAL)],
     "1 image; 100\u00a0% were JPEGs in part, beside a rest that shows no JPEG grid"),
    ([ok()] * 2, "2 images; 100\u00a0% tell nothing about their compression"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), HEADLINES)
def test_the_headline_tells_what_stands_out(rows: list[Record], words: str) -> None:
    assert str(headline(counted(rows))) == words


def test_the_lead_tells_what_was_lost_and_what_was_not_judged() -> None:
    rows = [ok(qf=95, header_qf=95, first_qf=first, verdict=Verdict.RESAVED) for first in (50, 70, 90)]
    rows += [Record("a", "a", Status.ERROR), Record("b", "b", Status.SKIPPED)]
    assert not any("in all" in str(words) for words in lead(counted(rows)))  # the headline has told it
    rows += [ok(qf=90, header_qf=90, verdict=Verdict.RESAVED)]
    assert [str(words) for words in lead(counted(rows))] == [
        "67\u00a0% in all were saved before, mostly at a lower quality.",
        "Where it can be read, the earlier quality is lower by 25 in the median.",
        "1 image cannot be read and 1 image cannot be judged.",
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (0, "0"),
        (1, "<\u00a00.1"),
        (1200, "0.1"),
        (99_900, "10"),
        (123_400, "12"),
        (999_999, ">\u00a099"),
        (10**6, "100"),
    ],
)
def test_a_share_never_rounds_something_to_nothing_or_most_to_all(part: int, words: str) -> None:
    assert share(part, 10**6) == f"{words}\u00a0%"


def test_texts_of_strangers_are_shown_as_what_they_are() -> None:
    assert shown("a/b c/ü 中.jpg") == "a/b c/ü 中.jpg"
    assert shown("a\u202egpj.exe") == "a\\u202egpj.exe"
    assert shown("\ud800\n\x00\x1b[31m") == "\\ud800\\n\\x00\\x1b[31m"
    long = shown("head" + "x" * 10_000 + "tail.jpg")
    assert (len(long), long[:4], long[-8:], long.count("…")) == (300, "head", "tail.jpg", 1)
    assert len(shown("\u202e" * 10_000)) == 300


FOLDERS = [
    ("a/b/c.jpg", "a/b", ["a", "b"]),
    ("/a/b/c.jpg", "/a/b", ["a", "b"]),
    ("c.jpg", ".", []),
    ("./c.jpg", ".", []),
    ("/c.jpg", "/", []),
    ("crawl.tar!c.jpg", "crawl.tar!", ["crawl.tar!"]),
    ("crawl.parquet!a/c", "crawl.parquet!/a", ["crawl.parquet!", "a"]),
    ("x/crawl.tar.gz!a/c.jpg", "x/crawl.tar.gz!/a", ["x", "crawl.tar.gz!", "a"]),
    ("x/book.pdf!12/3", "x/book.pdf!", ["x", "book.pdf!"]),
    ("scan.dcm!2", "scan.dcm!", ["scan.dcm!"]),
    ("x/slide.tif!2", "x", ["x"]),
    ("what!/c.jpg", "what!", ["what!"]),
    (r"C:\photos\cats\c.jpg", r"C:\photos\cats", ["C:", "photos", "cats"]),
    (r"not\xff a folder.jpg", ".", []),
]


@pytest.mark.parametrize(("path", "folder", "levels"), FOLDERS)
def test_folders_are_told_from_paths_of_files_and_archives(path: str, folder: str, levels: list[str]) -> None:
    assert folder_of(path) == folder
    assert [folder_level(path, i + 1) for i in range(len(levels))] == levels
    assert [folder_level(path, i - len(levels)) for i in range(len(levels))] == levels
    assert folder_level(path, len(levels) + 1) is folder_level(path, -len(levels) - 1) is None


def test_rows_are_grouped_by_any_column_too() -> None:
    rows = [ok(f"{i}.jpg", qf=90, width=i % 2 * 100, progressive=i % 2 == 0, subsampling=None) for i in range(4)]
    for by, names in (("width", {"0", "100"}), ("format", {"(none)"})):
        found = Aggregate(grouping(by), 1, 1)
        found.add(batch_of(rows) | {by: [getattr(row, by) for row in rows]})
        assert {said(row[0]) for row in figures(found)["groups"]["listed"]} == names


def test_an_empty_text_is_a_group_of_its_own_and_a_missing_value_is_none() -> None:
    found = Aggregate(grouping("label"), 1, 1)
    rows = [ok(f"{i}.jpg", qf=40 + 50 * (i % 2)) for i in range(120)]
    labels = ["" if i % 2 else "b" for i in range(100)] + [None] * 10 + [float("nan")] * 10
    found.add(batch_of(rows) | {"label": labels})
    groups = figures(found)["groups"]
    told = [(said(row[0]), row[1]) for row in groups["listed"]]
    assert told == [("(empty)", 50), ("b", 50), ("(none)", 20)]
    assert (groups["compared"], groups["effect"]) == (2, "large")


def test_folders_are_named_below_what_they_share() -> None:
    rows = [ok(f"/data/set/{name}/{i}.jpg", qf=90) for name in ("cats", "cats/old", "dogs") for i in range(2)]
    groups = figures(counted(rows))["groups"]
    assert (groups["below"], [row[0] for row in groups["listed"]]) == ("/data/set", ["cats", "cats/old", "dogs"])


def test_thumbnails_are_small_upright_and_of_what_can_be_read(
    tmp_path: Path, jpeg: MakeJpeg, photo: Image.Image
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = photo.crop((0, 0, 512, 100))
    (tmp_path / "turned.jpg").write_bytes(jpeg(90, wide, exif=turned))
    wide.convert("RGBA").save(tmp_path / "clear.png")
    (tmp_path / "broken.jpg").write_bytes(jpeg(90)[:3000])
    (tmp_path / "text.jpg").write_text("no image")
    os.mkfifo(tmp_path / "pipe.jpg")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    names = ["turned.jpg", "clear.png", "broken.jpg", "text.jpg", "pipe.jpg", "bomb.png", "absent.jpg", "nul\0.jpg", ""]
    uris = list(thumbnails([str(tmp_path / name) if name else "" for name in names]))
    assert [uri is not None for uri in uris] == [True, True] + [False] * 7
    for uri, size in ((uris[0], (63, 320)), (uris[1], (320, 63))):
        head, _, data = (uri or "").partition(",")
        assert head == "data:image/webp;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as small:
            assert small.size == size


def test_what_pillow_thinks_of_a_file_is_not_said(
    tmp_path: Path, jpeg: MakeJpeg, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.jpg").write_bytes(jpeg(90, exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0ab"))
    assert [uri is not None for uri in thumbnails([str(tmp_path / "odd.jpg")])] == [True]
    assert capfd.readouterr().err == ""


def test_thumbnails_end_where_their_room_does(tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(90))
    (uri,) = thumbnails([str(tmp_path / "a.jpg")])
    monkeypatch.setattr(jpegqf.report.thumbnails, "MOST_THUMBNAIL_BYTES", 3 * len(uri or "") + 10)
    assert list(thumbnails([str(tmp_path / "a.jpg")] * 5)) == [uri] * 3 + [None] * 2


def test_the_page_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = results(tmp_path / "r.csv", ROWS[:50])
    page = tmp_path / "new" / "report.html"
    assert write_report(Request((source,), str(page))) == 50
    first = page.read_bytes()
    with pytest.raises(UsageError, match="--overwrite"):
        write_report(Request((source,), str(page)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_report(Request((source,), str(page), overwrite=True))
    assert page.read_bytes() == first
    assert os.listdir(page.parent) == ["report.html"]


def test_what_lies_beside_the_page_is_not_touched(tmp_path: Path) -> None:
    source = results(tmp_path / "r.csv", ROWS[:50])
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "report.html.part").symlink_to(victim)
    write_report(Request((source,), str(tmp_path / "report.html")))
    assert victim.read_text() == "precious"
    assert not (tmp_path / "report.html").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["r.csv", "report.html", "report.html.part", "victim"]


def test_several_results_are_one_report(tmp_path: Path) -> None:
    sources = tuple(results(tmp_path / f"r{i}.csv", ROWS[i * 100 : i * 100 + 100]) for i in range(3))
    assert write_report(Request(sources, str(tmp_path / "all.html"))) == 300
    assert "r0.csv, r1.csv, r2.csv" in (tmp_path / "all.html").read_text(encoding="utf-8")


def test_data_in_the_page_can_end_no_element_and_be_no_markup(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><!-- \u2028\u2029 {{data}} &amp; \ud800"
    found = Record(evil + ".jpg", "x", Status.ERROR, reason=evil, message=evil, encoder=evil, format=evil, model=evil)
    (tmp_path / "r.jsonl").write_text(json.dumps(found.to_dict()) + "\n")
    write_report(Request((str(tmp_path / "r.jsonl"),), str(tmp_path / "r.html"), by="encoder"))
    text = (tmp_path / "r.html").read_bytes().decode("utf-8")
    assert "alert(1)</" not in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert not re.search(r"[<>&\u0080-\uffff]", data[1])
    assert "alert(1)" in json.loads(data[1])["table"]["rows"][0][0]


def test_every_flag_of_the_command_is_documented() -> None:
    text = (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8")
    for option in report_command.params:
        for flag in option.opts if option.param_type_name == "option" else ():
            assert f"`{flag}" in text, flag
    assert "--max-rows" in text


def test_the_command_reports_on_what_scan_wrote(tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(jpeg(82))
    assert run_here("scan", "in", "-o", "rows.db", "-q", "--only", "header", cwd=tmp_path).returncode == 0
    done = run_here("report", "rows.db", "--thumbnails", "-o", "report.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"report.html: 1 image, \d\.\d MB\n", done.stderr)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "data:image/webp;base64," in text
    assert "are judged by their header alone" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["r.csv"], "Missing option '-o'"),
        (["r.csv", "-o", "r.pdf"], "the suffix must be .html"),
        (["r.csv", "-o", "there.html"], "--overwrite"),
        (["r.csv", "-o", "folder.html", "--overwrite"], "is a folder"),
        (["absent.csv", "-o", "r.html"], "no such results file: 'absent.csv'"),
        (["r.txt", "-o", "r.html"], "the suffix must be one of"),
        (["empty.csv", "-o", "r.html"], "the results are empty"),
        (["r.csv", "-o", "r.html", "--by", "class"], "--by class: 'r.csv' has no such column"),
        (["r.csv", "-o", "r.html", "--by", "folder:0"], "counts from 1"),
        (["r.csv", "-o", "r.html", "--max-rows", "100000"], "--max-rows"),
        (["r.csv", "-o", "there.html/r.html"], "cannot be written"),
    ],
)
def test_a_bad_call_is_one_line_and_exit_code_2_and_touches_nothing(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    results(tmp_path / "r.csv", ROWS[:5])
    results(tmp_path / "empty.csv", [])
    (tmp_path / "there.html").write_text("mine")
    (tmp_path / "folder.html").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(SystemExit) as ended:
        jpegqf_command(["report", *arguments], prog_name="jpegqf")
    said = capfd.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert message in said.err
    assert "Traceback" not in said.err
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.html").read_text() == "mine"


def test_an_interrupted_report_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source = results(tmp_path / "r.csv", ROWS)
    (tmp_path / "old.html").write_text("earlier")
    command = [sys.executable, "-m", "jpegqf", "report", *[source] * 2000, "--overwrite", "-o", "old.html"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(1.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (130, "interrupted\n")
    assert sorted(os.listdir(tmp_path)) == ["old.html", "r.csv"]
    assert (tmp_path / "old.html").read_text() == "earlier"


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str, mode: int) -> bool:
        assert (path, mode) == (str(tmp_path), os.W_OK | os.X_OK)
        return False

    monkeypatch.setattr(os, "access", denied)  # root, too, may run the tests
    with pytest.raises(UsageError, match="no permission"):
        write_report(Request(("absent.csv",), str(tmp_path / "new" / "deep" / "r.html")))
    assert os.listdir(tmp_path) == []
