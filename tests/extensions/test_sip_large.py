"""Requests too large for UDP go over TCP, and back to UDP where there is none (RFC 3261 §18.1.1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from extensions.sip.call import CallState
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.framing import StreamFramer
from extensions.sip.message import Request, parse_message, respond_to
from extensions.sip.net import endpoint as endpoint_module
from extensions.sip.net.datagrams import UdpSocket
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.transaction.base import LARGEST_DATAGRAM
from firmware.core.leg import LegState, Party
from tests.extensions.office import Office
from tests.extensions.story import PHONE, SDP, Story, statuses
from tests.patience import until

LONG = SDP + "".join(f"a=x-filler:{number:060}\r\n" for number in range(20))
A_LONG_NAME = Party("13800138000", "李雷" * 220)


def a_large_invite(story: Story) -> Request:
    story.agent.streams = True
    _, invite = story.calls(LONG)
    assert len(invite.encode()) > LARGEST_DATAGRAM
    return invite


def test_a_large_request_goes_over_tcp_and_says_so() -> None:
    story = Story()
    invite = a_large_invite(story)
    assert (story.flows[-1].transport, story.flows[-1].dialled) == (TCP, True)
    assert invite.via.transport == "TCP"
    assert statuses(story.passes(10)) == []


def test_where_nothing_can_be_connected_to_it_goes_over_udp() -> None:
    story = Story()
    assert not story.agent.streams
    _, invite = story.calls(LONG)
    assert (invite.via.transport, story.flows[-1]) == ("UDP", PHONE)


def test_of_a_thousand_hosts_without_tcp_only_so_many_are_remembered() -> None:
    story = Story()
    story.agent.streams = True

    def is_tried(number: int) -> bool:
        flow = Flow(UDP, f"10.1.{number // 250}.{number % 250}", 5060, "10.0.0.1", 5060)
        story.call_over(flow, LONG, story.now)
        story.collect()
        stream = story.flows[-1]
        if stream.transport == TCP:
            story.agent.flow_closed(stream, story.now)
            story.collect()
        return stream.transport == TCP

    assert all(is_tried(number) for number in range(1200))
    assert not is_tried(1199)
    assert is_tried(0), "what was learned first is forgotten first"


def test_a_small_one_does_not() -> None:
    story = Story()
    story.agent.streams = True
    story.calls()
    assert story.flows[-1].transport == UDP


def test_where_no_connection_can_be_had_it_goes_over_udp_and_the_host_is_spared_for_a_while() -> None:
    story = Story()
    first = a_large_invite(story)
    stream = story.flows[-1]
    story.agent.flow_closed(stream, story.now)
    (again,) = story.collect()
    assert isinstance(again, Request)
    assert (again.via.transport, again.via.branch, story.flows[-1]) == ("UDP", first.via.branch, PHONE)
    assert statuses(story.replies(again, 180)) == []
    story.calls(LONG)
    assert story.flows[-1] == PHONE
    story.passes(3600)
    a_large_invite(story)
    assert story.flows[-1].transport == TCP


def test_a_connection_that_breaks_after_the_phone_rang_is_no_reason_to_call_again() -> None:
    story = Story()
    invite = a_large_invite(story)
    story.replies(invite, 180)
    story.agent.flow_closed(story.flows[-1], story.now)
    assert story.collect() == []


def test_a_cancel_goes_the_way_of_its_invite() -> None:
    story = Story()
    story.agent.streams = True
    call, invite = story.calls(LONG)
    stream = story.flows[-1]
    story.replies(invite, 180)
    call.hang_up(story.now)
    (cancel,) = story.collect()
    assert isinstance(cancel, Request)
    assert (cancel.via, story.flows[-1]) == (invite.via, stream)


@pytest.mark.looptime
@pytest.mark.parametrize("tcp", [True, False])
async def test_a_phone_is_rung_by_somebody_with_a_long_name(tcp: bool) -> None:
    place = Office()
    await place.open()
    far = await place.phone("101")
    if not tcp:
        place.net.without_tcp.add(far.host)
    leg = place.phones.leg_to("101")
    await leg.ring(A_LONG_NAME)
    await place.settle()
    assert far.is_rung()
    far.answer()
    await asyncio.wait_for(leg.answered(), 10)
    far.hang_up()
    await asyncio.wait_for(leg.ended(), 10)
    assert leg.state is LegState.ENDED
    invites = [data for data in place.net.carried if data.startswith(b"INVITE")]
    assert (b"SIP/2.0/TCP" in invites[-1]) == tcp


class DeskLine(asyncio.Protocol):
    """A connection to the desk phone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._framer = StreamFramer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._desk.connections.append(transport)

    def data_received(self, data: bytes) -> None:
        self._desk.over_tcp += self._framer.feed(data)


