"""Caller id on the line: FSK and DTMF, received and sent.

Receiving FSK: bytes from the modem (fsk.py) are put together, type, length, body, checksum; noise that
looks like a byte costs one hunt, and a message is never longer than its length byte says, 258 bytes in all.
Receiving DTMF (used between reversal and ring, or after the first ring): digits from the DTMF bank are
collected until a closing C or #, or a pause.

    A<number>C   D<number>C   D<number>#   A<number>#   <number>#       D followed by at most three digits
    is a reason, not a number

Sources: GR-30-CORE, ETSI EN 300 659-1 (FSK, timing) and -3 (messages), ETSI EN 300 659-1 annex B (DTMF);
reference C3.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.dsp.callerid_message import (
    LONGEST_NUMBER,
    MESSAGE_TYPES,
    CallerId,
    CallerIdRefused,
    parse_message,
)
from firmware.media.dsp.fsk import BELL_202, SEND_DBM0, FskReceiver, Standard, modulate
from firmware.media.dsp.tones import dtmf, samples_of, tone
from firmware.media.dsp.units import I16

SEIZURE_BITS: Final = 300
MARK_BITS: Final = 180
OFF_HOOK_MARK_BITS: Final = 80
ALERT_HZ: Final = (2130.0, 2750.0)
"""ETSI's dual-tone alerting signal, EN 300 659-1."""
ALERT_MS: Final = 100
ALERT_DBM0: Final = -17.0
ALERT_GAP_MS: Final = 60
"""Between alerting signal and data: 45 to 500 ms."""

DTMF_ON_MS: Final = 70
WITHHELD: Final = frozenset({"10", "1"})
"""Information codes after D that mean the caller wished it so; all others mean unavailable."""
LONGEST_REASON: Final = 3
"""Digits of an information code; more of them after D are a number."""
DTMF_PAUSE_MS: Final = 500
"""Digits of one transmission follow one another faster."""
SHORTEST_BARE_NUMBER: Final = 3


class FskCallerId:
    """One line's receiver of FSK caller id.

    Feed it from the end of the ring (or the reversal) on. `refused` counts what was no message.
    """

    def __init__(self) -> None:
        self._modem = FskReceiver()
        self._bytes = bytearray()
        self.refused = 0

    def feed(self, samples: I16) -> list[CallerId]:
        """Listen to samples, shape (n,); return the messages complete with them."""
        found: list[CallerId] = []
        for byte in self._modem.feed(samples):
            if byte is None:
                self.refused += bool(self._bytes)
                self._bytes.clear()
                continue
            self._bytes.append(byte)
            if self._bytes[0] not in MESSAGE_TYPES:
                self._bytes.clear()
            elif len(self._bytes) >= 2 and len(self._bytes) == self._bytes[1] + 3:
                try:
                    found.append(parse_message(bytes(self._bytes)))
                except CallerIdRefused:
                    self.refused += 1
                self._bytes.clear()
        return found


def fsk_transmission(
    message: bytes,
    standard: Standard = BELL_202,
    *,
    alert: bool = False,
    off_hook: bool = False,
    level_dbm0: float = SEND_DBM0,
) -> I16:
    """Return the samples of a message as an exchange sends it.

    Args:
        message: From `build_mdmf` or `build_sdmf`.
        standard: `BELL_202`, or `V23` for ETSI countries.
        alert: Send ETSI's alerting signal first.
        off_hook: To somebody who is talking: no seizure.
        level_dbm0: Of the FSK signal.
    """
    data = modulate(
        message,
        standard,
        seizure_bits=0 if off_hook else SEIZURE_BITS,
        mark_bits=OFF_HOOK_MARK_BITS if off_hook else MARK_BITS,
        level_dbm0=level_dbm0,
    )
    if not alert:
        return data
    gap = np.zeros(samples_of(ALERT_GAP_MS), np.int16)
    return np.concatenate((tone(ALERT_HZ, ALERT_MS, ALERT_DBM0), gap, data))


class DtmfCallerId:
    """One line's collector of caller id digits; bounded, and silent about what is no caller id."""

    def __init__(self) -> None:
        self._digits = ""
        self._last = 0.0
        self.refused = 0

    def digit(self, digit: str, now: float) -> CallerId | None:
        """Take a digit heard before or between rings; return the caller id it completes.

        Args:
            digit: One of `0`-`9`, `*`, `#`, `A`-`D`.
            now: Monotonic seconds.
        """
        if now - self._last > DTMF_PAUSE_MS / 1000:
            self._forget()
        self._last = now
        if digit in "C#":
            collected, self._digits = self._digits, ""
            return self._parsed(collected)
        if digit in "AD":
            self._forget()
        # What is too long stays unfit to be a number until it ends.
        self._digits = self._digits + digit if len(self._digits) <= LONGEST_NUMBER else "*"
        return None

    def poll(self, now: float) -> CallerId | None:
        """Return a caller id that ended in a pause without a closing digit (it then began with A or D)."""
        if not self._digits or now - self._last <= DTMF_PAUSE_MS / 1000:
            return None
        collected, self._digits = self._digits, ""
        if collected[0] in "AD":
            return self._parsed(collected)
        self.refused += 1
        return None

    def _forget(self) -> None:
        self.refused += bool(self._digits)
        self._digits = ""

    def _parsed(self, collected: str) -> CallerId | None:
        start, number = (collected[0], collected[1:]) if collected[:1] in ("A", "D") else ("", collected)
        if start == "D" and number.isdigit() and len(number) <= LONGEST_REASON:
            return CallerId(number_absent="P" if number in WITHHELD else "O")
        if number.isdigit() and len(number) >= (1 if start else SHORTEST_BARE_NUMBER):
            return CallerId(number=number)
        self.refused += 1
        return None


def dtmf_transmission(caller: CallerId, *, closing: str = "C") -> I16:
    """Return caller id as digits, 70/70 ms.

    Raises:
        ValueError: The number has other characters than digits.
    """
    if caller.number is None:
        return dtmf(
            ("D10" if caller.number_absent == "P" else "D00") + closing, on_ms=DTMF_ON_MS, off_ms=DTMF_ON_MS
        )
    if not caller.number.isdigit():
        raise ValueError("only digits can be sent as DTMF caller id")
    return dtmf(f"A{caller.number}{closing}", on_ms=DTMF_ON_MS, off_ms=DTMF_ON_MS)
