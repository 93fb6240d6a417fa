"""Steps as plain data: `json.dumps` takes whatever a run has seen."""

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

import pytest
from memory_support import action, call, reply
from PIL import Image
from pydantic import BaseModel, model_serializer

from actlet import (
    ActionStep,
    AgentError,
    FinalAnswerStep,
    PlanningStep,
    SystemPromptStep,
    TaskStep,
    Timing,
    TokenUsage,
)
from actlet.memory.steps import jsonable


class City(BaseModel):
    name: str


@dataclass
class Point:
    x: int
    lock: object = field(default_factory=threading.Lock)


class Colour(Enum):
    RED = 1


class Sealed(BaseModel):
    name: str

    @model_serializer
    def refuse(self):
        raise ValueError("no")


class Odd:
    def __str__(self):
        raise ValueError("no")


AROUND: list[object] = []
AROUND += [AROUND, {"again": AROUND}]
VALUES = [
    None,
    True,
    1.5,
    "text",
    b"bytes",
    (1, {2}),
    {1: "a", ("x",): "b"},
    {"deep": [{"set": frozenset({1})}]},
    date(2024, 1, 1),
    Decimal("1.5"),
    Colour.RED,
    City(name="Rome"),
    City,
    Sealed(name="x"),
    Point,
    Point(3),
    Image.new("RGB", (1, 1)),
    ValueError("x"),
    2**100_000,
    AROUND,
    Odd(),
    {Odd(): Odd()},
    print,
    object(),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_an_action_with_any_value_is_data_that_json_takes(value):
    step = action(
        action_output=value, tool_calls=[call(value=value)], observations_images=[Image.new("RGB", (1, 1))]
    )
    step.model_input_messages = [reply()]
    step.model_output_message, step.error, step.token_usage = reply(), AgentError("broken"), TokenUsage(1, 2)
    assert json.loads(json.dumps(step.dict()))["step_number"] == 1


def test_the_keys_of_an_action_are_those_that_smolagents_users_know():
    expected = ["step_number", "timing", "model_input_messages", "tool_calls", "error", "model_output_message"]
    expected += ["model_output", "code_action", "observations", "observations_images", "action_output"]
    expected += ["token_usage", "is_final_answer"]
    data = action(error=AgentError("broken"), token_usage=TokenUsage(1, 2)).dict()
    assert list(data)[: len(expected)] == expected
    assert data["timing"] == {"start_time": 1.0, "end_time": 2.5, "duration": 1.5}
    assert data["error"] == {"type": "AgentError", "message": "broken"}
    assert data["token_usage"]["total_tokens"] == 3
    assert data["tool_calls"] == []


def test_other_steps_are_data_too():
    picture = Image.new("RGB", (1, 1))
    steps = [
        SystemPromptStep("Be good."),
        TaskStep("Go.", [picture]),
        PlanningStep([reply()], reply(), "plan", Timing(1.0), TokenUsage(1, 2)),
        FinalAnswerStep({1, 2}),
    ]
    for step in steps:
        step.messages() if not isinstance(step, FinalAnswerStep) else None
        assert json.dumps(step.dict())
    assert steps[1].dict()["task"] == "Go."
    assert steps[2].dict()["plan"] == "plan"
    assert "_messages" not in steps[0].dict()


def test_dataclasses_and_models_become_their_fields():
    assert jsonable(City(name="Rome")) == {"name": "Rome"}
    assert jsonable(Point(3))["x"] == 3


def test_a_tool_call_has_the_shape_that_chat_apis_use():
    assert call(a=1).dict() == {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}


def test_a_step_may_be_made_with_number_and_time_alone():
    step = ActionStep(step_number=1, timing=Timing(0.0))
    assert (step.timing.duration, step.is_final_answer, step.observations) == (None, False, None)


def in_itself(depth, double):
    value = "leaf"
    for _ in range(depth):
        value = double(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        in_itself(40, lambda x: [x, x]),
        in_itself(40, lambda x: {"a": x, "b": x}),
        ["long" * 1_000_000] * 1_000,
        {"long" * 1_000_000 + str(n): n for n in range(20)},
    ],
    ids=["lists", "dicts", "text", "keys"],
)
def test_a_value_that_would_be_written_out_for_ever_is_cut(value):
    started = time.perf_counter()
    text = json.dumps(jsonable(value))
    assert time.perf_counter() - started < 5
    assert len(text) < 20_000_000
    assert "..." in text


def test_numbers_that_json_does_not_have_become_their_names():
    whole = {"a": float("inf"), "b": [float("-inf"), float("nan"), 1e308]}
    assert jsonable(whole) == {"a": "Infinity", "b": ["-Infinity", "NaN", 1e308]}


def test_large_values_are_kept_whole():
    rows = [{"number": n, "name": str(n)} for n in range(30_000)]
    assert jsonable(rows) == rows
    assert jsonable("x" * 5_000_000) == "x" * 5_000_000
