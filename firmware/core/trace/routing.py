"""Where callers are led, and why."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Places:
    """The kinds of destination."""

    RECEPTION = Message("reception", "总机前台")
    MENU = Message("menu {name}", "菜单 {name}")
    EXTENSION = Message("extension {name}", "分机 {name}")
    GROUP = Message("group {name}", "振铃组 {name}")
    QUEUE = Message("queue {name}", "队列 {name}")
    VOICEMAIL = Message("voicemail {name}", "语音信箱 {name}")
    ANNOUNCEMENT = Message("announcement {name}", "播报 {name}")
    CONFERENCE = Message("conference {name}", "会议室 {name}")
    MOBILE = Message("mobile of {name}", "{name} 的手机")
    MEMBER = Message("inside dialling for members", "成员内线拨号")
    REFUSED = Message("refused", "拒接")


class Routing:
    LED = Message("→ {place}", "→ {place}")
    NOT_SERVED = Message("{place}: {why}", "{place}：{why}")
    NO_SUCH_THING = Message("{place}: there is no such thing here", "{place}：本机没有此项")
    WITHOUT_END = Message(
        "led to {count} places without end: that is enough", "已转 {count} 处仍无结果，到此为止"
    )
    HEAD = Message("{day} {time}: {caller} on {line}", "{day} {time}：{caller} 从 {line} 呼入")
    HEAD_HOURS = Message(
        "{day} {time}, {hours}: {caller} on {line}", "{day} {time}，{hours}：{caller} 从 {line} 呼入"
    )
    HEAD_DID = Message(
        "{day} {time}: {caller} on {line} for {did}", "{day} {time}：{caller} 从 {line} 呼入，拨打 {did}"
    )
    HEAD_BOTH = Message(
        "{day} {time}, {hours}: {caller} on {line} for {did}",
        "{day} {time}，{hours}：{caller} 从 {line} 呼入，拨打 {did}",
    )
    WITHHELD = Message("withheld", "未显示号码")
    BLOCKED = Message("on the block list ({pattern})", "在黑名单中（{pattern}）")
    WITHHELD_REFUSED = Message("callers without a number are refused", "未显示号码的来电一律拒接")
    WITHHELD_PRESSES = Message("callers without a number press {key} first", "未显示号码的来电须先按 {key}")
    RULE = Message("rule “{name}”: {places}", "规则“{name}”：{places}")
    NO_RULE = Message("no rule fits: {places}", "没有规则匹配：{places}")
    ELSE = Message("{first}, else {then}", "{first}，否则 {then}")
    DIRECT = Message("dialled {did}: extension {number} directly", "拨打 {did}：直通分机 {number}")
    DID_NOT_PRESS = Message("did not press it: hung up", "未按键：已挂断")
    PRESSED = Message("pressed {key}: goes on", "已按 {key}：继续")
    NOT_PRESSED = Message("did not press the key: hung up", "未按键：已挂断")
    RINGS = Message("{number}: {name}, rings for {seconds} s", "{number}：{name}，振铃 {seconds} 秒")
    NO_EXTENSION = Message("there is no extension {number}", "没有分机 {number}")


class Days:
    MONDAY = Message("Monday", "周一")
    TUESDAY = Message("Tuesday", "周二")
    WEDNESDAY = Message("Wednesday", "周三")
    THURSDAY = Message("Thursday", "周四")
    FRIDAY = Message("Friday", "周五")
    SATURDAY = Message("Saturday", "周六")
    SUNDAY = Message("Sunday", "周日")


class Office:
    """States of the office's hours."""

    OPEN = Message("open", "营业")
    CLOSED = Message("closed", "下班")
    HOLIDAY = Message("holiday", "节假日")
