"""One party's side of a call: the contract that lines, phones and the handset share.

Theory of operation
-------------------
A leg is *incoming* (that party rang us) or *outgoing* (we ring that party):

    incoming   OFFERED ──answer──► CONNECTED ◄──► HELD ──► ENDED
    outgoing   IDLE ──ring──► RINGING ──► ALERTING ──► CONNECTED ◄──► HELD ──► ENDED

Every state may go to ENDED, and nothing leaves ENDED. The transitions stand in `TRANSITIONS`; an illegal
one raises `IllegalTransition` and changes nothing. Call control gives commands (`ring`, `progress`,
`answer`, `hang_up`, `hold`, `resume`), waits (`answered`, `ended`) and subscribes to events. An
implementation overrides the `_do_…` methods, which put the command on the wire, and reports what the wire
says through `_became`, `_finish` and `_emit`.

HELD is the state in which the party at the other end has put *us* on hold, or we them.
"""

from __future__ import annotations

import abc
import asyncio
import enum
import logging
from collections.abc import Callable, Sequence

import msgspec

from firmware.core.causes import Cause, Side
from firmware.core.errors import ZongjiError
from firmware.core.ids import LegId, PortId, new_leg_id

logger = logging.getLogger(__name__)


class LegState(enum.StrEnum):
    IDLE = "idle"
    OFFERED = "offered"
    RINGING = "ringing"
    ALERTING = "alerting"
    CONNECTED = "connected"
    HELD = "held"
    ENDED = "ended"


