import dataclasses
import datetime
import enum
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional, TypedDict, TypeVar

import pydantic.dataclasses
import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from actlet.tools import Tool, tool
from actlet.tools.hints import write_hint

T = TypeVar("T", bound=int)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Node(BaseModel):
    name: str = Field(description="what it is called")
    color: Color = Color.RED
    children: list["Node"] = []


class Options(TypedDict):
    size: int
    title: NotRequired[str]


class Pair(NamedTuple):
    left: int
    right: int = 0


@dataclasses.dataclass
class Place:
    lat: float
    lon: float
    tags: list[str] = dataclasses.field(default_factory=list)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int, "int"),
        (None, "None"),
        (Any, "Any"),
        (Optional[int], "int | None"),  # noqa: UP045
        (int | str | None, "int | str | None"),
        (dict[str, list[float]], "dict[str, list[float]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Literal["a", 3, None], "Literal['a', 3, None]"),
        (Annotated[str, Field(pattern=r"^\d{4}$")], 'Annotated[str, pattern=r"^\\d{4}$"]'),
        (Annotated[int, Field(ge=0, lt=10)], "Annotated[int, ge=0, lt=10]"),
        (Annotated[list[int], Field(min_length=1)], "Annotated[list[int], min_length=1]"),
        (Annotated[str, "a description"], "str"),
        (Callable[[int], str], "Callable[[int], str]"),
        (Callable, "Callable"),
        (datetime.date, "datetime.date"),
        (T, "int"),
        (type[int], "type[int]"),
        (list, "list"),
    ],
)
def test_a_hint_is_written_as_python(hint, text):
    assert write_hint(hint, {}) == text


@pytest.mark.parametrize(
    ("hint", "lines"),
    [
        (Color, ["class Color(Enum): RED = 'red'; BLUE = 'blue'  # pass the value"]),
        (Options, ["class Options(TypedDict):", "    size: int", "    title: NotRequired[str]"]),
        (Pair, ["class Pair:  # pass a tuple", "    left: int", "    right: int = 0"]),
        (Place, ["class Place:  # pass a dict", "    lat: float", "    lon: float", "    tags: list[str] = ..."]),
    ],
)
def test_a_class_that_the_model_cannot_know_is_defined_beside_the_hint(hint, lines):
    definitions: dict[str, str] = {}
    assert write_hint(hint, definitions) == hint.__name__
    assert definitions[hint.__name__].splitlines() == lines


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    full_name: str = Field(description="all of it")
    age: int = Field(alias="age-in-years")
    first: str = Field(validation_alias=AliasPath("names", 0))
    last: str = Field("", validation_alias=AliasChoices(AliasPath("names", 1), "surname"))
    size: int = Field(0, serialization_alias="written")


