"""A provider's line on virtual time: registers, fails over, passes the leg contract, shows numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from extensions.provider.account import CallerId, ProviderAccount, Server
from extensions.provider.identity import caller_of, dialled_by, number_in, shown_as
from extensions.provider.leg import ProviderLeg
from extensions.provider.line import ProviderLine
from extensions.provider.link import CHECK_S, RETRY_S, RETURN_S
from extensions.sip.agent import Agent
from extensions.sip.events import Event
from extensions.sip.flow import Flow
from extensions.sip.message import Headers, Request
from extensions.sip.net.driver import Driver
from firmware.core.causes import Cause, Side
from firmware.core.leg import Leg, LegEnded, Party
from tests.contracts.leg_contract import LegContract
from tests.contracts.leg_harness import FarEnd, Has, Lacks, LegHarness
from tests.extensions.far_phone import FarPhone
from tests.extensions.office import BOX, Office
from tests.extensions.sip_net import GOOD, LATE, LINES, LOSSY, ONE_BYTE, Line, NetDriver
from tests.extensions.test_sip_leg_contract import _Far

pytestmark = pytest.mark.looptime

OURS = "10.0.1.1"
CALLER = Party("13900139000", "Han Meimei")
SECOND = "10.0.0.99"


class Provider(Office):
    """An `Office` whose account 101 is what the provider sold us, and our line to it."""

    def __init__(self, line: Line = GOOD, *servers: Server, **settings: object) -> None:
        super().__init__(line)
        account = ProviderAccount(
            "provider1", servers or (Server(BOX, 5060, line.transport),), "101", "secret-of-101",
            **settings,  # type: ignore[arg-type] # named as the account's fields
        )  # fmt: skip
        self.ours = ProviderLine(account, self.media, OURS, 5060, make_driver=self._our_driver)
        self.calls: asyncio.Queue[tuple[ProviderLeg, str]] = asyncio.Queue()
        self.ours.on_incoming = lambda leg, dialled: self.calls.put_nowait((leg, dialled))

    def _our_driver(
        self, agent: Agent, on_event: Callable[[Event], None], closed: Callable[[Flow], None]
    ) -> Driver:
        return NetDriver(agent, on_event, self.net, OURS, on_flow_closed=closed)


async def a_line(*servers: Server, **settings: object) -> Provider:
    provider = Provider(GOOD, *servers, **settings)
    await provider.open()
    await provider.ours.start()
    await provider.settle()
    return provider


class _Harness:
    def __init__(self, line: Line) -> None:
        unsure = {Lacks.ALERTING, Lacks.PROGRESS} if line in (LOSSY, LATE) else set()
        self.lacks: frozenset[Lacks] = frozenset(unsure)
        self.has = frozenset(Has)
        self.line = line
        self.far: Provider | None = None

    async def _open(self) -> tuple[Provider, FarPhone]:
        # The provider is one phone at the server's address: it takes our INVITEs, and calls us.
        provider = self.far = Provider(
            self.line, Server("10.0.0.11", 5060, self.line.transport), registers=False
        )
        phone = provider.unregistered("101")
        await phone.driver.start()
        await provider.ours.start()
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while not provider.ours.link.up:
                await asyncio.sleep(0.1)
        return provider, phone

    async def outgoing(self) -> tuple[Leg, FarEnd]:
        provider, phone = await self._open()
        leg = provider.ours.leg_to("13900139000")
        return leg, _Far(provider, phone, leg)

    async def incoming(self) -> tuple[Leg, FarEnd]:
        provider, phone = await self._open()
        assert provider.ours.link.flow is not None
        # The provider calls on the connection we keep to it.
        connection = provider.ours.link.flow.connection
        phone.flow = Flow(self.line.transport, OURS, 5060, phone.host, 5060, connection)
        phone.extension = "13900139000"
        phone.dial("02087654321")
        leg, dialled = await asyncio.wait_for(provider.calls.get(), 60)
        assert dialled == "02087654321"
        return leg, _Far(provider, phone, leg)

    async def settle(self) -> None:
        await asyncio.sleep(self.line.settle_s)

    def open_ports(self) -> int:
        return 0 if self.far is None else len(self.far.media.ports)


class TestProviderLeg(LegContract):
    @pytest.fixture(params=LINES, ids=[line.name for line in LINES])
    def harness(self, request: pytest.FixtureRequest) -> LegHarness:
        return _Harness(request.param)


# Registered


async def test_the_line_registers_and_stays_registered() -> None:
    provider = await a_line()
    assert provider.ours.status.up
    (status,) = provider.phones.registrations()
    assert (status.extension, status.contact) == ("101", f"sip:101@{OURS}:5060")
    await asyncio.sleep(4000)
    assert provider.phones.is_registered("101")
    await provider.ours.stop()
    await provider.settle()
    assert not provider.phones.is_registered("101")


async def test_a_wrong_secret_is_told_and_no_reason_to_try_it_elsewhere() -> None:
    provider = Provider(GOOD, Server(BOX), Server(SECOND))
    provider.ours.link._auth._secret = "wrong"  # noqa: S105 - a wrong one, on purpose
    await provider.open()
    await provider.ours.start()
    await provider.settle()
    assert (provider.ours.status.up, provider.ours.status.detail[:3]) == (False, "401")
    assert provider.ours.link.current == 0
    with pytest.raises(LegEnded) as told:
        await provider.ours.leg_to("13900139000").ring(CALLER)
    assert (told.value.ending.cause, told.value.ending.by) == (Cause.NETWORK_OUT_OF_ORDER, Side.WIRE)


async def test_the_next_server_takes_over_and_the_first_is_returned_to() -> None:
    changes: list[bool] = []
    provider = Provider(GOOD, Server(SECOND), Server(BOX))
    provider.ours.on_changed = lambda status: changes.append(status.up)
    await provider.open()
    await provider.ours.start()
    await asyncio.sleep(40)
    assert (provider.ours.status.up, provider.ours.link.current) == (True, 1)
    # The first server comes back, and takes the line again.
    twin = Office(GOOD)
    twin.net = provider.net
    twin.phones.driver = NetDriver(twin.phones.driver.agent, twin.phones._on_event, provider.net, SECOND)
    await twin.phones.start()
    await asyncio.sleep(RETURN_S + 1)
    assert (provider.ours.status.up, provider.ours.link.current) == (True, 0)
    assert changes[-1]


async def test_a_box_that_is_awake_before_its_way_to_the_internet_finds_the_provider_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = Provider()
    await provider.open()
    driver, connect = provider.ours.driver, provider.ours.driver.connect
    there_is_a_way = False

    async def look_up(host: str, port: int, transport: str) -> Flow:
        if not there_is_a_way:
            raise OSError("Temporary failure in name resolution")
        return await connect(host, port, transport)

    monkeypatch.setattr(driver, "connect", look_up)
    await provider.ours.start()
    await provider.settle()
    assert (provider.ours.status.up, provider.ours.status.detail) == (False, f"{BOX} can't be reached")
    there_is_a_way = True
    await asyncio.sleep(RETRY_S + 1)
    assert provider.ours.status.up


async def test_a_connection_that_breaks_is_opened_again_at_once_but_not_over_and_over() -> None:
    provider = Provider(ONE_BYTE)
    await provider.open()
    await provider.ours.start()
    await provider.settle()
    driver = provider.ours.driver
    assert isinstance(driver, NetDriver)
    first = provider.ours.link.flow
    assert provider.ours.link.up and first is not None
    driver.connection_lost(first)
    assert provider.ours.status.detail == "connection lost"
    await provider.settle()
    second = provider.ours.link.flow
    assert provider.ours.link.up and second not in (None, first)
    # A server that closes every connection soon isn't stormed.
    driver.connection_lost(second or first)
    await provider.settle()
    assert provider.ours.status.detail == "connection lost"
    await asyncio.sleep(RETRY_S + 1)
    assert provider.ours.link.up


async def test_a_server_that_dies_is_noticed_before_the_next_caller_is() -> None:
    provider = await a_line()
    provider.net.detach(provider.phones.driver)  # type: ignore[arg-type] # the test's driver
    await asyncio.sleep(CHECK_S + 33)
    assert not provider.ours.status.up
    provider.net.attach(provider.phones.driver)  # type: ignore[arg-type] # as above
    await asyncio.sleep(RETRY_S + 40)
    assert provider.ours.status.up


async def test_a_call_out_is_challenged_and_answered() -> None:
    provider = await a_line()
    leg = provider.ours.leg_to("102")
    await leg.ring(CALLER)
    theirs, dialled = await asyncio.wait_for(provider.incoming.get(), 5)
    assert (dialled, theirs.party.number) == ("102", "101")
    await theirs.answer()
    await asyncio.wait_for(leg.answered(), 5)
    assert (leg.kind, leg.address) == ("provider", "provider1")
    await theirs.hang_up()
    ending = await asyncio.wait_for(leg.ended(), 5)
    assert ending.cause is Cause.NORMAL


async def test_strangers_are_not_the_provider() -> None:
    provider = await a_line()
    stranger = provider.unregistered("102")
    await stranger.driver.start()
    stranger.flow = await stranger.driver.connect(OURS, 5060, "udp")
    stranger.dial("02087654321")
    await provider.settle()
    assert stranger.ended is not None
    assert stranger.ended.status == 403
    assert provider.calls.empty()


async def test_a_call_in_reaches_the_number_it_was_for() -> None:
    provider = await a_line()
    theirs = provider.phones.leg_to("101")
    await theirs.ring(CALLER)
    leg, dialled = await asyncio.wait_for(provider.calls.get(), 5)
    # This provider calls our Contact, so only the account's own name is known.
    assert (dialled, leg.party.number, leg.party.name) == ("101", "13900139000", "Han Meimei")
    await theirs.hang_up()
    await asyncio.wait_for(leg.ended(), 5)


# Numbers


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:02087654321@x", "02087654321"),
        ("sip:+86(20)8765-4321;phone-context=x@x", "+862087654321"),
        ("tel:+862087654321;ext=1", "+862087654321"),
        ("sip:anonymous@anonymous.invalid", None),
        ("sip:1+2@x", None),
        ("sip:x", None),
        ("rubbish", None),
        (f"sip:{'1' * 40}@x", None),
    ],
)
def test_numbers_in_uris(uri: str, number: str | None) -> None:
    assert number_in(uri) == number


def invite(uri: str = "sip:101@10.0.1.1", **headers: str) -> Request:
    pairs = {"from": '"Han" <sip:13900139000@p>;tag=1', "to": "<sip:101@p>", **headers}
    return Request(
        "INVITE", uri, Headers(*((name.replace("_", "-"), value) for name, value in pairs.items()))
    )


def test_who_calls() -> None:
    assert caller_of(invite()) == Party("13900139000", "Han")
    assert caller_of(invite(p_asserted_identity='"Li" <tel:+8613800138000>')) == Party("+8613800138000", "Li")
    hidden = invite(p_asserted_identity="<sip:13900139000@p>", privacy="id")
    assert caller_of(hidden) == Party(None, None, withheld=True)
    assert caller_of(invite(**{"from": "<sip:anonymous@anonymous.invalid>;tag=1"})).withheld
    assert caller_of(invite(p_asserted_identity="rubbish <")) == Party("13900139000", "Han")
    assert caller_of(invite(**{"from": "<sip:alice@p>;tag=1"})) == Party(None)


def test_which_number_was_dialled() -> None:
    assert dialled_by(invite("sip:02087654321@10.0.1.1"), "101") == "02087654321"
    assert dialled_by(invite(to="<sip:02087654321@p>"), "101") == "02087654321"
    assert dialled_by(invite(p_called_party_id="<sip:02011112222@p>"), "101") == "02011112222"
    assert dialled_by(invite(), "101") == "101"


@pytest.mark.parametrize(
    ("rule", "from_", "asserted"),
    [
        (CallerId.ACCOUNT, "<sip:02087654321@p>", None),
        (CallerId.ASSERTED, "<sip:02087654321@p>", '"Han Meimei" <sip:13900139000@p>'),
        (CallerId.FROM, '"Han Meimei" <sip:13900139000@p>', None),
    ],
)
def test_how_a_caller_is_shown(rule: CallerId, from_: str, asserted: str | None) -> None:
    account = ProviderAccount("p", (Server("p"),), "101", "x", number="02087654321", caller_id=rule)
    shown, headers = shown_as(account, CALLER, "p")
    assert (str(shown), dict(headers).get("p-asserted-identity")) == (from_, asserted)
    inside, headers = shown_as(account, Party("101", "Ann"), "p")
    assert "<sip:101@" not in f"{inside}{headers}" and "Ann" not in f"{inside}{headers}"
    hidden, private = shown_as(account, Party("13900139000", withheld=True), "p")
    assert "13900139000" not in f"{hidden}{private}"
    assert ("privacy", "id") in private
