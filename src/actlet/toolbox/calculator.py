"""`CalculatorTool`: exact arithmetic over one expression.

Numbers are rationals for as long as they can be: 0.1 + 0.2 is 0.3, 1/3 * 3 is 1, and integers have all their
digits. Only functions whose values aren't rational, such as sin, give floats. What comes out is an int where it is
whole, and the nearest float where it isn't.

The expression is parsed by Python and read node by node: numbers, operators, and calls of the functions below, by
name. Nothing else exists in it. Lengths and sizes are limited, so that no expression takes long.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..execution.kernel import tree_of
from ..tools import Tool

LONGEST_EXPRESSION = 2_000
"""Characters that an expression may have."""

MOST_BITS = 13_000
"""Size of the largest number, about 3,900 digits: what Python still writes as text."""

Number = Any
"""An int, a float or a Fraction."""


class CalculatorTool(Tool):
    """Evaluates an arithmetic expression exactly."""

    name = "calculator"
    description = "Evaluates an arithmetic expression exactly, for example (1.1 + 2.2) * 3 / sqrt(16)."
    inputs = {
        "expression": {
            "type": "string",
            "description": "operators + - * / // % ** ( ), pi, e, and functions such as sqrt, log(x, base), sin "
            "(of radians), round(x, digits), min, max, sum([..]), factorial, comb, gcd",
        }
    }
    output_type = "number"
    idempotent = True

    def forward(self, expression: str) -> int | float:
        """The value: an int where it is whole, else a float. Raises `ValueError` for what is no such expression."""
        return calculate(expression)


def calculate(expression: str) -> int | float:
    """The value of an expression. Raises `ValueError` that says what in it can't be calculated."""
    if len(expression) > LONGEST_EXPRESSION:
        raise ValueError(f"the expression has {len(expression)} characters, the limit is {LONGEST_EXPRESSION}")
    source = expression.strip().replace("^", "**").replace("\N{MULTIPLICATION SIGN}", "*")
    try:
        value = _Reader(source).value(tree_of(source, "<expression>", "eval").body)
        if isinstance(value, list):
            raise ValueError("it gives several numbers; write one expression, without thousands separators")
        return _plain(value)
    except SyntaxError:
        raise ValueError(f"{expression!r} is no arithmetic expression; write for example (2 + 3) * 4") from None
    except ZeroDivisionError:
        raise ValueError(f"can't calculate {expression!r}: division by zero") from None
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"can't calculate {expression!r}: {error}") from error


def _plain(value: Number) -> int | float:
    whole: int | float = value.numerator if isinstance(value, (int, Fraction)) else value
    return whole if whole == value else float(value)


class _Reader:
    """Reads the tree of an expression."""

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, node: ast.AST) -> Any:
        """The number that a node stands for, or the list of them."""
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.BinOp() if type(node.op) in _OPERATORS:
                return _sized(_OPERATORS[type(node.op)](self.value(node.left), self.value(node.right)))
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.Name():
                return _known(node.id, _CONSTANTS, "constant")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return _sized(_known(name, _FUNCTIONS, "function")(*map(self.value, arguments)))
            case ast.List() | ast.Tuple():
                return [self.value(element) for element in node.elts]
        raise ValueError(f"{ast.unparse(node)!r} is neither a number, an operator nor a function")

    def _constant(self, node: ast.Constant) -> Fraction:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise ValueError(f"{node.value!r} is no number")
        if isinstance(node.value, int):
            return Fraction(_sized(node.value))
        # Its own text, for 0.1 is a tenth here and not the float nearest to it.
        number = Decimal((ast.get_source_segment(self._source, node) or "").replace("_", ""))
        if abs(number.adjusted()) > 1_000:
            raise ValueError(f"{number} is too large or too small")
        return Fraction(number)


def _known(name: str, table: dict[str, Any], kind: str) -> Any:
    if name in table:
        return table[name]
    close = difflib.get_close_matches(name, table, 1)
    told = f"did you mean {close[0]}?" if close else f"there are: {', '.join(table)}"
    raise ValueError(f"there is no {kind} {name!r}; {told}")


def _sized(value: Any) -> Any:
    """The value, unless it is too large to go on with."""
    if isinstance(value, complex):
        raise ValueError("the result is a complex number")
    if isinstance(value, (int, Fraction)) and _bits(value) > MOST_BITS:
        raise ValueError(f"a number in it has more than {MOST_BITS} bits")
    return value


def _bits(value: int | Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _power(base: Number, exponent: Number) -> Any:
    exact = isinstance(base, (int, Fraction)) and isinstance(exponent, (int, Fraction))
    if exact and Fraction(exponent).denominator == 1:
        if _bits(Fraction(base)) * abs(exponent) > 2 * MOST_BITS and abs(base) != 1:
            raise ValueError("the power is too large")
        return Fraction(base) ** int(exponent)
    if exact and Fraction(exponent) == Fraction(1, 2):
        return _sqrt(base)
    return base**exponent


def _sqrt(value: Number) -> Number:
    """The root, exact where it is rational."""
    if isinstance(value, (int, Fraction)) and value >= 0:
        exact = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if exact * exact == value:
            return exact
    return math.sqrt(value)


def _whole(function: Callable[..., int], largest: int | None = None) -> Callable[..., Fraction]:
    """A function of whole numbers, up to the largest that is quick."""

    def of_whole(*values: Number) -> Fraction:
        for value in values:
            if value != int(value):
                raise ValueError(f"{function.__name__} takes whole numbers, not {_plain(value)}")
            if largest is not None and abs(value) > largest:
                raise ValueError(f"{function.__name__} takes numbers up to {largest}")
        return Fraction(function(*map(int, values)))

    return of_whole


def _round(value: Number, digits: Number = 0) -> Number:
    if abs(digits) > 1_000:
        raise ValueError("round takes up to 1000 digits")
    return round(value, int(digits))


def _flat(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of several numbers, given one by one or in a list."""
    return lambda *values: function(values[0] if len(values) == 1 and isinstance(values[0], list) else list(values))


def _total(values: list[Any]) -> Any:
    return sum(values, start=Fraction(0))


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "round": _round,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "min": _flat(min),
    "max": _flat(max),
    "sum": _flat(_total),
    "mean": _flat(lambda values: _total(values) / len(values)),
    "sqrt": _sqrt,
    "cbrt": math.cbrt,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "factorial": _whole(math.factorial, 1_400),
    "comb": _whole(math.comb, 10_000),
    "perm": _whole(math.perm, 1_400),
    "gcd": _whole(math.gcd),
    "lcm": _whole(math.lcm),
    "hypot": math.hypot,
    "degrees": math.degrees,
    "radians": math.radians,
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: getattr(math, name) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
}
