"""Players: prompts and tones as a stream of samples, cut into frames without gaps.

A player holds a list of items and a position. `render` fills one frame, crossing from item to item at the
very sample; a file that is not loaded yet is waited for in silence, which happens only at the beginning, as
all files of a prompt are asked for at once. Music asks for one file ahead, so that a long list costs no
memory, and leaves out what can't be played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from firmware.core.media import (
    CallerIdStandard,
    MediaError,
    PlayCallerId,
    PlayFile,
    PlayItem,
    PlaySilence,
    PlayTone,
)
from firmware.media.dsp.callerid import dtmf_transmission, fsk_transmission
from firmware.media.dsp.callerid_message import CallerId, Stamp, build_mdmf
from firmware.media.dsp.fsk import BELL_202, V23
from firmware.media.dsp.tones import RAMP_MS, ToneGenerator, ramp, samples_of
from firmware.media.dsp.units import to_int16
from firmware.media.g711 import FRAME, I16, RATE
from firmware.media.loader import Loading

FULL_SCALE_DBM0: Final = 3.17
"""Level of the loudest sine (G.711: the overload point of µ-law)."""
MAX_CADENCE_MS: Final = 3_600_000
MIN_CADENCE_MS: Final = 10
"""A shorter period of a cadence is no tone; one of zero would never end."""


class Rendered(Protocol):
    """An item that is played once, from its beginning on."""

    def fill(self, position: int, out: I16) -> int:
        """Write samples from `position` on; return how many, fewer than asked only at the end."""


class SampleItem:
    """A file's samples, from `start_ms` on."""

    def __init__(self, samples: I16, start_ms: int = 0) -> None:
        self._samples = samples[max(0, start_ms) * RATE // 1000 :]

    def fill(self, position: int, out: I16) -> int:
        part = self._samples[position : position + len(out)]
        out[: len(part)] = part
        return len(part)


class SilenceItem:
    def __init__(self, duration_ms: int) -> None:
        self._length = max(0, duration_ms) * RATE // 1000

    def fill(self, position: int, out: I16) -> int:
        count = max(0, min(len(out), self._length - position))
        out[:count] = 0
        return count


class ToneItem:
    """A tone of `dsp.tones`, checked and cut to its length."""

    def __init__(self, tone: PlayTone) -> None:
        if not tone.frequencies or not all(0 < frequency < RATE / 2 for frequency in tone.frequencies):
            raise MediaError(f"tone of {tone.frequencies} Hz")
        if not -90 <= tone.level_dbm0 <= FULL_SCALE_DBM0:
            raise MediaError(f"tone at {tone.level_dbm0} dBm0")
        if not 0 <= tone.modulated_by < RATE / 2:
            raise MediaError(f"tone modulated by {tone.modulated_by} Hz")
        total_ms = sum(tone.cadence_ms)
        if tone.cadence_ms and (min(tone.cadence_ms) < 0 or not MIN_CADENCE_MS <= total_ms <= MAX_CADENCE_MS):
            raise MediaError(f"cadence {tone.cadence_ms}")
        self._length = None if tone.duration_ms is None else max(0, tone.duration_ms) * RATE // 1000
        # A cadence of odd length is meant to alternate through its repetition.
        cadence = tone.cadence_ms * (1 + len(tone.cadence_ms) % 2)
        self._generator = ToneGenerator(
            tone.frequencies, cadence, tone.level_dbm0, modulated_by=tone.modulated_by
        )

    def fill(self, position: int, out: I16) -> int:
        count = len(out) if self._length is None else max(0, min(len(out), self._length - position))
        if count:
            self._generator.fill(out[:count])
        if self._length is not None and count > 0 and position + count == self._length:
            # A tone that is cut off in its midst would end in a click.
            edge = min(samples_of(RAMP_MS), count)
            out[count - edge : count] = to_int16(out[count - edge : count] * ramp(edge)[::-1])
        return count


def caller_id_samples(item: PlayCallerId) -> I16:
    """Return the samples of a caller id transmission.

    Raises:
        MediaError: The number, the name or the moment can't be sent.
    """
    absent = "P" if item.withheld else "O"
    number = None if item.withheld else item.number
    try:
        caller = CallerId(
            number=number,
            number_absent=None if number else absent,
            name=None if item.withheld else item.name,
            stamp=Stamp(item.month, item.day, item.hour, item.minute),
        )
        if item.standard is CallerIdStandard.DTMF:
            return dtmf_transmission(caller)
        standard = V23 if item.standard is CallerIdStandard.V23 else BELL_202
        return fsk_transmission(build_mdmf(caller), standard)
    except ValueError as error:
        raise MediaError(f"caller id: {error}") from error


class Player:
    """One list of items on its way to one port.

    Args:
        items: What to play, in order.
        repeat: Begin again after the last.
        request: Asks for a file.
        ahead: Files asked for beyond the present one; None for all at once.
        patient: Leave out what can't be played, instead of ending.
    """

    def __init__(
        self,
        items: Sequence[PlayItem],
        *,
        repeat: bool,
        request: Callable[[str], Loading],
        ahead: int | None = None,
        patient: bool = False,
    ) -> None:
        self._items = list(items)
        self._repeat = repeat
        self._request = request
        self._ahead = len(self._items) if ahead is None else ahead
        self._patient = patient
        self._files: dict[int, Loading] = {}
        self._present: Rendered | None = None
        self._index = 0
        self._position = 0
        self._round_samples = 0
        self.error: str | None = None
        """Why it ended before its last item."""
        self._ask_ahead()

    def render(self, out: I16) -> bool:
        """Fill one frame; return whether there is more. The rest of a last frame is silence.

        Args:
            out: Shape (160,).
        """
        filled = 0
        out[:] = 0
        while filled < FRAME:
            if self._index >= len(self._items):
                # A list without any sound would be begun again for ever within this frame.
                if not self._repeat or self._round_samples == 0:
                    return False
                self._index = self._round_samples = 0
                self._ask_ahead()
            try:
                item = self._item()
            except MediaError as error:
                if not self._patient:
                    self.error = str(error)
                    return False
                self._next()
                continue
            if item is None:
                return True
            count = item.fill(self._position, out[filled:])
            self._position += count
            self._round_samples += count
            filled += count
            if filled < FRAME:
                self._next()
        return True

    def _next(self) -> None:
        """Go on to the next item."""
        if self._ahead < len(self._items):
            self._files.pop(self._index, None)
        self._index += 1
        self._position = 0
        self._present = None
        self._ask_ahead()

    def _ask_ahead(self) -> None:
        """Ask for the files that come next."""
        last = min(len(self._items), self._index + self._ahead + 1)
        for index in range(self._index, last):
            item = self._items[index]
            if isinstance(item, PlayFile) and index not in self._files:
                self._files[index] = self._request(item.path)

    def _item(self) -> Rendered | None:
        """Return the present item, or None while its file is being loaded."""
        if self._present is not None:
            return self._present
        item = self._items[self._index]
        file = self._files.get(self._index)
        if isinstance(item, PlaySilence):
            self._present = SilenceItem(item.duration_ms)
        elif isinstance(item, PlayTone):
            self._present = ToneItem(item)
        elif isinstance(item, PlayCallerId):
            self._present = SampleItem(caller_id_samples(item))
        elif file is None or file.error is not None:
            raise MediaError(file.error if file and file.error else item.path)
        elif file.samples is None:
            return None
        else:
            self._present = SampleItem(file.samples, item.start_ms)
        return self._present
