"""Lines cared for and accepted on a page."""

from __future__ import annotations

import pytest

from firmware.control.acceptance import BeginAcceptance, GetSheet, Measure, SkipStep
from firmware.control.base import BaseRequest
from firmware.control.line_care import BeginTestCall, ForgetBusyTone, GivePin, LearnBusyTone, SetGain
from firmware.control.lines import SetService
from tests.web_admin.rig import Visitor
from tests.web_admin.test_rights import a_user, becomes
from web_admin.security.rights import Role


@pytest.mark.parametrize(
    ("do", "value", "asked"),
    [
        ("gain", "-4.5", SetGain(line="gsm1", gain_db=-4.5, by="admin")),
        ("pin", "1234", GivePin(line="gsm1", pin="1234", by="admin")),
        ("learn", "", LearnBusyTone(line="gsm1", by="admin")),
        ("forget", "", ForgetBusyTone(line="gsm1", by="admin")),
        ("rest", "", SetService(line="gsm1", in_service=False, by="admin")),
        ("serve", "", SetService(line="gsm1", in_service=True, by="admin")),
    ],
)
async def test_a_line_is_cared_for_in_the_name_of_who_asks(
    admin: Visitor, do: str, value: str, asked: BaseRequest
) -> None:
    page = (await admin.opens("/lines")).text
    assert "Give the PIN" in page, "what the doctor recommends"
    assert (await admin.sends("/lines/gsm1", {"do": do, "value": value})).status_code == 303
    assert admin.installation.last() == asked
    assert admin.site.audit.newest(1)[0].what == f"line-{do}"


@pytest.mark.parametrize(
    ("do", "value", "words"),
    [("gain", "loud", "from −12 to 12"), ("gain", "40", "from −12 to 12"), ("pin", "12a4", "4 to 8 digits")],
)
async def test_what_makes_no_sense_is_refused_with_the_remedy(
    admin: Visitor, do: str, value: str, words: str
) -> None:
    page = await admin.sends("/lines/gsm1", {"do": do, "value": value})
    assert page.status_code == 422
    assert words in page.text
    assert admin.installation.asked == []


async def test_levels_are_shown_while_somebody_looks(admin: Visitor) -> None:
    page = (await admin.opens("/lines/levels")).text
    assert "-21 dBm0" in page


async def test_a_test_call_is_made_followed_and_ended(admin: Visitor) -> None:
    await admin.opens("/lines")
    await admin.sends("/lines/test", {"number": "138 0013 8000", "line": "gsm1"})
    assert admin.installation.last() == BeginTestCall(number="13800138000", line="gsm1")
    page = (await admin.opens("/lines")).text
    assert 'hx-get="/lines/test"' in page
    assert "dialling" in (await admin.opens("/lines/test")).text
    await admin.sends("/lines/test", {"do": "end"})
    assert "over" in (await admin.opens("/lines/test")).text
    assert (await admin.sends("/lines/test", {"number": "x; rm"})).status_code == 422


async def test_an_installer_walks_through_the_acceptance_test_to_the_signed_sheet(admin: Visitor) -> None:
    page = (await admin.opens("/system/acceptance")).text
    assert "gsm1" in page
    form = {"do": "begin", "line": "gsm1", "installer": "Li Lei", "customer": "Wang & <Sons>"}
    await admin.sends("/system/acceptance", form)
    assert admin.installation.last() == BeginAcceptance(
        line="gsm1", installer="Li Lei", customer="Wang & <Sons>"
    )
    page = (await admin.opens("/system/acceptance")).text
    assert "Wang &amp; &lt;Sons&gt;" in page
    await admin.sends("/system/acceptance", {"do": "measure", "step": "caller_id", "value": "13800138000"})
    assert admin.installation.last() == Measure(step="caller_id", value="13800138000")
    assert 'hx-get="/system/acceptance/steps"' in (await admin.opens("/system/acceptance")).text
    part = await admin.opens("/system/acceptance/steps")
    assert "hx-refresh" not in part.headers, "it is being measured"
    admin.installation.status["caller_id"] = "passed"
    assert (await admin.opens("/system/acceptance/steps")).headers["hx-refresh"] == "true"
    await admin.sends("/system/acceptance", {"do": "skip", "step": "power_fail", "why": "no HAT"})
    assert admin.installation.last() == SkipStep(step="power_fail", why="no HAT")
    sheet = await admin.opens("/system/acceptance/sheet/html")
    assert sheet.text == "<!doctype html>a sheet"
    assert sheet.headers["content-disposition"].startswith("attachment"), "no page of ours: saved, not shown"
    assert admin.installation.last() == GetSheet(format="html", language="en")


async def test_what_can_not_be_measured_is_said(admin: Visitor) -> None:
    admin.installation.refusal = "Who installs? The sheet needs a name. / 请填写安装人员姓名。"
    page = await admin.sends("/system/acceptance", {"do": "begin", "line": "gsm1", "installer": " "})
    assert page.status_code == 422
    assert "The sheet needs a name." in page.text
    assert "请填写" not in page.text


async def test_lines_are_the_administrators(admin: Visitor) -> None:
    await a_user(admin, "sun", Role.SUPERVISOR)
    await becomes(admin, "sun")
    for path in ("/lines", "/system/acceptance"):
        assert (await admin.opens(path)).status_code == 403
    assert (await admin.sends("/lines/gsm1", {"do": "rest"})).status_code == 403
    assert admin.installation.asked == []
