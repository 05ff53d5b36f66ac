"""What can be set, with types, defaults and a help text for every field.

A document is refused whole when one field of it can't be used; the refusal names the field and quotes its
help text, which therefore says what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from firmware.core.errors import UserError
from firmware.core.secrets import new_secret


def _help(en: str, zh: str) -> Meta:
    return Meta(description=en, extra={"zh": zh})


Number = Annotated[str, Meta(pattern=r"\A[0-9]{2,6}\Z")]


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    country: Annotated[
        str,
        Meta(pattern=r"\A[A-Z]{2}\Z"),
        _help(
            "ISO 3166 code of the country, two capitals such as CN: tones and emergency numbers.",
            "国家代码，两个大写字母，如 CN：决定信号音和紧急号码。",
        ),
    ] = "CN"
    language: Annotated[
        Literal["zh-CN", "en"],
        _help("Language callers hear: zh-CN or en.", "来电者听到的语言：zh-CN 或 en。"),
    ] = "zh-CN"
    name: Annotated[
        str,
        Meta(min_length=1, max_length=60),
        _help("The office's name, 1 to 60 characters.", "单位名称，1 到 60 个字。"),
    ] = "总机"
    operator: Annotated[
        Number,
        _help(
            "Extension that rings when a caller keys nothing usable; it must be one of the extensions.",
            "来电者没有按出有效分机时振铃的分机，必须是已有分机。",
        ),
    ] = "101"


class Reception(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits_timeout_ms: Annotated[
        int,
        Meta(ge=1000, le=60_000),
        _help(
            "How long to wait for the next key, 1000 to 60000 milliseconds.",
            "等待下一个按键的时间，1000 到 60000 毫秒。",
        ),
    ] = 6000
    attempts: Annotated[
        int,
        Meta(ge=1, le=9),
        _help(
            "How often a caller may try to key an extension before the operator rings, 1 to 9.",
            "转前台之前允许来电者输入分机号的次数，1 到 9。",
        ),
    ] = 2
    ring_seconds: Annotated[
        int,
        Meta(ge=5, le=300),
        _help(
            "How long a phone rings before we give up, 5 to 300 seconds.",
            "话机振铃多久算无人接听，5 到 300 秒。",
        ),
    ] = 25


class RecordingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: Annotated[
        bool,
        _help("Whether calls are recorded: true or false.", "是否录音：true 或 false。"),
    ] = True


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[Number, _help("Two to six digits.", "两到六位数字。")]
    name: Annotated[
        str,
        Meta(min_length=1, max_length=60),
        _help("Who or what answers there, 1 to 60 characters.", "谁在这里接听，1 到 60 个字。"),
    ]
    secret: Annotated[
        str,
        Meta(pattern=r"\A[!-~]{16,64}\Z"),
        _help(
            "Password of the phone, 16 to 64 characters without spaces; leave it out to have one made.",
            "话机密码，16 到 64 个字符，不含空格；不填则自动生成。",
        ),
    ] = msgspec.field(default_factory=new_secret)
    algorithm: Annotated[
        Literal["MD5", "SHA-256"],
        _help(
            "Digest the phone is asked for: MD5 (every phone) or SHA-256 (newer ones).",
            "话机认证算法：MD5（所有话机）或 SHA-256（较新的话机）。",
        ),
    ] = "MD5"

    def __repr__(self) -> str:
        return f"Extension({self.number!r}, {self.name!r}, secret=***, {self.algorithm})"


def _first_extensions() -> tuple[Extension, ...]:
    return (
        Extension(number="101", name="前台 / Front desk"),
        Extension(number="102", name="102"),
        Extension(number="103", name="103"),
    )


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the administrator can set; the defaults are those of the first start."""

    office: Office = Office()
    reception: Reception = Reception()
    recording: RecordingSettings = RecordingSettings()
    extensions: Annotated[
        tuple[Extension, ...],
        Meta(min_length=1, max_length=500),
        _help("The extensions, 1 to 500, each number once.", "分机，1 到 500 个，号码不重复。"),
    ] = msgspec.field(default_factory=_first_extensions)

    def extension(self, number: str) -> Extension | None:
        """Return the extension with that number, or None."""
        return next((one for one in self.extensions if one.number == number), None)


class FieldHelp(msgspec.Struct, frozen=True):
    """What a settings page shows beside a field."""

    en: str
    zh: str
    default: Any
    """None where every document gets its own (a secret) or must bring one (a number)."""


_SECTIONS: Mapping[str, type[msgspec.Struct]] = {
    "office": Office,
    "reception": Reception,
    "recording": RecordingSettings,
    "extensions": Extension,
}


def _describe(section: type[msgspec.Struct]) -> dict[str, FieldHelp]:
    described = {}
    for field in msgspec.structs.fields(section):
        metas = [meta for meta in getattr(field.type, "__metadata__", ()) if meta.description]
        default = None if field.default is msgspec.NODEFAULT else field.default
        for meta in metas:
            described[field.name] = FieldHelp(meta.description, (meta.extra or {})["zh"], default)
    return described


def field_help() -> dict[str, dict[str, FieldHelp]]:
    """Return the help text and default of every field: section → field → help."""
    return {name: _describe(section) for name, section in _SECTIONS.items()}


def _quoted_help(path: str) -> str:
    """Return the help text for an error path such as `$.extensions[1].number`."""
    parts = path.removeprefix("$.").split(".")
    section, field = parts[0].split("[")[0], parts[-1].split("[")[0]
    described = field_help().get(section, {}).get(field)
    if described is not None:
        return described.en
    if section in _SECTIONS:
        return f"Its fields are {', '.join(_SECTIONS[section].__struct_fields__)}."
    return f"The sections are {', '.join(_SECTIONS)}."


def parse_settings(document: object) -> Settings:
    """Turn a document (dicts and lists, as from JSON) into settings.

    Raises:
        UserError: A field is missing, unknown or out of its range; the text names it and the remedy.
    """
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        path = path.rstrip("`") or "$"
        raise UserError(
            f"Setting {path.removeprefix('$.')}: {reason}. {_quoted_help(path)} Nothing was changed."
        ) from None
    check_settings(settings)
    return settings


def check_settings(settings: Settings) -> None:
    """Check what no single field can say.

    Raises:
        UserError: Two extensions share a number, or the operator isn't an extension.
    """
    seen = set()
    for index, extension in enumerate(settings.extensions):
        if extension.number in seen:
            raise UserError(
                f"Setting extensions[{index}].number: {extension.number} is taken by another extension. "
                "Give one of them another number. Nothing was changed."
            )
        seen.add(extension.number)
    if settings.office.operator not in seen:
        raise UserError(
            f"Setting office.operator: there is no extension {settings.office.operator}. "
            "Name one of the extensions, or add it first. Nothing was changed."
        )
