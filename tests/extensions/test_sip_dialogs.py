"""Within dialogs, in raw SIP: early media and PRACK, UPDATE, session timers, silence, late offers."""

from __future__ import annotations

import pytest

from extensions.sip.agent import SLACK_S
from extensions.sip.call import BYE_WITHIN_S, FLOW_GRACE_S, PROBE_S, CallState
from extensions.sip.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallProgressed,
    CallReoffered,
)
from extensions.sip.flow import TCP, Flow
from extensions.sip.headers import NameAddr
from extensions.sip.incoming_call import IncomingCall
from extensions.sip.message import Request, Response
from extensions.sip.uri import SipUri
from tests.extensions.story import PHONE, SDP, Story, statuses

RELIABLE = {"require": "100rel"}


# Provisional responses that must arrive


def offered(story: Story, *lines: str) -> IncomingCall:
    story.says(story.request("INVITE", *lines, body=SDP))
    event = story.events[-1]
    assert isinstance(event, CallOffered)
    story.collect()
    return event.call


def prack(story: Story, call: IncomingCall, rack: str, cseq: int = 2) -> str:
    return story.request("PRACK", f"RAck: {rack}", cseq=cseq, to_tag=call.local_tag)


def test_early_media_is_repeated_until_it_is_acknowledged() -> None:
    story = Story()
    call = offered(story, "Supported: 100rel")
    call.open_early(SDP.encode(), story.now)
    (early,) = story.collect()
    assert isinstance(early, Response)
    assert (early.status, early.headers.get("rseq"), early.headers.get("require")) == (183, "1", "100rel")
    assert statuses(story.passes(2)) == [183, 183]
    call.answer(SDP.encode(), story.now)
    assert story.collect() == []
    assert statuses(story.says(prack(story, call, "7 1 INVITE"))) == [481]
    assert statuses(story.says(prack(story, call, "1 1 INVITE", 3))) == [200, 200]
    assert call.state is CallState.ANSWERED


def test_ringing_is_acknowledged_once_even_after_the_answer_that_overtook_it() -> None:
    story = Story()
    call = offered(story, "Require: 100rel")
    call.ring(story.now)
    assert statuses(story.collect()) == [180]
    call.answer(SDP.encode(), story.now)
    assert statuses(story.collect()) == [200]
    assert statuses(story.says(prack(story, call, "1 1 INVITE"))) == [200]
    assert statuses(story.says(prack(story, call, "1 1 INVITE", 3))) == [481]
    assert set(statuses(story.passes(1))) == {200}, "the ringing is not repeated any more"


def test_early_media_nobody_acknowledges_ends_the_call() -> None:
    story = Story()
    call = offered(story, "Require: 100rel")
    call.ring(story.now)
    story.passes(33)
    assert isinstance(story.events[-1], CallEnded)
    assert 504 in statuses(story.sent)


def test_a_second_provisional_response_waits_for_the_first() -> None:
    story = Story()
    call = offered(story, "Require: 100rel")
    call.ring(story.now)
    call.open_early(SDP.encode(), story.now)
    assert statuses(story.collect()) == [180]
    answers = story.says(prack(story, call, "1 1 INVITE"))
    assert statuses(answers) == [200, 183]
    assert answers[1].headers.get("rseq") == "2"


def test_a_caller_that_knows_no_prack_gets_plain_early_media() -> None:
    story = Story()
    call = offered(story)
    call.open_early(SDP.encode(), story.now)
    (early,) = story.collect()
    assert (statuses([early]), early.headers.get("rseq"), early.body) == ([183], None, SDP.encode())
    assert story.passes(5) == []


