"""Which Markdown there is, and how much of it one text may hold.

It is https://spec.commonmark.org/0.31.2/ and `~~strike~~`, less what is named here.

There are paragraphs, line breaks, bold, italic, strike, code, fenced code, quotes, lists, links and mentions. There are
no headings, tables, rules, entities or raw HTML: a message that begins with `#` or `&lt;` means those characters. An
image becomes a link, so that no reader's browser asks a foreign server for anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

Mentions = Mapping[str, str | None]
"""What stands behind an `@` in lower case, and the user id that it means; None where it means several people."""

MOST_NESTING: Final = 20
MOST_LINES: Final = 1_000
MOST_BLOCKS: Final = 600
"""Tokens of blocks: about 200 paragraphs, or 120 list items."""
MOST_MARKS: Final = 800
"""Characters outside of fenced code that may begin or end something: each costs up to 10 us."""
MOST_BRACKETS: Final = 50
"""Of these the `[`, each of which looks for its end."""

AUTOMATIC: Final = "auto"
"""As the `info` of a link: its words are its address."""

_MARK = re.compile(r"[*_~`\[\]<\\@:!&]")
_SCHEME = re.compile(r"(?<![\w+.-])(https?|mailto)\Z", re.IGNORECASE)
_REST = re.compile(r":(//[^\s<>\"]{1,1000}|[^\s<>\"/@]{1,64}@[^\s<>\"/@]{1,255})")
_ALLOWED = re.compile(r"(https?://|mailto:)\S", re.IGNORECASE)
_TRAILING = re.compile(r"[.,;:!?'*_~…]+\Z")
_PAIRS = {")": "(", "]": "[", "}": "{"}


def parse(text: str, mentions: Mentions | None = None) -> list[Token]:
    """Return the tokens of a text; of one that is too much to read, a single paragraph with the text as it is."""
    if text.count("\n") > MOST_LINES:
        return _as_it_is(text)
    return _GRAMMAR.parse(text, {_MENTIONS: _pattern(mentions or {}), _IDS: mentions or {}})


def html_of(tokens: Sequence[Token]) -> str:
    """Return the HTML of tokens. It is not to be trusted yet: `html.render` lets it through a sanitiser."""
    return str(_GRAMMAR.renderer.render(tokens, _GRAMMAR.options, {}))


def _pattern(mentions: Mentions) -> re.Pattern[str] | None:
    if not mentions:
        return None
    # The longest first: `Ann Lee` before `Ann`.
    names = "|".join(re.escape(name) for name in sorted(mentions, key=len, reverse=True))
    return re.compile(rf"@({names})(?!\w)", re.IGNORECASE)


_MENTIONS, _IDS = "mentions", "mention_ids"


def _mention(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Make a mention of `@name`, where a name of this text follows and no word goes before."""
    pattern = state.env[_MENTIONS]
    if pattern is None or state.src[state.pos] != "@" or _follows_a_word(state):
        return False
    found = pattern.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("mention", "span", 0)
        token.content = found[0]
        token.meta = {"user_id": state.env[_IDS].get(found[1].lower())}
    state.pos = found.end()
    return True


def _follows_a_word(state: StateInline) -> bool:
    before = state.src[state.pos - 1] if state.pos else " "
    return before.isalnum() or before in "_/@.-"


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Make a link of `https://...`, `http://...` and `mailto:...`, at their colon: what is before it waits as text."""
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = _SCHEME.search(state.pending[-32:])
    rest = _REST.match(state.src, state.pos, state.posMax) if scheme else None
    if scheme is None or rest is None:
        return False
    tail = _trimmed(rest[0])
    url = state.md.normalizeLink(scheme[1] + tail)
    if len(tail) < len("://x") or not state.md.validateLink(url):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        opening = state.push("link_open", "a", 1)
        opening.attrs, opening.info = {"href": url}, AUTOMATIC
        state.push("text", "", 0).content = scheme[1] + tail
        state.push("link_close", "a", -1)
    state.pos += len(tail)
    return True


def _trimmed(address: str) -> str:
    """Take off what ends a sentence, and brackets that were opened before the address."""
    while True:
        shorter = _TRAILING.sub("", address)
        if (
            shorter
            and shorter[-1] in _PAIRS
            and shorter.count(shorter[-1]) > shorter.count(_PAIRS[shorter[-1]])
        ):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _bound(state: StateCore) -> None:
    """Read a text that would cost too much as one that has no markup: nothing of it is lost."""
    contents = [token.content for token in state.tokens if token.type == "inline"]
    if (
        len(state.tokens) > MOST_BLOCKS
        # The parser leaves out what is nested deeper.
        or any(token.level >= MOST_NESTING - 1 for token in state.tokens)
        or sum(content.count("[") for content in contents) > MOST_BRACKETS
        or sum(len(_MARK.findall(content)) for content in contents) > MOST_MARKS
    ):
        state.tokens = _as_it_is(state.src)


def _as_it_is(text: str) -> list[Token]:
    """Return a text as one paragraph in which nothing means anything but the line breaks."""
    children: list[Token] = []
    for line in re.sub(r"\n{3,}", "\n\n", text).split("\n"):
        if children:
            children.append(Token("softbreak", "br", 0))
        children.append(Token("text", "", 0, content=line))
    inline = Token("inline", "", 0, children=children)
    return [Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]


def _render_image(tokens: Sequence[Token], index: int, _: Any, __: MutableMapping[str, Any]) -> str:
    source, label = tokens[index].attrs["src"], tokens[index].content
    return f'<a href="{_escaped(str(source))}">{_escaped(label or str(source))}</a>'


def _render_mention(tokens: Sequence[Token], index: int, _: Any, __: MutableMapping[str, Any]) -> str:
    user_id = tokens[index].meta["user_id"]
    attribute = f' data-user-id="{_escaped(user_id)}"' if user_id else ""
    return f'<span class="mention"{attribute}>{_escaped(tokens[index].content)}</span>'


def _render_fence(tokens: Sequence[Token], index: int, _: Any, __: MutableMapping[str, Any]) -> str:
    return f"<pre><code>{_escaped(tokens[index].content)}</code></pre>\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class _Grammar(MarkdownIt):
    """markdown-it with the rules of this file; links go to pages and mailboxes elsewhere, and nowhere else."""

    def __init__(self) -> None:
        super().__init__("zero", {"html": False, "breaks": True, "maxNesting": MOST_NESTING})
        self.enable(
            [
                "paragraph", "blockquote", "list", "fence",
                "newline", "escape", "backticks", "strikethrough", "emphasis", "link", "image", "autolink",
                "balance_pairs", "fragments_join", "text_join",
            ]
        )  # fmt: skip
        self.inline.ruler.push("mention", _mention)
        self.inline.ruler.push("address", _address)
        self.core.ruler.after("block", "bound", _bound)
        self.renderer.rules.update(image=_render_image, mention=_render_mention, fence=_render_fence)  # type: ignore[attr-defined]  # a dict of rules

    def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
        """Whether a link is one; what is not stays the text that it was."""
        return _ALLOWED.match(url) is not None


_GRAMMAR: Final = _Grammar()
