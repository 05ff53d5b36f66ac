"""Which networks an interface is in, and who is heard through it."""

from __future__ import annotations

import ipaddress
import socket

from extensions.sip.acl import Acl
from extensions.sip.net.interfaces import LOOPBACK, networks_of, reachable_hosts


def test_the_loopback_is_always_heard_and_an_absent_interface_adds_nobody() -> None:
    assert networks_of(["nowhere0"]) == LOOPBACK
    heard = Acl(networks_of(["nowhere0"]))
    assert heard.allows("127.0.0.1") and heard.allows("::1")
    assert not heard.allows("192.168.1.9")


def test_an_interfaces_own_networks_are_found() -> None:
    for _, name in socket.if_nameindex():
        for network in networks_of([name]):
            ipaddress.ip_network(network)
    assert "127.0.0.0/8" in networks_of(["lo"])


def test_what_others_reach_us_by_is_neither_loopback_nor_link_local() -> None:
    for host in reachable_hosts():
        address = ipaddress.ip_address(host)
        assert not address.is_loopback and not address.is_link_local


def test_networks_can_change_while_phones_are_heard() -> None:
    acl = Acl(["10.0.0.0/24"])
    assert acl.allows("10.0.0.5") and not acl.allows("10.0.1.5")
    acl.replace(["10.0.1.0/24"])
    assert acl.allows("10.0.1.5") and not acl.allows("10.0.0.5")
