"""Who calls arrives over good, faint, noisy and tilted lines, and never half."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.media.dsp.callerid import DtmfCallerId, FskCallerId, dtmf_transmission, fsk_transmission
from firmware.media.dsp.callerid_message import (
    CallerId,
    CallerIdRefused,
    Stamp,
    build_mdmf,
    build_sdmf,
    checksum,
    parse_message,
)
from firmware.media.dsp.dtmf import DigitStarted, DtmfBank
from firmware.media.dsp.fsk import BELL_202, V23, FskReceiver, Standard, modulate
from firmware.media.dsp.tones import tone
from firmware.media.dsp.units import FRAME, I16, RATE, level_of, to_int16
from tests.media.dsp.signals import frames, music, noisy, silence, speech, through_ulaw, tone_fit

WANG = CallerId(number="2156430144", name="WANG WEI", stamp=Stamp(3, 17, 16, 56))
MDMF_VECTOR = bytes.fromhex("8016" + "0108") + b"03171656" + bytes.fromhex("020A") + b"2156430144" + b"\xba"
SDMF_VECTOR = bytes.fromhex("0412") + b"03171656" + b"2156430144" + b"\x4f"


def received(line: I16, receiver: FskCallerId | None = None) -> list[CallerId]:
    ear = receiver or FskCallerId()
    return [caller for frame in frames(line) for caller in ear.feed(frame[0])]


def on_the_line(
    message: bytes, standard: Standard, *, level_dbm0: float = -20.0, snr_db: float = 40.0
) -> I16:
    """Return a message between two rings, with line noise, at an odd place within the frames."""
    sent = fsk_transmission(message, standard, level_dbm0=level_dbm0)
    quiet = np.zeros(1000 + int(snr_db * 37), np.int16)
    line = noisy(np.concatenate((quiet, sent, silence(0.3))), level_dbm0 - snr_db, seed=int(snr_db))
    return through_ulaw(line)


# Messages


def test_published_messages_are_built_and_understood() -> None:
    caller = CallerId(number="2156430144", stamp=Stamp(3, 17, 16, 56))
    assert build_mdmf(caller) == MDMF_VECTOR
    assert build_sdmf(caller) == SDMF_VECTOR
    assert parse_message(MDMF_VECTOR) == parse_message(SDMF_VECTOR) == caller


@pytest.mark.parametrize(
    "caller",
    [
        WANG,
        CallerId(number_absent="P", name_absent="P"),
        CallerId(number_absent="O", stamp=Stamp(12, 31, 23, 59)),
        CallerId(number="+8613800138000", name="王伟", dialled="201"),
        CallerId(waiting=True, messages=3),
        CallerId(waiting=False),
    ],
)
def test_what_is_built_is_understood(caller: CallerId) -> None:
    assert parse_message(build_mdmf(caller)) == caller


def test_a_withheld_number_in_sdmf() -> None:
    caller = CallerId(number_absent="P", stamp=Stamp(1, 2, 3, 4))
    assert parse_message(build_sdmf(caller)) == caller


def test_one_wrong_bit_anywhere_is_refused() -> None:
    for place in range(len(MDMF_VECTOR) * 8):
        torn = bytearray(MDMF_VECTOR)
        torn[place // 8] ^= 1 << place % 8
        with pytest.raises(CallerIdRefused):
            parse_message(bytes(torn))


def signed(kind: int, body: bytes) -> bytes:
    message = bytes((kind, len(body))) + body
    return message + bytes((checksum(message),))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        signed(0x85, b"123"),
        signed(0x04, b"13171656" + b"123"),
        signed(0x04, b"0317165"),
        signed(0x80, b"\x02\x0a123"),
        signed(0x80, b"\x02"),
        signed(0x80, b"\x02\x05<scr>"),
        signed(0x80, b"\x01\x0803179956"),
    ],
)
def test_contradictory_messages_are_refused(message: bytes) -> None:
    with pytest.raises(CallerIdRefused):
        parse_message(message)


@given(st.binary(max_size=60), st.sampled_from([0x04, 0x06, 0x80, 0x82]))
def test_no_message_however_hostile_does_worse_than_being_refused(body: bytes, kind: int) -> None:
    try:
        caller = parse_message(signed(kind, body))
    except CallerIdRefused:
        return
    assert caller.number is None or len(caller.number) <= 24
    assert caller.name is None or caller.name.isprintable()


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        build_mdmf(CallerId(number="1" * 30))
    with pytest.raises(ValueError, match="date"):
        build_sdmf(CallerId(number="1"))
    with pytest.raises(ValueError, match="digits"):
        build_sdmf(CallerId(number="1" * 30, stamp=Stamp(1, 1, 1, 1)))


# FSK


@pytest.mark.parametrize("standard", [BELL_202, V23], ids=["bell202", "v23"])
@pytest.mark.parametrize("level_dbm0", [-3.0, -13.5, -32.0, -38.0])
@pytest.mark.parametrize("snr_db", [30.0, 20.0, 15.0, 12.0, 10.0])
def test_a_call_is_identified_down_to_10_db_over_the_noise(
    standard: Standard, level_dbm0: float, snr_db: float
) -> None:
    assert received(on_the_line(build_mdmf(WANG), standard, level_dbm0=level_dbm0, snr_db=snr_db)) == [WANG]


@pytest.mark.parametrize("standard", [BELL_202, V23], ids=["bell202", "v23"])
@pytest.mark.parametrize("speed", [0.98, 0.99, 1.01, 1.02])
def test_an_exchange_2_percent_out_of_time_is_understood(standard: Standard, speed: float) -> None:
    line = on_the_line(build_mdmf(WANG), standard)
    assert received(to_int16(np.interp(np.arange(0, len(line) - 1, speed), np.arange(len(line)), line))) == [
        WANG
    ]


@pytest.mark.parametrize("standard", [BELL_202, V23], ids=["bell202", "v23"])
@pytest.mark.parametrize("tilt_db_per_khz", [-6.0, 6.0])
def test_a_line_that_favours_one_frequency_is_understood(standard: Standard, tilt_db_per_khz: float) -> None:
    line = on_the_line(build_mdmf(WANG), standard)
    spectrum, hertz = np.fft.rfft(line), np.fft.rfftfreq(len(line), 1 / RATE)
    tilted = np.fft.irfft(spectrum * 10 ** (tilt_db_per_khz * (hertz - 1700) / 20000), len(line))
    assert received(to_int16(tilted)) == [WANG]


def test_hum_does_not_matter() -> None:
    line = on_the_line(build_mdmf(WANG), BELL_202, level_dbm0=-25)
    hum = 3000 * np.sin(2 * np.pi * 50 / RATE * np.arange(len(line))) + 500
    assert received(to_int16(line + hum)) == [WANG]


def test_any_length_of_block_will_do() -> None:
    line = on_the_line(build_mdmf(WANG), BELL_202)
    dice = np.random.default_rng(5)
    ear, found, at = FskCallerId(), [], 0
    while at < len(line):
        length = int(dice.integers(1, 400))
        found += ear.feed(line[at : at + length])
        at += length
    assert found == [WANG]


def test_off_hook_and_etsi_alerting_are_sent_as_the_standard_says() -> None:
    message = build_mdmf(WANG)
    alerting = fsk_transmission(message, V23, alert=True)
    assert level_of(alerting[80:720]) == pytest.approx(-14, abs=0.3)
    assert not alerting[800:1280].any()
    assert received(np.concatenate((alerting, silence(0.2)))) == [WANG]
    off_hook = fsk_transmission(message, V23, off_hook=True)
    assert len(alerting) - len(off_hook) == pytest.approx(1280 + (300 + 100) * RATE / 1200, abs=2)
    assert received(np.concatenate((off_hook, silence(0.2)))) == [WANG]
    assert level_of(off_hook) == pytest.approx(-13.5, abs=0.1)


@pytest.mark.parametrize(("standard", "mark_hz"), [(BELL_202, 1200.0), (V23, 1300.0)])
def test_mark_is_sent_at_its_own_frequency(standard: Standard, mark_hz: float) -> None:
    sent = modulate(b"", standard, seizure_bits=0, mark_bits=300, level_dbm0=-13.5)
    level, snr = tone_fit(sent, mark_hz)
    assert level == pytest.approx(-13.5, abs=0.05)
    assert snr > 40


def test_a_byte_without_its_stop_bit_is_not_a_byte() -> None:
    mark = modulate(b"", BELL_202, seizure_bits=0, mark_bits=60, level_dbm0=-20)
    stuck_at_space = tone((2200,), 100, -20, ramp_ms=0)
    ear = FskReceiver()
    line = np.concatenate((mark, stuck_at_space, silence(0.1)))
    assert [byte for frame in frames(line) for byte in ear.feed(frame[0])] == []


def test_two_messages_in_a_row_are_both_heard() -> None:
    line = on_the_line(build_mdmf(WANG), BELL_202)
    other = CallerId(number="10086", stamp=Stamp(1, 1, 0, 0))
    assert received(np.concatenate((line, on_the_line(build_sdmf(other), BELL_202)))) == [WANG, other]


def test_a_burst_of_noise_within_the_message_gets_it_refused_not_changed() -> None:
    ear = FskCallerId()
    line = on_the_line(build_mdmf(WANG), BELL_202).astype(np.int32)
    middle = 1000 + 40 * 37 + int(480 * RATE / 1200) + 1200
    line[middle : middle + 120] = np.random.default_rng(3).integers(-20000, 20000, 120)
    assert received(line.astype(np.int16), ear) == []
    assert ear.refused >= 1


def test_a_carrier_that_breaks_off_leaves_the_receiver_ready() -> None:
    ear = FskCallerId()
    line = on_the_line(build_mdmf(WANG), BELL_202)
    assert received(np.concatenate((line[: 1000 + 6000], silence(0.5))), ear) == []
    assert received(line, ear) == [WANG]


def test_speech_music_and_noise_are_nobody() -> None:
    ear = FskCallerId()
    for sound in (speech(60.0, seed=3), music(30.0), noisy(silence(20), -20)):
        assert received(sound, ear) == []


# DTMF


def keyed(digits: str, gap: float = 0.14) -> tuple[CallerId | None, DtmfCallerId]:
    ear, found, now = DtmfCallerId(), None, 100.0
    for digit in digits:
        found = ear.digit(digit, now) or found
        now += gap
    return found or ear.poll(now + 1), ear


@pytest.mark.parametrize("framing", ["A{}C", "D{}C", "D{}#", "A{}#", "{}#", "A{}"])
def test_every_framing_in_use_is_understood(framing: str) -> None:
    assert keyed(framing.format("13800138000"))[0] == CallerId(number="13800138000")


@pytest.mark.parametrize(("digits", "reason"), [("D10C", "P"), ("D00C", "O"), ("D1#", "P"), ("D3#", "O")])
def test_a_reason_is_not_a_number(digits: str, reason: str) -> None:
    assert keyed(digits)[0] == CallerId(number_absent=reason)


@pytest.mark.parametrize("digits", ["C", "AC", "12#", "A*5C", "123456", "A" + "1" * 40 + "C"])
def test_what_is_no_caller_id_is_refused_and_counted(digits: str) -> None:
    found, ear = keyed(digits)
    assert found is None
    assert ear.refused


def test_a_pause_ends_the_digits_before_it() -> None:
    ear = DtmfCallerId()
    ear.digit("A", 10.0)
    ear.digit("5", 10.1)
    assert ear.digit("6", 12.0) is None
    assert ear.digit("C", 12.1) is None


@pytest.mark.parametrize("caller", [CallerId(number="01088886666"), CallerId(number_absent="P")])
def test_dtmf_caller_id_crosses_a_noisy_line(caller: CallerId) -> None:
    line = noisy(np.concatenate((silence(0.3), dtmf_transmission(caller), silence(0.1))), -30)
    bank, ear, found = DtmfBank(1), DtmfCallerId(), []
    for index, frame in enumerate(frames(line)):
        started = [event for event in bank.feed(frame) if isinstance(event, DigitStarted)]
        found += [ear.digit(event.digit, index * FRAME / RATE) for event in started]
    assert [caller_id for caller_id in found if caller_id is not None] == [caller]


def test_a_name_is_not_sent_as_digits() -> None:
    with pytest.raises(ValueError, match="digits"):
        dtmf_transmission(CallerId(number="+86"))
