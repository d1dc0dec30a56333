import os
from html.parser import HTMLParser

from jpegqf.record import Record, Status, Verdict


class Texts(HTMLParser):
    """Collects tags and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_record_in_a_notebook_is_a_table_of_what_is_known() -> None:
    record = Record(
        "in/a.jpg", "a.jpg", Status.OK, format="JPEG", width=451, height=300, qf=92, qf_source="header", header_qf=92,
        header_match="exact", pixel_qf=92, pixel_qf_low=91, pixel_qf_high=92, verdict=Verdict.CONSISTENT,
        verdict_text="header and pixels say 92",
    )  # fmt: skip
    assert Texts(record._repr_html_()).texts == [
        "in/a.jpg (JPEG 451×300)",
        *("verdict", "consistent: header and pixels say 92"),
        *("quality", "92 (header)"),
        *("header", "92 (exact)"),
        *("pixels", "92 (91 to 92)"),
    ]


def test_what_strangers_wrote_is_text_and_never_markup() -> None:
    hostile = os.fsdecode(b"<script>alert(1)</script>\xff\x1b\"'&.jpg")
    record = Record(hostile, hostile, Status.ERROR, message=hostile, encoder=hostile)
    page = record._repr_html_()
    parsed = Texts(page)
    assert set(parsed.tags) == {"table", "caption", "tbody", "tr", "th", "td"}
    assert parsed.texts[0] == "<script>alert(1)</script>\\xff\\x1b\"'&.jpg"
    page.encode("utf-8")


def test_an_unknown_quality_with_an_interval_is_told_as_unknown() -> None:
    record = Record("a.png", "a.png", Status.OK, pixel_qf_low=10, pixel_qf_high=60)
    assert "unknown (10 to 60)" in record._repr_html_()
