"""An emergency call: before every other rule, on any line that can be had.

    alarm ─► every line: ready ones, then busy ones (pre-empted), then those without network ─► talk
              └─ again, up to ROUNDS times ─► none: the phone is told, the alarm says so

No PIN, no bar, no cap, no schedule, no announcement. A line that carries another emergency call is not
pre-empted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from firmware.core.causes import Cause
from firmware.core.leg import LegState
from firmware.core.records import EntryKind
from firmware.core.trace import Said, known
from firmware.core.trace.calls import of_cause
from firmware.core.trace.outbound import Emergency, Outbound
from firmware.switch.call import Call
from firmware.switch.numbering import LineNumbering, Number, NumberPlan
from firmware.switch.numbering.rewrite import for_line
from firmware.switch.outbound.lines import LineChooser, LineCondition, LineRates, OutsideLine, for_emergency
from firmware.switch.ringing import Attempt

logger = logging.getLogger(__name__)

ROUNDS = 3
ROUND_PAUSE_SECONDS = 2.0
# Longer than any emergency centre takes, shorter than a caller would wait on a dead line.
RING_SECONDS = 60.0
# A modem hangs up within two; one that doesn't is tried all the same.
FREE_SECONDS = 5.0

Alarm = Callable[[Said], None]


class EmergencyCalls:
    """Makes emergency calls.

    Args:
        lines: All of them.
        alarm: Told in plain words at once: for the owner and the front desk. Must not raise or wait.
    """

    def __init__(self, lines: LineChooser, alarm: Alarm) -> None:
        self._lines = lines
        self._alarm = alarm
        self._in_use: set[str] = set()

    async def place(self, call: Call, number: Number, plan: NumberPlan, rates: dict[str, LineRates]) -> None:
        """Put a call through to an emergency number; returns when that is over or no line could be had."""
        call.journey.is_for(number.canonical)
        call.journey.route(Emergency.FIRST(number=number.canonical))
        self._tell(Emergency.CALL(number=number.canonical, who=call.caller.address))
        if call.caller.state is LegState.OFFERED:
            await call.caller.progress()
        for round_number in range(ROUNDS):
            if round_number:
                await asyncio.sleep(ROUND_PAUSE_SECONDS)
            for line in for_emergency(self._lines.lines()):
                if await self._try(call, number, line, for_line(number, plan, _numbering(rates, line))):
                    return
        call.journey.note(EntryKind.FAULT, Emergency.NOT_REACHED(number=number.canonical))
        self._tell(Emergency.FOUND_NO_LINE(number=number.canonical, who=call.caller.address))
        await call.refuse(Cause.NO_CIRCUIT)

    async def _try(self, call: Call, number: Number, line: OutsideLine, digits: str) -> bool:
        if line.condition is LineCondition.BUSY:
            if line.name in self._in_use:
                return False
            call.journey.route(Emergency.FREED(line=line.name))
            await self._free(line.name)
        self._in_use.add(line.name)
        try:
            call.journey.route(
                Emergency.ON_LINE(number=number.canonical, line=line.name, condition=known(line.condition))
            )
            attempt = Attempt(
                number.canonical,
                lambda: self._lines.leg(line.name, digits) or Cause.NO_CIRCUIT,
                seconds=RING_SECONDS,
            )
            rung = await call.ring_any([attempt])
            if rung.leg is None:
                call.journey.route(Outbound.WHO(who=line.name, why=of_cause(rung.cause)))
                return False
            await call.answer()
            await call.bridge(rung.leg)
            return True
        finally:
            self._in_use.discard(line.name)

    async def _free(self, line: str) -> None:
        """Have a line's call ended; whatever goes wrong, the line is tried."""
        try:
            async with asyncio.timeout(FREE_SECONDS):
                await self._lines.free(line)
        except Exception:
            logger.exception("%s could not be freed for an emergency call", line)

    def _tell(self, words: Said) -> None:
        """Raise the alarm; whatever goes wrong with that, the call goes out."""
        try:
            self._alarm(words)
        except Exception:
            logger.exception("the alarm failed: %s", words)

    def check(self, plan: NumberPlan, rates: dict[str, LineRates]) -> list[Said]:
        """Prove the path without dialling: say in plain words what an emergency call would do now."""
        said = [Emergency.NUMBERS(numbers=sorted(plan.emergency.numbers))]
        prefix = plan.numbering.outside_prefix
        said.append(Emergency.WITH_OR_WITHOUT(prefix=prefix) if prefix else Emergency.AS_THEY_STAND())
        number = plan.read(min(plan.emergency.numbers))
        lines = for_emergency(self._lines.lines())
        for place, line in enumerate(lines, 1):
            digits = for_line(number, plan, _numbering(rates, line))
            words = Emergency.TRY_BUSY if line.condition is LineCondition.BUSY else Emergency.TRY
            condition = known(line.condition)
            said.append(words(place=place, line=line.name, condition=condition, digits=digits))
        if not lines:
            said.append(Emergency.NO_LINE_AT_ALL())
        return said


def _numbering(rates: dict[str, LineRates], line: OutsideLine) -> LineNumbering:
    found = rates.get(line.name)
    return found.numbering if found is not None else LineNumbering()
