from __future__ import annotations

import asyncio
import copy
import dataclasses
import enum
import functools
import pickle
import subprocess
import sys
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pytest

from actlet.errors import AgentToolCallError
from actlet.tools import FunctionTool, Tool, tool


@tool
def weather(city: str, unit: Literal["c", "f"] = "c") -> dict[str, float]:
    """The weather of today.

    Args:
        city: where,
            and in which country
        unit: Celsius or Fahrenheit

    Returns:
        The temperature by hour.
    """
    return {city: 20.5 if unit == "c" else 68.9}


def plain(x: int) -> int:
    """Doubles x."""
    return 2 * x


def test_a_function_becomes_a_tool_and_stays_what_it_is():
    made = tool(plain)
    assert isinstance(made, FunctionTool)
    assert isinstance(made, Tool)
    assert (made.name, made.description, made.output_type) == ("plain", "Doubles x.", "integer")
    assert made.inputs == {"x": {"type": "integer", "description": ""}}
    assert made(2) == made(x=2) == plain(2) == made.function(2) == 4
    assert made.__name__ == "plain"


def test_google_numpy_and_sphinx_docstrings_say_the_same():
    def google(a: int, b: str = "x") -> str:
        """Does it.

        Args:
            a: the first
            b (str, optional): the second
        """

    def numpy(a: int, b: str = "x") -> str:
        """Does it.

        Parameters
        ----------
        a : int
            the first
        b : str, optional
            the second
        """

    def sphinx(a: int, b: str = "x") -> str:
        """Does it.

        :param a: the first
        :param b: the second
        """

    for function in (google, numpy, sphinx):
        made = tool(function)
        assert made.description == "Does it."
        assert [p.description for p in made.parameters] == ["the first", "the second"]


