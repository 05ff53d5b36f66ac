"""An installed box, switched on: its own systemd starts our units, watches them, and ends them in time."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator

import pytest

from firmware.media.supervisor import PULSE_LIMIT
from ivr.prompts import speak_missing
from tests.install.booted import Booted, Card, can_boot
from tests.install.chroot import Chroot, snapshot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap"),
    pytest.mark.skipif(not can_boot(), reason="root, loop devices, control groups of version 2"),
]

SERVICES = ("zongji-switch", "zongji-media", "zongji-web")


@pytest.fixture(scope="module")
def box(bare: Chroot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A box with a simulated line, on."""
    folder = tmp_path_factory.mktemp("boot")
    card = Card(folder / "card")
    try:
        with card.made(bare, snapshot(folder / "sources")) as debian:
            for _ in speak_missing(debian.root / "var/lib/zongji/prompts"):
                pass
            debian.flash("install", "--profile", "simulated")
        with card.booted() as on:
            on.has_lines()
            yield on
    finally:
        card.close()


def test_everything_runs_and_nothing_has_failed(box: Booted) -> None:
    assert box.run("systemctl is-system-running").stdout.strip() == "running", box.log()
    for unit in (*SERVICES, "zongji-firewall", "zongji-boot", "avahi-daemon", "NetworkManager"):
        assert box.run(f"systemctl is-active {unit}").stdout.strip() == "active", unit
    assert box.run("systemctl is-active ModemManager").stdout.strip() == "inactive"
    assert "policy drop" in box.must("nft list chain inet zongji input")
    told = box.must(
        "/opt/zongji/current/venv/bin/python -c 'import urllib.request as u;"
        ' print(u.urlopen("http://127.0.0.1:8080/", timeout=10).status)\''
    )
    assert told.strip() == "200"
    assert "tmpfs" in box.must("findmnt -no FSTYPE /tmp")
    assert "volatile" in box.must("cat /etc/systemd/journald.conf.d/zongji.conf")
    assert not box.run("ls /var/log/journal").stdout


def test_a_call_within_the_box_works_under_all_that_is_forbidden_there(box: Booted) -> None:
    script = (
        "import asyncio, pathlib; from firmware.control.client import ControlClient;"
        "from firmware.control.care import TestCall, TestCallReply\n"
        "async def call():\n"
        "  async with ControlClient(pathlib.Path('/run/zongji/control.sock')) as switch:\n"
        "    print(await switch.ask(TestCall(), TestCallReply))\n"
        "asyncio.run(call())"
    )
    assert "ok=True" in box.must(f'/opt/zongji/current/venv/bin/python -c "{script}"')


def test_the_steward_is_woken_by_whoever_may_ask_it(box: Booted) -> None:
    ask = (
        "import asyncio; from firmware.control.steward import GetNetwork, ask_steward;"
        "print(asyncio.run(ask_steward(GetNetwork(by='test'))))"
    )
    python = f'/opt/zongji/current/venv/bin/python -c "{ask}"'
    told = box.must(f"setpriv --reuid zongji-console --regid zongji-console --init-groups {python}")
    assert "NetworkIs(" in told
    refused = box.run(f"setpriv --reuid nobody --regid nogroup --clear-groups {python}")
    assert "the steward isn't there" in refused.stderr


@pytest.mark.parametrize(
    ("sick", "patience_s", "within_s", "untouched"),
    [
        # The switch misses its pulses long before systemd does.
        ("zongji-media", PULSE_LIMIT, 5, ("zongji-switch", "zongji-web")),
        ("zongji-switch", 7.5, 15, ("zongji-media", "zongji-web")),
        ("zongji-web", 15, 30, ("zongji-media", "zongji-switch")),
    ],
)
def test_what_hangs_is_started_anew_and_nothing_else(
    box: Booted, sick: str, patience_s: float, within_s: float, untouched: tuple[str, ...]
) -> None:
    box.until_ready()
    before = {unit: box.pid(unit) for unit in SERVICES}
    began = time.monotonic()
    box.must(f"kill -STOP {before[sick]}")
    box.until(
        f"p=$(systemctl show --value -p MainPID {sick}); [ $p != 0 ] && [ $p != {before[sick]} ] && "
        f"systemctl is-active {sick}"
    )
    assert time.monotonic() - began < within_s + 45, "a busy machine takes long to start it"
    # Its last sign of life was a fifth of that old at most.
    assert time.monotonic() - began > 0.8 * patience_s, "it was given time"
    box.until_ready()
    assert {unit: box.pid(unit) for unit in untouched} == {unit: before[unit] for unit in untouched}


def test_asked_to_stop_every_service_is_gone_in_three_seconds(box: Booted) -> None:
    for unit in ("zongji-web", "zongji-switch", "zongji-media"):
        began = time.monotonic()
        box.must(f"systemctl stop {unit}")
        assert time.monotonic() - began < 3.0, unit
        assert box.must(f"systemctl show --value -p Result {unit}").strip() == "success"
    box.must("systemctl start zongji.target")
    box.until_ready()


def test_phones_have_their_dial_tone_soon_after_the_first_process(box: Booted) -> None:
    told = box.must("systemd-analyze --no-pager blame | grep zongji; systemd-analyze --no-pager time")
    found = re.search(r"reached after (?:([0-9]+)min )?([0-9.]+)s in userspace", told)
    assert found is not None, told
    assert int(found[1] or 0) * 60 + float(found[2]) < 60, f"7 s on a quiet machine; here\n{told}"


def test_on_the_box_itself_it_is_installed_again_and_taken_off(box: Booted) -> None:
    copy = "tar --exclude=./venv -cf - . | tar -C /root/zongji -xf -"
    box.must(f"mkdir /root/zongji && cd /opt/zongji/current && {copy}")
    before = {unit: box.pid(unit) for unit in SERVICES}
    told = box.must("bash /root/zongji/flash.sh install 2>&1")
    assert "nothing changed" in told
    assert {unit: box.pid(unit) for unit in SERVICES} == before, "nobody's call ends for that"
    # What somebody deleted comes back, and is in force.
    box.must("rm /etc/zongji/firewall.nft && nft delete table inet zongji")
    told = box.must("bash /root/zongji/flash.sh install 2>&1")
    assert "/etc/zongji/firewall.nft" in told
    assert "policy drop" in box.must("nft list chain inet zongji input")
    box.until_ready()
    assert box.pid("zongji-switch") != before["zongji-switch"]

    box.must("systemctl stop world && bash /root/zongji/flash.sh uninstall")
    units = box.must("systemctl list-units --no-pager --all 'zongji*' --plain --no-legend").splitlines()
    # A name without a file that nothing runs under is one systemd will forget in its own time.
    assert [unit for unit in units if "not-found inactive dead" not in unit] == []
    assert "zongji" not in box.must("systemctl list-unit-files --no-pager --no-legend 'zongji*' || true")
    assert box.run("pgrep -u zongji").returncode != 0
    assert box.run("nft list table inet zongji").returncode != 0
    assert box.run("ls /opt/zongji").returncode != 0
    assert "records.sqlite" in box.must("ls /var/lib/zongji")
