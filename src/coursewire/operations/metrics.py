"""Prometheus text at `/metrics`, read at scrape time from plain counters: counting costs nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Values = float | Mapping[Any, float]
"""One number, or one for each value (str) of the label, or for each tuple of values of several labels."""
Read = Callable[[], Values]

_MAX_SERIES: Final = 500
"""Of one metric: label values that a client could choose must not fill a Prometheus server."""


class Metrics:
    """The metrics of one server. Give it functions that look at counters; they run when somebody scrapes."""

    def __init__(self, *, process: bool = True) -> None:
        """With `process`, memory, CPU and garbage collection of the process are told as well."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._sources: dict[str, tuple[type[Metric], str, tuple[str, ...], Read]] = {}
        self._registry.register(_Sources(self._collect))
        if process:
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)

    def counter(self, name: str, help_text: str, read: Read, labels: Iterable[str] = ()) -> None:
        """Tell a number that only grows, as `coursewire_<name>_total`."""
        self._add(CounterMetricFamily, name, help_text, tuple(labels), read)

    def gauge(self, name: str, help_text: str, read: Read, labels: Iterable[str] = ()) -> None:
        """Tell a number of now, as `coursewire_<name>`."""
        self._add(GaugeMetricFamily, name, help_text, tuple(labels), read)

    def text(self) -> bytes:
        """Return the page of all metrics."""
        return generate_latest(self._registry)

    def _add(
        self, kind: type[Metric], name: str, help_text: str, labels: tuple[str, ...], read: Read
    ) -> None:
        if name in self._sources:
            raise ValueError(f"the metric {name!r} is there already")
        self._sources[name] = (kind, help_text, labels, read)

    def _collect(self) -> Iterator[Metric]:
        for name, (kind, help_text, labels, read) in self._sources.items():
            family = kind(f"coursewire_{name}", help_text, labels=labels)  # type: ignore[call-arg]
            values = read()
            pairs = values.items() if isinstance(values, Mapping) else [((), values)]
            for label, value in list(pairs)[:_MAX_SERIES]:
                family.add_metric([label] if isinstance(label, str) else list(label), value)  # type: ignore[attr-defined]
            yield family


class _Sources(Collector):
    """What a registry wants to have: an object with `collect`."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self._from = collect

    def collect(self) -> Iterable[Metric]:
        return self._from()


def metrics_router(metrics: Metrics) -> APIRouter:
    """Return the page that Prometheus scrapes: numbers only; all the same, let the proxy keep it inside."""
    router = APIRouter(tags=["operations"])

    @router.get("/metrics", response_class=Response)
    async def page() -> Response:
        """Return all metrics as Prometheus text."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
