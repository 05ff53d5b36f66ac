"""The office's own prompts on their way to the switch: a text to be spoken, or a sound file in parts."""

from __future__ import annotations

import base64
import secrets
from typing import Literal

from firmware.control.client import ControlClient
from firmware.control.menus import MAX_PROMPT_PART, PromptsReply, SayPrompt, UploadPrompt
from firmware.core.errors import UserError

LONGEST_UPLOAD = 6 * 1024 * 1024
"""Bytes: six minutes of telephone speech as WAV."""

Language = Literal["zh-CN", "en"]


def spoken(language: str) -> Language:
    """Return the language of a prompt; Chinese where it is none that callers can hear."""
    return "en" if language == "en" else "zh-CN"


async def keep_prompt(switch: ControlClient, language: Language, name: str, text: str, data: bytes) -> None:
    """Make an own prompt from a sound file, or where there is none from a text that is spoken.

    Raises:
        UserError: It is too long, no sound, or the name can't be used.
    """
    if not data:
        await switch.ask(SayPrompt(language=language, name=name, text=text), PromptsReply)
        return
    if len(data) > LONGEST_UPLOAD:
        raise UserError(f"A prompt is {LONGEST_UPLOAD // 1024 // 1024} MB at most.")
    encoded = base64.b64encode(data).decode()
    upload = secrets.token_hex(8)
    for begin in range(0, len(encoded), MAX_PROMPT_PART):
        part = encoded[begin : begin + MAX_PROMPT_PART]
        is_last = begin + MAX_PROMPT_PART >= len(encoded)
        asked = UploadPrompt(language=language, name=name, upload=upload, data=part, last=is_last)
        await switch.ask(asked, PromptsReply)
