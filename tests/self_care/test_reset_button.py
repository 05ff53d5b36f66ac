"""Who holds the reset button gets in again: a new password may be chosen, and the network is a new box's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.app.front_panel import Panel
from firmware.control.access import AllowPasswordReset, PasswordResetReply
from firmware.control.answers import Answers
from firmware.control.steward import KeepNetwork, Method, Network, SetNetwork, ask_steward
from firmware.core.trace import Said
from firmware.core.trace.box import Box
from firmware.profile import Profile
from tests.web_admin.installation import steward_at

LOCKED_OUT = Network(method=Method.STATIC, address="10.99.0.1/24")


async def test_the_button_gives_back_password_and_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[AllowPasswordReset] = []
    alarms: list[Said] = []
    answers = Answers()

    async def allow(request: AllowPasswordReset) -> PasswordResetReply:
        asked.append(request)
        return PasswordResetReply(seconds=600)

    answers.on(AllowPasswordReset, allow)
    parts: Any = SimpleNamespace(profile=Profile(), answers=answers, alarms=alarms.append)
    voice: Any = None
    async with steward_at(tmp_path) as box:
        monkeypatch.setenv("ZONGJI_STEWARD", str(box.socket))
        await ask_steward(SetNetwork(network=LOCKED_OUT))
        await ask_steward(KeepNetwork())
        panel = Panel(parts, voice, {})
        await panel.reset()
        panel.close()
        assert not list(box.host.root.glob("*/NetworkManager/system-connections/*"))
    assert len(asked) == 1
    assert alarms == [Box.RESET()]
