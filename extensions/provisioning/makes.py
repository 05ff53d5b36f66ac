"""A configuration as each make reads it. Keys are those of the vendors' provisioning guides.

A key that is left out keeps its value in the device, which is how a configuration without the secret updates
everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from xml.sax.saxutils import escape

from extensions.provisioning.device import Configuration, Make

_TRANSPORT_NUMBER = {"udp": "0", "tcp": "1", "tls": "2"}
# Where a phone gets its time: the box takes it from there itself and hands none out.
_TIME_SERVER = {True: "cn.pool.ntp.org", False: "pool.ntp.org"}
# Keys of a Grandstream's first page that P numbers of the older kind reach.
_GRANDSTREAM_OLD_KEYS = 7
# A Fanvil's first line is so long without its end, and its version so many digits after the point.
_FANVIL_BANNER = 62
_FANVIL_DIGITS = 10
# What a Fanvil's zones are counted in.
_FANVIL_ZONE_MINUTES = 15


def document(make: Make, configuration: Configuration) -> tuple[str, bytes]:
    """Return a configuration's content type and body."""
    content_type, write = _WRITERS[make]
    return content_type, write(configuration).encode()


def file_names(make: Make, mac: str) -> tuple[str, ...]:
    """Return the file names, in lower case, under which a device of a make asks for its configuration."""
    return {
        Make.YEALINK: (f"{mac}.cfg",),
        Make.GRANDSTREAM: (f"cfg{mac}.xml", f"cfg{mac}"),
        Make.FANVIL: (f"{mac}.cfg", f"{mac}.txt"),
        Make.SNOM: (f"snom-{mac}.htm", f"{mac}.htm", f"{mac}.xml"),
        Make.LINPHONE: ("linphone.xml",),
        Make.GENERIC: (f"{mac}.json",),
    }[make]


def _lines(pairs: list[tuple[str, str]], head: str = "") -> str:
    return head + "".join(f"{key} = {_one_line(value)}\n" for key, value in pairs)


def _in_chinese(c: Configuration) -> bool:
    return c.language.startswith("zh")


def _one_line(value: str) -> str:
    """Return a value that can't begin a line of its own."""
    return "".join(char for char in value if char.isprintable())


