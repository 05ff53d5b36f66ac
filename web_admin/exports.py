"""Lists of calls as files: CSV line by line, and a workbook."""

from __future__ import annotations

import csv
import io
import re

import xlsxwriter

from firmware.control.search import CallRow
from firmware.core.money import MICROS
from web_admin.format import local, stamp
from web_admin.words import Words

COLUMNS = (
    "when", "caller", "called", "talked_with", "line", "outcome", "waited", "talked", "duration", "recording",
    "cost", "currency", "id",
)  # fmt: skip

_PLAIN_NUMBER = re.compile(r"\A\+?[0-9*#]{1,32}\Z")
_MS_A_DAY = 86_400_000
"""Spreadsheets count time in days."""


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and not _PLAIN_NUMBER.match(text) else text


def csv_line(values: list[str]) -> bytes:
    """Return one line of CSV (RFC 4180)."""
    line = io.StringIO()
    csv.writer(line).writerow(_cell(value) for value in values)
    return line.getvalue().encode()


def csv_row(call: CallRow, words: Words) -> bytes:
    seconds = [
        "" if ms is None else f"{ms / 1000:.1f}"
        for ms in (call.answered_ms, call.talked_ms, call.duration_ms)
    ]
    outcome = "" if call.outcome is None else words.known(f"outcome.{call.outcome}", call.outcome)
    return csv_line(
        [
            stamp(call.started),
            call.caller or "",
            call.called or "",
            " ".join(call.people),
            call.line,
            outcome,
            *seconds,
            str(call.recordings),
            "" if call.cost_micros is None else f"{call.cost_micros / MICROS:.2f}",
            call.currency,
            call.id,
        ]
    )


def heading(words: Words) -> list[str]:
    """Return the columns' names."""
    return [words(f"calls.{key}") for key in COLUMNS]


def workbook_of(calls: list[CallRow], words: Words, *, is_cut: bool) -> bytes:
    """Return calls as an XLSX workbook, times and durations as such. Blocks: some milliseconds a hundred."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(words("calls.title"))
        bold = book.add_format({"bold": True, "bottom": 1})
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        price = book.add_format({"num_format": "0.00"})
        span = book.add_format({"num_format": "[h]:mm:ss"})
        sheet.set_column(0, 0, 20)
        sheet.set_column(1, 5, 16)
        sheet.set_column(12, 12, 20)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, heading(words), bold)
        for row, call in enumerate(calls, start=1):
            when = local(call.started.wall_ms).replace(tzinfo=None, microsecond=0)
            if call.started.clock_set and when.year > 1970:
                sheet.write_datetime(row, 0, when, date)
            else:
                sheet.write_string(row, 0, stamp(call.started))
            outcome = "" if call.outcome is None else words.known(f"outcome.{call.outcome}", call.outcome)
            for column, text in enumerate(
                (call.caller or "", call.called or "", " ".join(call.people), call.line, outcome), start=1
            ):
                sheet.write_string(row, column, text)
            for column, ms in enumerate((call.answered_ms, call.talked_ms, call.duration_ms), start=6):
                if ms is not None:
                    sheet.write_number(row, column, ms / _MS_A_DAY, span)
            sheet.write_number(row, 9, call.recordings)
            if call.cost_micros is not None:
                sheet.write_number(row, 10, call.cost_micros / MICROS, price)
            sheet.write_string(row, 11, call.currency)
            sheet.write_string(row, 12, call.id)
        if is_cut:
            sheet.write_string(len(calls) + 1, 0, words("calls.csv_cut", rows=len(calls)))
    return file.getvalue()
