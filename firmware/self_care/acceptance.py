"""What the acceptance test measures, and what is good enough.

    inbound        ring → answer                        ≤ 6 s
    caller_id      the number shown = the number called from
    hang_up        the caller hangs up → line free      ≤ 5 s
    outbound       dialled → answered                   somebody answers
    echo           our tone comes back weaker by        ≥ 12 dB
    gain           the far end's speech                 −32 … −6 dBm0
    handset        lifted and put back                  both noticed
    power_fail     relay falls without heartbeat        line and handset tied together

The limits are those of an office that is content, not of a standard: an answer after two rings, an echo that
nobody notices with the short delay of one box (ITU-T G.131, fig. 1, TELR for 25 ms), speech in the middle of
G.711's range.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Status = Literal["waiting", "measuring", "passed", "failed", "skipped", "not fitted"]

ANSWER_S: Final = 6.0
HANG_UP_S: Final = 5.0
ECHO_DB: Final = 12.0
QUIET_DBM0, LOUD_DBM0 = -32.0, -6.0
_TELLING_DIGITS: Final = 7
"""Of two numbers, country codes and leading zeros aside."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: tuple[str, str]
    """Chinese, English; so are all pairs here."""
    hint: tuple[str, str]
    limit: str
    asks: tuple[str, str] = ("", "")


STEPS: Final = (
    Step(
        name="inbound",
        title=("呼入", "Inbound call"),
        hint=(
            "用手机拨打本线路，等待应答，保持通话。",
            "Ring this line from a mobile phone and stay in the call.",
        ),
        limit=f"≤ {ANSWER_S:.0f} s",
    ),
    Step(
        name="caller_id",
        title=("来电显示", "Caller id"),
        hint=("保持刚才的通话，输入所用手机号码。", "Stay in that call and type the number you call from."),
        limit="=",
        asks=("手机号码", "Number called from"),
    ),
    Step(
        name="hang_up",
        title=("挂机检测", "Hang-up"),
        hint=(
            "挂断手机，同时立即开始本项测量。",
            "Hang up the mobile phone and begin this step at the same moment.",
        ),
        limit=f"≤ {HANG_UP_S:.0f} s",
    ),
    Step(
        name="outbound",
        title=("呼出", "Outbound call"),
        hint=(
            "输入手机号码；接听后先安静五秒，再正常说话。",
            "Type a mobile number; answer, be quiet for 5 s, then speak.",
        ),
        limit="",
        asks=("要呼叫的号码", "Number to call"),
    ),
    Step(
        name="echo",
        title=("回声", "Echo"),
        hint=("随呼出测试一起测量。", "Measured with the outbound call."),
        limit=f"≥ {ECHO_DB:.0f} dB",
    ),
    Step(
        name="gain",
        title=("音量", "Gain"),
        hint=("随呼出测试一起测量。", "Measured with the outbound call."),
        limit=f"{QUIET_DBM0:.0f} … {LOUD_DBM0:.0f} dBm0",
    ),
    Step(
        name="handset",
        title=("模拟话机", "Handset"),
        hint=("拿起话机，听到拨号音后挂上。", "Lift the handset, hear the dial tone, put it back."),
        limit="",
    ),
    Step(
        name="power_fail",
        title=("断电继电器", "Power-fail relay"),
        hint=(
            "继电器将断开三秒，话机直通外线。",
            "The relay falls for 3 s: handset and line are tied together.",
        ),
        limit="",
    ),
)
BY_NAME: Final = {step.name: step for step in STEPS}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    status: Status = "waiting"
    figure: str = ""


def judge_inbound(answer_s: float | None) -> Result:
    if answer_s is None:
        return Result(status="failed", figure="–")
    return _judged(answer_s <= ANSWER_S, f"{answer_s:.1f} s")


def judge_caller_id(shown: str | None, called_from: str) -> Result:
    """Compare what the line showed with what the installer typed; the last digits tell."""
    theirs = "".join(filter(str.isdigit, shown or ""))
    mine = "".join(filter(str.isdigit, called_from))
    same = len(mine) >= 3 and theirs[-_TELLING_DIGITS:] == mine[-_TELLING_DIGITS:]
    return _judged(same, shown or "–")


def judge_hang_up(free_s: float | None) -> Result:
    if free_s is None:
        return Result(status="failed", figure="–")
    return _judged(free_s <= HANG_UP_S, f"{free_s:.1f} s")


def judge_outbound(answered_ms: int | None, ending: str) -> Result:
    if answered_ms is None:
        return Result(status="failed", figure=ending or "–")
    return Result(status="passed", figure=f"{answered_ms / 1000:.1f} s")


def judge_echo(loss_db: float | None) -> Result:
    if loss_db is None:
        return Result(status="failed", figure="–")
    return _judged(loss_db >= ECHO_DB, f"{loss_db:.1f} dB")


def judge_gain(heard_dbm0: float | None) -> Result:
    if heard_dbm0 is None:
        return Result(status="failed", figure="–")
    return _judged(QUIET_DBM0 <= heard_dbm0 <= LOUD_DBM0, f"{heard_dbm0:.1f} dBm0")


def _judged(good: bool, figure: str) -> Result:
    return Result(status="passed" if good else "failed", figure=figure)
