"""The network: tried, and kept or taken back."""

from __future__ import annotations

from tests.console.office_box import OfficeBox
from tests.console.person import Person


def test_a_fixed_address_is_tried_and_kept(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("eth0 192.168.1.20/24", "Set: eth0 DHCP")
    person.types("2")
    person.sees("Address with prefix")
    person.types("192.168.1.10/24")
    person.types("192.168.1.1")
    person.types("192.168.1.1, 223.5.5.5")
    person.sees("New: eth0 192.168.1.10/24 → 192.168.1.1 DNS 192.168.1.1, 223.5.5.5", "Try it for 90 s")
    person.types("y")
    person.sees("It is in force.")
    person.types("y")
    person.sees("Kept.")
    profile = box.host.root / "etc/NetworkManager/system-connections/zongji.nmconnection"
    assert "address1=192.168.1.10/24,192.168.1.1" in profile.read_text()
    assert profile.stat().st_mode & 0o777 == 0o600
    assert "nmcli --wait 30 connection up zongji-trial" in box.commands()


def test_a_network_that_cannot_be_is_refused_with_the_remedy(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("Set:")
    person.types("2")
    person.types("192.168.1.10")
    person.types("")
    person.types("")
    person.sees("Try it for")
    person.types("y")
    person.sees("address: with its prefix, such as 192.168.1.10/24.")
    assert not (box.host.root / "etc/NetworkManager").exists()


def test_wifi_and_vlan(box: OfficeBox, person: Person) -> None:
    person.types("5")
    person.sees("Wi-Fi")
    person.types("3")
    person.types("办公室 AP")
    person.sees("Its password")
    person.types("long enough key")
    person.sees("New: wlan0 Wi-Fi “办公室 AP” DHCP")
    person.types("n")
    person.sees("Main menu")
    assert "long enough key" not in person.seen
    person.types("5")
    person.sees("VLAN")
    person.types("4")
    person.types("4095")
    person.sees("Please type a number from 0 to 4094.")
    person.types("20")
    person.sees("New: eth0 VLAN 20 DHCP")
    person.types("y")
    person.types("n")
    person.sees("It goes back within 90 s.")
    profile = box.host.root / "run/NetworkManager/system-connections/zongji-trial.nmconnection"
    assert "[vlan]\nid=20\nparent=eth0" in profile.read_text()
