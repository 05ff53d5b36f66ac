"""The acceptance test over the control socket: an installer is led from step to step, each is measured, and a
signed sheet comes of it.

    {"do":"begin acceptance","id":1,"line":"gsm1","installer":"Li","customer":"Wang & Co"}
    {"do":"measure","id":2,"step":"inbound"}        then ask until it isn't `measuring` any more:
    {"do":"acceptance","id":3}
    {"do":"acceptance sheet","id":9,"format":"pdf"}  a file: the sheet, signed by this box
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from firmware.control.base import BaseReply, BaseRequest

_Name = Annotated[str, msgspec.Meta(max_length=60)]


class BeginAcceptance(BaseRequest, frozen=True, tag="begin acceptance", kw_only=True):
    """Begin anew; what was measured before is forgotten."""

    line: Annotated[str, msgspec.Meta(max_length=16)]
    installer: _Name
    customer: _Name = ""


class Measure(BaseRequest, frozen=True, tag="measure", kw_only=True):
    """Begin to measure a step, again if it was measured before."""

    step: str
    value: Annotated[str, msgspec.Meta(max_length=40)] = ""
    """What the step asks for: the number to call, the number called from."""


class SkipStep(BaseRequest, frozen=True, tag="skip step", kw_only=True):
    step: str
    why: Annotated[str, msgspec.Meta(max_length=120)] = ""


class AskAcceptance(BaseRequest, frozen=True, tag="acceptance"):
    """How it stands."""


class StepNow(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    status: Literal["waiting", "measuring", "passed", "failed", "skipped", "not fitted"]
    figure: str = ""
    """What was measured, with its unit."""
    limit: str = ""
    """What was wanted."""
    title_zh: str
    title_en: str
    hint_zh: str
    hint_en: str
    """What the installer is to do."""
    asks_zh: str = ""
    asks_en: str = ""
    """What `Measure.value` has to be; empty when nothing is asked."""


class AcceptanceReply(BaseReply, frozen=True, tag="acceptance", kw_only=True):
    line: str = ""
    installer: str = ""
    customer: str = ""
    steps: list[StepNow] = msgspec.field(default_factory=list)
    """Empty before the first `BeginAcceptance`."""
    passed: bool = False
    """Every step passed, or isn't fitted."""


class GetSheet(BaseRequest, frozen=True, tag="acceptance sheet", kw_only=True):
    """The sheet as a file."""

    format: Literal["html", "pdf"] = "html"
    language: Literal["zh", "en"] = "zh"


class SheetReply(BaseReply, frozen=True, tag="acceptance sheet", kw_only=True):
    name: str
    media_type: str
    size: int
