"""The engine in a test's hands: phones and devices without sockets, time without waiting.

rig = EngineRig(tmp_path)
alice, bob = rig.phone(), rig.phone(PCMA)
rig.bridge(alice, bob)
alice.says(tone(440, 1.0))
rig.run(1.2)
assert heard_frequency(bob.heard()) == 440
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware.core.ids import PortId
from firmware.core.media import PCMU, DigitHeard, MediaError, PlayItem, RtpRemote, Source
from firmware.media import protocol
from firmware.media.engine import Engine
from firmware.media.g711 import FRAME, I16, LAWS, RATE
from firmware.media.loader import FileLoader
from firmware.media.pcm import SERIAL_AHEAD, SERIAL_CHUNK, DeviceGone
from firmware.media.rtp import RtpPacket, build, parse
from firmware.media.rtp_network import EXPECTED_SIZE, MISSED, Batch
from firmware.media.writer import RecordingWriter

TICK_NS = 20_000_000


def tone(frequency: float, seconds: float, level: float = 8000) -> I16:
    """Return a sine of a given amplitude."""
    moments = np.arange(round(seconds * RATE))
    return (level * np.sin(2 * np.pi * frequency * moments / RATE)).astype(np.int16)


def heard_frequency(samples: I16) -> float:
    """Return the strongest frequency, to the nearest 10 Hz."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples))))
    return float(round(float(spectrum.argmax()) * RATE / len(samples), -1))


def level_db(samples: I16, reference: I16) -> float:
    """Return how much louder `samples` are than `reference`, in dB."""
    powers = [float(np.mean(one.astype(np.float64) ** 2)) for one in (samples, reference)]
    return float(10 * np.log10(powers[0] / powers[1]))


