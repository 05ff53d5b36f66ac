"""Acts on calls from the switchboard, a call's page and the desk; who may; what is written down of it."""

from __future__ import annotations

import io
import zipfile

import msgspec
import pytest

from firmware.control.live import HangUpCall, ListenIn, Mode, ParkCall, PlaceCall, TransferCall
from firmware.control.lost_callers import CloseLostCaller
from firmware.control.notes import AddNote, SetTags, WrapUpCall
from firmware.control.voice import AnnounceToAll, SwitchHours
from firmware.core.records import EntryKind, TimelineEntry
from firmware.core.trace.live import Live
from tests.control.switch import FIRST_ID, SECOND_ID
from tests.web_admin.rig import Visitor
from tests.web_admin.test_rights import a_user, becomes
from web_admin.security.rights import Role


def with_extension(admin: Visitor, number: str = "101") -> None:
    user = admin.site.users.find("admin")
    assert user is not None
    admin.site.users.put(msgspec.structs.replace(user, extension=number))


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ({"do": "transfer", "to": "102"}, TransferCall(call=SECOND_ID, to="102", by="admin")),
        ({"do": "park"}, ParkCall(call=SECOND_ID, by="admin")),
        ({"do": "hang-up"}, HangUpCall(call=SECOND_ID, by="admin")),
        ({"do": "whisper", "to": "101"}, ListenIn(own="102", to="101", mode=Mode.WHISPER, by="admin")),
        ({"do": "call", "to": "10086"}, PlaceCall(own="102", to="10086", by="admin")),
    ],
)
async def test_an_act_reaches_the_switch_in_the_name_of_who_asks(
    admin: Visitor, form: dict[str, str], asked: object
) -> None:
    with_extension(admin, "102")
    await admin.opens("/")
    answer = await admin.sends("/board/act", {"call": SECOND_ID, **form}, **{"x-requested-with": "zongji"})
    assert answer.status_code == 200
    assert admin.office.last() == asked
    assert admin.site.audit.newest(1)[0].what == f"call-{form['do']}"


async def test_what_the_switch_refuses_is_said(admin: Visitor) -> None:
    admin.office.refusal = "Nobody talks with that caller yet."
    answer = await admin.sends("/board/act", {"do": "transfer", "call": SECOND_ID, "to": "102"})
    assert answer.status_code == 422
    assert "Nobody talks" in answer.text


async def test_who_has_no_extension_can_not_listen(admin: Visitor) -> None:
    answer = await admin.sends("/board/act", {"do": "listen", "call": SECOND_ID, "to": "101"})
    assert answer.status_code == 422
    assert admin.office.asked == []


