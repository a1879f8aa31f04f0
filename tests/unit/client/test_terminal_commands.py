"""Which messages the terminal's commands can name, and that it forgets the oldest ones."""

from __future__ import annotations

import pytest

from coursewire.client.terminal_commands import REMEMBERED, Shown, UsageError
from coursewire.namespaces.chat.contract import Author, Message


def message(number: int, **changes: str) -> Message:
    return Message.model_validate(
        {
            "id": f"m{number}",
            "room_id": "1",
            "number": number,
            "author": Author(user_id=f"u{number}", name=f"User {number}"),
            "text": "hello",
            "html": "",
            "sent_at": "2026-11-22T18:00:00.000Z",
            **changes,
        }
    )


def test_the_newest_form_of_a_message_counts() -> None:
    shown = Shown()
    shown.note(message(1))
    shown.note(message(1, text="hello again"))
    assert shown.get("1").text == "hello again"
    assert shown.name("u1", "me") == "User 1"
    assert shown.name("u2", "me") == "u2"
    assert shown.name("me", "me") == "You"


@pytest.mark.parametrize("number", ["", "2", "one", "-1", "1 1", "9" * 5_000, "²"])
def test_what_is_no_number_of_a_message(number: str) -> None:
    shown = Shown()
    shown.note(message(1))
    with pytest.raises(UsageError):
        shown.get(number)


def test_the_oldest_are_forgotten() -> None:
    shown = Shown()
    for number in range(1, REMEMBERED + 2):
        shown.note(message(number))
    with pytest.raises(UsageError):
        shown.get("1")
    assert shown.get("2").id == "m2"
    assert len(shown._messages) == len(shown._names) == REMEMBERED
