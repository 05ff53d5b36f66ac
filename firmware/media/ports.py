"""The ports of the engine: opened, aimed, closed; what every part keeps by row begins and ends with them.

    OpenRtp ─► row ─► socket ─► opened
    OpenPcm ─► row ─► device is being opened ─► opened, or refused; failed ─► OpenPcm ─► reopened

What can't be done is answered by an event or counted; nothing in here blocks and nothing raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from firmware.core.ids import PortId
from firmware.core.media import G722, PCMA, PCMU, MediaError, PortFailed, PortOptions, RtpRemote
from firmware.media import protocol
from firmware.media.conferences import Conferences
from firmware.media.crosspoint import Codec, Crosspoint
from firmware.media.devices import DeviceBank
from firmware.media.dsp.spandsp import G722Unavailable
from firmware.media.g711 import FRAME, I16
from firmware.media.intake import NO_EVENTS, RtpIntake
from firmware.media.keying import Keying
from firmware.media.loader import FileLoader
from firmware.media.measuring import Measuring
from firmware.media.pcm import PcmDevice
from firmware.media.playing import PlayerBank
from firmware.media.processing import InputProcessing
from firmware.media.recorder import RecorderBank
from firmware.media.rows import RowAllocator, grown, row_array
from firmware.media.rtp_network import RtpNetwork
from firmware.media.secure_network import SecureNetwork
from firmware.media.told import Told
from firmware.media.transmit import Transmitter
from firmware.media.wideband import WidebandPorts
from firmware.media.writer import RecordingWriter

FIRST_CAPACITY: Final = 16
"""Rows at the start: eight calls."""
_CODECS: Final = {PCMU: Codec.ULAW, PCMA: Codec.ALAW, G722: Codec.G722}

Open = protocol.OpenRtp | protocol.OpenPcm


class Port(msgspec.Struct):
    """A port, its row, and what was last asked of it."""

    row: int
    command: Open
    opened: protocol.PortOpened | None
    """What was, or will be, answered; None while a device is being opened."""
    confirmed: bool = True
    remote: RtpRemote | None = None


class Ports:
    """All ports, and the memory of everything that goes by their rows.

    Args:
        network: Where RTP comes from and goes to.
        open_pcm: Opens a device (path or name, sample rate); raises MediaError.
        loader: Reads prompt files.
        writer: Writes recordings.
        wall_clock: Seconds since 1970, for RTCP.
        clock: Monotonic seconds, for the clocks of devices.
    """

    def __init__(
        self,
        network: RtpNetwork,
        open_pcm: Callable[[str, int], PcmDevice],
        loader: FileLoader,
        writer: RecordingWriter,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network = SecureNetwork(network)
        self._devices = DeviceBank(open_pcm, clock)
        self._loader = loader
        self._writer = writer
        self._rows = RowAllocator()
        self._ports: dict[PortId, Port] = {}
        self._by_row: dict[int, PortId] = {}
        self._routes: Told[PortId, protocol.Route] = Told()
        self._options: Told[PortId, PortOptions] = Told()
        self._overheard: set[int] = set()
        """Rows whose keys are listened for only to end what plays until one is; see `OVERHEARD_FRAMES`."""
        self._conference_members: Told[str, tuple[PortId, ...]] = Told()
        self._processing = InputProcessing(clock)
        self._conferences = Conferences()
        self._keying = Keying()
        self._hearers: dict[int, list[Port]] = {}
        """Who is routed to hear each row: where its digits go."""
        self._players = PlayerBank(loader.request)
        self._recorder_ports: dict[str, bool] = {}
        """Recorders, and whether they are confirmed."""
        self._recorders = RecorderBank(writer)
        self._crosspoint = Crosspoint()
        self._events: list[protocol.Event] = []
        self._intake = RtpIntake(self._network, FIRST_CAPACITY)
        self._jitter = self._intake.jitter
        self._transmitter = Transmitter(FIRST_CAPACITY)
        self._wideband = WidebandPorts()
        self._measuring = Measuring(self._network, self._intake, self._transmitter, wall_clock)
        self._linear: I16 = np.zeros((FIRST_CAPACITY + 1, FRAME), np.int16)
        """Decoded input of every row; the last row is always silence."""
        self._out_linear: I16 = np.zeros((FIRST_CAPACITY, FRAME), np.int16)
        self._ulaw_rows = row_array([])
        self._alaw_rows = row_array([])
        self._sweeping: set[str] = set()
        """Recordings of an earlier switch that the writer is still closing."""
        self._changed = False
        self.ticks = 0
        self.idle_ticks = 0
        """Ticks since any audio came in."""
        self.refused_commands = 0

    def _open(self, command: Open) -> None:
        known = self._ports.get(command.port_id)
        if known is not None:
            known.confirmed = True
            if isinstance(command, protocol.OpenPcm) and (
                command != known.command or self._devices.failed(known.row)
            ):
                if self._devices.is_held(known.row) and _is_same_device(known.command, command):
                    self._start(known, command)
                else:
                    self._reopen(known, command)
            elif known.opened is not None:
                self._events.append(known.opened)
            return
        row = self._rows.take()
        self._grow_to(row + 1)
        port = Port(row, command, protocol.PortOpened(command.port_id))
        try:
            match command:
                case protocol.OpenRtp():
                    host, number = self._network.open(row, command.host, command.port)
                    port.opened = protocol.PortOpened(command.port_id, host, number)
                    self._crosspoint.codecs[row] = Codec.ULAW
                case protocol.OpenPcm():
                    self._open_device(row, command)
                    port.opened = None
                    self._crosspoint.codecs[row] = Codec.LINEAR
        except MediaError as error:
            self._rows.give_back(row)
            self._events.append(protocol.PortRefused(command.port_id, str(error)))
            return
        self._intake.open(row)
        self._transmitter.open(row)
        self._linear[row] = 0
        self._ports[command.port_id] = port
        self._by_row[row] = command.port_id
        self._changed = True
        if port.opened is not None:
            self._events.append(port.opened)

    def _open_device(self, row: int, command: protocol.OpenPcm) -> None:
        if command.device == protocol.NO_DEVICE:
            self._devices.close(row)
            self._linear[row] = 0
            return
        self._devices.open(row, command.device, command.sample_rate, command.settle_ms, held=command.held)

    def _start(self, port: Port, command: protocol.OpenPcm) -> None:
        """Begin with a device that was held."""
        port.command = command
        if not command.held:
            self._devices.start(port.row, command.settle_ms)
        if port.opened is not None:
            self._events.append(port.opened)

    def _reopen(self, port: Port, command: protocol.OpenPcm) -> None:
        """Give a port another device; everything else about it stays."""
        port.command, port.opened = command, None
        self._changed = True
        try:
            self._open_device(port.row, command)
        except MediaError as error:
            self._events.append(protocol.PortRefused(command.port_id, str(error)))

    def _aim(self, command: protocol.AimRtp) -> None:
        port = self._ports.get(command.port_id)
        remote = command.remote
        event_type = NO_EVENTS if remote.event_payload_type is None else remote.event_payload_type
        usable = remote.payload_type in _CODECS and 0 <= event_type <= NO_EVENTS
        if port is None or not isinstance(port.command, protocol.OpenRtp) or not usable:
            self.refused_commands += 1
            return
        try:
            if not 0 < remote.port < 65536:
                raise MediaError(f"RTP to port {remote.port}")
            self._network.aim(port.row, remote.host, remote.port)
            if remote.payload_type == G722:
                self._wideband.open(port.row)
            if self._network.secure(port.row, remote.srtp):
                self._transmitter.open(port.row)
        except (MediaError, ValueError, G722Unavailable) as error:
            self._events.append(protocol.PortSaid(command.port_id, PortFailed(str(error))))
            return
        port.remote = remote
        self._intake.aim(port.row, remote.payload_type, event_type, muted=not remote.receive)
        self._transmitter.aim(port.row, remote.payload_type, send=remote.send)
        self._crosspoint.codecs[port.row] = _CODECS[remote.payload_type]
        if remote.payload_type != G722:
            self._wideband.close(port.row)
        self._measuring.watch(port.row, command.port_id)
        self._changed = True

    def _close_port(self, port_id: PortId) -> None:
        port = self._ports.pop(port_id, None)
        if port is None:
            return
        row = port.row
        for player_id in self._players.of_row(row):
            self._end_playing(player_id)
        measured = self._measuring.forget(row)
        if measured is not None:
            self._events.append(measured)
        match port.command:
            case protocol.OpenRtp():
                self._network.close(row)
                self._wideband.close(row)
            case protocol.OpenPcm():
                self._devices.close(row)
        self._options.forget(port_id)
        self._keying.forget(row)
        self._processing.forget(row)
        self._conferences.forget(row)
        self._intake.open(row)
        self._transmitter.stop(row)
        self._linear[row] = 0
        self._recorders.forget_row(row)
        self._routes.forget(port_id)
        del self._by_row[row]
        del self._crosspoint.codecs[row]
        self._rows.give_back(row)
        self._changed = True

    def _end_playing(self, player_id: str) -> None:
        ended = self._players.end(player_id)
        if ended is not None:
            self._events.append(ended)
            self._changed = True

    def _grow_to(self, rows: int) -> None:
        capacity = self._jitter.capacity
        if rows <= capacity:
            return
        capacity *= 2
        self._intake.grow(capacity)
        self._transmitter.grow(capacity)
        self._linear = grown(self._linear, np.zeros((capacity + 1, FRAME), np.int16))
        self._out_linear = np.zeros((capacity, FRAME), np.int16)


def _is_same_device(one: Open, other: protocol.OpenPcm) -> bool:
    return isinstance(one, protocol.OpenPcm) and (one.device, one.sample_rate) == (
        other.device,
        other.sample_rate,
    )
