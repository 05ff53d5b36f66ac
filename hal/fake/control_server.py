"""The simulated world's remote control: newline-JSON over a Unix socket.

A request is `{"id": 1, "do": VERB, …}`, its answer `{"id": 1, "ok": {…}}` or `{"id": 1, "error": TEXT}`. What
happens is told to every client as `{"event": WORD, "call": ID, "at": SECONDS, "detail": TEXT}`. Verbs:

    call       the fields of PartyScript                    → {"call": ID}
    hang_up    call
    press      call, keys
    number     number, answering, after, + PartyScript      what happens when the modem dials that number
    unplug, replug
    registration  stat                                      (27.007, 7.2: 1 home, 2 searching, 3 denied …)
    text       number, text                                 somebody sends the modem a message
    texts                                                   → {"sent": [{"number", "text"}], "waiting": COUNT}
    code       code, text [, state]                         the network's answer to a service code (27.007,
    7.15)
    quirk      name, value                                  a field of Quirks
    handset    action [, keys, play, hear]                  lift, put back or press, at an analog handset
    noise      text, count                                  one line on the AT port, that text so often
    history                                                 → {"happenings": […], "commands": […]}
    state                                                   → {"registered", "plugged", "calls", "audio"}
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hal.at.long_sms import TooLong
from hal.fake.audio import KEYPAD_TONES, AudioError, Ear, Voice
from hal.fake.coprocessor import FakeCoprocessor
from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.network import Answering, FakeCall, FarNumber, Happening, PartyScript
from hal.fake.world import World

MAX_REQUEST = 64 * 1024
"""Bytes of one request."""
MAX_BACKLOG = 1024 * 1024
"""Bytes a client may leave unread before it is cut off."""

_SCRIPT_FIELDS = {field.name for field in dataclasses.fields(PartyScript)}


class RequestError(Exception):
    """The request can't be done; the text says why."""


