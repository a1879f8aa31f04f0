"""The routes of /collaboration, for the LMS and for everybody's own programs."""

from __future__ import annotations

from fastapi import APIRouter

from coursewire.namespaces.collaboration.http.annotations import router as annotations_router
from coursewire.namespaces.collaboration.http.documents import router as documents_router

router = APIRouter()
router.include_router(documents_router)
router.include_router(annotations_router)
