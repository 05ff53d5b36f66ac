"""The engine: every audio port of the box, one 20 ms tick at a time.

    network.receive ─► fast rows ─► jitter rings ─┐            ┌─► transmit packets ─► network.transmit
                  └─► the rest, one by one ───────┤            │
    pcm devices ─► pcm buffers ───────────────────┤            ├─► pcm devices
                                                  ├─ decode ─► crosspoint ◄─ players
                                                  └──────────► recorders ─► writer thread

The engine has no clock and no sockets of its own: whoever calls `tick` every 20 ms gives it time, and what
it is built with gives it the world. So a test steps it through an hour in a second. Commands come in by
`apply`, what happened goes out by `take_events`; nothing in here blocks and nothing raises.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from firmware.core.ids import PortId
from firmware.core.media import DigitHeard, MediaError, PortFailed, PortOptions, RtpRemote
from firmware.media import protocol
from firmware.media.conferences import Conferences
from firmware.media.crosspoint import Codec, Crosspoint, Edge
from firmware.media.g711 import ALAW, FRAME, I16, LAWS, ULAW
from firmware.media.intake import NO_EVENTS, RtpIntake
from firmware.media.keying import Keying
from firmware.media.loader import FileLoader
from firmware.media.pcm import DeviceGone, PcmBuffer, PcmDevice
from firmware.media.players import Player
from firmware.media.processing import InputProcessing, factor
from firmware.media.quality import quality_of
from firmware.media.recorder import RecorderBank
from firmware.media.reports import Reporter
from firmware.media.rows import RowAllocator, grown, row_array
from firmware.media.rtp_network import RtpNetwork
from firmware.media.secure_network import SecureNetwork
from firmware.media.transmit import Transmitter
from firmware.media.writer import Closed, Opened, RecordingWriter

FIRST_CAPACITY: Final = 16
"""Rows at the start: eight calls."""
MEASURE_TICKS: Final = 250
"""Ticks (5 s) between two reports of a port's quality; the rows take turns."""
CONTROL_TICKS: Final = 5
"""Between two looks for RTCP packets; a round trip is known to that many ticks at worst."""
RELAYED_MS: Final = 100
"""Length of a digit that is passed on: it is sent on when it begins, and its end isn't waited for."""


class _Port(msgspec.Struct):
    row: int
    command: protocol.OpenRtp | protocol.OpenPcm
    opened: protocol.PortOpened
    confirmed: bool = True
    remote: RtpRemote | None = None
    device: PcmDevice | None = None
    buffer: PcmBuffer | None = None


class _Playing(msgspec.Struct):
    player: Player
    port_id: PortId
    confirmed: bool = True


