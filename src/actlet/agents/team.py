"""Managed agents: how an agent is offered to another one, in code and by tool calls.

A `Member` is what a tool is to whoever calls it: a name, a signature, a schema. Each call is a session of its own,
so calls may overlap; a member that is told to remember has one session for each session of its manager, and its
calls of one step wait for each other. A call made while a run is going on is a child of that run: its tokens count
there, and both share one shared memory (`share` and `recall`).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import AgentGenerationError, AgentToolCallError, AgentToolExecutionError
from ..execution.text import truncate_content
from ..memory.steps import as_text
from ..runs.current import current_run
from ..runs.result import RunResult
from ..tools import Tool
from .prompting import populate_template

if TYPE_CHECKING:
    from ..memory.memory import AgentMemory
    from ..runs.run import Run
    from .agent import MultiStepAgent

BARE_REPORT = "{{ final_answer }}"


class Member:
    """An agent as another one calls it: `name(task, additional_args=None)`."""

    output_type = "any"
    timeout: float | None = None

    def __init__(self, agent: MultiStepAgent) -> None:
        self.agent = agent
        self.name, self.description, self.inputs = agent.name, agent.description, agent.inputs

    @property
    def one_at_a_time(self) -> bool:
        """Whether its calls go on in one session, so that one waits for the other."""
        return self.agent.remember

    @property
    def signature(self) -> inspect.Signature:
        """What it is called with."""
        return _SIGNATURE

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by name. Raises `TypeError` where they don't fit."""
        return dict(_SIGNATURE.bind(*args, **kwargs).arguments)

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, if they are what a member takes. Raises `AgentToolCallError`."""
        try:
            bound = self.bind((), dict(arguments))
        except TypeError as error:
            raise AgentToolCallError(f"{self.name} is called as {self.name}{_SIGNATURE}: {error}") from error
        if not isinstance(bound["task"], str):
            raise AgentToolCallError(f"{self.name}: task must be text, not {bound['task']!r:.200}")
        if not isinstance(bound.get("additional_args") or {}, Mapping):
            raise AgentToolCallError(f"{self.name}: additional_args must be a dict of variables by name")
        return bound

    def json_schema(self) -> dict[str, Any]:
        """The schema that models are sent."""
        properties = {
            "task": {"type": "string", "description": "The task, with all that has to be known for it."},
            "additional_args": {"type": "object", "description": "Values to hand over, by name."},
        }
        parameters = {"type": "object", "properties": properties, "required": ["task"]}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def function(self, task: str, additional_args: Mapping[str, Any] | None = None) -> Any:
        """Call the agent, in this thread. Raises `AgentToolExecutionError` if steps run out or its model fails."""
        with self._named():
            return self.agent(task, **({} if additional_args is None else {"additional_args": additional_args}))

    @contextmanager
    def _named(self) -> Iterator[None]:
        """A failing model is the manager's business, who has to know whose it is."""
        try:
            yield
        except AgentGenerationError as error:
            raise AgentToolExecutionError(f"{self.name} failed: {error.message}") from error

    def carry_out(self, task: str, **options: Any) -> Any:
        """Have the agent carry out the task, in this thread: what calling it does. The `options` are a run's."""
        given = managed_task(self.agent, task)
        if _overrides(self.agent, "run"):
            return report_of(self.agent, self.agent.run(given, **options))
        options.pop("return_full_result", None)  # the report is made of the answer
        with self.agent.session_for_call(options.pop("reset", True)) as session:
            run = session.start(given, **options)
            run.finish()
            return reported(run)

    @property
    def coroutine(self) -> Callable[..., Awaitable[Any]] | None:
        """`function`, on an event loop; None for an agent with a way of its own, which blocks."""
        own = _overrides(self.agent, "run") or _overrides(self.agent, "__call__")
        return None if own else self._carry_out

    async def _carry_out(self, task: str, additional_args: Mapping[str, Any] | None = None) -> Any:
        with self._named(), self.agent.session_for_call() as session:
            run = session.start(managed_task(self.agent, task), additional_args=additional_args)
            await run.afinish()
            return reported(run)

    def to_code_prompt(self) -> str:
        """The member as a Python stub."""
        return f'def {self.name}{_SIGNATURE}:\n    """{self.description}"""'

    def to_tool_calling_prompt(self) -> str:
        """The member in a line."""
        return f"{self.name}: {self.description}"


def _overrides(agent: MultiStepAgent, method: str) -> bool:
    """Whether a method is the user's own and not one of this package."""
    if method in vars(agent):
        return True
    owner = next(cls for cls in type(agent).__mro__ if method in vars(cls))
    return owner.__module__.rpartition(".")[0] != __package__


_SIGNATURE = inspect.Signature(
    [
        inspect.Parameter("task", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str),
        inspect.Parameter(
            "additional_args", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=dict | None
        ),
    ]
)


def managed_task(agent: MultiStepAgent, task: str) -> str:
    """The task as a member is given it."""
    return populate_template(agent.templates["managed_agent"]["task"], {"name": agent.name, "task": task})


def reported(run: Run) -> Any:
    """What the caller gets: the answer itself, or the report that the template makes of it.

    Raises `AgentToolExecutionError`, with the last words, if the steps ran out before there was an answer.
    """
    agent: MultiStepAgent = run.agent
    if run.error is not None:
        words = run.error.message if run.output is None else truncate_content(as_text(run.output))
        raise AgentToolExecutionError(f"{agent.name} ran out of steps before it had an answer. It can say: {words}")
    return _report(agent, run.output, run.session.memory)


def report_of(agent: MultiStepAgent, output: Any) -> Any:
    """The same of what an agent's own `run` gave: the answer or a `RunResult`."""
    return _report(agent, output.output if isinstance(output, RunResult) else output, agent.memory)


def _report(agent: MultiStepAgent, answer: Any, memory: AgentMemory) -> Any:
    template = agent.templates["managed_agent"]["report"]
    if template.strip() == BARE_REPORT and not agent.provide_run_summary:
        return answer
    report = populate_template(template, {"name": agent.name, "final_answer": answer})
    return report + _summary(memory) if agent.provide_run_summary else report


def _summary(memory: AgentMemory) -> str:
    messages = memory.write_to_messages(summary_mode=True)
    work = "".join(f"\n{truncate_content(message.text)}\n---" for message in messages)
    heading = "For more detail, find below a summary of this agent's work:"
    return f"\n\n{heading}\n<summary_of_work>\n{work}\n</summary_of_work>"


# The shared memory, as tools


class ShareTool(Tool):
    """Keeps a value for the whole team, in the shared memory of the run that calls it."""

    name = "share"
    description = "Keep a value for everyone in the team, under a name."
    inputs = {  # noqa: RUF012
        "name": {"type": "string", "description": "what the value is called"},
        "value": {"type": "any", "description": "the value"},
    }
    output_type = "null"

    def forward(self, name: str, value: Any) -> None:
        """Keep `value` as `name`."""
        _shared_of_caller()[name] = value


class RecallTool(Tool):
    """Gets a value that somebody of the team shared."""

    name = "recall"
    description = "Get the value that somebody in the team shared under this name."
    inputs = {"name": {"type": "string", "description": "what the value is called"}}  # noqa: RUF012
    output_type = "any"

    def forward(self, name: str) -> Any:
        """The value shared as `name`."""
        return _shared_of_caller()[name]


def _shared_of_caller() -> Any:
    run: Run | None = current_run()
    if run is None:
        raise RuntimeError("values are shared within a run: call this from an agent's code or tools")
    return run.shared
