"""What became of a scan -> one JSON file for programs: counts, reasons, rates, versions."""

import json
import platform
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from jpegqf.errors import OutputError
from jpegqf.outputs.atomic import write_whole
from jpegqf.record import Record, Status, Verdict
from jpegqf.version import __version__

LIBRARIES = ("numpy", "pillow", "simplejpeg", "pyarrow")
COUNTED = ("statuses", "reasons", "verdicts", "kinds")
"""What one tally tells another; results of older versions lack kinds."""


@dataclass
class Tally:
    """Counts of a scan as it goes."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Of ok rows, in words: the verdict, or the container whose pixels were a JPEG."""
    resumed: int = 0
    """Rows taken over from an earlier run."""
    model: str | None = None
    shards: Counter[str] = field(default_factory=Counter)
    """Of a cluster's scan: done, resumed, failed."""
    failed_shards: list[str] = field(default_factory=list)
    """The first of them, in words."""

    def add(self, record: Record) -> None:
        """Count one row."""
        self.statuses[record.status.value] += 1
        self.verdicts[record.verdict.value] += 1
        if record.status is Status.OK:
            self.kinds[_kind(record)] += 1
        if record.reason:
            self.reasons[record.reason] += 1
        self.model = record.model or self.model

    def to_dict(self) -> dict[str, Any]:
        """Counts and model, for :meth:`take`."""
        counts = {name: dict(getattr(self, name)) for name in COUNTED}
        return {**counts, "model": self.model}

    def take(self, counts: dict[str, Any]) -> None:
        """Add what another tally told."""
        for name in COUNTED:
            getattr(self, name).update(counts.get(name, {}))
        self.model = counts["model"] or self.model

    @property
    def rows(self) -> int:
        """All rows, those taken over too."""
        return self.statuses.total()


def _kind(record: Record) -> str:
    """What an ok row is counted as."""
    if record.verdict is not Verdict.PIXELS_ONLY or not record.format:
        return record.outcome
    return "told by pixels alone" if record.format == "JPEG" else f"{record.format} that was a JPEG"


@dataclass(frozen=True)
class Ending:
    """How a scan ended: ``stopped_by`` a signal or 0, ``failure`` in words or None."""

    seconds: float
    exit_code: int
    stopped_by: int = 0
    failure: str | None = None


def summary(tally: Tally, ending: Ending) -> dict[str, object]:
    """The content of the file; docs/scan.md tells its keys."""
    fresh = tally.rows - tally.resumed
    outcome = "failed" if ending.failure else "interrupted" if ending.stopped_by else "finished"
    return {
        "outcome": outcome,
        "exit_code": ending.exit_code,
        "signal": signal.Signals(ending.stopped_by).name if ending.stopped_by else None,
        "failure": ending.failure,
        "rows": tally.rows,
        "resumed_rows": tally.resumed,
        "status": {status.value: tally.statuses[status.value] for status in Status},
        "reason": dict(tally.reasons.most_common()),
        "verdict": dict(tally.verdicts.most_common()),
        **({"shards": dict(tally.shards), "failed_shards": tally.failed_shards} if tally.shards else {}),
        "seconds": round(ending.seconds, 3),
        "images_per_second": round(fresh / ending.seconds, 3) if ending.seconds > 0 else None,
        "model": tally.model,
        "versions": {"jpegqf": __version__, "python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    from importlib import metadata  # a good part of the time in which a command starts

    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_summary(path: str, tally: Tally, ending: Ending) -> None:
    """Write the file whole or not at all. Raises OutputError if it cannot be written."""
    try:
        write_whole(path, json.dumps(summary(tally, ending), indent=2, ensure_ascii=False) + "\n")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise OutputError(f"--summary {path!r} cannot be written: {words}") from None
