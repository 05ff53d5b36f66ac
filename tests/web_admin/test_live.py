"""The live page's stream."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import json
from zoneinfo import ZoneInfo

from tests.control.switch import FIRST_ID
from tests.patience import PATIENCE_SECONDS
from tests.store.sample import NOON_MS
from tests.web_admin.rig import Visitor
from web_admin.format import local
from web_admin.live import MAX_VIEWERS
from web_admin.words import Words


async def events(visitor: Visitor, count: int, act: object = None) -> list[dict[str, str]]:
    """Return the next `count` sets of regions a viewer gets."""
    found: list[dict[str, str]] = []
    async with (
        contextlib.aclosing(
            visitor.site.hub.stream(lambda: visitor.site.stage.regions(Words("en")), lambda: True)
        ) as stream,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        async for event in stream:
            if event.startswith(b"event: regions"):
                found.append(json.loads(event.partition(b"data: ")[2]))
                if callable(act) and len(found) == 1:
                    act()
                if len(found) == count:
                    break
    return found


async def test_a_viewer_gets_everything_first_and_then_only_what_changed(admin: Visitor) -> None:
    first, then = await events(admin, 2, lambda: admin.switch.goes_on(faults=[]))
    assert {"board", "live", "today", "faults"} <= set(first)
    assert set(then) == {"faults", "at"}


async def test_a_viewer_is_told_that_the_box_went_away_and_came_back(admin: Visitor) -> None:
    closing: list[asyncio.Task[None]] = []
    (_, gone) = await events(
        admin, 2, lambda: closing.append(asyncio.get_running_loop().create_task(admin.server.close()))
    )
    assert "away since" in gone["banner"]
    await asyncio.gather(*closing)
    await admin.server.start()
    await admin.sees_the_box()
    (back,) = await events(admin, 1)
    assert back["banner"] == ""


async def test_fifty_viewers_cost_the_switch_one_watch(admin: Visitor) -> None:
    async def one() -> list[dict[str, str]]:
        return await events(admin, 1)

    seen = await asyncio.gather(*(one() for _ in range(50)))
    assert len(seen) == 50
    assert admin.server._watching == 1
    assert admin.site.hub.viewers == 0


async def test_viewers_are_bounded_and_end_with_their_session(admin: Visitor) -> None:
    admin.site.hub.viewers = MAX_VIEWERS
    assert (await admin.opens("/live")).status_code == 503
    admin.site.hub.viewers = 0
    welcome = [True]
    stream = admin.site.hub.stream(lambda: admin.site.stage.regions(Words("en")), lambda: welcome[0])
    assert (await anext(stream)).startswith(b"retry")
    await anext(stream)
    welcome[0] = False
    admin.switch.goes_on(faults=["another"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [event async for event in stream] == []


async def test_what_needs_attention_is_said_in_the_readers_language(admin: Visitor) -> None:
    for path in ("/", "/system"):
        admin.client.cookies.set("zongji-language", "zh")
        assert "线路 gsm2：no modem" in (await admin.opens(path)).text
        admin.client.cookies.set("zongji-language", "en")
        assert "line gsm2: no modem" in (await admin.opens(path)).text


async def test_every_page_shows_the_offices_time_whatever_the_computers_zone(admin: Visitor) -> None:
    began = datetime.datetime.fromtimestamp(NOON_MS / 1000, datetime.UTC)
    for zone in ("Asia/Shanghai", "America/Lima"):
        await events(admin, 2, functools.partial(admin.switch.goes_on, zone=zone, faults=[zone]))
        at = began.astimezone(ZoneInfo(zone))
        assert f"{at:%H}:" in (await admin.opens(f"/calls/{FIRST_ID}")).text
        assert local(NOON_MS).utcoffset() == at.utcoffset()
