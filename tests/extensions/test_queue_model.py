"""The queue under chance: nobody forgotten, no phone rung twice at once, no agent with two calls."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from extensions.hunt import Strategy, Tally
from extensions.queue import AgentProfile, Mode, Offer, QueueModel, QueueSettings, Refusal, Relax
from extensions.queue.events import QueueError
from extensions.queue.matching import asked, fits
from extensions.queue.state import TRANSITIONS, End, Waiting

AGENTS = (
    AgentProfile("101", {"english": 8}, pod="north"),
    AgentProfile("102", {"english": 3}, pod="north"),
    AgentProfile("103", {}, pod="south"),
    AgentProfile("104", {"english": 5}, tier=2, pod="south"),
)
NUMBERS = [agent.number for agent in AGENTS]
# Ringing all is the one with several agents to an offer: it is drawn as often as the others together.
STRATEGIES = [*Strategy, *[Strategy.RING_ALL] * len(Strategy)]
CALLERS = st.integers(0, 6).map(lambda n: None if n == 6 else f"+861380013800{n}")


class QueueUnderChance(RuleBasedStateMachine):
    """Random arrivals, answers, hang-ups, pauses and crashes, with a decision after each as the desk does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.serial = 0
        self.joined: set[str] = set()
        self.gone: dict[str, End] = {}
        self.rung: dict[str, str] = {}
        self.talking: dict[str, str] = {}
        self.crashed: set[str] = set()
        self.spans: list[float] = []
        self.decided = False
        self.model = self._queue(Strategy.LONGEST_IDLE)

    def _queue(self, strategy: Strategy) -> QueueModel:
        model = QueueModel(
            QueueSettings(
                "service", AGENTS, strategy=strategy, needs={},
                relax=(Relax(30, 2), Relax(90, 9)), join_without_agents=True, max_waiting=12,
            ),
            Tally(),
            lambda number: number not in self.crashed,
            random.Random(7),
        )  # fmt: skip
        model.on_span = lambda span: self.spans.append(span.seconds)
        return model

    @initialize(strategy=st.sampled_from(STRATEGIES), signed_in=st.sets(st.sampled_from(NUMBERS), min_size=1))
    def open_the_office(self, strategy: Strategy, signed_in: set[str]) -> None:
        self.model = self._queue(strategy)
        for number in sorted(signed_in):
            self.model.sign_in(number, self.now)

    @rule(number=CALLERS, priority=st.integers(0, 2), english=st.integers(0, 9))
    def arrive(self, number: str | None, priority: int, english: int) -> None:
        self.serial += 1
        caller = f"c{self.serial}"
        needs = {"english": english} if english else {}
        joined = self.model.join(caller, number, self.now, priority=priority, needs=needs)
        if isinstance(joined, Refusal):
            assert joined.end is End.FULL
        else:
            self.joined.add(caller)
        self._decide()

    @rule(who=st.sampled_from(AGENTS))
    def sign_in(self, who: AgentProfile) -> None:
        self.model.sign_in(who.number, self.now)
        self._decide()

    @rule(who=st.sampled_from(AGENTS), goes=st.integers(0, 4).map(lambda n: n == 4))
    def sign_out(self, who: AgentProfile, goes: bool) -> None:
        if not goes:
            return
        self.model.sign_out(who.number, self.now)
        self._decide()

    @rule(who=st.sampled_from(AGENTS), back=st.integers(0, 4).map(bool))
    def take_a_break(self, who: AgentProfile, back: bool) -> None:
        if self.model.agents[who.number].mode is not Mode.OUT:
            self.model.pause(who.number, "lunch", self.now)
        if back:
            self.model.resume(who.number, self.now)
        self._decide()

    @precondition(lambda self: self.rung)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(sorted(self.rung)))
        caller = self.rung[agent]
        self.model.answered(caller, agent, self.now)
        self.rung = {a: c for a, c in self.rung.items() if c != caller}
        self.talking[agent] = caller
        self.gone[caller] = End.ANSWERED
        self._decide()

    @precondition(lambda self: self.rung)
    @rule(data=st.data(), crash=st.booleans())
    def miss(self, data: st.DataObject, crash: bool) -> None:
        agent = data.draw(st.sampled_from(sorted(self.rung)))
        caller = self.rung.pop(agent)
        if crash:
            self.crashed.add(agent)
        self.model.missed(caller, agent, self.now)
        self._decide()

    @precondition(lambda self: self.crashed)
    @rule()
    def phones_come_back(self) -> None:
        self.crashed.clear()
        self._decide()

    @precondition(lambda self: self.talking)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(sorted(self.talking)))
        del self.talking[agent]
        self.model.done(agent, self.now)
        self._decide()

    @precondition(lambda self: self.joined - set(self.gone))
    @rule(data=st.data(), end=st.sampled_from([End.ABANDONED, End.TIMED_OUT, End.MESSAGE]))
    def give_up(self, data: st.DataObject, end: End) -> None:
        caller = data.draw(st.sampled_from(sorted(self.joined - set(self.gone))))
        assert self.model.leave(caller, end, self.now) is not None
        self.gone[caller] = end
        self.rung = {a: c for a, c in self.rung.items() if c != caller}
        self._decide()

    @rule(seconds=st.floats(0.5, 120))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (wake := self.model.next_wake(self.now)) is not None and wake <= until:
            self.now = max(wake, self.now + 0.01)
            self._decide()
        self.now = max(until, self.now)
        self._decide()

    def _decide(self) -> None:
        self.decided = True
        before = {w.id: w for w in self.model.waiting() if not w.offered}
        for offer in self.model.decide(self.now):
            self._check_offer(offer, before)
            for agent in offer.agents:
                assert agent not in self.rung, "an agent is rung twice at once"
                assert agent not in self.talking, "an agent with two calls"
                assert agent not in self.crashed
                self.rung[agent] = offer.caller

    def _check_offer(self, offer: Offer, before: dict[str, Waiting]) -> None:
        assert offer.caller in before, "a caller is rung for twice at once"
        if self.model.settings.strategy is not Strategy.RING_ALL:
            assert len(offer.agents) == 1
        waiting = before[offer.caller]
        levels = asked(self.model.settings, waiting, self.now)
        for number in offer.agents:
            agent = self.model.agents[number]
            assert fits(agent, waiting, levels, self.model.settings, self.now)

    @invariant()
    def nobody_is_forgotten(self) -> None:
        waiting = {w.id for w in self.model.waiting()}
        assert waiting == self.joined - set(self.gone)
        assert sum(self.model.ends.values()) - self.model.ends[End.FULL] == len(self.gone)

    @invariant()
    def both_sides_agree(self) -> None:
        ringing = {n: a.caller for n, a in self.model.agents.items() if a.mode is Mode.RINGING}
        talking = {n: a.caller for n, a in self.model.agents.items() if a.mode is Mode.TALKING}
        assert ringing == self.rung
        assert talking == self.talking
        assert all(a.caller is None for n, a in self.model.agents.items() if n not in {**ringing, **talking})

    @invariant()
    def the_order_is_kept(self) -> None:
        order = [w.order() for w in self.model.waiting()]
        assert order == sorted(order)

    @invariant()
    def no_time_runs_backwards(self) -> None:
        assert all(seconds >= 0 for seconds in self.spans)

    @invariant()
    def whoever_can_be_served_is_being_served(self) -> None:
        """An idle agent and an idle caller whom it fits would mean that the caller is forgotten."""
        if not self.decided:
            return
        for waiting in self.model.waiting():
            levels = asked(self.model.settings, waiting, self.now)
            for number, agent in self.model.agents.items():
                idle = agent.mode is Mode.READY and agent.not_before <= self.now
                if idle and number not in self.crashed and not waiting.offered:
                    assert not fits(agent, waiting, levels, self.model.settings, self.now)


