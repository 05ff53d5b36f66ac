"""Lines as values: what real modems send, and what must not be taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.at.calls import (
    CallerId,
    CallOver,
    CallStat,
    KeyHeard,
    ListedCall,
    MissedCall,
    Ring,
    VoiceBegin,
    VoiceEnd,
)
from hal.at.errors import Failure, FailureKind, parse_failure
from hal.at.fields import Fields, clean_number
from hal.at.network import Operator, PinState, Registration, RegistrationStat, Signal, TriesLeft
from hal.at.unsolicited import can_be_bare_answer, parse_unsolicited

LINES = [
    'RING', "+CRING: VOICE", '+CLIP: "+8613800138000",145,"",,"Li, Lei",0', '+CLIP: "",128,,,,1',
    '+CLCC: 1,1,4,0,0,"13800138000",129,""', "VOICE CALL: BEGIN", "VOICE CALL: END: 000041",
    "MISSED_CALL: 02:25AM 13800138000", "+RXDTMF: 8", '+CREG: 2,1,"1A2B","01C3D4E5",7', "+CSQ: 21,99",
    '+COPS: 0,0,"CHINA MOBILE",7', "+CPIN: SIM PIN", "+SPIC: 3,10,0,10", "+CME ERROR: 10", "+CMS ERROR: 500",
    "NO CARRIER",
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("RING", Ring(voice=True)),
        ("+CRING: VOICE", Ring(voice=True)),
        ("+CRING: REL ASYNC", Ring(voice=False)),
        ('+CLIP: "13800138000",161,"",,"",0', CallerId("13800138000", withheld=False)),
        ('+CLIP: "8613800138000",145,"",,"Li, Lei",0', CallerId("+8613800138000", withheld=False)),
        ('+CLIP: "+8613800138000",145', CallerId("+8613800138000", withheld=False)),
        ('+CLIP: "",128,,,,1', CallerId(None, withheld=True)),
        ('+CLIP: "",128,,,,2', CallerId(None, withheld=False)),
        ('+CLIP: "1;ATD666",129,,,,0', CallerId(None, withheld=False)),
        ('+CLCC: 1,1,4,0,0,"138",129', ListedCall(1, True, CallStat.INCOMING, True, "138")),
        ("+CLCC: 1,0,2,0,0", ListedCall(1, False, CallStat.DIALLING, True, None)),
        ("+CLCC: 1,1,6,0,0", ListedCall(1, True, CallStat.RELEASED, True, None)),
        ("+CLCC: 1,1,9,0,0", None),
        ("+CLCC: x", None),
        ("VOICE CALL: BEGIN", VoiceBegin()),
        ("VOICE CALL: END: 000041", VoiceEnd(41)),
        ("VOICE CALL: END", VoiceEnd(None)),
        ("MISSED_CALL: 02:25AM 13800138000", MissedCall()),
        ("NO CARRIER", CallOver("NO CARRIER")),
        ("+RXDTMF: 8", KeyHeard("8")),
        ("+RXDTMF: #", KeyHeard("#")),
        ("+RXDTMF: 88", None),
        ("+CPIN: READY", PinState("READY")),
        ("+QIND: something of another make", None),
    ],
)
def test_what_modems_say_unasked(line: str, value: object) -> None:
    assert parse_unsolicited(line) == value


@pytest.mark.parametrize(
    ("line", "pending", "stat", "answer"),
    [
        ("+CREG: 0,1", False, RegistrationStat.HOME, True),
        ("+CREG: 2,5", False, RegistrationStat.ROAMING, True),
        ('+CREG: 2,1,"1A2B","01C3D4E5",7', False, RegistrationStat.HOME, True),
        ("+CREG: 2,1,1A2B,01C3D4E5,7", False, RegistrationStat.HOME, True),
        ("+CREG: 3", False, RegistrationStat.DENIED, False),
        ('+CREG: 1,"1A2B","01C3D4E5",7', True, RegistrationStat.HOME, False),
        ("+CREG: 5,1A2B,01C3D4E5", True, RegistrationStat.ROAMING, False),
        ('+CREG: 5,"0012","01C3D4E5"', True, RegistrationStat.ROAMING, False),
        ("+CEREG: 2,8", True, RegistrationStat.EMERGENCY_ONLY, True),
        ("+CREG: 1,10,2000", False, RegistrationStat.HOME, False),
        ("+CREG: 1,10,2000", True, RegistrationStat.CSFB_NOT_PREFERRED_ROAMING, True),
    ],
)
def test_registration_as_answer_and_as_notification(
    line: str, pending: bool, stat: RegistrationStat, answer: bool
) -> None:
    value = Registration.parse(line, pending=pending)
    assert value is not None
    assert (value.stat, value.answer) == (stat, answer)


@pytest.mark.parametrize("line", ["+CREG:", "+CREG: x,y", "+CREG: 77", "+CGREG: 0,1", "CREG: 1"])
def test_what_is_no_registration(line: str) -> None:
    assert Registration.parse(line) is None


@pytest.mark.parametrize(
    ("line", "dbm"), [("+CSQ: 0,0", -113), ("+CSQ: 21,99", -71), ("+CSQ: 31,99", -51), ("+CSQ: 99,99", None)]
)
def test_signal_in_dbm(line: str, dbm: int | None) -> None:
    assert Signal.parse(line) == Signal(dbm)


def test_answers_that_have_a_form_of_their_own() -> None:
    assert Signal.parse("+CSQ: 55,0") is None
    assert Operator.parse('+COPS: 0,0,"CHINA MOBILE",7') == Operator("CHINA MOBILE")
    assert Operator.parse("+COPS: 0") == Operator(None)
    assert TriesLeft.parse("+SPIC: 3,10,0,10") == TriesLeft(3, 10)
    assert TriesLeft.parse("+SPIC: 3") is None


@pytest.mark.parametrize(
    ("line", "kind", "code", "words"),
    [
        ("ERROR", FailureKind.REFUSED, None, "the modem refused (ERROR)"),
        ("+CME ERROR: 10", FailureKind.CME, 10, "no SIM card in the modem"),
        ("+CME ERROR: 14", FailureKind.CME, 14, "the SIM card is still starting"),
        ("+CME ERROR: 7777", FailureKind.CME, 7777, "the modem refused (+CME ERROR: 7777)"),
        (
            "+CME ERROR: SIM not inserted",
            FailureKind.CME,
            None,
            "the modem refused (+CME ERROR: SIM not inserted)",
        ),
        ("+CMS ERROR: 331", FailureKind.CMS, 331, "no mobile network"),
        ("+CMS ERROR: 28", FailureKind.CMS, 28, "the modem refused (+CMS ERROR: 28)"),
        ("COMMAND NOT SUPPORT", FailureKind.REFUSED, None, "the modem refused (COMMAND NOT SUPPORT)"),
    ],
)
def test_errors_in_plain_words(line: str, kind: FailureKind, code: int | None, words: str) -> None:
    failure = parse_failure(line)
    assert failure == Failure(kind, code, line)
    assert str(failure) == words


def test_commas_in_quotes_separate_nothing() -> None:
    fields = Fields('1,"a,b",,"')
    assert [fields[i].text for i in range(6)] == ["1", "a,b", "", "", "", ""]


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("13800138000", 129, "13800138000"),
        ("+86 138-0013 8000", 145, "+8613800138000"),
        ("8613800138000", 145, "+8613800138000"),
        ("*100#", 129, "*100#"),
        ("", 128, None),
        ("CMCC", 208, None),
        ("1" * 33, 129, None),
        ("+", 145, None),
        ("１３８", 129, None),
    ],
)
def test_a_number_is_digits_or_none(text: str, kind: int, number: str | None) -> None:
    assert clean_number(text, kind) == number


def test_an_identity_is_not_confused_with_what_happens_meanwhile() -> None:
    assert can_be_bare_answer("SIMCOM INCORPORATED")
    for line in (
        "RING",
        "+CRING: VOICE",
        "VOICE CALL: BEGIN",
        "NO CARRIER",
        "RDY",
        "^MODE: 5",
        "MISSED_CALL: x",
    ):
        assert not can_be_bare_answer(line)


@given(st.text(max_size=60))
def test_no_text_raises(line: str) -> None:
    _parse_every_way(line)


@given(st.sampled_from(LINES), st.integers(0, 60), st.text(max_size=3), st.integers(0, 3))
def test_no_mutant_of_a_real_line_raises(line: str, at: int, inserted: str, removed: int) -> None:
    _parse_every_way(line[:at] + inserted + line[at + removed :])


def _parse_every_way(line: str) -> None:
    parse_unsolicited(line)
    failure = parse_failure(line)
    assert failure is None or str(failure)
    for parse in (Signal.parse, Operator.parse, TriesLeft.parse, PinState.parse, Registration.parse):
        parse(line)
    Registration.parse(line, pending=True)
    can_be_bare_answer(line)
