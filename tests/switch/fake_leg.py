"""A leg without a wire: tests of call control play the party at its other end.

    leg = FakeLeg.outgoing("101")
    await leg.ring(Party("13800138000"))
    leg.far.alerts()
    leg.far.answers()

The fake obeys the contract of `firmware.core.leg` (its suite runs on it too) and keeps a history of the
commands it was given.
"""

from __future__ import annotations

import asyncio
import enum

from firmware.core.causes import Cause, Side
from firmware.core.ids import PortId, new_port_id
from firmware.core.leg import DigitPressed, Direction, Ending, Leg, LegState, Party, TransferRequested
from firmware.core.media import DigitHeard, MediaPlane, PortEvent


class FarState(enum.StrEnum):
    """What the party at the other end hears or sees of the call."""

    QUIET = "quiet"
    """Nothing: not rung yet, or calling without a ringback tone."""
    RINGING = "ringing"
    """Its phone rings, or it hears ringback."""
    TALKING = "talking"
    HELD = "held"
    """We put it on hold."""
    GONE = "gone"


class FakeFarEnd:
    """The party at the other end of a `FakeLeg`."""

    def __init__(self, leg: FakeLeg) -> None:
        self._leg = leg
        self.state = FarState.QUIET
        self.refusal: Cause | None = None
        """The cause it was told when the leg ended from our side."""
        self.transfer: str | None = None
        """What it was told of the transfer it asked for: "declined", "accepted", "done", "failed"."""

    def alerts(self) -> None:
        if self._leg.state is LegState.RINGING:
            self._leg._became(LegState.ALERTING)

    def answers(self) -> None:
        if self._leg.state in (LegState.RINGING, LegState.ALERTING):
            self.state = FarState.TALKING
            self._leg._ready()
            self._leg._became(LegState.CONNECTED)

    def ends(self, cause: Cause = Cause.NORMAL, detail: str = "", by: Side = Side.THEM) -> None:
        """Hang up, decline, be busy, or (`by` the wire) vanish."""
        self.state = FarState.GONE
        self._leg._finish(Ending(cause, by, detail))

    def presses(self, digits: str) -> None:
        for digit in digits:
            self._leg._emit(DigitPressed(digit))

    def asks_transfer(self, number: str, consulted: Leg | None = None) -> None:
        """Press the transfer key; attended when `consulted` is its other leg."""
        self.transfer = None
        self._leg._emit(TransferRequested(number, consulted))
        if self.transfer is None:
            self.transfer = "declined"

    def holds(self) -> None:
        if self._leg.state is LegState.CONNECTED:
            self._leg._became(LegState.HELD)

    def resumes(self) -> None:
        if self._leg.state is LegState.HELD:
            self._leg._became(LegState.CONNECTED)


class FakeLeg(Leg):
    """A leg whose wire is `far`.

    Args:
        media: When given, the leg takes an RTP port from it while connected; else it names a port that
            no media plane knows.
        ring_ends: End the leg with this instead of ringing (no such phone, line down).
        answer_after: Seconds after the ring until the far end alerts and at once answers by itself;
            None leaves it to the test.
    """

    def __init__(
        self,
        direction: Direction,
        address: str = "101",
        party: Party | None = None,
        *,
        kind: str = "fake",
        media: MediaPlane | None = None,
        ring_ends: Ending | None = None,
        answer_after: float | None = None,
    ) -> None:
        super().__init__(kind, direction, party or Party(None), address)
        self.far = FakeFarEnd(self)
        self.history: list[str] = []
        """Commands in order: "ring 13800138000", "progress", "answer", "hang up BUSY", "hold", "resume"."""
        self.caller_shown: Party | None = None
        self._media = media
        self._media_port: PortId | None = None
        self._ring_ends = ring_ends
        self._answer_after = answer_after

    @classmethod
    def incoming(
        cls, address: str = "gsm1", number: str | None = "13800138000", *, media: MediaPlane | None = None
    ) -> FakeLeg:
        """Return a leg on which `number` calls us."""
        return cls(Direction.INCOMING, address, Party(number), media=media)

    @classmethod
    def outgoing(
        cls,
        address: str = "101",
        *,
        media: MediaPlane | None = None,
        ring_ends: Ending | None = None,
        answer_after: float | None = None,
    ) -> FakeLeg:
        """Return a leg to ring `address` on."""
        party = Party(address)
        return cls(
            Direction.OUTGOING, address, party, media=media, ring_ends=ring_ends, answer_after=answer_after
        )

    @property
    def port(self) -> PortId | None:
        return self._media_port

    async def _do_ring(self, caller: Party) -> None:
        self.history.append(f"ring {caller.number}")
        self.caller_shown = caller
        if self._ring_ends is not None:
            self._finish(self._ring_ends)
            return
        self.far.state = FarState.RINGING
        await self._open_port()
        if self._answer_after is not None:
            asyncio.get_running_loop().call_later(self._answer_after, self._answer_by_itself)

    async def _do_progress(self) -> None:
        self.history.append("progress")
        self.far.state = FarState.RINGING

    async def _do_answer(self) -> None:
        self.history.append("answer")
        if self._media_port is None:
            await self._open_port()
        if self.ending is None:
            self.far.state = FarState.TALKING
            self._ready()

    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        self.history.append(f"hang up {cause.name}")
        self.far.state = FarState.GONE
        self.far.refusal = cause

    async def _do_open_early(self) -> bool:
        self.history.append("open early")
        if self._media_port is None:
            await self._open_port()
            self._ready()
        return True

    def _do_accept_transfer(self) -> None:
        self.history.append("accept transfer")
        self.far.transfer = "accepted"

    def _do_transfer_finished(self, cause: Cause) -> None:
        self.history.append(f"transfer finished {cause.name}")
        self.far.transfer = "done" if cause is Cause.NORMAL else "failed"

    async def _do_hold(self, *, on: bool) -> None:
        self.history.append("hold" if on else "resume")
        self.far.state = FarState.HELD if on else FarState.TALKING

    def _release(self) -> None:
        if self._media is not None and self._media_port is not None:
            self._media.close_port(self._media_port)
        self._media_port = None

    async def _open_port(self) -> None:
        if self._media is None:
            self._media_port = new_port_id("fake")
            return
        address = await self._media.open_rtp("127.0.0.1")
        if self.ending is not None:
            self._media.close_port(address.port_id)
            return
        self._media_port = address.port_id
        self._media.listen(address.port_id, self._heard)

    def _heard(self, event: PortEvent) -> None:
        if isinstance(event, DigitHeard) and self.ending is None:
            self._emit(DigitPressed(event.digit))

    def _ready(self) -> None:
        if self._media_port is None:
            self._media_port = new_port_id("fake")

    def _answer_by_itself(self) -> None:
        self.far.alerts()
        self.far.answers()
