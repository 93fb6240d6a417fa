"""A script for smolagents, in the style of its documentation. It runs with actlet once the imports are changed.

The model is scripted, so that it runs anywhere; it is written as users write a model of their own.
"""

from smolagents import (
    ActionStep,
    ChatMessage,
    ChatMessageStreamDelta,
    CodeAgent,
    FinalAnswerStep,
    LogLevel,
    Model,
    PlanningStep,
    TaskStep,
    TokenUsage,
    Tool,
    ToolCall,
    ToolCallingAgent,
    tool,
)
from smolagents.agents import ActionOutput, ToolOutput
from smolagents.memory import AgentMemory
from smolagents.models import (
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
)


class ScriptedModel(Model):
    """Says one reply after the other: a text, or a list of tool calls."""

    def __init__(self, *replies):
        super().__init__(model_id="scripted")
        self.replies = list(replies)
        self.asked = []

    def generate(self, messages, stop_sequences=None, **kwargs):
        self.asked.append(list(messages))
        reply = self.replies.pop(0)
        usage = TokenUsage(input_tokens=100, output_tokens=10)
        if isinstance(reply, str):
            return ChatMessage(role=MessageRole.ASSISTANT, content=reply, token_usage=usage)
        calls = [
            ChatMessageToolCall(
                id=f"call_{number}",
                type="function",
                function=ChatMessageToolCallFunction(name=name, arguments=arguments),
            )
            for number, (name, arguments) in enumerate(reply)
        ]
        return ChatMessage(role=MessageRole.ASSISTANT, content="", tool_calls=calls, token_usage=usage)


class StreamingModel(ScriptedModel):
    """The same, in pieces."""

    def generate_stream(self, messages, stop_sequences=None, **kwargs):
        message = self.generate(messages, stop_sequences, **kwargs)
        for word in message.content.split(" "):
            yield ChatMessageStreamDelta(content=word + " ")
        yield ChatMessageStreamDelta(content="", token_usage=message.token_usage)


def code(text):
    return f"Thought: I write code.\n<code>\n{text}\n</code>"


# 1. Tools: a decorated function and a class


@tool
def get_travel_duration(
    start_location: str, destination_location: str, transportation_mode: str = "driving"
) -> str:
    """Gets the travel time between two places.

    Args:
        start_location: the place from which you start your ride
        destination_location: the place of arrival
        transportation_mode: The transportation mode, in 'driving', 'walking', 'bicycling', or 'transit'.
    """
    if start_location == "Nowhere":
        raise ValueError("no route from Nowhere")
    return f"{start_location} to {destination_location} by {transportation_mode}: 35 minutes"


class ModelDownloadsTool(Tool):
    name = "model_download_counter"
    description = "Returns the most downloaded model of a given task. It returns its name and its downloads."
    inputs = {
        "task": {
            "type": "string",
            "description": "the task category (such as text-classification, depth-estimation)",
        },
        "limit": {"type": "integer", "description": "how many to look at", "nullable": True},
    }
    output_type = "object"

    def __init__(self, table):
        super().__init__()
        self.table = table

    def setup(self):
        print("setting up the counter")
        self.rows = sorted(self.table.items(), key=lambda row: -row[1])

    def forward(self, task: str, limit: int | None = None) -> dict:
        name, downloads = self.rows[0]
        return {"task": task, "name": name, "downloads": downloads}


print("tool by hand:", get_travel_duration("Louvre", "Eiffel Tower"))
print("tool name:", get_travel_duration.name, "inputs:", sorted(get_travel_duration.inputs))

# 2. A code agent with a tool, extra imports, and variables that persist

