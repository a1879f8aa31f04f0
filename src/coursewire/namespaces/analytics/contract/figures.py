"""Figures of a course as they travel: taken apart again only for whoever asks for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from coursewire.namespaces.analytics.contract.metrics import Metrics
from coursewire.namespaces.analytics.contract.values import Window

Json = orjson.Fragment
"""A part that is written already."""


def written(said: Mapping[str, Any]) -> Json:
    """Return the JSON of something, to be put into that of something larger."""
    return orjson.Fragment(orjson.dumps(said))


class Figures:
    """The JSON of `Metrics`, and what they are of. Once a second they are told; seldom does anybody read them here."""

    __slots__ = ("_metrics", "course_id", "json", "scope", "window")

    def __init__(
        self, course_id: str, window: Window, scope: str, json: bytes, metrics: Metrics | None = None
    ) -> None:
        self.course_id = course_id
        self.window: Window = window
        self.scope = scope
        self.json = json
        self._metrics = metrics

    @classmethod
    def of(cls, metrics: Metrics) -> Figures:
        """Return figures that are there as values."""
        json = metrics.model_dump_json(exclude_none=True).encode()
        return cls(metrics.course_id, metrics.window, metrics.scope, json, metrics)

    @classmethod
    def written(cls, course_id: str, window: Window, said: Mapping[str, Any]) -> Figures:
        """Return figures for the staff that are there as the fields of `Metrics`, in their order."""
        return cls(course_id, window, "course", orjson.dumps(said))

    @property
    def metrics(self) -> Metrics:
        """The values. From any thread: of two that read them at once both get the same."""
        if self._metrics is None:
            self._metrics = Metrics.model_validate_json(self.json)
        return self._metrics
