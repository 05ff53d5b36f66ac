"""Outside lines without a network: they note what is dialled and can reach nobody real."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.core.causes import Cause, Side
from firmware.core.leg import Direction, Ending, Leg, Party
from firmware.core.media import MediaPlane
from firmware.switch.outbound.lines import LineCondition, OutsideLine
from tests.switch.fake_leg import FakeLeg


class FakeLines:
    """Implements `LineChooser`; a line that carries a living leg is busy."""

    def __init__(self, media: MediaPlane, *names: str) -> None:
        self.conditions = dict.fromkeys(names, LineCondition.READY)
        self.dialled: list[tuple[str, str]] = []
        """Line and digits of every leg asked for, oldest first."""
        self.legs: list[FakeLeg] = []
        self.freed: list[str] = []
        self.on_it: dict[str, Leg] = {}
        """A call that came in on a line, or goes out on it."""
        self.fails: dict[str, Cause] = {}
        """Lines on which dialling ends at once with a fault."""
        self._media = media

    def lines(self) -> Sequence[OutsideLine]:
        return [OutsideLine(name, self._condition(name)) for name in self.conditions]

    def leg(self, line: str, digits: str) -> Leg | None:
        ending = Ending(self.fails[line], Side.WIRE, "line fault") if line in self.fails else None
        leg = FakeLeg(
            Direction.OUTGOING, line, Party(digits), kind="gsm", media=self._media, ring_ends=ending
        )
        self.dialled.append((line, digits))
        self.legs.append(leg)
        self.on_it[line] = leg
        return leg

    async def free(self, line: str) -> None:
        self.freed.append(line)
        leg = self.on_it.get(line)
        if leg is not None:
            await leg.hang_up(Cause.NORMAL)

    def _condition(self, name: str) -> LineCondition:
        leg = self.on_it.get(name)
        if leg is not None and leg.ending is None:
            return LineCondition.BUSY
        return self.conditions[name]
