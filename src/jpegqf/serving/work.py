"""What a worker process does for a request: one image -> its record, its evidence, its picture or the JPEG it was."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from jpegqf.errors import ImageBrokenError, ImageError, Reason
from jpegqf.inputs.item import Item
from jpegqf.inspection.inspector import Inspector
from jpegqf.limits import SEARCH_SHARE
from jpegqf.record import Record, Status
from jpegqf.scanning.look import Look, guarded, inspect_item, lost_record
from jpegqf.views.evidence_view import Evidence

Want = Literal["record", "evidence", "plot", "jpeg"]
MOST_RESTORED = 10_000_000
"""Most pixels of an image whose JPEG is looked for: about 1 GiB, at the 90 MiB that each million of them took."""


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
    jpeg: bytes | None = None


@dataclass(frozen=True)
class Work:
    """How to look at images; called in a worker, it gives what turns a job into an answer.

    ``timeout``: seconds that an image may take.
    """

    look: Look
    timeout: float

    def __call__(self) -> Callable[[Item], WorkerAnswer]:
        """Prepare a worker."""
        return partial(self._answer, self.look.prepared())

    def _answer(self, inspector: Inspector, item: Item) -> WorkerAnswer:
        want, data = item.want if isinstance(item, ImageRequest) else "record", item.data
        if want == "record" or data is None:
            return WorkerAnswer(inspect_item(inspector, item))
        if want == "jpeg":
            return guarded(item, lambda: _given_back(inspector, data, item.name, self.timeout), lost_answer)
        return guarded(item, lambda: _looked_at(inspector, data, item.name, want), lost_answer)


def lost_answer(item: Item, reason: Reason, message: str) -> WorkerAnswer:
    """The answer to a job whose worker crashed or took too long."""
    return WorkerAnswer(lost_record(item, reason, message))


def _given_back(inspector: Inspector, data: bytes, name: str, timeout: float) -> WorkerAnswer:
    """The JPEG whose pixels the image has; else the record says why there is none."""
    from jpegqf.coefficients.restored import How, restored_from
    from jpegqf.coefficients.source import read_source
    from jpegqf.inspection.to_record import to_record

    found = inspector.look(data, name)
    record = to_record(found)
    try:
        pixels, metadata = read_source(data, min(inspector.max_pixels, MOST_RESTORED))
        how = How(seconds=SEARCH_SHARE * timeout)
        return WorkerAnswer(record, jpeg=restored_from(found, pixels, metadata, how).jpeg)
    except ImageError as issue:
        status = Status.ERROR if isinstance(issue, ImageBrokenError) else Status.SKIPPED
        return WorkerAnswer(replace(record, status=status, reason=issue.reason.value, message=str(issue)))


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
