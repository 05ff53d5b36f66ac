"""What the fake voice modem does on each command: its half of V.253 and V.250."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hal.modems.voice.codec import format_called

if TYPE_CHECKING:
    from hal.fake.voice_modem import FakeVoiceModem

FORMATS: dict[str, tuple[tuple[int, str, int], ...]] = {
    # Each maker's ids (telephony-reference B1); all at 7200 and 8000 Hz.
    "cx93010": ((0, "SIGNED PCM", 8), (1, "UNSIGNED PCM", 8), (129, "IMA ADPCM", 4), (131, "ULAW", 8)),
    "usr5637": ((128, "8-BIT LINEAR", 8), (129, "IMA ADPCM", 4), (131, "ULAW", 8), (132, "ALAW", 8)),
    "generic": ((0, "SIGNED LINEAR", 8), (1, "UNSIGNED LINEAR", 8), (4, "ULAW", 8), (5, "ALAW", 8)),
    "none": ((129, "IMA ADPCM", 4),),
}
"""By profile of hal/modems/voice."""
TONE_SECONDS = 0.1


class FakeMode(enum.Enum):
    COMMAND = "commands"
    DUPLEX = "both ways"
    RECEIVING = "hearing"
    TRANSMITTING = "playing"


_MODES = {"VTR": FakeMode.DUPLEX, "VTX": FakeMode.TRANSMITTING, "VRX": FakeMode.RECEIVING}


def _plain(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.answer("OK")


def _echo(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.echo = match[1] == "1"
    modem.answer("OK")


def _reset(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.put_on_hook()
    modem.reset()
    modem.answer("OK")


def _identity(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.say(modem.quirks.maker)
    modem.answer("OK")


def _setting(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    name, value = match[1].upper(), match[2]
    caller_id = modem.quirks.caller_id_command.partition("=")[0]
    if name in ("+VCID", "#CID") and name != caller_id:
        modem.answer("ERROR")
        return
    modem.settings[name] = value
    modem.answer("OK")


def _result_codes(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.listens = match[1] in "24"
    modem.answer("OK")


def _class(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.say(modem.settings["+FCLASS"])
    modem.answer("OK")


def _formats(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    for ident, name, bits in modem.quirks.formats:
        modem.say(f'{ident},"{name}",{bits},0,(7200,8000),(0),(0)')
    modem.answer("OK")


def _format(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    name = next((name for ident, name, _ in modem.quirks.formats if ident == int(match[1])), "")
    coding = format_called(name)
    if coding is None:
        modem.answer("ERROR")
    else:
        modem.coding = coding
        modem.answer("OK")


def _line(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    if match[1] == "0":
        modem.put_on_hook()
    else:
        modem.take_off_hook()
    modem.answer("OK")


def _stream(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    mode = _MODES[match[1].upper()]
    if modem.settings["+FCLASS"] != "8" or (mode is FakeMode.DUPLEX and not modem.quirks.duplex):
        modem.answer("ERROR")
    else:
        modem.begin_stream(mode)


def _tones(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    keys = re.findall(r"[0-9*#A-D]", re.sub(r"\[[^]]*\]", "", match[1]))
    for key in keys:
        if modem.call is not None:
            modem.network.modem_presses(modem.call, key)
    modem.hears_keys = not modem.quirks.deaf_after_tone
    modem.after(TONE_SECONDS * max(1, len(keys)), lambda: modem.answer("OK"))


def _hang_up(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    modem.put_on_hook()
    modem.answer("OK")


def _dial(modem: FakeVoiceModem, match: re.Match[str]) -> None:
    if modem.call is not None:
        modem.answer("ERROR")
    else:
        modem.dial(match[1])


_SETTINGS = r"(\+(?:FCLASS|GCI|VIT|VDR|VSD|IFC|FLO|VCID|VRA|VRN|VGR|VGT|VNH|VPR|VSP|FDD)|#CID)"
COMMANDS: tuple[tuple[re.Pattern[str], Callable[[FakeVoiceModem, re.Match[str]], None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), method)
    for pattern, method in (
        (r"", _plain),
        (r"E([01])", _echo),
        (r"Z|&F", _reset),
        (r"X([0-4])", _result_codes),
        (r"\+FM[IMR]|I[0-9]?", _identity),
        (r"\+FCLASS\?", _class),
        (r"\+VSM=\?", _formats),
        (r"\+VSM=([0-9]{1,3})(?:,[0-9,]*)?", _format),
        (rf"{_SETTINGS}=([0-9A-F,]*)", _setting),
        (r"\+VLS=([0-9]{1,2})", _line),
        (r"\+(VTR|VTX|VRX)", _stream),
        (r"\+VTS=(.{1,64})", _tones),
        (r"H0?", _hang_up),
        (r"D[TP]?([0-9*#,W]{1,40})", _dial),
    )
)