def longest_gap_ms(samples: I16, threshold: int = 100) -> float:
    """Return the longest run of near-silence between the first and the last sound."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > threshold)
    return float(np.diff(loud).max() * 1000 / RATE) if len(loud) > 1 else 0.0


class FakeNetwork:
    """RTP without a kernel: packets are put in, and taken out, by row."""

    def __init__(self) -> None:
        self.strangers = 0
        self.send_failures = 0
        self.sent: dict[int, list[RtpPacket]] = {}
        self.arriving: list[tuple[int, bytes]] = []
        self.last_opened = -1
        self.aims: dict[int, tuple[str, int]] = {}
        self._ports = itertools.count(20000, 2)
        self._senders: dict[int, memoryview] = {}
        self.unseal: dict[int, Callable[[bytes], bytes | None]] = {}
        """How rows that speak SRTP read what they are sent."""
        self.reported: list[tuple[int, bytes]] = []
        """RTCP packets sent, by row."""
        self.reporting: list[tuple[int, bytes]] = []
        """RTCP packets about to arrive."""
        self.arrived_before: dict[int, float] = {}
        """Seconds before the tick that each row's packets arrive; the middle of it where nothing is said."""
        self._closed: set[int] = set()

    def open(self, row: int, host: str, port: int) -> tuple[str, int]:
        if host == "203.0.113.1":
            raise MediaError("no such address here")
        self.sent[row] = []
        self._closed.discard(row)
        self.last_opened = row
        return (host, port or next(self._ports))

    def aim(self, row: int, host: str, port: int) -> None:
        self.aims[row] = (host, port)

    def close(self, row: int) -> None:
        self._closed.add(row)
        self.aims.pop(row, None)

    def receive(self, batch: Batch, is_quiet: Callable[[int], bool]) -> None:
        for index, row in enumerate(batch.expected.tolist()):
            first = next(
                (one for one in self.arriving if one[0] == row and len(one[1]) <= EXPECTED_SIZE), None
            )
            if first is None:
                batch.lengths.append(MISSED)
            else:
                self.arriving.remove(first)
                batch.lengths.append(batch.put(index, first[1]))
        for row, packet in self.arriving:
            batch.add(row, packet)
        self.arriving.clear()

    def expect(self, batch: Batch, rows: Sequence[int]) -> None:
        batch.expect([row for row in rows if row not in self._closed])

    def ages(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        if not self._closed.isdisjoint(rows):
            raise KeyError(rows)  # as of a socket that is gone
        return np.array([self.arrived_before.get(row, 0.01) for row in rows])

    def sending(self, rows: dict[int, memoryview]) -> None:
        self._senders = rows

    def transmit(self) -> None:
        for row, view in self._senders.items():
            self.send(row, bytes(view))

    def send_report(self, row: int, packet: bytes) -> None:
        self.reported.append((row, packet))

    def reports(self) -> list[tuple[int, bytes]]:
        arrived, self.reporting = self.reporting, []
        return arrived

    def send(self, row: int, packet: bytes) -> None:
        unseal = self.unseal.get(row)
        plain = packet if unseal is None else unseal(packet)
        assert plain is not None
        parsed = parse(plain)
        assert parsed is not None
        self.sent[row].append(parsed)


class FakePcm:
    """A serial device that takes and gives bytes."""

    chunk = FRAME
    ahead = 2 * FRAME

    def __init__(self) -> None:
        self.opens = True
        """Whether it opens at once; else it is being opened until this is set."""
        self.dropped = 0
        self.incoming = b""
        self.written = bytearray()
        self.gone = False

    def ready(self) -> bool:
        return self.opens

    def read(self) -> bytes:
        if self.gone:
            raise DeviceGone("the modem was pulled out")
        data, self.incoming = self.incoming[:8192], self.incoming[8192:]
        return data

    def write(self, frame: bytes) -> None:
        if self.gone:
            raise DeviceGone("the modem was pulled out")
        self.written += frame

    def close(self) -> None:
        self.gone = False
        self.incoming = b""

    def heard(self) -> I16:
        """Return all that was played to the line."""
        return np.frombuffer(self.written, "<i2").astype(np.int16)


class FakeSerial(FakePcm):
    """As a modem's serial port takes audio: 512 bytes at once, two such lots ahead."""

    chunk = SERIAL_CHUNK
    ahead = SERIAL_AHEAD


class FakeCard(FakePcm):
    """As a sound card does: a period at once, nothing ahead of what it buffers itself."""

    ahead = 0


class Phone:
    """A phone on one RTP port."""

    def __init__(self, rig: EngineRig, port_id: PortId, row: int, payload_type: int) -> None:
        self.port_id = port_id
        self.row = row
        self.payload_type = payload_type
        self.ssrc = 1000 + row
        self.sequence = 65530
        self.timestamp = (1 << 32) - 800
        """Both wrap early in every story."""
        self._rig = rig
        self._queue: list[bytes] = []
        self._said = 0
        self._seal: Callable[[bytes], bytes] = bytes

    def says(self, samples: I16, packet_samples: int = FRAME) -> None:
        """Send this from now on, a packet whenever its time is full."""
        words = LAWS[self.payload_type].encode(np.ascontiguousarray(samples))
        self.sends(words.tobytes(), packet_samples)

    def sends(self, words: bytes, packet_samples: int = FRAME) -> None:
        """Send codewords from now on."""
        if not self._queue:
            self._said = max(self._said, self._rig.now_ns * RATE // 1_000_000_000)
        self._queue += [words[at : at + packet_samples] for at in range(0, len(words), packet_samples)]

    def due(self, elapsed_samples: int) -> None:
        """Send what is due by now."""
        while self._queue and self._said + len(self._queue[0]) <= elapsed_samples:
            payload = self._queue.pop(0)
            self._said += len(payload)
            self.packet(payload)

    def packet(self, payload: bytes, payload_type: int | None = None) -> None:
        """Send one packet now."""
        kind = self.payload_type if payload_type is None else payload_type
        packet = RtpPacket(kind, False, self.sequence % 65536, self.timestamp % (1 << 32), self.ssrc, payload)
        self.sequence += 1
        self.timestamp += len(payload)
        self.raw(self._seal(build(packet)))

    def raw(self, data: bytes) -> None:
        """Send any bytes now."""
        self._rig.network.arriving.append((self.row, data))

    def speaks_srtp(self, seal: Callable[[bytes], bytes], unseal: Callable[[bytes], bytes | None]) -> None:
        """Seal every packet from now on, and read what comes likewise."""
        self._seal = seal
        self._rig.network.unseal[self.row] = unseal

    def packets(self) -> list[RtpPacket]:
        """Return all packets this phone got."""
        return self._rig.network.sent[self.row]

    def words(self) -> bytes:
        """Return all codewords this phone got."""
        return b"".join(packet.payload for packet in self.packets())

    def heard(self) -> I16:
        """Return all this phone heard."""
        return LAWS[self.payload_type].decoded[np.frombuffer(self.words(), np.uint8)]


class EngineRig:
    """An engine, its world, and a clock that only `run` moves."""

    def __init__(self) -> None:
        self.network = FakeNetwork()
        self.devices: dict[str, FakePcm] = {}
        self.loader = FileLoader()
        self.now_ns = 0
        self.writer = RecordingWriter(lambda: self.now_ns)
        self.engine = Engine(
            self.network,
            self._open_pcm,
            self.loader,
            self.writer,
            lambda: 1.7e9 + self.now_ns / 1e9,
            lambda: self.now_ns / 1e9,
        )
        self.events: list[protocol.Event] = []
        self.phones: list[Phone] = []
        self._names = itertools.count()

    def _open_pcm(self, path: str, _rate: int) -> FakePcm:
        if path not in self.devices:
            raise MediaError(f"{path}: no such device")
        return self.devices[path]

    def phone(self, payload_type: int = PCMU, *, aimed: bool = True) -> Phone:
        """Open an RTP port and put a phone at its far end."""
        port_id = PortId(f"rtp-{next(self._names)}")
        self.engine.apply(protocol.OpenRtp(port_id, "127.0.0.1"))
        phone = Phone(self, port_id, self.network.last_opened, payload_type)
        self.phones.append(phone)
        if aimed:
            self.aim(phone)
        return phone

    def aim(self, phone: Phone, *, send: bool = True, receive: bool = True) -> None:
        remote = RtpRemote("127.0.0.1", 5004, phone.payload_type, 101, send, receive)
        self.engine.apply(protocol.AimRtp(phone.port_id, remote))

    def line(self, path: str = "/dev/ttyUSB4", device: FakePcm | None = None) -> tuple[PortId, FakePcm]:
        """Open a PCM port on a device."""
        port_id = PortId(f"pcm-{next(self._names)}")
        self.devices[path] = device or FakePcm()
        self.engine.apply(protocol.OpenPcm(port_id, path, 8000))
        return port_id, self.devices[path]

    def route(self, sink: PortId, *sources: Source | PortId) -> None:
        edges = [source if isinstance(source, Source) else Source(source) for source in sources]
        self.engine.apply(protocol.Route(sink, tuple(edges)))

    def bridge(self, one: Phone, other: Phone) -> None:
        self.route(one.port_id, other.port_id)
        self.route(other.port_id, one.port_id)

    def play(self, port_id: PortId, *items: PlayItem, repeat: bool = False) -> str:
        name = f"player-{next(self._names)}"
        self.engine.apply(protocol.Play(name, port_id, items, repeat))
        self.loader.load_wanted()
        return name

    def record(
        self, path: Path, left: PortId, right: PortId, name: str = "recorder", *, compact: bool = False
    ) -> None:
        self.engine.apply(protocol.Record(name, str(path), left, right, self.now_ns, compact))

    def run(self, seconds: float) -> None:
        """Let time pass: phones send when it is due, the engine ticks, files are read and written."""
        for _ in range(round(seconds * 50)):
            self.now_ns += TICK_NS
            for phone in self.phones:
                phone.due(self.now_ns * RATE // 1_000_000_000)
            self.engine.tick()
            self.loader.load_wanted()
            self.writer.work_off()
            self.events += self.engine.take_events()

    def digits(self) -> str:
        """Return the digits heard so far."""
        said = [event for event in self.events if isinstance(event, protocol.PortSaid)]
        return "".join(event.event.digit for event in said if isinstance(event.event, DigitHeard))

    def happened(self, kind: type[protocol.Event]) -> list[protocol.Event]:
        """Return the events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]
