"""Error codes of modems in plain words (3GPP TS 27.007, 9.2; TS 27.005, 3.2.5)."""

from __future__ import annotations

import dataclasses
import enum
import re

CME_WORDS: dict[int, str] = {
    3: "the modem doesn't allow that now",
    4: "the modem can't do that",
    10: "no SIM card in the modem",
    11: "the SIM asks for its PIN",
    12: "the SIM is blocked and asks for its PUK",
    13: "the SIM card doesn't work",
    14: "the SIM card is still starting",
    15: "the modem refuses this SIM card",
    16: "the PIN is wrong",
    17: "the SIM asks for its PIN2",
    18: "the SIM asks for its PUK2",
    20: "the memory is full",
    21: "there is no such entry",
    22: "it was not found",
    30: "no mobile network",
    31: "the mobile network doesn't answer",
    32: "the network allows emergency calls only",
    50: "the modem doesn't understand the parameters",
    100: "the modem doesn't know why",
    515: "the modem is busy",
}

CMS_WORDS: dict[int, str] = {
    300: "the modem failed",
    302: "the modem doesn't allow that now",
    304: "the message is malformed",
    305: "the message text is malformed",
    310: "no SIM card in the modem",
    313: "the SIM card doesn't work",
    314: "the SIM card is still starting",
    320: "the message memory failed",
    321: "there is no such message",
    322: "the message memory is full",
    330: "the message centre's number is unknown",
    331: "no mobile network",
    332: "the mobile network doesn't answer",
    340: "no acknowledgement was expected",
    500: "the modem doesn't know why",
}

SIM_BUSY = 14
_ME_BUSY = 515
_CMS_SIM_BUSY = 314
_CMS_UNKNOWN = 500
"""From here on a CMS code means nothing, or what its maker wants."""
SIM_ABSENT = 10
SIM_PIN_WANTED = 11
SIM_PUK_WANTED = 12
WRONG_PASSWORD = 16
"""CME codes the driver acts upon."""

_UNKNOWN = "the modem refused"


class FailureKind(enum.Enum):
    REFUSED = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"
    CALL_OVER = "call over"
    """NO CARRIER, BUSY … in place of OK."""
    NO_ANSWER = "no answer in time"


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a command failed."""

    kind: FailureKind
    code: int | None
    """Of the CME or CMS error, where the modem gave a number."""
    said: str
    """What the modem said, word for word; empty when it said nothing."""

    @property
    def may_pass(self) -> bool:
        """Whether a modem that has just started may say so for a while: still starting, busy, or mute."""
        if self.kind is FailureKind.CME:
            return self.code in (SIM_BUSY, _ME_BUSY)
        if self.kind is FailureKind.CMS:
            return self.code is not None and (self.code == _CMS_SIM_BUSY or self.code >= _CMS_UNKNOWN)
        return self.kind is FailureKind.NO_ANSWER

    def __str__(self) -> str:
        """Return the reason in plain words; a generic one for codes we don't know."""
        if self.kind is FailureKind.NO_ANSWER:
            return "the modem didn't answer"
        if self.kind is FailureKind.CALL_OVER:
            return self.said
        words = CMS_WORDS if self.kind is FailureKind.CMS else CME_WORDS
        plain = words.get(self.code, _UNKNOWN) if self.code is not None else _UNKNOWN
        return plain if plain != _UNKNOWN else f"{_UNKNOWN} ({self.said})"


_ERROR_LINE = re.compile(r"\+(CME|CMS) ERROR: *(.*)", re.ASCII)
_CODE = re.compile(r"[0-9]{1,5}", re.ASCII)
_REFUSALS = frozenset({"ERROR", "COMMAND NOT SUPPORT"})


def parse_failure(line: str) -> Failure | None:
    """Read a negative final result; None when the line is none."""
    if line in _REFUSALS:
        return Failure(FailureKind.REFUSED, None, line)
    match = _ERROR_LINE.fullmatch(line)
    if match is None:
        return None
    kind = FailureKind.CME if match[1] == "CME" else FailureKind.CMS
    code = int(match[2]) if _CODE.fullmatch(match[2]) else None
    return Failure(kind, code, line)
