"""A mistake that can be seen is reported before anything has happened; what CPython would run is never refused."""

import time

import pytest
from box_support import box_with

from actlet.execution.policy import Imports
from actlet.execution.preflight import Surroundings, look_over


def search(query: str, top_k: int = 3) -> list[str]:
    """Search for pages."""
    return [query] * top_k


def fetch(*, url: str) -> str:
    """Fetch a page."""
    return url


@pytest.fixture
def box():
    return box_with(search, fetch, additional_authorized_imports=["json"])


MISSING = [
    "nothing_here",
    "x = nothing_here",
    "print(len(nothing_here))",
    "x = [nothing_here]",
    "for i in nothing_here: pass",
    "if nothing_here: pass",
    "while nothing_here: pass",
    "[x for x in nothing_here]",
    "nothing_here.attribute",
    "nothing_here()",
    "f'{nothing_here}'",
    "nothing_here and 1",
    "1 if nothing_here else 2",
    "1 < nothing_here",
    "def f(x=nothing_here): pass",
    "@nothing_here\ndef f(): pass",
    "class A(nothing_here): pass",
    "with nothing_here: pass",
    "assert nothing_here",
    "match nothing_here:\n    case _: pass",
    "raise nothing_here",
    "lambda x=nothing_here: x",
    "try:\n    nothing_here\nfinally:\n    pass",
]


@pytest.mark.parametrize("code", MISSING)
def test_a_name_that_does_not_exist_is_reported_before_anything_runs(box, code):
    output = box.run(f"print('ran')\n{code}")
    assert output.error.type == "NameError"
    assert "'nothing_here' is not defined" in output.error.message
    assert output.logs == ""


NOT_CERTAIN = [
    "if False:\n    nothing_here",
    "def f():\n    nothing_here",
    "class A:\n    def m(self):\n        nothing_here",
    "lambda: nothing_here",
    "for i in []:\n    nothing_here",
    "while False:\n    nothing_here",
    "[nothing_here for _ in []]",
    "True or nothing_here",
    "1 if True else nothing_here",
    "2 < 1 < nothing_here",
    "try:\n    nothing_here\nexcept NameError:\n    pass",
    "try:\n    pass\nexcept nothing_here:\n    pass",
    "from contextlib import suppress\nwith suppress(NameError):\n    nothing_here",
    "def f(x: 'nothing_here') -> 'nothing_here': pass",
    "x: 'nothing_here' = 1",
    "from math import *\nsin(0)",
    "def late():\n    return defined_later\ndefined_later = 1\nlate()",
    "def make():\n    global made\n    made = 1\nmake()\nmade",
    "import json as j\nj.dumps(1)",
    "match [1, 2]:\n    case [first, *others]:\n        pass\nfirst, others",
    "match {'a': 1, 'b': 2}:\n    case {'a': n, **rest}:\n        pass\nn, rest",
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e)",
    "(y := 3)\ny",
    "with open_it() as handle: handle\n" if False else "x = 1",
    "final_answer(1)\nnothing_here",
    "assert True, nothing_here",
    "match 1:\n    case 2:\n        nothing_here",
]


@pytest.mark.parametrize("code", NOT_CERTAIN)
def test_what_python_would_run_is_run(code):
    box = box_with(search, additional_authorized_imports=["json", "contextlib"])
    assert box.run(code).error is None


def test_a_name_that_an_earlier_snippets_function_may_have_bound_is_taken_to_exist(box):
    box.run("def setup():\n    global config\n    config = {'a': 1}")
    assert box.run("setup()\nconfig['a']").output == 1


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("total_count = 1\ntotal_cuont", "Did you mean: 'total_count'?"),
        ("pritn('x')", "Did you mean: 'print'?"),
        ("serach('x')", "Did you mean: 'search'?"),
        ("json.dumps(1)", "Did you forget to import 'json'?"),
    ],
)
def test_a_name_close_to_a_known_one_gets_a_hint(box, code, hint):
    assert hint in box.run(code).error.message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("search()", "missing a required argument: 'query'"),
        ("search('a', 1, 2)", "too many positional arguments"),
        ("search('a', depth=2)", "unexpected keyword argument 'depth'"),
        ("for word in []:\n    search(top_k=2)", "missing a required argument"),
        ("def f():\n    return search(word='x')", "missing a required argument"),
        ("fetch(a=1)", "argument: 'url'"),
    ],
)
def test_a_call_that_can_not_fit_its_tool_is_reported_before_anything_runs(box, code, says):
    output = box.run(f"print('ran')\n{code}")
    assert (output.error.type, output.logs) == ("TypeError", "")
    assert says in output.error.message


@pytest.mark.parametrize(
    "code",
    [
        "search('a')",
        "search(query='a', top_k=1)",
        "search(*['a', 2])",
        "search(**{'query': 'a'})",
        "def search(): return 'own'\nsearch()",
        "search = lambda: 'own'\nsearch()",
        "try:\n    search()\nexcept TypeError:\n    pass",
        "fetch(url='u')",
        "other = search\nother('a')",
    ],
)
def test_a_call_that_may_fit_is_left_alone(box, code):
    assert box.run(code).error is None


def test_a_variable_that_hides_a_tool_is_named_when_it_is_called(box):
    box.run("search = search('cats')")
    error = box.run("more = search('dogs')").error
    assert error.type == "TypeError"
    assert "`del search` brings the tool back" in error.message
    assert box.run("del search\nsearch('dogs', 1)").output == ["dogs"]


def test_mistakes_are_reported_in_the_order_of_their_lines(box):
    error = box.run("a = search()\nb = nothing_here\n").error
    assert (error.type, error.line) == ("TypeError", 1)
    assert "line 2: NameError" in error.message


def test_a_very_deep_expression_is_looked_over(box):
    assert box.run(" + ".join(["1"] * 800)).output == 800


def test_looking_over_a_snippet_costs_less_than_a_millisecond():
    code = """pages = search("cats", top_k=2)
total = 0
for page in pages:
    total += len(page.strip()) * 2
print(f"total: {total:.2f}", pages[0])
"""
    import ast

    from actlet.execution.guards import BASE_BUILTINS

    around = Surroundings({"x": 1}, {**BASE_BUILTINS, "print": print, "search": search}, {}, Imports([]))
    trees = [ast.parse(code) for _ in range(200)]
    started = time.perf_counter()
    for tree in trees:
        assert look_over(tree, around) == []
    assert (time.perf_counter() - started) / 200 < 0.001
