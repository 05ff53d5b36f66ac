"""A provider's line passes the contract of phone lines, over good, one-byte, lossy and late networks.

Call control has providers' calls as legs. `LegsAsLine` says what such a leg and its line do in the words of
`hal.line`, and decides nothing itself; the provider, and whom it reaches, is a phone at the server's address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from extensions.provider.account import ProviderAccount, Server
from extensions.provider.leg import ProviderLeg
from extensions.provider.line import ProviderLine, ProviderStatus
from extensions.sip.agent import Agent
from extensions.sip.call import CallState
from extensions.sip.events import CallOffered, Event
from extensions.sip.flow import Flow
from extensions.sip.net.driver import Driver
from firmware.core.causes import Cause, Side
from firmware.core.ids import PortId
from firmware.core.leg import DigitPressed, Ending, LegEnded, LegEvent, LegState, Party
from firmware.core.leg import StateChanged as LegStateChanged
from hal.line import (
    AudioReady,
    CallConnected,
    CallEnded,
    DigitReceived,
    EndReason,
    IncomingCall,
    LineAudio,
    LineError,
    LineEvent,
    LineListener,
    LineState,
    RemoteAlerting,
    StateChanged,
    Verdict,
)
from tests.contracts.line_contract import FarSide, Lacks, LineContract, LineHarness
from tests.extensions.far_phone import FarPhone
from tests.extensions.office import Office
from tests.extensions.sip_net import LINES, Line, NetDriver
from tests.media.fake_media import FakeMedia

pytestmark = pytest.mark.looptime

OURS = "10.0.1.1"
PROVIDER = "10.0.0.11"
RING_AGAIN_S = 2.0
"""A provisional response is sent once and may get lost; providers repeat it (RFC 3261, 13.3.1.1)."""
ANSWERS_AFTER_S = 20.0
GIVES_UP_AFTER_S = 45.0

_REASONS = {
    Cause.BUSY: EndReason.BUSY,
    Cause.NO_ANSWER: EndReason.NO_ANSWER,
    Cause.NO_USER_RESPONDING: EndReason.NO_ANSWER,
    Cause.REJECTED: EndReason.REJECTED,
}


class _Outside(FarPhone):
    """The provider: what it does with a call depends on the number."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.net, PROVIDER, "101", "secret-of-101")
        self.habits: dict[str, Callable[[], None]] = {}

    def _on_event(self, event: Event) -> None:
        super()._on_event(event)
        if isinstance(event, CallOffered):
            number = str(event.call.invite.uri).removeprefix("sip:").partition("@")[0]
            self.habits[number]()

    def rings(self, seconds: float, then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        offered = self.offered
        begun = loop.time()

        def again() -> None:
            if offered is not None and offered.state is CallState.OFFERED:
                if loop.time() - begun < seconds:
                    self.alert()
                    loop.call_later(RING_AGAIN_S, again)
                else:
                    then()

        again()


class LegsAsLine:
    """A `hal.line.Line` over a provider's line and the leg of its one call."""

    refused_lines = 0

    def __init__(self, line: ProviderLine, media: FakeMedia) -> None:
        self.name = line.account.name
        self.detail = "not started"
        self.leg: ProviderLeg | None = None
        self._line = line
        self._media = media
        self._up = False
        self._listeners: list[LineListener] = []
        line.on_incoming = self._offered
        line.on_changed = self._changed

    @property
    def state(self) -> LineState:
        if self._line.status.calls:
            return LineState.IN_CALL
        return LineState.READY if self._up else LineState.DOWN

    def checkup(self) -> tuple[Verdict, ...]:
        return ()

    async def start(self) -> None:
        await self._line.start()

    async def stop(self) -> None:
        await self._line.stop()

    def subscribe(self, listener: LineListener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def answer(self) -> None:
        if self.leg is None:
            raise LineError("nothing rings")
        await self.leg.answer()

    async def dial(self, number: str, *, emergency: bool = False) -> None:
        if self.state is not LineState.READY:
            raise LineError("the line isn't ready")
        leg = self._line.leg_to(number)
        try:
            await leg.ring(Party("101"))
        except LegEnded as error:
            raise LineError(error.ending.detail) from error
        self._follow(leg)
        self._tell_state()

    async def hang_up(self) -> None:
        if self.leg is not None:
            await self.leg.hang_up()

    async def send_digits(self, digits: str) -> None:
        if self.leg is None or self.leg.port is None:
            raise LineError("no call stands")
        if not set(digits) <= set("0123456789*#ABCD"):
            raise LineError("a character isn't a key")
        self._media.send_digits(self.leg.port, digits)

    def _offered(self, leg: ProviderLeg, dialled: str) -> None:
        self._follow(leg)
        self._emit(StateChanged(self.state, "ringing"))
        self._emit(IncomingCall(leg.party.number, leg.party.withheld))

    def _follow(self, leg: ProviderLeg) -> None:
        self.leg = leg
        leg.subscribe(self._on_leg)

    def _on_leg(self, event: LegEvent) -> None:
        leg = self.leg
        match event:
            case LegStateChanged(_, LegState.ALERTING):
                self._emit(RemoteAlerting())
            case LegStateChanged(_, LegState.CONNECTED) if leg is not None and leg.port is not None:
                self._emit(CallConnected())
                self._emit(AudioReady(LineAudio(str(leg.port), 8000)))
            case LegStateChanged(_, LegState.ENDED) if leg is not None and leg.ending is not None:
                self.leg = None
                self._emit(CallEnded(_reason(leg.ending), leg.ending.detail or leg.ending.cause.name))
                # The SIP call is forgotten once the leg has told it is over.
                asyncio.get_running_loop().call_soon(self._tell_state)
            case DigitPressed(digit):
                self._emit(DigitReceived(digit))
            case _:
                pass

    def _changed(self, status: ProviderStatus) -> None:
        self._up, self.detail = status.up, status.detail
        self._tell_state()

    def _tell_state(self) -> None:
        self._emit(StateChanged(self.state, self.detail))

    def _emit(self, event: LineEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except ValueError:
                continue


def _reason(ending: Ending) -> EndReason:
    if ending.by is Side.US:
        return EndReason.LOCAL
    return _REASONS.get(ending.cause, EndReason.REMOTE_HANG_UP)


class _Bench:
    """The arrangement, and the far side of it."""

    lacks = frozenset({Lacks.DEVICE})

    def __init__(self, wire: Line) -> None:
        self._office = Office(wire, seed=3)
        self._wire = wire
        account = ProviderAccount(
            "provider1", (Server(PROVIDER, 5060, wire.transport),), "101", "secret-of-101", registers=False
        )
        self._ours = ProviderLine(account, self._office.media, OURS, 5060, make_driver=self._driver)
        self._outside = _Outside(self._office)
        self.line = LegsAsLine(self._ours, self._office.media)
        self.far: FarSide = self

    def _driver(
        self, agent: Agent, on_event: Callable[[Event], None], closed: Callable[[Flow], None]
    ) -> Driver:
        return NetDriver(agent, on_event, self._office.net, OURS, on_flow_closed=closed)

    async def begin(self) -> None:
        await self._outside.driver.start()
        await self.line.start()

    async def end(self) -> None:
        await self.line.stop()
        await self._office.settle()

    # The far side

    def call(self, number: str | None, *, withheld: bool = False) -> None:
        outside, link = self._outside, self._ours.link
        assert link.flow is not None
        outside.flow = Flow(self._wire.transport, OURS, 5060, PROVIDER, 5060, link.flow.connection)
        outside.extension = number or "somebody"
        outside.dial("02087654321", headers=[("privacy", "id")] if withheld else [])

    def hang_up(self) -> None:
        self._outside.hang_up()

    def press(self, keys: str) -> None:
        for key in keys:
            self._office.media.press(self._port(), key)

    def will_answer(self, number: str) -> None:
        outside = self._outside
        outside.habits[number] = lambda: outside.rings(ANSWERS_AFTER_S, outside.answer)

    def will_be_busy(self, number: str) -> None:
        self._outside.habits[number] = lambda: self._outside.refuse(486)

    def will_not_answer(self, number: str) -> None:
        outside = self._outside
        outside.habits[number] = lambda: outside.rings(GIVES_UP_AFTER_S, lambda: outside.refuse(480))

    def will_refuse(self, number: str) -> None:
        self._outside.habits[number] = lambda: self._outside.refuse(403)

    def is_talking(self) -> bool:
        return self._outside.is_talking()

    def is_free(self) -> bool:
        return self._outside.is_free()

    async def settle(self) -> None:
        await self._office.settle()

    def keys_heard(self) -> str:
        return "".join(keys for port, keys in self._office.media.digits_sent if port == self._port())

    def vanish(self) -> None:
        raise AssertionError("no story has a provider's device vanish")

    def come_back(self) -> None:
        raise AssertionError("no story has a provider's device come back")

    def _port(self) -> PortId:
        if self.line.leg is None or self.line.leg.port is None:
            raise AssertionError("nobody is in a call with us")
        return self.line.leg.port


class TestProviderLine(LineContract):
    @pytest.fixture(params=LINES, ids=[line.name for line in LINES])
    def harness(self, request: pytest.FixtureRequest) -> LineHarness:
        return _Bench(request.param)