class Desk:
    """A phone on real sockets: TCP and UDP on one port, with what it heard over each."""

    def __init__(self) -> None:
        self.over_tcp: list[bytes] = []
        self.over_udp: list[bytes] = []
        self.connections: list[asyncio.BaseTransport] = []
        self._udp = UdpSocket("127.0.0.1", 0, self._datagrams)
        self.port = self._udp.port
        self._tcp: asyncio.Server | None = None

    async def accepts_connections(self) -> None:
        loop = asyncio.get_running_loop()
        self._tcp = await loop.create_server(lambda: DeskLine(self), "127.0.0.1", self.port)

    async def close(self) -> None:
        self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        self.hang_up_connections()
        await asyncio.sleep(0)

    def hang_up_connections(self) -> None:
        for transport in self.connections:
            transport.close()

    async def hears(self, count: int) -> None:
        await until(lambda: len(self.over_tcp) + len(self.over_udp) >= count, "it was not heard")

    def _datagrams(self, gulp: list[tuple[bytes, str, int]]) -> None:
        self.over_udp += [data for data, _, _ in gulp]


@pytest.fixture
async def box() -> AsyncIterator[tuple[Story, Endpoint]]:
    """The box on real sockets."""
    story = Story()
    endpoint = Endpoint(story.agent, lambda event: None, "127.0.0.1", 0)
    await endpoint.start()
    yield story, endpoint
    await endpoint.close()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.close()


@pytest.mark.e2e
async def test_large_requests_share_the_connection_that_the_first_of_them_opened(
    box: tuple[Story, Endpoint], desk: Desk
) -> None:
    story, endpoint = box
    await desk.accepts_connections()
    flow = await endpoint.connect("127.0.0.1", desk.port, UDP)
    for calls in (2, 1):
        # Two at once: the second waits for the first one's connection.
        with endpoint.turn() as now:
            for _ in range(calls):
                story.call_over(flow, LONG, now)
        await desk.hears(calls)
    await desk.hears(3)
    assert len(desk.connections) == 1
    assert all(data.startswith(b"INVITE") and b"SIP/2.0/TCP" in data for data in desk.over_tcp)
    assert desk.over_udp == []


@pytest.mark.e2e
async def test_only_so_many_requests_wait_for_one_connection(
    box: tuple[Story, Endpoint], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_module, "_MOST_WAITING", 3)
    story, endpoint = box
    await desk.accepts_connections()
    flow = await endpoint.connect("127.0.0.1", desk.port, UDP)
    with endpoint.turn() as now:
        calls = [story.call_over(flow, LONG, now) for _ in range(5)]
    await desk.hears(3)
    with endpoint.turn() as now:
        calls.append(story.call_over(flow, LONG, now))
    await desk.hears(4)
    heard = [parse_message(data).call_id for data in desk.over_tcp]
    assert heard == [call.call_id for call in (*calls[:3], calls[5])]


@pytest.mark.e2e
async def test_a_connection_that_the_phone_closed_is_opened_anew(
    box: tuple[Story, Endpoint], desk: Desk
) -> None:
    story, endpoint = box
    await desk.accepts_connections()
    flow = await endpoint.connect("127.0.0.1", desk.port, UDP)
    with endpoint.turn() as now:
        first = story.call_over(flow, LONG, now)
    await desk.hears(1)
    with endpoint.turn() as now:
        endpoint.agent.receive(ringing(desk.over_tcp[0]), first.flow, now)
    desk.hang_up_connections()
    await until(lambda: first.state is CallState.ENDED, "the closing was not noticed")
    with endpoint.turn() as now:
        story.call_over(flow, LONG, now)
    await desk.hears(2)
    assert len(desk.connections) == 2


@pytest.mark.e2e
async def test_a_phone_that_takes_no_connections_hears_large_requests_over_udp(
    box: tuple[Story, Endpoint], desk: Desk
) -> None:
    story, endpoint = box
    flow = await endpoint.connect("127.0.0.1", desk.port, UDP)
    with endpoint.turn() as now:
        story.call_over(flow, LONG, now)
        story.call_over(flow, LONG, now)
    await desk.hears(2)
    assert all(b"SIP/2.0/UDP" in data for data in desk.over_udp)


@pytest.mark.e2e
async def test_a_phone_that_hung_up_on_a_large_request_hears_it_again_at_once(
    box: tuple[Story, Endpoint], desk: Desk
) -> None:
    story, endpoint = box
    await desk.accepts_connections()
    flow = await endpoint.connect("127.0.0.1", desk.port, UDP)
    with endpoint.turn() as now:
        story.call_over(flow, LONG, now)
    await desk.hears(1)
    desk.hang_up_connections()
    await desk.hears(2)
    assert b"SIP/2.0/UDP" in desk.over_udp[0]


def ringing(invite: bytes) -> bytes:
    request = parse_message(invite)
    assert isinstance(request, Request)
    return respond_to(request, 180, tag="desk").encode()
