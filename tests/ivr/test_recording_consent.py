"""What callers are told of a recording, country by country."""

from __future__ import annotations

import pytest

from ivr.recording_consent import Consent, rule_of, stricter


@pytest.mark.parametrize(
    ("country", "consent"),
    [
        ("CN", Consent.NOTICE),
        ("DE", Consent.ASK),
        ("CH", Consent.ASK),
        ("US", Consent.NOTICE),
        ("XX", Consent.NOTICE),
    ],
)
def test_every_country_gets_at_least_the_notice(country: str, consent: Consent) -> None:
    assert rule_of(country).consent is consent


def test_an_administrator_can_only_be_stricter_than_the_country() -> None:
    assert stricter(rule_of("DE").consent, Consent.NONE) is Consent.ASK
    assert stricter(rule_of("CN").consent, Consent.ASK) is Consent.ASK
    assert stricter(rule_of("CN").consent, Consent.NONE) is Consent.NOTICE
