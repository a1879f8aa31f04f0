"""The client of /analytics: what one listens to. What one asks and does stands in `analytics_commands`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from coursewire.client.analytics_commands import AnalyticsCommands
from coursewire.client.analytics_known import ENDS
from coursewire.client.analytics_missed import missed_alerts, missed_milestones
from coursewire.client.inbox import Stream
from coursewire.client.namespace import Meta
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError, Forbidden
from coursewire.namespaces.analytics import contract as analytics
from coursewire.realtime.contract import Event
from coursewire.vocabulary import Position

logger = logging.getLogger("coursewire.client")

_JOB_EVENTS: Final = frozenset({analytics.JobProgressed.event, analytics.JobFinished.event})
_NEWS: Final = frozenset(event.event for event in analytics.EVENTS)


@dataclass(frozen=True, slots=True)
class AnalyticsUpdate:
    """Something new: `event` is its name (`metrics.updated`), `data` the contract's model."""

    event: str
    data: Any


@dataclass(frozen=True, slots=True)
class AnalyticsGap:
    """More was missed on a channel than the server replays; jobs, figures, milestones and alerts were read anew.

    They are in `AnalyticsClient.known`, and callbacks are told of what has changed, as if they had heard it.
    """

    channel: str
    reason: str


@dataclass(eq=False, slots=True)
class Subscription:
    """A callback, and the channel that it needs: what `unsubscribe` takes."""

    callback: Callable[[Any], Any]
    job_id: str | None = None
    course: str | None = None
    channel: str | None = None
    told: int = field(default=-1, repr=False)
    """The revision that a callback for a job was told last."""


