import io
import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import MakeJpeg, png
from jpegqf.inspection.inspector import Inspector
from jpegqf.inspection.to_record import to_record
from jpegqf.model.predictor import Predictor
from jpegqf.views.plot import evidence_figure, plot, story_lines

pytest.importorskip("matplotlib", reason="a picture needs matplotlib")


def drawn(data: bytes, predictor: Predictor, form: str = "png", name: str = "a.jpg") -> bytes:
    found = Inspector(predictor).look(data, name)
    target = io.BytesIO()
    assert plot(found, to_record(found), predictor, target, form)
    return target.getvalue()


def figure_of(data: bytes, predictor: Predictor, name: str = "a.jpg") -> Any:
    found = Inspector(predictor).look(data, name)
    figure = evidence_figure(found, to_record(found), predictor)
    figure.draw_without_rendering()
    return figure


def texts(figure: Any) -> list[Any]:
    from matplotlib.text import Text

    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def pasted(jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image) -> Image.Image:
    whole = Image.open(io.BytesIO(jpeg(60, photo))).convert("RGB")
    part = Image.open(io.BytesIO(jpeg(92, cat.resize((512, 512))))).convert("RGB")
    whole.paste(part.crop((160, 96, 416, 288)), (160, 96))
    return whole


KINDS = ("photo", "portrait", "tiny", "strip", "never", "composite", "twice", "long name")


@pytest.fixture(scope="module")
def figures(predictor: Predictor, jpeg: MakeJpeg, photo: Image.Image, cat: Image.Image) -> Callable[[str], Any]:
    """The figure of each of ``KINDS``, drawn once: the tests only look at it."""
    made = {
        "photo": lambda: jpeg(75, cat),
        "portrait": lambda: jpeg(70, photo.crop((100, 0, 330, 512))),
        "tiny": lambda: jpeg(60, cat.crop((100, 100, 116, 116))),
        "strip": lambda: jpeg(80, photo.resize((40, 1800))),
        "never": lambda: png(photo),
        "composite": lambda: png(pasted(jpeg, photo, cat)),
        "twice": lambda: jpeg(90, Image.open(io.BytesIO(jpeg(60, cat))).copy()),
        "long name": lambda: jpeg(75, cat),
    }

    @cache
    def of(kind: str) -> Any:
        return figure_of(made[kind](), predictor, f"$x^{'long' * 100}$.jpg" if kind == "long name" else "a.jpg")

    return of


@pytest.fixture(scope="module", params=KINDS)
def figure(request: pytest.FixtureRequest, figures: Callable[[str], Any]) -> Any:
    return figures(request.param)


@pytest.fixture(scope="module")
def png_of_cat(predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image) -> bytes:
    return drawn(jpeg(75, cat), predictor)


def test_no_words_are_cut_at_the_edge_of_the_figure(figure: Any) -> None:
    from matplotlib.axes import Axes

    boxes = [axes.get_tightbbox() for axes in figure.findobj(Axes)]
    boxes += [item.get_window_extent() for part in figure.subfigs for item in (*part.texts, *part.legends)]
    assert len(boxes) >= 10
    assert min(box.x0 for box in boxes) >= -1
    assert min(box.y0 for box in boxes) >= -1
    assert max(box.x1 for box in boxes) <= figure.bbox.x1 + 1
    assert max(box.y1 for box in boxes) <= figure.bbox.y1 + 1


def test_no_title_overlaps_another(figure: Any) -> None:
    titles = [axes.title for axes in figure.findobj() if hasattr(axes, "title") and hasattr(axes, "get_xlim")]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    assert len(boxes) >= 5
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_both_combs_are_in_the_legend_and_the_history_in_the_words(figures: Callable[[str], Any]) -> None:
    told = [text.get_text() for text in texts(figures("twice"))]
    assert "multiples of the step of the last save: quality 90" in told
    assert any(words.startswith("of the next best: quality") for words in told)
    assert any(words.startswith("earlier save: ") for words in told)
    assert any(words.startswith("saved before") for words in told)


def test_without_a_grid_there_is_no_interval_and_no_comb(figures: Callable[[str], Any]) -> None:
    told = " ".join(text.get_text() for text in texts(figures("never")))
    assert "no JPEG grid" in told
    assert "interval" not in told
    assert "step" not in told


def test_the_regions_of_a_composite_are_in_the_words_and_on_the_image(figures: Callable[[str], Any]) -> None:
    told = [text.get_text() for text in texts(figures("composite"))]
    assert any("256x192 at (160, 96) saved at 92" in words for words in told)
    assert {"60", "92"} <= set(told)


@pytest.mark.parametrize(
    ("form", "beginning"),
    [("png", b"\x89PNG"), ("svg", b"<?xml"), pytest.param("pdf", b"%PDF", marks=pytest.mark.slow)],
)
def test_the_picture_is_a_file_of_its_format_and_the_same_each_time(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image, png_of_cat: bytes, form: str, beginning: bytes
) -> None:
    data = jpeg(75, cat)
    first = png_of_cat if form == "png" else drawn(data, predictor, form)
    assert first.startswith(beginning)
    assert first == drawn(data, predictor, form)


def test_a_png_is_wide_enough_for_print(png_of_cat: bytes) -> None:
    with Image.open(io.BytesIO(png_of_cat)) as image:
        assert image.width == 1800
        assert len(image.convert("RGB").getcolors(2**24) or []) > 100


def test_a_name_that_looks_like_a_formula_is_drawn_as_it_is(
    predictor: Predictor, jpeg: MakeJpeg, cat: Image.Image
) -> None:
    assert drawn(jpeg(75, cat), predictor, name="$\\frac$.jpg")


def test_nothing_is_drawn_of_what_cannot_be_judged(predictor: Predictor, jpeg: MakeJpeg) -> None:
    target = io.BytesIO()
    found = Inspector(predictor).look(jpeg(50)[:4000], "cut.jpg")
    assert not plot(found, to_record(found), predictor, target)
    assert not target.getvalue()


def test_long_words_are_broken_into_lines_that_fit(predictor: Predictor) -> None:
    found = Inspector(predictor).look(np.zeros((8, 8), np.uint8), "a" * 300)
    assert all(len(line) <= 160 for line in story_lines(found, to_record(found))[1:])
