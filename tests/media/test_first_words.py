"""A line that is opened before it is of use, and what ends a prompt: nothing of the first words is late or
lost, and of the last ones nothing is left over."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.core.ids import PortId
from firmware.core.media import PlayTone, PortOptions
from firmware.media import protocol
from firmware.media.dsp.tones import dtmf
from firmware.media.g711 import FRAME, I16
from firmware.media.pcm import SERIAL_AHEAD, SERIAL_CHUNK
from tests.media.rig import EngineRig, FakePcm, Phone

PATH = "/dev/modem"
LINE = PortId("pcm-modem")
PROMPT = PlayTone((440,), (), -10)
RATE = 8000
TICK = 0.02
KEY_TYPE = 101


class Modem(FakePcm):
    """A SIM7600's audio port, with its caller, who hears from 40 ms in reserve on, 20 ms a tick."""

    chunk = SERIAL_CHUNK
    ahead = SERIAL_AHEAD

    def __init__(self) -> None:
        super().__init__()
        self.caller_heard: list[I16] = []
        self._taken = 0
        self._playing = False

    def step(self) -> None:
        """Give the caller 20 ms."""
        left = len(self.heard()) - self._taken
        self._playing = left >= (FRAME if self._playing else 2 * FRAME)
        frame = np.zeros(FRAME, np.int16)
        if self._playing:
            frame = self.heard()[self._taken : self._taken + FRAME]
            self._taken += FRAME
        self.caller_heard.append(frame)
        self.incoming += bytes(2 * FRAME)

    def sound(self) -> I16:
        """Return what the caller heard."""
        return np.concatenate(self.caller_heard)


@pytest.fixture
def rig() -> EngineRig:
    return EngineRig()


@pytest.fixture
def modem(rig: EngineRig) -> Modem:
    modem = Modem()
    rig.devices[PATH] = modem
    rig.engine.apply(protocol.OpenPcm(LINE, PATH, RATE, held=True))
    rig.run(0.1)
    return modem


def _start(rig: EngineRig, settle_ms: int = 0) -> None:
    rig.engine.apply(protocol.OpenPcm(LINE, PATH, RATE, settle_ms))


