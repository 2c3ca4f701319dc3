"""How `--help` is laid out: options and commands in panels, examples first, as wide as the terminal."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from typer.core import TyperCommand, TyperGroup

from bench.cli.examples import EXAMPLES
from bench.cli.output import bold

# Panels of options, in the order in which they are listed. An option without one stands in the last.
WHAT, OWN_FILE, DATA, NETWORK, WORK, VIEW, OUTPUT = (
    "What to run", "Your own file", "Data", "Base network", "How long and where", "What to show", "Output")
PANELS = (WHAT, VIEW, OWN_FILE, DATA, NETWORK, WORK, OUTPUT)
WIDEST = 160  # columns; longer lines are hard to read
# Panels of commands.
COMMAND_PANELS: Mapping[str, tuple[str, ...]] = {
    "Find the best strategy": ("run", "leaderboard", "report", "cite"),
    "Use it": ("fit", "predict"),
    "Look closer": ("distance", "map", "pretrain", "time", "reproduce"),
    "Data, records and this machine": ("list", "task", "baseline", "data", "results",
                                       "doctor")}
OTHERS = "More"


def context_settings() -> dict[str, Any]:
    """What every command's context has: `-h`, and the width of the help."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST}


class OneCommand(TyperCommand):
    """A command whose help lists its options in panels, after examples."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the command does, then examples."""
        super().format_help_text(ctx, formatter)
        write_examples(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the panels of options."""
        write_options(self, ctx, formatter)


class CommandGroup(TyperGroup):
    """A group of commands, which its help lists in panels, none of their texts cut."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the group is for, then examples."""
        super().format_help_text(ctx, formatter)
        write_examples(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the panels of commands, then the options."""
        panels: dict[str, list[tuple[str, str]]] = defaultdict(list)
        panel_of = {name: panel for panel, names in COMMAND_PANELS.items() for name in names} if ctx.parent is None \
            else dict.fromkeys(self.commands, "Commands")
        for name, command in self.commands.items():
            panels[panel_of.get(name, OTHERS)].append((name, command.get_short_help_str(sys.maxsize)))
        order = [*COMMAND_PANELS, OTHERS, "Commands"]
        write_panels(formatter, sorted(panels.items(), key=lambda panel: order.index(panel[0])))
        write_options(self, ctx, formatter)


def write_examples(ctx: Any, formatter: Any) -> None:
    """Write the examples of a command, a line each."""
    words = ctx.command_path.split()[len(ctx.find_root().command_path.split()):]
    if examples := EXAMPLES.get(" ".join(words)):
        with formatter.section(bold("Examples")):
            for line in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Write a command's arguments, and its options in panels."""
    panels: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for parameter in command.get_params(ctx):
        if (row := parameter.get_help_record(ctx)) is not None:
            is_argument = parameter.param_type_name == "argument"
            panels["Arguments" if is_argument else getattr(parameter, "rich_help_panel", None) or ""].append(row)
    others = panels.pop("", [])
    last = OUTPUT if panels.keys() & set(PANELS) else "Options"
    panels[last] += others
    order = ["Arguments", *PANELS, "Options"]
    write_panels(formatter, sorted(panels.items(), key=lambda panel: order.index(panel[0])))


def write_panels(formatter: Any, panels: Iterable[tuple[str, list[tuple[str, str]]]]) -> None:
    """Write panels of names and texts, whose texts all begin at the same column."""
    panels = list(panels)
    widest = max((len(name) for _, rows in panels for name, _ in rows), default=0)
    column = min(widest, max(12, formatter.width // 3), 32)
    for heading, rows in panels:
        with formatter.section(bold(heading)):
            formatter.write_dl([(f"{name:<{column}}", text) for name, text in rows], col_max=column)
