"""A box, and somebody logged in at its console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.office_box import OfficeBox
from tests.console.person import Person


@pytest.fixture
def box(tmp_path: Path) -> Iterator[OfficeBox]:
    made = OfficeBox(tmp_path)
    with made.running():
        yield made


# Both in `test --all`; the dumb terminal, whose editor is ours, always.
@pytest.fixture(params=[pytest.param("vt100", marks=pytest.mark.slow), "dumb"])
def person(box: OfficeBox, request: pytest.FixtureRequest) -> Iterator[Person]:
    with Person(box, dumb=request.param == "dumb") as one:
        one.logs_in("en", first=True)
        yield one
