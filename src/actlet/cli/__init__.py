"""The command `actlet`: which of its parts does what is asked. Each part is loaded when it is asked for."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from ..errors import ActletError
from .arguments import parser
from .exits import CommandError, Exit
from .streams import say, taken_over, write


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns the exit code; see `exits.Exit`."""
    with taken_over():
        try:
            return _carry_out(argv)
        except CommandError as error:
            say(f"actlet: {error}")
            return error.code
        except ActletError as error:
            say(f"actlet: {type(error).__name__}: {error}")
            return Exit.FAILED
        except KeyboardInterrupt:
            return Exit.INTERRUPTED
        except BrokenPipeError:
            return Exit.FAILED


def _carry_out(argv: Sequence[str] | None) -> int:
    arguments = parser()
    options = arguments.parse_args(argv)
    if options.version:
        write(f"actlet {__version__}")
        return Exit.ANSWERED
    if options.command is None:
        arguments.print_help(sys.stderr)
        return Exit.USAGE
    return _command(options)


def _command(options: Namespace) -> int:
    command = getattr(import_module(f".{options.command}", __package__), options.command)
    try:
        code: int = command(options)
    except SystemExit as end:
        raise CommandError(f"a tool ended the command: SystemExit: {end}", Exit.FAILED) from end
    return code
