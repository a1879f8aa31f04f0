"""An answer that shows what an event has said has its JSON: the same object is not written twice."""

from __future__ import annotations

import orjson
import pytest

from coursewire.realtime.attachments import encode_answer
from coursewire.realtime.contract import Once
from coursewire.vocabulary import Clean, Model


class Note(Model):
    """Something that is told and answered."""

    text: Clean
    pinned: bool | None = None


class OneNote(Once):
    """An answer around it."""

    note: Note
    own: bool | None = None
    beside: Note | None = None


NOTE = Note(text='said "once"\n\u00e9')
SAID = (NOTE, b'{"text":"as the event has it"}')


@pytest.mark.parametrize("more", [{}, {"own": True}, {"own": False}])
def test_what_was_said_is_not_written_again(more: dict[str, bool]) -> None:
    answer = encode_answer(OneNote.model_validate({"note": NOTE, "duplicate": True, **more}), SAID)
    assert orjson.loads(answer.json) == {"duplicate": True, "note": {"text": "as the event has it"}, **more}


def test_an_answer_is_the_same_with_what_was_said_and_without() -> None:
    answer = OneNote(note=NOTE, own=True)
    assert encode_answer(answer, (NOTE, NOTE.as_json())) == encode_answer(answer)


@pytest.mark.parametrize(
    "answer",
    [
        OneNote(note=Note(text=NOTE.text)),
        OneNote(note=NOTE, beside=Note(text="more")),
        Once(),
    ],
    ids=["something else that looks the same", "more than that", "nothing"],
)
def test_what_else_is_shown_is_written(answer: Once) -> None:
    assert encode_answer(answer, SAID).json == answer.model_dump_json(exclude_none=True).encode()


@pytest.mark.parametrize("text", ["", "plain", "a\u00e9", 'q"\\/', "two\nlines\tand \u2028 more"])
def test_a_model_is_written_as_pydantic_writes_it(text: str) -> None:
    note = Note(text=text)
    assert note.as_json() == note.model_dump_json(exclude_none=True).encode()


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "e\u0301"])
def test_what_is_not_one_line_of_ascii_is_made_clean(text: str) -> None:
    assert Note(text=text).text in {"a\nb", "\u00e9"}


@pytest.mark.parametrize("text", ["\x00", "a\x7f", "\x1b[m", "\x85"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        Note(text=text)
