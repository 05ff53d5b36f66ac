"""The sheet that the customer gets: what it says, and that nobody can change it unnoticed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from firmware.core.errors import DeviceError, UserError
from firmware.self_care import acceptance as rules
from firmware.self_care.sheet import Line, Sheet, box_key, render, verify

SHEET = Sheet(
    office="总机",
    installer="Li </script><script>alert(1)</script>",
    customer="Wang & Sons",
    line="gsm1",
    version="0.1.0",
    made_at="2026-11-22T09:00:00+08:00",
    passed=False,
    lines=(
        Line(step="inbound", status="passed", figure="1.2 s", limit="≤ 6 s"),
        Line(step="echo", status="failed", figure="3.0 dB", limit="≥ 12 dB"),
    ),
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sheet_reads_back_as_it_was_signed(tmp_path: Path, language: str) -> None:
    page = render(SHEET, box_key(tmp_path / "box.key"), language)
    sheet, fingerprint = verify(page)
    assert sheet == SHEET
    assert fingerprint in page
    assert "<script>alert" not in page
    assert ("不合格" if language == "zh" else "FAILED") in page


def test_a_changed_figure_is_noticed(tmp_path: Path) -> None:
    page = render(SHEET, box_key(tmp_path / "box.key"), "en")
    with pytest.raises(UserError, match="changed"):
        verify(page.replace('"figure":"3.0 dB"', '"figure":"30 dB"'))
    with pytest.raises(UserError, match="no acceptance sheet"):
        verify("<html></html>")


def test_another_box_has_another_fingerprint(tmp_path: Path) -> None:
    _, mine = verify(render(SHEET, box_key(tmp_path / "a.key"), "en"))
    _, other = verify(render(SHEET, box_key(tmp_path / "b.key"), "en"))
    assert mine != other


def test_the_boxs_key_is_made_once_and_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "box.key"
    box_key(path)
    kept = path.read_bytes()
    box_key(path)
    assert path.read_bytes() == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("rubbish")
    with pytest.raises(DeviceError):
        box_key(path)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (rules.judge_inbound(1.0), "passed"),
        (rules.judge_inbound(6.1), "failed"),
        (rules.judge_inbound(None), "failed"),
        (rules.judge_caller_id("+8613800138000", "13800138000"), "passed"),
        (rules.judge_caller_id("013800138000", "138-0013-8000"), "passed"),
        (rules.judge_caller_id("13800138001", "13800138000"), "failed"),
        (rules.judge_caller_id(None, "13800138000"), "failed"),
        (rules.judge_caller_id("", ""), "failed"),
        (rules.judge_hang_up(5.0), "passed"),
        (rules.judge_hang_up(5.1), "failed"),
        (rules.judge_outbound(4000, ""), "passed"),
        (rules.judge_outbound(None, "busy"), "failed"),
        (rules.judge_echo(12.0), "passed"),
        (rules.judge_echo(11.9), "failed"),
        (rules.judge_echo(None), "failed"),
        (rules.judge_gain(-20.0), "passed"),
        (rules.judge_gain(-33.0), "failed"),
        (rules.judge_gain(-5.0), "failed"),
    ],
)
def test_figures_are_judged_by_their_limits(result: rules.Result, status: str) -> None:
    assert result.status == status
