"""A worker's program for tests of the sandbox alone: reads one snippet, runs it, writes what it printed and ends."""

import contextlib
import io
import os
import traceback


def main(read: int, write: int) -> None:
    source = b""
    while not source.endswith(b"\0"):
        source += os.read(read, 65_536)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(source[:-1].decode(), {"__name__": "__main__"})
        except BaseException:
            printed.write(traceback.format_exc())
    os.write(write, printed.getvalue().encode())
