"""Documents as HTML and text, and HTML and text as documents: only what the editor knows, and nothing that runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlText
from tests.property.yjs_nonsense import root_of
from tests.unit.collaboration.shown import wrong_in
from tests.unit.text.hostile import HOSTILE

from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import check_profile
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of, safe_link, text_of
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html, doc_of_text

KEPT = {
    "<p>Hegel &lt;b&gt; &amp; <strong>Kant</strong></p>": "Hegel <b> & Kant\n",
    "<h2>One</h2><p></p><h6>Six</h6>": "One\n\nSix\n",
    '<p><a href="https://e.org/?a=1&amp;b=2" rel="noopener nofollow ugc">here</a> 😀</p>': "here 😀\n",
    "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li><li><p>c</p></li></ul>": "a\nb\nc\n",
    '<ol start="3"><li><p>c</p></li></ol>': "c\n",
    "<blockquote><p>q</p><p>r</p></blockquote><hr><p>one<br>two</p>": "q\nr\none\ntwo\n",
    "<pre><code>if a &lt; b:\n    c</code></pre>": "if a < b:\n    c\n",
    "<p><strong><em><u><s><code>all</code></s></u></em></strong></p>": "all\n",
}


@pytest.mark.parametrize(("html", "text"), KEPT.items())
def test_what_the_editor_knows_comes_out_as_it_went_in(html: str, text: str) -> None:
    doc = doc_of_html(html)
    assert (html_of(doc), text_of(doc)) == (html, text)


CHANGED = {
    "": "<p></p>",
    "loose text": "<p>loose text</p>",
    "<p>a</p>\n  <p>b</p>": "<p>a</p><p>b</p>",
    "<p> a\n  b </p>": "<p>a b</p>",
    "<p>a <b>b</b> c</p>": "<p>a <strong>b</strong> c</p>",
    "<ul><li>a<li>b</ul>": "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
    "<ul><p>a</p></ul>": "<ul><li><p>a</p></li></ul>",
    "<ul></ul><p>a</p>": "<p>a</p>",
    "<li>a</li>": "<p>a</p>",
    "<table><tr><td>a<td>b</table>": "<p>a</p><p>b</p>",
    "<div>a</div><div>b</div>": "<p>a</p><p>b</p>",
    "<h3>a<p>b</p></h3>": "<h3>a</h3><p>b</p>",
    "<script>alert(1)</script><style>p{}</style>a": "<p>a</p>",
    '<p onclick="x()" style="color:red">a</p>': "<p>a</p>",
    '<p><a href="javascript:alert(1)">a</a></p>': "<p>a</p>",
    '<p><a href="/relative">a</a></p>': "<p>a</p>",
    f'<p><a href="https://e.org/{"x" * 2_000}">a</a></p>': "<p>a</p>",
    "<img src=x onerror=alert(1)>a": "<p>a</p>",
    "<pre>a <b>b</b></pre>": "<pre><code>a b</code></pre>",
    "<p>a\x00\x07b</p>": "<p>ab</p>",
}


@pytest.mark.parametrize(("given_html", "html"), CHANGED.items())
def test_the_rest_becomes_what_the_editor_knows(given_html: str, html: str) -> None:
    assert html_of(doc_of_html(given_html)) == html


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_is_harmless(html: str) -> None:
    assert wrong_in(html_of(doc_of_html(html))) == []


@given(
    st.lists(
        st.sampled_from([*KEPT, *CHANGED, *HOSTILE, "<ul>", "</li>", "<b>", "</p>", "x ", "\n"]), max_size=6
    )
)
def test_whatever_goes_in_is_a_document_that_an_editor_could_have_written(pieces: list[str]) -> None:
    doc = doc_of_html("".join(pieces), client_id=9)
    state = doc.get_update()
    update = read_update(state)
    assert missing(update, {}) is None
    check_profile(update, Known())
    assert set(update.blocks) == {9}
    html = html_of(doc)
    assert html_of(doc_of_html(html)) == html


@given(st.text())
def test_every_text_is_there(text: str) -> None:
    assert html_of(doc_of_text(text)).count("<p>") == text_of(doc_of_text(text)).count("\n")


def test_lists_have_a_bounded_depth() -> None:
    html = html_of(doc_of_html("<ul><li>" * 400 + "deep"))
    assert html.count("<ul>") <= 30
    assert "deep" in html


def hostile_doc() -> Doc[Any]:
    doc: Doc[Any] = Doc()
    root = root_of(doc)
    script = root.children.append(XmlElement("script", {"src": "x"}))
    script.children.append(XmlText("alert(1)"))
    paragraph = root.children.append(XmlElement("paragraph", {"onclick": "x()", "class": '"><b>'}))
    text = paragraph.children.append(XmlText("<img src=x>\x00"))
    text.format(0, 4, {"link": {"href": 'https://e.org/"onmouseover="x()'}, "blink": {}, "bold--abc": {}})
    text.format(4, 8, {"link": {"href": "java\nscript:alert(1)"}})
    heading = root.children.append(XmlElement("heading"))
    heading.attributes["level"] = '1 onclick="x()"'
    return doc


def test_a_hostile_document_is_harmless() -> None:
    html = html_of(hostile_doc())
    assert wrong_in(html) == []
    assert html == (
        "alert(1)"
        '<p><a href="https://e.org/&quot;onmouseover=&quot;x()" rel="noopener nofollow ugc">'
        "<strong>&lt;img</strong></a>"
        " src=x&gt;</p><h1></h1>"
    )
    assert "\x00" not in text_of(hostile_doc())


def test_a_document_that_is_too_deep_ends_somewhere() -> None:
    doc: Doc[Any] = Doc()
    inner: Any = root_of(doc)
    for _ in range(300):
        inner = inner.children.append(XmlElement("blockquote"))
    inner.children.append(XmlText("deep"))
    assert html_of(doc).count("<blockquote>") == html_of(doc).count("</blockquote>") == 101
    assert text_of(doc) == ""


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        " java\tscript:x",
        "data:text/html,x",
        "vbscript:x",
        "//e.org",
        "/x",
        "https:",
        "",
        None,
        5,
    ],
)
def test_a_link_that_runs_or_leads_nowhere_is_none(href: object) -> None:
    assert safe_link(href) is None


@pytest.mark.parametrize("href", ["https://e.org/x", "HTTP://e.org", "mailto:ada@e.org"])
def test_a_link_to_the_web_is_one(href: str) -> None:
    assert safe_link(href) == href
