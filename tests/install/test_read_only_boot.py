"""A root that is only read, booted: what the box writes lies on the data partition, come what may."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ivr.prompts import speak_missing
from tests.install.booted import Booted, Card, can_boot
from tests.install.chroot import Chroot, snapshot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap"),
    pytest.mark.skipif(not can_boot(), reason="root, loop devices, control groups of version 2"),
]

KEPT: Final = ("/var/lib/zongji", "/opt/zongji", "/etc/zongji", "/etc/NetworkManager/system-connections")


@pytest.fixture
def card(bare: Chroot, tmp_path: Path) -> Iterator[Card]:
    made = Card(tmp_path / "card", data=True)
    try:
        with made.made(bare, snapshot(tmp_path / "sources")) as debian:
            for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
                pass
            debian.flash("install", "--profile", "simulated", "--read-only-root")
        yield made
    finally:
        made.close()


def asked(on: Booted, *lines: str) -> str:
    """Run some Python of the firmware's as the console's user; return what it printed."""
    script = "\n".join(("import asyncio, pathlib", *lines))
    on.must(f"cat >/run/asked.py <<'END'\n{script}\nEND")
    python = "/opt/zongji/current/venv/bin/python /run/asked.py"
    return on.must(f"setpriv --reuid zongji-console --regid zongji-console --init-groups {python}")


def add_person(on: Booted, number: str) -> None:
    asked(
        on,
        "from firmware.control.client import ControlClient",
        "from firmware.control.editing import AddPerson",
        "async def add():",
        "    async with ControlClient(pathlib.Path('/run/zongji/control.sock')) as switch:",
        f"        await switch.change_settings([AddPerson('{number}', 'Wang')], 'test')",
        "asyncio.run(add())",
    )


def set_zone(on: Booted, zone: str) -> None:
    asked(
        on,
        "from firmware.control.steward import SetZone, ask_steward",
        f"asyncio.run(ask_steward(SetZone(zone='{zone}', by='test')))",
    )


def test_only_the_data_partition_is_written_from_the_second_start_on(card: Card) -> None:
    with card.booted() as on:
        on.has_lines()
        add_person(on, "105")
        on.until("grep -q ' / ext4 ro,' /etc/fstab")
        assert "rw" in on.must("findmnt -no OPTIONS /").split(",")
    card.check()

    switched_on = time.time()
    with card.booted() as on:
        assert on.run("systemctl is-system-running").stdout.strip() == "running", on.log()
        assert "ro" in on.must("findmnt -no OPTIONS /").split(",")
        assert on.run("touch /etc/written").returncode != 0
        on.has_lines()
        partition = on.must("findmnt -no MAJ:MIN /data").strip()
        for folder in KEPT:
            assert on.must(f"findmnt -no MAJ:MIN {folder}").strip() == partition, folder
        assert "105" in on.must("zongji phones")
        add_person(on, "106")
        written = on.must(f"find / -xdev -not -type d -newerct @{switched_on}")
        assert written == "", written
        # What lies on the root itself is written for a moment, and nothing after it.
        set_zone(on, "Asia/Tokyo")
        assert on.must("readlink /etc/localtime").strip().endswith("Asia/Tokyo")
        assert "ro" in on.must("findmnt -no OPTIONS /").split(",")
        assert on.run("touch /etc/written").returncode != 0
    card.check()

    with card.booted() as on:
        on.has_lines()
        assert "106" in on.must("zongji phones")
