"""The list of images: opened, sorted, filtered, used by keyboard, exported."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from page_fixtures import HOSTILE, Shown, column
from PIL import Image

from conftest import MakeJpeg, in_cells
from jpegqf.outputs.base import row_of
from jpegqf.outputs.formats import open_writer
from jpegqf.outputs.results import read_records
from jpegqf.scanning.stream import scan


def test_a_click_anywhere_in_a_row_opens_its_card(shown: Shown, files: dict[str, bytes]) -> None:
    names = ("photo.jpg", "was.png", "twice.jpg")
    shown.choose({name: files[name] for name in names})
    for place, name in enumerate(names):
        for cell in ("th", "td.answer", "td.verdict"):
            shown.page.locator("#rows tr").nth((place + 1) % 3).locator("th").click()
            shown.page.locator("#rows tr").nth(place).locator(cell).click(position={"x": 3, "y": 3})
            assert shown.page.locator("#card h2").inner_text() == name
    shown.settle()


def test_the_list_is_sorted_by_every_column_and_back(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose(files)
    added = column(shown, 0)
    table = shown.page.locator(".list > thead")
    for number, name in enumerate(("Image", "Quality", "Header", "Pixels", "Verdict")):
        button, head = table.get_by_role("button", name=name, exact=True), table.locator("th").nth(number)
        for direction in ("ascending", "descending"):
            button.click()
            assert head.get_attribute("aria-sort") == direction
            told = [words for words in column(shown, number) if words != "–"]
            values: list[Any] = [int(words) for words in told] if number in (1, 2, 3) else told
            assert values == sorted(values, key=lambda value: value, reverse=direction == "descending")
            assert column(shown, number)[len(told) :] == ["–"] * (len(files) - len(told))
        button.click()
        assert head.get_attribute("aria-sort") is None
        assert column(shown, 0) == added


def test_the_list_is_filtered_by_name_verdict_and_quality_and_exports_hold_what_is_shown(
    shown: Shown, files: dict[str, bytes]
) -> None:
    shown.choose(files)
    page = shown.page
    page.click("#filter-box summary")
    page.fill("#filter-text", "WAS")
    assert column(shown, 0) == ["was.png"]
    page.fill("#filter-text", "")
    page.select_option("#filter-verdict", label="Re-saved")
    assert column(shown, 0) == ["twice.jpg"]
    page.select_option("#filter-verdict", label="all")
    page.fill("#filter-low", "60")
    page.fill("#filter-high", "82")
    assert column(shown, 0) == ["photo.jpg", "was.png"]
    assert page.locator("#filter-count").inner_text() == "2 of 4 shown; exports hold these"
    assert [record["filename"] for record in json.loads(shown.saved("#export-json"))] == ["photo.jpg", "was.png"]
    page.fill("#filter-text", "no such name")
    assert column(shown, 0) == ["No image matches."]
    page.click("#filters button[type=reset]")
    page.locator("#rows tr").nth(3).wait_for()
    assert page.locator("#filter-count").inner_text() == ""


def test_twenty_files_are_looked_at_and_exported_as_jpegqf_itself_would(
    shown: Shown, jpeg: MakeJpeg, cat: Image.Image, files: dict[str, bytes], tmp_path: Path
) -> None:
    twenty = {f"{i:02}, “{i}”.jpg": jpeg(30 + 3 * i, cat) for i in range(17)}
    twenty |= {"=1+1.jpg": jpeg(50, cat), "cut.jpg": files["broken.jpg"], HOSTILE: files["twice.jpg"]}
    shown.drop(twenty)
    assert [row[0] for row in shown.rows()] == list(twenty)
    assert shown.page.locator("#progress-words").inner_text() == "20 of 20 looked at"
    folder = tmp_path / "files"
    folder.mkdir()
    for name, data in twenty.items():
        (folder / name).write_bytes(data)
    wanted = [replace(row, path=row.filename) for row in scan([folder / name for name in twenty])]
    exported = tmp_path / "jpegqf.csv"
    exported.write_bytes(shown.saved("#export-csv"))
    itself = open_writer(str(tmp_path / "itself.csv"))
    for row in wanted:
        itself.write(row)
    itself.close()
    assert exported.read_bytes() == (tmp_path / "itself.csv").read_bytes()
    assert list(read_records(str(exported))) == in_cells(wanted)
    with exported.open(encoding="utf-8-sig", newline="") as file:
        assert "'=1+1.jpg" in [row["filename"] for row in csv.DictReader(file)]
    assert json.loads(shown.saved("#export-json")) == [row_of(row) for row in wanted]
    shown.shoot("twenty")


def test_a_keyboard_is_enough(shown: Shown, files: dict[str, bytes]) -> None:
    page = shown.page
    shown.choose({name: files[name] for name in ("photo.jpg", "was.png")})
    focused = "document.activeElement.innerText"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "photo.jpg":
            break
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "was.png"
    page.keyboard.press("Enter")
    shown.settle()
    assert page.evaluate(focused) == "was.png"
    assert page.evaluate("document.activeElement.id") == "card-title"
    assert page.locator("tr.current th").inner_text() == "was.png"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "name"
