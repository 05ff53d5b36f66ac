"""What callers hear before they reach somebody: hours, menus, recording notice, announcements, test calls.

settings.hours ─┐
settings.menus ─┴► Answering ─► answer_with_menus ─► Destinations ─► groups, queues, mailboxes
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

import msgspec

from extensions.feature_codes import Feature
from firmware.app import announcing
from firmware.app.announcing import Announcements
from firmware.app.parts import Parts
from firmware.app.voice_lamp import keep_lamp
from firmware.core.causes import Cause
from firmware.core.media import PlayItem
from firmware.core.trace import Text
from firmware.core.trace.voice import Announced, Hours, InMenu
from firmware.settings.document import Settings
from firmware.switch.call import Call
from firmware.switch.destinations import (
    Destinations,
    ToAnnouncement,
    ToExtension,
    ToGroup,
    ToMobile,
    ToQueue,
    ToReception,
    ToVoicemail,
)
from firmware.switch.inbound import Situation
from ivr.hours import Closed, OfficeHours, Schedule, Switch, state_at
from ivr.hours.state import Why
from ivr.hours.words import said
from ivr.menu import Answering, Listed, Menus, NameBook, answer_with_menus, dry_run, first_menus
from ivr.prompts import Prompts
from ivr.prompts.own import OwnPrompts
from ivr.prompts.record_by_phone import record_by_phone
from ivr.recording_consent import Consent, rule_of, stricter, tell_of_recording
from ivr.recording_in_talk import TellInTalk

logger = logging.getLogger(__name__)

_SPELL_SECONDS = 30.0
_MODES = {"day": Hours.DAY, "night": Hours.NIGHT, "auto": Hours.AUTO}
# Places a caller may be led to without having met the reception.
_TALKING = (ToExtension, ToGroup, ToQueue, ToMobile)


class OfficeTargets:
    """A `ivr.menu.Targets` over the places callers can be led to.

    Args:
        destinations: Who serves them.
        hours: When each group is open.
        now: The moment; None while the clock isn't set.
        takes_messages: Tells whether callers whom an extension doesn't take come to its mailbox.
    """

    def __init__(
        self,
        destinations: Destinations,
        hours: OfficeHours,
        now: datetime.datetime | None,
        takes_messages: Callable[[str], bool],
    ) -> None:
        self._takes_messages = takes_messages
        self._destinations = destinations
        self._hours = hours
        self._now = now

    async def group(self, call: Call, name: str) -> Cause:
        return await self._lead(call, name, ToGroup(name))

    async def queue(self, call: Call, name: str) -> Cause:
        return await self._lead(call, name, ToQueue(name))

    async def voicemail(self, call: Call, mailbox: str) -> None:
        await self._destinations.lead(call, ToVoicemail(mailbox))

    async def unanswered(self, call: Call, number: str, words: Sequence[PlayItem]) -> bool:
        if not self._takes_messages(number):
            return False
        await call.play(InMenu.WHY_NOT(who=number), words)
        return await self._destinations.lead(call, ToVoicemail(number)) is Cause.NORMAL

    async def _lead(self, call: Call, name: str, place: ToGroup | ToQueue) -> Cause:
        schedule = self._hours.in_force(name) if name in self._hours.groups else None
        if schedule is not None and self._now is not None:
            state = state_at(schedule, self._now)
            if isinstance(state, Closed):
                call.journey.route(Hours.GROUP_CLOSED(group=name, state=said(state)))
                return Cause.NO_USER_RESPONDING
        return await self._destinations.lead(call, place)


class Voice:
    """The office's voice, as the settings stand when a call comes in."""

    def __init__(self, parts: Parts, announcements: Announcements) -> None:
        self.announcements = announcements
        self._parts = parts
        self._names = NameBook(())

    @property
    def settings(self) -> Settings:
        return self._parts.settings.current

    def now(self) -> datetime.datetime | None:
        """Return the moment; None while the clock can't be believed."""
        instant = self._parts.clock.now()
        if not instant.clock_set:
            return None
        return datetime.datetime.fromtimestamp(instant.wall_ms / 1000, datetime.UTC)

    def prompts(self, call: Call) -> Prompts:
        """Return the prompts in the language the caller has chosen, or the office's."""
        return Prompts(self._parts.paths.prompts, call.language or self.settings.office.language)

    def menus(self) -> Menus:
        """Return the menus in force: those published last, else those of a first start."""
        rules = self.settings.reception
        return self.settings.menus.in_force() or first_menus(rules.attempts, rules.digits_timeout_ms / 1000)

    def consent(self) -> Consent:
        """Return what callers are told or asked at the beginning, where calls are recorded."""
        return self.consent_asked() if self.settings.recording.enabled else Consent.NONE

    def consent_asked(self) -> Consent:
        """Return what people must be told or asked before being recorded, by country and settings."""
        country = rule_of(self.settings.office.country).consent
        return stricter(country, self.settings.recording.consent)

    def office_state(self, at: datetime.datetime) -> str:
        """Return "open", "closed" or "holiday" at a moment; for the inbound plan's rules."""
        schedule = self.settings.hours.in_force()
        if schedule is None or self.now() is None:
            return "open"
        state = state_at(schedule, at)
        if not isinstance(state, Closed):
            return "open"
        return "holiday" if state.because.why in (Why.HOLIDAY, Why.DAY_OFF) else "closed"

    async def receive(self, call: Call, place: ToReception) -> Cause:
        """Lead a caller through the menus; serves `ToReception`."""
        closure = self.settings.closure
        if self._closed_for_now() and self.from_outside(call):
            call.journey.route(Announced.CLOSURE(name=closure.prompt))
            return await self.announce(call, ToAnnouncement(closure.prompt))
        await answer_with_menus(call, self._answering(call, self._begun_at(place.menu)))
        return Cause.NORMAL

    async def try_out(self, call: Call, _rest: str) -> None:
        """Have one of the office's phones hear the draft of the menus, or those in force."""
        draft = self.settings.menus.draft
        call.journey.route(InMenu.PREVIEW(which=InMenu.DRAFT() if draft else InMenu.IN_FORCE()))
        await answer_with_menus(call, self._answering(call, draft or self.menus()))

    def explain(self, place: ToReception, situation: Situation, keys: str) -> Sequence[Text]:
        """Say what the menus would make of a caller, without a call; keys apart by spaces or commas."""
        return dry_run(
            self._begun_at(place.menu),
            self.settings.hours.in_force(),
            situation.at,
            self._parts.directory,
            self.settings.office.language,
            re.findall(r"[0-9*#]+", keys),
        )

    async def record_prompt(self, call: Call, number: str) -> None:
        """Have the operator or a supervisor record the prompt own/pNUMBER at the phone."""
        if not number or not self.announcements.may_speak(call.caller.address):
            await call.refuse(Cause.NOT_PERMITTED)
            return
        prompts = self.prompts(call)
        folder = self._parts.paths.prompts
        await record_by_phone(call, prompts, OwnPrompts(folder), prompts.language, f"p{number}", folder)

    async def announce(self, call: Call, place: ToAnnouncement) -> Cause:
        """Play an announcement to its end; serves `ToAnnouncement`."""
        await call.answer()
        await call.play(Announced.PLAYED(name=place.prompt), self.prompts(call)(place.prompt))
        return Cause.NORMAL

    async def switch_hours(self, call: Call, _rest: str) -> None:
        """Turn the day/night switch by a feature code: the other way round by hand, then back to auto."""
        outside = self.from_outside(call)
        mode = await self.turn(f"{'caller on' if outside else 'phone'} {call.caller.address}")
        call.journey.route(Hours.BY_HAND(who=call.caller.address, mode=_MODES[mode]()))
        await call.answer()
        await call.play(_MODES[mode](), self.prompts(call)(f"hours-{mode}"))

    async def turn(self, by: str) -> str:
        """Turn the switch of everybody's schedule in the name of `by` and return its new mode."""

        def other(settings: Settings) -> Settings:
            hours = settings.hours
            schedule = hours.of()
            if schedule.switch.mode != "auto":
                switch = Switch("auto")
            else:
                switch = Switch("night" if self._is_open(hours.in_force()) else "day")
            return msgspec.structs.replace(settings, hours=hours.switched(switch))

        after = await self._parts.editing.edit(other, by)
        return after.hours.of().switch.mode

    def from_outside(self, call: Call) -> bool:
        """Tell whether the caller is none of the office's own phones."""
        return self._parts.directory.find(call.caller.address) is None

    async def tell(self, call: Call, place: object) -> None:
        """Tell a caller of the recording who is led to people without having met the reception."""
        if isinstance(place, _TALKING) and self.from_outside(call):
            await tell_of_recording(call, self.prompts(call), self.consent())

    async def learn_names(self) -> None:
        """Spell the names callers may ask for, in a process of its own, whose dictionaries are big."""
        people = [(one.number, one.name) for one in self.settings.extensions]
        spelling = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ivr.menu.spelling",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_SPELL_SECONDS):
            out, _ = await spelling.communicate(msgspec.json.encode([name for _, name in people]))
        spelled = msgspec.json.decode(out, type=list[str])
        self._names = NameBook(
            Listed(number, name, spelling) for (number, name), spelling in zip(people, spelled, strict=True)
        )

    def _closed_for_now(self) -> bool:
        closure, now = self.settings.closure, self.now()
        if not closure.active or closure.until is None or now is None:
            return closure.active
        zone = ZoneInfo(self.settings.hours.of().timezone)
        return now < closure.until.replace(tzinfo=zone)

    def is_open(self) -> bool:
        """Tell whether callers meet the office open now."""
        return self._is_open(self.settings.hours.in_force())

    def _is_open(self, schedule: Schedule | None) -> bool:
        now = self.now()
        return schedule is None or now is None or not isinstance(state_at(schedule, now), Closed)

    def _begun_at(self, name: str) -> Menus:
        """Return the menus in force, begun at another menu whatever the hours say; "" for as they are."""
        menus = self.menus()
        if name not in menus.menus:
            return menus
        return msgspec.structs.replace(menus, start=name, closed=None, holiday=None)

    def _answering(self, call: Call, menus: Menus) -> Answering:
        hours, now = self.settings.hours, self.now()
        takes_messages = self._parts.voicemail.takes_unanswered
        return Answering(
            menus,
            self.prompts(call),
            schedule=hours.in_force(),
            targets=OfficeTargets(self._parts.destinations, hours, now, takes_messages),
            names=self._names,
            ring_seconds=self.settings.reception.ring_seconds,
            consent=self.consent(),
            now=lambda: now,
        )


