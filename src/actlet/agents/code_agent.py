"""The agent that acts by writing Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AgentExecutionError, AgentParsingError
from ..execution import BASE_BUILTIN_MODULES, truncate_content
from ..execution.box import Answer, Box, CodeOutput, PythonExecutor, SnippetError, Suspended
from ..execution.boxes import check_box_type, make_box
from ..memory.steps import ActionStep, ToolCall, as_text
from ..models.schemas import CODEAGENT_RESPONSE_FORMAT
from ..runs.effects import CallTools, Prepare, Resume, RunCode
from ..runs.events import ActionOutput
from ..runs.run import Run
from ..runs.wrapping import Loop
from .agent import MultiStepAgent
from .asking import generate
from .checks import check_list
from .parsing import closed, ends_in_code, parse_code, parse_structured
from .prompting import PromptTemplates

_CUT_OFF = (
    "Your reply was cut off in the middle of its code, because the tokens ran out. Nothing of it was run. "
    "Write less at once: a shorter program, and the rest in the steps to come."
)
_TAGS = {None: ("<code>", "</code>"), "markdown": ("```python", "```")}


class CodeAgent(MultiStepAgent):
    """An agent whose model writes a Python program in each step.

    `additional_authorized_imports`: modules that programs may import besides `BASE_BUILTIN_MODULES`; "pkg" allows
    its public submodules too, "*" everything. In a box other than "local" it restricts nothing, since the box keeps
    programs in: the model is told of these modules, and can import whatever is installed there.
    `executor_type` names the box that programs run in, `executor_kwargs` goes to its constructor; `executor` is a
    box of one's own, or a function that makes one for each session.
    `max_print_outputs_length`: characters of printed output that are kept. `code_block_tags`: "markdown", or the
    opening and the closing tag as regexes. `use_structured_outputs_internally`: the model replies with JSON.
    All other parameters are those of `MultiStepAgent`.
    """

    writes_code = True
    prompts = "code_agent"

    def __init__(
        self,
        tools: Sequence[Any],
        model: Any,
        prompt_templates: PromptTemplates | None = None,
        additional_authorized_imports: Sequence[str] | None = None,
        planning_interval: int | None = None,
        executor: PythonExecutor | Callable[[], PythonExecutor] | None = None,
        executor_type: str = "local",
        executor_kwargs: dict[str, Any] | None = None,
        max_print_outputs_length: int | None = None,
        stream_outputs: bool = False,
        use_structured_outputs_internally: bool = False,
        code_block_tags: str | tuple[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        check_list("additional_authorized_imports", additional_authorized_imports or ())
        self.additional_authorized_imports = list(additional_authorized_imports or ())
        self.use_structured_outputs_internally = use_structured_outputs_internally
        self.code_block_tags = _tags(code_block_tags)
        check_box_type(executor_type)
        self.executor_type, self.executor_kwargs = executor_type, dict(executor_kwargs or {})
        self.max_print_outputs_length = max_print_outputs_length
        self._executor = executor
        if executor is not None and not isinstance(executor, PythonExecutor):
            self.makes_boxes = True
        if use_structured_outputs_internally:
            self.prompts = "structured_code_agent"
        if self.executor_kwargs:
            self._new_box()  # which raises, here and not in a run, if the box doesn't take them
        super().__init__(
            tools=tools,
            model=model,
            prompt_templates=prompt_templates,
            planning_interval=planning_interval,
            stream_outputs=stream_outputs,
            **kwargs,
        )

    @property
    def authorized_imports(self) -> tuple[str, ...]:
        """The modules that programs may import in the local box."""
        return tuple(sorted({*BASE_BUILTIN_MODULES, *self.additional_authorized_imports}))

    @authorized_imports.setter
    def authorized_imports(self, _: Any) -> None:
        raise AttributeError("authorized_imports follows from additional_authorized_imports: change that one")

    def prompt_variables(self) -> dict[str, Any]:
        """What the system prompt's template may use."""
        opening, closing = (tag.replace("\\", "") for tag in self.code_block_tags)
        return super().prompt_variables() | {
            "authorized_imports": self.importable,
            "code_block_opening_tag": opening,
            "code_block_closing_tag": closing,
        }

    @property
    def importable(self) -> str:
        """The modules that programs can import, in words: for the prompt, and for whoever looks at the agent."""
        box, packages = self._executor, self.executor_kwargs.get("packages", ())
        restricted = self.executor_type == "local"
        if box is not None:
            packages, restricted = getattr(box, "packages", ()), getattr(box, "restricts_imports", True)
        if "*" in self.additional_authorized_imports:
            return "any that are installed"
        if restricted:
            return ", ".join(self.authorized_imports)
        named = [*self.additional_authorized_imports, *(f"those of the package {name}" for name in packages)]
        return ", ".join(["all of Python's standard library", *named])

    # The box

    def make_box(self) -> PythonExecutor:
        """The box for a new session: the user's own, another one like it while that is in use, or a new one."""
        if isinstance(self._executor, PythonExecutor):
            return self._own_executor(self._executor)
        if self._executor is not None:
            return self._executor()
        return self._new_box()

    def _new_box(self) -> PythonExecutor:
        options = dict(self.executor_kwargs)
        if self.max_print_outputs_length is not None:
            options.setdefault("max_print_outputs_length", self.max_print_outputs_length)
        return make_box(self.executor_type, self.additional_authorized_imports, **options)

    def _own_executor(self, executor: PythonExecutor) -> PythonExecutor:
        if not self.box_in_use(executor):
            return executor
        if isinstance(executor, Box):
            return executor.fresh()
        raise RuntimeError(
            f"{executor!r} is in use by another run: give the agent a function that makes one for each session"
        )

    @property
    def python_executor(self) -> PythonExecutor:
        """The box of the session that `memory` and `state` show."""
        return self.shown_session().box

    def cleanup(self) -> None:
        """Give back the box of the agent's last session."""
        self.close()

    # The loop

    def prepare(self, run: Run) -> Loop:
        """Offer the tools to the box, and bind the variables of the state."""
        yield Prepare(run.tools, run.session.state)

    def act(self, run: Run, step: ActionStep) -> Loop:
        """One step: the model writes a program, it runs, its calls of tools are answered."""
        code = yield from self._write(run, step)
        call = ToolCall("python_interpreter", code, f"call_{len(run.session.memory.steps)}")
        step.code_action, step.tool_calls = code, [call]
        yield call
        try:
            outcome = yield from self._run(code)
        except BaseException as stopped:  # and whoever stops it may tell what was printed until then
            step.observations = getattr(stopped, "printed", "").rstrip() or None
            raise
        step.observations = observed(outcome)
        step.action_output = outcome.output
        if outcome.error is not None:
            raise AgentExecutionError(explained(outcome.error))
        return ActionOutput(outcome.output, outcome.is_final_answer)

    def _write(self, run: Run, step: ActionStep) -> Loop:
        """The program of this step, as the model writes it."""
        structured = self.use_structured_outputs_internally
        reply = yield from generate(
            run,
            step,
            stop_sequences=self._stop_sequences(),
            response_format=CODEAGENT_RESPONSE_FORMAT if structured else None,
            stream=self.stream_outputs,
        )
        if structured:
            step.model_output = reply.text
            return parse_structured(reply.text)
        if reply.finish_reason == "length" and ends_in_code(reply.text, self.code_block_tags):
            step.model_output = reply.text
            raise AgentParsingError(_CUT_OFF)
        step.model_output = closed(reply.text, self.code_block_tags)
        return parse_code(reply.text, self.code_block_tags)

    def _stop_sequences(self) -> list[str] | None:
        opening, closing = self.code_block_tags
        if self.use_structured_outputs_internally:
            return None
        return ["Observation:"] if closing in opening else ["Observation:", closing.replace("\\", "")]

    def _run(self, code: str) -> Loop:
        """Run a program to its end, answering the calls of tools that it makes."""
        made = 0
        outcome: CodeOutput | Suspended = yield RunCode(code)
        while isinstance(outcome, Suspended):
            calls = tuple(ToolCall(c.name, c.arguments, f"code_{i}") for i, c in enumerate(outcome.calls, made + 1))
            made += len(calls)
            results = yield CallTools(calls, from_code=True)
            pairs = zip(outcome.calls, results, strict=True)
            outcome = yield Resume(tuple(Answer(call.id, r.value, r.error) for call, r in pairs))
        return outcome


