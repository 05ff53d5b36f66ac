"""The engine: every audio port of the box, one 20 ms tick at a time.

    network.receive ─► intake ─► jitter rings ─┐            ┌─► transmit packets ─► network.transmit
    devices ─► resamplers ─────────────────────┤            ├─► resamplers ─► devices
    music ─────────────────────────────────────┤            │
                                               ├─ decode ─► crosspoint ◄─ players, keypads, conferences
                                               └──────────► recorders ─► writer thread

The engine has no clock and no sockets of its own: whoever calls `tick` every 20 ms gives it time, and what
it is built with gives it the world. So a test steps it through an hour in a second. Commands come in by
`apply`, what happened goes out by `take_events`; nothing in here blocks and nothing raises.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from firmware.core.media import DigitHeard, PortFailed, PortOptions
from firmware.media import protocol
from firmware.media.crosspoint import Codec, Edge
from firmware.media.g711 import ALAW, FRAME, ULAW
from firmware.media.processing import factor
from firmware.media.rows import row_array
from firmware.media.switching import OVERHEARD_FRAMES, Switching
from firmware.media.writer import Closed, Opened

LAWS_OF: Final = {Codec.ULAW: ULAW, Codec.ALAW: ALAW}
_NOTHING_WISHED: Final = PortOptions()


class Engine(Switching):
    """All ports, one 20 ms tick at a time."""

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
            for sink, route in self._routes.now.items()
        }
        self._hearers = {}
        for sink, edges in crosspoint.routes.items():
            for edge in edges:
                self._hearers.setdefault(edge.source, []).append(self._ports[self._by_row[sink]])
        options = {rows[port_id]: wished for port_id, wished in self._options.now.items()}
        self._overheard = {
            row
            for row in self._players.awaiting_keys() & self._devices.rows()
            if not options.get(row, _NOTHING_WISHED).detect_digits
        }
        overhearing = {
            row: msgspec.structs.replace(options.get(row, _NOTHING_WISHED), detect_digits=True)
            for row in self._overheard
        }
        self._processing.arrange(options | overhearing)
        self._devices.cancel_echo({row for row, wished in options.items() if wished.echo_canceller})
        self._conferences.arrange(
            {
                name: [rows[port_id] for port_id in members if port_id in rows]
                for name, members in self._conference_members.now.items()
            }
        )
        crosspoint.processed = self._processing.changing
        crosspoint.players = self._players.rows()
        crosspoint.players |= self._conferences.rows | self._keying.tones.keys()
        crosspoint.changed()
        self._ulaw_rows = row_array([row for row, codec in crosspoint.codecs.items() if codec is Codec.ULAW])
        self._alaw_rows = row_array([row for row, codec in crosspoint.codecs.items() if codec is Codec.ALAW])
        self._recorders.arrange(
            {row: LAWS_OF[codec] for row, codec in crosspoint.codecs.items() if codec in LAWS_OF}
        )
        sending = [port.row for port in self._ports.values() if port.remote is not None and port.remote.send]
        for row in sending:
            self._transmitter.pause(row, paused=row in self._keying.events)
        audible = [row for row in sending if row not in self._keying.events]
        self._network.sending(self._transmitter.views(audible))

    # The tick

    @property
    def has_nobody(self) -> bool:
        """Whether there is nothing to take in and nobody to send to."""
        return not (self._ports or self._players or self._recorders)

    def sleep_through(self, ticks: int) -> None:
        """Count ticks that were left out because there was nobody."""
        self.ticks += ticks
        self.idle_ticks += ticks

    def tick(self) -> None:
        """Take in, switch and send out 20 ms of every port."""
        self.ticks += 1
        self.idle_ticks += 1
        self._loader.poll()
        self._collect_results()
        if self._changed:
            self._rebuild()
        if self.has_nobody:
            # The night of an office: nothing to take in, nobody to send to.
            self._events += self._measuring.tick(self.ticks)
            return
        self._take_packets()
        payload = self._jitter.play()
        self._decode_if_needed()
        if self._devices:
            self._read_devices()
        if self._processing.active:
            self._process()
        waiting = self._devices.settling() if self._devices else set()
        if self._devices:
            self._begin_devices(waiting)
        played, over = self._players.render(waiting)
        self._keying.render(played)
        if self._conference_members.now:
            self._conferences.run(self._linear, played)
        self._crosspoint.run(payload, self._linear, played, self._transmitter.payload, self._out_linear)
        if self._wideband:
            copied = set(self._crosspoint.plan().copy_sinks.tolist())
            self._wideband.encode(self._out_linear, copied, self._transmitter.payload)
        if self._processing.metered:
            self._decode_sent(self._processing.metered)
        self._transmitter.stamp()
        self._network.transmit()
        self._transmitter.sent()
        self._send_events()
        if self._devices:
            self._devices.write(self._out_linear)
        self._recorders.run(payload, self._linear)
        for player_id in over:
            self._end_playing(player_id)
        if (self._keying.events or self._keying.tones) and self._keying.tidy():
            self._changed = True
        self._events += self._measuring.tick(self.ticks)

    def _take_packets(self) -> None:
        keyed = self._intake.receive()
        if keyed is None:
            return
        self.idle_ticks = 0
        for row, digit in keyed:
            self._events.append(protocol.PortSaid(self._by_row[row], DigitHeard(digit)))
            self._key_stops(row)
            self._relay(row, digit, audible=False)

    def _process(self) -> None:
        for row, event in self._processing.run(self._linear, self._out_linear):
            port_id = self._by_row.get(row)
            if row in self._overheard and isinstance(event, DigitHeard):
                self._key_stops(row, OVERHEARD_FRAMES)
            elif port_id is not None:
                self._events.append(protocol.PortSaid(port_id, event))
                if isinstance(event, DigitHeard):
                    self._key_stops(row)
                    self._relay(row, event.digit, audible=True)

    def _send_events(self) -> None:
        for row, sender in self._keying.events.items():
            out = sender.next()
            remote = self._ports[self._by_row[row]].remote
            if out is not None and remote is not None and remote.event_payload_type is not None:
                self._network.send(row, self._transmitter.event(row, remote.event_payload_type, out))

    def _decode_if_needed(self) -> None:
        """Decode every row by the more common law, then the few of the other, then those of G.722."""
        wanted = (
            self._crosspoint.plan().needs_linear
            or self._recorders.needs_linear
            or self._processing.active
            or self._conference_members.now
        )
        if not wanted:
            return
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
        if self._wideband:
            self._wideband.decode(payload, self._linear)

    def _decode_sent(self, rows: set[int]) -> None:
        """Decode what rows are sent in this tick, for their meters."""
        plan = self._crosspoint.plan()
        copied = dict(zip(plan.copy_sinks.tolist(), plan.copy_sources.tolist(), strict=True))
        for row in rows:
            law = LAWS_OF.get(self._crosspoint.codecs[row])
            if law is not None:
                law.decode(self._transmitter.payload[row].copy(), self._out_linear[row])
            elif row in copied:
                self._out_linear[row] = self._linear[copied[row]]

    def _read_devices(self) -> None:
        came, news = self._devices.read(self._linear)
        if came:
            self.idle_ticks = 0
        for one in news:
            port_id = self._by_row[one.row]
            port = self._ports[port_id]
            if one.opened:
                port.opened = protocol.PortOpened(port_id)
                self._events.append(port.opened)
            elif one.refused is not None:
                self._events.append(protocol.PortRefused(port_id, one.refused))
            elif one.failed is not None:
                self._events.append(protocol.PortSaid(port_id, PortFailed(one.failed)))

    def _begin_devices(self, waiting: set[int]) -> None:
        """Give the devices that begin now what they want ahead of this tick."""
        for row, count in self._devices.beginning(waiting).items():
            frames = np.zeros((count, FRAME), np.int16)
            for frame in frames:
                self._players.render_ahead(row, frame)
            self._devices.begin(row, list(frames))

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
            send_failures=self._network.send_failures + self._devices.dropped,
            refused_commands=self.refused_commands,
        )

    def close(self) -> None:
        """Close everything; recordings are handed to the writer."""
        for port_id in list(self._ports):
            self._close_port(port_id)
        for recorder_id in list(self._recorder_ports):
            self._stop_recording(recorder_id)
