"""An installer's care of the lines: what is set for each is put into force, levels are metered while somebody
watches, busy tones are learned, test calls are made.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import Protocol, runtime_checkable

import msgspec

from firmware.app import acceptance
from firmware.app.line_test import LineTest
from firmware.app.line_verdicts import with_calls
from firmware.app.parts import Parts
from firmware.control.base import BaseReply
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
    VerdictSaid,
    WatchLevels,
)
from firmware.core.causes import Side
from firmware.core.errors import UserError
from firmware.core.ids import PortId
from firmware.core.leg import LegEvent, LegState, StateChanged
from firmware.core.media import LearnedTone, LevelMetered, PortEvent
from firmware.settings.document import Settings
from firmware.settings.lines import LineSettings
from firmware.trunks.line_leg import LineLeg
from firmware.trunks.sound import CallSound
from hal.line import DialToneLine, Verdict


@runtime_checkable
class TakesPin(Protocol):
    """A line with a SIM."""

    def give_pin(self, pin: str) -> None:
        """Have the SIM's PIN be this one."""


class LineCare:
    """The care of one switch's lines."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._legs: dict[str, LineLeg] = {}
        """Legs with audio, by line."""
        self._sounds: dict[str, CallSound] = {}
        """Of the last call in which something could be told, by line."""
        self._hung_up: set[str] = set()
        """Lines on which the other side's hang-up was noticed."""
        self._levels: dict[str, LevelNow] = {}
        self._pins: dict[str, str] = {}
        self.test = LineTest(parts)

    def start(self) -> None:
        """Put what is set into force, now and whenever it changes."""
        self._parts.trunks.on_leg = self._leg_made
        self._apply(self._parts.settings.current)
        self._parts.settings.subscribe(lambda _, after: self._apply(after))

    # Answers

    async def check(self, _: CheckLines) -> BaseReply:
        """Answer what the doctor says."""
        found = []
        verdicts = self._parts.trunks.checkup()
        for line in self._parts.trunks.lines:
            wanted = self._wanted(line.name)
            busy = ""
            if wanted.busy_hertz:
                hertz = "+".join(f"{one:.0f}" for one in wanted.busy_hertz)
                busy = f"{hertz} Hz, {wanted.busy_on_ms}/{wanted.busy_off_ms} ms"
            judged = verdicts.get(line.name, ())
            found.append(
                LineChecked(
                    name=line.name,
                    state=line.state.value,
                    detail=line.detail,
                    verdicts=said(
                        with_calls(judged, self._sounds.get(line.name), hung_up=line.name in self._hung_up)
                    ),
                    takes_pin=isinstance(line, TakesPin),
                    gain_db=wanted.gain_db,
                    busy_tone=busy,
                )
            )
        bought = [
            LineChecked(
                name=status.name,
                state=status.state,
                detail=status.detail,
                verdicts=said(self._parts.providers.checkup(status.name)),
                takes_pin=False,
                gain_db=0.0,
            )
            for status in self._parts.providers.status()
        ]
        return LinesReply(lines=found, bought=bought)

    async def give_pin(self, request: GivePin) -> BaseReply:
        """Keep a PIN and have it tried."""
        line = self._known(request.line)
        if not isinstance(line, TakesPin):
            raise UserError(f"Line {request.line} has no SIM. / 线路 {request.line} 没有 SIM 卡。")
        self._pins.pop(request.line, None)
        await self._change(request, pin=request.pin)
        # Told again even when it is the same, which changes no setting: the person asks for another try.
        self._apply(self._parts.settings.current)
        return LineCareDone()

    async def set_gain(self, request: SetGain) -> BaseReply:
        """Set a gain, heard at once."""
        self._known(request.line)
        await self._change(request, gain_db=round(request.gain_db, 1))
        return LineCareDone()

    async def learn(self, request: LearnBusyTone) -> BaseReply:
        """Learn the tone that sounds on a line now."""
        self._known(request.line)
        leg = self._legs.get(request.line)
        if leg is None or leg.port is None:
            raise UserError(
                f"There is no call on {request.line}: ring it, let it answer, hang up there, then learn. / "
                f"{request.line} 上没有通话：请先拨入接通，对方挂机后再学习。"
            )
        tone = await self._parts.plane.learn_tone(leg.port)
        if tone is None:
            raise UserError("No steady tone was heard; try again. / 没有听到稳定的信号音，请重试。")
        on, off = tone.cadence_ms
        await self._change(request, busy_hertz=tone.frequencies, busy_on_ms=on, busy_off_ms=off)
        return LineCareDone(text=f"{'+'.join(f'{one:.0f}' for one in tone.frequencies)} Hz, {on}/{off} ms")

    async def forget(self, request: ForgetBusyTone) -> BaseReply:
        """Go back to the country's tone."""
        self._known(request.line)
        await self._change(request, busy_hertz=(), busy_on_ms=0, busy_off_ms=0)
        return LineCareDone()

    async def levels(self, _: WatchLevels) -> BaseReply:
        """Answer how loud the lines are."""
        return LevelsReply(levels=[self._levels[name] for name in sorted(self._levels) if name in self._legs])

    # Legs

    def _leg_made(self, leg: LineLeg) -> None:
        def on_leg(event: LegEvent) -> None:
            if isinstance(event, StateChanged) and event.after is LegState.CONNECTED:
                self._legs[leg.address] = leg
                self._configure(leg.address)
                if leg.port is not None:
                    self._listen(leg, leg.port)
            elif isinstance(event, StateChanged) and event.after is LegState.ENDED:
                if event.before is LegState.CONNECTED and leg.ending and leg.ending.by is Side.THEM:
                    self._hung_up.add(leg.address)
                if self._legs.get(leg.address) is leg:
                    del self._legs[leg.address]
                self._levels.pop(leg.address, None)

        leg.subscribe(on_leg)

    def _listen(self, leg: LineLeg, port: PortId) -> None:
        name, sound = leg.address, CallSound()

        def on_port(event: PortEvent) -> None:
            if isinstance(event, LevelMetered):
                if leg.has_voice:
                    sound.metered(event.input_dbm0)
                self._judge(name, sound)
                self._levels[name] = LevelNow(
                    line=name,
                    input_dbm0=round(event.input_dbm0, 1),
                    peak_dbm0=round(event.input_peak_dbm0, 1),
                    output_dbm0=round(event.output_dbm0, 1),
                )

        self._parts.plane.listen(port, on_port)

    def _judge(self, name: str, sound: CallSound) -> None:
        """Note whether the line is heard, as soon as its call tells."""
        if sound.has_sound is None:
            return
        self._sounds[name] = sound
        self._parts.trunks.health.heard(name, sound=sound.has_sound)

    def _configure(self, name: str) -> None:
        leg = self._legs.get(name)
        if leg is None or leg.port is None:
            return
        wanted = self._wanted(name)
        tones = (
            (LearnedTone(wanted.busy_hertz, (wanted.busy_on_ms, wanted.busy_off_ms)),)
            if wanted.busy_hertz
            else ()
        )
        options = msgspec.structs.replace(
            self._parts.plane.options_of(leg.port),
            gain_db=wanted.gain_db,
            level_control=wanted.level_control,
            learned_tones=tones,
            silence_ms=1000 * wanted.silence_seconds,
            meter=True,
        )
        self._parts.plane.configure(leg.port, options)

    # Settings

    def _apply(self, settings: Settings) -> None:
        for line in self._parts.trunks.lines:
            pin = self._wanted(line.name).pin
            if pin and self._pins.get(line.name) != pin and isinstance(line, TakesPin):
                self._pins[line.name] = pin
                line.give_pin(pin)
            if isinstance(line, DialToneLine):
                line.expects_dial_tone = self._wanted(line.name).dial_tone
        for name in self._legs:
            self._configure(name)

    def _wanted(self, name: str) -> LineSettings:
        found = (one for one in self._parts.settings.current.lines if one.name == name)
        return next(found, LineSettings(name))

    async def _change(
        self, request: GivePin | SetGain | LearnBusyTone | ForgetBusyTone, **fields: object
    ) -> None:
        name = request.line

        def edit(settings: Settings) -> Settings:
            kept = [one for one in settings.lines if one.name != name]
            mine = next((one for one in settings.lines if one.name == name), LineSettings(name))
            return msgspec.structs.replace(settings, lines=(*kept, msgspec.structs.replace(mine, **fields)))

        await self._parts.editing.edit(edit, request.by)

    def _known(self, name: str) -> object:
        for line in self._parts.trunks.lines:
            if line.name == name:
                return line
        raise UserError(f"There is no line {name}. / 没有线路 {name}。")


def said(verdicts: tuple[Verdict, ...]) -> list[VerdictSaid]:
    """Return verdicts as they travel."""
    return [
        VerdictSaid(
            step=one.step,
            fine=one.fine,
            zh=one.words.zh,
            en=one.words.en,
            remedy_zh=one.remedy.zh,
            remedy_en=one.remedy.en,
        )
        for one in verdicts
    ]


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin, and answer."""
    care = LineCare(parts)
    care.start()
    on = parts.answers.on
    on(CheckLines, care.check)
    on(GivePin, care.give_pin)
    on(SetGain, care.set_gain)
    on(LearnBusyTone, care.learn)
    on(ForgetBusyTone, care.forget)
    parts.answers.on_watch(WatchLevels, care.levels)
    on(BeginTestCall, care.test.begin)
    on(AskTestCall, care.test.state)
    on(EndTestCall, care.test.end)
    await acceptance.start(parts, running, care.test)

    async def stop() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await care.test.stop()

    running.push_async_callback(stop)
