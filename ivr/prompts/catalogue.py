"""Every sentence the box speaks by itself, by key, in each language.

A text is spoken as it stands, so it is written for the ear: no digits, no abbreviations.
"""

from __future__ import annotations

LANGUAGES = ("zh-CN", "en")

CATALOGUE: dict[str, dict[str, str]] = {
    "greeting": {
        "zh-CN": "您好，欢迎致电。请直拨分机号，转总机请拨零。",
        "en": "Hello, and welcome. Please dial the extension number, or zero for the operator.",
    },
    "recording-notice": {
        "zh-CN": "为保证服务质量，通话可能会被录音。",
        "en": "To help us serve you better, this call may be recorded.",
    },
    "no-input": {
        "zh-CN": "请输入分机号，转总机请拨零。",
        "en": "Please dial the extension number, or zero for the operator.",
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
    "try-another": {
        "zh-CN": "请拨其他分机号，转总机请拨零。",
        "en": "Please dial another extension, or zero for the operator.",
    },
    "nobody": {
        "zh-CN": "很抱歉，现在没有人能接听您的电话，请稍后再拨。再见。",
        "en": "I'm sorry, nobody can take your call right now. Please call again later. Goodbye.",
    },
}
