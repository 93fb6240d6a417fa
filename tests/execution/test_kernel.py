"""The kernel stands alone: one file of standard library, for Python 3.9 and later."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

from actlet.execution import kernel
from actlet.execution.kernel import Kernel

FILE = Path(kernel.__file__)


def started() -> Kernel:
    return Kernel(dict(vars(builtins)))


def imported_in(nodes):
    nodes = list(nodes)
    found = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.partition(".")[0] for name in found}


def test_it_is_python_3_9_and_imports_only_the_standard_library_but_where_a_value_needs_its_own():
    tree = ast.parse(FILE.read_text(), feature_version=(3, 9))
    standard = set(sys.stdlib_module_names)
    assert imported_in(tree.body) <= standard
    assert imported_in(ast.walk(tree)) <= standard | {"numpy", "pandas", "PIL"}


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_it_runs_by_itself_on_other_versions(version):
    folders = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not folders:
        pytest.skip(f"Python {version} is not installed under ~/.pyenv")
    code = (
        "import builtins, kernel; k = kernel.Kernel(dict(vars(builtins))); "
        "ended = k.run(k.parse('x = 20\\nx * 2 + 2')); print(ended.value, ended.changed)"
    )
    command = [folders[-1], "-c", code]
    environment = {"PYTHONPATH": str(FILE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
    assert done.stdout == "42 ('x',)\n", done.stderr


def test_it_holds_no_policy_of_its_own():
    made = started()
    assert made.run(made.parse("eval('1 + 1')")).value == 2


def test_frames_of_other_kernels_are_not_shown():
    first = started()
    second = started()
    first.run(first.parse("def boom():\n    return 1 / 0"))
    second.namespace["boom"] = first.namespace["boom"]
    assert second.run(second.parse("x = 1\nboom()")).failure.traceback == "line 2: boom()"


def test_only_the_last_snippets_sources_are_kept():
    made = started()
    for _ in range(kernel.KEPT_SOURCES + 50):
        made.run(made.parse("x = 1"))
    assert len(made._sources) == kernel.KEPT_SOURCES
