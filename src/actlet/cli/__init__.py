"""The command `actlet`: which of its parts does what is asked. Each part is loaded when it is asked for."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from .arguments import parser
from .exits import CommandError, Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns the exit code; see `exits.Exit`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = parser()
    options = arguments.parse_args(argv)
    if options.version:
        return _print_version()
    if options.command is None:
        arguments.print_help(sys.stderr)
        return Exit.USAGE
    try:
        return _carry_out(options)
    except CommandError as error:
        print(f"actlet {options.command}: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED


def _carry_out(options: Namespace) -> int:
    command = getattr(import_module(f".{options.command}", __package__), options.command)
    code: int = command(options)
    return code


def _print_version() -> int:
    print(f"actlet {__version__}")
    return Exit.ANSWERED
