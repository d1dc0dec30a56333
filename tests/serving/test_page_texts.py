"""What the page says, in its three languages, and that it says all that the engine can."""

import ast
import json
import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import jpegqf
from jpegqf.coefficients.restored import how_near, impossible_colours
from jpegqf.errors import Reason
from jpegqf.inspection.verdict import (
    NO_TRACE_WORDS,
    OF_SEVERAL,
    RECODED,
    HeaderSummary,
    HistorySummary,
    MixtureSummary,
    PixelSummary,
    of_another_codec,
    verdict_on,
)
from jpegqf.jpeg import encoders, header
from jpegqf.jpeg.frame import FRAMES
from jpegqf.jpeg.known_tables import IJG_NAME, MOZJPEG_NAMES, SCALED_NAME, Family
from jpegqf.jpeg.listed_tables import listed_tables
from jpegqf.jpeg.ruled_tables import FFMPEG_NAME
from jpegqf.pixels.decode import REDUCED
from jpegqf.record import Region, Verdict
from page_words import english_left

PACKAGE = Path(jpegqf.__file__).parent
PAGE = PACKAGE / "web" / "page"
LANGUAGES = ("en", "zh", "ja")


def texts(language: str) -> dict[str, str]:
    return dict(json.loads((PAGE / "i18n" / f"{language}.json").read_text(encoding="utf-8")))


def phrases_of(language: str) -> dict[str, str]:
    return dict(json.loads((PAGE / "i18n" / f"{language}.json").read_text(encoding="utf-8"))["phrases"])


ENCODERS = ("", "X 8", "IJG tables scaled", "IJG tables scaled to 93.7", "tables as of X 1")
TABLES: list[Any] = [
    (80, "exact"),
    *product((80,), ("equivalent",), ENCODERS, (None, True)),
    *product((None,), ("none",), ("", "X 8"), (None, True), (True, False)),
]
"""What the header may say; encoders keep their names."""


@cache
def sentences() -> set[str]:
    """All that the verdict can say, for some numbers."""
    headers = [None, *(HeaderSummary(*told) for told in TABLES)]
    pixels = [None] + [
        PixelSummary(quality, quality - 2, quality + 2, confidence, saved, encoder, edited)
        for quality, confidence, saved, encoder, edited in product(
            (60, 80, 95), (0.2, 0.95), (0.01, 0.3, 0.7, 0.99), (None, *ENCODERS), (False, True)
        )
    ]
    histories = [
        HistorySummary("", None, asked=False), HistorySummary("", None), HistorySummary("", 0.3),
        HistorySummary("50", 0.9), HistorySummary("a quality between 40 and 75", 0.9, True),
    ]  # fmt: skip
    told = product(("JPEG", "PNG"), headers, pixels, histories, (None, "jpeg", *RECODED, "video"))
    others = {of_another_codec(container, video).text for container, video in product(("image", "PNG"), (True, False))}
    of_several = {f"{NO_TRACE_WORDS}{OF_SEVERAL}", f"PNG whose pixels were a JPEG at 60{OF_SEVERAL}"}
    near = {how_near(12, 3, 40), impossible_colours(12, 3, 40)}
    return {verdict_on(*evidence).text for evidence in told} | sentences_on_regions() | others | of_several | near


@cache
def sentences_on_regions() -> set[str]:
    """All that the verdict can say of regions, and of images that were enlarged."""
    everything = region(0, 0, 900, 600, 88)
    parts = tuple(region(10 + 130 * i, 21, 120, 100, 40 + i if i % 2 else None) for i in range(6))
    some = [(), parts[1:2], *(parts[:number] for number in (1, 2, 4, 5, 6))]
    some += [(everything, *parts[:number]) for number in (1, 2, 5, 6)]
    some += [(region(0, 0, 900, 600, None), parts[1])]
    pixels = [PixelSummary(60, 55, 66, confidence, 0.99) for confidence in (0.2, 0.95)]
    mixtures = [MixtureSummary(*told) for told in product(some, (1, 2), (False, True), (1, 2))]
    return {
        verdict_on(container, None, told, HistorySummary("", None), mixture=mixture).text
        for container, told, mixture in product(("JPEG", "PNG"), pixels, mixtures)
    }


