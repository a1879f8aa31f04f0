"""The Python client: a state machine per namespace, a shared connection, typed commands and events.

Read `machine` first: what a client decides stands there, without I/O. `shell` surrounds it with a `connection`
(`engine`, `websocket`, `polling`), timers and an inbox; `namespace` gives it a typed face, `chat`, `notifications`,
`analytics` and `collaboration` theirs with commands, and `sync` blocking ones for scripts. A `document` keeps itself up
to date: `document_editing` says what is sent when, `document_text` makes a string of it. `service` is the backend's
side: requests over HTTP, without a machine; `job` reports work by it while it goes on, `celery` that of Celery's tasks.
"""

from coursewire.client.analytics import AnalyticsClient, AnalyticsGap, AnalyticsUpdate
from coursewire.client.chat import ChatClient, Gap
from coursewire.client.collaboration import CollaborationClient
from coursewire.client.document import Document
from coursewire.client.job import AsyncJob, Job
from coursewire.client.job_life import Pace
from coursewire.client.job_progress import JobCancelled
from coursewire.client.link import LinkOptions
from coursewire.client.namespace import Meta, NamespaceClient
from coursewire.client.notifications import InboxGap, NotificationsClient
from coursewire.client.options import ClientOptions
from coursewire.client.outputs import Diagnostics
from coursewire.client.service import ServiceClient

__all__ = [
    "AnalyticsClient",
    "AnalyticsGap",
    "AnalyticsUpdate",
    "AsyncJob",
    "ChatClient",
    "ClientOptions",
    "CollaborationClient",
    "Diagnostics",
    "Document",
    "Gap",
    "InboxGap",
    "Job",
    "JobCancelled",
    "LinkOptions",
    "Meta",
    "NamespaceClient",
    "NotificationsClient",
    "Pace",
    "ServiceClient",
]