def _zone(minutes: int) -> str:
    """Return an offset from UTC as people write it: "+8", "-3:30"."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def _posix_zone(minutes: int) -> str:
    """Return an offset as a zone of POSIX (TZ, IEEE 1003.1 §8.3), which says what is missing to UTC."""
    return f"LCL{_zone(-minutes)}"


def _yealink(c: Configuration) -> str:
    pairs = [
        ("account.1.enable", "1"),
        ("account.1.label", c.extension),
        ("account.1.display_name", c.name),
        ("account.1.user_name", c.user),
        ("account.1.auth_name", c.user),
        *([] if c.secret is None else [("account.1.password", c.secret)]),
        ("account.1.sip_server.1.address", c.host),
        ("account.1.sip_server.1.port", str(c.port)),
        ("account.1.sip_server.1.transport_type", _TRANSPORT_NUMBER[c.transport]),
        ("account.1.subscribe_mwi", "1"),
        ("voice_mail.number.1", c.messages_code),
        ("account.1.srtp_encryption", "2" if c.srtp else "0"),
        *([("trusted_certificates.url", f"http://{c.host}:{c.web_port}/ca.pem")] if c.srtp else []),
        ("account.1.codec.1.payload_type", "PCMA"),
        ("account.1.codec.1.enable", "1"),
        ("account.1.codec.1.priority", "1"),
        # A lamp's key takes the call that rings there by Replaces, which the lamp's state names.
        ("account.1.dialoginfo_callpickup", "1"),
        ("lang.gui", "Chinese_S" if _in_chinese(c) else "English"),
        ("local_time.time_zone", _zone(c.utc_offset_minutes) if c.utc_offset_minutes else "0"),
        ("local_time.summer_time", "0"),
        ("local_time.ntp_server1", _TIME_SERVER[_in_chinese(c)]),
    ]
    for key, (number, name) in enumerate(c.lamps, 1):
        prefix = f"linekey.{key + 1}"
        pairs += [
            (f"{prefix}.type", "16"), (f"{prefix}.line", "1"), (f"{prefix}.value", number),
            (f"{prefix}.label", name),
        ]  # fmt: skip
    return _lines(pairs, "#!version:1.0.0.1\n")


def _grandstream(c: Configuration) -> str:
    values = [
        ("P271", "1"), ("P270", c.extension), ("P3", c.name), ("P35", c.user), ("P36", c.user),
        *([] if c.secret is None else [("P34", c.secret)]),
        ("P47", f"{c.host}:{c.port}"), ("P130", _TRANSPORT_NUMBER[c.transport]), ("P99", "1"),
        ("P33", c.messages_code), ("P57", "8"), ("P183", "2" if c.srtp else "0"),
        ("P30", _TIME_SERVER[_in_chinese(c)]), ("P1362", "zh" if _in_chinese(c) else "en"),
        ("P64", "customize"), ("P246", _posix_zone(c.utc_offset_minutes)),
    ]  # fmt: skip
    for key, (number, name) in enumerate(c.lamps):
        # Mode 1 is a busy lamp, account 0 the first. Two generations number their keys differently.
        first = 23000 + 5 * key
        values += [
            (f"P{first}", "1"),
            (f"P{first + 1}", "0"),
            (f"P{first + 2}", name),
            (f"P{first + 3}", number),
        ]
        if key < _GRANDSTREAM_OLD_KEYS:
            old = 301 + 3 * key
            values += [
                (f"P{323 + key}", "1"),
                (f"P{old}", "0"),
                (f"P{old + 1}", name),
                (f"P{old + 2}", number),
            ]
    body = "".join(f"<{key}>{escape(_one_line(value))}</{key}>\n" for key, value in values)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gs_provision version="1">\n<config version="1">\n'
        f"{body}</config>\n</gs_provision>\n"
    )


def _fanvil(c: Configuration) -> str:
    """The names are those of the phone's own export. A phone takes a file once per version, so the version is
    made of the content: what has changed is taken, and what hasn't makes no phone start anew."""
    account = [
        ("SIP1 Phone Number", c.user), ("SIP1 Display Name", c.name),
        ("SIP1 Register User", c.user),
        *([] if c.secret is None else [("SIP1 Register Pswd", c.secret)]),
        ("SIP1 Register Addr", c.host), ("SIP1 Register Port", str(c.port)),
        ("SIP1 Transport", _TRANSPORT_NUMBER[c.transport]), ("SIP1 Enable Reg", "1"),
        ("SIP1 Subscribe", "1"), ("SIP1 MWI Num", c.messages_code),
        ("SIP1 Media Crypto", "2" if c.srtp else "0"),
    ]  # fmt: skip
    lamps: list[tuple[str, str]] = []
    for key, (number, name) in enumerate(c.lamps, 1):
        # A memory key (1) whose value says: a busy lamp of the first line that calls, and picks up by code.
        value = f"{number}@1/ba{c.pickup_code}{number}" if c.pickup_code else f"{number}@1/ba"
        lamps += [(f"Fkey{key} Type", "1"), (f"Fkey{key} Value", value), (f"Fkey{key} Title", name)]
    clock = [
        ("Enable SNTP", "1"), ("SNTP Server", _TIME_SERVER[_in_chinese(c)]),
        ("Time Zone", str(c.utc_offset_minutes // _FANVIL_ZONE_MINUTES)),
        ("Time Zone Name", f"UTC{_zone(c.utc_offset_minutes)}"), ("DST Type", "0"),
    ]  # fmt: skip
    lines = ["<SIP CONFIG MODULE>", "--SIP Line List--  :", *_fanvil_lines(account), ""]
    lines += ["<PHONE FEATURE MODULE>", "--DateTime Config--:", *_fanvil_lines(clock), ""]
    if lamps:
        lines += ["<DSSKEY CONFIG MODULE>", "--Dsskey Config1--:", *_fanvil_lines(lamps), ""]
    version = int(hashlib.sha256("\n".join(lines).encode()).hexdigest(), 16) % 10**_FANVIL_DIGITS
    banner = f"<<VOIP CONFIG FILE>>Version:2.{version:0{_FANVIL_DIGITS}d}".ljust(_FANVIL_BANNER)
    return "\r\n".join([banner, "", *lines, "<<END OF FILE>>", ""])


def _fanvil_lines(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"{key:<24}:{_one_line(value)}" for key, value in pairs]


def _snom(c: Configuration) -> str:
    values = [
        ("user_active", "on"), ("user_realname", c.name), ("user_name", c.user),
        ("user_pname", c.user),
        *([] if c.secret is None else [("user_pass", c.secret)]),
        ("user_host", f"{c.host}:{c.port};transport={c.transport}"),
        ("user_mailbox", c.messages_code),
        ("user_srtp", "on" if c.srtp else "off"), *([("user_savp", "mandatory")] if c.srtp else []),
    ]  # fmt: skip
    body = "".join(f'<{key} idx="1" perm="">{escape(_one_line(value))}</{key}>\n' for key, value in values)
    # Without a zone of its own, which it names by country, it goes by the offset alone.
    clock = (
        f'<ntp_server perm="">{_TIME_SERVER[_in_chinese(c)]}</ntp_server>\n<timezone perm=""></timezone>\n'
        f'<utc_offset perm="">{c.utc_offset_minutes * 60:+d}</utc_offset>\n<dst perm=""></dst>\n'
    )
    keys = "".join(
        f'<fkey idx="{index}" context="1" label="{escape(_one_line(name), _QUOTE)}" perm="">'
        f"blf sip:{escape(number)}@{escape(c.host)}</fkey>\n"
        for index, (number, name) in enumerate(c.lamps)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<settings>\n<phone-settings>\n'
        f"{body}{clock}</phone-settings>\n<functionKeys>\n{keys}</functionKeys>\n</settings>\n"
    )


_QUOTE = {'"': "&quot;"}


def _linphone(c: Configuration) -> str:
    identity = f'"{_one_line(c.name)}" <sip:{c.user}@{c.host}>'
    proxy = f"<sip:{c.host}:{c.port};transport={c.transport}>"
    secret = "" if c.secret is None else _entry("passwd", c.secret)
    secured = (
        f'<section name="sip">\n{_entry("media_encryption", "srtp")}'
        f"{_entry('media_encryption_mandatory', '1')}</section>\n"
        if c.srtp
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">\n<section name="proxy_0">\n'
        f"{_entry('reg_proxy', proxy)}{_entry('reg_identity', identity)}{_entry('reg_sendregister', '1')}"
        f'</section>\n<section name="auth_info_0">\n{_entry("username", c.user)}{secret}'
        f"{_entry('realm', 'zongji')}</section>\n{secured}</config>\n"
    )


def _entry(name: str, value: str) -> str:
    return f'<entry name="{name}" overwrite="true">{escape(value)}</entry>\n'


def _generic(c: Configuration) -> str:
    settings = {
        "extension": c.extension, "name": c.name, "server": c.host, "port": c.port, "transport": c.transport,
        "user": c.user, "codecs": ["PCMA", "PCMU"], "srtp": c.srtp,
        **({} if c.secret is None else {"secret": c.secret}),
    }  # fmt: skip
    return json.dumps(settings, ensure_ascii=False, indent=1) + "\n"


_WRITERS: dict[Make, tuple[str, Callable[[Configuration], str]]] = {
    Make.YEALINK: ("text/plain; charset=utf-8", _yealink),
    Make.GRANDSTREAM: ("text/xml; charset=utf-8", _grandstream),
    Make.FANVIL: ("text/plain; charset=utf-8", _fanvil),
    Make.SNOM: ("text/xml; charset=utf-8", _snom),
    Make.LINPHONE: ("text/xml; charset=utf-8", _linphone),
    Make.GENERIC: ("application/json", _generic),
}
