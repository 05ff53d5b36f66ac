"""What the fake modem does on each command: its half of the AT commands that a telephone line needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hal.fake.dialects import AudioWay
from hal.fake.holding import ACTIVE, HELD, supplementary
from hal.fake.network import CAN_CALL, CallState, FakeCall
from hal.fake.sim_card import SimState

if TYPE_CHECKING:
    from hal.fake.modem import FakeModem

CONNECT_DELAY = 0.05
"""Seconds from ATA's OK to VOICE CALL: BEGIN."""
LAC, CELL, LTE = "1A2B", "01C3D4E5", 7
"""Where the modem says it is."""


def _plain(modem: FakeModem, match: re.Match[str]) -> None:
    modem.answer("OK")


def _set_echo(modem: FakeModem, match: re.Match[str]) -> None:
    modem.echo = match[1] == "1" or modem.quirks.keeps_echo
    modem.answer("OK")


def _reset(modem: FakeModem, match: re.Match[str]) -> None:
    modem.echo = True
    modem.answer("OK")


def _setting(modem: FakeModem, match: re.Match[str]) -> None:
    name = match[1].upper()
    known = _SETTINGS + modem.dialect.settings
    if name not in known or (name == "+CEREG" and not modem.dialect.lte):
        modem.refuse(4)
    else:
        modem.settings[name] = match[2]
        modem.answer("OK")


def _identity(modem: FakeModem, match: re.Match[str]) -> None:
    dialect = modem.dialect
    answers = {
        "CGMI": dialect.maker,
        "CGMM": dialect.model,
        "CGMR": dialect.revision,
        "CGSN": modem.imei,
    }
    modem.say(answers[match[1].upper()])
    modem.answer("OK")


def _ask_pin(modem: FakeModem, match: re.Match[str]) -> None:
    state = modem.sim.state
    if state is SimState.ABSENT:
        modem.refuse(10)
    elif state is SimState.DEAD:
        modem.refuse(13)
    elif not modem.sim_started:
        modem.refuse(14)
    else:
        modem.say(f"+CPIN: {state.value}")
        modem.answer("OK")


def _enter_pin(modem: FakeModem, match: re.Match[str]) -> None:
    state = modem.sim.state
    if state is SimState.ABSENT or not modem.sim_started:
        modem.refuse(10 if state is SimState.ABSENT else 14)
    elif state is SimState.PIN and match[2] is None:
        if modem.sim.enter_pin(match[1]):
            modem.answer("OK")
            modem.say("+CPIN: READY")
        else:
            modem.refuse(12 if modem.sim.state is SimState.PUK else 16)
    elif state is SimState.PUK and match[2] is not None:
        if modem.sim.enter_puk(match[1], match[2]):
            modem.answer("OK")
        else:
            modem.refuse(16)
    else:
        modem.refuse(12 if state is SimState.PUK else 3)


def _tries(modem: FakeModem, match: re.Match[str]) -> None:
    query, answer = modem.dialect.tries
    if match[0].upper() != query or not modem.quirks.tells_tries:
        modem.refuse(4)
    elif modem.sim.state is SimState.ABSENT:
        modem.refuse(10)
    else:
        modem.say(answer.format(pin=modem.sim.pin_tries, puk=modem.sim.puk_tries))
        modem.answer("OK")


def _charset(modem: FakeModem, match: re.Match[str]) -> None:
    if match[1] == "=?":
        modem.say('+CSCS: ("GSM","IRA","UCS2")')
    else:
        modem.say(f"+CSCS: {modem.settings.get('+CSCS', chr(34) + 'GSM' + chr(34))}")
    modem.answer("OK")


def _message_centre(modem: FakeModem, match: re.Match[str]) -> None:
    modem.say('+CSCA: "+8613800100500",145')
    modem.answer("OK")


def _registration(modem: FakeModem, match: re.Match[str]) -> None:
    stat = modem.network.registration if modem.sim.state is SimState.READY else 0
    if match[1].upper() == "CEREG" and not modem.dialect.lte:
        modem.refuse(4)
        return
    n = modem.settings[f"+{match[1].upper()}"]
    where = f',"{LAC}","{CELL}",{LTE}' if n == "2" and stat in CAN_CALL else ""
    modem.say(f"+{match[1]}: {n},{stat}{where}")
    modem.answer("OK")


def _operator(modem: FakeModem, match: re.Match[str]) -> None:
    modem.say(f'+COPS: 0,0,"{modem.network.operator}",{LTE}' if modem.registered else "+COPS: 0")
    modem.answer("OK")


def _signal(modem: FakeModem, match: re.Match[str]) -> None:
    modem.say(f"+CSQ: {modem.network.rssi},99")
    modem.answer("OK")


def _list_calls(modem: FakeModem, match: re.Match[str]) -> None:
    call = modem.call
    if call is not None:
        ringing = modem.ringing_stat if call.to_modem else 3
        stats = {CallState.DIALLING: 2, CallState.RINGING: ringing, CallState.ANSWERED: 0}
        if call.state in stats:
            modem.say(modem.listing(call, stats[call.state]))
    if modem.held is not None:
        modem.say(modem.listing(modem.held, ACTIVE if modem.joined else HELD))
    if modem.waiting is not None:
        modem.say(modem.listing(modem.waiting, 5))
    modem.answer("OK")


def _dial(modem: FakeModem, match: re.Match[str]) -> None:
    if modem.call is not None or modem.held is not None:
        modem.answer("ERROR")
    elif not modem.registered and not modem.may_call_for_help(match[1]):
        modem.refuse(30)
    else:
        modem.answer("OK")
        modem.arm_audio()
        modem.call = modem.network.modem_dials(match[1])
        modem.tell_call(modem.call, 2)


