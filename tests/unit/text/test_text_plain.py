"""Text without markup, for previews and emails."""

from __future__ import annotations

import pytest
from tests.unit.text.hostile import HOSTILE

from coursewire.text import plain, preview


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "hello"),
        ("**a** *b* ~~c~~ `d`\ne", "a b c d\ne"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("> a\n> b\n\nc", "> a\n> b\n\nc"),
        ("- a\n- b\n  - c", "• a\n• b\n  • c"),
        ("9. a\n10. b\n\n    c", "9. a\n10. b\n\n    c"),
        ("a\n\n```py\nx = 1\n\ny\n```\nb", "a\n\nx = 1\n\ny\n\nb"),
        ("[a](https://x.example) https://x.example", "a (https://x.example) https://x.example"),
        ("![i](https://x.example/i.png) <a@b.example>", "i (https://x.example/i.png) a@b.example"),
        ("@ben &amp; <b>", "@ben &amp; <b>"),
        ("", ""),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_preview_is_one_short_line() -> None:
    assert preview("**Hello** you\n\n- and\n- you") == "Hello you • and • you"
    assert preview("word " * 100, 20) == "word word word word…"
    assert preview("x" * 140) == "x" * 140
    assert len(preview("x" * 8_000)) == 140


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    assert len(plain(text)) <= 2 * len(text) + 10
    assert "\n" not in preview(text)