def observed(outcome: CodeOutput) -> str | None:
    """What the model is shown of how a program went: what it printed, and the value it would want to see."""
    parts = []
    if outcome.logs.strip():
        parts.append(outcome.logs.rstrip())
    if outcome.is_final_answer:
        parts.append(f"Final answer: {truncate_content(_text(outcome))}")
    elif outcome.shown and outcome.output is not None:
        parts.append(f"Value of the last expression: {truncate_content(outcome.text or as_text(outcome.output))}")
    if not parts and outcome.error is None:
        return "(The code ran and printed nothing.)"
    return "\n".join(parts) or None


def _text(outcome: CodeOutput) -> str:
    """An answer as text: a string as it is, anything else as the box wrote it."""
    if isinstance(outcome.output, str) or outcome.text is None:
        return as_text(outcome.output)
    return outcome.text


def explained(error: SnippetError) -> str:
    """An error as the model is shown it: type, message, line; and the way there, where it is longer than a line."""
    where = f" (line {error.line})" if error.line is not None else ""
    message = f": {truncate_content(error.message, 4_000)}" if error.message else ""
    text = f"{error.type}{message}{where}"
    return f"{text}\n{error.traceback}" if error.traceback.count("line ") > 1 else text


def _tags(tags: str | tuple[str, str] | None) -> tuple[str, str]:
    if isinstance(tags, tuple) and len(tags) == 2:
        return tags
    if (tags is None or isinstance(tags, str)) and tags in _TAGS:
        return _TAGS[tags]
    raise ValueError(f"code_block_tags must be 'markdown' or a pair of tags, not {tags!r}")
