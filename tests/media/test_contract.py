"""The fake and the real media plane keep the same contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.media.client import MediaClient
from firmware.media.supervisor import MediaSupervisor
from tests.contracts.media_contract import MediaPlaneContract
from tests.media.fake_media import FakeMedia


@pytest.mark.looptime
class TestFakeMedia(MediaPlaneContract):
    @pytest.fixture
    def plane(self) -> FakeMedia:
        media = FakeMedia()
        media.missing_devices.add("/dev/no-such-modem")
        return media


@pytest.mark.e2e
class TestMediaClient(MediaPlaneContract):
    @pytest.fixture
    async def plane(self, tmp_path: Path) -> AsyncIterator[MediaClient]:
        client = MediaClient()
        supervisor = MediaSupervisor(client, tmp_path / "media.sock", "22000-22099")
        await supervisor.start()
        yield client
        await supervisor.stop()
