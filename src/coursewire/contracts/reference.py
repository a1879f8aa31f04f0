"""Writes the reference pages: the commands, events and errors of each namespace as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from coursewire.contracts.registry import COMMON, Contract, contracts
from coursewire.contracts.schema import GENERATED, document

_DELIVERY = """\
**logged** events are stored with an offset, ordered, and replayed after a gap. Of **latest** events only the
newest value per key matters: they are conflated to their rate, and the current values come with the
subscription. **ephemeral** events are best effort, and the first to go under pressure."""

_KEY = """\
A command with a key runs once: a repeat with the same key gets the first answer with `duplicate: true`, and
the same key with another payload gets `conflict`."""

_BYTES = """\
Where it says *then the bytes of* a field, the field is not in the payload, or the data: it travels after it, as an
argument of its own and a Socket.IO attachment. The bytes of an answer are attachments in their place."""


def pages() -> dict[str, str]:
    """Return every reference page by its file name."""
    written = {f"{contract.name}.md": page(contract) for contract in contracts()}
    written["errors.md"] = _errors(document(contracts()[0])["errors"])
    written["README.md"] = _index()
    return written


def page(contract: Contract) -> str:
    """Return the page of one contract."""
    schema = document(contract)
    title = "Every namespace" if contract.name == COMMON else f"`{contract.path}`"
    parts = [
        _head(title, contract.summary),
        "## Commands",
        _KEY,
        *([_BYTES] if any("attachment" in command for command in schema["commands"].values()) else ()),
        _table(("command", "mode", "key", "payload", "answer", ""), _commands(schema)),
        "## Events",
        _DELIVERY,
        _table(("event", "class", "data", ""), _events(schema)),
        "## Values",
        *_values(schema),
    ]
    return "\n\n".join(parts) + "\n"


def _index() -> str:
    rows = [
        (f"[{contract.path.replace('*', 'every namespace')}]({contract.name}.md)", contract.summary)
        for contract in contracts()
    ]
    rows.append(("[errors](errors.md)", "What can go wrong, and whether to try again."))
    rows.append(("[metrics](metrics.md)", "What each figure of a course means, with its SQL and an example."))
    return _head("Reference", "What travels, by namespace.") + "\n\n" + _table(("page", ""), rows) + "\n"


def _errors(errors: dict[str, Any]) -> str:
    rows = [
        (f"`{code}`", "yes" if error["retryable"] else "no", str(error["status"]), error["description"])
        for code, error in errors.items()
    ]
    head = _head("Errors", "`Error = {code, message, retryable, field?, retry_after_ms?, details?}`")
    return f"{head}\n\n{_table(('code', 'retryable', 'HTTP status', ''), rows)}\n"


def _commands(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, command in schema["commands"].items():
        payload, answer = _with_bytes(command, "payload"), _type(command["result"])
        yield f"`{name}`", command["mode"], command["key"], payload, answer, command["description"]


def _events(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, event in schema["events"].items():
        delivery = event["delivery"]
        if "per" in event:
            delivery += f" per `{event['per']}`, {event['rate']}/s"
        yield f"`{name}`", delivery, _with_bytes(event, "data"), event["description"]


def _with_bytes(entry: dict[str, Any], part: str) -> str:
    """Say what the arguments after the name are."""
    first = _type(entry[part])
    return f"{first}, then the bytes of `{entry['attachment']}`" if "attachment" in entry else first


def _values(schema: dict[str, Any]) -> Iterator[str]:
    for name, definition in schema["$defs"].items():
        required = definition.get("required", ())
        rows = [
            (
                f"`{field}{'' if field in required else '?'}`",
                _type(value),
                _bounds(value),
                " ".join(value.get("description", "").split()),
            )
            for field, value in definition.get("properties", {}).items()
        ]
        yield f"### {name}\n\n{definition.get('description', '')}".rstrip()
        if rows:
            yield _table(("field", "type", "bounds", ""), rows)


def _type(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - one line per construct
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"enum": list(values)}:
            return " ".join(f"`{value}`" for value in values)
        case {"anyOf": list(choices)}:
            return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_type(values)}"
        case {"type": "object", "patternProperties": dict(patterns)}:
            return f"object of {' or '.join(_type(value) for value in patterns.values())}"
        case {"type": "string", "format": "binary"}:
            return "bytes"
    return str(schema.get("type", "anything"))


def _bounds(schema: dict[str, Any]) -> str:
    """Say the limits of a field in words: `1-8000 characters`, `1-100`, `default 50`."""
    said: list[str] = []
    length = " bytes" if schema.get("format") == "binary" else " characters"
    for least, most, unit in (
        ("minLength", "maxLength", length),
        ("minItems", "maxItems", " items"),
        ("minProperties", "maxProperties", " entries"),
        ("minimum", "maximum", ""),
    ):
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            said.append(f"{low}-{high}{unit}")
        elif low is not None or high is not None:
            said.append(f"at least {low}{unit}" if high is None else f"at most {high}{unit}")
    if schema.get("default") not in (None, [], {}, ""):
        said.append(f"default `{str(schema['default']).lower()}`")
    return ", ".join(said)


def _head(title: str, summary: str) -> str:
    return f"<!-- {GENERATED} -->\n\n# {title}\n\n{summary}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(heads)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "&#124;").split())
