"""The fake SIM7600 keeps the real one's rules; without that, the driver's tests would prove nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.fake.at_end import MAX_COMMAND
from hal.fake.modem import FakeModem
from hal.fake.network import FakeMobileNetwork, PartyScript
from hal.fake.quirks import Quirks
from hal.fake.schedule import Schedule
from hal.fake.sim_card import SimCard, SimState


class Desk:
    """A modem and somebody typing at it, on a clock of numbers."""

    def __init__(self, sim: SimCard | None = None, quirks: Quirks | None = None) -> None:
        self.schedule = Schedule()
        self.network = FakeMobileNetwork(self.schedule)
        self.modem = FakeModem(self.network, sim, quirks)
        # Whoever types here reads the answer at once.
        self.modem.quirks.answer_seconds = 0.0
        self.modem.power_on()

    def wait(self, seconds: float) -> bytes:
        self.schedule.handle_timer(self.schedule.now + seconds)
        return self.modem.data_to_send()

    def type(self, command: str) -> bytes:
        self.modem.receive_data(f"{command}\r".encode())
        return self.modem.data_to_send()

    def lines(self, command: str) -> list[str]:
        """Type a command and return the answer's lines."""
        return [line for line in self.type(command).decode().replace("\r", "\n").split("\n") if line]


@pytest.fixture
def desk() -> Desk:
    """A modem that has booted, without echo, set up as the driver does."""
    desk = Desk()
    desk.wait(1)
    for command in ("E0", "+CMEE=1", "+CLIP=1", "+CRC=1", "+CLCC=1", "+DDET=1", "+CREG=2", "+CVHU=0"):
        assert desk.lines(f"AT{command}")[-1] == "OK"
    return desk


def call(desk: Desk, number: str | None = "13800138000", **script: object) -> bytes:
    desk.network.call(PartyScript(number, **script))  # type: ignore[arg-type]  # fields by name
    return desk.modem.data_to_send()


def test_it_boots_deaf_and_then_tells_what_is_ready() -> None:
    desk = Desk()
    assert desk.type("AT") == b""
    assert desk.wait(0.35) == b"\r\nRDY\r\n"
    assert desk.lines("AT+CPIN?") == ["AT+CPIN?", "ERROR"]
    assert desk.wait(1) == b"\r\n+CPIN: READY\r\n\r\nSMS DONE\r\n\r\nPB DONE\r\n"


def test_it_echoes_until_told_not_to() -> None:
    desk = Desk()
    desk.wait(1)
    assert desk.type("AT") == b"AT\r\r\nOK\r\n"
    assert desk.type("ATE0") == b"ATE0\r\r\nOK\r\n"
    assert desk.type("AT") == b"\r\nOK\r\n"
    desk.type("ATZ")
    assert desk.type("AT") == b"AT\r\r\nOK\r\n"


def test_a_starting_sim_is_a_cme_error() -> None:
    desk = Desk(quirks=Quirks(sim_seconds=10))
    desk.wait(1)
    desk.type("AT+CMEE=1")
    assert desk.lines("AT+CPIN?")[-1] == "+CME ERROR: 14"


def test_rings_come_in_simcoms_odd_framing_with_the_caller_id_every_time(desk: Desk) -> None:
    said = call(desk) + desk.wait(4.5)
    assert said.count(b"\r\r\n+CRING: VOICE\r\r\n") == 2
    assert said.count(b'\r\n+CLIP: "13800138000",129,"",0,"",0\r\n') == 2


def test_a_withheld_number_shows_nowhere(desk: Desk) -> None:
    said = call(desk, withheld=True) + desk.wait(1) + desk.type("AT+CLCC")
    assert b"138" not in said
    assert b'+CLIP: "",128,"",0,"",1' in said


def test_an_answered_call_says_begin_and_its_end_is_told_twice(desk: Desk) -> None:
    call(desk)
    assert desk.lines("ATA") == ["OK"]
    assert b"VOICE CALL: BEGIN" in desk.wait(0.1)
    desk.wait(40.9)
    desk.network.party_hangs_up(next(iter(desk.network.calls.values())))
    said = desk.modem.data_to_send()
    assert said.endswith(b"\r\nVOICE CALL: END: 000041\r\n\r\nNO CARRIER\r\n")


def test_a_missed_call_is_told_with_its_number(desk: Desk) -> None:
    call(desk, give_up_after=10.0)
    assert b"MISSED_CALL: 02:25AM 13800138000" in desk.wait(11)
    assert desk.network.history[-1].detail == "party hung up"


def test_audio_is_refused_before_the_connection_and_a_little_longer(desk: Desk) -> None:
    assert desk.lines("AT+CPCMREG=1") == ["ERROR"]
    call(desk)
    assert desk.lines("AT+CPCMREG=1") == ["ERROR"]
    desk.type("ATA")
    assert desk.lines("AT+CPCMREG=1") == ["ERROR"]
    desk.wait(0.4)
    assert desk.lines("AT+CPCMREG=1") == ["OK"]
    assert desk.modem.audio_on