async def start(parts: Parts, running: AsyncExitStack) -> Voice:
    """Have callers met by menus and hours, and the phones' codes for them served."""
    voice = Voice(parts, announcing.build(parts, running))
    parts.destinations.register(ToReception, voice.receive)
    parts.destinations.register(ToAnnouncement, voice.announce)
    parts.destinations.before.append(voice.tell)
    routing = parts.routing
    routing.office_state = voice.office_state
    routing.tellers[ToReception] = voice.explain
    routing.in_call.tell_of_recording = TellInTalk(voice.prompts, voice.consent_asked)
    routing.features.serve_also(Feature.DAY_NIGHT, voice.switch_hours)
    routing.features.serve_also(Feature.TRY_MENUS, voice.try_out)
    routing.features.serve_also(Feature.RECORD_PROMPT, voice.record_prompt)
    routing.features.serve_also(Feature.BROADCAST, voice.announcements.by_phone)
    names = asyncio.create_task(_keep_names(parts, voice), name="names of the office's people")
    running.push_async_callback(_cancelled, names)
    lamp = asyncio.create_task(keep_lamp(parts, voice.is_open), name="lamp of the day/night switch")
    running.push_async_callback(_cancelled, lamp)
    return voice


async def _keep_names(parts: Parts, voice: Voice) -> None:
    """Spell the names anew whenever people change."""
    changed = asyncio.Event()
    changed.set()

    def look(before: Settings, after: Settings) -> None:
        if [(one.number, one.name) for one in before.extensions] != [
            (one.number, one.name) for one in after.extensions
        ]:
            changed.set()

    parts.settings.subscribe(look)
    while True:
        await changed.wait()
        changed.clear()
        try:
            await voice.learn_names()
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            logger.warning("names can't be spelled for the keypad: %s", error)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
