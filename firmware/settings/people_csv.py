"""People as a table: exported for a spreadsheet, imported with a report of every line that can't be used.

    bytes ─► UTF-8 or GBK ─► header ─► lines ─┬─ every line good ─► the people as they would be
                                              └─ else ─► what is wrong with which line; nothing is taken

A line adds a person or changes the one of that number; columns that are missing, and cells of people who
were there that are left out, stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping

import msgspec

from extensions.forwarding import When
from firmware.core.errors import UserError
from firmware.settings.document import Settings
from firmware.settings.parse import check_settings
from firmware.settings.people import Extension

# A table of five hundred people is some 50 kB; the rest is no table.
MAX_BYTES = 1024 * 1024
_YES = frozenset({"1", "yes", "true", "y", "x", "是", "开"})
_NO = frozenset({"", "0", "no", "false", "n", "否", "关"})
# A cell that begins so would be taken for a formula by a spreadsheet.
_FORMULA = ("=", "@", "+", "-", "\t")

_COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("number", "extension", "分机", "分机号"),
    "name": ("name", "姓名", "名称"),
    "mobile": ("mobile", "手机", "手机号"),
    "follow_me": ("follow_me", "follow me", "跟随"),
    "forward_always": ("forward_always", "无条件转移"),
    "forward_busy": ("forward_busy", "遇忙转移"),
    "forward_no_answer": ("forward_no_answer", "无应答转移"),
    "service_class": ("service_class", "class", "权限", "权限等级"),
    "call_waiting": ("call_waiting", "呼叫等待"),
    "supervisor": ("supervisor", "主管"),
}
"""Fields, and what their column may be called; the first is what an export writes."""

# How the settings' checks name a person.
_PERSON = re.compile(r"extensions\[(\d{1,4})\]")
_HEADERS = {alias: field for field, aliases in _COLUMNS.items() for alias in aliases}
_FORWARDS = {
    "forward_always": When.ALWAYS,
    "forward_busy": When.BUSY,
    "forward_no_answer": When.NO_ANSWER,
}


class LineError(msgspec.Struct, frozen=True):
    """What is wrong with one line."""

    line: int
    """1 for the header; 0 for the table as a whole."""
    en: str
    zh: str


class Imported(msgspec.Struct, frozen=True):
    """What a table comes to. With errors nothing of it may be put into force."""

    settings: Settings | None
    """As they would be; None with errors."""
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    errors: tuple[LineError, ...] = ()


def export(settings: Settings, encoding: str = "utf-8") -> bytes:
    """Return the people as CSV, in UTF-8 (with the mark that spreadsheets want) or GBK."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_COLUMNS)
    for one in settings.extensions:
        table.writerow([_shown(cell) for cell in _cells(one)])
    text = out.getvalue()
    return text.encode("utf-8-sig") if encoding == "utf-8" else text.encode("gb18030")


def read(data: bytes, settings: Settings, *, remove_missing: bool = False) -> Imported:
    """Return what the settings would be with a table taken in.

    Args:
        data: The file.
        settings: In force.
        remove_missing: Whether people who aren't in the table are taken out.
    """
    if len(data) > MAX_BYTES:
        return _refused(LineError(0, "The file is larger than 1 MB.", "文件大于 1 MB。"))
    text = _decoded(data)
    if text is None:
        return _refused(
            LineError(0, "The file is neither UTF-8 nor GBK.", "文件编码既不是 UTF-8 也不是 GBK。")
        )
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return _refused(LineError(0, f"This is no CSV table: {error}.", f"不是有效的 CSV 表格：{error}。"))
    return _Reading(settings, rows, remove_missing).result()


