"""Messages longer than one PDU: cut into parts, and parts joined again.

Theory of operation of `Joiner`
-------------------------------
Parts of one message share sender, reference and total; they come in any order, some twice, some never. `add`
gives
the whole text once the last one is there. A message that isn't complete `PATIENCE` seconds after its latest
part
is given up by `expire`: what there is, with `GAP` for every missing part. Memory is bounded by `MAX_OPEN`
messages; beyond it the oldest is given up early.

The parts themselves are named by the caller (`slot`: where the modem stores one), so that it can clear up
after
the whole message is safe.
"""

from __future__ import annotations

import dataclasses
import datetime

from hal.at import gsm7
from hal.at.pdu import OCTETS, SEPTETS, Coding, Concat, Deliver, Submit, coding_for

PATIENCE = 600.0
"""Seconds; parts mostly come within 10, a network that retries a busy phone takes minutes."""
GAP = "[…]"
MAX_OPEN = 32
MAX_PARTS = 10
"""Parts of an outgoing message: 1,530 plain or 670 Chinese characters; operators refuse longer ones."""
_HEADER_OCTETS = 6


class TooLong(Exception):
    """The text needs more than `MAX_PARTS` parts."""


def split(number: str, text: str, reference: int, *, report: bool = True) -> list[tuple[Submit, Coding]]:
    """Cut a text into the messages to send. An escape sequence or surrogate pair is never torn.

    Args:
        number: The recipient.
        text: Anything; Chinese makes it UCS2.
        reference: 0 to 255, the same for all parts; different from that of the last long message to the
        number.
        report: Ask for status reports.

    Raises:
        TooLong: See there.
    """
    coding = coding_for(text)
    single, each = (SEPTETS, SEPTETS - 7) if coding is Coding.GSM7 else (OCTETS, OCTETS - _HEADER_OCTETS)
    if sum(_cost(character, coding) for character in text) <= single:
        return [(Submit(number, text, None, report), coding)]
    parts = [""]
    room = each
    for character in text:
        cost = _cost(character, coding)
        if cost > room:
            parts.append("")
            room = each
        parts[-1] += character
        room -= cost
    if len(parts) > MAX_PARTS:
        raise TooLong
    return [
        (Submit(number, part, Concat(reference, len(parts), sequence), report), coding)
        for sequence, part in enumerate(parts, start=1)
    ]


def _cost(character: str, coding: Coding) -> int:
    """Septets or octets a character takes."""
    if coding is Coding.GSM7:
        return len(gsm7.to_septets(character) or ())
    return len(character.encode("utf-16-be", "replace"))


@dataclasses.dataclass(frozen=True)
class Joined:
    """One message of a person, however many parts it had."""

    number: str
    text: str
    sent: datetime.datetime | None
    slots: tuple[int, ...]
    """Where its parts are, repetitions included."""
    complete: bool = True


@dataclasses.dataclass
class _Open:
    total: int
    latest: float
    parts: dict[int, Deliver]
    slots: list[int]


_Key = tuple[str, int, int, bool]


class Joiner:
    """Joins parts; see the module's theory of operation."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Open] = {}

    def add(self, part: Deliver, slot: int, now: float) -> list[Joined]:
        """Take one part; return what it completes (or pushes out)."""
        concat = part.concat
        if concat is None or concat.total == 1:
            return [Joined(part.number, part.text, part.sent, (slot,))]
        key = (part.number, concat.reference, concat.total, concat.wide)
        given_up: list[Joined] = []
        message = self._open.get(key)
        if message is not None:
            known = message.parts.get(concat.sequence)
            if known is not None and (known.text, known.sent) != (part.text, part.sent):
                # The reference was used again: another message, and the first one won't be completed any
                # more.
                given_up.append(self._give_up(key))
                message = None
        if message is None:
            if len(self._open) >= MAX_OPEN:
                given_up.append(self._give_up(min(self._open, key=lambda k: self._open[k].latest)))
            message = self._open[key] = _Open(concat.total, now, {}, [])
        message.latest = now
        message.parts[concat.sequence] = part
        if slot not in message.slots:
            message.slots.append(slot)
        if len(message.parts) == message.total:
            given_up.append(self._give_up(key))
        return given_up

    def expire(self, now: float) -> list[Joined]:
        """Give up what waited too long."""
        late = [key for key, message in self._open.items() if now - message.latest >= PATIENCE]
        return [self._give_up(key) for key in late]

    def flush(self) -> list[Joined]:
        """Give up everything: the memory is full."""
        return [self._give_up(key) for key in list(self._open)]

    def _give_up(self, key: _Key) -> Joined:
        message = self._open.pop(key)
        texts = [message.parts[n].text if n in message.parts else GAP for n in range(1, message.total + 1)]
        first = message.parts[min(message.parts)]
        complete = len(message.parts) == message.total
        text = "".join(texts) if complete else _with_gaps(texts)
        return Joined(first.number, text, first.sent, tuple(message.slots), complete)


def _with_gaps(texts: list[str]) -> str:
    """Join, one mark for neighbouring gaps."""
    kept: list[str] = []
    for text in texts:
        if text != GAP or not kept or kept[-1] != GAP:
            kept.append(text)
    return "".join(kept)
