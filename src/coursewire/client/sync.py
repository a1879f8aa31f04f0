"""The clients for scripts: the same methods, blocking, on an event loop in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import httpx

from coursewire.client import analytics as analysing
from coursewire.client import chat as chatting
from coursewire.client import collaboration as collaborating
from coursewire.client import notifications as notifying
from coursewire.client import service
from coursewire.client.analytics_known import Known
from coursewire.client.blocking import Blocking, blocking, looping
from coursewire.client.document import LAYOUT
from coursewire.client.job import Job
from coursewire.client.job_life import Pace, Work
from coursewire.client.namespace import NamespaceClient
from coursewire.client.options import ClientOptions
from coursewire.client.outputs import Diagnostics, State
from coursewire.client.sync_document import SyncDocument
from coursewire.client.token import Token
from coursewire.namespaces.notifications.contract import Counts
from coursewire.realtime.contract import Event, Ready

ClientT = TypeVar("ClientT", bound=NamespaceClient)


class SyncClient(Blocking[ClientT]):
    """What the blocking client of every namespace offers. A context manager; safe to use from any thread."""

    client: ClassVar[type[NamespaceClient]]

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        outbox: Path | str | None = None,
        patience: float | None = 10.0,
        options: ClientOptions | None = None,
    ) -> None:
        """Take what the asynchronous client takes."""
        super().__init__(self.client(url, token, outbox=outbox, patience=patience, options=options))  # type: ignore[arg-type]  # the subclass names both

    @property
    def state(self) -> State:
        """What the client is doing (CLI4)."""
        return self._client.state

    @property
    def diagnostics(self) -> Diagnostics:
        """The state with its figures."""
        return self._client.diagnostics

    @property
    def session(self) -> Ready | None:
        """Who one is, with the server's flags and limits."""
        return self._client.session

    def on(self, event: str | type[Event[Any]], handler: Callable[..., Any]) -> None:
        """Call a handler for an event, on the client's own thread: it must not call blocking methods."""
        self._client.on(event, handler)


class ChatClient(SyncClient[chatting.ChatClient]):
    """Rooms and messages: `with ChatClient(url, token) as chat: for message in chat.messages(room_id): ...`."""

    client = chatting.ChatClient

    messages = looping(chatting.ChatClient.messages)
    subscribe = blocking(chatting.ChatClient.subscribe)
    rooms = blocking(chatting.ChatClient.rooms)
    open_room = blocking(chatting.ChatClient.open_room)
    join = blocking(chatting.ChatClient.join)
    leave = blocking(chatting.ChatClient.leave)
    update_room = blocking(chatting.ChatClient.update_room)
    members = blocking(chatting.ChatClient.members)
    send = blocking(chatting.ChatClient.send)
    reply = blocking(chatting.ChatClient.reply)
    edit = blocking(chatting.ChatClient.edit)
    delete = blocking(chatting.ChatClient.delete)
    history = blocking(chatting.ChatClient.history)
    thread = blocking(chatting.ChatClient.thread)
    search = blocking(chatting.ChatClient.search)
    react = blocking(chatting.ChatClient.react)
    pin = blocking(chatting.ChatClient.pin)
    pins = blocking(chatting.ChatClient.pins)
    mark = blocking(chatting.ChatClient.mark)
    readers = blocking(chatting.ChatClient.readers)
    set_typing = blocking(chatting.ChatClient.set_typing)
    set_presence = blocking(chatting.ChatClient.set_presence)
    report = blocking(chatting.ChatClient.report)
    reports = blocking(chatting.ChatClient.reports)
    hide = blocking(chatting.ChatClient.hide)
    restore = blocking(chatting.ChatClient.restore)
    mute = blocking(chatting.ChatClient.mute)
    unmute = blocking(chatting.ChatClient.unmute)
    lock = blocking(chatting.ChatClient.lock)
    unlock = blocking(chatting.ChatClient.unlock)
    slow_mode = blocking(chatting.ChatClient.slow_mode)
    reveal = blocking(chatting.ChatClient.reveal)
    audit = blocking(chatting.ChatClient.audit)


class NotificationsClient(SyncClient[notifying.NotificationsClient]):
    """One's own inbox: `with NotificationsClient(url, token) as inbox: for item in inbox.arriving(): ...`."""

    client = notifying.NotificationsClient

    @property
    def counts(self) -> Counts | None:
        """What waits, by the server's count; None before the first session."""
        return self._client.counts

    arriving = looping(notifying.NotificationsClient.arriving)
    items = looping(notifying.NotificationsClient.items)
    page = blocking(notifying.NotificationsClient.page)
    mark = blocking(notifying.NotificationsClient.mark)
    mark_all = blocking(notifying.NotificationsClient.mark_all)
    snooze = blocking(notifying.NotificationsClient.snooze)
    preferences = blocking(notifying.NotificationsClient.preferences)
    update_preferences = blocking(notifying.NotificationsClient.update_preferences)


