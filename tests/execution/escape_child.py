"""The host process for one snippet of the escape corpus: runs it in a local box and writes what the host observed.

Usage: escape_child.py SNIPPET VARS_JSON REPORT HARNESS_FOLDER
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import ClassVar

from actlet.execution.local import LocalPythonExecutor
from actlet.toolbox import FinalAnswerTool
from actlet.tools import Tool

SNIPPET, VARS, REPORT, HARNESS = sys.argv[1:5]
sys.path.insert(0, HARNESS)
import hosttools as host  # noqa: E402


class NoteStore(Tool):
    name, description, output_type = "note_store", "store a note", "string"
    inputs: ClassVar = {"text": {"type": "string", "description": "the note"}}

    def __init__(self):
        super().__init__()
        self.api_key, self.limit = host.HOST_SECRET, 3

    def forward(self, text: str) -> str:
        return host.note_store(text)


class Lookup(Tool):
    name, description, output_type = "lookup", "look up", "string"
    inputs: ClassVar = {"key": {"type": "string", "description": "the key"}}

    def forward(self, key: str) -> str:
        return host.lookup(key)


def main() -> None:
    variables = json.loads(Path(VARS).read_text())
    imports = variables.pop("_IMPORTS")
    variables |= {"HOST_LIST": host.HOST_LIST, "HOST_CONFIG": host.HOST_CONFIG, "HOST_OBJ": host.HOST_OBJ}
    os.chdir(variables["WORK_DIR"])
    box = LocalPythonExecutor(imports, timeout_seconds=variables["LIM"]["WALL_S"])
    notes = NoteStore()
    box.send_tools({"note_store": notes, "lookup": Lookup(), "final_answer": FinalAnswerTool()})
    box.send_variables(variables)
    host.snapshot()
    started = time.time()
    output = box.run(Path(SNIPPET).read_text())
    report = {"wall": time.time() - started, "logs": output.logs, "error": str(output.error)}
    started = time.time()
    report["value"] = str(output.output)[:20000]
    report["str_wall"] = time.time() - started
    report["final"] = output.is_final_answer
    del output
    gc.collect()
    probe = box.run("result = 'PROBE'\nprint('LOG')\nresult")
    report["probe_ok"] = (probe.output, probe.logs, probe.is_final_answer) == ("PROBE", "LOG\n", False)
    report["mutations"] = host.mutations()
    if notes.limit != 3 or notes.api_key != host.HOST_SECRET:
        report["mutations"].append("note_store")
    Path(REPORT).write_text(json.dumps(report))


main()
os._exit(0)
