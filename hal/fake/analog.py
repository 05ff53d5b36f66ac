"""An analog telephone line and an analog telephone, as levels on the pins of a board (telephony-reference C).

`FakeExchange` is the far end of the exchange line, on the fake network; `FakeTelephone` is somebody at the
handset. What sounds on the line (tones, keys, caller ids) goes to `sounds`, in words, for whoever listens to
the audio. Sans-IO: everything runs on the network's `Schedule`.
"""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable

from hal.fake.audio import Ear, Voice
from hal.fake.line_sounds import lead_seconds
from hal.fake.network import CallState, FakeCall, FakeMobileNetwork

RING_HERTZ = 25
RING_ON, RING_OFF = 1.0, 4.0
"""Seconds: China's cadence."""
CALLER_ID_DELAY = 0.6
"""Seconds from the end of the first ring to its caller id (Bellcore: 500 to 2000 ms)."""
OPEN_LOOP = 0.4
"""Seconds for which the exchange opens the loop when the caller has hung up."""
TONE_PERIOD = 0.7
NUMBER_COMPLETE = 2.5
"""Seconds without a key after which the exchange takes a number for complete."""
PULSE_BREAK, PULSE_MAKE, PULSE_PAUSE = 0.06, 0.04, 0.6
LONGEST_PULSE = 0.11
"""Seconds of an open loop that are a pulse at most."""
DIGIT_COMPLETE = 0.25
"""Seconds without a pulse after which the exchange takes a digit for complete."""
HANG_UP_NOTICED = 0.4
"""Seconds of an open loop that the exchange takes for hanging up; a shorter one is a pulse or a flash."""
TONE_IS_SURE = 1.2
"""Seconds of a steady tone after which a detector is sure of it (firmware.media.dsp.progress)."""
FIRST_KEY_AWAITED = 16.0
"""Seconds of dial tone without a key, after which the exchange takes no number any more (reference C1)."""

Sounds = Callable[[str, str], None]
"""Takes ("tone", "busy"), ("key", "5"), ("caller", "13800138000"), ("withheld", "")."""


class DialTone(enum.StrEnum):
    """What a seized line gives, and whether it takes a number."""

    STEADY = "dial"
    SPECIAL = "special"
    """China's, for a line with a diverted number or other service (GF 002-9002): short gaps, for ever."""
    STUTTER = "stutter"
    """Some bursts, then steady: messages wait, as America's exchanges tell."""
    UNHEARD = "unheard"
    """None, and numbers are taken: a private exchange, an adapter, a radio link."""
    DEAD = "dead"
    """None, and no number is taken: current, and nobody at the other end."""


@dataclasses.dataclass
class ExchangeHabits:
    """What this exchange does, and others don't."""

    opens_loop: bool = True
    """When the far side hangs up."""
    turns_polarity: bool = True
    """When the called party answers."""
    caller_id: bool = True
    dial_tone: DialTone = DialTone.STEADY
    dial_tone_after: float = 0.3
    """Seconds after the line is seized; what is keyed before is lost."""
    busy_tone: str = "busy"
    """What it plays when the far side has hung up: "own" for one that isn't the country's."""