def test_reliable_ringing_is_acknowledged_once_and_in_order() -> None:
    story = Story()
    _, invite = story.calls()
    (ack,) = story.replies(invite, 183, body=SDP, rseq="10", **RELIABLE)
    assert isinstance(ack, Request)
    assert (ack.method, ack.headers.get("rack")) == ("PRACK", "10 1 INVITE")
    assert story.replies(invite, 183, body=SDP, rseq="10", **RELIABLE) == []
    assert story.replies(invite, 180, rseq="12", **RELIABLE) == []
    (second,) = story.replies(invite, 180, rseq="11", **RELIABLE)
    assert second.headers.get("rack") == "11 1 INVITE"
    assert [type(event) for event in story.events] == [CallProgressed, CallProgressed]
    # The dialog goes on counting where the early one stopped.
    story.replies(ack, 200)
    assert isinstance(second, Request)
    story.replies(second, 200)
    assert statuses(story.replies(invite, 200, body=SDP)) == ["ACK"]
    event = story.events[-1]
    assert isinstance(event, CallAnswered)
    event.call.hang_up(story.now)
    (bye,) = story.collect()
    assert bye.cseq.number == 4


def test_early_branches_of_a_fork_are_told_apart() -> None:
    story = Story()
    _, invite = story.calls()
    for tag in ("one", "two"):
        (ack,) = story.replies(invite, 183, tag, body=SDP, rseq="5", **RELIABLE)
        assert ack.to.tag == tag
    assert [event.tag for event in story.events if isinstance(event, CallProgressed)] == ["one", "two"]


# UPDATE


def test_an_update_without_an_offer_refreshes() -> None:
    story = Story()
    call = story.answered()
    update = story.request(
        "UPDATE", "Supported: timer", "Session-Expires: 300", cseq=2, to_tag=call.local_tag
    )
    (response,) = story.says(update)
    assert statuses([response]) == [200]
    assert response.headers.get("session-expires") == "300;refresher=uac"


def test_an_update_with_an_offer_is_answered_without_an_ack() -> None:
    story = Story()
    call = story.answered()
    story.says(story.request("UPDATE", cseq=2, to_tag=call.local_tag, body=SDP))
    event = story.events[-1]
    assert isinstance(event, CallReoffered)
    event.call.accept_again(SDP.encode(), story.now)
    (response,) = story.collect()
    assert (statuses([response]), response.body) == ([200], SDP.encode())
    assert story.passes(20) == []


def test_an_update_with_an_offer_before_the_answer_comes_too_early() -> None:
    story = Story()
    call = story.invite()
    update = story.request("UPDATE", cseq=2, to_tag=call.local_tag, body=SDP)
    assert statuses(story.says(update)) == [500]


def test_an_update_that_crosses_our_reinvite() -> None:
    story = Story()
    call = story.answered()
    call.reoffer(SDP.encode(), story.now)
    story.collect()
    assert statuses(story.says(story.request("UPDATE", cseq=2, to_tag=call.local_tag, body=SDP))) == [491]


@pytest.mark.parametrize("late_s", [0.0, 0.5, 1.5])
def test_a_phone_that_hung_up_while_we_offered_anew_has_hung_up(late_s: float) -> None:
    story = Story()
    call = story.answered()
    call.reoffer(SDP.encode(), story.now)
    (invite,) = story.collect()
    assert isinstance(invite, Request)
    # Its BYE was overtaken by its answer, or lost and sent again.
    assert statuses(story.replies(invite, 481, "phone")) == ["ACK"]
    assert not call.reoffer(SDP.encode(), story.now)
    story.passes(late_s)
    bye = story.request("BYE", "Reason: Q.850;cause=16", cseq=2, to_tag=call.local_tag)
    assert statuses(story.says(bye)) == [200]
    (ended,) = [event for event in story.events if isinstance(event, CallEnded)]
    assert (ended.status, ended.phrase, ended.by_peer) == (None, "BYE", True)
    assert ended.reason is not None and ended.reason.cause == 16
    assert "BYE" not in statuses(story.sent)


def test_a_phone_that_hangs_up_before_it_answers_our_offer_hears_no_more() -> None:
    story = Story()
    call = story.answered()
    call.reoffer(SDP.encode(), story.now)
    story.collect()
    story.says(story.request("BYE", cseq=2, to_tag=call.local_tag))
    story.passes(100)
    assert [event for event in story.events if isinstance(event, CallEnded)] == [story.events[-1]]
    assert "BYE" not in statuses(story.sent)
    assert (len(story.agent), len(story.agent.transactions), len(story.agent.timers)) == (0, 0, 0)


