"""What the steward does, request by request. Blocking work goes to threads; one thing at a time."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firmware.control.steward import (
    RESET_WORD,
    CheckOwner,
    CopyFromStick,
    CopyToStick,
    Done,
    FactoryReset,
    GetLog,
    GetNetwork,
    GetVersions,
    KeepNetwork,
    ListSticks,
    Log,
    OwnerShell,
    PowerOff,
    Reboot,
    Reply,
    Requests,
    ResetNetwork,
    RestoreBackup,
    RollBack,
    SetNetwork,
    SetOwner,
    SetTime,
    SetZone,
    Update,
)
from firmware.control.steward import (
    Sticks as SticksReply,
)
from firmware.core.errors import UserError
from firmware.steward.host import Host
from firmware.steward.network import NetworkDesk
from firmware.steward.owner import OwnerPassword
from firmware.steward.sticks import Sticks
from firmware.steward.versions import Tell, Versions

_SERVICES: Final = ("zongji-web.service", "zongji-switch.service", "zongji-media.service")
_AS_SWITCH: Final = (
    *("setpriv", "--reuid", "zongji", "--regid", "zongji", "--init-groups"),
    *("/opt/zongji/current/venv/bin/python", "-m", "firmware.cli"),
)
_RESTORE_S: Final = 900.0
_LOG_BYTES: Final = 40_000
"""What fits into one reply."""
_KEPT_AT_RESET: Final = frozenset({"prompts", "run", "uploads"})


class Steward:
    """Carries requests out.

    Args:
        host: The computer.
        state: The state folder.
        versions: Installs bundles and goes back.
    """

    def __init__(self, host: Host, state: Path, versions: Versions) -> None:
        self._host = host
        self._state = state
        self._versions = versions
        self._network = NetworkDesk(host, state / "steward" / "network.json")
        self._sticks = Sticks(host, state / "uploads")
        self._owner = OwnerPassword(state / "steward" / "owner.json")
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether something is under way that must not be left alone."""
        return self._turn.locked() or self._network.trying

    async def resume(self) -> None:
        """Put in order what a steward that died left behind."""
        await self._network.resume()

    async def do(self, request: Requests, tell: Tell) -> Reply:
        """Carry a request out.

        Raises:
            UserError: It is refused; the text says why.
        """
        match request:
            case GetNetwork():
                return await asyncio.to_thread(self._network.state)
            case GetVersions():
                return await asyncio.to_thread(self._versions.look)
            case KeepNetwork():
                if not await self._network.keep():
                    raise UserError(
                        "No network is being tried; the old one is in force. / 没有正在试用的网络。"
                    )
                return Done()
        async with self._turn:
            match request:
                case SetNetwork():
                    await self._network.set(request.network, request.confirm_s)
                    return Done()
                case ResetNetwork():
                    await self._network.reset()
                    return Done()
                case FactoryReset():
                    await asyncio.to_thread(self._reset, request)
                    await self._network.reset()
                    return Done()
                case Update():
                    await asyncio.to_thread(self._update, request, tell)
                    return Done()
                case RollBack():
                    await asyncio.to_thread(self._versions.roll_back, request.force, tell)
                    return Done()
            return await asyncio.to_thread(self._do, request)

    def _do(self, request: Requests) -> Reply:
        match request:
            case SetTime():
                # Whether the time comes from the network is a link below /etc.
                with self._writable_root():
                    self._host.run("timedatectl", "set-ntp", "false")
                    try:
                        self._host.run("timedatectl", "set-time", _moment(request.at))
                    finally:
                        self._host.run("timedatectl", "set-ntp", "true")
            case SetZone():
                if not (self._host.root / "usr/share/zoneinfo" / request.zone).is_file():
                    raise UserError(f"There is no time zone {request.zone}. / 没有该时区。")
                with self._writable_root():
                    self._host.run("timedatectl", "set-timezone", request.zone)
            case GetLog():
                return Log(lines=self._log(request))
            case ListSticks():
                return SticksReply(sticks=self._sticks.found())
            case CopyToStick():
                self._sticks.copy_to(request.device, request.name)
            case CopyFromStick():
                self._sticks.copy_from(request.device, request.name)
            case RestoreBackup():
                self._restore(request)
            case CheckOwner():
                return self._owner.check(request.password)
            case SetOwner():
                self._owner.choose(request.password, request.old)
            case OwnerShell():
                self._shell(request)
            case Reboot():
                self._host.run("systemctl", "reboot")
            case PowerOff():
                self._host.run("systemctl", "poweroff")
        return Done()

    @contextlib.contextmanager
    def _writable_root(self) -> Iterator[None]:
        """Let other services write to /etc where the root is otherwise read-only."""
        if not self._host.is_read_only():
            yield
            return
        # Through the service manager: this process has mounts of its own, which the others wouldn't see.
        remount = ("systemd-run", "--quiet", "--wait", "--collect", "mount", "-o")
        self._host.run(*remount, "remount,rw", "/")
        try:
            yield
        finally:
            self._host.run(*remount, "remount,ro", "/")

    def _log(self, request: GetLog) -> list[str]:
        units = ["zongji-*"] if request.unit == "all" else [f"zongji-{request.unit}.service"]
        words = self._host.run(
            "journalctl",
            "--no-pager",
            "--output=short-iso",
            f"--lines={request.lines}",
            *(f"--unit={unit}" for unit in units),
        )
        lines: list[str] = []
        size = 0
        for line in reversed(words.splitlines()):
            size += len(line.encode()) + 8
            if size > _LOG_BYTES:
                break
            lines.append(line)
        return lines[::-1]

    def _update(self, request: Update, tell: Tell) -> None:
        path = Path(request.path)
        if not path.resolve().is_relative_to((self._state / "uploads").resolve()):
            raise UserError(f"Put the bundle into {self._state / 'uploads'} first.")
        self._versions.install(path, request.force, tell)

    def _restore(self, request: RestoreBackup) -> None:
        file = self._sticks.copy_from(request.device, request.name)
        self._host.run("systemctl", "stop", *_SERVICES)
        try:
            self._host.run(*_AS_SWITCH, "restore", str(file), stdin=request.key + "\n", limit_s=_RESTORE_S)
        finally:
            self._host.run("systemctl", "start", "--no-block", *_SERVICES)
            file.unlink(missing_ok=True)

    def _shell(self, request: OwnerShell) -> None:
        owner = self._owner.check(request.password)
        if not owner.is_set:
            raise UserError("Set the owner's password first. / 请先设置机主密码。")
        if not owner.right:
            wait = f" Wait {owner.wait_s} s. / 请等待 {owner.wait_s} 秒。" if owner.wait_s else ""
            raise UserError(f"That is not the owner's password. / 密码错误。{wait}")
        self._host.run("systemctl", "start", "--no-block", f"zongji-shell@{request.tty}.service")

    def _reset(self, request: FactoryReset) -> None:
        if request.typed != RESET_WORD:
            raise UserError(
                f"Type {RESET_WORD} to confirm; nothing was erased. / 未清除数据，确认请输入 {RESET_WORD}。"
            )
        self._host.run("systemctl", "stop", *_SERVICES)
        try:
            for path in sorted(self._state.iterdir()):
                if path.name in _KEPT_AT_RESET and path.name != "uploads":
                    continue
                if path.is_dir() and not path.is_symlink():
                    # The folders themselves keep their owners.
                    for one in path.iterdir():
                        _erase(one)
                else:
                    path.unlink(missing_ok=True)
        finally:
            self._host.run("systemctl", "start", "--no-block", *_SERVICES)


def _erase(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _moment(text: str) -> str:
    """Return a moment as timedatectl takes it.

    Raises:
        UserError: There is no such moment.
    """
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        with contextlib.suppress(ValueError):
            found = datetime.datetime.strptime(text, form)  # noqa: DTZ007 - local time, as the person's watch
            if not 2024 <= found.year < 2100:
                break
            return f"{found:%Y-%m-%d %H:%M:%S}"
    raise UserError(f"There is no moment {text}. / 时间无效：{text}。")
