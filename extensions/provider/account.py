"""What the administrator was told by the provider."""

from __future__ import annotations

import enum

import msgspec


class Server(msgspec.Struct, frozen=True):
    """One of the provider's servers."""

    host: str
    port: int = 5060
    transport: str = "udp"


class CallerId(enum.StrEnum):
    """How the provider wants to be told who calls."""

    ACCOUNT = "account"
    """Always the account's own number: what most providers enforce anyway."""
    ASSERTED = "asserted"
    """From is the account, the caller stands in P-Asserted-Identity (RFC 3325)."""
    FROM = "from"
    """The caller stands in From."""


class ProviderAccount(msgspec.Struct, frozen=True):
    """One account at a provider."""

    name: str
    """The line's name in records: "provider1"."""
    servers: tuple[Server, ...]
    """In order of preference: the next is taken when one fails."""
    username: str
    secret: str
    domain: str = ""
    """The address of record's domain; the server's host when empty."""
    number: str = ""
    """What is shown for callers without a number of their own; the username when empty."""
    registers: bool = True
    """False for a provider that knows our address."""
    expires_s: int = 600
    caller_id: CallerId = CallerId.ACCOUNT

    def __repr__(self) -> str:
        return f"ProviderAccount({self.name!r}, {self.username!r}, secret=…)"
