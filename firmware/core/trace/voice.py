"""What callers meet before, between and instead of people: hours, menus, prompts, voicemail, survey."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Words:
    """Values that have a wording of their own in each language."""

    BOTH = Message("{en}{zh:.0}", "{en:.0}{zh}")
    """Of two texts the one in the reader's language."""


class Hours:
    UNKNOWN = Message(
        "the clock isn't set, so the hours aren't known: menu {menu}", "时钟未校准，营业时间未知：菜单 {menu}"
    )
    DECIDED = Message("{day} {time}: {state}: menu {menu}", "{day} {time}：{state}：菜单 {menu}")
    GROUP_CLOSED = Message("{group}: {state}", "{group}：{state}")
    BY_HAND = Message("{who} switches to {mode}", "{who} 切换为{mode}")
    DAY = Message("day service", "日间服务")
    NIGHT = Message("night service", "夜间服务")
    AUTO = Message("the schedule", "按日程")


class InMenu:
    KEYED = Message("menu {menu}: keyed {keys}: {action}", "菜单 {menu}：按 {keys}：{action}")
    DIALLED = Message("menu {menu}: dialled {keys}: {name}", "菜单 {menu}：直拨 {keys}：{name}")
    AGAIN = Message("menu {menu}: {what}", "菜单 {menu}：{what}")
    GIVEN_UP = Message(
        "menu {menu}: {what}, attempt {count}: {action}", "菜单 {menu}：{what}，第 {count} 次：{action}"
    )
    NO_CHOICE = Message("keyed {keys}, which is no choice", "按 {keys}，无此选项")
    NO_KEY = Message("keyed nothing", "没有按键")
    SPELLED = Message("menu {menu}: spelled the name of {number}", "菜单 {menu}：拼出 {number} 的姓名")
    ON_TO = Message("menu {menu}: nobody there: on to menu {next}", "菜单 {menu}：无人接听：转到菜单 {next}")
    NOWHERE = Message(
        "menu {menu}: nobody there, and nowhere else to go", "菜单 {menu}：无人接听，也没有其他去处"
    )
    ENOUGH_TRIED = Message("menu {menu}: {count} were tried: enough", "菜单 {menu}：已尝试 {count} 处，结束")
    ENOUGH_ASKED = Message(
        "menu {menu}: {count} questions were asked: enough", "菜单 {menu}：已询问 {count} 次，结束"
    )
    WHY_NOT = Message("told why {who} was not reached", "告知 {who} 未接通的原因")
    NOT_REACHED = Message("{who} was not reached: {why}", "未能接通 {who}：{why}")
    NAMES = Message("spelled {keys}: {count} names", "拼写 {keys}：{count} 个姓名")
    NO_NAME = Message("chose none of {count} names", "{count} 个姓名均未选择")
    FAREWELL = Message("farewell", "结束语")
    TO_OPERATOR = Message("told of the operator", "告知正在转总机")
    ASKED_TO_SPELL = Message("asked to spell a name", "请拼写姓名")
    OFFERED = Message("names to choose from", "可选的姓名")
    PREVIEW = Message("a test call to the menus: {which}", "试拨菜单：{which}")
    DRAFT = Message("the draft", "草稿")
    IN_FORCE = Message("those in force", "现行版本")
    RINGS = Message("rings {who}", "振铃 {who}")
    ASKS_FOR_NAME = Message("asks for a name", "请来电者拼写姓名")
    TAKES_MESSAGE = Message("takes a message in {mailbox}", "在 {mailbox} 留言")
    HANGS_UP = Message("hangs up", "挂断")


class Choice:
    """What a key of a menu does."""

    MENU = Message("menu {name}", "菜单 {name}")
    EXTENSION = Message("extension {name}", "分机 {name}")
    GROUP = Message("group {name}", "振铃组 {name}")
    QUEUE = Message("queue {name}", "队列 {name}")
    VOICEMAIL = Message("voicemail {name}", "语音信箱 {name}")
    LANGUAGE = Message("language {name}", "语言 {name}")
    ANNOUNCEMENT = Message("announcement {prompts}", "播报 {prompts}")
    OPERATOR = Message("the operator", "总机")
    NAME = Message("dial by name", "按姓名查找")
    REPEAT = Message("the same again", "重听")
    BACK = Message("back", "返回")
    HANG_UP = Message("hang up", "挂断")
    MESSAGES = Message("hear messages", "收听留言")


class Consented:
    NOTICE = Message("told of the recording", "告知录音")
    QUESTION = Message("asked whether to record", "询问是否同意录音")
    AGREED = Message("recording: the caller agreed", "录音：来电者同意")
    REFUSED = Message("recording: the caller did not agree", "录音：来电者不同意")
    SILENT = Message("recording: the caller did not answer, so there is none", "录音：来电者未作答，不录音")
    PAUSED = Message("keys are pressed: not recorded", "正在按键：暂停录音")


