"""Counts and times of requests, images and workers, as Prometheus reads them."""

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jpegqf.record import Record
from jpegqf.serving.problems import Problem
from jpegqf.serving.work import WorkerAnswer
from jpegqf.workers.pool import Pool

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS"))

log = logging.getLogger("jpegqf.serve")


class Metrics:
    """A server's own registry."""

    def __init__(self, pool: "Pool[WorkerAnswer]") -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "jpegqf_requests", "Answered requests.", ["method", "path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "jpegqf_request_seconds", "Time to answer.", ["path"], buckets=LATENCY_BUCKETS, registry=self.registry
        )
        self.now = Gauge("jpegqf_requests_now", "Requests with images in work.", registry=self.registry)
        self.images = Counter("jpegqf_images", "Images looked at.", ["status", "reason"], registry=self.registry)
        self.bytes = Counter("jpegqf_image_bytes", "Bytes of the images.", registry=self.registry)
        ProcessCollector(registry=self.registry)
        self.registry.register(_OfPool(pool))

    def looked_at(self, record: Record, size: int) -> None:
        """Count an image of ``size`` bytes."""
        self.images.labels(record.status.value, record.reason or "").inc()
        self.bytes.inc(size)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)


class _OfPool(Collector):
    """Reads the pool when it is asked, so that nothing is counted twice."""

    def __init__(self, pool: "Pool[WorkerAnswer]") -> None:
        self._pool = pool

    def collect(self) -> list[Metric]:
        """See the base class."""
        lost = CounterMetricFamily("jpegqf_workers_lost", "Workers that were replaced.", labels=["reason"])
        for reason, count in self._pool.restarts.items():
            lost.add_metric([reason.value], count)
        return [
            GaugeMetricFamily("jpegqf_workers", "Worker processes at most.", value=self._pool.jobs),
            GaugeMetricFamily("jpegqf_images_waiting", "Images in work or waiting.", value=self._pool.waiting),
            lost,
        ]


class Observed:
    """Counts and times every request; a fault of ours is logged, and answered in the shape of all errors."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            log.exception("a request failed")
            if status:
                raise
            await Problem(500, "internal error: the server's log tells more").response()(scope, receive, noted)
        finally:
            # Of a path that strangers choose, no label is made: their number has no bound.
            path = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, path, status).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - begun)
