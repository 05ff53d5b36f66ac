"""What a technology gives so that the stories of `leg_contract.py` can be played on it: legs and far ends."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from firmware.core.leg import Leg, LegState, Party


class Lacks(enum.Enum):
    """What a technology can't do; stories about it are skipped."""

    OUTGOING = "ring somebody"
    INCOMING = "be called"
    ALERTING = "tell that the far end rings"
    BUSY = "tell busy from other failures"
    DECLINE = "tell a refusal from other failures"
    REFUSE_WITH_BUSY = "tell a caller that the called party is busy"
    PROGRESS = "let a caller hear ringback before the answer"
    DIGITS = "carry keypresses"
    FAR_HOLD = "be put on hold by the far end"
    NEAR_HOLD = "tell the far end that it is on hold"


class Has(enum.Enum):
    """What only some technologies can; a harness that has it says so in `has`."""

    TRANSFER = "ask for a transfer"
    EARLY_AUDIO = "hear us before the answer"


class FarEnd(Protocol):
    """The party at the other end of the wire. Each call returns once it is on its way."""

    async def alert(self) -> None: ...
    async def answer(self) -> None: ...
    async def be_busy(self) -> None: ...
    async def decline(self) -> None: ...
    async def hang_up(self) -> None:
        """Hang up, or give up calling."""

    async def press(self, digits: str) -> None: ...
    async def hold(self) -> None: ...
    async def resume(self) -> None: ...

    def is_rung(self) -> bool:
        """It is being rung, or it calls and hears ringback."""

    def is_talking(self) -> bool:
        """The call is up, and we have not put it on hold."""

    def is_held(self) -> bool:
        """We have put it on hold."""

    def is_free(self) -> bool:
        """No call is left at its end."""

    def was_told_busy(self) -> bool:
        """Its call was refused as busy."""


class TransferringFarEnd(FarEnd, Protocol):
    """A far end of a technology that has transfers."""

    async def transfer(self, number: str) -> None:
        """Ask that whoever it talks to be connected to `number`."""

    def transfer_outcome(self) -> str | None:
        """What it was told of its transfer: "declined", "done", "failed"; None while it waits."""


class LegHarness(Protocol):
    lacks: frozenset[Lacks]

    async def outgoing(self) -> tuple[Leg, FarEnd]:
        """Return an idle leg to a party that can be reached."""

    async def incoming(self) -> tuple[Leg, FarEnd]:
        """Have somebody call us; return the offered leg."""

    async def settle(self) -> None:
        """Let everything that is on its way arrive."""

    def open_ports(self) -> int:
        """How many ports of the media plane are open."""


Story = TypeVar("Story", bound=Callable[..., object])

_NEEDS: dict[str, tuple[Lacks, ...]] = {}
_WANTS: dict[str, tuple[Has, ...]] = {}


def needs(*features: Lacks) -> Callable[[Story], Story]:
    """Say what a technology must be able to do for a story to make sense."""

    def mark(story: Story) -> Story:
        _NEEDS[story.__name__] = features
        return story

    return mark


def wants(*features: Has) -> Callable[[Story], Story]:
    """Say which rarer feature a story is about."""

    def mark(story: Story) -> Story:
        _WANTS[story.__name__] = features
        return story

    return mark


def missing_for(story: str, harness: LegHarness) -> Lacks | Has | None:
    """Return what a story needs that a technology can't do; None when it can be told."""
    for feature in _NEEDS.get(story, ()):
        if feature in harness.lacks:
            return feature
    rare = getattr(harness, "has", ())
    return next((feature for feature in _WANTS.get(story, ()) if feature not in rare), None)


def transferring(far: FarEnd) -> TransferringFarEnd:
    """Return the far end of a technology that said it has transfers."""
    return cast(TransferringFarEnd, far)


# Longest any wire of ours may take to say that a call has ended, in (mostly virtual) seconds.
PATIENCE_S = 40.0

CALLER = Party("13800138000", "Li Lei")


def state_of(leg: Leg) -> LegState:
    """Return the state, which the type checker would else believe to stay what it was."""
    return leg.state


async def nothing_is_left(harness: LegHarness, leg: Leg, far: FarEnd) -> None:
    """Make sure that a call is over at both ends."""
    await harness.settle()
    assert state_of(leg) is LegState.ENDED
    assert leg.port is None
    assert far.is_free()
    assert harness.open_ports() == 0
