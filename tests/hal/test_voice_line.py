"""What only a PSTN voice modem does: streams, taking turns, caller ids between rings, lost settings."""

from __future__ import annotations

import array
import asyncio
import math

import pytest

from hal.at.shielded import Audio, Code, StreamEnded, Unshielder, shield
from hal.fake.network import PartyScript
from hal.fake.voice_commands import FORMATS, FakeMode
from hal.fake.voice_modem import VoiceQuirks
from hal.line import AudioReady, CallEnded, DigitReceived, EndReason, IncomingCall, LineState
from hal.modems.voice.codec import decode, encode, format_called
from hal.modems.voice.words import CallerLine, SampleFormat
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import VoiceBench

pytestmark = pytest.mark.looptime

FRAME = 160


def tone(seconds: float, amplitude: int = 8000, hertz: int = 440) -> bytes:
    count = round(seconds * 8000)
    return array.array(
        "h", (round(amplitude * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(count))
    ).tobytes()


def power(samples: bytes, hertz: int) -> float:
    """Return the amplitude of one frequency."""
    values = array.array("h", samples[: len(samples) // 2 * 2])
    real = sum(v * math.cos(2 * math.pi * hertz * n / 8000) for n, v in enumerate(values))
    imaginary = sum(v * math.sin(2 * math.pi * hertz * n / 8000) for n, v in enumerate(values))
    return 2 * math.hypot(real, imaginary) / max(1, len(values))


async def talk(bench: VoiceBench, heard: Heard, script: PartyScript | None = None) -> None:
    bench.act(lambda: bench.network.call(script or PartyScript("13800138000")))
    await heard.next(IncomingCall)
    await bench.line.answer()
    await heard.next(AudioReady)


@pytest.mark.parametrize("name", ["ULAW", "ALAW", "UNSIGNED LINEAR"])
def test_samples_survive_the_modems_coding(name: str) -> None:
    coding = format_called(name)
    assert coding is not None
    said = tone(0.5)
    heard = decode(coding, encode(coding, said))
    assert power(heard, 440) == pytest.approx(8000, rel=0.03)


def test_a_stream_comes_apart_however_it_is_chunked() -> None:
    wire = shield(b"ab\x10c") + b"\x10/\x105\x10~" + b"\x10\x1a" + b"z\x10\x03\r\nOK\r\n"
    for size in (1, 2, 3, 100):
        unshielder, audio, codes, rest = Unshielder(), bytearray(), "", b""
        for at in range(0, len(wire), size):
            if rest:
                rest += wire[at : at + size]
                continue
            pieces, rest = unshielder.feed(wire[at : at + size])
            for piece in pieces:
                match piece:
                    case Audio(samples):
                        audio += samples
                    case Code(letter):
                        codes += letter
                    case StreamEnded():
                        rest = rest or b" "
        assert (bytes(audio), codes) == (b"ab\x10c\x10\x10z", "/5~")
        assert rest.strip() == b"OK"


@pytest.mark.parametrize(
    ("line", "number", "withheld"),
    [
        ("NMBR = 13800138000", "13800138000", False),
        ("NMBR=8005551212", "8005551212", False),
        ("NMBR = P", None, True),
        ("NMBR = O", None, False),
        ("NMBR = +86 10 6552 9988", "+861065529988", False),
        ("NMBR = 12;AT", None, False),
    ],
)
def test_caller_lines(line: str, number: str | None, withheld: bool) -> None:
    parsed = CallerLine.parse(line)
    assert parsed is not None
    assert (parsed.number, parsed.withheld) == (number, withheld)


def test_formats_are_read_with_and_without_prefix() -> None:
    assert SampleFormat.parse('131,"ULAW",8,0,0') == SampleFormat(131, "ULAW", 8)
    assert SampleFormat.parse('+VSM: 4, "ULAW", 8') == SampleFormat(4, "ULAW", 8)
    assert SampleFormat.parse("rubbish") is None


@pytest.mark.parametrize("model", ["cx93010", "usr5637"])
async def test_both_sides_hear_each_other(model: str) -> None:
    quirks = VoiceQuirks(formats=FORMATS[model], duplex=model == "cx93010")
    bench = VoiceBench(quirks=quirks, model=model)
    async with running(bench) as heard:
        await talk(bench, heard, PartyScript("13800138000", play=("tone:1000:-10",)))
        ears = bytearray()
        bench.modem.call.ear = _Ear(ears)  # type: ignore[union-attr]
        await asyncio.sleep(1)
        caller = bytes(bench.pipe.heard)
        assert power(caller[4000:12000], 1000) == pytest.approx(7100, rel=0.15)
        said = tone(1.0)
        for at in range(0, len(said), 2 * FRAME):
            bench.pipe.say(said[at : at + 2 * FRAME])
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        assert len(ears) >= 0.8 * len(said)
        assert power(bytes(ears[2000:12000]), 440) == pytest.approx(8000, rel=0.1)
        await asyncio.sleep(1)
        bench.pipe.heard.clear()
        await asyncio.sleep(1)
        assert power(bytes(bench.pipe.heard[2000:12000]), 1000) == pytest.approx(7100, rel=0.15)


class _Ear:
    def __init__(self, samples: bytearray) -> None:
        self.samples = samples

    def hear(self, frame: bytes) -> None:
        self.samples += frame


async def test_keys_are_heard_while_a_prompt_plays_half_duplex() -> None:
    bench = VoiceBench(quirks=VoiceQuirks(duplex=False), model="usr5637")
    async with running(bench) as heard:
        await talk(bench, heard)
        for at in range(60):
            bench.pipe.say(tone(0.02))
            if at == 30:
                bench.press("7")
            await asyncio.sleep(0.02)
        assert bench.modem.mode is FakeMode.TRANSMITTING
        assert [e.digit for e in heard.all(DigitReceived)] == ["7"]


@pytest.mark.parametrize(
    ("quirks", "said"),
    [
        (VoiceQuirks(), "busy tone"),
        (VoiceQuirks(says_busy=False, says_loop_break=True), "the loop broke"),
    ],
)
async def test_the_exchange_tells_a_hang_up_in_several_ways(quirks: VoiceQuirks, said: str) -> None:
    bench = VoiceBench(quirks=quirks)
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.hang_up()
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.REMOTE_HANG_UP, said)


@pytest.mark.parametrize(
    ("code", "said"),
    [("s", "silence"), ("K", "congestion tone"), ("d", "dial tone"), ("l", "the loop broke")],
)
async def test_what_an_exchange_plays_to_the_one_who_is_left_is_taken_for_a_hang_up(
    code: str, said: str
) -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.act(lambda: bench.modem.code(code))
        ended = await heard.next(CallEnded)
        assert (ended.reason, ended.detail) == (EndReason.REMOTE_HANG_UP, said)
        assert not bench.modem.off_hook


@pytest.mark.parametrize("code", ["q", "o", "u", "T", "J"])
async def test_what_says_nothing_of_a_hang_up_ends_no_call(code: str) -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.act(lambda: bench.modem.code(code))
        await asyncio.sleep(2)
        assert heard.all(CallEnded) == []


async def test_the_caller_id_is_announced_between_the_rings() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        began = asyncio.get_running_loop().time()
        bench.call("13800138000")
        await heard.next(IncomingCall)
        assert asyncio.get_running_loop().time() - began < 2.0


async def test_the_country_is_told_to_the_modem() -> None:
    async with running(VoiceBench()) as _:
        pass
    bench = VoiceBench()
    async with running(bench):
        assert bench.commands("AT+GCI") == ["AT+GCI=26"]


async def test_a_modem_without_a_format_we_speak_is_named() -> None:
    bench = VoiceBench(quirks=VoiceQuirks(formats=FORMATS["none"]))
    await bench.begin()
    await asyncio.sleep(30)
    assert bench.line.state is LineState.STARTING
    assert "is it a voice modem?" in bench.line.detail
    assert [v.fine for v in bench.line.checkup()[:2]] == [True, False]
    await bench.end()


async def test_a_modem_left_in_a_stream_by_a_crash_is_woken() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        await talk(bench, heard)
    assert bench.line.state is LineState.DOWN
    bench.modem.off_hook = True
    bench.modem.begin_stream(FakeMode.DUPLEX)
    await bench.line.start()
    await heard.state(bench.line, LineState.READY)
    await bench.end()


async def test_a_stream_that_dries_up_ends_the_call_and_opens_the_port_anew() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.modem.quirks.deaf = True
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_LOST
        bench.modem.quirks.deaf = False
        await heard.state(bench.line, LineState.READY)


async def test_a_stream_the_modem_ends_by_itself_is_begun_again() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.act(bench.modem._end_stream)
        await asyncio.sleep(1)
        assert bench.modem.mode is FakeMode.DUPLEX
        assert heard.all(CallEnded) == []


async def test_rubbish_on_the_port_disturbs_nothing() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        bench.act(lambda: bench.modem.say_raw(b"\x00\xffX" * 3000 + b"\r\n"))
        await asyncio.sleep(1)
        assert bench.line.refused_lines == 1
        await talk(bench, heard)
        assert bench.is_talking()
