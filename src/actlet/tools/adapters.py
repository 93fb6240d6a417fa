"""Type hints made ready for pydantic: which hints it gets, and how their JSON schema looks.

pydantic is imported here and only when asked for: most calls are checked without it (see `arguments.py`).
A hint that pydantic doesn't know, such as a DataFrame's class, means: an instance of it.
"""

from __future__ import annotations

import collections.abc
import json
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from .parameters import Parameter, without_required

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def adapter(hint: Any) -> TypeAdapter[list[Any]]:
    """What validates values of this hint, each in a list of one.

    In a list, because pydantic takes no settings for a class that has its own, and a dataclass would then refuse a
    DataFrame in a field.
    """
    from pydantic import ConfigDict, TypeAdapter

    of_one: Any = list[prepared(hint)]  # type: ignore[misc]
    return TypeAdapter(of_one, config=ConfigDict(arbitrary_types_allowed=True))


def prepared(hint: Any) -> Any:
    """The hint as pydantic takes it.

    A `typing.TypedDict` on Python 3.11 is rebuilt, an `Iterable` stays one, and a protocol that can't be checked at
    run time lets everything through.
    """
    origin, args = get_origin(hint), get_args(hint)
    if getattr(hint, "_is_protocol", False) and not getattr(hint, "_is_runtime_protocol", False):
        return Any
    if sys.version_info < (3, 12) and typing.is_typeddict(hint):
        return _typed_dict(hint)
    if origin in (collections.abc.Iterable, collections.abc.Iterator, collections.abc.Generator):
        return _iterable(prepared(args[0]))
    if not args or origin is Literal or origin is collections.abc.Callable:
        return hint
    inner = tuple(prepared(arg) for arg in args)
    if inner == args:
        return hint
    if origin is Annotated:
        return Annotated[(inner[0], *args[1:])]
    return reduce(or_, inner) if origin in (Union, UnionType) else origin[inner]


def object_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON schema of the arguments as one object, with descriptions and defaults."""
    definitions: dict[str, Any] = {}
    properties = {p.name: _described(p, definitions) for p in parameters}
    required = [p.name for p in parameters if p.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return {**schema, "$defs": definitions} if definitions else schema


def json_schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a hint; {} where JSON has none. Classes that hold themselves go to `definitions`."""
    schema = adapter(hint).json_schema(schema_generator=_generator())
    clean: dict[str, Any] = _Cleaner(schema.pop("$defs", {}), definitions).schema(schema["items"])
    return clean


def _described(parameter: Parameter, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = dict(json_schema(parameter.hint, definitions) if parameter.schema is None else parameter.schema)
    branches = schema.get("anyOf")
    if parameter.default is None and branches and {"type": "null"} in branches:
        # Leaving it out says the same as null, so a model need not read about null.
        others = [branch for branch in branches if branch != {"type": "null"}]
        schema = {**schema, "anyOf": others} if len(others) > 1 else {**schema, **others[0]}
        if len(others) == 1:
            del schema["anyOf"]
    if parameter.description:
        schema["description"] = parameter.description
    if not parameter.required and parameter.default is not None:
        default = getattr(parameter.default, "value", parameter.default)
        if _is_json(default):
            schema["default"] = default
    return schema


class _Cleaner:
    """Writes definitions where they are used, and drops titles, which only repeat names."""

    def __init__(self, definitions: Mapping[str, Any], kept: dict[str, Any]) -> None:
        self._definitions, self._kept = definitions, kept
        self._open: list[str] = []

    def schema(self, schema: Any) -> Any:
        """The same schema, clean."""
        if isinstance(schema, list):
            return [self.schema(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return {**self._referred(schema["$ref"].rpartition("/")[2]), **self._rest(schema)}
        return self._rest(schema)

    def _rest(self, schema: dict[str, Any]) -> dict[str, Any]:
        clean = {}
        for key, value in schema.items():
            if key == "properties":
                clean[key] = {name: self.schema(one) for name, one in value.items()}
            elif key in ("default", "enum", "const", "examples"):
                clean[key] = value
            elif key not in ("title", "$ref"):
                clean[key] = self.schema(value)
        return clean

    def _referred(self, name: str) -> dict[str, Any]:
        if name in self._open:
            self._kept.setdefault(name, {})
            return {"$ref": f"#/$defs/{name}"}
        self._open.append(name)
        schema: dict[str, Any] = self.schema(self._definitions[name])
        self._open.pop()
        if name in self._kept:
            self._kept[name] = schema
        return schema


@lru_cache(maxsize=1)
def _generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Lenient(GenerateJsonSchema):
        ignored_warning_kinds = {"non-serializable-default"}  # noqa: RUF012

        def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:  # noqa: ARG002
            return {}

    return Lenient


def _typed_dict(hint: Any) -> Any:
    """The same TypedDict from `typing_extensions`, the only one that pydantic takes before Python 3.12."""
    import typing_extensions

    fields = {}
    for name, declared in typing.get_type_hints(hint, include_extras=True).items():
        kind = typing_extensions.Required if name in hint.__required_keys__ else typing_extensions.NotRequired
        fields[name] = kind[prepared(without_required(declared))]
    return typing_extensions.TypedDict(hint.__name__, fields)  # type: ignore[operator]


def _iterable(item: Any) -> Any:
    """A list of items has them checked; any other iterable passes as it is, for looking would use it up."""
    from pydantic import WrapValidator

    def check(value: Any, of_list: Callable[[Any], Any]) -> Any:
        lazy = isinstance(value, collections.abc.Iterable) and not isinstance(value, (list, tuple, str, bytes))
        return value if lazy else of_list(value)

    return Annotated[list[item], WrapValidator(check)]


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
