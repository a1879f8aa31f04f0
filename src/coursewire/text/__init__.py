"""What people write: Markdown-lite to safe HTML, and to plain text for previews and emails."""

from coursewire.text.html import render, without_mention
from coursewire.text.plain import plain, preview

__all__ = ["plain", "preview", "render", "without_mention"]