# A phone that dies


def test_a_silent_phone_is_asked_and_given_up() -> None:
    story = Story()
    story.answered()
    (probe,) = story.passes(PROBE_S + SLACK_S)
    assert isinstance(probe, Request)
    assert probe.method == "OPTIONS"
    story.replies(probe, 200, "phone")
    (again,) = story.passes(PROBE_S + SLACK_S)
    assert again.cseq.number == probe.cseq.number + 1
    story.passes(33)
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.phrase, ended.by_peer) == ("no answer to OPTIONS", False)
    story.passes(100)
    assert (len(story.agent), len(story.agent.transactions), len(story.agent.timers)) == (0, 0, 0)


def test_a_phone_that_restarted_is_noticed_soon() -> None:
    story = Story()
    story.answered()
    (probe,) = story.passes(PROBE_S + SLACK_S)
    assert isinstance(probe, Request)
    story.replies(probe, 481, "phone")
    story.passes(BYE_WITHIN_S)
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.status, ended.by_peer) == (481, False)
    story.passes(100)
    assert (len(story.agent), len(story.agent.transactions), len(story.agent.timers)) == (0, 0, 0)


def test_a_phone_that_refuses_to_be_asked_is_alive() -> None:
    story = Story()
    call = story.answered()
    (probe,) = story.passes(PROBE_S + SLACK_S)
    assert isinstance(probe, Request)
    story.replies(probe, 405, "phone")
    assert call.state is CallState.ESTABLISHED


def test_a_session_that_is_not_refreshed_expires() -> None:
    story = Story()
    story.says(story.request("INVITE", "Supported: timer", "Session-Expires: 90", body=SDP))
    event = story.events[-1]
    assert isinstance(event, CallOffered)
    event.call.answer(SDP.encode(), story.now)
    (answer,) = [one for one in story.collect() if statuses([one]) == [200]]
    assert answer.headers.get("session-expires") == "90;refresher=uac"
    assert answer.headers.get("require") == "timer"
    story.says(story.request("ACK", to_tag=event.call.local_tag))
    for _ in range(2):
        for one in story.passes(30):
            assert isinstance(one, Request)
            if one.method == "OPTIONS":
                story.replies(one, 200, "phone")
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.phrase == "session expired"
    assert "BYE" in statuses(story.sent)


def test_we_refresh_a_session_where_the_phone_wants_us_to() -> None:
    story = Story()
    _, invite = story.calls()
    assert invite.headers.get("session-expires") == "1800;refresher=uas"
    story.replies(invite, 200, body=SDP, **{"session-expires": "120;refresher=uac"})
    sent: list[str | int] = []
    for _ in range(6):
        for one in story.passes(10):
            assert isinstance(one, Request)
            sent.append(one.method)
            if one.method == "UPDATE":
                story.replies(one, 405)
                (invite_again,) = [m for m in story.sent if isinstance(m, Request) and m.method == "INVITE"][
                    1:
                ]
                story.replies(invite_again, 200, body=SDP, **{"session-expires": "120;refresher=uac"})
            elif one.method == "OPTIONS":
                story.replies(one, 200)
    # The phone knew no UPDATE, so the session was refreshed by a re-INVITE that changes nothing.
    assert sent.count("UPDATE") == 1