class Prompting:
    RECORDED = Message("prompt {name} recorded: {seconds} s", "已录制提示音 {name}：{seconds} 秒")
    FAILED = Message("nothing was recorded: {why}", "未能录音：{why}")
    ASKED = Message("asked to speak after the tone", "请在提示音后说话")
    RECORDING = Message("recording", "正在录制")
    REVIEW = Message("what was recorded, and what to do with it", "试听录音并选择")
    NOTHING = Message("told that nothing was recorded", "告知未录到声音")
    KEPT = Message("told that it was kept", "告知已保存")
    DROPPED = Message("told that it was not kept", "告知未保存")
    NOT_KEPT = Message("prompt {name}: nothing was kept", "提示音 {name}：未保存")


class InMailbox:
    LEAVES = Message("leaves a message in mailbox {mailbox}", "在信箱 {mailbox} 留言")
    FULL = Message("mailbox {mailbox} is full", "信箱 {mailbox} 已满")
    NO_SPACE = Message("there is no room for messages: {why}", "没有空间存放留言：{why}")
    NO_BOX = Message("there is no mailbox {mailbox}", "没有信箱 {mailbox}")
    BEGAN = Message("message began", "开始留言")
    ENDED = Message("message ended after {seconds} s: {why}", "留言 {seconds} 秒后结束：{why}")
    BY_KEY = Message("a key was pressed", "按键结束")
    BY_SILENCE = Message("nobody spoke any more", "无人说话")
    BY_TONE = Message("the line sounded busy", "线路忙音")
    BY_LIMIT = Message("as long as messages may be", "达到时长上限")
    BY_DISK = Message("the disk is full or refuses", "磁盘已满或无法写入")
    BY_HANG_UP = Message("hung up", "挂断")
    AGAIN = Message("records the message again", "重新录制留言")
    URGENT = Message("marks the message urgent", "标为紧急留言")
    TOO_SHORT = Message("nothing was said: no message", "没有说话：不保存")
    LATER = Message("the message is delivered as soon as that can be: {why}", "留言将在可行时送达：{why}")
    DELIVERED = Message("message of {seconds} s for {mailbox}", "给 {mailbox} 的 {seconds} 秒留言")
    SIGNED_IN = Message("hears the messages of mailbox {mailbox}", "收听信箱 {mailbox} 的留言")
    WRONG_PIN = Message("mailbox {mailbox}: a wrong PIN", "信箱 {mailbox}：密码错误")
    LOCKED = Message("mailbox {mailbox} is locked for {minutes} min", "信箱 {mailbox} 锁定 {minutes} 分钟")
    NO_PIN = Message(
        "mailbox {mailbox} has no PIN: it opens at its own phone only",
        "信箱 {mailbox} 未设密码：只能在本机打开",
    )
    HEARD = Message("hears message {message}", "收听留言 {message}")
    SAVED = Message("saves message {message}", "保存留言 {message}")
    DELETED = Message("deletes message {message}", "删除留言 {message}")
    FORWARDED = Message("forwards message {message} to {mailbox}", "转发留言 {message} 给 {mailbox}")
    CALLS_BACK = Message("calls {number} back", "回拨 {number}")
    NOT_CALLED_BACK = Message("{number} can't be called back from here", "不能从这里回拨 {number}")
    NEW_PIN = Message("sets a new PIN for mailbox {mailbox}", "为信箱 {mailbox} 设置新密码")
    BAD_PIN = Message("the new PIN is refused: {why}", "新密码不可用：{why}")
    NEW_GREETING = Message("records the greeting of mailbox {mailbox}", "录制信箱 {mailbox} 的问候语")
    GREETING = Message("greeting of mailbox {mailbox}", "信箱 {mailbox} 的问候语")
    REVIEW = Message("what to do with the message", "如何处理留言")
    PLAYED = Message("message {message}", "留言 {message}")
    MENU = Message("what to do with the mailbox", "信箱操作")


class Surveyed:
    BEGINS = Message("asked how it went, survey {name}", "满意度调查 {name}")
    NOT_DRAWN = Message("not asked how it went: not in the sample", "未抽中满意度调查")
    ANSWERED = Message("{question}: {points} of {best}", "{question}：{points} 分（满分 {best}）")
    NOT_ANSWERED = Message("{question}: no answer", "{question}：未作答")
    COMMENT = Message("leaves a spoken comment", "留下语音意见")
    QUESTION = Message("question {question}", "问题 {question}")
    BY_SMS = Message("asked by SMS how it went", "已用短信询问满意度")


class Announced:
    CLOSURE = Message("the office is closed for now: {name}", "临时关闭：{name}")
    BROADCAST = Message("{who} announces something to all phones", "{who} 向所有话机广播")
    REACHED = Message("{count} phones heard it", "{count} 部话机已播报")
    PLAYED = Message("announcement {name}", "播报 {name}")