def _answer(modem: FakeModem, match: re.Match[str]) -> None:
    call = modem.call
    if call is None or call.state is not CallState.RINGING or not call.to_modem:
        modem.answer("NO CARRIER" if call is None else "ERROR")
        return
    modem.arm_audio()
    modem.network.modem_answers(call)
    if modem.dialect.connects_before_ok:
        modem.connected(call, answered=True)
        modem.after(CONNECT_DELAY, lambda: modem.answer("OK"))
    else:
        modem.answer("OK")
        modem.after(CONNECT_DELAY, lambda: _connected(modem, call))


def _connected(modem: FakeModem, call: FakeCall) -> None:
    if modem.call is call:
        modem.connected(call, answered=True)


def _hang_up(modem: FakeModem, match: re.Match[str]) -> None:
    call = modem.call
    if modem.quirks.ignores_chup and match[0] == "+CHUP":
        modem.refuse(3)
        return
    if call is not None and (match[0] == "+CHUP" or modem.settings["+CVHU"] == "0"):
        if modem.joined and modem.held is not None:
            modem.end_call(modem.held)
        modem.end_call(call)
    modem.answer("OK")


def _send_key(modem: FakeModem, match: re.Match[str]) -> None:
    if re.fullmatch(modem.dialect.key_command, match[0], re.IGNORECASE) is None:
        modem.refuse(4)
    elif modem.call is None or modem.call.state is not CallState.ANSWERED:
        modem.refuse(3)
    else:
        modem.network.modem_presses(modem.call, match[1])
        modem.answer("OK")


def _audio(modem: FakeModem, match: re.Match[str]) -> None:
    if modem.dialect.audio is not AudioWay.CPCMREG:
        modem.refuse(4)
        return
    if match[1] == "0":
        modem.audio_on = False
        modem.answer("OK")
        return
    call = modem.call
    stands = call is not None and call.state is CallState.ANSWERED and call.answered_at is not None
    since = modem.network.schedule.now - (call.answered_at or 0.0) if call is not None else 0.0
    if not stands or since < modem.quirks.audio_refused_seconds or modem.quirks.audio_broken:
        modem.answer("ERROR")
    else:
        modem.audio_on = True
        modem.answer("OK")


def _audio_before(modem: FakeModem, match: re.Match[str]) -> None:
    """Quectel: taken at any time, effective from the next call on."""
    if modem.dialect.audio is not AudioWay.QPCMV or modem.quirks.audio_broken:
        modem.refuse(4)
    else:
        modem.settings["+QPCMV"] = match[1]
        modem.answer("OK")


def _audio_after(modem: FakeModem, match: re.Match[str]) -> None:
    """Huawei: taken once there is a call that we dialled or answered."""
    call = modem.call
    ours = call is not None and (not call.to_modem or call.state is CallState.ANSWERED)
    if modem.dialect.audio is not AudioWay.DDSETEX or not ours or modem.quirks.audio_broken:
        modem.answer("COMMAND NOT SUPPORT")
    else:
        modem.audio_on = True
        modem.answer("OK")


def _restart(modem: FakeModem, match: re.Match[str]) -> None:
    if match[0].upper() != modem.dialect.restart:
        modem.refuse(4)
        return
    modem.answer("OK")
    modem.quirks.audio_broken = False
    if modem.on_restart is not None:
        modem.on_restart()


_SETTINGS = tuple(
    f"+{name}"
    for name in [
        "CMEE",
        "CTZU",
        "CSCS",
        "CREG",
        "CEREG",
        "CGREG",
        "CLIP",
        "CRC",
        "CCWA",
        "COLP",
        "CNMP",
        "CLVL",
    ]
)
COMMANDS: tuple[tuple[re.Pattern[str], Callable[[FakeModem, re.Match[str]], None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), method)
    for pattern, method in (
        (r"", _plain),
        (r"E([01])", _set_echo),
        (r"Z|&F", _reset),
        (r"\+(CGMI|CGMM|CGMR|CGSN)", _identity),
        (r"\+CPIN\?", _ask_pin),
        (r'\+CPIN="?(\d{4,8})"?(?:,"?(\d{4,8})"?)?', _enter_pin),
        (r'\+SPIC|\+QPINC="SC"|\^CPIN\?', _tries),
        (r"\+(CREG|CEREG)\?", _registration),
        (r"\+CSCS(\?|=\?)", _charset),
        (r"\+CSCA\?", _message_centre),
        (r"\+COPS=3,[02]", _plain),
        (r"\+COPS\?", _operator),
        (r"\+CSQ", _signal),
        (r"\+CLCC", _list_calls),
        (r"D([+0-9*#]{1,40});", _dial),
        (r"A", _answer),
        (r"\+CHUP|H0?", _hang_up),
        (r"\+CHLD=([0-3])(?:(?<=[12])([1-7]))?", supplementary),
        (r'(?:\+VTS=|\^DTMF=1,)"?([0-9*#A-D])"?', _send_key),
        (r"\+CPCMREG=([01])", _audio),
        (r"\+QPCMV=(0|1,[0-2])", _audio_before),
        (r"\^DDSETEX=2", _audio_after),
        (r"\+CRESET|\+CFUN=1,1|\^RESET", _restart),
        (r'([+^][A-Z0-9]+)=("?[A-Z0-9,"]+"?)', _setting),
    )
)
