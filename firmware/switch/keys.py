"""What a caller keys: typed ahead, put together to an answer, never more than a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Type-ahead beyond this is noise or an attack; the longest thing to key is a card number.
MAX_TYPED_AHEAD = 32


class Keys:
    """The keys of one caller that nobody has asked for yet, the oldest first."""

    def __init__(self) -> None:
        self._typed: asyncio.Queue[str] = asyncio.Queue(MAX_TYPED_AHEAD)

    def pressed(self, digit: str) -> None:
        """Take a key; dropped when too many wait."""
        if not self._typed.full():
            self._typed.put_nowait(digit)

    async def next(self) -> str:
        """Wait for the next key."""
        return await self._typed.get()

    def forget(self) -> None:
        """Drop what was typed ahead."""
        while not self._typed.empty():
            self._typed.get_nowait()

    async def first(self, question: asyncio.Task[None], seconds: float) -> str | None:
        """Return the first key, pressed while the question plays or within `seconds` of its end."""
        key = asyncio.create_task(self._typed.get())
        try:
            await asyncio.wait({key, question}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                await asyncio.wait({key}, timeout=seconds)
            return key.result() if key.done() else None
        finally:
            key.cancel()

    async def rest(self, first: str, is_complete: Callable[[str], bool], next_seconds: float) -> str:
        """Return the answer that begins with `first`.

        Args:
            first: The first key.
            is_complete: Told the digits so far; true ends the wait at once. `#` always does.
            next_seconds: How long to wait for each further key.

        Returns:
            The digits without the closing `#`; `#` when that was all.
        """
        digits, digit = "", first
        while digit != "#":
            digits += digit
            if is_complete(digits):
                break
            try:
                async with asyncio.timeout(next_seconds):
                    digit = await self._typed.get()
            except TimeoutError:
                break
        return digits or "#"
