"""What the page says, in its three languages, and that it says all that the engine can."""

import ast
import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import jpegqf
from jpegqf.errors import Reason
from jpegqf.inspection.verdict import HeaderSummary, HistorySummary, PixelSummary, verdict_on
from jpegqf.jpeg import header
from jpegqf.record import Verdict

PAGE = Path(jpegqf.__file__).parent / "web" / "page"
LANGUAGES = ("en", "zh", "ja")


def texts(language: str) -> dict[str, str]:
    return dict(json.loads((PAGE / "i18n" / f"{language}.json").read_text(encoding="utf-8")))


def sentences() -> set[str]:
    """All that the verdict can say, for some numbers."""
    headers = [None, *(HeaderSummary(*told) for told in ((80, "exact"), (80, "nearest"), (None, "none")))]
    pixels = [None] + [
        PixelSummary(quality, quality - 2, quality + 2, confidence, saved)
        for quality, confidence, saved in product((60, 80, 95), (0.2, 0.95), (0.01, 0.3, 0.7, 0.99))
    ]
    histories = [HistorySummary(None, None), HistorySummary(50, 0.9), HistorySummary(50, 0.9, True)]
    return {
        verdict_on(*evidence).text for evidence in product(("JPEG", "PNG"), headers, pixels, histories, (False, True))
    }


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


def _words(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "7"


def _parts(node: ast.expr) -> list[Any]:
    return node.values if isinstance(node, ast.JoinedStr) else [node]


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_every_sentence_and_note_of_the_engine_is_translated_whole(language: str) -> None:
    phrases = dict(json.loads((PAGE / "i18n" / f"{language}.json").read_text(encoding="utf-8"))["phrases"])
    told = sentences() | notes()
    assert len(sentences()) >= 15
    assert len(notes()) >= 14
    for text in told:
        pattern = next((pattern for pattern in phrases if re.fullmatch(pattern, text)), None)
        assert pattern, text
        groups = {str(i + 1) for i in range(re.compile(pattern).groups)}
        assert set(re.findall(r"\$(\d)", phrases[pattern])) == groups, pattern
    unused = [pattern for pattern in phrases if not any(re.fullmatch(pattern, text) for text in told)]
    assert unused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_say_the_same_with_the_same_places(language: str) -> None:
    english, own = texts("en"), texts(language)
    assert list(own) == list(english)
    for key in set(own) - {"phrases"}:
        assert own[key].strip()
        assert set(re.findall(r"\{\w+\}", own[key])) == set(re.findall(r"\{\w+\}", english[key])), key


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
    made = ("reason.", "verdict.", "state.", "error.", "sure.header_", "tables.", "file.")
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
