"""What becomes of the legs of a call, and what the caller hears and keys."""

from __future__ import annotations

from firmware.core.causes import Cause, Side
from firmware.core.trace.said import Message, Said


class Calls:
    CALLER_ANSWERED = Message("the call on {who} was answered", "{who} 上的来电已接起")
    ANSWERED = Message("{who} answered", "{who} 已接听")
    BACK_FROM_HOLD = Message("{who} is back from hold", "{who} 结束保持")
    CALLING = Message("calling {who}", "正在呼叫 {who}")
    RINGING = Message("{who} is ringing", "{who} 正在振铃")
    ON_HOLD = Message("{who} is on hold", "{who} 处于保持")
    ENDED = Message("{who} ended: {why} ({by})", "{who} 已结束：{why}（{by}）")
    OTHER_STATE = Message("{who} is {state}", "{who} 状态：{state}")
    SILENCE = Message("silence", "无声音")
    BUSY_TONE = Message("busy tone", "忙音")
    NO_DIAL_TONE = Message("no dial tone", "没有拨号音")
    MODEM_NO_DIAL_TONE = Message("NO DIALTONE", "没有拨号音（NO DIALTONE）")
    BUSY_FOR_DIAL_TONE = Message("busy tone in place of dial tone", "摘机后听到忙音，没有拨号音")
    CONGESTION_FOR_DIAL_TONE = Message(
        "congestion tone in place of dial tone", "摘机后听到拥塞音，没有拨号音"
    )
    DEAD_LINE = Message("no dial tone, and nothing after the number", "没有拨号音，拨号后也没有声音")
    NO_CURRENT = Message("no loop current: is the line plugged in?", "外线没有电流，请检查电话线")
    LOOP_OPENED = Message("the exchange opened the loop", "交换机断开了线路")
    NO_NUMBER = Message("no number to dial", "没有可拨的号码")
    BY_THEM = Message("by them", "对方挂断")
    BY_US = Message("by us", "本机挂断")
    NOT_THERE = Message("not there", "不在线")
    KEYED = Message("keyed {keys}", "按键 {keys}")
    A_PIN = Message("a PIN", "密码")
    NOTHING = Message("nothing", "无")
    FAILED = Message("the switchboard failed this call; see the log", "总机处理此通话时出错，详见日志")
    NOT_PLAYED = Message("could not play {what}: {why}", "无法播放 {what}：{why}")
    NOT_FINISHED = Message("the recording could not be finished: {why}", "录音未能正常结束：{why}")
    GAP = Message("the recording has a gap: {why}", "录音有缺失：{why}")
    NOT_RECORDED = Message("this conversation is not recorded: {why}", "本次通话未录音：{why}")
    HANDED_ON_TOO_OFTEN = Message(
        "this call was handed on too often and is ended", "此通话转接次数过多，已结束"
    )
    WAITS_FOR_LINE = Message("waits for {line}: {why}", "等待线路 {line}：{why}")
    GOES_ON = Message("goes on in call {call}", "在通话 {call} 中继续")
    NOT_DONE = Message("it can't be done: {why}", "无法完成：{why}")
    TOO_MANY = Message("refused: the switchboard has as many calls as it can carry", "已拒绝：总机通话数已满")


class Heard:
    """Titles of what is played."""

    RINGING_TONE = Message("ringing tone", "回铃音")
    MUSIC = Message("music", "等待音乐")
    WAITING_MUSIC = Message("waiting music", "排队音乐")
    PARKED_MUSIC = Message("music while parked", "寄存音乐")
    CONSULT_MUSIC = Message("music while they consult", "咨询期间的音乐")
    KIND_WORDS = Message("kind words", "安抚语")
    PLACE = Message("place {place}", "播报：排在第 {place} 位")
    CALLED_BACK = Message("told of being called back", "告知将会回电")
    ASKED_FOR_PIN = Message("asked for a PIN", "请求输入密码")
    ASKED_FOR_FIVE = Message("asked to press five", "请按五继续")
    ASKED_TO_CALL_BACK = Message("asked to take a call back", "询问是否接回电")
    NOBODY_THERE = Message("told that nobody is there", "告知无人接听")
    ASKED_FOR_CONFERENCE_PIN = Message("asked for the conference PIN", "请求输入会议密码")
    CONFERENCE_FULL = Message("told that the conference is full", "告知会议室已满")
    CONFERENCE_WAIT = Message("told to wait for the moderator", "告知等待主持人")
    CONFERENCE_MUSIC = Message("music until the moderator is there", "等待主持人的音乐")
    CONFERENCE_ALONE = Message("told to be the first", "告知是第一位与会者")
    CONFERENCE_OVER = Message("told that the conference is over", "告知会议结束")
    CODES = Message("the list of codes", "功能代码列表")
    ATTENTION = Message("attention tone", "提示音")
    SELF_TEST = Message("self-test", "自检音")
    DIAL_TONE = Message("inside dial tone", "内线拨号音")


class Causes:
    """Q.850 causes in plain words."""

    UNALLOCATED_NUMBER = Message("unallocated number", "空号")
    NORMAL = Message("normal", "正常")
    BUSY = Message("busy", "忙")
    NO_USER_RESPONDING = Message("no user responding", "无响应")
    NO_ANSWER = Message("no answer", "无人接听")
    SUBSCRIBER_ABSENT = Message("subscriber absent", "未注册")
    REJECTED = Message("rejected", "拒接")
    NUMBER_CHANGED = Message("number changed", "号码已更改")
    ANSWERED_ELSEWHERE = Message("answered elsewhere", "他处已接")
    DESTINATION_OUT_OF_ORDER = Message("destination out of order", "对方故障")
    INVALID_NUMBER = Message("invalid number", "号码无效")
    FACILITY_REJECTED = Message("facility rejected", "业务被拒")
    UNSPECIFIED = Message("unspecified", "原因不明")
    NO_CIRCUIT = Message("no circuit", "无空闲线路")
    NETWORK_OUT_OF_ORDER = Message("network out of order", "网络故障")
    TEMPORARY_FAILURE = Message("temporary failure", "临时故障")
    CONGESTION = Message("congestion", "网络拥塞")
    NOT_PERMITTED = Message("not permitted", "无权限")
    BEARER_NOT_AVAILABLE = Message("bearer not available", "承载不可用")
    NOT_IMPLEMENTED = Message("not implemented", "不支持")
    INCOMPATIBLE = Message("incompatible", "不兼容")
    TIMER_EXPIRED = Message("timer expired", "超时")
    PROTOCOL_ERROR = Message("protocol error", "协议错误")
    INTERWORKING = Message("interworking", "互通错误")


_SIDES = {Side.THEM: Calls.BY_THEM, Side.US: Calls.BY_US, Side.WIRE: Calls.NOT_THERE}


def of_cause(cause: Cause) -> Said:
    """Return a cause in plain words."""
    return Said(f"causes.{cause.name.lower()}")


def of_side(side: Side) -> Said:
    """Return who brought an ending about."""
    return _SIDES[side]()
