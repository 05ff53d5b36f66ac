"""How Quectel and Huawei modems tell the states of calls (telephony-reference A3).

    ^DSCI: id,dir,stat,type,number,toa                        the number is unquoted
    +QIND: "ccinfo",id,dir,stat,mode,mpty,"number",type       stat -1: over
    ^ORIG:id,type   ^CONF:id   ^CONN:id,type   ^CEND:id,seconds,status[,cause]

They are read into the values that the list of calls and SIMCom's notifications have. Every `parse` takes one
line
and gives a value or None; none raises.
"""

from __future__ import annotations

from hal.at.calls import CallOver, CallStat, ListedCall, VoiceBegin, VoiceEnd
from hal.at.fields import Fields, clean_number

_VOICE = 0
_DSCI_STATS = {
    2: CallStat.DIALLING,
    3: CallStat.ACTIVE,
    4: CallStat.INCOMING,
    5: CallStat.WAITING,
    6: CallStat.RELEASED,
    7: CallStat.ALERTING,
}
_CCINFO_STATS = {-1: CallStat.RELEASED} | {
    int(stat): stat for stat in CallStat if stat is not CallStat.RELEASED
}
# Causes of ITU-T Q.850 that a result word exists for; the others end a call without one.
_WORDS = {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER"}


def parse_call_state(line: str) -> ListedCall | VoiceBegin | VoiceEnd | CallOver | None:
    """Read any of the lines above."""
    name, colon, rest = line.partition(":")
    if not colon:
        return None
    fields = Fields(rest)
    match name:
        case "^DSCI":
            return _listed(fields, 0, _DSCI_STATS, number=4)
        case "+QIND" if fields[0].text == "ccinfo":
            return _listed(fields, 1, _CCINFO_STATS, number=6)
        case "^CONF" if (index := fields[0].integer) is not None:
            return ListedCall(index, incoming=False, stat=CallStat.ALERTING, voice=True, number=None)
        case "^CONN" if fields[1].integer in (_VOICE, None):
            return VoiceBegin()
        case "^CEND":
            cause = fields[3].integer
            return CallOver(_WORDS[cause]) if cause in _WORDS else VoiceEnd(fields[1].integer)
        case _:
            return None


def _listed(fields: Fields, first: int, stats: dict[int, CallStat], number: int) -> ListedCall | None:
    index, direction, stat, mode = (fields[first + n].integer for n in range(4))
    if index is None or direction not in (0, 1) or stat not in stats:
        return None
    shown = clean_number(fields[number].text, fields[number + 1].integer)
    return ListedCall(index, direction == 1, stats[stat], mode == _VOICE, shown)
