from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import looptime
import pytest

from tests.scenarios.office import Office


@pytest.fixture
async def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(autouse=True)
async def every_office_closes() -> AsyncIterator[None]:
    """Stop the switch of each office a story has opened: a call still on would live past its loop."""
    yield
    # A fixture's end is not in virtual time by itself; some calls take seconds to be wound up.
    with looptime.enabled():
        await Office.close_all()
