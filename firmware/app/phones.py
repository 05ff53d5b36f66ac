"""The SIP side: accounts from the settings, and what a call from a phone becomes."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from extensions.phones import Phones
from firmware.app.accounts import SettingsAccounts
from firmware.app.callers import phone_calls
from firmware.app.parts import Parts
from firmware.core.errors import UserError
from firmware.core.media import MediaPlane
from firmware.profile import Profile
from firmware.settings.store import SettingsStore


def build(settings: SettingsStore, plane: MediaPlane, profile: Profile) -> Phones:
    """Return the phones, not started."""
    return Phones(SettingsAccounts(settings), plane, profile.sip.host, profile.sip.port)


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin to listen.

    Raises:
        UserError: The address can't be listened at.
    """
    parts.phones.on_incoming = partial(phone_calls, parts)
    try:
        await parts.phones.start()
    except OSError as error:
        where = f"{parts.profile.sip.host}:{parts.profile.sip.port}"
        raise UserError(
            f"SIP can't listen at {where}: {error.strerror}; free that port or choose another"
        ) from error
    running.push_async_callback(parts.phones.stop)
