"""The words of a report's head, and how texts of strangers are shown."""

import pytest
from report_rows import counted, ok

from jpegqf.record import Record, Status, Verdict
from jpegqf.report.texts import shown
from jpegqf.report.wording import headline, lead, share

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
