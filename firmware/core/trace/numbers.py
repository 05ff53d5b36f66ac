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


class Kinds:
    """What a number of China's plan was taken for."""

    INFORMATION = Message("an information line charged by the minute", "按分钟收费的信息台")
    A400 = Message("a 400 number", "400 号码")
    A800 = Message("an 800 number, reached from landlines only", "800 号码，仅固话可拨")
    NATIONWIDE = Message("a nationwide service number", "全国服务号码")
    REGIONAL = Message("a regional service number", "地方服务号码")
    CARRIER = Message("a carrier's service number", "运营商服务号码")
    ENQUIRIES = Message("directory enquiries", "查号台")
    PUBLIC = Message("a public service number", "公共服务号码")
    A_MOBILE = Message("a mobile", "手机号码")
    MACHINE = Message("a machine's SIM card", "物联网卡")
    THIS_TOWN = Message("a number of this town", "本地号码")
    LISTED = Message("a short number the office listed", "本单位登记的短号")
    NONE = Message("no number of this country's plan", "不是本国号码")


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
