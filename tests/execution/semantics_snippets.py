"""Snippets that must do in the local box what they do in CPython: one per block, with a line of dashes between."""

import sys

SNIPPETS = r'''
1 + 1
---
x = 5
---
x = y = [1, 2]
y.append(3)
x
---
x: int = 7
---
x: int
---
x = 1
x += 4
---
d = {"a": 1}
d["b"] = 2
---
a, *b, c = range(6)
(a, b, c)
---
[a, b] = "xy"
a + b
---
(a, (b, c)), d = (1, (2, 3)), 4
a + b + c + d
---
print("hello", "world", sep="-", end="!\n")
---
print(1, 2, 3)
print()
print("a\nb", end="")
---
print(*[1, 2, 3], sep=", ")
---
list(map(print, [1, 2]))
---
f = print
f("aliased", None)
---
print("x", sep=None, end=None)
---
print("x", sep=3)
---
import io
buffer = io.StringIO()
print("into the buffer", file=buffer)
buffer.getvalue()
---
"docstring only"
---
pass
---

---
# only a comment
---
1; 2; 3
---
if True:
    5
---
None
---
...
---
10 ** 20 // 3 % 7, -7 // 2, -7 % 3, 7.5 // 2, 2 ** -1
---
0.1 + 0.2, round(2.5), round(-1.555, 2), 1e308 * 10
---
True + True, not 0, 1 < 2 < 3, 3 > 2 > 2, 1 == 1.0 != 2
---
5 & 3, 5 | 3, 5 ^ 3, ~5, 5 << 2, 5 >> 1
---
1 if [] else 2
---
[] or {} or "last", 1 and 2 and 0 and 3
---
"a" "b" 'c' + """d
e"""
---
"%s is %05.1f and %r" % ("x", 3.14159, "q")
---
name, n = "box", 3.14159
f"{name!r:>8} {n:.2f} {n:{8}.{3}f} {{}} {name=} {1 + 1 = }"
---
f"{'nested ' + f'{1 + 1}'}"
---
"{} {1}".format(1, 2)
---
"{0} {1} {name} {0[0]}".format([7], 2, name="n")
---
"{0.real} {0.imag} {1!r:>5}".format(3 + 4j, "a")
---
"{a} {b}".format_map({"a": 1, "b": 2})
---
"{} {}".format(1)
---
"{:>{w}}|{:<6}|{:^7}".format("a", "b", "c", w=4)
---
template = "{:.2%}"
list(map(template.format, [0.5, 0.25]))
---
str.format("{}-{}", 1, 2)
---
"{0.nothing}".format(1)
---
format(3.14159, ".2f"), format(255, "x"), format("a", ">3")
---
b"bytes" + bytes([33]), bytearray(b"ab"), memoryview(b"abc")[1]
---
[x * x for x in range(5) if x % 2]
---
[(x, y) for x in range(3) for y in range(x)]
---
{x: y for x, y in zip("abc", range(3))}, {c for c in "hello"} == set("hello")
---
list(x + y for x in range(2) for y in (10, 20))
---
x = 10
[x for x in range(3)]
x
---
[y := 3, y ** 2, y]
---
if (n := len("abc")) > 2:
    print(n)
n
---
print([last := i for i in range(4)], last)
---
[*range(3), *"ab"], (*[1], 2), {*[1, 2]}, {**{"a": 1}, "b": 2}
---
for i in range(3):
    print(i)
else:
    print("else", i)
---
for i in range(5):
    if i == 3:
        break
else:
    print("not reached")
i
---
while True:
    try:
        break
    finally:
        print("finally")
---
n = 3
while n:
    n -= 1
    if n == 1:
        continue
    print(n)
else:
    print("done")
---
def f(a, b=2, *args, c, d=4, **kwargs):
    return a, b, args, c, d, kwargs
f(1, c=3), f(1, 2, 3, 4, c=5, e=6)
---
def f(a, /, b, *, c):
    return a, b, c
f(1, b=2, c=3)
---
def f(a, /):
    return a
f(a=1)
---
def f(a):
    return a
f()
---
def f(a):
    return a
f(1, 2)
---
def f(x, seen=[]):
    seen.append(x)
    return seen
f(1)
f(2)
---
x = 5
def f(x=1):
    return x
f()
---
def f():
    pass
f()
---
def outer():
    n = 0
    def inner():
        nonlocal n
        n += 1
        return n
    inner()
    return inner()
outer()
---
counter = 0
def bump():
    global counter
    counter += 1
bump()
bump()
counter
---
def f():
    return x
x = "later"
f()
---
def f():
    print(y)
    y = 1
f()
---
compose = lambda *fs: lambda x: [f(x) for f in fs]
compose(abs, str, lambda v, k=2: v * k)(-3)
---
adders = [lambda x, n=n: x + n for n in range(3)]
[add(10) for add in adders]
---
adders = [lambda: n for n in range(3)]
[add() for add in adders]
---
def deco(prefix):
    def wrap(f):
        def inner(*a, **k):
            return prefix + f(*a, **k)
        return inner
    return wrap
@deco("<")
@deco(">")
def name():
    return "n"
name()
---
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(15)
---
def gen():
    received = yield 1
    print("got", received)
    yield from [2, 3]
    return "end"
g = gen()
[next(g), g.send("x"), next(g)]
---
def gen():
    try:
        yield 1
    finally:
        print("closed")
g = gen()
next(g)
g.close()
---
def outer():
    result = yield from inner()
    yield result
def inner():
    yield 1
    return 2
list(outer())
---
g = (i for i in range(2))
next(g), next(g), next(g, "none")
---
next(iter([]))
---
class A:
    """Doc."""
    kind = "a"
    def __init__(self, x):
        self.x = x
    def __repr__(self):
        return f"A({self.x})"
    def __eq__(self, other):
        return self.x == other.x
    def __add__(self, other):
        return A(self.x + other.x)
A(1) + A(2), A(1) == A(1), A.kind, A.__doc__, A.__name__
---
class Base:
    def hello(self):
        return "base"
class Child(Base):
    def hello(self):
        return "child " + super().hello()
Child().hello()
---
class A: pass
class B(A): pass
class C(A): pass
class D(B, C): pass
isinstance(D(), A), issubclass(D, C), type(D()).__name__
---
class P:
    def __init__(self):
        self._v = 1
    @property
    def v(self):
        return self._v
    @v.setter
    def v(self, value):
        self._v = value * 2
    @staticmethod
    def s():
        return "static"
    @classmethod
    def c(cls):
        return cls.__name__
p = P()
p.v = 5
p.v, p.s(), P.c()
---
class Private:
    def __init__(self):
        self.__hidden = 3
    def get(self):
        return self.__hidden
Private().get(), hasattr(Private(), "__hidden")
---
class Slots:
    __slots__ = ("a",)
s = Slots()
s.a = 1
s.b = 2
---
class Meta(type):
    def __new__(mcs, name, bases, namespace, tag=None):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.tag = tag
        return cls
class Tagged(metaclass=Meta, tag="t"):
    pass
Tagged.tag, type(Tagged).__name__
---
class Registry:
    known = []
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Registry.known.append(cls.__name__)
class One(Registry): pass
class Two(Registry): pass
Registry.known
---
from dataclasses import dataclass, field, asdict, replace
@dataclass(order=True)
class Point:
    x: int
    y: int = 0
    tags: list = field(default_factory=list)
    def norm(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
p = Point(3, 4)
p, p.norm(), asdict(p), replace(p, x=0), Point(1) < Point(2)
---
from dataclasses import dataclass
@dataclass(frozen=True)
class F:
    x: int
F(1).x
F(1).x = 2
---
from dataclasses import dataclass
@dataclass(frozen=True)
class Total:
    a: int
    def __post_init__(self):
        object.__setattr__(self, "total", self.a * 2)
Total(4).total
---
class Logged:
    def __setattr__(self, name, value):
        print("set", name)
        super().__setattr__(name, value)
    def __getattr__(self, name):
        return "no " + name
o = Logged()
o.x = 1
o.x, o.y
---
from enum import Enum, auto
class Color(Enum):
    RED = auto()
    BLUE = auto()
[c.name for c in Color], Color(1), Color["BLUE"].value
---
from typing import NamedTuple
class Pair(NamedTuple):
    a: int
    b: str = "x"
Pair(1), Pair(1)._replace(b="z")
---
from collections import namedtuple, defaultdict, Counter, OrderedDict, deque
P = namedtuple("P", "x y")
d = defaultdict(list)
d["k"].append(1)
P(1, 2), dict(d), Counter("hello").most_common(1), deque([1, 2], maxlen=2)
---
import collections.abc
isinstance([], collections.abc.Sequence)
---
import collections.abc as abc
isinstance({}, abc.Mapping)
---
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
Shape()
---
class Matrix:
    def __matmul__(self, other):
        return "matmul"
    def __getitem__(self, key):
        return key
    def __call__(self, *a, **k):
        return a, k
    def __len__(self):
        return 3
    def __contains__(self, x):
        return x == 1
    def __bool__(self):
        return False
m = Matrix()
m @ m, m[1:2, ..., 3], m(1, k=2), len(m), 1 in m, 2 in m, bool(m)
---
class Ctx:
    def __enter__(self):
        print("in")
        return 7
    def __exit__(self, kind, value, trace):
        print("out", kind.__name__ if kind else None)
        return kind is ValueError
with Ctx() as c, Ctx():
    print(c)
with Ctx():
    raise ValueError("swallowed")
with Ctx():
    raise KeyError("k")
---
from contextlib import contextmanager, suppress
@contextmanager
def tag(name):
    print("<", name)
    try:
        yield name
    finally:
        print(">", name)
with tag("a") as a:
    print(a)
with suppress(ZeroDivisionError):
    1 / 0
---
try:
    1 / 0
except ZeroDivisionError as e:
    print(type(e).__name__, e)
else:
    print("else")
finally:
    print("finally")
---
try:
    x = 1
except ValueError:
    pass
else:
    print("else")
---
try:
    raise ValueError("a")
except ValueError as e:
    pass
e
---
def f():
    try:
        return "try"
    finally:
        print("cleanup")
f()
---
def f():
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                break
            print(i)
        except Exception:
            print("never")
        finally:
            print("f", i)
f()
---
def f():
    try:
        return 1
    except Exception:
        return 2
f()
---
try:
    try:
        raise KeyError("inner")
    except KeyError as e:
        raise RuntimeError("outer") from e
except RuntimeError as e:
    print(repr(e.__cause__), e.__suppress_context__)
---
try:
    raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
except* ValueError as group:
    print("values", group.exceptions)
except* TypeError:
    print("types")
---
class MyError(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code
try:
    raise MyError(3)
except MyError as e:
    print(e, e.code, e.args)
---
raise ValueError("plain")
---
class MyError(Exception):
    pass
raise MyError("own")
---
raise
---
assert 1 == 2, "message"
---
assert 1 == 2
---
1 / 0
---
[][1]
---
{}["k"]
---
"a" + 1
---
int("x")
---
None.attribute
---
(1).nothing
---
undefined_name
---
undefined_function(1)
---
len(5)
---
x, y = 1, 2, 3
---
import math
math.sqrt(-1)
---
def f():
    return f()
f()
---
match {"type": "point", "at": [1, 2], "extra": 0}:
    case {"type": "point", "at": [x, y], **rest}:
        print(x, y, rest)
---
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
def where(p):
    match p:
        case Point(0, 0):
            return "origin"
        case Point(x=0, y=y) if y > 0:
            return f"up {y}"
        case Point(x, _):
            return f"x {x}"
        case [Point() as first, *others]:
            return f"list {len(others)}"
        case "a" | "b":
            return "letter"
        case None:
            return "none"
        case int(n) | float(n):
            return n
        case _:
            return "other"
[where(p) for p in (Point(0, 0), Point(0, 2), Point(5, 1), [Point(1, 1), 2], "b", None, 2.5, {})]
---
import math
math.pi, math.floor(2.7), math.comb(5, 2)
---
import math as m, random as r
r.seed(42)
a = r.random()
r.seed(42)
a == r.random(), m.e
---
from math import *
sin(0), pi
---
from math import nothing_there
---
from datetime import datetime, timedelta, date
datetime(2024, 2, 29) + timedelta(days=366), date(2024, 1, 1).strftime("%A"), datetime(2024, 5, 6, 7).isoformat()
---
import datetime
datetime.datetime.strptime("2024-03-01 10:20", "%Y-%m-%d %H:%M")
---
import time
time.strptime("2024", "%Y").tm_year, time.time() > 0
---
import re
re.findall(r"\d+", "a1b22"), re.sub(r"(\w)(\d)", r"\2\1", "a1"), bool(re.match("a|b", "c"))
---
import itertools
list(itertools.chain([1], [2])), list(itertools.islice(itertools.count(), 3)), list(itertools.permutations("ab"))
---
import statistics
statistics.mean([1, 2, 3]), statistics.median([1, 5, 2])
---
import queue
q = queue.Queue()
q.put(1)
q.get_nowait(), q.empty()
---
import unicodedata, stat
unicodedata.name("é"), stat.S_ISDIR(0o040000)
---
import functools
@functools.lru_cache(maxsize=None)
def f(n):
    return n * 2
f(2), functools.reduce(lambda a, b: a + b, [1, 2, 3]), functools.partial(pow, 2)(5)
---
import json
json.loads(json.dumps({"a": [1, None, True], "b": "é"}))
---
import operator
operator.itemgetter(1)([1, 2]), operator.attrgetter("real")(3), operator.methodcaller("upper")("a")
---
sorted(["b", "A", "c"], key=str.lower, reverse=True), max([1, 5, 2], default=0), min("hello")
---
sum(x for x in range(10)), any([0, 1]), all([]), list(enumerate("ab", 1)), list(zip([1, 2], "ab", strict=True))
---
list(filter(None, [0, 1, 2])), list(reversed([1, 2])), divmod(7, 2), pow(2, 10, 1000), abs(-3)
---
hex(255), bin(5), oct(8), chr(97), ord("a"), repr("x"), ascii("é"), hash(1), callable(len)
---
getattr(3, "real"), getattr(3, "nope", "default"), hasattr("", "upper"), getattr("ab", "upper")()
---
getattr("{}!", "format")(3)
---
class O: pass
o = O()
setattr(o, "x", 1)
o.y = 2
delattr(o, "y")
o.x, hasattr(o, "y")
---
getattr(3, "nope")
---
type("Made", (), {"x": 1}).x, type(3).__name__, type([]) is list
---
isinstance(True, int), issubclass(bool, int), type(None)
---
frozenset([1]) | {2}, slice(1, 2), complex(1, 2), object() is None, list(range(10))[::-2]
---
x = [3, 1, 2]
x.sort()
x.insert(0, 9)
x[1:3] = [7]
del x[0]
x
---
d = dict(a=1, b=2)
d.pop("a"), d.setdefault("c", 3), d | {"z": 0}, list(d.items())
---
s = "Hello, World"
s.split(", "), s[::-1], s.replace("l", "L"), s.find("o"), s.upper(), ",".join(["a", "b"]), s.partition(",")
---
x = 1
del x
x
---
del never_defined
---
async def f():
    return 1
c = f()
c.close()
type(c).__name__
---
import asyncio
async def work(n):
    await asyncio.sleep(0)
    return n * 2
async def main():
    async with asyncio.timeout(5):
        return [await work(1), *(await asyncio.gather(work(2), work(3)))]
asyncio.run(main())
---
import asyncio
async def numbers():
    for i in range(3):
        yield i
async def main():
    return [i async for i in numbers()]
asyncio.run(main())
---
import threading
out = []
threads = [threading.Thread(target=out.append, args=(i,)) for i in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
sorted(out)
---
if __name__ == "__main__":
    print("main")
__name__
---
def f(x: int, y: "str" = "a") -> bool:
    return True
f.__annotations__, f.__name__
---
from __future__ import annotations
def f(x: Undefined) -> Nothing:
    return 1
f(1)
---
def f():
    """Doc of f."""
f.__doc__
---
x = 3
exec_result = x if x else None
print(f"{exec_result}")
---
1 +
---
def f(:
    pass
---
  indented = 1
---
if True:
pass
---
x = 'unterminated
---
return 5
---
yield 1
---
break
---
x = 1
x() 
---
lst = [1, 2, 3]
lst[5] = 1
---
print("before")
raise RuntimeError("after printing")
---
try:
    undefined_in_try
except NameError as e:
    print("caught", e)
---
if False:
    undefined_in_dead_branch
"fine"
---
def never_called():
    return undefined_in_function
"fine"
---
False and undefined_after_and
---
[undefined_in_empty_loop for _ in []]
---
from contextlib import suppress
with suppress(NameError):
    undefined_in_with
"fine"
---
def init():
    global made_by_function
    made_by_function = 1
init()
made_by_function
---
class A:
    x = 1
    y = [x for _ in range(2)]
---
class A:
    values = [1, 2]
    total = sum(values)
A.total
---
x = [[0] * 2 for _ in range(2)]
x[0][1] = 5
x
---
def f(*, key): return key
f(1)
---
f = lambda: (yield)
type(f()).__name__
---
def countdown(n):
    while n > 0:
        yield n
        n -= 1
sum(countdown(4)), max(countdown(3)), list(zip(countdown(2), "ab"))
---
import copy
a = [[1], {2: [3]}]
b = copy.deepcopy(a)
b[0].append(9)
a, b
---
x = float("nan")
x == x, [x] == [x], float("inf") > 1
---
int("ff", 16), int(3.9), float("1e3"), str(1.0), bool("")
---
"ñ".encode(), b"\xc3\xb1".decode(), "a\tb".expandtabs(2), "abc".zfill(5)
---
raise SystemExit(3)
---
raise KeyboardInterrupt("own")
---
class Weird(BaseException): pass
raise Weird("base")
---
class Bad:
    def __str__(self):
        raise ValueError("no str")
str(Bad())
---
class LyingLen:
    def __len__(self):
        return -1
len(LyingLen())
---
vals = iter([1, 2])
for v in vals:
    for w in vals:
        print(v, w)
---
a = b = c = 0
a, b = b + 1, a + 2
a, b, c
---
x = 5
print(x := 6, x)
---
import decimal, fractions
decimal.Decimal("0.1") + decimal.Decimal("0.2"), fractions.Fraction(1, 3) + 1
---
import heapq, bisect
h = [3, 1, 2]
heapq.heapify(h)
heapq.heappop(h), bisect.bisect([1, 3, 5], 3)
---
import textwrap, string
textwrap.shorten("hello big world", 11), string.ascii_lowercase[:3]
---
import pprint
pprint.pprint({"b": 1, "a": [1, 2]})
'''
SINCE_3_12 = r"""
def first[T](items: list[T]) -> T:
    return items[0]
class Box[T]:
    def __init__(self, value: T):
        self.value = value
first([3]), Box("x").value, first.__type_params__[0].__name__
---
type Pairs = list[tuple[int, Unknown]]
Pairs.__name__
---
f"{'a' + "b"} {"nested {1 + 1}"} {[
    1,
]}"
---
def f[T: int](x: T) -> T: return x
f(2)
"""
PARTS = [part.strip("\n") for part in SNIPPETS.split("\n---\n")]
if sys.version_info >= (3, 12):
    PARTS += [part.strip("\n") for part in SINCE_3_12.split("\n---\n")]
