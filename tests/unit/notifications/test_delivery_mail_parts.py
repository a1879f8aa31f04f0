"""What stands in a mail: text and HTML that nobody can slip anything into, headers that programs rely on, links."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from coursewire.namespaces.notifications.delivery.links import Links, Unsubscribe
from coursewire.namespaces.notifications.delivery.mail import LISTED, Kind, MailItem, Sender, Writer

URL = "https://campus.example.edu"
NOW = 1_763_985_600_000
LINKS = Links("a secret of the database", URL + "/")


def written(
    *items: MailItem, kind: Kind = "immediate", sender: str = "Campus <no-reply@example.edu>"
) -> EmailMessage:
    """Write a mail, and read it as a receiver would."""
    message = Writer(Sender.parse(sender), LINKS).write(
        id_="row-1", user_id="ben", recipient="ben@example.edu", kind=kind, items=items, now=NOW
    )
    read = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def item(**fields: Any) -> MailItem:
    return MailItem(**({"category": "grade", "title": "Graded: Sheet 3"} | fields))


def test_one_notification_in_text_and_html() -> None:
    message = written(
        item(
            body="Well **done**.",
            html="<p>Well <strong>done</strong>.</p>",
            course="Computing",
            actor="Ada Lovelace",
            action=("See the grade", "/courses/cs101/sheet-3"),
            count=2,
        )
    )
    text, html = parts(message)
    assert message["Subject"] == "Graded: Sheet 3"
    for said in (
        "Computing",
        "Ada Lovelace",
        "(2 of these)",
        f"{URL}/courses/cs101/sheet-3",
        "See the grade",
    ):
        assert said in text
        assert said in html
    assert "Well **done**." in text
    assert "<strong>done</strong>" in html


def test_headers_that_mail_programs_rely_on() -> None:
    message = written(item())
    assert message["From"] == "Campus <no-reply@example.edu>"
    assert message["To"] == "ben@example.edu"
    assert message["Message-ID"] == "<row-1@example.edu>"
    assert message["Date"].datetime.timestamp() == NOW / 1_000
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = message["List-Unsubscribe"].strip("<>")
    assert url.startswith(f"{URL}/v1/notifications/unsubscribe?token=")
    assert LINKS.read(url.partition("token=")[2]) == Unsubscribe("ben", "grade")
    assert url in parts(message)[0]


def test_what_is_mandatory_has_no_link_to_stop_it() -> None:
    message = written(item(mandatory=True))
    assert message["List-Unsubscribe"] is None
    assert "cannot be switched off" in parts(message)[0]


def test_a_digest_tells_how_many_there_are_and_lists_some() -> None:
    message = written(*(item(title=f"Sheet {number}.") for number in range(LISTED + 7)), kind="weekly")
    text, html = parts(message)
    assert message["Subject"] == f"Your weekly digest: {LISTED + 7} notifications"
    assert f"Sheet {LISTED - 1}." in text
    assert f"Sheet {LISTED}." not in text + html
    assert "And 7 more" in text
    assert "And 7 more" in html
    token = message["List-Unsubscribe"].strip("<>").partition("token=")[2]
    assert LINKS.read(token) == Unsubscribe("ben", "weekly")


INJECTIONS = (
    "Hello\r\nBcc: everybody@example.edu",
    "Hello\nSubject: other\n\nbody",
    "Hello\u2028Bcc: x@example.edu",
    "Hello\x00\x1b[31m\u202egnp",
    "=?utf-8?q?=0D=0ABcc:_x@example.edu?=",
)


@pytest.mark.parametrize("wicked", INJECTIONS)
def test_no_text_becomes_a_header(wicked: str) -> None:
    message = written(item(title=wicked, course=wicked, actor=wicked, action=(wicked, "/x")))
    assert message["Bcc"] is None
    assert message.get_all("Subject") is not None
    assert len(message.get_all("Subject", [])) == 1
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
        "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        *(
            (title, title)
            for title in ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937")
        ),
        ("\U0001f469\u200d\U0001f4bb is on", "\U0001f469\u200d\U0001f4bb is on"),
        ("\u05d2 3\u200f!", "\u05d2 3\u200f!"),
        ("Donau\u00addampf", "Donaudampf"),
        ("\u202eabc\u202c\u2066def\u2069", "abcdef"),
        ("=\u202e?utf-8?q?a?=", "= ?utf-8?q?a?="),
    ],
)
def test_words_of_all_scripts_stay_whole_and_none_turns_the_line(title: str, shown: str) -> None:
    message = written(item(title=title))
    assert message["Subject"] == shown
    assert email.message_from_bytes(message.as_bytes(), policy=email.policy.default)["Subject"] == shown


class Tags(HTMLParser):
    """What a mail program would make of some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


