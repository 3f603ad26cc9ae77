"""The command line: each file of this folder adds some of its commands."""

from __future__ import annotations

import sys
from typing import Any

import typer

from norm_aware.cli import (  # noqa: F401  # each adds its commands
    ablation,
    calibration,
    compare,
    comparison,
    documents,
    index,
    judging,
    migration,
    questions,
    recall,
    training,
)
from norm_aware.cli.app import app
from norm_aware.errors import NormAwareError

# typer carries a click of its own or uses the installed one: its public exception leads to the right class
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; a user's mistake ends in one line on standard error and exit code 2."""
    try:
        app(standalone_mode=False)
    except NormAwareError as error:
        _fail(str(error))
    except _UsageError as error:
        if not error.format_message():  # no command was named, and the help has been shown
            sys.exit(0)
        _fail(error.format_message())
    except (OSError, ValueError) as error:
        _fail(str(error) or type(error).__name__)
    except (typer.Abort, KeyboardInterrupt):
        print("Stopped; run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # a mistake of ours, still told in one line
        print(f"Unexpected {type(error).__name__}: {error} (please report it)", file=sys.stderr)
        sys.exit(1)


def _fail(message: str) -> None:
    print(f"Error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
