"""Why a letter (e-mail) isn't sent."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Mail:
    """What the mail server, or the letter, is short of; `why` is the system's own word."""

    LOGIN_REFUSED = Message(
        "{host} refuses our user or password ({code})", "{host} 不接受我们的用户名或密码（{code}）"
    )
    UNREACHABLE = Message("{host}:{port} can't be reached: {why}", "{host}:{port} 无法连接：{why}")
    NOT_ENCRYPTED = Message(
        "{host} doesn't offer {security}; nothing was sent", "{host} 不提供 {security} 加密，未发送任何内容"
    )
    SERVER_SAID = Message("{host} said {code} {words}", "{host} 答复 {code} {words}")
    NO_ATTACHMENT = Message("{name} can't be attached: {why}", "{name} 无法附上：{why}")
    TOO_BIG = Message("{name} is too big for a letter", "{name} 太大，无法用邮件发送")
