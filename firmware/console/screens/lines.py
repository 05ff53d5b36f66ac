"""Lines: the doctor, PIN, gain with a meter, busy tone, test calls."""

from __future__ import annotations

import asyncio
from typing import Final

from firmware.console.session import BY, Session
from firmware.console.terminal import padded
from firmware.control.care import TestCall, TestCallReply
from firmware.control.line_care import (
    AskTestCall,
    BeginTestCall,
    CheckLines,
    EndTestCall,
    ForgetBusyTone,
    GivePin,
    LearnBusyTone,
    LevelNow,
    LevelsReply,
    LineCareDone,
    LineChecked,
    LinesReply,
    SetGain,
    TestCallState,
    WatchLevels,
)
from firmware.control.line_words import detail_in, state_name, step_name
from firmware.core.errors import ZongjiError

_REMEDY: Final = 2 + 8 + 14
"""Cells before what is wrong with a line: indent, sign, step."""

_METER_LOW: Final = -60.0
_METER_CELLS: Final = 30


async def lines(session: Session) -> None:
    """The menu of the lines."""
    await session.menu(
        "lines",
        (
            ("doctor", doctor),
            ("pin", pin),
            ("gain", gain),
            ("busy_tone", busy_tone),
            ("test_out", test_out),
            ("test_in", test_in),
        ),
    )


async def doctor(session: Session) -> None:
    """What is fine and what isn't with each line, and what to do."""
    words = session.words
    checked = await session.ask_switch(CheckLines(), LinesReply)
    lines = [*checked.lines, *checked.bought]
    if not lines:
        session.show("no_lines")
    for line in lines:
        chinese = words.language == "zh"
        state = state_name(line.state, chinese=chinese)
        session.terminal.tell(f"{line.name}: {state}  {detail_in(line.detail, chinese=chinese)}")
        for one in line.verdicts:
            sign = {True: words("sign_fine"), False: words("sign_bad"), None: words("sign_unknown")}[one.fine]
            step = f"  {padded(sign, 8)}{padded(step_name(one.step, chinese=chinese), 14)}"
            session.terminal.tell(step + words.pick(one.zh, one.en), _REMEDY)
            remedy = words.pick(one.remedy_zh, one.remedy_en)
            if remedy:
                session.terminal.tell(f"{' ' * _REMEDY}→ {remedy}", _REMEDY + 2)
    await session.pause()


async def which_line(session: Session, *, with_sim: bool = False) -> LineChecked | None:
    """Have a line chosen; None for back, or when there is none."""
    checked = await session.ask_switch(CheckLines(), LinesReply)
    usable = [line for line in checked.lines if line.takes_pin or not with_sim]
    if not usable:
        session.show("no_lines")
        await session.pause()
        return None
    if len(usable) == 1:
        return usable[0]
    taken = await session.choose(session.words("which_line"), [line.name for line in usable])
    return None if taken is None else usable[taken]


async def pin(session: Session) -> None:
    """Take the SIM's PIN."""
    line = await which_line(session, with_sim=True)
    if line is None:
        return
    session.show("pin_safe", line=line.name)
    while True:
        typed = await session.ask("pin_ask", secret=True)
        if typed in ("", "0"):
            return
        if typed.isascii() and typed.isdigit() and 4 <= len(typed) <= 8:
            break
        session.show("pin_form")
    await session.ask_switch(GivePin(line=line.name, pin=typed, by=BY), LineCareDone)
    session.show("pin_given")
    await session.pause()


async def gain(session: Session) -> None:
    """Set a line's gain, with a meter that moves while somebody talks."""
    line = await which_line(session)
    if line is None:
        return
    session.show("gain_now", line=line.name, gain=f"{line.gain_db:+.1f}")
    while True:
        taken = await session.choose(
            session.words("choice"), [session.words("gain_meter"), session.words("gain_set")]
        )
        if taken is None:
            return
        if taken == 0:
            await _meter(session, line.name)
        else:
            wanted = await session.number("gain_ask", -12, 12, line.gain_db)
            await session.ask_switch(SetGain(line=line.name, gain_db=wanted, by=BY), LineCareDone)
            session.show("gain_done", gain=f"{wanted:+.1f}")


