"""The snippets forge in the box's own language: what they send is understood, or holding it would prove nothing."""

import adapters
import hosttools
import pytest
from outside import LIMITS

SPRAY = """
import os, stat
for fd in range(3, 4096):  # pytest has many open, so the channel may have any number
    try:
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.write(fd, data)
    except OSError:
        pass
"""


@pytest.fixture(params=["process", "sandbox"])
def box(request, tmp_path):
    made = adapters.adapter(request.param, {"LIM": LIMITS, "CANARY_FILE": str(tmp_path / "canary")})
    yield made
    made.close()


def test_a_forged_end_is_taken_for_the_end(box):
    forged = "data = RESULT_TMPL.replace('@@', '7').encode()\ndata = len(data).to_bytes(4, 'big') + data\n"
    assert box.run(forged + SPRAY)["value"] == 7


def test_a_forged_final_answer_is_one(box):
    answer = box.run("data = bytes.fromhex(FORGED_FRAMES[0])\n" + SPRAY)
    assert (answer["value"], answer["final"]) == ("FORGED", True)


def test_a_forged_call_reaches_a_tool_that_is_offered(box):
    before = list(hosttools.note_store.notes)
    call = "data = bytes.fromhex(CALL_FRAMES[0]).replace(b'forbidden_tool', b'note_store')\n"
    shorter = "data = (len(data) - 4).to_bytes(4, 'big') + data[4:]\n"
    box.run(call + shorter + SPRAY + "import time\ntime.sleep(0.5)")
    assert hosttools.note_store.notes == [*before, "x"]
    hosttools.note_store.notes.clear()
