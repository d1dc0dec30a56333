import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from behaviour import Behave, Refuse, lost
from test_workers import alive

from jpegqf.errors import CheckpointError, Reason, WorkerError
from jpegqf.inputs.item import Item
from jpegqf.workers.pool import Pool


@dataclass
class Asked:
    pool: Pool[str]

    def results(self, *names: str) -> list[str]:
        async def ask() -> list[str]:
            return await asyncio.gather(*(self.pool.ask(Item(name)) for name in names))

        return asyncio.run(ask())


@pytest.fixture
def two() -> Iterator[Asked]:
    pool: Pool[str] = Pool(Behave(), lost, 2, 1.0)
    yield Asked(pool)
    pool.close()


def test_each_item_gets_its_own_result_whatever_takes_longer(two: Asked) -> None:
    names = [f"{'slow' if i % 5 == 0 else 'quick'}-{i}" for i in range(40)]
    assert two.results(*names) == names
    assert two.pool.waiting == 0


def test_a_crash_costs_one_item_and_the_next_has_a_new_worker(two: Asked) -> None:
    found = two.results("segfault-a", *[f"quick-{i}" for i in range(20)], "exit-b")
    assert found[0] == "crashed: segfault-a: its worker process was ended by SIGSEGV"
    assert found[-1] == "crashed: exit-b: its worker process ended with exit code 3"
    assert found[1:-1] == [f"quick-{i}" for i in range(20)]
    assert two.pool.restarts == {Reason.CRASHED: 2, Reason.TIMEOUT: 0}


def test_a_hang_costs_one_item_and_the_time_allowed(two: Asked) -> None:
    two.pool.start()
    begun = time.monotonic()
    assert two.results("hang-a", "quick-b", "quick-c") == [
        "timeout: hang-a: took longer than 1 s",
        "quick-b",
        "quick-c",
    ]
    assert time.monotonic() - begun < 5
    assert two.results("quick-d") == ["quick-d"]


def test_a_worker_that_dies_while_it_waits_costs_nothing(two: Asked) -> None:
    two.pool.start()
    for pid in {int(pid) for pid in two.results("pid-a", "pid-b")}:
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # all its threads are gone, and it is still there to be found
    assert two.results("quick-c", "quick-d") == ["quick-c", "quick-d"]


def test_all_workers_start_before_the_first_item(two: Asked) -> None:
    two.pool.start()
    begun = time.monotonic()
    assert len(set(two.results("pid-a", "pid-b", "pid-c", "pid-d"))) == 2
    assert time.monotonic() - begun < 1


def test_workers_that_cannot_start_are_told_and_not_tried_for_ever() -> None:
    pool: Pool[str] = Pool(Refuse("exit"), lost, 1, 1.0)
    with pytest.raises(WorkerError, match="cannot start: the last one ended with exit code 7"):
        pool.start()
    pool.close()


def test_what_concerns_all_items_is_raised() -> None:
    pool: Pool[str] = Pool(Refuse("error"), lost, 1, 1.0)
    with pytest.raises(CheckpointError, match="the model is damaged"):
        pool.start()
    pool.close()


def test_closing_ends_the_workers_at_once_whatever_they_do() -> None:
    pool: Pool[str] = Pool(Behave(), lost, 2, 600.0)
    asked = Asked(pool)
    pool.start()
    pids = [int(pid) for pid in asked.results("pid-a", "pid-b")]

    async def close_while_it_hangs() -> list[object]:
        hanging = asyncio.gather(*(pool.ask(Item(f"hang-{i}")) for i in range(4)), return_exceptions=True)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(pool.close)
        return list(await hanging)

    begun = time.monotonic()
    assert [str(error) for error in asyncio.run(close_while_it_hangs())] == ["the workers were ended"] * 4
    assert time.monotonic() - begun < 3
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(WorkerError, match="were ended"):
        asked.results("quick-a")