async def _meter(session: Session, name: str) -> None:
    session.show("meter_any_key")
    async with session.switch() as switch:
        newest: list[LevelNow] = []

        async def follow() -> None:
            async for picture in switch.follow(WatchLevels(), LevelsReply):
                newest[:] = [one for one in picture.levels if one.line == name]

        watching = asyncio.create_task(follow())
        try:
            pressed = False
            while not pressed:
                if watching.done():
                    watching.result()
                text = meter(newest[0]) if newest else session.words("meter_no_call", line=name)
                pressed = await session.terminal.live(text)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def meter(level: LevelNow) -> str:
    """Return a line that shows how loud a line is: a bar from -60 dBm0 to 0, figures beside it."""
    cells = round((level.input_dbm0 - _METER_LOW) / -_METER_LOW * _METER_CELLS)
    bar = "#" * max(0, min(_METER_CELLS, cells))
    return (
        f"{level.line} [{bar:<{_METER_CELLS}}] {level.input_dbm0:6.1f} dBm0  "
        f"max {level.peak_dbm0:6.1f}  out {level.output_dbm0:6.1f}"
    )


async def busy_tone(session: Session) -> None:
    """Learn what the line sounds when the caller has hung up."""
    line = await which_line(session)
    if line is None:
        return
    session.show("busy_now", tone=line.busy_tone or session.words("busy_country"))
    for step in ("busy_1", "busy_2", "busy_3"):
        session.show(step, line=line.name)
    taken = await session.choose(
        session.words("choice"), [session.words("busy_learn"), session.words("busy_forget")]
    )
    if taken is None:
        return
    if taken == 0:
        session.show("busy_listening")
        done = await session.ask_switch(LearnBusyTone(line=line.name, by=BY), LineCareDone)
        session.show("busy_learned", tone=done.text)
    else:
        await session.ask_switch(ForgetBusyTone(line=line.name, by=BY), LineCareDone)
        session.show("busy_forgotten")
    await session.pause()


async def test_out(session: Session) -> None:
    """Call a number and measure what comes back."""
    result = await place_test_call(session)
    if result is not None:
        show_test_call(session, result)
    await session.pause()


async def place_test_call(session: Session) -> TestCallState | None:
    """Place a test call to a number that is asked for; None when there was none."""
    number = await session.ask("test_number")
    if not number:
        return None
    if not number.lstrip("+").isascii() or not number.lstrip("+").isdigit() or len(number) > 20:
        session.show("test_number_form")
        return None
    state = await session.ask_switch(BeginTestCall(number=number, seconds=10), TestCallState)
    session.show("meter_any_key")
    try:
        while state.state != "ended":
            level = "" if state.heard_dbm0 is None else f"{state.heard_dbm0:.1f} dBm0"
            told = session.words("test_" + state.state)
            if await session.terminal.live(f"{told} {state.number} ({state.line}) {level}"):
                break
            state = await session.ask_switch(AskTestCall(), TestCallState)
    finally:
        state = await session.ask_switch(EndTestCall(), TestCallState)
    session.terminal.show("")
    return state


def show_test_call(session: Session, state: TestCallState) -> None:
    """Show what came of a test call."""
    if state.answered_ms is None:
        session.show("test_not_answered", why=state.ending)
        return
    session.show("test_answered", seconds=f"{state.answered_ms / 1000:.1f}")
    if state.heard_dbm0 is not None:
        session.show("test_heard", level=f"{state.heard_dbm0:.1f}")
    if state.echo_db is not None:
        session.show("test_echo", loss=f"{state.echo_db:.1f}")


async def test_in(session: Session) -> None:
    """Make a call within the box, and say how to make one from outside."""
    try:
        reply = await session.ask_switch(TestCall(), TestCallReply)
    except ZongjiError as error:
        session.fail(error)
    else:
        if reply.ok:
            session.show("test_in_fine", answer=reply.answer_ms, heard=reply.heard_ms)
        else:
            session.show("failed", why=reply.detail)
    await session.pause()
