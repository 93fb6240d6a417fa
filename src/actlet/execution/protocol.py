"""The host's end of the protocol: a box whose kernel is somewhere else.

The rule: nothing that comes from a kernel is believed (`told.py`). The code in a box shares its process with the
kernel, so every message may be forged; each is checked, and one that breaks the protocol ends the kernel, never the
host. What a snippet waits for ends on time: first by asking the kernel, then by killing it. A kernel that has ended
is an error that the model sees, with what was lost; the next snippet gets a new one.

Whoever waits listens (`link.py`): the thread that called `run`, or, for `submit`, a worker that is taken from the
snippet's beginning to its end. A kernel that ends while nobody listens is found out by the next snippet. Alarms
ring on a thread that everybody shares, so what they start runs on a worker.

A snippet's number can't be guessed: what a snippet sends ahead is not taken for the end of a later one.

A box's author writes a subclass with `_start`, `_kill` and perhaps `_reason`.
"""

from __future__ import annotations

import atexit
import itertools
import os
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Any, Self
from weakref import WeakSet

from ..errors import BoxError
from ..threads import Alarm, on_a_worker
from .box import Answer, Box, BoxCall, BoxFile, CodeOutput, Deliver, Outcome, Printed, SnippetError, Suspended
from .by_hand import answered, raise_failure
from .channel import Channel, FedChannel, LinesChannel, PipeChannel
from .files import FileData, bytes_of, name_in_box, told_error, told_files
from .kernel import LIMITS, Blob, Codec, CrossError, FrameError, Handle, Limits, libraries, message_of, read_frame
from .known import Known
from .link import Asked, Blobs, Link
from .offers import offers_of
from .remote_snippet import Snippet
from .told import calls_of, checked, output_of, takes_of

POLITE_INTERRUPT = 1.0
"""Seconds that a snippet has to end after a `KeyboardInterrupt` inside it, before its kernel is killed."""

START_SECONDS = 60.0
"""Seconds that a kernel has to say that it is ready."""

CATCH_UP_SECONDS = 5.0
"""Seconds for what a kernel said after the end of a snippet: threads of it that print are cut short."""

FILE_SECONDS = 60.0
"""Seconds that a kernel has to do something with a file, before it is taken for dead."""


