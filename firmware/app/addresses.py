"""Under which address the box is reached, where whoever asks doesn't say how he reached it."""

from __future__ import annotations

from extensions.sip.flow import is_unspecified
from extensions.sip.net.interfaces import reachable_hosts
from firmware.profile import Profile


def own_host(profile: Profile) -> str:
    """Return the box's address for phones: the profile's, or the first of its interfaces'."""
    host = profile.sip.host
    return host if not is_unspecified(host) else next(iter(reachable_hosts()), "127.0.0.1")


def with_port(host: str, port: int) -> str:
    """Return a host and its port as one enters them: "192.168.1.5:5060", "[fd00::5]:5060"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