QueueUnderChance.TestCase.settings = hypothesis_settings(
    max_examples=200, stateful_step_count=60, deadline=None
)
TestQueueUnderChance = QueueUnderChance.TestCase


def _queue(**changes: object) -> QueueModel:
    return QueueModel(QueueSettings("service", AGENTS, **changes), Tally(), dice=random.Random(1))  # type: ignore[arg-type]  # forwarded


def _in(model: QueueModel, *numbers: str) -> None:
    for number in numbers:
        model.sign_in(number, 0.0)


def test_the_priority_caller_is_served_before_those_who_came_first() -> None:
    model = _queue(join_without_agents=True)
    model.join("first", "+8613800138001", 0.0)
    model.join("boss", "+8613800138002", 5.0, priority=1)
    _in(model, "101")
    assert model.decide(6.0) == [Offer("boss", ("101",))]
    assert model.position("first") == 2


def test_skill_is_asked_for_less_the_longer_the_wait() -> None:
    model = _queue(needs={"english": 5}, relax=(Relax(30, 2), Relax(60, 3)), pod_after_seconds=0)
    _in(model, "102", "103")
    model.join("caller", None, 0.0)
    assert model.decide(0.0) == []
    assert model.next_wake(0.0) == 30.0
    assert model.decide(30.0) == [Offer("caller", ("102",))]
    model.missed("caller", "102", 48.0)
    model.pause("102", "lunch", 48.0)
    assert model.decide(50.0) == []
    assert model.decide(60.0) == [Offer("caller", ("103",))]


def test_when_all_ring_the_others_are_free_as_soon_as_one_has_answered() -> None:
    model = _queue(strategy=Strategy.RING_ALL, pod_after_seconds=0)
    _in(model, "101", "102", "103")
    model.join("one", None, 0.0)
    assert model.decide(0.0) == [Offer("one", ("101", "102", "103"))]
    model.answered("one", "102", 3.0)
    model.join("two", None, 4.0)
    assert model.decide(4.0) == [Offer("two", ("101", "103"))]


