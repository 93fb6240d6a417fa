"""What the policy of the local box refuses, and what it lets be."""

import collections
import importlib.util
import random

import pytest
from box_support import box_with

from actlet.execution.policy import BASE_BUILTIN_MODULES, Imports

REFUSED = {
    # names
    "eval('1')": "`eval` is not available",
    "exec('x = 1')": "`exec` is not available",
    "compile('1', 'f', 'eval')": "`compile` is not available",
    "open('/etc/passwd')": "files are reached by tools",
    "input()": "ask by way of a tool",
    "globals()": "use the variables",
    "locals()": "use the variables",
    "vars()": "use the attributes",
    "breakpoint()": "not available",
    "help(len)": "not available",
    "exit()": "not available",
    "if False:\n    eval('1')": "`eval` is not available",
    "f = eval": "`eval` is not available",
    "__import__('os')": "Forbidden access to name: __import__",
    "__builtins__": "Forbidden access to name: __builtins__",
    "__builtins__ = {}": "Forbidden definition of __builtins__",
    "__loader__": "Forbidden access to name",
    "def __import__(): pass": "Forbidden definition",
    # attributes
    "().__class__.__base__": "dunder attribute: __base__",
    "().__class__.__mro__": "dunder attribute: __mro__",
    "int.mro()": "attribute: mro",
    "object.__subclasses__()": "dunder attribute: __subclasses__",
    "(lambda: 0).__globals__": "__globals__",
    "(lambda: 0).__code__": "__code__",
    "(lambda: 0).__closure__": "__closure__",
    "print.__self__": "__self__",
    "len.__self__": "__self__",
    "class A: pass\nA().__dict__": "__dict__",
    "object.__getattribute__(1, 'real')": "__getattribute__",
    "object().__reduce__()": "__reduce__",
    "(i for i in []).gi_frame": "gi_frame",
    "async def f(): pass\nf().cr_frame": "cr_frame",
    "try:\n    1/0\nexcept Exception as e:\n    e.__traceback__.tb_frame": "tb_frame",
    "f'{().__class__.__base__}'": "__base__",
    "[x.__subclasses__() for x in [object]]": "__subclasses__",
    "lambda x=().__class__.__base__: x": "__base__",
    "@(lambda f: f.__globals__)\ndef f(): pass": "__globals__",
    "class A:\n    x = object.__subclasses__": "__subclasses__",
    "del (lambda: 0).__code__": "__code__",
    "f = lambda: 0\nf.__code__ = None": "__code__",
    "class A: pass\na = A()\na.__class__ = int": "__class__",
    "f = lambda: 0\nf.__defaults__ += (1,)": "__defaults__",
    "match ():\n    case object(__base__=b): pass": "__base__",
    "match 'a':\n    case str(format=f): pass": "format",
    "class A:\n    __match_args__ = ('gi_frame',)": "__match_args__",
    "class A:\n    __match_args__ = tuple(['x'])": "__match_args__",
    "class A:\n    __match_args__: tuple = ('f_builtins',)": "__match_args__",
    "class A: pass\nA.__match_args__ = ('gi_frame',)": "__match_args__",
    "class A:\n    @property\n    def __class__(self): return int": "definition of __class__",
    "class A:\n    __array_interface__ = {}": "__array_interface__",
}
REFUSED_AT_RUN_TIME = {
    "getattr(1, '__cla' + 'ss__').__name__, getattr(1, '__' + 'base__')": "__base__",
    "hasattr((), '__' + 'subclasses__')": "__subclasses__",
    "setattr(lambda: 0, '__' + 'code__', 1)": "__code__",
    "class A: pass\nsetattr(A(), '__' + 'class__', A)": "__class__",
    "delattr(lambda: 0, '__' + 'doc__' * 0 + 'code__')": "__code__",
    "class N(str):\n    def startswith(self, *a): return False\ngetattr((), N('__' + 'base__'))": "__base__",
    "list(map(getattr, [()], ['__' + 'base__']))": "__base__",
    "'{0.__class__.__base__}'.format(1)": "__base__",
    "'{0:{1.__base__}}'.format(1, int)": "__base__",
    "'{a.__base__}'.format_map({'a': int})": "__base__",
    "str.format('{.__base__}', int)": "__base__",
    "getattr('{.__base__}', 'format')(int)": "__base__",
    "getattr(str, 'format')('{.__base__}', int)": "__base__",
    "f = '{.__base__}'.format\nf(int)": "__base__",
    "class S(str): pass\nS('{.__base__}').format(int)": "__base__",
    "list(map('{.__base__}'.format, [int]))": "__base__",
    "import operator\noperator.attrgetter('real.__base__')": "__base__",
    "import operator\noperator.attrgetter('format')('')": "format",
    "import operator\noperator.methodcaller('__' + 'subclasses__')(int)": "__subclasses__",
    "object.__setattr__(lambda: 0, '__' + 'code__', 1)": "__code__",
    "class A: pass\ngetattr(A(), '__' + 'setattr__')": "__setattr__",
    "import collections\ncollections.Counter.most_common = None": "'Counter' belongs to the host",
    "from collections import Counter\nCounter.total = None": "'Counter' belongs to the host",
    "import queue\nQ = queue.Queue\nQ.put = None": "'Queue' belongs to the host",
    "import statistics\nstatistics.mean.cached = 1": "'mean' belongs to the host",
    "import collections\ndel collections.Counter.most_common": "'Counter' belongs to the host",
    "import random\nsetattr(random.Random, 'choice', None)": "'Random' belongs to the host",
}
ALLOWED = [
    ("x = 1\nx.__class__.__name__", "int"),
    ("class A:\n    '''doc'''\nA.__doc__, A.__module__, A.__qualname__", ("doc", "__main__", "A")),
    ("[].__len__(), (3).__add__(4)", (0, 7)),
    ("def f(eval): return eval\nf(2)", 2),
    ("open = 3\nopen + 1", 4),
    ("vars = {'a': 1}\nvars['a']", 1),
    ("def compile(x): return x\ncompile(1)", 1),
    ("'a.b {:.1f}'.format(2)", "a.b 2.0"),
    ("class F:\n    def format(self, x): return x\nF().format(5)", 5),
    ("'{0.real}'.format(3)", "3"),
    ("class A: pass\na = A()\na.b = A()\na.b.c = 1\na.b.c", 1),
    ("class A: pass\nA.added = 1\nA().added", 1),
    ("import math\nmath.tau = 1\nmath.tau", 1),
    ("try:\n    1/0\nexcept Exception as e:\n    line = e.__traceback__.tb_lineno\nline", 2),
    ("try:\n    import os\nexcept ImportError:\n    os = None\nos is None", True),
    ("hasattr(1, 'real'), getattr(1, 'nope', None)", (True, None)),
    ("'%s' % 'x', '__class__'", ("x", "__class__")),
    ("__name__, __debug__", ("__main__", True)),
    ("import random\nrandom.Random(3).random() == random.Random(3).random()", True),
    ("x: int = 1\nprint(__annotations__)\n__annotations__", {"x": int}),
    ('"What it does."\nprint(__doc__)\n__doc__', "What it does."),
    ("import dataclasses\nP = dataclasses.make_dataclass('P', ['x'])\nP.total = 3\nP(1).total", 3),
    ("import functools, math\n@functools.wraps(math.sqrt)\ndef root(x): return x\nroot.calls = 2\nroot.calls", 2),
]


