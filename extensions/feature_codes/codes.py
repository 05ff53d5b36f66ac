"""The features and their codes: defaults, help, and reading what was dialled."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from firmware.core.errors import UserError


class Feature(enum.StrEnum):
    DND_ON = "do not disturb on"
    DND_OFF = "do not disturb off"
    FORWARD_ALWAYS = "forward always"
    FORWARD_BUSY = "forward when busy"
    FORWARD_NO_ANSWER = "forward on no answer"
    FORWARD_OFF = "forwarding off"
    FOLLOW_ON = "follow me on"
    FOLLOW_OFF = "follow me off"
    PICKUP_GROUP = "pick up any ringing call"
    PICKUP = "pick up the call of an extension"
    SIGN_IN = "agent sign in"
    SIGN_OUT = "agent sign out"
    PAUSE = "agent break"
    RESUME = "agent back from break"
    LISTEN = "listen to a call"
    WHISPER = "whisper to staff in a call"
    BARGE = "join a call"
    DAY_NIGHT = "day and night switch"
    TRY_MENUS = "hear the menus as a caller does"
    RECORD_PROMPT = "record a prompt"
    MESSAGES = "hear my messages"
    MESSAGES_OF = "hear the messages of a mailbox"
    BROADCAST = "announce something to all phones"
    INTERCOM = "speak to a phone at once"
    PAGE = "page a group"
    VOICEMAIL = "leave a message for an extension"
    EMERGENCY_TEST = "emergency test without dialling"
    HELP = "hear the list of codes"


class Code(msgspec.Struct, frozen=True):
    """One feature's code."""

    code: str
    takes: str
    """What is dialled behind it: "" nothing, otherwise in a word."""
    help_en: str
    help_zh: str


CODES: dict[Feature, Code] = {
    Feature.DND_ON: Code("*78", "", "Do not disturb on", "开启免打扰"),
    Feature.DND_OFF: Code("*79", "", "Do not disturb off", "关闭免打扰"),
    Feature.FORWARD_ALWAYS: Code("*72", "number", "Forward all calls to a number", "无条件转移到号码"),
    Feature.FORWARD_BUSY: Code("*90", "number", "Forward to a number when busy", "遇忙转移到号码"),
    Feature.FORWARD_NO_ANSWER: Code("*92", "number", "Forward to a number on no answer", "无应答转移到号码"),
    Feature.FORWARD_OFF: Code("*73", "", "End all forwarding", "取消所有转移"),
    Feature.FOLLOW_ON: Code("*21", "", "Follow me to my mobile", "开启跟随到手机"),
    Feature.FOLLOW_OFF: Code("*22", "", "End follow me", "关闭跟随"),
    Feature.PICKUP_GROUP: Code("*8", "", "Pick up any ringing call", "代接任一来电"),
    Feature.PICKUP: Code("**", "extension", "Pick up the call of an extension", "代接指定分机"),
    Feature.SIGN_IN: Code("*45", "", "Sign in to my queues", "坐席签入"),
    Feature.SIGN_OUT: Code("*46", "", "Sign out of my queues", "坐席签出"),
    Feature.PAUSE: Code("*47", "", "Take a break", "坐席小休"),
    Feature.RESUME: Code("*48", "", "Back from the break", "结束小休"),
    Feature.LISTEN: Code("*222", "extension", "Listen to an extension's call", "监听分机通话"),
    Feature.WHISPER: Code("*223", "extension", "Whisper to an extension", "对分机耳语"),
    Feature.BARGE: Code("*224", "extension", "Join an extension's call", "强插分机通话"),
    Feature.DAY_NIGHT: Code("*60", "", "Switch to night or day service and back", "切换日间或夜间服务"),
    Feature.TRY_MENUS: Code(
        "*61", "", "Hear the menus, the draft where there is one", "试听菜单（有草稿则听草稿）"
    ),
    Feature.RECORD_PROMPT: Code("*62", "number", "Record prompt own/pNUMBER", "录制提示音 own/p号码"),
    Feature.MESSAGES: Code("*97", "", "Hear my messages", "收听我的留言"),
    Feature.MESSAGES_OF: Code("*98", "mailbox", "Hear the messages of a mailbox", "收听指定信箱的留言"),
    Feature.BROADCAST: Code("*63", "", "Announce something to all phones", "向所有话机广播"),
    Feature.INTERCOM: Code("*80", "extension", "Speak to a phone at once", "对讲：对方话机自动接听"),
    Feature.PAGE: Code("*81", "group", "Page all phones of a group", "向组内所有话机广播"),
    Feature.VOICEMAIL: Code("*86", "extension", "Leave a message for an extension", "给分机留言"),
    Feature.EMERGENCY_TEST: Code("*911", "", "Prove the emergency path without dialling", "测试紧急呼叫路径"),
    Feature.HELP: Code("*00", "", "Hear the list of codes", "收听功能代码"),
}


class CodeBook:
    """The office's codes.

    Args:
        changed: Codes by feature that differ from the defaults; an empty one switches the feature off.

    Raises:
        UserError: Two features have one code, or a code doesn't begin with `*` or `#`.
    """

    def __init__(self, changed: Mapping[Feature, str] | None = None) -> None:
        self.codes = {feature: code.code for feature, code in CODES.items()} | dict(changed or {})
        self.codes = {feature: code for feature, code in self.codes.items() if code}
        for feature, code in self.codes.items():
            if code[0] not in "*#":
                raise UserError(f"feature_codes: {code} for {feature} must begin with * or #")
            same = [other for other, theirs in self.codes.items() if theirs == code and other is not feature]
            if same:
                raise UserError(f"feature_codes: {code} is both {feature} and {same[0]}")

    def read(self, dialled: str) -> tuple[Feature, str] | None:
        """Return the feature somebody dialled and what stands behind its code; the longest code wins."""
        fits = [
            (code, feature)
            for feature, code in self.codes.items()
            if dialled == code or (CODES[feature].takes and dialled.startswith(code))
        ]
        if not fits:
            return None
        code, feature = max(fits, key=lambda fit: len(fit[0]))
        return feature, dialled.removeprefix(code).removesuffix("#")

    def listed(self) -> list[tuple[str, Code]]:
        """Return every code with its help, for the web page and the spoken list."""
        return [(code, CODES[feature]) for feature, code in self.codes.items()]