def region(x: int, y: int, width: int, height: int, quality: int | None) -> Region:
    return Region(x, y, width, height, 2, 5, quality, 35, 90, 0.2, 0.99)


@cache
def notes() -> set[str]:
    """All peculiarities that the header walk can note, with 7 for each number."""
    tree = ast.parse(Path(header.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [call for call in calls if ast.unparse(call.func).endswith((".note", "notes.append"))]
    told = [node for call in calls for node in _choices(call.args[0]) if not isinstance(node, ast.Name)]
    return {
        "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in _parts(node)) for node in told
    }


def _choices(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _parts(node: ast.expr) -> list[Any]:
    return node.values if isinstance(node, ast.JoinedStr) else [node]


def _text(node: ast.expr) -> str:
    """A text of the source, with 7 for each number or name that it is filled with."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in _parts(node))


def _assigned(function: ast.AST, name: str) -> list[ast.expr]:
    """What a name is set to within a function."""
    found = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    return [node.value for node in found if ast.unparse(node.targets[0]) == name]


@cache
def messages() -> set[str]:
    """All that a record's message can say of an image that was sent to the server, but for a decoder's own words."""
    places = [PACKAGE / name for name in ("pixels", "codecs", "inspection", "model", "scanning/look.py")]
    files = [file for place in places for file in ([place] if place.suffix else place.glob("*.py"))]
    found = set(MESSAGES_MADE)
    for file in files:
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                if ast.unparse(call.func) in ("ImageSkippedError", "ImageBrokenError"):
                    told = call.args[1]
                    texts_told = _assigned(function, told.id) if isinstance(told, ast.Name) else [told]
                    found |= {_text(text) for text in texts_told if isinstance(text, (ast.Constant, ast.JoinedStr))}
    return found


MESSAGES_MADE = (
    REDUCED,
    "not enough memory to look at it",
    "internal error: ValueError: 7",
    'HEIF needs pillow-heif: pip install "jpegqf[heif]"',
    'JPEG XL needs pillow-jxl-plugin: pip install "jpegqf[jxl]"',
    "AVIF needs a Pillow built with it: pip install -U pillow",
    "corrupt AVIF: its header cannot be understood",
    "PDF is read from a file that is named so, not from within others",
    "PSD files are not read",
    "took longer than 60 s",
    "its worker process was ended by SIGSEGV",
    "its worker process ended with exit code 1",
    *(
        f"corrupt image: {words}"
        for words in (
            "the data cannot be decoded", "premature end of data segment", "bad Huffman code",
            "7 extraneous bytes before marker 0xd9", "some other message of a decoder",
        )
    ),
    "cannot be decoded: Unsupported marker type 0x7",
)  # fmt: skip
"""Messages whose words come from several places, as they are in the end."""


@cache
def encoder_names() -> set[str]:
    """All names of encoders that a header can be given, but for what cameras call themselves."""
    tree = ast.parse(Path(encoders.__file__).read_text(encoding="utf-8"))
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Encoder"]
    literal = {_text(call.args[1]) for call in made if isinstance(call.args[1], ast.Constant)}
    mozjpeg = {f"mozjpeg -quant-table {number} ({name})" for number, name in enumerate(MOZJPEG_NAMES)}
    editors = {table.name for table in listed_tables() if table.family == Family.ADOBE}
    cameras = {"tables as of X 1", "tables as of X 1, Y 2, Z 3 and others"}
    return (
        literal - {"unknown"} | mozjpeg | editors | cameras | {IJG_NAME, SCALED_NAME, FFMPEG_NAME, "Windows GDI+ at 92"}
    )


def phrase(sentence: str, phrases: dict[str, str], used: set[str]) -> str:
    """A sentence as i18n.js translates it; ``used`` gets the patterns that fit."""
    for pattern in phrases:
        if found := re.fullmatch(pattern, sentence):
            used.add(pattern)
            words = phrases[pattern]
            for i, part in enumerate(found.groups()):
                words = words.replace(f"${i + 1}", phrase(part, phrases, used))
            return words
    return sentence


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_every_sentence_and_note_of_the_engine_is_translated_whole(language: str) -> None:
    phrases, on_regions = phrases_of(language), sentences_on_regions()
    assert len(on_regions) >= 40
    assert len(sentences()) >= len(on_regions) + 15
    assert len(notes()) >= 14
    used: set[str] = set()
    sentences_said = sentences() | notes()
    assert len(messages()) >= 30
    assert len(encoder_names()) >= 25
    for text in sentences() | notes() | messages() | encoder_names():
        translated = phrase(text, phrases, used)
        assert english_left(translated) == set(), (text, translated)
        if text in sentences_said:
            assert not re.search(r"[a-z]{2}", translated.replace("WebP", "")), (text, translated)
        if text in on_regions:
            assert sorted(re.findall(r"\d+", translated)) == sorted(re.findall(r"\d+", text)), (text, translated)
    assert set(phrases) - used == set()


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_every_place_of_a_pattern_is_in_its_translation(language: str) -> None:
    for pattern, words in phrases_of(language).items():
        groups = {str(i + 1) for i in range(re.compile(pattern).groups)}
        assert set(re.findall(r"\$(\d)", words)) == groups, pattern


def test_what_the_verdict_says_of_regions_is_said_in_all_its_forms() -> None:
    told = sentences_on_regions()
    forms = (
        "PNG, partly a JPEG: a part of 120x100 at (140, 21) was saved at 41",
        "a part of 120x100 at (10, 21) was saved at 35 to 90",
        "; the rest shows no JPEG grid",
        ", and 2 more",
        ", the rest at 88",
        ", the rest at 35 to 90",
        "; a part shows no JPEG grid",
        "PNG enlarged 2x put together from different JPEGs",
        "PNG enlarged 2x; a JPEG at 60 below",
        "PNG enlarged 2x; a JPEG, at a quality between 55 and 66 below",
    )
    for form in forms:
        assert any(form in text for text in told), form


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_say_the_same_with_the_same_places(language: str) -> None:
    english, own = texts("en"), texts(language)
    assert list(own) == list(english)
    for key in set(own) - {"phrases"}:
        assert own[key].strip()
        assert set(re.findall(r"\{\w+\}", own[key])) == set(re.findall(r"\{\w+\}", english[key])), key


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_no_text_of_the_page_is_left_in_english(language: str) -> None:
    english, own = texts("en"), texts(language)
    for key in set(own) - {"phrases", "api"}:
        assert english_left(own[key]) == set(), key
        assert own[key] != english[key] or not re.search(r"[a-z]", english[key]), key


def test_every_code_of_a_header_has_words() -> None:
    assert {f"code.{kind}" for kind in (*FRAMES.values(), "gray")} <= set(texts("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_verdict_has_a_text(language: str) -> None:
    wanted = {f"reason.{reason.value}" for reason in Reason} | {f"verdict.{verdict.value}" for verdict in Verdict}
    assert wanted <= set(texts(language))


def test_every_text_the_page_asks_for_is_there_and_none_is_left_over() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in PAGE.iterdir() if path.suffix in (".js", ".html"))
    asked = set(re.findall(r'\bt\("([\w.]+)"', source)) | set(re.findall(r'data-i18n(?:-label)?="([\w.]+)"', source))
    assert len(asked) > 60
    assert asked <= set(texts("en"))
    spelled = set(re.findall(r"[\w.]+", source))
    made = ("reason.", "verdict.", "state.", "error.", "sure.header_", "tables.", "file.", "code.", "map.", "earlier.")
    unused = [key for key in texts("en") if key not in spelled and not key.startswith(made) and key != "phrases"]
    assert unused == []


def test_nothing_is_fetched_from_elsewhere_and_no_code_stands_inline() -> None:
    for path in PAGE.rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"https?://(?!www\.w3\.org)", text), path
            assert "innerHTML" not in text, path
            assert "eval(" not in text, path
            if path.suffix == ".html":
                assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", text), path
