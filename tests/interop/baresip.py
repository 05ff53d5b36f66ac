"""A real phone: headless baresip, one process each, driven through its ctrl_tcp module.

    async with Baresip.running(tmp_path, "101", secret, registrar_port=5060) as phone:
        await phone.registered()
        await phone.dial("102")
        await phone.event("CALL_ESTABLISHED")
        ...
    phone.heard()       # what it heard: dump-*-dec.wav files, 8 kHz mono

It plays `plays` (a mono 8 kHz WAV; a 1000 Hz tone when None) into every call. Events are those of baresip
1.0: REGISTER_OK, REGISTER_FAIL, CALL_INCOMING, CALL_RINGING, CALL_PROGRESS, CALL_ESTABLISHED, CALL_CLOSED,
CALL_DTMF_START. Every wait is bounded; the process is ended by its pid.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import secrets
import socket
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

# The longest any step may take on a busy machine, in seconds.
PATIENCE_S = 15.0
_MODULES = Path("/usr/lib/baresip/modules")
_SAMPLE_RATE = 8000
_REGISTERED = re.compile(r"\{\d/\w+/v4\} (\d{3}) [^\n]*")


# Below the ports that the system hands to clients (Linux: 32768 up): one of those may be taken any moment.
_PORTS = range(15_000, 32_000)
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses now, for UDP and TCP; so is the next, for TLS."""
    while True:
        # Real chance keeps tests apart that run at once; `random` may have been seeded alike in all of them.
        port = secrets.choice(_PORTS)
        if all(_is_free(one, kind) for one in (port, port + 1) for kind in _KINDS):
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def write_tone(path: Path, hertz: float, seconds: float = 60.0, level: float = 0.3) -> Path:
    """Write a sine as mono 16-bit WAV at 8 kHz; `level` is the amplitude, 1 being full scale."""
    count = int(_SAMPLE_RATE * seconds)
    step = 2 * math.pi * hertz / _SAMPLE_RATE
    samples = (round(32767 * level * math.sin(step * index)) for index in range(count))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(_SAMPLE_RATE)
        wav.writeframes(struct.pack(f"<{count}h", *samples))
    return path


