"""The tables of docs/scale.md, from the CSV files beside it."""

import csv
import statistics
from pathlib import Path

from bench.scale.simulation import DOLLARS_PER_CORE_HOUR, IMAGES, WORKERS, per_image

DOCS = Path(__file__).parents[2] / "docs"
SIDES = (256, 512, 1024)


def _rows(name: str) -> list[dict[str, str]]:
    with (DOCS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown_table() -> str:
    """What was promised, and what was measured."""
    rows = _rows("scale.csv")
    over, two, memory = (
        [float(row["ratio"]) for row in rows if row["measure"] == name] for name in ("overhead", "workers", "memory")
    )
    shards = [row["turn"] for row in rows if row["measure"] == "memory"]
    return "\n".join([
        "| promise | measured | runs |",
        "|---|---|---|",
        "| overhead over the plain engine at most 15 % at shards of 1,000 images "
        f"| {100 * statistics.median(over):.1f} % ({100 * min(over):.1f} to {100 * max(over):.1f} %) | {len(over)} |",
        f"| two workers at least 1.7 times as fast as one | {statistics.median(two):.2f} "
        f"({min(two):.2f} to {max(two):.2f}) | {len(two)} |",
        f"| memory flat from {shards[0]} to {shards[-1]} shards "
        f"| {memory[-1]:.3f} times, at most {max(memory):.3f} | 1 |",
    ])  # fmt: skip


def kills_table() -> str:
    """What was killed, how often, and what was lost."""
    rows = _rows("scale-kills.csv")
    lines = ["| killed | times | scans | rows | lost | doubled |", "|---|---|---|---|---|---|"]
    for kind, words in (("worker", "an actor"), ("node", "a raylet with its node"), ("driver", "the driver")):
        mine = [row for row in rows if row["killed"] == kind]
        total = {name: sum(int(row[name]) for row in mine) for name in ("kills", "rows", "lost", "doubled")}
        lines.append(
            f"| {words} | {total['kills']} | {len(mine)} | {total['rows']:,} | {total['lost']} | {total['doubled']} |"
        )
    return "\n".join(lines)


def cost_table() -> str:
    """Five billion images of several sizes: core-hours, dollars, bytes."""
    row_bytes = next(float(row["base"]) for row in _rows("scale.csv") if row["measure"] == "row bytes")
    lines = [
        "| images of | in a second of one core | core-hours | dollars | bytes read | results |",
        "|---|---|---|---|---|---|",
    ]
    for side in SIDES:
        seconds, size = per_image(side)
        hours = IMAGES * seconds / 3600
        read, written = IMAGES * size / 1e12, IMAGES * row_bytes / 1e12
        lines.append(
            f"| {side}×{side}, {size / 1000:.0f} kB | {1 / seconds:.0f} images/s | {hours:,.0f} "
            f"| {hours * DOLLARS_PER_CORE_HOUR:,.0f} | {read:,.0f} TB | {written:.2f} TB |"
        )
    return "\n".join(lines)


def simulation_table() -> str:
    """What stragglers and failures add."""
    lines = [
        f"| images in a shard | a worker lives, on average | ideal hours of {WORKERS:,} cores | simulated | longer by "
        "| workers lost | work lost | after the last shard was handed out |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in _rows("scale-simulation.csv"):
        lines.append(
            f"| {int(row['images_per_shard']):,} | {float(row['hours_a_worker_lives']):,.0f} h "
            f"| {float(row['ideal_hours']):.1f} | {float(row['hours']):.1f} | {float(row['longer_percent']):.1f} % "
            f"| {int(row['workers_lost']):,} | {float(row['work_lost_percent']):.2f} % "
            f"| {float(row['tail_minutes']):.1f} min |"
        )
    return "\n".join(lines)
