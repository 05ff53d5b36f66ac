"""Dialogs whose TCP connection was closed: the phone is found over UDP, if it is on UDP at all.

A phone on UDP sends a request that is too large for it over TCP (RFC 3261 section 18.1.1), and need not keep
that connection.
"""

from __future__ import annotations

import msgspec
import pytest

from extensions.sip.call import FLOW_GRACE_S, CallState
from extensions.sip.events import CallOffered, Subscribed
from extensions.sip.flow import TCP, TLS, Flow
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request
from extensions.sip.uri import SipUri
from tests.extensions.story import PHONE, SDP, Story, statuses

CONNECTION = Flow(TCP, "10.0.0.2", 40_000, "10.0.0.1", 5060, 7)
"""One that the phone has opened."""


def test_a_phone_on_udp_that_sends_one_large_request_over_tcp_is_reached_over_udp_after_it() -> None:
    story = Story()
    call = story.answered()
    story.says(story.request("INVITE", cseq=3, to_tag=call.local_tag, body=SDP), CONNECTION)
    call.accept_again(SDP.encode(), story.now)
    story.collect()
    assert story.flows[-1] == CONNECTION, "the answer goes back on the connection"
    story.says(story.request("ACK", cseq=3, to_tag=call.local_tag), CONNECTION)
    story.agent.flow_closed(CONNECTION, story.now)
    story.passes(FLOW_GRACE_S + 1)
    assert call.state is CallState.ESTABLISHED
    call.hang_up(story.now)
    assert (statuses(story.collect()), story.flows[-1]) == (["BYE"], PHONE)


def call_over_a_connection(story: Story, contact: str, flow: Flow = CONNECTION) -> IncomingCall:
    """A phone calls over a connection and closes it as soon as it talks; return the call."""
    invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("<sip:101@10.0.0.2:5062>", contact)
    story.says(invite, flow)
    offered = story.events[-1]
    assert isinstance(offered, CallOffered)
    offered.call.answer(SDP.encode(), story.now)
    story.collect()
    story.says(story.request("ACK", to_tag=offered.call.local_tag), flow)
    story.agent.flow_closed(flow, story.now)
    return offered.call


def test_a_phone_whose_large_invite_came_over_tcp_is_found_over_udp() -> None:
    story = Story()
    call = call_over_a_connection(story, "<sip:101@10.0.0.2:5062>")
    (probe,) = story.collect()
    assert isinstance(probe, Request)
    assert (probe.method, story.flows[-1]) == ("OPTIONS", PHONE)
    story.replies(probe, 200)
    story.passes(FLOW_GRACE_S + 1)
    assert call.state is CallState.ESTABLISHED
    call.hang_up(story.now)
    assert (statuses(story.collect()), story.flows[-1]) == (["BYE"], PHONE)


def test_a_phone_that_is_not_found_over_udp_either_is_gone() -> None:
    story = Story()
    call = call_over_a_connection(story, "<sip:101@10.0.0.2:5062>")
    story.passes(FLOW_GRACE_S + 1)
    assert call.state is CallState.ENDED


@pytest.mark.parametrize(
    ("contact", "transport"),
    [
        ("<sip:101@10.0.0.2:5062;transport=TCP>", TCP),
        ("<sips:101@10.0.0.2:5062>", TCP),
        ("<sip:101@10.0.0.99:5062>", TCP),
        ("<sip:101@10.0.0.2:5062;transport=tls>", TLS),
        ("<sip:101@10.0.0.2:5062>", TLS),
    ],
)
def test_a_phone_that_is_not_on_udp_there_is_not_looked_for_there(contact: str, transport: str) -> None:
    story = Story()
    connection = msgspec.structs.replace(CONNECTION, transport=transport)
    call = call_over_a_connection(story, contact, connection)
    assert story.collect() == []
    assert call.flow == connection


def test_a_phone_that_came_back_over_another_connection_need_not_be_found_over_udp() -> None:
    story = Story()
    call = call_over_a_connection(story, "<sip:101@10.0.0.2:5062>")
    back = msgspec.structs.replace(CONNECTION, connection=8)
    story.agent.flow_found(SipUri.parse("sip:101@10.0.0.2:5062"), back, story.now)
    # Nobody answers the probe over UDP, for which the call has no use any more.
    story.passes(33)
    assert call.state is CallState.ESTABLISHED
    assert call.flow == back


@pytest.mark.parametrize(
    ("contact", "goes_on"),
    [("<sip:101@10.0.0.2:5062>", True), ("<sip:101@10.0.0.2:5062;transport=tcp>", False)],
)
def test_a_phone_on_udp_that_subscribed_over_a_connection_is_told_over_udp(
    contact: str, goes_on: bool
) -> None:
    story = Story()
    wish = story.request("SUBSCRIBE", "Event: message-summary", "Expires: 600")
    story.says(wish.replace("<sip:101@10.0.0.2:5062>", contact), CONNECTION)
    subscribed = story.events[-1]
    assert isinstance(subscribed, Subscribed)
    story.agent.flow_closed(CONNECTION, story.now)
    subscribed.subscription.notify("application/simple-message-summary", b"Messages-Waiting: no", story.now)
    assert statuses(story.collect()) == (["NOTIFY"] if goes_on else [])
    assert (story.flows[-1] == PHONE) == goes_on
    assert subscribed.subscription.over != goes_on
