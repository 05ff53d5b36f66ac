"""A certificate for the pages, signed by the box's authority; their key never leaves their process."""

from __future__ import annotations

import ipaddress

from firmware.control.base import BaseReply, BaseRequest

MAX_HOSTS = 40
_LOCAL_ENDINGS = (".local", ".lan", ".home.arpa", ".internal")


class SignPages(BaseRequest, frozen=True, tag="sign pages", kw_only=True):
    """Have a server certificate signed. Only for names of this network: an authority that people trust must
    not be talked into vouching for somebody else's site."""

    request: str
    """PKCS #10, PEM."""
    hosts: list[str]


class SignedReply(BaseReply, frozen=True, tag="signed", kw_only=True):
    certificate: str
    """PEM; likewise the authority's."""
    authority: str


def is_local(host: str) -> bool:
    """Tell whether a name or address can only be one of this network's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        plain = host.replace("-", "").replace(".", "")
        return plain.isascii() and plain.isalnum() and ("." not in host or host.endswith(_LOCAL_ENDINGS))
    return address.is_private or address.is_loopback or address.is_link_local
