"""What a specimen of a fake modem does wrong (telephony-reference, sections A and H)."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Quirks:
    """What this specimen does wrong or late. Seconds."""

    boot_seconds: float = 0.3
    sim_seconds: float = 0.2
    """How long after the boot the SIM is still starting (CME 14)."""
    answer_seconds: float = 0.03
    """How long it thinks about a command; what it notifies of meanwhile comes before the result."""
    caller_id_seconds: float = 0.05
    """How long after the ring the caller's number is known; a negative one: never."""
    end_line: bool = True
    """Whether it says that a call has ended."""
    audio_refused_seconds: float = 0.2
    """How long after the connection it still refuses CPCMREG=1. Real ones are reported to refuse before the
    connection and to clip about the first 200 ms; that the refusal lasts just as long is assumed: no
    measurement of it is known.
    """
    audio_broken: bool = False
    """It refuses CPCMREG=1 for good, until restarted by AT+CRESET."""
    keeps_echo: bool = False
    """It goes on echoing after ATE0."""
    texts_seconds: float = 0.0
    """How long after the SIM is open commands about messages are still refused (CMS 314, SIM busy); only then
    it says `SMS DONE`.
    """
    ignores_chup: bool = False
    takes_waiter_left_alone: bool = False
    """When the call that AT+CHLD=2 is to hold ends in that moment, the waiting one is connected all the same;
    else it rings.
    """
    lists_waiting_seconds: float = 0.0
    """How long it goes on listing a waiting call as waiting (CLCC 5) once it rings alone."""
    tells_tries: bool = True
    """Whether it knows AT+SPIC."""
    sms_seconds: float = 0.5
    """How long sending a message takes."""
    prompts_on_cnma: bool = False
    """AT+CNMA leaves it waiting for a text, as a SIM800C does."""
    deaf: bool = False
    """It answers nothing at all any more."""
