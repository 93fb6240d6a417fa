import dataclasses
import datetime
import decimal
import enum
import pathlib
import timeit
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple, Optional, Protocol, TypedDict, Union, runtime_checkable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from actlet.errors import AgentToolCallError
from actlet.tools import tool, validate_tool_arguments
from actlet.tools.parameters import Parameter
from actlet.tools.tool import Checks


def check(hint: Any, value: Any, **given: Any) -> Any:
    return Checks([Parameter("x", hint, **given)]).run("f", {"x": value})["x"]


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    x: int
    y: int


class Options(TypedDict, total=False):
    size: int
    name: str


@dataclasses.dataclass
class Person:
    name: str
    friends: list["Person"] = dataclasses.field(default_factory=list)


class Report(BaseModel):
    title: str
    score: float = Field(ge=0)


@pytest.mark.parametrize(
    ("hint", "value", "wanted"),
    [
        (int, "3", 3),
        (int, 3.0, 3),
        (float, "2.5", 2.5),
        (float, 2, 2),
        (bool, "true", True),
        (str, "3", "3"),
        (Optional[int], "3", 3),  # noqa: UP045
        (int | None, None, None),
        (Union[int, str], "3", "3"),  # noqa: UP007
        (list[int], ["1", 2], [1, 2]),
        (list[int], (1, 2), [1, 2]),
        (list[int], "[1, 2]", [1, 2]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (set[int], [1, 1, 2], {1, 2}),
        (dict[str, float], {"a": "1"}, {"a": 1.0}),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Sequence[int], ["1"], [1]),
        (Color, "red", Color.RED),
        (Color, Color.RED, Color.RED),
        (Literal["a", 1], "a", "a"),
        (datetime.date, "2024-02-29", datetime.date(2024, 2, 29)),
        (datetime.datetime, "2024-02-29T10:00:00", datetime.datetime(2024, 2, 29, 10)),
        (datetime.timedelta, "PT1H", datetime.timedelta(hours=1)),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (pathlib.Path, "/tmp", pathlib.Path("/tmp")),
        (bytes, "abc", b"abc"),
        (Point, [1, "2"], Point(1, 2)),
        (Options, {"size": "1"}, {"size": 1}),
        (Person, {"name": "a", "friends": [{"name": "b"}]}, Person("a", [Person("b")])),
        (Report, {"title": "t", "score": "1"}, Report(title="t", score=1)),
        (list[Report], [{"title": "t", "score": 1}], [Report(title="t", score=1)]),
        (Annotated[str, Field(pattern=r"^\d{4}$")], "2024", "2024"),
        (Any, "anything", "anything"),
    ],
)
def test_what_json_can_say_becomes_what_is_wanted(hint, value, wanted):
    got = check(hint, value)
    assert got == wanted
    assert type(got) is type(wanted)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, "x"),
        (int, 2.5),
        (int, None),
        (str, 3),
        (bool, 2),
        (list[int], ["x"]),
        (list[int], "x"),
        (Color, "green"),
        (Literal["a"], "b"),
        (datetime.date, "tomorrow"),
        (Annotated[int, Field(ge=0)], -1),
        (Annotated[str, Field(pattern=r"^\d{4}$")], "24"),
        (Report, {"title": "t", "score": -1}),
        (Options, {"size": "x"}),
        (Exception, "not one"),
    ],
)
def test_what_does_not_fit_is_refused(hint, value):
    with pytest.raises(AgentToolCallError, match="expected"):
        check(hint, value)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (Any, object()),
        (list, [1]),
        (list[int], [1, 2]),
        (dict[str, list[int]], {"a": [1]}),
        (Options, {"size": 1}),
        (Report, Report(title="t", score=1)),
        (list[Report], [Report(title="t", score=1)]),
        (Person, Person("a")),
        (list[str] | None, ["a"]),
        (Exception, ValueError("x")),
        (set[int], {1}),
    ],
)
def test_what_is_right_passes_as_the_same_object(hint, value):
    assert check(hint, value) is value


def test_arrays_frames_and_images_pass_as_they_are():
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    frame, array = pandas.DataFrame({"a": [1]}), numpy.zeros(3)
    assert check(pandas.DataFrame, frame) is frame
    assert check(numpy.ndarray | None, array) is array
    assert check(Any, frame) is frame
    with pytest.raises(AgentToolCallError, match=r"expected pandas\.DataFrame"):
        check(pandas.DataFrame, [1])


def test_a_protocol_is_checked_where_it_can_be():
    class Named(Protocol):
        name: str

    value = object()
    assert check(Named, value) is value
    with pytest.raises(AgentToolCallError, match="expected Closing"):
        check(runtime_checkable(type("Closing", (Protocol,), {"close": lambda self: None})), value)


def test_numbers_of_numpy_are_numbers():
    numpy = pytest.importorskip("numpy")
    assert check(int, numpy.int64(3)) == 3
    assert check(float, numpy.float32(2)) == 2
    assert check(bool, numpy.bool_(True)) is True
    assert check(list[float], numpy.array([1, 2])) == [1.0, 2.0]
    assert check(list[int], [numpy.int64(1)]) == [1]


