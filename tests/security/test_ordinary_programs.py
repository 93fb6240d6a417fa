"""Ordinary programs work in the boxes: one that dies of everything would hold everything.

`REFUSED` are the exceptions, which docs/security.md names.
"""

import pytest
from boxes_here import BOXES

PROGRAMS = {
    "sqlite": "import sqlite3\nc = sqlite3.connect('a.db')\nc.execute('create table if not exists t(x)')\nc.commit()\n1",
    "tempfile": "import tempfile\ntempfile.mkdtemp()",
    "threads": "import threading\nr = []\nt = threading.Thread(target=r.append, args=(1,))\nt.start()\nt.join()\nr",
    "threadpool": "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(4).map(abs, [-1, -2]))",
    "asyncio": "import asyncio\nasync def f():\n  await asyncio.sleep(0.01)\n  return 5\nasyncio.run(f())",
    "subprocess": "import subprocess\nsubprocess.run(['true']).returncode",
    "multiprocessing": "import multiprocessing as m\nm.Pool(1).map(abs, [-1])",
    "uuid and secrets": "import uuid, secrets\nlen(str(uuid.uuid4())) + len(secrets.token_hex(4))",
    "zones": "import datetime, zoneinfo\nstr(datetime.datetime.now(zoneinfo.ZoneInfo('Europe/Paris')).tzinfo)",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')",
    "network libraries": "import ssl, urllib.request, http.client\n1",
    "os.cpu_count": "import os\nos.cpu_count()",
    "platform": "import platform\nplatform.platform()[:5]",
    "getpass.getuser": "import getpass\ngetpass.getuser()",
    "home": "import pathlib\nstr(pathlib.Path.home())",
    "signal.alarm": "import signal\nsignal.alarm(0)",
    "shutil.copy": "import shutil\nopen('c1', 'w').write('x')\nshutil.copy('c1', 'c2')",
    "shutil.copy2": "import shutil\nopen('c1', 'w').write('x')\nshutil.copy2('c1', 'c3')",
    "chmod": "import os\nopen('c1', 'w').write('x')\nos.chmod('c1', 0o600)",
    "symlink": "import os\nopen('c1', 'w').write('x')\nos.symlink('c1', 'l1')\n1",
    "zipfile": "import zipfile\nz = zipfile.ZipFile('z.zip', 'w')\nz.writestr('q', '1')\nz.close()\nzipfile.ZipFile('z.zip').extractall('zz')\n1",
    "mmap": "import mmap\nlen(mmap.mmap(-1, 4096))",
    "ctypes": "import ctypes\nctypes.CDLL(None).getpid() > 0",
    "faulthandler": "import faulthandler\nfaulthandler.enable(open('f', 'w'))\n1",
    "resource": "import resource\nresource.getrusage(0).ru_maxrss > 0",
    "inspect": "import inspect, json\nlen(inspect.getsource(json)) > 0",
    "distributions": "import importlib.metadata as m\nlen(list(m.distributions())) >= 0",
    "numpy": "import numpy as np\na = np.random.rand(400, 400)\nfloat((a @ a).sum()) > 0",
    "pandas": "import pandas as pd\nint(pd.DataFrame({'a': [1, 2, 1], 'b': [1, 2, 3]}).groupby('a').b.sum()[1])",
    "pandas csv": "import pandas as pd\npd.DataFrame({'a': [1]}).to_csv('x.csv')\nlen(pd.read_csv('x.csv'))",
    "PIL": "from PIL import Image\nImage.new('RGB', (10, 10)).save('x.png')\nImage.open('x.png').size[0]",
    "requests": "import requests\n1",
    "sympy": "import sympy\nstr(sympy.integrate('x**2', sympy.Symbol('x')))",
}  # fmt: skip

PROCESSES = {"subprocess", "multiprocessing"}
REFUSED = {
    "sandbox": {*PROCESSES, "symlink"},
    "sandbox without namespaces": {*PROCESSES, "symlink"},
    "process": set(),
}
"""By box, what doesn't work there."""


@pytest.mark.parametrize("name", BOXES)
def test_ordinary_programs_work(name: str):
    box = BOXES[name]()
    try:
        failed = {}
        for program, code in PROGRAMS.items():
            error = box.run(code).error
            if error is not None and "ModuleNotFoundError" not in str(error):
                failed[program] = str(error)[:200]
    finally:
        box.cleanup()
    assert set(failed) == REFUSED[name], failed
