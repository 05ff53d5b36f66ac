"""How the fake modem speaks: one dialect for each profile of hal/modems (telephony-reference A2, A3, A5).

A dialect is data: its identity, its boot lines, which setting switches a notification on, how a call's state
is told,
and where its audio comes from. The commands of `commands.py` look here.
"""

from __future__ import annotations

import dataclasses
import enum


class CallWords(enum.Enum):
    """How the states of calls are told, once switched on."""

    CLCC = "+CLCC: lines (AT+CLCC=1)"
    CCINFO = '+QIND: "ccinfo" lines'
    DSCI = "^DSCI: lines"
    HUAWEI = "^ORIG, ^CONF, ^CONN, ^CEND"


class AudioWay(enum.Enum):
    CPCMREG = "asked for once the call stands"
    QPCMV = "asked for before dialling or answering"
    DDSETEX = "asked for after ATD or ATA"
    ANALOGUE = "always there, on analogue pins"


@dataclasses.dataclass(frozen=True)
class Dialect:
    name: str
    maker: str
    model: str
    revision: str
    boot: str
    """The line at boot; empty: none."""
    words: CallWords
    audio: AudioWay
    key_line: str
    """`{key}` is the key, `{code}` its ASCII number."""
    key_setting: tuple[str, str]
    """The setting, and its value, that switches `key_line` on."""
    tries: tuple[str, str]
    """The query for the attempts left, and the answer with `{pin}` and `{puk}`."""
    restart: str
    settings: tuple[str, ...]
    """Settings it takes besides the common ones."""
    voice_lines: bool = False
    """It says VOICE CALL: BEGIN and END, and MISSED_CALL."""
    odd_ends: bool = False
    """Rings and keys come in CR CR LF."""
    lte: bool = True
    """It knows AT+CEREG."""
    key_command: str = r'\+VTS="?([0-9*#A-D])"?'
    ussd_packed: bool = False
    notifies_on: tuple[str, str] | None = None
    """The setting, and its value, without which notifications go to another port; None: they come here."""
    connects_before_ok: bool = False
    """It tells the connection before the OK of ATA."""
    crashes_on_early_release: bool = False
    """AT+CHLD=1x before the far end rings restarts it (chan_dongle BUGS)."""
    holds: bool = True
    """It takes AT+CHLD=1x, 2 and 3; else =0 alone."""


_SIMCOM_TRIES = ("+SPIC", "+SPIC: {pin},{puk},0,10")
_QUECTEL_TRIES = ('+QPINC="SC"', '+QPINC: "SC",{pin},{puk}')

SIM7600 = Dialect(
    name="sim7600",
    maker="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    revision="+CGMR: LE20B04SIM7600M22",
    boot="RDY",
    words=CallWords.CLCC,
    audio=AudioWay.CPCMREG,
    key_line="+RXDTMF: {key}",
    key_setting=("+DDET", "1"),
    tries=_SIMCOM_TRIES,
    restart="+CRESET",
    settings=("+CVHU", "+CLCC", "+DDET", "+CPCMFRM", "+CPCMBANDWIDTH"),
    voice_lines=True,
    odd_ends=True,
)
A7670 = dataclasses.replace(
    SIM7600,
    name="a7670",
    maker="INCORPORATED",
    model="A7670E-FASE",
    revision="+CGMR: A7670M7_V1.11.1",
    boot="*ATREADY: 1",
    audio=AudioWay.ANALOGUE,
    settings=("+CVHU", "+CLCC", "+DDET"),
)
SIM800 = dataclasses.replace(
    SIM7600,
    name="sim800",
    maker="SIMCOM_Ltd",
    model="SIMCOM_SIM800C",
    revision="Revision:1418B06SIM800C24",
    audio=AudioWay.ANALOGUE,
    key_line="+DTMF: {key}",
    restart="+CFUN=1,1",
    settings=("+CVHU", "+CLCC", "+DDET", "+CLTS"),
    voice_lines=False,
    odd_ends=False,
    lte=False,
)
EC25 = dataclasses.replace(
    SIM800,
    name="ec25",
    maker="Quectel",
    model="EC25",
    revision="EC25EFAR06A03M4G",
    words=CallWords.CCINFO,
    audio=AudioWay.QPCMV,
    key_line="+QTONEDET: {code}",
    key_setting=("+QTONEDET", "1"),
    tries=_QUECTEL_TRIES,
    settings=("+QURCCFG", "+QINDCFG", "+QTONEDET", "+QGPSCFG", "+CVHU"),
    lte=True,
    notifies_on=("+QURCCFG", '"urcport","usbat"'),
)
EC200 = dataclasses.replace(
    EC25,
    name="ec200",
    model="EC200A",
    revision="EC200ACNHAR01A01M16",
    words=CallWords.DSCI,
    audio=AudioWay.ANALOGUE,
    settings=("+QURCCFG", "^DSCI", "+QTONEDET", "+CVHU"),
    holds=False,
)
HUAWEI = Dialect(
    name="huawei-e1xx",
    maker="huawei",
    model="E1750",
    revision="11.126.13.00.00",
    boot="",
    words=CallWords.HUAWEI,
    audio=AudioWay.DDSETEX,
    key_line="^DDTMF:{key}",
    key_setting=("^DDTMFCFG", "0,1"),
    tries=("^CPIN?", "^CPIN: READY,,{puk},{pin},10,3"),
    restart="^RESET",
    settings=("^U2DIAG", "^CURC", "^DDTMFCFG", "+CVHU"),
    lte=False,
    key_command=r"\^DTMF=1,([0-9*#A-D])",
    ussd_packed=True,
    connects_before_ok=True,
    crashes_on_early_release=True,
    holds=False,
)

DIALECTS = {d.name: d for d in (SIM7600, A7670, SIM800, EC25, EC200, HUAWEI)} | {
    "ec25-uac": EC25,
    "sim7600-wideband": SIM7600,
}
"""By the name of the profile that understands them."""
