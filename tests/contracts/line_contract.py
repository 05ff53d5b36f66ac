"""The contract suite of `hal.line.Line`: the same stories for every driver, over every kind of wire.

A driver subclasses `LineContract` as `TestSomething` and gives the fixture `harness`: a line and the far side
that a story can play. Time is virtual: mark the module `pytest.mark.looptime`.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeVar

import pytest

from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    Line,
    LineError,
    LineEvent,
    LineState,
    RemoteAlerting,
    StateChanged,
)

PATIENCE_S = 90.0
"""Longest anything may take, in virtual seconds."""


class Lacks(enum.Enum):
    """What a technology can't do; stories about it are skipped."""

    NUMBERS = "have callers with numbers, or numbers to call"
    DEVICE = "vanish in mid-call: there is no device of its own"


class FarSide(Protocol):
    """The network and the people beyond the line."""

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        """Somebody dials the line."""

    def hang_up(self) -> None:
        """The caller hangs up or gives up."""

    def press(self, keys: str) -> None:
        """The party presses keys, a moment apart."""

    def will_answer(self, number: str) -> None: ...
    def will_be_busy(self, number: str) -> None: ...
    def will_not_answer(self, number: str) -> None: ...
    def will_refuse(self, number: str) -> None: ...

    def is_talking(self) -> bool: ...
    def is_free(self) -> bool: ...
    def keys_heard(self) -> str:
        """What we pressed and the party heard."""

    def vanish(self) -> None:
        """The device goes away."""

    def come_back(self) -> None: ...


class LineHarness(Protocol):
    far: FarSide
    lacks: frozenset[Lacks]

    @property
    def line(self) -> Line: ...

    async def begin(self) -> None:
        """Plug the device in and start the line, within the running loop."""

    async def end(self) -> None:
        """Stop it and clear up."""

    async def settle(self) -> None:
        """Wait until what we sent has surely arrived at the far side."""


_Event = TypeVar("_Event")


