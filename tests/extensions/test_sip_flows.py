"""Which way a call's packets go: the way the phone came last, and never a stranger's."""

from __future__ import annotations

import msgspec
import pytest

from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.uri import SipUri
from tests.extensions.story import PHONE, SDP, Story, statuses

FIRST = Flow(TCP, "10.0.0.2", 40_001, "10.0.0.1", 5060, 1)
"""The connection that the phone's calls run over."""
SECOND = msgspec.structs.replace(FIRST, port=40_002, connection=2)
CONTACT = SipUri.parse("sip:101@10.0.0.2:5062")
"""That of the phone's calls."""


def over(flow: Flow, story: Story) -> IncomingCall:
    """The phone calls over a flow; return the call that was taken."""
    story.says(story.request("INVITE", "Max-Forwards: 70", body=SDP), flow)
    (call,) = story.agent.sessions.calls.values()
    assert isinstance(call, IncomingCall)
    call.answer(SDP.encode(), story.now)
    story.says(story.request("ACK", to_tag=call.local_tag), flow)
    story.collect()
    return call


def goes_to(call: IncomingCall, story: Story) -> Flow:
    """Hang up; return where the BYE went."""
    call.hang_up(story.now)
    assert statuses(story.collect()) == ["BYE"]
    return story.flows[-1]


def test_a_phone_whose_router_gave_it_another_port_is_reached_there() -> None:
    story = Story()
    call = story.answered()
    moved = msgspec.structs.replace(PHONE, port=61_000)
    assert statuses(story.says(story.request("OPTIONS", cseq=2, to_tag=call.local_tag), moved)) == [200]
    assert goes_to(call, story) == moved


def test_a_stranger_who_knows_the_calls_tags_does_not_get_its_packets() -> None:
    story = Story()
    call = story.answered()
    stranger = Flow(UDP, "10.0.0.66", 5060, "10.0.0.1", 5060)
    story.says(story.request("OPTIONS", cseq=2, to_tag=call.local_tag), stranger)
    assert goes_to(call, story) == PHONE


def test_a_call_whose_connection_lives_stays_on_it_when_the_phone_opens_another() -> None:
    story = Story()
    call = over(FIRST, story)
    story.agent.flow_found(CONTACT, SECOND, story.now)
    assert goes_to(call, story) == FIRST


@pytest.mark.parametrize(
    ("contact", "flow", "goes_on"),
    [
        (CONTACT, SECOND, True),
        (SipUri.parse("sip:102@10.0.0.2:5062"), SECOND, False),
        (CONTACT, msgspec.structs.replace(SECOND, host="10.0.0.66"), False),
    ],
    ids=["the phone", "another phone of its host", "a phone of that name elsewhere"],
)
def test_a_call_that_lost_its_connection_goes_on_over_the_new_one_of_its_own_phone(
    contact: SipUri, flow: Flow, goes_on: bool
) -> None:
    story = Story()
    call = over(FIRST, story)
    story.agent.flow_closed(FIRST, story.now)
    story.collect()
    story.agent.flow_found(contact, flow, story.now)
    assert (call.flow == flow) == goes_on
