"""The monthly report as a workbook: numbers that can be calculated on, a sheet each table."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from firmware.reports.figure import Text, Unit
from firmware.reports.monthly import Report

_FORMATS = {
    Unit.SHARE: "0.0%",
    Unit.SECONDS: "0.0",
    Unit.COUNT: "0",
    Unit.PER_HOUR: "0.00",
    Unit.POINTS: "0.00",
    Unit.ERLANG: "0.00",
}
_LONGEST_NAME = 31
"""Characters of a sheet's name, by the format."""

_HEADINGS = (
    Text("Figure", "指标"),
    Text("Value", "数值"),
    Text("Numerator", "分子"),
    Text("Denominator", "分母"),
    Text("Target", "目标"),
    Text("Formula", "公式"),
    Text("Note", "备注"),
)


def workbook(report: Report, language: str) -> bytes:
    """Return the report as an XLSX file in `language` ("zh-CN" or "en")."""
    file = io.BytesIO()
    # Keys come from wires: "=1+1" as a caller's name must stay text.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {unit: book.add_format({"num_format": code}) for unit, code in _FORMATS.items()}
        bold = book.add_format({"bold": True, "text_wrap": True})
        _figures(book, report, language, formats, bold)
        for table in report.tables:
            sheet = book.add_worksheet(table.title.of(language)[:_LONGEST_NAME])
            sheet.set_column(0, 0, 18)
            sheet.set_column(1, len(table.figures), 14)
            sheet.freeze_panes(1, 1)
            for column, figure in enumerate(table.figures, start=1):
                sheet.write_string(0, column, figure.name.of(language), bold)
            for row, (key, results) in enumerate(table.rows, start=1):
                sheet.write_string(row, 0, key)
                for column, (figure, result) in enumerate(zip(table.figures, results, strict=True), start=1):
                    if result.value is not None:
                        sheet.write_number(row, column, result.value, formats[figure.unit])
    return file.getvalue()


def _figures(book: Any, report: Report, language: str, formats: dict[Unit, Any], bold: Any) -> None:
    sheet = book.add_worksheet(report.title.of(language)[:_LONGEST_NAME])
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 12)
    sheet.set_column(5, 6, 70)
    sheet.write_string(0, 0, f"{report.office} {report.since:%Y-%m-%d} – {report.until:%Y-%m-%d}", bold)
    for column, heading in enumerate(_HEADINGS):
        sheet.write_string(1, column, heading.of(language), bold)
    row = 2
    for line in report.lines:
        entries = [(line.figure.name, line.figure.formula, line.result)]
        entries += [(variant.name, variant.formula, result) for variant, result in line.variants]
        for index, (name, formula, result) in enumerate(entries):
            sheet.write_string(row, 0, name.of(language) if not index else f"  – {name.of(language)}")
            if result.value is not None:
                sheet.write_number(row, 1, result.value, formats[line.figure.unit])
            sheet.write_number(row, 2, result.numerator)
            sheet.write_number(row, 3, result.denominator)
            if line.figure.target is not None and not index:
                sheet.write_number(row, 4, line.figure.target.limit, formats[line.figure.unit])
            sheet.write_string(row, 5, formula.filled(report.options).of(language))
            sheet.write_string(row, 6, result.note.of(language) if result.note is not None else "")
            row += 1
    for tally in report.tallies:
        row += 1
        sheet.write_string(row, 0, tally.title.of(language), bold)
        for word, number in tally.rows:
            row += 1
            sheet.write_string(row, 0, word.of(language))
            sheet.write_number(row, 1, number)
        row += 1
    for one in report.sizing:
        row += 1
        sheet.write_string(row, 0, one.name.of(language))
        if one.value is not None:
            sheet.write_number(row, 1, one.value)
        sheet.write_string(row, 5, one.formula.of(language))