def _talk(rig: EngineRig, modem: Modem, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        rig.run(TICK)
        modem.step()


def _first(sound: I16) -> float:
    """Return when something was first heard, in ms."""
    return float(np.flatnonzero(np.abs(sound) > 300)[0]) * 1000 / RATE


def _last(sound: I16) -> float:
    """Return when something was last heard, in ms."""
    return float(np.flatnonzero(np.abs(sound) > 300)[-1]) * 1000 / RATE


def _pieces(ms: int) -> list[bytes]:
    """Return a key's sound in pieces of 20 ms."""
    sound = dtmf("5", on_ms=ms).astype("<i2").tobytes()
    return [sound[at : at + 2 * FRAME].ljust(2 * FRAME, b"\0") for at in range(0, len(sound), 2 * FRAME)]


class TestHeld:
    def test_a_port_is_open_before_it_is_of_use_and_nothing_goes_in_or_out(
        self, rig: EngineRig, modem: Modem
    ) -> None:
        bob = rig.phone()
        rig.route(bob.port_id, LINE)
        modem.incoming += (np.ones(8000, np.int16) * 9000).tobytes()
        rig.play(LINE, PROMPT)
        rig.run(1)
        assert rig.happened(protocol.PortOpened)
        assert not modem.written
        assert np.abs(bob.heard()).max() < 10
        _start(rig)
        rig.run(0.5)
        assert np.abs(bob.heard()).max() < 10

    def test_the_first_words_are_written_at_once_when_it_is_started(
        self, rig: EngineRig, modem: Modem
    ) -> None:
        rig.play(LINE, PROMPT)
        rig.run(1)
        _start(rig)
        _talk(rig, modem, 1)
        assert _first(modem.sound()) < 5
        heard = modem.sound()[40:]
        assert np.abs(np.diff(heard.astype(np.int32))).max() < 4000
        assert np.abs(heard.reshape(-1, 40)).max(axis=1).min() > 300

    def test_words_that_come_later_are_late_by_the_reserve_and_no_more(
        self, rig: EngineRig, modem: Modem
    ) -> None:
        _start(rig)
        _talk(rig, modem, 0.5)
        rig.play(LINE, PROMPT)
        _talk(rig, modem, 0.5)
        assert _first(modem.sound()) - 500 < 90

    def test_what_the_modem_swallows_is_waited_for(self, rig: EngineRig, modem: Modem) -> None:
        rig.play(LINE, PROMPT)
        _start(rig, settle_ms=100)
        _talk(rig, modem, 0.5)
        assert 80 <= _first(modem.sound()) <= 105

    def test_it_goes_on_with_a_switch_that_comes_anew(self, rig: EngineRig, modem: Modem) -> None:
        _start(rig)
        rig.play(LINE, PROMPT)
        _talk(rig, modem, 0.3)
        rig.engine.apply(protocol.Hello())
        _start(rig)
        rig.engine.apply(protocol.Settled())
        before = len(modem.written)
        _talk(rig, modem, 0.3)
        assert len(modem.written) - before == pytest.approx(0.3 * 2 * RATE, abs=2 * SERIAL_CHUNK)


class TestOnALine:
    @pytest.mark.parametrize("phase", range(8))
    def test_a_prompt_that_is_stopped_is_heard_for_no_longer_than_what_was_written(
        self, rig: EngineRig, modem: Modem, phase: int
    ) -> None:
        player = rig.play(LINE, PROMPT)
        _start(rig)
        _talk(rig, modem, 0.5 + phase * TICK)
        stopped = len(modem.sound()) * 1000 / RATE
        rig.engine.apply(protocol.StopPlaying(player))
        _talk(rig, modem, 0.5)
        assert _last(modem.sound()) - stopped <= 50

    def test_nobody_else_is_cut_off_with_it(self, rig: EngineRig, modem: Modem) -> None:
        bob = rig.phone()
        rig.route(LINE, bob.port_id)
        _start(rig)
        bob.says((6000 * np.sin(2 * np.pi * 1000 / RATE * np.arange(2 * RATE))).astype(np.int16))
        player = rig.play(LINE, PROMPT)
        _talk(rig, modem, 0.5)
        rig.engine.apply(protocol.StopPlaying(player))
        _talk(rig, modem, 0.5)
        assert np.abs(modem.sound()[1600:7000].reshape(-1, 40)).max(axis=1).min() > 300

    def test_the_sound_of_a_key_ends_it_before_the_modem_has_told(self, rig: EngineRig, modem: Modem) -> None:
        _start(rig)
        rig.engine.apply(protocol.Play("question", LINE, (PROMPT,), until_key=True))
        _talk(rig, modem, 0.5)
        self._press(rig, modem)
        assert _last(modem.sound()) - 500 < 120 + 48
        # The key itself is the modem's to tell.
        assert rig.digits() == ""

    def test_an_announcement_plays_on(self, rig: EngineRig, modem: Modem) -> None:
        _start(rig)
        rig.play(LINE, PROMPT)
        _talk(rig, modem, 0.5)
        self._press(rig, modem)
        assert _last(modem.sound()) > 900

    def test_a_key_held_down_does_not_end_what_it_has_called_up(self, rig: EngineRig, modem: Modem) -> None:
        _start(rig)
        _talk(rig, modem, 0.2)
        for tick, piece in enumerate(_pieces(ms=500)):
            if tick == 6:
                rig.engine.apply(protocol.Play("next", LINE, (PROMPT,), until_key=True))
            self._hear(rig, modem, piece)
        assert not rig.happened(protocol.PlaybackEnded)

    @classmethod
    def _press(cls, rig: EngineRig, modem: Modem) -> None:
        for piece in _pieces(ms=100):
            cls._hear(rig, modem, piece)
        _talk(rig, modem, 0.5)

    @staticmethod
    def _hear(rig: EngineRig, modem: Modem, piece: bytes) -> None:
        rig.run(TICK)
        modem.step()
        modem.incoming = modem.incoming[: -2 * FRAME] + piece


class TestOnAPhone:
    def _press(self, phone: Phone) -> None:
        """Send the first packet of a key (RFC 4733 section 2.5.1.1)."""
        phone.packet(bytes([5, 10, 0, 160]), KEY_TYPE)

    def test_the_very_next_packet_after_a_key_is_silent(self, rig: EngineRig) -> None:
        bob = rig.phone()
        rig.engine.apply(protocol.Play("question", bob.port_id, (PROMPT,), until_key=True))
        rig.run(0.5)
        self._press(bob)
        pressed = len(bob.heard()) * 1000 / RATE
        rig.run(0.5)
        assert rig.digits() == "5"
        assert rig.happened(protocol.PlaybackEnded)
        assert _last(bob.heard()) < pressed

    def test_an_announcement_plays_on(self, rig: EngineRig) -> None:
        bob = rig.phone()
        rig.play(bob.port_id, PROMPT)
        rig.run(0.5)
        self._press(bob)
        rig.run(0.5)
        assert _last(bob.heard()) > 950

    def test_what_only_sounds_like_a_key_does_not_end_it(self, rig: EngineRig) -> None:
        bob = rig.phone()
        rig.engine.apply(protocol.Play("question", bob.port_id, (PROMPT,), until_key=True))
        rig.run(0.5)
        bob.says(dtmf("5", on_ms=100))
        rig.run(0.5)
        assert rig.digits() == ""
        assert not rig.happened(protocol.PlaybackEnded)

    def test_keys_that_are_only_heard_end_it_too(self, rig: EngineRig) -> None:
        bob = rig.phone()
        rig.engine.apply(protocol.Configure(bob.port_id, PortOptions(detect_digits=True)))
        rig.engine.apply(protocol.Play("question", bob.port_id, (PROMPT,), until_key=True))
        rig.run(0.5)
        bob.says(np.concatenate((dtmf("5", on_ms=100), np.zeros(4000, np.int16))))
        rig.run(0.5)
        assert rig.digits() == "5"
        # 40 ms make a key (Q.24), of which a frame may fall to either side, and 2 ms to 20 ms to the tick.
        assert _last(bob.heard()) - 500 <= 100
