"""The report in a real browser."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import jpegqf
from bench.report import CLASSES, synthetic_rows
from browser import chromium, opened, violations
from conftest import MakeJpeg
from jpegqf.errors import Reason
from jpegqf.jpeg.known_tables import Family
from jpegqf.outputs.formats import open_writer
from jpegqf.record import Record, Status, Verdict
from jpegqf.report.texts import LANGUAGES, texts
from jpegqf.report.writing import Request, write_report
from jpegqf.scanning.stream import scan
from page_words import NAMES, english_left

DESKTOP, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
TABLE = "#images-table"
CODES = {"error", "skipped", "folder", "by", "db", "sqlite", "parquet", "results"}
"""What is the same in every language, since it is typed or read by programs."""
ATTACK = "window.broken = (window.broken || 0) + 1; alert(1)"
HOSTILE = (
    f"<img src=x onerror='{ATTACK}'>.jpg",
    f"</script><script>{ATTACK}</script>.jpg",
    f'"\'><svg onload="{ATTACK}">/{{{{data}}}}/x.jpg',
    "javascript:alert(1)//.jpg",
    "a/\u202egpj.exe",
    "\ud800-\udfff-\udc80/lone.jpg",
    "x" * 10_000 + ".jpg",
    '=HYPERLINK("http://127.0.0.1:9/","x")',
    "<!-- \u2028 \u2029 -->\n\r\t\x00.jpg",
    "{a|{b}}<b>&lt;&amp;%3Cscript%3E{c}.jpg",
    "__proto__/constructor.jpg",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def reported(folder: Path, count: int, rows: int) -> str:
    """The address of a report on ``count`` rows, with ``rows`` of them in its table."""
    writer = open_writer(str(folder / "rows.csv"))
    for record in synthetic_rows(count):
        writer.write(record)
    writer.close()
    write_report(Request((str(folder / "rows.csv"),), str(folder / "r.html"), by="folder:3", rows=rows))
    return (folder / "r.html").as_uri()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on 3,000 rows, 400 of them in its table."""
    return reported(tmp_path_factory.mktemp("report"), 3000, 400)