class Heard:
    """Everything a line has said, and waits for what it will say."""

    def __init__(self, line: Line) -> None:
        self.events: list[LineEvent] = []
        self._more = asyncio.Event()
        line.subscribe(self._take)

    def _take(self, event: LineEvent) -> None:
        self.events.append(event)
        self._more.set()

    def all(self, kind: type[_Event]) -> list[_Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def next(self, kind: type[_Event], count: int = 1) -> _Event:
        """Wait for the `count`th event of a kind since the beginning."""
        await self.until(lambda: len(self.all(kind)) >= count, kind.__name__)
        return self.all(kind)[count - 1]

    async def state(self, line: Line, wanted: LineState) -> None:
        await self.until(lambda: line.state is wanted, wanted.value)

    async def until(self, true: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pytest.fail(f"no {what} came; heard {self.events}")


@contextlib.asynccontextmanager
async def running(harness: LineHarness) -> AsyncIterator[Heard]:
    """Start the line, wait until it is ready, and listen from then on."""
    await harness.begin()
    try:
        await Heard(harness.line).state(harness.line, LineState.READY)
        yield Heard(harness.line)
    finally:
        await harness.end()


class LineContract(abc.ABC):
    """The stories. Subclass it as `Test…`."""

    @pytest.fixture
    @abc.abstractmethod
    def harness(self) -> LineHarness:
        """Return the line under test, with its far side."""

    async def test_a_caller_is_answered_talks_and_hangs_up(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            line, far = harness.line, harness.far
            far.call("+8613800138000")
            shown = "+8613800138000" if Lacks.NUMBERS not in harness.lacks else None
            assert await heard.next(IncomingCall) == IncomingCall(shown, withheld=False)
            assert line.state is LineState.IN_CALL
            await line.answer()
            assert len(heard.all(CallConnected)) == 1
            audio = (await heard.next(AudioReady)).audio
            assert audio.sample_rate in (8000, 16000)
            assert audio.device
            await harness.settle()
            assert far.is_talking()
            far.hang_up()
            ended = await heard.next(CallEnded)
            assert ended.reason is EndReason.REMOTE_HANG_UP
            assert ended.detail
            await heard.state(line, LineState.READY)
            _each_was_said_once(heard, IncomingCall, CallConnected, AudioReady, CallEnded)

    async def test_we_hang_up(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            await self._talk(harness, heard)
            await harness.line.hang_up()
            await harness.settle()
            assert harness.far.is_free()
            assert [e.reason for e in heard.all(CallEnded)] == [EndReason.LOCAL]
            await heard.state(harness.line, LineState.READY)
            await harness.line.hang_up()
            _each_was_said_once(heard, IncomingCall, CallConnected, CallEnded)

    async def test_a_caller_gives_up(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.call("13800138000")
            await heard.next(IncomingCall)
            harness.far.hang_up()
            assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP
            with pytest.raises(LineError):
                await harness.line.answer()
            assert heard.all(CallConnected) == []
            await heard.state(harness.line, LineState.READY)

    async def test_a_caller_is_refused(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.call("13800138000")
            await heard.next(IncomingCall)
            await harness.line.hang_up()
            assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
            await harness.settle()
            assert harness.far.is_free()

    async def test_a_caller_who_shows_no_number(self, harness: LineHarness) -> None:
        _needs(harness, Lacks.NUMBERS)
        async with running(harness) as heard:
            harness.far.call("13800138000", withheld=True)
            assert await heard.next(IncomingCall) == IncomingCall(None, withheld=True)

    async def test_a_caller_whose_number_nobody_knows(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.call(None)
            assert await heard.next(IncomingCall) == IncomingCall(None, withheld=False)

    async def test_two_callers_after_each_other_are_two_calls(self, harness: LineHarness) -> None:
        _needs(harness, Lacks.NUMBERS)
        async with running(harness) as heard:
            for count, number in enumerate(("13800138001", "13800138002"), start=1):
                harness.far.call(number)
                assert (await heard.next(IncomingCall, count)).number == number
                await harness.line.answer()
                harness.far.hang_up()
                await heard.next(CallEnded, count)
                await heard.state(harness.line, LineState.READY)

    async def test_the_caller_keys_digits(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            await self._talk(harness, heard)
            harness.far.press("105*#")
            await heard.next(DigitReceived, 5)
            await asyncio.sleep(5)
            assert "".join(event.digit for event in heard.all(DigitReceived)) == "105*#"

    async def test_we_key_digits(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            await self._talk(harness, heard)
            await harness.line.send_digits("90*#")
            assert harness.far.keys_heard() == "90*#"
            with pytest.raises(LineError, match="key"):
                await harness.line.send_digits("9;H")

    async def test_we_call_somebody_who_answers(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.will_answer("13900139000")
            await harness.line.dial("13900139000")
            assert harness.line.state is LineState.IN_CALL
            await heard.next(RemoteAlerting)
            await heard.next(CallConnected)
            await heard.next(AudioReady)
            await harness.settle()
            assert harness.far.is_talking()
            harness.far.hang_up()
            assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP
            _each_was_said_once(heard, RemoteAlerting, CallConnected, AudioReady, CallEnded)

    async def test_we_call_somebody_who_is_busy(self, harness: LineHarness) -> None:
        _needs(harness, Lacks.NUMBERS)
        async with running(harness) as heard:
            harness.far.will_be_busy("13900139001")
            await harness.line.dial("13900139001")
            assert (await heard.next(CallEnded)).reason is EndReason.BUSY
            assert heard.all(CallConnected) == []
            await heard.state(harness.line, LineState.READY)

    async def test_we_call_somebody_who_does_not_answer(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.will_not_answer("13900139002")
            await harness.line.dial("13900139002")
            await heard.next(RemoteAlerting)
            assert (await heard.next(CallEnded)).reason is EndReason.NO_ANSWER

    async def test_the_network_refuses_our_call(self, harness: LineHarness) -> None:
        _needs(harness, Lacks.NUMBERS)
        async with running(harness) as heard:
            harness.far.will_refuse("13900139003")
            await harness.line.dial("13900139003")
            assert (await heard.next(CallEnded)).reason is EndReason.REJECTED

    async def test_we_stop_calling(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            harness.far.will_not_answer("13900139004")
            await harness.line.dial("13900139004")
            await heard.next(RemoteAlerting)
            await harness.line.hang_up()
            assert (await heard.next(CallEnded)).reason is EndReason.LOCAL
            await harness.settle()
            assert harness.far.is_free()

    async def test_what_cannot_be_done_is_refused(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            line = harness.line
            with pytest.raises(LineError, match="nothing rings"):
                await line.answer()
            with pytest.raises(LineError, match="no call"):
                await line.send_digits("1")
            for number in ("", "12;+CFUN=0", "1\r", "１２３", "9" * 100):
                with pytest.raises(LineError, match="number"):
                    await line.dial(number)
            await line.hang_up()
            await self._talk(harness, heard)
            with pytest.raises(LineError, match="ready"):
                await line.dial("13900139000")

    async def test_the_device_vanishes_in_mid_call_and_comes_back(self, harness: LineHarness) -> None:
        _needs(harness, Lacks.DEVICE)
        async with running(harness) as heard:
            await self._talk(harness, heard)
            harness.far.vanish()
            assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
            assert harness.line.state is LineState.DOWN
            assert harness.line.detail
            harness.far.come_back()
            await heard.state(harness.line, LineState.READY)
            await self._talk(harness, heard, count=2)

    async def test_stopping_ends_the_call(self, harness: LineHarness) -> None:
        async with running(harness) as heard:
            await self._talk(harness, heard)
            await harness.line.stop()
            await harness.settle()
            assert harness.far.is_free()
            assert len(heard.all(CallEnded)) == 1
            assert heard.all(StateChanged)[-1].state is LineState.DOWN

    async def test_a_listener_with_a_bug_disturbs_nobody(self, harness: LineHarness) -> None:
        async with running(harness):

            def broken(_event: LineEvent) -> None:
                raise ValueError("a listener with a bug")

            harness.line.subscribe(broken)
            later = Heard(harness.line)
            await self._talk(harness, later)

    async def _talk(self, harness: LineHarness, heard: Heard, count: int = 1) -> None:
        harness.far.call("13800138000")
        await heard.next(IncomingCall, count)
        await harness.line.answer()
        await heard.next(AudioReady, count)


def _needs(harness: LineHarness, what: Lacks) -> None:
    if what in harness.lacks:
        pytest.skip(f"it can't {what.value}")


def _each_was_said_once(heard: Heard, *kinds: type[object]) -> None:
    for kind in kinds:
        assert len(heard.all(kind)) == 1, f"{kind.__name__}: {heard.events}"
