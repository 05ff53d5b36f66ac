"""The fake modem's half of messages, service codes and the clock (3GPP TS 27.005; 27.007, 7.15, 8.15)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hal.at import gsm7
from hal.fake.message_centre import is_plain
from hal.fake.sim_card import SimState

if TYPE_CHECKING:
    from hal.fake.modem import FakeModem

_CTRL_Z, _ESCAPE = 0x1A, 0x1B
MAX_TEXT = 400
"""Characters of a PDU it takes at the prompt."""
CMS_NO_SIM, CMS_SIM_BUSY, CMS_MALFORMED, CMS_NO_SLOT, CMS_NO_NETWORK, CMS_NO_CNMA = (
    310,
    314,
    304,
    321,
    331,
    340,
)


def _with_its_own_centre(digits: str) -> str:
    """Return a PDU without the message centre it may name before the message (27.005, 3.1)."""
    try:
        octets = int(digits[:2], 16)
    except ValueError:
        return digits
    return f"00{digits[2 + 2 * octets :]}"


class Texting:
    """Messages of one modem."""

    def __init__(self, modem: FakeModem) -> None:
        self.prompting = False
        """It waits for a text: whatever comes is taken for that."""
        self._modem = modem
        self._length: int | None = None
        self._text = bytearray()
        self._boots = 0

    def power_on(self) -> None:
        self._boots += 1
        self.prompting = False
        self._text.clear()

    # The wire

    def ask_for_text(self, length: int | None) -> None:
        """Prompt; a length of None is a prompt nobody wanted."""
        self.prompting = True
        self._length = length
        self._text.clear()
        self._modem.prompt()

    def take(self, byte: int) -> None:
        """Take a byte of the text."""
        if byte == _ESCAPE:
            self.prompting = False
            self._modem.answer("OK")
        elif byte == _CTRL_Z:
            self.prompting = False
            self._send(self._text.decode("ascii", "replace").strip())
        elif byte == 0x0D:
            self._text.append(byte)
            self._modem.prompt()
        elif len(self._text) < MAX_TEXT:
            self._text.append(byte)

    def _send(self, digits: str) -> None:
        modem = self._modem
        digits = _with_its_own_centre(digits)
        if self._length is None or len(digits) // 2 - 1 != self._length:
            modem.refuse_message(CMS_MALFORMED)
        elif not modem.registered:
            modem.refuse_message(CMS_NO_NETWORK)
        else:
            boot = self._boots
            modem.after(modem.quirks.sms_seconds, lambda: self._sent(digits, boot))

    def _sent(self, digits: str, boot: int) -> None:
        modem = self._modem
        if not modem.powered or boot != self._boots:
            return
        result = modem.network.texts.modem_sends(digits)
        if isinstance(result, int):
            modem.say(f"+CMGS: {result}")
            modem.answer("OK")
        else:
            modem.answer(f"+{result[0]} ERROR: {result[1]}")

    # The network

    def arrives(self, pdu: str) -> bool:
        modem = self._modem
        if not (modem.powered and modem.registered):
            return False
        slot = modem.sim.keep(0, pdu)
        if slot is None:
            modem.notify("+SMS FULL")
            return False
        if modem.settings.get("+CNMI", "").split(",")[1:2] == ["1"]:
            modem.notify(f'+CMTI: "SM",{slot}')
        return True

    def report(self, pdu: str) -> bool:
        modem = self._modem
        if not (modem.powered and modem.registered):
            return False
        wanted = modem.settings.get("+CNMI", "").split(",")[3:4] == ["1"]
        if wanted:
            modem.notify(f"+CDS: {len(pdu) // 2 - 1}\r\n{pdu}")
        return wanted

    def ussd(self, state: int, text: str) -> None:
        modem = self._modem
        if not text:
            modem.notify(f"+CUSD: {state}")
        elif not is_plain(text):
            modem.notify(f'+CUSD: {state},"{text.encode("utf-16-be").hex().upper()}",72')
        elif modem.dialect.ussd_packed:
            modem.notify(f'+CUSD: {state},"{gsm7.ussd_hex(text)}",15')
        else:
            modem.notify(f'+CUSD: {state},"{text}",15')


def _memory(modem: FakeModem, match: re.Match[str]) -> None:
    if not _sim_ready(modem):
        return
    used, total = len(modem.sim.messages), modem.sim.slots
    if match[0].endswith("?"):
        modem.say("+CPMS: " + ",".join([f'"SM",{used},{total}'] * 3))
    else:
        modem.say("+CPMS: " + ",".join([f"{used},{total}"] * 3))
    modem.answer("OK")


def _list(modem: FakeModem, match: re.Match[str]) -> None:
    if not _sim_ready(modem):
        return
    for slot, (stat, pdu) in sorted(modem.sim.messages.items()):
        modem.say(f"+CMGL: {slot},{stat},,{len(pdu) // 2 - 1}\r\n{pdu}")
        modem.sim.messages[slot] = (max(stat, 1), pdu)
    modem.answer("OK")


def _delete(modem: FakeModem, match: re.Match[str]) -> None:
    if not _sim_ready(modem):
        return
    if modem.sim.messages.pop(int(match[1]), None) is None:
        modem.refuse_message(CMS_NO_SLOT)
        return
    modem.answer("OK")
    modem.network.texts.modem_is_back()


def _sim_ready(modem: FakeModem) -> bool:
    if modem.sim.state is not SimState.READY or not modem.sim_started:
        modem.refuse_message(CMS_NO_SIM)
    elif not modem.texts_started:
        modem.refuse_message(CMS_SIM_BUSY)
    else:
        return True
    return False


def _send(modem: FakeModem, match: re.Match[str]) -> None:
    if _sim_ready(modem):
        modem.texting.ask_for_text(int(match[1]))


def _acknowledge(modem: FakeModem, match: re.Match[str]) -> None:
    if modem.quirks.prompts_on_cnma:
        modem.texting.ask_for_text(None)
    else:
        modem.refuse_message(CMS_NO_CNMA)


def _message_indications(modem: FakeModem, match: re.Match[str]) -> None:
    if match[1].startswith("2"):
        # It advertises 2 and refuses it.
        modem.refuse_message(302)
        return
    if not _sim_ready(modem):
        return
    modem.settings["+CNMI"] = match[1]
    modem.answer("OK")
    modem.network.texts.modem_is_back()


def _service_code(modem: FakeModem, match: re.Match[str]) -> None:
    if not modem.registered:
        modem.refuse(30)
        return
    code = gsm7.from_ussd_hex(match[1]) if modem.dialect.ussd_packed else match[1]
    modem.answer("OK")
    modem.network.texts.modem_asks(code or "")


def _plain(modem: FakeModem, match: re.Match[str]) -> None:
    modem.answer("OK")


def _clock(modem: FakeModem, match: re.Match[str]) -> None:
    now = modem.network.texts.now
    shown = now.strftime("%y/%m/%d,%H:%M:%S+32") if modem.registered else "80/01/06,00:00:12+00"
    modem.say(f'+CCLK: "{shown}"')
    modem.answer("OK")


TEXT_COMMANDS: tuple[tuple[re.Pattern[str], Callable[[FakeModem, re.Match[str]], None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), method)
    for pattern, method in (
        (r"\+CMGF=0", _plain),
        (r"\+CSMS=0", _plain),
        (r'\+CPMS(?:\?|="SM","SM","SM")', _memory),
        (r"\+CNMI=([0-9,]+)", _message_indications),
        (r"\+CMGL=4", _list),
        (r"\+CMGD=(\d+)", _delete),
        (r"\+CMGS=(\d+)", _send),
        (r"\+CNMA(?:=\d)?", _acknowledge),
        (r"\+CUSD=[012]", _plain),
        (r'\+CUSD=1,"([^"]+)",15', _service_code),
        (r"\+CCLK\?", _clock),
    )
)