def test_the_agent_who_served_last_is_preferred() -> None:
    model = _queue(wrap_up_seconds=0)
    _in(model, "101", "102")
    model.join("once", "+8613800138001", 0.0)
    ((offer),) = model.decide(0.0)
    model.answered("once", offer.agents[0], 1.0)
    model.done(offer.agents[0], 60.0)
    model.join("again", "+8613800138001", 70.0)
    assert model.decide(70.0) == [Offer("again", offer.agents)]


def test_the_place_of_a_dropped_call_is_resumed_within_a_minute() -> None:
    model = _queue(join_without_agents=True)
    for name, at in (("a", 0.0), ("b", 10.0), ("c", 20.0)):
        model.join(name, f"+861380013800{name}", at)
    model.leave("a", End.ABANDONED, 30.0)
    model.join("a2", "+861380013800a", 60.0)
    assert model.position("a2") == 1
    model.leave("b", End.ABANDONED, 61.0)
    model.join("b2", "+861380013800b", 130.0)
    assert model.position("b2") == 3


def test_unanswered_rings_pause_an_agent_by_itself() -> None:
    model = _queue(max_missed=2, retry_seconds=0)
    _in(model, "101")
    model.join("caller", None, 0.0)
    for now in (0.0, 20.0):
        model.decide(now)
        model.missed("caller", "101", now + 18)
    agent = model.agents["101"]
    assert (agent.mode, agent.reason) == (Mode.PAUSED, "2 calls in a row not answered")
    assert model.decide(60.0) == []


def test_wrap_up_keeps_an_agent_free_until_it_is_over() -> None:
    model = _queue(wrap_up_seconds=15)
    _in(model, "101")
    model.join("one", None, 0.0)
    model.join("two", None, 1.0)
    model.decide(1.0)
    model.answered("one", "101", 2.0)
    model.done("101", 60.0)
    assert model.decide(61.0) == []
    assert model.next_wake(61.0) == 75.0
    assert model.decide(75.0) == [Offer("two", ("101",))]


def test_specialists_serve_after_a_while_or_by_escalation_with_the_notes() -> None:
    model = _queue(tier_after_seconds=60, pod_after_seconds=0)
    _in(model, "104")
    model.join("caller", None, 0.0)
    assert model.decide(59.0) == []
    assert model.decide(60.0) == [Offer("caller", ("104",))]
    model.missed("caller", "104", 70.0)
    model.leave("caller", End.TIMED_OUT, 71.0)
    waiting = model.escalate("other", None, "router is broken", 0.0, 80.0, tier=2)
    assert model.decide(80.0) == [Offer("other", ("104",))]
    assert waiting.notes == ("router is broken",)


def test_a_pod_serves_its_own_callers_first_and_consults_inside() -> None:
    model = _queue(pod_after_seconds=45)
    _in(model, "101", "102", "103")
    model.join("regular", "+8613800138001", 0.0)
    (offer,) = model.decide(0.0)
    model.answered("regular", offer.agents[0], 1.0)
    assert offer.agents == ("101",)
    assert model.colleagues("101") == ["102", "103"]
    model.done(offer.agents[0], 2.0)
    for number in ("101", "102"):
        model.pause(number, "lunch", 3.0)
    again = model.join("again", "+8613800138001", 4.0)
    assert isinstance(again, Waiting)
    assert again.pod == "north"
    assert model.decide(5.0) == []
    assert model.decide(49.0) == [Offer("again", ("103",))]


def test_a_caller_whose_pod_has_gone_home_is_everybodys() -> None:
    model = _queue()
    _in(model, "101", "103")
    model.join("north's", None, 0.0)
    model.sign_out("103", 1.0)
    model.sign_out("101", 1.0)
    model.missed("north's", "101", 1.0)
    _in(model, "103")
    assert model.decide(2.0) == [Offer("north's", ("103",))]


def test_the_expected_wait_grows_with_the_place_and_shrinks_with_the_agents() -> None:
    model = _queue(join_without_agents=True, wrap_up_seconds=0)
    model.join("one", None, 0.0)
    model.join("two", None, 1.0)
    assert model.expected_wait("two") is None
    _in(model, "101")
    assert model.expected_wait("two") == 360.0
    _in(model, "102")
    assert model.expected_wait("two") == 180.0
    assert model.expected_wait("one") == 90.0


def test_full_and_deserted_queues_turn_callers_away_and_say_why() -> None:
    model = _queue(max_waiting=1)
    refused = model.join("nobody there", None, 0.0)
    assert isinstance(refused, Refusal)
    assert refused.end is End.NOBODY
    _in(model, "104")
    model.join("one", None, 0.0)
    refused = model.join("two", None, 0.0)
    assert isinstance(refused, Refusal)
    assert refused.end is End.FULL


def test_what_the_state_does_not_allow_is_refused_and_changes_nothing() -> None:
    model = _queue()
    with pytest.raises(QueueError):
        model.sign_in("999", 0.0)
    with pytest.raises(QueueError):
        model.pause("101", "lunch", 0.0)
    with pytest.raises(QueueError):
        model.answered("nobody", "101", 0.0)
    assert model.agents["101"].mode is Mode.OUT
    assert set(TRANSITIONS) == set(Mode)
