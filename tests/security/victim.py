"""A process outside of every box that must be left alone. `outside.py` starts it, never a snippet.

It holds a secret in its environment, its memory and a file without a name; it logs every signal.
"""

import os
import signal
import sys
import tempfile
import time

SIGNALS = ["USR1", "USR2", "HUP", "TERM", "INT", "IO", "URG", "ALRM", "CONT", "RTMIN"]


def logged(number, _frame):
    with open(sys.argv[1], "a") as log:
        log.write(f"signal {number}\n")


secret = os.environ["VICTIM_SECRET"]
hidden = tempfile.TemporaryFile()  # noqa: SIM115
hidden.write(secret.encode())
hidden.flush()
for name in SIGNALS:
    signal.signal(getattr(signal, f"SIG{name}"), logged)
with open(sys.argv[1], "a") as log:
    log.write("ready\n")
while True:
    time.sleep(0.2)
