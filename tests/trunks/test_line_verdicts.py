"""The doctor's word on what is heard from a line, and on lines bought from a provider."""

from __future__ import annotations

import dataclasses

import pytest

from extensions.provider.line import ProviderStatus
from firmware.app.line_verdicts import ProviderSeen, provider_verdicts, with_audio, with_calls
from firmware.control.line_words import STEP_NAMES
from firmware.trunks.sound import DEAF_S, METER_S, CallSound
from hal.coprocessor.board import Coprocessor
from hal.coprocessor.doctor import examine_fxo
from hal.line import Verdict, Words
from hal.seen import SeenCalls

FINE, BAD, UNKNOWN = True, False, None


def heard(level_dbm0: float, seconds: float = DEAF_S + 1) -> CallSound:
    sound = CallSound()
    for _ in range(round(seconds / METER_S)):
        sound.metered(level_dbm0)
    return sound


def steps(*fine: bool | None) -> tuple[Verdict, ...]:
    """An exchange line's own verdicts: power, relay, line, caller id, hang-up."""
    names = ("power", "relay", "line", "caller_id", "hang_up")
    return tuple(Verdict(name, one, Words("", "")) for name, one in zip(names, fine, strict=True))


@pytest.mark.parametrize(
    ("sound", "fine", "words"),
    [
        (None, UNKNOWN, "no call yet"),
        (heard(-96, 3), UNKNOWN, "no call yet"),
        (heard(-20), FINE, "the line is heard (-20 dBm0)"),
        (heard(-20, 1), FINE, "the line is heard (-20 dBm0)"),
        (heard(-60), BAD, "the line is too quiet (-60 dBm0)"),
        (heard(-96), BAD, "nothing at all was heard in the last call"),
    ],
)
def test_an_exchange_line_is_judged_by_what_is_heard(
    sound: CallSound | None, fine: bool | None, words: str
) -> None:
    verdicts = with_audio(steps(FINE, FINE, FINE, FINE, FINE), sound)
    assert [one.step for one in verdicts] == ["power", "relay", "line", "caller_id", "audio", "hang_up"]
    audio = verdicts[4]
    assert (audio.fine, audio.words.en) == (fine, words)
    assert audio.words.zh
    assert bool(audio.remedy.en and audio.remedy.zh) is (fine is not FINE)


def test_sound_is_not_judged_on_a_line_that_is_unplugged() -> None:
    verdicts = with_audio(steps(FINE, FINE, BAD, UNKNOWN, UNKNOWN), heard(-20))
    assert (verdicts[4].fine, verdicts[4].words.en) == (UNKNOWN, "not examined")


def test_what_the_modem_refused_stands_and_what_was_heard_says_more_than_that_it_took_audio() -> None:
    own = Verdict("audio", FINE, Words("", "audio was there at once"))
    rest = Verdict("hang_up", FINE, Words("", ""))
    assert [one.fine for one in with_audio((own, rest), heard(-96))] == [BAD, FINE]
    assert with_audio((own, rest), None) == (own, rest)
    refused = dataclasses.replace(own, fine=BAD)
    assert with_audio((refused, rest), heard(-20)) == (refused, rest)


def test_the_hats_exchange_line_has_a_verdict_on_sound() -> None:
    verdicts = examine_fxo(Coprocessor("/nowhere"), None, SeenCalls(), held=False)
    assert "audio" in [one.step for one in with_audio(verdicts, None)]


def provider(*, up: bool, detail: str) -> ProviderStatus:
    return ProviderStatus("voip1", up, detail, 0)


def test_a_bought_line_is_walked_from_its_registration_to_the_hang_up() -> None:
    known = ProviderSeen(SeenCalls(calls=2, caller_ids=1), mos=4.2)
    verdicts = provider_verdicts(provider(up=True, detail="sip.example.cn:5060"), known)
    assert [one.step for one in verdicts] == ["registration", "caller_id", "audio", "hang_up"]
    assert [one.fine for one in verdicts] == [FINE, FINE, FINE, FINE]
    assert all(one.step in STEP_NAMES for one in verdicts)
    poor = provider_verdicts(provider(up=True, detail="x"), ProviderSeen(mos=2.0))
    assert [one.fine for one in poor] == [FINE, UNKNOWN, BAD, FINE]


@pytest.mark.parametrize(
    ("detail", "remedy"),
    [
        ("403 Forbidden", "Check user name and password."),
        ("sip.example.cn can't be reached", "Check the network, the server's address and port."),
    ],
)
def test_a_bought_line_that_is_down_names_the_remedy(detail: str, remedy: str) -> None:
    verdicts = provider_verdicts(provider(up=False, detail=detail), ProviderSeen())
    assert [one.fine for one in verdicts] == [BAD, UNKNOWN, UNKNOWN, UNKNOWN]
    assert verdicts[0].remedy.en == remedy


def test_a_hang_up_that_a_learned_tone_told_of_is_a_hang_up_noticed() -> None:
    unseen = Verdict("hang_up", None, Words("还没有", "none yet"), Words("打进来", "Call in."))
    told = with_calls((unseen,), None, hung_up=True)[-1]
    assert told.fine and told.words.en == "hang-up is noticed"
    assert with_calls((unseen,), None, hung_up=False)[-1] is unseen


def test_what_is_not_examined_is_not_said_to_be_noticed() -> None:
    waiting = Verdict("hang_up", None, Words("尚未检查", "not examined"))
    assert with_calls((waiting,), None, hung_up=True)[-1] is waiting