@pytest.fixture(scope="module")
def box():
    box = box_with(additional_authorized_imports=["operator", "dataclasses", "functools"])
    yield box
    box.cleanup()


@pytest.mark.parametrize(("code", "reason"), REFUSED.items(), ids=list(REFUSED))
def test_refused_before_anything_runs(box, code, reason):
    output = box.run(f"print('ran')\n{code}")
    assert output.error.type == "ForbiddenError"
    assert reason in output.error.message
    assert output.logs == ""


@pytest.mark.parametrize(("code", "reason"), REFUSED_AT_RUN_TIME.items(), ids=list(REFUSED_AT_RUN_TIME))
def test_refused_when_it_is_tried(box, code, reason):
    box.reset()
    output = box.run(code)
    assert output.error.type == "ForbiddenError", output
    assert reason in output.error.message
    assert not hasattr(collections.Counter, "total") or collections.Counter.total is not None
    assert random.Random.choice is not None


@pytest.mark.parametrize(("code", "value"), ALLOWED, ids=[code for code, _ in ALLOWED])
def test_let_be(box, code, value):
    box.reset()
    output = box.run(code)
    assert output.error is None, output.error
    assert output.output == value


def test_a_refusal_says_the_line_and_that_nothing_was_run(box):
    error = box.run("x = 1\ny = 2\nz = x.__subclasses__").error
    assert (error.line, error.message.split("\n")[-1]) == (3, "(Nothing was run.)")


def test_several_refusals_are_told_at_once(box):
    message = box.run("eval('1')\nx = ().__base__").error.message
    assert "eval" in message
    assert "line 2: ForbiddenError: Forbidden access to dunder attribute: __base__" in message


# Imports


@pytest.mark.parametrize(
    ("authorized", "module", "allowed"),
    [
        ("pkg", "pkg", True),
        ("pkg", "pkg.sub", True),
        ("pkg", "pkg.sub.deeper", True),
        ("pkg", "pkg._private", False),
        ("pkg", "pkg.sub._private", False),
        ("pkg", "package", False),
        ("pkg.*", "pkg", True),
        ("pkg.*", "pkg.sub", True),
        ("pkg.sub", "pkg", False),
        ("pkg.sub", "pkg.sub", True),
        ("pkg.sub", "pkg.other", False),
        ("pkg._chosen", "pkg._chosen", True),
        ("*", "anything.at._all", True),
    ],
)
def test_which_modules_an_authorized_name_covers(authorized, module, allowed):
    assert Imports([authorized]).allow(module) is allowed


@pytest.mark.parametrize("code", ["import os", "import os.path", "from os import path", "import math, os"])
def test_an_import_that_is_not_authorized_says_what_is(box, code):
    error = box.run(f"print('ran')\n{code}").error
    assert error.type == "ImportError"
    assert "is not allowed. Authorized imports: collections, datetime" in error.message