class Engine:
    """All ports, routes, players and recorders.

    Args:
        network: Where RTP comes from and goes to.
        open_pcm: Opens a serial device (path, sample rate); raises MediaError.
        loader: Reads prompt files.
        writer: Writes recordings.
        wall_clock: Seconds since 1970, for RTCP.
    """

    def __init__(
        self,
        network: RtpNetwork,
        open_pcm: Callable[[str, int], PcmDevice],
        loader: FileLoader,
        writer: RecordingWriter,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._network = SecureNetwork(network)
        self._open_pcm = open_pcm
        self._loader = loader
        self._writer = writer
        self._rows = RowAllocator()
        self._ports: dict[PortId, _Port] = {}
        self._by_row: dict[int, PortId] = {}
        self._routes: dict[PortId, protocol.Route] = {}
        self._stale_routes: set[PortId] = set()
        self._options: dict[PortId, PortOptions] = {}
        self._stale_options: set[PortId] = set()
        self._conference_members: dict[str, tuple[PortId, ...]] = {}
        self._stale_conferences: set[str] = set()
        self._processing = InputProcessing()
        self._conferences = Conferences()
        self._keying = Keying()
        self._reporter = Reporter()
        self._wall_clock = wall_clock
        self._hearers: dict[int, list[_Port]] = {}
        """Who is routed to hear each row: where its digits go."""
        self._players: dict[str, _Playing] = {}
        self._recorder_ports: dict[str, bool] = {}
        """Recorders, and whether they are confirmed."""
        self._recorders = RecorderBank(writer)
        self._crosspoint = Crosspoint()
        self._events: list[protocol.Event] = []
        self._intake = RtpIntake(self._network, FIRST_CAPACITY)
        self._jitter = self._intake.jitter
        self._transmitter = Transmitter(FIRST_CAPACITY)
        self._linear: I16 = np.zeros((FIRST_CAPACITY + 1, FRAME), np.int16)
        """Decoded input of every row; the last row is always silence."""
        self._out_linear: I16 = np.zeros((FIRST_CAPACITY, FRAME), np.int16)
        self._ulaw_rows = row_array([])
        self._alaw_rows = row_array([])
        self._pcm: list[_Port] = []
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
                self._end_playing(command.player_id)
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
        for playing in self._players.values():
            playing.confirmed = False
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
        for player_id in [name for name, playing in self._players.items() if not playing.confirmed]:
            self._end_playing(player_id)
        left = [name for name, confirmed in self._recorder_ports.items() if not confirmed]
        for recorder_id in left:
            self._stop_recording(recorder_id)
        self._sweeping = set(left)
        if not left:
            self._events.append(protocol.Swept())

    def _open(self, command: protocol.OpenRtp | protocol.OpenPcm) -> None:
        known = self._ports.get(command.port_id)
        if known is not None:
            known.confirmed = True
            self._events.append(known.opened)
            return
        row = self._rows.take()
        self._grow_to(row + 1)
        try:
            if isinstance(command, protocol.OpenRtp):
                host, number = self._network.open(row, command.host, command.port)
                port = _Port(row, command, protocol.PortOpened(command.port_id, host, number))
                self._crosspoint.codecs[row] = Codec.ULAW
            else:
                device = self._open_pcm(command.device, command.sample_rate)
                port = _Port(
                    row, command, protocol.PortOpened(command.port_id), device=device, buffer=PcmBuffer()
                )
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
        self._events.append(port.opened)

    def _aim(self, command: protocol.AimRtp) -> None:
        port = self._ports.get(command.port_id)
        remote = command.remote
        event_type = NO_EVENTS if remote.event_payload_type is None else remote.event_payload_type
        usable = remote.payload_type in LAWS and 0 <= event_type <= NO_EVENTS
        if port is None or port.device is not None or not usable:
            self.refused_commands += 1
            return
        try:
            if not 0 < remote.port < 65536:
                raise MediaError(f"RTP to port {remote.port}")
            self._network.aim(port.row, remote.host, remote.port)
            if self._network.secure(port.row, remote.srtp):
                self._transmitter.open(port.row)
        except (MediaError, ValueError) as error:
            self._events.append(protocol.PortSaid(command.port_id, PortFailed(str(error))))
            return
        port.remote = remote
        self._intake.aim(port.row, remote.payload_type, event_type, muted=not remote.receive)
        self._transmitter.aim(port.row, remote.payload_type, send=remote.send)
        self._crosspoint.codecs[port.row] = Codec.ALAW if LAWS[remote.payload_type] is ALAW else Codec.ULAW
        self._changed = True

    def _close_port(self, port_id: PortId) -> None:
        port = self._ports.pop(port_id, None)
        if port is None:
            return
        row = port.row
        if port.device is not None:
            port.device.close()
        else:
            self._network.close(row)
        for player_id in [name for name, playing in self._players.items() if playing.port_id == port_id]:
            self._end_playing(player_id)
        if port.device is None and port.remote is not None:
            self._measure(port)
        self._options.pop(port_id, None)
        self._keying.forget(row)
        self._reporter.forget(row)
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
        known = self._players.get(command.player_id)
        if known is not None:
            known.confirmed = True
            return
        port = self._ports.get(command.port_id)
        if port is None:
            self._events.append(protocol.PlaybackEnded(command.player_id))
            return
        for player_id in [
            name for name, playing in self._players.items() if playing.port_id == command.port_id
        ]:
            self._end_playing(player_id)
        player = Player(command.items, repeat=command.repeat, request=self._loader.request)
        self._players[command.player_id] = _Playing(player, command.port_id)
        self._changed = True

    def _end_playing(self, player_id: str) -> None:
        playing = self._players.pop(player_id, None)
        if playing is not None:
            self._events.append(protocol.PlaybackEnded(player_id, playing.player.error))
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

    def _rebuild(self) -> None:
        """Recompile who hears whom, and who sends; once a tick, however many commands changed it."""
        self._changed = False
        crosspoint = self._crosspoint
        rows = {port_id: port.row for port_id, port in self._ports.items()}
        crosspoint.routes = {
            rows[sink]: tuple(
                Edge(rows[source.port_id], factor(source.gain_db))
                for source in route.sources
                if source.port_id in rows
            )
            for sink, route in self._routes.items()
        }
        self._hearers = {}
        for sink, edges in crosspoint.routes.items():
            for edge in edges:
                self._hearers.setdefault(edge.source, []).append(self._ports[self._by_row[sink]])
        self._processing.arrange(
            {rows[port_id]: options for port_id, options in self._options.items()},
            {port.row for port in self._ports.values() if port.device is not None},
        )
        self._conferences.arrange(
            {
                name: [rows[port_id] for port_id in members if port_id in rows]
                for name, members in self._conference_members.items()
            }
        )
        crosspoint.processed = self._processing.changing
        crosspoint.players = {rows[playing.port_id] for playing in self._players.values()}
        crosspoint.players |= self._conferences.rows | self._keying.tones.keys()
        crosspoint.changed()
        self._ulaw_rows = row_array([row for row, codec in crosspoint.codecs.items() if codec is Codec.ULAW])
        self._alaw_rows = row_array([row for row, codec in crosspoint.codecs.items() if codec is Codec.ALAW])
        laws = {Codec.ULAW: ULAW, Codec.ALAW: ALAW}
        self._recorders.arrange(
            {row: laws[codec] for row, codec in crosspoint.codecs.items() if codec in laws}
        )
        self._pcm = [port for port in self._ports.values() if port.device is not None]
        sending = [port.row for port in self._ports.values() if port.remote is not None and port.remote.send]
        for row in sending:
            self._transmitter.pause(row, paused=row in self._keying.events)
        audible = [row for row in sending if row not in self._keying.events]
        self._network.sending(self._transmitter.views(audible))

    # The tick

    def tick(self) -> None:
        """Take in, switch and send out 20 ms of every port."""
        self.ticks += 1
        self.idle_ticks += 1
        self._loader.poll()
        self._collect_results()
        if self._changed:
            self._rebuild()
        keyed = self._intake.receive()
        if keyed is not None:
            self.idle_ticks = 0
            for row, digit in keyed:
                self._events.append(protocol.PortSaid(self._by_row[row], DigitHeard(digit)))
                self._relay(row, digit, audible=False)
        payload = self._jitter.play()
        if (
            self._crosspoint.plan().needs_linear
            or self._recorders.needs_linear
            or self._processing.active
            or self._conference_members
        ):
            self._decode()
        self._read_devices()
        if self._processing.active:
            self._process()
        played, over = self._render_players()
        if self._conference_members:
            self._conferences.run(self._linear, played)
        self._crosspoint.run(payload, self._linear, played, self._transmitter.payload, self._out_linear)
        self._transmitter.stamp()
        self._network.transmit()
        self._transmitter.sent()
        self._send_events()
        self._write_devices()
        self._recorders.run(payload, self._linear)
        for player_id in over:
            self._end_playing(player_id)
        if (self._keying.events or self._keying.tones) and self._keying.tidy():
            self._changed = True
        for row in range(self.ticks % MEASURE_TICKS, self._jitter.capacity, MEASURE_TICKS):
            port_id = self._by_row.get(row)
            if port_id is not None:
                self._report(self._ports[port_id])
        if self.ticks % CONTROL_TICKS == 0:
            self._take_reports()

    def _process(self) -> None:
        for row, event in self._processing.run(self._linear, self._out_linear):
            port_id = self._by_row.get(row)
            if port_id is not None:
                self._events.append(protocol.PortSaid(port_id, event))
                if isinstance(event, DigitHeard):
                    self._relay(row, event.digit, audible=True)

    def _send_events(self) -> None:
        for row, sender in self._keying.events.items():
            out = sender.next()
            remote = self._ports[self._by_row[row]].remote
            if out is not None and remote is not None and remote.event_payload_type is not None:
                self._network.send(row, self._transmitter.event(row, remote.event_payload_type, out))

    def _report(self, port: _Port) -> None:
        """Send a port's RTCP report, and tell the switch its figures."""
        if port.device is not None or port.remote is None:
            return
        row = port.row
        self._network.send_report(
            row,
            self._reporter.report(
                row,
                self._transmitter.ssrc(row),
                self._jitter.reception(row),
                self._transmitter.sent_by(row),
                self._wall_clock(),
            ),
        )
        self._measure(port)

    def _take_reports(self) -> None:
        arrived = self._network.reports() + self._intake.reports
        self._intake.reports.clear()
        for row, packet in arrived:
            if not self._reporter.take(row, packet, self._transmitter.ssrc(row), self._wall_clock()):
                self._intake.malformed += 1

    def _measure(self, port: _Port) -> None:
        """Tell how well a port's audio comes in, if it ever did."""
        reception = self._jitter.reception(port.row)
        if reception.expected > 0:
            self._events.append(
                protocol.PortMeasured(
                    port.command.port_id, quality_of(reception, self._reporter.far(port.row))
                )
            )

    def _decode(self) -> None:
        """Decode every row by the more common law, then the few of the other; PCM rows come after."""
        payload = self._jitter.payload
        common, other, rows = (
            (ULAW, ALAW, self._alaw_rows)
            if len(self._ulaw_rows) >= len(self._alaw_rows)
            else (ALAW, ULAW, self._ulaw_rows)
        )
        common.decode(payload, self._linear[:-1])
        if len(rows):
            words = payload[rows]
            linear = np.empty(words.shape, np.int16)
            other.decode(words, linear)
            self._linear[rows] = linear

    def _read_devices(self) -> None:
        for port in self._pcm:
            if port.device is None or port.buffer is None:
                continue
            try:
                data = port.device.read()
            except DeviceGone as error:
                self._device_gone(port, str(error))
                data = b""
            if data:
                self.idle_ticks = 0
                port.buffer.push(data)
            port.buffer.pull(self._linear[port.row])

    def _write_devices(self) -> None:
        for port in self._pcm:
            if port.device is None:
                continue
            try:
                port.device.write(self._out_linear[port.row].tobytes())
            except DeviceGone as error:
                self._device_gone(port, str(error))

    def _device_gone(self, port: _Port, reason: str) -> None:
        """Tell it once; a closed device reads nothing and takes everything."""
        if port.device is not None:
            port.device.close()
        self._events.append(protocol.PortSaid(port.command.port_id, PortFailed(reason)))

    def _render_players(self) -> tuple[dict[int, npt.NDArray[Any]], list[str]]:
        """Return a frame of every player and keypad by row, and which players are at their end."""
        played: dict[int, npt.NDArray[Any]] = {}
        over: list[str] = []
        for player_id, playing in self._players.items():
            frame = np.empty(FRAME, np.int16)
            if not playing.player.render(frame):
                over.append(player_id)
            played[self._ports[playing.port_id].row] = frame
        for row, sender in self._keying.tones.items():
            frame = np.empty(FRAME, np.int16)
            sender.fill(frame)
            played[row] = played[row] + frame.astype(np.int32) if row in played else frame
        return played, over

    def _collect_results(self) -> None:
        for result in self._writer.results():
            if isinstance(result, Opened):
                self._events.append(protocol.RecordingOpened(result.recorder_id))
            elif isinstance(result, Closed):
                self._stop_recording(result.recorder_id)
                self._events.append(protocol.RecordingClosed(result.recorder_id, result.frames, result.error))
                if result.recorder_id in self._sweeping:
                    self._sweeping.remove(result.recorder_id)
                    if not self._sweeping:
                        self._events.append(protocol.Swept())

    def take_events(self) -> list[protocol.Event]:
        """Return what happened since the last call."""
        events, self._events = self._events, []
        return events

    def stats(self) -> protocol.MediaStats:
        """Return the engine's counts; the process adds its own."""
        return protocol.MediaStats(
            ticks=self.ticks,
            ports=len(self._ports),
            players=len(self._players),
            recorders=len(self._recorders),
            received=self._jitter.received,
            strangers=self._network.strangers,
            forged=self._network.forged,
            malformed=self._intake.malformed + self._jitter.malformed,
            late=self._jitter.late,
            lost=self._jitter.lost,
            send_failures=self._network.send_failures + sum(p.device.dropped for p in self._pcm if p.device),
            refused_commands=self.refused_commands,
        )

    def close(self) -> None:
        """Close everything; recordings are handed to the writer."""
        for port_id in list(self._ports):
            self._close_port(port_id)
        for recorder_id in list(self._recorder_ports):
            self._stop_recording(recorder_id)


def _takes_events(port: _Port) -> bool:
    return port.remote is not None and port.remote.event_payload_type is not None
