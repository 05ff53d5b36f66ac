"""The words of the tables, in the languages people at the box read."""

from __future__ import annotations

from firmware.core.records import EntryKind, Outcome

_WORDS: dict[str, tuple[str, str]] = {
    "when": ("When", "时间"),
    "caller": ("Caller", "主叫"),
    "called": ("Called", "被叫"),
    "outcome": ("Outcome", "结果"),
    "answered": ("Answered after", "应答用时"),
    "talked": ("Talked", "通话"),
    "recording": ("Recording", "录音"),
    "id": ("Id", "编号"),
    "none": ("No calls yet.", "还没有通话。"),
    "running": ("running", "进行中"),
    "unfinished": ("not closed", "未结束"),
    "withheld": ("withheld", "未显示"),
    "incomplete": ("incomplete", "不完整"),
    "call": ("Call", "通话"),
    "line": ("Line", "线路"),
    "duration": ("Duration", "时长"),
    "cost": ("Cost", "话费"),
    "ended": ("Ended", "挂断"),
    "legs": ("Legs", "各方"),
    "timeline": ("Timeline", "经过"),
    "recordings": ("Recordings", "录音"),
    "leg": ("Leg", "一方"),
    "where": ("Where", "位置"),
    "number": ("Number", "号码"),
    "from": ("From", "开始"),
    "until": ("Until", "结束"),
    "why": ("Why", "原因"),
    "at": ("At", "时刻"),
    "what": ("What", "类别"),
    "words": ("", "说明"),
    "no switch": (
        "no switch is running here; reading the records directly, read-only",
        "总机未运行；直接只读读取通话记录",
    ),
    "state": ("State", "状态"),
    "detail": ("Detail", "详情"),
    "process": ("Process", "进程"),
    "memory": ("Memory", "内存"),
    "phones registered": ("Phones registered", "已注册话机"),
    "live calls": ("Calls now", "当前通话"),
    "ready": ("First phone after", "首部话机注册用时"),
    "version": ("Version", "版本"),
    "faults": ("Needs attention", "需要处理"),
    "figure": ("Figure", "指标"),
    "value": ("Value", "数值"),
    "extension": ("Extension", "分机"),
    "name": ("Name", "名称"),
    "server": ("SIP server", "SIP 服务器"),
    "secret": ("Password", "密码"),
    "registered": ("Registered from", "注册地址"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
}

_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.ANSWERED: ("answered", "已接通"),
    Outcome.ABANDONED: ("abandoned", "主叫放弃"),
    Outcome.UNANSWERED: ("unanswered", "无人接听"),
    Outcome.FAILED: ("failed", "失败"),
    Outcome.INTERRUPTED: ("interrupted", "中断"),
}

_KINDS: dict[EntryKind, tuple[str, str]] = {
    EntryKind.STATE: ("state", "状态"),
    EntryKind.ROUTE: ("routing", "路由"),
    EntryKind.HEARD: ("heard", "播放"),
    EntryKind.KEYED: ("keyed", "按键"),
    EntryKind.RECORDING: ("recording", "录音"),
    EntryKind.FAULT: ("fault", "故障"),
}


class Words:
    """The words of one language, "zh" or "en"."""

    def __init__(self, language: str) -> None:
        self._column = 1 if language == "zh" else 0

    def __call__(self, key: str) -> str:
        return _WORDS[key][self._column]

    def outcome(self, outcome: Outcome) -> str:
        return _OUTCOMES[outcome][self._column]

    def kind(self, kind: EntryKind) -> str:
        return _KINDS[kind][self._column]
