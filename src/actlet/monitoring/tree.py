"""An agent and its team, drawn as a tree. Reads attributes only, so that it also draws an agent it doesn't know."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from .levels import YELLOW_HEX
from .panels import literal


def agent_tree(agent: Any) -> Tree:
    """The tree of an agent: what it is, what it may import and call, and whom it leads."""
    tree = Tree(_headline(agent))
    importable = getattr(agent, "importable", None)
    if importable is not None:
        tree.add(_line("May import", importable))
    if agent.tools:
        tree.add(Group(Text("Tools", style="bold"), _tools(agent.tools.values())))
    team = getattr(agent, "managed_agents", None)
    if team:
        branch = tree.add(Text("Team", style="bold"))
        for member in team.values():
            branch.add(_member(member))
    return tree


def _member(agent: Any) -> Tree:
    tree = agent_tree(agent)
    tree.label = Group(tree.label, literal(agent.description or ""))
    return tree


def _headline(agent: Any) -> RenderableType:
    name = [literal(agent.name, f"bold {YELLOW_HEX}")] if agent.name else []
    model = getattr(agent.model, "model_id", None) or type(agent.model).__name__
    return Text(" | ").join([*name, Text(type(agent).__name__, style="bold"), literal(model)])


def _line(title: str, text: str) -> Text:
    return Text.assemble((f"{title}: ", "bold"), literal(text))


def _tools(tools: Any) -> Table:
    table = Table("Name", "Description", "Arguments")
    for tool in tools:
        table.add_row(literal(tool.name), literal(tool.description), literal(_arguments(tool)))
    return table


def _arguments(tool: Any) -> str:
    return "\n".join(str(parameter) for parameter in tool.signature.parameters.values())
