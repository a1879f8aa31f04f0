"""The routes of /analytics, for the LMS and for workers."""

from __future__ import annotations

from fastapi import APIRouter

from coursewire.namespaces.analytics.http.activity import router as activity
from coursewire.namespaces.analytics.http.jobs import router as jobs
from coursewire.namespaces.analytics.http.milestones import router as milestones
from coursewire.namespaces.analytics.http.xapi import router as xapi

router = APIRouter()
router.include_router(activity)
router.include_router(jobs)
router.include_router(xapi)
router.include_router(milestones)
