"""`zongji-fleet`: make the fleet's tables, let sites in, take their records, watch them."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click
import psycopg

from firmware.cloud import wire
from firmware.cloud.fleet.consumer import consume_for_ever
from firmware.cloud.fleet.storage import FleetStorage

_KEY_BYTES = 32


def _with_storage(database: str, work: Callable[[FleetStorage], Awaitable[None]]) -> None:
    async def run() -> None:
        storage = await FleetStorage.connect(database)
        try:
            await work(storage)
        finally:
            await storage.close()

    try:
        asyncio.run(run())
    except psycopg.Error as error:
        raise click.ClickException(f"the database: {error}") from None


def _table(headings: tuple[str, ...], found: list[tuple[Any, ...]]) -> None:
    lines = [headings, *(tuple("-" if cell is None else str(cell) for cell in row) for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@click.group()
@click.option(
    "--database",
    envvar="ZONGJI_FLEET_DATABASE",
    default="dbname=zongji",
    help="How to reach PostgreSQL, as libpq has it.",
)
@click.pass_context
def main(context: click.Context, database: str) -> None:
    """The other end of the cloud: many switchboards' records in one database."""
    context.obj = database


@main.command("create")
@click.pass_obj
def create(database: str) -> None:
    """Make the tables that are missing."""
    _with_storage(database, lambda storage: storage.create_schema())


@main.command("add-site")
@click.argument("site")
@click.pass_obj
def add_site(database: str, site: str) -> None:
    """Let SITE in, or give it a new key; prints the key to set at the box."""
    if not wire.is_site(site):
        raise click.ClickException("A site's name is 1 to 64 letters, digits, - and _.")
    key = secrets.token_urlsafe(_KEY_BYTES)
    _with_storage(database, lambda storage: storage.add_site(site, key))
    click.echo(key)


@main.command("consume")
@click.option("--server", envvar="ZONGJI_FLEET_NATS", default="nats://127.0.0.1:4222", help="NATS server.")
@click.pass_obj
def consume(database: str, server: str) -> None:
    """Take records from JetStream until interrupted; any number may run side by side."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(consume_for_ever(server, database))


@main.command("watch")
@click.pass_obj
def watch(database: str) -> None:
    """Show when each site was last heard of and which records are missing; status 1 if any are."""
    missing: list[int] = []

    async def show(storage: FleetStorage) -> None:
        found = await storage.query(
            "SELECT site, last_seen, newest, missing FROM site LEFT JOIN site_gap USING (site) ORDER BY site"
        )
        missing.extend(row[3] for row in found if row[3])
        _table(("site", "last seen", "newest", "missing"), found)

    _with_storage(database, show)
    if missing:
        sys.exit(1)


_REPORT = """
    SELECT site, to_char(month, 'YYYY-MM'), calls_in, answered, ivr_only, lost,
        to_char(connect_rate * 100, 'FM990.0'), to_char(service_level * 100, 'FM990.0'),
        to_char(abandon_rate * 100, 'FM990.0'), to_char(asa_s, 'FM9990.0'), to_char(aht_s, 'FM9990.0'),
        to_char(fcr * 100, 'FM990.0'), to_char(csat, 'FM990.00'), to_char(complaints * 100, 'FM990.00'),
        calls_out, to_char(work_rate * 100, 'FM990.0')
    FROM site_month LEFT JOIN site_month_work USING (site, month)
        LEFT JOIN site_month_callers USING (site, month)
    ORDER BY 1, 2
"""
_HEADINGS = (
    *(
        "site",
        "month",
        "in",
        "answered",
        "menu",
        "lost",
        "connect %",
        "SL %",
        "abandoned %",
        "ASA s",
        "AHT s",
    ),
    *("FCR %", "CSAT", "complaints %", "out", "reached %"),
)


@main.command("report")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet.")
@click.pass_obj
def report(database: str, as_csv: bool) -> None:
    """Show each site's months: the figures of the boxes' own reports, by the same formulas."""

    async def show(storage: FleetStorage) -> None:
        found = await storage.query(_REPORT)
        if as_csv:
            csv.writer(sys.stdout).writerows([_HEADINGS, *found])
        else:
            _table(_HEADINGS, found)

    _with_storage(database, show)


if __name__ == "__main__":
    main()
