"""Measured summaries -> the one table of accuracy and speed that the READMEs show, in their three languages."""

import csv
from collections.abc import Sequence
from pathlib import Path

from bench.accuracy import SEED
from bench.summary import Summary, Value

LANGUAGES = ("en", "zh", "ja")
HEAD = {
    "en": "| | jpegqf | exiftool | ImageMagick | a CNN, as published for its own images |",
    "zh": "| | jpegqf | exiftool | ImageMagick | 某 CNN 工具（就其自有图片公布的值） |",
    "ja": "| | jpegqf | exiftool | ImageMagick | ある CNN（自らの画像での公表値） |",
}
LABELS = {
    "header": ("JPEG, from its header: exact", "JPEG，读文件头：完全正确", "JPEG、ヘッダーから：完全一致"),
    "encoders": (
        "tables of mozjpeg and jpegli, from the header: equivalent quality exact",
        "mozjpeg 与 jpegli 的量化表，读文件头：等效质量完全正确",
        "mozjpeg と jpegli のテーブル、ヘッダーから：等価な品質が完全一致",
    ),
    "mae": (
        "{n} JPEGs, pixels alone: mean error",
        "{n} 张 JPEG，只看像素：平均误差",
        "JPEG {n} 枚、画素だけから：平均誤差",
    ),
    "close": ("the same: at most 1 off", "同上：误差不超过 1", "同上：誤差 1 以内"),
    "png": ("PNG that was a JPEG: exact", "曾是 JPEG 的 PNG：完全正确", "JPEG だった PNG：完全一致"),
    "cropped": ("the same, cropped: exact", "同上，裁剪过：完全正确", "同上、切り抜き後：完全一致"),
    "first": (
        "earlier save, coarser by 5 or more: seen (false alarms)",
        "更早的、低 5 以上的保存：看出（误报）",
        "5 以上粗い以前の保存：検出（誤検出）",
    ),
    "headers": ("headers a second, start included", "每秒文件头数，含启动时间", "毎秒のヘッダー数、起動を含む"),
    "images": ("images a second, all evidence, one core", "每秒图片数，全部证据，单核", "毎秒の画像数、全証拠、1 コア"),
}
"""What each row is about, in the order of ``LANGUAGES``."""
SPEED = {
    "jpegqf": "scan --only header to SQLite",
    "exiftool": "exiftool, same folder",
    "ImageMagick": "identify, same folder",
    "images": "all evidence: one core, bytes in memory",
}
"""Rows of speed.csv."""


def front_table(accuracy: Summary, conditions: Summary, speed: Path, language: str) -> str:
    """The table, in Markdown."""
    overall = accuracy.parts[0]
    measured = _speeds(speed)
    rows = {
        "header": _readers(conditions, "single"),
        "encoders": _readers(conditions, "encoders"),
        "mae": [_plain(overall.get("MAE"), 4), "", "", SEED["MAE"]],
        "close": [_plain(overall.get("within 1")), "", "", SEED["Acc@1"]],
        "png": [_whole(conditions, "png", "exact")],
        "cropped": [_whole(conditions, "cropped", "exact")],
        "first": [f"{_whole(conditions, 'first', 'saved before')} ({_whole(conditions, 'once', 'saved before')})"],
        "headers": [measured[SPEED[name]] for name in ("jpegqf", "exiftool", "ImageMagick")],
        "images": [measured[SPEED["images"]]],
    }
    at = LANGUAGES.index(language)
    lines = [HEAD[language], "|---|---|---|---|---|"]
    for name, cells in rows.items():
        filled = [*cells, "", "", ""][:4]
        lines.append(f"| {LABELS[name][at].format(n=f'{overall.n:,}')} | {' | '.join(c or '–' for c in filled)} |")
    return "\n".join(lines)


def _readers(conditions: Summary, condition: str) -> Sequence[str]:
    """What readers of headers answer exactly; of those that do not answer all, with the share that they answer."""
    cells = []
    for reader in ("jpegqf, header", "exiftool", "ImageMagick"):
        part = conditions.part(condition, "reader", reader)
        exact, answers = (part.get("exact"), part.get("answers")) if part else (None, None)
        some = answers is not None and answers.value < 1
        cells.append(_plain(exact) + (f" / {_plain(answers)}" if some else ""))
    return cells


def _whole(conditions: Summary, condition: str, figure: str) -> str:
    part = conditions.whole(condition)
    return _plain(part.get(figure) if part else None)


def _plain(value: Value | None, digits: int = 3) -> str:
    return value.plain(digits) if value else ""


def _speeds(path: Path) -> dict[str, str]:
    """Figures of speed.csv by their names, as whole numbers."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["what"]: f"{float(row['value']):,.0f}" for row in csv.DictReader(file) if row["section"] in
                ("header", "scan")}  # fmt: skip
