"""`actlet doctor`: what works on this machine, and what to do about what doesn't.

Each check looks at one thing and gives a finding. Only Python, the package and the local box are essential: without
a model there is still the demo, and without an extra there is the rest; but a model that is asked for by name is.
"""

from __future__ import annotations

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
from .streams import as_json, give

EXTRAS = {
    "openai": ("openai",),
    "sql": ("sqlalchemy",),
    "images": ("pillow",),
    "audio": ("soundfile", "numpy"),
    "data": ("pandas", "numpy"),
}
_SOME = 10
"""How many of a server's models are named where the one that is asked for is missing."""
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
            give(_line(finding))
    healthy = all(finding.ok for finding in findings if finding.essential)
    if options.json:
        give(as_json({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}))
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
    """The model that is found; one that is asked for by name is essential."""
    from ..models.find import find_model

    try:
        found = find_model(spec)
    except (ValueError, ImportError) as error:
        return Finding("model", False, "none found", f"{error}\nUntil then: actlet demo", bool(spec))
    base, model = base_of(found.model), found.model.model_id
    if base is None:
        return Finding("model", True, f"{model}, as {found.why}")
    detail = f"{model} at {base}, as {found.why}"
    try:
        notes = _serves(base, str(model), getattr(found.model, "api_key", None))
    except (OSError, LookupError) as error:
        return Finding("model", False, detail, str(error), bool(spec))
    return Finding("model", True, detail, note="\n".join([*found.notes, *notes]), essential=bool(spec))


def _serves(base: str, model: str, key: str | None) -> list[str]:
    """What can't be told of a server that answers. Raises `OSError` for one that doesn't, and
    `LookupError` where its list lacks the model."""
    from ..models.listing import listed_models

    listed = listed_models(base, key)
    if listed is None:
        return [f"it keeps no list of models, so whether it serves {model!r} can't be told"]
    if {model, *_other_names(model)} & set(listed):
        return []
    some = ", ".join(listed[:_SOME]) or "no model"
    some += f" and {len(listed) - _SOME} more" if len(listed) > _SOME else ""
    raise LookupError(f"{base} doesn't list {model!r}; it has: {some}")


def _other_names(model: str) -> Iterator[str]:
    yield f"models/{model}"  # Gemini's list
    yield f"{model}:latest"  # Ollama's
    yield model.rpartition(":")[0]  # OpenRouter's, of a model that is asked for in one of its ways, as x/y:nitro


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
