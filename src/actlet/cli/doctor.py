"""`actlet doctor`: what works on this machine, and what to do about what doesn't.

Each check looks at one thing and gives a finding. Only Python, the package and the local box are essential: without
a model there is still the demo, and without an extra there is the rest.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

from ..execution.boxes import BOXES, readiness
from .exits import Exit
from .reaching import base_of

EXTRAS = {
    "openai": ("openai",),
    "sql": ("sqlalchemy",),
    "images": ("pillow",),
    "audio": ("soundfile", "numpy"),
    "data": ("pandas", "numpy"),
}
CORE = ("pydantic", "jinja2", "rich", "pyyaml", "docstring_parser")


@dataclass(frozen=True)
class Finding:
    """What a check found: `remedy` says what to do where it isn't `ok`, `note` what to know where it is."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    essential: bool = False
    note: str = ""


def doctor(options: Namespace) -> Exit:
    """Look at everything, and say what was found."""
    findings = []
    for finding in _findings(options.model):
        findings.append(finding)
        if not options.json:
            print(_line(finding), flush=True)
    healthy = all(finding.ok for finding in findings if finding.essential)
    if options.json:
        print(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}))
    return Exit.ANSWERED if healthy else Exit.FAILED


def _findings(model: str | None) -> Iterator[Finding]:
    yield _python()
    yield _packages("packages", CORE, "pip install --force-reinstall actlet", essential=True)
    for extra, packages in EXTRAS.items():
        yield _packages(f"extra {extra}", packages, f"pip install 'actlet[{extra}]'")
    yield _attempt("local box", _local_box, "please report this, with the output of: actlet doctor --json")
    yield from map(_box, [name for name in BOXES if name != "local"])
    yield _model(model)
    yield _terminal()


def _python() -> Finding:
    new_enough = sys.version_info >= (3, 11)
    detail = f"{platform.python_version()} on {platform.platform()}"
    return Finding("Python", new_enough, detail, "actlet needs Python 3.11 or newer", essential=True)


def _packages(name: str, packages: tuple[str, ...], remedy: str, essential: bool = False) -> Finding:
    found = {package: _version(package) for package in packages}
    detail = ", ".join(f"{package} {number or 'missing'}" for package, number in found.items())
    return Finding(name, all(found.values()), detail, remedy, essential)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _attempt(name: str, act: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, True, act(), essential=True)
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {error}", remedy, essential=True)


def _local_box() -> str:
    from ..execution.local import LocalPythonExecutor

    box = LocalPythonExecutor([])
    started = perf_counter()
    output = box("import math\nsum(math.sqrt(i * i) for i in range(11))").output
    took = perf_counter() - started
    box.cleanup()
    if output != 55:
        raise ArithmeticError(f"a snippet gave {output!r} where 55.0 was right")
    return f"ran a snippet in {took * 1000:.1f} ms"


def _box(name: str) -> Finding:
    try:
        found = readiness(name)
    except Exception as error:
        return Finding(f"box {name}", False, f"{type(error).__name__}: {error}", "please report this")
    return Finding(f"box {name}", found.ok, found.detail, found.remedy)


def _model(spec: str | None) -> Finding:
    from ..models.find import find_model

    try:
        found = find_model(spec)
    except (ValueError, ImportError) as error:
        return Finding("model", False, "none found", f"{error}\nUntil then: actlet demo")
    base = base_of(found.model)
    if base is None:
        return Finding("model", True, f"{found.model.model_id}, as {found.why}")
    detail = f"{found.model.model_id} at {base}, as {found.why}"
    problem = _unreachable(base, getattr(found.model, "api_key", None))
    return Finding("model", not problem, detail, problem, note="\n".join(found.notes))


def _unreachable(base: str, key: str | None) -> str:
    """What is wrong with a server, by asking for its list of models, which costs nothing; "" if nothing is."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(f"{base.rstrip('/')}/models", headers={"Authorization": f"Bearer {key}"})
    try:
        urlopen(request, timeout=5).close()
    except HTTPError as error:
        return f"{base} refuses the API key: check it" if error.code in (401, 403) else ""
    except OSError as error:
        return f"{base} doesn't answer ({error}): is it running, and does this machine reach it?"
    return ""


def _terminal() -> Finding:
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return Finding("terminal", True, "stderr is no terminal: what is shown is plain text")
    colors = console.color_system or f"no colours (TERM={os.environ.get('TERM', '')!r})"
    return Finding("terminal", True, f"{console.width} columns, {colors}, {console.encoding}")


def _line(finding: Finding) -> str:
    mark = "ok     " if finding.ok else "FAILED " if finding.essential else "missing"
    line = f"{mark}  {finding.name:14} {finding.detail}"
    more = finding.note if finding.ok else finding.remedy
    return line + "".join(f"\n{'':24} {text}" for text in more.splitlines())
