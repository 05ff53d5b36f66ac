"""We call a phone, in raw SIP: late answers, forks, hang-ups that cross the answer, challenges."""

from __future__ import annotations

from extensions.sip.events import (
    CallAnswered,
    CallEnded,
    CallProgressed,
)
from extensions.sip.message import Request
from tests.extensions.story import SDP, Story, statuses


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
