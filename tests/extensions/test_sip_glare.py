"""New offers that meet: who gives way, how long, and what a call owes when it ends (RFC 3261 section 14)."""

from __future__ import annotations

from extensions.sip.events import CallReanswered, CallReoffered
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response
from extensions.sip.outgoing_call import OutgoingCall
from tests.extensions.story import SDP, Story, statuses

MANY = 40
"""Calls of which the waits are compared."""


def we_talk(story: Story) -> OutgoingCall:
    """We call the phone; return the call that it took."""
    call, invite = story.calls()
    story.replies(invite, 200, "phone", body=SDP)
    return call


def waits_s(call: IncomingCall | OutgoingCall, story: Story) -> float:
    """Offer anew, be refused since the phone does so, too; return after how long we offer again."""
    assert call.reoffer(SDP.encode(), story.now)
    (ours,) = story.collect()
    assert isinstance(ours, Request)
    assert statuses(story.replies(ours, 491, "phone")) == ["ACK"]
    refused_at = story.now
    while not any(isinstance(one, Request) and one.method == "INVITE" for one in story.passes(0.01)):
        assert story.now < refused_at + 10, "it was never offered again"
    return story.now - refused_at


def a_reinvite(story: Story, call: IncomingCall, cseq: int) -> str:
    return story.request("INVITE", cseq=cseq, to_tag=call.local_tag, body=SDP)


def test_who_was_called_offers_again_within_two_seconds_and_at_random() -> None:
    waits = []
    for _ in range(MANY):
        story = Story()
        waits.append(waits_s(story.answered(), story))
    assert all(0 <= wait <= 2.02 for wait in waits)
    # Two boxes that waited alike would meet again.
    assert len({round(wait, 2) for wait in waits}) > MANY / 4


def test_who_called_lets_the_other_go_first() -> None:
    waits = []
    for _ in range(MANY):
        story = Story()
        waits.append(waits_s(we_talk(story), story))
    assert all(2.1 <= wait <= 4.02 for wait in waits)
    assert len({round(wait, 2) for wait in waits}) > MANY / 4


def test_while_we_wait_nothing_else_is_offered() -> None:
    story = Story()
    call = we_talk(story)
    assert call.reoffer(SDP.encode(), story.now)
    (ours,) = story.collect()
    assert isinstance(ours, Request)
    story.replies(ours, 491, "phone")
    assert not call.reoffer(SDP.encode(), story.now)
    again = story.passes(4.1)[0]
    assert isinstance(again, Request)
    story.replies(again, 200, "phone", body=SDP)
    assert isinstance(story.events[-1], CallReanswered)
    assert call.reoffer(SDP.encode(), story.now)


def test_a_call_that_ended_while_we_waited_is_offered_nothing() -> None:
    for hangs_up_first in ("phone", "box"):
        story = Story()
        call = story.answered()
        call.reoffer(SDP.encode(), story.now)
        (ours,) = story.collect()
        assert isinstance(ours, Request)
        story.replies(ours, 491, "phone")
        if hangs_up_first == "phone":
            story.says(story.request("BYE", cseq=2, to_tag=call.local_tag))
        else:
            call.hang_up(story.now)
            (bye,) = story.collect()
            assert isinstance(bye, Request)
            story.replies(bye, 200, "phone")
        assert story.passes(10) == []


def test_while_the_phones_offer_waits_for_us_we_offer_nothing() -> None:
    story = Story()
    call = story.answered()
    story.says(a_reinvite(story, call, 2))
    assert isinstance(story.events[-1], CallReoffered)
    assert not call.reoffer(SDP.encode(), story.now)
    call.accept_again(SDP.encode(), story.now)
    assert not call.reoffer(SDP.encode(), story.now), "its ACK is still to come"
    story.says(story.request("ACK", cseq=2, to_tag=call.local_tag))
    assert call.reoffer(SDP.encode(), story.now)


def test_a_second_offer_before_the_first_is_answered_or_acknowledged_may_come_again_shortly() -> None:
    story = Story()
    call = story.answered()
    story.says(a_reinvite(story, call, 2))
    (early,) = story.says(a_reinvite(story, call, 3))
    call.accept_again(SDP.encode(), story.now)
    assert statuses(story.collect()) == [200]
    (unacknowledged,) = story.says(a_reinvite(story, call, 4))
    for refusal in (early, unacknowledged):
        assert isinstance(refusal, Response)
        assert refusal.status == 500
        assert int(refusal.headers.get("retry-after") or "-1") in range(11)
    assert sum(isinstance(event, CallReoffered) for event in story.events) == 1


def test_an_offer_that_waits_when_the_call_ends_is_answered() -> None:
    story = Story()
    call = story.answered()
    story.says(a_reinvite(story, call, 2))
    said = story.says(story.request("BYE", cseq=3, to_tag=call.local_tag))
    assert sorted(map(str, statuses(said))) == ["200", "487"]
