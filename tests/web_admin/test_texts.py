"""Text messages on a page: both ways, in order, as text; sent in the name of who writes."""

from __future__ import annotations

from firmware.control.lines import SendText
from tests.web_admin.rig import Visitor
from tests.web_admin.test_rights import a_user, becomes
from web_admin.security.rights import Role


async def test_messages_are_read_newest_first_and_never_as_html(admin: Visitor) -> None:
    page = (await admin.opens("/texts")).text
    assert page.index("We missed your call.") < page.index("10 点可以吗")
    assert "&lt;b&gt;明天&lt;/b&gt;" in page
    assert ">failed</span>" in page
    assert "the network refuses it" in page


async def test_a_message_is_sent_and_noted(admin: Visitor) -> None:
    await admin.opens("/texts?number=%2B8613800138000")
    answer = await admin.sends("/texts", {"number": "+86 138", "text": "On our way.\r\nWang", "line": "gsm1"})
    assert answer.status_code == 303
    assert admin.office.last() == SendText(
        number="+86 138", text="On our way.\nWang", line="gsm1", by="admin"
    )
    assert admin.site.audit.newest(1)[0].what == "text-sent"


async def test_what_can_not_be_sent_stays_in_the_form_with_the_reason(admin: Visitor) -> None:
    admin.office.refusal = "No line carries messages. / 没有线路可收发短信。"
    admin.client.cookies.set("zongji-language", "zh")
    await admin.opens("/texts")
    page = await admin.sends("/texts", {"number": "10086", "text": "余额"})
    assert page.status_code == 422
    assert "没有线路可收发短信。" in page.text
    assert "No line carries" not in page.text, "one language at a time"
    assert ">余额</textarea>" in page.text


async def test_a_person_reads_no_messages_of_the_office(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await becomes(admin, "wang")
    assert (await admin.opens("/texts")).status_code == 403
