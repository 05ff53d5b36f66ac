"""The doctor of a voice modem: power → modem → caller id → audio → hang-up, a verdict and a remedy each."""

from __future__ import annotations

import dataclasses

from hal.line import Verdict, Words
from hal.seen import LEARN, SeenCalls


@dataclasses.dataclass
class Seen(SeenCalls):
    """What calls have shown since the start."""

    audio: bool | None = None
    """Whether the last call had audio; None before the first."""


@dataclasses.dataclass(frozen=True)
class VoiceFindings:
    port_open: bool
    answers: bool
    set_up: bool
    saying: str
    seen: Seen


_UNKNOWN = Words("还没有通话", "no call yet")
_CALL_IN = Words("从外面打一个电话进来试试。", "Call in from outside to see.")


def examine(findings: VoiceFindings) -> tuple[Verdict, ...]:
    """Judge the steps in order; after the first that fails, the rest reads "not examined"."""
    verdicts = [_power(findings), _modem(findings), *_calls(findings.seen)]
    bad = next((at for at, verdict in enumerate(verdicts[:2]) if verdict.fine is not True), None)
    if bad is None:
        return tuple(verdicts)
    rest = [Verdict(v.step, None, Words("尚未检查", "not examined")) for v in verdicts[bad + 1 :]]
    return (*verdicts[: bad + 1], *rest)


def _power(findings: VoiceFindings) -> Verdict:
    if not findings.port_open:
        return Verdict(
            "power",
            False,
            Words("找不到语音调制解调器", "no voice modem is found"),
            Words("检查 USB 线。", "Check the USB cable."),
        )
    if not findings.answers:
        return Verdict(
            "power",
            False,
            Words("语音调制解调器没有应答", "the voice modem doesn't answer"),
            Words("拔下十秒后重新插上。", "Unplug it for ten seconds."),
        )
    return Verdict("power", True, Words("语音调制解调器正常", "the voice modem answers"))


def _modem(findings: VoiceFindings) -> Verdict:
    if not findings.set_up:
        return Verdict(
            "voice",
            False,
            Words("语音功能未就绪", findings.saying or "voice isn't set up"),
            Words("确认型号支持语音（+FCLASS=8）。", "Make sure that the model has voice (+FCLASS=8)."),
        )
    return Verdict("voice", True, Words("语音功能正常", "voice is set up"))


def _calls(seen: Seen) -> list[Verdict]:
    return [seen.caller_id(), _audio(seen), seen.hang_up(LEARN)]


def _audio(seen: Seen) -> Verdict:
    if seen.audio is None:
        return Verdict("audio", None, _UNKNOWN, _CALL_IN)
    if not seen.audio:
        return Verdict(
            "audio",
            False,
            Words("没有声音", "no audio"),
            Words("换一台语音调制解调器。", "Try another voice modem."),
        )
    return Verdict("audio", True, Words("声音正常", "audio flowed"))
