"""Whatever a line may say of its state is said in Chinese too: every sentence in the drivers is looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.control.line_words import STEP_NAMES, detail_in, step_name
from hal.coprocessor.line_base import Phase as BoardPhase
from hal.modems.call import Phase
from hal.modems.wording import SEARCHING, UNREGISTERED

HAL = Path(__file__).parents[2] / "hal"
DRIVERS = [*HAL.glob("modems/**/*.py"), *HAL.glob("coprocessor/*.py"), HAL / "port.py"]
_SAYING = {"say", "_say", "absent", "lost", "LinkDown", "Reopen", "reopen", "give_up"}
_KEPT = {"_saying", "why", "detail"}


def texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts an expression may be; what is put in is shown as 3."""
    match node:
        case ast.Constant(str() as text) if text:
            yield text
        case ast.JoinedStr(values):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "3" for v in values)
        case ast.IfExp(_, body, other):
            yield from texts(body)
            yield from texts(other)


def sentences(path: Path) -> Iterator[str]:
    """Yield what a driver says of its state."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(ast.Name(name) | ast.Attribute(_, name), [first, *_]) if name in _SAYING:
                yield from texts(first)
            case ast.Assign([ast.Attribute(_, name) | ast.Name(name)], value) if name in _KEPT:
                yield from texts(value)
            case ast.Tuple([ast.Attribute(ast.Name("LineState"), _), said]):
                yield from texts(said)


SAID = sorted(
    {text for path in DRIVERS for text in sentences(path)}
    | {one.value for one in (*Phase, *BoardPhase) if one.value}
    | {SEARCHING, *UNREGISTERED.values()}
)


def test_the_sentences_of_the_drivers_are_found() -> None:
    assert len(SAID) > 40
    assert {"setting up the modem", "on its cradle", "no 3 is plugged in", SEARCHING} <= set(SAID)


@pytest.mark.parametrize("said", SAID)
def test_every_sentence_of_a_driver_has_its_chinese(said: str) -> None:
    for drawn, put_in in (
        ("no 3 is", "no modem is"),
        ("the 3", "the modem"),
        ("PIN3", "PIN, 3 tries left"),
        ("PUK3", "PUK, 1 try left"),
        ("there: 3", "there: its IMEI ends in 1234"),
    ):
        said = said.replace(drawn, put_in)
    chinese = detail_in(said, chinese=True)
    assert not any(word.isascii() and word.isalpha() and word.islower() for word in chinese.split()), chinese


def test_a_sentence_with_figures_and_one_that_is_no_sentence() -> None:
    said = "SIM asks for its PIN, 2 tries left; enter it on the page of lines"
    assert detail_in(said, chinese=True) == "SIM 卡要求 PIN 码，剩余 2 次；请在“线路”页填写"
    assert detail_in(said, chinese=False) == said
    assert detail_in("中国移动, -71 dBm", chinese=True) == "中国移动, -71 dBm"
    assert detail_in("sick, no calls out for a while; registered, -71 dBm", chinese=True) == (
        "线路异常，暂停呼出；已注册，-71 dBm"
    )


def test_every_step_of_a_doctor_has_its_name_in_both_languages() -> None:
    steps = {
        node.args[0].value
        for path in [*HAL.glob("**/doctor.py"), HAL / "seen.py"]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Verdict"
        and isinstance(node.args[0], ast.Constant)
    }
    assert steps
    assert steps <= STEP_NAMES.keys()
    assert step_name("caller_id", chinese=True) == "来电显示"
