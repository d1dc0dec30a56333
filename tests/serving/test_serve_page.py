"""The page in a real Chromium; what it shows is kept as pictures under build/screenshots."""

import base64
import csv
import importlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from browser import CHROMIUM
from conftest import REPOSITORY, MakeJpeg, in_cells
from jpegqf.names import visible
from jpegqf.outputs.base import row_of
from jpegqf.outputs.formats import open_writer
from jpegqf.outputs.results import read_records
from jpegqf.scanning.stream import scan
from page_words import NAMES, english_left
from serve_browser import chromium, context_of, served

pytest.importorskip("fastapi", reason='the server needs the extra serve: pip install ".[test-serve]"')
pytest.importorskip("playwright", reason='a browser is driven by Playwright: pip install ".[test-serve]"')
if not CHROMIUM:
    pytest.skip("no Chromium is installed", allow_module_level=True)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
HOSTILE = "<img src=x onerror=alert(1)>'\"&.jpg"
HOSTILE_NAMES = (
    HOSTILE,
    "</td></tr></table><script>alert(1)</script>.jpg",
    "two\nlines\tand a tab.jpg",
    "a" * 251 + ".jpg",
    "\u202egpj.exe.jpg",
)
SECOND = 1000
PASTED = (203, 131)
"""Where parts are pasted in: on no grid line of what is around them."""
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of a test


@dataclass
class Shown:
    """A page and all it complained of."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)

    def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def choose(self, files: dict[str, bytes]) -> None:
        kinds = {".jpg": "image/jpeg", ".png": "image/png"}
        chosen: Any = [
            {"name": name, "mimeType": kinds.get(name[-4:], "text/plain"), "buffer": data}
            for name, data in files.items()
        ]
        self.page.set_input_files("#files", chosen)
        self.settle()

    def settle(self) -> None:
        """Until all images are looked at, and the card is there."""
        self.page.wait_for_selector("#progress", state="hidden", timeout=120 * SECOND)
        self.page.wait_for_selector(".looking", state="detached", timeout=60 * SECOND)

    def drop(self, files: dict[str, bytes]) -> None:
        """A real DataTransfer, filled in the page and dropped on it."""
        packed = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
        transfer = self.page.evaluate_handle(
            """(packed) => {
                const transfer = new DataTransfer();
                for (const [name, data] of packed) {
                    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                    transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
                }
                return transfer;
            }""",
            packed,
        )
        for event in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event("#intake", event, {"dataTransfer": transfer})
        self.settle()

    def rows(self) -> list[list[str]]:
        """Texts of the table's cells."""
        return [
            [cell.strip() for cell in row.locator("th,td").all_inner_texts()]
            for row in self.page.locator("#rows tr").all()
        ]

    def saved(self, button: str) -> bytes:
        """What the browser downloads."""
        with self.page.expect_download(timeout=60 * SECOND) as found:
            self.page.click(button)
        return Path(found.value.path()).read_bytes()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served("--workers", "2") as server:
        yield server.url


def opened(browser: "Browser", url: str, **more: Any) -> Shown:
    shown = Shown(context_of(browser, **more).new_page())
    shown.page.on("console", lambda said: shown.complaints.append(f"{said.type}: {said.text}"))
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    shown.page.goto(url)
    shown.page.wait_for_selector("html[data-ready]")
    return shown


@pytest.fixture
def shown(browser: "Browser", address: str) -> Iterator[Shown]:
    """A fresh page; nothing may have been complained of in the end, the content security policy included."""
    shown = opened(browser, address, locale="en-US", color_scheme="light")
    yield shown
    shown.page.context.close()
    assert shown.complaints == []


