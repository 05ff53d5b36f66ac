"""Users: four roles and what they may not, second factors, lent passwords, the owner who forgot."""

from __future__ import annotations

import re
import time

import msgspec
import pyotp
import pytest

from tests.store.sample import BenchClock
from tests.web_admin.rig import PASSWORD, Visitor
from web_admin.security.rights import Role, may
from web_admin.security.second_factor import step_of
from web_admin.security.users import User


async def a_user(admin: Visitor, name: str, role: Role, extension: str = "101") -> None:
    """Have a user who has chosen a password already."""
    await admin.site.users.add(name, role, extension)
    await admin.site.users.choose_password(name, PASSWORD)


async def becomes(visitor: Visitor, name: str, password: str = PASSWORD) -> None:
    """Sign in as somebody else."""
    visitor.client.cookies.clear()
    answer = await visitor.client.post("/login", data={"username": name, "password": password})
    assert answer.status_code == 303, answer.text
    await visitor.opens("/account")


@pytest.mark.parametrize(
    ("role", "opened", "refused"),
    [
        (
            Role.PERSON,
            ["/desk", "/account"],
            ["/calls", "/live", "/people", "/settings", "/users", "/system"],
        ),
        (Role.SUPERVISOR, ["/", "/calls"], ["/people", "/settings", "/history", "/users", "/setup"]),
        (Role.ADMIN, ["/people", "/settings", "/history"], ["/users", "/integrations"]),
        (Role.OWNER, ["/users", "/integrations", "/settings"], []),
    ],
)
async def test_each_role_opens_its_pages_and_no_others(
    admin: Visitor, role: Role, opened: list[str], refused: list[str]
) -> None:
    await a_user(admin, "somebody", role)
    await becomes(admin, "somebody")
    for path in opened:
        assert (await admin.opens(path)).status_code == 200, path
    for path in refused:
        assert (await admin.opens(path)).status_code == 403, path
        assert (await admin.sends(path)).status_code == 403, path


async def test_a_person_is_led_to_the_own_desk(admin: Visitor) -> None:
    await a_user(admin, "wang", Role.PERSON)
    await becomes(admin, "wang")
    assert (await admin.opens("/")).headers["location"] == "/desk"


@pytest.mark.parametrize("path", ["/settingsx", "/nowhere", "/userss", "/callsx/1", "//users"])
def test_what_no_rule_names_is_the_owners(path: str) -> None:
    assert not may(Role.ADMIN, path)


async def test_a_role_taken_away_is_gone_with_the_next_click(admin: Visitor) -> None:
    await a_user(admin, "li", Role.ADMIN)
    await becomes(admin, "li")
    assert (await admin.opens("/people")).status_code == 200
    user = admin.site.users.find("li")
    assert user is not None
    admin.site.users.put(msgspec.structs.replace(user, role=Role.SUPERVISOR))
    assert (await admin.opens("/people")).status_code == 403
    admin.site.users.remove("li")
    assert (await admin.opens("/calls")).headers["location"].startswith("/login")


async def test_an_owner_adds_a_user_whose_password_is_shown_once(admin: Visitor) -> None:
    page = await admin.fills_in("/users", name="anna", role="supervisor", extension="102")
    found = re.search(r'id="fresh">([^<]+)<', page.text)
    assert found is not None
    assert found[1] not in (await admin.opens("/users")).text
    await becomes(admin, "anna", found[1])
    assert (await admin.opens("/calls")).headers["location"] == "/account"
    changed = await admin.sends("/account/password", {"old": found[1], "password": "anna's own long one"})
    assert changed.headers["location"] == "/login"
    await becomes(admin, "anna", "anna's own long one")
    assert (await admin.opens("/calls")).status_code == 200


async def test_the_last_owner_stays(admin: Visitor) -> None:
    answer = await admin.sends("/users/admin", {"do": "remove"})
    assert answer.status_code == 422
    answer = await admin.sends("/users/admin", {"role": "admin"})
    assert answer.status_code == 422
    assert [one.role for one in admin.site.users.all()] == [Role.OWNER]