WICKED_HTML = (
    "<script>alert(1)</script>",
    "<img src=https://spy.example/pixel.gif onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<p style="background:url(https://spy.example/x)">x</p>',
    "<svg onload=alert(1)>",
    '<iframe src="https://spy.example"></iframe>',
    '<link rel=stylesheet href="https://spy.example/x.css">',
)


@pytest.mark.parametrize("wicked", WICKED_HTML)
def test_html_brings_nothing_that_runs_or_loads(wicked: str) -> None:
    html = parts(
        written(
            item(title=wicked, actor=wicked, course=wicked, html=wicked, action=(wicked, "/x")), kind="daily"
        )
    )[1]
    seen = Tags()
    seen.feed(html)
    assert seen.tags <= {"html", "head", "meta", "title", "body", "div", "h1", "h2", "p", "a"}
    assert {name for name, _ in seen.attributes} <= {
        "lang", "charset", "name", "content", "style", "href", "rel"
    }  # fmt: skip
    for name, value in seen.attributes:
        assert name != "href" or value.startswith("https://campus.example.edu/")
        assert name != "style" or "url" not in value
    assert "&lt;" in html, "titles and names are shown as they are written"


@pytest.mark.parametrize(
    "wicked",
    ["javascript:alert(1)", "data:text/html,x", "//spy.example", "/\\spy.example", "ftp://spy.example"],
)
def test_an_action_leads_to_the_web_or_nowhere(wicked: str) -> None:
    text, html = parts(written(item(action=("Open", wicked))))
    assert wicked not in text
    assert wicked not in html


def test_letters_of_all_kinds_go_through_seven_bits() -> None:
    title = "Grüße 🎉 " + "ж" * 300
    message = Writer(Sender.parse("Büro <no-reply@example.edu>"), LINKS).write(
        id_="a",
        user_id="ben",
        recipient="ben@example.edu",
        kind="immediate",
        items=[item(title=title)],
        now=NOW,
    )
    data = message.as_bytes()
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    subject = email.message_from_bytes(data, policy=email.policy.default)["Subject"]
    assert subject.startswith("Grüße 🎉 жж")
    assert len(subject) == 150


@pytest.mark.parametrize(
    "text", ["Campus <no-reply@example.edu>", "no-reply@example.edu", '"A, B" <a@b.edu>', "Büro <a@b.edu>"]
)
def test_senders(text: str) -> None:
    assert Sender.parse(text).address.addr_spec in {"no-reply@example.edu", "a@b.edu"}


@pytest.mark.parametrize(
    "text", ["", "Campus", "Campus <>", "a@", "@b", "a@b\r\nBcc: c@d", "<a@b> <c@d>", "ä@b.edu"]
)
def test_senders_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="must be an address"):
        Sender.parse(text)


# Links


def test_only_our_own_links_are_read() -> None:
    what = Unsubscribe("a.b@c:d-e_f", "grade")
    token = LINKS.token(what)
    assert LINKS.read(token) == what
    other = Links("another secret", URL).token(what)
    said, _, signature = token.partition(".")
    foreign = LINKS.token(Unsubscribe("ada", "grade"))
    for wrong in (
        "", ".", token[:-2], token + "AA", said, f"{said}.", f".{signature}", other, "x" * 600,
        f"{foreign.partition('.')[0]}.{signature}", f"{said}.ä", token.replace(".", "!"),
    ):  # fmt: skip
        assert LINKS.read(wrong) is None, wrong
