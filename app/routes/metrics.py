"""What a Prometheus server may read: counts and seconds, nothing of anyone's text."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.engine.contract.outputs import EngineStats

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_NO_OUTCOMES = {"finished": 0, "cancelled": 0, "failed": 0, "timeout": 0}


class Metrics(Collector):
    """One registry per site, so that two sites in one process keep separate books.

    The engine's own counters are read when someone asks.
    """

    def __init__(self, stats: Callable[[], EngineStats | None]) -> None:
        self.registry = CollectorRegistry()
        self.rejected = 0  # requests refused before they ran
        self.ttft_seconds = Histogram(
            "pg_ttft_seconds",
            "From the request to its first token",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.queue_seconds = Histogram(
            "pg_queue_seconds", "Waiting for a place", buckets=_SECONDS, registry=self.registry
        )
        self._stats = stats
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        stats = self._stats() or EngineStats(0, 0, 0, 0, 0, 0.0, 0)
        yield GaugeMetricFamily("pg_running", "Requests that run", stats.running)
        yield GaugeMetricFamily("pg_waiting", "Requests that wait", stats.waiting)
        yield GaugeMetricFamily("pg_kv_bytes", "Memory of keys and values", stats.kv_bytes)
        yield CounterMetricFamily("pg_tokens", "Tokens generated", stats.tokens_total)
        yield CounterMetricFamily("pg_steps", "Turns of the engine", stats.steps_total)
        yield CounterMetricFamily("pg_accepted", "Requests taken in", stats.accepted)
        requests = CounterMetricFamily("pg_requests", "Requests by how they ended", labels=["outcome"])
        for outcome, count in (_NO_OUTCOMES | stats.requests | {"rejected": self.rejected}).items():
            requests.add_metric([outcome], count)
        yield requests
