"""`python -m firmware.backup`: one backup in a process that gives way to calls.

Its order comes as JSON on the input, because it holds secrets; the outcome goes as JSON to the output.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from firmware.backup.job import back_up, site_name
from firmware.backup.order import Order, Outcome
from firmware.backup.places import BucketPlace, FolderPlace, Place, PutPlace
from firmware.cloud.bucket import Bucket
from firmware.core.errors import ZongjiError
from firmware.core.paths import StatePaths
from firmware.settings.store import SettingsStore

_POLITE = 19


def check_settings(path: Path) -> None:
    """See whether a settings file can be put into force.

    Raises:
        ZongjiError: It can't.
    """
    SettingsStore(path).open()


def place_of(order: Order) -> Place:
    """Return where the backup goes."""
    if order.to == "s3" and order.bucket is not None:
        return BucketPlace(Bucket(order.bucket))
    if order.to == "https":
        return PutPlace(order.url, order.token)
    return FolderPlace(Path(order.folder))


async def carry_out(order: Order) -> Outcome:
    """Make the backup; tell what came of it."""
    try:
        result = await back_up(
            StatePaths(Path(order.state)),
            place_of(order),
            order.public_key,
            site_name(order.site),
            order.now_ms,
            check_settings,
            keep=order.keep,
            audio=order.audio,
        )
    except ZongjiError as error:
        return Outcome(fault=str(error))
    except OSError as error:
        return Outcome(fault=f"{error.strerror}: {error.filename}")
    return Outcome(result)


def main() -> int:
    """Read the order, carry it out, print the outcome."""
    os.nice(_POLITE)
    outcome = asyncio.run(carry_out(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
    return 0 if outcome.result is not None else 1


if __name__ == "__main__":
    sys.exit(main())