agent = CodeAgent(
    tools=[get_travel_duration],
    model=ScriptedModel(
        code(
            "import json\nlegs = [get_travel_duration('Louvre', p, transportation_mode='transit') for p in places]"
        ),
        code("print(len(legs))\nfinal_answer(json.dumps({'legs': legs}))"),
    ),
    additional_authorized_imports=["json"],
    max_steps=6,
    verbosity_level=LogLevel.OFF,
)
print("code agent:", agent.run("How long to these places?", additional_args={"places": ["Sacre Coeur", "Orsay"]}))
print("steps:", [type(step).__name__ for step in agent.memory.steps])

# 3. Errors are shown to the model, which recovers

agent = CodeAgent(
    tools=[get_travel_duration],
    model=ScriptedModel(
        code("print('trying')\nget_travel_duration('Nowhere', 'Paris')"),
        "No code at all here.",
        code("final_answer(41 + 1)"),
    ),
    verbosity_level=LogLevel.OFF,
)
print("after errors:", agent.run("How long?"))
for step in agent.memory.steps:
    if isinstance(step, ActionStep):
        print("step", step.step_number, "error:", type(step.error).__name__, "final:", step.is_final_answer)
print("printed is kept:", "trying" in agent.memory.steps[1].observations)
print("error text:", "no route from Nowhere" in str(agent.memory.steps[1].error))

# 4. A tool-calling agent, with several calls in a step

agent = ToolCallingAgent(
    tools=[get_travel_duration, ModelDownloadsTool({"tiny": 5, "huge": 7})],
    model=ScriptedModel(
        [
            ("get_travel_duration", {"start_location": "A", "destination_location": "B"}),
            ("model_download_counter", {"task": "text-generation"}),
        ],
        [("final_answer", {"answer": "huge is 35 minutes away"})],
    ),
    verbosity_level=LogLevel.OFF,
)
print("tool-calling agent:", agent.run("Which model, and how far?"))
first = agent.memory.steps[1]
print("calls:", [call.name for call in first.tool_calls])
print("observations:", first.observations)

# 5. A team: a manager and a member that answers with a text

web_agent = ToolCallingAgent(
    tools=[get_travel_duration],
    model=ScriptedModel(
        [("get_travel_duration", {"start_location": "Louvre", "destination_location": "Orsay"})],
        [("final_answer", {"answer": "35 minutes"})],
    ),
    name="travel_agent",
    description="Finds out how long journeys take.",
    max_steps=10,
    verbosity_level=LogLevel.OFF,
)
manager_agent = CodeAgent(
    tools=[],
    model=ScriptedModel(
        code("report = travel_agent(task='How long from the Louvre to Orsay?')\nprint(report)"),
        code("final_answer('35 minutes' in str(report))"),
    ),
    managed_agents=[web_agent],
    verbosity_level=LogLevel.OFF,
)
print("manager:", manager_agent.run("How long does it take?"))

# 6. Streaming

agent = CodeAgent(
    tools=[],
    model=StreamingModel(code("x = 1"), code("final_answer(x + 1)")),
    stream_outputs=True,
    verbosity_level=LogLevel.OFF,
)
names = []
for event in agent.run("Add.", stream=True):
    if isinstance(event, ChatMessageStreamDelta):
        if names[-1:] != ["delta"]:
            names.append("delta")
    elif isinstance(event, (ToolCall, ToolOutput, ActionOutput, ActionStep, PlanningStep, FinalAnswerStep)):
        names.append(type(event).__name__)
    if isinstance(event, FinalAnswerStep):
        print("streamed answer:", event.output)
print("events:", " ".join(names))

# 7. Step callbacks, by list and by class of step

seen = []


def note(memory_step, agent):
    seen.append((type(memory_step).__name__, agent.step_number, len(agent.memory.steps)))


def shorten(memory_step: ActionStep, agent: CodeAgent) -> None:
    if memory_step.observations:
        memory_step.observations = memory_step.observations[:40]


