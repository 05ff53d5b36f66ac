"""A flow: one way packets travel between this host and a peer (RFC 5626 §2)."""

from __future__ import annotations

import functools
from ipaddress import ip_address

import msgspec

UDP = "udp"
TCP = "tcp"
TLS = "tls"

# Addresses of which it is remembered whether they are anybody's.
_REMEMBERED = 256

# In place of a connection's number: whatever connection to that host there is, else a new one.
DIAL = 0


@functools.lru_cache(_REMEMBERED)
def is_unspecified(host: str) -> bool:
    """Tell whether an address is nobody's, 0.0.0.0 or ::, or none at all: to bind it is to bind every one, to
    be sent there is to be held."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


class Flow(msgspec.Struct, frozen=True):
    """Where a message came from and where the answer goes: the adapter sends on exactly this."""

    transport: str
    """`UDP`, `TCP` or `TLS`."""
    host: str
    port: int
    local_host: str
    """Our address as the peer reaches it; goes into Via, Contact and SDP."""
    local_port: int
    connection: int = 0
    """A serial number per connection, so that a reused port is another flow; 0 for UDP, and `DIAL`."""

    @property
    def reliable(self) -> bool:
        return self.transport != UDP

    def __str__(self) -> str:
        return f"{self.transport}:{self.host}:{self.port}"

    @property
    def dialled(self) -> bool:
        """Whether it stands for a connection that is opened when something is sent."""
        return self.transport != UDP and self.connection == DIAL

    def with_port(self, port: int) -> Flow:
        return (
            self
            if port == self.port
            else Flow(self.transport, self.host, port, self.local_host, self.local_port)
        )
