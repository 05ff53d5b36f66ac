"""/metrics: for whoever brings the token of the settings, for nobody while there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.control.answers import Answers
from firmware.control.base import BaseReply
from firmware.control.cloud import GetMetrics, MetricsReply
from tests.web_admin.office import FakeOffice
from tests.web_admin.rig import visiting

TOKEN = "a-token-of-sixteen"  # noqa: S105 - of this test


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Have the switch answer for metrics; the list holds the token it wants."""
    wanted = [TOKEN]
    plain = FakeOffice.answers

    async def metrics(_: GetMetrics) -> BaseReply:
        return MetricsReply(text="zongji_live_calls 2.0\n", media_type="text/plain", token=wanted[0])

    def answers(office: FakeOffice) -> Answers:
        made = plain(office)
        made.on(GetMetrics, metrics)
        return made

    monkeypatch.setattr(FakeOffice, "answers", answers)
    yield wanted


async def test_whoever_brings_the_token_reads_without_a_session(tmp_path: Path, told: list[str]) -> None:
    async with visiting(tmp_path) as visitor:
        await visitor.signs_in()
        visitor.client.cookies.clear()
        page = await visitor.client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert (page.status_code, page.text) == (200, "zongji_live_calls 2.0\n")


@pytest.mark.parametrize("given", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer "])
async def test_nobody_else_does(tmp_path: Path, told: list[str], given: str) -> None:
    async with visiting(tmp_path) as visitor:
        await visitor.signs_in()
        page = await visitor.client.get("/metrics", headers={"authorization": given} if given else {})
        assert page.status_code == 401
        assert "zongji_live_calls" not in page.text


async def test_without_a_token_in_the_settings_it_is_closed(tmp_path: Path, told: list[str]) -> None:
    told[0] = ""
    async with visiting(tmp_path) as visitor:
        await visitor.signs_in()
        page = await visitor.client.get("/metrics", headers={"authorization": "Bearer "})
        assert page.status_code == 404
