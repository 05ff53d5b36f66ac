"""What the owner must hear of: emergency calls, limits reached, a part that failed."""

from __future__ import annotations

import datetime
import logging
from collections import deque

from firmware.core.trace import Text

logger = logging.getLogger(__name__)

_MAX_ALARMS = 20


class Alarms:
    """Called with a text. The newest are kept for the status."""

    def __init__(self) -> None:
        self.recent: deque[str] = deque(maxlen=_MAX_ALARMS)

    def __call__(self, text: Text) -> None:
        logger.error("ALARM: %s", text)
        self.recent.append(f"{datetime.datetime.now().astimezone():%m-%d %H:%M} {text}")
