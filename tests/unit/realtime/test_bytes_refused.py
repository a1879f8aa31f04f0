"""Bytes where a contract says something else: refused by every command of every namespace, with the field's name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from tests.unit.realtime.conftest import Build

from coursewire import namespaces
from coursewire.realtime.namespace import Namespace


def fields_of(namespace: Namespace) -> list[tuple[str, str | None, str]]:
    """Return (command, its attachment, a field as it is on the wire)."""
    return [
        (name, kind.attachment, field.alias or field_name)
        for name, kind in namespace.by_name.items()
        for field_name, field in kind.model_fields.items()
    ]


@pytest.mark.parametrize("name", [folder.name for folder in pkgutil.iter_modules(namespaces.__path__)])
async def test_bytes_are_text_nowhere(build: Build, name: str) -> None:
    """[CMD2] At the top, further down, and after the payload of a command that takes none."""
    namespace: Namespace = importlib.import_module(f"{namespaces.__name__}.{name}.namespace").make()
    path = namespace.path
    house = await build(namespaces=[namespace])
    ada = await house.visitor("ada", namespace=path)

    async def refusal(command: str, payload: Any, *others: Any) -> tuple[str, str]:
        answer = await ada.answer(ada.say(command, payload, path, others=others))
        assert not answer["ok"], command
        return answer["error"]["code"], answer["error"]["field"]

    fields = fields_of(namespace)
    assert len(fields) > 20
    for command, attachment, field in fields:
        rest = () if attachment is None else (b"bytes",)
        assert await refusal(command, {field: b"bytes"}, *rest) == ("invalid", field)
        assert await refusal(command, {field: {"deep": [b"bytes"]}}, *rest) == ("invalid", f"{field}.deep.0")
    for command, kind in namespace.by_name.items():
        others = (b"one",) if kind.attachment is None else (b"one", b"two")
        assert await refusal(command, {}, *others) == ("invalid", kind.attachment or "payload")
    await house.settle()
    assert {heard.event for heard in ada.events} == {"session.ready"}
