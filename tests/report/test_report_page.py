"""The report in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.report import synthetic_rows
from browser import chromium, opened, violations
from conftest import MakeJpeg
from jpegqf.outputs.formats import open_writer
from jpegqf.record import Record, Status, Verdict
from jpegqf.report.writing import Request, write_report

DESKTOP, PHONE = {"width": 1400, "height": 900}, {"width": 400, "height": 800}
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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on 3,000 rows, 400 of them in its table."""
    folder = tmp_path_factory.mktemp("report")
    writer = open_writer(str(folder / "rows.csv"))
    for record in synthetic_rows(3000):
        writer.write(record)
    writer.close()
    write_report(Request((str(folder / "rows.csv"),), str(folder / "r.html"), by="folder:3", rows=400))
    return (folder / "r.html").as_uri()


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, page: str, scheme: str) -> None:
    with opened(browser, page, color_scheme=scheme, viewport=DESKTOP) as watched:
        for summary in watched.page.locator("summary").all():
            summary.click()
        assert violations(watched.page) == []


def test_the_first_screen_tells_the_story_and_the_warning(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        told = watched.page.locator("h1").inner_text()
        assert told.startswith("3,000 images; ")
        assert told.endswith("were saved before, lower than their header says")
        warning = watched.page.locator("#warning-line")
        assert "Compression differs strongly by folder (level 3)." in warning.inner_text()
        assert warning.bounding_box()["y"] < DESKTOP["height"]
        notice = watched.page.locator("#groups-notice").inner_text()
        assert "Cramér's V" in notice
        assert "p < 0.001" in notice


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
        told = watched.page.get_by_role("status")
        watched.page.get_by_label("Contains").fill("TRAIN/Cat/")
        kept = column(watched.page, 2)
        assert kept
        assert all("train/cat/" in text for text in kept)
        assert told.inner_text().endswith(" of 400 rows")
        watched.page.get_by_label("Verdict", exact=True).select_option("re-saved")
        assert set(column(watched.page, 3)) == {"re-saved"}
        watched.page.get_by_label("Contains").fill("")
        watched.page.get_by_label("Verdict", exact=True).select_option("")
        watched.page.get_by_label("Status", exact=True).select_option("error")
        assert set(column(watched.page, 3)) == {"error"}
        watched.page.get_by_label("Contains").fill("no such image")
        assert column(watched.page, 1) == ["No image matches."]
        assert told.inner_text() == "0 of 400 rows"


def test_mixtures_and_images_without_a_trace_are_counted_and_found_by_the_filter(browser: Any, tmp_path: Path) -> None:
    writer = open_writer(str(tmp_path / "rows.csv"))
    for i, verdict in enumerate(Verdict):
        writer.write(Record(f"a/{i}.png", f"{i}.png", Status.OK, verdict=verdict))
    writer.close()
    write_report(Request((str(tmp_path / "rows.csv"),), str(tmp_path / "r.html")))
    with opened(browser, (tmp_path / "r.html").as_uri(), viewport=DESKTOP) as watched:
        told = watched.page.locator("#verdict-bars")
        for label in ("composite", "partly a JPEG", "no trace of a JPEG"):
            assert told.get_by_text(label, exact=True).count() == 1
            watched.page.get_by_label("Verdict", exact=True).select_option(label)
            assert column(watched.page, 3) == [label]
        assert "never a" not in watched.page.locator("body").inner_text()
        assert watched.problems == []


def test_more_rows_are_shown_until_all_are(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        more = watched.page.locator("#images-more")
        assert more.inner_text() == "Show 50 more of 350"
        for _ in range(7):
            more.click()
        assert len(column(watched.page, 1)) == 400
        assert not more.is_visible()


def test_everything_is_reached_and_used_by_keyboard(browser: Any, page: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        keys = watched.page.keyboard
        reached = set()
        for _ in range(60):
            keys.press("Tab")
            reached.add(watched.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert {
            "theme",
            "Verdicts",
            "filter-text",
            "filter-verdict",
            "filter-status",
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


@pytest.mark.parametrize("view", ["encoders", "formats"])
def test_the_histogram_changes_its_view_with_its_table(browser: Any, page: str, view: str) -> None:
    with opened(browser, page, viewport=DESKTOP) as watched:
        watched.page.locator(f"input[value={view}]").check(force=True)
        legend = watched.page.locator("#quality-legend li").all_inner_texts()
        names = {"encoders": {"ijg", "mozjpeg", "windows", "adobe", "camera"}, "formats": {"JPEG", "PNG"}}[view]
        assert {text.split(":")[0] for text in legend} == names
        watched.page.locator("#quality summary").click()
        rows = watched.page.locator("#quality-table tbody tr").all_inner_texts()
        shown = sum(int(cell.replace(",", "")) for row in rows for cell in row.split("\t")[1:])
        assert shown == sum(int(text.split(": ")[1].replace(",", "")) for text in legend) > 2000
        assert watched.problems == []


def hostile_rows() -> list[dict[str, Any]]:
    rows = []
    for i, evil in enumerate(HOSTILE * 40):
        status = Status.OK if i % 2 else Status.ERROR
        qualities = {"header_qf": 95, "pixel_qf": 60 + i % 30, "qf": 50 + i % len(HOSTILE), "first_qf": 40}
        texts = dict.fromkeys(("reason", "message", "format", "encoder", "verdict_text", "model"), evil)
        row = Record(evil, evil, status, verdict=Verdict.RESAVED).to_dict()
        rows.append(row | qualities | texts)
    return rows


@pytest.mark.parametrize("by", ["folder", "encoder", "path"])
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
        assert watched.page.evaluate("document.querySelectorAll('img, svg, iframe, object, embed').length") == 0
        assert watched.page.evaluate("document.scripts.length") == 3
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
        assert pictures.first.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]") == [112, 112]
        assert "1 of the 2 rows of the table have a thumbnail." in watched.page.locator("#notes").inner_text()
        assert violations(watched.page) == []
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
