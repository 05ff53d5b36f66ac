"""The modem doctor: power → SIM → signal → registration → caller id → audio → hang-up.

A verdict and a remedy for each, in plain words. A step is judged only when those before it are in order; the
rest reads "not examined". The words are data, in the box's two languages.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable

from hal.at.network import CAN_CALL, RegistrationStat
from hal.line import Verdict, Words
from hal.seen import SeenCalls

WEAK_DBM = -95
"""Below it calls break off indoors; 27.007 counts from -113 (nothing) to -51."""


class SimFinding(enum.Enum):
    UNKNOWN = "not asked yet"
    STARTING = "starting"
    READY = "ready"
    ABSENT = "absent"
    PIN_WANTED = "wants a PIN nobody gave"
    PIN_WRONG = "the profile's PIN is wrong"
    PIN_RISKY = "the PIN isn't tried: it might be the last attempt"
    PUK_WANTED = "blocked"
    BROKEN = "refused"


class AudioFinding(enum.Enum):
    UNTRIED = "no call yet"
    AT_ONCE = "accepted soon"
    LATE = "accepted after long asking"
    REFUSED = "refused"


@dataclasses.dataclass(frozen=True)
class Findings:
    """What the driver knows of its modem."""

    port_open: bool
    answers: bool
    lookalike: str
    """What the modem calls itself, where the profile is another model's; empty: it is as it should be."""
    profile: str
    """The model the profile is for."""
    sim: SimFinding
    signal_dbm: int | None
    registrations: frozenset[RegistrationStat]
    operator: str | None
    audio: AudioFinding
    seen: SeenCalls


def examine(findings: Findings) -> tuple[Verdict, ...]:
    """Judge the steps, in order."""
    verdicts: list[Verdict] = []
    blocked = False
    for step, judge in _STEPS:
        verdict = Verdict(step, None, _NOT_EXAMINED) if blocked else judge(step, findings)
        blocked = blocked or (verdict.fine is not True and not _harmless(verdict, findings))
        verdicts.append(verdict)
    return tuple(verdicts)


def _harmless(verdict: Verdict, findings: Findings) -> bool:
    """Another model and a weak signal are warnings, and what calls have shown stands by itself: the rest is
    judged as well.
    """
    weak = verdict.step == "signal" and verdict.fine is False
    other_model = verdict.step == "power" and findings.answers
    return weak or other_model or verdict.step in ("caller_id", "audio")


_NOT_EXAMINED = Words("尚未检查", "not examined")
_NOTHING = Words("", "")


def _power(step: str, findings: Findings) -> Verdict:
    if not findings.port_open:
        return Verdict(
            step,
            False,
            Words("找不到模块", "no modem is found"),
            Words(
                "检查 USB 线和模块电源；请使用带独立供电的 USB 集线器。",
                "Check the USB cable and the modem's power; use a powered USB hub.",
            ),
        )
    if not findings.answers:
        return Verdict(
            step,
            False,
            Words("模块没有应答", "the modem doesn't answer"),
            Words("断电十秒后重新上电。", "Take its power away for ten seconds."),
        )
    if findings.lookalike:
        return Verdict(
            step,
            False,
            Words(
                f"模块自称 {findings.lookalike}，配置却是 {findings.profile}",
                f"the modem says it is {findings.lookalike}, the profile is for {findings.profile}",
            ),
            Words(
                "在板卡配置中选对型号；相似型号可能没有语音。",
                "Choose its model in the board's profile; some that look alike have no voice.",
            ),
        )
    return Verdict(step, True, Words("模块正常", "the modem answers"))


