"""Every error of actlet, in one tree.

    ActletError
      AgentError                    what went wrong in a run, and the model may see
        AgentParsingError             no action could be read from the reply
        AgentExecutionError           the snippet failed (type, message, line)
          AgentToolCallError            the arguments don't fit the tool
          AgentToolExecutionError       the tool failed
        AgentMaxStepsError            the steps ran out before a final answer
        AgentGenerationError          the model failed, after its retries
          NoReplyError                  the provider answered, and there is no reply in it
        AgentInterruptedError         somebody stopped the run
      LimitExceeded                 which limit, its value, what was used
      JournalError                  a record that doesn't fit the run it is served to
      BoxError                      a box could not be started, reached or prepared
        InterpreterError              a snippet run by hand in an executor failed (also a ValueError)
      SerializationError            a value can't cross between host and box
      MissingExtraError             an optional part isn't installed (also an ImportError)
        BoxMissingExtraError          a box needs it (also a BoxError)
      NoModelError                  no model was found for what was asked (also a ValueError)
      InternalError                 our fault, never the user's

A message says what happened, with which value, and what to do about it. Raising never logs. Bad arguments raise
`ValueError` or `TypeError` where they are given, not later.
"""

from __future__ import annotations

from typing import Any


class ActletError(Exception):
    """The root of every error that actlet raises on purpose."""


class AgentError(ActletError):
    """Something went wrong in a run, in words that the model may see.

    `logger` is accepted, and ignored, because smolagents' errors take one: raising never logs here.
    """

    def __init__(self, message: str, logger: object = None) -> None:  # noqa: ARG002
        super().__init__(message)
        self.message = message

    def dict(self) -> dict[str, str]:
        """The error as `{"type": ..., "message": ...}`."""
        return {"type": type(self).__name__, "message": str(self.message)}


class AgentParsingError(AgentError):
    """No action could be read from the model's reply."""


class AgentExecutionError(AgentError):
    """The action that the model wrote failed."""


class AgentToolCallError(AgentExecutionError):
    """The arguments of a tool call don't fit the tool, or there is no such tool."""


class AgentToolExecutionError(AgentExecutionError):
    """A tool was called as it should be, and failed."""


class AgentMaxStepsError(AgentError):
    """The steps ran out before a final answer."""


class AgentGenerationError(AgentError):
    """The model failed, after its retries. Ends the run; `__cause__` is the provider's own error."""


class NoReplyError(AgentGenerationError):
    """The provider answered, and there is no reply in it. `code` is its word for why, if it gives one."""

    def __init__(self, message: str, code: Any = None) -> None:
        super().__init__(message)
        self.code = code


class AgentInterruptedError(AgentError):
    """Somebody stopped the run. Its memory is kept: `run(..., reset=False)` goes on.

    `results` are those of the tool calls that were going on, in the order asked, None for one that had not ended;
    `printed` is what the snippet that was stopped had printed.
    """

    results: tuple[Any, ...] = ()
    printed: str = ""


class LimitExceeded(ActletError):
    """A limit was reached: `limit` is its name, `value` what it was set to, `used` what was used."""

    def __init__(self, limit: str, value: Any, used: Any) -> None:
        super().__init__(f"the limit {limit}={value!r} was reached: {used!r} used")
        self.limit, self.value, self.used = limit, value, used


class JournalError(ActletError):
    """A recorded result doesn't belong to what the run asks for."""


class BoxError(ActletError):
    """A box could not be started, reached or prepared."""


class InterpreterError(BoxError, ValueError):
    """A snippet that was run by calling an executor failed."""


class SerializationError(ActletError):
    """A value can't cross between host and box."""


class MissingExtraError(ActletError, ImportError):
    """An optional part isn't installed; the message says which command installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the {extra!r} extra: pip install 'actlet[{extra}]'")


class BoxMissingExtraError(MissingExtraError, BoxError):
    """What a box needs isn't installed. Catch it as either of the two that it is."""


class NoModelError(ActletError, ValueError):
    """No model could be found; the message lists the ways to give one."""


class InternalError(ActletError):
    """actlet broke a promise to itself. Please report it with the traceback."""
