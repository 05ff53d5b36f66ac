"""The samples of a recording in the form of its file."""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.media.g711 import ALAW, I16, U8, ULAW, Law
from firmware.media.recording_form import Form

LAW_OF: Final[dict[Form, Law]] = {Form.ULAW: ULAW, Form.ALAW: ALAW}
FORM_OF: Final[dict[Law | None, Form]] = {ULAW: Form.ULAW, ALAW: Form.ALAW}


def silence_of(form: Form) -> bytes:
    """Return one silent stereo sample."""
    law = LAW_OF.get(form)
    return bytes(form.frame_bytes) if law is None else bytes((law.silence, law.silence))


def in_form(linear: I16, form: Form) -> U8:
    """Return C-contiguous linear samples, in their order, as octets of a form, shape (any,)."""
    law = LAW_OF.get(form)
    octets: U8 = linear.reshape(-1).view(np.uint8) if law is None else law.encode(linear).reshape(-1)
    return octets


def converted(octets: bytes | memoryview, form: Form, wanted: Form) -> bytes | memoryview:
    """Return octets of one form in another."""
    if form is wanted:
        return octets
    law = LAW_OF.get(form)
    linear = np.frombuffer(octets, np.int16) if law is None else law.decoded[np.frombuffer(octets, np.uint8)]
    return in_form(linear, wanted).data
