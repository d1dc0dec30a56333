from collections import Counter

import pytest

from jpegqf.cluster.progress import Progress, line
from jpegqf.scanning.summary import Tally


def tally() -> Tally:
    return Tally(
        Counter(ok=70, error=30),
        Counter(truncated=20, timeout=10),
        resumed=40,
        shards=Counter(done=6, resumed=4, failed=1),
    )


def test_a_line_tells_shards_images_rate_time_left_and_failures_by_reason() -> None:
    told = line(tally(), 20.0, (0.4, 0.5))
    assert told == "10 shards, 100 images, 3.0/s, 0:01:40 left, 20 truncated, 10 timeout, 1 shards failed"


def test_no_time_is_told_before_anything_is_behind() -> None:
    assert "left" not in line(tally(), 20.0, (0.4, 0.4))


def test_lines_come_no_more_often_than_asked_and_a_resumed_scan_counts_from_where_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("jpegqf.cluster.progress.time.monotonic", lambda: now[0])
    lines: list[str] = []
    progress = Progress(lines.append, seconds=10.0)
    for share in (0.9, 0.91, 0.92, 0.93, 0.94, 0.95):
        progress.show(tally(), share)
        now[0] += 4
    assert len(lines) == 1
    assert "0:00:28 left" in lines[0]
