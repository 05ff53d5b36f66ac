"""The doctor of the coprocessor's lines: board → relay → line → caller id → hang-up, a verdict and a
remedy.
"""

from __future__ import annotations

from hal.coprocessor import words
from hal.coprocessor.board import Coprocessor
from hal.coprocessor.events import LineChanged
from hal.line import Verdict, Words
from hal.seen import LEARN, SeenCalls

_NOT_EXAMINED = Words("尚未检查", "not examined")


def _board(board: Coprocessor) -> Verdict:
    if board.version is not None and board.version != words.BOARD_VERSION:
        return Verdict(
            "power",
            False,
            Words("协处理器程序版本不符", board.why),
            Words("运行 ./flash.sh board。", "Run ./flash.sh board."),
        )
    if not board.up:
        return Verdict(
            "power",
            False,
            Words("协处理器没有应答", board.why),
            Words("检查扩展板是否插紧。", "Check that the HAT is pushed home."),
        )
    if board.tested is not None and (board.tested.hook_stuck or board.tested.ring_stuck):
        return Verdict(
            "power",
            False,
            Words("扩展板自检失败", "the board's self-test failed"),
            Words("更换扩展板。", "Replace the HAT."),
        )
    return Verdict("power", True, Words("协处理器正常", "the coprocessor answers"))


def _relay(*, held: bool) -> Verdict:
    if held:
        return Verdict("relay", True, Words("断电继电器已吸合", "line and handset are the box's"))
    return Verdict(
        "relay",
        False,
        Words("外线与听筒直通", "line and handset are tied together"),
        Words("把听筒挂好，等五秒。", "Hang the handset up and wait five seconds."),
    )


def _in_order(verdicts: list[Verdict]) -> tuple[Verdict, ...]:
    bad = next((at for at, verdict in enumerate(verdicts) if verdict.fine is False), len(verdicts))
    return (*verdicts[: bad + 1], *(Verdict(v.step, None, _NOT_EXAMINED) for v in verdicts[bad + 1 :]))


def examine_fxo(
    board: Coprocessor,
    line: LineChanged | None,
    seen: SeenCalls,
    *,
    held: bool,
    dial_tone: bool | None = None,
) -> tuple[Verdict, ...]:
    """Judge the exchange line.

    Args:
        board: Its state and version.
        line: The wire as the board saw it last.
        seen: What calls have shown.
        held: The relay has the line tied to the box.
        dial_tone: Whether the last call out had one; None for none made, or none expected.
    """
    if line is not None and line.battery and dial_tone is False:
        wire = Verdict(
            "line",
            False,
            Words(
                "外线有馈电，但上次呼出时没有拨号音",
                "the exchange feeds the line, but gave no dial tone to the last call out",
            ),
            Words(
                "在外线上接一部普通电话听拨号音。没有则联系电信运营商；若此线本来就没有，在线路设置中关闭“等待拨号音”。"
                "然后打一个测试电话。",
                "Listen for dial tone with a plain telephone on the line. None: call the telephone company. "
                "If the line never has one, switch off waiting for it in the line's settings. "
                "Then make a test call.",
            ),
        )
    elif line is not None and line.battery:
        wire = Verdict("line", True, Words("外线有馈电", "the exchange feeds the line"))
    else:
        wire = Verdict(
            "line",
            False,
            Words("外线没有电压", "no voltage on the exchange line"),
            Words("检查电话线是否插好。", "Check that the telephone line is plugged in."),
        )
    order = [_board(board), _relay(held=held), wire, seen.caller_id(), seen.hang_up(LEARN)]
    return _in_order(order)


def examine_handset(board: Coprocessor, *, held: bool, left_off: bool) -> tuple[Verdict, ...]:
    """Judge the handset."""
    if left_off:
        hook = Verdict(
            "hook",
            False,
            Words("听筒没有挂好", "the handset lies beside its cradle"),
            Words("把听筒挂好。", "Put it back."),
        )
    else:
        hook = Verdict("hook", True, Words("听筒正常", "the handset is in order"))
    return _in_order([_board(board), _relay(held=held), hook])
