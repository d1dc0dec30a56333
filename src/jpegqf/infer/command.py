"""The command ``infer.py``: arguments -> engine -> files, console and exit code."""

import argparse
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from PIL import Image
from tqdm import tqdm

from jpegqf.errors import JpegqfError, UsageError
from jpegqf.infer.images import find_images
from jpegqf.infer.predict import Issue, QualityOrIssue, predict_files
from jpegqf.infer.sinks import CsvSink, Sink, Sinks, SqliteSink, create_all_new
from jpegqf.inputs.suffixes import JPEG_SUFFIXES, normalize_suffixes
from jpegqf.limits import DEFAULT_PIXELS, MAX_PIXELS
from jpegqf.model.checkpoint import DEVICES, load_model
from jpegqf.model.loaded import Model
from jpegqf.model.prediction import Prediction
from jpegqf.model.predictor import Predictor
from jpegqf.names import printable
from jpegqf.scanning.stopping import Stop
from jpegqf.version import __version__

# The matrices are small: a second BLAS thread costs more than it gives. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

OK, ISSUES_ONLY, BAD_CALL, SOME_ISSUES = 0, 1, 2, 3

DESCRIPTION = """\
Predict the JPEG quality factor (QF, 1-100) of images from their pixels.
从像素预测图片的 JPEG 质量因子 (QF, 1-100)。"""

EPILOG = f"""\
exit codes / 退出码:
  {OK}  every image was predicted / 全部预测成功
  {ISSUES_ONLY}  finished, but no image could be predicted / 已完成, 但没有任何图片可预测
  {BAD_CALL}  bad call, unusable checkpoint, or results cannot be written / 调用错误, 权重不可用, 或结果无法写入
  {SOME_ISSUES}  finished, some images predicted, some listed as issues / 已完成, 部分成功, 部分列为问题样本
  130, 143  interrupted (Ctrl-C, SIGTERM); what was done is in the files / 被中断; 已完成的结果已写入文件

examples / 示例:
  python infer.py --input photo.jpg
  python infer.py --input photos --recursive --output_mode both
  python infer.py --input scans --exts .jpg .png .tif --quiet"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A wrong call is one line, like every other error."""
        _complain(f"{message} (--help tells more)")
        self.exit(BAD_CALL)


OPTIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("--ckpt", {"metavar": "PATH"}, "checkpoint, .pth (default: the bundled one) / 权重文件 (默认: 内置权重)"),
    ("--input", {"metavar": "PATH", "required": True}, "an image or a folder / 图片或文件夹"),
    ("--recursive", {"action": "store_true"}, "descend into subfolders / 递归子文件夹"),
    (
        "--exts",
        {"nargs": "+", "metavar": "EXT", "default": list(JPEG_SUFFIXES)},
        f"suffixes to take, any case, dot optional (default: {' '.join(JPEG_SUFFIXES)}); "
        ".png .bmp .webp .tif .tiff work when named / 接受的后缀, 不分大小写, 点可省略",
    ),
    ("--output_mode", {"choices": ("csv", "db", "both"), "default": "csv"}, "what to write / 输出方式"),
    ("--pred_csv", {"metavar": "PATH", "default": "./outputs/predictions.csv"}, "predictions / 成功预测"),
    ("--issue_csv", {"metavar": "PATH", "default": "./outputs/issues.csv"}, "issues / 问题样本"),
    ("--output_db", {"metavar": "PATH", "default": "./outputs/results.db"}, "SQLite database / 数据库"),
    (
        "--disable_tta",
        {"action": "store_true"},
        "no averaging over flips; the evidence is mirror-invariant, so the answer stays / 关闭翻转增强, 结果不变",
    ),
    ("--no_calibrator", {"action": "store_true"}, "skip the checkpoint's calibrator / 不使用校准器"),
    ("--device", {"choices": DEVICES, "default": "auto"}, "where the model runs / 运行设备"),
    ("--enable_pixel_limit", {"action": "store_true"}, "skip larger images, told from the header / 跳过像素过多的图片"),
    ("--max_image_pixels", {"type": int, "metavar": "N", "default": DEFAULT_PIXELS}, "that limit / 像素上限"),
    ("--quiet", {"action": "store_true"}, "no progress bar, no [*] lines / 安静模式"),
    ("--version", {"action": "version", "version": f"jpegqf {__version__}"}, "show the version / 显示版本"),
)


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=kind,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("--help", "-h", action="help", help="show this help / 显示帮助")
    for flag, settings, words in OPTIONS:
        shown = f"{words} (default: %(default)s)" if isinstance(settings.get("default"), (str, int)) else words
        parser.add_argument(flag, help=shown, **settings)
    return parser


@dataclass
class Outcome:
    """What became of a batch."""

    found: int
    counts: Counter[str]
    """``ok``, ``skipped`` and ``error``."""
    seconds: float = 0.0
    stopped_by: int = 0
    """The signal that ended it early, or 0."""
    last: QualityOrIssue | None = None

    def exit_code(self) -> int:
        """The documented exit code."""
        if self.stopped_by:
            return 128 + self.stopped_by
        if not self.counts["skipped"] + self.counts["error"]:
            return OK
        return SOME_ISSUES if self.counts["ok"] else ISSUES_ONLY


