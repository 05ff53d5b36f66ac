"""The acceptance test, step by step; the sheet is fetched from the pages, or lies beside the records."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

from firmware.console.screens.lines import which_line
from firmware.console.session import Session
from firmware.console.terminal import padded
from firmware.control.acceptance import (
    AcceptanceReply,
    AskAcceptance,
    BeginAcceptance,
    GetSheet,
    Measure,
    SheetReply,
    SkipStep,
    StepNow,
)
from firmware.control.client import open_file
from firmware.core.errors import UserError


async def acceptance(session: Session) -> None:
    """Lead the installer through all steps, in any order, as often as wanted."""
    now = await session.ask_switch(AskAcceptance(), AcceptanceReply)
    if not now.steps or not await session.sure("acceptance_go_on", line=now.line):
        line = await which_line(session)
        if line is None:
            return
        installer = await session.ask("acceptance_installer")
        customer = await session.ask("acceptance_customer")
        now = await session.ask_switch(
            BeginAcceptance(line=line.name, installer=installer, customer=customer), AcceptanceReply
        )
    while True:
        taken = await session.choose(
            session.words("choice"), [*(told(session, step) for step in now.steps), session.words("sheet")]
        )
        if taken is None:
            return
        if taken == len(now.steps):
            await sheet(session)
            return
        try:
            now = await _step(session, now.steps[taken])
        except UserError as error:
            session.fail(error)


def told(session: Session, step: StepNow) -> str:
    """Return a step in a line."""
    words = session.words
    title = words.pick(step.title_zh, step.title_en)
    result = words("result_" + step.status.replace(" ", "_"))
    return f"{padded(title, 20)}{padded(result, 14)}{padded(step.figure, 18)}{step.limit}"


async def _step(session: Session, step: StepNow) -> AcceptanceReply:
    words = session.words
    session.terminal.tell(words.pick(step.hint_zh, step.hint_en))
    asks = words.pick(step.asks_zh, step.asks_en)
    typed = await session.terminal.ask(asks or words("acceptance_begin"))
    if typed.lower() in ("s", "skip", "跳过"):
        return await session.ask_switch(SkipStep(step=step.step), AcceptanceReply)
    now = await session.ask_switch(Measure(step=step.step, value=typed if asks else ""), AcceptanceReply)
    session.show("meter_any_key")
    while any(one.status == "measuring" for one in now.steps):
        if await session.terminal.live(words("acceptance_measuring")):
            break
        now = await session.ask_switch(AskAcceptance(), AcceptanceReply)
    session.terminal.show("")
    return now


async def sheet(session: Session) -> None:
    """Write the sheet where the pages and a stick find it."""
    for request in (GetSheet(format="html"), GetSheet(format="pdf")):
        request = msgspec.structs.replace(request, language=session.words.language)
        opened = await asyncio.to_thread(open_file, session.control_socket, request, SheetReply)
        target = session.folder / opened.reply.name
        await asyncio.to_thread(_written, opened.descriptor, target)
        session.show("sheet_written", name=target.name, folder=str(target.parent))
    await session.pause()


def _written(descriptor: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(descriptor, "rb") as source:
        target.write_bytes(source.read())
