"""What a waiting caller hears and may key.

join ─► music ─┬─ offer: the agent rings ─┬─ answers ─► talk ─► wrap-up
               │                          └─ doesn't ─► music, the place is kept
               ├─ announcement: place and wait, kind words
               ├─ key 1: a message     key 2: called back in turn
               └─ time over: overflow
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Sequence

from extensions.queue.callback import Callbacks
from extensions.queue.desk import QueueDesk
from extensions.queue.events import Offer, Refusal
from extensions.queue.model import QueueModel
from extensions.queue.state import End, Mode, Waiting
from firmware.core.causes import Cause
from firmware.core.leg import Leg
from firmware.core.records import QueueWait, WaitEnd, WrapUp
from firmware.core.trace import Said, known
from firmware.core.trace.calls import Heard
from firmware.core.trace.queues import Hunt, Queues
from firmware.switch.call import Call
from firmware.switch.conversation import Aside, Conversation
from firmware.switch.destinations import Destinations, ToQueue
from firmware.switch.ringing import Attempt
from firmware.switch.sentences import Speaker

MESSAGE_KEY = "1"
CALLBACK_KEY = "2"
_WAIT_ENDS = {
    End.ANSWERED: WaitEnd.ANSWERED,
    End.ABANDONED: WaitEnd.ABANDONED,
    End.TIMED_OUT: WaitEnd.TIMED_OUT,
    End.MESSAGE: WaitEnd.KEYED_OUT,
    End.CALLED_BACK: WaitEnd.KEYED_OUT,
}
# Below this a wait is said as "very soon"; above, in whole minutes.
_SOON_SECONDS = 60.0


class Queueing:
    """Serves callers at queues.

    Args:
        desk: The queues.
        destinations: Where overflow and key 1 lead.
        speaker: Says places and waits.
        callbacks: Calls back; None when that isn't to be had.
        canonical: Gives a caller's number its one form.
    """

    def __init__(
        self,
        desk: QueueDesk,
        destinations: Destinations,
        speaker: Speaker,
        callbacks: Callbacks | None = None,
        canonical: Callable[[str], str] | None = None,
    ) -> None:
        self.desk = desk
        self.destinations = destinations
        self.speaker = speaker
        self.callbacks = callbacks
        self._canonical = canonical

    async def serve(self, call: Call, place: ToQueue) -> Cause:
        """Serve a caller at a queue; the handler for `ToQueue`."""
        model = self.desk.queues.get(place.name)
        if model is None:
            return Cause.UNALLOCATED_NUMBER
        number = call.caller.party.number
        if number is not None and self._canonical is not None:
            number = self._canonical(number)
        joined = model.join(call.journey.id, number, self.desk.now(), priority=self._priority(model, number))
        if isinstance(joined, Refusal):
            record = call.journey.wait_began(place.name, None)
            record.ended_ms, record.end = record.entered_ms, WaitEnd.FULL
            call.journey.route(Queues.ENDED(queue=place.name, end=known(joined.end)))
            cause = await self.destinations.lead(call, *model.settings.overflow)
            return cause if model.settings.overflow else Cause.CONGESTION
        return await self._wait(call, model, joined, place.seconds or model.settings.max_wait_seconds)

    def _priority(self, model: QueueModel, number: str | None) -> int:
        """Return 1 for a caller the queue serves before others."""
        form = self._canonical or str
        return int(number is not None and any(form(one) == number for one in model.settings.first_served))

    def explain(self, name: str) -> list[Said]:
        """Say in plain words what a caller would meet at a queue now."""
        model = self.desk.queues.get(name)
        if model is None:
            return [Queues.NO_QUEUE(queue=name)]
        settings = model.settings
        modes = [agent.mode for agent in model.agents.values()]
        signed = [mode for mode in modes if mode is not Mode.OUT]
        ready = sum(mode is Mode.READY for mode in modes)
        said = [Queues.STATE(waiting=len(model.waiting()), ready=ready, signed=len(signed))]
        if not signed and not settings.join_without_agents:
            said.append(Queues.ENDED(queue=name, end=known(End.NOBODY)))
        else:
            said.append(Queues.WOULD_WAIT(seconds=settings.max_wait_seconds))
        return said + [Hunt.THEN(place=place.said()) for place in settings.overflow]

    async def escalate(self, call: Call, name: str, tier: int, note: str, since: float) -> Cause:
        """Put a caller in line for a higher tier, with the notes so far; its place counts from `since`."""
        model = self.desk.queues[name]
        number = call.caller.party.number
        waiting = model.escalate(call.journey.id, number, note, since, self.desk.now(), tier)
        call.journey.route(Queues.ESCALATED(queue=name, tier=tier))
        return await self._wait(call, model, waiting, model.settings.max_wait_seconds)

    def colleague(self, number: str) -> str | None:
        """Return whom an agent hands on to first: a free one of the own pod, else of the queue."""
        for model in self.desk.queues.values():
            if number in model.agents and model.agents[number].caller is not None:
                return next(iter(model.colleagues(number)), None)
        return None

    def escalate_from(self, conversation: Conversation, by: Leg) -> bool:
        """Have the caller an agent talks with wait for the next tier, with the notes so far.

        False when nobody of a higher tier is signed in, or something else is under way.
        """
        call = conversation.call
        for name, model in self.desk.queues.items():
            agent = model.agents.get(by.address)
            if agent is None or agent.mode is not Mode.TALKING or agent.caller != call.journey.id:
                continue
            tier = agent.profile.tier + 1
            if not model.is_staffed(tier):
                call.journey.route(Queues.NO_TIER(queue=name, tier=tier))
                return False
            serve = functools.partial(self._escalated, name=name, tier=tier, since=agent.since)
            return conversation.ask(Aside(by, serve))
        return False

    async def _escalated(self, call: Call, by: Leg, name: str, tier: int, since: float) -> Sequence[Leg]:
        call.journey.route(Queues.ESCALATED_BY(queue=name, agent=by.address, tier=tier))
        await by.hang_up()
        note = "; ".join(one.text for one in call.journey.journey.notes)
        cause = await self.escalate(call, name, tier, note, since)
        if cause is not Cause.NORMAL and call.caller.ending is None:
            await call.play(Heard.NOBODY_THERE(), self.speaker.in_language(call.language).say("nobody-there"))
        return ()

    async def _wait(self, call: Call, model: QueueModel, waiting: Waiting, seconds: float) -> Cause:
        position = model.position(waiting.id)
        record = call.journey.wait_began(model.settings.name, position)
        words = Queues.PLACE_RESUMED if waiting.since < waiting.joined else Queues.PLACE
        call.journey.route(words(queue=model.settings.name, place=position or 0))
        visit = _Visit(self, call, model, waiting, record, seconds)
        try:
            await call.answer()
            call.arrived()
            return await visit.run()
        finally:
            visit.close()


class _Visit:
    """One caller's stay."""

    def __init__(
        self,
        queueing: Queueing,
        call: Call,
        model: QueueModel,
        waiting: Waiting,
        record: QueueWait,
        seconds: float,
    ) -> None:
        self._q = queueing
        self._call = call
        self._model = model
        self._settings = model.settings
        self._speaker = queueing.speaker.in_language(call.language)
        self._waiting = waiting
        self._record = record
        self._offers: asyncio.Queue[Offer] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + seconds
        self._next_place = loop.time() + (self._settings.announce_seconds or float("inf"))
        self._next_comfort = loop.time() + (self._settings.comfort_seconds or float("inf"))
        self._messages = itertools.cycle(self._settings.messages)
        self._offered_callback = False
        queueing.desk.attend(waiting.id, self._offers.put_nowait)

    def close(self) -> None:
        """Whatever way the stay ended: give the place up, with its reason."""
        if self._record.end is None:
            self._leave(End.ABANDONED)
        if not self._waiting.callback:
            self._q.desk.forget(self._waiting.id)

    async def run(self) -> Cause:
        desk, call = self._q.desk, self._call
        desk.pump(self._settings.name)
        while True:
            music = call.play_music(Heard.WAITING_MUSIC())
            try:
                happened = await self._next()
            finally:
                music.stop()
            match happened:
                case Offer():
                    leg, who = await self._ring(happened)
                    if leg is not None:
                        await self._talk(leg, who)
                        return Cause.NORMAL
                case "place":
                    await self._announce()
                case "comfort":
                    self._next_comfort = desk.now() + self._settings.comfort_seconds
                    await call.play(Heard.KIND_WORDS(), self._speaker.say(next(self._messages)))
                case "over":
                    return await self._overflow()
                case key if key == MESSAGE_KEY and self._settings.message is not None:
                    self._leave(End.MESSAGE)
                    return await self._q.destinations.lead(call, self._settings.message)
                case key if key == CALLBACK_KEY and await self._kept_for_callback():
                    return Cause.NORMAL

    async def _next(self) -> Offer | str:
        """Wait for the next thing to happen: an offer, a key, "place", "comfort" or "over"."""
        if not self._offers.empty():
            return self._offers.get_nowait()
        offer = asyncio.ensure_future(self._offers.get())
        key = asyncio.ensure_future(self._call.next_digit())
        dues = {
            "over": self._deadline,
            "place": self._next_place,
            "comfort": self._next_comfort,
        }
        due = min(dues, key=lambda what: dues[what])
        left = max(0.0, dues[due] - self._q.desk.now())
        waits: set[asyncio.Future[Offer] | asyncio.Future[str]] = {offer, key}
        try:
            await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if offer.done():
                return offer.result()
            return key.result() if key.done() else due
        finally:
            offer.cancel()
            key.cancel()

    async def _ring(self, offer: Offer) -> tuple[Leg | None, str]:
        call, name = self._call, self._settings.name
        call.journey.route(Queues.RUNG(queue=name, agents=offer.agents))
        attempts = [
            Attempt(number, functools.partial(self._make, number), self._settings.ring_seconds, group=name)
            for number in offer.agents
        ]
        music = call.play_music(Heard.WAITING_MUSIC())
        try:
            rung = await call.ring_any(attempts, hears=())
        finally:
            music.stop()
        now = self._q.desk.now()
        if rung.leg is not None and rung.who in offer.agents:
            self._model.answered(self._waiting.id, rung.who, now)
            return rung.leg, rung.who
        for number in offer.agents:
            self._model.missed(self._waiting.id, number, now, counts=rung.leg is None)
        if rung.leg is not None:
            self._leave(End.ANSWERED)
            return rung.leg, rung.who
        self._q.desk.pump(name)
        return None, ""

    def _make(self, number: str) -> Leg | Cause:
        extension = self._call.directory.find(number)
        return Cause.UNALLOCATED_NUMBER if extension is None else self._call.directory.leg_to(extension)

    async def _talk(self, leg: Leg, who: str) -> None:
        desk, call = self._q.desk, self._call
        self._record.agent = who
        self._ended(End.ANSWERED)
        desk.pump(self._settings.name)
        call.journey.is_for(who)
        unsubscribe = leg.subscribe(lambda _: None if leg.ending is None else self._talked(who))
        try:
            await call.bridge(leg)
        finally:
            unsubscribe()
            self._talked(who)

    def _talked(self, who: str) -> None:
        """The agent is out of the call, which itself may go on elsewhere."""
        agent = self._model.agents.get(who)
        if agent is None or agent.caller != self._waiting.id:
            return
        self._call.journey.journey.wrap_ups.append(WrapUp(who, self._call.journey.elapsed_ms()))
        self._model.done(who, self._q.desk.now())
        self._q.desk.pump(self._settings.name)

    async def _announce(self) -> None:
        self._next_place = self._q.desk.now() + self._settings.announce_seconds
        speaker, place = self._speaker, self._model.position(self._waiting.id)
        wait = self._model.expected_wait(self._waiting.id)
        if place is None:
            return
        items = [*speaker.say("queue-position"), *speaker.number(place)]
        if wait is not None and wait < _SOON_SECONDS:
            items += speaker.say("queue-soon")
        elif wait is not None:
            items += [*speaker.say("queue-wait-minutes"), *speaker.number(round(wait / 60))]
        if self._settings.message is not None:
            items += speaker.say("queue-leave-message")
        if self._settings.callback and self._q.callbacks is not None and self._waiting.number:
            items += speaker.say("queue-callback-offer")
        await self._call.play(Heard.PLACE(place=place), items)

    async def _overflow(self) -> Cause:
        self._leave(End.TIMED_OUT)
        cause = await self._q.destinations.lead(self._call, *self._settings.overflow)
        return cause if self._settings.overflow else Cause.NO_ANSWER

    async def _kept_for_callback(self) -> bool:
        callbacks = self._q.callbacks
        number = self._waiting.number
        if callbacks is None or not self._settings.callback or not number or not callbacks.may_call(number):
            return False
        if not self._model.keep_for_callback(self._waiting.id, self._q.desk.now()):
            return False
        callbacks.keep(self._settings.name, self._waiting, self._call.journey.id)
        self._call.journey.route(Queues.KEEPS_PLACE(queue=self._settings.name))
        self._ended(End.CALLED_BACK)
        await self._call.play(Heard.CALLED_BACK(), self._speaker.say("queue-callback-kept"))
        return True

    def _leave(self, end: End) -> None:
        if self._record.end is not None:
            return
        self._model.leave(self._waiting.id, end, self._q.desk.now())
        if end is not End.ANSWERED:
            self._call.journey.route(Queues.ENDED(queue=self._settings.name, end=known(end)))
        self._ended(end)
        self._q.desk.pump(self._settings.name)

    def _ended(self, end: End) -> None:
        self._record.end = _WAIT_ENDS[end]
        self._record.ended_ms = self._call.journey.elapsed_ms()
