"""The engine's state, and the commands that change it: ports, routes, options, players, recorders.

    Hello ─► all is unconfirmed ─► the desired state, told anew, confirms ─► Settled ─► the rest is closed

What can't be done is answered by an event or counted; nothing in here blocks and nothing raises.
"""

from __future__ import annotations

import math
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
from firmware.media.g711 import ALAW, FRAME, I16, ULAW
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
from firmware.media.transmit import Transmitter
from firmware.media.wideband import WidebandPorts
from firmware.media.writer import RecordingWriter

FIRST_CAPACITY: Final = 16
"""Rows at the start: eight calls."""
OVERHEARD_FRAMES: Final = 10
"""How long something must have played on a line that tells of keys by itself for their sound to end it: 200
ms. A key that began to sound before, and was told already, would else cut off what it has called up."""
RELAYED_MS: Final = 100
"""Length of a digit that is passed on: it is sent on when it begins, and its end isn't waited for."""


_CODECS: Final = {PCMU: Codec.ULAW, PCMA: Codec.ALAW, G722: Codec.G722}
LAWS_OF: Final = {Codec.ULAW: ULAW, Codec.ALAW: ALAW}

_Open = protocol.OpenRtp | protocol.OpenPcm


class _Port(msgspec.Struct):
    row: int
    command: _Open
    opened: protocol.PortOpened | None
    """What was, or will be, answered; None while a device is being opened."""
    confirmed: bool = True
    remote: RtpRemote | None = None


