"""The box at a glance, and its log."""

from __future__ import annotations

from firmware.console.session import Session
from firmware.console.terminal import padded
from firmware.control.care import CareReply, GetCare
from firmware.control.line_words import detail_in, state_name
from firmware.control.steward import GetLog, Log

_UNITS = ("all", "switch", "media", "web", "console", "steward")


async def status(session: Session) -> None:
    """Lines, phones, calls, processes, card, and what needs somebody's attention."""
    words, show = session.words, session.terminal.show
    async with session.switch() as switch:
        box = await switch.status()
        care = await switch.ask(GetCare(), CareReply)
    session.show("status_head", version=box.version, calls=box.live_calls, phones=box.phones_registered)
    for line in box.lines:
        chinese = words.language == "zh"
        state, detail = state_name(line.state, chinese=chinese), detail_in(line.detail, chinese=chinese)
        show(f"  {padded(line.name, 10)}{padded(state, 12)}{detail}")
    total = sum(process.rss_kb for process in box.processes) // 1024
    parts = ", ".join(f"{process.name} {process.rss_kb // 1024} MB" for process in box.processes)
    session.show("status_memory", total=total, parts=parts)
    life = "" if care.card_life_tenths is None else words("status_life", tenths=care.card_life_tenths * 10)
    session.show(
        "status_card", name=care.card, used=f"{care.card_used_percent:.0f}", free=care.card_free_mb, life=life
    )
    troubles = list(dict.fromkeys(words.said(one) for one in (*box.faults, *care.troubles)))
    if not troubles:
        session.show("status_fine")
    for trouble in troubles[:8]:
        session.terminal.tell(f"  ! {trouble}", 4)
    await session.pause()


async def logs(session: Session) -> None:
    """The newest lines of one part's log."""
    taken = await session.choose(session.words("which_log"), list(_UNITS))
    if taken is None:
        return
    log = await session.steward(GetLog(unit=_UNITS[taken], lines=200, by="console"), Log)
    if not log.lines:
        session.show("log_empty")
    await session.terminal.pages(log.lines[::-1], session.words("more"))
    await session.pause()
