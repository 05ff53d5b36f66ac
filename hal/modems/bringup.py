"""From a port that has just been opened to a modem that can make calls: the procedures, in their order.

    wake → quiet and identify → SIM open → model's setup        (then the driver watches the registration)

The SIM's PIN is entered once in the life of a driver, and only when the modem says that it would not be the
last attempt: three wrong PINs block a SIM, and a box that restarts must not be what spends them.
"""

from __future__ import annotations

import dataclasses
import enum
import logging
import re
from collections.abc import Callable

from hal.at import errors
from hal.at.channel import Command, Outcome
from hal.at.network import PinState, TriesLeft
from hal.at.procedures import Procedure, Steps, ask, pause
from hal.modems.doctor import SimFinding
from hal.modems.model import Model

logger = logging.getLogger(__name__)

Say = Callable[[str], None]

WAKE_TIMEOUT = 1.0
"""Seconds; a modem that speaks answers a bare AT within 0.3."""
WAKE_PAUSE = 0.5
SETTLE = 0.2
"""Seconds of listening before the first command that matters."""
SIM_RETRY = 0.5
"""Seconds between questions while the SIM is still starting (CME 14)."""
SIM_RECHECK = 5.0
"""Seconds between looks at a SIM that needs a person's hand; asking spends no attempt."""
TEXTS_RETRY = 0.5
"""Seconds between questions while the SIM isn't ready for messages."""
TEXTS_ROUNDS = 40
"""How often they are asked in all: real ones say `SMS DONE` 5 to 15 s after the SIM is open."""
_CPIN_TIMEOUT = 5.0
_LAST_ATTEMPT = 1

_NO_SIM = frozenset({errors.SIM_ABSENT})

_AT = Command("", timeout=WAKE_TIMEOUT)
_NO_ECHO = Command("E0")
_NUMERIC_ERRORS = Command("+CMEE=1")
_MAKER = Command("+CGMI", bare=True)
_MODEL = Command("+CGMM", bare=True)
_REVISION = Command("+CGMR", bare=True)
_SERIAL = Command("+CGSN", bare=True)
_IMEI = re.compile(r"\b[0-9]{15}\b", re.ASCII)
_PIN_STATE = Command("+CPIN?", prefix="+CPIN:", timeout=_CPIN_TIMEOUT)

# After the SIM is open: names in plain letters; caller id and call type with every ring; waiting calls are
# told; registration notifications in both domains; ATD answers at once instead of at
# connect.
_CALL_SETUP = (
    '+CSCS="IRA"',
    "+COPS=3,0",
    "+CREG=2",
    "+CEREG=2",
    "+CLIP=1",
    "+CRC=1",
    "+CCWA=1,1,1",
    "+COLP=0",
)
# Messages as PDUs, kept on the SIM and announced, reports past it; without CSMS=1 nothing needs a CNMA.
# CNMI's
# first parameter is 1 because Qualcomm, SIMCom and Huawei advertise 2 and refuse it. The clock follows the
# network.
_TEXT_SETUP = ("+CMGF=0", "+CSMS=0", '+CPMS="SM","SM","SM"', "+CNMI=1,1,0,1,0", "+CUSD=1", "+CTZU=1")


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who a modem says it is; empty what it doesn't tell."""

    imei: str
    name: str
    """Maker, model, revision; empty as well where the model isn't among what it told."""


class PinAttempt(enum.Enum):
    """What became of the profile's PIN."""

    NONE_GIVEN = "no PIN in the profile"
    UNTRIED = "not tried yet"
    SPENT = "tried"


class SimPin:
    """The profile's PIN and whether it was used; kept by the driver across restarts of the modem."""

    def __init__(self, pin: str | None) -> None:
        self.attempt = PinAttempt.NONE_GIVEN if pin is None else PinAttempt.UNTRIED
        self.finding = SimFinding.UNKNOWN
        """How the SIM is, for the doctor."""
        self._pin = pin

    def __repr__(self) -> str:
        return f"<SimPin {self.attempt.value}>"

    def command(self) -> Command:
        """Return the command that enters it, and note that it is spent."""
        self.attempt = PinAttempt.SPENT
        return Command(f'+CPIN="{self._pin}"', timeout=_CPIN_TIMEOUT)

    def give(self, pin: str) -> None:
        """Take another PIN; it is tried when the SIM is asked next, as carefully as the first."""
        self._pin = pin
        self.attempt = PinAttempt.UNTRIED

    def accepted(self) -> None:
        """It was right, so it may be used again after the modem's next restart."""
        self.attempt = PinAttempt.UNTRIED


