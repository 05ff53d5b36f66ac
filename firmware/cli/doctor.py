"""`zongji doctor`: each line from power to hang-up detection, with a verdict and the remedy; and learning a
line's busy tone. `zongji texts`, `zongji text`: its messages.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from firmware.cli.options import existing_state, language_option, state_option
from firmware.cli.tables import printable, table, width
from firmware.control.client import BlockingClient
from firmware.control.line_care import CheckLines, LearnBusyTone, LineCareDone, LineChecked, LinesReply
from firmware.control.line_words import detail_in, state_name, step_name
from firmware.control.lines import (
    ListTexts,
    SendText,
    ServiceChanged,
    SetService,
    TextQueued,
    TextsReply,
)
from firmware.core.errors import UserError

_MARKS = {True: "✓", False: "✗", None: "·"}
_STEP = 14
"""Columns of a step's name."""


def doctor_text(lines: list[LineChecked], language: str) -> str:
    """Return the text of `zongji doctor`."""
    chinese = language == "zh"
    blocks = []
    for line in lines:
        state = state_name(line.state, chinese=chinese)
        said = [f"{line.name}  {state}: {printable(detail_in(line.detail, chinese=chinese))}"]
        for verdict in line.verdicts:
            words = verdict.zh if chinese else verdict.en
            remedy = verdict.remedy_zh if chinese else verdict.remedy_en
            step = step_name(verdict.step, chinese=chinese)
            said.append(f"  {_MARKS[verdict.fine]} {step}{' ' * (_STEP - width(step))}{printable(words)}")
            if remedy:
                said.append(f"    {' ' * _STEP}→ {printable(remedy)}")
        if line.busy_tone:
            said.append(f"  {'忙音（已学习）' if chinese else 'busy tone, learned'}: {line.busy_tone}")
        blocks.append("\n".join(said))
    if not blocks:
        blocks.append("没有线路" if chinese else "there are no lines")
    return "\n\n".join(blocks)


@click.command()
@click.argument("names", metavar="[LINE]...", nargs=-1)
@click.option("--learn", metavar="LINE", help="Learn the busy tone that sounds on this line now.")
@click.option("--out-of-service", "rest", metavar="LINE", help="Place no more calls on this line.")
@click.option("--in-service", "work", metavar="LINE", help="Place calls on this line again.")
@state_option
@language_option
def doctor(
    names: tuple[str, ...], state: Path, language: str, learn: str | None, rest: str | None, work: str | None
) -> None:
    """Examine every line, or those named: power, SIM, signal, registration, caller id, audio, hang-up; say
    what to do.

    To learn a line's busy tone: ring it, let it answer, hang up there, then run `zongji doctor --learn LINE`.
    The exit code is 1 when a line has a fault.
    """
    client = BlockingClient(existing_state(state).control_socket)
    if learn is not None:
        wait = "正在听，约八秒……" if language == "zh" else "Listening, for eight seconds or so …"
        click.echo(wait, err=True)
        tone = client.ask(LearnBusyTone(line=learn, by="zongji"), LineCareDone).text
        stored = "已学习并保存" if language == "zh" else "learned and stored"
        click.echo(f"{learn}: {stored}: {tone}")
        return
    for line, in_service in ((rest, False), (work, True)):
        if line is not None:
            client.ask(SetService(line=line, in_service=in_service, by="zongji"), ServiceChanged)
    checked = client.ask(CheckLines(), LinesReply)
    lines = [*checked.lines, *checked.bought]
    unknown = sorted(set(names) - {line.name for line in lines})
    if unknown:
        raise UserError(f"There is no line {unknown[0]}. / 没有线路 {unknown[0]}。")
    lines = [line for line in lines if not names or line.name in names]
    click.echo(doctor_text(lines, language))
    if any(verdict.fine is False for line in lines for verdict in line.verdicts):
        sys.exit(1)


@click.command()
@click.argument("number")
@click.argument("words")
@click.option("--line", default="", help="Send it over this line.")
@state_option
def text(state: Path, number: str, words: str, line: str) -> None:
    """Send a text message; it is tried until the network has it."""
    client = BlockingClient(existing_state(state).control_socket)
    click.echo(client.ask(SendText(number=number, text=words, line=line), TextQueued).key)


@click.command()
@click.option("--limit", default=20, show_default=True, help="How many of each kind.")
@state_option
@language_option
def texts(state: Path, language: str, limit: int) -> None:
    """The newest text messages, received and sent."""
    client = BlockingClient(existing_state(state).control_socket)
    found = client.ask(ListTexts(limit=limit), TextsReply)
    rows = [(one.received_wall_ms, "←", one.number, "", one.body) for one in found.received]
    rows += [(one.created_wall_ms, "→", one.number, one.state.value, one.body) for one in found.outgoing]
    headings = ["", "", "号码", "状态", "内容"] if language == "zh" else ["", "", "number", "state", "text"]
    shown = [
        [_moment(at), arrow, printable(number), state_, printable(body)]
        for at, arrow, number, state_, body in sorted(rows, reverse=True)
    ]
    click.echo(table(headings, shown))


def _moment(wall_ms: int) -> str:
    return f"{datetime.datetime.fromtimestamp(wall_ms / 1000, datetime.UTC).astimezone():%m-%d %H:%M}"
