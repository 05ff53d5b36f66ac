"""What lines say of themselves, and the steps of their doctor, in the languages people read.

A line's words travel in English (hal, records, logs); whoever shows them to a person takes them through here.
"""

from __future__ import annotations

import re
from typing import Final

STEP_NAMES: Final[dict[str, tuple[str, str]]] = {
    "power": ("power", "供电"),
    "relay": ("relay", "继电器"),
    "line": ("exchange line", "外线"),
    "hook": ("hook", "叉簧"),
    "voice": ("voice", "语音功能"),
    "sim": ("SIM", "SIM 卡"),
    "signal": ("signal", "信号"),
    "registration": ("registration", "网络注册"),
    "caller_id": ("caller id", "来电显示"),
    "audio": ("audio", "声音"),
    "hang_up": ("hang-up", "挂机识别"),
}
"""By step: English, Chinese."""

_STATE_NAMES: Final[dict[str, str]] = {
    "down": "中断",
    "starting": "启动中",
    "ready": "就绪",
    "in call": "通话中",
    "busy": "占线",
}


def state_name(state: str, *, chinese: bool) -> str:
    """Return the name of a line's state ("in call")."""
    return _STATE_NAMES.get(state, state) if chinese else state


def step_name(step: str, *, chinese: bool) -> str:
    """Return a step's name; the step itself where it has none."""
    return STEP_NAMES.get(step, (step, step))[chinese]


def detail_in(detail: str, *, chinese: bool) -> str:
    """Return what a line says of its state ("SIM asks for its PIN, 3 tries left") in the reader's language.

    What is no sentence of ours (an operator's name, a level) stays as it is.
    """
    if not chinese:
        return detail
    return "；".join(_sentence(piece) for piece in detail.split("; "))


def _sentence(piece: str) -> str:
    if piece in _STATES:
        return _STATES[piece]
    for pattern, chinese in _PATTERNS:
        if (found := pattern.fullmatch(piece)) is not None:
            return found.expand(chinese)
    head, comma, rest = piece.partition(", ")
    told = (_sentence(head), _sentence(rest)) if comma else (head, rest)
    return "，".join(told) if told != (head, rest) else piece


_STATES: Final[dict[str, str]] = {
    # What every line may say.
    "not started": "尚未启动",
    "stopped": "已停止",
    "connected": "通话中",
    "ringing": "来电振铃",
    "dialling": "正在拨号",
    "waiting for dial tone": "等待拨号音",
    "being answered": "正在接听",
    "ending": "正在挂断",
    "hanging up": "正在挂断",
    "the other side rings": "对方振铃",
    "another caller waits": "另有来电等待",
    "another is on hold": "另一方保持中",
    "joined with another": "三方通话",
    "caller not known yet": "号码尚未收到",
    "caller known": "号码已收到",
    "out of service by hand": "已人工停用",
    "sick, no calls out for a while": "线路异常，暂停呼出",
    "no sound comes in, restarted once idle": "没有声音，空闲时重启",
    # Its device.
    "no modem is plugged in": "未插入模块",
    "no coprocessor is plugged in": "未找到协处理器",
    "the modem's port can't be opened": "模块端口无法打开",
    "the coprocessor's port can't be opened": "协处理器端口无法打开",
    "the modem vanished": "模块已断开",
    "the coprocessor vanished": "协处理器已断开",
    "the modem doesn't answer": "模块没有应答",
    "the coprocessor doesn't answer": "协处理器没有应答",
    "the modem doesn't restart": "模块无法重启",
    "the modem doesn't hang up": "模块无法挂断",
    "its audio stream has dried up": "声音数据中断",
    "the driver failed": "驱动出错",
    "it doesn't tell its IMEI": "未报告 IMEI",
    "waiting for the modem to answer": "等待模块应答",
    "initialising the modem": "正在初始化模块",
    "setting up the modem": "正在设置模块",
    "restarting the modem": "正在重启模块",
    "this modem has no audio format for voice": "该调制解调器不支持语音",
    "is it a voice modem?": "请确认是语音调制解调器",
    # Its SIM and network.
    "SIM asks for its PIN": "SIM 卡要求 PIN 码",
    "enter it on the page of lines": "请在“线路”页填写",
    "the PIN that was given is wrong": "填写的 PIN 码错误",
    "too few to risk the PIN that was given, enter it in a mobile phone": "次数太少，请在手机中输入",
    "the SIM is blocked and asks for its PUK": "SIM 卡已锁，需要 PUK 码",
    "unlock it in a mobile phone": "请在手机中解锁",
    "the SIM card is still starting": "SIM 卡正在启动",
    "the SIM can't be used": "SIM 卡无法使用",
    "no SIM card in the modem": "没有 SIM 卡",
    "the SIM card doesn't work": "SIM 卡损坏",
    "the modem refuses this SIM card": "模块拒绝此 SIM 卡",
    "the modem refused": "模块拒绝",
    "the modem failed": "模块出错",
    "the modem is busy": "模块忙",
    "registered": "已注册",
    "searching for a mobile network": "正在搜索网络",
    "the mobile network refuses this SIM": "网络拒绝此 SIM 卡",
    "the network allows emergency calls only": "仅限紧急呼叫",
    "the network allows messages only, no calls": "网络只允许短信，不能通话",
    # The HAT's two lines.
    "line and handset are tied together until the handset is hung up": "外线与听筒直通，挂好听筒后恢复",
    "no voltage on the exchange line: is it plugged in?": "外线没有电压，请检查电话线",
    "the exchange feeds the line": "外线有馈电",
    "the handset lies beside its cradle": "听筒没有挂好",
    "on its cradle": "听筒已挂好",
    "the board restarted": "扩展板已重启",
    "the board doesn't answer": "扩展板没有应答",
}
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(english), chinese)
    for english, chinese in (
        (r"(\d+) tr(?:y|ies) left", r"剩余 \1 次"),
        (
            r"another modem is plugged in there: its IMEI ends in (\d+)",
            r"插入的是另一个模块（IMEI 尾号 \1）",
        ),
        (
            r"another modem is plugged in there: it doesn't tell its IMEI",
            "插入的是另一个模块（未报告 IMEI）",
        ),
        (
            r"the board speaks version (.+) of the protocol: flash it anew",
            r"扩展板协议版本 \1 不符，请重新刷写",
        ),
        (
            r"the board runs version (.+) of its files, not (.+): flash it",
            r"扩展板程序版本 \1，应为 \2，请刷写",
        ),
    )
)
