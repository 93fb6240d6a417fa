"""What the host program has: tools and objects that a step of an agent must neither change nor read."""

import builtins
import collections
import inspect
import json
import os
import queue
import random
import re
import signal
import sys

HOST_SECRET = os.environ.get("HOST_SECRET", "HOSTSECRET-none")
"""A key in the host's memory, which is sent to no box."""

FORBIDDEN_CALLS = []
PROBE = "probe-[0-9]+"


class NoteStore:
    """A tool with private state (a key) and public behaviour."""

    name = "note_store"
    signature = inspect.signature(lambda text="": None)

    def __init__(self):
        self.api_key = HOST_SECRET
        self.limit = 3
        self.notes = []

    def bind(self, args, kwargs):
        return self.signature.bind(*args, **kwargs).arguments

    def __call__(self, text="", **_):
        return self.forward(text)

    def forward(self, text=""):
        if len(self.notes) < self.limit:
            self.notes.append(str(text)[:100])
        return f"stored {len(self.notes)}"


class FinalAnswer:
    """How a run ends: as actlet's own, without what that needs to be installed."""

    name = "final_answer"
    signature = inspect.signature(lambda answer: None)
    answers_directly = True

    def bind(self, args, kwargs):
        return self.signature.bind(*args, **kwargs).arguments

    def __call__(self, answer):
        return answer


class HostObject:
    def __init__(self):
        self.value = 1

    def describe(self):
        return f"value={self.value}"


def lookup(key=""):
    return {"paris": "france"}.get(str(key).lower(), "unknown")


def forbidden_tool(*args, **_):
    """The host has it, and offers it to nobody."""
    FORBIDDEN_CALLS.append(args)
    return "forbidden tool ran"


note_store = NoteStore()
HOST_LIST = ["a", "b"]
HOST_CONFIG = {"role": "user", "allow": ["x"]}
HOST_OBJ = HostObject()

TOOLS = {"note_store": note_store, "lookup": lookup, "final_answer": FinalAnswer()}


def _state():
    """What must stay as it is, by name."""
    return {
        "HOST_LIST": list(HOST_LIST),
        "HOST_CONFIG": json.dumps(HOST_CONFIG),
        "HOST_OBJ": (type(HOST_OBJ), vars(HOST_OBJ).get("value"), HOST_OBJ.describe()),
        "note_store": (type(note_store), note_store.limit, note_store.api_key),
        "NoteStore": (NoteStore.forward, NoteStore.__call__),
        "collections.Counter": collections.Counter.__dict__.get("most_common"),
        "collections.UserDict": dict(collections.UserDict.__dict__),
        "random.Random": random.Random.__dict__.get("choice"),
        "random.state": hash(random.getstate()),
        "json": (json.dumps, json.loads),
        "builtins": (builtins.open, builtins.print, builtins.__import__),
        "sys.path": list(sys.path),
        "os.environ": dict(os.environ),
        "sys.hooks": (sys.excepthook, sys.displayhook),
        "signals": [signal.getsignal(number) for number in (2, 14, 15)],
        "queue.Queue": queue.Queue.__dict__.get("put"),
        "sys.trace": (sys.gettrace(), sys.getprofile()),
        "sys.recursionlimit": sys.getrecursionlimit(),
        "cwd": os.getcwd(),
        "sys.modules": [name for name in sys.modules if name.startswith("evilmod")],
        "re._cache": type(re.match(PROBE, "probe-1")),
        "forbidden_tool": list(FORBIDDEN_CALLS),
    }


def snapshot():
    """The present state, to compare with."""
    re.compile(PROBE)
    return _state()


def mutations(before):
    """The names of what has changed since `before`."""
    try:
        now = _state()
    except BaseException as error:
        return [f"the host's own code fails: {type(error).__name__}"]
    return [name for name, value in before.items() if now[name] != value]
