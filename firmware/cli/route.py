"""`zongji route`: where a caller would be led, or what a dialled number would become, without a call."""

from __future__ import annotations

from pathlib import Path

import click

from firmware.cli.options import existing_state, language_option, state_option
from firmware.control.client import BlockingClient
from firmware.control.routing import ExplainCall, ExplainDialled, ExplainReply
from firmware.core.trace import in_language


@click.command()
@click.option("--at", default="", help='Local time, such as "2026-11-22 21:05"; now by default.')
@click.option("--from", "caller", default=None, help="The caller's number; withheld when left out.")
@click.option("--line", default="", help="The line the call comes in on; the first by default.")
@click.option("--did", default=None, help="The number the caller dialled, where the line tells it.")
@click.option("--keys", default="", help="What the caller presses.")
@click.option("--dial", "dialled", default=None, help="Instead: what a phone of the office dials.")
@click.option("--as", "extension", default="", help="With --dial: the phone's extension.")
@state_option
@language_option
def route(
    at: str,
    caller: str | None,
    line: str,
    did: str | None,
    keys: str,
    dialled: str | None,
    extension: str,
    state: Path,
    language: str,
) -> None:
    """Say where a call would go and why. Nothing is dialled."""
    switch = BlockingClient(existing_state(state).control_socket)
    if dialled is not None:
        if not extension:
            raise click.UsageError("--dial needs --as EXTENSION: whose phone dials it")
        request = ExplainDialled(extension=extension, dialled=dialled, at=at)
        reply = switch.ask(request, ExplainReply)
    else:
        reply = switch.ask(ExplainCall(at=at, caller=caller, line=line, did=did, keys=keys), ExplainReply)
    for step in reply.steps:
        click.echo(in_language(step, "en" if language == "en" else "zh-CN"))
