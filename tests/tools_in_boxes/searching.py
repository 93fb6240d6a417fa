"""A snippet that looks for a secret wherever a box's code could come upon it, without holding it itself."""

from __future__ import annotations

LOOK = r'''
import gc, os, re, sys

needle = re.compile(PATTERN)
found = []

def look(where, data):
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    if isinstance(data, (bytes, bytearray)) and needle.search(data):
        found.append(where)

def look_into(where, path):
    try:
        with open(path, "rb") as file:
            look(where, file.read(1 << 24))
    except (OSError, ValueError):
        pass

def objects():
    gc.unfreeze()  # what a worker shares with those that it was forked from too
    seen = 0
    for thing in gc.get_objects():
        for inner in gc.get_referents(thing):
            if isinstance(inner, (str, bytes, bytearray)):
                seen += 1
                look("an object of " + type(thing).__name__, inner)
    return seen

def environment():
    for name, value in os.environ.items():
        look("the environment", name + "=" + value)
    for argument in sys.argv:
        look("the arguments", argument)

def processes():
    try:
        names = [name for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return
    for name in names:
        for file in ("environ", "cmdline"):
            look_into(file + " of a process", "/proc/%s/%s" % (name, file))

def memory():
    """The bytes of this process, as far as it may read them."""
    read = 0
    try:
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as mem:
            for line in maps:
                where, rights = line.split()[:2]
                if "r" not in rights or "[v" in line:
                    continue
                start, end = (int(part, 16) for part in where.split("-"))
                while start < end:
                    size = min(1 << 22, end - start)
                    try:
                        mem.seek(start)
                        data = mem.read(size)
                    except (OSError, ValueError, OverflowError):
                        break
                    read += len(data)
                    look("memory", data)
                    start += size
    except OSError:
        pass
    return read

def files():
    for top in FOLDERS or {os.getcwd(), os.path.expanduser("~"), *PLACES}:
        for folder, _, names in os.walk(top):
            for name in names[:500]:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    look_into("the file " + path, path)

seen = objects()
environment()
processes()
files()
read = memory()
(sorted(set(found)), seen, read)
'''


PLACES = ("/tmp", "/work", "/etc", "/run", "/var/tmp", "/root", "/home")


def search_for(secret: str, folders: tuple[str, ...] = ()) -> str:
    """The snippet that looks for `secret`, in the files of these folders; unless given, wherever a box has its own.

    Its own text doesn't hold the secret: each character of the pattern is a class of its own.
    """
    pattern = "".join(f"[{character}]" for character in secret).encode()
    given = {"PATTERN": pattern, "FOLDERS": folders, "PLACES": PLACES}
    code = LOOK
    for name, value in given.items():
        code = code.replace(name, repr(value))
    return code
