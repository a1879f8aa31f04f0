"""The routes of /analytics, for the LMS and for workers."""

from __future__ import annotations

from fastapi import APIRouter

NAMESPACE = "/analytics"

router = APIRouter()
