"""What is imported late, and that the switch starts without what it doesn't need for a call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from firmware.core.late import LateModule

HEAVY = ("httpx", "holidays", "jinja2", "nats", "numpy", "obstore", "rich", "weasyprint", "xlsxwriter")
"""Each takes tens of milliseconds and megabytes; none is needed to answer a phone."""


def test_a_late_module_has_what_the_module_has() -> None:
    assert LateModule("colorsys").rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_it_is_imported_only_when_something_of_it_is_asked_for() -> None:
    sys.modules.pop("colorsys", None)
    late = LateModule("colorsys")
    assert "colorsys" not in sys.modules
    assert late.hsv_to_rgb is not None
    assert "colorsys" in sys.modules


def test_what_a_module_lacks_is_told_as_ever() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = LateModule("colorsys").nothing_such


def test_the_switch_is_imported_without_what_no_call_needs() -> None:
    code = "import sys, firmware.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(done.stdout.split()) == set()
