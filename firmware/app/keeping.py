"""What becomes of calls after they have ended: kept, counted, copied, told, backed up; and who may ask."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmware.app import records, reports
from firmware.app.api.cloud import CloudDesk
from firmware.app.api.storage import StorageDesk
from firmware.app.backup import Backups
from firmware.app.cloud import Copying
from firmware.app.parts import Parts
from firmware.app.report_mail import ReportMail
from firmware.app.webhooks import Telling


async def start(parts: Parts, running: AsyncExitStack) -> None:
    """Begin all of it."""
    kept = await records.start(parts, running)
    backups = Backups(parts)
    await backups.start(running)
    StorageDesk(parts, kept, backups).register()
    copying, telling = Copying(parts), Telling(parts)
    await copying.start(running)
    await telling.start(running)
    CloudDesk(parts, copying, telling).register()
    drawn = await reports.start(parts, running)
    await ReportMail(parts, drawn).start(running)
