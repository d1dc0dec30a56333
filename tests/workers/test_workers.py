import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from behaviour import Behave, Refuse, lost

from jpegqf.errors import CheckpointError, WorkerError
from jpegqf.inputs.item import Item
from jpegqf.workers.stream import MOST_AHEAD, supervised


def results(names: list[str], jobs: int = 1, timeout: float | None = None) -> list[str]:
    return list(supervised(iter([Item(name) for name in names]), Behave(), lost, jobs, timeout))


def test_workers_compute_with_one_thread_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert results(["blas"]) == ["1"]
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert results(["blas"]) == ["3"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_come_in_the_order_of_the_items_whatever_takes_longer(jobs: int) -> None:
    names = [f"{'slow' if i % 37 == 0 else 'quick'}-{i}" for i in range(500)]
    assert results(names, jobs) == names


@pytest.mark.parametrize("word", ["segfault", "killed", "exit"])
def test_a_worker_that_crashes_costs_its_one_item(word: str) -> None:
    names = [f"quick-{i}" for i in range(300)]
    names[150] = f"{word}-150"
    found = results(names)
    said = {"segfault": "was ended by SIGSEGV", "killed": "was ended by SIGKILL", "exit": "ended with exit code 3"}
    assert found.pop(150) == f"crashed: {word}-150: its worker process {said[word]}"
    assert found == names[:150] + names[151:]


def test_a_worker_that_hangs_costs_its_one_item_and_the_time_allowed() -> None:
    begun = time.monotonic()
    names = [*[f"quick-{i}" for i in range(200)], "hang-a", *[f"quick-{i}" for i in range(200)]]
    found = results(names, timeout=1)
    assert found.pop(200) == "timeout: hang-a: took longer than 1 s"
    assert found == names[:200] + names[201:]
    assert time.monotonic() - begun < 30


def test_crashes_and_hangs_anywhere_leave_one_result_per_item_in_order() -> None:
    chance = random.Random(5)  # noqa: S311 - a test's choice
    words = chance.choices(["quick", "slow", "exit", "killed", "hang"], [200, 10, 2, 1, 1], k=250)
    names = [f"{word}-{i}" for i, word in enumerate(words)]
    found = results(names, jobs=2, timeout=1.5)
    for name, result in zip(names, found, strict=True):
        word = name.split("-")[0]
        reason = {"exit": "crashed: ", "killed": "crashed: ", "hang": "timeout: "}.get(word, "")
        assert result.startswith(reason + name)


def test_items_slower_than_a_message_but_within_the_time_allowed_are_not_lost() -> None:
    names = [*[f"quick-{i}" for i in range(130)], *[f"slow-{i}" for i in range(30)]]
    assert results(names, timeout=0.5) == names


def test_the_input_is_read_no_further_ahead_than_the_window() -> None:
    taken = 0

    def items() -> Iterator[Item]:
        nonlocal taken
        for i in range(10_000):
            taken += 1
            yield Item(f"quick-{i}" if i else "hang-0")

    first = next(supervised(items(), Behave(), lost, 2, 1.5))
    assert first.startswith("timeout: ")
    assert taken <= MOST_AHEAD + 1


def test_archive_members_are_held_within_their_limit_of_bytes() -> None:
    taken = 0

    def items() -> Iterator[Item]:
        nonlocal taken
        for i in range(100):
            taken += 1
            yield Item(f"quick-{i}" if i else "hang-0", bytes(2**24))

    next(supervised(items(), Behave(), lost, 2, 2))
    assert taken <= 9  # 128 MiB, and the one that filled them


def test_workers_that_cannot_start_are_told_and_not_tried_for_ever() -> None:
    with pytest.raises(WorkerError, match="cannot start: the last one ended with exit code 7"):
        list(supervised(iter([Item("a")]), Refuse("exit"), lost, 1, None))


def test_what_concerns_all_items_is_raised_not_written_into_rows() -> None:
    with pytest.raises(CheckpointError, match="the model is damaged"):
        list(supervised(iter([Item("a")]), Refuse("error"), lost, 1, None))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").exists() else True


def test_closing_the_stream_ends_the_workers() -> None:
    stream = supervised(iter([Item("pid-a"), Item("pid-b"), Item("hang-c")]), Behave(), lost, 2, None)
    pids = [int(next(stream)), int(next(stream))]
    stream.close()
    assert not any(alive(pid) for pid in pids)


PARENT = """
from jpegqf.inputs.item import Item
from jpegqf.workers.stream import supervised
from behaviour import Behave, lost
if __name__ == "__main__":
    for pid in supervised(iter([Item("pid-a"), Item("hang-b")]), Behave(), lost, 1, None):
        print(pid, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_parent_leaves_no_worker_behind_even_one_that_hangs(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=here) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    deadline = time.monotonic() + 20
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)
