"""Writes the mails: what stands in them, in text and HTML, and the headers that go with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Any, Final, Literal

import jinja2
import nh3
from markupsafe import Markup

from coursewire.namespaces.notifications.delivery.links import Links, Unsubscribe

Kind = Literal["immediate", "daily", "weekly"]

LISTED: Final = 50
"""Items that stand in one digest; of the others it says how many they are."""
MAX_SUBJECT: Final = 150

_TAGS: Final = {"a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "s", "strong", "ul"}
"""What of a body's HTML comes into a mail. No image: a mail that loads one tells its sender when it is read."""
JOINERS_AND_MARKS: Final = "\u200c\u200d\u200e\u200f"
"""Words and emoji of many scripts are others without them."""
_IN_PLACE: Final = {"Cc": " ", "Cs": " ", "Zl": " ", "Zp": " ", "Cf": ""}
"""By category, of characters that are not shown."""
_ADDRESS: Final = re.compile(r"(?:(?P<name>[^<>]*)<(?P<inside>[^<>]+)>|(?P<bare>[^<>]+))")

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__),
    autoescape=jinja2.select_autoescape(["html.jinja"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class MailItem:
    """One notification as a mail tells it."""

    category: str
    title: str
    body: str = ""
    html: str = ""
    """The body as HTML; it is cleaned again here."""
    course: str | None = None
    """The title of the course."""
    actor: str | None = None
    """The name of who caused it."""
    action: tuple[str, str] | None = None
    """Label and URL."""
    count: int = 1
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name mails are sent."""

    address: Address

    @classmethod
    def parse(cls, text: str) -> Sender:
        """Read `Campus <no-reply@example.edu>` or a bare address. Raises ValueError."""
        found = _ADDRESS.fullmatch(text.strip())
        spec = (found["inside"] or found["bare"] or "").strip() if found else ""
        user, at, domain = spec.rpartition("@")
        if not found or not at or not user or not domain or not text.isprintable() or not spec.isascii():
            raise ValueError("must be an address, such as Campus <no-reply@example.edu>")
        return cls(Address((found["name"] or "").strip().strip('"'), user, domain))


class Writer:
    """Writes mails in the name of one sender."""

    def __init__(self, sender: Sender, links: Links) -> None:
        self._sender = sender.address
        self._links = links

    @property
    def sender(self) -> str:
        """The bare address, for the envelope."""
        return self._sender.addr_spec

    def write(
        self, *, id_: str, user_id: str, recipient: str, kind: Kind, items: Sequence[MailItem], now: int
    ) -> EmailMessage:
        """Return a mail about one item, or a digest of several.

        The same `id_` gives the same Message-ID: a mail that is sent twice, because we died in between, is known to be
        the same one. `recipient` is as `on_envelope` gives it, `now` milliseconds since 1970.
        """
        is_digest = kind != "immediate"
        subject = _digest_subject(kind, len(items)) if is_digest else line(items[0].title, MAX_SUBJECT)
        url = None
        if is_digest or not items[0].mandatory:
            url = self._links.unsubscribe(Unsubscribe(user_id, kind if is_digest else items[0].category))
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = subject
        message["Date"] = format_datetime(datetime.fromtimestamp(now // 1_000, UTC))
        message["Message-ID"] = f"<{id_}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        if url is not None:
            message["List-Unsubscribe"] = f"<{url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        values: dict[str, Any] = {
            "subject": subject,
            "items": [self._told(item) for item in items[:LISTED]],
            "more": max(0, len(items) - LISTED),
            "what": f"{kind} digest" if is_digest else "mail",
            "stops": f"the {kind} digest" if is_digest else f"mails about {items[0].category}",
            "site": self._links.site,
            "unsubscribe_url": url,
        }
        name = "digest" if is_digest else "notification"
        text = _templates.get_template(f"{name}.txt.jinja").render(values)
        html = _templates.get_template(f"{name}.html.jinja").render(values)
        # Seven bits whatever the text: no relay on the way has to be asked what it can carry.
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{id_}")  # not a random one: tried again, it is the same mail to the byte
        return message

    def _told(self, item: MailItem) -> dict[str, Any]:
        label, url = item.action or ("", "")
        return {
            "title": line(item.title, MAX_SUBJECT * 2),
            "course": line(item.course, MAX_SUBJECT) if item.course else None,
            "actor": line(item.actor, MAX_SUBJECT) if item.actor else None,
            "count": item.count,
            "body": item.body,
            "body_html": Markup(clean_html(item.html)),  # noqa: S704 - cleaned in this very line
            "label": line(label, MAX_SUBJECT),
            "url": self._links.absolute(url) if url else None,
        }


def on_envelope(address: str) -> str:
    """Return an address as SMTP has it: phones have names with dots where only quotes allow them (RFC 5321, 4.1.2)."""
    name, _, domain = address.rpartition("@")
    return address if all(name.split(".")) else f'"{name}"@{domain}'


def line(text: str, most: int) -> str:
    """Return text as one line without control characters: nothing in it can end a header and begin another.

    Nor can it turn what is read behind it: of what is not seen only JOINERS_AND_MARKS stay.
    """
    shown = "".join(
        character
        if character in JOINERS_AND_MARKS
        else _IN_PLACE.get(unicodedata.category(character), character)
        for character in text
    )
    # An encoded word (RFC 2047) would be decoded by whoever writes or reads the header, line ends and all.
    shown = " ".join(shown.replace("=?", "= ?").split())
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def clean_html(html: str) -> str:
    """Return HTML with a few tags, links over http(s) and mailto, and nothing that loads anything."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow",
    )


def _digest_subject(kind: str, count: int) -> str:
    return f"Your {kind} digest: {count} notification{'' if count == 1 else 's'}"
