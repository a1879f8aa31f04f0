"""What people write becomes safe HTML: what it looks like, what never comes out, and what it may cost."""

from __future__ import annotations

import pytest
from tests.unit.text.hostile import HOSTILE
from tests.unit.text.page import Page

from coursewire.text import render, without_mention
from coursewire.text.grammar import MOST_BLOCKS, MOST_BRACKETS, MOST_LINES, MOST_MARKS, MOST_NESTING, parse

LINK = 'target="_blank" rel="noopener nofollow"'
ANYBODY = {"ben": "b1", "ann": "a1", "ann lee": "a2", "staff": None, '"onclick="alert(1)': "x"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("hello", "<p>hello</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("a -> b, \"c\" & 'd' < e", "<p>a -&gt; b, \"c\" &amp; 'd' &lt; e</p>"),
        ("**b** *i* ~~s~~ `c<`", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c&lt;</code></p>"),
        ("snake_case and 3 * 4 * 5", "<p>snake_case and 3 * 4 * 5</p>"),
        ("# no heading\n## nor this", "<p># no heading<br>\n## nor this</p>"),
        ("a\n---\nb | c", "<p>a<br>\n---<br>\nb | c</p>"),
        ("&lt; stays", "<p>&amp;lt; stays</p>"),
        ("<b>no markup</b>", "<p>&lt;b&gt;no markup&lt;/b&gt;</p>"),
        ("> q\n> r", "<blockquote>\n<p>q<br>\nr</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("```py\nx < **1**\n```", "<pre><code>x &lt; **1**\n</code></pre>"),
        ("[a *b*](https://x.example 't')", f'<p><a href="https://x.example" {LINK}>a <em>b</em></a></p>'),
        ("![a](https://x.example/i.png)", f'<p><a href="https://x.example/i.png" {LINK}>a</a></p>'),
        ("[a](/logout)", "<p>[a](/logout)</p>"),
        ("![a](data:image/png,x)", "<p>![a](data:image/png,x)</p>"),
        ("see https://x.example/a_b(c).", f'<p>see <a href="https://x.example/a_b(c)" {LINK}>https://x.example/a_b(c)</a>.</p>'),
        ("**https://x.example**", f'<p><strong><a href="https://x.example" {LINK}>https://x.example</a></strong></p>'),
        ("(mailto:a@b.example)", f'<p>(<a href="mailto:a@b.example" {LINK}>mailto:a@b.example</a>)</p>'),
        ("a@b.example, file.py, xhttp://a", "<p>a@b.example, file.py, xhttp://a</p>"),
        ("[https://a.example](https://b.example)", f'<p><a href="https://b.example" {LINK}>https://a.example</a></p>'),
        ("\\*a\\*", "<p>*a*</p>"),
    ],
)  # fmt: skip
def test_what_it_looks_like(text: str, html: str) -> None:
    assert render(text) == html


def test_mentions_are_those_that_are_meant() -> None:
    html = render("@Ben, **@ann lee** and @ANN: `@ben` x@ben @benno @staff @eve", ANYBODY)
    assert html == (
        '<p><span class="mention" data-user-id="b1">@Ben</span>, '
        '<strong><span class="mention" data-user-id="a2">@ann lee</span></strong> and '
        '<span class="mention" data-user-id="a1">@ANN</span>: <code>@ben</code> x@ben @benno '
        '<span class="mention">@staff</span> @eve</p>'
    )
    assert render("@ben") == "<p>@ben</p>"


def test_a_mention_is_taken_out_again() -> None:
    """[LOG5] Of who is erased no id is left; the words stay those of who wrote them."""
    html = render("@ben and @ann", ANYBODY)
    assert without_mention(html, "b1") == render("@ben and @ann", {"ann": "a1"})
    assert without_mention(html, "b") == html


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_out(text: str) -> None:
    for whole in (
        text,
        f"a {text} b",
        f"> - **{text}**",
        f"[{text}](https://a.example)",
        f"<{text}>\n\n{text}",
    ):
        assert Page(render(whole, ANYBODY)).wrong == [], whole


def test_the_page_under_test_sees_what_is_wrong() -> None:
    for html in (
        "<script>",
        "<p onclick=x>a</p>",
        "<a href='https://a'>a</a>",
        "<b>x</b>",
        "<!-- x -->",
        "</p>",
    ):
        assert Page(html).wrong != []


@pytest.mark.parametrize("size", [8_000, 20_000])
@pytest.mark.parametrize(
    "piece",
    [
        "*", "_", "**a", "*a **a ", "a**b", "*_", "~~a", "[", "![", "](", "[a](", "[](", "[a][", "`", "``a `", "`a",
        "<", "<http://a", "&", "\\", "\\\n", "> ", ">", "- ", "- - ", "\t- ", "1. ", "```\n", "@ben ", "://", "http://",
        "https://x.example/((", "mailto:a@b.c ", "a\n\n", "- a\n", "> a\n\n", "    a\n", "\n", ")))http://a", "[x](<",
    ],
)  # fmt: skip
def test_whatever_is_repeated_stays_cheap(piece: str, size: int) -> None:
    """Work is bounded by tokens, nesting and marks: more of them is a text as it is, of which nothing is lost."""
    text = (piece * size)[:size]
    tokens = parse(text, ANYBODY)
    marks = sum(len(token.children or ()) for token in tokens if token.type == "inline")
    is_plain = [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"] and {
        child.type for child in tokens[1].children or ()
    } <= {"text", "softbreak"}
    assert is_plain or (len(tokens) <= MOST_BLOCKS and marks <= 3 * MOST_MARKS)
    assert max((token.level for token in tokens), default=0) < MOST_NESTING
    assert Page(render(text, ANYBODY)).wrong == []


@pytest.mark.parametrize(
    ("piece", "most"),
    [("*a* ", MOST_MARKS // 2), ("[a](https://a.example) ", MOST_BRACKETS), ("a\n\n", MOST_BLOCKS // 3)],
)
def test_up_to_its_bounds_a_text_is_read(piece: str, most: int) -> None:
    read, as_it_is = (Page(render("x\n\n" + piece * times)) for times in (most - 2, most + 2))
    assert len(read.elements) >= most - 2
    assert {tag for tag, _ in as_it_is.elements} <= {"p", "br"}
    assert len([tag for tag, _ in as_it_is.elements if tag == "p"]) == 1
    assert as_it_is.words.split() == ("x\n\n" + piece * (most + 2)).split()


def test_nesting_and_lines_are_bounded_too() -> None:
    deep = "> " * (MOST_NESTING + 5) + "still here"
    assert "still here" in render(deep)
    assert "<blockquote>" not in render(deep)
    assert render(">" * 5 + "a").count("<blockquote>") == 5
    assert "<strong>" not in render("**a**\n" * (MOST_LINES + 1))
