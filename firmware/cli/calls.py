"""`zongji calls` and `zongji call show`: ask the running switch, else read the records directly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from firmware.cli.journeys import call_story, calls_table
from firmware.cli.options import existing_state, language_option, state_option
from firmware.cli.words import Words
from firmware.control.client import BlockingClient, NoSwitch
from firmware.control.schema import MAX_CALLS
from firmware.core.paths import StatePaths
from firmware.store.reader import JourneyReader

_Answer = TypeVar("_Answer")


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _ask(
    paths: StatePaths,
    language: str,
    of_switch: Callable[[BlockingClient], _Answer],
    of_records: Callable[[JourneyReader], _Answer],
) -> tuple[_Answer, bool]:
    """Return the answer and whether a running switch gave it."""
    try:
        return of_switch(BlockingClient(paths.control_socket)), True
    except NoSwitch:
        answer = of_records(JourneyReader(paths.records))
        print(f"zongji: {Words(language)('no switch')}", file=sys.stderr)
        return answer, False


@click.command()
@click.option("--limit", type=click.IntRange(1, MAX_CALLS), default=20, show_default=True, help="How many.")
@_json_option
@state_option
@language_option
def calls(limit: int, as_json: bool, state: Path, language: str) -> None:
    """List the calls, the newest first."""
    paths = existing_state(state)
    journeys, live = _ask(
        paths, language, lambda switch: switch.calls(limit), lambda records: records.find(limit)
    )
    if as_json:
        _print_json(journeys)
    else:
        click.echo(calls_table(journeys, language, live=live))


@click.group()
def call() -> None:
    """Look at one call."""


@call.command()
@click.argument("id", metavar="ID")
@_json_option
@state_option
@language_option
def show(id: str, as_json: bool, state: Path, language: str) -> None:  # noqa: A002 - click names it as the user does
    """Show what happened in a call. The beginning of its id is enough."""
    paths = existing_state(state)
    journey, live = _ask(paths, language, lambda switch: switch.call(id), lambda records: records.resolve(id))
    if as_json:
        _print_json(journey)
    else:
        click.echo(call_story(journey, language, paths.recordings, live=live))
