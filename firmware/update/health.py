"""Whether the version that runs now does its work: its switch answers, lines that were ready are ready again,
a call within the box is heard, the pages answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import urllib.error
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from firmware.control.care import CareReply, GetCare, TestCall, TestCallReply
from firmware.control.client import ControlClient
from firmware.core.errors import ZongjiError

LIMIT_S: Final = 120.0
"""A version that isn't well after this goes; a modem registers within 40 s, a slow network in 90."""

_READY: Final = ("ready", "in call")
"""States of `hal.line.LineState` in which a line does its work."""

_EVERY_S: Final = 2.0
_PAGE_S: Final = 5.0


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """How things stood before the update: what was broken then is not the update's fault."""

    ready_lines: list[str] = []
    live_calls: int = 0


async def look(control_socket: Path) -> Before:
    """Return how things stand now; with no switch to ask, nothing is known to work."""
    try:
        async with ControlClient(control_socket) as switch:
            status = await switch.status()
    except ZongjiError:
        return Before()
    ready = [line.name for line in status.lines if line.state in _READY]
    return Before(ready_lines=ready, live_calls=status.live_calls)


async def until_well(
    control_socket: Path, page: str, ready_lines: Collection[str], limit_s: float = LIMIT_S
) -> str | None:
    """Wait until the version that runs does its work; None when it does, else what is wrong with it.

    Args:
        control_socket: Of the switch.
        page: Address of a page that must answer.
        ready_lines: Names of lines that must be ready.
        limit_s: How long to wait, in seconds.
    """
    wrong = "it was not looked at"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while True:
                found = await look_for_wrong(control_socket, page, ready_lines)
                if found is None:
                    return None
                wrong = found
                await asyncio.sleep(_EVERY_S)
    return wrong


async def look_for_wrong(control_socket: Path, page: str, ready_lines: Collection[str]) -> str | None:
    """Return what is wrong with the version that runs, in words; None when it does its work."""
    try:
        async with ControlClient(control_socket) as switch:
            status = await switch.status()
            care = await switch.ask(GetCare(), CareReply)
            if care.safe_mode:
                return "the switch is in safe mode"
            lines = {line.name: line for line in status.lines}
            for name in ready_lines:
                if name not in lines:
                    return f"line {name} is gone"
                if lines[name].state not in _READY:
                    return f"line {name} is {lines[name].state}: {lines[name].detail}"
            heard = await switch.ask(TestCall(), TestCallReply)
            if not heard.ok:
                return f"the test call failed: {heard.detail}"
    except ZongjiError as error:
        return str(error)
    return await asyncio.to_thread(_page_wrong, page)


def _page_wrong(page: str) -> str | None:
    # The box's own certificate is signed by the box itself.
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(page, timeout=_PAGE_S, context=trusting) as answer:  # noqa: S310 - ours
            return None if answer.status < 500 else f"the pages answer {answer.status}"
    except urllib.error.HTTPError as error:
        return None if error.code < 500 else f"the pages answer {error.code}"
    except (OSError, ValueError) as error:
        return f"the pages don't answer: {error}"
