"""Short messages as PDUs: known vectors, round trips, hostile digits, long messages."""

from __future__ import annotations

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.at import gsm7
from hal.at.long_sms import MAX_OPEN, PATIENCE, Joiner, TooLong, split
from hal.at.pdu import Coding, Concat, Deliver, Delivery, StatusReport, Submit, coding_for, submit_length

EAST = datetime.timezone(datetime.timedelta(hours=8))
NOON = datetime.datetime(2026, 11, 22, 12, 0, 30, tzinfo=EAST)
GSM_TEXT = st.text(alphabet=[c for c in gsm7.ALPHABET if c != "\x1b"] + list(gsm7.EXTENSION.values()))
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


def test_known_texts_pack_to_known_octets() -> None:
    assert gsm7.pack(gsm7.to_septets("hello") or []).hex().upper() == "E8329BFD06"
    assert gsm7.ussd_hex("*100#") == "AA180C3602"
    assert gsm7.from_ussd_hex("AA180C3602") == "*100#"


def test_an_extension_character_takes_two_septets() -> None:
    assert gsm7.to_septets("€") == [0x1B, 0x65]
    assert gsm7.to_septets("中") is None


@given(GSM_TEXT, st.integers(0, 6))
def test_septets_survive_packing(text: str, fill: int) -> None:
    septets = gsm7.to_septets(text) or []
    assert gsm7.from_septets(gsm7.unpack(gsm7.pack(septets, fill), len(septets), fill)) == text


def test_a_message_others_have_published_is_read() -> None:
    message = Deliver.parse("07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
    assert message is not None
    assert (message.number, message.text) == ("+31641600986", "How are you?")
    assert message.sent is not None
    assert message.sent.isoformat() == "2002-08-26T19:37:41+00:00"


def test_a_message_to_send_is_what_others_have_published() -> None:
    digits = Submit("+46708251358", "hellohello", report=False).encode(Coding.GSM7)
    assert digits == "0011000B916407281553F80000A70AE8329BFD4697D9EC37"
    assert submit_length(digits) == 23


@given(ANY_TEXT.filter(lambda t: len(t.encode("utf-16-be")) <= 130))
def test_whatever_is_sent_is_read_again(text: str) -> None:
    coding = coding_for(text)
    for concat in (None, Concat(7, 3, 2), Concat(700, 3, 2, wide=True)):
        if coding is Coding.GSM7 and len(gsm7.to_septets(text) or []) > 150:
            return
        submit = Submit("13800138000", text, concat, report=True)
        assert Submit.parse(submit.encode(coding)) == submit
        deliver = Deliver("+8613800138000", text, NOON, concat)
        assert Deliver.parse(deliver.encode(coding)) == deliver


def test_a_sender_with_a_name_and_times_west_of_greenwich() -> None:
    west = datetime.timezone(-datetime.timedelta(hours=5, minutes=30))
    message = Deliver("China Mob", "Hi", NOON.astimezone(west))
    assert Deliver.parse(message.encode()) == message


@pytest.mark.parametrize(
    ("status", "delivery"),
    [(0x00, Delivery.DELIVERED), (0x21, Delivery.TRYING), (0x46, Delivery.FAILED), (0x61, Delivery.FAILED)],
)
def test_a_delivery_report(status: int, delivery: Delivery) -> None:
    report = StatusReport(17, "+8613800138000", status)
    assert StatusReport.parse(report.encode(NOON)) == report
    assert report.delivery is delivery


@given(st.binary(max_size=180))
def test_no_digits_whatever_raise(data: bytes) -> None:
    for digits in (data.hex(), data.hex()[1:], "zz"):
        Deliver.parse(digits)
        Submit.parse(digits)
        StatusReport.parse(digits)


def test_every_message_cut_short_is_refused_or_read_without_raising() -> None:
    whole = Deliver("+8613800138000", "中文" * 20, NOON, Concat(1, 2, 1)).encode()
    assert all(Deliver.parse(whole[:length]) is None for length in range(len(whole)))


# Long messages


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("a" * 1530, 10),
    ],
)
def test_a_text_is_cut_into_as_few_parts_as_the_standard_allows(text: str, parts: int) -> None:
    messages = split("10086", text, 5)
    assert len(messages) == parts
    assert "".join(submit.text for submit, _ in messages) == text
    assert all(len(submit.encode(coding)) // 2 <= 2 + 12 + 4 + 140 for submit, coding in messages)


def test_a_text_of_more_than_ten_parts_is_refused() -> None:
    with pytest.raises(TooLong):
        split("10086", "a" * 1531, 5)


@given(st.text(alphabet="a€[中😀", min_size=140, max_size=330))
def test_neither_an_escape_nor_a_surrogate_pair_is_torn(text: str) -> None:
    for submit, coding in split("10086", text, 5):
        again = Submit.parse(submit.encode(coding))
        assert again is not None
        assert again.text == submit.text


def _parts(text: str, reference: int = 9) -> list[Deliver]:
    return [
        Deliver("+8613800138000", submit.text, NOON, submit.concat)
        for submit, _ in split("10086", text, reference)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_joined_in_whatever_order_and_however_often_they_come(seed: int) -> None:
    dice = random.Random(seed)
    joiner = Joiner()
    parts = list(enumerate(_parts("中" * 300)))
    dice.shuffle(parts)
    told = []
    for slot, part in [*parts[:-1], parts[0], parts[-1]]:
        told += joiner.add(part, slot, 0.0)
    assert [(m.text, m.complete, sorted(m.slots)) for m in told] == [("中" * 300, True, list(range(5)))]


def test_a_message_with_a_missing_part_is_told_in_the_end_with_a_mark() -> None:
    joiner = Joiner()
    first, _, third = _parts("a" * 153 + "b" * 153 + "c" * 9)
    assert joiner.add(first, 1, 0.0) == joiner.add(third, 2, 1.0) == []
    assert joiner.expire(PATIENCE) == []
    (message,) = joiner.expire(PATIENCE + 1.0)
    assert (message.text, message.complete) == ("a" * 153 + "[…]" + "c" * 9, False)


def test_a_reference_used_again_makes_another_message() -> None:
    joiner = Joiner()
    joiner.add(_parts("a" * 200)[0], 1, 0.0)
    (given_up,) = joiner.add(_parts("b" * 200)[0], 2, 1.0)
    assert not given_up.complete
    (whole,) = joiner.add(_parts("b" * 200)[1], 3, 2.0)
    assert whole.text == "b" * 200


def test_a_flood_of_first_parts_takes_bounded_memory() -> None:
    joiner = Joiner()
    told = []
    for n in range(100):
        part = Deliver(f"+86{n:011d}", "x", NOON, Concat(1, 255, 1))
        told += joiner.add(part, n, float(n))
    assert len(told) == 100 - MAX_OPEN
