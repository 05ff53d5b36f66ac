"""What a fake modem says of a call's state, in its dialect (telephony-reference A3)."""

from __future__ import annotations

from hal.fake.dialects import CallWords, Dialect
from hal.fake.network import FakeCall

RELEASED = 6
_DSCI = {0: 3, 2: 2, 3: 7, 4: 4, 5: 5, RELEASED: 6}
_CAUSES = {"BUSY": 17, "NO ANSWER": 19, "NO CARRIER": 21}
_NORMAL = 16


def is_on(dialect: Dialect, settings: dict[str, str]) -> bool:
    """Whether the notification of call states was switched on."""
    match dialect.words:
        case CallWords.CLCC:
            return settings.get("+CLCC") == "1"
        case CallWords.CCINFO:
            return settings.get("+QINDCFG", "").startswith('"ccinfo",1')
        case CallWords.DSCI:
            return settings.get("^DSCI") == "1"
        case CallWords.HUAWEI:
            return settings.get("^CURC") == "1"


def state_line(
    dialect: Dialect, call: FakeCall, stat: int, number: str, kind: int, seconds: int, word: str = ""
) -> str:
    """Return the line for a state (27.007, 7.18; 6 released); empty where the dialect has none."""
    direction, n = int(call.to_modem), call.index
    match dialect.words:
        case CallWords.CLCC:
            return f'+CLCC: {call.index},{direction},{stat},0,0,"{number}",{kind}'
        case CallWords.CCINFO:
            return f'+QIND: "ccinfo",{n},{direction},{-1 if stat == RELEASED else stat},0,0,"{number}",{kind}'
        case CallWords.DSCI:
            return f"^DSCI: {call.index},{direction},{_DSCI[stat]},0,{number},{kind}"
        case CallWords.HUAWEI:
            lines = {2: f"^ORIG:{n},0", 3: f"^CONF:{n}", 0: f"^CONN:{n},0"}
            if stat == RELEASED:
                return f"^CEND:{n},{seconds},104,{_CAUSES.get(word, _NORMAL)}"
            return lines.get(stat, "")


def end_lines(dialect: Dialect, call: FakeCall, word: str, seconds: int) -> list[str]:
    """Return what follows the released state when the network ends a call."""
    if dialect.words is CallWords.HUAWEI:
        return []
    if word == "VOICE END":
        voice = [f"VOICE CALL: END: {seconds:06d}"] if dialect.voice_lines else []
        return [*voice, "NO CARRIER"]
    if word == "MISSED":
        missed = [f"MISSED_CALL: 02:25AM {call.number or ''}"] if dialect.voice_lines else []
        return ["NO CARRIER", *missed]
    return [word]
