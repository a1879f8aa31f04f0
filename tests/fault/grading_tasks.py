"""A Celery app whose workers are processes to be killed: its broker and its results are folders."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from celery import Celery

from coursewire.client.celery import About, JobReports


def about(_essays: int) -> About:
    return About(owner="ben", course="cs101")


def make(folder: Path, url: str, token: str) -> tuple[Celery, JobReports]:
    """Return the app; whoever publishes and whoever works make the same."""
    for name in ("queue", "control", "results"):
        (folder / name).mkdir(exist_ok=True)
    app = Celery("grading", broker="filesystem://", backend=f"file://{folder / 'results'}")
    queue = str(folder / "queue")
    options = {
        "data_folder_in": queue,
        "data_folder_out": queue,
        "control_folder": str(folder / "control"),
    }
    app.conf.update(broker_transport_options=options, broker_connection_retry_on_startup=False)
    reports = JobReports(app, url, token)

    def work(essays: int) -> dict[str, Any]:
        return {"graded": sum(1 for _ in reports.current().track(range(essays)))}

    def die(_essays: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(_essays: int) -> None:
        threading.Event().wait(60)

    grading = reports.job("essay-grading", about=about)
    app.task(name="work", shared=False)(grading(work))
    app.task(name="die", shared=False)(grading(die))
    app.task(name="hang", shared=False, time_limit=1)(grading(hang))
    terminated = reports.job("essay-grading", about=about, terminate=True)
    app.task(name="deaf", shared=False)(terminated(hang))
    return app, reports


if "GRADING_FOLDER" in os.environ:
    app, _ = make(Path(os.environ["GRADING_FOLDER"]), os.environ["GRADING_URL"], os.environ["GRADING_TOKEN"])
