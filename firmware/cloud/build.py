"""From what the administrator has set to a running way to the cloud."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from firmware.cloud import wire
from firmware.cloud.allowance import Allowance
from firmware.cloud.https import TIMEOUT_S, HttpsTransport
from firmware.cloud.redaction import Redaction
from firmware.cloud.sync import CloudSync
from firmware.cloud.transport import Transport
from firmware.core.errors import UserError
from firmware.core.late import LateModule
from firmware.core.trace.said import Said
from firmware.store.outbox import Outbox
from firmware.store.records import SqliteJourneyStore

if TYPE_CHECKING:
    import httpx
else:
    httpx = LateModule("httpx")

_SCHEMES = {"https": ("https://",), "nats": ("tls://", "nats://")}


class CloudConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    way: Literal["off", "https", "nats"] = "off"
    url: str = ""
    """Such as "https://fleet.example.com" or "tls://fleet.example.com:4222"."""
    site: str = ""
    """This box's name at the far end: letters, digits, - and _."""
    key: str = ""
    """The secret that `zongji-fleet add-site` printed."""
    credentials: str = ""
    """Content of a NATS credentials file; empty for none."""
    authority: str = ""
    """Certificate (PEM) of a private authority; empty for the public ones."""
    redaction: Redaction = Redaction.NONE
    bytes_a_day: int | None = None
    """On a metered line; None for no limit."""

    def __repr__(self) -> str:
        return f"CloudConfig({self.way!r}, {self.url!r}, site={self.site!r}, key=***)"


def cloud_sync(
    config: CloudConfig,
    store: SqliteJourneyStore,
    on_alarm: Callable[[Said | None], None],
    allowance: Allowance | None = None,
) -> CloudSync | None:
    """Return the sending, not yet running; None when it is switched off.

    Raises:
        UserError: A setting can't be used; the text names it and the remedy.
    """
    if config.way == "off":
        return None
    if not wire.is_site(config.site):
        raise UserError("Setting cloud.site: name this box with 1 to 64 letters, digits, - or _.")
    if not config.key:
        raise UserError("Setting cloud.key: enter the key that `zongji-fleet add-site` printed.")
    schemes = _SCHEMES[config.way]
    if not config.url.startswith(schemes):
        raise UserError(f"Setting cloud.url: it begins with {' or '.join(schemes)} for {config.way}.")
    if config.bytes_a_day is not None and config.bytes_a_day < 1:
        raise UserError("Setting cloud.bytes_a_day: at least 1, or none for no limit.")
    return CloudSync(
        Outbox(store),
        _transport(config),
        config.site,
        config.key,
        config.redaction,
        config.bytes_a_day,
        on_alarm,
        allowance=allowance,
    )


def _transport(config: CloudConfig) -> Transport:
    if config.way == "https":
        client = httpx.AsyncClient(timeout=TIMEOUT_S, verify=_trust(config))
        return HttpsTransport(config.url, config.site, config.key, client)
    # NATS takes a tenth of a second and 4 MB to import; most boxes never need it.
    from firmware.cloud.jetstream import JetStreamTransport

    tls = _trust(config) if config.url.startswith("tls://") else None
    return JetStreamTransport(config.url, config.site, config.key, config.credentials, tls)


def _trust(config: CloudConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=config.authority or None)
    except ssl.SSLError as error:
        raise UserError(f"Setting cloud.authority: that is no certificate in PEM: {error}.") from None
