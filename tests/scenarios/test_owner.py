"""The owner is told what can't wait, in the office's language, and not more often than anybody can read."""

from __future__ import annotations

import msgspec
import pytest

from firmware.app.owner import MOST_AN_HOUR, Owner
from firmware.core.errors import UserError
from firmware.core.trace.numbers import Caps
from firmware.core.trace.outbound import Emergency, Outbound
from firmware.settings.document import Settings

pytestmark = pytest.mark.looptime
HELP = Emergency.CALL(number="110", who="101")


class Post:
    """Takes messages both ways; either may fail."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.letters: list[tuple[str, str, str]] = []
        self.broken = ""

    def settings(self) -> Settings:
        settings = Settings()
        features = msgspec.structs.replace(
            settings.features, owner_mobile="13900139000", owner_mail="owner@example.com"
        )
        return msgspec.structs.replace(settings, features=features)

    @property
    def owner(self) -> Owner:
        return Owner(self.settings, _Texts(self), _Letters(self))  # type: ignore[arg-type]  # what is used of them


class _Texts:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def send(self, number: str, body: str, *, purpose: str) -> str:
        if self._post.broken == "texts":
            raise UserError("no line of this box carries messages")
        self._post.texts.append((number, body))
        return purpose


class _Letters:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def send(self, recipient: str, subject: str, body: str, *, purpose: str) -> str:
        self._post.letters.append((recipient, subject, body))
        return purpose


async def test_a_call_for_help_is_told_both_ways() -> None:
    post = Post()
    await post.owner.tell(HELP)
    assert post.texts == [("13900139000", "⚠ 总机: 101 拨打了紧急号码 110")]
    assert post.letters == [("owner@example.com", "⚠ 总机: 101 拨打了紧急号码 110", "101 拨打了紧急号码 110")]


async def test_one_way_that_fails_does_not_keep_the_other() -> None:
    post = Post()
    post.broken = "texts"
    await post.owner.tell(HELP)
    assert len(post.letters) == 1


async def test_only_what_is_urgent_goes_out_and_not_without_end() -> None:
    owner = Post().owner
    owner.hear("media: a part failed")
    owner.hear(Outbound.NO_LINE())
    assert owner._waiting.qsize() == 0
    for _ in range(MOST_AN_HOUR + 5):
        owner.hear(Caps.TOTAL(minutes=1200))
    assert owner._waiting.qsize() == MOST_AN_HOUR