async def test_a_person_acts_on_the_own_desk_only(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await becomes(admin, "wang")
    assert (await admin.sends("/board/act", {"do": "hang-up", "call": SECOND_ID})).status_code == 403
    await admin.sends("/desk/call", {"to": "10086"})
    assert admin.office.last() == PlaceCall(own="101", to="10086", by="wang")


async def test_a_person_sees_own_calls_and_no_others(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await a_user(admin, "li", Role.PERSON, "103")
    await becomes(admin, "wang")
    page = await admin.opens(f"/desk/calls/{SECOND_ID}")
    assert page.status_code == 200
    assert "<audio" not in page.text, "recordings are the supervisor's"
    await becomes(admin, "li")
    assert (await admin.opens(f"/desk/calls/{SECOND_ID}")).status_code == 404
    assert (await admin.sends(f"/desk/calls/{SECOND_ID}/note", {"text": "x"})).status_code == 404
    assert admin.office.asked == []


async def test_an_incoming_call_pops_up_with_who_it_is(admin: Visitor) -> None:
    with_extension(admin)
    desk = (await admin.opens("/desk")).text
    assert f'id="pop-{SECOND_ID}"' in desk
    assert "138 0013 8000" in desk
    admin.switch.journeys[1].notes.clear()
    await admin.sends(f"/calls/{FIRST_ID}/note", {"text": "wants <b>the</b> blue one"})
    card = (await admin.opens(f"/desk/card/{SECOND_ID}")).text
    assert "wants &lt;b&gt;the&lt;/b&gt; blue one" in card
    with_extension(admin, "103")
    assert (await admin.opens(f"/desk/card/{SECOND_ID}")).text == ""


async def test_the_desks_stream_shows_only_the_own_calls(admin: Visitor) -> None:
    with_extension(admin, "103")
    async with admin.client.stream("GET", "/desk") as page:
        assert page.status_code == 200
    await a_user(admin, "li", Role.PERSON, "")
    await becomes(admin, "li")
    assert (await admin.opens("/desk/live")).status_code == 503


async def test_notes_tags_and_wrap_up_are_written_on_the_call(admin: Visitor) -> None:
    with_extension(admin)
    await admin.opens("/desk")
    await admin.sends(f"/calls/{FIRST_ID}/note", {"text": "Ring back on Monday"})
    assert admin.office.last() == AddNote(call=FIRST_ID, author="admin", text="Ring back on Monday")
    await admin.sends(f"/calls/{FIRST_ID}/tags", {"tags": "complaint, 重要，", "source": "radio"})
    asked = admin.office.last()
    assert isinstance(asked, SetTags)
    page = (await admin.opens(f"/calls/{FIRST_ID}")).text
    assert "Ring back on Monday" in page
    assert 'value="complaint, 重要"' in page
    await admin.sends(f"/desk/wrap-up/{SECOND_ID}", {"code": "order", "note": "two boxes"})
    assert any(isinstance(one, WrapUpCall) and one.code == "order" for one in admin.office.asked)


async def test_one_sets_the_own_reachability_and_nothing_else(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "102")
    await becomes(admin, "wang")
    await admin.fills_in("/desk", "/desk/wishes", do="save", personal__do_not_disturb="on")
    person = admin.switch.store.current.extension("102")
    assert person is not None
    assert person.personal.do_not_disturb
    others = [one for one in admin.switch.store.current.extensions if one.number != "102"]
    assert not any(one.personal.do_not_disturb for one in others)


async def test_calls_come_as_a_workbook(admin: Visitor) -> None:
    answer = await admin.opens("/calls.xlsx")
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert FIRST_ID in sheet
    assert "<f>" not in sheet


async def test_the_trace_is_in_the_readers_language(admin: Visitor) -> None:
    entry = TimelineEntry(
        5, EntryKind.ROUTE, "anna parks the call from the page", said=Live.PARKED(who="anna")
    )
    admin.switch.journeys[0].timeline.append(entry)
    for language, words in (("zh", "anna 在页面上把通话驻留"), ("en", "anna parks the call")):
        admin.client.cookies.set("zongji-language", language)
        assert words in (await admin.opens(f"/calls/{SECOND_ID}")).text


async def test_one_hears_the_own_messages_and_nobody_elses(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await a_user(admin, "li", Role.PERSON, "102")
    await becomes(admin, "wang")
    assert "/desk/messages/01MESSAGE" in (await admin.opens("/desk")).text
    assert (await admin.opens("/desk/messages/01MESSAGE")).content == b"RIFF a message"
    await becomes(admin, "li")
    assert "/desk/messages/01MESSAGE" not in (await admin.opens("/desk")).text
    assert (await admin.opens("/desk/messages/01MESSAGE")).status_code == 404


async def test_a_missed_caller_is_a_task_until_somebody_closes_it(admin: Visitor) -> None:
    with_extension(admin)
    page = (await admin.opens("/tasks")).text
    assert "138 0013 8000" in page
    assert 'action="/desk/call"' in page
    await admin.sends("/tasks/01LOST", {"why": "rang back"})
    assert admin.office.last() == CloseLostCaller(caller="01LOST", by="admin", why="rang back")


async def test_day_and_night_are_turned_on_the_first_page(admin: Visitor) -> None:
    page = (await admin.opens("/")).text
    assert "office hours until 2026-11-23 18:00" in page
    await admin.sends("/board/hours", {"mode": "night", "until": "2026-11-23T08:00"})
    assert admin.office.last() == SwitchHours(mode="night", until="2026-11-23T08:00", by="admin")
    assert admin.site.audit.newest(1)[0].what == "hours-switched"
    await admin.sends("/board/hours", {"mode": "auto", "until": "2026-11-23T08:00"})
    assert admin.office.last() == SwitchHours(mode="auto", by="admin"), "the hours have no end"
    assert (await admin.sends("/board/hours", {"mode": "sometimes"})).status_code == 404
    admin.office.refusal = "until: that is past"
    assert "that is past" in (await admin.sends("/board/hours", {"mode": "day"})).text


async def test_all_phones_are_announced_to_from_the_first_page(admin: Visitor) -> None:
    assert 'action="/board/announce"' in (await admin.opens("/")).text
    answer = await admin.sends("/board/announce", {"text": " Fire, leave the house "})
    assert answer.headers["location"] == "/?notice=announce.done"
    assert admin.office.last() == AnnounceToAll(text="Fire, leave the house", by="admin")
    assert admin.site.audit.newest(1)[0].what == "announced"
    admin.office.refusal = "No phone is registered that could hear it. / 没有已注册的话机可以收听。"
    page = (await admin.sends("/board/announce", {"text": "Fire"})).text
    assert "No phone is registered" in page
    assert "话机可以收听" not in page


async def test_the_open_task_of_who_calls_pops_up_and_is_closed_there(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await becomes(admin, "wang")
    card = (await admin.opens(f"/desk/card/{SECOND_ID}")).text
    assert 'action="/desk/tasks/01LOST"' in card
    await admin.opens("/desk")
    await admin.sends("/desk/tasks/01LOST", {"why": "asked for a price"})
    assert admin.office.last() == CloseLostCaller(caller="01LOST", by="wang", why="asked for a price")


async def test_whom_nobody_called_back_is_on_the_desk_that_was_asked_for_only(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON, "101")
    await a_user(admin, "li", Role.PERSON, "102")
    admin.switch.picture = msgspec.structs.replace(admin.switch.picture, calls=[])
    admin.site.box.picture = admin.switch.picture
    await becomes(admin, "wang")
    assert "/desk/tasks/01LOST" in (await admin.opens("/desk")).text
    await becomes(admin, "li")
    assert "/desk/tasks/01LOST" not in (await admin.opens("/desk")).text
    asked = len(admin.office.asked)
    assert (await admin.sends("/desk/tasks/01LOST", {"why": "x"})).status_code == 404
    assert not any(isinstance(one, CloseLostCaller) for one in admin.office.asked[asked:])
