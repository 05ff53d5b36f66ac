"""Conference rooms: a member hears the sum of all others; the media plane mixes by routes."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.causes import Cause
from firmware.core.leg import Leg
from firmware.core.media import MediaPlane, PlayItem, Source
from firmware.core.trace.calls import Heard
from firmware.core.trace.inside import Conference as Words
from firmware.switch.call import Call
from firmware.switch.destinations import ToConference
from firmware.switch.sentences import Speaker

PIN_TRIES = 3
MUTE_KEY = "1"


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


Pin = Annotated[str, Meta(pattern=r"\A([0-9]{4,12})?\Z")]


class RoomSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One room; part of the settings."""

    name: Annotated[str, Meta(min_length=1, max_length=60), _help("The room's name.", "会议室名称。")]
    number: Annotated[str, Meta(pattern=r"\A[0-9]{0,6}\Z"), _help("Number to dial.", "拨入号码。")] = ""
    pin: Annotated[Pin, _help("PIN of members; empty for none.", "与会者密码；可留空。")] = ""
    moderator_pin: Annotated[
        Pin, _help("PIN of the moderator; the talk begins and ends with it.", "主持人密码。")
    ] = ""
    most: Annotated[int, Meta(ge=2, le=50), _help("Most members.", "最多人数。")] = 10

    def __repr__(self) -> str:
        return f"RoomSettings({self.name!r}, {self.number!r}, most={self.most})"


class _Room:
    """Who is in one room now."""

    def __init__(self, media: MediaPlane) -> None:
        self._media = media
        self.members: list[Leg] = []
        self.muted: set[Leg] = set()
        self.present = 0
        """All who are in it, the ones who wait for the moderator included."""
        self.moderators = 0
        self.open = asyncio.Event()
        self.closed = asyncio.Event()

    def join(self, leg: Leg) -> None:
        self.members.append(leg)
        self.mix()

    def leave(self, leg: Leg) -> None:
        self.members.remove(leg)
        self.muted.discard(leg)
        if leg.port is not None:
            self._media.route(leg.port, [])
        leg.talks_with(())
        self.mix()

    def mix(self) -> None:
        """Say for every member whom it hears."""
        for leg in self.members:
            heard = [other.port for other in self.members if other is not leg and other not in self.muted]
            if leg.port is not None:
                self._media.route(leg.port, [Source(port) for port in heard if port is not None])
            leg.talks_with([other for other in self.members if other is not leg])


class Conferences:
    """The rooms of the office.

    Args:
        rooms: By name; may be replaced while people talk.
        media: Mixes.
        speaker: Asks for PINs.
    """

    def __init__(self, rooms: Mapping[str, RoomSettings], media: MediaPlane, speaker: Speaker) -> None:
        self.rooms = rooms
        self._media = media
        self._speaker = speaker
        self._now: dict[str, _Room] = {}

    def members(self, room: str) -> list[str]:
        """Return who is in a room now."""
        return [leg.address for leg in self._now[room].members] if room in self._now else []

    async def serve(self, call: Call, place: ToConference) -> Cause:
        """Serve a caller at a room; the handler for `ToConference`."""
        settings = self.rooms.get(place.room)
        if settings is None:
            return Cause.UNALLOCATED_NUMBER
        await call.answer()
        moderates = await self._admitted(call, settings)
        if moderates is None:
            call.journey.route(Words.NO_PIN(room=settings.name))
            return Cause.NORMAL
        room = self._now.setdefault(settings.name, _Room(self._media))
        if room.present >= settings.most:
            await call.play(Heard.CONFERENCE_FULL(), self._say(call, "conference-full"))
            return Cause.NORMAL
        await self._attend(call, settings, room, moderates)
        return Cause.NORMAL

    async def _attend(self, call: Call, settings: RoomSettings, room: _Room, moderates: bool) -> None:
        if moderates or not settings.moderator_pin:
            room.open.set()
        room.present += 1
        room.moderators += moderates
        call.arrived()
        try:
            if not room.open.is_set():
                await call.play(Heard.CONFERENCE_WAIT(), self._say(call, "conference-wait"))
                music = call.play_music(Heard.CONFERENCE_MUSIC())
                try:
                    await room.open.wait()
                finally:
                    music.stop()
            elif not room.members:
                await call.play(Heard.CONFERENCE_ALONE(), self._say(call, "conference-alone"))
            call.journey.route((Words.MODERATES if moderates else Words.IN)(room=settings.name))
            began = call.journey.elapsed_ms()
            leg = call.caller
            room.join(leg)
            try:
                await self._talk(call, room, leg)
            finally:
                room.leave(leg)
                call.journey.talked(call.journey.elapsed_ms() - began)
        finally:
            room.present -= 1
            room.moderators -= moderates
            if moderates and not room.moderators:
                room.closed.set()
            if (room.closed.is_set() or not room.present) and self._now.get(settings.name) is room:
                del self._now[settings.name]
        await call.play(Heard.CONFERENCE_OVER(), self._say(call, "conference-over"))

    def _say(self, call: Call, *keys: str) -> list[PlayItem]:
        return self._speaker.in_language(call.language).say(*keys)

    async def _talk(self, call: Call, room: _Room, leg: Leg) -> None:
        """Talk until the room is closed; key 1 mutes and unmutes."""
        closed = asyncio.ensure_future(room.closed.wait())
        try:
            while not closed.done():
                key = asyncio.ensure_future(call.next_digit())
                try:
                    await asyncio.wait({closed, key}, return_when=asyncio.FIRST_COMPLETED)
                    if key.done() and key.result() == MUTE_KEY:
                        room.muted ^= {leg}
                        room.mix()
                finally:
                    key.cancel()
        finally:
            closed.cancel()

    async def _admitted(self, call: Call, settings: RoomSettings) -> bool | None:
        """Return whether the caller moderates; None when it knows no PIN."""
        if not settings.pin and not settings.moderator_pin:
            return False
        for attempt in range(PIN_TRIES):
            words = ["conference-pin"] if not attempt else ["wrong-pin", "conference-pin"]
            keyed = await call.collect(
                Heard.ASKED_FOR_CONFERENCE_PIN(),
                self._say(call, *words),
                is_complete=lambda _: False,
                first_seconds=8.0,
                next_seconds=4.0,
                secret=True,
            )
            if settings.moderator_pin and hmac.compare_digest(settings.moderator_pin, keyed):
                return True
            if hmac.compare_digest(settings.pin, keyed):
                return False
        return None