class FakeExchange:
    """The exchange's end of one line; the network's `Handset`."""

    def __init__(
        self, network: FakeMobileNetwork, sounds: Sounds, habits: ExchangeHabits | None = None
    ) -> None:
        self.network = network
        self.habits = habits if habits is not None else ExchangeHabits()
        self.plugged = True
        self.reversed = False
        self.ringing = False
        self.hooked = False
        """The box holds the line."""
        self.call: FakeCall | None = None
        self.tone: str | None = None
        """What the exchange plays into a held line: a name of `line_sounds.CADENCES`."""
        self._sounds = sounds
        self._open = False
        self._turn = 0
        self._moves = 0
        """Counts what the hook relay does."""
        self._opened_at: float | None = None
        """When the loop was opened last, until that is a hang-up."""
        self._pulses = 0
        self._number = ""
        self._takes_keys = False
        """Keys now are a number."""
        network.attach(self)

    # Levels

    @property
    def battery(self) -> bool:
        return self.plugged

    @property
    def loop_current(self) -> bool:
        return self.plugged and self.hooked and not self._open

    def hook(self, *, closed: bool) -> None:
        """The board has set its hook relay."""
        if closed == self.hooked:
            return
        self.hooked = closed
        self._moves += 1
        now, moves = self.network.schedule.now, self._moves
        if not closed:
            self._opened_at = now
            self.network.schedule.after(HANG_UP_NOTICED, lambda: self._hung_up(moves))
            return
        opened_at, self._opened_at = self._opened_at, None
        if opened_at is not None and now - opened_at < HANG_UP_NOTICED:
            if self.call is None and self._takes_keys and now - opened_at <= LONGEST_PULSE:
                self.tone = None
                self._pulses += 1
                self.network.schedule.after(DIGIT_COMPLETE, lambda: self._pulsed(moves))
            return
        self.tone = None
        self._number = ""
        self._pulses = 0
        if self.call is None:
            self.network.schedule.after(self.habits.dial_tone_after, lambda: self._is_seized(moves))
        elif self.call.to_modem and self.call.state is CallState.RINGING:
            self.ringing = False
            self.network.modem_answers(self.call)

    def _is_seized(self, moves: int) -> None:
        """A register is free for the number."""
        habit = self.habits.dial_tone
        if moves != self._moves or habit is DialTone.DEAD:
            return
        self._takes_keys = True
        if habit is DialTone.UNHEARD:
            return
        self.tone = habit.value
        schedule = self.network.schedule
        schedule.after(lead_seconds(self.tone) + TONE_IS_SURE, lambda: self._tell_dial_tone(moves))
        schedule.after(FIRST_KEY_AWAITED, lambda: self._waited_in_vain(moves))

    def _tell_dial_tone(self, moves: int) -> None:
        if moves == self._moves and self.tone == self.habits.dial_tone.value:
            self._sounds("tone", "dial")

    def _waited_in_vain(self, moves: int) -> None:
        if moves == self._moves and self.tone == self.habits.dial_tone.value:
            self._takes_keys = False
            self._turn += 1
            self.tone = "congestion"
            self._sound_on(self.tone, self._turn)

    def _pulsed(self, moves: int) -> None:
        """A digit dialled by pulses is complete, if none came since."""
        if moves == self._moves:
            pulses, self._pulses = self._pulses, 0
            self.key_heard(str(pulses % 10))

    def _hung_up(self, moves: int) -> None:
        """The loop has been open for long enough, if it didn't move since."""
        if moves != self._moves:
            return
        self._opened_at = None
        self.tone = None
        self._number = ""
        self._takes_keys = False
        call = self.call
        self._turn += 1
        self.reversed = self._open = False
        if call is not None and call.state is not CallState.ENDED:
            self.call = None
            self.network.modem_hangs_up(call)

    def keyed(self, digits: str) -> None:
        """The box keys digits into the line: a number, or into the call."""
        if not self.hooked:
            return
        if self.call is None:
            if not self._takes_keys:
                self.network.note(None, "lost keys", digits)
                return
            self.tone = None
            self._takes_keys = False
            self.call = self.network.modem_dials(digits)
        else:
            for key in digits:
                self.network.modem_presses(self.call, key)

    def key_heard(self, key: str) -> None:
        """The exchange heard one key: of a number that isn't complete yet, or into the call."""
        if self.call is not None:
            self.keyed(key)
        elif self.hooked and not self._takes_keys:
            self.network.note(None, "lost keys", key)
        elif self.hooked:
            self.tone = None
            self._number += key
            number = self._number
            self.network.schedule.after(NUMBER_COMPLETE, lambda: self._dial(number))

    def vanish(self) -> None:
        """The box is away: whatever it held is let go."""
        self.hook(closed=False)
        self._hung_up(self._moves)
        self.call = None
        self.ringing = False

    # The network's `Handset`

    @property
    def reachable(self) -> bool:
        # While the loop has just been opened the exchange can't know yet that it is free.
        return self.plugged and not self.hooked and self.call is None and self._opened_at is None

    @property
    def lets_wait(self) -> bool:
        return False

    def network_waits(self, call: FakeCall) -> None:
        """Never called: an exchange line without the service gives a second caller busy tone."""

    def network_rings(self, call: FakeCall) -> None:
        self.call = call
        self._ring(call, first=True)

    def network_alerts(self, call: FakeCall) -> None:
        self.tone = "ringback"
        self._sounds("tone", "ringback")

    def network_connects(self, call: FakeCall) -> None:
        self.tone = None
        if self.habits.turns_polarity:
            self.reversed = True

    def network_ends(self, call: FakeCall, word: str) -> None:
        if self.call is not call:
            return
        self.call = None
        self.ringing = False
        if not self.hooked:
            return
        if word == "VOICE END" and self.habits.opens_loop:
            self._open = True
            self.network.schedule.after(OPEN_LOOP, self._close_loop)
        self._turn += 1
        self.tone = "congestion" if word == "NO CARRIER" else self.habits.busy_tone
        self._sound_on(self.tone, self._turn)

    def network_key(self, key: str) -> None:
        self._sounds("key", key)

    def network_message(self, pdu: str) -> bool:
        return False

    def network_report(self, pdu: str) -> bool:
        return True

    def network_ussd(self, state: int, text: str) -> None:
        return

    # Inside

    def _dial(self, number: str) -> None:
        if self.hooked and self.call is None and number == self._number:
            self._number = ""
            self.keyed(number)

    def _ring(self, call: FakeCall, *, first: bool = False) -> None:
        if self.call is not call or call.state is not CallState.RINGING:
            return
        self.ringing = True

        def pause() -> None:
            self.ringing = False
            if first and self.habits.caller_id:
                self.network.schedule.after(CALLER_ID_DELAY, lambda: self._tell_caller(call))
            self.network.schedule.after(RING_OFF, lambda: self._ring(call))

        self.network.schedule.after(RING_ON, pause)

    def _tell_caller(self, call: FakeCall) -> None:
        if self.call is not call or call.state is not CallState.RINGING:
            return
        if call.script.withheld:
            self._sounds("withheld", "")
        elif call.number is not None:
            self._sounds("caller", call.number)

    def _close_loop(self) -> None:
        self._open = False

    def _sound_on(self, tone: str, turn: int) -> None:
        if turn == self._turn and self.hooked:
            self._sounds("tone", tone)
            self.network.schedule.after(TONE_PERIOD, lambda: self._sound_on(tone, turn))


