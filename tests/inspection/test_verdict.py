from typing import Any

import pytest

from jpegqf.inspection.verdict import HeaderSummary, HistorySummary, MixtureSummary, PixelSummary, verdict_on
from jpegqf.record import Region, Verdict

NOTHING = HistorySummary("", None, asked=False)
SURE_60 = PixelSummary(60, 60, 60, 0.99, 0.999)


ONCE = ("", None)


@pytest.mark.parametrize(
    ("container", "header", "pixels", "history", "verdict", "quality", "source", "words"),
    [
        ("JPEG", (95, "exact"), (95, 95, 95, 1.0, 1.0), ("", 0.01), "consistent", 95, "header", "pixels say 95"),
        ("JPEG", (95, "exact"), (95, 95, 95, 1.0, 1.0), ("60", 0.99), "resaved", 95, "header", "at 60 before"),
        ("JPEG", (95, "exact"), None, ("60", 0.99, True), "resaved", 95, "header", "60 before on another grid"),
        ("JPEG", (95, "exact"), (60, 60, 60, 0.99, 1.0), ("", None), "resaved", 95, "header", "pixels say 60"),
        ("JPEG", (60, "exact"), (95, 95, 95, 0.99, 1.0), ("", None), "mismatch", 60, "header", "pixels say 95"),
        ("JPEG", (95, "exact"), (60, 40, 80, 0.2, 1.0), ("", None), "header_only", 95, "header", "leave it open"),
        ("JPEG", (95, "exact"), None, ("", None), "header_only", 95, "header", "the pixels tell nothing"),
        ("JPEG", (95, "exact"), (60, 60, 60, 0.99, 0.1), ("", None), "header_only", 95, "header", "tell nothing"),
        ("JPEG", (60, "exact", "", True), (95, 95, 95, 0.99, 1.0), ONCE, "consistent", 60, "header", "say 60"),
        ("JPEG", (75, "equivalent", "", True), (90, 90, 90, 0.99, 1.0), ONCE, "consistent", 75, "header", "75"),
        ("JPEG", (75, "equivalent", "", True), None, ONCE, "consistent", 75, "header", "say about IJG 75"),
        ("JPEG", (75, "equivalent", "X 8"), (78, 78, 78, 0.99, 1.0), ONCE, "header_only", 75, "header", "X 8,"),
        ("JPEG", (75, "equivalent", "", False), (90, 90, 90, 0.99, 1.0), ONCE, "header_only", 75, "header", "open"),
        ("JPEG", (75, "equivalent", "X 8", True), None, ("60", 0.99), "resaved", 75, "header", "X 8, about IJG 75"),
        ("JPEG", (None, "none", "", True), (82, 82, 82, 0.99, 1.0), ONCE, "consistent", None, None, "unlike"),
        ("JPEG", (None, "none"), None, ONCE, "header_only", None, None, "unlike any IJG quality"),
        ("JPEG", (None, "none", "", None, False), None, ONCE, "unknown", None, None, "no sound"),
        ("PNG", None, (82, 82, 82, 0.99, 0.999), ("", None), "pixels_only", 82, "pixels", "PNG whose pixels were a"),
        ("PNG", None, (49, 49, 51, 0.4, 0.99), ("", None), "pixels_only", None, None, "between 49 and 51"),
        ("PNG", None, (100, 97, 100, 0.4, 0.01), ("", None), "no_trace", None, None, "never compressed"),
        ("PNG", None, (50, 1, 90, 0.1, 0.5), ("", None), "unknown", None, None, "do not tell"),
        ("PNG", None, None, ("", None), "unknown", None, None, "tell nothing"),
    ],
)  # fmt: skip
def test_each_combination_of_evidence_has_one_verdict(
    container: str, header: Any, pixels: Any, history: Any, verdict: str, quality: Any, source: Any, words: str
) -> None:
    answer = verdict_on(
        container,
        HeaderSummary(*header) if header else None,
        PixelSummary(*pixels) if pixels else None,
        HistorySummary(*history),
    )
    assert (answer.verdict, answer.quality, answer.source) == (Verdict(verdict), quality, source)
    assert words in answer.text


def test_no_number_is_invented_without_evidence() -> None:
    for container, header in (("PNG", None), ("JPEG", HeaderSummary(None, "none"))):
        assert verdict_on(container, header, None, NOTHING).quality is None


def test_a_lossy_container_that_shows_no_grid_may_have_hidden_one() -> None:
    unseen, seen = PixelSummary(100, 97, 100, 0.4, 0.01), PixelSummary(82, 82, 82, 0.99, 0.999)
    answer = verdict_on("WEBP", None, unseen, NOTHING, codec="webp")
    assert (answer.verdict, answer.quality) == (Verdict.OTHER_CODEC, None)
    assert answer.text == "pixels of a lossy WebP, which may have hidden the grid of a JPEG"
    assert verdict_on("WEBP", None, unseen, NOTHING).verdict is Verdict.NO_TRACE
    assert verdict_on("WEBP", None, seen, NOTHING, codec="webp").quality == 82


