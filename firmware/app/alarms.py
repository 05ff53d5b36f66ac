"""What the owner must hear of: emergency calls, limits reached, a part that failed."""

from __future__ import annotations

import datetime
import logging
from collections import deque
from collections.abc import Callable

from firmware.core.trace import Said, Text
from firmware.core.trace.box import Box

logger = logging.getLogger(__name__)

_MAX_ALARMS = 20


class Alarms:
    """Called with what can be said in both languages. The newest are kept for the status."""

    def __init__(self) -> None:
        self.recent: deque[Text] = deque(maxlen=_MAX_ALARMS)
        self.listeners: list[Callable[[Said], None]] = []
        """Told of each one; one that raises keeps nobody else from hearing it."""

    def __call__(self, text: Said) -> None:
        logger.error("ALARM: %s", text)
        self.recent.append(Box.ALARM(at=f"{datetime.datetime.now().astimezone():%m-%d %H:%M}", what=text))
        for tell in self.listeners:
            try:
                tell(text)
            except Exception:
                logger.exception("an alarm could not be passed on")
