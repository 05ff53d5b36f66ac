"""One AT port: one command at a time, notifications in between, answers that are late or never come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.at.channel import (
    DEFAULT_TIMEOUT,
    MAX_ANSWER_LINES,
    MAX_WAITING,
    RECOVERY,
    AtChannel,
    ChannelEvent,
    Command,
    Notification,
    Outcome,
    QueueFull,
)
from hal.at.errors import FailureKind
from hal.at.procedures import Procedure, Procedures, ask, pause

CSQ = Command("+CSQ", prefix="+CSQ:")
CREG = Command("+CREG?", prefix="+CREG:")
DIAL = Command("D13900139000;", places_call=True)


def events(channel: AtChannel) -> list[ChannelEvent]:
    taken = []
    while (event := channel.next_event()) is not None:
        taken.append(event)
    return taken


def only_outcome(channel: AtChannel) -> Outcome:
    (outcome,) = [event for event in events(channel) if isinstance(event, Outcome)]
    return outcome


def test_a_command_goes_out_with_a_carriage_return_and_gets_its_answer() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    assert channel.data_to_send() == b"AT+CSQ\r"
    channel.receive_data(b"AT+CSQ\r\r\n+CSQ: 21,99\r\n\r\nOK\r\n", 0.1)
    assert events(channel) == [Outcome(CSQ, ("+CSQ: 21,99",))]


def test_one_command_is_outstanding_at_a_time() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.send(CREG, 0.0)
    assert channel.data_to_send() == b"AT+CSQ\r"
    channel.receive_data(b"\r\nERROR\r\n", 0.1)
    assert channel.data_to_send() == b"AT+CREG?\r"


def test_a_notification_may_fall_between_command_and_result() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.receive_data(b'\r\nRING\r\n\r\n+CSQ: 1,99\r\n\r\n+CLIP: "1",129\r\n\r\nOK\r\n', 0.1)
    assert events(channel) == [
        Notification("RING"),
        Notification('+CLIP: "1",129'),
        Outcome(CSQ, ("+CSQ: 1,99",)),
    ]


def test_a_registration_notification_is_not_the_answer_to_the_query() -> None:
    channel = AtChannel()
    channel.send(CREG, 0.0)
    channel.receive_data(b'\r\n+CREG: 5,"1A2B","1C3D",7\r\n\r\n+CREG: 2,1,"1A2B","1C3D",7\r\n\r\nOK\r\n', 0.1)
    assert events(channel) == [
        Notification('+CREG: 5,"1A2B","1C3D",7'),
        Outcome(CREG, ('+CREG: 2,1,"1A2B","1C3D",7',)),
    ]


def test_a_released_call_is_a_notification_even_while_calls_are_listed() -> None:
    channel = AtChannel()
    listing = Command("+CLCC", prefix="+CLCC:")
    channel.send(listing, 0.0)
    channel.receive_data(b"\r\n+CLCC: 1,1,6,0,0\r\n\r\nOK\r\n", 0.1)
    assert events(channel) == [Notification("+CLCC: 1,1,6,0,0"), Outcome(listing)]


def test_busy_is_the_result_of_dialling_and_news_to_everybody_else() -> None:
    channel = AtChannel()
    channel.send(DIAL, 0.0)
    channel.receive_data(b"\r\nBUSY\r\n", 1.0)
    outcome = only_outcome(channel)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.said) == (FailureKind.CALL_OVER, "BUSY")
    channel.send(DIAL, 2.0)
    channel.receive_data(b"\r\nOK\r\n", 2.1)
    channel.send(CSQ, 2.2)
    channel.receive_data(b"\r\nNO CARRIER\r\n\r\nOK\r\n", 2.3)
    assert events(channel) == [Outcome(DIAL), Notification("NO CARRIER"), Outcome(CSQ)]


@pytest.mark.parametrize("said", ["ERROR", "+CME ERROR: 10", "+CMS ERROR: 500", "COMMAND NOT SUPPORT"])
def test_refusals(said: str) -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.receive_data(f"\r\n{said}\r\n".encode(), 0.1)
    failure = only_outcome(channel).failure
    assert failure is not None
    assert failure.said == said


def test_no_answer_is_told_when_its_time_is_over() -> None:
    channel = AtChannel()
    channel.send(CSQ, 10.0)
    assert channel.get_timer() == 10.0 + DEFAULT_TIMEOUT
    channel.handle_timer(12.9)
    assert events(channel) == []
    channel.handle_timer(13.0)
    failure = only_outcome(channel).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_ANSWER


def test_a_late_answer_is_not_taken_for_the_next_commands() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.send(CREG, 0.0)
    channel.handle_timer(3.0)
    channel.data_to_send()
    channel.receive_data(b"\r\nOK\r\n", 3.5)
    assert channel.swallowed == 1
    assert channel.data_to_send() == b"AT+CREG?\r"
    channel.receive_data(b"\r\n+CREG: 0,1\r\n\r\nOK\r\n", 3.6)
    assert [e for e in events(channel) if isinstance(e, Outcome)][-1] == Outcome(CREG, ("+CREG: 0,1",))


def test_after_a_silence_the_next_command_goes_out_by_itself() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.send(CREG, 0.0)
    channel.handle_timer(3.0)
    assert channel.get_timer() == 3.0 + RECOVERY
    channel.handle_timer(3.0 + RECOVERY)
    assert channel.data_to_send() == b"AT+CSQ\rAT+CREG?\r"


def test_a_bare_identity_is_told_from_what_happens_meanwhile() -> None:
    channel = AtChannel()
    maker = Command("+CGMI", bare=True)
    channel.send(maker, 0.0)
    channel.receive_data(b"\r\nRING\r\n\r\nSIMCOM INCORPORATED\r\n\r\nOK\r\n", 0.1)
    assert events(channel) == [Notification("RING"), Outcome(maker, ("SIMCOM INCORPORATED",))]


def test_a_message_goes_out_at_the_prompt() -> None:
    channel = AtChannel()
    message = Command("+CMGS=3", prefix="+CMGS:", body="00010203")
    channel.send(message, 0.0)
    assert channel.data_to_send() == b"AT+CMGS=3\r"
    channel.receive_data(b"\r\n> ", 0.1)
    assert channel.data_to_send() == b"00010203\x1a"
    channel.receive_data(b"\r\n+CMGS: 7\r\n\r\nOK\r\n", 0.2)
    assert events(channel) == [Outcome(message, ("+CMGS: 7",), body_sent=True)]


def test_a_prompt_nobody_waits_for_is_escaped() -> None:
    channel = AtChannel()
    channel.receive_data(b"\r\n> ", 0.1)
    assert channel.data_to_send() == b"\x1b"


def test_a_message_whose_prompt_never_comes_is_called_off_and_was_not_sent() -> None:
    channel = AtChannel()
    channel.send(Command("+CMGS=3", body="00010203"), 0.0)
    channel.data_to_send()
    channel.handle_timer(DEFAULT_TIMEOUT)
    assert channel.data_to_send() == b"\x1b"
    assert not only_outcome(channel).body_sent


PDU = "0006110B911346610089F6"


def test_a_report_comes_with_its_pdu_even_between_a_command_and_its_result() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.receive_data(f"+CDS: 26\r\n{PDU}\r\n+CSQ: 1,99\r\nOK\r\n".encode(), 0.1)
    assert events(channel) == [Notification("+CDS: 26", PDU), Outcome(CSQ, ("+CSQ: 1,99",))]


def test_a_report_whose_pdu_noise_ate_costs_no_result() -> None:
    channel = AtChannel()
    channel.send(CSQ, 0.0)
    channel.receive_data(b"+CDS: 26\r\nOK\r\n", 0.1)
    assert events(channel) == [Notification("+CDS: 26"), Outcome(CSQ)]


def test_a_service_text_of_several_lines_is_one_notification() -> None:
    channel = AtChannel()
    channel.receive_data(b'+CUSD: 1,"Choose\r\n1 Balance\r\n2 Data",15\r\nRING\r\n', 0.1)
    assert events(channel) == [
        Notification('+CUSD: 1,"Choose\n1 Balance\n2 Data",15'),
        Notification("RING"),
    ]


def test_a_service_text_that_never_ends_holds_nothing_up() -> None:
    channel = AtChannel()
    channel.receive_data(b'+CUSD: 1,"Choose\r\n' + b"more\r\n" * 50 + b"RING\r\n", 0.1)
    assert events(channel)[-1] == Notification("RING")


def test_queue_and_answers_are_bounded() -> None:
    channel = AtChannel()
    for _ in range(MAX_WAITING + 1):
        channel.send(CSQ, 0.0)
    with pytest.raises(QueueFull):
        channel.send(CSQ, 0.0)
    channel.receive_data(b"+CSQ: 1,99\r\n" * 2000 + b"OK\r\n", 0.1)
    assert len(only_outcome(channel).lines) == MAX_ANSWER_LINES


def test_a_commands_text_does_not_show_where_it_is_logged() -> None:
    assert "1234" not in repr(Outcome(Command('+CPIN="1234"')))


WORDS = [
    b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\nRING\r\n", b"+CSQ: 1,99\r\n", b"\r\r\n+CRING: VOICE\r\r\n", b"> ",
    b"+CREG: 1\r\n", b'+CREG: 0,1\r\n', b"NO CARRIER\r\n", b"AT+CSQ\r", b"\0\xff", b"+CME ERROR: 14\r\n",
    b"+CLCC: 1,1,4,0,0\r\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=8), max_size=25).map(b"".join), st.randoms())
def test_any_chunking_gives_the_same_events(data: bytes, dice: random.Random) -> None:
    def play(pieces: list[bytes]) -> list[ChannelEvent]:
        channel = AtChannel()
        for command in (CSQ, CREG, DIAL, Command("+CGMI", bare=True), Command("+CLCC", prefix="+CLCC:")):
            channel.send(command, 0.0)
        for piece in pieces:
            channel.receive_data(piece, 0.1)
        return events(channel)

    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(5))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole = play([data])
    assert play(pieces) == whole
    assert play([data[i : i + 1] for i in range(len(data))]) == whole


# Procedures


def test_procedures_take_turns_on_one_channel() -> None:
    procedures = Procedures(AtChannel())
    said: list[str] = []

    def one() -> Procedure:
        outcome = yield from ask(CSQ)
        said.append(f"signal {outcome.lines}")
        yield from pause(1.0)
        said.append("rested")

    def other() -> Procedure:
        outcome = yield from ask(CSQ)
        said.append(f"again {outcome.ok}")

    procedures.start(one(), 0.0)
    procedures.start(other(), 0.0)
    procedures.receive_data(b"+CSQ: 9,99\r\nOK\r\nERROR\r\n", 0.5)
    assert procedures.next_notification(0.5) is None
    assert said == ["signal ('+CSQ: 9,99',)", "again False"]
    assert procedures.get_timer() == 1.5
    procedures.handle_timer(1.5)
    assert said[-1] == "rested"
    assert procedures.get_timer() is None


def test_a_cancelled_procedures_waiting_command_never_goes_out() -> None:
    procedures = Procedures(AtChannel())

    def asks(command: Command) -> Procedure:
        yield from ask(command)

    procedures.start(asks(CSQ), 0.0)
    doomed = procedures.start(asks(CREG), 0.0)
    procedures.cancel(doomed)
    procedures.receive_data(b"OK\r\n", 0.1)
    procedures.next_notification(0.1)
    assert procedures.channel.data_to_send() == b"AT+CSQ\r"


def test_a_procedure_may_cancel_itself_and_comes_no_further() -> None:
    procedures = Procedures(AtChannel())
    came: list[str] = []

    def suicidal() -> Procedure:
        yield from ask(CSQ)
        procedures.cancel(handle)
        came.append("so far")
        yield from ask(CREG)
        came.append("too far")

    handle = procedures.start(suicidal(), 0.0)
    procedures.receive_data(b"OK\r\nOK\r\n", 0.1)
    procedures.next_notification(0.1)
    assert came == ["so far"]
    assert procedures.channel.data_to_send() == b"AT+CSQ\r"
