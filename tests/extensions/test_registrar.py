"""Where phones can be reached: bindings made, refreshed, replaced, removed and forgotten."""

from __future__ import annotations

from extensions.accounts import Account
from extensions.registrar import MAX_BINDINGS, MAX_EXPIRES_S, Registrar
from extensions.sip.flow import TCP, UDP, Flow
from extensions.sip.message import Headers, Request, Response

ANN = Account("101", "Ann", "hush")
DESK = Flow(UDP, "10.0.0.2", 5060, "10.0.0.1", 5060)
SOFA = Flow(TCP, "10.0.0.3", 40000, "10.0.0.1", 5060, 1)


def register(
    registrar: Registrar,
    *contacts: str,
    flow: Flow = DESK,
    now: float = 0,
    call_id: str = "a",
    cseq: int = 1,
    expires: str | None = None,
) -> Response:
    headers = Headers(
        ("via", "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"),
        ("from", "<sip:101@box>;tag=1"),
        ("to", "<sip:101@box>"),
        ("call-id", call_id),
        ("cseq", f"{cseq} REGISTER"),
        *(("contact", contact) for contact in contacts),
    )
    if expires is not None:
        headers.set("expires", expires)
    return registrar.register(Request("REGISTER", "sip:box", headers), ANN, flow, now)


def contacts(registrar: Registrar, now: float = 0) -> list[str]:
    return [binding.contact for binding in registrar.bindings("101", now)]


def test_a_binding_lives_as_long_as_granted() -> None:
    registrar = Registrar()
    response = register(registrar, "<sip:101@10.0.0.2>;expires=120")
    assert response.status == 200
    assert response.headers.lines("contact") == ["<sip:101@10.0.0.2>;expires=120"]
    assert contacts(registrar, 119) == ["sip:101@10.0.0.2"]
    assert contacts(registrar, 120) == []


def test_expiry_has_bounds() -> None:
    registrar = Registrar()
    brief = register(registrar, "<sip:101@10.0.0.2>", expires="10")
    assert (brief.status, brief.headers.get("min-expires")) == (423, "60")
    assert contacts(registrar) == []
    register(registrar, "<sip:101@10.0.0.2>", expires="999999999999999")
    assert contacts(registrar, MAX_EXPIRES_S - 1) != []
    assert contacts(registrar, MAX_EXPIRES_S) == []


def test_several_phones_the_latest_first() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>", now=0)
    register(registrar, "<sip:101@10.0.0.3;transport=tcp>", flow=SOFA, now=1, call_id="b")
    assert contacts(registrar, 2) == ["sip:101@10.0.0.3;transport=tcp", "sip:101@10.0.0.2"]
    assert [binding.flow for binding in registrar.bindings("101", 2)] == [SOFA, DESK]


def test_several_contacts_in_one_request() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>, <sip:101@10.0.0.9>")
    assert len(contacts(registrar)) == 2


def test_a_phone_restarted_under_a_random_contact_replaces_itself() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101-0xaaa@10.0.0.2>", call_id="first life")
    register(registrar, "<sip:101-0xbbb@10.0.0.2>", call_id="second life", now=5)
    assert contacts(registrar, 6) == ["sip:101-0xbbb@10.0.0.2"]


def test_removing_one_and_all() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>, <sip:101@10.0.0.9>")
    register(registrar, "<sip:101@10.0.0.9>;expires=0", cseq=2)
    assert contacts(registrar) == ["sip:101@10.0.0.2"]
    assert register(registrar, "*", cseq=3).status == 400
    assert register(registrar, "*", "<sip:101@x>", cseq=3, expires="0").status == 400
    assert contacts(registrar) == ["sip:101@10.0.0.2"]
    assert register(registrar, "*", cseq=3, expires="0").status == 200
    assert contacts(registrar) == []


def test_asking_without_a_contact_changes_nothing() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>")
    response = register(registrar, cseq=2)
    assert response.headers.lines("contact") == ["<sip:101@10.0.0.2>;expires=600"]


def test_an_overtaken_request_changes_nothing() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>", cseq=5)
    assert register(registrar, "<sip:101@10.0.0.2>;expires=0", cseq=4).status == 500
    assert contacts(registrar) == ["sip:101@10.0.0.2"]


def test_a_broken_contact_leaves_all_as_it_was() -> None:
    registrar = Registrar()
    assert register(registrar, "<sip:101@10.0.0.2>, <tel:123>").status == 400
    assert contacts(registrar) == []


def test_a_closed_connection_takes_its_binding_along() -> None:
    registrar = Registrar()
    register(registrar, "<sip:101@10.0.0.2>")
    register(registrar, "<sip:101@10.0.0.3;transport=tcp>", flow=SOFA, call_id="b")
    registrar.flow_closed(SOFA)
    assert contacts(registrar) == ["sip:101@10.0.0.2"]


def test_the_oldest_of_too_many_phones_is_forgotten() -> None:
    registrar = Registrar()
    for number in range(MAX_BINDINGS + 2):
        flow = Flow(UDP, f"10.0.1.{number}", 5060, "10.0.0.1", 5060)
        register(registrar, f"<sip:101@10.0.1.{number}>", flow=flow, call_id=str(number), now=number)
    found = contacts(registrar, 50)
    assert len(found) == MAX_BINDINGS
    assert "sip:101@10.0.1.0" not in found


def test_a_phone_with_an_instance_id_is_known_wherever_it_comes_from() -> None:
    registrar = Registrar()
    for number, host in enumerate(("10.0.0.2", "10.0.0.77")):
        contact = f'<sip:x{number}@{host}>;+sip.instance="<urn:uuid:1>";reg-id=1'
        flow = Flow(UDP, host, 5060, "10.0.0.1", 5060)
        response = register(registrar, contact, flow=flow, call_id=f"call-{number}")
        assert response.headers.get("supported") == "outbound"
    (binding,) = registrar.bindings("101", 1.0)
    assert binding.flow.host == "10.0.0.77"
    register(registrar, '<sip:y@10.0.0.2>;+sip.instance="<urn:uuid:2>";reg-id=1', call_id="other")
    assert len(registrar.bindings("101", 1.0)) == 2
