"""`zongji owner-key`, `backup`, `restore` and `report`: what an owner does with keys, backups and figures."""

from __future__ import annotations

import datetime
import os
import sys
import time
from pathlib import Path
from typing import Literal

import click

from firmware.backup.__main__ import check_settings
from firmware.backup.restore import restore as restore_backup
from firmware.cli.options import existing_state, state_option
from firmware.control.client import BlockingClient, open_file
from firmware.control.reports import GetMonthReport, MonthReportReply
from firmware.control.storage import (
    BackingUpReply,
    BackUp,
    GetStorage,
    MakeOwnerKey,
    OwnerKeyReply,
    StorageReply,
)
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.store import owner_key as keys

_LOOK_S = 1.0


@click.command("owner-key")
@click.option("--keep", is_flag=True, help="The box keeps the private key, to play what it has encrypted.")
@state_option
def owner_key(keep: bool, state: Path) -> None:
    """Make the owner's key: backups and archive are encrypted to it. The private key is printed once."""
    paths = existing_state(state)
    client = BlockingClient(paths.control_socket)
    reply = client.ask(MakeOwnerKey(by="zongji", keep=keep), OwnerKeyReply)
    click.echo(f"public key:  {reply.public}", err=True)
    click.echo("Keep the private key in a safe place; nothing can be read without it:", err=True)
    click.echo(reply.private)


@click.command()
@state_option
def backup(state: Path) -> int:
    """Make a backup now and restore it in trial, where the settings say."""
    client = BlockingClient(existing_state(state).control_socket)
    before = client.ask(GetStorage(), StorageReply).backup
    client.ask(BackUp(), BackingUpReply)
    while True:
        time.sleep(_LOOK_S)
        status = client.ask(GetStorage(), StorageReply).backup
        if status.running or status == before:
            continue
        if status.fault is not None:
            click.echo(f"zongji: the backup failed: {status.fault}", err=True)
            return 1
        click.echo(f"{status.last_name}  {status.last_bytes} bytes, restored in trial")
        return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the owner's private key; without it the key is read from the input.",
)
@state_option
def restore(file: Path, key: Path | None, state: Path) -> None:
    """Make the state what it was when the backup FILE was made. The switch must not be running."""
    private = keys.read_private(key) if key is not None else sys.stdin.readline().strip()
    manifest, aside = restore_backup(file, private, StatePaths(state), check_settings)
    made = datetime.datetime.fromtimestamp(manifest.made_ms / 1000, datetime.UTC).astimezone()
    click.echo(f"restored {manifest.calls} calls and {len(manifest.files)} files of {made:%Y-%m-%d %H:%M}")
    if aside is not None:
        click.echo(f"what was there before lies in {aside}")


@click.command()
@click.argument("month")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "pdf", "xlsx", "json"]),
    default="html",
    show_default=True,
    help="Kind of file.",
)
@click.option("--lang", "language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: MONTH.FORMAT."
)
@state_option
def report(
    month: str,
    form: Literal["html", "pdf", "xlsx", "json"],
    language: Literal["zh-CN", "en"],
    output: Path | None,
    state: Path,
) -> None:
    """Write the management report of MONTH, such as 2026-11, to a file."""
    try:
        moment = datetime.datetime.strptime(month, "%Y-%m").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise UserError(f"{month} is no month; write one such as 2026-11.") from None
    request = GetMonthReport(year=moment.year, month=moment.month, language=language, format=form)
    paths = existing_state(state)
    opened = open_file(paths.control_socket, request, MonthReportReply)
    target = output or Path(opened.reply.name)
    with os.fdopen(opened.descriptor, "rb") as source:
        target.write_bytes(source.read())
    click.echo(str(target))
