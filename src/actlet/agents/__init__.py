"""What an agent is: settings, and the loop that carries out its tasks."""

from ..memory.steps import ActionStep
from ..models.schemas import CODEAGENT_RESPONSE_FORMAT
from ..runs import ActionOutput, RunResult, ToolOutput
from .agent import MultiStepAgent
from .blobs import extract_code_from_text, parse_code_blobs
from .code_agent import CodeAgent
from .prompting import (
    EMPTY_PROMPT_TEMPLATES,
    FinalAnswerPromptTemplate,
    ManagedAgentPromptTemplate,
    PlanningPromptTemplate,
    PromptTemplates,
    load_templates,
    populate_template,
)
from .tool_calling_agent import ToolCallingAgent

__all__ = [
    "CODEAGENT_RESPONSE_FORMAT",
    "EMPTY_PROMPT_TEMPLATES",
    "ActionOutput",
    "ActionStep",
    "CodeAgent",
    "FinalAnswerPromptTemplate",
    "ManagedAgentPromptTemplate",
    "MultiStepAgent",
    "PlanningPromptTemplate",
    "PromptTemplates",
    "RunResult",
    "ToolCallingAgent",
    "ToolOutput",
    "extract_code_from_text",
    "load_templates",
    "parse_code_blobs",
    "populate_template",
]
