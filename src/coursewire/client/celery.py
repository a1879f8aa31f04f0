"""Celery's tasks as jobs: reported by Celery's signals, and stopped when somebody calls them off.

Needs the extra `coursewire[celery]`. Nothing else of the client imports this module.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from celery import Celery, current_task, signals, states
from celery.exceptions import Ignore, Reject

from coursewire.client.celery_reporting import Reporting, Run
from coursewire.client.job_ending import Ending, said_by
from coursewire.client.job_life import Pace, Work
from coursewire.client.job_progress import JobCancelled, Progress
from coursewire.client.token import Token
from coursewire.errors import Invalid

logger = logging.getLogger("coursewire.client")

T = TypeVar("T")
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_MARK: Final = "__coursewire_job__"


@dataclass(frozen=True, slots=True)
class About:
    """What a call of a task works on. The same call has to say the same in the publisher and in the worker."""

    owner: str
    course: str | None = None
    title: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """How a task is reported."""

    reports: JobReports
    kind: str
    about: Callable[..., About]
    terminate: bool


class TaskJob(Progress):
    """How far the task has got. A task that is not run by a worker has one too, which nobody hears of."""

    def __init__(self, total: int | None = None, called_off: Callable[[], None] | None = None) -> None:
        super().__init__(total)
        self._called_off = called_off

    def track(self, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Yield the items; each counts when its turn is over. A task that is called off ends before the next one."""
        self._expect(items, total)
        return self._each(items)

    def heard(self, reply: Any) -> None:
        """Note what the server says; what is to be done when the job is called off is done once."""
        before = self._cancelled
        super().heard(reply)
        if self._cancelled and not before and self._called_off is not None:
            self._called_off()


