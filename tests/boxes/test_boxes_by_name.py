"""Boxes by their type: what they are made with, and what they lack."""

import os
import subprocess
import sys

import pytest

from actlet import BoxError, CodeAgent, MissingExtraError
from actlet.execution.boxes import BOXES, box_class, make_box, options_of
from actlet.testing import ScriptedModel


def test_an_option_that_a_box_does_not_have_is_told_with_those_it_has():
    told = r"'local' has no option 'timeout'\. There is: max_print_outputs_length, .*timeout_seconds\."
    with pytest.raises(TypeError, match=told):
        CodeAgent(tools=[], model=ScriptedModel([]), executor_kwargs={"timeout": 3})


@pytest.mark.parametrize("name", BOXES)
def test_every_box_says_which_options_it_takes(name):
    known = options_of(box_class(name))
    assert len(known) == len(set(known))
    assert {"timeout_seconds", "max_print_outputs_length"} <= set(known)
    with pytest.raises(TypeError, match=f"'{name}' has no option 'colour', 'size'"):
        make_box(name, [], colour="blue", size=3)


@pytest.mark.parametrize(
    ("name", "extra", "package"),
    [
        ("docker", "docker", "docker"),
        ("wasm", "wasm", "deno"),
        ("browser", "wasm", "websockets"),
        ("e2b", "e2b", "e2b"),
        ("modal", "modal", "modal"),
        ("blaxel", "blaxel", "blaxel"),
    ],
)
def test_a_box_without_its_extra_is_an_error_of_boxes_and_of_extras(name, extra, package, tmp_path):
    script = (
        "import sys, importlib.util as util\n"
        f"sys.modules[{package!r}] = None\n"
        f"seen = util.find_spec\nutil.find_spec = lambda name, *rest: None if name == {package!r} else seen(name, *rest)\n"
        "from actlet.execution.boxes import make_box\n"
        f"try: make_box({name!r}, []).start()\n"
        "except Exception as error: print([kind.__name__ for kind in type(error).__mro__], error)"
    )
    nothing_else = {**os.environ, "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=nothing_else
    )
    for told in (
        BoxError.__name__,
        MissingExtraError.__name__,
        ImportError.__name__,
        f"pip install 'actlet[{extra}]'",
    ):
        assert told in done.stdout, done.stderr
