"""The monthly report as one printable page; browsers turn it into a PDF."""

from __future__ import annotations

import jinja2

from firmware.reports.figure import Result, Unit
from firmware.reports.monthly import Report, shown

# Names of callers, groups and tags come from wires and people: everything is escaped.
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("firmware.reports"), autoescape=True, undefined=jinja2.StrictUndefined
)


def _fraction(result: Result) -> str:
    return f"{result.numerator:.10g} ÷ {result.denominator:.10g}"


def page(report: Report, language: str) -> str:
    """Return the report as HTML in `language` ("zh-CN" or "en")."""
    return _ENVIRONMENT.get_template("monthly.html").render(
        report=report,
        options=report.options,
        language=language,
        shown=shown,
        fraction=_fraction,
        COUNT=Unit.COUNT,
    )