class AnalyticsClient(SyncClient[analysing.AnalyticsClient]):
    """Jobs, figures, milestones: `with AnalyticsClient(url, token) as live: for job in live.progress(job_id): ...`."""

    client = analysing.AnalyticsClient

    @property
    def known(self) -> Known:
        """The newest report about each job, window and milestone that was heard of or asked for."""
        return self._client.known

    subscribe_to_progress_updates = blocking(analysing.AnalyticsClient.subscribe_to_progress_updates)
    subscribe_to_analytics_updates = blocking(analysing.AnalyticsClient.subscribe_to_analytics_updates)
    unsubscribe = blocking(analysing.AnalyticsClient.unsubscribe)
    progress = looping(analysing.AnalyticsClient.progress)
    job = blocking(analysing.AnalyticsClient.job)
    jobs_page = blocking(analysing.AnalyticsClient.jobs_page)
    jobs = looping(analysing.AnalyticsClient.jobs)
    cancel_job = blocking(analysing.AnalyticsClient.cancel_job)
    metrics = blocking(analysing.AnalyticsClient.metrics)
    series = blocking(analysing.AnalyticsClient.series)
    at_risk = looping(analysing.AnalyticsClient.at_risk)
    milestones_page = blocking(analysing.AnalyticsClient.milestones_page)
    milestones = looping(analysing.AnalyticsClient.milestones)
    alerts = looping(analysing.AnalyticsClient.alerts)
    record_activity = blocking(analysing.AnalyticsClient.record_activity)


class CollaborationClient(SyncClient[collaborating.CollaborationClient]):
    """Documents edited together: `with client.open_document(document_id) as document: document.text += "Hello"`."""

    client = collaborating.CollaborationClient

    def open_document(self, document_id: str, *, layout: int = LAYOUT) -> SyncDocument:
        """Return a document to be entered with `with`, which opens it, and saves what was written at its end."""
        return SyncDocument(self._run, self._client.open_document(document_id, layout=layout))

    documents = looping(collaborating.CollaborationClient.documents)
    documents_page = blocking(collaborating.CollaborationClient.documents_page)
    templates = blocking(collaborating.CollaborationClient.templates)
    create_document = blocking(collaborating.CollaborationClient.create_document)
    annotations = looping(collaborating.CollaborationClient.annotations)
    annotations_page = blocking(collaborating.CollaborationClient.annotations_page)
    annotate = blocking(collaborating.CollaborationClient.annotate)
    reply = blocking(collaborating.CollaborationClient.reply)
    edit_annotation = blocking(collaborating.CollaborationClient.edit_annotation)
    delete_annotation = blocking(collaborating.CollaborationClient.delete_annotation)
    resolve = blocking(collaborating.CollaborationClient.resolve)
    reanchor = blocking(collaborating.CollaborationClient.reanchor)
    versions = looping(collaborating.CollaborationClient.versions)
    versions_page = blocking(collaborating.CollaborationClient.versions_page)
    version = blocking(collaborating.CollaborationClient.version)
    compare = blocking(collaborating.CollaborationClient.compare)
    save_version = blocking(collaborating.CollaborationClient.save_version)
    restore_version = blocking(collaborating.CollaborationClient.restore_version)


class ServiceClient(Blocking[service.ServiceClient]):
    """What a backend says: `with ServiceClient(url, token) as lms: lms.put_course("cs101", "Computer Science")`."""

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        patience: float = 30.0,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take what the asynchronous client takes."""
        super().__init__(
            service.ServiceClient(url, token, patience=patience, timeout=timeout, transport=transport)
        )

    put_course = blocking(service.ServiceClient.put_course)
    course = blocking(service.ServiceClient.course)
    put_members = blocking(service.ServiceClient.put_members)
    members = blocking(service.ServiceClient.members)
    remove_member = blocking(service.ServiceClient.remove_member)
    put_group = blocking(service.ServiceClient.put_group)
    groups = blocking(service.ServiceClient.groups)
    group = blocking(service.ServiceClient.group)
    remove_group = blocking(service.ServiceClient.remove_group)
    issue_token = blocking(service.ServiceClient.issue_token)
    end_sessions = blocking(service.ServiceClient.end_sessions)
    erase_user = blocking(service.ServiceClient.erase_user)
    rooms = blocking(service.ServiceClient.rooms)
    open_room = blocking(service.ServiceClient.open_room)
    send = blocking(service.ServiceClient.send)
    history = blocking(service.ServiceClient.history)
    notify = blocking(service.ServiceClient.notify)
    delivery = blocking(service.ServiceClient.delivery)
    follow = looping(service.ServiceClient.follow)

    def job(
        self,
        kind: str,
        *,
        course: str | None = None,
        owner: str | None = None,
        title: str | None = None,
        total: int | None = None,
        job_id: str | None = None,
        pace: Pace | None = None,
    ) -> Job:
        """Report work while it goes on, from the client's thread: `with lms.job("essay-grading") as job: ...`.

        Takes what the asynchronous client takes.
        """
        work = Work(kind, course=course, owner=owner, title=title, job_id=job_id)
        return Job(self._run, self._client.requests, work, total, pace or Pace())

    create_job = blocking(service.ServiceClient.create_job)
    update_job = blocking(service.ServiceClient.update_job)
    record_activity = blocking(service.ServiceClient.record_activity)
    send_statements = blocking(service.ServiceClient.send_statements)
    put_milestones = blocking(service.ServiceClient.put_milestones)
    put_milestone = blocking(service.ServiceClient.put_milestone)
    create_document = blocking(service.ServiceClient.create_document)
    document = blocking(service.ServiceClient.document)
    change_document = blocking(service.ServiceClient.change_document)
    forget_past = blocking(service.ServiceClient.forget_past)
    delete_document = blocking(service.ServiceClient.delete_document)
    annotations = looping(service.ServiceClient.annotations)
    annotate = blocking(service.ServiceClient.annotate)