class Baresip:
    """One running phone; make it with `running`."""

    def __init__(self, folder: Path, extension: str) -> None:
        self.folder = folder
        self.extension = extension
        self.history: list[dict[str, object]] = []
        """Every event so far."""
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Condition()
        self._taken = 0
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls,
        folder: Path,
        extension: str,
        secret: str,
        *,
        registrar_port: int,
        registrar_host: str = "127.0.0.1",
        transport: str = "udp",
        auto_answer: bool = False,
        plays: Path | None = None,
        codecs: str = "PCMA/8000/1,PCMU/8000/1",
        registers: bool = True,
        authority: Path | None = None,
        listens_at: int | None = None,
        account: str = "",
        srtp: bool = False,
        mailbox: bool = False,
    ) -> AsyncIterator[Baresip]:
        """Start a phone in `folder` (made if missing) and stop it at the end.

        Over TLS it believes whoever `authority` vouches for; without a registrar it is called at
        `listens_at`. `account` is its user name where that isn't the extension; with `srtp` it speaks
        encrypted audio and nothing else; with `mailbox` it watches its message lamp.
        """
        phone = cls(folder, extension)
        folder.mkdir(parents=True, exist_ok=True)
        tone = plays or write_tone(folder / "plays.wav", 1000.0)
        control = free_port()
        (folder / "config").write_text(_config(folder, control, tone, authority, listens_at))
        through = f"sip:{registrar_host}:{registrar_port};transport={transport}"
        outbound = f';outbound="{through}"' if registers else ""
        user = account or extension
        (folder / "accounts").write_text(
            f"<sip:{user}@{registrar_host}:{registrar_port};transport={transport}>"
            f";regint={60 if registers else 0};auth_user={user};auth_pass={secret}"
            f"{outbound};answermode={'auto' if auto_answer else 'manual'};audio_codecs={codecs}"
            f";mwi={'yes' if mailbox else 'no'}{';mediaenc=srtp-mand' if srtp else ''}\n"
        )
        try:
            await phone._start(control)
            yield phone
        finally:
            await phone._stop()

    async def registered(self) -> None:
        """Wait until the registrar has said 200; fails at once when it refuses.

        Read from the log, since the first registration is over before ctrl_tcp can be connected to.
        """
        async with asyncio.timeout(PATIENCE_S):
            while (verdict := _REGISTERED.search(self.log())) is None:
                await asyncio.sleep(0.05)
        if verdict[1] != "200":
            raise AssertionError(f"{self.extension} could not register: {verdict[0]}")

    async def dial(self, number: str) -> None:
        await self.command("dial", number)

    async def accept(self) -> None:
        await self.command("accept")

    async def hang_up(self) -> None:
        """Hang up, decline or cancel: whatever ends the current call."""
        await self.command("hangup")

    async def hold(self) -> None:
        await self.command("hold")

    async def resume(self) -> None:
        await self.command("resume")

    async def transfer(self, number: str) -> None:
        """Blind: have whoever it talks to connected to `number`."""
        await self.command("transfer", number)

    async def press(self, digits: str) -> None:
        """Key digits in a call, 200 ms apart."""
        for digit in digits:
            await self.command("sndcode", digit)
            await asyncio.sleep(0.2)
        await self.command("sndcode", "\x04")

    async def command(self, name: str, params: str = "") -> None:
        """Send any menu command of baresip by its long name."""
        assert self._writer is not None
        body = json.dumps({"command": name, "params": params}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        await self._writer.drain()

    async def event(self, *types: str, within_s: float = PATIENCE_S) -> dict[str, object]:
        """Wait for the next event of one of the types, after those waited for before; return it."""

        def found() -> dict[str, object] | None:
            for index in range(self._taken, len(self.history)):
                if self.history[index].get("type") in types:
                    self._taken = index + 1
                    return self.history[index]
            return None

        async with self._news:
            try:
                async with asyncio.timeout(within_s):
                    while (event := found()) is None:
                        await self._news.wait()
            except TimeoutError:
                seen = [event.get("type") for event in self.history]
                raise AssertionError(
                    f"{self.extension} waited {within_s:g} s for {types}; it saw {seen}\n{self.log()[-2000:]}"
                ) from None
        return event

    def heard(self) -> list[Path]:
        """Return the files of what it heard, one per call, oldest first; complete once the call is over."""
        return sorted(self.folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def _start(self, control: int) -> None:
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(self.folder), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE_S):
            while self._writer is None:
                try:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", control)
                except OSError:
                    if self._process.returncode is not None:
                        raise AssertionError(f"baresip did not start:\n{self.log()[-2000:]}") from None
                    await asyncio.sleep(0.05)
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = await self._reader.readuntil(b":")
                body = await self._reader.readexactly(int(size[:-1]))
                await self._reader.readexactly(1)
                message = json.loads(body)
                if message.get("event"):
                    async with self._news:
                        self.history.append(message)
                        self._news.notify_all()

    async def _stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            if self._writer is not None:
                with contextlib.suppress(ConnectionError):
                    await self.command("quit")
            try:
                await asyncio.wait_for(self._process.wait(), 3.0)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening


def _config(folder: Path, control: int, tone: Path, authority: Path | None, listens_at: int | None) -> str:
    return "\n".join(
        [
            f"sip_listen 127.0.0.1:{listens_at or free_port()}",
            "net_interface 127.0.0.1",
            f"audio_source aufile,{tone}",
            "audio_player aubridge,sink",
            "audio_alert aubridge,alert",
            "ausrc_srate 8000",
            "auplay_srate 8000",
            "ausrc_channels 1",
            "auplay_channels 1",
            "audio_buffer 20-160",
            "call_local_timeout 120",
            "call_max_calls 4",
            f"module_path {_MODULES}",
            "module g711.so",
            "module g722.so",
            "module srtp.so",
            "module aufile.so",
            "module aubridge.so",
            "module sndfile.so",
            "module_app account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
            "module_app mwi.so",
            *([] if authority is None else [f"sip_cafile {authority}", "sip_verify_server yes"]),
            f"ctrl_tcp_listen 127.0.0.1:{control}",
            f"snd_path {folder}",
            "",
        ]
    )
