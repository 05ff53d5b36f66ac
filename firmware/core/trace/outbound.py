"""Calls to the outside, emergency calls among them."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Outbound:
    NO_LINE = Message("no line is free for it", "没有空闲线路可用")
    GOES_OUT = Message("goes out on {line}", "从 {line} 呼出")
    BY_GROUPS = Message("goes by trunk group {groups}", "走中继组 {groups}")
    LINE_FAILED = Message("{line} failed: {why}", "{line} 失败：{why}")
    FORWARDED = Message(
        "forwarded by {member} to {number} on {line}", "由 {member} 转移至 {number}，经 {line}"
    )
    NO_LINE_TO_FORWARD = Message("no line is free to forward to {number}", "没有空闲线路可转移至 {number}")
    NOT_A_TARGET = Message("{number} is no number to forward to", "{number} 不能作为转移号码")
    MAY_NOT_FORWARD = Message("{member} may not forward to {kind} numbers", "{member} 不得转移至{kind}号码")
    WHO = Message("{who}: {why}", "{who}：{why}")
    PIN_LOCKED = Message(
        "{who}: no PIN is taken after {count} wrong ones", "{who}：密码错误 {count} 次，暂不接受密码"
    )
    PIN_OF = Message("PIN of {owner}: {what}", "{owner} 的密码：{what}")
    WRONG_PIN = Message("a wrong PIN", "密码错误")
    NOT_ON = Message("not on {line}: {why}", "不能用 {line}：{why}")
    LIMIT_ENDS = Message("ended by a limit: {why}", "因限额结束：{why}")
    WOULD_DIAL = Message(
        "{line} would dial {digits} ({price} {currency} a minute)",
        "{line} 将拨 {digits}（每分钟 {price} {currency}）",
    )


class Emergency:
    FIRST = Message(
        "emergency number {number}: goes out before every other rule", "紧急号码 {number}：优先于一切规则呼出"
    )
    CALL = Message("emergency call to {number} from {who}", "{who} 拨打了紧急号码 {number}")
    NOT_REACHED = Message("no line could reach {number}", "没有线路能接通 {number}")
    FOUND_NO_LINE = Message(
        "emergency call to {number} from {who} found no line", "{who} 拨打紧急号码 {number}，没有线路可用"
    )
    FREED = Message(
        "{line} is busy: its call is ended for the emergency call", "{line} 占线：为紧急呼叫结束其通话"
    )
    ON_LINE = Message("{number} on {line} ({condition})", "经 {line}（{condition}）拨 {number}")
    NUMBERS = Message("emergency numbers: {numbers}", "紧急号码：{numbers}")
    WITH_OR_WITHOUT = Message("dialled with or without {prefix}", "加拨或不加拨 {prefix} 均可")
    AS_THEY_STAND = Message("dialled as they stand", "直接拨打")
    TRY = Message(
        "{place}. {line} ({condition}) would dial {digits}", "{place}. {line}（{condition}）将拨 {digits}"
    )
    TRY_BUSY = Message(
        "{place}. {line} ({condition}, its call would be ended) would dial {digits}",
        "{place}. {line}（{condition}，将结束其通话）将拨 {digits}",
    )
    NO_LINE_AT_ALL = Message(
        "THERE IS NO LINE: emergency calls can't be made", "没有任何线路：无法拨打紧急电话"
    )


class Lines:
    """How an outside line is."""

    READY = Message("ready", "可用")
    BUSY = Message("busy", "占线")
    UNREGISTERED = Message("unregistered", "未注册")
    RESTING = Message("resting", "停用")
    DOWN = Message("down", "故障")
