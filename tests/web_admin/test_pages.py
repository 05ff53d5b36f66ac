"""The pages: what they show, what they change, and what they make of hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.control.picture import HourFigures
from tests.control.switch import FIRST_ID, SECOND_ID
from tests.web_admin.rig import Visitor, wav
from web_admin.exports import csv_line
from web_admin.words import all_keys

EVERY_PAGE = [
    "/",
    "/calls",
    f"/calls/{FIRST_ID}",
    f"/calls/{SECOND_ID}",
    "/people",
    "/people/101/phone",
    "/settings",
    "/history",
    "/setup/language",
    "/setup/office",
    "/setup/hours",
    "/setup/lines",
    "/setup/people",
    "/setup/phones",
    "/setup/greeting",
    "/setup/test",
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", EVERY_PAGE)
async def test_every_page_opens_in_both_languages_with_nothing_inline(
    admin: Visitor, path: str, language: str
) -> None:
    admin.client.cookies.set("zongji-language", language)
    page = await admin.opens(path)
    assert page.status_code == 200, page.text
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page.text
    assert "style=" not in page.text
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", re.sub(r'"[^"]*"', '""', page.text))
    assert not re.search(r"<script(?![^>]* src=)", page.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)


async def test_the_first_page_shows_who_talks_with_whom(admin: Visitor) -> None:
    page = (await admin.opens("/")).text
    assert "138 0013 8000" in page
    assert 'class="cord talking"' in page
    assert "前台 / Front desk" in page
    assert "no modem at /dev/ttyUSB5" in page


async def test_a_name_full_of_markup_is_only_a_name(admin: Visitor) -> None:
    for path in ("/", "/calls"):
        page = (await admin.opens(path)).text
        assert "<b>王</b>" not in page
        assert "&lt;b&gt;王&lt;/b&gt;" in page


async def test_the_day_with_most_calls_fits_its_tile(admin: Visitor) -> None:
    day = admin.switch.picture.today
    assert max(one.calls for one in day.hours) == 1
    admin.switch.goes_on(today=type(day)(calls=9999, answered=1, hours=[HourFigures(9999, 1)] * 24))
    assert (await admin.opens("/")).status_code == 200


async def test_calls_are_searched_and_htmx_gets_the_rows_alone(admin: Visitor) -> None:
    everything = (await admin.opens("/calls")).text
    assert everything.count("/calls/01KB") >= 2
    nothing = (await admin.opens("/calls?text=999")).text
    assert FIRST_ID not in nothing
    rows = (await admin.opens("/calls?text=138", **{"hx-request": "true"})).text
    assert "<html" not in rows
    assert FIRST_ID in rows


@pytest.mark.parametrize(
    "query",
    [
        "since=nonsense",
        "after=1-x",
        "outcome=%00",
        "text=%27%22%3Cscript%3E",
        "until=0001-01-01",
        "person=" + "9" * 500,
    ],
)
async def test_a_search_nobody_meant_does_no_harm(admin: Visitor, query: str) -> None:
    page = await admin.opens(f"/calls?{query}")
    assert page.status_code == 200
    assert "<script>" not in page.text


async def test_a_journey_shows_its_trace_and_who_ended_it(admin: Visitor) -> None:
    page = (await admin.opens(f"/calls/{FIRST_ID}")).text
    assert "keyed 101 → 前台 / Front desk" in page
    assert 'class="talks"' in page


@pytest.mark.parametrize("call", ["NOSUCHCALL", "..%2f..%2fetc", "%3Cb%3E", "x" * 300])
async def test_a_call_that_is_none_says_so(admin: Visitor, call: str) -> None:
    page = await admin.opens(f"/calls/{call}")
    assert page.status_code == 404
    assert "<b>" not in page.text.replace("<b>总机</b>", "")


@pytest.fixture
def recording(admin: Visitor) -> bytes:
    content = wav(16_000)
    folder = admin.switch.folder
    assert folder is not None
    path = folder / admin.switch.journeys[1].recordings[0].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


async def test_a_recording_is_heard_whole_and_in_parts(admin: Visitor, recording: bytes) -> None:
    path = f"/calls/{FIRST_ID}/audio/0"
    whole = await admin.opens(path)
    assert (whole.status_code, whole.content) == (200, recording)
    assert whole.headers["content-type"] == "audio/wav"
    part = await admin.opens(path, range="bytes=44-143")
    assert (part.status_code, part.content) == (206, recording[44:144])
    assert part.headers["content-range"] == f"bytes 44-143/{len(recording)}"
    tail = await admin.opens(path, range="bytes=-10")
    assert tail.content == recording[-10:]
    assert (await admin.opens(path, range=f"bytes={len(recording)}-")).status_code == 416
    saved = await admin.opens(f"{path}?download=1")
    assert saved.headers["content-disposition"].startswith("attachment")


async def test_listening_is_written_down(admin: Visitor, recording: bytes) -> None:
    await admin.opens(f"/calls/{FIRST_ID}/audio/0")
    assert admin.site.audit.newest(1)[0].what == "recording-heard"


async def test_a_waveform_shows_each_side(admin: Visitor, recording: bytes) -> None:
    peaks = (await admin.opens(f"/calls/{FIRST_ID}/peaks/0")).json()
    assert peaks["seconds"] == 2.0
    left, right = peaks["channels"]
    assert max(left) == 0.5
    assert max(right) == 0.0


async def test_what_is_no_recording_has_no_waveform(admin: Visitor, recording: bytes) -> None:
    folder = admin.switch.folder
    assert folder is not None
    (folder / admin.switch.journeys[1].recordings[0].path).write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt ")
    answer = await admin.opens(f"/calls/{FIRST_ID}/peaks/0")
    assert answer.json() is None


async def test_no_file_stays_open(admin: Visitor, recording: bytes) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        await admin.opens(f"/calls/{FIRST_ID}/audio/0")
        await admin.opens(f"/calls/{FIRST_ID}/peaks/0")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 3


async def test_the_list_goes_to_a_spreadsheet(admin: Visitor) -> None:
    answer = await admin.opens("/calls.csv")
    text = answer.content.decode("utf-8-sig")
    assert len(text.splitlines()) == 3
    assert "+8613800138000" in text
    assert answer.headers["content-disposition"].endswith('.csv"')


async def test_what_a_call_cost_is_on_its_page_and_in_the_spreadsheet(admin: Visitor) -> None:
    call = admin.switch.journeys[1]
    call.cost_micros, call.currency = 600_000, "CNY"
    assert "0.60 CNY" in (await admin.opens(f"/calls/{call.id}")).text
    assert ",0.60,CNY," in (await admin.opens("/calls.csv")).content.decode("utf-8-sig")


def test_no_cell_is_a_formula() -> None:
    line = csv_line(["=cmd()", "+8613800138000", "-1+1", "@x", "plain"]).decode()
    assert line.strip() == "'=cmd(),+8613800138000,'-1+1,'@x,plain"


async def test_a_setting_is_previewed_saved_and_undone(admin: Visitor) -> None:
    preview = await admin.fills_in("/settings/reception", reception__attempts="5")
    assert "<del>2</del>" in preview.text
    assert "<ins>5</ins>" in preview.text
    assert admin.switch.store.current.reception.attempts == 2
    saved = await admin.confirms(preview)
    assert admin.switch.store.current.reception.attempts == 5
    page = (await admin.opens(saved.headers["location"])).text
    undo = re.search(r'name="to" value="(\d+)"', page)
    assert undo is not None
    await admin.sends("/history/restore", {"to": undo[1], "sure": "yes", "undo": "yes"})
    assert admin.switch.store.current.reception.attempts == 2
    history = (await admin.opens("/history")).text
    assert history.count('class="card"><div class="head">') == 3


@pytest.mark.parametrize("attempts", ["99", "many", "", "-1", "9" * 30])
async def test_a_value_out_of_bounds_is_explained_and_what_was_typed_stays(
    admin: Visitor, attempts: str
) -> None:
    page = await admin.fills_in("/settings/reception", reception__attempts=attempts)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert f'value="{attempts}"' in page.text
    assert admin.switch.store.current.reception.attempts == 2


async def test_switching_something_off_is_a_change(admin: Visitor) -> None:
    await admin.confirms(await admin.fills_in("/settings/recording", recording__enabled=None))
    assert admin.switch.store.current.recording.enabled is False


async def test_somebody_elses_change_in_between_is_not_overwritten(admin: Visitor) -> None:
    preview = await admin.fills_in("/settings/reception", reception__attempts="5")
    await admin.confirms(await admin.fills_in("/settings/recording", recording__enabled=None))
    refused = await admin.confirms(preview)
    assert refused.status_code == 422
    assert admin.switch.store.current.reception.attempts == 2


async def test_people_are_added_renamed_and_removed(admin: Visitor) -> None:
    await admin.opens("/people")
    preview = await admin.sends("/people", {"number": "104", "name": "王小明"})
    assert "王小明" in preview.text
    assert admin.switch.store.current.extension("104") is None, "shown first"
    added = await admin.confirms(preview)
    assert "王小明 is there now, with extension 104." in (await admin.opens(added.headers["location"])).text
    renamed = {"do": "save", "name": "王大明", "algorithm": "SHA-256"}
    await admin.confirms(await admin.sends("/people/104", renamed))
    person = admin.switch.store.current.extension("104")
    assert person is not None
    assert (person.name, person.algorithm) == ("王大明", "SHA-256")
    await admin.sends("/people/104", {"do": "secret", "name": "王大明"})
    again = admin.switch.store.current.extension("104")
    assert again is not None
    assert again.secret != person.secret
    await admin.sends("/people/104", {"do": "remove", "name": "王大明"})
    assert admin.switch.store.current.extension("104") is None


async def test_a_taken_extension_is_refused_in_the_readers_language(admin: Visitor) -> None:
    await admin.opens("/people")
    admin.client.cookies.set("zongji-language", "zh")
    page = await admin.sends("/people", {"number": "101", "name": "x"})
    assert page.status_code == 422
    assert "该分机号已被占用" in page.text


async def test_a_pasted_list_becomes_people_or_nothing_does(admin: Visitor) -> None:
    await admin.opens("/people")
    bad = await admin.sends("/people/paste", {"list": "104 王伟\nnonsense"})
    assert bad.status_code == 422
    assert admin.switch.store.current.extension("104") is None
    pasted = {"list": "104\t王伟\n105, Anna Berg\n\n李娜 106"}
    await admin.confirms(await admin.sends("/people/paste", pasted))
    names = {one.number: one.name for one in admin.switch.store.current.extensions}
    assert (names["104"], names["105"], names["106"]) == ("王伟", "Anna Berg", "李娜")


async def test_the_first_set_up_is_taken_up_where_it_was_left(admin: Visitor) -> None:
    await admin.opens("/setup/people")
    assert (await admin.opens("/setup")).headers["location"] == "/setup/people"
    await admin.sends("/setup/people", {"list": "104 王伟"})
    assert admin.switch.store.current.extension("104") is not None
    await admin.sends("/setup/office", {"office.name": "Berg & Wang", "office.operator": "104"})
    assert admin.switch.store.current.office.name == "Berg & Wang"
    await admin.fills_in("/setup/hours", opens="08:30", saturday="on")
    hours = admin.switch.store.current.hours
    (schedule,) = hours.schedules.values()
    assert hours.enabled
    assert [(one.opens, one.closes) for one in schedule.week.saturday] == [("08:30", "18:00")]
    assert schedule.week.sunday == ()
    assert admin.switch.folder is not None
    own = admin.switch.folder / "prompts"
    await admin.sends("/setup/greeting", {"text": ""})
    assert list(own.rglob("greeting.wav")) == [], "nothing typed, nothing changed"
    await admin.sends("/setup/greeting", {"text": "Hello, this is Berg and Wang."})
    (said,) = own.rglob("greeting.wav")
    assert said.stat().st_size > 8000
    assert "/setup" in (await admin.opens("/")).text
    await admin.sends("/setup/test")
    assert 'href="/setup"' not in (await admin.opens("/")).text


async def test_a_box_that_restarts_is_said_to_and_comes_back(admin: Visitor) -> None:
    await admin.server.close()
    for path in ("/calls", "/settings", "/people", f"/calls/{FIRST_ID}"):
        page = await admin.opens(path)
        assert page.status_code == 503
        assert "Traceback" not in page.text
    shown = (await admin.opens("/")).text
    assert 'class="banner"' in shown
    await admin.server.start()
    await admin.sees_the_box()
    assert (await admin.opens("/calls")).status_code == 200


async def test_a_defect_of_the_switch_stays_in_its_log(admin: Visitor) -> None:
    admin.switch.broken = True
    page = await admin.opens("/nothing-here")
    assert page.status_code == 404
    assert "secret detail" not in page.text


def test_every_text_used_exists_in_both_languages() -> None:
    used = set()
    folder = Path(__file__).parents[2] / "web_admin"
    for path in [*folder.glob("templates/**/*.html"), *folder.glob("*.py"), *folder.glob("pages/*.py")]:
        text = path.read_text("utf-8")
        used |= set(re.findall(r"\bt\(\s*['\"]([a-z]+\.[a-z_]+)['\"]\s*[,)]", text))
        used |= set(re.findall(r"\bwords\(\s*['\"]([a-z]+\.[a-z_]+)['\"]", text))
    assert used
    assert used <= all_keys(), used - all_keys()
