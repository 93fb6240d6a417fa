"""A guest whose wire is its runtime's own, as in Pyodide: without threads, signals or descriptors."""

import subprocess
import sys
from pathlib import Path

from actlet.execution import kernel

PROGRAM = """
import asyncio, json, os, sys, threading
sys.path.insert(0, sys.argv[1])
import kernel

class OneByOne(kernel.Wire):
    '''Messages from a list; each answer is made up when its call is sent.'''
    def __init__(self, messages):
        self.messages, self.sent, self.order = messages, [], []
    def send(self, pieces):
        message = json.loads(bytes(pieces[0])[4:])
        self.sent.append(message)
        if message["is"] == "calls":
            answers = [[number, True, args[1] * 2] for number, name, args, kwargs in message["calls"]]
            self.messages.insert(0, {"is": "answers", "answers": answers})
    def receive(self):
        if not self.messages:
            raise EOFError
        return self.messages.pop(0), []
    async def areceive(self):
        while not self.messages or self.messages[0]["is"] != "answers":
            await asyncio.sleep(0.001)
        return self.receive()

CODE = '''
async def main():
    ticks = asyncio.create_task(asyncio.sleep(0.01, "ticked"))
    return [*await asyncio.gather(double.acall(1), double.acall(2)), await double.acall(3), await ticks]
import asyncio
[double(5), *double.map([6, 7]), *asyncio.run(main())]
'''
offer = {"name": "double", "doc": "", "params": "(n)", "names": ["n"], "direct": False, "async": True}
wire = OneByOne([
    {"is": "setup", "takes": [], "limits": kernel.LIMITS._asdict()},
    {"is": "tools", "tools": [offer]},
    {"is": "run", "n": 1, "code": CODE},
    {"is": "run", "n": 2, "code": "print('hi')\\n1 / 0"},
])
out = sys.stdout
guest = kernel.Guest(wire)
threading.Thread.start = None
guest.serve()
sys.stdout = out
print(json.dumps([message for message in wire.sent if message["is"] in ("done", "printed")]))
"""


def test_answers_reach_plain_and_asynchronous_code_without_threads():
    import json

    command = [sys.executable, "-c", PROGRAM, str(Path(kernel.__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, *texts, second = json.loads(done.stdout)
    assert first["value"] == ["list", 10, 12, 14, 2, 4, 6, "ticked"]
    assert "".join(text["text"] for text in texts) + second["printed"] == "hi\n"
    assert second["error"][:3] == ["ZeroDivisionError", "division by zero", 2]