class AnalyticsClient(AnalyticsCommands):
    """Live progress of jobs, live figures of courses, milestones and alerts.

    `async with AnalyticsClient(url, token) as live: await live.subscribe_to_progress_updates(job_id, print)`
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._subscriptions: list[Subscription] = []
        self._streams: dict[Stream[analytics.Job], str] = {}
        self._heard_at: dict[str, str] = {}
        """Up to when a channel was heard that is listened to, by the server's clock; oneself since the client began."""
        self._began_at = ""

    # Listening

    async def subscribe_to_progress_updates(
        self, job_id: str, callback: Callable[[analytics.Job], Any]
    ) -> Subscription:
        """Call `callback(job)` with a job as it stands, then whenever it moves or ends; it may be async.

        Each report is told once, and none that is older than the last. Raises Forbidden, NotFound.
        """
        subscription = Subscription(callback, job_id=job_id, channel=f"job:{job_id}")
        self._subscriptions.append(subscription)
        try:
            await self.subscribe_channel(f"job:{job_id}")
        except BaseException:
            self._subscriptions.remove(subscription)
            raise
        # What came with the channel is still on its way to the handlers; what is known already may not come again.
        job = self.known.job(job_id)
        if job is not None:
            await self._tell_job(subscription, job)
        return subscription

    async def subscribe_to_analytics_updates(
        self, callback: Callable[[AnalyticsUpdate], Any], *, course: str | None = None
    ) -> Subscription:
        """Call `callback(update)` with what is new, each thing once: of a course, or without one whatever is told.

        Of a course its staff hear everything, others what is said to the whole class. Raises NotFound for whoever
        is not in it.
        """
        subscription = Subscription(callback, course=course)
        self._subscriptions.append(subscription)
        try:
            if course is not None:
                await self._join(subscription, course)
        except BaseException:
            self._subscriptions.remove(subscription)
            raise
        return subscription

    async def unsubscribe(self, what: Subscription | str | type[Event[Any]]) -> None:
        """Forget a callback; or, by an event's name, every handler of it.

        `job.progressed` also ends what `subscribe_to_progress_updates` began.
        """
        if isinstance(what, Subscription):
            self._drop(what)
            return
        name = what if isinstance(what, str) else what.event
        self._handlers.pop(name, None)
        if name in _JOB_EVENTS:
            for subscription in [one for one in self._subscriptions if one.job_id is not None]:
                self._drop(subscription)

    async def progress(self, job_id: str) -> AsyncGenerator[analytics.Job]:
        """Yield a job as it stands, then each newer report about it, until it has ended.

        A slow loop gets all of them, in order. Raises Forbidden or NotFound when it is, or becomes, nobody's business.
        """
        stream = Stream[analytics.Job]()
        self._streams[stream] = f"job:{job_id}"
        subscription = None
        try:
            subscription = await self.subscribe_to_progress_updates(job_id, stream.put)
            async for job in stream:
                yield job
                if job.state in ENDS:
                    return
        finally:
            stream.close()
            del self._streams[stream]
            if subscription is not None:
                self._drop(subscription)

    async def subscribe_channel(self, channel: str, since: Position | None = None) -> Position:
        """Listen to a channel, as every client does, and note since when."""
        position = await super().subscribe_channel(channel, since)
        self._heard_at.setdefault(channel, self.server_time)
        return position

    # What the shell tells

    def session_ready(self, data: Json) -> None:
        """Note since when one listens to oneself."""
        super().session_ready(data)
        self._began_at = self._began_at or self.server_time

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Fold it, run the handlers, then the callbacks of whom it is news to."""
        if meta.at is not None and (meta.channel in self._interest or meta.channel.startswith("user:")):
            self._heard_at[meta.channel] = max(meta.at, self._heard_at.get(meta.channel, ""))
        is_news = event in _NEWS and self.known.take(value)
        await super().handle_event(event, value, meta)
        await self._tell(event, value, is_news=is_news)

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Read anew what the log no longer has; the position was read before all of it (SUB3)."""
        before, figures = self.known.jobs, self.known.metrics
        missed = await self._read_anew(channel)
        await super().handle_event("gap", AnalyticsGap(channel, reason), Meta(channel=channel))
        for job in self.known.jobs.values():
            if job.id not in before or job.revision > before[job.id].revision:
                event = analytics.JobFinished if job.state in ENDS else analytics.JobProgressed
                await self._tell(event.event, job, is_news=True)
        for place, values in self.known.metrics.items():
            if values is not figures.get(place):
                await self._tell(analytics.MetricsUpdated.event, values, is_news=True)
        for name, value in missed:
            await self._tell(name, value, is_news=True)
        return position

    async def _read_anew(self, channel: str) -> list[tuple[str, Any]]:
        """Read what a channel tells of; return what of milestones and alerts is new, in its order."""
        kind, _, name = channel.partition(":")
        missed: list[tuple[str, Any]] = []
        if kind == "job":
            await self.job(name)
        elif kind == "user":
            await self.jobs_page(limit=100)
        elif kind == "course":
            await self.jobs_page(course=name, limit=100)
        since = self._heard_at.get(channel, self._began_at)
        if kind != "job":
            course = name if kind in {"course", "cohort"} else None
            found = await missed_milestones(self, course, since)
            missed += [(analytics.MilestoneReached.event, one) for one in found]
        if kind == "course":
            raised, cleared = await missed_alerts(self, name, since, self.server_time)
            missed += [(analytics.AlertCleared.event, one) for one in cleared]
            missed += [(analytics.AlertRaised.event, one) for one in raised]
        if kind in {"course", "cohort"}:
            for window in get_args(analytics.Window):
                if f"{name}/{window}" in self.known.metrics:
                    await self.metrics(name, window)
        return missed

    def channel_left(self, channel: str) -> None:
        """Count what is missed from when one listens there again."""
        self._heard_at.pop(channel, None)

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """Forget the callbacks of a channel that was taken away; of a course one may go on with its cohort's."""
        await super().channel_gone(channel, error)
        for stream in [one for one, of in self._streams.items() if of == channel]:
            stream.close(error)
        for subscription in [one for one in self._subscriptions if one.channel == channel]:
            subscription.channel = None
            if channel.startswith("course:") and subscription.course is not None:
                try:
                    await self._join(subscription, subscription.course)
                except CoursewireError:
                    logger.info("nothing more is told of the course %s: %s", subscription.course, error)
                else:
                    continue
            self._drop(subscription)

    async def close(self) -> None:
        """Disconnect for good, and end the loops."""
        await super().close()
        for stream in self._streams:
            stream.close()

    async def _join(self, subscription: Subscription, course: str) -> None:
        try:
            await self.subscribe_channel(f"course:{course}")
            subscription.channel = f"course:{course}"
        except Forbidden:
            await self.subscribe_channel(f"cohort:{course}")
            subscription.channel = f"cohort:{course}"

    def _drop(self, subscription: Subscription) -> None:
        if subscription not in self._subscriptions:
            return
        self._subscriptions.remove(subscription)
        if subscription.channel is not None:
            self.unsubscribe_channel(subscription.channel)

    # Callbacks

    async def _tell(self, event: str, value: Any, *, is_news: bool) -> None:
        for subscription in tuple(self._subscriptions):
            if subscription.job_id is not None:
                if event in _JOB_EVENTS and value.id == subscription.job_id:
                    await self._tell_job(subscription, value)
            elif is_news and subscription.course in (None, value.course_id):
                await self._call(subscription, AnalyticsUpdate(event, value))

    async def _tell_job(self, subscription: Subscription, job: analytics.Job) -> None:
        if job.revision > subscription.told:
            subscription.told = job.revision
            await self._call(subscription, job)

    @staticmethod
    async def _call(subscription: Subscription, value: Any) -> None:
        try:
            returned = subscription.callback(value)
            if inspect.isawaitable(returned):
                await returned
        except Exception:
            logger.exception("a callback of /analytics failed")
