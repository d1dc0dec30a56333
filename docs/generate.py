"""Write what the documentation takes from the code and from measured CSV files; ``--check`` only compares.

python -m docs.generate [--check]
"""

import argparse
import csv
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from bench.accuracy import aggregation_line, band_table, overall_table
from bench.conditions import goals, tables
from bench.equivalents.run import table as equivalents_table
from bench.finer_first import table as finer_table
from bench.history import tables as history_tables
from bench.scale import tables as scale_tables
from bench.summary import Summary, read_summary
from docs.api import api_reference
from docs.front_table import front_table
from jpegqf.advise.advice import ROWS as ADVICE_ROWS
from jpegqf.advise.advice import Advice
from jpegqf.cli import main as jpegqf
from jpegqf.cli import tell
from jpegqf.cli.serve import serve
from jpegqf.infer.command import EPILOG, OPTIONS
from jpegqf.record import COLUMN, Column, Record

REPOSITORY = Path(__file__).parents[1]

RESTORE_SUMMARY = REPOSITORY / "docs" / "restore-summary.csv"
"""What ``python -m bench.restore`` measured."""
READMES = {"README.md": "en", "docs/README.zh.md": "zh", "docs/README.jp.md": "ja"}
"""Each with its language."""


def summary(name: str) -> Summary:
    """Figures of a benchmark."""
    return read_summary(REPOSITORY / "docs" / f"{name}-summary.csv")


def _csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def comparison_table() -> str:
    """Both aggregations on the same files."""
    lines = ["| aggregation | MAE | exact | Acc@1 | Acc@5 |", "|---|---|---|---|---|"]
    for name, file in (("evidence added (default)", "accuracy"), ("median over patches", "accuracy-median")):
        lines.append(aggregation_line(name, summary(file)))
    return "\n".join(lines)


def _default(settings: dict[str, Any]) -> str:
    if settings.get("action"):
        return "off" if settings["action"] == "store_true" else ""
    default = settings.get("default", "required" if settings.get("required") else "")
    return " ".join(default) if isinstance(default, list) else str(default)


def cli_reference() -> str:
    """Every flag of every command, from their own declarations."""
    lines = [
        "# Command-line reference",
        "",
        "Made by `python -m docs.generate` from the commands themselves.",
        "",
        "## infer.py",
        "",
        "`python infer.py [flags]`, after installation also `jpegqf-infer [flags]`.",
        "",
        "| flag | default | meaning |",
        "|---|---|---|",
    ]
    for flag, settings, words in OPTIONS:
        value = settings.get("metavar") or " or ".join(settings.get("choices", ()))
        many = " ..." if settings.get("nargs") == "+" else ""
        lines.append(f"| `{flag}{' ' if value else ''}{value}{many}` | {_default(settings)} | {words} |")
    lines += ["", "```", EPILOG, "```", ""]
    for name, command in {"": tell, **jpegqf.commands}.items():
        usage = " ".join(["jpegqf", *filter(None, [name]), *command.collect_usage_pieces(click.Context(command))])
        lines += [f"## jpegqf {name or 'FILE...'}", "", f"`{usage}`", "", inspect.cleandoc(command.help or ""), ""]
        lines += [flag_table(command), ""] if any(isinstance(param, click.Option) for param in command.params) else []
        if command.epilog:
            lines += ["```", inspect.cleandoc(command.epilog.replace("\b", "")), "```", ""]
    return "\n".join(lines)


