"""The real box for end-to-end tests: the simulation's processes, real phones, callers, and what each heard.

async with Box.running(tmp_path) as box:
    phone = await box.phone("101", auto_answer=True)
    caller = await box.calls("13800138000", digits="101", play=box.tone(440))
    ...
    journey = await box.journey()
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from firmware.control.client import ControlClient, NoSwitch
from firmware.control.schema import PhoneAccount, StatusReply
from firmware.core.paths import StatePaths
from firmware.core.records import Journey
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore
from firmware.sim.listening import Samples, find_speech, read_wav, write_tone
from firmware.sim.simulation import Simulation
from firmware.sim.worlds import PROFILE
from hal.fake.control import Caller, World
from hal.fake.network import PartyScript
from tests.interop import sipp
from tests.interop.baresip import Baresip, free_port
from tests.interop.sipp import Sipp

# The longest any step may take on a busy machine.
PATIENCE_SECONDS = 20.0


class Box:
    """One running box and the peers around it; made by `running`."""

    def __init__(self, folder: Path, simulation: Simulation, world: World, peers: AsyncExitStack) -> None:
        self.folder = folder
        self.simulation = simulation
        self.world = world
        self._peers = peers

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls,
        folder: Path,
        prompts: Path,
        settings: Callable[[Settings], Settings] | None = None,
        profile: Path = PROFILE,
        web_port: int | None = None,
    ) -> AsyncIterator[Box]:
        """Start a box whose state lies in `folder`, and end everything with the block.

        Args:
            folder: For state, phones and audio.
            prompts: A folder of spoken prompts, to be copied.
            settings: Changes to the settings of a first start.
            profile: The board's; by default with one simulated line.
            web_port: Where the pages are; without it there are none.
        """
        paths = StatePaths(folder / "state")
        paths.ensure()
        shutil.copytree(prompts, paths.prompts, dirs_exist_ok=True)
        if settings is not None:
            store = SettingsStore(paths.settings)
            store.open()
            await store.change(settings)
        async with Simulation(paths, 0, lambda line: None, web_port, profile) as simulation:
            await simulation.until_line_ready()
            async with World(paths.world_socket) as world, AsyncExitStack() as peers:
                yield cls(folder, simulation, world, peers)

    @property
    def paths(self) -> StatePaths:
        return self.simulation.paths

    async def account(self, number: str) -> PhoneAccount:
        """Return a phone's SIP account."""
        async with ControlClient(self.paths.control_socket) as switch:
            return next(phone for phone in await switch.phones() if phone.number == number)

    async def sip_port(self) -> int:
        """Return where phones register."""
        return int((await self.account("101")).server.rpartition(":")[2])

    async def phone(
        self,
        number: str,
        *,
        plays: float = 1000.0,
        auto_answer: bool = False,
        transport: str = "udp",
        codecs: str = "PCMA/8000/1,PCMU/8000/1",
    ) -> Baresip:
        """Start a real phone at an extension, registered; it plays a tone of `plays` Hz into its calls."""
        account = await self.account(number)
        phone = await self._peers.enter_async_context(
            Baresip.running(
                self.folder / f"phone-{number}",
                number,
                account.secret,
                registrar_port=int(account.server.rpartition(":")[2]),
                plays=self.tone(plays, 120),
                auto_answer=auto_answer,
                transport=transport,
                codecs=codecs,
            )
        )
        await phone.registered()
        return phone

    @contextlib.asynccontextmanager
    async def scripted_phone(
        self, number: str, scenario: str | Path, *, calls: int = 1, extra: Sequence[str] = ()
    ) -> AsyncIterator[Sipp]:
        """Register a SIPp phone at an extension and have it follow a scenario for so many calls."""
        account = await self.account(number)
        registrar, local = await self.sip_port(), free_port()
        done = await sipp.run(
            self.folder,
            "register",
            registrar_port=registrar,
            local_port=local,
            user=number,
            secret=account.secret,
        )
        assert done.succeeded, done.report()
        async with sipp.running(
            self.folder, scenario, registrar_port=registrar, local_port=local, calls=calls, extra=extra
        ) as phone:
            yield phone

    async def calls(
        self, number: str, *, digits: str = "", digits_after: float = 0.5, hertz: float | None = 440.0
    ) -> Caller:
        """Have somebody call from outside, heard into `heard(number)`; returns at once."""
        script = PartyScript(
            number=number,
            digits=digits,
            digits_after=digits_after,
            play=() if hertz is None else (f"tone:{hertz:.0f}:-15",),
            loop=True,
            hear=str(self.folder / f"heard-{number}.wav"),
        )
        return await self.world.call(script)

    def heard(self, number: str) -> Samples:
        """Return what a caller heard from answer to end, 8000 Hz, shape (samples,)."""
        return _mono(self.folder / f"heard-{number}.wav")

    def heard_by(self, phone: Baresip) -> Samples:
        """Return what a phone heard in its last call, 8000 Hz."""
        return _mono(phone.heard()[-1])

    def recording(self, journey: Journey) -> tuple[Samples, Samples]:
        """Return the channels of a journey's first recording: caller, staff."""
        rate, samples = read_wav(self.paths.recordings / journey.recordings[0].path)
        assert rate == 8000
        return samples[:, 0], samples[:, 1]

    def tone(self, hertz: float, seconds: float = 30.0) -> Path:
        """Return a WAV file of a tone at -15 dBm0."""
        path = self.folder / f"tone-{hertz:.0f}.wav"
        if not path.exists():
            write_tone(path, hertz, seconds, level_dbfs=-15 - 6.15)
        return path

    def prompt(self, key: str) -> Samples:
        """Return a prompt as callers are played it."""
        return _mono(self.paths.prompts / "zh-CN" / f"{key}.wav")

    def heard_prompt(self, number: str, key: str) -> float | None:
        """Return when, in seconds since the answer, a caller heard a prompt; None when never."""
        return find_speech(self.heard(number), self.prompt(key))

    async def status(self) -> StatusReply:
        return await self.simulation.status()

    async def journeys(self) -> list[Journey]:
        """Return all journeys, the newest first; none while no switch answers."""
        try:
            async with ControlClient(self.paths.control_socket) as switch:
                return await switch.calls(100)
        except NoSwitch:
            return []

    async def live(self) -> Journey:
        """Return the only call in progress."""
        (journey,) = [one for one in await self.journeys() if one.outcome is None]
        return journey

    async def journey(self, count: int = 1) -> Journey:
        """Wait until `count` journeys are closed and return the newest."""
        closed: list[Journey] = []

        async def enough() -> bool:
            closed[:] = [one for one in await self.journeys() if one.outcome is not None]
            return len(closed) >= count

        await self.until(enough)
        return closed[0]

    async def talking(self, number: str = "13800138000", extension: str = "101") -> Caller:
        """Have a caller key an extension and wait until the two are connected."""
        caller = await self.calls(number, digits=extension)

        async def recorded() -> bool:
            return any(one.recordings and one.outcome is None for one in await self.journeys())

        await self.until(recorded)
        return caller

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a condition, sync or async, holds.

        Raises:
            TimeoutError: It didn't; the message tells what the switch said last.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    holds = condition()
                    if asyncio.iscoroutine(holds):
                        holds = await holds
                    if holds:
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            told = self.simulation.switch.last_words(30)
            raise TimeoutError(f"it never happened; the switch's log ends with\n{told}") from None


def _mono(path: Path) -> Samples:
    rate, samples = read_wav(path)
    assert rate == 8000
    return samples[:, 0]


def dump(journey: Journey) -> str:
    """Return a journey as text, for an assertion's message."""
    return msgspec.json.format(msgspec.json.encode(journey)).decode()