class ControlServer:
    """Serves one simulated world on a Unix socket."""

    def __init__(self, world: World, path: Path) -> None:
        self._world = world
        self._path = path
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._verbs: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "call": self._call,
            "hang_up": self._hang_up,
            "press": self._press,
            "number": self._number,
            "unplug": self._unplug,
            "replug": self._replug,
            "registration": self._registration,
            "text": self._text,
            "texts": self._texts,
            "code": self._code,
            "quirk": self._quirk,
            "noise": self._noise,
            "handset": self._handset,
            "history": self._history,
            "state": self._state,
        }

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=MAX_REQUEST)
        self._world.network.on_event = self._tell

    async def stop(self) -> None:
        """Stop listening and cut the clients off."""
        if self._server is None:
            return
        self._world.network.on_event = None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        self._clients.add(writer)
        try:
            while line := await reader.readline():
                writer.write(self._answer(line))
                await writer.drain()
        except (ConnectionError, ValueError):
            # Gone, or a request beyond MAX_REQUEST (readline's ValueError): nothing more to say to it.
            return
        finally:
            self._clients.discard(writer)
            writer.close()

    def _answer(self, line: bytes) -> bytes:
        ident: object = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise RequestError("a request is an object")
            ident = request.pop("id", None)
            verb = self._verbs.get(str(request.pop("do", "")))
            if verb is None:
                raise RequestError(f"'do' must be one of {', '.join(self._verbs)}")
            answer = {"id": ident, "ok": verb(request)}
        except (RequestError, AudioError) as error:
            answer = {"id": ident, "error": str(error)}
        except (ValueError, TypeError, KeyError) as error:
            answer = {"id": ident, "error": f"malformed request: {error}"}
        return json.dumps(answer).encode() + b"\n"

    def _tell(self, happening: Happening) -> None:
        if happening.word == "ended":
            # Whoever is told may open the file with what the party heard.
            self._world.settle()
        line = _happening(happening) | {"event": happening.word}
        data = json.dumps(line).encode() + b"\n"
        for client in list(self._clients):
            if client.transport.get_write_buffer_size() > MAX_BACKLOG:
                client.transport.abort()
            else:
                client.write(data)

    # The verbs

    def _call(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"call": self._world.call(_script(request)).id}

    def _hang_up(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        call = self._running(request)
        self._world.act(lambda: self._world.network.party_hangs_up(call))
        return {}

    def _press(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        call, keys = self._running(request), str(request["keys"])
        if set(keys) - set("0123456789*#ABCD,"):
            raise RequestError("'keys' may hold 0-9, *, #, A-D and commas")
        self._world.act(lambda: self._world.network.party_presses(call, keys, call.script.digit_gap))
        return {}

    def _number(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        fields = dict(request)
        number = str(fields.pop("number"))
        answering = Answering(str(fields.pop("answering", "answers")))
        after = float(fields.pop("after", 1.0))
        self._world.network.numbers[number] = FarNumber(answering, after, _script(fields))
        return {}

    def _unplug(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._world.unplug()
        return {}

    def _replug(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._world.unplug()
        self._world.plug()
        return {}

    def _registration(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        stat = int(request["stat"])
        world = self._mobile()
        world.act(lambda: world.modem.set_registration(stat))
        return {}

    def _text(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        number, text = str(request["number"]), str(request["text"])
        try:
            self._world.act(lambda: self._world.network.texts.text(number, text))
        except TooLong as error:
            raise RequestError("the text is too long") from error
        return {}

    def _texts(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        texts = self._world.network.texts
        return {"sent": [dataclasses.asdict(text) for text in texts.joined()], "waiting": len(texts.waiting)}

    def _code(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = (int(request.get("state", 0)), str(request["text"]))
        self._world.network.texts.codes[str(request["code"])] = answer
        return {}

    def _quirk(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        quirks, name = self._world.quirks, str(request["name"])
        if name not in vars(quirks):
            raise RequestError(f"there is no quirk '{name}'")
        kind = type(getattr(quirks, name))
        setattr(quirks, name, kind(request["value"]))
        return {}

    def _noise(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._mobile().disturb(b"\r\n" + (str(request["text"]) * int(request["count"])).encode() + b"\r\n")
        return {}

    def _handset(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        world = self._world
        if not isinstance(world, FakeCoprocessor):
            raise RequestError("this line has no handset")
        telephone, action = world.telephone, str(request["action"])
        if action == "lift":
            voice = Voice(tuple(map(str, request.get("play", ()))), loop=True)
            ear = Ear(str(request["hear"])) if "hear" in request else None
            world.act(lambda: telephone.lift(voice, ear))
        elif action == "put back":
            world.act(telephone.put_back)
        elif action == "press":
            for key in str(request["keys"]):
                if key not in KEYPAD_TONES:
                    raise RequestError("'keys' may hold 0-9, *, # and A-D")
                telephone.voice.press(key)
        else:
            raise RequestError("'action' must be lift, put back or press")
        return {}

    def _history(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "happenings": [_happening(h) | {"event": h.word} for h in self._world.network.history],
            "commands": [{"at": at, "command": text} for at, text in self._world.commands()],
        }

    def _state(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        modem = self._world.network.modem
        return {
            "plugged": self._world.plugged,
            "reachable": modem is not None and modem.reachable,
            "calls": [call.id for call in self._world.network.calls.values()],
            **self._world.figures(),
        }

    def _mobile(self) -> ModemOnPtys:
        if not isinstance(self._world, ModemOnPtys):
            raise RequestError("only a mobile network has that")
        return self._world

    def _running(self, request: Mapping[str, Any]) -> FakeCall:
        call = self._world.network.calls.get(str(request["call"]))
        if call is None:
            raise RequestError("there is no such call any more")
        return call


def _happening(happening: Happening) -> dict[str, Any]:
    return {"call": happening.call, "at": happening.at, "detail": happening.detail}


def _script(request: Mapping[str, Any]) -> PartyScript:
    unknown = set(request) - _SCRIPT_FIELDS
    if unknown:
        raise RequestError(f"unknown: {', '.join(sorted(unknown))}")
    return PartyScript(**{**request, "play": tuple(map(str, request.get("play", ())))})
