"""The test phone against the real sockets: it registers, is called and answers, calls, and hears."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.accounts import Account, Accounts
from extensions.phones import Phones
from extensions.softphone import PhoneError, SoftPhone
from extensions.softphone_audio import AudioError, Voice, read_wav, tone
from firmware.core import g711
from firmware.core.causes import Cause
from firmware.core.leg import Party
from tests.interop.two_legs import TwoLegs
from tests.media.fake_media import FakeMedia

KEY = "k7mn2pq9rs4tvw6xyz3a"


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    accounts = Accounts([Account("101", "Ann", KEY), Account("102", "Bob", KEY)])
    phones = Phones(accounts, FakeMedia(), "127.0.0.1", 0)
    await phones.start()
    yield phones
    await phones.stop()


@pytest.mark.e2e
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_it_registers_answers_and_is_hung_up(phones: Phones, transport: str) -> None:
    phone = SoftPhone("127.0.0.1", phones.port, "101", KEY, transport=transport, answer_after=0.1)
    await phone.start()
    await phone.register()
    leg = phones.leg_to("101")
    await leg.ring(Party("13800138000"))
    await asyncio.wait_for(leg.answered(), 5)
    assert await asyncio.wait_for(phone.wait_for_call(), 5) == "13800138000"
    await leg.hang_up()
    assert await asyncio.wait_for(phone.call_over(), 5) == "BYE"
    await phone.stop()
    assert phones.registrations() == []


@pytest.mark.e2e
async def test_it_calls_another_and_hangs_up(phones: Phones) -> None:
    switch = TwoLegs(phones)
    ann = SoftPhone("127.0.0.1", phones.port, "101", KEY)
    bob = SoftPhone("127.0.0.1", phones.port, "102", KEY, answer_after=0.05)
    for phone in (ann, bob):
        await phone.start()
        await phone.register()
    await asyncio.wait_for(ann.dial("102"), 5)
    await asyncio.wait_for(bob.wait_for_call(), 5)
    await ann.hang_up()
    assert await asyncio.wait_for(bob.call_over(), 5) == "BYE"
    with pytest.raises(PhoneError, match="480"):
        await bob.dial("103")
    await ann.stop()
    await bob.stop()
    await switch.close()


@pytest.mark.e2e
async def test_it_says_why_it_could_not_register(phones: Phones) -> None:
    phone = SoftPhone("127.0.0.1", phones.port, "101", KEY[::-1])
    await phone.start()
    with pytest.raises(PhoneError, match="101 could not register: 401"):
        await phone.register()
    await phone.stop()


@pytest.mark.e2e
async def test_a_caller_that_gives_up_stops_its_ringing(phones: Phones) -> None:
    phone = SoftPhone("127.0.0.1", phones.port, "101", KEY, answer_after=None)
    await phone.start()
    await phone.register()
    leg = phones.leg_to("101")
    await leg.ring(Party(None))
    await asyncio.wait_for(phone.rung(), 5)
    await leg.hang_up(Cause.NO_ANSWER)
    assert await asyncio.wait_for(phone.call_over(), 5) == "CANCEL"
    await phone.stop()


@pytest.mark.e2e
async def test_two_voices_hear_each_other(tmp_path: Path) -> None:
    one = await Voice.open("127.0.0.1", tone(1000))
    other = await Voice.open("127.0.0.1", tone(440))
    one.speak_to("127.0.0.1", other.port)
    other.speak_to("127.0.0.1", one.port)
    await asyncio.sleep(0.6)
    await one.close()
    await other.close()
    for voice, hertz in ((one, 440), (other, 1000)):
        voice.write_heard(tmp_path / "heard.wav")
        samples = struct.unpack(f"<{round(voice.heard_s * 8000)}h", read_wav(tmp_path / "heard.wav"))
        assert 0.4 < voice.heard_s < 0.8
        assert loudness(samples, hertz) > 100 * loudness(samples, 700)


def loudness(samples: tuple[int, ...], hertz: float) -> float:
    """Return the power at one frequency (Goertzel), over whole tenths of a second."""
    count = len(samples) // 800 * 800
    step = 2 * math.pi * hertz / 8000
    real = sum(samples[index] * math.cos(step * index) for index in range(count))
    imaginary = sum(samples[index] * math.sin(step * index) for index in range(count))
    return (real * real + imaginary * imaginary) / count


def test_a_wav_of_another_kind_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "cd.wav"), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(44100)
    (tmp_path / "text.wav").write_text("hello")
    for name in ("cd.wav", "text.wav"):
        with pytest.raises(AudioError):
            read_wav(tmp_path / name)


def test_a_law_of_the_standard() -> None:
    """ITU-T G.711 table 1a: code 0xD5 is the smallest positive value, 0xAA the largest."""
    assert struct.unpack("<4h", g711.decode_alaw(b"\xd5\x55\xaa\x2a")) == (8, -8, 32256, -32256)
    every = bytes(range(256))
    assert g711.encode_alaw(g711.decode_alaw(every)) == every
    for sample in range(-32768, 32768, 97):
        (back,) = struct.unpack("<h", g711.decode_alaw(g711.encode_alaw(struct.pack("<h", sample))))
        assert abs(back - sample) <= max(16, abs(sample) / 30)
