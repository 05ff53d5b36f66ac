"""How the office counts, and who is mailed the monthly report."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.settings.fields import help_text

Address = Annotated[str, Meta(pattern=r"\A[^@\s,;<>]{1,64}@[^@\s,;<>]{1,255}\Z")]


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    answer_within_s: Annotated[
        int,
        Meta(ge=1, le=600),
        help_text(
            "Answered within so many seconds counts for the service level, 1 to 600.",
            "多少秒内接听计入服务水平，1 到 600。",
        ),
    ] = 20
    short_abandon_s: Annotated[
        int,
        Meta(ge=0, le=60),
        help_text(
            "Who hangs up sooner had misdialled and isn't counted as lost, 0 to 60 seconds.",
            "多少秒内挂断视为误拨、不计放弃，0 到 60 秒。",
        ),
    ] = 5
    repeat_days: Annotated[
        int,
        Meta(ge=1, le=90),
        help_text(
            "A caller who calls again within so many days wasn't served at once, 1 to 90.",
            "多少天内再次来电视为未一次性解决，1 到 90。",
        ),
    ] = 7
    follow_up_hours: Annotated[
        int,
        Meta(ge=1, le=720),
        help_text(
            "A lost caller should be talked with within so many hours, 1 to 720.",
            "未接来电应在多少小时内回访，1 到 720。",
        ),
    ] = 24
    lines: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | None,
        help_text(
            "How many outside lines there are; none counts those that were used.",
            "外线总数；留空则按用过的线路计。",
        ),
    ] = None
    customers: Annotated[
        Annotated[int, Meta(ge=1, le=100_000_000)] | None,
        help_text(
            "People the office serves, for the practice formula of seats; none leaves that out.",
            "服务的客户数，用于经验公式测算坐席；留空则不测算。",
        ),
    ] = None
    agents_planned: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | None,
        help_text(
            "Agents planned on a working day, for the attendance; none leaves that out.",
            "每个工作日计划出勤的坐席数，用于出勤率；留空则不计算。",
        ),
    ] = None
    full_time: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)] | None,
        help_text(
            "Full-time people, for the turnover; none leaves that out.",
            "全职人数，用于流动率；留空则不计算。",
        ),
    ] = None
    leavers: Annotated[
        int,
        Meta(ge=0, le=10_000),
        help_text("People who left in the month reported.", "报表月份的离职人数。"),
    ] = 0
    zone: Annotated[
        str,
        Meta(max_length=60),
        help_text(
            "Time zone hours and days are of, such as Asia/Shanghai; empty for the box's.",
            "统计所用时区，如 Asia/Shanghai；留空则用本机时区。",
        ),
    ] = ""
    mail_to: Annotated[
        tuple[Address, ...],
        Meta(max_length=20),
        help_text(
            "Who is mailed the report of the month before, up to 20 addresses; none for nobody.",
            "每月报表的收件人，最多 20 个；留空则不发送。",
        ),
    ] = ()
    mail_day: Annotated[
        int,
        Meta(ge=1, le=28),
        help_text("Day of the month it is mailed, 1 to 28.", "每月几号发送，1 到 28。"),
    ] = 1
    mail_hour: Annotated[
        int, Meta(ge=0, le=23), help_text("Hour of that day, 0 to 23.", "当天几点发送，0 到 23。")
    ] = 7
    mail_language: Annotated[
        Literal["zh-CN", "en"],
        help_text("Language of the mailed report: zh-CN or en.", "报表语言：zh-CN 或 en。"),
    ] = "zh-CN"
