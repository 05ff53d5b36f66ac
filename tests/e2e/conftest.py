from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.prompts import speak_missing
from tests.e2e.box import Box


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spoken prompts, made once a test run and copied into every box."""
    folder = tmp_path_factory.mktemp("prompts")
    for _ in speak_missing(folder):
        pass
    return folder


@pytest.fixture
async def box(tmp_path: Path, prompts: Path) -> AsyncIterator[Box]:
    async with Box.running(tmp_path, prompts) as running:
        yield running
