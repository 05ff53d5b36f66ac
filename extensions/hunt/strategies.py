"""Who rings when. Pure: members and figures in, stages out.

A stage is a set of members who ring together, each after its delay; the next stage begins when nobody of
the last one has answered.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from extensions.hunt.model import HuntGroup, Member, Strategy
from extensions.hunt.tally import Figures, Tally


class Turn(msgspec.Struct, frozen=True):
    """One member's turn in a stage."""

    member: Member
    delay_seconds: float
    ring_seconds: float


Stage = tuple[Turn, ...]


def plan(group: HuntGroup, tally: Tally, dice: random.Random) -> list[Stage]:
    """Return the stages of one round through a group.

    Args:
        group: Its members in order.
        tally: What they have done.
        dice: For the strategies that roll them.
    """
    members = list(group.members)
    if group.strategy is Strategy.RING_ALL:
        return [tuple(Turn(m, m.delay_seconds, m.ring_seconds) for m in members)]
    if group.strategy is Strategy.PROGRESSIVE:
        whole = max(m.ring_seconds for m in members) + group.step_seconds * (len(members) - 1)
        return [
            tuple(
                Turn(m, place * group.step_seconds + m.delay_seconds, whole - place * group.step_seconds)
                for place, m in enumerate(members)
            )
        ]
    return [(Turn(m, m.delay_seconds, m.ring_seconds),) for m in _in_order(group, members, tally, dice)]


def _in_order(group: HuntGroup, members: Sequence[Member], tally: Tally, dice: random.Random) -> list[Member]:
    match group.strategy:
        case Strategy.ROUND_ROBIN:
            return _behind(members, tally.last_rung(group.name))
        case Strategy.RANDOM:
            return dice.sample(members, len(members))
        case Strategy.WEIGHTED:
            return _weighted(members, dice)
        case _:
            # Sorting is stable: equal figures leave the order of the list, as linear does.
            return sorted(members, key=lambda member: _figure(group.strategy, tally.of(member.number)))


def _figure(strategy: Strategy, figures: Figures) -> float:
    """Return what a strategy sorts by; the least comes first."""
    match strategy:
        case Strategy.LONGEST_IDLE:
            return figures.last_ended
        case Strategy.FEWEST_CALLS:
            return figures.calls
        case Strategy.LEAST_TALK:
            return figures.talk_seconds
        case _:
            return 0.0


def _behind(members: Sequence[Member], last: str | None) -> list[Member]:
    """Return the list turned so that it begins behind the one who was rung last."""
    places = [place for place, member in enumerate(members) if member.number == last]
    first = places[0] + 1 if places else 0
    return [*members[first:], *members[:first]]


def _weighted(members: Sequence[Member], dice: random.Random) -> list[Member]:
    """Draw without putting back; each draw goes by the weights of those left."""
    left, drawn = list(members), []
    while left:
        member = dice.choices(left, weights=[m.weight for m in left])[0]
        left.remove(member)
        drawn.append(member)
    return drawn
