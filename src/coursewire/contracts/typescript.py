"""Turns the JSON Schema of a contract into TypeScript: interfaces, and the maps of commands and events.

Written here, for the closed part of JSON Schema that Pydantic emits for our models, because the command and
event maps have to be ours in any case, and so that neither writing nor checking the contracts needs Node. A
construct that it does not know raises `UnsupportedError`, so nothing is ever typed as `any` by accident.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from coursewire import errors, vocabulary
from coursewire.contracts.registry import COMMON, Contract, contracts
from coursewire.contracts.schema import GENERATED, document, home_of, model_named

# The globals of the language that a model's name must not shadow in the file that imports it.
_GLOBALS = frozenset(
    {"Array", "Boolean", "Date", "Error", "Function", "Map", "Number", "Object", "Promise", "Proxy", "Record"}
    | {"RegExp", "Set", "String", "Symbol"}
)


_ANSWER = """\
/** How a command is acknowledged. */
export type Answer<Result> = { ok: true; data: Result } | { ok: false; error: CoursewireError };"""


class UnsupportedError(TypeError):
    """A schema that has no TypeScript here yet."""


def source(contract: Contract) -> str:
    """Return the TypeScript file of a contract."""
    return _File(contract).write()


def type_of(contract: Contract, schema: dict[str, Any]) -> str:
    """Return the TypeScript type of one schema of a contract. Raises UnsupportedError."""
    return _File(contract).type(schema)


class _File:
    """One file being written: what it defines, and what it must import."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.schema = document(contract)
        self.imports: dict[str, set[str]] = {}
        self.aliases = {values: (home, name) for home, name, values in _aliases()}

    def write(self) -> str:
        body = [*self._own_aliases(), *self._models(), *self._maps()]
        heads = [f"// {GENERATED}", *self._imports()]
        return "\n".join(heads) + "\n\n" + "\n\n".join(body) + "\n"

    def _imports(self) -> Iterator[str]:
        for home in sorted(self.imports):
            yield f'import type {{ {", ".join(sorted(self.imports[home]))} }} from "./{home}";'

    def _own_aliases(self) -> Iterator[str]:
        for values, (home, name) in self.aliases.items():
            if home == self.contract.name:
                yield (
                    f"export type {name} =\n"
                    + "\n".join(f"  | {json.dumps(value)}" for value in values)
                    + ";"
                )

    def _models(self) -> Iterator[str]:
        for name, definition in self.schema["$defs"].items():
            if self._home(name) == self.contract.name:
                yield self._interface(self._type_name(name), definition)

    def _interface(self, name: str, definition: dict[str, Any]) -> str:
        required = set(definition.get("required", ()))
        lines = list(_comment(definition.get("description"), ""))
        properties: dict[str, Any] = definition.get("properties", {})
        if not properties:
            return "\n".join([*lines, f"export type {name} = Record<string, never>;"])
        lines.append(f"export interface {name} {{")
        for field, schema in properties.items():
            lines += _comment(schema.get("description"), "  ")
            lines.append(f"  {field}{'' if field in required else '?'}: {self.type(schema)};")
        return "\n".join([*lines, "}"])

    def _maps(self) -> Iterator[str]:
        prefix = "".join(part.capitalize() for part in self.contract.name.split("_"))
        common = self.contract.name == COMMON
        yield self._map(f"{prefix}Commands", "Commands", self._commands(), common=common)
        yield self._map(f"{prefix}Events", "Events", self._events(), common=common)
        if common:
            yield _ANSWER
            yield self._constant("errorCodes", self.schema["errors"], ("retryable", "status"))
        first = self.contract.name.split("_")[0] + prefix[len(self.contract.name.split("_")[0]) :]
        yield self._constant(f"{first}Commands", self.schema["commands"], ("mode", "key", "attachment"))
        known = ("delivery", "per", "rate", "subject", "attachment")
        yield self._constant(f"{first}Events", self.schema["events"], known)

    def _map(self, name: str, suffix: str, members: Iterator[str], *, common: bool) -> str:
        extends = ""
        if not common:
            parent = f"{COMMON.capitalize()}{suffix}"
            self.imports.setdefault(COMMON, set()).add(parent)
            extends = f" extends {parent}"
        what = "hears" if suffix == "Commands" else "says"
        where = "every namespace" if common else self.contract.path
        return "\n".join(
            [*_comment(f"What {where} {what}.", ""), f"export interface {name}{extends} {{", *members, "}"]
        )

    def _commands(self) -> Iterator[str]:
        keyed = {"none": "false", "optional": '"optional"', "required": "true"}
        for name, command in self.schema["commands"].items():
            yield from _comment(command["description"], "  ")
            yield f"  {_label(name)}: {{"
            yield f"    payload: {self.type(command['payload'])};"
            yield f"    result: {self.type(command['result'])};"
            yield f"    mode: {json.dumps(command['mode'])};"
            yield f"    keyed: {keyed[command['key']]};"
            yield "  };"

    def _events(self) -> Iterator[str]:
        for name, event in self.schema["events"].items():
            per = f"; per: {json.dumps(event['per'])}" if "per" in event else ""
            yield from _comment(event["description"], "  ")
            data, delivery = self.type(event["data"]), json.dumps(event["delivery"])
            yield f"  {_label(name)}: {{ data: {data}; delivery: {delivery}{per} }};"

    def _constant(self, name: str, entries: dict[str, Any], fields: tuple[str, ...]) -> str:
        """Write what is known of the entries for use at run time."""
        lines = [*_comment("The same at run time.", ""), f"export const {name} = {{"]
        for key, entry in entries.items():
            members = ", ".join(f"{field}: {json.dumps(entry[field])}" for field in fields if field in entry)
            lines.append(f"  {_label(key)}: {{ {members} }},")
        return "\n".join([*lines, "} as const;"])

    def type(self, schema: dict[str, Any]) -> str:  # noqa: C901, PLR0911 - one line per construct
        """Return the TypeScript type of a schema. Raises UnsupportedError."""
        match schema:
            case {"$ref": str(reference)}:
                return self._reference(reference.rpartition("/")[2])
            case {"enum": list(values)}:
                return self._enumeration(tuple(values))
            case {"const": value}:
                return json.dumps(value)
            case {"anyOf": list(choices)}:
                return " | ".join(dict.fromkeys(self.type(choice) for choice in choices))
            case {"type": "array", "items": dict(items)}:
                inner = self.type(items)
                return f"({inner})[]" if " " in inner else f"{inner}[]"
            case {"type": "object", "properties": _}:
                raise UnsupportedError(f"an object without a name: {schema}")
            case {"type": "object", "additionalProperties": dict(values)}:
                return f"Record<string, {self.type(values)}>"
            case {"type": "object", "patternProperties": dict(patterns)} if len(patterns) == 1:
                return f"Record<string, {self.type(next(iter(patterns.values())))}>"
            case {"type": "object"}:
                return "Record<string, unknown>"
            case {"type": "string"}:
                return "Uint8Array" if schema.get("format") == "binary" else "string"
            case {"type": "integer" | "number"}:
                return "number"
            case {"type": "boolean"}:
                return "boolean"
        raise UnsupportedError(f"{self.contract.path}: {schema}")

    def _reference(self, name: str) -> str:
        home = self._home(name)
        if home != self.contract.name:
            self.imports.setdefault(home, set()).add(self._type_name(name))
        return self._type_name(name)

    def _enumeration(self, values: tuple[Any, ...]) -> str:
        if values in self.aliases:
            home, name = self.aliases[values]
            if home != self.contract.name:
                self.imports.setdefault(home, set()).add(name)
            return name
        return " | ".join(json.dumps(value) for value in values)

    def _home(self, name: str) -> str:
        """Return the contract whose file defines a model; the vocabulary belongs to the common one."""
        return home_of(model_named(name, self.contract))

    @staticmethod
    def _type_name(name: str) -> str:
        plain = name.replace("-", "")
        return f"Coursewire{plain}" if plain in _GLOBALS else plain


def _aliases() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """Yield (contract, name, values) of every named choice: `RoomKind`, `Role`, `ErrorCode`."""
    taken: set[tuple[Any, ...]] = set()
    homes = [(COMMON, vocabulary)] + [(contract.name, contract.module) for contract in contracts()]
    for home, module in homes:
        for name, value in vars(module).items():
            if get_origin(value) is Literal and get_args(value) not in taken:
                taken.add(get_args(value))
                yield home, name, get_args(value)
    code = get_args(contracts()[0].module.Error.model_fields["code"].annotation)
    if set(code) != set(errors.CODES):
        raise LookupError(f"Error.code and errors.CODES differ: {set(code) ^ set(errors.CODES)}")
    yield COMMON, "ErrorCode", code


def _label(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _comment(text: str | None, indent: str) -> Iterator[str]:
    if not text:
        return
    lines = textwrap.wrap(" ".join(text.replace("*/", "* /").split()), 100)
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
    else:
        yield f"{indent}/**"
        yield from (f"{indent} * {line}" for line in lines)
        yield f"{indent} */"
