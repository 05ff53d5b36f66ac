"""A whole queue, sans-IO: what happens and `now` go in, offers come out.

Theory of operation
-------------------
Callers `join` and get a ticket in an order (priority, then time). `decide` walks that order and gives each
caller whom nobody is rung for the free agents that fit it; an agent is in one offer at most. What comes of an
offer is reported by `answered` or `missed`; the end of a talk by `done`; a caller's going by `leave`, always
with its reason. `next_wake` says when time alone may change something.

Nobody is forgotten: a caller leaves the order by `answered` or `leave` only.
"""

from __future__ import annotations

import bisect
import random
from collections import deque
from collections.abc import Callable

from extensions.hunt.model import Strategy
from extensions.hunt.tally import Tally
from extensions.queue.events import Offer, QueueError, Refusal
from extensions.queue.matching import asked, fits, in_order, next_change, relaxed
from extensions.queue.memory import CallerMemory
from extensions.queue.settings import QueueSettings
from extensions.queue.state import End, Mode, Waiting
from extensions.queue.team import Team

# What a call is taken to last until the queue has seen its own.
_TYPICAL_SECONDS = 180.0
_REMEMBERED_CALLS = 30


class QueueModel(Team):
    """One queue: its team, and who waits for it.

    Args:
        settings: May be replaced by `replace`.
        tally: What agents have done, shared with groups and other queues.
        is_free: Whether an agent's phone can be rung, as far as other calls go.
        dice: For the strategies that roll them.
    """

    def __init__(
        self,
        settings: QueueSettings,
        tally: Tally,
        is_free: Callable[[str], bool] = lambda _: True,
        dice: random.Random | None = None,
    ) -> None:
        super().__init__(settings)
        self.ends: dict[End, int] = dict.fromkeys(End, 0)
        """How many waits ended for which reason."""
        self._tally = tally
        self._is_free = is_free
        self._dice = dice or random.SystemRandom()
        self._order: list[Waiting] = []
        self._waiting: dict[str, Waiting] = {}
        self._lengths: deque[float] = deque(maxlen=_REMEMBERED_CALLS)
        self._memory = CallerMemory()

    # Callers

    def join(
        self,
        caller: str,
        number: str | None,
        now: float,
        *,
        priority: int = 0,
        needs: dict[str, int] | None = None,
    ) -> Waiting | Refusal:
        """Give a caller a place: the old one if it dropped a moment ago.

        Args:
            caller: An id that is used once.
            number: Canonical number; None when withheld.
            now: Monotonic seconds.
            priority: Higher is served first.
            needs: Skills beyond the queue's own.
        """
        if caller in self._waiting:
            raise QueueError(f"{caller} waits already")
        if not self.settings.join_without_agents and all(a.mode is Mode.OUT for a in self.agents.values()):
            return self._refuse(End.NOBODY)
        if len(self._order) >= self.settings.max_waiting:
            return self._refuse(End.FULL)
        since = self._memory.resume(number, now, self.settings.place_kept_seconds)
        last = self._memory.last_agent(number)
        waiting = Waiting(caller, number, since, now, priority, dict(needs or {}), last_agent=last)
        waiting.pod = self._pod_for(waiting)
        self._insert(waiting)
        return waiting

    def leave(self, caller: str, end: End, now: float) -> Waiting | None:
        """Take a caller out of the order, for a reason; whoever is rung for it is free again."""
        waiting = self._waiting.pop(caller, None)
        if waiting is None:
            return None
        self._order.remove(waiting)
        self.ends[end] += 1
        for number in waiting.offered:
            self._free(self.agents[number], now)
        if end is End.ABANDONED:
            self._memory.dropped(waiting.number, waiting.since, now)
        return waiting

    def keep_for_callback(self, caller: str, now: float) -> bool:
        """Let a caller hang up and keep its place, to be called back; false without a number."""
        waiting = self._waiting.get(caller)
        if waiting is None or not waiting.number or waiting.offered:
            return False
        waiting.callback = True
        return True

    def escalate(
        self, caller: str, number: str | None, note: str, since: float, now: float, tier: int
    ) -> Waiting:
        """Put a caller whom an agent has talked with in line for a higher tier, with what was written."""
        waiting = Waiting(caller, number, since, now, min_tier=tier, notes=(note,) if note else ())
        self._insert(waiting)
        return waiting

    def restore(self, waiting: Waiting) -> None:
        """Give a caller who is to be called back the place from before a restart.

        Raises:
            QueueError: It waits already.
        """
        if waiting.id in self._waiting:
            raise QueueError(f"{waiting.id} waits already")
        self._insert(waiting)

    def rejoin(self, waiting: Waiting, now: float) -> None:
        """Put a caller who was to be called back and couldn't be reached at the end of the line."""
        waiting.since, waiting.offered = now, frozenset()
        self._insert(waiting)

    def position(self, caller: str) -> int | None:
        """Return a caller's place, 1 for the next to be served; None for one that doesn't wait."""
        waiting = self._waiting.get(caller)
        return None if waiting is None else self._order.index(waiting) + 1

    def expected_wait(self, caller: str) -> float | None:
        """Return how long a caller will probably wait yet, in seconds; None while nobody is signed in."""
        place = self.position(caller)
        serving = sum(a.mode not in (Mode.OUT, Mode.PAUSED) for a in self.agents.values())
        if place is None or not serving:
            return None
        length = sum(self._lengths) / len(self._lengths) if self._lengths else _TYPICAL_SECONDS
        return place * (length + self.settings.wrap_up_seconds) / serving

    def waiting(self) -> list[Waiting]:
        """Return who waits, in the order of being served."""
        return list(self._order)

    def is_empty(self) -> bool:
        """Tell whether nobody waits and no agent is rung or talks."""
        return not self._order and all(agent.caller is None for agent in self.agents.values())

    def find(self, caller: str) -> Waiting | None:
        return self._waiting.get(caller)

    # Deciding

    def decide(self, now: float) -> list[Offer]:
        """Return whom to ring for whom; those agents count as ringing from now on."""
        self._wake(now)
        free = {
            number: agent
            for number, agent in self.agents.items()
            if agent.mode is Mode.READY and agent.not_before <= now and self._is_free(number)
        }
        staffed = {a.profile.pod for a in self.agents.values() if a.mode is not Mode.OUT}
        offers: list[Offer] = []
        # Callers who ask for the same find the same nobody: no need to look through the agents again.
        hopeless: set[tuple[object, ...]] = set()
        for waiting in self._order:
            if not free:
                break
            if waiting.offered:
                continue
            if waiting.pod and waiting.pod not in staffed:
                # Its pod has gone home: the caller is everybody's.
                waiting.pod = ""
            waited = now - waiting.since
            likes = (
                waiting.wants,
                relaxed(self.settings, waiting, now),
                waiting.min_tier,
                waiting.pod,
                waited >= self.settings.pod_after_seconds,
                waited // (self.settings.tier_after_seconds or 1.0),
            )
            if likes in hopeless:
                continue
            levels = asked(self.settings, waiting, now)
            fit = [a for a in free.values() if fits(a, waiting, levels, self.settings, now)]
            if not fit:
                hopeless.add(likes)
                continue
            chosen = in_order(fit, waiting, self.settings, self._tally, self._dice)
            if self.settings.strategy is not Strategy.RING_ALL:
                chosen = chosen[:1]
            for agent in chosen:
                del free[agent.profile.number]
                self._become(agent, Mode.RINGING, now)
                agent.caller = waiting.id
                self._tally.rung(self.settings.name, agent.profile.number)
            waiting.offered = frozenset(a.profile.number for a in chosen)
            offers.append(Offer(waiting.id, tuple(a.profile.number for a in chosen)))
        return offers

    def answered(self, caller: str, number: str, now: float) -> Waiting:
        """Note that an agent took a caller who was offered; others who rang for it are free again.

        Raises:
            QueueError: The agent wasn't rung for this caller.
        """
        waiting = self._waiting.get(caller)
        if waiting is None or number not in waiting.offered:
            raise QueueError(f"{number} wasn't rung for {caller}")
        for other in waiting.offered - {number}:
            self._free(self.agents[other], now)
        del self._waiting[caller]
        self._order.remove(waiting)
        agent = self.agents[number]
        agent.missed = 0
        self._become(agent, Mode.TALKING, now)
        self.ends[End.CALLED_BACK if waiting.callback else End.ANSWERED] += 1
        self._memory.served(waiting.number, number)
        return waiting

    def missed(self, caller: str, number: str, now: float, *, counts: bool = True) -> None:
        """Note that an agent who was rung didn't take the caller.

        Args:
            caller: For whom.
            number: The agent.
            now: Monotonic seconds.
            counts: Whether it counts towards the automatic pause (not when the agent was quicker elsewhere).
        """
        waiting = self._waiting.get(caller)
        agent = self.agents.get(number)
        if waiting is not None:
            waiting.offered -= {number}
        if agent is None or agent.caller != caller or agent.mode is not Mode.RINGING:
            return
        agent.missed += counts
        if counts and self.settings.max_missed and agent.missed >= self.settings.max_missed:
            agent.leaving = agent.leaving or Mode.PAUSED
            agent.reason = f"{agent.missed} calls in a row not answered"
        self._free(agent, now)
        agent.not_before = now + self.settings.retry_seconds

    def done(self, number: str, now: float) -> None:
        """Note that an agent's talk is over."""
        agent = self.agents.get(number)
        if agent is None or agent.mode is not Mode.TALKING:
            return
        seconds = now - agent.since
        self._lengths.append(seconds)
        self._tally.talked(number, seconds, now)
        agent.served, agent.caller = agent.caller or "", None
        if agent.leaving is not None:
            self._free(agent, now)
        else:
            self._become(agent, Mode.WRAP_UP if self.settings.wrap_up_seconds else Mode.READY, now)

    def next_wake(self, now: float) -> float | None:
        """Return when `decide` should be called again though nothing happens; None for never."""
        moments = [
            agent.since + self.settings.wrap_up_seconds
            for agent in self.agents.values()
            if agent.mode is Mode.WRAP_UP
        ]
        moments += [a.not_before for a in self.agents.values() if a.mode is Mode.READY and a.not_before > now]
        if any(agent.mode is Mode.READY for agent in self.agents.values()):
            changes = (next_change(self.settings, w, now) for w in self._order if not w.offered)
            moments += [moment for moment in changes if moment is not None]
        return min(moments, default=None)

    def _pod_for(self, waiting: Waiting) -> str:
        """Return the pod of who served last, else the pod with the most ready and the fewest waiting."""
        pods = {a.profile.pod for a in self.agents.values() if a.profile.pod and a.mode is not Mode.OUT}
        if not pods:
            return ""
        last = self.agents.get(waiting.last_agent or "")
        if last is not None and last.profile.pod in pods:
            return last.profile.pod

        def load(pod: str) -> tuple[int, str]:
            ready = sum(a.profile.pod == pod and a.mode is Mode.READY for a in self.agents.values())
            return sum(w.pod == pod for w in self._order) - ready, pod

        return min(pods, key=load)

    def _insert(self, waiting: Waiting) -> None:
        waiting.wants = tuple(sorted(waiting.needs.items()))
        bisect.insort(self._order, waiting, key=Waiting.order)
        self._waiting[waiting.id] = waiting

    def _refuse(self, end: End) -> Refusal:
        self.ends[end] += 1
        return Refusal(end)
