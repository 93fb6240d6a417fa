"""Agents as their users write them: type checkers know what a run gives, and find nothing to complain of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from typing import Any, assert_type

from pydantic import BaseModel

from actlet import (
    ActionStep,
    AgentLogger,
    AgentMemory,
    BoxPool,
    ChatMessageStreamDelta,
    CodeAgent,
    CodeOutput,
    FinalAnswerStep,
    LocalPythonExecutor,
    LogLevel,
    MemoryStep,
    Model,
    MultiStepAgent,
    OpenAIModel,
    PlanningStep,
    PythonInterpreterTool,
    RetryPolicy,
    Run,
    RunResult,
    SandboxExecutor,
    Session,
    StreamEvent,
    TokenUsage,
    Tool,
    ToolCallingAgent,
    ToolOutput,
    find_model,
    tool,
)
from actlet.testing import RecordingModel, ReplayModel, ScriptedModel

# Tools


class Upper(Tool):
    name = "upper"
    description = "Makes text upper case."
    inputs = {"text": {"type": "string", "description": "which text"}}
    output_type = "string"

    def __init__(self, suffix: str) -> None:
        super().__init__()
        self.suffix = suffix

    def forward(self, text: str) -> str:
        return text.upper() + self.suffix


@tool
def population(city: str) -> int:
    """How many people live in a city."""
    return len(city)


@tool(timeout=5)
async def fetch(number: int) -> int:
    """Fetches a number."""
    return number


class Shop:
    @tool
    def stock(self, article: str) -> int:
        """How much there is of an article."""
        return len(article)


upper = Upper("!")
assert_type(upper.name, str)
assert_type(population.name, str)
upper(text="a")
population("Paris")
schema: dict[str, dict[str, Any]] = population.inputs

# Callbacks, checks, observers


class City(BaseModel):
    name: str


def on_step(step: ActionStep, agent: MultiStepAgent) -> None:
    step.observations = (step.observations or "")[:10]
    for earlier in agent.memory.steps:
        assert_type(earlier, MemoryStep)


async def on_plan(step: PlanningStep) -> None:
    print(step.plan)


def check(answer: Any, memory: AgentMemory) -> bool:
    return bool(answer)


def observe(event: object, run: Run) -> None:
    print(event, run.task, run.cost())


# Agents

model: Model = OpenAIModel("gpt-4o-mini", temperature=0.2, client_kwargs={"max_retries": 1})
found: Model = find_model("ollama:qwen3:8b").model
recording = RecordingModel(model, "calls.jsonl")
replayed = ReplayModel("calls.jsonl")
agent = CodeAgent(
    tools=[population, fetch, upper, Shop().stock, PythonInterpreterTool()],
    model=model,
    step_callbacks=[on_step],
    final_answer_checks=[check],
    output_type=City,
    retry=RetryPolicy(),
    observers=[observe],
    verbosity_level=LogLevel.OFF,
)
member = ToolCallingAgent(
    tools=[],
    model=ScriptedModel(["done"]),
    step_callbacks={ActionStep: on_step, PlanningStep: [on_plan]},
    name="member",
    description="Helps.",
    logger=AgentLogger(LogLevel.ERROR),
)
CodeAgent([population], model, executor_type="sandbox", executor_kwargs={"memory_mb": 256}, output_type=list[int])
CodeAgent([], model, executor=lambda: LocalPythonExecutor(["math"]), managed_agents=[member])
with BoxPool(SandboxExecutor, size=2) as pool:
    assert_type(pool, BoxPool)
    CodeAgent([], model, executor=pool)
with CodeAgent([], model) as code_agent:
    assert_type(code_agent, CodeAgent)
    code_agent.additional_authorized_imports.append("numpy")
assert_type(LocalPythonExecutor([])("1"), CodeOutput)


# Runs


def runs(flag: bool) -> None:
    assert_type(agent.run("Go."), Any)
    assert_type(agent.run("Go.", return_full_result=True), RunResult)
    assert_type(agent.run("Go.", stream=False, reset=False, max_steps=2, return_full_result=True), RunResult)
    assert_type(agent.run("Go.", stream=True), Generator[StreamEvent, None, None])
    assert_type(agent.run("Go.", True, False, images=[]), Generator[StreamEvent, None, None])
    assert_type(agent.run("Go.", return_full_result=flag), Any)
    assert_type(agent.run("Go.", stream=flag), Any)
    assert_type(agent.run("Go.", False, True, [], {"a": 1}, 2), Any)
    answer: City = agent.run("Go.", additional_args={"a": 1})
    print(answer.name)
    agent.interrupt()
    agent.visualize()
    agent.replay(detailed=True)
    agent.logger.log("x", level=LogLevel.INFO)


def stream() -> None:
    with closing(agent.run("Go.", stream=True)) as events:
        for event in events:
            assert_type(event, StreamEvent)
            if isinstance(event, ChatMessageStreamDelta):
                assert_type(event.content, str | None)
            elif isinstance(event, ToolOutput):
                assert_type(event.observation, str)
            elif isinstance(event, FinalAnswerStep):
                print(event.output)


def result() -> None:
    full = agent.run("Go.", return_full_result=True)
    assert_type(full.token_usage, TokenUsage | None)
    assert_type(full.success, bool)
    if full.token_usage is not None:
        print(full.token_usage.input_tokens)


def sessions() -> None:
    with agent.session(memory_size=3, observers=[observe]) as session:
        assert_type(session, Session)
        assert_type(session.run("Go."), Any)
        assert_type(session.run("Go.", return_full_result=True, max_steps=1), RunResult)
        assert_type(session.run("Go.", stream=True), Generator[StreamEvent, None, None])
        assert_type(session.start("Go.", max_steps=1), Run)


async def awaited() -> None:
    assert_type(await agent.arun("Go."), Any)
    assert_type(await agent.arun("Go.", return_full_result=True, reset=False), RunResult)
    assert_type(agent.astream("Go."), AsyncGenerator[StreamEvent, None])
    async with aclosing(agent.astream("Go.")) as events:
        async for event in events:
            assert_type(event, StreamEvent)
    with agent.session() as session:
        assert_type(await session.arun("Go."), Any)
        assert_type(await session.arun("Go.", return_full_result=True), RunResult)
        async for event in session.astream("Go."):
            assert_type(event, StreamEvent)


callback: Callable[[ActionStep, MultiStepAgent], None] = on_step