class _Reading:
    """One table, read line by line."""

    def __init__(self, settings: Settings, rows: list[list[str]], remove_missing: bool) -> None:
        self._settings = settings
        self._rows = rows
        self._remove = remove_missing
        self._errors: list[LineError] = []
        self._people = {one.number: one for one in settings.extensions}
        self._lines: dict[str, int] = {}
        self._added: list[str] = []
        self._changed: list[str] = []

    def result(self) -> Imported:
        header = [cell.strip().lower() for cell in self._rows[0]] if self._rows else []
        fields = [_HEADERS.get(cell, "") for cell in header]
        if "number" not in fields:
            known = ", ".join(_COLUMNS)
            return _refused(
                LineError(
                    1,
                    f"The first line must name the columns, number among them; known are {known}.",
                    f"第一行须为列名，且必须包含“分机”（number）；可用列：{known}。",
                )
            )
        for cell, field in zip(header, fields, strict=True):
            if cell and not field:
                self._error(1, f"There is no column {cell}.", f"没有“{cell}”这一列。")
        for line, row in enumerate(self._rows[1:], 2):
            if any(cell.strip() for cell in row):
                self._line(line, dict(zip(fields, (cell.strip() for cell in row), strict=False)))
        if not self._errors:
            return self._whole()
        return Imported(None, errors=tuple(self._errors))

    def _line(self, line: int, cells: Mapping[str, str]) -> None:
        number = cells.get("number", "")
        if number in self._lines:
            at = self._lines[number]
            self._error(line, f"{number} was in line {at} already.", f"{number} 在第 {at} 行已出现。")
            return
        self._lines[number] = line
        before = self._people.get(number)
        try:
            after = _changed(before, cells)
        except _BadCell as bad:
            self._error(line, bad.en, bad.zh)
            return
        if before is None:
            self._added.append(number)
        elif after != before:
            self._changed.append(number)
        self._people[number] = after

    def _whole(self) -> Imported:
        removed = tuple(n for n in self._people if n not in self._lines) if self._remove else ()
        people = tuple(one for number, one in self._people.items() if number not in removed)
        settings = msgspec.structs.replace(self._settings, extensions=people)
        try:
            check_settings(msgspec.convert(msgspec.to_builtins(settings), Settings))
        except (UserError, msgspec.ValidationError) as error:
            named = _PERSON.search(str(error))
            number = people[int(named[1])].number if named else ""
            return _refused(LineError(self._lines.get(number, 0), str(error), f"设置检查未通过：{error}"))
        return Imported(settings, tuple(self._added), tuple(self._changed), removed)

    def _error(self, line: int, en: str, zh: str) -> None:
        self._errors.append(LineError(line, en, zh))


class _BadCell(Exception):
    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


def _changed(before: Extension | None, cells: Mapping[str, str]) -> Extension:
    """Return a person as a line has it.

    Raises:
        _BadCell: A cell can't be used.
    """
    number = cells.get("number", "")
    person = before or Extension(number=number, name=number)
    wishes = person.personal
    forward = dict(wishes.forward)
    for field, when in _FORWARDS.items():
        if field in cells:
            forward.pop(when, None)
            if cells[field]:
                forward[when] = _bare(cells[field])
    document = msgspec.to_builtins(person)
    document["personal"] |= {"forward": {str(when): target for when, target in forward.items()}}
    takes: dict[str, Callable[[str], object]] = {
        "name": _bare,
        "service_class": str,
        "call_waiting": _switch,
        "supervisor": _switch,
    }
    for field, take in takes.items():
        if field in cells and (cells[field] or field != "name"):
            document[field] = take(cells[field])
    if "mobile" in cells:
        document["personal"]["mobile"] = _bare(cells["mobile"])
    if "follow_me" in cells:
        document["personal"]["follow_me"] = _switch(cells["follow_me"])
    try:
        return msgspec.convert(document, Extension)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`") or "the line"
        raise _BadCell(f"{field}: {reason}.", f"{field}：内容不符合要求（{reason}）。") from None


def _switch(cell: str) -> bool:
    if cell.lower() in _YES:
        return True
    if cell.lower() in _NO:
        return False
    raise _BadCell(f"{cell!r} is neither yes nor no.", f"“{cell}”不是“是”或“否”。")


def _cells(one: Extension) -> list[str]:
    wishes = one.personal
    return [
        one.number,
        one.name,
        wishes.mobile,
        _yes(wishes.follow_me),
        *(wishes.forward.get(when, "") for when in _FORWARDS.values()),
        one.service_class,
        _yes(one.call_waiting),
        _yes(one.supervisor),
    ]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _shown(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _decoded(data: bytes) -> str | None:
    """Return the text; GB18030 holds GBK and GB 2312, and accepts much, so UTF-8 is tried first."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _refused(error: LineError) -> Imported:
    return Imported(None, errors=(error,))
