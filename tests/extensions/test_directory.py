"""The office's list of extensions refuses what can't be used, and changes nothing then."""

from __future__ import annotations

import pytest

from extensions.directory import OfficeDirectory
from firmware.core.errors import UserError
from firmware.core.leg import Leg
from firmware.switch.directory import Extension
from firmware.switch.numbering.emergency import EmergencyNumbers
from tests.switch.fake_leg import FakeLeg


def _leg(number: str) -> Leg:
    return FakeLeg.outgoing(number)


def test_an_extension_in_the_way_of_an_emergency_number_is_refused_by_name() -> None:
    directory = OfficeDirectory([Extension("101", "Li")], "101", _leg)
    with pytest.raises(UserError, match="extension 1102: 110 is an emergency number"):
        directory.replace([Extension("1102", "Wang")], None, EmergencyNumbers("CN"))
    assert directory.find("101") is not None
    assert directory.find("1102") is None


def test_an_operator_who_is_no_extension_is_refused() -> None:
    with pytest.raises(UserError, match="operator"):
        OfficeDirectory([Extension("101", "Li")], "199", _leg)
