"""Many files -> answers in order: read and prepared ahead by processes, asked about in batches on a GPU."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from PIL import Image

from jpegqf.engine import MOST_ASKED, Answer, Issue, Predictor, Prepared, one_by_one
from jpegqf.errors import Reason
from jpegqf.items import Item
from jpegqf.model import F32
from jpegqf.workers import supervised

LONGEST_WAIT = 0.2
"""Seconds from which on a batch waits for no more: rows come, and Ctrl-C is seen, however slow decoding is."""


def beside_model(predictor: Predictor) -> Predictor:
    """One that computes the evidence by PyTorch where the model runs."""
    from jpegqf.torch_evidence import TorchEvidence

    return replace(predictor, evidence=TorchEvidence(predictor.model.device))


def predict_files(
    predictor: Predictor, paths: Sequence[str], max_pixels: int
) -> Generator[tuple[str, Answer], None, None]:
    """As ``Predictor.predict_files``. A file that ends its process is an Issue; closing ends the processes.

    Raises DeviceError if the device fails, WorkerError if processes cannot start.
    """
    jobs = min(len(paths), os.cpu_count() or 1)
    items = (Item(path) for path in paths)
    prepared = supervised(items, _Prepare(_without_weights(predictor), max_pixels), _lost, jobs, None, MOST_ASKED)
    names = iter(paths)
    with closing(prepared):
        for some in _batches(prepared):
            yield from ((next(names), answer) for answer in predictor.answers(some))


def _batches(prepared: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Runs of what is ready."""
    batch: list[Prepared] = []
    begun = time.monotonic()
    for one in prepared:
        batch.append(one)
        if len(batch) >= MOST_ASKED or time.monotonic() - begun > LONGEST_WAIT:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch


@dataclass(frozen=True)
class _Prepare:
    """Called in a process, it gives what prepares a file."""

    predictor: Predictor
    max_pixels: int

    def __call__(self) -> Callable[[Item], Prepared]:
        Image.MAX_IMAGE_PIXELS = None  # ``max_pixels`` is the limit, told from the header
        return lambda item: self.predictor.prepared_file(item.name, self.max_pixels)


def _without_weights(predictor: Predictor) -> Predictor:
    """What a process needs to prepare files."""
    return replace(predictor, model=replace(predictor.model, run=_asked), evidence=one_by_one)


def _asked(evidence: F32) -> F32:
    raise AssertionError("the model is asked in the process that has it")


def _lost(item: Item, reason: Reason, words: str) -> Prepared:
    return Issue("error", words)
