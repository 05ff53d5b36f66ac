"""What `zongji doctor` prints: a verdict for each step, the remedy below it, in the reader's language."""

from __future__ import annotations

import pytest

from firmware.cli.doctor import doctor_text
from firmware.control.line_care import LineChecked, VerdictSaid

LINE = LineChecked(
    name="gsm1",
    state="starting",
    detail="SIM asks for its PIN",
    verdicts=[
        VerdictSaid(step="power", fine=True, zh="模块正常", en="the modem answers"),
        VerdictSaid(step="sim", fine=False, zh="要 PIN", en="asks", remedy_zh="填写", remedy_en="Enter it."),
        VerdictSaid(step="signal", fine=None, zh="尚未检查", en="not examined"),
    ],
    takes_pin=True,
    gain_db=0.0,
    busy_tone="450 Hz, 350/350 ms",
)


@pytest.mark.parametrize(
    ("language", "head", "step", "words"),
    [
        ("en", "gsm1  starting: SIM asks for its PIN", "signal", "Enter it."),
        ("zh", "gsm1  启动中: SIM 卡要求 PIN 码", "信号", "填写"),
    ],
)
def test_each_step_has_its_name_its_mark_and_its_remedy(
    language: str, head: str, step: str, words: str
) -> None:
    said = doctor_text([LINE], language).splitlines()
    assert said[0] == head
    assert said[4].split()[1] == step
    assert [line.split()[0] for line in said[1:5]] == ["✓", "✗", "→", "·"]
    assert words in said[3]
    assert "450 Hz, 350/350 ms" in said[5]


def test_without_lines_it_says_so() -> None:
    assert doctor_text([], "en") == "there are no lines"
