"""The routes of /analytics, for the LMS and for workers."""

from __future__ import annotations

from fastapi import APIRouter

from coursewire.namespaces.analytics.http.activity import router as activity

router = APIRouter()
router.include_router(activity)
