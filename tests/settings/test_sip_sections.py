"""The sections `sip`, `devices` and `providers`: what is taken, what is refused, whose accounts follow."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firmware.app.accounts import accounts_of
from firmware.app.providers import account_of
from firmware.core.errors import UserError
from firmware.settings.document import Settings
from firmware.settings.parse import parse_settings

SOFA = {"extension": "101", "account": "101-sofa", "secret": "k7mn2pq9rs4tvw6xyz3a"}
DESK = {"extension": "102", "account": "102-desk", "secret": "k7mn2pq9rs4tvw6xyz3b"}
BOUGHT = {"name": "bought", "servers": ["sip.example.com"], "username": "02087654321"}


def settings(**sections: Any) -> Settings:
    document = msgspec.to_builtins(Settings())
    return parse_settings({**document, **sections})


def test_a_second_device_has_an_account_of_its_own() -> None:
    accounts = list(accounts_of(settings(devices=[{**SOFA, "algorithm": "SHA-256"}])))
    assert [(one.extension, one.user) for one in accounts if one.extension == "101"] == [
        ("101", "101"),
        ("101", "101-sofa"),
    ]
    assert accounts[0].secret != accounts[-1].secret


def test_the_first_device_can_be_told_to_encrypt_and_keeps_its_persons_secret() -> None:
    first = {"extension": "101", "account": "101", "srtp": True}
    now = settings(devices=[first], sip={"tls": True})
    accounts = [one for one in accounts_of(now) if one.extension == "101"]
    assert [(one.user, one.srtp, one.secret == now.extensions[0].secret) for one in accounts] == [
        ("101", True, True)
    ]


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"devices": [{**SOFA, "extension": "999"}]}, r"devices\[0\].extension: there is no extension 999"),
        ({"devices": [SOFA, SOFA]}, r"devices\[1\].account: 101-sofa is taken"),
        ({"devices": [{**SOFA, "account": "102"}]}, r"devices\[0\].account: 102 is taken"),
        ({"devices": [{**SOFA, "account": "No Blanks"}]}, "account"),
        ({"devices": [{**SOFA, "make": "yealink"}]}, r"devices\[0\].mac: missing"),
        ({"devices": [{**SOFA, "mac": "00:15:65:11:22"}]}, "mac"),
        (
            {"devices": [{**SOFA, "mac": "00:15:65:11:22:3A"}, {**DESK, "mac": "00156511223a"}]},
            r"devices\[1\].mac: 00156511223a is another device's",
        ),
        ({"devices": [{**SOFA, "srtp": True}]}, r"devices\[0\].srtp: encrypted audio needs SIP over TLS"),
        ({"sip": {"never_banned": "300.1.1.0/24"}}, "never_banned"),
        ({"sip": {"interfaces": "eth0;rm"}}, "interfaces"),
        ({"providers": [BOUGHT, BOUGHT]}, r"providers\[1\].name: bought is taken"),
        ({"providers": [{**BOUGHT, "servers": ["sip.example.com:99999"]}]}, "99999 is no port"),
        ({"providers": [{**BOUGHT, "servers": []}]}, "servers"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(sections: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        settings(**sections)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("sip.example.com", ("sip.example.com", 5060, "udp")),
        ("10.1.1.1:5070;tcp", ("10.1.1.1", 5070, "tcp")),
        ("sip.example.com;tls", ("sip.example.com", 5061, "tls")),
    ],
)
def test_a_providers_server_as_people_write_it(text: str, server: tuple[str, int, str]) -> None:
    (provider,) = settings(providers=[{**BOUGHT, "servers": [text]}]).providers
    (found,) = account_of(provider).servers
    assert (found.host, found.port, found.transport) == server
    assert "secret" not in repr(provider).replace("secret=***", "")
