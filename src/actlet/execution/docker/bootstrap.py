"""How a kernel comes into a container: by its standard input, so that the image needs nothing but Python.

`python -c` runs `BOOTSTRAP`, which reads the kernel, keeps the two streams for it and runs it. The kernel is sent
as source, and compiled as well: where the image has the Python version of the host, that saves compiling it again.
"""

from __future__ import annotations

import functools
import marshal
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from .. import kernel
from .settings import WORK

BOOTSTRAP = """
import marshal, os, sys
from _frozen_importlib_external import MAGIC_NUMBER
if sys.version_info < (3, 9):
    sys.exit("the box needs Python 3.9 or later; this is " + sys.version.split()[0])
def read(size):
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            sys.exit("the kernel did not come")
        data += piece
    return data
source, code = read(int(sys.argv[2])), read(int(sys.argv[3]))
code = marshal.loads(code) if MAGIC_NUMBER.hex() == sys.argv[1] else compile(source, "<kernel>", "exec")
os.chdir(sys.argv[4])
sys.argv = ["kernel.py", "stdio"]
exec(code, {"__name__": "__main__"})
"""


@functools.cache
def _kernel() -> tuple[bytes, bytes]:
    source = Path(kernel.__file__).read_bytes()
    return source, marshal.dumps(compile(source, "<kernel>", "exec", dont_inherit=True))


def arguments() -> list[str]:
    """The arguments that Python is started with: isolated from its environment and the work folder."""
    source, code = _kernel()
    return ["-I", "-c", BOOTSTRAP, MAGIC_NUMBER.hex(), str(len(source)), str(len(code)), WORK]


def payload() -> list[bytes]:
    """What its standard input begins with."""
    return list(_kernel())
