"""The acceptance test, walked through at the console."""

from __future__ import annotations

from firmware.control.acceptance import BeginAcceptance, Measure
from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_the_acceptance_test_leads_to_a_sheet(box: OfficeBox, person: Person) -> None:
    person.types("3")
    person.sees("Installer's name")
    person.types("Li")
    person.types("Wang & Co")
    person.sees("Inbound call", "to do")
    assert (box.last(BeginAcceptance).installer, box.last(BeginAcceptance).customer) == ("Li", "Wang & Co")
    person.types("1")
    person.sees("Ring this line", "Enter begins, s skips")
    person.types("")
    person.sees("passed", "1.2 s")
    person.types("2")
    person.sees("Number called from")
    person.types("13800138000")
    person.sees("passed")
    assert box.last(Measure).value == "13800138000"
    person.types("3")
    person.sees("acceptance-gsm1.html", "acceptance-gsm1.pdf")
    assert (box.paths.root / "console/sheets/acceptance-gsm1.pdf").read_bytes().startswith(b"%PDF")