class ByName(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    full_name: str = Field(alias="fullName")


@pydantic.dataclasses.dataclass
class OfPydantic:
    full: str = Field(alias="fullName")


@dataclasses.dataclass
class Plain:
    full: Annotated[str, Field(alias="fullName")]


CAMEL_DATA = {"fullName": "A B", "age-in-years": 3, "names": ["A"], "surname": "B"}


@pytest.mark.parametrize(
    ("hint", "lines", "data"),
    [
        (
            Camel,
            [
                "    fullName: str  # its attribute is full_name; all of it",
                "    'age-in-years': int  # its attribute is age",
                "    names[0]: str  # its attribute is first",
                "    surname: str = ''  # its attribute is last",
                "    size: int = 0",
            ],
            CAMEL_DATA,
        ),
        (ByName, ["    full_name: str"], {"full_name": "A B"}),
        (OfPydantic, ["    fullName: str  # its attribute is full"], {"fullName": "A B"}),
        (Plain, ["    fullName: str  # its attribute is full"], {"fullName": "A B"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_field_is_shown_under_the_key_that_data_has_for_it(hint, lines, data):
    definitions: dict[str, str] = {}
    write_hint(hint, definitions)
    assert definitions[hint.__name__].splitlines() == [f"class {hint.__name__}:  # pass a dict", *lines]

    @tool
    def take(it: hint) -> str:
        """Takes it."""
        return type(it).__name__

    assert take(**take.validate({"it": data})) == hint.__name__


def test_a_class_that_holds_itself_and_others_is_defined_once_after_the_others():
    definitions: dict[str, str] = {}
    assert write_hint(dict[str, Node], definitions) == "dict[str, Node]"
    assert list(definitions) == ["Color", "Node"]
    assert "name: str  # what it is called" in definitions["Node"]
    assert "color: Color = 'red'" in definitions["Node"]
    assert "children: list[Node]" in definitions["Node"]


@tool
def find(query: str, place: Place | None = None, *, limit: Annotated[int, Field(ge=1)] = 10) -> list[Node]:
    """Finds nodes.

    Args:
        query: words

    Returns:
        the best first
    """
    return []


def test_code_sees_a_typed_stub():
    assert find.to_code_prompt().splitlines() == [
        "class Place:  # pass a dict",
        "    lat: float",
        "    lon: float",
        "    tags: list[str] = ...",
        "class Color(Enum): RED = 'red'; BLUE = 'blue'  # pass the value",
        "class Node:  # pass a dict",
        "    name: str  # what it is called",
        "    color: Color = 'red'",
        "    children: list[Node] = []",
        "def find(query: str, place: Place | None = None, *, limit: Annotated[int, ge=1] = 10) -> list[Node]:",
        '    """Finds nodes.',
        "    Args:",
        "        query: words",
        '    Returns: the best first"""',
    ]


def test_calls_see_signature_and_description():
    assert find.to_tool_calling_prompt().splitlines()[:3] == [
        "find(query: str, place: Place | None = None, *, limit: Annotated[int, ge=1] = 10) -> list[Node]: "
        "Finds nodes.",
        "    Args:",
        "        query: words",
    ]


def test_a_small_tool_takes_two_lines():
    @tool
    def now() -> str:
        """The time."""

    assert now.to_code_prompt() == 'def now() -> str:\n    """The time."""'
    assert now.to_tool_calling_prompt() == "now() -> str: The time."


def test_an_async_tool_looks_like_any_other():
    @tool
    async def later() -> str:
        """Later."""

    assert later.to_code_prompt().startswith("def later() -> str:")


def test_the_json_schema_is_complete_and_clean():
    schema = find.json_schema()["function"]
    assert (schema["name"], schema["description"]) == ("find", "Finds nodes.")
    assert schema["parameters"] == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "words"},
            "place": {
                "type": "object",
                "properties": {
                    "lat": {"type": "number"},
                    "lon": {"type": "number"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["lat", "lon"],
            },
            "limit": {"type": "integer", "minimum": 1, "default": 10},
        },
        "required": ["query"],
    }


def test_only_a_class_that_holds_itself_stays_a_reference():
    @tool
    def grow(node: Node) -> None:
        """Grows."""

    parameters = grow.json_schema()["function"]["parameters"]
    assert list(parameters["$defs"]) == ["Node"]
    assert parameters["properties"]["node"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert "title" not in json.dumps(parameters)


def test_a_property_may_be_named_like_a_keyword_of_json_schema():
    class Book(BaseModel):
        title: str
        properties: dict[str, int] = {}

    @tool
    def add(book: Book, title: str, default: int = 1, schema: str = "x") -> None:
        """Adds."""

    properties = add.json_schema()["function"]["parameters"]["properties"]
    assert list(properties) == ["book", "title", "default", "schema"]
    assert list(properties["book"]["properties"]) == ["title", "properties"]


def test_what_json_cannot_say_is_left_open():
    class Handle:
        pass

    @tool
    def use(handle: Handle, data: Any, mixed: list[Handle]) -> Handle:
        """Uses."""

    properties = use.json_schema()["function"]["parameters"]["properties"]
    assert properties == {"handle": {}, "data": {}, "mixed": {"type": "array", "items": {}}}
    assert use.output_type == "any"


def test_inputs_are_as_class_tools_declare_them():
    assert find.inputs["query"] == {"type": "string", "description": "words"}
    assert find.inputs["limit"]["nullable"] is True
    assert find.output_type == "array"


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (str, "string"),
        (None, "null"),
        (float, "number"),
        (int | str, "any"),
        (bytes, "string"),
        (tuple[int, str], "array"),
    ],
)
def test_the_output_type_follows_the_return_hint(hint, kind):
    def f():
        """Does it."""

    f.__annotations__["return"] = hint
    assert tool(f).output_type == kind


def test_an_output_schema_is_the_return_type():
    class Weather(Tool):
        name = "weather"
        description = "The weather."
        inputs = {}
        output_type = "object"
        output_schema = {
            "type": "object",
            "properties": {
                "temp": {"type": "number", "description": "in °C"},
                "sky": {"enum": ["clear", "cloudy"]},
                "hours": {"type": "array", "items": {"type": "object", "properties": {"h": {"type": "integer"}}}},
            },
            "required": ["temp"],
        }

        def forward(self):
            return {}

    assert Weather().to_code_prompt().splitlines() == [
        "class HoursItem(TypedDict):",
        "    h: NotRequired[int]",
        "class WeatherOutput(TypedDict):",
        "    temp: float  # in °C",
        "    sky: NotRequired[Literal['clear', 'cloudy']]",
        "    hours: NotRequired[list[HoursItem]]",
        "def weather() -> WeatherOutput:",
        '    """The weather."""',
    ]


@pytest.mark.parametrize(
    "hint", [int, str | None, list[int], dict[str, float], Color, Place, Pair, datetime.date, Literal["a", 1]]
)
def test_schemas_agree_with_pydantics_own_but_for_titles(hint):
    def untitled(value):
        if isinstance(value, dict):
            return {k: untitled(v) for k, v in value.items() if k != "title"}
        return [untitled(v) for v in value] if isinstance(value, list) else value

    def f(x):
        """Does it."""

    f.__annotations__["x"] = hint
    assert tool(f).json_schema()["function"]["parameters"]["properties"]["x"] == untitled(
        TypeAdapter(hint).json_schema()
    )


def test_a_docstring_that_holds_quotes_stays_one():
    @tool
    def quoting() -> None:
        '''Says """hello""" twice.'''

    compile(quoting.to_code_prompt(), "stub", "exec")
