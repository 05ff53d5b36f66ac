"""A client of the simulated world: act as a caller on the fake mobile network.

async with World(socket) as world:
    caller = await world.call(PartyScript("13800138000", play=("hello.wav",), hear="heard.wav", digits="101"))
    await caller.answered()
    await caller.ended()
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from hal.fake.network import Happening, PartyScript

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one answer; a long test's history is the largest."""


class WorldError(Exception):
    """The simulated world refused or isn't there; the text says why."""


class Caller:
    """One simulated party's call, as far as it has come."""

    def __init__(self, world: World, ident: str) -> None:
        self.id = ident
        self.history: list[Happening] = []
        self._world = world
        self._changed = asyncio.Event()

    async def ringing(self) -> None:
        """Wait until it rings at the modem.

        Raises:
            WorldError: It ended before.
        """
        await self._until("ringing")

    async def answered(self) -> None:
        """Wait until the switchboard has answered.

        Raises:
            WorldError: The call ended unanswered.
        """
        await self._until("answered")

    async def ended(self) -> str:
        """Wait for the end; return who or what ended it: "party hung up", "modem hung up", "modem vanished"
        …
        """
        await self._until("ended")
        return next(h.detail for h in self.history if h.word == "ended")

    async def hang_up(self) -> None:
        """Hang up, or give up calling; no matter if it is over already."""
        with contextlib.suppress(WorldError):
            await self._world.request("hang_up", call=self.id)

    async def press(self, keys: str) -> None:
        """Press keys; a comma is a pause of one second."""
        await self._world.request("press", call=self.id, keys=keys)

    def has(self, word: str) -> bool:
        """Whether that has happened."""
        return any(h.word == word for h in self.history)

    def happened(self, happening: Happening) -> None:
        """Take an event of this call."""
        self.history.append(happening)
        self._changed.set()

    async def _until(self, word: str) -> None:
        while not self.has(word):
            if self.has("ended"):
                raise WorldError(f"the call ended before it was {word}: {self.history[-1].detail}")
            if not self._world.connected:
                raise WorldError("the simulated world is gone")
            self._changed.clear()
            await self._changed.wait()

    def world_gone(self) -> None:
        """Wake those who wait: nothing will happen any more."""
        self._changed.set()


class World:
    """A connection to the simulated world's control socket."""

    def __init__(self, socket: Path) -> None:
        self.connected = False
        self._socket = socket
        self._idents = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._callers: dict[str, Caller] = {}
        self._early: dict[str, list[Happening]] = {}
        self._listeners: list[Callable[[Happening], None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            WorldError: Nobody listens there.
        """
        try:
            reader, self._writer = await asyncio.open_unix_connection(str(self._socket), limit=MAX_LINE)
        except OSError as error:
            raise WorldError(f"the simulated world isn't running ({self._socket})") from error
        self.connected = True
        self._reading = asyncio.create_task(self._read(reader))

    async def close(self) -> None:
        """Close the connection; running calls go on."""
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def subscribe(self, listener: Callable[[Happening], None]) -> None:
        """Have `listener` called on everything that happens, of all calls."""
        self._listeners.append(listener)

    async def call(self, script: PartyScript) -> Caller:
        """Have a party dial the modem.

        Raises:
            WorldError: Something of the script can't be played or written.
        """
        answer = await self.request("call", **_given(script))
        caller = Caller(self, str(answer["call"]))
        for happening in self._early.pop(caller.id, []):
            caller.happened(happening)
        self._callers[caller.id] = caller
        return caller

    async def set_number(
        self, number: str, answering: str = "answers", after: float = 1.0, script: PartyScript | None = None
    ) -> None:
        """Say what happens when the modem dials a number: answers, busy, no answer, refuses."""
        given = _given(script) if script is not None else {}
        given.pop("number", None)
        await self.request("number", number=number, answering=answering, after=after, **given)

    async def unplug(self) -> None:
        await self.request("unplug")

    async def replug(self) -> None:
        """Have the modem come back under other device numbers, and boot."""
        await self.request("replug")

    async def set_registration(self, stat: int) -> None:
        await self.request("registration", stat=stat)

    async def text(self, number: str, text: str) -> None:
        """Have somebody send the modem a message; it waits while the modem is away."""
        await self.request("text", number=number, text=text)

    async def texts(self) -> Mapping[str, Any]:
        """Return the messages the modem has sent, joined, and how many parts wait for it."""
        return await self.request("texts")

    async def set_code(self, code: str, text: str, state: int = 0) -> None:
        """Say what the network answers to a service code; state 1 asks for a reply."""
        await self.request("code", code=code, text=text, state=state)

    async def set_quirk(self, name: str, value: object) -> None:
        """Change a field of `hal.fake.modem.Quirks`."""
        await self.request("quirk", name=name, value=value)

    async def lift(self, *play: str, hear: str = "") -> None:
        """Lift the analog handset; say that into it, over and over, and write down what is heard there."""
        given = {"hear": hear} if hear else {}
        await self.request("handset", action="lift", play=play, **given)

    async def put_back(self) -> None:
        """Put the handset back on its cradle."""
        await self.request("handset", action="put back")

    async def dial_at_handset(self, keys: str) -> None:
        """Press keys of the handset's."""
        await self.request("handset", action="press", keys=keys)

    async def history(self) -> Mapping[str, Any]:
        """Return all happenings and every AT command line the modem received."""
        return await self.request("history")

    async def state(self) -> Mapping[str, Any]:
        """Return whether the modem is plugged in and reachable, the running calls, and audio counters."""
        return await self.request("state")

    async def request(self, verb: str, **fields: object) -> Mapping[str, Any]:
        """Do one request of the protocol (see control_server.py).

        Raises:
            WorldError: It was refused, or the world is gone.
        """
        if self._writer is None or not self.connected:
            raise WorldError("the simulated world is gone")
        ident = next(self._idents)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[ident] = answer
        self._writer.write(json.dumps({"id": ident, "do": verb, **fields}).encode() + b"\n")
        try:
            return await answer
        finally:
            del self._answers[ident]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (ConnectionError, ValueError):
            return
        finally:
            self.connected = False
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(WorldError("the simulated world is gone"))
            for caller in self._callers.values():
                caller.world_gone()

    def _take(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            happening = Happening(
                message["at"], str(message["call"]), str(message["event"]), str(message["detail"])
            )
            if happening.call in self._callers:
                self._callers[happening.call].happened(happening)
            elif happening.call:
                self._early.setdefault(happening.call, []).append(happening)
            for listener in self._listeners:
                listener(happening)
        elif (answer := self._answers.get(message["id"])) is not None and not answer.done():
            if "error" in message:
                answer.set_exception(WorldError(str(message["error"])))
            else:
                answer.set_result(message["ok"])


def _given(script: PartyScript) -> dict[str, Any]:
    """Return the script's fields that differ from the defaults."""
    plain = PartyScript()
    values = {field.name: getattr(script, field.name) for field in dataclasses.fields(script)}
    return {name: value for name, value in values.items() if value != getattr(plain, name)}
