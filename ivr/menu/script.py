"""The script that leads a caller through menus.

answer ─► notice or consent ─► hours choose the menu ─► ask ─► do what was chosen ─► … ─► the end
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

import msgspec

from firmware.core.causes import Cause
from firmware.core.media import PlayItem
from firmware.core.trace.calls import of_cause
from firmware.core.trace.voice import Choice, InMenu
from firmware.switch.call import Call
from ivr.hours import Schedule, state_at
from ivr.hours.words import reopening
from ivr.menu.beginning import beginning
from ivr.menu.dial_by_name import dial_by_name
from ivr.menu.keypad import ask
from ivr.menu.model import OPENING_TIME, Menus
from ivr.menu.names import NameBook
from ivr.menu.targets import NoTargets, Targets
from ivr.menu.walk import Ask, Connect, End, Play, Spell, Step, TakeMessage, Walk
from ivr.prompts import Prompts
from ivr.recording_consent import Consent, tell_of_recording

_WORDS: dict[Cause, str] = {
    Cause.BUSY: "busy",
    Cause.NO_ANSWER: "no-answer",
    Cause.REJECTED: "declined",
    Cause.UNALLOCATED_NUMBER: "no-such-extension",
}


def _wall_clock() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Answering(msgspec.Struct, frozen=True):
    """What a caller from outside meets, as the settings stood when the call came in."""

    menus: Menus
    prompts: Prompts
    schedule: Schedule | None = None
    """When the office is open; None for always."""
    targets: Targets = NoTargets()
    names: NameBook = NameBook(())
    ring_seconds: float = 25.0
    consent: Consent = Consent.NOTICE
    """Whether the caller is told of the recording, or asked; `NONE` also where nothing is recorded."""
    now: Callable[[], datetime.datetime | None] = _wall_clock
    """The moment by the clock on the wall, with a time zone; None while that clock isn't set."""


async def answer_with_menus(call: Call, answering: Answering) -> None:
    """Answer a caller and lead it through the menus to a person, a mailbox, or words of farewell."""
    await call.answer()
    await _Guide(call, answering).lead()


class _Guide:
    """One caller and its walk."""

    def __init__(self, call: Call, answering: Answering) -> None:
        self._call = call
        self._answering = answering
        self._prompts = answering.prompts
        self._opening: tuple[str, ...] = ()
        self._moment = answering.now()
        start, why = beginning(answering.menus, answering.schedule, self._moment)
        if why is not None:
            call.journey.route(why)
        self._walk = Walk(answering.menus, start, self._prompts.language, call.directory, call.journey.route)

    async def lead(self) -> None:
        if self._answering.consent is Consent.NOTICE and not self._call.told_of_recording:
            # Said in one breath with the greeting, and left by the same key.
            self._opening = ("recording-notice",)
            self._call.told_of_recording = True
        else:
            await tell_of_recording(self._call, self._prompts, self._answering.consent)
        step: Step | None = self._walk.begin()
        while step is not None:
            if self._walk.language != self._prompts.language:
                # A choice of language takes effect with the next words, and holds wherever the caller is led.
                self._prompts = self._prompts.in_language(self._walk.language)
                self._call.language = self._walk.language
            step = await self._do(step)

    async def _do(self, step: Step) -> Step | None:
        """Do a step and return the next; None when the call is over."""
        match step:
            case Ask():
                return await self._ask(step)
            case Play():
                await self._call.play(Choice.ANNOUNCEMENT(prompts=step.prompts), self._items(step.prompts))
                return self._walk.played()
            case Connect():
                return await self._connect(step)
            case Spell():
                number = await dial_by_name(self._call, self._prompts, self._answering.names)
                return self._walk.chosen(number) if number is not None else self._walk.unanswered(())
            case TakeMessage():
                await self._answering.targets.voicemail(self._call, step.mailbox)
            case End():
                if step.prompts:
                    await self._call.play(InMenu.FAREWELL(), self._items(step.prompts))
        return None

    async def _ask(self, step: Ask) -> Step:
        prompts, self._opening = (*self._opening, *step.prompts), ()
        keyed = await ask(
            self._call,
            Choice.MENU(name=step.name),
            self._items(prompts),
            is_complete=self._walk.is_complete,
            first_seconds=step.menu.first_key_seconds,
            next_seconds=step.menu.next_key_seconds,
            barge_in=step.menu.barge_in,
        )
        following = self._walk.keyed(keyed)
        if isinstance(following, Ask) and following.after_mistake:
            # What was typed ahead of hearing about a mistake meant something else.
            self._call.forget_digits()
        return following

    async def _connect(self, step: Connect) -> Step | None:
        call, targets = self._call, self._answering.targets
        match step.kind:
            case "extension":
                cause = await self._ring(step.name)
            case "operator":
                operator = call.directory.operator()
                cause = Cause.UNALLOCATED_NUMBER
                if operator is not None:
                    await call.play(InMenu.TO_OPERATOR(), self._items(("to-operator",)))
                    cause = await self._ring(operator.number)
            case "group":
                cause = await targets.group(call, step.name)
            case "queue":
                cause = await targets.queue(call, step.name)
        if cause is Cause.NORMAL:
            return None
        words = _WORDS.get(cause, "unreachable")
        if cause is Cause.UNALLOCATED_NUMBER and step.kind != "extension":
            words = "unreachable"
        call.journey.route(InMenu.NOT_REACHED(who=step.name or Choice.OPERATOR(), why=of_cause(cause)))
        if step.kind == "extension" and await targets.unanswered(call, step.name, self._items((words,))):
            return None
        return self._walk.unanswered((words,))

    async def _ring(self, number: str) -> Cause:
        """Ring an extension and let caller and person talk; return why that did not come about."""
        extension = self._call.directory.find(number)
        if extension is None:
            return Cause.UNALLOCATED_NUMBER
        self._call.journey.is_for(number)
        ring = await self._call.ring(extension, self._answering.ring_seconds)
        if ring.leg is None:
            # A phone that went away without saying why is no conversation that is over.
            return Cause.NO_USER_RESPONDING if ring.cause is Cause.NORMAL else ring.cause
        await self._call.bridge(ring.leg)
        return Cause.NORMAL

    def _items(self, keys: tuple[str, ...]) -> list[PlayItem]:
        """Return what to play for keys, the opening time put in where it is asked for."""
        spoken: list[str] = []
        for key in keys:
            spoken += self._opening_time() if key == OPENING_TIME else [key]
        return self._prompts(*spoken)

    def _opening_time(self) -> list[str]:
        schedule, moment = self._answering.schedule, self._moment
        if schedule is None or moment is None:
            return []
        return reopening(state_at(schedule, moment), moment, self._prompts.spoken)
