"""Calls between people of the office: dialling, forwarding, transfers, feature codes, conferences."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Dialled:
    NO_SUCH = Message("dialled {digits}: no such extension", "拨打 {digits}：没有这个分机")
    OWN = Message("dialled {digits}: its own number", "拨打 {digits}：自己的号码")
    PERSON = Message("dialled {digits}: {name}", "拨打 {digits}：{name}")
    FEATURE = Message("dialled {digits}: {feature}", "拨打 {digits}：{feature}")
    NO_EMERGENCY_TRANSFER = Message(
        "emergency numbers are dialled, not transferred to", "紧急号码只能直接拨打，不能转接"
    )
    NOT_OUT_AGAIN = Message(
        "{who} may not send a caller from outside out again", "{who} 不得把外线来电再转到外线"
    )
    FROM_MOBILE = Message("{who} calls from the own mobile", "{who} 用自己的手机打入")
    WRONG_MEMBER_PIN = Message("the member's PIN was not keyed: let go", "成员密码不正确：已结束")
    INSIDE = Message("dials inside as {who}", "以 {who} 身份内线拨号")


class Reach:
    DO_NOT_DISTURB = Message("do not disturb", "免打扰")
    DND = Message("{who}: do not disturb", "{who}：免打扰")
    BUSY = Message("busy", "忙")
    UNREGISTERED = Message("no phone is registered", "没有已注册的话机")
    FOLLOWS = Message("{who} follows to the mobile", "{who} 转到手机")
    CANNOT_FOLLOW = Message("{who} can't follow: {why}", "{who} 无法转到手机：{why}")
    NO_MOBILE = Message("{who} has set no mobile", "{who} 没有设置手机号码")
    NOT_SET = Message("{number} is not what {who} has set", "{number} 不是 {who} 设置的号码")
    FORWARDED = Message("{who} is forwarded ({when}) to {number}", "{who} 已转移（{when}）至 {number}")
    REDIRECTED = Message("{who}'s phone sends the call on to {number}", "{who} 的话机把来电转至 {number}")
    CIRCLE = Message("{who}: forwarding in a circle ends here", "{who}：循环转移到此结束")
    ALWAYS = Message("always", "无条件")
    ON_BUSY = Message("on busy", "遇忙")
    NO_ANSWER = Message("no answer", "无应答")
    WHEN_UNREGISTERED = Message("not registered", "未注册")
    CALL_WAITING = Message("{who} talks already: call waiting", "{who} 正在通话：呼叫等待")


class HandOn:
    BLIND = Message("{who} hands the call on to {to}", "{who} 把电话转给 {to}")
    BACK = Message("{why}: back to {who}", "{why}：转回 {who}")
    RUNG_AGAIN = Message("{why}: {who} is rung again", "{why}：重新振 {who}")
    NOT_TAKEN = Message("{to}: {why}", "{to}：{why}")
    CONNECTED = Message("{who} connects the call with {to}", "{who} 把电话与 {to} 接通")
    CONSULTS = Message("{who} consults {to}", "{who} 咨询 {to}")
    ALL_TALK = Message("{who} and {to} talk with the caller together", "{who}、{to} 与来电者三方通话")
    OTHER_HANDED_ON = Message("the other call is being handed on", "另一通话正在转接")
    OTHER_OVER = Message("the other call is over", "另一通话已结束")
    NOT_REACHED = Message("{to} was not reached", "未能接通 {to}")
    CONSULTED = Message("consulted", "咨询完毕")
    PARKS = Message("{who} parks the call at {slot}", "{who} 把电话寄存在 {slot}")
    FETCHES = Message("{who} fetches the call from {slot}", "{who} 从 {slot} 取回电话")
    NOBODY_FETCHED = Message("nobody fetched it", "无人取回")
    NOT_FETCHED = Message("nobody fetched the call at {slot}", "{slot} 的电话无人取回")
    PARKED_AT = Message("fetches the call parked at {slot}", "取回寄存在 {slot} 的电话")
    PICKS_UP = Message("{who} picks up the call of {to}", "{who} 代接 {to} 的电话")
    NOTHING_RINGS = Message("nothing rings there", "那里没有振铃的电话")
    QUICKER = Message("somebody was quicker", "已被他人接起")
    NOT_YOUR_GROUP = Message("{who} shares no group with a phone that rings", "{who} 所在组没有振铃的电话")
    RECORD_ON = Message("{who} has the conversation recorded", "{who} 开始录音")
    RECORD_OFF = Message("{who} ends the recording", "{who} 停止录音")
    RECORD_REFUSED = Message(
        "{who} may not record: the caller did not agree to it", "{who} 不能录音：来电者未同意录音"
    )


class Codes:
    """What feature codes did."""

    MAY_NOT_FORWARD = Message("{who} may not forward to {number}", "{who} 不得转移至 {number}")
    NO_SUPERVISOR = Message("{who} is no supervisor", "{who} 不是主管")
    TAKES_PART = Message("{who} takes part: {mode}", "{who} 加入通话：{mode}")
    LISTEN = Message("listen", "监听")
    WHISPER = Message("whisper", "耳语")
    BARGE = Message("barge", "强插")
    QUEUES = Message("{feature}: {queues}", "{feature}：{queues}")
    NO_QUEUE = Message("{who} is an agent of no queue", "{who} 不是任何队列的坐席")
    NOT_SIGNED_IN = Message("{who} is signed in to no queue", "{who} 没有签入任何队列")
    PAGES = Message("{who} pages {to}", "{who} 向 {to} 广播")
    INTERCOM = Message("{who} speaks to {to} by intercom", "{who} 与 {to} 对讲")
    FAILED = Message("that did not work", "操作没有成功")
    NIGHT_ON = Message("night service on", "夜间模式开启")


class Conference:
    NO_PIN = Message("conference {room}: no right PIN", "会议室 {room}：密码不正确")
    IN = Message("in conference {room}", "进入会议室 {room}")
    MODERATES = Message("in conference {room} as moderator", "以主持人身份进入会议室 {room}")


class Features:
    """What is behind the feature codes."""

    DND_ON = Message("do not disturb on", "开启免打扰")
    DND_OFF = Message("do not disturb off", "关闭免打扰")
    FORWARD_ALWAYS = Message("forward always", "无条件转移")
    FORWARD_BUSY = Message("forward when busy", "遇忙转移")
    FORWARD_NO_ANSWER = Message("forward on no answer", "无应答转移")
    FORWARD_OFF = Message("forwarding off", "取消转移")
    FOLLOW_ON = Message("follow me on", "开启跟随到手机")
    FOLLOW_OFF = Message("follow me off", "关闭跟随")
    PICKUP_GROUP = Message("pick up a ringing call of my groups", "组内代接")
    PICKUP = Message("pick up the call of an extension", "代接指定分机")
    SIGN_IN = Message("agent sign in", "坐席签入")
    SIGN_OUT = Message("agent sign out", "坐席签出")
    PAUSE = Message("agent break", "坐席小休")
    RESUME = Message("agent back from break", "坐席结束小休")
    LISTEN = Message("listen to a call", "监听通话")
    WHISPER = Message("whisper to staff in a call", "对坐席耳语")
    BARGE = Message("join a call", "强插通话")
    EMERGENCY_TEST = Message("emergency test without dialling", "紧急呼叫路径测试")
    HELP = Message("hear the list of codes", "收听功能代码")
    VOICEMAIL = Message("leave a message for an extension", "给分机留言")
    DAY_NIGHT = Message("day and night switch", "切换日间或夜间服务")
    TRY_MENUS = Message("hear the menus as a caller does", "试听菜单")
    RECORD_PROMPT = Message("record a prompt", "录制提示音")
    MESSAGES = Message("hear my messages", "收听我的留言")
    MESSAGES_OF = Message("hear the messages of a mailbox", "收听指定信箱的留言")
    BROADCAST = Message("announce something to all phones", "向所有话机广播")
    INTERCOM = Message("speak to a phone at once", "对讲")
    PAGE = Message("page a group", "向组广播")
