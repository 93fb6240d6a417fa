"""What every turn of a model is made of: its reply is asked for, and the step that came of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import AgentError, AgentGenerationError
from ..memory.steps import ActionStep, MemoryStep, described
from ..messages import ChatMessage
from ..runs.effects import Generate, Notify
from ..runs.wrapping import Loop

if TYPE_CHECKING:
    from ..runs.run import Run


def generate(
    run: Run,
    step: ActionStep,
    *,
    stop_sequences: list[str] | None = None,
    response_format: dict[str, Any] | None = None,
    tools: Sequence[Any] | None = None,
    stream: bool = False,
) -> Loop:
    """Have the model reply to the memory as it is, for `step`. Raises `AgentGenerationError` if it fails."""
    view = run.session.memory.view()
    step.model_input_messages = view
    reply: ChatMessage = yield from reply_to(Generate(list(view), stop_sequences, response_format, tools, stream))
    step.model_output_message, step.token_usage = reply, reply.token_usage
    return reply


def reply_to(asked: Generate) -> Loop:
    """The model's reply. Raises `AgentGenerationError` if it fails."""
    try:
        return (yield asked)
    except AgentError:
        raise
    except Exception as error:
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        raise AgentGenerationError(f"The model failed: {described(error)}{notes}") from error


def remember(run: Run, step: MemoryStep) -> Loop:
    """Show a finished step to its callbacks, which may change it, and keep it."""
    try:
        yield Notify(step)
    finally:
        run.session.memory.steps.append(step)
