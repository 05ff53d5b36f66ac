"""The screens, and the menu that leads to them."""

from firmware.console.screens.acceptance import acceptance
from firmware.console.screens.backup import backup
from firmware.console.screens.lines import lines
from firmware.console.screens.network import network
from firmware.console.screens.people import people
from firmware.console.screens.status import logs, status
from firmware.console.screens.system import clock, system

MAIN = (
    ("status", status),
    ("lines", lines),
    ("acceptance", acceptance),
    ("people", people),
    ("network", network),
    ("clock", clock),
    ("logs", logs),
    ("backup", backup),
    ("system", system),
)

__all__ = ["MAIN"]
