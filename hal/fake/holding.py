"""The fake modem's two calls: AT+CHLD as 27.007, 7.13 and 22.030, 6.5.5 have it.

    call      has the PCM port            CHLD=0   the waiting one is told busy, else the held one ends
    held      on hold with the network    CHLD=1   `call` ends, the other (waiting, else held) is taken
    waiting   a further caller            CHLD=1x  the call of that index ends
    joined    call and held in one        CHLD=2   the other (waiting, else held) is taken, `call` is held
                                          CHLD=2x  of two joined, the other one is held
                                          CHLD=3   call and held are joined

A waiting caller comes before a held one, and no third call can be taken beside two.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hal.fake.call_words import RELEASED
from hal.fake.network import CallState, FakeCall

if TYPE_CHECKING:
    from hal.fake.modem import FakeModem

MOVE_DELAY = 0.2
"""Seconds from CHLD's OK to the network's doing."""
ACTIVE, HELD = 0, 1


def supplementary(modem: FakeModem, match: re.Match[str]) -> None:
    """AT+CHLD."""
    what, index = match[1], match[2]
    call = modem.call
    dialling = call is not None and call.state is CallState.DIALLING
    if what == "1" and index and dialling and modem.dialect.crashes_on_early_release:
        modem.crash()
    elif modem.moving:
        # One supplementary service at a time.
        modem.refuse(3)
    elif what != "0" and not modem.dialect.holds:
        modem.refuse(4)
    elif what == "0":
        _release_others(modem)
    elif what == "1" and index:
        _end_one(modem, int(index))
    elif what == "1":
        _end_active(modem)
    elif what == "2" and index:
        _split(modem, int(index))
    elif what == "2":
        _swap(modem)
    else:
        _join(modem)


def _release_others(modem: FakeModem) -> None:
    waiting = modem.waiting
    if waiting is not None:
        modem.waiting = None
        modem.network.modem_tells_busy(waiting)
        modem.tell_call(waiting, RELEASED, "BUSY")
    elif modem.held is not None and not modem.joined:
        modem.end_call(modem.held)
    else:
        modem.refuse(3)
        return
    modem.answer("OK")


def _end_one(modem: FakeModem, index: int) -> None:
    call = next((c for c in (modem.call, modem.held) if c is not None and c.index == index), None)
    if call is None:
        modem.refuse(3)
        return
    modem.end_call(call)
    modem.answer("OK")


def _end_active(modem: FakeModem) -> None:
    if modem.call is None or modem.joined:
        modem.refuse(3)
        return
    modem.end_call(modem.call)
    _begin_moving(modem, lambda: _take_other(modem))


def _swap(modem: FakeModem) -> None:
    standing = modem.call is not None and modem.call.state is CallState.ANSWERED
    too_many = modem.waiting is not None and modem.held is not None and modem.call is not None
    nobody = modem.waiting is None and modem.held is None
    if modem.joined or too_many or nobody or (modem.call is not None and not standing):
        modem.refuse(3)
        return
    _begin_moving(modem, lambda: _take_other(modem))


def _begin_moving(modem: FakeModem, done: Callable[[], None]) -> None:
    modem.answer("OK")
    modem.moving = True
    modem.after(MOVE_DELAY, lambda: _end_moving(modem, done))


def _end_moving(modem: FakeModem, done: Callable[[], None]) -> None:
    if modem.moving:
        modem.moving = False
        done()


def _take_other(modem: FakeModem) -> None:
    """Hold the active call, if there is one, and take the waiting or the held one; nobody there: nothing."""
    before, held, waiting = modem.call, modem.held, modem.waiting
    if waiting is not None and (held is None or before is None):
        modem.waiting = None
        modem.call, modem.held = waiting, before if held is None else held
        modem.network.modem_answers(waiting)
    elif held is not None:
        modem.call, modem.held = held, before
    else:
        return
    if before is not None:
        modem.tell_call(before, HELD)
    if modem.call is not None:
        modem.connected(modem.call, answered=True)


def _split(modem: FakeModem, index: int) -> None:
    call, held = modem.call, modem.held
    if not modem.joined or call is None or held is None or index not in (call.index, held.index):
        modem.refuse(3)
        return
    modem.joined = False
    if index == held.index:
        modem.call, modem.held = held, call
    modem.answer("OK")


def _join(modem: FakeModem) -> None:
    call, held = modem.call, modem.held
    if call is None or held is None or modem.joined or call.state is not CallState.ANSWERED:
        modem.refuse(3)
        return
    _begin_moving(modem, lambda: _joined(modem, call, held))


def _joined(modem: FakeModem, call: FakeCall, held: FakeCall) -> None:
    if (modem.call, modem.held) == (call, held):
        modem.joined = True
        modem.tell_call(held, ACTIVE)
