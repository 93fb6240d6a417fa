"""The agent that calls tools: side by side, in order, and forgiving."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from agent_support import actions, add, call_answer, caller, code, coder, fail, sent, slow_double

from actlet import (
    AgentGenerationError,
    AgentInterruptedError,
    AgentParsingError,
    AgentText,
    AgentToolCallError,
    AgentToolExecutionError,
    ChatMessage,
    LogLevel,
    MessageRole,
    Model,
    ToolCallingAgent,
    tool,
)
from actlet.testing import ScriptedModel

RUNS = [
    pytest.param(lambda agent, *args, **kwargs: agent.run(*args, **kwargs), id="run"),
    pytest.param(lambda agent, *args, **kwargs: asyncio.run(agent.arun(*args, **kwargs)), id="arun"),
]


@pytest.mark.parametrize("run", RUNS)
def test_tools_are_called_and_their_results_shown(run):
    agent = caller([[("add", {"a": 2, "b": 3})], call_answer(5)], [add])
    assert run(agent, "2 + 3?") == 5
    assert actions(agent)[0].observations == "5"
    assert [call.name for call in actions(agent)[0].tool_calls] == ["add"]


@pytest.mark.parametrize("run", RUNS)
def test_calls_of_one_step_go_on_side_by_side(run):
    together = threading.Barrier(3, timeout=5)

    @tool
    def meet(name: str) -> str:
        """Waits for the others."""
        together.wait()
        return name

    agent = caller([[("meet", {"name": name}) for name in "abc"], call_answer("met")], [meet])
    assert run(agent, "Meet.") == "met"
    assert actions(agent)[0].observations == "a\nb\nc"


@pytest.mark.parametrize("run", RUNS)
def test_results_come_in_the_order_asked_whoever_is_ready_first(run):
    @tool
    def wait(seconds: float) -> float:
        """Waits."""
        time.sleep(seconds)
        return seconds

    agent = caller([[("wait", {"seconds": s}) for s in (0.06, 0.03, 0.0)], call_answer(1)], [wait])
    run(agent, "Wait.")
    assert actions(agent)[0].observations == "0.06\n0.03\n0.0"


def test_many_calls_keep_their_order_and_number():
    calls = [{"name": "add", "arguments": {"a": i, "b": 0}, "id": f"call_{i}"} for i in range(12)]
    agent = caller([calls, call_answer(1)], [add])
    agent.run("Go.")
    assert actions(agent)[0].observations == "\n".join(map(str, range(12)))


@pytest.mark.parametrize("run", RUNS)
def test_one_call_that_fails_loses_none_of_its_siblings(run):
    replies = [
        [("add", {"a": 1, "b": 1}), ("fail", {"reason": "no disk"}), ("add", {"a": 2, "b": 2})],
        call_answer(1),
    ]
    agent = caller(replies, [add, fail])
    run(agent, "Go.")
    step = actions(agent)[0]
    assert list(step.tool_observations.values()) == ["2", "Error: fail failed: OSError: no disk", "4"]
    assert isinstance(step.error, AgentToolExecutionError)
    assert isinstance(step.error.__cause__, OSError)
    assert sent(agent).count("no disk") == 1


class Speechless(Exception):
    """An error as some libraries have them: its `str` raises."""

    def __str__(self):
        raise AttributeError("response")


@pytest.mark.parametrize("run", RUNS)
def test_an_error_that_can_not_say_what_it_is_fails_its_call_and_no_other(run):
    @tool
    def stumble() -> str:
        """Stumbles."""
        raise Speechless

    agent = caller([[("stumble", {}), ("add", {"a": 1, "b": 2})], call_answer("seen")], [add, stumble])
    assert run(agent, "Go.") == "seen"
    assert "stumble failed: Speechless: <a Speechless that can't be shown" in actions(agent)[0].observations
    assert actions(agent)[0].observations.endswith("3")


@pytest.mark.parametrize("run", RUNS)
def test_a_models_error_that_can_not_say_what_it_is_is_still_the_models(run):
    agent = caller([Speechless()], [add])
    with pytest.raises(AgentGenerationError, match="The model failed: Speechless"):
        run(agent, "Go.")
    assert isinstance(actions(agent)[0].error, AgentGenerationError)


def test_async_tools_and_plain_ones_go_together():
    agent = caller(
        [[("slow_double", {"number": 4}), ("add", {"a": 1, "b": 1})], call_answer(1)], [add, slow_double]
    )
    agent.run("Go.")
    assert actions(agent)[0].observations == "8\n2"


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("calls", [1, 2])
def test_of_an_iterator_the_model_sees_the_items_up_to_a_number(run, calls):
    closed = []

    @tool
    def count_up(end: int) -> Iterator[int]:
        """Counts."""
        try:
            yield from range(end)
        finally:
            closed.append(end)

    replies = [[("count_up", {"end": 3})] * calls, [("count_up", {"end": 10**12})], call_answer("seen")]
    agent = caller(replies, [count_up])
    assert run(agent, "Go.") == "seen"
    assert actions(agent)[0].observations == "\n".join(["[0, 1, 2]"] * calls)
    assert actions(agent)[1].observations.endswith("998, 999, '...']")
    assert closed == [3] * calls + [10**12]
    assert list(count_up(2)) == [0, 1]


def test_an_unknown_tool_is_an_error_that_lists_the_tools():
    agent = caller([[("addd", {"a": 1, "b": 1})], call_answer(1)], [add])
    assert agent.run("Go.") == 1
    step = actions(agent)[0]
    assert isinstance(step.error, AgentToolCallError)
    assert step.error.message == "Unknown tool addd, should be one of: add, final_answer."


def test_arguments_that_do_not_fit_are_told_one_by_one():
    agent = caller([[("add", {"a": "one", "c": 2})], call_answer(1)], [add])
    agent.run("Go.")
    text = actions(agent)[0].observations
    assert "Argument a is 'one' of type str, expected int" in text
    assert "Argument c is not in the tool's input schema" in text
    assert "Argument b is required" in text


def test_arguments_are_converted_to_their_types():
    agent = caller([[("add", {"a": "1", "b": 2.0})], [("add", '{"a": 3, "b": 4}')], call_answer(1)], [add])
    agent.run("Go.")
    assert [step.observations for step in actions(agent)] == ["3", "7", "Final answer: 1"]


@pytest.mark.parametrize(
    "call", [("final_answer", '{"answer": {"name": "Bob", "items": [1, 2'), ("add", '{"a": 1')]
)
def test_arguments_that_were_cut_off_are_no_arguments(call):
    agent = caller([[call], call_answer(1)], [add])
    assert agent.run("Go.") == 1
    step = actions(agent)[0]
    assert isinstance(step.error, AgentToolCallError)
    assert f"The arguments of {call[0]} are no valid JSON" in step.observations


def test_a_tool_without_arguments_may_be_called_with_none_at_all():
    @tool
    def now() -> str:
        """Tells the time."""
        return "noon"

    agent = caller([[("now", "")], [("now", None)], [("now", "{}")], call_answer(1)], [now])
    agent.run("Go.")
    assert [step.observations for step in actions(agent)[:3]] == ["noon"] * 3


def test_calls_of_one_id_are_told_apart():
    calls = [{"name": "add", "arguments": {"a": n, "b": 0}, "id": "same"} for n in (1, 2, 3)]
    agent = caller(
        [[*calls, {"name": "add", "arguments": {"a": 4, "b": 0}, "id": "same_2"}], call_answer(1)], [add]
    )
    agent.run("Go.")
    step = actions(agent)[0]
    assert step.observations == "1\n2\n3\n4"
    assert len({call.id for call in step.tool_calls}) == 4


def test_an_answer_given_with_other_calls_waits_until_their_results_are_seen():
    agent = caller([[("final_answer", {"answer": "early"}), ("add", {"a": 1, "b": 1})], call_answer("late")], [add])
    assert agent.run("Go.") == "late"
    first = actions(agent)[0]
    assert list(first.tool_observations.values())[1] == "2"
    assert "other calls were made in the same step" in first.observations
    assert not first.is_final_answer


def test_of_two_answers_in_one_step_the_first_counts():
    assert caller([[("final_answer", {"answer": 1}), ("final_answer", {"answer": 2})]]).run("Go.") == 1


def test_a_reply_without_a_call_is_an_error_that_the_model_can_mend():
    agent = caller(["It is five.", call_answer(5)])
    assert agent.run("2 + 3?") == 5
    step = actions(agent)[0]
    assert isinstance(step.error, AgentParsingError)
    assert step.model_output == "It is five."
    assert "It is five." in sent(agent)
    assert "Write a call as JSON" in sent(agent)


class WritesCalls(ScriptedModel):
    """A model that knows no tool calls, and writes them as text."""

    native_tool_history = False


def test_calls_that_a_model_writes_as_text_are_carried_out_and_said_once():
    model = WritesCalls(
        [
            'I add.\n{"name": "add", "arguments": {"a": 2, "b": 3}}',
            '<think>done</think>```json\n{"name": "final_answer", "arguments": {"answer": 5}}\n```',
        ]
    )
    agent = ToolCallingAgent([add], model, verbosity_level=LogLevel.OFF)
    assert agent.run("2 + 3?") == 5
    step = actions(agent)[0]
    assert step.model_output == "I add."
    assert [call.arguments for call in step.tool_calls] == [{"a": 2, "b": 3}]
    text = "\n".join(
        str(message["content"]) for message in model._prepare_completion_kwargs(agent.memory.messages())["messages"]
    )
    assert text.count('"add"') == 1
    assert "Result of add:\n5" in text


def test_a_model_that_is_sent_the_tools_needs_no_list_of_them_in_the_prompt():
    native, text = caller([], [add]), ToolCallingAgent([add], WritesCalls([]), verbosity_level=LogLevel.OFF)
    assert "Adds two numbers" not in native.system_prompt
    assert "add(a: int, b: int) -> int: Adds two numbers" in text.system_prompt


def test_a_model_of_any_class_will_do():
    class Minimal:
        def generate(self, messages, tools_to_call_from=None):
            if len(messages) < 3:
                return ChatMessage(MessageRole.ASSISTANT, '{"name": "add", "arguments": {"a": 1, "b": 1}}')
            return ChatMessage(MessageRole.ASSISTANT, '{"name": "final_answer", "arguments": {"answer": "two"}}')

    agent = ToolCallingAgent([add], Minimal(), verbosity_level=LogLevel.OFF)
    assert agent.run("1 + 1?") == "two"
    assert asyncio.run(agent.arun("1 + 1?")) == "two"


def test_a_model_in_the_manner_of_smolagents_will_do():
    class Fake(Model):
        def __init__(self):
            pass

        def generate(self, messages, stop_sequences=None, tools_to_call_from=None):
            return ChatMessage.from_dict(
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "final_answer", "arguments": {"answer": "a"}},
                        }
                    ],
                }
            )

    assert ToolCallingAgent([], Fake(), verbosity_level=LogLevel.OFF).run("Go.") == "a"


# Variables of the state


def test_an_argument_that_names_a_variable_of_the_state_stands_for_its_value():
    @tool
    def count(rows: list[int]) -> int:
        """Counts rows."""
        return len(rows)

    agent = caller([[("count", {"rows": "data"})], call_answer("data")], [count])
    assert agent.run("Count.", additional_args={"data": [1, 2, 3]}) == [1, 2, 3]
    assert actions(agent)[0].observations == "3"


def test_an_argument_may_have_a_name_that_is_none_of_python():
    @tool
    def double(number: int) -> int:
        """Doubles."""
        return 2 * number

    agent = caller([[("double", {"number": "figure.txt"})], call_answer("seen")], [double])
    assert agent.run("Go.", additional_args={"figure.txt": 21}) == "seen"
    assert actions(agent)[0].observations == "42"
    manager = coder([code("final_answer(helper('go', {'image.png': 1}))")], managed_agents=[helper()])
    assert manager.run("Go.") == "done"
    with pytest.raises(ValueError, match=r"names must be text: \[3\] are not"):
        agent.run("Go.", additional_args={3: 21})


def helper():
    return caller([call_answer("done")], name="helper", description="Helps.")


def test_images_are_kept_in_the_state_under_a_name_that_later_calls_may_give():
    from PIL import Image

    @tool
    def draw(size: int) -> Image.Image:
        """Draws a square."""
        return Image.new("RGB", (size, size))

    @tool
    def width(picture: Image.Image) -> int:
        """Tells the width of a picture."""
        return picture.width

    replies = [
        [("draw", {"size": 3}), ("draw", {"size": 4})],
        [("width", {"picture": "image_2.png"})],
        call_answer("image.png"),
    ]
    agent = caller(replies, [draw, width])
    picture = agent.run("Draw.")
    assert actions(agent)[0].observations == "Stored 'image.png' in memory.\nStored 'image_2.png' in memory."
    assert actions(agent)[1].observations == "4"
    assert picture.size == (3, 3)
    assert isinstance(agent.state["image.png"], Image.Image)


def test_an_answer_is_not_stored_again():
    from PIL import Image

    @tool
    def draw(size: int) -> Image.Image:
        """Draws a square."""
        return Image.new("RGB", (size, size))

    agent = caller([[("draw", {"size": 3})], call_answer("image.png")], [draw])
    assert agent.run("Draw.").size == (3, 3)
    assert list(agent.state) == ["image.png"]
    assert actions(agent)[1].observations.startswith("Final answer: ")


def test_text_answers_are_agent_texts():
    assert isinstance(caller([call_answer("yes")]).run("So?"), AgentText)


# What the model is sent


def test_every_call_in_the_history_has_its_answer():
    replies = [
        [("add", {"a": 1, "b": 1}), ("fail", {"reason": "x"}), ("nothing", {})],
        "words",
        [("final_answer", {"answer": 0}), ("add", {"a": 1, "b": 1})],
        call_answer(1),
    ]
    agent = caller(replies, [add, fail])
    agent.run("Go.")
    for call in agent.model.calls:
        asked = [one.id for message in call.messages for one in message.tool_calls or ()]
        answered = [message.tool_call_id for message in call.messages if message.role == MessageRole.TOOL_RESPONSE]
        assert asked == answered
    assert len(agent.model.calls) == 4


def test_calls_go_back_as_calls_and_results_as_tool_responses():
    agent = caller([{"content": "I add.", "tool_calls": [("add", {"a": 1, "b": 2})]}, call_answer(3)], [add])
    agent.run("Go.")
    _, task, said, result = agent.model.calls[1].messages
    assert (said.role, said.content, said.tool_calls[0].function.arguments) == (
        "assistant",
        "I add.",
        {"a": 1, "b": 2},
    )
    assert (result.role, result.content, result.tool_call_id) == ("tool-response", "3", said.tool_calls[0].id)
    assert task.content == "New task:\nGo."


def test_the_tools_go_with_every_request():
    agent = caller([[("add", {"a": 1, "b": 2})], call_answer(3)], [add])
    agent.run("Go.")
    for call in agent.model.calls:
        assert [one.name for one in call.arguments["tools_to_call_from"]] == ["add", "final_answer"]


def test_streamed_calls_are_put_together():
    agent = caller([[("add", {"a": 1, "b": 2})], call_answer(3)], [add], stream_outputs=True)
    assert agent.run("Go.") == 3
    assert asyncio.run(caller([call_answer(3)], stream_outputs=True).arun("Go.")) == 3


def test_at_most_so_many_calls_go_on_at_once():
    lock, going_on, most = threading.Lock(), [0], [0]

    @tool
    def busy(number: int) -> int:
        """Is busy."""
        with lock:
            going_on[0] += 1
            most[0] = max(most[0], going_on[0])
        time.sleep(0.01)
        with lock:
            going_on[0] -= 1
        return number

    agent = caller([[("busy", {"number": n}) for n in range(6)], call_answer(1)], [busy], max_tool_threads=2)
    agent.run("Go.")
    assert most[0] == 2


# Stopped in the middle


def started_and_stopped(stop):
    """An agent of which one call has finished, and one has not, when it is stopped by `stop(agent)`."""

    @tool
    async def hang(seconds: float) -> str:
        """Waits."""
        await asyncio.sleep(0.05)
        stop(agent)
        await asyncio.sleep(seconds)
        return "never"

    calls = [("hang", {"seconds": 60}), ("add", {"a": 1, "b": 2}), ("final_answer", {"answer": 1})]
    agent = caller([calls, call_answer(5)], [add, hang])
    return agent


def interrupted():
    agent = started_and_stopped(lambda agent: agent.interrupt())
    with pytest.raises(AgentInterruptedError):
        agent.run("Go.")
    return agent


def interrupted_on_a_loop():
    agent = started_and_stopped(lambda agent: agent.interrupt())
    with pytest.raises(AgentInterruptedError):
        asyncio.run(agent.arun("Go."))
    return agent


def shown_calls(agent):
    messages = actions(agent)[0].to_messages()
    answers = {m.tool_call_id: m.content for m in messages if m.role is MessageRole.TOOL_RESPONSE}
    return [(call.function.name, answers[call.id]) for call in messages[0].tool_calls]


@pytest.mark.parametrize("stopped", [interrupted, interrupted_on_a_loop])
def test_what_had_finished_when_a_step_was_interrupted_is_remembered_with_its_calls(stopped):
    agent = stopped()
    unfinished = "Stopped before it finished."
    assert shown_calls(agent) == [("hang", unfinished), ("add", "3"), ("final_answer", unfinished)]
    assert agent.run("Go on.", reset=False) == 5


def cancelled():
    async def go():
        agent = started_and_stopped(lambda agent: work.cancel())
        work = asyncio.create_task(agent.arun("Go."))
        with pytest.raises(asyncio.CancelledError):
            await work
        return agent

    return asyncio.run(go())


def left():
    agent = started_and_stopped(lambda agent: None)
    next(agent.run("Go.", stream=True))
    return agent


@pytest.mark.parametrize("stopped", [cancelled, left])
def test_a_step_that_was_left_keeps_its_calls_each_with_an_answer(stopped):
    agent = stopped()
    names, answers = zip(*shown_calls(agent), strict=True)
    assert names == ("hang", "add", "final_answer")
    assert set(answers) <= {"Stopped before it finished.", "3"}
    assert agent.run("Go on.", reset=False) == 5
