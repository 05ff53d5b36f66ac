"""Options that every command has: which state folder, which language."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from firmware.core.errors import UserError
from firmware.core.paths import DEFAULT_STATE, STATE_VARIABLE, StatePaths

_Command = TypeVar("_Command", bound=Callable[..., Any])

# POSIX: the first of these that is set decides about messages.
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of_environment() -> str:
    """Return "zh" when the environment asks for Chinese, else "en"."""
    for variable in _LOCALE_VARIABLES:
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def state_option(command: _Command) -> _Command:
    """Give a command `--state`, handed over as `state: Path`."""
    return click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False),
        envvar=STATE_VARIABLE,
        default=DEFAULT_STATE,
        show_default=True,
        show_envvar=True,
        help="The switch's state folder.",
    )(command)


def language_option(command: _Command) -> _Command:
    """Give a command `--lang`, handed over as `language: str`, "zh" or "en"."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(["zh", "en"]),
        default=language_of_environment,
        help="Language of the tables; by default that of the environment.",
    )(command)


def existing_state(root: Path) -> StatePaths:
    """Return the names in a state folder that must exist.

    Raises:
        UserError: It doesn't.
    """
    if not root.is_dir():
        raise UserError(
            f"there is no state folder {root}; start the switch first, or name its folder with --state"
        )
    return StatePaths(root)
