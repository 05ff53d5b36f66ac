"""A queue's agents, sans-IO: who is signed in, rung, talks, wraps up or has a break.

Theory of operation
-------------------
Each agent goes through the modes of `state.TRANSITIONS` and no other way. Who wants to leave or have a break
while rung or talking does so when that is over (`leaving`). Every stretch of a mode is told when it ends.
"""

from __future__ import annotations

from collections.abc import Callable

from extensions.queue.events import QueueError, Span
from extensions.queue.settings import QueueSettings
from extensions.queue.state import TRANSITIONS, AgentState, Mode


class Team:
    """The agents of one queue.

    Args:
        settings: May be replaced by `replace`.
    """

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings
        self.agents: dict[str, AgentState] = {a.number: AgentState(a) for a in settings.agents}
        self.on_span: Callable[[Span], None] | None = None
        """Told of each stretch of an agent's time when it ends."""

    def replace(self, settings: QueueSettings) -> None:
        """Put changed settings into force; agents who are still listed keep their state."""
        self.settings = settings
        profiles = {a.number: a for a in settings.agents}
        for number, agent in list(self.agents.items()):
            if number in profiles:
                agent.profile = profiles[number]
            elif agent.caller is None:
                del self.agents[number]
            else:
                agent.leaving = Mode.OUT
        for number, profile in profiles.items():
            self.agents.setdefault(number, AgentState(profile))

    def sign_in(self, number: str, now: float) -> None:
        """Have an agent take calls.

        Raises:
            QueueError: Nobody of that number belongs to this queue.
        """
        agent = self._agent(number)
        if agent.mode is Mode.OUT:
            agent.missed = 0
            self._become(agent, Mode.READY, now)
        elif agent.leaving is not None:
            agent.leaving = None

    def sign_out(self, number: str, now: float) -> None:
        """Have an agent take no more calls; one who talks finishes first.

        Raises:
            QueueError: Nobody of that number belongs to this queue.
        """
        self._leave_off(self._agent(number), Mode.OUT, "", now)

    def pause(self, number: str, reason: str, now: float) -> None:
        """Have an agent take a break; one who talks finishes first.

        Raises:
            QueueError: Nobody of that number belongs to this queue, or the agent isn't signed in.
        """
        agent = self._agent(number)
        if agent.mode is Mode.OUT:
            raise QueueError(f"{number} isn't signed in")
        self._leave_off(agent, Mode.PAUSED, reason, now)

    def resume(self, number: str, now: float) -> None:
        """End a break, or wrap-up before its time.

        Raises:
            QueueError: Nobody of that number belongs to this queue.
        """
        agent = self._agent(number)
        agent.leaving = None if agent.leaving is Mode.PAUSED else agent.leaving
        if agent.mode in (Mode.PAUSED, Mode.WRAP_UP):
            agent.missed = 0
            self._become(agent, Mode.READY, now)

    def is_staffed(self, tier: int) -> bool:
        """Tell whether somebody of a tier or above is signed in."""
        return any(a.profile.tier >= tier and a.mode is not Mode.OUT for a in self.agents.values())

    def colleagues(self, number: str) -> list[str]:
        """Return whom an agent may consult or hand on to: ready ones of the own pod, then all others."""
        own = self._agent(number).profile.pod
        others = [a for n, a in self.agents.items() if n != number and a.mode is Mode.READY]
        return [a.profile.number for a in sorted(others, key=lambda a: a.profile.pod != own)]

    def _wake(self, now: float) -> None:
        for agent in self.agents.values():
            if agent.mode is Mode.WRAP_UP and now >= agent.since + self.settings.wrap_up_seconds:
                self._become(agent, Mode.READY, now)

    def _leave_off(self, agent: AgentState, mode: Mode, reason: str, now: float) -> None:
        if agent.mode in (Mode.RINGING, Mode.TALKING):
            agent.leaving, agent.reason = mode, reason
        elif agent.mode is not mode and (mode is Mode.OUT or agent.mode is not Mode.OUT):
            agent.reason = reason
            self._become(agent, mode, now)
        else:
            agent.reason = reason

    def _free(self, agent: AgentState, now: float) -> None:
        """Let an agent go who is rung or talks: to ready, or where it had asked to go."""
        agent.caller = None
        wish, agent.leaving = agent.leaving, None
        self._become(agent, wish or Mode.READY, now)

    def _become(self, agent: AgentState, mode: Mode, now: float) -> None:
        if mode not in TRANSITIONS[agent.mode]:
            raise QueueError(f"{agent.profile.number} can't go from {agent.mode} to {mode}")
        if self.on_span is not None and agent.mode is not Mode.OUT:
            number, lasted = agent.profile.number, now - agent.since
            self.on_span(Span(number, agent.mode, lasted, agent.reason, agent.served))
        agent.mode, agent.since = mode, now
        if mode is not Mode.PAUSED:
            agent.reason = ""

    def _agent(self, number: str) -> AgentState:
        agent = self.agents.get(number)
        if agent is None:
            raise QueueError(f"{number} is no agent of {self.settings.name}")
        return agent
