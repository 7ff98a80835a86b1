"""What Prometheus collects: counts and durations, with labels that no client chooses."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_NOTES = (1, 2, 4, 8, 16, 32, 64)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Measures:
    """The metrics of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "clem_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "clem_request_seconds",
            "Time from the headers of a request to the end of its response.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_progress = Gauge("clem_requests_in_progress", "Requests in progress.", registry=self.registry)
        self.notes = Counter(
            "clem_notes",
            "Notes by outcome: coded, unreadable, failed, refused (too much waits; at least one per "
            "request) or dropped (the client left, or the deadline passed).",
            ("outcome",),
            registry=self.registry,
        )
        self.tokens = Counter("clem_tokens", "Tokens that the model read.", registry=self.registry)
        self.codes = Counter(
            "clem_codes",
            "Codes suggested, by whether the rule assigns them.",
            ("decided",),
            registry=self.registry,
        )
        self.queue_notes = Gauge("clem_queue_notes", "Notes that wait for the model.", registry=self.registry)
        self.queue_characters = Gauge(
            "clem_queue_characters", "Characters that wait for the model.", registry=self.registry
        )
        self.batch_notes = Histogram(
            "clem_batch_notes", "Notes that were scored together.", buckets=_NOTES, registry=self.registry
        )
        self.batch_seconds = Histogram(
            "clem_batch_seconds", "Time to score a batch.", buckets=_SECONDS, registry=self.registry
        )
        self.ready = Gauge("clem_ready", "1 once the model is loaded.", registry=self.registry)

    def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
