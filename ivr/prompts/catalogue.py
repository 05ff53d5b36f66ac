"""Every sentence the box speaks by itself, by key, in each language: `sentences.toml`, and what each feature
code is for, as the spoken list of codes says it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from firmware.core.trace import Message
from firmware.core.trace.inside import Features

LANGUAGES = ("zh-CN", "en")


def _sentences() -> dict[str, dict[str, str]]:
    document = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))
    written = {key: texts for section in document.values() for key, texts in section.items()}
    return {key: {"zh-CN": zh, "en": en} for key, (en, zh) in written.items()}


def _features() -> dict[str, dict[str, str]]:
    return {
        one.code.replace("features.", "feature-"): {"zh-CN": f"{one.zh}。", "en": f"{one.en.capitalize()}."}
        for one in vars(Features).values()
        if isinstance(one, Message)
    }


CATALOGUE: dict[str, dict[str, str]] = _sentences() | _features()
