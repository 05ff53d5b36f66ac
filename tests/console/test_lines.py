"""Lines: the doctor, PIN, gain, busy tone, test calls."""

from __future__ import annotations

from firmware.control.line_care import BeginTestCall, GivePin, SetGain
from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_the_doctor_says_what_to_do_and_the_pin_is_taken(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Doctor")
    person.types("1")
    person.sees(
        "the modem answers", "BAD", "the SIM card asks for its PIN", "→ Enter the PIN", "not examined"
    )
    person.types("")
    person.sees("Number")
    person.types("2")
    person.sees("never as the last attempt")
    person.types("12ab")
    person.sees("A PIN has 4 to 8 digits.")
    person.types("1234")
    person.sees("tried within half a minute")
    assert box.last(GivePin).pin == "1234"
    assert "1234" not in person.seen, "a PIN is not shown"


def test_the_gain_is_set_beside_a_meter_that_moves(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Gain")
    person.types("3")
    person.sees("gsm1 is heard with +1.5 dB", "Level meter")
    person.types("1")
    person.sees("gsm1 [####################          ]  -20.0 dBm0")
    person.presses(" ")
    person.sees("Number")
    person.types("2")
    person.sees("Gain in dB, -12 to 12")
    person.types("loud")
    person.sees("Please type a number from -12 to 12.")
    person.types("3.5")
    person.sees("+3.5 dB")
    assert box.last(SetGain).gain_db == 3.5


def test_the_busy_tone_is_learned(person: Person) -> None:
    person.types("2")
    person.sees("busy tone")
    person.types("4")
    person.sees("1. Ring gsm1 from a mobile phone", "the country's")
    person.types("1")
    person.sees("Learned: 450 Hz, 350/350 ms")


def test_test_calls_go_out_and_within_the_box(box: OfficeBox, person: Person) -> None:
    person.types("2")
    person.sees("Test call to a number")
    person.types("5")
    person.sees("Number to call")
    person.types("10086")
    person.sees("Answered after 4.2 s.", "-18.5 dBm0", "weaker by 31.0 dB")
    assert box.last(BeginTestCall).number == "10086"
    person.types("")
    person.sees("Test call within the box")
    person.types("6")
    person.sees("The box works: answered after 3 ms, key heard after 74 ms.")
