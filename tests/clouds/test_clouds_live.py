"""The clouds themselves, where there is a login: a start, a tool, a file's worth of data, an end. Costs a few cents."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
from actlet import tool
from actlet.execution.boxes import make_box

@tool
def add(a: int, b: int) -> int:
    '''Adds.

    Args:
        a: One.
        b: Another.
    '''
    return a + b

box = make_box({name!r}, [], packages=["humanize"], timeout_seconds=20)
try:
    box.send_tools({{"add": add}})
    first = box.run("import humanize, os\\nprint('ü' * 10)\\nhumanize.intcomma(add(1, 999_999))")
    assert first.error is None, first.error
    assert (first.output, first.logs) == ("1,000,000", "ü" * 10 + "\\n"), first
    data = os.urandom(2_000_000)
    box.send_variables({{"data": data}})
    assert box.run("data[::-1]").output == data[::-1]
    assert box.run("import time\\nwhile True: time.sleep(1)").error.type == "TimeoutError"
    died = box.run("import os\\nos._exit(3)").error
    assert "its process exited (3)" in died.message, died
    assert box.run("6 * 7").output == 42
finally:
    box.cleanup()
print("all was well")
"""
KEYS = {"e2b": "E2B_API_KEY", "modal": "MODAL_TOKEN_ID", "blaxel": "BL_API_KEY"}
OURS = dict(os.environ)  # before any stand-in is in it


@pytest.mark.live
@pytest.mark.parametrize("name", list(KEYS))
def test_the_cloud_itself_does_what_its_stand_in_does(name):
    if not OURS.get(KEYS[name]):
        pytest.skip(f"set {KEYS[name]} to run this")
    script = SCRIPT.format(name=name)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=900, env=OURS)
    assert done.stdout == "all was well\n", done.stderr
