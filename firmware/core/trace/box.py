"""What the box tells of itself: what needs somebody's attention."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Box:
    ALARM = Message("{at} {what}", "{at} {what}")
    LINE_DOWN = Message("line {line}: {why}", "线路 {line}：{why}")
    SETTINGS = Message("settings: {why}", "设置：{why}")
    RECORDS = Message("records: {why}", "通话记录：{why}")
    SILENT = Message("the media process isn't running: calls are silent", "媒体进程未运行，通话没有声音")
    BACKUP_FAILED = Message("the backup failed: {why}", "备份失败：{why}")
    MAIL = Message("mail: {why}", "邮件：{why}")
    REPORT_NOT_MAILED = Message("the month's report can't be mailed: {why}", "月报无法发送：{why}")
    CLOUD_STOPPED = Message("nothing is sent to the cloud: {why}", "无法向云端发送：{why}")
    CLOUD_LATE = Message(
        "{count} call records have waited for the cloud for three days",
        "{count} 条通话记录三天未能发送到云端",
    )
    ALTERED = Message("audio is missing or was altered: {name}", "录音缺失或被改动：{name}")
    NO_LETTER = Message("voicemail {box}: no letter to {to}: {why}", "信箱 {box}：无法发送邮件到 {to}：{why}")
    NO_TEXT = Message("voicemail {box}: no SMS to {to}: {why}", "信箱 {box}：无法发送短信到 {to}：{why}")
    WEAK_POWER = Message(
        "the power supply is too weak: use one of 3 A or more, and a short cable",
        "供电不足：请使用 3 A 以上电源和短线缆",
    )
    SHUTTING_DOWN = Message(
        "the voltage stays too low: shutting down to save the card", "电压持续过低：为保护存储卡正在关机"
    )
    SAFE_MODE = Message(
        "safe mode: the switch failed three times in a row; lines and phones are off and the handset is tied "
        "to the line. The last settings that worked are in force. Look at the log, then leave safe mode.",
        "安全模式：交换进程连续三次启动失败，线路和话机已停用，话机直连外线。"
        "现用最后一次正常的设置。请查看日志，然后退出安全模式。",
    )
    CARD_READ_ONLY = Message(
        "the card is read-only now: it met errors; replace it", "存储卡因出错变为只读，请更换"
    )
    CARD_ERRORS = Message(
        "the card's file system has met {count} errors; back up and replace the card",
        "存储卡文件系统出现 {count} 个错误，请备份并更换存储卡",
    )
    CARD_WORN = Message(
        "{share} % of the card's life are used; replace it soon", "存储卡寿命已用 {share}%，请尽快更换"
    )
    CARD_SPARE = Message(
        "the card's spare blocks run out; replace it soon", "存储卡备用块即将用尽，请尽快更换"
    )
    RESET = Message(
        "the reset button was held: network and password were reset",
        "复位按钮被长按：网络和密码已重置",
    )
    DISK_FILLING = Message("the disk is filling: {share} used", "存储空间将满：已用 {share}")
    DISK_NEARLY_FULL = Message("the disk is nearly full: {share} used", "存储空间即将用尽：已用 {share}")
    DISK_FULL = Message("the disk is full: {share} used", "存储空间已满：已用 {share}")
    NOT_KEPT = Message("the storage can't be looked after: {why}", "存储无法维护：{why}")
    UNFINISHED = Message("a recording can't be finished: {why}", "录音无法完成：{why}")