def column_table(row: type[Record] | type[Advice] = Record, columns: Mapping[str, Column] = COLUMN) -> str:
    """The columns of a kind of row, from their declaration."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for item in fields(row):
        unit, meaning = item.metadata["unit"], item.metadata["meaning"]
        lines.append(f"| `{item.name}` | {columns[item.name].kind.__name__} | {unit} | {meaning} |")
    return "\n".join(lines)


def flag_table(command: click.Command) -> str:
    """Every flag of a command with its default, from its own declaration."""
    lines = ["| flag | default | meaning |", "|---|---|---|"]
    for option in command.params:
        if isinstance(option, click.Option):
            choices = option.type.choices if isinstance(option.type, click.Choice) else ()
            value = f" {option.metavar or ' or '.join(map(str, choices))}".rstrip()
            told = isinstance(option.default, (str, int, float)) and option.default is not False
            names = ", ".join(f"`{name}`" for name in option.opts[:-1])
            flag = f"{names}{', ' if names else ''}`{option.opts[-1]}{value}`"
            lines.append(f"| {flag} | {option.default if told else ''} | {option.help or ''} |")
    return "\n".join(lines)


def load_table(path: Path) -> str:
    """Throughput beside a scan's, answers and memory under load."""
    lines = [
        "| workers | images/s | of a scan | ratio | CPU an image | of a scan | 200 | 429, 503 | other "
        "| median, 99 % | memory |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            busy = int(row["busy_429"]) + int(row["unavailable_503"])
            lines.append(
                f"| {row['workers']} | {row['rate']} | {row['scan_rate']} | {row['ratio']} | {row['cpu_ms']} ms "
                f"| {row['scan_cpu_ms']} ms | {row['ok']} | {busy} "
                f"| {row['other']} | {row['median_ms']} ms, {row['p99_ms']} ms "
                f"| {row['memory_10s']}, {row['memory_end']} MiB |"
            )
    return "\n".join(lines)


def evidence_table(path: Path) -> str:
    """Processor seconds of the evidence of one image, by container and size."""
    lines = ["| files | megapixels | images | median | 95 % | most | within 1 s |", "|---|---|---|---|---|---|---|"]
    for row in _csv_rows(path):
        times = [f"{row[name]} s" for name in ("median", "p95", "most")]
        cells = [row["container"], row["megapixels"], row["images"], *times, row["within_1_s"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def real_summary(path: Path) -> str:
    """How header, pixels and ImageMagick agree on the real files."""
    rows = _csv_rows(path)
    exact = [row for row in rows if row["header_match"] == "exact"]
    judged = [row for row in exact if row["pixel_qf"] and min(int(row["width"]), int(row["height"])) >= 128]
    agree = sum(row["pixel_qf"] == row["header_qf"] for row in judged)
    other = sum(row["imagemagick"] == row["header_qf"] for row in exact)
    guessed = sum(row["header_match"] != "exact" and bool(row["imagemagick"]) for row in rows)
    return "\n".join([
        "| | files |",
        "|---|---|",
        f"| tables equal an IJG table | {len(exact)} of {len(rows)} |",
        f"| of these, judged from pixels (sides of 128 and more) | {len(judged)} |",
        f"| pixels name the same quality | {agree} of {len(judged)} |",
        f"| ImageMagick names the same quality | {other} of {len(exact)} |",
        f"| ImageMagick names a quality where the tables are no IJG table's | {guessed} |",
    ])  # fmt: skip


def named_table(path: Path) -> str:
    """Of how many real files the encoder is named, beside exiftool."""
    rows = _csv_rows(path)
    read = [row for row in rows if row["header_match"]]
    ours = [row for row in read if row["encoder"] != "unknown"]
    theirs = [row for row in read if row["exiftool"]]
    families = sorted(((sum(row["encoder"] == family for row in ours), family) for family in
                       {row["encoder"] for row in ours}), reverse=True)  # fmt: skip
    return "\n".join([
        "| | files |",
        "|---|---|",
        f"| with a table | {len(read)} of {len(rows)} |",
        f"| given a quality | {sum(bool(row['header_qf']) for row in read)} |",
        f"| encoder named | {len(ours)}: {', '.join(f'{family} {count}' for count, family in families)} |",
        f"| encoder named by exiftool's list of digests | {len(theirs)} |",
        f"| by exiftool alone | {sum(row['encoder'] == 'unknown' for row in theirs)} |",
    ])  # fmt: skip


def real_tables_rows(conditions: Summary) -> str:
    """Rows of the first accuracy table on real cameras and editors, which the CNN tool was not asked about."""
    lines = []
    for condition, words, figure in (
        ("wild", "real cameras and editors: JPEG agrees with its own table", "consistent"),
        ("editors", "editors and encoders: named with their own quality", "writer right"),
        ("listed_png", "their PNGs: all 64 steps of the table right", "table named"),
    ):
        part = conditions.whole(condition)
        if part:
            lines.append(f"| {words} (n = {part.n}) | {part.get(figure) or '–'} | – |")
    return "\n".join(lines)


def speed_table(path: Path) -> str:
    """What ``python -m bench.speed`` measured, a table per section."""
    rows = _csv_rows(path)
    lines = []
    for section, group in groupby(rows, key=itemgetter("section")):
        lines += ["", f"### {section}", "", "| figure | measured | unit | reach |", "|---|---|---|---|"]
        lines += [f"| {row['what']} | {row['value']} | {row['unit']} | {row['goal']} |" for row in group]
    return "\n".join([*lines[1:], ""])


def report_table(path: Path) -> str:
    """What a report costs, by the format of its results."""
    rows = _csv_rows(path)
    lines = [
        "| results | rows | MB | seconds | processor seconds | peak memory, MB | page, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = (row[name] for name in list(row)[2:])
        lines.append(f"| `{row['format']}` | {int(row['rows']):,} | {' | '.join(figures)} |")
    return "\n".join(lines)


def codec_table(path: Path) -> str:
    """How near the quality in the headers of other codecs is to what the encoder was asked for."""
    rows = _csv_rows(path)
    lines = ["| encoder | setting | files | told | within 1 | within 3 | worst |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        near = (f"{float(row[name]):.1%}" for name in ("told", "within_1", "within_3"))
        cells = (row["encoder"], row["setting"], row["files"], *near, f"{float(row['worst_error']):+.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def restore_table(path: Path) -> str:
    """How often the JPEG was given back, by kind of image."""
    rows = _csv_rows(path)
    lines = ["| pixels of | given back | size | seconds: median, most |", "|---|---|---|---|"]
    for row in rows:
        size = f"{row['size_least']}–{row['size_most']}" if row["size_least"] else "–"
        times = f"{row['seconds_median']}, {row['seconds_most']}"
        lines.append(f"| {row['kind']} | {row['restored']} of {row['images']} | {size} | {times} |")
    return "\n".join(lines)


def likeness_table(path: Path) -> str:
    """How many copies of a picture fall in one group, and how many different pictures."""
    rows = _csv_rows(path)
    lines = ["| | pairs | in one group | differing bits: median | least | most |", "|---|---|---|---|---|---|"]
    for row in rows:
        share = f"{int(row['grouped']) / int(row['pairs']):.1%}"
        lines.append(
            f"| {row['what']} | {row['pairs']} | {share} | {row['median_bits']} | {row['least_bits']} "
            f"| {row['most_bits']} |"
        )
    return "\n".join(lines)


def _fill(text: str, name: str, content: str) -> str:
    """Put ``content`` between ``<!-- name -->`` and ``<!-- /name -->``."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    filled, count = re.subn(pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"no place for {name}")
    return filled


def _filled(name: str, contents: dict[str, str]) -> str:
    """A file of the repository with its places filled."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    for place, content in contents.items():
        text = _fill(text, place, content)
    return text


def generated() -> dict[str, str]:
    """Every generated file with its content."""
    accuracy, conditions = summary("accuracy"), summary("conditions")
    overall = overall_table(accuracy)
    speed = REPOSITORY / "docs" / "speed.csv"
    fronts = {name: {"front": front_table(accuracy, conditions, speed, language)} for name, language in READMES.items()}
    overview = {
        "accuracy": f"{overall}\n{real_tables_rows(conditions)}\n\n"
        "`python -m bench.accuracy --images DIR --summary docs/accuracy-summary.csv`",
        "conditions": goals.brief_table(conditions),
    }
    card = {"accuracy": overall, "bands": band_table(accuracy), "aggregation": comparison_table()}
    scan = {
        "real": real_summary(REPOSITORY / "docs" / "real-files.csv"),
        "codecs": codec_table(REPOSITORY / "docs" / "codec-quality.csv"),
        "columns": column_table(),
    }
    any_table = {
        "equivalents": equivalents_table(summary("equivalents")),
        "named": named_table(REPOSITORY / "docs" / "real-files.csv"),
        "tables": f"{tables.wild_table(conditions)}\n\n{tables.video_table(conditions)}",
    }
    colours = {"colours": f"{tables.colours_table(conditions)}\n\n{tables.edits_table(conditions)}"}
    serving = {
        "flags": flag_table(serve),
        "load": load_table(REPOSITORY / "docs" / "load.csv"),
        "evidence": evidence_table(REPOSITORY / "docs" / "evidence.csv"),
    }
    scale = {
        "shown": scale_tables.shown_table(),
        "kills": scale_tables.kills_table(),
        "costs": scale_tables.cost_table(),
        "simulation": scale_tables.simulation_table(),
    }
    advise = {
        "columns": column_table(Advice, ADVICE_ROWS.columns),
        "likeness": likeness_table(REPOSITORY / "docs" / "likeness.csv"),
    }
    history = {"history": history_tables(summary("history")), "finer-first": finer_table(summary("finer-first"))}
    restoring = {
        "restore": restore_table(RESTORE_SUMMARY),
        "restore-crops": restore_table(REPOSITORY / "docs" / "restore-crops.csv"),
    }
    return {
        "docs/advise.md": _filled("docs/advise.md", advise),
        "docs/api.md": api_reference(),
        "docs/cli.md": cli_reference(),
        "docs/serve.md": _filled("docs/serve.md", serving),
        **{name: _filled(name, places) for name, places in fronts.items()},
        "docs/model-card.md": _filled("docs/model-card.md", card),
        "docs/scan.md": _filled("docs/scan.md", scan),
        "docs/tables.md": _filled("docs/tables.md", any_table),
        "docs/colours.md": _filled("docs/colours.md", colours),
        "docs/history.md": _filled("docs/history.md", history),
        "docs/speed.md": _filled("docs/speed.md", {"tables": speed_table(speed)}),
        "docs/report.md": _filled("docs/report.md", {"report": report_table(REPOSITORY / "docs" / "report.csv")}),
        "docs/restore.md": _filled("docs/restore.md", restoring),
        "docs/scale.md": _filled("docs/scale.md", scale),
        "docs/accuracy.md": _filled("docs/accuracy.md", {**overview, "tables": goals.all_tables(conditions)}),
    }


def main() -> int:
    """Write or compare; 1 if something is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if something is out of date")
    check = parser.parse_args().check
    stale = []
    for name, content in generated().items():
        path = REPOSITORY / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            stale.append(name)
            if not check:
                path.write_text(content, encoding="utf-8")
    print(("out of date: " if check else "written: ") + ", ".join(stale) if stale else "up to date")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