class RemoteBox(Box):
    """A box that speaks the kernel's protocol over a channel.

    `timeout_seconds`: a snippet's own time, without that of the tools it waits for; None for no limit.
    `max_print_outputs_length`: characters of printed text that are kept. `limits`: of one message.
    `additional_authorized_imports` is told to models and restricts nothing: what is installed can be imported.
    """

    restricts_imports = False

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        *,
        timeout_seconds: float | None = 30,
        max_print_outputs_length: int | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be above 0, or None for no limit; it is {timeout_seconds!r}")
        self.additional_authorized_imports = list(additional_authorized_imports)
        self.timeout_seconds = timeout_seconds
        self.max_print_outputs_length = 50_000 if max_print_outputs_length is None else max_print_outputs_length
        self.limits = limits
        self.tools: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._closings = 0
        self._link: Link | None = None
        self._snippet: Snippet | None = None
        self._number = 0
        self._given: dict[str, Any] = {}
        self._unsent: dict[str, Any] = {}
        self._known = Known()
        self._lost = ""

    # What a box's author writes

    @abstractmethod
    def _start(self) -> Channel:
        """Start a kernel, and give the channel to it. Raises `BoxError`. Called on any thread, one at a time."""

    @abstractmethod
    def _kill(self) -> None:
        """End the kernel that was started last, and everything in its box, now. May be called more than once."""

    def _reason(self) -> str:
        """Why the kernel has ended, as far as the box can tell ("killed by signal 9"); "" if it can't."""
        return ""

    def _settings(self) -> dict[str, Any]:
        """The arguments to make another box like this one with."""
        return {
            "additional_authorized_imports": self.additional_authorized_imports,
            "timeout_seconds": self.timeout_seconds,
            "max_print_outputs_length": self.max_print_outputs_length,
            "limits": self.limits,
        }

    # What snippets can use

    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Offer these tools to snippets, by name, in place of those offered before. They stay here."""
        self.tools = dict(tools)

    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Bind these names. Values cross as copies; what can't cross, as a handle that tools get the object for."""
        self._given.update(variables)
        self._unsent.update(variables)
        self._known.add(variables)

    # Its life

    def start(self) -> None:
        """Start the kernel now, if none runs, instead of with the first snippet. Raises `BoxError`.

        Nobody else is kept waiting meanwhile: a snippet may be interrupted, and `cleanup` ends what has started.
        """
        with self._starting:
            link, snippet = self._link, self._snippet
            if link is not None and (snippet is None or snippet.link is None):
                self._catch_up(link)
            if self._link is not None:
                return
            closings = self._closings
            _started.add(self)
            link = self._opened()
            with self._lock:
                if self._closings == closings:
                    self._link = link
                    self._unsent = dict(self._given)
            if self._link is not link:
                link.end()
                self._kill()
                raise BoxError("the box was closed while it was starting")

    def _catch_up(self, link: Link) -> None:
        """Hear what the kernel has said since the last snippet ended, which may be its end."""
        if not link.channel.quiet():
            why = "it went on talking after the end of a snippet"
            late = Alarm(CATCH_UP_SECONDS, partial(on_a_worker, partial(self._died, link, why)))
            self._listen_to(link, link.channel.quiet)
            late.cancel()

    def _opened(self, again: bool = True) -> Link:
        """A kernel that has just been started, and has said that it is ready. Raises `BoxError`.

        One that ended before that, by whatever befell it, is started `again`, once.
        """
        try:
            channel = self._start()
        except (OSError, RuntimeError) as error:
            raise BoxError(f"the box could not be started: {type(error).__name__}: {error}") from error
        link = Link(channel, self.limits)
        late = Alarm(START_SECONDS, partial(on_a_worker, self._kill))
        try:
            message, _ = read_frame(channel.read, self.limits)
            link.codec.takes = takes_of(message)
        except (EOFError, OSError, FrameError) as error:
            channel.close()
            self._kill()
            if again and isinstance(error, EOFError):
                return self._opened(again=False)
            raise BoxError(f"the box's kernel didn't start: {self._reason() or error}") from error
        finally:
            late.cancel()
        link.send({"is": "setup", "takes": libraries(), "limits": self.limits._asdict()})
        return link

    def fresh(self) -> Self:
        """Another box with the same settings and nothing in it."""
        return type(self)(**self._settings())

    def reset(self) -> None:
        """Forget every variable, and the files, for another session to use the box.

        Raises `BoxError` while a snippet runs.
        """
        with self._lock:
            if self._snippet is not None:
                raise BoxError("a snippet is running in this box: wait for its end before you reset it")
            self._given.clear()
            self._unsent.clear()
            self._known.forget()
            self._lost = ""
            if self._link is not None:
                self._link.codec.forget()
                self._link.send({"is": "reset"})

    def cleanup(self) -> None:
        """End the kernel, and what runs in it; one that is starting is waited for. The box may be used again."""
        with self._lock:
            self._closings += 1
            snippet = self._snippet
            if snippet is not None and snippet.stopped is None:
                snippet.stopped = SnippetError("KeyboardInterrupt", "the box was closed")
            self._cut()
        self._end(snippet, CodeOutput())
        with self._starting:
            _started.discard(self)

    def __del__(self) -> None:
        if getattr(self, "_link", None) is not None:
            self._cut()

    def _cut(self) -> None:
        """End the kernel, if there is one. What it still says is not listened to."""
        link, self._link = self._link, None
        if link is not None:
            link.end()
            if link.process == os.getpid():  # a forked process doesn't own it
                self._kill()

    # Running

    def submit(self, code: str, deliver: Deliver) -> None:
        """Run `code`, telling `deliver` what happens. Raises `BoxError` if a snippet is running already."""
        snippet = self._new_snippet(deliver)
        refused = self._known.refuses(code, self.tools)
        if refused is not None:
            self._tell_lost(snippet)
            self._end(snippet, CodeOutput(error=refused))
        elif self._link is None or self._unsent or not self._link.channel.quiet():
            on_a_worker(partial(self._carry_out, snippet, code))
        else:
            self._begin(snippet, code)
            on_a_worker(partial(self._listen, snippet, snippet.ended))

    def _new_snippet(self, deliver: Deliver) -> Snippet:
        with self._lock:
            if self._snippet is not None:
                raise BoxError("a snippet is running in this box already: wait for its end, or use box.fresh()")
            if self._link is not None and self._link.process != os.getpid():
                raise BoxError("this box runs for the process that this one is a fork of: use box.fresh() here")
            number = int.from_bytes(os.urandom(6), "big") + 1
            snippet = Snippet(number, deliver, self.timeout_seconds, self.max_print_outputs_length)
            self._snippet = snippet
            return snippet

    def _carry_out(self, snippet: Snippet, code: str) -> None:
        self._begin(snippet, code)
        self._listen(snippet, snippet.ended)

    def _begin(self, snippet: Snippet, code: str) -> None:
        try:
            self.start()
        except Exception as error:
            return self._end(snippet, CodeOutput(error=_unstarted(error)))
        try:
            with self._lock:
                if self._snippet is snippet and snippet.stopped is None:
                    return self._send_all(snippet, code)
            self._end(snippet, CodeOutput())
        except CrossError as error:
            self._end(snippet, CodeOutput(error=SnippetError("BoxError", str(error))))
        except Exception as error:
            self._end(snippet, CodeOutput(error=SnippetError("BoxError", f"{type(error).__name__}: {error}")))

    def _listen(self, snippet: Snippet, until: Callable[[], object]) -> None:
        """Listen to the kernel that runs the snippet, if one does."""
        if snippet.link is not None:
            self._listen_to(snippet.link, until)

    def _listen_to(self, link: Link, until: Callable[[], object]) -> None:
        why = ""
        try:
            link.listen(until, self._hear)
            return
        except (EOFError, OSError):
            pass
        except FrameError as error:
            why = f"it broke the protocol ({error})"
        except Exception as error:
            why = f"{type(error).__name__} while reading what it says: {error!s:.200}"
        self._died(link, why)

    def _send_all(self, snippet: Snippet, code: str) -> None:
        link = self._link
        if link is None:
            raise BoxError("the box ended before the snippet began")
        if link.tools_sent != self.tools:
            link.send({"is": "tools", "tools": offers_of(self.tools)})
            link.tools_sent = dict(self.tools)
        for name, value in self._unsent.items():
            self._send_variable(link, name, value)
        self._unsent.clear()
        self._tell_lost(snippet)
        snippet.link = link
        link.send({"is": "run", "n": snippet.number, "code": code})
        snippet.run_clock(partial(self._expire, snippet))

    def _tell_lost(self, snippet: Snippet) -> None:
        """Begin what the snippet has printed with what was lost before it, if anything was."""
        if self._lost:
            snippet.printed.write(f"({self._lost})\n")
            self._lost = ""

    def _send_variable(self, link: Link, name: str, value: Any) -> None:
        blobs: list[Blob] = []
        try:
            link.send({"is": "variables", "values": link.codec.encode({name: value}, blobs)}, blobs)
        except CrossError as error:
            raise CrossError(f"the variable {name!r} can't be sent to the box: {error}") from None

    def resume(self, answers: tuple[Answer, ...]) -> None:
        """Answer every call of the last `Suspended`. Answers to a snippet that has been stopped are dropped."""
        with self._lock:
            snippet, link = self._snippet, self._link
            if snippet is None or link is None or snippet.stopped is not None:
                return
            asked = snippet.answered(answers)
            if not asked:
                return
            self._send_answers(link, [answer for answer in answers if answer.id in asked])
            calls, output = snippet.next_calls(), snippet.output
            if not calls and output is None:
                snippet.run_clock(partial(self._expire, snippet))
        if calls:
            snippet.deliver(Suspended(calls))
        elif output is not None:
            self._end(snippet, output)

    def _send_answers(self, link: Link, answers: list[Answer]) -> None:
        """Each as a message of its own, unless all are small: the limits hold for each."""
        blobs: list[Blob] = []
        nodes = [_answer_node(link.codec, answer, blobs) for answer in answers]
        try:
            link.send({"is": "answers", "answers": nodes}, blobs)
        except CrossError as error:
            if len(answers) == 1:
                refused = Answer(answers[0].id, error=ValueError(f"what the tool returned is {error}"))
                return self._send_answers(link, [refused])
            for answer in answers:
                self._send_answers(link, [answer])

    # Files

    def put_file(self, path: str | os.PathLike[str], data: FileData) -> None:
        """Write a file into the work folder. Files live as long as the kernel: one that dies takes them along."""
        name, content = name_in_box(path), bytes_of(data)
        self._known.add_files([name])
        self._ask_file("put", name, [content])

    def get_file(self, path: str | os.PathLike[str]) -> bytes:
        """The bytes of a file in the work folder."""
        _, blobs = self._ask_file("get", name_in_box(path))
        if len(blobs) != 1 or blobs[0] is None:
            raise BoxError("the box gave something else than a file")
        return bytes(blobs[0])

    def list_files(self) -> tuple[BoxFile, ...]:
        """The files in the work folder and below, sorted by path."""
        message, _ = self._ask_file("list", ".")
        try:
            return told_files(message.get("files"))
        except FrameError as error:
            raise BoxError(f"the box told {error}") from None

    def _ask_file(self, do: str, path: str, blobs: list[Blob] | None = None) -> tuple[dict[str, Any], Blobs]:
        """Have the kernel do something with a file, whether a snippet runs or not. Raises `OSError`, `BoxError`."""
        self.start()
        asked = Asked(path)
        with self._lock:
            link = self._link
            if link is None:
                raise BoxError("the box was closed")
            number = next(_numbers)
            link.asked[number] = asked
            try:
                link.send({"is": "file", "r": number, "do": do, "path": path}, blobs)
            except CrossError as error:
                del link.asked[number]
                raise BoxError(f"the file {path!r} can't be sent to the box: {error}") from None
        why = f"it did nothing with the file {path!r} in {FILE_SECONDS:g} s"
        late = Alarm(FILE_SECONDS, partial(on_a_worker, partial(self._died, link, why)))
        self._listen_to(link, lambda: asked.reply is not None)
        late.cancel()
        link.asked.pop(number, None)
        return self._reply_to(asked)

    def _reply_to(self, asked: Asked) -> tuple[dict[str, Any], Blobs]:
        if asked.reply is None:
            raise BoxError(f"the box ended before it did anything with the file {asked.path!r}")
        message, blobs = asked.reply
        if message.get("error") is None:
            return message, blobs
        try:
            error = told_error(asked.path, message["error"])
        except FrameError as fault:
            raise BoxError(f"the box told {fault}") from None
        raise error

    def _on_file(self, link: Link, message: dict[str, Any], blobs: Blobs) -> None:
        asked = link.asked.get(checked(message.get("r"), int))
        if asked is None or asked.reply is not None:
            raise FrameError("something of a file that nobody asked for")
        asked.reply = message, blobs

    # Stopping

    def interrupt(self) -> None:
        """Stop the snippet that is running, if one is: `KeyboardInterrupt` inside it, then by force."""
        snippet = self._snippet
        if snippet is not None:
            self._stop(snippet, SnippetError("KeyboardInterrupt", "the snippet was interrupted"), POLITE_INTERRUPT)

    def _expire(self, snippet: Snippet) -> None:
        limit = f"{self.timeout_seconds:g} second{'' if self.timeout_seconds == 1 else 's'}"
        message = (
            f"Code execution exceeded the maximum execution time of {limit}. "
            "Variables are kept. Do less at a time, or in a faster way."
        )
        error = SnippetError("TimeoutError", message)
        on_a_worker(partial(self._stop, snippet, error, POLITE_INTERRUPT / 2))

    def _stop(self, snippet: Snippet, error: SnippetError, polite: float) -> None:
        with self._lock:
            if snippet.over or snippet.stopped is not None:
                return
            snippet.stop(error)
            output, link = snippet.output, snippet.link
            if link is not None and output is None:
                link.send({"is": "interrupt", "n": snippet.number})
        if link is None or output is not None:
            self._end(snippet, output or CodeOutput())
            return
        Alarm(polite, partial(on_a_worker, partial(self._force, snippet, link)))
        on_a_worker(partial(self._listen, snippet, snippet.ended))  # who ran it by hand may be in a tool

    def _force(self, snippet: Snippet, link: Link) -> None:
        with self._lock:
            if snippet.over or snippet.stopped is None or self._link is not link:
                return
            self._cut()
            message = snippet.stopped.message.replace("Variables are kept. ", "")
            lost = self._known.lost(self._given)
            snippet.stopped = replace(snippet.stopped, message=f"{message} It had to be killed. {lost}")
        self._end(snippet, CodeOutput())

    def _end(self, snippet: Snippet | None, output: CodeOutput) -> None:
        """The end of a snippet, once."""
        with self._lock:
            if snippet is None or snippet.over:
                return
            snippet.end()
            if self._snippet is snippet:
                self._snippet = None
            if snippet.link is not None:
                snippet.link.ended = snippet.number
        snippet.tell(output)

    # What the kernel says

    def _hear(self, link: Link, message: dict[str, Any], blobs: Blobs) -> None:
        """A message. Raises `FrameError` if it breaks the protocol."""
        if message["is"] == "file":
            self._on_file(link, message, blobs)
            return
        kind = message["is"]
        if kind not in ("printed", "calls", "done"):
            raise FrameError(f"an unknown message: {kind!r:.40}")
        with self._lock:
            snippet = self._snippet
            if link.over:
                return
            number = checked(message.get("n"), int)
            if snippet is None or number != snippet.number:
                if kind == "done" and number != link.ended:
                    raise FrameError("the end of a snippet that isn't running")
                return  # a thread of an earlier snippet's, or its end, told twice
        getattr(self, "_on_" + kind)(snippet, link, message, blobs)

    def _on_printed(self, snippet: Snippet, _link: Link, message: dict[str, Any], _blobs: Blobs) -> None:
        snippet.printed.write(checked(message.get("text"), str))

    def _on_calls(self, snippet: Snippet, link: Link, message: dict[str, Any], blobs: Blobs) -> None:
        calls, refused = [], []
        for number, name, args, kwargs in calls_of(message, link.codec, blobs):
            snippet.number_call(number)
            try:
                calls.append(self._bound(number, name, args, kwargs))
            except Exception as error:
                refused.append(Answer(number, error=error))
        if refused:
            self._send_answers(link, refused)
        plain = [call for call in calls if not hasattr(self.tools.get(call.name), "bind")]
        for call in plain:
            on_a_worker(partial(self._call_plainly, link, call))
        with self._lock:
            snippet.queued += [call for call in calls if call not in plain]
            asked = () if snippet.asked or snippet.stopped is not None else snippet.next_calls()
        if asked:
            snippet.deliver(Suspended(asked))

    def _bound(self, number: int, name: str, args: list[Any], kwargs: dict[str, Any]) -> BoxCall:
        """The call with its arguments by name. Raises `TypeError` if they don't fit."""
        tool = self.tools.get(name)
        if tool is None:
            raise RuntimeError(f"there is no tool {name!r:.80}")
        if not hasattr(tool, "bind"):
            return BoxCall(number, name, {"args": args, "kwargs": kwargs})
        return BoxCall(number, name, tool.bind(tuple(args), kwargs))

    def _call_plainly(self, link: Link, call: BoxCall) -> None:
        """A plain function that was offered as a tool: it is called here, and nobody else is asked."""
        try:
            answer = Answer(call.id, self.tools[call.name](*call.arguments["args"], **call.arguments["kwargs"]))
        except Exception as error:
            answer = Answer(call.id, error=error)
        self._send_answers(link, [answer])

    def _on_done(self, snippet: Snippet, link: Link, message: dict[str, Any], blobs: Blobs) -> None:
        text = checked(message.get("printed"), str)
        if text:
            snippet.printed.write(text)
        output = output_of(message, link.codec, blobs, self.tools)
        self._known.add(output.changed)
        self._known.add_files(output.files)
        with self._lock:
            if snippet.asked and snippet.stopped is None:
                snippet.output = output  # its threads wait for tools, whose answers belong to it
                return
        self._end(snippet, output)

    def _died(self, link: Link, why: str) -> None:
        """The kernel has ended, or has broken the protocol."""
        with self._lock:
            if link.over:
                return
            self._cut()
            reason = why or self._reason() or "its process ended"
            lost = self._known.lost(self._given)
            snippet = self._snippet
            if snippet is None or snippet.link is not link:
                self._lost = f"The box had ended between two snippets: {reason}. {lost}"
                return
        error = SnippetError("BoxError", f"the box ended while the snippet ran: {reason}. {lost}")
        self._end(snippet, CodeOutput(error=error))

    # By hand

    def run(self, code: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here, one after another; what came of it, error or not."""
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        snippet = self._new_snippet(lambda event: None if isinstance(event, Printed) else outcomes.put(event))
        try:
            refused = self._known.refuses(code, self.tools)
            if refused is not None:
                self._end(snippet, CodeOutput(error=refused))
            else:
                self._begin(snippet, code)
            while not isinstance(outcome := self._next_outcome(snippet, outcomes), CodeOutput):
                self.resume(tuple(answered(self.tools, call) for call in outcome.calls))
        except BaseException:
            self.interrupt()
            raise
        return outcome

    def _next_outcome(self, snippet: Snippet, outcomes: SimpleQueue[Outcome]) -> Outcome:
        if outcomes.empty():
            self._listen(snippet, lambda: not outcomes.empty())
        return outcomes.get()

    def __call__(self, code_action: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here. Raises `InterpreterError` when it fails."""
        return raise_failure(self.run(code_action))


_numbers = itertools.count(1)
_started: WeakSet[RemoteBox] = WeakSet()
"""The boxes that this process has started, and not closed: they are closed when it ends."""


@atexit.register
def _close_all() -> None:
    for box in list(_started):
        box.cleanup()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_started.clear)


def _unstarted(error: Exception) -> SnippetError:
    """Why the box can't be started: nothing that the author of a snippet could do anything about."""
    message = str(error) if isinstance(error, BoxError) else f"{type(error).__name__}: {error}"
    return SnippetError("BoxError", message, fatal=True)


def _answer_node(codec: Codec, answer: Answer, blobs: list[Blob]) -> list[Any]:
    if answer.error is not None:
        return [answer.id, False, [type(answer.error).__name__, message_of(answer.error)]]
    before = len(blobs)
    try:
        return [answer.id, True, codec.encode(answer.value, blobs)]
    except Exception as error:
        del blobs[before:]
        return [answer.id, False, ["ValueError", f"what the tool returned can't be sent to the box: {error}"]]


__all__ = ["Channel", "FedChannel", "Handle", "LinesChannel", "PipeChannel", "RemoteBox"]
