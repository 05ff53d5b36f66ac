"""The ten oddities that drivers learned the hard way (telephony-reference H), each with its remedy."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest

from firmware.media.pcm_stream import SampleAligner
from hal.at.calls import CallStat, ListedCall
from hal.at.lines import LineSplitter, TextLine
from hal.fake.dialects import DIALECTS
from hal.fake.quirks import Quirks
from hal.fake.voice_modem import SPECIMENS, VoiceQuirks
from hal.line import AudioReady, CallEnded, DigitReceived, EndReason, IncomingCall, LineState
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import Bench, VoiceBench

pytestmark = pytest.mark.looptime


async def talk(bench: Bench | VoiceBench, heard: Heard, count: int = 1) -> None:
    bench.call("13800138000")
    await heard.next(IncomingCall, count)
    await bench.line.answer()
    await heard.next(AudioReady, count)


async def test_h1_sim7600_audio_that_decays_is_noticed_and_cured_once_the_line_is_idle() -> None:
    bench = Bench(quirks=Quirks(audio_refused_seconds=6.0))
    async with running(bench) as heard:
        await talk(bench, heard)
        await asyncio.sleep(5)
        assert bench.commands("AT+CRESET") == [], "never in a call"
        bench.hang_up()
        await heard.next(CallEnded)
        await asyncio.sleep(1)
        assert bench.commands("AT+CRESET") == ["AT+CRESET"]
        await heard.state(bench.line, LineState.READY)


async def test_h1_sim7600_audio_that_is_refused_for_good_ends_the_call_and_restarts_the_modem() -> None:
    bench = Bench(quirks=Quirks(audio_broken=True))
    async with running(bench) as heard:
        bench.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.answer()
        assert (await heard.next(CallEnded)).reason is EndReason.DEVICE_FAULT
        await heard.state(bench.line, LineState.READY)
        assert bench.commands("AT+CRESET") == ["AT+CRESET"]
        bench.call("13800138000")
        await heard.next(IncomingCall, 2)
        await bench.line.answer()
        await heard.next(AudioReady)


async def test_h2_cpcmreg_is_refused_before_the_connection_and_asked_again() -> None:
    bench = Bench(quirks=Quirks(audio_refused_seconds=1.0))
    async with running(bench) as heard:
        await talk(bench, heard)
        assert len(bench.commands("AT+CPCMREG=1")) > 3


async def test_h2_a_missing_end_line_is_made_up_for_by_asking() -> None:
    bench = Bench(quirks=Quirks(end_line=False))
    async with running(bench) as heard:
        await talk(bench, heard)
        bench.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.REMOTE_HANG_UP


def test_h3_pcm_that_slipped_by_a_byte_is_put_right() -> None:
    aligner = SampleAligner()
    samples = (8000 * np.sin(2 * np.pi * 300 * np.arange(16000) / 8000)).astype("<i2").tobytes()
    sound = samples[:3200] + samples[3201:]
    heard = np.concatenate([aligner.feed(sound[at : at + 320]) for at in range(0, len(sound), 320)])
    assert aligner.shifted == 1
    assert np.abs(np.diff(heard[-2000:].astype(int))).max() < 3000


async def test_h4_a_sim7600_is_held_at_8_khz_on_volte_too_after_every_restart() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.vanish()
        await heard.state(bench.line, LineState.DOWN)
        bench.come_back()
        await heard.state(bench.line, LineState.READY)
        assert len(bench.commands("AT+CPCMFRM=0")) == 2
        assert len(bench.commands("AT+CPCMBANDWIDTH=1,1")) == 2


async def test_h4_a_lookalike_is_named_instead_of_being_taken_for_the_model_of_the_profile() -> None:
    bench = Bench()
    bench.modem.dialect = DIALECTS["a7670"]
    async with running(bench):
        power, sim, *_ = bench.line.checkup()
        assert (power.fine, sim.fine) == (False, True)
        assert "A7670E-FASE" in power.words.en and "SIM7600" in power.words.zh
        assert "voice" in power.remedy.en


def test_h5_cr_cr_lf_wrapping_comes_apart() -> None:
    tokens = LineSplitter().feed(b"\r\r\n+CRING: VOICE\r\r\n\r\n+CLIP: 1\r\n")
    assert tokens == [TextLine("+CRING: VOICE"), TextLine("+CLIP: 1")]


async def test_h5_a_creg_notification_in_mid_query_is_not_taken_for_the_answer() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await asyncio.sleep(3)
        # In their long form and, from a modem that has forgotten CREG=2, in their short one.
        for lost in ('2,"1A2B","01C3D4E5",7', "2"):
            bench.modem.slip_in(f"+CREG: {lost}", during="AT+CREG?")
            bench.modem.slip_in(f"+CEREG: {lost}", during="AT+CEREG?")
            await heard.state(bench.line, LineState.STARTING)
            await heard.state(bench.line, LineState.READY)


async def test_h6_ath_works_because_cvhu_was_set_and_chup_may_be_refused() -> None:
    bench = Bench(quirks=Quirks(ignores_chup=True))
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.hang_up()
        assert bench.is_free()
        assert "AT+CVHU=0" in bench.commands()
        assert bench.commands("ATH")
        assert bench.commands("AT+CRESET") == [], "the call is ended by a command, not by a restart"


async def test_h7_a_modem_stuck_in_message_entry_is_freed() -> None:
    bench = Bench(model="sim800")
    async with running(bench) as heard:
        bench.act(lambda: bench.modem.texting.ask_for_text(None))
        await asyncio.sleep(1)
        assert not bench.modem.texting.prompting
        await talk(bench, heard)


async def test_h7_no_simcom_is_ever_sent_a_cnma() -> None:
    bench = Bench(quirks=Quirks(prompts_on_cnma=True), model="sim800")
    async with running(bench):
        bench.text("+8613800138000", "hello")
        await asyncio.sleep(30)
        assert bench.commands("AT+CNMA") == []


async def test_h8_huawei_is_never_told_chld_to_end_a_call() -> None:
    bench = Bench(model="huawei-e1xx")
    async with running(bench) as heard:
        bench.will_not_answer("13900139000")
        await bench.line.dial("13900139000")
        await bench.line.hang_up()
        assert (await heard.next(CallEnded)).reason is EndReason.LOCAL, "it didn't crash"
        assert bench.commands("AT+CHLD") == []


@pytest.mark.parametrize(
    ("product", "at", "voice"),
    [("1001", 2, 1), ("1465", 2, 1), ("140c", 3, 2), ("1506", 3, 2), ("1436", 4, 3), ("14ac", 4, 3)],
)
def test_h8_huawei_ports_are_named_by_interface_not_by_order(product: str, at: int, voice: int) -> None:
    rules = (Path(__file__).parents[2] / "board" / "udev" / "70-zongji.rules").read_text("utf-8")
    named: dict[str, list[int]] = {"gsm1-at": [], "gsm1-pcm": []}
    for interface in range(6):
        device = {"ID_USB_MODEL_ID": product, "ID_USB_INTERFACE_NUM": f"{interface:02}"}
        for line in rules.splitlines():
            if 'ATTRS{idVendor}=="12d1"' in line and "SYMLINK" in line and _udev_matches(line, device):
                named["gsm1-at" if "gsm1-at" in line else "gsm1-pcm"].append(interface)
    assert named == {"gsm1-at": [at], "gsm1-pcm": [voice]}, "reference A6"


def _udev_matches(rule: str, device: dict[str, str]) -> bool:
    """Whether a rule's conditions on udev's properties hold (udev(7): `|` separates alternatives)."""
    conditions = re.findall(r'ENV\{(ID_USB_\w+)\}(==|!=)"([^"]*)"', rule)
    return all((device[key] in values.split("|")) is (sign == "==") for key, sign, values in conditions)


async def test_h9_quectel_is_told_of_its_audio_before_the_call_and_of_its_notification_port() -> None:
    bench = Bench(model="ec25")
    async with running(bench) as heard:
        await talk(bench, heard)
        commands = bench.commands()
        assert commands.index("AT+QPCMV=1,0") < commands.index("ATA")
        assert any(command.startswith('AT+QURCCFG="urcport"') for command in commands)


async def test_h9_a_quectel_with_usb_audio_uses_the_sound_card_and_not_the_dead_serial_port() -> None:
    bench = Bench(model="ec25-uac")
    async with running(bench) as heard:
        await talk(bench, heard)
        commands = bench.commands()
        assert commands.index("AT+QPCMV=1,2") < commands.index("ATA")
        assert bench.commands("AT+QPCMV=1,0") == []


async def test_h10_a_zoom_gets_three_dles_before_the_end_of_a_stream() -> None:
    bench = VoiceBench(quirks=VoiceQuirks(end_dles=3), model="zoom3095")
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.hang_up()
        assert bench.is_free()
        assert bench.line.state is LineState.READY


@pytest.mark.parametrize("model", ["cx93010", "usr5637", "generic"])
async def test_h10_the_number_of_an_audio_format_is_the_modems_own(model: str) -> None:
    ident = {"cx93010": 131, "usr5637": 131, "generic": 4}[model]
    bench = VoiceBench(quirks=SPECIMENS[model](), model=model)
    async with running(bench):
        assert bench.modem.coding.name == "ulaw"
        assert bench.commands(f"AT+VSM={ident},8000")


async def test_h10_caller_id_lost_by_a_reset_is_switched_on_again() -> None:
    bench = VoiceBench()
    async with running(bench) as heard:
        bench.act(bench.modem.reset)
        await asyncio.sleep(15)
        assert bench.line.state is LineState.READY
        bench.call("13800138000")
        assert (await heard.next(IncomingCall)).number == "13800138000"


async def test_h10_a_us_robotics_hears_keys_after_a_tone_of_its_own() -> None:
    quirks = VoiceQuirks(duplex=False, deaf_after_tone=True)
    bench = VoiceBench(quirks=quirks, model="usr5637")
    async with running(bench) as heard:
        await talk(bench, heard)
        await bench.line.send_digits("1")
        bench.press("5")
        assert (await heard.next(DigitReceived)).digit == "5"


@pytest.mark.parametrize("stat", list(CallStat))
def test_h2_every_listed_state_is_known(stat: CallStat) -> None:
    assert ListedCall.parse(f'+CLCC: 1,1,{int(stat)},0,0,"13800138000",129') is not None
