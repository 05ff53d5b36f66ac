"""Calling out, put together: the trunks as call control chooses among them, and words for it."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.app.alarms import Alarms
from firmware.core.leg import Leg
from firmware.core.media import PlayItem
from firmware.settings.store import SettingsStore
from firmware.switch.numbering import NumberPlan
from firmware.switch.outbound.guard import Guard
from firmware.switch.outbound.lines import LineChooser, LineCondition, OutsideLine
from firmware.switch.outbound.outbound import Outbound
from firmware.trunks.trunks import Trunks
from hal.line import HandsetLike, HoldingLine, Line, LineError, LineState, WaitingLine
from ivr.prompts import Prompts

logger = logging.getLogger(__name__)

# How long a line may take to be free after its call was ended for an emergency call.
_FREE_SECONDS = 3.0

_CONDITIONS = {
    LineState.READY: LineCondition.READY,
    LineState.IN_CALL: LineCondition.BUSY,
    LineState.STARTING: LineCondition.UNREGISTERED,
    LineState.DOWN: LineCondition.DOWN,
}


class TrunkLines:
    """A `firmware.switch.outbound.lines.LineChooser` over the box's trunks.

    Args:
        trunks: The lines.
        is_emergency: Tells of digits, as sent to the line, whether they call for help.
    """

    def __init__(self, trunks: Trunks, is_emergency: Callable[[str], bool]) -> None:
        self._trunks = trunks
        self._is_emergency = is_emergency

    def lines(self) -> Sequence[OutsideLine]:
        return [
            OutsideLine(line.name, self._condition(line))
            for line in self._trunks.lines
            if not isinstance(line, HandsetLike)
        ]

    def _condition(self, line: Line) -> LineCondition:
        condition = _CONDITIONS[line.state]
        fit = condition is not LineCondition.READY or self._trunks.is_fit(line)
        return condition if fit else LineCondition.RESTING

    def leg(self, line: str, digits: str) -> Leg | None:
        if self._is_emergency(digits):
            try:
                return self._trunks.emergency(digits, line)
            except KeyError:
                return None
        return self._trunks.outgoing(digits, line)

    async def free(self, line: str) -> None:
        wanted = next((one for one in self._trunks.lines if one.name == line), None)
        if wanted is None:
            return
        free = asyncio.Event()
        unsubscribe = wanted.subscribe(
            lambda _: free.set() if wanted.state is not LineState.IN_CALL else None,
        )
        try:
            if isinstance(wanted, WaitingLine):
                await wanted.refuse_waiting()
            if isinstance(wanted, HoldingLine):
                await wanted.hang_up_held()
            await wanted.hang_up()
            if wanted.state is LineState.IN_CALL:
                async with asyncio.timeout(_FREE_SECONDS):
                    await free.wait()
        except (LineError, TimeoutError) as error:
            logger.warning("%s is not free for an emergency call: %s", line, error)
        finally:
            unsubscribe()


class OutsideLines:
    """Several choosers as one, in their order.

    Args:
        choosers: Whose lines have different names.
    """

    def __init__(self, *choosers: LineChooser) -> None:
        self._choosers = choosers

    def lines(self) -> Sequence[OutsideLine]:
        return [line for chooser in self._choosers for line in chooser.lines()]

    def leg(self, line: str, digits: str) -> Leg | None:
        legs = (chooser.leg(line, digits) for chooser in self._choosers)
        return next((leg for leg in legs if leg is not None), None)

    async def free(self, line: str) -> None:
        for chooser in self._choosers:
            await chooser.free(line)


class OfficeSpeaker:
    """A `firmware.switch.sentences.Speaker`.

    Args:
        folder: Where the prompts are, a folder a language.
        settings: Say the office's language, at the moment of asking.
        language: Another one; "" for the office's.
    """

    def __init__(self, folder: Path, settings: SettingsStore, language: str = "") -> None:
        self._folder = folder
        self._settings = settings
        self._language = language

    def in_language(self, language: str) -> OfficeSpeaker:
        return OfficeSpeaker(self._folder, self._settings, language)

    def say(self, *keys: str) -> list[PlayItem]:
        return self._prompts()(*keys)

    def number(self, value: int) -> list[PlayItem]:
        prompts = self._prompts()
        return prompts(*prompts.spoken.number(value))

    def digits(self, text: str) -> list[PlayItem]:
        prompts = self._prompts()
        return prompts(*prompts.spoken.digits(text))

    def _prompts(self) -> Prompts:
        return Prompts(self._folder, self._language or self._settings.current.office.language)


def outbound_of(
    settings: SettingsStore, prompts: Path, trunks: Trunks, providers: LineChooser, alarms: Alarms
) -> Outbound:
    """Return the gate to the outside; `routing` has it follow the settings."""
    rules = settings.current.outbound
    wired = TrunkLines(trunks, lambda digits: outbound.plan.emergency.match(digits) is not None)
    outbound = Outbound(
        NumberPlan(settings.current.office.country, settings.current.numbering),
        rules,
        OutsideLines(wired, providers),
        Guard(rules.caps, alarm=alarms),
        OfficeSpeaker(prompts, settings),
        lambda: datetime.datetime.now().astimezone(),
        alarms,
    )
    return outbound
