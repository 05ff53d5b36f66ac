"""All devices of the box, by row: opened, read and written once a tick, and found out when they are gone.

    READY? ──yes──► RUNNING ──gone──► FAILED ──reopened──► READY?
       └──can't be opened: refused

A failed device reads silence and takes everything, so that the call goes on; it is told once.

A device may be opened before it is of use (a modem's, while it still rings), and is then *held*: nothing is
written, what comes is thrown away, players wait. Once it is started the first write holds `ahead` samples at
once, the beginning of what the players have to say: it is heard there and then, and the device has a reserve
that chunks of 32 ms, written at ticks of 20 ms, don't exhaust.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from firmware.core.media import MediaError
from firmware.media.alsa import PREFIX, AlsaPcm
from firmware.media.echo_stage import EchoStage
from firmware.media.g711 import I16, RATE
from firmware.media.pcm import DeviceGone, PcmDevice, SerialPcm
from firmware.media.pcm_stream import PcmInput, PcmOutput, SampleAligner
from firmware.media.wide_device import WIDE_RATE, WideDevice

MAX_SETTLE_MS: Final = 2000
"""Longer than any device swallows audio at its beginning."""


def open_device(device: str, sample_rate: int) -> PcmDevice:
    """Open a tty or, as `alsa:NAME`, a sound card.

    A card of 16 kHz is opened at 8: ALSA's own `plug` converts, and so it is named ("alsa:plughw:CARD=…").

    Raises:
        MediaError: It is missing or busy, or its rate is neither 8 nor 16 kHz.
    """
    if sample_rate not in (RATE, WIDE_RATE):
        raise MediaError(f"{device}: {sample_rate} Hz isn't supported, only {RATE} and {WIDE_RATE} Hz")
    if device.startswith(PREFIX):
        return AlsaPcm(device)
    serial = SerialPcm(device)
    return WideDevice(serial) if sample_rate == WIDE_RATE else serial


class _Device(msgspec.Struct):
    device: PcmDevice
    input: PcmInput
    output: PcmOutput
    aligner: SampleAligner
    settle: float
    """Seconds that players wait for."""
    held: bool
    ahead: int = 0
    """Samples that the first write will hold; 0 from then on."""
    echo: EchoStage | None = None
    running: bool = False
    failed: bool = False
    audible_at: float = 0.0
    """Monotonic second from which players are heard."""


class DeviceNews(msgspec.Struct, frozen=True):
    """Something became of a device."""

    row: int
    opened: bool = False
    refused: str | None = None
    """Why it can't be opened."""
    failed: str | None = None
    """Why it is gone."""


