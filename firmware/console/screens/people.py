"""People and the passwords of their phones."""

from __future__ import annotations

from firmware.console.session import BY, Session
from firmware.console.terminal import padded
from firmware.control.editing import AddPerson, ChangePerson, Edit, RemovePerson


async def people(session: Session) -> None:
    """The menu of the people."""
    await session.menu(
        "people",
        (
            ("people_list", listed),
            ("people_secret", secret),
            ("people_new_secret", new_secret),
            ("people_add", add),
            ("people_remove", remove),
        ),
    )


async def listed(session: Session) -> None:
    """Everybody, and whether a phone of theirs is registered."""
    async with session.switch() as switch:
        phones = await switch.phones()
    rows = [
        f"  {padded(phone.number, 8)}{padded(phone.name, 24)}"
        f"{session.words('registered' if phone.registered else 'not_registered')}"
        for phone in phones
    ]
    await session.terminal.pages(rows, session.words("more"))
    await session.pause()


async def _number(session: Session) -> str | None:
    """Ask for the number of somebody who is there."""
    typed = await session.ask("people_number")
    async with session.switch() as switch:
        known = {phone.number for phone in await switch.phones()}
    if typed in known:
        return typed
    if typed:
        session.show("people_unknown", number=typed)
        await session.pause()
    return None


async def secret(session: Session) -> None:
    """What to enter in somebody's phone."""
    number = await _number(session)
    if number is None:
        return
    async with session.switch() as switch:
        phone = next(one for one in await switch.phones() if one.number == number)
    session.show("people_account", server=phone.server, number=phone.number, secret=phone.secret)
    await session.pause()


async def _change(session: Session, edit: Edit) -> None:
    async with session.switch() as switch:
        await switch.change_settings([edit], BY)


async def new_secret(session: Session) -> None:
    """Have another password made; the phone has to be given it."""
    number = await _number(session)
    if number is None or not await session.sure("people_sure_secret", number=number):
        return
    await _change(session, ChangePerson(number, new_secret=True))
    session.show("done")
    await session.pause()


async def add(session: Session) -> None:
    """Add somebody."""
    number = await session.ask("people_number")
    if not number:
        return
    name = await session.ask("people_name")
    await _change(session, AddPerson(number, name))
    session.show("done")
    await session.pause()


async def remove(session: Session) -> None:
    """Remove somebody."""
    number = await _number(session)
    if number is None or not await session.sure("people_sure_remove", number=number):
        return
    await _change(session, RemovePerson(number))
    session.show("done")
    await session.pause()
