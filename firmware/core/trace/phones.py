"""What the SIP side tells the owner."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Phones:
    BANNED = Message(
        "{host} gave {failures} wrong passwords for {account} and is kept out for {minutes} minutes",
        "{host} 用 {account} 输错密码 {failures} 次，已封禁 {minutes} 分钟",
    )
    BANNED_HOST = Message(
        "{host} gave {failures} wrong passwords for several phones and is kept out for {minutes} minutes",
        "{host} 尝试多个分机账号，输错密码 {failures} 次，已封禁 {minutes} 分钟",
    )
    ATTACKED = Message(
        "the phone account {account} is being guessed at from many places: {failures} wrong passwords",
        "分机账号 {account} 正被多处猜测密码：已输错 {failures} 次",
    )
    TOLERATED = Message(
        "{host} gave {failures} wrong passwords; it is in a network that is never banned",
        "{host} 输错密码 {failures} 次；所在网段设为不封禁",
    )
    NO_PROVISIONING = Message(
        "phones can't fetch their configuration: port {port}: {why}",
        "话机无法获取自动配置：端口 {port}：{why}",
    )


class Picked:
    TAKES = Message("{who} takes the place of {whom}", "{who} 接替 {whom}")
    GONE = Message("the call to be taken is over", "要接听的通话已结束")


class Providers:
    DOWN = Message("line {line} is down: {why}", "线路 {line} 中断：{why}")
    NAME_TAKEN = Message(
        "the provider line {line} has the name of another line and is not used",
        "服务商线路 {line} 与其他线路重名，未启用",
    )
    UNUSABLE = Message("the provider line {line} can't start: {why}", "服务商线路 {line} 无法启动：{why}")