_SIM_WORDS: dict[SimFinding, tuple[bool | None, Words, Words]] = {
    SimFinding.UNKNOWN: (None, _NOT_EXAMINED, _NOTHING),
    SimFinding.STARTING: (None, Words("SIM 卡正在启动", "the SIM card is starting"), _NOTHING),
    SimFinding.READY: (True, Words("SIM 卡正常", "the SIM card is ready"), _NOTHING),
    SimFinding.ABSENT: (
        False,
        Words("没有 SIM 卡", "there is no SIM card"),
        Words(
            "关机后插入 SIM 卡，缺角方向见卡槽。",
            "Switch off and put a SIM card in, the cut corner as drawn.",
        ),
    ),
    SimFinding.PIN_WANTED: (
        False,
        Words("SIM 卡要求输入 PIN 码", "the SIM card asks for its PIN"),
        Words(
            "在网页“线路”或控制台中填写 PIN 码。", "Enter the PIN on the page of lines, or at the console."
        ),
    ),
    SimFinding.PIN_WRONG: (
        False,
        Words("填写的 PIN 码错误", "the PIN that was given is wrong"),
        Words("核对 PIN 码；在手机中确认后再填写。", "Check the PIN in a mobile phone, then correct it."),
    ),
    SimFinding.PIN_RISKY: (
        False,
        Words("PIN 码只剩最后机会，未尝试", "too few attempts are left to try the PIN"),
        Words(
            "把卡插入手机，人工输入正确的 PIN 码。", "Put the card in a mobile phone and enter the right PIN."
        ),
    ),
    SimFinding.PUK_WANTED: (
        False,
        Words("SIM 卡已锁，需要 PUK 码", "the SIM card is blocked and asks for its PUK"),
        Words("在手机中用 PUK 码解锁，或联系运营商。", "Unlock it in a mobile phone, or ask the operator."),
    ),
    SimFinding.BROKEN: (
        False,
        Words("SIM 卡无法使用", "the SIM card can't be used"),
        Words("擦净触点后重试，或换一张卡。", "Clean its contacts, or try another card."),
    ),
}


def _sim(step: str, findings: Findings) -> Verdict:
    return Verdict(step, *_SIM_WORDS[findings.sim])


def _signal(step: str, findings: Findings) -> Verdict:
    level = findings.signal_dbm
    if level is None:
        if findings.registrations & CAN_CALL:
            return Verdict(step, True, Words("信号强度未知", "the level is not known"))
        return Verdict(
            step,
            False,
            Words("没有信号", "there is no signal"),
            Words("检查天线接头和位置。", "Check the antenna's plug and place."),
        )
    if level < WEAK_DBM:
        return Verdict(
            step,
            False,
            Words(f"信号弱（{level} dBm）", f"the signal is weak ({level} dBm)"),
            Words("把天线移到窗边或换外置天线。", "Move the antenna to a window, or use an outdoor one."),
        )
    return Verdict(step, True, Words(f"信号良好（{level} dBm）", f"the signal is good ({level} dBm)"))


_REGISTRATION_WORDS: dict[RegistrationStat, tuple[Words, Words]] = {
    RegistrationStat.DENIED: (
        Words("网络拒绝此卡", "the network refuses this SIM card"),
        Words("查询是否欠费停机。", "Ask the operator whether it is paid for and active."),
    ),
    RegistrationStat.EMERGENCY_ONLY: (
        Words("仅限紧急呼叫", "emergency calls only"),
        Words("查询是否欠费或该运营商不支持此模块。", "Ask the operator; it may not support this modem."),
    ),
}


def _registration(step: str, findings: Findings) -> Verdict:
    if findings.registrations & CAN_CALL:
        name = findings.operator
        words = Words(f"已注册：{name}", f"registered: {name}") if name else Words("已注册", "registered")
        return Verdict(step, True, words)
    for stat, (words, remedy) in _REGISTRATION_WORDS.items():
        if stat in findings.registrations:
            return Verdict(step, False, words, remedy)
    return Verdict(
        step,
        False,
        Words("正在搜索网络", "searching for a network"),
        Words("等待两分钟；仍无网络时换位置或换卡。", "Wait two minutes; then try another place or card."),
    )


def _audio(step: str, findings: Findings) -> Verdict:
    match findings.audio:
        case AudioFinding.UNTRIED:
            return Verdict(
                step, None, Words("还没有通话", "no call yet"), Words("打一个电话试试。", "Make a test call.")
            )
        case AudioFinding.AT_ONCE:
            return Verdict(step, True, Words("声音正常", "audio was there at once"))
        case AudioFinding.LATE:
            return Verdict(
                step,
                False,
                Words("声音接通过慢", "audio came late in the last call"),
                Words("下次空闲时重启模块。", "Restart the modem when it is idle."),
            )
        case AudioFinding.REFUSED:
            return Verdict(
                step,
                False,
                Words("模块没有接通声音，已重启", "the modem refused audio and was restarted"),
                Words(
                    "若再次出现，请确认模块型号支持语音。",
                    "If it happens again, make sure that this variant of the modem has voice.",
                ),
            )


_STEPS: tuple[tuple[str, Callable[[str, Findings], Verdict]], ...] = (
    ("power", _power),
    ("sim", _sim),
    ("signal", _signal),
    ("registration", _registration),
    ("caller_id", lambda _, findings: findings.seen.caller_id()),
    ("audio", _audio),
    ("hang_up", lambda _, findings: findings.seen.hang_up()),
)
