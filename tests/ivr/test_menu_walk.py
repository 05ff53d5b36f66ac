"""Where keys lead: back, repeat, languages, numbers dialled among keys."""

from __future__ import annotations

import pytest

from ivr.menu import Menu, Menus
from ivr.menu.model import Back, GoTo, HangUp, Repeat, SetLanguage, ToExtension, ToGroup, ToQueue, ToVoicemail
from ivr.menu.walk import Ask, Connect, End, Step, TakeMessage, Walk
from tests.ivr.menus import ThreeExtensions, main, one


def begin(menus: Menus) -> tuple[Walk, list[str]]:
    trace: list[str] = []
    walk = Walk(menus, menus.start, "zh-CN", ThreeExtensions(), lambda said: trace.append(str(said)))
    walk.begin()
    return walk, trace


def at(step: Step) -> str:
    assert isinstance(step, Ask)
    return step.name


def test_back_retraces_the_way_and_repeat_stays() -> None:
    deep = Menu(greeting=("greeting",), keys={"*": Back(), "#": Repeat(), "9": GoTo("main")})
    walk, _ = begin(one(main(keys={"1": GoTo("a"), "*": Repeat()}), a=_with(deep, "1", GoTo("b")), b=deep))
    assert [at(walk.keyed(key)) for key in "11#**"] == ["a", "b", "b", "a", "main"]
    # Going forward to a menu one came through is going back to it: the way does not grow in circles.
    assert [at(walk.keyed(key)) for key in "119"] == ["a", "b", "main"]
    assert [at(walk.keyed(key)) for key in "1*"] == ["a", "main"]


def _with(menu: Menu, key: str, action: GoTo) -> Menu:
    return main(keys={**menu.keys, key: action})


def test_a_language_is_kept_from_then_on() -> None:
    walk, trace = begin(one(main(keys={"2": SetLanguage("en", "next")}), next=main()))
    assert walk.language == "zh-CN"
    assert at(walk.keyed("2")) == "next"
    assert walk.language == "en"
    assert trace == ["menu main: keyed 2: language en"]


@pytest.mark.parametrize(
    ("action", "step"),
    [
        (ToExtension("101"), Connect("extension", "101")),
        (ToGroup("sales"), Connect("group", "sales")),
        (ToQueue("service"), Connect("queue", "service")),
        (ToVoicemail("office"), TakeMessage("office")),
        (HangUp(), End(("goodbye",))),
    ],
)
def test_actions_lead_outside(action: ToGroup, step: Step) -> None:
    walk, _ = begin(one(main(keys={"1": action})))
    assert walk.keyed("1") == step


def test_mistakes_are_told_apart_and_counted() -> None:
    walk, trace = begin(one(main(attempts=3, wrong_key=HangUp())))
    silent, wrong, last = walk.keyed(""), walk.keyed("7"), walk.keyed("8")
    assert isinstance(silent, Ask)
    assert isinstance(wrong, Ask)
    assert silent.prompts == ("no-key", "greeting")
    assert wrong.prompts == ("wrong-key", "greeting")
    assert last == End(("goodbye",))
    assert trace[-1] == "menu main: keyed 8, which is no choice, attempt 3: hang up"


def test_a_caller_who_found_nobody_hears_why_and_chooses_again_but_not_for_ever() -> None:
    menus = Menus(start="main", menus={"main": main(keys={"1": ToExtension("101")})}, max_tries=2)
    walk, _ = begin(menus)
    walk.keyed("1")
    again = walk.unanswered(("busy",))
    assert isinstance(again, Ask)
    assert again.prompts == ("busy", "greeting")
    walk.keyed("1")
    assert walk.unanswered(("busy",)) == End(("busy", "nobody"))


@pytest.mark.parametrize(
    ("digits", "complete"),
    [("0", True), ("1", False), ("10", False), ("101", True), ("9", False), ("99", False), ("999", True)],
)
def test_a_key_that_begins_an_extension_waits_for_more(digits: str, complete: bool) -> None:
    walk, _ = begin(one(main(keys={"0": HangUp(), "1": Repeat()}, direct_dial=True)))
    assert walk.is_complete(digits) is complete


def test_without_direct_dialling_one_key_is_enough_and_an_extension_is_no_choice() -> None:
    walk, _ = begin(one(main(keys={"1": Repeat()})))
    assert walk.is_complete("1")
    assert walk.is_complete("7")
    wrong = walk.keyed("101")
    assert isinstance(wrong, Ask)
    assert wrong.prompts[0] == "wrong-key"


def test_dialling_an_extension_beats_the_key_it_begins_with() -> None:
    walk, trace = begin(one(main(keys={"1": Repeat()}, direct_dial=True)))
    assert walk.keyed("101") == Connect("extension", "101")
    assert trace == ["menu main: dialled 101: number 101"]
    assert isinstance(walk.keyed("1"), Ask)
