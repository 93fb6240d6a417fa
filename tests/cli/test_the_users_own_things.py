"""Tools and types of the user's own: files and modules that the command loads."""

import json
import subprocess
import sys

import pytest
from command_support import code

from actlet.cli.named import requirements

SHOP = """
from dataclasses import dataclass
import helper

open("loaded.txt", "a").write("x")
sold = []

@dataclass
class Sale:
    count: int

def sell(count: int) -> None:
    "Sells."
    sold.append(helper.once(count))

def total() -> int:
    "How many were sold."
    return sum(sold)
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "helper.py").write_text("def once(count):\n    return count\n")


def test_a_file_is_loaded_once_whatever_is_taken_from_it(actlet, serve, shop, tmp_path):
    _, model = serve(code("sell(2)\nsell(3)\nfinal_answer({'count': total()})"))
    tools = f"shop.py:sell,{tmp_path}/shop.py:total"
    done = actlet("run", *model, "--tools", tools, "--output-type", "./shop.py:Sale", "Sell.")
    assert (done.returncode, done.stdout) == (0, '{"count": 5}\n'), done.stderr
    assert (tmp_path / "loaded.txt").read_text() == "x"


@pytest.mark.parametrize("name", ["json", "typing", "shop"])
def test_a_file_may_be_called_as_a_module_of_the_standard_library(actlet, serve, tmp_path, name):
    (tmp_path / f"{name}.py").write_text("def seven() -> int:\n    'Seven.'\n    return 7\n")
    _, model = serve(code("import json\nfinal_answer(json.dumps(seven()))"))
    done = console_script(actlet, "run", *model, "--tools", f"./{name}.py:seven", "Go.")
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr


TYPED = """
from __future__ import annotations
import pickle
from dataclasses import dataclass

@dataclass
class Pair:
    "A pair."
    one: int

def again(one: int) -> Pair:
    "A pair that was pickled."
    return pickle.loads(pickle.dumps(Pair(one)))
"""


def test_what_a_file_defines_can_be_pickled_and_its_hints_be_read(actlet, serve, tmp_path):
    (tmp_path / "pairs.v2.py").write_text(TYPED)
    _, model = serve(code("final_answer(again(3).one)"))
    done = actlet("run", *model, "--executor", "local", "--tools", "pairs.v2.py:again", "Go.")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def console_script(actlet, *arguments):
    """The command as it is installed: the current folder isn't searched for modules."""
    start = "import sys; from actlet.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-P", "-c", start, *arguments],
        cwd=actlet.folder,
        env=actlet.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("start", [console_script, lambda actlet, *arguments: actlet(*arguments)])
def test_a_module_of_the_current_folder_is_found(actlet, serve, shop, start):
    _, model = serve(code("sell(2)\nfinal_answer(total())"))
    done = start(actlet, "run", *model, "--tools", "shop:sell,shop:total", "Sell.")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_the_current_folder_stands_in_front_of_nothing(actlet, serve, tmp_path, shop):
    (tmp_path / "statistics.py").write_text("raise SystemExit('the wrong one')")
    (tmp_path / "helper.py").write_text(
        "import statistics\ndef once(count):\n    return statistics.mean([count])\n"
    )
    _, model = serve(code("sell(2)\nfinal_answer(total())"))
    for tools in ("shop:sell,shop:total", "shop.py:sell,shop.py:total"):
        done = console_script(actlet, "run", *model, "--tools", tools, "Sell.")
        assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_a_file_that_ends_python_could_not_be_loaded(actlet, serve, tmp_path):
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    server, model = serve("never asked")
    done = actlet("run", *model, "--tools", "leaving.py:tool", "Go.")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'leaving.py' could not be loaded: SystemExit: 3" in done.stderr
    assert server.requests == []


def test_a_tool_that_ends_python_has_not_answered(actlet, serve, tmp_path):
    (tmp_path / "leaving.py").write_text("import sys\ndef leave() -> int:\n    'Leaves.'\n    sys.exit(3)\n")
    _, model = serve(code("final_answer(leave())"))
    done = actlet("run", *model, "--json", "--tools", "leaving.py:leave", "Go.")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, {"type": "SystemExit", "message": "3"})
    assert "a tool ended the command: SystemExit: 3" in done.stderr


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["humanize"], ["humanize"]),
        (["humanize >= 4"], ["humanize>=4"]),
        (["humanize>=4 attrs"], ["humanize>=4", "attrs"]),
        (["humanize >= 4, < 5 attrs,pandas ==2.*"], ["humanize>=4,<5", "attrs", "pandas==2.*"]),
        (["a[x, y] ~= 1.0, b [z]", "c"], ["a[x,y]~=1.0", "b[z]", "c"]),
        (["a (>= 1, != 2) b"], ["a(>=1,!=2)", "b"]),
        (["a @ https://host/a.whl b"], ["a@https://host/a.whl", "b"]),
        (
            ["b,a; python_version < '3.12' and os_name == 'posix'"],
            ["b", "a; python_version < '3.12' and os_name == 'posix'"],
        ),
        (["", " , "], []),
    ],
)
def test_a_requirement_may_hold_spaces_and_several_may_share_an_option(given, wanted):
    assert requirements(given) == wanted


def test_packages_with_spaces_in_them_are_installed(actlet, serve, package):
    _, model = serve(code("import greeting\nfinal_answer(greeting.hello())"))
    done = actlet("run", *model, "--packages", package.replace("@", " @ "), "Go.")
    assert (done.returncode, done.stdout) == (0, "hello from the package\n"), done.stderr
