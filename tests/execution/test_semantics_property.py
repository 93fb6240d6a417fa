"""Programs made at random do in the local box what they do in CPython."""

import pytest
from cpython import in_cpython, shown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actlet.execution.local import LocalPythonExecutor

NAMES = ["a", "b", "c", "items", "text"]
START = "a, b, c, items, text = 1, 2, 3, [3, 1, 2], 'word'\n"
BOX = LocalPythonExecutor(timeout_seconds=10)

names = st.sampled_from(NAMES)
atoms = st.one_of(
    names,
    st.integers(-5, 20).map(str),
    st.sampled_from(["True", "None", "'x'", "''", "[]", "{}", "(1, 2)", "{'k': 1}", "0.5", "len", "b'y'"]),
)


def compound(inner):
    pair = st.tuples(inner, inner)
    operators = st.sampled_from(["+", "-", "*", "//", "%", "/", "==", "!=", "<", ">=", "and", "or", "in", "is"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        pair.map(lambda p: f"[{p[0]}, {p[1]}]"),
        pair.map(lambda p: f"{p[0]}[{p[1]}]"),
        pair.map(lambda p: f"({p[0]} if {p[1]} else 0)"),
        pair.map(lambda p: f"[x for x in {p[0]} if x != {p[1]}]"),
        inner.map(lambda e: f"(not {e})"),
        inner.map(lambda e: f"f'{{{e}!r}}'"),
        inner.map(lambda e: f"'{{}}'.format({e})"),
        inner.map(lambda e: f"str({e})[:20]"),
        inner.map(lambda e: f"sorted({e})"),
        pair.map(lambda p: f"(lambda v, w={p[0]}: (v, w))({p[1]})"),
        pair.map(lambda p: f"max({p[0]}, {p[1]})"),
        st.tuples(names, inner).map(lambda p: f"({p[0]} := {p[1]})"),
        inner.map(lambda e: f"getattr({e}, 'real', 'none')"),
    )


expressions = st.recursive(atoms, compound, max_leaves=5)


def indented(block):
    return "\n".join("    " + line for line in "\n".join(block).split("\n"))


def nested(statement):
    block = st.lists(statement, min_size=1, max_size=3).map(indented)
    errors = st.sampled_from(["Exception", "TypeError", "ZeroDivisionError", "(KeyError,IndexError)"])
    return st.one_of(
        st.tuples(expressions, block, block).map(lambda p: f"if {p[0]}:\n{p[1]}\nelse:\n{p[2]}"),
        st.tuples(names, expressions, block).map(lambda p: f"for {p[0]} in {p[1]}:\n{p[2]}\n    break"),
        st.tuples(block, errors, block, block).map(
            lambda p: f"try:\n{p[0]}\nexcept {p[1]} as error:\n{p[2]}\nfinally:\n{p[3]}"
        ),
        st.tuples(names, block, expressions).map(
            lambda p: f"def fun({p[0]}=a, *rest):\n{p[1]}\n    return {p[2]}\nprint(fun())"
        ),
        st.tuples(block, expressions).map(
            lambda p: f"class Made:\n{p[0]}\n    def method(self):\n        return {p[1]}\nprint(Made().method())"
        ),
        st.tuples(expressions, names, block).map(
            lambda p: (
                f"match {p[0]}:\n    case [{p[1]}, *_]:\n        print({p[1]})\n    case int():\n"
                + indented(p[2].split("\n"))
                + "\n    case _:\n        print('other')"
            )
        ),
    )


simple = st.one_of(
    st.tuples(names, expressions).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(names, st.sampled_from(["+", "-", "*"]), expressions).map(lambda p: f"{p[0]} {p[1]}= {p[2]}"),
    expressions.map(lambda e: f"print({e})"),
    st.tuples(names, expressions).map(lambda p: f"print({p[0]}, {p[1]}, sep='|')"),
    expressions,
    names.map(lambda n: f"del {n}"),
)
statements = st.recursive(simple, nested, max_leaves=6)
programs = st.lists(statements, min_size=1, max_size=6).map(lambda lines: START + "\n".join(lines))


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_any_program_gives_the_same_value_output_and_error(program):
    BOX.reset()
    output = BOX.run(program)
    expected = in_cpython(program)
    assert (output.error.type if output.error else None) == expected.error, output.error
    assert output.logs == expected.printed
    assert shown(output.output) == expected.value
