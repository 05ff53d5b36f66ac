"""From a port that has just been opened to a voice modem that waits for calls: the procedures, in order."""

from __future__ import annotations

import logging
from collections.abc import Callable

from hal.at.channel import Command
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.at.shielded import END_DUPLEX, END_RECEIVE, END_TRANSMIT
from hal.modems.voice.codec import Format, format_called
from hal.modems.voice.profile import COUNTRIES, VoiceModel
from hal.modems.voice.words import SampleFormat

logger = logging.getLogger(__name__)

WAKE_TIMEOUT = 1.0
"""Seconds; a modem that speaks answers a bare AT within 0.3."""
WAKE_PAUSE = 0.5
SETTLE = 0.3
"""Seconds of listening before the first command that matters: the ends of old streams come meanwhile."""
SAMPLE_RATE = 8000
PATIENT_TRIES = 3
"""How often what can't be missed is asked for, over a line that garbles."""

# A firmware that died in a call left the modem in its stream; each of these ends one kind of it, after the
# shielded DLE that some modems want before it and that others take for a sample.
_ENDS = b"".join(b"\x10\x10" + end for end in (END_TRANSMIT, END_DUPLEX, END_RECEIVE))
_WAKE = Command("", raw=_ENDS + b"\rAT\r", timeout=WAKE_TIMEOUT)
_FORMATS = Command("+VSM=?", bare=True, prefix="+VSM:", timeout=5.0)


def wake(say: Callable[[str], None]) -> Procedure:
    """Ask until the modem speaks, then have it forget what others set."""
    say("waiting for the modem to answer")
    while not (yield from ask(_WAKE)).ok:
        yield from pause(WAKE_PAUSE)
    yield from pause(SETTLE)
    say("initialising the modem")
    for text in ("Z", "E0", "+FCLASS=8"):
        yield from _patiently(Command(text, timeout=5.0))
    words: list[str] = []
    for text in ("+FMI", "+FMM", "I3"):
        outcome = yield from ask(Command(text, bare=True))
        words.extend(outcome.lines[:1])
    logger.info("voice modem: %s", ", ".join(word[:40] for word in words) or "doesn't tell its name")


def find_format(model: VoiceModel) -> Steps[Format | None]:
    """Choose an audio format by its name, since the ids are each maker's own; None when there is none."""
    outcome = yield from _patiently(_FORMATS)
    offered = [form for line in outcome if (form := SampleFormat.parse(line)) is not None]
    for wanted in model.formats:
        for form in offered:
            coding = format_called(form.name)
            if form.name.upper() != wanted or form.bits != 8 or coding is None:
                continue
            if (yield from ask(Command(f"+VSM={form.ident},{SAMPLE_RATE}"))).ok:
                return coding
    return None


def set_up(model: VoiceModel, country: str) -> Procedure:
    """Send the country, the model's settings and what makes caller ids come."""
    if country in COUNTRIES:
        yield from ask(Command(f"+GCI={COUNTRIES[country]}"))
    for text in model.setup:
        outcome = yield from ask(Command(text))
        if outcome.failure is not None:
            logger.info("voice modem doesn't take AT%s: %s", text, outcome.failure)
    for text in model.caller_id:
        if (yield from ask(Command(text))).ok:
            return
    logger.warning("this voice modem gives no caller ids")


def _patiently(command: Command) -> Steps[tuple[str, ...]]:
    lines: tuple[str, ...] = ()
    for _ in range(PATIENT_TRIES):
        outcome = yield from ask(command)
        lines = outcome.lines
        if outcome.ok:
            break
    return lines