def test_ath_is_ignored_until_cvhu_is_0() -> None:
    desk = Desk()
    desk.wait(1)
    call(desk)
    desk.type("ATA")
    desk.type("ATH")
    assert desk.network.calls
    desk.type("AT+CVHU=0")
    desk.type("ATH")
    assert not desk.network.calls


def test_keys_arrive_after_the_detectors_delay_in_odd_framing(desk: Desk) -> None:
    call(desk, digits="5", digits_after=1.0)
    desk.type("ATA")
    desk.wait(1.05)
    assert desk.wait(0.12) == b"\r\r\n+RXDTMF: 5\r\r\n"


def test_keys_are_not_told_unless_asked_for() -> None:
    desk = Desk()
    desk.wait(1)
    call(desk, digits="5")
    desk.type("ATA")
    assert b"RXDTMF" not in desk.wait(3)


def test_three_wrong_pins_block_the_card_and_the_puk_opens_it() -> None:
    desk = Desk(SimCard("1234", "87654321"))
    desk.wait(1)
    desk.type("ATE0")
    desk.type("AT+CMEE=1")
    assert desk.lines('AT+CPIN="1111"') == ["+CME ERROR: 16"]
    assert desk.lines("AT+SPIC") == ["+SPIC: 2,10,0,10", "OK"]
    desk.lines('AT+CPIN="2222"')
    assert desk.lines('AT+CPIN="3333"') == ["+CME ERROR: 12"]
    assert desk.lines("AT+CPIN?") == ["+CPIN: SIM PUK", "OK"]
    assert desk.lines('AT+CPIN="1234"') == ["+CME ERROR: 12"]
    assert desk.lines('AT+CPIN="11111111","4321"') == ["+CME ERROR: 16"]
    assert desk.lines("AT+SPIC")[0] == "+SPIC: 0,9,0,10"
    assert desk.lines('AT+CPIN="87654321","4321"') == ["OK"]
    assert desk.modem.sim.state is SimState.READY
    assert not any("1234" in text or "4321" in text for _, text in desk.modem.history)


def test_ten_wrong_puks_kill_the_card() -> None:
    sim = SimCard("1234")
    for _ in range(3):
        sim.enter_pin("0000")
    for _ in range(10):
        sim.enter_puk("00000000", "1234")
    assert sim.state is SimState.DEAD


def test_power_cycles_do_not_give_tries_back() -> None:
    sim = SimCard("1234")
    sim.enter_pin("0000")
    sim.power_cycle()
    assert (sim.pin_tries, sim.state) == (2, SimState.PIN)


def test_a_modem_in_a_call_is_busy_to_others(desk: Desk) -> None:
    call(desk)
    call(desk, "13800138001")
    assert [h.detail for h in desk.network.history if h.word == "ended"] == ["not reachable"]


def test_nobody_reaches_a_modem_without_registration(desk: Desk) -> None:
    desk.modem.set_registration(2)
    assert b'+CREG: 2,"1A2B"' in desk.modem.data_to_send()
    assert call(desk) == b""
    assert desk.lines("ATD10086;") == ["+CME ERROR: 30"]


def test_numbers_outside_the_office_network_are_refused(desk: Desk) -> None:
    assert desk.lines("ATD112;")[0] == "OK"
    assert b"NO CARRIER" in desk.wait(1)


def test_a_script_that_cannot_be_played_refuses_the_modems_call(desk: Desk) -> None:
    from hal.fake.network import FarNumber

    desk.network.numbers["10086"] = FarNumber(script=PartyScript(play=("/missing.wav",)))
    desk.type("ATD10086;")
    assert b"NO CARRIER" in desk.wait(1)


def test_a_command_line_that_is_too_long_is_refused(desk: Desk) -> None:
    assert desk.lines("AT" + "X" * (MAX_COMMAND + 100)) == ["ERROR"]
    assert desk.modem.refused_lines == 1
    assert desk.lines("AT") == ["OK"]


def test_commands_it_does_not_know(desk: Desk) -> None:
    assert desk.lines("AT+NONSENSE") == ["+CME ERROR: 4"]
    assert desk.lines("ATQQ") == ["ERROR"]
    assert desk.lines("hello") == []


@given(
    st.lists(st.binary(max_size=20) | st.sampled_from([b"AT+C", b"ATD1;\r", b"ATA\r", b"AT+CHUP\r", b"\r"]))
)
def test_nothing_typed_at_it_raises(pieces: list[bytes]) -> None:
    desk = Desk()
    desk.wait(1)
    for piece in pieces:
        desk.modem.receive_data(piece)
        desk.wait(0.3)