def test_we_refresh_a_session_that_a_caller_leaves_to_us() -> None:
    story = Story()
    story.says(story.request("INVITE", "Supported: timer", "Session-Expires: 120;refresher=uas", body=SDP))
    event = story.events[-1]
    assert isinstance(event, CallOffered)
    event.call.answer(SDP.encode(), story.now)
    (answer,) = [one for one in story.collect() if statuses([one]) == [200]]
    assert answer.headers.get("session-expires") == "120;refresher=uas"
    assert answer.headers.get("require") is None
    story.says(story.request("ACK", to_tag=event.call.local_tag))
    refreshed_at = []
    for _ in range(24):
        for one in story.passes(10):
            assert isinstance(one, Request)
            if one.method == "UPDATE":
                refreshed_at.append(story.now)
                assert one.headers.get("session-expires") == "120;refresher=uac"
            story.replies(one, 200, "phone", **{"session-expires": "120;refresher=uac"})
    # Every half interval; the caller's phone need not do anything.
    assert refreshed_at == [60, 120, 180, 240]
    assert event.call.state is CallState.ESTABLISHED


@pytest.mark.parametrize("method", ["INVITE", "reINVITE"])
def test_a_session_too_brief(method: str) -> None:
    story = Story()
    lines = ("Supported: timer", "Session-Expires: 30")
    if method == "INVITE":
        (brief,) = story.says(story.request("INVITE", *lines, body=SDP))
    else:
        call = story.answered()
        (brief,) = story.says(story.request("INVITE", *lines, cseq=2, to_tag=call.local_tag, body=SDP))
    assert (statuses([brief]), brief.headers.get("min-se")) == ([422], "90")


def test_our_session_wish_was_too_brief() -> None:
    story = Story()
    _, invite = story.calls()
    answers = story.replies(invite, 422, **{"min-se": "3600"})
    assert statuses(answers) == ["ACK", "INVITE"]
    assert (answers[1].headers.get("session-expires") or "").startswith("3600")


def test_a_call_survives_its_connection_when_the_phone_comes_back() -> None:
    story = Story()
    old = Flow(TCP, "10.0.0.2", 40001, "10.0.0.1", 5060, 1)
    new = Flow(TCP, "10.0.0.2", 40002, "10.0.0.1", 5060, 2)
    for comes_back in (True, False):
        story.says(story.request("INVITE", body=SDP).replace("call-1", f"call-{comes_back}"), old)
        event = story.events[-1]
        assert isinstance(event, CallOffered)
        event.call.answer(SDP.encode(), story.now)
        ack = story.request("ACK", to_tag=event.call.local_tag).replace("call-1", f"call-{comes_back}")
        story.says(ack, old)
        story.agent.flow_closed(old, story.now)
        if comes_back:
            story.agent.flow_found(SipUri.parse("sip:101@10.0.0.2:40002"), new, story.now)
            story.passes(FLOW_GRACE_S + 1)
            assert event.call.state is CallState.ESTABLISHED
            assert event.call.flow == new
            event.call.hang_up(story.now)
            story.collect()
            assert story.flows[-1] == new
        else:
            story.passes(FLOW_GRACE_S + 1)
            ended = story.events[-1]
            assert isinstance(ended, CallEnded)
            assert (ended.phrase, ended.by_peer) == ("connection lost", False)


# Delayed offer, redirection


def test_an_answer_that_brings_the_offer_is_acknowledged_with_ours() -> None:
    story = Story()
    call = story.agent.call(
        PHONE, "sip:101@10.0.0.2:5062", from_=NameAddr("sip:box@10.0.0.1"), to=NameAddr("sip:101@10.0.0.1"),
        body=b"", now=story.now,
    )  # fmt: skip
    (invite,) = story.collect()
    assert isinstance(invite, Request)
    assert story.replies(invite, 200, body=SDP) == []
    call.acknowledge(SDP.encode(), story.now)
    (ack,) = story.collect()
    assert (statuses([ack]), ack.body, ack.cseq.number) == (["ACK"], SDP.encode(), 1)
    (again,) = story.replies(invite, 200, body=SDP)
    assert again.encode() == ack.encode()


def test_a_phone_that_forwards_its_calls() -> None:
    story = Story()
    _, invite = story.calls()
    story.replies(invite, 302, contact="<sip:13900139000@10.0.0.1>;q=0.5")
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.status, ended.redirected_to) == (302, "sip:13900139000@10.0.0.1")
