"""What comes in at the steward's socket is bounded, and nothing of it reaches a shell."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware.control.steward import (
    CheckOwner,
    CopyFromStick,
    CopyToStick,
    Done,
    FactoryReset,
    GetLog,
    GetNetwork,
    GetVersions,
    KeepNetwork,
    Log,
    Network,
    NetworkIs,
    Owner,
    OwnerShell,
    ResetNetwork,
    RollBack,
    SetNetwork,
    SetOwner,
    SetTime,
    SetZone,
    StewardError,
    Update,
    VersionsAre,
    ask_steward,
)
from firmware.core.errors import UserError
from firmware.steward.host import PretendHost
from firmware.steward.owner import FIRST_WAIT_S, OwnerPassword
from firmware.steward.server import Server
from firmware.steward.steward import Steward
from firmware.steward.versions import PretendVersions

GOOD = "good enough one"


class Box:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = PretendHost(folder / "host")
        self.state = folder / "state"
        (self.state / "uploads").mkdir(parents=True)
        self.socket = folder / "steward.sock"
        self.versions = PretendVersions()


@pytest.fixture
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    made = Box(tmp_path)
    monkeypatch.setenv("ZONGJI_STEWARD", str(made.socket))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(made.socket))
    listener.listen(8)
    serving = asyncio.create_task(Server(Steward(made.host, made.state, made.versions), listener).run(None))
    yield made
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def raw(box: Box, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(box.socket))
    writer.write(line)
    with contextlib.suppress(OSError):
        writer.write_eof()
    try:
        return await reader.read(100_000)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b'{"do":"rm"}\n',
        b'{"do":"log","unit":"; rm -rf /"}\n',
        b'{"do":"shell","tty":"../../dev/sda","password":"x"}\n',
        b'{"do":"set_zone","zone":"../../etc/passwd"}\n',
        b'{"do":"set_time","at":"now"}\n',
        b'{"do":"log","lines":100000}\n',
        b'{"do":"log","more":1}\n',
        b"\xff\xfe\n",
        b"x" * 200_000,
    ],
)
async def test_nonsense_is_refused_and_nothing_runs(box: Box, line: bytes) -> None:
    answer = await raw(box, line)
    assert answer == b"" or b'"refused"' in answer
    assert box.host.history == []
    assert isinstance(await ask_steward(GetLog()), Log), "the next one is served"


async def test_a_bundle_is_taken_from_the_uploads_only(box: Box) -> None:
    told: list[str] = []
    for path in ("/etc/passwd", str(box.state / "uploads/../../x"), "zongji.bundle"):
        with pytest.raises(UserError, match="uploads"):
            await ask_steward(Update(path=path), told.append)
    await ask_steward(Update(path=str(box.state / "uploads" / "a.bundle")), told.append)
    assert told == ["unpacking"]


async def test_a_person_goes_back_to_the_version_before(box: Box) -> None:
    with pytest.raises(UserError, match="no version before"):
        await ask_steward(RollBack())
    first = await ask_steward(GetVersions())
    assert isinstance(first, VersionsAre)
    await ask_steward(Update(path=str(box.state / "uploads" / "a.bundle")))
    told: list[str] = []
    await ask_steward(RollBack(), told.append)
    again = await ask_steward(GetVersions())
    assert isinstance(again, VersionsAre) and again.last is not None
    assert (again.running, again.last.why) == (first.running, "by hand")
    assert told == [f"going back to {first.running}"]


@pytest.mark.parametrize("name", ["../settings.json", "/etc/passwd", ".hidden", "a/b", "none-there"])
async def test_copies_stay_within_their_folders(box: Box, name: str) -> None:
    with pytest.raises(UserError):
        await ask_steward(CopyToStick(device="sda1", name=name))
    with pytest.raises(UserError):
        await ask_steward(CopyFromStick(device="sda1", name=name))


@pytest.mark.parametrize("device", ["mmcblk0p2", "sda1/../sdb", "loop0", "sda1;reboot"])
async def test_only_sticks_are_mounted(box: Box, device: str) -> None:
    (box.state / "uploads" / "backup").write_bytes(b"x")
    with pytest.raises(UserError, match="no stick"):
        await ask_steward(CopyToStick(device=device, name="backup"))
    assert box.host.history == []


async def test_a_link_in_the_uploads_is_no_backup(box: Box) -> None:
    (box.state / "uploads" / "backup").symlink_to("/etc/shadow")
    with pytest.raises(UserError, match="no backup"):
        await ask_steward(CopyToStick(device="sda1", name="backup"))


async def test_the_clock_is_synchronised_again_after_it_was_set_by_hand(box: Box) -> None:
    await ask_steward(SetTime(at="2026-11-22 09:30"))
    assert [command[1:] for command in box.host.history] == [
        ("set-ntp", "false"),
        ("set-time", "2026-11-22 09:30:00"),
        ("set-ntp", "true"),
    ]
    with pytest.raises(UserError, match="no moment"):
        await ask_steward(SetTime(at="2026-02-30 09:30"))
    with pytest.raises(UserError, match="no moment"):
        await ask_steward(SetTime(at="1970-01-01 00:00"))


async def test_a_shell_needs_the_owners_password_and_an_owner(box: Box) -> None:
    with pytest.raises(UserError, match="Set the owner"):
        await ask_steward(OwnerShell(tty="ttyGS0", password=""))
    await ask_steward(SetOwner(password=GOOD))
    with pytest.raises(UserError, match="not the owner"):
        await ask_steward(OwnerShell(tty="ttyGS0", password="wrong"))  # noqa: S106
    assert isinstance(await ask_steward(OwnerShell(tty="ttyGS0", password=GOOD)), Done)


async def test_the_owners_password_is_set_once_and_changed_with_the_old_one(box: Box) -> None:
    await ask_steward(SetOwner(password=GOOD))
    with pytest.raises(UserError, match="old password"):
        await ask_steward(SetOwner(password="another good one"))  # noqa: S106
    reply = await ask_steward(CheckOwner(password=GOOD))
    assert isinstance(reply, Owner)
    assert reply.right
    kept = box.state / "steward" / "owner.json"
    assert GOOD not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_a_factory_reset_wants_its_word_and_starts_the_services_again(box: Box) -> None:
    (box.state / "records.sqlite").touch()
    (box.state / "web").mkdir()
    (box.state / "web" / "users.json").touch()
    wifi = Network(interface="wlan0", ssid="office", password="correct horse")  # noqa: S106
    await ask_steward(SetNetwork(network=wifi))
    await ask_steward(KeepNetwork())
    box.host.history.clear()
    with pytest.raises(UserError, match="Type ERASE"):
        await ask_steward(FactoryReset(typed="erase"))
    assert (box.state / "records.sqlite").exists()
    await ask_steward(FactoryReset(typed="ERASE"))
    assert not (box.state / "records.sqlite").exists()
    assert (box.state / "web").is_dir(), "the folder keeps its owner"
    assert not (box.state / "web" / "users.json").exists()
    assert [command[1] for command in box.host.history] == ["stop", "start", "connection"]
    assert list(box.host.root.glob("*/NetworkManager/system-connections/*")) == [], "the Wi-Fi's password"


async def test_the_network_is_forgotten_even_where_nothing_comes_up(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask_steward(SetNetwork(network=Network(vlan=7)))
    await ask_steward(KeepNetwork())
    await ask_steward(SetNetwork(network=Network(vlan=9)))

    def no_cable(*_: str, **__: object) -> str:
        raise UserError("nmcli: no carrier")

    monkeypatch.setattr(box.host, "run", no_cable)
    await ask_steward(ResetNetwork())
    state = await ask_steward(GetNetwork())
    assert isinstance(state, NetworkIs)
    assert (state.wanted, state.trying) == (Network(), False)
    assert list(box.host.root.glob("*/NetworkManager/system-connections/*")) == []


async def test_nothing_is_kept_that_nobody_tries(box: Box) -> None:
    with pytest.raises(UserError, match="No network is being tried"):
        await ask_steward(KeepNetwork())


async def test_without_a_steward_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONGJI_STEWARD", str(tmp_path / "nobody"))
    with pytest.raises(StewardError, match="installed box"):
        await ask_steward(GetLog())


def test_wrong_passwords_make_everybody_wait_longer_and_longer_over_restarts(tmp_path: Path) -> None:
    now = [1_800_000_000.0]

    def owner() -> OwnerPassword:
        return OwnerPassword(tmp_path / "owner.json", lambda: now[0])

    owner().choose(GOOD, "")
    waits = []
    for _ in range(5):
        waits.append(owner().check("guess").wait_s)
        now[0] += waits[-1]
    assert waits == [0, 0, FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    now[0] -= 1
    assert not owner().check(GOOD).right, "not even the right one, before its time"
    now[0] += 2
    assert owner().check(GOOD).right
    assert owner().check("guess").wait_s == 0


def test_a_torn_password_file_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "owner.json"
    path.write_bytes(b'{"hash":"$argon')
    found = OwnerPassword(path).check(GOOD)
    assert (found.is_set, found.right) == (True, False)


async def test_a_time_zone_is_written_to_a_read_only_root_which_is_so_again_afterwards(box: Box) -> None:
    zone = box.host.root / "usr/share/zoneinfo/Asia/Shanghai"
    zone.parent.mkdir(parents=True)
    zone.touch()
    box.host.read_only = True
    await ask_steward(SetZone(zone="Asia/Shanghai"))
    assert [words[-2:] for words in box.host.history] == [
        ("remount,rw", "/"),
        ("set-timezone", "Asia/Shanghai"),
        ("remount,ro", "/"),
    ]
