"""Two calls on one SIM as procedures: the second taken, swapped, joined, parted, ended (AT+CHLD).

What the calls are stands in waiting.py and holding.py; here is what is asked of the network about them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from hal.at.calls import CallStat
from hal.at.channel import Command
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.line import CallsSwapped, WaiterTaken
from hal.modems.call import LineCall, Phase
from hal.modems.call_audio import CallAudio
from hal.modems.call_host import Host
from hal.modems.call_list import CallList
from hal.modems.errands import Errands
from hal.modems.holding import CHECK_PAUSE, CHECK_ROUNDS, JOIN, SWAP, Held, Holding, alone, ending
from hal.modems.model import Model
from hal.modems.waiting import Waiting

logger = logging.getLogger(__name__)

HANG_UP_ROUNDS = 3
"""How often a call is told to end before that is given up."""
RETRIEVE_ROUNDS = 8
"""How often a call on hold is asked back before it is given up."""


class OwnCall(Protocol):
    """What moving calls needs of the line's own (`LineCalls`)."""

    call: LineCall | None
    index: int | None

    def begin_hang_up(self, call: LineCall) -> None: ...

    def keep_audio(self, said: str | None) -> Procedure:
        """Give up a call whose audio doesn't come, with what the modem said; None: it came."""


class TwoCalls:
    """The line's own call beside another."""

    def __init__(
        self,
        own: OwnCall,
        model: Model,
        waiting: Waiting,
        holding: Holding,
        listed: CallList,
        audio: CallAudio,
        errands: Errands,
        host: Host,
    ) -> None:
        self._own = own
        self._model = model
        self._waiting = waiting
        self._holding = holding
        self._list = listed
        self._audio = audio
        self._errands = errands
        self._host = host
        self._moving = False
        """Whether a swap or a join is under way."""
        self._refused_while_moving = False
        """Whether the waiting one was given up while being taken."""

    @property
    def in_words(self) -> str:
        waits = ", another caller waits" if self._waiting.waiter is not None else ""
        return f"{self._holding.in_words}{waits}"

    @property
    def unclear_who_ended(self) -> bool:
        """Whether a line that tells an end without saying whose may mean another call than the line's own."""
        return self._waiting.waiter is not None or self._holding.may_be_meant

    def index_to_end(self, call: LineCall) -> int | None:
        """Return by which index a call is to be ended; None where it is alone: +CHUP may end both, or neither
        of two.
        """
        held = self._holding.held
        if held is not None and held.call is call:
            # They have just changed places.
            return held.index
        beside_another = held is not None or self._list.stat(self._own.index) is CallStat.HELD
        return self._own.index if beside_another else None

    def own_is_over(self) -> None:
        """What was under way is no longer."""
        self._moving = self._refused_while_moving = False

    # What we are told to do

    def refuse_waiting(self, ticket: int) -> None:
        if self._moving:
            # Once the waiting one is taken, CHLD=0 would end the call that is on hold.
            self._refused_while_moving = True
        else:
            self._waiting.refuse()
        self._host.settle(ticket, None)

    def hang_up_held(self, ticket: int) -> None:
        held = self._holding.held
        if held is None:
            self._host.settle(ticket, None)
            return
        self._errands.owe(ticket, None)
        held.call.hung_up_by_us = True
        self._errands.run(self._hang_held_up(held.call, ticket))

    def swap(self, ticket: int) -> None:
        own, waiter = self._own.call, self._waiting.waiter
        if not self._model.call.hold:
            self._host.settle(ticket, "this model isn't known to hold calls")
        elif own is None or own.phase is not Phase.CONNECTED or self._moving:
            self._host.settle(ticket, "no call stands that could be held now")
        elif self._holding.joined or (self._holding.held is None and (waiter is None or waiter.told_busy)):
            self._host.settle(ticket, "there is no other call to take")
        else:
            self._errands.owe(ticket)
            self._moving = True
            self._errands.run(self._swap(ticket))

    def join(self, ticket: int) -> None:
        if self._holding.joined:
            self._host.settle(ticket, None)
        elif not self._model.call.multiparty:
            self._host.settle(ticket, "this model isn't known to join calls")
        elif self._own.call is None or self._holding.held is None or self._moving:
            self._host.settle(ticket, "there are no two calls to join now")
        else:
            self._begin_joining(ticket, JOIN, joined=True)

    def split(self, ticket: int) -> None:
        if not self._holding.joined or self._own.index is None:
            self._host.settle(ticket, None)
        elif self._moving:
            self._host.settle(ticket, "the calls are being moved")
        else:
            self._begin_joining(ticket, alone(self._own.index), joined=False)

    def go_on_with(self, held: Held) -> None:
        """The line's call is over; the one on hold is it now."""
        self._own.call, self._own.index = held.call, held.index
        self._errands.run(self._list.watch())
        self._host.call_changed()
        if held.call.hung_up_by_us:
            held.call.hung_up_by_us = False
            self._host.emit(CallsSwapped())
            self._own.begin_hang_up(held.call)
        else:
            self._errands.run(self._retrieve())

    # Procedures

    def _swap(self, ticket: int) -> Procedure:
        yield from self._list.look()
        outcome = yield from self._move(SWAP, self._has_swapped)
        refused, self._moving, self._refused_while_moving = self._refused_while_moving, False, False
        if outcome is None:
            self._exchange()
            self._audio.goes_on()
        self._errands.settle(ticket, outcome)
        if refused and outcome is None and self._own.call is not None:
            self._own.begin_hang_up(self._own.call)
        elif refused:
            self._waiting.refuse()

    def _join(self, ticket: int, command: Command, *, joined: bool) -> Procedure:
        """Join the two, or have them apart."""
        outcome = yield from self._move(command, self._has_joined if joined else self._has_split)
        self._moving = False
        if outcome is None:
            self._holding.be_joined(joined)
            self._host.call_changed()
        self._errands.settle(ticket, outcome)

    def _move(self, command: Command, is_done: Callable[[], bool]) -> Steps[str | None]:
        """Move calls; return why the network didn't, or None."""
        outcome = yield from ask(command)
        # The list tells, not the answer, which may be lost; without an OK it has had time enough.
        for _ in range(CHECK_ROUNDS if outcome.ok else 1):
            yield from self._list.look()
            if is_done():
                return None
            yield from pause(CHECK_PAUSE)
        return str(outcome.failure) if outcome.failure is not None else "the network didn't do it"

    def _retrieve(self) -> Procedure:
        """Take the call that was on hold, after the other is over; who was joined is taken already."""
        for _ in range(RETRIEVE_ROUNDS):
            yield from self._list.look()
            if self._waiting.waiter is not None:
                # It would be that one who is taken.
                self._waiting.refuse()
            elif self._own_stat is CallStat.HELD:
                yield from self._move(SWAP, lambda: self._own_stat is CallStat.ACTIVE)
            if self._own_stat is CallStat.ACTIVE:
                self._host.emit(CallsSwapped())
                yield from self._own.keep_audio((yield from self._audio.switch_on_again()))
                return
            yield from pause(CHECK_PAUSE)
        if self._own.call is not None:
            logger.warning("the network doesn't give back the call on hold; hanging up")
            self._own.begin_hang_up(self._own.call)

    def _hang_held_up(self, call: LineCall, ticket: int) -> Procedure:
        """End a call on hold; by the time it may have changed places with the line's own."""
        for _ in range(HANG_UP_ROUNDS):
            held = self._holding.held
            if held is None or held.call is not call:
                break
            yield from ask(ending(held.index))
            yield from self._list.look()
            yield from self._list.look()
            if not call.over:
                # Refused, perhaps because the network is just moving the calls.
                yield from pause(CHECK_PAUSE)
        if call.over:
            self._errands.settle(ticket, None)
            return
        call.hung_up_by_us = False
        if call is self._own.call:
            self._own.begin_hang_up(call)
        else:
            self._errands.settle(ticket, "the network doesn't end the call on hold")

    # Inside

    @property
    def _own_stat(self) -> CallStat | None:
        return self._list.stat(self._own.index)

    @property
    def _other_index(self) -> int | None:
        """Index of the call that isn't the line's own: on hold, or waiting."""
        other = self._holding.held or self._waiting.waiter
        return other.index if other is not None else None

    @property
    def _other_stat(self) -> CallStat | None:
        return self._list.stat(self._other_index)

    def _has_swapped(self) -> bool:
        return self._other_stat is CallStat.ACTIVE and self._own_stat is CallStat.HELD

    def _has_joined(self) -> bool:
        return self._other_stat is self._own_stat is CallStat.ACTIVE

    def _has_split(self) -> bool:
        return self._other_stat is CallStat.HELD and self._own_stat is CallStat.ACTIVE

    def _begin_joining(self, ticket: int, command: Command, *, joined: bool) -> None:
        self._errands.owe(ticket)
        self._moving = True
        self._errands.run(self._join(ticket, command, joined=joined))

    def _exchange(self) -> None:
        """The network has put the line's call on hold and connected the other."""
        own, index, other = self._own.call, self._own.index, self._other_index
        if own is None or index is None:
            return
        held = self._holding.take()
        if held is not None:
            call = held.call
        else:
            self._waiting.take()
            call = LineCall(self._host.emit, incoming=True)
            call.stands()
        self._own.call, self._own.index = call, other
        self._holding.held = Held(own, index)
        self._host.emit(WaiterTaken() if held is None else CallsSwapped())
        self._host.call_changed()
