"""How the record of a call is completed that a power cut or a killed process left open."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Interrupted:
    STOPPED = Message("the switchboard stopped in mid-call", "总机在通话中停止运行")
    BY_POWER = Message("power was lost", "断电")
    BY_PROCESS = Message("the switch process ended", "总机进程终止")
    CLOSED = Message(
        "The call was interrupted: {why} while it ran. This record was completed at the next start; "
        "when the call ended and how long people talked are estimates.",
        "通话被中断：通话进行中{why}。本记录在下次启动时补全；结束时间和通话时长均为估计值。",
    )
    RECORDING = Message("recording", "录音")
    MESSAGE = Message("message", "留言")
    OUTSIDE = Message(
        "Its {name} {path} lies outside its folder and was left alone.",
        "该通话的{name} {path} 位于规定文件夹之外，未作处理。",
    )
    MISSING = Message("Its {name} is missing.", "该通话的{name}缺失。")
    UNREADABLE = Message("Its {name} can't be read: {why}.", "该通话的{name}无法读取：{why}。")
    INCOMPLETE = Message(
        "Its {name} is incomplete: {seconds} s reached the card.",
        "该通话的{name}不完整：仅 {seconds} 秒写入存储卡。",
    )
