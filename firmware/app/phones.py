"""The SIP side: accounts from the settings, who is heard, TLS, and what a call from a phone becomes."""

from __future__ import annotations

import asyncio
import datetime
import logging
from contextlib import AsyncExitStack
from functools import partial

from extensions.bans import Ban
from extensions.certificates import Certificates
from extensions.phones import Phones
from extensions.pickup import pick_up
from extensions.sip.acl import LAN, Acl
from extensions.sip.flow import is_unspecified
from extensions.sip.net.interfaces import networks_of, reachable_hosts
from firmware.app import phone_texts, provisioning
from firmware.app.accounts import SettingsAccounts
from firmware.app.alarms import Alarms
from firmware.app.callers import phone_calls
from firmware.app.parts import Parts
from firmware.core.errors import UserError
from firmware.core.media import MediaPlane
from firmware.core.trace.phones import Phones as Words
from firmware.media.dsp.spandsp import available as has_g722
from firmware.profile import Profile
from firmware.settings.document import Settings
from firmware.settings.store import SettingsStore

logger = logging.getLogger(__name__)

# How often the interfaces' networks are read again: a DHCP server seldom gives out another one.
_INTERFACES_S = 60.0


def build(settings: SettingsStore, plane: MediaPlane, profile: Profile) -> Phones:
    """Return the phones, not started."""
    return Phones(SettingsAccounts(settings), plane, profile.sip.host, profile.sip.port, acl=Acl(()))


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin to listen.

    Raises:
        UserError: The address can't be listened at.
    """
    phones, current = parts.phones, parts.settings.current
    certificates = Certificates(parts.paths.root / "tls")
    phones.on_incoming = partial(phone_calls, parts)
    phones.on_pickup = partial(pick_up, parts.exchange)
    follow(phones, parts.settings, parts.alarms)
    # The certificate names every address of the box, so that a phone may check whom it speaks to.
    await asyncio.to_thread(_certify, parts, certificates)
    if current.sip.tls:
        phones.serve_tls(certificates.server_context(), current.sip.tls_port)
    try:
        await phones.start()
    except OSError as error:
        where = f"{parts.profile.sip.host}:{parts.profile.sip.port}"
        if current.sip.tls:
            where += f" and {current.sip.tls_port}"
        raise UserError(
            f"SIP can't listen at {where}: {error.strerror}; free that port or choose another"
        ) from error
    running.push_async_callback(phones.stop)
    watching = asyncio.create_task(_follow_interfaces(parts), name="interfaces")
    running.callback(watching.cancel)
    phone_texts.attach(parts, parts.texting)
    await provisioning.start(parts, certificates, running)


def follow(phones: Phones, settings: SettingsStore, alarms: Alarms) -> None:
    """Keep the phones as the settings want them, now and after each change; tell the owner who guesses."""
    phones.bans.on_ban = partial(_alarm, alarms)
    _apply(phones, settings.current)
    settings.subscribe(lambda _, after: _apply(phones, after))


def _apply(phones: Phones, settings: Settings) -> None:
    """Put changed settings into force."""
    phones.acl.replace(_networks(settings))
    phones.bans.allow(filter(None, settings.sip.never_banned.split(",")))
    phones.wideband = settings.sip.wideband and has_g722()
    phones.accounts_changed()


def _networks(settings: Settings) -> tuple[str, ...]:
    names = settings.sip.interfaces
    return networks_of(names.split(",")) if names else LAN


async def _follow_interfaces(parts: Parts) -> None:
    while True:
        await asyncio.sleep(_INTERFACES_S)
        parts.phones.acl.replace(_networks(parts.settings.current))


def _certify(parts: Parts, certificates: Certificates) -> None:
    host = parts.profile.sip.host
    hosts = reachable_hosts() if is_unspecified(host) else (host,)
    certificates.ensure((*hosts, "zongji.local"), datetime.datetime.now(datetime.UTC))


def _alarm(alarms: Alarms, ban: Ban) -> None:
    """Tell the owner that somebody guesses passwords."""
    minutes = round(ban.seconds / 60)
    if ban.host is None:
        alarms(Words.ATTACKED(account=ban.account or "", failures=ban.failures))
    elif not ban.seconds:
        alarms(Words.TOLERATED(host=ban.host, failures=ban.failures))
    elif ban.account is None:
        alarms(Words.BANNED_HOST(host=ban.host, failures=ban.failures, minutes=minutes))
    else:
        alarms(Words.BANNED(host=ban.host, failures=ban.failures, account=ban.account[:32], minutes=minutes))