def test_a_type_or_a_description_is_enough_for_a_parameter():
    @tool
    def typed(x: int):
        """Fine."""

    @tool
    def described(x):
        """Fine.

        Args:
            x: anything
        """

    assert typed.signature.return_annotation is typed.signature.empty
    assert described.parameters[0].hint is Any
    with pytest.raises(TypeError, match="says nothing about its parameter 'x'"):

        @tool
        def neither(x):
            """Not fine."""


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: tool(lambda x: x), ValueError, "lambda has no name"),
        (lambda: tool(weather), ValueError, "is a tool already"),
        (lambda: tool(3), TypeError, "decorates a function"),
        (lambda: tool(dict), TypeError, "subclassing Tool"),
        (lambda: tool(staticmethod(plain)), TypeError, "below @staticmethod"),
        (lambda: tool(name="class")(plain), ValueError, "Invalid Tool name 'class'"),
        (lambda: tool(functools.partial(plain, 1)), ValueError, "Invalid Tool name ''"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_with_the_reason(make, error, told):
    with pytest.raises(error, match=told):
        make()


def test_a_function_without_a_word_on_what_it_does_is_refused():
    def silent(x: int) -> int:
        return x

    with pytest.raises(ValueError, match="write a docstring, or pass description"):
        tool(silent)
    assert tool(description="Echoes.")(silent).description == "Echoes."


def test_star_arguments_are_refused_with_the_remedy():
    def stars(*values: int) -> int:
        """Sums."""
        return sum(values)

    with pytest.raises(TypeError, match=r"\*values.*give each a name"):
        tool(stars)


def test_options_are_kept():
    made = tool(name="twice", description="Two times.", timeout=5, idempotent=True)(plain)
    assert (made.name, made.description, made.timeout, made.idempotent) == ("twice", "Two times.", 5, True)
    assert (weather.timeout, weather.idempotent) == (None, False)


def test_other_decorators_stay_in_force():
    def louder(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) + "!"

        return wrapper

    @tool
    @louder
    def greet(name: str) -> str:
        """Greets."""
        return f"hi {name}"

    assert greet(name="Ann") == "hi Ann!"
    assert str(greet.signature) == "(name: str) -> str"


class Shop:
    """A class with tools for methods."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    @tool
    def price(self, item: str, times: int = 1) -> float:
        """The price of an item."""
        return len(item) * times * self.factor

    def cost(self, item: str) -> float:
        """What an item costs."""
        return len(item) * self.factor

    @staticmethod
    @tool
    def currency() -> str:
        """The currency."""
        return "EUR"


def test_a_method_decorated_in_its_class_is_a_tool_of_each_object():
    one, two = Shop(1), Shop(2)
    assert one.price("abc", times=2) == 6
    assert two.price(item="abc") == 6
    assert [p.name for p in one.price.parameters] == ["item", "times"]
    assert one.price.validate({"item": "a", "times": "2"}) == {"item": "a", "times": 2}
    assert Shop.currency() == one.currency() == "EUR"


def test_a_bound_method_becomes_a_tool():
    assert tool(Shop(3).cost)(item="ab") == 6


def test_an_async_function_is_called_from_both_worlds():
    @tool
    async def slow(x: int) -> int:
        """Waits."""
        await asyncio.sleep(0.001)
        return x + 1

    async def both():
        return await asyncio.gather(slow.acall(x=1), weather.acall(city="Rome"))

    assert slow.is_async
    assert slow(1) == 2
    assert asyncio.run(both()) == [2, {"Rome": 20.5}]


def test_an_async_method_is_a_tool_too():
    class Service:
        def __init__(self, base: int) -> None:
            self.base = base

        @tool
        async def add(self, x: int) -> int:
            """Adds."""
            return self.base + x

    assert Service(10).add(1) == 11
    assert asyncio.run(Service(20).add.acall(x=1)) == 21


def blocking_way(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return asyncio.run(function(*args, **kwargs))

    return wrapper


def passed_on(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize("decorator", [blocking_way, passed_on])
def test_decorators_around_async_functions_may_block_or_hand_on_the_coroutine(decorator):
    @tool
    @decorator
    async def double(x: int) -> int:
        """Doubles."""
        await asyncio.sleep(0.001)
        return 2 * x

    assert double(4) == 8
    assert asyncio.run(double.acall(x=4)) == 8


def test_an_async_generator_is_refused_with_the_remedy():
    async def items() -> int:
        """Gives one after another."""
        yield 1

    with pytest.raises(TypeError, match="'items' is an async generator: have it collect"):
        tool(items)


def test_an_async_tool_called_from_the_loop_it_would_block_says_what_to_do():
    @tool
    async def inner() -> int:
        """One."""
        return 1

    @tool
    async def outer() -> int:
        """Calls the other without awaiting."""
        return inner()

    with pytest.raises(RuntimeError, match=r"await inner\.acall"):
        outer()


def test_tools_of_module_functions_can_be_copied_and_pickled():
    assert pickle.loads(pickle.dumps(weather)) is weather
    assert copy.deepcopy(weather) is weather
    again = pickle.loads(pickle.dumps(tool(name="p2", timeout=3)(plain)))
    assert (again.name, again.timeout, again(4)) == ("p2", 3, 8)
    bound = pickle.loads(pickle.dumps(tool(Shop(3).cost)))
    assert bound("ab") == 6


def test_types_of_the_enclosing_function_are_found():
    @dataclasses.dataclass
    class Point:
        x: int

    class Kind(enum.Enum):
        A = "a"

    @tool
    def where(point: Point, kind: Kind = Kind.A) -> Point:
        """Where."""
        return point

    assert where.validate({"point": {"x": 1}, "kind": "a"}) == {"point": Point(1), "kind": Kind.A}


@tool
def early(x: Later) -> int:
    """Uses a type that is defined further down."""
    return x.value


@dataclasses.dataclass
class Later:
    value: int


def test_a_type_that_is_defined_later_is_found_when_it_is_needed():
    assert early.validate({"x": {"value": 3}}) == {"x": Later(3)}


def test_a_type_that_never_comes_is_an_error_that_names_it():
    @tool
    def lost(x: Nowhere) -> int:  # noqa: F821
        """Never."""

    with pytest.raises(TypeError, match=r"lost\(\) can't be resolved: name 'Nowhere'"):
        lost.to_code_prompt()


def test_descriptions_may_stand_in_annotated():
    from pydantic import Field

    @tool
    def f(a: Annotated[int, "the a"], b: Annotated[str, Field(description="the b", pattern="^x")] = "x") -> None:
        """Does it."""

    assert [p.description for p in f.parameters] == ["the a", "the b"]
    assert f.output_type == "null"


def test_choices_in_a_description_are_its_type_as_in_smolagents():
    @tool
    def f(size: str) -> str:
        """Does it.

        Args:
            size: how large (choices: ["s", "l"])
        """

    assert f.parameters[0].hint == Literal["s", "l"]
    assert f.parameters[0].description == "how large"


def test_a_tool_is_made_where_no_source_is():
    code = (
        "from actlet.tools import tool\n"
        "@tool\ndef f(x: int) -> int:\n    'Doubles.'\n    return 2 * x\n"
        "print(f(4), f.to_code_prompt().splitlines()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "8 def f(x: int) -> int:"


def test_importing_and_calling_a_simple_tool_loads_nothing_heavy():
    code = (
        "import sys\nfrom actlet.tools import tool\n"
        "@tool\ndef f(x: int) -> int:\n    'Doubles.'\n    return 2 * x\n"
        "f(**f.validate({'x': 1})); f.to_code_prompt()\n"
        "print([m for m in ('pydantic', 'asyncio', 'numpy', 'PIL', 'sqlalchemy', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_single_dict_of_arguments_is_expanded():
    assert weather({"city": "Oslo", "unit": "f"}) == {"Oslo": 68.9}


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        ((), {}, "missing a required argument: 'city'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        (("a",), {"city": "b"}, "multiple values for argument 'city'"),
        ((), {"city": "b", "town": "c"}, "unexpected keyword argument 'town'"),
    ],
)
def test_a_call_that_does_not_fit_is_told_the_signature(args, kwargs, told):
    with pytest.raises(TypeError, match=f"{told}.*call it as weather\\(city: str"):
        weather.bind(args, kwargs)


def test_lazy_iterables_are_not_used_up_by_checking():
    @tool
    def total(numbers: Iterable[int]) -> int:
        """Sums."""
        return sum(numbers)

    assert total(**total.validate({"numbers": (n for n in range(4))})) == 6
    assert total(**total.validate({"numbers": ["1", 2]})) == 3
    with pytest.raises(AgentToolCallError):
        total.validate({"numbers": ["x"]})