async def test_the_second_factor_is_asked_for_and_each_code_works_once(admin: Visitor) -> None:
    page = await admin.sends("/account/factor")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)
    assert secret is not None
    totp = pyotp.TOTP(secret[1])
    wrong = await admin.sends("/account/factor", {"secret": secret[1], "code": "000000"})
    assert wrong.status_code == 422
    code = totp.now()
    await admin.sends("/account/factor", {"secret": secret[1], "code": code})
    admin.client.cookies.clear()
    asked = await admin.client.post("/login", data={"username": "admin", "password": PASSWORD})
    assert "zongji" not in admin.client.cookies, "a password alone opens nothing"
    ticket = re.search(r'name="ticket" value="([^"]+)"', asked.text)
    assert ticket is not None
    again = await admin.client.post("/login/code", data={"ticket": ticket[1], "code": code})
    assert again.status_code == 401, "the code that switched it on is spent"
    later = totp.at(int(time.time()) + 30)
    right = await admin.client.post("/login/code", data={"ticket": ticket[1], "code": later})
    assert right.status_code == 303
    assert (await admin.opens("/calls")).status_code == 200


def test_a_code_is_good_for_a_step_either_side_and_never_for_an_older_one() -> None:
    secret = pyotp.random_base32()
    totp, now = pyotp.TOTP(secret), 1_800_000_000.0
    step = int(now) // 30
    assert step_of(secret, totp.at(int(now) - 30), 0, now) == step - 1
    assert step_of(secret, totp.at(int(now) - 60), 0, now) is None
    assert step_of(secret, totp.at(int(now)), step, now) is None
    assert step_of(secret, "１２３４５６", 0, now) is None


async def test_guessing_codes_ends_the_sign_in(admin: Visitor) -> None:
    secret = pyotp.random_base32()
    user = admin.site.users.find("admin")
    assert user is not None
    admin.site.users.put(msgspec.structs.replace(user, totp=secret))
    admin.client.cookies.clear()
    asked = await admin.client.post("/login", data={"username": "admin", "password": PASSWORD})
    ticket = re.search(r'name="ticket" value="([^"]+)"', asked.text)
    assert ticket is not None
    answers = [
        await admin.client.post("/login/code", data={"ticket": ticket[1], "code": "000000"}) for _ in range(7)
    ]
    assert [one.status_code for one in answers[:5]] == [401] * 5
    assert answers[-1].headers["location"] == "/login"


async def test_many_addresses_that_guess_at_one_user_are_slowed_down(admin: Visitor) -> None:
    for number in range(20):
        admin.site.brake.failed(f"10.0.0.{number}", "admin")
    assert admin.site.brake.wait_s("10.9.9.9", "ADMIN") > 0
    assert admin.site.brake.wait_s("10.9.9.9", "anna") == 0


async def test_a_forgotten_password_is_replaced_only_while_somebody_stands_before_the_box(
    admin: Visitor,
) -> None:
    admin.client.cookies.clear()
    form = {"username": "admin", "password": "a brand new one", "again": "a brand new one"}
    assert (await admin.client.post("/forgotten", data=form)).status_code == 403
    assert await admin.site.users.is_right("admin", PASSWORD)
    admin.switch.password_reset.allow(BenchClock().monotonic())
    assert (await admin.client.post("/forgotten", data=form)).status_code == 303
    assert await admin.site.users.is_right("admin", "a brand new one")
    assert admin.switch.password_reset.seconds(0.0) == 0, "the permission is used up"


async def test_nobody_reads_a_hash_or_factor_off_a_user() -> None:
    user = User(name="a", role=Role.OWNER, hash="$argon2id$x", totp="SECRET")
    assert "argon2" not in repr(user)
    assert "SECRET" not in repr(user)
