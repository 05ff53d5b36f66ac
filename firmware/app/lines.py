"""The lines: built from the board's profile, kept alive by the trunks; the handset, in and out of service,
messages.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

import msgspec

from firmware.app import panel
from firmware.app.callers import phone_calls
from firmware.app.parts import Parts
from firmware.control.base import BaseReply
from firmware.control.lines import (
    ListTexts,
    SendText,
    ServiceChanged,
    SetService,
    TextQueued,
    TextsReply,
)
from firmware.core.errors import UserError
from firmware.core.leg import Leg
from firmware.core.media import MediaPlane
from firmware.core.paths import StatePaths
from firmware.profile import Profile
from firmware.settings.document import Settings
from firmware.settings.lines import LineSettings
from firmware.store.texts import TextStore
from firmware.trunks.handset import Handset
from firmware.trunks.trunks import OnIncoming, Trunks
from hal.line import HandsetLike, Line
from hal.modems.build import ProfileError, build_lines

MOST_TEXTS = 200


def build(paths: StatePaths, profile: Profile, plane: MediaPlane, on_incoming: OnIncoming) -> Trunks:
    """Return the trunks, not started.

    Raises:
        UserError: The profile names a line that can't be built, or isn't this box's.
    """
    panel.check_board(profile)
    try:
        lines = build_lines(profile.lines, str(paths.run), profile.country)
    except ProfileError as error:
        raise UserError(f"board profile: {error}") from error
    trunks = Trunks(lines, plane, on_incoming)
    trunks.country = profile.country
    return trunks


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin to keep the lines alive, also those whose modem isn't there yet, and to carry messages."""
    _apply_service(parts, parts.settings.current)
    parts.settings.subscribe(lambda _, after: _apply_service(parts, after))
    for line in parts.trunks.lines:
        if isinstance(line, HandsetLike):
            handset = _handset(parts, line)
            running.push_async_callback(handset.stop)
    await parts.trunks.start()
    running.push_async_callback(parts.trunks.stop)
    parts.texting.start()
    running.push_async_callback(parts.texting.stop)
    store = TextStore(parts.store, parts.clock)
    parts.answers.on(SetService, partial(_set_service, parts))
    parts.answers.on(SendText, partial(_send_text, parts))
    parts.answers.on(ListTexts, partial(_list_texts, store))


def _handset(parts: Parts, line: HandsetLike) -> Handset:
    wanted = next((one for one in parts.settings.current.lines if one.name == line.name), None)
    number = wanted.extension if wanted is not None else ""

    def complete(digits: str) -> bool:
        directory = parts.directory
        return directory.find(digits) is not None and not directory.may_grow(digits)

    def watched(leg: Leg) -> Leg:
        """Let phones' lamps show that the handset is in use."""
        if number:
            parts.phones.presence.watch(leg, number)
        return leg

    def dialled(leg: Leg, digits: str) -> None:
        phone_calls(parts, watched(leg), digits)

    handset = Handset(line, parts.plane, number, complete, dialled, parts.profile.country)

    handset.waiting = lambda: parts.voicemail.waiting(number).new > 0

    def lifted(_: Line) -> None:
        handset.lifted()

    parts.trunks.on_handset = lifted
    if number:
        parts.directory.is_wired(number, lambda: watched(handset.leg_to()))
    return handset


def _apply_service(parts: Parts, settings: Settings) -> None:
    resting = frozenset(one.name for one in settings.lines if not one.in_service)
    parts.trunks.health.out_of_service = resting


async def _set_service(parts: Parts, request: SetService) -> BaseReply:
    if all(line.name != request.line for line in parts.trunks.lines):
        raise UserError(f"There is no line {request.line}. / 没有线路 {request.line}。")

    def edit(settings: Settings) -> Settings:
        mine = next((one for one in settings.lines if one.name == request.line), LineSettings(request.line))
        kept = [one for one in settings.lines if one.name != request.line]
        changed = msgspec.structs.replace(mine, in_service=request.in_service)
        return msgspec.structs.replace(settings, lines=(*kept, changed))

    await parts.editing.edit(edit, request.by)
    return ServiceChanged(line=request.line, in_service=request.in_service)


async def _send_text(parts: Parts, request: SendText) -> BaseReply:
    key = await parts.texting.send(
        request.number, request.text, purpose="by hand", author=request.by, line=request.line or None
    )
    return TextQueued(key=key)


async def _list_texts(store: TextStore, request: ListTexts) -> BaseReply:
    limit = max(1, min(request.limit, MOST_TEXTS))
    return TextsReply(received=await store.received(limit), outgoing=await store.outgoing(limit))
