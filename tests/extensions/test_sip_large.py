"""Requests too large for UDP go over TCP, and back to UDP where there is none (RFC 3261 §18.1.1)."""

from __future__ import annotations

import asyncio

import pytest

from extensions.sip.flow import TCP, UDP
from extensions.sip.message import Request
from extensions.sip.net.endpoint import Endpoint
from extensions.sip.transaction.base import LARGEST_DATAGRAM
from firmware.core.leg import LegState, Party
from tests.extensions.office import Office
from tests.extensions.story import PHONE, SDP, Story, statuses

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


async def test_over_real_sockets() -> None:
    """The phone's own TCP port is found at the address it registered from."""
    heard: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        done.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    story = Story()
    endpoint = Endpoint(story.agent, lambda event: None, "127.0.0.1", 0)
    await endpoint.start()
    flow = await endpoint.connect("127.0.0.1", port, UDP)
    with endpoint.turn() as now:
        story.call_over(flow, LONG, now)
    await asyncio.wait_for(done.wait(), 5)
    assert heard[0].startswith(b"INVITE") and b"SIP/2.0/TCP" in heard[0]
    await endpoint.close()
    server.close()
