"""What an owner sets at the telephone: the greeting, the day of return, the PIN."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.core.errors import UserError
from firmware.core.messages import Greeting
from firmware.core.trace.voice import InMailbox
from firmware.switch.call import Call
from ivr.prompts import Prompts
from ivr.prompts.audio import Samples, write_prompt
from ivr.prompts.record_by_phone import record_take
from ivr.prompts.said import said
from ivr.voicemail import pins
from ivr.voicemail.desk import Voicemail
from ivr.voicemail.model import Resolved

_ROUNDS = 20
_FIRST_SECONDS, _NEXT_SECONDS = 8.0, 4.0


class OwnerSettings(msgspec.Struct, frozen=True):
    """What setting a mailbox needs, as the composition root put it together."""

    voicemail: Voicemail
    scratch: Path
    """A folder the media process may write to."""
    today: Callable[[], datetime.date]


async def owner_settings(call: Call, box: Resolved, prompts: Prompts, owner: OwnerSettings) -> None:
    """Serve the keys of the mailbox's settings until the owner has enough."""
    for _ in range(_ROUNDS):
        key = await call.collect(
            said("vm-settings"),
            prompts("vm-settings"),
            is_complete=lambda _: True,
            first_seconds=_FIRST_SECONDS,
            next_seconds=1.0,
        )
        match key:
            case "1":
                await _record_greeting(call, box, prompts, owner)
            case "2":
                await _greet(call, box, prompts, owner, Greeting.DEFAULT)
            case "3":
                await _greet(call, box, prompts, owner, Greeting.BUSY)
            case "4":
                await _away(call, box, prompts, owner)
            case "5":
                await _new_pin(call, box, prompts, owner.voicemail)
            case "" | "*":
                return
            case _:
                pass


async def _greet(
    call: Call,
    box: Resolved,
    prompts: Prompts,
    owner: OwnerSettings,
    which: Greeting,
    away: str | None = None,
) -> None:
    store = owner.voicemail.store
    state = await store.mailbox(box.name)
    await store.keep_mailbox(msgspec.structs.replace(state, greeting=which, away_until=away))
    await call.play(said("vm-greeting-kept"), prompts("vm-greeting-kept"))


async def _record_greeting(call: Call, box: Resolved, prompts: Prompts, owner: OwnerSettings) -> None:
    call.journey.route(InMailbox.NEW_GREETING(mailbox=box.name))
    samples = await record_take(call, prompts, owner.scratch)
    if samples is None:
        return
    await asyncio.to_thread(_write, samples, owner.voicemail.greeting_file(box.name))
    await _greet(call, box, prompts, owner, Greeting.RECORDED)


def _write(samples: Samples, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_prompt(samples, path)


async def _away(call: Call, box: Resolved, prompts: Prompts, owner: OwnerSettings) -> None:
    keyed = await call.collect(
        said("vm-back-on"),
        prompts("vm-back-on"),
        is_complete=lambda digits: len(digits) >= 4,
        first_seconds=_FIRST_SECONDS,
        next_seconds=_NEXT_SECONDS,
    )
    back = day_of_return(keyed, owner.today())
    if back is None:
        await call.play(said("vm-no-date"), prompts("vm-no-date"))
        return
    await _greet(call, box, prompts, owner, Greeting.AWAY, back.isoformat())


def day_of_return(keyed: str, today: datetime.date) -> datetime.date | None:
    """Return the next day of that month and day (MMDD) after today; None when there is none."""
    if len(keyed) != 4 or not keyed.isdigit():
        return None
    for year in range(today.year, today.year + 9):
        try:
            day = datetime.date(year, int(keyed[:2]), int(keyed[2:]))
        except ValueError:
            # 29 February waits for its year; any other day that isn't there never comes.
            continue
        if day > today:
            return day
    return None


async def _new_pin(call: Call, box: Resolved, prompts: Prompts, voicemail: Voicemail) -> None:
    first = await _keyed_pin(call, prompts, "vm-new-pin")
    try:
        pins.check_pin(first, box.owner or box.box.number)
    except UserError as error:
        call.journey.route(InMailbox.BAD_PIN(why=str(error)))
        await call.play(said("vm-pin-refused"), prompts("vm-pin-refused"))
        return
    if await _keyed_pin(call, prompts, "vm-pin-again") != first:
        await call.play(said("vm-pins-differ"), prompts("vm-pins-differ"))
        return
    await voicemail.door.set_pin(box, first)
    call.journey.route(InMailbox.NEW_PIN(mailbox=box.name))
    await call.play(said("vm-pin-kept"), prompts("vm-pin-kept"))


async def _keyed_pin(call: Call, prompts: Prompts, words: str) -> str:
    return await call.collect(
        said(words),
        prompts(words),
        is_complete=lambda digits: len(digits) >= pins.LONGEST,
        first_seconds=_FIRST_SECONDS,
        next_seconds=_NEXT_SECONDS,
        secret=True,
    )
