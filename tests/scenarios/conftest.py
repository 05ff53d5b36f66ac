from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.office import Office


@pytest.fixture
async def office(tmp_path: Path) -> Office:
    return Office(tmp_path)
