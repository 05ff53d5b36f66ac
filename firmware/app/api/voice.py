"""What pages ask of the hours, and announcements to everybody."""

from __future__ import annotations

import datetime

import msgspec

from firmware.app.api.hours import hours_now
from firmware.app.parts import Parts
from firmware.app.voice import Voice
from firmware.control.voice import AnnounceToAll, AnnouncingReply, GetHours, HoursReply, SwitchHours
from firmware.core.errors import UserError
from firmware.settings.document import Settings
from ivr.hours import Switch
from ivr.hours.words import calendar_warning
from ivr.prompts.catalogue import LANGUAGES

# From November on an administrator can still do something about next year's moved working days.
_NEXT_YEAR_FROM_MONTH = 11


class VoiceApi:
    """Answers the requests of `firmware.control.voice`."""

    def __init__(self, parts: Parts, voice: Voice) -> None:
        self._parts = parts
        self._voice = voice

    def serve(self) -> None:
        self._parts.answers.on(GetHours, self.hours)
        self._parts.answers.on(SwitchHours, self.switch)
        self._parts.answers.on(AnnounceToAll, self.announce)

    async def hours(self, request: GetHours) -> HoursReply:
        hours = self._parts.settings.current.hours
        schedule = hours.schedules.get(request.schedule)
        if schedule is None:
            raise UserError(f"There is no schedule {request.schedule[:60]}.")
        now = self._voice.now() or datetime.datetime.now(datetime.UTC)
        year = now.year + (now.month >= _NEXT_YEAR_FROM_MONTH)
        warnings = {one: calendar_warning(schedule, year, one) for one in LANGUAGES}
        return HoursReply(
            **msgspec.structs.asdict(hours_now(hours, schedule, now)),
            warnings={language: text for language, text in warnings.items() if text},
        )

    async def switch(self, request: SwitchHours) -> HoursReply:
        switch = Switch(request.mode, _moment(request.until))

        def switched(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, hours=settings.hours.switched(switch, request.schedule))

        await self._parts.editing.edit(switched, request.by)
        return await self.hours(GetHours(schedule=request.schedule))

    async def announce(self, request: AnnounceToAll) -> AnnouncingReply:
        announcements = self._voice.announcements
        hearers = await announcements.from_page(request.text, request.prompt[:60], request.by)
        return AnnouncingReply(ringing=len(hearers.free), talking=len(hearers.talking))


def _moment(text: str) -> datetime.datetime | None:
    if not text:
        return None
    try:
        return datetime.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise UserError("until: write a moment like 2026-12-01T18:00.") from None
