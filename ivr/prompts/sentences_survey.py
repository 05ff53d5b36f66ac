"""What surveys and announcements say; part of the catalogue."""

from __future__ import annotations

SENTENCES: dict[str, dict[str, str]] = {
    "survey-invitation": {
        "zh-CN": "请对本次服务进行评价。",
        "en": "Please tell us how we did.",
    },
    "survey-question": {
        "zh-CN": "您对本次服务是否满意？请按一到五评分，五分为非常满意。",
        "en": "How satisfied are you with this call? Please press one to five. Five means very satisfied.",
    },
    "survey-solved": {
        "zh-CN": "您的问题是否得到解决？请按一到五评分，五分为完全解决。",
        "en": "Was your matter settled? Please press one to five. Five means entirely.",
    },
    "survey-again": {"zh-CN": "请按一到五评分。", "en": "Please press one to five."},
    "survey-comment": {
        "zh-CN": "如有其他意见，请在提示音后说出，按井号键结束，没有请挂机。",
        "en": "If you have anything to add, please say it after the tone, then press pound. "
        "Otherwise hang up.",
    },
    "survey-thanks": {"zh-CN": "感谢您的评价，再见。", "en": "Thank you for your answer. Goodbye."},
    "closed-for-now": {
        "zh-CN": "您好，我们临时暂停服务，请稍后再拨。",
        "en": "Hello. We are closed for the time being. Please call again later.",
    },
    "emergency-broadcast": {
        "zh-CN": "紧急通知，请所有人员注意。",
        "en": "Attention please, this is an emergency announcement.",
    },
    "broadcast-record": {
        "zh-CN": "请在提示音后说出通知内容，按井号键结束。",
        "en": "Please speak your announcement after the tone, then press pound.",
    },
    "broadcast-done": {"zh-CN": "通知已播出。", "en": "The announcement was played."},
}
