"""The agent, spoken to in raw SIP: what it refuses and how, what it repeats, what it forgives."""

from __future__ import annotations

import msgspec
import pytest

from extensions.sip.events import (
    CallAcknowledged,
    CallAnswered,
    CallEnded,
    CallInfo,
    CallOffered,
    CallProgressed,
    CallReanswered,
    CallReoffered,
)
from extensions.sip.flow import UDP, Flow
from extensions.sip.headers import Reason
from extensions.sip.message import Request, Response, parse_message, respond_to
from extensions.sip.sources import STRANGER, Budget, Sources
from extensions.sip.transaction.invite_server import TRYING_S
from tests.extensions.sip_fuzz import fuzz
from tests.extensions.story import ENOUGH, PHONE, SDP, Story, statuses

# What is refused


@pytest.mark.parametrize(
    ("method", "lines", "options", "status"),
    [
        ("REFER", (), {}, 403),
        ("PUBLISH", (), {}, 405),
        ("DANCE", (), {}, 501),
        ("INVITE", ("Max-Forwards: 0",), {}, 483),
        ("INVITE", ("Require: precondition, timer",), {}, 420),
        ("INVITE", ("Content-Encoding: gzip",), {}, 415),
        ("INVITE", (), {"uri": "mailto:a@b"}, 416),
        ("INVITE", (), {"to_tag": "unknown"}, 481),
        ("BYE", (), {"to_tag": "unknown"}, 481),
        ("BYE", (), {}, 481),
        ("CANCEL", (), {}, 481),
        ("OPTIONS", (), {"version": "SIP/3.0"}, 505),
        ("OPTIONS", ("Max-Forwards: 300",), {}, 400),
        ("OPTIONS", (), {}, 200),
        ("REGISTER", (), {}, 200),
    ],
)  # fmt: skip
def test_requests_outside_a_call(
    method: str, lines: tuple[str, ...], options: dict[str, str], status: int
) -> None:
    story = Story()
    (response,) = story.says(story.request(method, *lines, **options))  # type: ignore[arg-type] # strings only
    assert isinstance(response, Response)
    assert response.status == status
    assert response.to.tag
    if status in (405, 501):
        assert "INVITE" in response.headers.items("allow")
    if status == 420:
        assert response.headers.get("unsupported") == "precondition"


def test_an_ack_is_never_answered() -> None:
    story = Story()
    assert story.says(story.request("ACK", to_tag="unknown")) == []
    assert story.says(story.request("ACK", "Max-Forwards: 999")) == []


def test_a_body_that_is_no_sdp() -> None:
    story = Story()
    invite = story.request("INVITE", body=SDP).replace("application/sdp", "text/plain")
    (response,) = story.says(invite)
    assert isinstance(response, Response)
    assert (response.status, response.headers.get("accept")) == (415, "application/sdp")


def test_the_same_invite_by_another_way() -> None:
    story = Story()
    story.invite()
    assert statuses(story.says(story.request("INVITE", body=SDP))) == [482]


def test_too_many_unfinished_transactions_of_one_source() -> None:
    few = Budget(per_s=1000, burst=1000, transactions=2)
    story = Story(Sources(few, few))
    story.says(story.request("INVITE", body=SDP))
    answers = [statuses(story.says(story.request("OPTIONS"))) for _ in range(3)]
    assert answers == [[200], [200], [200]]
    for number in (2, 3):
        invite = story.request("INVITE", body=SDP).replace("call-1", f"call-{number}")
        answer = statuses(story.says(invite))
    assert answer == [503]
    other = Flow(UDP, "10.0.0.3", 5060, "10.0.0.1", 5060)
    assert statuses(story.says(story.request("OPTIONS"), other)) == [200]
    assert story.agent.counters["refused"] == 1


def test_a_stranger_that_floods_is_not_heard_and_a_known_host_is() -> None:
    story = Story(Sources())
    for _ in range(3 * int(STRANGER.burst)):
        story.says(story.request("OPTIONS"))
    answered = len(story.sent)
    assert answered == STRANGER.burst
    assert story.agent.counters["flooded"] == 2 * STRANGER.burst
    story.passes(2)
    assert statuses(story.says(story.request("OPTIONS"))) == [200]
    # Once somebody there has authenticated, a proxy's worth of messages is heard.
    assert statuses(story.says(story.request("REGISTER"))) == [200]
    for _ in range(3000):
        assert story.says(story.request("OPTIONS"))


# Where answers go


def test_answers_go_back_to_the_source_with_rport() -> None:
    story = Story()
    natted = Flow(UDP, "10.0.0.9", 40000, "10.0.0.1", 5060)
    (response,) = story.says(story.request("OPTIONS"), natted)
    assert story.flows == [natted]
    assert dict(response.via.params)["rport"] == "40000"
    assert dict(response.via.params)["received"] == "10.0.0.9"


def test_answers_go_to_the_port_of_the_via_without_rport() -> None:
    story = Story()
    story.says(story.request("OPTIONS").replace(";rport", ""), PHONE.with_port(40000))
    assert story.flows == [PHONE]


# A phone calls


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
    assert statuses(story.replies(ours, 481, "phone")) == ["ACK", "BYE"]
    assert isinstance(story.events[-1], CallEnded)


