"""A phone calls, in raw SIP: what the agent repeats, what ends the call, what comes within it."""

from __future__ import annotations

from extensions.sip.call import BYE_WITHIN_S
from extensions.sip.events import (
    CallAcknowledged,
    CallEnded,
    CallInfo,
    CallOffered,
    CallReanswered,
    CallReoffered,
)
from extensions.sip.flow import UDP, Flow
from extensions.sip.headers import Reason
from extensions.sip.message import Request
from extensions.sip.transaction.invite_server import TRYING_S
from tests.extensions.story import SDP, Story, statuses


def test_a_caller_hears_of_us_within_a_fifth_of_a_second() -> None:
    story = Story()
    story.invite()
    assert statuses(story.sent) == []
    assert statuses(story.passes(TRYING_S)) == [100]
    story = Story()
    call = story.invite()
    call.ring(story.now)
    assert statuses(story.collect()) == [180]
    assert statuses(story.passes(1)) == []


def test_a_2xx_is_repeated_until_it_is_acknowledged() -> None:
    story = Story()
    call = story.invite()
    call.ring(story.now)
    call.answer(SDP.encode(), story.now)
    assert statuses(story.collect()) == [180, 200]
    assert statuses(story.passes(4)) == [200, 200, 200]
    story.says(story.request("ACK", to_tag=call.local_tag))
    assert story.passes(29) == []
    assert [type(event) for event in story.events] == [CallOffered, CallAcknowledged]


def test_an_answer_that_is_never_acknowledged_ends_the_call() -> None:
    story = Story()
    call = story.invite()
    call.answer(SDP.encode(), story.now)
    story.collect()
    said = statuses(story.passes(33))
    assert said.count(200) == 10
    assert "BYE" in said
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.phrase, ended.by_peer) == ("no ACK", False)
    story.passes(100)
    assert (len(story.agent), len(story.agent.transactions)) == (0, 0)


def test_a_caller_cancels() -> None:
    story = Story()
    story.invite(branch="z9hG4bKcall")
    said = story.says(story.request("CANCEL", "Reason: SIP;cause=200", branch="z9hG4bKcall"))
    assert statuses(said) == [200, 487]
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.reason == Reason("SIP", 200)
    assert said[0].to.tag == said[1].to.tag


def test_nobody_else_can_cancel() -> None:
    story = Story()
    story.invite(branch="z9hG4bKcall")
    stranger = Flow(UDP, "10.0.0.66", 5062, "10.0.0.1", 5060)
    assert statuses(story.says(story.request("CANCEL", branch="z9hG4bKcall"), stranger)) == [481]
    assert isinstance(story.events[-1], CallOffered)


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    story = Story()
    call = story.invite(branch="z9hG4bKcall")
    call.answer(SDP.encode(), story.now)
    story.collect()
    assert statuses(story.says(story.request("CANCEL", branch="z9hG4bKcall"))) == [200]
    story.says(story.request("ACK", to_tag=call.local_tag))
    assert isinstance(story.events[-1], CallAcknowledged)


def test_we_hang_up_only_after_the_ack() -> None:
    story = Story()
    call = story.invite()
    call.answer(SDP.encode(), story.now)
    call.hang_up(story.now, Reason("Q.850", 16))
    assert statuses(story.collect()) == [200]
    (bye,) = story.says(story.request("ACK", to_tag=call.local_tag))
    assert isinstance(bye, Request)
    assert (bye.method, bye.headers.get("reason")) == ("BYE", "Q.850;cause=16")
    assert bye.uri == "sip:101@10.0.0.2:5062"


def test_the_phone_hangs_up() -> None:
    story = Story()
    call = story.answered()
    bye = story.request("BYE", "Reason: Q.850;cause=16", cseq=2, to_tag=call.local_tag)
    assert statuses(story.says(bye)) == [200]
    assert statuses(story.says(bye)) == [200]
    assert [type(event) for event in story.events].count(CallEnded) == 1
    assert statuses(story.says(story.request("BYE", cseq=3, to_tag=call.local_tag))) == [481]


def test_requests_with_a_strange_tag_are_not_of_the_call() -> None:
    story = Story()
    call = story.answered()
    forged = story.request("BYE", cseq=2, to_tag=call.local_tag).replace("tag=phone", "tag=guess")
    assert statuses(story.says(forged)) == [481]


def test_a_request_out_of_order() -> None:
    story = Story()
    call = story.answered()
    story.says(story.request("OPTIONS", cseq=5, to_tag=call.local_tag))
    (late,) = story.says(story.request("INFO", cseq=4, to_tag=call.local_tag))
    assert statuses([late]) == [500]


def test_digits_as_info() -> None:
    story = Story()
    call = story.answered()
    info = story.request("INFO", cseq=2, to_tag=call.local_tag, body="Signal=5\r\nDuration=160\r\n")
    assert statuses(story.says(info.replace("application/sdp", "application/dtmf-relay"))) == [200]
    event = story.events[-1]
    assert isinstance(event, CallInfo)
    assert event.body == b"Signal=5\r\nDuration=160\r\n"
    other = story.request("INFO", cseq=3, to_tag=call.local_tag, body="<xml/>")
    assert statuses(story.says(other)) == [415]


def test_a_reinvite_is_answered_and_its_2xx_repeated() -> None:
    story = Story()
    call = story.answered()
    story.says(story.request("INVITE", cseq=2, to_tag=call.local_tag, body=SDP))
    event = story.events[-1]
    assert isinstance(event, CallReoffered)
    event.call.accept_again(SDP.encode(), story.now)
    assert statuses(story.collect()) == [200]
    assert statuses(story.passes(1)) == [200]
    story.says(story.request("ACK", cseq=2, to_tag=call.local_tag))
    assert story.passes(29) == []


def test_reinvites_that_cross() -> None:
    story = Story()
    call = story.answered()
    assert call.reoffer(SDP.encode(), story.now)
    assert not call.reoffer(SDP.encode(), story.now)
    (ours,) = story.collect()
    assert isinstance(ours, Request)
    crossing = story.says(story.request("INVITE", cseq=2, to_tag=call.local_tag, body=SDP, branch="z9hG4bKx"))
    assert statuses(crossing) == [491]
    story.says(story.request("ACK", cseq=2, to_tag=call.local_tag, branch="z9hG4bKx"))
    assert statuses(story.replies(ours, 491, "phone")) == ["ACK"]
    assert set(statuses(story.passes(2.0))) == {"INVITE"}
    again = story.sent[-1]
    assert isinstance(again, Request)
    assert again.cseq.number == ours.cseq.number + 1
    assert statuses(story.replies(again, 200, "phone", body=SDP)) == ["ACK"]
    assert isinstance(story.events[-1], CallReanswered)


def test_a_phone_that_forgot_the_call_ends_it() -> None:
    story = Story()
    call = story.answered()
    call.reoffer(SDP.encode(), story.now)
    (ours,) = story.collect()
    assert isinstance(ours, Request)
    assert statuses(story.replies(ours, 481, "phone")) == ["ACK"]
    assert statuses(story.passes(BYE_WITHIN_S)) == ["BYE"]
    assert isinstance(story.events[-1], CallEnded)


def test_a_bye_that_is_never_answered_is_harmless() -> None:
    story = Story()
    call = story.answered()
    call.hang_up(story.now)
    story.collect()
    assert set(statuses(story.passes(100))) == {"BYE"}
    assert (len(story.agent), len(story.agent.transactions), len(story.agent.timers)) == (0, 0, 0)
