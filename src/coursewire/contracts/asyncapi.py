"""Describes every namespace as one AsyncAPI 3.0 document, which is also served at `/asyncapi.json`."""

from __future__ import annotations

from functools import cache
from typing import Any

from coursewire import __version__
from coursewire.contracts.registry import COMMON, Contract, contracts
from coursewire.contracts.schema import GENERATED, document, home_of, model_named

_ENVELOPE = (
    "Socket.IO v5 on the path `/socket.io/`. A client sends `[command, payload]` and is acknowledged with "
    "`{ok: true, data}` or `{ok: false, error}`; the server sends `[event, data, meta]`. Bytes are Socket.IO "
    "attachments: the field that `x-attachment` names travels as an argument after the payload or the data, and not in "
    "it; those of an answer stand in their place."
)
_SAID_OF_EVENTS = ("delivery", "per", "rate", "subject", "attachment")


@cache
def asyncapi() -> dict[str, Any]:
    """Return the document: a channel per namespace, an operation per command and per event.

    What AsyncAPI has no word for: `x-mode`, `x-key`, `x-cost`, `x-delivery`, `x-per`, `x-rate`, `x-subject`,
    `x-attachment`.
    """
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    described = {contract.name: _described(contract) for contract in contracts()}
    for contract in contracts():
        schemas |= described[contract.name].pop("schemas")
        messages |= described[contract.name]["messages"]
    common = described[COMMON]
    for contract in contracts():
        if contract.name == COMMON:
            continue
        own = described[contract.name]
        channels[contract.name] = {
            "address": contract.path,
            "summary": contract.summary,
            "messages": {
                name: {"$ref": f"#/components/messages/{name}"}
                for name in [*common["messages"], *own["messages"]]
            },
        }
        for name, operation in [*common["operations"].items(), *own["operations"].items()]:
            operations[f"{contract.name}.{name}"] = _on(contract.name, operation)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Coursewire",
            "version": __version__,
            "description": _ENVELOPE,
            "license": {"name": "Apache-2.0"},
            "x-generated": GENERATED,
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _described(contract: Contract) -> dict[str, dict[str, Any]]:
    """Return the messages, schemas and operations of one contract; operations name their messages."""
    schema = document(contract)
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, command in schema["commands"].items():
        ask, answer = f"{contract.name}.{name}", f"{contract.name}.{name}.result"
        messages[ask] = {
            "name": name,
            "summary": command["description"],
            "payload": _moved(command["payload"], contract),
            **{f"x-{key}": command[key] for key in ("mode", "key", "cost", "attachment") if key in command},
        }
        messages[answer] = {"name": name, "payload": _acknowledged(_moved(command["result"], contract))}
        operations[f"{name}.receive"] = {
            "action": "receive",
            "summary": command["description"],
            "messages": [ask],
            "reply": [answer],
        }
    for name, event in schema["events"].items():
        said = f"{contract.name}.{name}"
        messages[said] = {
            "name": name,
            "summary": event["description"],
            "payload": {
                "type": "array",
                "prefixItems": [
                    {"const": name},
                    _moved(event["data"], contract),
                    *([{"type": "string", "format": "binary"}] if "attachment" in event else ()),
                    _reference(f"{COMMON}.Meta"),
                ],
            },
            **{f"x-{key}": event[key] for key in _SAID_OF_EVENTS if key in event},
        }
        operations[f"{name}.send"] = {"action": "send", "summary": event["description"], "messages": [said]}
    schemas = {
        _name(name, contract): _moved(definition, contract) for name, definition in schema["$defs"].items()
    }
    return {"messages": messages, "operations": operations, "schemas": schemas}


def _on(channel: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Place an operation on a channel."""

    def on_channel(names: list[str]) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]

    placed: dict[str, Any] = {
        "action": operation["action"],
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": operation["summary"],
        "messages": on_channel(operation["messages"]),
    }
    if "reply" in operation:
        placed["reply"] = {
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": on_channel(operation["reply"]),
        }
    return placed


def _acknowledged(data: Any) -> dict[str, Any]:
    return {
        "oneOf": [
            {
                "type": "object",
                "required": ["ok", "data"],
                "properties": {"ok": {"const": True}, "data": data},
            },
            {
                "type": "object",
                "required": ["ok", "error"],
                "properties": {"ok": {"const": False}, "error": _reference(f"{COMMON}.Error")},
            },
        ]
    }


def _moved(schema: Any, contract: Contract) -> Any:
    """Return a schema whose references point into `components/schemas`, where names carry their contract."""
    match schema:
        case {"$ref": str(reference)}:
            moved = _reference(_name(reference.rpartition("/")[2], contract))
            return moved | {key: value for key, value in schema.items() if key != "$ref"}
        case dict():
            return {key: _moved(value, contract) for key, value in schema.items()}
        case list():
            return [_moved(value, contract) for value in schema]
    return schema


def _name(definition: str, contract: Contract) -> str:
    return f"{home_of(model_named(definition, contract))}.{definition}"


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
