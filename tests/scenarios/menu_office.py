"""The office with menus of several levels, on fakes, for stories in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from firmware.core.causes import Cause
from firmware.core.media import PlayItem
from firmware.switch.call import Call
from ivr.menu import (
    Answering,
    Listed,
    Menu,
    Menus,
    NameBook,
    answer_with_menus,
)
from ivr.menu.model import (
    Announce,
    Back,
    DialByName,
    GoTo,
    HangUp,
    Repeat,
    SetLanguage,
    ToExtension,
    ToGroup,
    ToOperator,
    ToQueue,
    ToVoicemail,
)
from ivr.prompts.spoken import ATOMS
from ivr.recording_consent import Consent
from tests.scenarios.office import Office
from tests.switch.fake_leg import FakeLeg

SUNDAY_EVENING = datetime.datetime(2026, 11, 22, 13, 5, tzinfo=datetime.UTC)
MONDAY_MORNING = datetime.datetime(2026, 11, 23, 2, 0, tzinfo=datetime.UTC)
NATIONAL_DAY = datetime.datetime(2026, 10, 3, 2, 0, tzinfo=datetime.UTC)
PEOPLE = NameBook(
    [Listed("101", "Li", "li wei"), Listed("103", "Wang", "wang wei"), Listed("102", "Desk", "")]
)

SALES = Menu(
    greeting=("language-choice",),
    keys={"1": ToGroup("sales"), "2": ToQueue("service", unanswered="message"), "*": Back(), "#": Repeat()},
    no_key=HangUp(),
    wrong_key=HangUp(),
)
MESSAGE = Menu(greeting=("nobody",), attempts=1, no_key=ToVoicemail("office"), wrong_key=HangUp())
MAIN = Menu(
    greeting=("greeting",),
    keys={
        "0": ToOperator(),
        "2": GoTo("sales"),
        "3": ToExtension("103"),
        "6": Announce(("own/welcome",), then="main"),
        "7": SetLanguage("zh-CN", "sales"),
        "8": DialByName(),
        "9": HangUp(),
    },
    direct_dial=True,
    attempts=2,
)
MENUS = Menus(start="main", menus={"main": MAIN, "sales": SALES, "message": MESSAGE})


def _asked(call: Call) -> str:
    return f"in {call.language or 'en'}{'' if call.recordings else ', not recorded'}"


class Services:
    """Groups, queues and mailboxes that do what a story says, and remember what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.comes_of_it = Cause.NO_ANSWER

    async def group(self, call: Call, name: str) -> Cause:
        self.asked.append(f"group {name} {_asked(call)}")
        await asyncio.sleep(10)
        return self.comes_of_it

    async def queue(self, call: Call, name: str) -> Cause:
        self.asked.append(f"queue {name} {_asked(call)}")
        await asyncio.sleep(10)
        return self.comes_of_it

    async def voicemail(self, call: Call, mailbox: str) -> None:
        self.asked.append(f"voicemail {mailbox} {_asked(call)}")

    async def unanswered(self, call: Call, number: str, words: Sequence[PlayItem]) -> bool:
        return False


class MenuOffice(Office):
    """The office with menus, in English until the caller chooses; every prompt lasts two seconds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        place = folder / "prompts" / "en"
        self.services = Services()
        (place / "own").mkdir()
        shutil.copy(place / "greeting.wav", place / "own" / "welcome.wav")
        for key in ATOMS["en"]:
            shutil.copy(place / "greeting.wav", place / f"{key}.wav")
        shutil.copytree(place, folder / "prompts" / "zh-CN")
        self.answering = Answering(
            MENUS, self.prompts, targets=self.services, names=PEOPLE, consent=Consent.NONE
        )

    def caller_meets(self, menus: Menus = MENUS, **changes: object) -> FakeLeg:
        """Have somebody call from outside."""
        answering = msgspec.structs.replace(self.answering, menus=menus, **changes)
        caller = FakeLeg.incoming("gsm1", "13800138000", media=self.media)
        self.exchange.take(caller, partial(answer_with_menus, answering=answering))
        return caller

    async def keys_after(self, leg: FakeLeg, prompt: str, digits: str) -> None:
        """Have a caller key digits half a second into a prompt."""
        await self.hears(leg, prompt)
        await asyncio.sleep(0.5)
        leg.far.presses(digits)

    def languages_heard(self, leg: FakeLeg) -> list[str]:
        """Return in which language each prompt was played."""
        return [
            Path(item.path).parent.name
            for playback in self.media.played
            if playback.port_id == leg.port
            for item in playback.items
            if hasattr(item, "path")
        ]
