"""What every agent is: settings. Building one opens nothing; running it changes nothing in it.

What changes lives in the sessions: an agent's own (`own_sessions.py`), or those that its user opens with
`agent.session()`. The loop is in `loop.py`; what an agent does in one step is its `act`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Self, TypeVar

from ..execution.box import PythonExecutor
from ..memory.callbacks import CallbackRegistry, Callbacks
from ..memory.memory import AgentMemory
from ..memory.steps import ActionStep
from ..messages import ChatMessage
from ..monitoring import AgentLogger, LogLevel, Monitor, observers_for
from ..runs.current import current_run
from ..runs.retrying import RetryPolicy
from ..runs.run import Run
from ..runs.session import Observer, Session
from ..runs.wrapping import Loop, Wrapper
from .answers import AnswerType
from .checks import (
    by_name,
    check_functions,
    check_level,
    check_model,
    check_name,
    check_names,
    check_positive,
    check_streaming,
    check_team,
    check_unique,
)
from .loop import carry_out_task
from .own_sessions import OwnSessions
from .prompting import PromptTemplates, cached_prompt, check_templates, own_templates, shipped_templates
from .running import Running
from .team import Member, RecallTool, ShareTool

S = TypeVar("S", bound=Session)


class MultiStepAgent(Running, ABC):
    """An agent that takes steps until it gives a final answer.

    Args:
        tools: what the model may call (`Tool` objects; see `@tool`).
        model: anything with `generate(messages, ...)`; see `Model`.
        prompt_templates: replaces the prompts that ship with actlet, all keys of `PromptTemplates`.
        instructions: text put at the end of the system prompt.
        max_steps: steps after which the model must answer with what it has.
        add_base_tools: adds the tools of `TOOL_MAPPING`.
        verbosity_level: what is printed while it runs (see `LogLevel`). Not used with `logger`.
        managed_agents: a team; each has a name and a description and is called like a tool.
        step_callbacks: functions shown each `ActionStep`, or a dict from a class of steps to functions. They are
            called with the step, and `agent=` if they take it; they may change the step; they may be `async def`.
        planning_interval: plan before the first step and every so many steps.
        replan_on_failure: plan anew after so many failed steps in a row.
        name, description: what a manager knows of the agent. The name is a Python identifier.
        provide_run_summary: as a managed agent, add a summary of the work to the answer.
        remember: as a managed agent, remember earlier calls made in the same session of the manager.
        final_answer_checks: functions `(answer, memory, agent=)`; one that returns something false or raises
            refuses the answer, and the model is told why.
        output_type: a type that the final answer must be (any that pydantic knows); the model is told what is wrong
            with an answer that doesn't fit, and the run's output is of that type.
        return_full_result: `run` returns a `RunResult` rather than the answer.
        max_tool_threads: how many tool calls of one step go on at once; None: all of them.
        stream_outputs: the model's replies come in pieces.
        logger: an `AgentLogger` to print on.
        retry: how a model is tried again after failures that may pass.
        wrappers, observers: put around every effect, told every event, of every session.
    """

    inputs: dict[str, dict[str, Any]] = {  # noqa: RUF012
        "task": {"type": "string", "description": "The task, with all that has to be known for it."},
        "additional_args": {"type": "object", "description": "Values to hand over, by name.", "nullable": True},
    }
    output_type: Any = "string"
    agent_name = "MultiStepAgent"
    """What kind of agent it is: the name of its class."""
    writes_code = False
    """Whether the model acts by code, and so needs no tool for it."""
    prompts = "none"
    """The prompts of this kind of agent that ship with actlet, by the name of their file."""
    makes_boxes = False
    """Whether its user gave a function that makes a box for each session, so that none is used again."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.agent_name = cls.__name__

    def __init__(
        self,
        tools: Sequence[Any],
        model: Any,
        prompt_templates: PromptTemplates | None = None,
        instructions: str | None = None,
        max_steps: int = 20,
        add_base_tools: bool = False,
        verbosity_level: int | LogLevel = LogLevel.INFO,
        managed_agents: Sequence[MultiStepAgent] | None = None,
        step_callbacks: Callbacks | None = None,
        planning_interval: int | None = None,
        name: str | None = None,
        description: str | None = None,
        provide_run_summary: bool = False,
        final_answer_checks: Sequence[Callable[..., Any]] | None = None,
        return_full_result: bool = False,
        logger: AgentLogger | None = None,
        *,
        output_type: Any = None,
        replan_on_failure: int | None = None,
        remember: bool = False,
        max_tool_threads: int | None = None,
        stream_outputs: bool = False,
        retry: RetryPolicy | None = None,
        wrappers: Sequence[Wrapper] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        check_positive(
            max_steps=max_steps,
            planning_interval=planning_interval,
            replan_on_failure=replan_on_failure,
            max_tool_threads=max_tool_threads,
        )
        check_model(model)
        check_streaming(model, stream_outputs)
        self.model = model
        self._own_prompts = check_templates(prompt_templates) if prompt_templates else None
        self.instructions = instructions
        self.max_steps = max_steps
        self.planning_interval, self.replan_on_failure = planning_interval, replan_on_failure
        self.name, self.description = check_name(name), description
        self.provide_run_summary, self.remember = provide_run_summary, remember
        self.final_answer_checks = check_functions("final_answer_checks", final_answer_checks or ())
        self.answer_type = None if output_type is None else AnswerType(output_type)
        self.return_full_result = return_full_result
        self.max_tool_threads, self.stream_outputs = max_tool_threads, stream_outputs
        self.managed_agents = check_team(managed_agents or ())
        self.tools = self._all_tools(tools, add_base_tools)
        check_unique([*self.tools, *self.managed_agents, self.name])
        self.step_callbacks = CallbackRegistry(step_callbacks)
        self.logger = logger or AgentLogger(level=check_level(verbosity_level))
        self.retry = retry or _RETRY
        self.wrappers, self.observers = tuple(wrappers), tuple(observers)
        self._own = OwnSessions(self)

    def _all_tools(self, tools: Sequence[Any], add_base_tools: bool) -> dict[str, Any]:
        found = by_name(tools)
        if add_base_tools:
            from ..toolbox import TOOL_MAPPING

            for name, make in TOOL_MAPPING.items():
                if name not in found and not (name == "python_interpreter" and self.writes_code):
                    found[name] = make()
        if "final_answer" not in found:
            found["final_answer"] = _final_answer() if self.answer_type is None else self.answer_type.tool()
        return found

    # What its kinds say

    @abstractmethod
    def act(self, run: Run, step: ActionStep) -> Loop:
        """One step: have the model say what to do, and do it. Returns an `ActionOutput`; what the model may see as
        a failure is raised as an `AgentError`, with the step's fields set so far."""

    def prepare(self, run: Run) -> Loop:  # noqa: ARG002
        """What is to be done before the first step of a run."""
        yield from ()

    def make_box(self) -> PythonExecutor:
        """The box for a new session."""
        raise TypeError(f"{self.agent_name} runs no code, so it has no box")

    # The prompt

    def prompt_variables(self) -> dict[str, Any]:
        """What the system prompt's template may use."""
        return {
            "tools": self.tools,
            "managed_agents": self.managed_agents,
            "custom_instructions": self.instructions,
            "answer_type": None if self.answer_type is None else self.answer_type.describe(),
            "in_team": self._in_team(),
        }

    def initialize_system_prompt(self) -> str:
        """The system prompt as it is now."""
        return cached_prompt(self.templates["system_prompt"], self.prompt_variables())

    @property
    def templates(self) -> PromptTemplates:
        """The prompts, to be read."""
        return self._own_prompts or shipped_templates(self.prompts)

    @property
    def prompt_templates(self) -> PromptTemplates:
        """The prompts, as a dict of this agent's own to change."""
        if self._own_prompts is None:
            self._own_prompts = own_templates(shipped_templates(self.prompts))
        return self._own_prompts

    @prompt_templates.setter
    def prompt_templates(self, templates: PromptTemplates) -> None:
        self._own_prompts = check_templates(templates)

    @property
    def system_prompt(self) -> str:
        """The system prompt as it is now. To change it, change `prompt_templates["system_prompt"]`."""
        return self.initialize_system_prompt()

    @system_prompt.setter
    def system_prompt(self, _: str) -> None:
        raise AttributeError(
            "The 'system_prompt' property is read-only. Use 'self.prompt_templates[\"system_prompt\"]' instead."
        )

    # Sessions

    def session(
        self,
        *,
        memory_size: int | None = None,
        box: PythonExecutor | None = None,
        wrappers: Sequence[Wrapper] = (),
        observers: Sequence[Observer] = (),
    ) -> Session:
        """A conversation with this agent that you keep: for each user of a server, say. See `Session`."""
        return self.open_session(Session, memory_size=memory_size, box=box, wrappers=wrappers, observers=observers)

    def open_session(
        self,
        kind: type[S],
        *,
        wrappers: Sequence[Wrapper] = (),
        observers: Sequence[Observer] = (),
        **options: Any,
    ) -> S:
        """A session of this kind, with the agent's wrappers and observers around it."""
        return kind(
            self,
            wrappers=[*self.wrappers, *wrappers],
            observers=[*observers_for(self.logger), *self.observers, *observers],
            **options,
        )

    @contextmanager
    def session_for_call(self, reset: bool = True) -> Iterator[Session]:
        """The session of one call as a member of a team, which is shown until the next one begins.

        Its box is given back after a manager's call, unless the agent remembers: then the manager's session keeps
        both.
        """
        caller = current_run()
        if self.remember and caller is not None:
            yield self._own.for_manager(caller.session.members)
            return
        session = self._own.for_run(reset)
        try:
            yield session
        finally:
            if caller is not None:
                self._own.give_back(session)

    def interrupt(self) -> None:
        """Stop every run of this agent that is going on, from any thread. Their memory is kept."""
        self._own.interrupt()

    def __call__(self, task: str, additional_args: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Carry out a task as a member of a team does: with the prompts and the report of a managed agent.

        The other `options` are those of `run`, but for `stream`. A subclass may override this, or `run`: that is
        what its managers call.
        """
        given = {} if additional_args is None else {"additional_args": additional_args}
        return Member(self).carry_out(task, **given, **options)

    def close(self) -> None:
        """Give back what the agent's last session holds."""
        self._own.close()

    def __copy__(self) -> Self:
        """An agent of the same settings, with sessions of its own."""
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied._own = OwnSessions(copied)
        return copied

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a session asks of its agent

    def loop(self, run: Run) -> Loop:
        """The loop that carries out `run`."""
        return carry_out_task(self, run)

    def tools_of(self, run: Run) -> Mapping[str, Any]:
        """Everything that `run` may call, by name: tools, team members, and the team's shared memory."""
        if not self.managed_agents and run.parent is None:
            return self.tools
        return {**_SHARING, **self.tools, **{name: Member(agent) for name, agent in self.managed_agents.items()}}

    def check_additional_args(self, additional_args: Mapping[Any, Any]) -> None:
        """Raise `ValueError` unless the arguments can be had by their names."""
        check_names(additional_args, as_variables=self.writes_code)

    def noted(self, run: Run, going_on: bool) -> None:
        """A run of this agent begins or ends."""
        self._own.noted(run, going_on)

    def box_in_use(self, box: PythonExecutor) -> bool:
        """Whether a run that is going on uses this box."""
        return self._own.box_in_use(box)

    def _in_team(self) -> bool:
        return bool(self.managed_agents) or current_run() is not None

    # The last session, or inside a tool or callback the one of its run

    def shown_session(self) -> Session:
        """The session that `memory`, `state`, `task` and the rest show."""
        return self._own.shown()

    @property
    def memory(self) -> AgentMemory:
        """What the shown session remembers."""
        return self.shown_session().memory

    @property
    def state(self) -> dict[str, Any]:
        """The variables of the shown session."""
        return self.shown_session().state

    @property
    def task(self) -> str | None:
        """The task of the shown session's last run; None before the first."""
        return self.shown_session().task

    @property
    def step_number(self) -> int:
        """The number of the step that the shown session's last run has come to; 0 before the first."""
        return self.shown_session().step_number

    @property
    def monitor(self) -> Monitor:
        """The totals of the shown session."""
        monitor = Monitor(self.model, self.logger)
        session = self.shown_session()
        for step in session.memory.steps:
            if isinstance(step, ActionStep) and step.timing.duration is not None:
                monitor.step_durations.append(step.timing.duration)
        monitor.add(session.token_usage)
        if session.current is not None:
            monitor.add(session.current.usage)
        return monitor

    def write_memory_to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """The messages that the shown session's memory makes up."""
        return self.memory.write_to_messages(summary_mode)

    def visualize(self) -> None:
        """Print the agent, its tools and its team as a tree."""
        self.logger.visualize_agent_tree(self)

    def replay(self, detailed: bool = False) -> None:
        """Print what happened in the last run; `detailed` adds what the model was sent."""
        self.memory.replay(self.logger, detailed=detailed)

    def __repr__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"<{self.agent_name}{named} of {getattr(self.model, 'model_id', None) or type(self.model).__name__}>"


@cache
def _final_answer() -> Any:
    """The final answer, as a tool: it has no state, so all agents have the same."""
    from ..toolbox import FinalAnswerTool

    return FinalAnswerTool()


_RETRY = RetryPolicy()
_SHARING = {tool.name: tool for tool in (ShareTool(), RecallTool())}