def test_a_frame_may_be_the_field_of_a_dataclass():
    pandas = pytest.importorskip("pandas")

    @dataclasses.dataclass
    class Table:
        frame: pandas.DataFrame

    frame = pandas.DataFrame({"a": [1]})
    assert check(Table, {"frame": frame}).frame is frame


@tool
def book(city: str, nights: int, kind: Color = Color.RED, note: str = "", guests: int | None = None) -> str:
    """Books."""
    return city


def test_every_problem_of_a_call_is_told_at_once():
    with pytest.raises(AgentToolCallError) as raised:
        book.validate({"nights": "two", "kind": "green", "notes": "x"})
    message = str(raised.value)
    assert "Argument nights is 'two' of type str, expected int" in message
    assert "Argument kind is 'green' of type str, expected Color" in message
    assert "RED = 'red'; BLUE = 'blue'" in message
    assert "Argument notes is not in the tool's input schema: did you mean 'note'?" in message
    assert "Argument city is required: expected str" in message


def test_what_is_wrong_inside_a_value_is_told_with_its_place():
    @tool
    def publish(reports: list[Report]) -> None:
        """Publishes."""

    with pytest.raises(AgentToolCallError, match=r"0\.score: .*greater than or equal to 0"):
        publish.validate({"reports": [{"title": "a", "score": -1}]})


def test_a_long_value_is_not_repeated_in_full():
    with pytest.raises(AgentToolCallError) as raised:
        book.validate({"city": "a", "nights": "x" * 10_000})
    assert len(str(raised.value)) < 300


def test_null_for_an_argument_with_another_default_means_the_default():
    assert book.validate({"city": "a", "nights": 1, "note": None, "guests": None}) == {
        "city": "a",
        "nights": 1,
        "guests": None,
    }


def test_defaults_are_left_to_the_function():
    assert book.validate({"city": "a", "nights": 1}) == {"city": "a", "nights": 1}


def test_a_bare_value_is_the_argument_of_a_tool_with_one():
    @tool
    def echo(text: str, times: int = 1) -> str:
        """Echoes."""
        return text * times

    @tool
    def now() -> str:
        """Tells."""
        return "now"

    assert echo.validate("hi") == {"text": "hi"}
    assert now.validate(None) == now.validate("") == {}
    with pytest.raises(AgentToolCallError, match="Argument city is required"):
        book.validate("Rome")


def test_smolagents_errors_are_kept_by_its_function():
    with pytest.raises(TypeError, match="expected int"):
        validate_tool_arguments(book, {"city": "a", "nights": "x"})
    with pytest.raises(ValueError, match="Argument town is not in the tool's input schema"):
        validate_tool_arguments(book, {"city": "a", "nights": 1, "town": "b"})
    with pytest.raises(ValueError, match="Argument city is required"):
        validate_tool_arguments(book, {"nights": 1})
    assert validate_tool_arguments(book, {"city": "a", "nights": 1}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_value_either_fits_or_is_refused_with_words(value):
    for hint in (int, list[int], dict[str, int], Color, Report, Options, int | list[str], Person):
        try:
            check(hint, value)
        except AgentToolCallError as error:
            assert "expected" in str(error)  # noqa: PT017


@given(st.lists(st.integers()), st.dictionaries(st.text(), st.lists(st.text())))
def test_a_right_value_is_never_changed(numbers, words):
    assert check(list[int], numbers) is numbers
    assert check(dict[str, list[str]], words) is words


def test_a_simple_call_is_checked_in_microseconds():
    arguments = {"city": "Rome", "nights": 2}
    book.validate(arguments)
    rounds = 2_000
    of_validate = min(timeit.repeat(lambda: book.validate(arguments), number=rounds, repeat=5)) / rounds
    of_bind = min(timeit.repeat(lambda: book.bind(("Rome",), {"nights": 2}), number=rounds, repeat=5)) / rounds
    assert of_validate < 10e-6
    assert of_bind < 5e-6


class Switch(enum.Enum):
    ON = True
    OFF = False


@pytest.mark.parametrize("hint", [int, float, decimal.Decimal, int | str | list[int], Optional[int]])  # noqa: UP045
def test_true_and_false_are_no_numbers(hint):
    with pytest.raises(AgentToolCallError, match="Argument x is True of type bool, expected"):
        check(hint, True)


def test_true_and_false_fit_where_they_are_meant():
    assert check(bool | int, True) is True
    assert check(Switch, True) is Switch.ON
    assert check(Literal[True], True) is True


def test_smolagents_check_of_arguments_knows_that_true_is_no_integer():
    @tool
    def repeat(n: int = 1) -> str:
        """Repeats."""
        return "x" * n

    with pytest.raises(TypeError, match="n is True"):
        validate_tool_arguments(repeat, {"n": True})
