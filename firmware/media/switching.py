"""What the switch wishes of the ports: routes, options, conferences, digits, players, recorders.

    Hello ─► all is unconfirmed ─► the desired state, told anew, confirms ─► Settled ─► the rest is closed

What can't be done is answered by an event or counted; nothing in here blocks and nothing raises.
"""

from __future__ import annotations

import math
from typing import Final

from firmware.core.media import PortOptions
from firmware.media import protocol
from firmware.media.crosspoint import Codec
from firmware.media.ports import Port, Ports
from firmware.media.processing import are_usable
from firmware.media.recording_form import Form

OVERHEARD_FRAMES: Final = 10
"""How long something must have played on a line that tells of keys by itself for their sound to end it: 200
ms. A key that began to sound before, and was told already, would else cut off what it has called up."""
COMPACT: Final = {Codec.ULAW: Form.ULAW, Codec.ALAW: Form.ALAW}
"""Forms of recordings of ports that speak the same."""
RELAYED_MS: Final = 100
"""Length of a digit that is passed on: it is sent on when it begins, and its end isn't waited for."""


class Switching(Ports):
    """The ports, and what is done with them; `Engine` adds the tick."""

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
        for told in (self._routes, self._options, self._conference_members):
            told.begin_epoch()

    def _end_epoch(self) -> None:
        for told in (self._routes, self._options, self._conference_members):
            told.end_epoch()
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

    def _route(self, command: protocol.Route) -> None:
        if command.sink not in self._ports or not all(
            math.isfinite(source.gain_db) for source in command.sources
        ):
            self.refused_commands += 1
            return
        self._routes.tell(command.sink, command)
        self._changed = True

    def _configure(self, command: protocol.Configure) -> None:
        if command.port_id not in self._ports or not are_usable(command.options):
            self.refused_commands += 1
            return
        if command.options == PortOptions():
            self._options.forget(command.port_id)
        else:
            self._options.tell(command.port_id, command.options)
        self._changed = True

    def _confer(self, command: protocol.Confer) -> None:
        if command.members:
            self._conference_members.tell(command.conference, command.members)
        else:
            self._conference_members.forget(command.conference)
        self._changed = True

    def _send_digits(self, command: protocol.SendDigits) -> None:
        port = self._ports.get(command.port_id)
        if port is None:
            self.refused_commands += 1
            return
        self._key(port, command.digits, command.duration_ms)

    def _key(self, port: Port, digits: str, duration_ms: int) -> None:
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
        route = self._routes.now.get(self._by_row[row])
        return row in self._keying.tones or row in self._conferences.rows or bool(route and route.sources)

    def _key_stops(self, row: int, since_frames: int = 0) -> None:
        """A key was heard: end what plays until one is, and has been heard for so long."""
        for player_id in self._players.until_key(row, since_frames):
            self._stop_playing(player_id)

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
            self._compact_form(left, right) if command.compact else Form.PCM,
        )

    def _compact_form(self, left: Port | None, right: Port | None) -> Form:
        """Return the form that keeps the codewords of both, if there is one."""
        if left is None or right is None:
            return Form.PCM
        codecs = self._crosspoint.codecs
        same = codecs[left.row] is codecs[right.row]
        return COMPACT.get(codecs[left.row], Form.PCM) if same else Form.PCM

    def _stop_recording(self, recorder_id: str) -> None:
        if self._recorder_ports.pop(recorder_id, None) is not None:
            self._recorders.close(recorder_id)
            self._changed = True


def _takes_events(port: Port) -> bool:
    return port.remote is not None and port.remote.event_payload_type is not None