class FakeTelephone:
    """The handset and whoever holds it."""

    def __init__(self, network: FakeMobileNetwork) -> None:
        self.closed = False
        """The hook switch: current flows."""
        self.lifted = False
        self.voice = Voice()
        """What the person says, and the keys they press."""
        self._ear: Ear | None = None
        self._hearing = threading.Lock()
        """The codec's thread hears, the event loop hangs up."""
        self._network = network

    def lift(self, voice: Voice | None = None, ear: Ear | None = None) -> None:
        """Somebody takes it up, who says this and hears by that."""
        with self._hearing:
            self.voice, self._ear = voice or Voice(), ear
        self.lifted = self.closed = True

    def put_back(self) -> None:
        self.lifted = self.closed = False
        with self._hearing:
            if self._ear is not None:
                self._ear.close()
            self._ear = None

    def hear(self, frame: bytes) -> None:
        """Take 20 ms of what sounds in it."""
        with self._hearing:
            if self._ear is not None:
                self._ear.hear(frame)

    def flash(self) -> None:
        """Tap the hook."""
        self.closed = False
        self._network.schedule.after(0.2, self._close)

    def pulse(self, digits: str) -> None:
        """Dial with a rotary dial."""
        moment = 0.0
        for digit in digits:
            for _ in range(int(digit) or 10):
                self._network.schedule.after(moment, self._break)
                self._network.schedule.after(moment + PULSE_BREAK, self._close)
                moment += PULSE_BREAK + PULSE_MAKE
            moment += PULSE_PAUSE

    def _break(self) -> None:
        self.closed = False

    def _close(self) -> None:
        self.closed = self.lifted
