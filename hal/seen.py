"""What calls have shown of a line since the start, for its doctor."""

from __future__ import annotations

import dataclasses

from hal.line import CallEnded, EndReason, IncomingCall, LineEvent, Verdict, Words

_CALL_IN = Words("从外面打一个电话进来试试。", "Call in from outside to see.")
_ORDER = Words("向运营商开通来电显示。", "Order caller id from the network.")


@dataclasses.dataclass
class SeenCalls:
    """Counts of calls on one line."""

    calls: int = 0
    """From outside."""
    caller_ids: int = 0
    """Of them, with a number, or one that was withheld: told all the same."""
    hang_ups: int = 0
    """Of the other side, noticed."""

    def heard(self, event: LineEvent) -> None:
        """Count what the line says."""
        match event:
            case IncomingCall(number, withheld):
                self.calls += 1
                self.caller_ids += number is not None or withheld
            case CallEnded(EndReason.REMOTE_HANG_UP):
                self.hang_ups += 1
            case _:
                pass

    def caller_id(self) -> Verdict:
        """Judge whether the network tells who calls."""
        if not self.calls:
            return Verdict("caller_id", None, Words("还没有来电", "no call yet"), _CALL_IN)
        shown = Words(
            f"{self.calls} 个来电中 {self.caller_ids} 个有号码",
            f"{self.caller_ids} of {self.calls} callers had a number",
        )
        return Verdict("caller_id", self.caller_ids > 0, shown, Words("", "") if self.caller_ids else _ORDER)

    def hang_up(self, remedy: Words = _CALL_IN) -> Verdict:
        """Judge whether the other side's hang-up is noticed.

        Args:
            remedy: What to do to see one.
        """
        if self.hang_ups:
            return HANG_UP_NOTICED
        return Verdict("hang_up", None, Words("还没有见到对方挂机", "no hang-up was seen yet"), remedy)


HANG_UP_NOTICED = Verdict("hang_up", True, Words("能识别对方挂机", "hang-up is noticed"))
LEARN = Words("打进来再挂断；必要时学习忙音。", "Call in and hang up; learn the busy tone if need be.")
"""The remedy for lines on which a tone may be all that tells."""
