"""What ordinary programs can do in a worker, whoever runs it: a worker that dies of everything would hold, too."""

from actlet.execution.sandbox.namespaces import Private

PROGRAMS = {
    "threads": "import threading; r=[]; t=threading.Thread(target=r.append,args=(1,)); t.start(); t.join(); print(r==[1])",
    "a pool of threads": "from concurrent.futures import ThreadPoolExecutor as P; print(list(P(16).map(abs,[-1]*99))==[1]*99)",
    "asyncio": "import asyncio\nasync def f():\n await asyncio.sleep(.01); return True\nprint(asyncio.run(f()))",
    "files": "open('a','w').write('x'); import os; os.rename('a','b'); print(open('b').read()=='x' and os.listdir()==['b'])",
    "folders": "import os,shutil; os.makedirs('p/q'); open('p/q/f','w').close(); shutil.rmtree('p'); print(not os.listdir())",
    "pathlib": "from pathlib import Path; Path('x').write_text('y'); print(Path.home()==Path.cwd())",
    "temporary files": "import tempfile,os; d=tempfile.mkdtemp(); open(d+'/x','w').close(); print(os.listdir(d)==['x'])",
    "sqlite": "import sqlite3; c=sqlite3.connect('a.db'); c.execute('create table t(x)'); c.commit(); print(True)",
    "copies": "import shutil; open('a','w').write('x'); shutil.copy('a','b'); shutil.copy2('a','c'); print(open('c').read()=='x')",
    "archives": "import zipfile as z\nwith z.ZipFile('z','w') as f: f.writestr('q','1')\nz.ZipFile('z').extractall('d'); print(open('d/q').read()=='1')",
    "modes": "import os; open('a','w').close(); os.chmod('a',0o600); os.utime('a'); print(True)",
    "time zones": "import datetime as d,zoneinfo as z; print(str(d.datetime.now(z.ZoneInfo('Europe/Paris')).tzinfo)=='Europe/Paris')",
    "randomness": "import uuid,secrets,random; print(bool(uuid.uuid4() and secrets.token_hex(4) and random.random()))",
    "locale": "import locale; locale.setlocale(locale.LC_ALL,'C.UTF-8'); print(True)",
    "imports of network libraries": "import ssl,urllib.request,http.client,email,xml.dom.minidom; print(True)",
    "who am I": "import getpass,pathlib,platform,os; print(bool(getpass.getuser() and platform.platform() and os.cpu_count()))",
    "signals and timers": "import signal,time; signal.signal(14,lambda *a: None); signal.setitimer(0,.01); time.sleep(.02); print(True)",
    "memory maps": "import mmap; print(len(mmap.mmap(-1,4096))==4096)",
    "ctypes": "import ctypes; print(ctypes.CDLL(None).getpid()>0)",
    "faulthandler": "import faulthandler; f=open('f','w'); faulthandler.enable(f); print(True)",
    "resource usage": "import resource; print(resource.getrusage(0).ru_maxrss>0)",
    "source of functions": "import inspect,json; print('def' in inspect.getsource(json))",
    "decompression": "import gzip,bz2,lzma,zlib; print(lzma.decompress(lzma.compress(b'x'))==b'x')",
    "processes' pipes": "import os; r,w=os.pipe(); os.write(w,b'x'); print(os.read(r,1)==b'x')",
    "socket pairs": "import socket; a,b=socket.socketpair(); a.send(b'x'); print(b.recv(1)==b'x')",
    "big numbers": "print(2**10_000 % 7 == pow(2,10_000,7))",
    "hundreds of megabytes": "x = bytearray(400 << 20); print(True)",
    "decimals, dates and statistics": "import decimal,statistics,fractions; print(statistics.mean([1,3])==2)",
}  # fmt: skip


def test_ordinary_programs_work(someone):
    results = someone.run(*({"code": code} for code in PROGRAMS.values()))
    failed = {
        name: result
        for name, result in zip(PROGRAMS, results, strict=True)
        if result.get("out") != "True\n" or result["ended"] != 0
    }
    assert not failed


def test_more_paths_can_be_read_and_written_when_asked(someone, outside):
    readable, writable = outside / "readable", outside / "writable"
    for folder in (readable, writable):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    (readable / "a").write_text("a")
    (readable / "a").chmod(0o666)
    code = (
        f"import os; print(open('{readable}/a').read()); p='{writable}/b'; open(p,'w').write('b'); os.unlink(p)\n"
        f"try: open('{readable}/a','w')\nexcept OSError: print('held')"
    )
    options = {"readable": [str(readable)], "writable": [str(writable)]}
    results = someone.run(*({"code": code, "options": options, "namespaces": own} for own in (True, False)))
    assert [result.get("out", "").split() for result in results] == [["a", "held"]] * 2, results
    (readable / "a").unlink()
    for folder in (readable, writable):
        folder.rmdir()


def test_the_report_says_what_was_applied(someone):
    report = someone.run({"code": ""})[0]["report"]
    assert report["landlock"] >= 1
    assert report["seccomp"] == "allow-list"
    assert bool(report["refused"]) == (not report["namespaces"])
    assert not someone.refused or ("mount" if someone.refused == "mounts" else "unshare") in report["refused"]


def test_what_a_worker_sees_does_not_depend_on_where_python_and_its_paths_are(user, outside):
    code = (
        "import os, tempfile; open('/tmp/x', 'w').write('y'); os.mkdir('/tmp/z')\n"
        "print(os.listdir(), os.path.basename(os.getcwd()), tempfile.gettempdir()[-4:], open('/tmp/x').read())"
    )
    requests = [{"code": code, "options": {"readable": paths}} for paths in ([], [str(outside)])]
    results = user.run(*requests)
    if "mount" in results[0]["report"]["namespaces"]:
        assert [result["out"] for result in results] == ["[] work /tmp y\n"] * 2


def test_the_private_folder_lies_where_nothing_else_does():
    given = Private.among(["/box/python/lib", "/tmp/venv", "/usr/lib"])
    assert (given.box, given.links) == ("/box_", (("/tmp/venv", "/box_-outside/tmp/venv"),))
