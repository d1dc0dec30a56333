"""What the workers of these tests do; each of them imports this module, so it loads little."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from jpegqf.errors import CheckpointError, Reason
from jpegqf.inputs.item import Item


@dataclass(frozen=True)
class Behave:
    """What a worker does with an item is in the item's name."""

    def __call__(self) -> Callable[[Item], str]:
        return behave


def behave(item: Item) -> str:
    word = item.name.split("-")[0]
    if word == "segfault":
        ctypes.string_at(0)
    elif word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "exit":
        os._exit(3)
    elif word == "hang":
        time.sleep(600)
    elif word == "slow":
        time.sleep(0.05)
    elif word == "blas":
        return os.environ["OPENBLAS_NUM_THREADS"]
    elif word == "pid":
        return str(os.getpid())
    return item.name


@dataclass(frozen=True)
class Refuse:
    how: str

    def __call__(self) -> Callable[[Item], str]:
        if self.how == "error":
            raise CheckpointError("the model is damaged")
        os._exit(7)


def lost(item: Item, reason: Reason, words: str) -> str:
    return f"{reason.value}: {item.name}: {words}"
