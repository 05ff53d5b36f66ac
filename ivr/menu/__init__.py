"""Menus as data: what they are, what is refused of them, and how a caller goes through them."""

from ivr.menu.check import Known, check_menus, parse_menus, problems
from ivr.menu.dry_run import dry_run
from ivr.menu.model import Menu, Menus, first_menus
from ivr.menu.names import Listed, NameBook, spelled
from ivr.menu.script import Answering, answer_with_menus
from ivr.menu.targets import Targets
from ivr.menu.versions import MenuBook

__all__ = [
    "Answering",
    "Known",
    "Listed",
    "Menu",
    "MenuBook",
    "Menus",
    "NameBook",
    "Targets",
    "answer_with_menus",
    "check_menus",
    "dry_run",
    "first_menus",
    "parse_menus",
    "problems",
    "spelled",
]
