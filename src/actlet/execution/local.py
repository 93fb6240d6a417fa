"""The local box: a snippet is checked, compiled and executed natively, in a thread of this process.

A box that may import more than `BASE_BUILTIN_MODULES` keeps one worker thread from its first snippet until it is
cleaned up, so that objects that belong to a thread (a SQLite connection) stay usable; other boxes, whose modules
have no such objects, share a few. What the policy covers, and that it is no security boundary, is said in
`policy.py`.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import replace
from functools import lru_cache
from types import FunctionType
from typing import Any

from ..errors import BoxError
from ..threads import Worker, frame_of
from ..turns import snippets
from . import stdout
from .box import Answer, Box, BoxFile, CodeOutput, Deliver, SnippetError
from .by_hand import raise_failure, run_by_hand
from .files import FileData, bytes_of, name_in_box
from .guards import BASE_BUILTINS
from .kernel import Ended, Failure, Folder, Kernel, arguments_of, is_snippet
from .offered import Reach, printing, stub
from .policy import BASE_BUILTIN_MODULES, Imports
from .preflight import FINAL_ANSWER, FINAL_ANSWER_TOOL, Surroundings, look_over
from .running import Running
from .survey import Problem
from .variables import CONTAINERS, PLAIN, Variables, copied, is_plain
from .views import Views

# The compiler's remarks on a snippet (`"\d"`, `x is 1`) are no business of whoever reads the host's standard error.
warnings.filterwarnings("ignore", category=SyntaxWarning, module="<snippet")

MAX_PRINT_OUTPUTS_LENGTH = 50_000
"""Characters of printed output that are kept, unless told otherwise."""

MOST_FILES = 1_000
"""How many files and folders of the working directory are looked at, before and after each snippet."""

TIMEOUT_SECONDS = 30
"""Seconds of its own that a snippet has, unless told otherwise."""


class LocalPythonExecutor(Box):
    """Runs snippets in this process, as real Python.

    `additional_authorized_imports`: packages that may be imported besides `BASE_BUILTIN_MODULES`, each with its
    public submodules; `"*"` for all. `max_print_outputs_length`: characters of output that are kept (50 000).
    `additional_functions`: functions to offer as builtins. `timeout_seconds`: a snippet's own time, without that of
    the tools that it waits for; None for no limit. Raises `InterpreterError` if an authorized package isn't there.

    The work folder is this process's working directory. `CodeOutput.files` are told of boxes that may import more
    than the base modules (snippets of another one can't write a file), where it holds less than 1,000 entries.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        max_print_outputs_length: int | None = None,
        additional_functions: Mapping[str, Callable[..., Any]] | None = None,
        timeout_seconds: float | None = TIMEOUT_SECONDS,
    ) -> None:
        if isinstance(additional_authorized_imports, str):
            raise TypeError(f"additional_authorized_imports must be a list: [{additional_authorized_imports!r}]")
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be above 0, or None for no limit; it is {timeout_seconds!r}")
        self.additional_authorized_imports = list(additional_authorized_imports)
        self.max_print_outputs_length = (
            MAX_PRINT_OUTPUTS_LENGTH if max_print_outputs_length is None else max_print_outputs_length
        )
        self.additional_functions = dict(additional_functions or {})
        self.timeout_seconds = timeout_seconds
        self.tools: dict[str, Any] = {}
        self._imports = _imports(*self.additional_authorized_imports)
        self._imports.check_installed()
        self._keeps_thread = bool(self.additional_authorized_imports)
        self._worker: Worker | None = None
        self._running: _Snippet | None = None
        self._reach = Reach(self)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """A new namespace. What ran before keeps the old one, if it lives on, and reaches nothing of the new one:
        an answer that was given stays what it is."""
        self._reach.close()
        self._reach = Reach(self)
        self._kernel = Kernel({})
        self._declared: set[str] = set()
        self._gave_code = False
        self._builtins_are_old = True

    def _let_go(self) -> None:
        """Begin anew, and have what nobody can need any more freed."""
        left = None if self._gave_code else _LettingGo(self)
        self._begin_anew()
        if left is not None:
            left.begin()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The variables, live."""
        return Variables(self._kernel.namespace)

    @state.setter
    def state(self, variables: Mapping[str, Any]) -> None:
        self._let_go()
        self.send_variables(variables)

    @property
    def authorized_imports(self) -> list[str]:
        """All that may be imported."""
        return sorted({*BASE_BUILTIN_MODULES, *self.additional_authorized_imports})

    # What snippets can use

    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Offer these tools to snippets, by name, in place of those offered before.

        A tool (with `bind`) is called where the host answers `Suspended`; a plain function, inside the snippet.
        """
        if tools != self.tools:
            self.tools = dict(tools)
            self._builtins_are_old = True

    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Bind these names. Plain containers are copied, so that a snippet can't change the caller's."""
        copies: dict[int, Any] = {}
        for name, value in variables.items():
            self._kernel.namespace[name] = copied(value, copies)

    def _set_builtins(self) -> None:
        self._builtins_are_old = False
        builtins = self._kernel.builtins
        stubs = {name: stub(self._reach, name, tool) for name, tool in self.tools.items()}
        builtins.clear()
        builtins.update(BASE_BUILTINS)
        builtins["print"] = printing(self._reach.write)
        builtins["__import__"] = Views(self._imports).import_module
        if self._imports.everything:
            builtins["open"] = open
        builtins.update(stubs)
        if FINAL_ANSWER in stubs:
            builtins[FINAL_ANSWER_TOOL] = stubs[FINAL_ANSWER]
        builtins.update(self.additional_functions)

    # What its snippets do, by way of `Reach`

    def called(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A snippet calls a tool, or gives its answer."""
        return (self._answer if name == FINAL_ANSWER else self._ask)(name, args, kwargs)

    def _ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        running, tool = self._running, self.tools.get(name)
        if running is None or tool is None:
            raise RuntimeError(
                f"the tool {name!r} can't be called now: no snippet runs, or it is no longer offered"
            )
        arguments = tool.bind(args, kwargs)
        self._gave(arguments)
        return running.call(name, arguments)

    def called_for_each(self, name: str, values: Iterable[Any]) -> list[Any]:
        """A snippet calls a tool for each value: a tuple is several arguments, a dict named ones."""
        running, tool = self._running, self.tools.get(name)
        if running is None or tool is None:
            raise RuntimeError(f"the tool {name!r} can't be called now")
        calls = [tool.bind(*arguments_of(value)) for value in values]
        self._gave(calls)
        return running.call_many(name, calls)

    def _answer(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """End the snippet with its final answer; what a tool of that name makes of it, if it makes anything."""
        tool = self.tools[name]
        if self._kernel.answered:
            self._kernel.finish(None)
        if not hasattr(tool, "bind"):
            self._kernel.finish(tool(*args, **kwargs))
        if getattr(tool, "answers_directly", False):
            values = list(tool.bind(args, kwargs).values())
            self._kernel.finish(values[0] if len(values) == 1 else tuple(values))
        self._kernel.finish(self._ask(name, args, kwargs))

    def _gave(self, value: Any) -> None:
        """A value leaves the box. It may need the variables of the session for as long as it lives."""
        self._gave_code = self._gave_code or not is_plain(value)

    def printed(self, text: str) -> None:
        """A snippet prints."""
        running = self._running
        if running is not None and running.printed is not None and not running.is_quiet:
            running.printed.write(text)

    # Running

    def submit(self, code: str, deliver: Deliver) -> None:
        """Run `code`, telling `deliver` what happens. Raises `BoxError` if a snippet is running already."""
        if self._running is not None:
            raise BoxError("a snippet is running in this box already: wait for its end, or use box.fresh()")
        if self._builtins_are_old:
            self._set_builtins()
        self._running = running = _Snippet(self, code, deliver)
        snippets.enter(running)

    def _thread_for_it(self) -> Worker:
        if not self._keeps_thread:
            return Worker.take()
        if self._worker is None or not self._worker.usable:
            self._worker = Worker.take()
        return self._worker

    def resume(self, answers: tuple[Answer, ...]) -> None:
        """Answer every call of the last `Suspended`. Answers to a snippet that has been stopped are dropped."""
        running = self._running
        if running is not None:
            running.resume(answers)

    def interrupt(self) -> None:
        """Stop the snippet that is running, if one is: `KeyboardInterrupt` inside it, then by force."""
        running = self._running
        if running is not None:
            running.interrupt()

    def _execute(self, running: _Snippet, code: str) -> None:
        """On the worker's thread: the whole of one snippet."""
        running.thread = threading.get_ident()
        running.start()
        stdout.capture(self.printed)
        try:
            output = (
                self._with_files(running, code)
                if self._can_write
                else self._output(running, self._run(running, code))
            )
        except Exception as error:  # not the snippet's fault, and yet somebody waits for its end
            output = CodeOutput(error=SnippetError("InternalError", f"{type(error).__name__}: {error}"))
        except BaseException as error:  # a value that raises this where it is shown
            output = CodeOutput(error=SnippetError(type(error).__name__, ""))
        running.end(output)

    def _with_files(self, running: _Snippet, code: str) -> CodeOutput:
        folder = Folder(".", MOST_FILES)
        folder.remember()
        return replace(self._output(running, self._run(running, code)), files=tuple(folder.changed()))

    @property
    def _can_write(self) -> bool:
        """Whether a snippet has a way to write files: the base modules have none."""
        return self._keeps_thread

    def _run(self, running: _Snippet, code: str) -> Ended:
        kernel = self._kernel
        try:
            tree = kernel.parse(code)
            problems = look_over(tree, self._surroundings())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Ended(failure=kernel.describe(error), exception=error)
        return self._shown_once(running, kernel.run(tree)) if not problems else _refused(problems)

    def _shown_once(self, running: _Snippet, ended: Ended) -> Ended:
        """Have an object of a snippet's own class show itself in here once, where that has a limit of time.

        One that ends the program instead, or never comes to an end, is the snippet's failure and not the host's.
        What it prints meanwhile goes nowhere: the program itself shows nothing here.
        """
        if ended.failure is None and _shows_itself(type(ended.value)):
            try:
                running.is_quiet = True
                str(ended.value)
            except Exception:
                return ended  # so it does for the host, which expects that
            except BaseException as error:
                return Ended(failure=self._kernel.describe(error), changed=ended.changed, exception=error)
            finally:
                running.is_quiet = False
        return ended

    def _surroundings(self) -> Surroundings:
        kernel = self._kernel
        return Surroundings(kernel.namespace, kernel.builtins, self.tools, self._imports, self._declared)

    def _output(self, running: Running, ended: Ended) -> CodeOutput:
        failure = ended.failure
        if failure is None:
            self._gave(ended.value)
            return CodeOutput(
                ended.value,
                running.logs(),
                is_final_answer=ended.final,
                changed=ended.changed,
                shown=ended.shown,
                text=ended.text,
            )
        error, tool = running.failed or (None, None)
        tool = tool if error is not None and error is ended.exception else None
        shown = SnippetError(*failure, tool=tool)
        return CodeOutput(logs=running.logs(), error=shown, changed=ended.changed)

    def _where(self, running: _Snippet) -> tuple[int | None, str]:
        return self._kernel.position(None if running.thread is None else frame_of(running.thread))

    def _ended(self, running: _Snippet, worker: Worker | None) -> None:
        if running.thread is not None:
            stdout.release(running.thread)
        if self._running is running:
            self._running = None
        if worker is not None:
            if not self._keeps_thread:
                worker.release()
            snippets.leave(running)

    def _give_back_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.release()

    # Files

    def put_file(self, path: str | os.PathLike[str], data: FileData) -> None:
        """Write a file into the working directory, or below."""
        Folder(".").put(name_in_box(path), bytes_of(data))

    def get_file(self, path: str | os.PathLike[str]) -> bytes:
        """The bytes of a file in the working directory, or below."""
        return Folder(".").get(name_in_box(path))

    def list_files(self) -> tuple[BoxFile, ...]:
        """The files in the working directory and below. Raises `OSError` if they are more than 10,000."""
        return tuple(BoxFile(name, size) for name, size in Folder(".").files())

    # By hand

    def __call__(self, code_action: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here. Raises `InterpreterError` when it fails."""
        return raise_failure(self.run(code_action))

    def run(self, code: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here, one after another; what came of it, error or not."""
        return run_by_hand(self, self.tools, code)

    # Its life

    def reset(self) -> None:
        """Forget every variable, for another session to use the box. Raises `BoxError` while a snippet runs."""
        if self._running is not None:
            raise BoxError("a snippet is running in this box: wait for its end before you reset it")
        self._let_go()

    def fresh(self) -> LocalPythonExecutor:
        """Another box with the same settings and nothing in it."""
        return type(self)(
            self.additional_authorized_imports,
            self.max_print_outputs_length,
            self.additional_functions,
            self.timeout_seconds,
        )

    def cleanup(self) -> None:
        """Stop what runs, and give the thread back. The variables are kept until the box is forgotten."""
        self.interrupt()
        self._give_back_worker()

    def __del__(self) -> None:
        if getattr(self, "_worker", None) is not None:
            self.cleanup()


class _Snippet(Running):
    """A snippet of a local box.

    `thread`: that which it runs in, once it does. `is_quiet`: what it prints now goes nowhere.
    """

    thread: int | None = None
    is_quiet = False

    def __init__(self, box: LocalPythonExecutor, code: str, deliver: Deliver) -> None:
        super().__init__(deliver, limit=box.timeout_seconds, print_limit=box.max_print_outputs_length)
        self._box, self._code = box, code

    def worker(self) -> Worker:
        return self._box._thread_for_it()

    def work(self) -> None:
        self._box._execute(self, self._code)

    def where(self) -> tuple[int | None, str]:
        return self._box._where(self)

    def waits(self) -> None:
        snippets.leave(self)

    def ended(self, worker: Worker | None) -> None:
        self._box._ended(self, worker)


class _LettingGo(Running):
    """The end of what a session left, on a thread, and in the time of a snippet: finalizers are snippets' code."""

    def __init__(self, box: LocalPythonExecutor) -> None:
        super().__init__(lambda _: None, limit=box.timeout_seconds, print_limit=0)
        self._namespace = box._kernel.namespace

    def worker(self) -> Worker:
        return Worker.take()

    def work(self) -> None:
        self.start()
        self._namespace.clear()
        self.end(CodeOutput())

    def where(self) -> tuple[int | None, str]:
        return None, ""

    def waits(self) -> None:
        return None

    def ended(self, worker: Worker | None) -> None:
        if worker is not None:
            worker.release()


def _shows_itself(kind: type) -> bool:
    """Whether objects of a class are shown by code of a snippet."""
    if kind in PLAIN or kind in CONTAINERS:
        return False
    ways = (base.__dict__.get(name) for base in kind.__mro__ for name in ("__str__", "__repr__"))
    return any(isinstance(way, FunctionType) and is_snippet(way.__code__) for way in ways)


@lru_cache
def _imports(*additional: str) -> Imports:
    return Imports([*BASE_BUILTIN_MODULES, *additional])


def _refused(problems: list[Problem]) -> Ended:
    first, *others = problems
    message = first.message
    for other in others[:4]:
        message += f"\nline {other.line}: {other.type}: {other.message}"
    return Ended(failure=Failure(first.type, f"{message}\n(Nothing was run.)", first.line))