@pytest.mark.parametrize(
    ("probability", "verdict", "words"),
    [
        (0.99, Verdict.RESAVED, "pixels compressed at 40 before: re-saved"),
        (0.5, Verdict.RESAVED, "pixels compressed at 40 before: re-saved"),
        (0.49, Verdict.HEADER_ONLY, "an earlier, coarser save is left open (probability 0.49)"),
        (0.2, Verdict.HEADER_ONLY, "an earlier, coarser save is left open (probability 0.20)"),
        (0.19, Verdict.CONSISTENT, "header and pixels say 60"),
        (None, Verdict.CONSISTENT, "too little to tell whether it was saved before"),
    ],
)
def test_the_verdict_follows_the_probability_of_an_earlier_save(
    probability: float | None, verdict: Verdict, words: str
) -> None:
    answer = verdict_on("JPEG", HeaderSummary(60, "exact"), SURE_60, HistorySummary("40", probability))
    assert answer.verdict is verdict
    assert answer.quality == 60
    assert answer.text.endswith(words)


def test_nothing_is_said_of_a_history_that_nobody_asked_for() -> None:
    assert verdict_on("JPEG", HeaderSummary(60, "exact"), SURE_60, NOTHING).text == "header and pixels say 60"


def region(x: int, y: int, width: int, height: int, quality: int | None) -> Region:
    return Region(x, y, width, height, 0, 0, quality, 40, 64, 0.2, 0.99)


LEFT, RIGHT = region(0, 0, 256, 512, 70), region(256, 0, 256, 512, 50)


@pytest.mark.parametrize(
    ("mixture", "verdict", "quality", "text"),
    [
        (
            MixtureSummary((region(61, 403, 448, 296, 60),), 1, True),
            "partial", 60,
            "PNG, partly a JPEG: a part of 448x296 at (61, 403) was saved at 60; the rest shows no JPEG grid",
        ),
        (
            MixtureSummary((region(61, 403, 448, 296, None),), 1, True),
            "partial", None,
            "PNG, partly a JPEG: a part of 448x296 at (61, 403) was saved at 40 to 64; the rest shows no JPEG grid",
        ),
        (
            MixtureSummary((LEFT, RIGHT), 1, True, 2),
            "partial", 70,
            "PNG enlarged 2x, partly a JPEG: a part of 256x512 at (0, 0) was saved at 70, "
            "a part of 256x512 at (256, 0) was saved at 50; the rest shows no JPEG grid",
        ),
        (
            MixtureSummary((LEFT, RIGHT), 2, False),
            "composite", None,
            "PNG put together from different JPEGs: a part of 256x512 at (0, 0) was saved at 70, "
            "a part of 256x512 at (256, 0) was saved at 50",
        ),
        (
            MixtureSummary((LEFT, RIGHT), 2, True, 3),
            "composite", None,
            "PNG enlarged 3x put together from different JPEGs: a part of 256x512 at (0, 0) was saved at 70, "
            "a part of 256x512 at (256, 0) was saved at 50; a part shows no JPEG grid",
        ),
        (
            MixtureSummary((region(0, 0, 512, 512, 85), region(152, 207, 184, 184, 55)), 2, False),
            "composite", None,
            "PNG put together from different JPEGs: a part of 184x184 at (152, 207) was saved at 55, the rest at 85",
        ),
        (
            MixtureSummary(tuple(region(100 * i, 0, 90, 90, 50 + i) for i in range(6)), 6, False),
            "composite", None,
            "PNG put together from different JPEGs: " + ", ".join(
                f"a part of 90x90 at ({100 * i}, 0) was saved at {50 + i}" for i in range(4)
            ) + ", and 2 more",
        ),
    ],
)  # fmt: skip
def test_an_image_of_several_saves_or_of_a_part_is_told_in_one_sentence(
    mixture: MixtureSummary, verdict: str, quality: int | None, text: str
) -> None:
    answer = verdict_on("PNG", None, SURE_60, NOTHING, mixture=mixture)
    assert (answer.verdict, answer.quality, answer.text) == (Verdict(verdict), quality, text)
    assert answer.source == ("pixels" if quality else None)


def test_one_save_all_over_is_no_mixture() -> None:
    for regions in ((), (LEFT,), (LEFT, RIGHT)):
        answer = verdict_on("PNG", None, SURE_60, NOTHING, mixture=MixtureSummary(regions, 1, False))
        assert (answer.verdict, answer.quality) == (Verdict.PIXELS_ONLY, 60)


def test_an_enlarged_jpeg_is_told_with_its_factor_and_its_quality_below() -> None:
    enlarged = MixtureSummary((LEFT,), 1, False, 2)
    assert verdict_on("PNG", None, SURE_60, NOTHING, mixture=enlarged).text == "PNG enlarged 2x; a JPEG at 60 below"
    doubtful = PixelSummary(60, 55, 66, 0.2, 0.99)
    answer = verdict_on("PNG", None, doubtful, NOTHING, mixture=enlarged)
    assert (answer.quality, answer.text) == (None, "PNG enlarged 2x; a JPEG, at a quality between 55 and 66 below")


def test_the_header_of_a_jpeg_file_speaks_before_any_regions() -> None:
    mixture = MixtureSummary((LEFT, RIGHT), 2, True)
    answer = verdict_on("JPEG", HeaderSummary(60, "exact"), SURE_60, NOTHING, mixture=mixture)
    assert (answer.verdict, answer.quality) == (Verdict.CONSISTENT, 60)


def test_no_trace_of_a_jpeg_is_not_told_as_proof_that_there_was_none() -> None:
    answer = verdict_on("PNG", None, PixelSummary(100, 97, 100, 0.4, 0.01), NOTHING)
    assert (answer.verdict, answer.quality) == (Verdict.NO_TRACE, None)
    assert answer.text == "no trace of a JPEG save: never compressed, or resized or reworked since"
    undecided = PixelSummary(100, 97, 100, 0.4, 0.11)
    assert verdict_on("PNG", None, undecided, NOTHING).verdict is Verdict.UNKNOWN
