"""Why copies don't reach the cloud or other systems."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Cloud:
    """What somebody must put right, or wait for; `why` is the far end's or the system's own word."""

    UNREACHABLE = Message("the cloud can't be reached: {why}", "无法连接云端：{why}")
    NOT_ALLOWED = Message(
        "the cloud doesn't let this site in; check its name and key: {why}",
        "云端不接受本站点，请检查站点名和密钥：{why}",
    )
    OUTBOX = Message("the outbox can't be read or written: {why}", "发件箱无法读写：{why}")
    OUR_FAULT = Message(
        "a fault in the sending to the cloud; the log says which", "向云端发送时程序出错，详情见日志"
    )
    RECORD_REFUSED = Message(
        "the cloud refused the record of call {call}: {why}", "云端拒收通话 {call} 的记录：{why}"
    )
    NO_UPLOAD = Message("recordings can't be uploaded: {why}", "录音无法上传：{why}")
    HOOK_REFUSED = Message("{url} won't be told of {event}: {why}", "{url} 不接收 {event} 通知：{why}")
    HOOK_AWAY = Message(
        "{url} has been away for three days and won't be told of {event}: {why}",
        "{url} 三天无法连接，{event} 通知已放弃：{why}",
    )
