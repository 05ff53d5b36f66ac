"""What numbers are, and why they may not be dialled."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Numbers:
    """Classes of numbers, and what a number was taken for."""

    INTERNAL = Message("internal", "内线")
    EMERGENCY = Message("emergency", "紧急")
    SERVICE = Message("service", "服务")
    LOCAL = Message("local", "本地")
    NATIONAL = Message("national", "国内长途")
    MOBILE = Message("mobile", "手机")
    INTERNATIONAL = Message("international", "国际")
    PREMIUM = Message("premium", "高收费")
    UNKNOWN = Message("unknown", "未知")
    READ = Message("dialled {number}: {why} ({kind})", "拨打 {number}：{why}（{kind}）")


class Rights:
    BARRED = Message("{kind} numbers are barred", "禁止拨打{kind}号码")
    NIGHT = Message("outside calls are locked at this hour", "此时段外线已锁定")
    NO_CLASS = Message("there is no such class of service", "没有这个权限等级")
    MAY = Message("may dial", "可以拨打")


class Caps:
    BURST = Message("{who} began {count} outside calls in ten minutes", "{who} 十分钟内外呼 {count} 次")
    EXTENSION = Message("{who} has used its {minutes} minutes of today", "{who} 今天的 {minutes} 分钟已用完")
    LINE = Message(
        "line {line} has used its {minutes} minutes of today", "线路 {line} 今天的 {minutes} 分钟已用完"
    )
    TOTAL = Message("the office has used its {minutes} minutes of today", "全单位今天的 {minutes} 分钟已用完")
    ABROAD = Message(
        "the office has used its {minutes} minutes abroad of today",
        "全单位今天的 {minutes} 分钟国际通话已用完",
    )
    COST = Message(
        "today's calls have cost {spent}, the limit is {limit}", "今天话费已达 {spent}，限额 {limit}"
    )
    SOME = Message("a limit of today", "今天的某项限额")