class JobReports:
    """Reports the tasks of a Celery app that are marked by `job`, each as a job with the task's id.

    Published: `queued`. Taken by a worker: `running`. Retried: another attempt. Then `succeeded` (with what the task
    returns, when that is a dict), `failed` (with the exception's type and text), or `cancelled` when it was revoked or
    called off. Trouble with the server fails no task; it is logged, and a task waits for it at most `patience` seconds
    at its beginning and at its end.
    """

    def __init__(
        self, app: Celery, url: str, token: Token, *, patience: float = 5.0, pace: Pace | None = None
    ) -> None:
        """`token`: of role `service`, or a function that gets a fresh one."""
        self._app = app
        self._reporting = Reporting(url, token, patience)
        self._pace = pace or Pace()
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()
        for signal, receiver in self._receivers():
            signal.connect(receiver)

    def job(
        self, kind: str, *, about: Callable[..., About], terminate: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """Mark the function of a task: `@app.task` above, `@reports.job("essay-grading", about=...)` beneath.

        `about` takes the arguments of the call. A task that is called off ends in `track` or `stop_if_cancelled`; with
        `terminate` its process is terminated as well, which the prefork pool can.
        """

        def mark(function: FunctionT) -> FunctionT:
            @functools.wraps(function)
            def run(*arguments: Any, **options: Any) -> Any:
                job = self.current()
                try:
                    job.stop_if_cancelled()  # while it waited for a worker
                    return function(*arguments, **options)
                except JobCancelled as cancelled:
                    _mark_as_revoked()
                    raise Ignore("called off") from cancelled

            setattr(run, _MARK, _Task(self, kind, about, terminate))
            # Celery checks the arguments of a call by the signature, and does not look beneath a decorator.
            run.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # inspect documents it
            return run  # type: ignore[return-value]  # it takes and returns the same

        return mark

    def current(self) -> TaskJob:
        """Return the job of the task that runs here."""
        run = self._runs.get(current_task.request.id) if current_task else None
        return TaskJob() if run is None else run.job

    def close(self) -> None:
        """Listen to Celery no more, and end the thread that reports."""
        for signal, receiver in self._receivers():
            signal.disconnect(receiver)
        self._reporting.close()

    def _receivers(self) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            (signals.before_task_publish, self._published),
            (signals.task_prerun, self._begun),
            (signals.task_failure, self._failed),
            (signals.task_postrun, self._over),
            (signals.task_revoked, self._revoked),
            (signals.worker_process_shutdown, self._leave),
        )

    # What Celery says. A receiver that raises is logged by Celery, and the task goes on.

    def _published(self, sender: str, body: Any, headers: Mapping[str, Any], **_: Any) -> None:
        how = self._how(self._app.tasks.get(sender))
        if how is None or not isinstance(body, tuple):
            return
        if headers.get("retries"):
            # Said before another worker can take it: its `running` is to come after this.
            run = self._taken(headers["id"])
            if run is not None:
                self._reporting.wait_again(run)
            return
        about = how.about(*body[0], **body[1])
        self._reporting.announce(self._work(how, about, headers["id"]))

    def _begun(self, task_id: str, task: Any, args: Any, kwargs: Any, **_: Any) -> None:
        how = self._how(task)
        if how is None:
            return
        about = how.about(*args, **kwargs)
        job = TaskJob(about.total, lambda: self._reporting.in_thread(lambda: self._revoke(how, task_id)))
        run = self._reporting.run(self._work(how, about, task_id), job, self._pace)
        with self._lock:
            before, self._runs[task_id] = self._runs.get(task_id), run
        if before is not None:
            self._reporting.stop(before)
        self._reporting.begin(run)

    def _failed(self, sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
        if self._how(sender) is not None:
            self._end(task_id, Ending("failed", said_by(exception)))

    def _over(self, sender: Any, task_id: str, state: str | None, retval: Any, **_: Any) -> None:
        if self._how(sender) is None or (run := self._taken(task_id)) is None:
            return
        if state == states.SUCCESS:
            if isinstance(retval, dict) and run.job.result is None:
                _keep_result(run.job, retval)
            self._reporting.end(run, Ending("succeeded"))
        elif state == states.RETRY or (isinstance(retval, Reject) and retval.requeue):
            self._reporting.wait_again(run)
        elif state is None:
            self._reporting.stop(run)  # the worker is being stopped: whoever takes it next goes on
        else:
            self._reporting.end(run, Ending("cancelled"))

    def _revoked(self, sender: Any, request: Any, expired: bool, **_: Any) -> None:  # noqa: FBT001 - Celery's
        if self._how(sender) is None:
            return
        ending = Ending("failed", "it expired before a worker took it") if expired else Ending("cancelled")
        self._end(request.id, ending)

    def _leave(self, **_: Any) -> None:
        self._reporting.close()

    # Parts

    def _how(self, task: Any) -> _Task | None:
        how = getattr(getattr(task, "run", None), _MARK, None)
        return how if isinstance(how, _Task) and how.reports is self else None

    @staticmethod
    def _work(how: _Task, about: About, task_id: str) -> Work:
        return Work(how.kind, about.course, about.owner, about.title, task_id)

    def _taken(self, task_id: str) -> Run | None:
        with self._lock:
            return self._runs.pop(task_id, None)

    def _end(self, task_id: str, ending: Ending) -> None:
        run = self._taken(task_id)
        if run is None:
            # It ran in a process that is gone, or nowhere.
            self._reporting.end_elsewhere(task_id, ending)
        else:
            self._reporting.end(run, ending)

    def _revoke(self, how: _Task, task_id: str) -> None:
        # Also so that no worker begins a copy of it that waits.
        self._app.control.revoke(task_id, terminate=how.terminate)


def _mark_as_revoked() -> None:
    """Let whoever waits for the result know."""
    request = current_task.request
    if not request.is_eager:
        current_task.backend.mark_as_revoked(request.id, "called off", request=request)


def _keep_result(job: TaskJob, result: dict[str, Any]) -> None:
    try:
        job.result = result
    except Invalid as error:
        logger.info("what the task returns is not shown with its job: %s", error)
