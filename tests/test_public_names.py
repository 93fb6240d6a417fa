"""The public names: a name is added or removed on purpose, here and in the changelog."""

from importlib import import_module

import pytest

import actlet

NAMES = """
    AUTHORIZED_TYPES ActionOutput ActionStep ActletError AgentAudio AgentError AgentExecutionError
    AgentGenerationError AgentImage AgentInterruptedError AgentLogger AgentMaxStepsError AgentMemory
    AgentParsingError AgentText AgentToolCallError AgentToolExecutionError AgentType BASE_BUILTIN_MODULES
    BaseTool BlaxelExecutor Box BoxError BoxPool BrowserExecutor CODEAGENT_RESPONSE_FORMAT CalculatorTool
    CallbackRegistry ChatMessage ChatMessageStreamDelta ChatMessageToolCall ChatMessageToolCallFunction
    ChatMessageToolCallStreamDelta CodeAgent CodeOutput DockerExecutor E2BExecutor EMPTY_PROMPT_TEMPLATES
    FinalAnswerPromptTemplate FinalAnswerStep FinalAnswerTool InternalError InterpreterError JournalError
    LimitExceeded LocalPythonExecutor LogLevel ManagedAgentPromptTemplate MemoryStep MessageRole
    MissingExtraError ModalExecutor Model Monitor MultiStepAgent NoModelError NoReplyError OpenAIModel
    OpenAIServerModel PlanningPromptTemplate PlanningStep PromptTemplates PythonExecutor PythonInterpreterTool
    REMOVE_PARAMETER RetryPolicy Retrying Run RunResult SQLTool SandboxExecutor SerializationError Session
    StreamEvent SystemPromptStep TOOL_MAPPING TableStatisticsTool TaskStep Timing TokenUsage Tool ToolCall
    ToolCallingAgent ToolCollection ToolOutput UserInputTool WasmExecutor YELLOW_HEX __version__
    agglomerate_stream_deltas current_run evaluate_python_code extract_code_from_text find_model get_clean_message_list
    get_tool_json_schema handle_agent_output_types is_valid_name parse_code_blobs parse_json_if_needed populate_template
    remove_content_after_stop_sequences tool tool_role_conversions truncate_content validate_tool_arguments
"""


def test_these_and_no_others_are_the_public_names_and_each_of_them_loads():
    assert sorted(actlet.__all__) == NAMES.split()
    assert all(getattr(actlet, name) is not None for name in NAMES.split())
    assert [name for name in dir(actlet) if not name.startswith("__")] == NAMES.replace("__version__", "").split()
    assert len(set(dir(actlet))) == len(dir(actlet))


MODULES = {
    "agents": "ActionStep CODEAGENT_RESPONSE_FORMAT CodeAgent RunResult populate_template",
    "memory": "ActionStep AgentMemory ChatMessage MessageRole ToolCall",
    "models": "CODEAGENT_RESPONSE_FORMAT ChatMessage Model REMOVE_PARAMETER get_tool_call_from_text get_tool_json_schema",
    "execution": "BASE_BUILTIN_MODULES CodeOutput InterpreterError LocalPythonExecutor evaluate_python_code",
    "errors": "AgentError AgentGenerationError AgentParsingError",
    "monitoring": "AgentLogger LogLevel Monitor Timing TokenUsage",
}


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_the_names_that_smolagents_users_import_from_them(module):
    imported = import_module(f"actlet.{module}")
    for name in MODULES[module].split():
        assert getattr(actlet, name, None) in (None, getattr(imported, name))
