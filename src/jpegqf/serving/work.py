"""What a worker process does for a request: one image -> its record, its evidence or its picture."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from jpegqf.errors import JpegqfError, Reason
from jpegqf.evidence_view import Evidence
from jpegqf.items import Item
from jpegqf.record import Record, Status
from jpegqf.scanning import Look, lost_record

Want = Literal["record", "evidence", "plot"]


@dataclass(frozen=True)
class Job(Item):
    """An item with what is wanted of it."""

    want: Want = "record"


@dataclass(frozen=True)
class Answer:
    """The record, and what was wanted beside it; None if the image has no such thing."""

    record: Record
    evidence: Evidence | None = None
    png: bytes | None = None


@dataclass(frozen=True)
class Work:
    """How to look at images; called in a worker, it gives what turns a job into an answer."""

    look: Look

    def __call__(self) -> Callable[[Item], Answer]:
        """Prepare a worker."""
        return partial(_answer, self.look())


def lost_answer(item: Item, reason: Reason, message: str) -> Answer:
    """The answer to a job whose worker crashed or took too long."""
    return Answer(lost_record(item, reason, message))


def _answer(inspect: Callable[[Item], Record], item: Item) -> Answer:
    record = inspect(item)
    want = item.want if isinstance(item, Job) else "record"
    if want == "record" or item.data is None:
        return Answer(record)
    try:
        return _evidence(record, item.data) if want == "evidence" else _plot(record, item.data)
    except JpegqfError:
        raise
    except Exception as error:  # a fault of ours must not cost the worker
        return lost_answer(item, Reason.CRASHED, f"internal error: {type(error).__name__}: {error}"[:300])


def _evidence(record: Record, data: bytes) -> Answer:
    from jpegqf.evidence_view import view_evidence
    from jpegqf.inspection import default_predictor

    return Answer(record, evidence=view_evidence(data, record, default_predictor()))


def _plot(record: Record, data: bytes) -> Answer:
    """The picture that ``jpegqf explain --plot`` writes."""
    from jpegqf.explain import explain, plot
    from jpegqf.inspection import default_predictor

    if record.status is not Status.OK:
        return Answer(record)
    lines, luma, said = explain(data, record, default_predictor())
    if luma is None or said is None:
        return Answer(record)
    target = io.BytesIO()
    plot(luma, said, default_predictor(), lines[0], target)
    return Answer(record, png=target.getvalue())
