"""A GSM line's states and ends in plain words."""

from __future__ import annotations

from hal.at.calls import CallOver, VoiceEnd
from hal.at.network import RegistrationStat
from hal.at.unsolicited import parse_unsolicited

UNREGISTERED = {
    RegistrationStat.DENIED: "the mobile network refuses this SIM",
    RegistrationStat.EMERGENCY_ONLY: "the network allows emergency calls only",
    RegistrationStat.SMS_ONLY_HOME: "the network allows messages only, no calls",
    RegistrationStat.SMS_ONLY_ROAMING: "the network allows messages only, no calls",
}
SEARCHING = "searching for a mobile network"


def end_in_words(line: str) -> str:
    """Return what a line says about a call's end, without its number."""
    match parse_unsolicited(line):
        case CallOver(word):
            return word
        case VoiceEnd():
            return "VOICE CALL: END"
        case _:
            return "MISSED_CALL"
