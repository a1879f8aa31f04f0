"""The words that the parts of /analytics share."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, StringConstraints

from coursewire.vocabulary import Clean

Cursor = Annotated[str, Len(1, 512)]
"""Where a list goes on: only good for the command that gave it, with the same filter."""

Window = Literal["5m", "1h", "1d", "7d"]
"""How far back metrics look: 30 buckets of 10 s, 60 of 1 m, 24 of 1 h or 168 of 1 h, the one that runs included."""

Bucket = Literal["10s", "1m", "1h", "1d"]
"""The steps of a series. They begin at multiples of their length since 1970, in UTC."""

Verb = Literal["opened", "played", "paused", "answered", "submitted", "completed", "posted"]

ObjectId = Annotated[Clean, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\s]+$")]
"""What somebody worked on: an id of the LMS, or an IRI as xAPI has them; no blanks."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""From 0 to 1: a score is its share of the possible points."""
