"""The page behind the link in every mail: switches mails off, without signing in (RFC 8058)."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from coursewire.errors import Invalid
from coursewire.identity.access import entrance
from coursewire.identity.caller import Caller
from coursewire.namespaces.notifications.delivery import store
from coursewire.namespaces.notifications.delivery.links import MAX_TOKEN, Links, Unsubscribe

_NAMESPACE = "/notifications"
# Nobody has signed in: the link itself says whom it is about, and may do nothing else.
_LINK = Caller(user_id="link", name="link", roles=frozenset({"service"}))
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
}
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="robots" content="noindex"><title>{title}</title></head><body style="max-width:32rem;'
    'margin:4rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif"><h1>{title}</h1>{body}</body></html>'
)
_BUTTON = (
    '<form method="post"><button style="padding:.5rem 1rem;font:inherit">Stop {what}</button></form>'
    "<p>Nothing changes before you press it.</p>"
)

Token = Annotated[str, Query(max_length=MAX_TOKEN, description="From the link in a mail.")]

router = APIRouter(tags=["notifications"])


@router.get("/unsubscribe", response_class=HTMLResponse)
async def ask(token: Token, request: Request) -> HTMLResponse:
    """Show what the link would switch off. Nothing is changed: programs that check mails open every link."""
    work = entrance(request).work(request, _LINK, b"")
    what = _called(await work.read(_NAMESPACE, lambda tx: _read(tx, token)))
    return _page(f"Stop {what}?", _BUTTON.format(what=escape(what)))


@router.post("/unsubscribe", response_class=HTMLResponse)
async def unsubscribe(token: Token, request: Request) -> HTMLResponse:
    """Switch off what the link is about; again is harmless."""
    work = entrance(request).work(request, _LINK, b"")
    found: list[Unsubscribe] = []

    def run(tx: Any) -> None:
        found[:] = [_read(tx, token)]
        tx.tell(found[0])

    await work.write(_NAMESPACE, run)
    what = _called(found[0])
    return _page("Done", f"<p>You get no more {escape(what)}. Your preferences can bring them back.</p>")


def _read(tx: Any, token: str) -> Unsubscribe:
    what = Links(store.link_secret(tx), "").read(token)
    if what is None:
        raise Invalid("this link is not complete, or not one of ours", field="token")
    return what


def _called(what: Unsubscribe) -> str:
    return f"{what.scope} digests" if what.scope in {"daily", "weekly"} else f"mails about {what.scope}"


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body), headers=_HEADERS)
