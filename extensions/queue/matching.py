"""Who fits whom: pure. Agents that fit a caller, in the order in which they should ring."""

from __future__ import annotations

import random
from collections.abc import Iterable

from extensions.hunt.model import Strategy
from extensions.hunt.tally import Tally
from extensions.queue.settings import QueueSettings
from extensions.queue.state import AgentState, Waiting


def relaxed(settings: QueueSettings, waiting: Waiting, now: float) -> int:
    """Return how many levels less of every skill are asked for after so long a wait."""
    waited = now - waiting.since
    return sum(step.by for step in settings.relax if waited >= step.after_seconds)


def asked(settings: QueueSettings, waiting: Waiting, now: float) -> dict[str, int]:
    """Return the skills asked for after so long a wait; levels of at least 1."""
    less = relaxed(settings, waiting, now)
    levels = dict(settings.needs)
    for skill, level in waiting.needs.items():
        levels[skill] = max(level, levels.get(skill, 0))
    return {skill: level - less for skill, level in levels.items() if level > less}


def next_change(settings: QueueSettings, waiting: Waiting, now: float) -> float | None:
    """Return when more agents will come to fit this caller by waiting alone; None for never."""
    steps = [step.after_seconds for step in settings.relax]
    steps += [settings.tier_after_seconds * tier for tier in range(1, 5)] + [settings.pod_after_seconds]
    moments = [waiting.since + step for step in steps if waiting.since + step > now]
    return min(moments, default=None)


def fits(
    agent: AgentState, waiting: Waiting, levels: dict[str, int], settings: QueueSettings, now: float
) -> bool:
    """Tell whether an agent may serve a caller by skill, tier and pod."""
    profile, waited = agent.profile, now - waiting.since
    if profile.tier < waiting.min_tier:
        return False
    above = profile.tier - waiting.min_tier
    if above and waited < settings.tier_after_seconds * above:
        return False
    if waiting.pod and profile.pod != waiting.pod and waited < settings.pod_after_seconds:
        return False
    skills = profile.skills
    return all(skills.get(skill, 0) >= level for skill, level in levels.items())


def in_order(
    agents: Iterable[AgentState],
    waiting: Waiting,
    settings: QueueSettings,
    tally: Tally,
    dice: random.Random,
) -> list[AgentState]:
    """Return agents in the order in which they ring: last agent, own pod, lower tier, then the strategy."""
    listed = list(agents)
    if settings.strategy in (Strategy.RANDOM, Strategy.WEIGHTED):
        dice.shuffle(listed)
    elif settings.strategy is Strategy.ROUND_ROBIN:
        last = tally.last_rung(settings.name)
        places = [place for place, agent in enumerate(listed) if agent.profile.number == last]
        if places:
            listed = listed[places[0] + 1 :] + listed[: places[0] + 1]

    def key(agent: AgentState) -> tuple[bool, bool, int, float]:
        profile = agent.profile
        figures = tally.of(profile.number)
        match settings.strategy:
            case Strategy.LONGEST_IDLE:
                figure = figures.last_ended
            case Strategy.FEWEST_CALLS:
                figure = figures.calls
            case Strategy.LEAST_TALK:
                figure = figures.talk_seconds
            case _:
                figure = 0.0
        is_last = settings.prefer_last_agent and profile.number == waiting.last_agent
        return not is_last, bool(waiting.pod) and profile.pod != waiting.pod, profile.tier, figure

    return sorted(listed, key=key)