def wake(say: Say) -> Steps[Identity]:
    """Ask until the modem speaks, then make it quiet and find out who it is."""
    say("waiting for the modem to answer")
    while not (yield from ask(_AT)).ok:
        yield from pause(WAKE_PAUSE)
    # Answers still under way to whoever spoke before must not be taken for ours.
    yield from pause(SETTLE)
    say("initialising the modem")
    # A line that noise garbles may refuse; what can't be missed is asked for again.
    for command in (_NO_ECHO, _NUMERIC_ERRORS):
        for _ in range(3):
            if (yield from ask(command)).ok:
                break
    told: dict[Command, str] = {}
    for command in (_MAKER, _MODEL, _REVISION):
        outcome = yield from ask(command)
        if outcome.lines:
            told[command] = outcome.lines[0][:40]
    imei = ""
    for _ in range(3):
        outcome = yield from ask(_SERIAL)
        if (found := _IMEI.search("\n".join(outcome.lines))) is not None:
            imei = found[0]
            break
    name = ", ".join(told.values())
    logger.info("modem: %s", name or "doesn't tell its name")
    return Identity(imei, name if _MODEL in told else "")


def open_sim(model: Model, pin: SimPin, say: Say) -> Procedure:
    """Wait until the SIM is open, entering the PIN where that is safe."""
    entered = False
    while True:
        outcome = yield from ask(_PIN_STATE)
        state = next(filter(None, map(PinState.parse, outcome.lines)), None)
        code = outcome.failure.code if outcome.failure is not None else None
        if state is not None and state.word == "READY":
            if entered:
                pin.accepted()
            pin.finding = SimFinding.READY
            return
        if (state is not None and state.word == "SIM PIN") or code == errors.SIM_PIN_WANTED:
            entered = yield from _enter_pin(model, pin, say)
            if not entered:
                yield from pause(SIM_RECHECK)
        elif (state is not None and state.word == "SIM PUK") or code == errors.SIM_PUK_WANTED:
            pin.finding = SimFinding.PUK_WANTED
            tries = yield from _tries(model)
            left = f", {tries.puk} tries left" if tries is not None else ""
            say(f"the SIM is blocked and asks for its PUK{left}; unlock it in a mobile phone")
            yield from pause(SIM_RECHECK)
        elif code == errors.SIM_BUSY or (outcome.failure is not None and not outcome.failure.said):
            pin.finding = SimFinding.STARTING
            say("the SIM card is still starting")
            yield from pause(SIM_RETRY)
        else:
            pin.finding = SimFinding.ABSENT if code in _NO_SIM else SimFinding.BROKEN
            say(str(outcome.failure) if outcome.failure is not None else "the SIM can't be used")
            yield from pause(SIM_RECHECK)


def set_up(model: Model, say: Say) -> Procedure:
    """Send the settings common to all modems and the model's own."""
    say("setting up the modem")
    for text in (*_CALL_SETUP, *model.setup):
        outcome = yield from ask(Command(text))
        if outcome.failure is not None and not outcome.failure.said:
            outcome = yield from ask(Command(text))
        _note(text, outcome)
    # The memory of messages opens later than the SIM; refused here for good, it would never tell of one.
    rounds = TEXTS_ROUNDS
    for text in _TEXT_SETUP:
        outcome = yield from ask(Command(text))
        while rounds and outcome.failure is not None and outcome.failure.may_pass:
            rounds -= 1
            yield from pause(TEXTS_RETRY)
            outcome = yield from ask(Command(text))
        _note(text, outcome)


def _note(text: str, outcome: Outcome) -> None:
    if outcome.failure is not None:
        logger.info("modem doesn't take AT%s: %s", text, outcome.failure)


def _tries(model: Model) -> Steps[TriesLeft | None]:
    tries = model.tries
    outcome = yield from ask(Command(tries.query, prefix=tries.prefix))
    found = (TriesLeft.parse(line, tries.prefix, tries.pin, tries.puk) for line in outcome.lines)
    return next(filter(None, found), None)


def _enter_pin(model: Model, pin: SimPin, say: Say) -> Steps[bool]:
    """Enter the PIN if that is safe; return whether the SIM may have taken it. Say why not, else."""
    tries = yield from _tries(model)
    left = "" if tries is None else f", {tries.pin} {'try' if tries.pin == 1 else 'tries'} left"
    asks = f"SIM asks for its PIN{left}"
    if pin.attempt is PinAttempt.NONE_GIVEN:
        pin.finding = SimFinding.PIN_WANTED
        say(f"{asks}; enter it on the page of lines")
        return False
    if pin.attempt is PinAttempt.SPENT:
        pin.finding = SimFinding.PIN_WRONG
        say(f"{asks}; the PIN that was given is wrong")
        return False
    if tries is None or tries.pin <= _LAST_ATTEMPT:
        pin.finding = SimFinding.PIN_RISKY
        say(f"{asks}; too few to risk the PIN that was given, enter it in a mobile phone")
        return False
    outcome = yield from ask(pin.command())
    if outcome.failure is None or not outcome.failure.said:
        return True
    pin.finding = SimFinding.PIN_WRONG
    tries = yield from _tries(model)
    left = "" if tries is None else f", {tries.pin} {'try' if tries.pin == 1 else 'tries'} left"
    say(f"SIM asks for its PIN{left}; the PIN that was given is wrong")
    logger.warning("the SIM refused the PIN that was given: %s", outcome.failure)
    return False
