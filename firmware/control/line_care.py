"""Lines as an installer sees them: the doctor's verdicts, the SIM's PIN, gains, the line's own busy tone,
levels while people talk, and test calls.

    {"do":"check lines","id":3}
    {"do":"watch levels","id":4}                   a picture whenever a level changes
    {"do":"begin test call","id":5,"number":"10086"}   then ask how it goes: {"do":"test call state","id":6}
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.control.base import BaseReply, BaseRequest

_Line = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class CheckLines(BaseRequest, frozen=True, tag="check lines"):
    """What the doctor says of every line."""


class VerdictSaid(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    fine: bool | None
    """None: not known, or not reached."""
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""


class LineChecked(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    state: str
    detail: str
    verdicts: list[VerdictSaid]
    takes_pin: bool
    gain_db: float
    """Of what comes in from the line."""
    busy_tone: str = ""
    """What was learned of the line's busy tone: "450 Hz, 350/350 ms"; empty for the country's."""


class LinesReply(BaseReply, frozen=True, tag="lines", kw_only=True):
    lines: list[LineChecked]
    """The board's, with what can be set for them."""
    bought: list[LineChecked] = msgspec.field(default_factory=list)
    """From SIP providers; set up in their own section of the settings."""


class GivePin(BaseRequest, frozen=True, tag="give pin", kw_only=True):
    """Have a line's SIM opened with this PIN from now on; never tried as the last attempt."""

    line: _Line
    pin: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4,8}\Z")]
    by: str = ""

    def __repr__(self) -> str:
        return f"GivePin({self.line!r}, pin=***)"


class SetGain(BaseRequest, frozen=True, tag="set gain", kw_only=True):
    """Have what comes in from a line be so much louder, at once and from now on."""

    line: _Line
    gain_db: Annotated[float, msgspec.Meta(ge=-12, le=12)]
    by: str = ""


class LearnBusyTone(BaseRequest, frozen=True, tag="learn busy tone", kw_only=True):
    """Listen to the call on a line, whose caller has hung up, and keep what is heard as its busy tone."""

    line: _Line
    by: str = ""


class ForgetBusyTone(BaseRequest, frozen=True, tag="forget busy tone", kw_only=True):
    line: _Line
    by: str = ""


class LineCareDone(BaseReply, frozen=True, tag="line care done", kw_only=True):
    text: str = ""


class WatchLevels(BaseRequest, frozen=True, tag="watch levels"):
    """How loud the lines in calls are, five times a second."""


class LevelNow(msgspec.Struct, frozen=True, kw_only=True):
    line: str
    input_dbm0: float
    peak_dbm0: float
    output_dbm0: float


class LevelsReply(BaseReply, frozen=True, tag="levels", kw_only=True):
    levels: list[LevelNow]


class BeginTestCall(BaseRequest, frozen=True, tag="begin test call", kw_only=True):
    """Call a number over a line and sound a tone; one at a time."""

    number: Annotated[str, msgspec.Meta(pattern=r"\A\+?[0-9*#]{1,20}\Z")]
    line: str = ""
    """Empty: the first that is free."""
    seconds: Annotated[int, msgspec.Meta(ge=5, le=60)] = 15
    """How long to talk."""


class AskTestCall(BaseRequest, frozen=True, tag="test call state"):
    pass


class EndTestCall(BaseRequest, frozen=True, tag="end test call"):
    pass


class TestCallState(BaseReply, frozen=True, tag="test call state", kw_only=True):
    __test__ = False

    state: str
    """`none`, `dialling`, `ringing`, `talking`, `ended`."""
    number: str = ""
    line: str = ""
    answered_ms: int | None = None
    """From dialling to the answer."""
    heard_dbm0: float | None = None
    """The loudest that came in while talking."""
    echo_db: float | None = None
    """How much weaker the tone came back than it was sent; None before anything was measured."""
    ending: str = ""