class Switching:
    """All ports, routes, players and recorders; `Engine` adds the tick.

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
        self._ports: dict[PortId, _Port] = {}
        self._by_row: dict[int, PortId] = {}
        self._routes: dict[PortId, protocol.Route] = {}
        self._stale_routes: set[PortId] = set()
        self._options: dict[PortId, PortOptions] = {}
        self._stale_options: set[PortId] = set()
        self._overheard: set[int] = set()
        """Rows whose keys are listened for only to end what plays until one is; see `OVERHEARD_FRAMES`."""
        self._conference_members: dict[str, tuple[PortId, ...]] = {}
        self._stale_conferences: set[str] = set()
        self._processing = InputProcessing(clock)
        self._conferences = Conferences()
        self._keying = Keying()
        self._hearers: dict[int, list[_Port]] = {}
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

    # Commands

    def apply(self, command: protocol.Command) -> None:
        """Do what the switch says. What can't be done is answered by an event or counted."""
        match command:
            case protocol.Hello():
                self._begin_epoch()
            case protocol.Settled():
                self._end_epoch()
            case protocol.OpenRtp() | protocol.OpenPcm():
                self._open(command)
            case protocol.AimRtp():
                self._aim(command)
            case protocol.ClosePort():
                self._close_port(command.port_id)
            case protocol.Route():
                self._route(command)
            case protocol.Play():
                self._play(command)
            case protocol.StopPlaying():
                self._stop_playing(command.player_id)
            case protocol.Record():
                self._record(command)
            case protocol.AdjustRecording():
                self._recorders.adjust(command.recorder_id, paused=command.paused, muted=command.muted)
                self._changed = True
            case protocol.StopRecording():
                self._stop_recording(command.recorder_id)
            case protocol.Configure():
                self._configure(command)
            case protocol.Confer():
                self._confer(command)
            case protocol.SendDigits():
                self._send_digits(command)

    def _begin_epoch(self) -> None:
        for port in self._ports.values():
            port.confirmed = False
        self._players.unconfirm()
        for recorder_id in self._recorder_ports:
            self._recorder_ports[recorder_id] = False
        # A sink that hears nothing is not told of in the new epoch, so its old route must not outlive it.
        self._stale_routes = set(self._routes)
        self._stale_options = set(self._options)
        self._stale_conferences = set(self._conference_members)

    def _end_epoch(self) -> None:
        for sink in self._stale_routes:
            self._routes.pop(sink, None)
        self._stale_routes = set()
        for port_id in self._stale_options:
            self._options.pop(port_id, None)
        self._stale_options = set()
        for conference in self._stale_conferences:
            self._conference_members.pop(conference, None)
        self._stale_conferences = set()
        self._changed = True
        for port_id in [port_id for port_id, port in self._ports.items() if not port.confirmed]:
            self._close_port(port_id)
        for player_id in self._players.unconfirmed():
            self._end_playing(player_id)
        left = [name for name, confirmed in self._recorder_ports.items() if not confirmed]
        for recorder_id in left:
            self._stop_recording(recorder_id)
        self._sweeping = set(left)
        if not left:
            self._events.append(protocol.Swept())

    def _open(self, command: _Open) -> None:
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
        port = _Port(row, command, protocol.PortOpened(command.port_id))
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

    def _start(self, port: _Port, command: protocol.OpenPcm) -> None:
        """Begin with a device that was held."""
        port.command = command
        if not command.held:
            self._devices.start(port.row, command.settle_ms)
        if port.opened is not None:
            self._events.append(port.opened)

    def _reopen(self, port: _Port, command: protocol.OpenPcm) -> None:
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
        self._options.pop(port_id, None)
        self._keying.forget(row)
        self._intake.open(row)
        self._transmitter.stop(row)
        self._linear[row] = 0
        self._recorders.forget_row(row)
        self._routes.pop(port_id, None)
        del self._by_row[row]
        del self._crosspoint.codecs[row]
        self._rows.give_back(row)
        self._changed = True

    def _route(self, command: protocol.Route) -> None:
        if command.sink not in self._ports or not all(
            math.isfinite(source.gain_db) for source in command.sources
        ):
            self.refused_commands += 1
            return
        self._routes[command.sink] = command
        self._stale_routes.discard(command.sink)
        self._changed = True

    def _configure(self, command: protocol.Configure) -> None:
        if command.port_id not in self._ports or not math.isfinite(command.options.gain_db):
            self.refused_commands += 1
            return
        self._stale_options.discard(command.port_id)
        if command.options == PortOptions():
            self._options.pop(command.port_id, None)
        else:
            self._options[command.port_id] = command.options
        self._changed = True

    def _confer(self, command: protocol.Confer) -> None:
        self._stale_conferences.discard(command.conference)
        if command.members:
            self._conference_members[command.conference] = command.members
        else:
            self._conference_members.pop(command.conference, None)
        self._changed = True

    def _send_digits(self, command: protocol.SendDigits) -> None:
        port = self._ports.get(command.port_id)
        if port is None:
            self.refused_commands += 1
            return
        self._key(port, command.digits, command.duration_ms)

    def _key(self, port: _Port, digits: str, duration_ms: int) -> None:
        self._keying.key(port.row, digits, duration_ms, as_events=_takes_events(port))
        self._changed = True

    def _relay(self, row: int, digit: str, *, audible: bool) -> None:
        """Pass a digit on to who hears this row; where it was audible, tones went the same way already."""
        for sink in self._hearers.get(row, ()):
            if _takes_events(sink) or not audible:
                self._key(sink, digit, RELAYED_MS)

    def _play(self, command: protocol.Play) -> None:
        if self._players.confirm(command.player_id):
            return
        port = self._ports.get(command.port_id)
        if port is None:
            self._events.append(protocol.PlaybackEnded(command.player_id))
            return
        for player_id in self._players.of_row(port.row):
            self._stop_playing(player_id)
        self._players.start(command, port.row)
        self._changed = True

    def _stop_playing(self, player_id: str) -> None:
        """End a player amid its words; of those not even the rest that is on its way to a device is heard."""
        row = self._players.row_of(player_id)
        self._end_playing(player_id)
        if row is not None and self._devices and not self._hears_others(row):
            self._devices.hush(row)

    def _hears_others(self, row: int) -> bool:
        """Whether a row is given something besides what is played to it."""
        route = self._routes.get(self._by_row[row])
        return row in self._keying.tones or row in self._conferences.rows or bool(route and route.sources)

    def _key_stops(self, row: int, since_frames: int = 0) -> None:
        """A key was heard: end what plays until one is, and has been heard for so long."""
        for player_id in self._players.until_key(row, since_frames):
            self._stop_playing(player_id)

    def _end_playing(self, player_id: str) -> None:
        ended = self._players.end(player_id)
        if ended is not None:
            self._events.append(ended)
            self._changed = True

    def _record(self, command: protocol.Record) -> None:
        if command.recorder_id in self._recorder_ports:
            self._recorder_ports[command.recorder_id] = True
            return
        left, right = (self._ports.get(port_id) for port_id in (command.left, command.right))
        self._recorder_ports[command.recorder_id] = True
        self._changed = True
        self._recorders.open(
            command.recorder_id,
            command.path,
            None if left is None else left.row,
            None if right is None else right.row,
            command.started_ns,
        )

    def _stop_recording(self, recorder_id: str) -> None:
        if self._recorder_ports.pop(recorder_id, None) is not None:
            self._recorders.close(recorder_id)
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


def _is_same_device(one: _Open, other: protocol.OpenPcm) -> bool:
    return isinstance(one, protocol.OpenPcm) and (one.device, one.sample_rate) == (
        other.device,
        other.sample_rate,
    )


def _takes_events(port: _Port) -> bool:
    return port.remote is not None and port.remote.event_payload_type is not None