@pytest.mark.parametrize("module", BASE_BUILTIN_MODULES)
def test_the_base_modules_can_be_imported_in_every_way(box, module):
    assert box.run(f"import {module}\nimport {module} as other\nfrom {module} import *\n'ok'").output == "ok"


def test_an_import_that_is_perhaps_never_reached_is_refused_when_it_is(box):
    assert box.run("def f():\n    import os\n'defined'").output == "defined"
    assert box.run("f()").error.type == "ImportError"
    assert box.run("if False:\n    import os\n1").output == 1


def test_an_authorized_module_that_is_not_installed_says_so(box):
    error = box_with(additional_authorized_imports=["json"]).run("import json.nothing").error
    assert error.type == "ModuleNotFoundError"


def test_a_relative_import_fails_as_it_does_in_python(box):
    assert box.run("from . import x").error.message.startswith("attempted relative import")


def test_everything_authorized_is_everything():
    box = box_with(additional_authorized_imports=["*"])
    assert box.run("import os, sys, json.decoder\nos.path.sep, sys.version_info > (3,)").output == ("/", True)
    assert box.run("open").error is None


# Views


@pytest.mark.parametrize(
    "code",
    [
        "import collections\ncollections._sys",
        "import random\nrandom._os",
        "import re\nre.enum.sys",
        "import queue\nqueue.threading",
        "import statistics\nstatistics.sys",
        "import datetime\ndatetime.sys",
        "from random import _os",
        "from re import enum",
        "from collections import _sys as s",
        "import collections.abc\ncollections.abc._sys",
    ],
)
def test_a_view_does_not_show_the_modules_that_its_module_holds(box, code):
    assert box.run(code).error.type in ("AttributeError", "ImportError")


def test_a_view_shows_the_real_classes_and_functions(box):
    output = box.run("import collections, datetime, math\n(collections.Counter, datetime.date, math.sqrt)").output
    assert output == (collections.Counter, __import__("datetime").date, __import__("math").sqrt)


def test_changing_a_view_changes_neither_the_module_nor_another_boxs_view():
    first, second = box_with(), box_with()
    first.run("import math\nmath.pi = 3\nmath.new = 1")
    assert second.run("import math\nmath.pi > 3, hasattr(math, 'new')").output == (True, False)
    assert __import__("math").pi > 3
    assert first.run("import math\nmath.pi").output == 3


def test_a_seed_is_the_boxs_own():
    state = random.getstate()
    box = box_with()
    first = box.run("import random\nrandom.seed(7)\nrandom.random()").output
    assert box.run("random.seed(7)\nrandom.random()").output == first == random.Random(7).random()
    assert random.getstate() == state


def test_a_submodule_is_reached_as_in_python():
    box = box_with(additional_authorized_imports=["xml"])
    assert box.run("import xml.etree.ElementTree as ET\nET.fromstring('<a b=\"1\"/>').get('b')").output == "1"
    assert box.run("import xml.etree.ElementTree\nxml.etree.ElementTree.fromstring('<a/>').tag").output == "a"
    assert box.run("from xml.etree import ElementTree\nElementTree.fromstring('<a/>').tag").output == "a"
    assert box.run("from xml import dom\ndom.__name__").output == "xml.dom"


def test_of_the_parent_of_an_authorized_submodule_only_that_is_seen():
    box = box_with(additional_authorized_imports=["os.path"])
    assert box.run("import os.path\nos.path.join('a', 'b')").output == "a/b"
    assert box.run("import os\nos.path.basename('a/b')").output == "b"
    assert box.run("import os\nos.system").error.type == "AttributeError"
    assert box.run("from os import system").error.type == "ImportError"


@pytest.mark.skipif(not importlib.util.find_spec("numpy"), reason="numpy is not installed: pip install numpy")
def test_numpy_works_and_its_loaders_are_not_there():
    box = box_with(additional_authorized_imports=["numpy"])
    assert box.run("import numpy as np\nfloat(np.linalg.norm(np.array([3, 4])))").output == 5.0
    assert box.run("import numpy.random\nnumpy.random.default_rng(1).integers(10) < 10").output
    assert box.run("from numpy import array, linalg\nisinstance(array([1]), np.ndarray)").output is True
    for name in ("load", "fromfile", "memmap", "ctypeslib", "lib"):
        assert box.run(f"np.{name}").error.type == "AttributeError"


@pytest.mark.skipif(not importlib.util.find_spec("pandas"), reason="pandas is not installed: pip install pandas")
def test_pandas_works_and_its_pickles_are_not_there():
    box = box_with(additional_authorized_imports=["pandas"])
    code = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 2]})\nint(df.groupby('a').size()[2])"
    assert box.run(code).output == 2
    assert box.run("pd.options.display.max_rows = 5\ndf.query('a > 1').shape").output == (2, 1)
    assert "RangeIndex" in box.run("df.info()").logs
    assert box.run("pd.read_pickle").error.type == "AttributeError"
    assert box.run("df.to_pickle").error.type == "ForbiddenError"
