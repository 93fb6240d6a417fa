"""The kernel in every version of Python that it is for, as far as they are on this machine."""

import sys
from pathlib import Path

import pytest

from actlet.testing import ProcessExecutor
from actlet.testing.conformance import Reading, add, echo, error_of, run
from actlet.toolbox.final_answer import FinalAnswerTool

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
PYENV = Path.home() / ".pyenv" / "versions"
FOUND = {sys.executable} | {str(path) for each in VERSIONS for path in PYENV.glob(f"{each}.*/bin/python")}


@pytest.fixture(params=sorted(FOUND))
def box(request):
    box = ProcessExecutor(python=request.param)
    box.send_tools({"add": add, "echo": echo, "final_answer": FinalAnswerTool()})
    yield box
    box.cleanup()


def test_a_kernel_works_in_this_python(box):
    values = [None, 2**70, b"\x00", {"a": (1, {2})}, "x" * 10_000, 1.5]
    box.send_variables({"values": values})
    box.put_file("a/b.txt", "there")
    output = run(box, "print('hi')\nopen('made', 'w').write(open('a/b.txt').read())\necho(values)")
    assert (output.output, output.logs, output.files) == (values, "hi\n", ("made",))
    assert run(box, "[add(1), *add.map([1, 2])]").output == [3, 3, 4]
    gathered = "import asyncio\nasync def main(): return await asyncio.gather(*[add.acall(n) for n in range(3)])\n"
    assert run(box, gathered + "asyncio.run(main())").output == [2, 3, 4]
    assert error_of(run(box, "def f():\n    return 1 / 0\nf()")).line == 3
    reading = Reading(box, "print('on')\nwhile True: pass")
    reading.next()
    box.interrupt()
    assert error_of(reading.output()).type == "KeyboardInterrupt"
    assert run(box, "final_answer = 1\nfinal_answer(final_answer + len(values))").output == 7
