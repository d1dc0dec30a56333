"""What a worker process does for a request: one image -> its record, its evidence or its picture."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from jpegqf.errors import Reason
from jpegqf.inputs.item import Item
from jpegqf.inspection.inspector import Inspector
from jpegqf.record import Record
from jpegqf.scanning.look import Look, guarded, inspect_item, lost_record
from jpegqf.views.evidence_view import Evidence

Want = Literal["record", "evidence", "plot"]


@dataclass(frozen=True)
class ImageRequest(Item):
    """An item with what is wanted of it."""

    want: Want = "record"


@dataclass(frozen=True)
class WorkerAnswer:
    """The record, and what was wanted beside it; None if the image has no such thing."""

    record: Record
    evidence: Evidence | None = None
    png: bytes | None = None


@dataclass(frozen=True)
class Work:
    """How to look at images; called in a worker, it gives what turns a job into an answer."""

    look: Look

    def __call__(self) -> Callable[[Item], WorkerAnswer]:
        """Prepare a worker."""
        return partial(_answer, self.look.prepared())


def lost_answer(item: Item, reason: Reason, message: str) -> WorkerAnswer:
    """The answer to a job whose worker crashed or took too long."""
    return WorkerAnswer(lost_record(item, reason, message))


def _answer(inspector: Inspector, item: Item) -> WorkerAnswer:
    want = item.want if isinstance(item, ImageRequest) else "record"
    if want == "record" or item.data is None:
        return WorkerAnswer(inspect_item(inspector, item))
    return guarded(item, lambda: _looked_at(inspector, item.data or b"", item.name, want), lost_answer)


def _looked_at(inspector: Inspector, data: bytes, name: str, want: Want) -> WorkerAnswer:
    """One look at the image, and what is wanted of it; a picture only of what can be judged."""
    from jpegqf.inspection.inspector import default_predictor
    from jpegqf.inspection.to_record import to_record
    from jpegqf.views.evidence_view import view_evidence
    from jpegqf.views.plot import plot

    found = inspector.look(data, name)
    record, predictor = to_record(found), inspector.predictor or default_predictor()
    if want == "evidence":
        return WorkerAnswer(record, evidence=view_evidence(found, record, predictor))
    target = io.BytesIO()
    drawn = plot(found, record, predictor, target)
    return WorkerAnswer(record, png=target.getvalue() if drawn else None)
