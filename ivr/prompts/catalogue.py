"""Every sentence the box speaks by itself, by key, in each language.

A text is spoken as it stands, so it is written for the ear: no digits, no abbreviations.
"""

from __future__ import annotations

from firmware.switch.sentences import SENTENCES
from ivr.prompts import sentences_survey, sentences_voicemail

LANGUAGES = ("zh-CN", "en")

CATALOGUE: dict[str, dict[str, str]] = {
    **SENTENCES,
    **sentences_voicemail.SENTENCES,
    **sentences_survey.SENTENCES,
    "greeting": {
        "zh-CN": "您好，欢迎致电。请直拨分机号，转总机请拨零。",
        "en": "Hello, and welcome. Please dial the extension number, or zero for the operator.",
    },
    "recording-notice": {
        "zh-CN": "为保证服务质量，通话可能会被录音。",
        "en": "To help us serve you better, this call may be recorded.",
    },
    "no-such-extension": {
        "zh-CN": "您拨的分机号不存在，请重新输入。",
        "en": "There is no such extension. Please try again.",
    },
    "to-operator": {
        "zh-CN": "正在为您转接总机，请稍候。",
        "en": "Please hold while I connect you to the operator.",
    },
    "busy": {
        "zh-CN": "您拨的分机正忙。",
        "en": "The extension is busy.",
    },
    "no-answer": {
        "zh-CN": "您拨的分机暂时无人接听。",
        "en": "Nobody is answering at that extension.",
    },
    "declined": {
        "zh-CN": "对方现在不方便接听您的电话。",
        "en": "The person you called can't take your call right now.",
    },
    "unreachable": {
        "zh-CN": "您拨的分机暂时无法接通。",
        "en": "That extension can't be reached at the moment.",
    },
    "nobody": {
        "zh-CN": "很抱歉，现在没有人能接听您的电话，请稍后再拨。再见。",
        "en": "I'm sorry, nobody can take your call right now. Please call again later. Goodbye.",
    },
    "closed-now": {
        "zh-CN": "您好，现在是非营业时间。",
        "en": "Hello, our office is closed at the moment.",
    },
    "we-open-again": {
        "zh-CN": "我们将于",
        "en": "We open again",
    },
    "we-open-again-end": {
        "zh-CN": "恢复服务，感谢您的来电。",
        "en": "Thank you for calling.",
    },
    "wrong-key": {
        "zh-CN": "输入有误，请重新选择。",
        "en": "That is not one of the choices. Please try again.",
    },
    "no-key": {
        "zh-CN": "没有收到您的选择。",
        "en": "I did not hear a choice.",
    },
    "goodbye": {
        "zh-CN": "感谢您的来电，再见。",
        "en": "Thank you for calling. Goodbye.",
    },
    "connecting": {
        "zh-CN": "正在为您转接，请稍候。",
        "en": "Please hold while I connect you.",
    },
    "spell-name": {
        "zh-CN": "请用数字键输入姓名的拼音，以井号键结束。",
        "en": "Please spell the name on the number keys, then press pound.",
    },
    "no-such-name": {
        "zh-CN": "没有找到这个姓名。",
        "en": "There is nobody of that name.",
    },
    "too-many-names": {
        "zh-CN": "符合的姓名太多，请多输入几个字母。",
        "en": "Too many names match. Please key some more letters.",
    },
    "for-extension": {
        "zh-CN": "分机",
        "en": "For extension",
    },
    "press": {
        "zh-CN": "请按",
        "en": "press",
    },
    "language-choice": {
        "zh-CN": "中文服务请按一。",
        "en": "For English, press two.",
    },
    "record-after-tone": {
        "zh-CN": "请在提示音后录音，按任意键结束。",
        "en": "Please speak after the tone. Press any key to end.",
    },
    "nothing-recorded": {
        "zh-CN": "没有录到声音，请重录。",
        "en": "Nothing was recorded. Please try again.",
    },
    "review-prompt": {
        "zh-CN": "保存请按一，重听请按二，重录请按三。",
        "en": "To keep it, press one. To hear it again, press two. To record it again, press three.",
    },
    "prompt-kept": {
        "zh-CN": "已保存。",
        "en": "It has been kept.",
    },
    "prompt-not-kept": {
        "zh-CN": "未保存。",
        "en": "It has not been kept.",
    },
    "hours-night": {
        "zh-CN": "已切换为夜间服务。",
        "en": "Night service is on.",
    },
    "hours-day": {
        "zh-CN": "已切换为日间服务。",
        "en": "Day service is on.",
    },
    "hours-auto": {
        "zh-CN": "已恢复按日程服务。",
        "en": "Service follows the schedule again.",
    },
    "recording-consent": {
        "zh-CN": "通话将被录音。同意请按一，不同意请按二。",
        "en": "This call is to be recorded. If you agree, press one. If you do not agree, press two.",
    },
}
