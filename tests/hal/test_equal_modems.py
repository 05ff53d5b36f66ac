"""Two modems of the same model: each line keeps its own, whichever port that comes up at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.fake.modem_on_ptys import ModemOnPtys
from hal.fake.network import PartyScript
from hal.line import AudioReady, CallEnded, IncomingCall, Line, LineState
from hal.modems.build import ProfileError, build_lines
from tests.contracts.line_contract import Heard

IMEIS = ("860000000000011", "860000000000022")
NUMBERS = ("13800000001", "13800000002")


def entries() -> list[dict[str, str]]:
    return [
        {
            "name": f"gsm{n}",
            "kind": "gsm",
            "model": "sim7600",
            "at": "{run}/usb-*-at",
            "pcm": "{run}/usb-*-pcm",
            "imei": imei,
        }
        for n, imei in enumerate(IMEIS, 1)
    ]


def plug_into(modem: ModemOnPtys, folder: Path, port: str) -> None:
    modem.at.link, modem.pcm.link = folder / f"usb-{port}-at", folder / f"usb-{port}-pcm"
    modem.plug()


@contextlib.asynccontextmanager
async def two_modems(folder: Path, ports: tuple[str, str]) -> AsyncIterator[list[ModemOnPtys]]:
    modems = [ModemOnPtys(folder / f"usb-{p}-at", folder / f"usb-{p}-pcm") for p in ports]
    for modem, imei in zip(modems, IMEIS, strict=True):
        modem.modem.imei = imei
        modem.start()
    try:
        yield modems
    finally:
        for modem in modems:
            modem.stop()


async def talks_over_its_own_modem(line: Line, modem: ModemOnPtys, number: str, count: int) -> str:
    """Have somebody call the modem; return where the line says the audio is."""
    heard = Heard(line)
    call = modem.call(PartyScript(number))
    assert (await heard.next(IncomingCall)).number == number
    await line.answer()
    audio = (await heard.next(AudioReady)).audio
    assert call.answered_at is not None
    await line.hang_up()
    await heard.next(CallEnded)
    return audio.device


@pytest.mark.e2e
async def test_equal_modems_that_swap_their_ports_keep_their_lines(tmp_path: Path) -> None:
    lines = build_lines(entries(), str(tmp_path))
    heards = [Heard(line) for line in lines]
    # The first modem comes up at the second port: by order of appearance all would be wrong.
    async with two_modems(tmp_path, ("1-1.2", "1-1.1")) as modems:
        try:
            for line in lines:
                await line.start()
            for count, ports in enumerate((("1-1.2", "1-1.1"), ("1-1.1", "1-1.2")), 1):
                async with asyncio.timeout(30):
                    for heard, line in zip(heards, lines, strict=True):
                        await heard.state(line, LineState.READY)
                for line, modem, number, port in zip(lines, modems, NUMBERS, ports, strict=True):
                    device = await talks_over_its_own_modem(line, modem, number, count)
                    assert device == str(tmp_path / f"usb-{port}-pcm")
                if count == 1:
                    for modem in modems:
                        modem.unplug()
                    for heard, line in zip(heards, lines, strict=True):
                        await heard.state(line, LineState.DOWN)
                    for modem, port in zip(modems, ("1-1.1", "1-1.2"), strict=True):
                        plug_into(modem, tmp_path, port)
        finally:
            for line in lines:
                await line.stop()


@pytest.mark.e2e
async def test_a_strange_modem_in_the_port_is_left_alone_and_told_of(tmp_path: Path) -> None:
    entry = {**entries()[0], "pin": "1234"}
    (line,) = build_lines([entry], str(tmp_path))
    async with two_modems(tmp_path, ("1-1.1", "1-1.2")) as modems:
        modems[0].unplug()
        try:
            await line.start()
            async with asyncio.timeout(20):
                while "another modem" not in line.detail:
                    await asyncio.sleep(0.02)
        finally:
            await line.stop()
        assert not [text for _, text in modems[1].modem.history if "CPIN" in text], (
            "no PIN into a strange SIM"
        )


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"imei": "12345"}, "15 digits"),
        ({"imei": None}, "needs 'imei'"),
        ({"at": "/dev/*/at"}, "needs 'imei'"),
        ({"pcm": "/dev/zongji/gsm1-pcm"}, "'pcm' must have a \\*"),
    ],
)
def test_a_profile_that_cannot_tell_equal_modems_apart_is_refused(
    change: dict[str, str | None], remedy: str
) -> None:
    entry = {key: value for key, value in {**entries()[0], **change}.items() if value is not None}
    with pytest.raises(ProfileError, match=remedy):
        build_lines([entry])


def test_two_lines_of_one_modem_are_refused() -> None:
    first, second = entries()
    with pytest.raises(ProfileError, match="with the IMEI"):
        build_lines([first, {**second, "imei": first["imei"]}])


def test_udev_names_every_port_by_where_it_is_plugged_in_too() -> None:
    rules = (Path(__file__).parents[2] / "board" / "udev" / "70-zongji.rules").read_text("utf-8")
    for line in rules.splitlines():
        for port in ("at", "pcm"):
            if f"zongji/gsm1-{port}" in line and line.startswith("SUBSYSTEM"):
                assert f"zongji/usb-$id-{port}" in line
