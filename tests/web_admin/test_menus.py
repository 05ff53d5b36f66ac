"""The menus on a page: drawn, edited as a draft, tried, put in force, taken back; prompts in and out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from firmware.control.editing import SetValue
from firmware.control.menus import ListPrompts, PromptsReply, UploadPrompt
from firmware.core.errors import UserError
from tests.web_admin.rig import Visitor, wav
from web_admin.pictures.flow import flow


async def test_the_menus_of_a_new_office_are_drawn(admin: Visitor) -> None:
    page = (await admin.opens("/menus")).text
    assert page.count('class="flow-card') >= 2
    assert 'href="/menus/main"' in page


async def test_a_change_is_a_draft_until_it_is_put_in_force(admin: Visitor) -> None:
    await admin.fills_in("/menus/main", do="save", menu__attempts="5")
    book = admin.switch.store.current.menus
    assert book.draft is not None
    assert book.draft.menus["main"].attempts == 5
    assert book.in_force() is None
    preview = await admin.sends("/menus", {"do": "publish"})
    await admin.confirms(preview)
    book = admin.switch.store.current.menus
    assert book.draft is None
    assert book.in_force() is not None
    assert book.versions[-1].by == "admin"
    history = await admin.switch.history(5)
    assert history[0].by == "admin"


async def test_a_menu_nothing_leads_to_can_not_be_put_in_force(admin: Visitor) -> None:
    await admin.fills_in("/menus/new", do="save", name="lonely", menu__greeting="greeting")
    page = (await admin.opens("/menus")).text
    assert "lonely" in page
    assert 'class="faults"' in page
    refused = await admin.sends("/menus", {"do": "publish"})
    assert refused.status_code == 422
    await admin.sends("/menus", {"do": "discard"})
    assert admin.switch.store.current.menus.draft is None


async def test_what_would_become_of_a_caller_is_told_without_a_call(admin: Visitor) -> None:
    page = (await admin.opens("/menus?keys=0&at=2026-11-22T10:00")).text
    assert '<ol class="trace">' in page
    assert (await admin.opens("/menus?keys=0&at=nonsense")).status_code == 200


@pytest.mark.parametrize("name", ["../x", "Über", "a b", ""])
async def test_a_menu_has_a_plain_name(admin: Visitor, name: str) -> None:
    answer = await admin.fills_in("/menus/new", do="save", name=name, menu__greeting="greeting")
    assert answer.status_code == 422
    assert admin.switch.store.current.menus.draft is None


def test_menus_in_a_circle_are_drawn_once_each() -> None:
    def menu(**keys: Any) -> dict[str, Any]:
        end = {"do": "hang-up", "prompts": ["goodbye"]}
        return {"greeting": ["x"], "keys": keys, "no_key": end, "wrong_key": end}

    menus = {
        "start": "a",
        "menus": {
            "a": menu(k1={"do": "menu", "menu": "b"}),
            "b": menu(k1={"do": "menu", "menu": "a"}),
            "lost": menu(),
        },
    }
    picture = flow(menus)
    assert [(one.name, one.x > 0) for one in picture.cards] == [("a", False), ("b", True), ("lost", True)]
    assert len(picture.cords) == 2


async def test_a_sound_file_becomes_a_prompt_and_is_heard(admin: Visitor) -> None:
    page = await admin.opens("/prompts?language=en")
    assert page.status_code == 200
    answer = await admin.client.post(
        "/prompts/en",
        data={"csrf": admin.csrf, "name": "welcome", "do": "upload"},
        files={"file": ("x.wav", wav(16_000), "audio/wav")},
    )
    assert answer.status_code == 303, answer.text[-800:]
    sound = await admin.opens("/prompts/en/own/welcome")
    assert sound.content[:4] == b"RIFF"
    await admin.sends("/prompts/en", {"name": "welcome", "do": "removed"})
    assert (await admin.opens("/prompts/en/own/welcome")).status_code == 404


async def test_what_is_no_sound_is_no_prompt(admin: Visitor) -> None:
    await admin.opens("/prompts?language=en")
    answer = await admin.client.post(
        "/prompts/en",
        data={"csrf": admin.csrf, "name": "welcome", "do": "upload"},
        files={"file": ("x.wav", b"<script>alert(1)</script>" * 50, "audio/wav")},
    )
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "name", ["own/%2e%2e%2f%2e%2e%2fsettings", "%2e%2e%2fsettings.json", "own/%2e%2e", "own/x.wav"]
)
async def test_no_other_file_is_given_out_as_a_prompt(admin: Visitor, name: str) -> None:
    answer = await admin.opens(f"/prompts/en/{name}")
    assert answer.status_code == 404
    assert b"secret" not in answer.content


async def test_an_endless_upload_is_cut_off(admin: Visitor) -> None:
    part = base64.b64encode(b"x" * 29_000).decode()
    async with admin.site.box.ask() as switch:
        with pytest.raises(UserError, match="MB at most"):
            for _ in range(300):
                asked = UploadPrompt(language="en", name="x", upload="one", data=part, last=False)
                await switch.ask(asked, PromptsReply)
        assert (await switch.ask(ListPrompts(language="en"), PromptsReply)).prompts == []


async def test_what_was_in_force_before_is_no_setting_to_be_edited(admin: Visitor) -> None:
    await admin.fills_in("/menus/main", do="save", menu__attempts="5")
    await admin.confirms(await admin.sends("/menus", {"do": "publish"}))
    published = admin.switch.store.current.menus.versions
    async with admin.site.box.ask() as switch:
        settings = await switch.settings()
        assert "versions" not in settings.values["menus"]
        await switch.change_settings([SetValue(["menus"], settings.values["menus"])], "li")
        with pytest.raises(UserError, match="no such place"):
            await switch.change_settings([SetValue(["menus", "versions", "0", "by"], "nobody")], "li")
    assert admin.switch.store.current.menus.versions == published