class Direction(enum.StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


TRANSITIONS: dict[LegState, frozenset[LegState]] = {
    LegState.IDLE: frozenset({LegState.RINGING, LegState.ENDED}),
    LegState.OFFERED: frozenset({LegState.CONNECTED, LegState.ENDED}),
    LegState.RINGING: frozenset({LegState.ALERTING, LegState.CONNECTED, LegState.ENDED}),
    LegState.ALERTING: frozenset({LegState.CONNECTED, LegState.ENDED}),
    LegState.CONNECTED: frozenset({LegState.HELD, LegState.ENDED}),
    LegState.HELD: frozenset({LegState.CONNECTED, LegState.ENDED}),
    LegState.ENDED: frozenset(),
}


class IllegalTransition(ZongjiError):
    """A command or an event that the leg's state doesn't allow; nothing was changed."""


class Party(msgspec.Struct, frozen=True):
    """Who is at the other end of a leg."""

    number: str | None
    """As dialled or presented, digits and a leading `+` only; None when withheld or unknown."""
    name: str | None = None
    withheld: bool = False
    """The party asked the network not to show the number."""


class Ending(msgspec.Struct, frozen=True):
    """How a leg ended."""

    cause: Cause
    by: Side
    detail: str = ""
    """What the wire said, for the record: "486 Busy Here", "NO CARRIER", "modem vanished"."""
    redirected_to: str | None = None
    """The number the party's phone wants the call sent to instead (SIP 302); call control may follow it."""


class StateChanged(msgspec.Struct, frozen=True, tag=True):
    before: LegState
    after: LegState


class DigitPressed(msgspec.Struct, frozen=True, tag=True):
    digit: str
    """One of `0`-`9`, `*`, `#`, `A`-`D`."""


class AudioBegan(msgspec.Struct, frozen=True, tag=True):
    """The party's side sends audio before it has answered: the network's own ringback or announcement.

    `port` is to be had from now on.
    """


class TransferRequested(msgspec.Struct, frozen=True, tag=True):
    """The party asks that whoever it talks to be connected to somebody else.

    A listener that will do it calls `Leg.accept_transfer` before it returns and `Leg.transfer_finished` in
    the end; a request nobody accepts is declined.
    """

    number: str
    """Where to, as dialled; for an attended transfer, for the record only."""
    consulted: Leg | None = None
    """Attended: the party's other leg, whose far end is to be connected with this leg's far end."""


LegEvent = StateChanged | DigitPressed | AudioBegan | TransferRequested
Listener = Callable[[LegEvent], None]


class LegEnded(ZongjiError):
    """Raised by a wait that can't come true any more because the leg has ended."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(f"{ending.cause.name} by {ending.by}: {ending.detail}")
        self.ending = ending


class Leg(abc.ABC):
    """One party's side of a call. Make, use and end it within one event loop.

    Args:
        kind: The technology, in a word: "gsm", "sip", "handset".
        direction: Who rang whom.
        party: Who is at the other end, as far as known.
        address: Where the leg runs, for the record: a line's name ("gsm1") or an extension ("101").
    """

    def __init__(self, kind: str, direction: Direction, party: Party, address: str) -> None:
        self.id: LegId = new_leg_id(kind)
        self.kind = kind
        self.direction = direction
        self.party = party
        self.address = address
        self.state = LegState.OFFERED if direction is Direction.INCOMING else LegState.IDLE
        self.ending: Ending | None = None
        self.wideband = False
        """Speak wideband where the party's device can. Said before the leg is rung or answered, by whoever
        knows that the other party's can, too."""
        self._listeners: list[Listener] = []
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()
        self._decided = asyncio.Event()
        """Set by whichever of the two comes first."""

    def __repr__(self) -> str:
        return f"<{self.id} {self.direction} {self.address} {self.state}>"

    @property
    def can_wideband(self) -> bool:
        """Whether an incoming party's device offers wideband audio, or what was agreed is wideband."""
        return False

    # Commands

    async def ring(self, caller: Party) -> None:
        """Begin to ring the party, showing `caller`; returns once the request is on its way.

        Raises:
            LegEnded: The party can't even be asked (no such phone, line down); the leg has ended.
            IllegalTransition: The leg is incoming or was rung before.
        """
        self._require(LegState.RINGING)
        self._became(LegState.RINGING)
        await self._do_ring(caller)
        if self.ending is not None and not self._answered.is_set():
            raise LegEnded(self.ending)

    async def progress(self) -> None:
        """Let an incoming caller hear that the called party is being rung; may be called again."""
        if self.state is LegState.OFFERED:
            await self._do_progress()

    async def answer(self) -> None:
        """Take an incoming call; returns when audio can flow.

        Raises:
            LegEnded: The caller was gone before.
            IllegalTransition: The leg is outgoing or already answered.
        """
        if self.ending is not None:
            raise LegEnded(self.ending)
        self._require(LegState.CONNECTED, only_from=LegState.OFFERED)
        await self._do_answer()
        if self.ending is not None:
            raise LegEnded(self.ending)
        if self.state is LegState.OFFERED:
            self._became(LegState.CONNECTED)

    async def hang_up(self, cause: Cause = Cause.NORMAL) -> None:
        """End the leg from our side, whatever its state. Repeating it does nothing."""
        if self.ending is not None:
            return
        before = self.state
        self._finish(Ending(cause, Side.US))
        if before is not LegState.IDLE:
            await self._do_hang_up(cause, before)

    async def hold(self) -> None:
        """Put the party on hold. What it hears meanwhile is the media plane's business.

        Raises:
            IllegalTransition: The leg isn't connected.
        """
        self._require(LegState.HELD)
        await self._do_hold(on=True)
        if self.state is LegState.CONNECTED:
            self._became(LegState.HELD)

    async def resume(self) -> None:
        """Take the party off hold.

        Raises:
            IllegalTransition: The leg isn't held.
        """
        self._require(LegState.CONNECTED, only_from=LegState.HELD)
        await self._do_hold(on=False)
        if self.state is LegState.HELD:
            self._became(LegState.CONNECTED)

    async def open_early(self) -> bool:
        """Let an incoming caller hear the box before the call is answered; True when `port` is open now.

        False where the technology can't: such a caller hears what its own phone or network makes.
        """
        return self.state is LegState.OFFERED and await self._do_open_early()

    def accept_transfer(self) -> None:
        """Take on the transfer that is being requested; for listeners of `TransferRequested`."""
        if self.ending is None:
            self._do_accept_transfer()

    def transfer_finished(self, cause: Cause) -> None:
        """Tell the party what came of its transfer: `Cause.NORMAL` for success, else why it failed."""
        if self.ending is None:
            self._do_transfer_finished(cause)

    def talks_with(self, others: Sequence[Leg], *, on_hold: bool = False) -> None:
        """Learn who listens to the party from now on, in all.

        For technologies where that frees or needs something, as two calls over one SIM do; others pass it by.

        Args:
            others: Nobody while it is led somewhere else, or waits.
            on_hold: Whoever talked with it has put it on hold, and nobody else listens.
        """
        return

    # Waits and events

    async def answered(self) -> None:
        """Wait until the party has answered.

        Raises:
            LegEnded: It won't: the leg ended first.
        """
        await self._decided.wait()
        if self.ending is not None:
            raise LegEnded(self.ending)

    async def ended(self) -> Ending:
        """Wait until the leg has ended; returns at once when it already has."""
        while self.ending is None:
            await self._ended.wait()
        return self.ending

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called on every event from now on; the returned function ends that.

        A listener must not raise; one that does is logged and the others are still told.
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @property
    def is_taken(self) -> bool:
        """Whether the party has answered as far as the wire tells; its audio may still be on the way."""
        return self._answered.is_set()

    @property
    @abc.abstractmethod
    def port(self) -> PortId | None:
        """The leg's port in the media plane; None before there is audio, and again after the end."""

    # For implementations

    @abc.abstractmethod
    async def _do_ring(self, caller: Party) -> None:
        """Put the request to ring on the wire; report failure through `_finish`."""

    @abc.abstractmethod
    async def _do_progress(self) -> None:
        """Tell the caller's side that the called party is alerted, where the technology can."""

    async def _do_open_early(self) -> bool:
        """Open the audio way of an unanswered caller, where the technology can."""
        return False

    def _do_accept_transfer(self) -> None:
        """Tell the party that its transfer is under way, where the technology has transfers."""
        return

    def _do_transfer_finished(self, cause: Cause) -> None:
        """Tell the party what came of its transfer, where the technology has transfers."""
        return

    @abc.abstractmethod
    async def _do_answer(self) -> None:
        """Answer on the wire and have the port ready; report failure through `_finish`."""

    @abc.abstractmethod
    async def _do_hang_up(self, cause: Cause, before: LegState) -> None:
        """End it on the wire; `before` tells how far the leg had come. Must not raise."""

    @abc.abstractmethod
    async def _do_hold(self, *, on: bool) -> None:
        """Tell the party's side that it is on hold, or no longer, where the technology can."""

    @abc.abstractmethod
    def _release(self) -> None:
        """Give the port back. Called once, when the leg has ended; must not raise."""

    def _became(self, after: LegState) -> None:
        """Move to `after` and tell the listeners.

        Raises:
            IllegalTransition: The table has no such arrow.
        """
        self._require(after)
        before, self.state = self.state, after
        if after is LegState.CONNECTED:
            self._answered.set()
            self._decided.set()
        self._emit(StateChanged(before, after))

    def _finish(self, ending: Ending) -> None:
        """End the leg with what the wire (or we) said. Only the first ending counts."""
        if self.ending is not None:
            return
        self.ending = ending
        self._became(LegState.ENDED)
        self._ended.set()
        self._decided.set()
        self._release()

    def _emit(self, event: LegEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                logger.exception("%s: a listener failed on %s", self.id, event)

    def _require(self, after: LegState, *, only_from: LegState | None = None) -> None:
        if after not in TRANSITIONS[self.state] or (only_from is not None and self.state is not only_from):
            raise IllegalTransition(f"{self.id} can't go from {self.state} to {after}")
