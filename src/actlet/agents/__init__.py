"""What an agent is: settings, and the loop that carries out its tasks."""

from .agent import MultiStepAgent
from .code_agent import CODEAGENT_RESPONSE_FORMAT, CodeAgent
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
    "CodeAgent",
    "FinalAnswerPromptTemplate",
    "ManagedAgentPromptTemplate",
    "MultiStepAgent",
    "PlanningPromptTemplate",
    "PromptTemplates",
    "ToolCallingAgent",
    "load_templates",
    "populate_template",
]
