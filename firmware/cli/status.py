"""`zongji status` and `zongji phones`: questions only a running switch can answer."""

from __future__ import annotations

from pathlib import Path

import click

from firmware.cli.journeys import moment
from firmware.cli.options import existing_state, language_option, state_option
from firmware.cli.tables import printable, table
from firmware.cli.words import Words
from firmware.control.client import BlockingClient
from firmware.control.line_words import detail_in, state_name
from firmware.control.schema import PhoneAccount, StatusReply
from firmware.core.trace import in_language


def status_text(status: StatusReply, language: str) -> str:
    """Return the text of `zongji status`."""
    words = Words(language)
    ready = "-" if status.ready_ms is None else f"{status.ready_ms / 1000:.2f} s"
    blocks = []
    if status.faults:
        faults = [in_language(fault, "zh-CN" if language == "zh" else "en") for fault in status.faults]
        blocks.append("\n".join([words("faults"), *(f"! {printable(fault)}" for fault in faults)]))
    blocks.append(
        table(
            [words("version"), status.version],
            [
                [words("from"), moment(status.started)],
                [words("ready"), ready],
                [words("phones registered"), str(status.phones_registered)],
                [words("live calls"), str(status.live_calls)],
            ],
        )
    )
    if status.lines:
        headings = [words(key) for key in ("line", "state", "detail")]
        chinese = language == "zh"
        rows = [
            [line.name, state_name(line.state, chinese=chinese), detail_in(line.detail, chinese=chinese)]
            for line in status.lines
        ]
        blocks.append(table(headings, rows))
    if status.processes:
        headings = [words("process"), "PID", words("memory")]
        rows = [
            [process.name, str(process.pid), f"{process.rss_kb / 1024:.1f} MB"]
            for process in status.processes
        ]
        blocks.append(table(headings, rows, right=frozenset({1, 2})))
    figures = [[f"media {name}", f"{value:g}"] for name, value in sorted(status.media.items())]
    figures += [[name, str(value)] for name, value in sorted(status.counters.items())]
    if figures:
        blocks.append(table([words("figure"), words("value")], figures, right=frozenset({1})))
    return "\n\n".join(blocks)


def phones_table(phones: list[PhoneAccount], language: str) -> str:
    """Return the table of `zongji phones`; it shows the passwords, that is its purpose."""
    words = Words(language)
    headings = [words(key) for key in ("extension", "name", "server", "secret", "registered")]
    rows = [
        [
            phone.number,
            phone.name,
            phone.server,
            phone.secret,
            (", ".join(phone.contacts) or words("yes")) if phone.registered else words("no"),
        ]
        for phone in phones
    ]
    return table(headings, rows)


@click.command()
@state_option
@language_option
def status(state: Path, language: str) -> None:
    """How the box is doing: lines, phones, calls, processes, figures."""
    client = BlockingClient(existing_state(state).control_socket)
    click.echo(status_text(client.status(), language))


@click.command()
@state_option
@language_option
def phones(state: Path, language: str) -> None:
    """The SIP accounts to enter in the phones, with their passwords."""
    client = BlockingClient(existing_state(state).control_socket)
    click.echo(phones_table(client.phones(), language))