@pytest.fixture(scope="module")
def short_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report with all parts of a long one and fewer lines in its tables: 60 rows, of which 50 show."""
    return reported(tmp_path_factory.mktemp("short"), 300, 60)


def column(page: Any, number: int) -> list[str]:
    texts: list[str] = page.locator(f"#images-table tbody tr > :nth-child({number})").all_inner_texts()
    return texts


def painted(page: Any, chart: str) -> int:
    """Colours on a chart's canvas."""
    script = """name => {
        const canvas = document.querySelector(`#${name} canvas`);
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    found: int = page.evaluate(script, chart)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_opens_offline_without_a_request_or_a_complaint(
    browser: Any, page: str, scheme: str, viewport: dict[str, int]
) -> None:
    with opened(browser, page, offline=True, color_scheme=scheme, viewport=viewport) as watched:
        for chart in ("quality", "pairs", "firsts", "groups"):
            assert painted(watched.page, f"{chart}-chart") > 10, chart
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        background = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(253, 253, 251)" if scheme == "light" else "rgb(21, 24, 27)")
        assert watched.requests == [page]
        assert watched.problems == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_violation(browser: Any, short_page: str, scheme: str, viewport: dict[str, int]) -> None:
    with opened(browser, short_page, color_scheme=scheme, viewport=viewport) as watched:
        for summary in watched.page.locator("summary").all():
            summary.click()
        assert violations(watched.page) == []


def test_the_first_screen_tells_the_story_and_the_warning(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        told = watched.page.locator("h1").inner_text()
        assert told.startswith("3,000 images; ")
        assert told.endswith("were saved before, mostly lower than their header says")
        warning = watched.page.locator("#warning-line")
        assert "Compression differs strongly by folder (level 3)." in warning.inner_text()
        assert warning.bounding_box()["y"] < DESKTOP["height"]
        notice = watched.page.locator("#groups-notice").inner_text()
        assert "Cramér's V" in notice
        assert "p < 0.001" in notice


@pytest.mark.slow
def test_the_table_sorts_by_every_column_and_back(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        table = watched.page.locator("#images-table")
        worst_first = column(watched.page, 2)
        assert column(watched.page, 1) == [str(i) for i in range(1, 51)]
        for number, name in ((4, "quality"), (5, "header"), (7, "first save")):
            ends = []
            for direction in ("ascending", "descending"):
                table.get_by_role("button", name=name, exact=True).click()
                header = table.locator(f"thead th:nth-child({number})")
                assert header.get_attribute("aria-sort") == direction
                values = [int(text) for text in column(watched.page, number)]
                assert values == sorted(values, reverse=direction == "descending")
                ends.append(values[0])
            assert ends[0] < ends[1]
        table.get_by_role("button", name="image", exact=True).click()
        names = [" ".join(text.split("\n")[1::-1]) for text in column(watched.page, 2)]
        assert names == sorted(names)
        table.get_by_role("button", name="#", exact=True).click()
        assert column(watched.page, 2) == worst_first


def test_the_table_filters_by_text_verdict_and_status(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        told = watched.page.locator("#filter-count")
        watched.page.get_by_label("Contains").fill("TRAIN/Cat/")
        kept = column(watched.page, 2)
        assert kept
        assert all("train/cat/" in text for text in kept)
        assert told.inner_text().endswith(" of 400 rows")
        watched.page.get_by_label("Verdict", exact=True).select_option("resaved")
        assert set(column(watched.page, 3)) == {"Re-saved\nresaved"}
        watched.page.get_by_label("Contains").fill("")
        watched.page.get_by_label("Verdict", exact=True).select_option("")
        watched.page.get_by_label("Status", exact=True).select_option("error")
        assert set(column(watched.page, 3)) == {"unreadable\nerror"}
        watched.page.get_by_label("Contains").fill("no such image")
        assert column(watched.page, 1) == ["No image matches."]
        assert told.inner_text() == "0 of 400 rows"


@pytest.mark.slow
def test_mixtures_and_images_without_a_trace_are_counted_and_found_by_the_filter(browser: Any, tmp_path: Path) -> None:
    writer = open_writer(str(tmp_path / "rows.csv"))
    for i, verdict in enumerate(Verdict):
        writer.write(Record(f"a/{i}.png", f"{i}.png", Status.OK, verdict=verdict))
    writer.close()
    write_report(Request((str(tmp_path / "rows.csv"),), str(tmp_path / "r.html")))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=DESKTOP) as watched:
        told = watched.page.locator("#verdict-bars")
        for label, code in (
            ("Composite", "composite"),
            ("Partly a JPEG", "partial"),
            ("No trace of a JPEG", "no_trace"),
        ):
            assert f"{label} {code}" in told.inner_text()
            watched.page.get_by_label("Verdict", exact=True).select_option(f"{label} ({code})")
            assert column(watched.page, 3) == [f"{label}\n{code}"]
        assert "never a" not in watched.page.locator("body").inner_text()
        assert watched.problems == []


@pytest.mark.slow
def test_more_rows_are_shown_until_all_are(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        more = watched.page.locator("#images-more")
        assert more.inner_text() == "Show 50 more of 350"
        for _ in range(7):
            more.click()
        assert len(column(watched.page, 1)) == 400
        assert not more.is_visible()


@pytest.mark.slow
def test_everything_is_reached_and_used_by_keyboard(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        keys = watched.page.keyboard
        reached = set()
        watched.page.locator(".paths summary").click()
        watched.page.locator("body").evaluate("(body) => { body.tabIndex = -1; body.focus(); }")
        for _ in range(80):
            keys.press("Tab")
            reached.add(watched.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert {
            "theme",
            "Verdicts",
            "filter-text",
            "filter-verdict",
            "filter-status",
            "filter-encoder",
            "filter-folder",
            "filter-low",
            "filter-high",
            "save-paths",
            "copy-paths",
            "query",
            "language",
            "first save",
            "images-more",
        } <= reached
        watched.page.locator("input[name=view]").first.focus()
        before = watched.page.locator("#quality-caption").inner_text()
        keys.press("ArrowRight")
        assert "encoder" in watched.page.locator("#quality-caption").inner_text() != before
        watched.page.get_by_role("button", name="first save", exact=True).focus()
        keys.press("Enter")
        assert watched.page.locator("#images-table [aria-sort]").inner_text().startswith("first save")
        watched.page.locator("#theme").focus()
        keys.press("Space")
        assert watched.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)"
        assert watched.page.locator("#theme").inner_text() == "Light theme"


@pytest.mark.slow
@pytest.mark.parametrize("view", ["encoders", "formats"])
def test_the_histogram_changes_its_view_with_its_table(browser: Any, page: str, view: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        watched.page.locator(f"input[value={view}]").check(force=True)
        legend = watched.page.locator("#quality-legend li").all_inner_texts()
        encoders = {"IJG libjpeg (ijg)", "mozjpeg", "Windows (windows)", "Photoshop, Lightroom (adobe)"}
        names = {"encoders": encoders | {"a camera's own (camera)"}, "formats": {"JPEG", "PNG"}}[view]
        assert {text.split(":")[0] for text in legend} == names
        watched.page.locator("#quality summary").click()
        rows = watched.page.locator("#quality-table tbody tr").all_inner_texts()
        shown = sum(int(cell.replace(",", "")) for row in rows for cell in row.split("\t")[1:])
        assert shown == sum(int(text.split(": ")[1].replace(",", "")) for text in legend) > 2000
        assert watched.problems == []


def downloaded(page: Any) -> bytes:
    with page.expect_download() as found:
        page.click("#save-paths")
    return Path(found.value.path()).read_bytes()


@pytest.mark.slow
def test_the_table_filters_by_quality_encoder_and_folder_and_the_paths_are_saved(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        shown = watched.page
        assert shown.locator("#save-paths").inner_text() == "Save 400 paths"
        shown.get_by_label("Quality from").fill("80")
        shown.get_by_label("to", exact=True).fill("90")
        assert {int(words) for words in column(shown, 4)} <= set(range(80, 91))
        shown.get_by_label("Encoder", exact=True).select_option("IJG libjpeg (ijg)")
        assert set(column(shown, 8)) == {"IJG libjpeg\nijg"}
        shown.get_by_label("Folder", exact=True).select_option("crawl/train/cat")
        kept = int(shown.locator("#filter-count").inner_text().split()[0])
        paths = downloaded(shown).decode().splitlines()
        assert len(paths) == kept > 0
        assert all(path.startswith("crawl/train/cat/") and path.endswith(".jpg") for path in paths)
        assert str(shown.locator("#query").text_content()).split("\n") == [
            "SELECT path FROM records",
            "WHERE encoder = 'ijg'",
            "  AND path LIKE 'crawl/train/cat/%' ESCAPE '\\'",
            "  AND qf >= 80",
            "  AND qf <= 90;",
        ]
        shown.get_by_role("button", name="Show all", exact=True).click()
        shown.get_by_text("Save 400 paths").wait_for()
        assert len(downloaded(shown).decode().splitlines()) == 400
        assert watched.problems == []


def test_saved_paths_are_those_of_the_files_and_scan_takes_the_list(
    browser: Any, tmp_path: Path, jpeg: MakeJpeg
) -> None:
    names = ["plain.jpg", "it's 100% \u202egpj.jpg", "é 中 <b>.jpg", "x" * 251 + ".jpg", "two\nlines.jpg"]
    records = []
    for name in names:
        (tmp_path / name).write_bytes(jpeg(90))
        records.append(Record(str(tmp_path / name), name, Status.OK, qf=90, verdict=Verdict.CONSISTENT))
    writer = open_writer(str(tmp_path / "rows.db"))
    for record in records:
        writer.write(record)
    writer.close()
    write_report(Request((str(tmp_path / "rows.db"),), str(tmp_path / "r.html")))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=DESKTOP) as watched:
        (tmp_path / "paths.txt").write_bytes(downloaded(watched.page))
        assert watched.page.locator("#save-told").inner_text() == "1 with a line break in the path left out"
        watched.page.get_by_label("Contains").fill("it's 100%")
        query = watched.page.locator("#query").evaluate("(query) => query.textContent")
        assert watched.problems == []
    with closing(sqlite3.connect(tmp_path / "rows.db")) as base:
        assert [path for (path,) in base.execute(query)] == [str(tmp_path / names[1])]
    scanned = [record.path for record in scan([f"@{tmp_path / 'paths.txt'}"])]
    assert sorted(scanned) == sorted(str(tmp_path / name) for name in names[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "ja"])
def test_the_report_speaks_its_readers_language_with_no_english_left(browser: Any, page: str, language: str) -> None:
    with opened(browser, page, viewport=DESKTOP, locale=language) as watched:
        shown = watched.page
        tag = {"zh": "zh-Hans", "ja": "ja"}[language]
        assert shown.evaluate("document.documentElement.lang") == tag
        for summary in shown.locator("summary").all():
            summary.click()
        said = shown.locator("body").inner_text()
        said += " ".join(str(drawn.get_attribute("aria-label")) for drawn in shown.locator("[aria-label]").all())
        for code in shown.locator("code, .name bdi, #query, #notes, option").all_inner_texts():
            said = said.replace(code, "")
        codes = {"base", "photo", "jpg", "csv", "rows", "crawl", "train", "ijg", "windows", "adobe", "camera", *CLASSES}
        assert english_left(said, NAMES | CODES | codes) == set()
        shown.select_option("#language", "en")
        assert shown.locator("h1").inner_text().startswith("3,000 images; ")
        assert shown.title() == shown.locator("h1").inner_text()
        assert watched.problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_say_the_same_with_the_same_places(language: str) -> None:
    english, own = texts("en"), texts(language)
    assert list(own) == list(english)
    for key in set(own) - {"phrases"}:
        assert own[key].strip()
        assert set(re.findall(r"\{\w+\}", own[key])) == set(re.findall(r"\{\w+\}", english[key])), key
        if language != "en":
            assert english_left(own[key], NAMES | CODES) == set(), key


def test_every_text_is_asked_for_and_every_code_has_words() -> None:
    folder = Path(jpegqf.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in (folder / "web" / "report").glob("*.*"))
    source += "\n".join(path.read_text(encoding="utf-8") for path in (folder / "report").glob("*.py"))
    spelled = set(re.findall(r"[\w.]+", source))
    made = (
        *("verdict.", "reason.", "meaning.", "status.", "encoder.", "headline.", "lead.", "effect.", "association."),
        *("quality.caption.", "column.", "notes."),
    )
    unused = [key for key in texts("en") if key not in spelled and not key.startswith(made) and key != "phrases"]
    assert unused == []
    codes = {f"{kind}.{verdict.value}" for kind in ("verdict", "meaning") for verdict in Verdict}
    codes |= {f"status.{status.value}" for status in Status} | {f"encoder.{family.value}" for family in Family}
    assert codes | {f"reason.{reason.value}" for reason in Reason} <= set(texts("en"))


@pytest.mark.slow
def test_on_a_phone_the_verdict_stays_and_the_heat_map_keeps_its_numbers(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=PHONE) as watched:
        shown = watched.page
        state = shown.locator(f"{TABLE} tbody .under").first
        state.scroll_into_view_if_needed()
        before = state.bounding_box()
        assert 0 <= before["x"] < before["x"] + before["width"] <= PHONE["width"]
        scroll = shown.locator(".scroll", has=shown.locator(TABLE))
        scroll.evaluate("(place) => { place.scrollLeft = 300; }")
        assert abs(state.bounding_box()["x"] - before["x"]) < 40
        labels = shown.evaluate(
            "echarts.getInstanceByDom(document.getElementById('groups-chart')).getOption().series[0].label"
        )
        assert labels["show"] is True
        assert labels["fontSize"] >= 10


def hostile_rows() -> list[dict[str, Any]]:
    rows = []
    for i, evil in enumerate(HOSTILE * 40):
        status = Status.OK if i % 2 else Status.ERROR
        qualities = {"header_qf": 95, "pixel_qf": 60 + i % 30, "qf": 50 + i % len(HOSTILE), "first_qf": 40}
        texts = dict.fromkeys(("reason", "message", "format", "encoder", "verdict_text", "model"), evil)
        row = Record(evil, evil, status, verdict=Verdict.RESAVED).to_dict()
        rows.append(row | qualities | texts)
    return rows


@pytest.mark.parametrize("by", ["path", *(pytest.param(by, marks=pytest.mark.slow) for by in ("folder", "encoder"))])
def test_hostile_names_do_nothing_but_stand_there(browser: Any, tmp_path: Path, by: str) -> None:
    lines = [json.dumps(row) for row in hostile_rows()]
    (tmp_path / "<img src=x onerror=alert(1)>.jsonl").write_text("\n".join(lines) + "\n", encoding="ascii")
    (source,) = tmp_path.iterdir()
    write_report(Request((str(source),), str(tmp_path / "r.html"), by=by, thumbnails=by == "folder"))
    address = (tmp_path / "r.html").as_uri()
    with opened(browser, address, viewport=DESKTOP) as watched:
        for place in ("#quality-chart", "#pairs-chart", "#firsts-chart", "#groups-chart"):
            box = watched.page.locator(place)
            box.scroll_into_view_if_needed()
            for x in (0.3, 0.6, 0.9):
                size = box.bounding_box()
                watched.page.mouse.move(size["x"] + x * size["width"], size["y"] + 0.4 * size["height"])
        for view in ("encoders", "formats"):
            watched.page.locator(f"input[value={view}]").check(force=True)
        for summary in watched.page.locator("summary").all():
            summary.click()
        watched.page.locator("#images-more").click()
        watched.page.get_by_label("Contains").fill("<img")
        assert watched.page.locator("bdi", has_text="<img src=x onerror=").first.is_visible()
        watched.page.get_by_label("Contains").fill("")
        names = "\n".join(column(watched.page, 2))
        for told in (
            "</script><script>",
            "\\u202egpj.exe",
            "\\ud800-\\udfff-\\udc80/",
            "=HYPERLINK(",
            "<!-- \\u2028 \\u2029 -->",
        ):
            assert told in names.replace("\n", "") or told in names, told
        assert not set(names) & set("\u202e\u2028\u2029\ud800")
        assert watched.page.evaluate("window.broken") is None
        assert (
            watched.page.evaluate(
                "document.querySelectorAll('img:not(#viewer-picture), svg, iframe, object, embed').length"
            )
            == 0
        )
        assert watched.page.evaluate("document.scripts.length") == 4
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
        assert watched.requests == [address]
        assert watched.problems == []


def test_thumbnails_are_shown_and_broken_images_have_none(browser: Any, tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(90))
    (tmp_path / "b.jpg").write_bytes(jpeg(90)[:2000])
    writer = open_writer(str(tmp_path / "rows.db"))
    for name in ("a.jpg", "b.jpg"):
        writer.write(Record(str(tmp_path / name), name, Status.OK, qf=90, verdict=Verdict.CONSISTENT))
    writer.close()
    write_report(Request((str(tmp_path / "rows.db"),), str(tmp_path / "r.html"), thumbnails=True))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=DESKTOP) as watched:
        pictures = watched.page.locator("#images-table img")
        assert pictures.count() == 1
        assert pictures.first.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]") == [320, 320]
        assert "1 of the 2 rows of the table have a thumbnail." in watched.page.locator("#notes").inner_text()
        assert violations(watched.page) == []
        assert watched.problems == []


@pytest.mark.slow
def test_a_thumbnail_is_enlarged_by_click_and_keys(browser: Any, tmp_path: Path, jpeg: MakeJpeg) -> None:
    writer = open_writer(str(tmp_path / "rows.db"))
    for name in ("a.jpg", "<img src=x onerror=alert(1)>.jpg"):
        (tmp_path / name).write_bytes(jpeg(90))
        writer.write(Record(str(tmp_path / name), name, Status.OK, qf=90, verdict=Verdict.CONSISTENT))
    writer.close()
    write_report(Request((str(tmp_path / "rows.db"),), str(tmp_path / "r.html"), thumbnails=True))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=PHONE) as watched:
        button = watched.page.locator(f"{TABLE} td.picture button").first
        small = button.bounding_box()
        button.focus()
        watched.page.keyboard.press("Enter")
        viewer, picture = watched.page.locator("#viewer"), watched.page.locator("#viewer-picture")
        assert picture.bounding_box()["width"] >= 4 * small["width"]
        assert viewer.locator("#viewer-name").inner_text().endswith("a.jpg")
        assert violations(watched.page) == []
        watched.page.keyboard.press("ArrowRight")
        assert viewer.locator("#viewer-name").inner_text().endswith("<img src=x onerror=alert(1)>.jpg")
        watched.page.keyboard.press("Escape")
        assert not viewer.is_visible()
        assert watched.problems == []


@pytest.mark.parametrize("status", [Status.OK, Status.ERROR])
def test_one_row_of_which_nothing_is_known_is_a_whole_page_too(browser: Any, tmp_path: Path, status: Status) -> None:
    writer = open_writer(str(tmp_path / "rows.csv"))
    writer.write(Record("a.jpg", "a.jpg", status))
    writer.close()
    write_report(Request((str(tmp_path / "rows.csv"),), str(tmp_path / "r.html")))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=PHONE) as watched:
        assert watched.page.locator("#pairs-caption").inner_text().startswith("No image here has")
        assert not watched.page.locator("#pairs-chart").is_visible()
        assert column(watched.page, 2)[0].startswith("a.jpg")
        assert violations(watched.page) == []
        assert watched.problems == []
