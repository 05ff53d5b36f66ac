"""Which menus are refused, and that those accepted bring every caller to an end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from firmware.core.errors import UserError
from ivr.menu import Known, Menu, Menus, check_menus, first_menus, parse_menus, problems
from ivr.menu.model import (
    Announce,
    Back,
    DialByName,
    GoTo,
    HangUp,
    Repeat,
    SetLanguage,
    ToExtension,
    ToGroup,
    ToOperator,
    ToQueue,
    ToVoicemail,
)
from ivr.menu.walk import Ask, Connect, End, Play, Spell, Step, TakeMessage, Walk
from tests.ivr.menus import KNOWN, ThreeExtensions, any_menus, main, one

SALES = Menu(greeting=("own/welcome",), keys={"*": Back()}, no_key=HangUp(), wrong_key=HangUp())


def told(menus: Menus, known: Known = KNOWN) -> list[str]:
    return [str(problem) for problem in problems(menus, known)]


def test_the_menus_of_a_new_office_are_good() -> None:
    assert told(first_menus(), Known(frozenset({"101"}), operator=True)) == []


def test_a_menu_with_everything_in_it_is_good() -> None:
    everything = main(
        keys={
            "0": ToOperator(),
            "1": GoTo("sales"),
            "2": ToExtension("101", unanswered="sales"),
            "3": ToGroup("sales"),
            "4": ToQueue("service", unanswered="main"),
            "5": ToVoicemail("office"),
            "6": Announce(("nobody",), then="main"),
            "7": SetLanguage("en", "main"),
            "8": DialByName(),
            "9": HangUp(),
            "*": Repeat(),
        },
        direct_dial=True,
    )
    assert told(one(everything, sales=SALES)) == []


@pytest.mark.parametrize(
    ("menus", "path", "text"),
    [
        (one(main(keys={"1": GoTo("sale")})), "main → key 1", "There is no menu sale"),
        (one(main(keys={"1": ToExtension("199")})), "main → key 1", "There is no extension 199"),
        (one(main(keys={"1": ToExtension("101", "x")})), "main → key 1", "There is no menu x"),
        (one(main(keys={"1": ToGroup("sails")})), "main → key 1", "Choose one of sales"),
        (one(main(keys={"1": ToQueue("x")})), "main → key 1", "Choose one of service"),
        (one(main(keys={"1": ToVoicemail("x")})), "main → key 1", "Choose one of office"),
        (one(main(keys={"1": Announce(("own/x",))})), "main → key 1", "Upload or record it"),
        (one(main(greeting=("own/x",))), "main", "There is no prompt own/x"),
        (one(main(keys={"*": Back()})), "main → key *", "Back leads nowhere"),
        (one(main(), lost=SALES), "lost", "No key and no start leads here"),
        (
            one(main(keys={"2": GoTo("sales")}), sales=main(keys={"7": ToExtension("199")})),
            "main → key 2 → sales → key 7",
            "There is no extension 199",
        ),
        (one(main(no_key=Repeat())), "main → no key → main", "round for ever"),
        (one(main(no_key=ToOperator("main"))), "main → no key → main", "round for ever"),
        (
            one(main(no_key=GoTo("sales")), sales=main(wrong_key=Announce(("nobody",), "main"))),
            "main → no key → sales → wrong key → main",
            "round for ever",
        ),
        (
            one(main(keys={"1": GoTo("sales")}, no_key=GoTo("sales")), sales=main(no_key=Back())),
            "main → no key → sales → no key → main",
            "round for ever",
        ),
        (
            one(main(keys={"1": GoTo("sales")}, no_key=Back()), sales=main(keys={"1": GoTo("main")})),
            "main → no key → main",
            "round for ever",
        ),
        (Menus(start="x", menus={"main": main()}), "start", "There is no menu x"),
        (Menus(start="main", closed="x", menus={"main": main()}), "closed", "There is no menu x"),
    ],
)
def test_what_would_strand_a_caller_is_refused_with_the_way_there(menus: Menus, path: str, text: str) -> None:
    found = problems(menus, KNOWN)
    assert any(problem.path == path and text in problem.text for problem in found), told(menus)
    with pytest.raises(UserError, match="Menus: "):
        check_menus(menus, KNOWN)


def test_an_office_without_operator_extensions_or_names_is_told_so() -> None:
    menus = one(main(keys={"8": DialByName()}, direct_dial=True))
    text = " ".join(told(menus, Known()))
    assert "main → no key: This office has no operator" in text
    assert "main: There is no extension to dial" in text
    assert "main → key 8: No extension has a name to spell" in text


def test_back_after_silence_is_good_where_the_menu_before_comes_to_an_end() -> None:
    assert told(one(main(keys={"1": GoTo("sales")}), sales=main(no_key=Back(), wrong_key=Back()))) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"keys": {"A": {"do": "repeat"}}}, "keys"),
        ({"keys": {"1": {"do": "outside-line", "number": "13800138000"}}}, "keys"),
        ({"keys": {"1": {"do": "extension", "number": "0013800138000"}}}, "number"),
        ({"greeting": ["own/../../etc/passwd"]}, "greeting"),
        ({"greeting": []}, "greeting"),
        ({"attempts": 0}, "attempts"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_document_that_is_no_menu_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    document = {"start": "main", "menus": {"main": {"greeting": ["greeting"], **change}}}
    with pytest.raises(UserError, match=field):
        parse_menus(document, KNOWN)


def test_menus_survive_being_stored() -> None:
    menus = first_menus()
    assert parse_menus(msgspec.json.decode(msgspec.json.encode(menus)), KNOWN) == menus


# Any caller in any menus that are accepted

_keys = st.sampled_from(["", "", "1", "2", "9", "*", "#", "0", "101", "103", "199"])


class Caller:
    """Goes through menus; keys and luck are given, and everything that happens is counted."""

    def __init__(self, menus: Menus, start: str) -> None:
        self.trace: list[str] = []
        self.walk = Walk(menus, start, "en", ThreeExtensions(), lambda said: self.trace.append(str(said)))
        self.asked: list[str] = []
        self.tried = 0
        self.steps = 0

    def goes(self, keys: list[str], luck: list[bool]) -> Step:
        """Key `keys` over and over, finding somebody whenever luck is true; return the last step."""
        step = self.walk.begin()
        while not isinstance(step, End | TakeMessage):
            turn, self.steps = self.steps, self.steps + 1
            assert self.steps < 1000, "no end"
            match step:
                case Ask():
                    self.asked.append(step.name)
                    step = self.walk.keyed(keys[turn % len(keys)])
                case Play():
                    step = self.walk.played()
                case Connect():
                    self.tried += 1
                    if luck[turn % len(luck)]:
                        return step
                    step = self.walk.unanswered(("busy",))
                case Spell():
                    found = luck[turn % len(luck)]
                    step = self.walk.chosen("101") if found else self.walk.unanswered(())
        return step


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(any_menus, st.lists(_keys, min_size=1, max_size=60), st.lists(st.booleans(), min_size=1, max_size=6))
def test_whatever_a_caller_keys_accepted_menus_come_to_an_end(
    menus: Menus, keys: list[str], luck: list[bool]
) -> None:
    assume(not problems(menus, KNOWN))
    caller = Caller(menus, menus.closed or menus.start)
    last = caller.goes(keys, luck)
    assert isinstance(last, End | TakeMessage | Connect)
    assert len(caller.asked) <= menus.max_questions
    assert caller.tried <= menus.max_tries
    # Between two questions lie one thing done and one announcement at most.
    assert caller.steps <= 3 * (menus.max_questions + 1)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(any_menus, st.sampled_from([[""], ["199"], ["", "199"]]))
def test_a_caller_without_a_right_key_meets_each_menu_once_and_never_the_limit(
    menus: Menus, keys: list[str]
) -> None:
    menus = msgspec.structs.replace(menus, max_questions=100)
    assume(not problems(menus, KNOWN))
    caller = Caller(menus, menus.start)
    caller.goes(keys, [False])
    visited = [name for place, name in enumerate(caller.asked) if caller.asked[place - 1 : place] != [name]]
    assert len(visited) == len(set(visited)), visited
    assert all(caller.asked.count(name) <= menus.menus[name].attempts for name in visited)
    assert not any("enough" in note and "questions" in note for note in caller.trace)


@settings(max_examples=1000, deadline=None)
@given(any_menus)
def test_only_menus_that_are_refused_can_keep_a_silent_caller_going_round(menus: Menus) -> None:
    menus = msgspec.structs.replace(menus, max_questions=100, max_tries=9)
    caller = Caller(menus, menus.start)
    caller.goes([""], [False])
    if any("questions were asked: enough" in note for note in caller.trace):
        assert any(
            "round for ever" in problem.text or "Back leads nowhere" in problem.text
            for problem in problems(menus, KNOWN)
        )
