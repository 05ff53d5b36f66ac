"""The network is written as NetworkManager reads it, tried, and taken back unless somebody confirms."""

from __future__ import annotations

import asyncio
import configparser
import shutil
from pathlib import Path

import pytest

from firmware.control.steward import Method, Network
from firmware.core.errors import UserError
from firmware.steward.host import PretendHost
from firmware.steward.network import NetworkDesk, checked, keyfile

FIXED = Network(method=Method.STATIC, address="192.168.1.10/24", gateway="192.168.1.1", dns=["223.5.5.5"])


def read(network: Network) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(keyfile(network))
    return found


def test_a_cable_with_dhcp() -> None:
    found = read(Network())
    assert (found["connection"]["type"], found["connection"]["interface-name"]) == ("ethernet", "eth0")
    assert found["ipv4"]["method"] == "auto"


def test_a_fixed_address_on_a_vlan() -> None:
    found = read(Network(method=Method.STATIC, address="10.0.0.2/8", dns=["10.0.0.1", "1.1.1.1"], vlan=20))
    assert found["connection"]["interface-name"] == "eth0.20"
    assert dict(found["vlan"]) == {"id": "20", "parent": "eth0"}
    assert found["ipv4"]["address1"] == "10.0.0.2/8"
    assert found["ipv4"]["dns"] == "10.0.0.1;1.1.1.1;"


def test_names_of_wifis_may_hold_anything() -> None:
    found = read(Network(interface="wlan0", ssid=" caf;é\\ 办公室", password="p;w\\12345"))  # noqa: S106
    assert found["wifi"]["ssid"] == "\\scaf\\;é\\\\ 办公室"
    assert found["wifi-security"]["psk"] == "p\\;w\\\\12345"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"interface": "eth0; rm"}, "interface"),
        ({"interface": "../../etc"}, "interface"),
        ({"method": Method.STATIC, "address": ""}, "address"),
        ({"method": Method.STATIC, "address": "192.168.1.10"}, "address"),
        ({"method": Method.STATIC, "address": "192.168.1.0/24"}, "address"),
        ({"method": Method.STATIC, "address": "192.168.1.255/24"}, "address"),
        ({"method": Method.STATIC, "address": "300.1.1.1/24"}, "address"),
        ({"method": Method.STATIC, "address": "192.168.1.10/24", "gateway": "10.0.0.1"}, "gateway"),
        ({"method": Method.STATIC, "address": "192.168.1.10/24", "gateway": "192.168.1.10"}, "gateway"),
        ({"method": Method.STATIC, "address": "192.168.1.10/24", "dns": ["nowhere"]}, "dns"),
        ({"ssid": "x", "password": "short"}, "password"),
        ({"ssid": "x\n[ipv4]", "password": "long enough"}, "ssid"),
        ({"ssid": "x", "vlan": 3}, "vlan"),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields: dict[str, object], field: str) -> None:
    with pytest.raises(UserError, match=f"^{field}"):
        checked(Network(**fields))  # type: ignore[arg-type]


def desk(tmp_path: Path) -> tuple[NetworkDesk, PretendHost]:
    host = PretendHost(tmp_path / "host")
    return NetworkDesk(host, tmp_path / "network.json"), host


def profiles(host: PretendHost) -> list[Path]:
    """Return what NetworkManager reads, by name."""
    return sorted(host.root.glob("*/NetworkManager/system-connections/*"), key=lambda path: path.name)


@pytest.mark.looptime
async def test_unless_somebody_confirms_the_old_network_comes_back(tmp_path: Path) -> None:
    one, host = desk(tmp_path)
    await one.set(FIXED, 60)
    assert one.state().trying
    assert one.wanted() == FIXED
    with pytest.raises(UserError, match="being tried"):
        await one.set(Network(), 60)
    await asyncio.sleep(61)
    assert not one.state().trying
    assert one.wanted() == Network()
    assert profiles(host) == []


@pytest.mark.looptime
async def test_whoever_locks_himself_out_pulls_the_plug(tmp_path: Path) -> None:
    one, host = desk(tmp_path)
    await one.set(Network(vlan=7), 60)
    assert await one.keep()
    await one.set(FIXED, 60)
    shutil.rmtree(host.root / "run")
    again = NetworkDesk(host, tmp_path / "network.json")
    assert again.wanted() == Network(vlan=7)
    (left,) = profiles(host)
    assert left.read_text() == keyfile(Network(vlan=7))


@pytest.mark.looptime
async def test_a_steward_that_died_in_a_trial_takes_it_back_when_it_starts_again(tmp_path: Path) -> None:
    one, host = desk(tmp_path)
    await one.set(Network(vlan=7), 60)
    assert await one.keep()
    kept = NetworkDesk(host, tmp_path / "network.json")
    await kept.resume()
    assert [path.name for path in profiles(host)] == [
        "zongji-trial.nmconnection",
        "zongji.nmconnection",
    ], "kept, and still up"
    await kept.set(FIXED, 60)
    host.history.clear()
    again = NetworkDesk(host, tmp_path / "network.json")
    await again.resume()
    assert [path.name for path in profiles(host)] == ["zongji.nmconnection"]
    assert ("nmcli", "--wait", "30", "connection", "up", "zongji") in host.history
    assert again.wanted() == Network(vlan=7)


@pytest.mark.looptime
async def test_what_was_confirmed_stays(tmp_path: Path) -> None:
    one, host = desk(tmp_path)
    await one.set(FIXED, 60)
    assert await one.keep()
    await asyncio.sleep(61)
    assert one.wanted() == FIXED
    assert not await one.keep(), "nothing is being tried"
    profile = host.root / "etc/NetworkManager/system-connections/zongji.nmconnection"
    assert profile in profiles(host)
    assert {path.stat().st_mode & 0o777 for path in profiles(host)} == {0o600}


class _Refusing(PretendHost):
    def run(self, *command: str, limit_s: float = 60.0, stdin: str = "") -> str:
        super().run(*command, limit_s=limit_s, stdin=stdin)
        if "up" in command:
            raise UserError("nmcli: no such device")
        return ""


async def test_a_network_that_does_not_come_up_is_taken_back_at_once(tmp_path: Path) -> None:
    host = _Refusing(tmp_path / "host")
    one = NetworkDesk(host, tmp_path / "network.json")
    with pytest.raises(UserError, match="no such device"):
        await one.set(FIXED, 60)
    assert one.wanted() == Network()
    assert not one.trying
    assert profiles(host) == []


def test_the_password_of_a_wifi_is_told_to_nobody(tmp_path: Path) -> None:
    one, _ = desk(tmp_path)
    secret = Network(interface="wlan0", ssid="x", password="long enough")  # noqa: S106
    (tmp_path / "network.json").write_text('{"interface":"wlan0","ssid":"x","password":"long enough"}')
    assert one.wanted() == secret
    assert one.state().wanted.password == ""
    assert "long enough" not in repr(secret)