class DeviceBank:
    """All devices.

    Args:
        opener: Opens one (device, sample rate); raises MediaError.
        clock: Monotonic seconds.
    """

    def __init__(self, opener: Callable[[str, int], PcmDevice], clock: Callable[[], float]) -> None:
        self._opener = opener
        self._clock = clock
        self._devices: dict[int, _Device] = {}
        self._news: list[DeviceNews] = []

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def dropped(self) -> int:
        """Writes that devices would not take."""
        return sum(one.device.dropped for one in self._devices.values())

    def rows(self) -> set[int]:
        """Return the rows that are devices."""
        return set(self._devices)

    def open(
        self, row: int, device: str, sample_rate: int, settle_ms: int = 0, *, held: bool = False
    ) -> None:
        """Open a row's device, in place of the one it had; `read` tells when it is open.

        Raises:
            MediaError: It is missing or busy. The row then has none.
        """
        self.close(row)
        opened = self._opener(device, sample_rate)
        self._devices[row] = _Device(
            opened, PcmInput(), PcmOutput(opened.chunk), SampleAligner(), _settle(settle_ms), held
        )

    def start(self, row: int, settle_ms: int) -> None:
        """Begin with a row that was held."""
        one = self._devices.get(row)
        if one is not None and one.held:
            one.held = False
            one.settle = _settle(settle_ms)
            one.audible_at = self._clock() + one.settle
            one.ahead = one.device.ahead

    def is_held(self, row: int) -> bool:
        """Whether a row's device has not been started yet."""
        one = self._devices.get(row)
        return one is not None and one.held

    def close(self, row: int) -> None:
        """Give a row's device back. Repeatable."""
        one = self._devices.pop(row, None)
        if one is not None:
            one.device.close()

    def failed(self, row: int) -> bool:
        """Whether a row has no device that works."""
        one = self._devices.get(row)
        return one is None or one.failed

    def cancel_echo(self, rows: set[int]) -> None:
        """Have the echo of what these rows are sent, and no others, taken out of what comes in."""
        for row, one in self._devices.items():
            if row not in rows:
                one.echo = None
            elif one.echo is None:
                one.echo = EchoStage()

    def settling(self) -> set[int]:
        """Return the rows whose devices swallow what they are given now."""
        now = self._clock()
        return {
            row for row, one in self._devices.items() if not one.running or one.held or now < one.audible_at
        }

    def beginning(self, settling: set[int]) -> dict[int, int]:
        """Return the rows whose first write is due in this tick, and how many frames `begin` wants."""
        return {
            row: PcmOutput.frames_before(one.ahead) - 1
            for row, one in self._devices.items()
            if one.ahead and row not in settling and not one.failed
        }

    def begin(self, row: int, frames: Sequence[I16]) -> None:
        """Take what a row is to play before this tick's frame, each of shape (160,)."""
        one = self._devices[row]
        for frame in frames:
            one.output.push(frame, self._clock())
        one.output.begin(one.ahead)
        one.ahead = 0

    def hush(self, row: int) -> None:
        """Make silence of what a row was given and did not write yet."""
        one = self._devices.get(row)
        if one is not None:
            one.output.hush()

    def read(self, linear: I16) -> tuple[bool, Sequence[DeviceNews]]:
        """Write what came in at every device to its row.

        Args:
            linear: Shape (rows, 160).

        Returns:
            Whether anything came, and what became of devices.
        """
        news, self._news = self._news, []
        came = False
        now = self._clock()
        for row, one in self._devices.items():
            try:
                if not one.running and not one.failed:
                    one.running = one.device.ready()
                    if one.running:
                        one.audible_at = now + one.settle
                        news.append(DeviceNews(row, opened=True))
                data = one.device.read() if one.running and not one.failed else b""
                if one.held:
                    data = b""
            except DeviceGone as error:
                news.append(self._gone(row, one, str(error)))
                data = b""
            except MediaError as error:
                one.failed = True
                news.append(DeviceNews(row, refused=str(error)))
                data = b""
            if data:
                came = True
                samples = one.aligner.feed(data)
                one.input.push(samples if one.echo is None else one.echo.clean(samples), now)
            one.input.pull(now, linear[row])
        return came, news

    def write(self, out_linear: I16) -> None:
        """Give every device its row of what it shall play, shape (rows, 160)."""
        now = self._clock()
        for row, one in self._devices.items():
            if not one.running or one.failed or one.held or one.ahead:
                continue
            one.output.push(out_linear[row], now)
            try:
                for chunk in one.output.due(one.input.rate, one.input.count, now):
                    one.device.write(chunk.astype("<i2").tobytes())
                    if one.echo is not None:
                        one.echo.wrote(chunk)
            except DeviceGone as error:
                self._news.append(self._gone(row, one, str(error)))

    @staticmethod
    def _gone(row: int, one: _Device, reason: str) -> DeviceNews:
        one.failed = True
        one.device.close()
        return DeviceNews(row, failed=reason)

    def close_all(self) -> None:
        for row in list(self._devices):
            self.close(row)


def _settle(settle_ms: int) -> float:
    """Return seconds, bounded."""
    return min(max(settle_ms, 0), MAX_SETTLE_MS) / 1000
