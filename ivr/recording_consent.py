"""What a caller must be told, or asked, before being recorded: data by country, and the question itself.

The data is a careful default for an office that records its own calls, not legal advice; the administrator
may choose something stricter. A country that isn't listed gets the notice.
"""

from __future__ import annotations

import enum

import msgspec

from firmware.core.trace.voice import Consented
from firmware.switch.call import Call
from ivr.prompts import Prompts

ATTEMPTS = 2
FIRST_SECONDS = 6.0
"""To think, after the question's end."""
AGREE, REFUSE = "1", "2"


class Consent(enum.StrEnum):
    """From lax to strict."""

    NONE = "none"
    """The caller is told nothing."""
    NOTICE = "notice"
    """The caller is told, and agrees by staying on the line."""
    ASK = "ask"
    """The caller is asked, and recorded only after agreeing with a key."""


class Rule(msgspec.Struct, frozen=True):
    """What a country asks for."""

    consent: Consent
    basis: str
    """The law it rests on, as lawyers cite it."""


_RULES: dict[str, Rule] = {
    "AU": Rule(Consent.NOTICE, "Telecommunications (Interception and Access) Act 1979, s. 6"),
    "CA": Rule(Consent.NOTICE, "PIPEDA, schedule 1, principle 4.3"),
    "CH": Rule(Consent.ASK, "StGB Art. 179bis, 179ter"),
    "CN": Rule(Consent.NOTICE, "个人信息保护法 第十四条、第十七条"),
    "DE": Rule(Consent.ASK, "StGB § 201"),
    "FR": Rule(Consent.NOTICE, "Code pénal, art. 226-1; RGPD art. 13"),
    "GB": Rule(Consent.NOTICE, "UK GDPR, art. 13"),
    "HK": Rule(Consent.NOTICE, "Personal Data (Privacy) Ordinance, DPP 1"),
    "JP": Rule(Consent.NOTICE, "個人情報保護法 第二十一条"),
    "SG": Rule(Consent.NOTICE, "Personal Data Protection Act 2012, s. 20"),
    "US": Rule(Consent.NOTICE, "18 U.S.C. § 2511; Cal. Penal Code § 632 and the like ask for all parties"),
}
_ELSEWHERE = Rule(Consent.NOTICE, "")


def rule_of(country: str) -> Rule:
    """Return what a country asks for, by its ISO 3166 code."""
    return _RULES.get(country, _ELSEWHERE)


def stricter(one: Consent, other: Consent) -> Consent:
    """Return the stricter of two: the country's and the administrator's."""
    order = list(Consent)
    return max(one, other, key=order.index)


async def tell_of_recording(call: Call, prompts: Prompts, consent: Consent) -> None:
    """Tell a caller of the recording, or ask, once a call; one who doesn't agree is not recorded."""
    if consent is Consent.NONE or call.told_of_recording:
        return
    call.told_of_recording = True
    await call.answer()
    if consent is Consent.NOTICE:
        await call.play(Consented.NOTICE(), prompts("recording-notice"))
    elif not await _agrees(call, prompts):
        call.recordings = None
        call.may_be_recorded = False


async def _agrees(call: Call, prompts: Prompts) -> bool:
    """Ask whether the call may be recorded; silence is no."""
    for _ in range(ATTEMPTS):
        key = await call.collect(
            Consented.QUESTION(),
            prompts("recording-consent"),
            is_complete=lambda _: True,
            first_seconds=FIRST_SECONDS,
            next_seconds=1.0,
        )
        if key in (AGREE, REFUSE):
            agreed = key == AGREE
            call.journey.route(Consented.AGREED() if agreed else Consented.REFUSED())
            return agreed
    call.journey.route(Consented.SILENT())
    return False
