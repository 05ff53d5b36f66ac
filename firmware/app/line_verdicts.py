"""What calls have shown of a line, as verdicts of the doctor, for lines whose driver can't tell; and the
verdicts on a line bought from a provider.

    driver's verdicts ─┐
    CallSound ─────────┴─► the same, with one on audio     ProviderStatus, its calls ─► its verdicts
"""

from __future__ import annotations

import dataclasses
from typing import Final

from extensions.provider.line import ProviderStatus
from firmware.core.leg import Leg
from firmware.trunks.sound import LOW_DBM0, CallSound
from hal.line import Verdict, Words
from hal.seen import HANG_UP_NOTICED, SeenCalls

_TRY = Words("打一个测试电话。", "Make a test call.")
_NO_CALL = Words("还没有通话", "no call yet")
_NOT_EXAMINED = Words("尚未检查", "not examined")
POOR_MOS: Final = 3.1
"""Many users are dissatisfied below it (ITU-T G.107, annex B)."""


def audio_verdict(sound: CallSound | None) -> Verdict:
    """Judge what was heard from a line in its last call."""
    if sound is None or sound.has_sound is None:
        return Verdict("audio", None, _NO_CALL, _TRY)
    if not sound.has_sound:
        return Verdict(
            "audio",
            False,
            Words("通话中听不到任何声音", "nothing at all was heard in the last call"),
            Words(
                "检查音频接线；若再次出现，更换模块或扩展板。",
                "Check the audio's wiring; if it happens again, replace the modem or HAT.",
            ),
        )
    level = f"{sound.loudest_dbm0:.0f} dBm0"
    if sound.loudest_dbm0 < LOW_DBM0:
        return Verdict(
            "audio",
            False,
            Words(f"声音太小（{level}）", f"the line is too quiet ({level})"),
            Words("提高该线路的增益。", "Raise the line's gain."),
        )
    return Verdict("audio", True, Words(f"声音正常（{level}）", f"the line is heard ({level})"))


def with_calls(
    verdicts: tuple[Verdict, ...], sound: CallSound | None, *, hung_up: bool
) -> tuple[Verdict, ...]:
    """Return a line's verdicts with what its calls have shown: whether it is heard, and whether the other
    side's hang-up is noticed, also where a learned tone or silence tells of it.
    """
    return tuple(
        HANG_UP_NOTICED if hung_up and one.step == "hang_up" and one.words != _NOT_EXAMINED else one
        for one in with_audio(verdicts, sound)
    )


def with_audio(verdicts: tuple[Verdict, ...], sound: CallSound | None) -> tuple[Verdict, ...]:
    """Return a line's verdicts with one on audio, before that on hang-up.

    What the driver found wrong stands; what was heard says more than that the modem took audio.
    """
    own = next((one for one in verdicts if one.step == "audio"), None)
    at = next((at for at, one in enumerate(verdicts) if one.step in ("audio", "hang_up")), None)
    if at is None or (own is not None and (own.fine is False or sound is None)):
        return verdicts
    broken = any(one.fine is False and one.step not in ("signal", "caller_id") for one in verdicts[:at])
    mine = Verdict("audio", None, _NOT_EXAMINED) if broken else audio_verdict(sound)
    return (*verdicts[:at], mine, *verdicts[at + (own is not None) :])


@dataclasses.dataclass
class ProviderSeen:
    """What calls over one provider have shown since the start."""

    seen: SeenCalls = dataclasses.field(default_factory=SeenCalls)
    mos: float | None = None
    """Of the last call that was measured."""

    def rings(self, leg: Leg) -> None:
        """Count a call that came in."""
        self.seen.calls += 1
        self.seen.caller_ids += leg.party.number is not None or leg.party.withheld


def provider_verdicts(status: ProviderStatus, known: ProviderSeen) -> tuple[Verdict, ...]:
    """Judge a provider's line: registration → caller id → audio → hang-up."""
    registration = _registration(status)
    if registration.fine is not True:
        rest = ("caller_id", "audio", "hang_up")
        return (registration, *(Verdict(step, None, _NOT_EXAMINED) for step in rest))
    hang_up = Verdict("hang_up", True, Words("运营商会通知挂机", "the provider tells of hang-ups"))
    return (registration, known.seen.caller_id(), _quality(known.mos), hang_up)


def _registration(status: ProviderStatus) -> Verdict:
    if status.up:
        return Verdict(
            "registration", True, Words(f"已注册：{status.detail}", f"registered: {status.detail}")
        )
    if status.detail[:3] in ("401", "403", "407"):
        return Verdict(
            "registration",
            False,
            Words(f"运营商拒绝登录（{status.detail[:3]}）", f"the provider refuses us: {status.detail}"),
            Words("核对用户名和密码。", "Check user name and password."),
        )
    return Verdict(
        "registration",
        False,
        Words(f"未注册：{status.detail}", f"not registered: {status.detail}"),
        Words("检查网络、服务器地址和端口。", "Check the network, the server's address and port."),
    )


def _quality(mos: float | None) -> Verdict:
    if mos is None:
        return Verdict("audio", None, _NO_CALL, _TRY)
    if mos < POOR_MOS:
        return Verdict(
            "audio",
            False,
            Words(f"声音断续（MOS {mos:.1f}）", f"the audio breaks up (MOS {mos:.1f})"),
            Words("检查上网线路的丢包和拥塞。", "Look for loss and congestion on the internet line."),
        )
    return Verdict("audio", True, Words(f"声音正常（MOS {mos:.1f}）", f"the audio is good (MOS {mos:.1f})"))
