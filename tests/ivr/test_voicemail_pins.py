"""PINs that are no secret are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.errors import UserError
from ivr.voicemail.pins import check_pin, fits, hashed


@pytest.mark.parametrize(
    "pin",
    [
        "123",
        "12345678901",
        "12a4",
        "",
        "１２３５",
        "1234",
        "4321",
        "7890",
        "0987",
        "1111",
        "000000",
        "1212",
        "121212",
    ],
)
def test_what_everybody_would_try_first_is_refused(pin: str) -> None:
    with pytest.raises(UserError):
        check_pin(pin, "8021")


@pytest.mark.parametrize("pin", ["8021", "1208", "1987", "2026"])
def test_the_own_number_and_years_are_refused(pin: str) -> None:
    with pytest.raises(UserError):
        check_pin(pin, "8021")


@pytest.mark.parametrize("pin", ["4711", "9035", "271828", "8071", "1357924680"])
def test_a_good_pin_is_taken(pin: str) -> None:
    check_pin(pin, "101")


@given(st.from_regex(r"\A[0-9]{4,10}\Z"))
def test_most_of_chance_is_taken_and_nothing_else_is_raised(pin: str) -> None:
    try:
        check_pin(pin, "101")
    except UserError as error:
        assert str(error).endswith(".")


def test_a_pin_is_kept_out_of_sight_and_still_fits() -> None:
    kept = hashed("4711")
    assert "4711" not in kept
    assert fits("4711", kept)
    assert not fits("4712", kept)
    assert not fits("4711", "")
    assert not fits("4711", "no hash")
