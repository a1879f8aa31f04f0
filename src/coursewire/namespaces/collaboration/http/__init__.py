"""The routes of /collaboration, for the LMS and for everybody's own programs."""

from __future__ import annotations

from fastapi import APIRouter

from coursewire.namespaces.collaboration.http.annotations import router as annotations_router

router = APIRouter()
router.include_router(annotations_router)
