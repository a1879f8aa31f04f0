"""Text without its markup: for previews, toasts and emails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it.token import Token

from coursewire.text.grammar import AUTOMATIC, parse
from coursewire.text.html import is_plain

_BULLET: Final = "• "


def plain(text: str) -> str:
    """Return a text without its markup, in lines; a link whose words are not its address has that behind them."""
    return text if is_plain(text) else "\n".join(_lines_of(parse(text)))


def preview(text: str, length: int = 140) -> str:
    """Return the beginning of a text in one line of up to `length` characters."""
    # Markup seldom takes half of a text, and nobody reads on for a preview.
    line = " ".join(plain(text[: length * 4]).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _lines_of(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield lines: quotes with `> `, list items with their sign, code as it stands, paragraphs after an empty line."""
    margin, is_first = _Margin(), True
    for token in tokens:
        margin.follow(token)
        if token.type not in {"fence", "inline"}:
            continue
        if not is_first and not margin.sign:
            yield ""
        is_first = False
        content = token.content.removesuffix("\n") if token.type == "fence" else _words(token.children)
        for line in content.split("\n"):
            yield margin.take() + line


class _Margin:
    """What stands before a line: the signs of the quotes and lists that it is in."""

    def __init__(self) -> None:
        self.sign = ""
        self._parts: list[str] = []
        self._numbers: list[int | None] = []

    def follow(self, token: Token) -> None:
        """Go into a block, or out of it."""
        match token.type:
            case "blockquote_open":
                self._parts.append("> ")
            case "bullet_list_open" | "ordered_list_open":
                self._numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
            case "list_item_open":
                self.sign, number = _BULLET, self._numbers[-1]
                if number is not None:
                    self.sign, self._numbers[-1] = f"{number}. ", number + 1
                self._parts.append(" " * len(self.sign))
            case "blockquote_close" | "list_item_close":
                self._parts.pop()
                self.sign = ""
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()

    def take(self) -> str:
        """Return the margin of the next line; the sign of an item stands before its first one only."""
        sign, self.sign = self.sign, ""
        before = "".join(self._parts)
        return before[: len(before) - len(sign)] + sign


def _words(tokens: Sequence[Token] | None) -> str:
    words: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens or ():
        match token.type:
            case "softbreak" | "hardbreak":
                words.append("\n")
            case "link_open":
                links.append(("" if token.info == AUTOMATIC else str(token.attrs["href"]), len(words)))
            case "link_close":
                address, start = links.pop()
                words.append(_behind("".join(words[start:]), address))
            case "image":
                address = str(token.attrs["src"])
                words += [token.content or address, _behind(token.content or address, address)]
            case _:
                words.append(token.content)
    return "".join(words)


def _behind(label: str, address: str) -> str:
    return "" if address in {label, ""} else f" ({address})"
