"""actlet: agents that act by writing Python.

The public names, each loaded when it is first used: `import actlet` itself loads nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # "as" says to type checkers that a name is public; of what comes by * they take it to be
    from .agents import *
    from .agents.checks import is_valid_name as is_valid_name
    from .errors import *
    from .execution import *
    from .execution.clouds.blaxel import BlaxelExecutor as BlaxelExecutor
    from .execution.clouds.e2b import E2BExecutor as E2BExecutor
    from .execution.clouds.modal import ModalExecutor as ModalExecutor
    from .execution.docker import DockerExecutor as DockerExecutor
    from .execution.pool import BoxPool as BoxPool
    from .execution.sandbox import SandboxExecutor as SandboxExecutor
    from .execution.wasm import BrowserExecutor as BrowserExecutor
    from .execution.wasm import WasmExecutor as WasmExecutor
    from .media import *
    from .memory import *
    from .messages import *
    from .models import *
    from .models.find import find_model as find_model
    from .models.openai import OpenAIModel as OpenAIModel
    from .models.openai import OpenAIServerModel as OpenAIServerModel
    from .monitoring import *
    from .runs import *
    from .toolbox import *
    from .tools import *

__version__ = "0.1.0"

_WHERE = {
    "agents": (
        "CODEAGENT_RESPONSE_FORMAT CodeAgent EMPTY_PROMPT_TEMPLATES FinalAnswerPromptTemplate "
        "ManagedAgentPromptTemplate MultiStepAgent PlanningPromptTemplate PromptTemplates ToolCallingAgent "
        "extract_code_from_text parse_code_blobs populate_template"
    ),
    "agents.checks": "is_valid_name",
    "errors": (
        "ActletError AgentError AgentExecutionError AgentGenerationError AgentInterruptedError AgentMaxStepsError "
        "AgentParsingError AgentToolCallError AgentToolExecutionError BoxError InternalError InterpreterError "
        "JournalError LimitExceeded MissingExtraError NoModelError NoReplyError SerializationError"
    ),
    "execution": (
        "BASE_BUILTIN_MODULES Box CodeOutput LocalPythonExecutor PythonExecutor evaluate_python_code "
        "truncate_content"
    ),
    "execution.clouds.blaxel": "BlaxelExecutor",
    "execution.clouds.e2b": "E2BExecutor",
    "execution.clouds.modal": "ModalExecutor",
    "execution.docker": "DockerExecutor",
    "execution.pool": "BoxPool",
    "execution.sandbox": "SandboxExecutor",
    "execution.wasm": "BrowserExecutor WasmExecutor",
    "media": "AgentAudio AgentImage AgentText AgentType handle_agent_output_types",
    "memory": (
        "ActionStep AgentMemory CallbackRegistry FinalAnswerStep MemoryStep PlanningStep SystemPromptStep TaskStep "
        "ToolCall"
    ),
    "messages": (
        "ChatMessage ChatMessageStreamDelta ChatMessageToolCall ChatMessageToolCallFunction "
        "ChatMessageToolCallStreamDelta MessageRole Timing TokenUsage agglomerate_stream_deltas"
    ),
    "models": (
        "Model REMOVE_PARAMETER get_clean_message_list get_tool_json_schema parse_json_if_needed "
        "remove_content_after_stop_sequences tool_role_conversions"
    ),
    "models.openai": "OpenAIModel OpenAIServerModel",
    "models.find": "find_model",
    "monitoring": "AgentLogger LogLevel Monitor YELLOW_HEX",
    "runs": "ActionOutput RetryPolicy Retrying Run RunResult Session StreamEvent ToolOutput current_run",
    "toolbox": (
        "CalculatorTool FinalAnswerTool PythonInterpreterTool SQLTool TOOL_MAPPING TableStatisticsTool "
        "UserInputTool"
    ),
    "tools": "AUTHORIZED_TYPES BaseTool Tool ToolCollection tool validate_tool_arguments",
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names.split()}

if not TYPE_CHECKING:  # type checkers can't read this list, and would take every name to be there
    __all__ = ["__version__", *sorted(_MODULE_OF)]  # noqa: PLE0604

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module 'actlet' has no attribute {name!r}")
        value = getattr(_import_module(f".{_MODULE_OF[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*_MODULE_OF, *(name for name in globals() if name.startswith("__"))})
