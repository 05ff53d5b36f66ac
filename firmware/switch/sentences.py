"""What call control and the office's people need said to callers and staff; `ivr.prompts` speaks it.

Keys and languages are those of `ivr.prompts.catalogue`, which takes these in; texts are written for the ear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from firmware.core.media import PlayItem
from firmware.core.trace import Message
from firmware.core.trace.inside import Features


class Speaker(Protocol):
    """Gives what to play for sentences and values, in the office's language unless another is asked for."""

    def in_language(self, language: str) -> Speaker:
        """Return one that speaks "zh-CN" or "en", as `Call.language` has it; "" for the office's language."""

    def say(self, *keys: str) -> list[PlayItem]:
        """Return sentences one after the other."""

    def number(self, value: int) -> list[PlayItem]:
        """Return a count, as in "you are third in line"."""

    def digits(self, text: str) -> list[PlayItem]:
        """Return a number read digit by digit."""


Tone = Callable[[], Sequence[PlayItem]]

SENTENCES: dict[str, dict[str, str]] = {
    "enter-pin": {"zh-CN": "请输入密码，按井号键结束。", "en": "Please key your PIN, then the hash key."},
    "wrong-pin": {"zh-CN": "密码错误。", "en": "That PIN is wrong."},
    "not-permitted": {"zh-CN": "此分机无权拨打该号码。", "en": "This phone may not call that number."},
    "limit-reached": {"zh-CN": "今天的通话限额已用完。", "en": "Today's limit for calls has been reached."},
    "lines-busy": {"zh-CN": "外线全忙，请稍后再拨。", "en": "All lines are busy. Please try again later."},
    "wrong-number": {"zh-CN": "您拨的号码有误。", "en": "That number can't be dialled."},
    "press-five": {
        "zh-CN": "您的来电未显示号码，请按五继续。",
        "en": "Your number is withheld. Press five to continue.",
    },
    "blocked": {"zh-CN": "对不起，您的来电无法接通。", "en": "Sorry, your call can't be connected."},
    "press-one-to-take": {
        "zh-CN": "总机为您转来一个电话，按一接听。",
        "en": "A call from the office for you. Press one to take it.",
    },
    "queue-position": {"zh-CN": "您前面的等待位置是第", "en": "Your place in the queue is"},
    "queue-wait-minutes": {"zh-CN": "预计等待分钟数：", "en": "The expected wait in minutes is"},
    "queue-soon": {"zh-CN": "马上就轮到您了。", "en": "You will be served very soon."},
    "queue-comfort": {
        "zh-CN": "感谢您的耐心等待，我们会尽快为您接听。",
        "en": "Thank you for waiting. We will be with you as soon as we can.",
    },
    "queue-callback-offer": {
        "zh-CN": "如不想等待，请按二，我们会按顺序给您回电。",
        "en": "To keep your place and be called back, press two.",
    },
    "queue-callback-kept": {
        "zh-CN": "好的，您的位置已保留，轮到您时我们会给您回电。再见。",
        "en": "Your place is kept. We will call you when it is your turn. Goodbye.",
    },
    "queue-leave-message": {"zh-CN": "留言请按一。", "en": "To leave a message, press one."},
    "queue-full": {"zh-CN": "现在来电较多，请稍后再拨。", "en": "Too many are waiting. Please call later."},
    "callback-here": {
        "zh-CN": "这是您预约的回电，按一接通。",
        "en": "This is the call you asked for. Press one to be connected.",
    },
    "parked-at": {"zh-CN": "电话已寄存，号码是", "en": "The call is parked at"},
    "nothing-parked": {"zh-CN": "该位置没有寄存的电话。", "en": "No call is parked there."},
    "feature-on": {"zh-CN": "已开启。", "en": "Switched on."},
    "feature-off": {"zh-CN": "已关闭。", "en": "Switched off."},
    "feature-failed": {"zh-CN": "操作没有成功。", "en": "That did not work."},
    "emergency-path-works": {
        "zh-CN": "紧急呼叫路径正常，未实际拨出。",
        "en": "The emergency path works. Nothing was dialled.",
    },
    "feature-help": {"zh-CN": "可用的功能代码：", "en": "The feature codes are:"},
    "signed-in": {"zh-CN": "您已签入。", "en": "You are signed in."},
    "signed-out": {"zh-CN": "您已签出。", "en": "You are signed out."},
    "conference-pin": {
        "zh-CN": "请输入会议密码，按井号键结束。",
        "en": "Please key the conference PIN, then hash.",
    },
    "conference-alone": {"zh-CN": "您是第一位与会者。", "en": "You are the first here."},
    "conference-wait": {"zh-CN": "请等待主持人加入。", "en": "Please wait for the moderator."},
    "conference-full": {"zh-CN": "会议室已满。", "en": "The conference is full."},
    "conference-over": {"zh-CN": "主持人结束了会议。", "en": "The moderator has ended the conference."},
    "being-monitored": {"zh-CN": "主管已加入通话。", "en": "A supervisor has joined the call."},
    "nobody-there": {"zh-CN": "对方暂时无法接听。", "en": "Nobody can take your call there."},
} | {
    # What each feature code is for, as the spoken list of codes says it.
    message.code.replace("features.", "feature-"): {
        "zh-CN": f"{message.zh}。",
        "en": f"{message.en.capitalize()}.",
    }
    for message in vars(Features).values()
    if isinstance(message, Message)
}
