"""What mailboxes say to those who leave and hear messages; part of the catalogue."""

from __future__ import annotations

SENTENCES: dict[str, dict[str, str]] = {
    "vm-extension": {"zh-CN": "您拨打的分机", "en": "The extension"},
    "vm-unavailable": {"zh-CN": "暂时无法接听。", "en": "is not available."},
    "vm-busy": {"zh-CN": "正在通话中。", "en": "is on another call."},
    "vm-away": {"zh-CN": "目前外出，返回时间是", "en": "is away, and will be back"},
    "vm-group": {
        "zh-CN": "现在没有人能接听您的电话。",
        "en": "Nobody can take your call at the moment.",
    },
    "vm-leave": {
        "zh-CN": "请在提示音后留言，按井号键结束。",
        "en": "Please leave a message after the tone, then press pound.",
    },
    "vm-full": {"zh-CN": "信箱已满，无法留言，再见。", "en": "The mailbox is full. Goodbye."},
    "vm-no-space": {
        "zh-CN": "抱歉，现在无法留言，请稍后再拨。",
        "en": "I'm sorry, no message can be taken at the moment. Please call again later.",
    },
    "vm-review": {
        "zh-CN": "发送请按一，重听请按二，重录请按三，标为紧急请按四。",
        "en": "To send the message, press one. To hear it, press two. To record it again, press three. "
        "To mark it urgent, press four.",
    },
    "vm-urgent-marked": {"zh-CN": "已标为紧急。", "en": "It is marked urgent."},
    "vm-sent": {"zh-CN": "留言已保存，再见。", "en": "Your message has been kept. Goodbye."},
    "vm-partly": {
        "zh-CN": "抱歉，只保存了部分留言，请稍后再拨。",
        "en": "I'm sorry, only part of your message could be kept. Please call again later.",
    },
    "vm-nothing": {"zh-CN": "没有录到留言，再见。", "en": "No message was recorded. Goodbye."},
    "vm-enter-mailbox": {
        "zh-CN": "请输入信箱号码，按井号键结束。",
        "en": "Please key the number of the mailbox, then pound.",
    },
    "vm-locked": {
        "zh-CN": "密码错误次数过多，请稍后再试。",
        "en": "The PIN was wrong too often. Please try again later.",
    },
    "vm-no-such-mailbox": {"zh-CN": "没有这个信箱。", "en": "There is no such mailbox."},
    "vm-you-have": {"zh-CN": "您有", "en": "You have"},
    "vm-and": {"zh-CN": "和", "en": "and"},
    "vm-none": {"zh-CN": "您没有留言。", "en": "You have no messages."},
    "vm-from": {"zh-CN": "来自", "en": "From"},
    "vm-withheld": {"zh-CN": "未显示号码的来电，", "en": "From a caller who withheld the number,"},
    "vm-urgent": {"zh-CN": "紧急留言。", "en": "Urgent message."},
    "vm-keys": {
        "zh-CN": "保存请按一，重听请按二，删除请按三，后退请按四，前进请按六，回拨请按七，转发请按八，"
        "下一条请按九，信箱设置请按零。",
        "en": "To save it, press one. To hear it again, two. To delete it, three. To go back, four. "
        "To go on, six. To call back, seven. To forward it, eight. For the next message, nine. "
        "For the mailbox's settings, zero.",
    },
    "vm-saved": {"zh-CN": "已保存。", "en": "Saved."},
    "vm-deleted": {"zh-CN": "已删除。", "en": "Deleted."},
    "vm-no-more": {"zh-CN": "没有更多留言了。", "en": "There are no more messages."},
    "vm-forward-to": {
        "zh-CN": "请输入对方的信箱号码，按井号键结束。",
        "en": "Please key the number of the mailbox to forward to, then pound.",
    },
    "vm-forwarded": {"zh-CN": "已转发。", "en": "Forwarded."},
    "vm-not-forwarded": {"zh-CN": "无法转发。", "en": "It can't be forwarded."},
    "vm-not-called": {"zh-CN": "无法从这里回拨。", "en": "That number can't be called from here."},
    "vm-settings": {
        "zh-CN": "录制问候语请按一，默认问候语请按二，忙时问候语请按三，外出问候语请按四，修改密码请按五，"
        "返回请按星号键。",
        "en": "To record your greeting, press one. For the standard greeting, two. To say that you are busy, "
        "three. To say that you are away, four. To change the PIN, five. To go back, star.",
    },
    "vm-greeting-kept": {"zh-CN": "问候语已更改。", "en": "The greeting has been changed."},
    "vm-back-on": {
        "zh-CN": "请输入返回日期，月份两位，日期两位。",
        "en": "Please key the day of your return, two digits for the month and two for the day.",
    },
    "vm-no-date": {"zh-CN": "日期无效。", "en": "That is no date."},
    "vm-new-pin": {
        "zh-CN": "请输入四到十位的新密码，按井号键结束。",
        "en": "Please key a new PIN of four to ten digits, then pound.",
    },
    "vm-pin-again": {"zh-CN": "请再输入一次。", "en": "Please key it once more."},
    "vm-pin-kept": {"zh-CN": "密码已更改。", "en": "The PIN has been changed."},
    "vm-pin-refused": {
        "zh-CN": "这个密码太容易猜到，请换一个。",
        "en": "That PIN is too easy to guess. Please choose another.",
    },
    "vm-pins-differ": {"zh-CN": "两次输入不一致。", "en": "The two were not the same."},
}