agent = CodeAgent(
    tools=[],
    model=ScriptedModel(
        "Plan: count.",
        code("print('x' * 5000)"),
        code("final_answer('done')"),
    ),
    planning_interval=4,
    step_callbacks={PlanningStep: note, ActionStep: [note, shorten]},
    verbosity_level=LogLevel.OFF,
)
print("with callbacks:", agent.run("Count."))
print("callbacks saw:", seen)
print("shortened:", len(agent.memory.steps[2].observations))
shown = "".join(str(message.content) for message in agent.model.asked[-1])
print("the model saw less:", "x" * 100 not in shown)
plan = next(step for step in agent.memory.steps if isinstance(step, PlanningStep))
print("plan:", "Plan: count." in plan.plan)

agent = CodeAgent(
    tools=[],
    model=ScriptedModel(code("final_answer(1)")),
    step_callbacks=[lambda step: print("callback of step", step.step_number)],
    verbosity_level=LogLevel.OFF,
)
agent.run("One.")

# 8. The full result

agent = CodeAgent(
    tools=[],
    model=ScriptedModel(code("x = 2"), code("final_answer(x)")),
    return_full_result=True,
    verbosity_level=LogLevel.OFF,
)
result = agent.run("Two.")
print("result:", result.output, result.state, result.token_usage.input_tokens, result.token_usage.output_tokens)
print("result steps:", len(result.steps), "timed:", result.timing.duration >= 0)

# 9. Memory: the steps, messages made of them, going on without a reset, adding to it by hand

agent = CodeAgent(
    tools=[],
    model=ScriptedModel(
        code("seed = 20\nfinal_answer(seed)"),
        code("final_answer(seed + 1)"),
        code("final_answer('seen')"),
    ),
    verbosity_level=LogLevel.OFF,
)
agent.run("Remember twenty.")
print("memory:", isinstance(agent.memory, AgentMemory), agent.memory.steps[0].task)
print("goes on:", agent.run("One more?", reset=False))
agent.memory.steps.append(TaskStep(task="By the way, be brief."))
agent.run("And now?", reset=False)
messages = agent.write_memory_to_messages()
print("messages begin with:", messages[0].role.value)
print("added by hand:", any("be brief" in str(message.content) for message in messages))
print("code so far:", agent.memory.return_full_code().count("final_answer"))
steps = agent.memory.get_full_steps()
print("full steps:", len(steps), "code action" if "seed = 20" in steps[1]["code_action"] else "missing")

# 10. Final answer checks


def is_even(final_answer, memory, agent=None):
    if final_answer % 2:
        raise ValueError(f"{final_answer} is odd")
    return True


agent = CodeAgent(
    tools=[],
    model=ScriptedModel(code("final_answer(3)"), code("final_answer(4)")),
    final_answer_checks=[is_even],
    verbosity_level=LogLevel.OFF,
)
print("checked:", agent.run("An even number?"))
print("refused:", agent.memory.steps[1].error.message)

# 11. When the steps run out

agent = CodeAgent(
    tools=[],
    model=ScriptedModel(code("x = 1"), code("x = 2"), "It is two, I think."),
    max_steps=2,
    verbosity_level=LogLevel.OFF,
)
result = agent.run("How many?", return_full_result=True)
print("out of steps:", result.output, result.state)

# 12. A model that writes its calls as text, and an instance prompted with instructions

agent = ToolCallingAgent(
    tools=[get_travel_duration],
    model=ScriptedModel(
        '{"name": "get_travel_duration", "arguments": {"start_location": "A", "destination_location": "C"}}',
        'Action:\n{"name": "final_answer", "arguments": {"answer": "far"}}',
    ),
    instructions="Always answer in one word.",
    verbosity_level=LogLevel.OFF,
)
print("calls as text:", agent.run("How far?"))
print("instructions:", "Always answer in one word." in agent.system_prompt)

# 13. Mistakes

try:
    CodeAgent(tools=[get_travel_duration, get_travel_duration], model=ScriptedModel(), name="not a name")
except ValueError as error:
    print("refused:", "must be a valid Python identifier" in str(error))
