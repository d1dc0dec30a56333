"""The page as a file: whole or not at all, of bounded size, no markup out of data."""

import json
import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from report_rows import ROWS, counted, results, said

import jpegqf.report.thumbnails
from jpegqf.errors import OutputError, UsageError
from jpegqf.record import Record, Status
from jpegqf.report.figures import figures
from jpegqf.report.page import page as page_of
from jpegqf.report.texts import Text
from jpegqf.report.writing import Request, write_report


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