def _open_sinks(arguments: argparse.Namespace) -> tuple[Sinks, list[str]]:
    """The sinks asked for, and the lines that name their files; no file is left behind if one cannot be made."""
    tables, database = arguments.output_mode != "db", arguments.output_mode != "csv"
    wanted = [arguments.pred_csv, arguments.issue_csv] * tables + [arguments.output_db] * database
    names = create_all_new(wanted)
    sinks: list[Sink] = []
    lines = []
    if tables:
        sinks.append(CsvSink(names[0], names[1]))
        lines.append(f"[+] 成功预测CSV / Predictions CSV: {names[0]}")
        lines.append(f"[+] 问题样本CSV / Issues CSV: {names[1]}")
    if database:
        sinks.append(SqliteSink(names[-1]))
        lines.append(f"[+] 数据库 / Database: {names[-1]}")
    return Sinks(sinks), lines


def _answers(
    predictor: Predictor, images: list[str], max_pixels: int
) -> Generator[tuple[str, QualityOrIssue], None, None]:
    """Every image's answer, in order; in batches where model and evidence are computed on a GPU."""
    if predictor.model.device != "cpu" and len(images) > 1:
        from jpegqf.infer import batched

        return batched.predict_in_batches(batched.beside_model(predictor), images, max_pixels)
    return predict_files(predictor, images, max_pixels)


def _run(answers: Generator[tuple[str, QualityOrIssue], None, None], found: int, sinks: Sinks, quiet: bool) -> Outcome:
    """Write a row for every image; stops early, with valid files, when asked to."""
    outcome = Outcome(found, Counter())
    stop = Stop()
    started = time.monotonic()
    show = not quiet and found > 1 and sys.stderr.isatty()
    with sinks, stop.listening(), closing(answers), tqdm(total=found, unit="img", disable=not show) as progress:
        for path, answer in answers:
            if isinstance(answer, Prediction):
                sinks.prediction(path, answer.rounded)
                outcome.counts["ok"] += 1
            else:
                sinks.issue(path, answer.kind, answer.message)
                outcome.counts[answer.kind] += 1
            outcome.last = answer
            progress.update()
            if stop.signal:
                outcome.stopped_by = stop.signal
                break
    outcome.seconds = time.monotonic() - started
    return outcome


def _result_lines(path: str, answer: QualityOrIssue | None) -> list[str]:
    lines = ["===== 结果 / Result =====", f"图片 / Image: {printable(path)}"]
    if isinstance(answer, Prediction):
        return [*lines, f"最终QF / Final QF: {answer.rounded:.4f}"]
    if isinstance(answer, Issue):
        word = "已跳过 / Skipped" if answer.kind == "skipped" else "错误 / Error"
        return [*lines, f"[!] {word}: {answer.message}"]
    return lines


def _summary_lines(outcome: Outcome) -> list[str]:
    done = sum(outcome.counts.values())
    rate = done / outcome.seconds if outcome.seconds > 0 else 0.0
    return [
        "===== 汇总 / Summary =====",
        f"找到图片 / Found: {outcome.found}",
        f"成功 / OK: {outcome.counts['ok']}",
        f"跳过 / Skipped: {outcome.counts['skipped']}",
        f"错误 / Error: {outcome.counts['error']}",
        f"总耗时 / Total time: {outcome.seconds:.2f} s",
        f"速度 / Speed: {rate:.2f} images/s",
    ]


def _settings_lines(arguments: argparse.Namespace, model: Model) -> list[str]:
    limit = str(arguments.max_image_pixels) if arguments.enable_pixel_limit else "关 / off"
    return [
        f"[*] 设备 / Device: {model.device}",
        f"[*] 权重类型 / Weight type: {model.weight_type} ({model.config.name})",
        f"[*] 校准器 / Calibrator: {'关 / off' if arguments.no_calibrator else '开 / on'}",
        f"[*] 翻转增强 / TTA: {'关 / off' if arguments.disable_tta else '开 / on'}",
        f"[*] 像素上限 / Pixel limit: {limit}",
    ]


def _infer(arguments: argparse.Namespace) -> int:
    """Check the call, then work; raises JpegqfError for a bad call."""
    if arguments.max_image_pixels <= 0:
        raise UsageError(f"--max_image_pixels must be at least 1, not {arguments.max_image_pixels}")
    images = find_images(arguments.input, normalize_suffixes(arguments.exts), arguments.recursive)
    model = load_model(arguments.ckpt, arguments.device)
    predictor = Predictor(model, calibrate=not arguments.no_calibrator)
    max_pixels = arguments.max_image_pixels if arguments.enable_pixel_limit else MAX_PIXELS
    sinks, file_lines = _open_sinks(arguments)
    outcome = _run(_answers(predictor, images, max_pixels), len(images), sinks, arguments.quiet)
    single = not os.path.isdir(arguments.input)
    lines = _result_lines(images[0], outcome.last) if single else _summary_lines(outcome)
    if outcome.stopped_by:
        lines.append("[!] 已中断 / Interrupted: rows written so far are in the files")
    settings = [] if arguments.quiet else _settings_lines(arguments, model)
    _say([*lines, *file_lines, *settings])
    return outcome.exit_code()


def _say(lines: list[str]) -> None:
    """Print; the results are in their files, so a closed or full stdout changes nothing."""
    try:
        print("\n".join(lines), flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    """One line on stderr, whatever names the message holds."""
    with suppress(OSError):  # a full or closed stderr changes no exit code
        print(f"错误 / Error: {' '.join(message.split())}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code. Errors of the call are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    Image.MAX_IMAGE_PIXELS = None  # jpegqf.pixels.decode has its own limit, decided from the header
    try:
        return _infer(arguments)
    except JpegqfError as error:
        _complain(str(error))
    except (OSError, sqlite3.Error) as error:
        _complain(f"results cannot be written: {error}")
    except KeyboardInterrupt:
        print("已中断 / Interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return BAD_CALL


if __name__ == "__main__":
    raise SystemExit(main())