@pytest.fixture(scope="module")
def files(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> dict[str, bytes]:
    with Image.open(io.BytesIO(jpeg(60, cat))) as image:
        twice, out = jpeg(92, image.copy()), io.BytesIO()
        image.crop((3, 5, 400, 290)).save(out, "PNG")
    return {
        "photo.jpg": jpeg(82, photo),
        "was.png": out.getvalue(),
        "broken.jpg": jpeg(50, photo)[:6000],
        "twice.jpg": twice,
    }


@pytest.fixture(scope="module")
def mixtures(jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> dict[str, bytes]:
    """PNGs that are no JPEG all over: parts of JPEGs at odd places of a picture, which was a JPEG itself or was not."""
    with Image.open(io.BytesIO(jpeg(50, cat))) as image:
        coarse = image.convert("RGB").crop((0, 0, 240, 240))
    with Image.open(io.BytesIO(jpeg(88, photo))) as image:
        fine = image.convert("RGB")
    made = {}
    for name, picture in (("partial.png", photo.copy()), ("composite.png", fine)):
        picture.paste(coarse, PASTED)
        out = io.BytesIO()
        picture.save(out, "PNG")
        made[name] = out.getvalue()
    return made


def test_a_dropped_jpeg_opens_its_card_with_all_evidence(shown: Shown, files: dict[str, bytes]) -> None:
    shown.drop({"photo.jpg": files["photo.jpg"]})
    assert shown.rows() == [["photo.jpg", "82", "82", "82", "Consistent"]]
    card = shown.page.locator("#card")
    assert card.locator("h2").inner_text() == "photo.jpg"
    assert "Header and pixels say 82" in card.inner_text()
    assert card.locator(".chart canvas").count() == 5
    assert card.locator(".heat").count() == 2
    assert card.locator(".heat").first.locator("td").first.inner_text() == "6"
    for words in (
        "How sure, and why",
        "the 95 % interval is exactly 82",
        "A header can be rewritten",
        "IJG libjpeg",
        "stripped, or never written",
    ):
        assert words in card.inner_text()
    drawn = card.locator("canvas[aria-label]").first.evaluate(
        "(canvas) => canvas.getContext('2d').getImageData(100, 100, 1, 1).data[3]"
    )
    assert drawn > 0
    shown.shoot("card")


def test_a_png_that_was_a_jpeg_and_a_broken_file_are_told_apart(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({name: files[name] for name in ("was.png", "broken.jpg", "twice.jpg")} | {"notes.txt": b"no image"})
    assert shown.rows() == [
        ["was.png", "60", "–", "60", "Was a JPEG"],
        ["broken.jpg", "50", "50", "–", "Unreadable"],
        ["twice.jpg", "92", "92", "92", "Re-saved"],
        ["notes.txt", "–", "–", "–", "Unreadable"],
    ]
    card = shown.page.locator("#card")
    assert "grid starts at column 5, row 3" in card.inner_text()
    shown.page.click("text=broken.jpg")
    shown.settle()
    assert "The file is cut off" in card.inner_text()
    assert card.locator(".chart").count() == 0
    shown.page.click("text=twice.jpg")
    shown.settle()
    assert "An earlier save at quality 60 shows through" in card.inner_text()
    shown.shoot("several")


def test_a_part_that_was_a_jpeg_has_a_box_over_the_picture_and_its_place_in_words(
    shown: Shown, mixtures: dict[str, bytes]
) -> None:
    shown.choose({"partial.png": mixtures["partial.png"]})
    assert shown.rows() == [["partial.png", "50", "–", "50", "Partly a JPEG"]]
    card = shown.page.locator("#card")
    assert card.locator(".parts li").all_inner_texts() == [
        "1: 240×240 pixels, 203 from the left and 131 from the top: quality 50",
        "Elsewhere: no JPEG grid",
    ]
    assert card.locator(".boxes .label").all_inner_texts() == ["1: quality 50"]
    picture, box = (card.locator(name).first.bounding_box() for name in (".stage img", ".box"))
    assert picture
    assert box
    scale = picture["width"] / 512
    assert tuple(round(start / scale) for start in (box["x"] - picture["x"], box["y"] - picture["y"])) == PASTED
    assert [round(side / scale) for side in (box["width"], box["height"])] == [240, 240]
    for words in (
        "PNG, partly a JPEG: a part of 240x240 at (203, 131)",
        "about the largest part",
        "Saves side by side\n1",
    ):
        assert words in card.inner_text()
    assert "was cropped or mirrored since" not in card.inner_text()
    shown.shoot("partial")


def test_parts_of_different_jpegs_are_told_in_every_language(shown: Shown, mixtures: dict[str, bytes]) -> None:
    shown.choose({"composite.png": mixtures["composite.png"]})
    assert shown.rows() == [["composite.png", "–", "–", "88", "Composite"]]
    card = shown.page.locator("#card")
    assert sorted(card.locator(".boxes .label").all_inner_texts()) == ["1: quality 50", "rest: quality 88"]
    parts = card.locator(".parts li")
    assert parts.all_inner_texts() == [
        "1: 240×240 pixels, 203 from the left and 131 from the top: quality 50",
        "The rest: quality 88",
    ]
    shown.shoot("composite")
    said = {
        "zh": (
            "zh-Hans",
            "拼接图",
            "由不同 JPEG 拼成的图片（PNG）",
            "1：240×240 像素，距左边 203、距上边 131：质量 50",
        ),
        "ja": (
            "ja",
            "合成",
            "異なる JPEG を組み合わせた画像（PNG）",
            "1：240×240 画素、左から 203、上から 131：品質 50",
        ),
    }
    for language, (tag, verdict, sentence, part) in said.items():
        shown.page.select_option("#language", language)
        shown.page.wait_for_selector(f"html[lang={tag}]")
        assert shown.rows()[0][4] == verdict
        assert sentence in card.locator(".sentence").inner_text()
        assert part in parts.first.inner_text()
        assert not re.search(r"\b(part|rest|saved|regions)\b", card.inner_text())


def test_an_image_that_is_one_save_or_none_has_no_boxes(
    shown: Shown, files: dict[str, bytes], cat: Image.Image
) -> None:
    out = io.BytesIO()
    cat.resize((150, 100)).save(out, "PNG")
    shown.choose({"resized.png": out.getvalue()} | {name: files[name] for name in ("photo.jpg", "was.png")})
    assert [row[4] for row in shown.rows()] == ["No trace of a JPEG", "Consistent", "Was a JPEG"]
    assert "never a JPEG" not in shown.page.locator("body").inner_text()
    for name in ("resized.png", "photo.jpg", "was.png"):
        shown.page.click(f"text={name}")
        shown.settle()
        assert shown.page.locator("#card .boxes").count() == 0


def test_a_map_of_earlier_saves_is_drawn_where_the_server_sends_one(shown: Shown, files: dict[str, bytes]) -> None:
    earlier = {"x": 0, "y": 0, "side": 200, "quality": [[60, None], [70, 80]], "confidence": [[0.9, None], [0.8, 0.7]]}

    def with_earlier(route: Any) -> None:
        told = route.fetch().json()
        told["evidence"]["earlier"] = earlier
        route.fulfill(json=told)

    shown.choose({"photo.jpg": files["photo.jpg"]})
    assert "Earlier saves" not in shown.page.locator("#card").inner_text()
    shown.page.route("**/v1/explain", with_earlier)
    shown.page.click("#clear")
    shown.choose({"photo.jpg": files["photo.jpg"]})
    figure = shown.page.locator("figure", has=shown.page.get_by_role("heading", name="Earlier saves"))
    for words in (
        "Each square of 200×200 pixels has the colour of the quality of an earlier save",
        "here 60 to 80",
        "Blank squares (1 of 4): none was found",
        "A margin too narrow for a square is left out.",
    ):
        assert words in figure.inner_text()
    canvas = figure.locator("canvas")
    alt = "Map of earlier saves, 2 by 2 squares: their quality is 60 to 80, in the median 70; blank: 1."
    assert canvas.get_attribute("aria-label") == alt
    row = "(canvas) => Array.from(canvas.getContext('2d').getImageData(0, 64, 400, 1).data)"
    opacity = canvas.evaluate(row)[3::4]
    assert min(opacity[:200]) > 0
    assert max(opacity[200:]) == 0
    assert figure.locator("input[type=checkbox]").count() == 1
    shown.shoot("earlier")


def test_the_caption_of_a_map_says_what_that_map_shows(
    shown: Shown, files: dict[str, bytes], mixtures: dict[str, bytes]
) -> None:
    figure = shown.page.locator("figure", has=shown.page.get_by_role("heading", name="Quality across the image"))
    shown.choose({"photo.jpg": files["photo.jpg"]})
    assert "here exactly 82." in figure.inner_text()
    assert "Blank" not in figure.inner_text()
    assert "margin" not in figure.inner_text()
    shown.page.click("#clear")
    shown.choose({"partial.png": mixtures["partial.png"]})
    assert re.search(r"here (exactly 50|\d\d to \d\d)\.", figure.inner_text())
    assert re.search(
        r"Blank squares \(\d+ of \d+\) show no JPEG grid in line with that of the largest", figure.inner_text()
    )


def test_an_image_without_a_grid_has_no_map(shown: Shown, cat: Image.Image) -> None:
    out = io.BytesIO()
    cat.resize((150, 100)).save(out, "PNG")
    shown.choose({"resized.png": out.getvalue()})
    assert shown.page.get_by_role("heading", name="How sure, and why").count() == 1
    assert shown.page.locator("#card figure").count() == 0


def column(shown: Shown, number: int) -> list[str]:
    return [row[number] for row in shown.rows()]


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


def test_the_formats_named_are_formats_that_are_judged(shown: Shown, photo: Image.Image) -> None:
    formats = shown.page.locator("#formats")
    formats.filter(has_text="JPEG").wait_for()  # the page asks the server for them
    said = formats.inner_text().rpartition(", up to")[0].split(", ")
    assert {"JPEG", "PNG", "WebP", "TIFF", "BMP", "PPM", "GIF"} <= set(said)
    suffixes = {"JPEG 2000": "jp2", "JPEG XL": "jxl", "HEIF": "heic"}
    if "JPEG XL" in said:
        importlib.import_module("pillow_jxl")
    if "HEIF" in said:
        importlib.import_module("pillow_heif").register_heif_opener()
    sent = {}
    for name in said:
        out = io.BytesIO()
        image = photo.resize((200, 200)).convert("L" if name == "GIF" else "RGB")
        image.save(out, {"JPEG 2000": "JPEG2000", "JPEG XL": "JXL"}.get(name, name))
        sent[f"a.{suffixes.get(name, name.lower())}"] = out.getvalue()
    shown.choose(sent)
    assert [row[4] for row in shown.rows() if row[4] in ("Unreadable", "Not judged", "Not sent")] == []
    assert len(shown.rows()) == len(said)


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_no_english_is_left_on_the_page(
    shown: Shown, files: dict[str, bytes], mixtures: dict[str, bytes], jpeg: MakeJpeg, language: str
) -> None:
    page = shown.page
    page.select_option("#language", language)
    page.wait_for_selector(f"html[lang^={language}]")
    flat = jpeg(90, Image.new("RGB", (300, 300), "gray"))
    made = {name: files[name] for name in ("photo.jpg", "was.png", "twice.jpg", "broken.jpg")}
    tiny = jpeg(90, Image.new("RGB", (9, 9)))
    sent = made | mixtures | {"flat.jpg": flat, "tiny.jpg": tiny, "notes.txt": b"no"}
    shown.choose(sent)
    page.click("#filter-box summary")
    texts = []
    for row in page.locator("#rows tr").all():
        row.locator("th").click()
        shown.settle()
        texts.append(page.locator("body").inner_text())
        texts += [str(drawn.get_attribute("aria-label")) for drawn in page.locator("#card [aria-label]").all()]
    names = NAMES | {"base", *re.findall("[a-z]+", " ".join(sent))}
    left = {word for text in texts for word in english_left(text, names)}
    assert left == set()


@pytest.mark.parametrize("number", range(3))
def test_the_images_to_try_show_three_situations(shown: Shown, number: int) -> None:
    shown.page.locator("button[data-sample]").nth(number).click()
    shown.page.wait_for_selector("#card h2")
    shown.settle()
    assert column(shown, 4) == [["Consistent", "Was a JPEG", "Re-saved"][number]]
    assert shown.page.locator("#card h2").is_visible()


PHONE = {"width": 390, "height": 844}


def test_on_a_phone_the_card_opens_below_the_row_that_was_tapped(
    browser: "Browser", address: str, files: dict[str, bytes]
) -> None:
    shown = opened(browser, address, **PHONE, locale="en-US")
    page = shown.page
    shown.choose(files | {f"{i}.jpg": files["photo.jpg"] for i in range(8)})
    assert not page.locator("#card").is_visible()
    for name in ("1.jpg", "twice.jpg", "7.jpg"):
        row = page.locator("#rows tr:not(.card-row)", has_text=name)
        row.scroll_into_view_if_needed()
        row.locator("td.answer").click()
        shown.settle()
        card, top = page.locator("#card"), row.bounding_box()
        below = card.bounding_box()
        assert card.locator("h2").inner_text() == name
        assert top
        assert below
        assert abs(below["y"] - top["y"] - top["height"]) < 2
        assert 0 <= top["y"] <= 0.45 * PHONE["height"]
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.evaluate("document.activeElement.innerText.split('\\n')[0]") == "7.jpg"
    assert shown.complaints == []
    page.context.close()


BROKEN_WORDS = """() => {
    const broken = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        const parent = node.parentElement;
        if (!parent.checkVisibility() || parent.closest(".file, .hidden, option, noscript")) continue;
        for (const found of node.data.matchAll(/[\\p{Script=Latin}\\d]{2,}/gu)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            const drawn = [...range.getClientRects()].filter(({width}) => width > 0);
            if (new Set(drawn.map(({top}) => Math.round(top))).size > 1) broken.push(found[0]);
        }
    }
    return broken;
}"""


@pytest.mark.parametrize("language", ["en", "zh", "ja"])
def test_on_a_phone_no_word_is_broken_in_two(
    browser: "Browser", address: str, files: dict[str, bytes], mixtures: dict[str, bytes], language: str
) -> None:
    shown = opened(browser, address, **PHONE, locale=language)
    assert shown.page.evaluate(BROKEN_WORDS) == []
    shown.choose(files | mixtures)
    shown.page.click("#filter-box summary")
    for name in (*files, *mixtures):
        shown.page.locator("#rows tr:not(.card-row)", has_text=name).locator("th").click()
        shown.settle()
        assert shown.page.evaluate(BROKEN_WORDS) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        shown.shoot(f"phone-{language}-{name}")
    shown.page.context.close()


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


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_is_text(
    browser: "Browser", address: str, files: dict[str, bytes], name: str, width: int
) -> None:
    shown = opened(browser, address, width=width, locale="en-US")
    shown.drop({name: files["photo.jpg"]})
    for place in ("#card h2 .file", "#rows .name .file"):
        assert shown.page.locator(place).evaluate("(file) => file.textContent") == visible(name)
    assert shown.page.locator("img[src='x']").count() == 0
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    assert shown.complaints == []
    shown.page.context.close()


def test_the_picture_of_the_evidence_is_saved(shown: Shown, files: dict[str, bytes]) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    shown.choose({"photo.jpg": files["photo.jpg"]})
    with Image.open(io.BytesIO(shown.saved("text=Evidence as PNG"))) as image:
        assert image.width == 1800


def test_language_and_theme_are_switched_and_remembered(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({"twice.jpg": files["twice.jpg"]})
    page = shown.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    said = {
        "zh": ("zh-Hans", "重新保存过", "文件头为 92，像素此前曾以 60 压缩"),
        "ja": ("ja", "再保存あり", "再保存あり"),
    }
    for language, (tag, verdict, words) in said.items():
        page.select_option("#language", language)
        page.wait_for_selector(f"html[lang={tag}]")
        assert shown.rows()[0][4] == verdict
        assert words in page.locator("#card").inner_text()
        visible = page.locator("body").inner_text()
        assert not re.search(r"\{\w+\}|\b(sure|card|file)\.\w+", visible)
        shown.shoot(language)
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    page.click("#theme")
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(paper) != light
    shown.shoot("dark")
    page.reload()
    page.wait_for_selector("html[data-ready][lang=ja][data-theme=dark]")


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


def test_pasted_images_are_taken(shown: Shown, files: dict[str, bytes]) -> None:
    packed = base64.b64encode(files["was.png"]).decode()
    shown.page.evaluate(
        """(data) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], "image.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
        }""",
        packed,
    )
    shown.settle()
    assert shown.rows() == [["image.png", "60", "–", "60", "Was a JPEG"]]


def test_a_folder_gives_its_images_with_their_paths(shown: Shown, files: dict[str, bytes], tmp_path: Path) -> None:
    inner = tmp_path / "shots" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.jpg").write_bytes(files["photo.jpg"])
    (inner.parent / "b.png").write_bytes(files["was.png"])
    (inner.parent / "notes.txt").write_bytes(b"passed over")
    shown.page.set_input_files("#folder", inner.parent)
    shown.settle()
    assert sorted(row[0] for row in shown.rows()) == ["shots/b.png", "shots/inner/a.jpg"]


def test_clearing_while_images_are_on_their_way_leaves_room_for_new_ones(shown: Shown, files: dict[str, bytes]) -> None:
    many: Any = [{"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": files["photo.jpg"]} for i in range(12)]
    shown.page.set_input_files("#files", many)
    shown.page.click("#clear")
    shown.choose({"was.png": files["was.png"]})
    assert [row[0] for row in shown.rows()] == ["was.png"]
    assert shown.page.locator("#card h2").inner_text() == "was.png"


def test_clearing_empties_the_page(shown: Shown, files: dict[str, bytes]) -> None:
    shown.choose({"photo.jpg": files["photo.jpg"]})
    shown.page.click("#clear")
    assert not shown.page.locator("#work").is_visible()
    shown.choose({"was.png": files["was.png"]})
    assert [row[0] for row in shown.rows()] == ["was.png"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_window(
    browser: "Browser", address: str, files: dict[str, bytes], mixtures: dict[str, bytes], width: int, theme: str
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="accessibility is checked by axe-core"
    ).Axe()
    shown = opened(browser, address, width=width, color_scheme=theme, bypass_csp=True)  # for axe's script alone
    for state in ("empty", "full", "parts"):
        if state == "full":
            shown.choose(files)
            shown.page.click("#filter-box summary")
            shown.page.locator("#rows tr").nth(1).click()
            shown.settle()
        if state == "parts":
            shown.page.click("#clear")
            shown.choose({"composite.png": mixtures["composite.png"]})
        found = axe.run(shown.page)
        assert found.violations_count == 0, found.generate_report()
        assert shown.page.evaluate("document.documentElement.scrollWidth") == width
        shown.shoot(f"{state}-{width}-{theme}")
    assert shown.complaints == []
    shown.page.context.close()


def test_the_page_says_where_images_go_and_nothing_leaves_the_machine(shown: Shown, files: dict[str, bytes]) -> None:
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url))
    assert "stay on this machine" in shown.page.locator("#privacy").inner_text()
    shown.page.reload()
    shown.page.wait_for_selector("html[data-ready]")
    shown.choose(files)
    here = shown.page.url.rstrip("/")
    assert {url for url in asked if not url.startswith((here, f"blob:{here}"))} == set()
    kept = shown.page.evaluate(
        "JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage), document.cookie])"
    )
    assert kept == '[[],[],""]'


def test_the_token_is_asked_for_and_never_in_an_address(
    browser: "Browser", files: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with served("--token-file", str(tmp_path / "token")) as server:
        shown = opened(browser, server.url)
        asked: list[str] = []
        shown.page.on("request", lambda request: asked.append(request.url))
        page = shown.page
        page.wait_for_selector("#token[open]")
        shown.shoot("token")
        page.fill("#token-value", "not the token at all")
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-wrong:not([hidden])")
        page.fill("#token-value", TOKEN)
        page.click("#token button")
        page.wait_for_selector("#formats:not(:empty)")
        shown.choose({"photo.jpg": files["photo.jpg"]})
        assert shown.rows()[0][1] == "82"
        assert not any(TOKEN in url for url in asked)
        assert all("401" in words for words in shown.complaints)
        page.context.close()


def test_the_api_reference_works_offline_under_the_same_policy(shown: Shown) -> None:
    shown.page.goto(shown.page.url + "docs")
    shown.page.click("#operations-API-inspect_v1_inspect_post")
    shown.page.wait_for_selector("option[value='multipart/form-data']", state="attached")
    shown.shoot("docs")
    assert shown.complaints == []


def test_the_button_gives_the_jpeg_back_and_a_crop_is_refused_in_words(
    shown: Shown, jpeg: MakeJpeg, photo: Image.Image, files: dict[str, bytes]
) -> None:
    pytest.importorskip("jpeglib", reason="restoring needs jpegqf[restore]")
    out = io.BytesIO()
    scene = photo.crop((0, 0, 256, 192)).point(lambda level: level // 2 + 50)
    with Image.open(io.BytesIO(jpeg(75, scene))) as image:
        image.save(out, "PNG")
        pixels = image.tobytes()
    shown.choose({"was.png": out.getvalue()})
    shown.page.click("#restore")
    shown.page.wait_for_selector("text=every pixel is the same", timeout=60 * SECOND)
    with Image.open(io.BytesIO(shown.saved("#restore"))) as back:
        assert back.tobytes() == pixels
    shown.shoot("restored")
    shown.page.click("#clear")
    shown.choose({"crop.png": files["was.png"]})
    shown.page.click("#restore")
    shown.page.wait_for_selector("text=Not given back: Cropped since it was a JPEG", timeout=60 * SECOND)
    shown.complaints[:] = [words for words in shown.complaints if "422" not in words]  # the browser notes each refusal
