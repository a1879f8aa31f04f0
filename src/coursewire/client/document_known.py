"""What is known of a document beside its text: who is in it, and what is written beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from coursewire.namespaces.collaboration.contract import Annotation, Participant


class Known:
    """Participants and annotations, each as of its newest report."""

    def __init__(self) -> None:
        self.participants: dict[str, Participant] = {}
        """Who is in it, by user id."""
        self.annotations: dict[str, Annotation] = {}
        """Those that one may see, by id, in the order in which they were written; not those taken back."""

    def begin(self, participants: Iterable[Participant], annotations: Iterable[Annotation]) -> None:
        """Take what an opened document comes with, in place of everything."""
        self.participants = {one.user_id: one for one in participants if one.here}
        self.annotations = {one.id: one for one in annotations if one.state == "shown"}

    def note(self, news: Any) -> None:
        """Take what has happened, if it is about a participant or an annotation."""
        match news:
            case Participant(here=True):
                self.participants[news.user_id] = news
            case Participant():
                self.participants.pop(news.user_id, None)
            case Annotation():
                self._fold(news)

    def keep(self, audiences: Collection[str]) -> None:
        """Forget the annotations for people to whom one belongs no more; given those to whom one does still.

        These are `staff`, who see what is for every group, and `group:<id>`.
        """
        if "staff" in audiences:
            return
        seen = {"course", "private", *audiences}
        self.annotations = {key: one for key, one in self.annotations.items() if one.visibility in seen}

    def _fold(self, annotation: Annotation) -> None:
        known = self.annotations.get(annotation.id)
        if known is not None and known.revision > annotation.revision:
            return
        if annotation.state == "deleted":
            self.annotations.pop(annotation.id, None)
        else:
            self.annotations[annotation.id] = annotation