def test_a_bye_that_is_never_answered_is_harmless() -> None:
    story = Story()
    call = story.answered()
    call.hang_up(story.now)
    story.collect()
    assert set(statuses(story.passes(100))) == {"BYE"}
    assert (len(story.agent), len(story.agent.transactions), len(story.agent.timers)) == (0, 0, 0)


# We call a phone


def test_a_late_180_is_ignored() -> None:
    story = Story()
    _, invite = story.calls()
    assert statuses(story.replies(invite, 200, body=SDP)) == ["ACK"]
    assert story.replies(invite, 180) == []
    assert [type(event) for event in story.events] == [CallAnswered]


def test_a_repeated_2xx_gets_the_same_ack() -> None:
    story = Story()
    _, invite = story.calls()
    (first,) = story.replies(invite, 200, body=SDP)
    story.passes(1)
    (second,) = story.replies(invite, 200, body=SDP)
    assert first.encode() == second.encode()
    assert isinstance(first, Request)
    assert first.uri == "sip:101@10.0.0.2:5062;fork=far"
    assert len(story.events) == 1


def test_a_second_branch_of_a_fork_is_acknowledged_and_hung_up() -> None:
    story = Story()
    _, invite = story.calls()
    story.replies(invite, 180, "one")
    story.replies(invite, 180, "two")
    story.replies(invite, 200, "one", body=SDP)
    ack, bye = story.replies(invite, 200, "two", body=SDP)
    assert statuses([ack, bye]) == ["ACK", "BYE"]
    assert (ack.to.tag, bye.to.tag) == ("two", "two")
    assert [type(event) for event in story.events] == [CallProgressed, CallProgressed, CallAnswered]


def test_a_hang_up_waits_for_a_provisional_response_to_cancel() -> None:
    story = Story()
    call, invite = story.calls()
    call.hang_up(story.now)
    assert story.collect() == []
    (cancel,) = story.replies(invite, 180)
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.via.branch, cancel.cseq.number) == ("CANCEL", invite.via.branch, 1)
    story.replies(cancel, 200)
    assert statuses(story.replies(invite, 487)) == ["ACK"]
    assert story.events == []
    story.passes(60)
    assert len(story.agent.transactions) == 0


def test_an_answer_that_crosses_the_cancel_is_hung_up() -> None:
    story = Story()
    call, invite = story.calls()
    story.replies(invite, 180)
    call.hang_up(story.now)
    assert statuses(story.collect()) == ["CANCEL"]
    assert statuses(story.replies(invite, 200, body=SDP)) == ["ACK", "BYE"]


def test_a_phone_that_ignores_the_cancel_is_given_up() -> None:
    story = Story()
    call, invite = story.calls()
    story.replies(invite, 180)
    call.hang_up(story.now)
    story.passes(100)
    assert (len(story.agent), len(story.agent.transactions)) == (0, 0)


def test_a_phone_that_is_gone() -> None:
    story = Story()
    story.calls()
    story.passes(33)
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.phrase, ended.status, ended.by_peer) == ("no answer to INVITE", None, False)


def test_a_challenge_without_credentials_is_a_refusal() -> None:
    story = Story()
    _, invite = story.calls()
    challenge = 'Digest realm="x", nonce="y"'
    assert statuses(story.replies(invite, 401, **{"www-authenticate": challenge})) == ["ACK"]
    ended = story.events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.status == 401


# Rubbish


def test_keepalives_are_not_faults() -> None:
    story = Story()
    assert story.says(b"\r\n\r\n") == []
    assert story.says(b"\0\0\0\0") == []
    assert story.agent.counters == {}


def test_a_stray_response_is_counted() -> None:
    story = Story()
    _, invite = story.calls()
    other = parse_message(invite.encode())
    assert isinstance(other, Request)
    other.headers.set("via", "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKother")
    assert story.says(respond_to(other, 200, tag="x").encode()) == []
    assert story.agent.counters["stray"] == 1


def test_thousands_of_mutants_raise_nothing_and_leave_nothing_behind() -> None:
    figures = fuzz(4000)
    assert figures["raised"] == 0
    # A table of remembered names may fill up once; what grows with every message would be far above.
    assert figures["grown_kb"] < 1000


def test_one_host_cannot_take_all_the_calls() -> None:
    scarce = msgspec.structs.replace(ENOUGH, dialogs=2)
    story = Story(Sources(scarce, scarce))
    calls = []
    for number in range(3):
        invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", f"call-{number}")
        calls.append(statuses([*story.says(invite), *story.passes(TRYING_S)])[-1])
    assert calls == [100, 100, 503]
    assert story.agent.counters["refused"] == 1
    other = Flow(UDP, "10.0.0.3", 5062, "10.0.0.1", 5060)
    invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", "call-9")
    assert statuses([*story.says(invite, other), *story.passes(TRYING_S)]) == [100]
    offered = story.events[0]
    assert isinstance(offered, CallOffered)
    offered.call.refuse(486, story.now)
    story.collect()
    invite = story.request("INVITE", "Max-Forwards: 70", body=SDP).replace("call-1", "call-4")
    assert statuses([*story.says(invite), *story.passes(TRYING_S)])[-1] == 100
