"""Messages, service codes and the network's time through the driver and a fake modem, over every kind of
wire."""

from __future__ import annotations

import asyncio

import pytest

from hal.at.long_sms import PATIENCE
from hal.fake.quirks import Quirks
from hal.line import (
    IncomingCall,
    LineError,
    LineState,
    NetworkTime,
    SmsDelivery,
    SmsOutcome,
    SmsPartSent,
    SmsReceived,
    SmsReport,
    SmsSendResult,
    UssdReply,
)
from tests.contracts.line_contract import Heard, running
from tests.hal.bench import WIRES, Bench

pytestmark = pytest.mark.looptime

# Not the lossy one: a message that lost an octet on its way carries no check that could tell.
TEXT_WIRES = [name for name in WIRES if name != "lossy"]


LONG = "您好，您预约的时间是下午三点，" * 12


class Store:
    """Whoever keeps received messages; it notes and acknowledges at once."""

    def __init__(self, bench: Bench) -> None:
        self.texts: dict[str, str] = {}
        self.offers = 0
        self._bench = bench
        self._tasks: list[asyncio.Task[None]] = []
        bench.line.subscribe(self._take)

    def _take(self, event: object) -> None:
        if isinstance(event, SmsReceived):
            self.offers += 1
            self.texts[event.ident] = event.text
            self._tasks.append(asyncio.create_task(self._bench.line.sms_stored(event.ident)))


@pytest.mark.parametrize("wire", TEXT_WIRES)
async def test_a_message_comes_in_and_leaves_the_sim(wire: str) -> None:
    bench = Bench(WIRES[wire](seed=3))
    store = Store(bench)
    async with running(bench) as heard:
        bench.text("+8613800138000", "Where are you? [€5]")
        message = await heard.next(SmsReceived)
        assert (message.number, message.text) == ("+8613800138000", "Where are you? [€5]")
        await asyncio.sleep(100)
        assert bench.modem.sim.messages == {}
        assert (len(store.texts), store.offers) == (1, 1)


@pytest.mark.parametrize("wire", TEXT_WIRES)
async def test_a_long_chinese_message_is_joined(wire: str) -> None:
    bench = Bench(WIRES[wire](seed=4))
    store = Store(bench)
    async with running(bench):
        bench.text("10086", LONG)
        await asyncio.sleep(100)
        assert list(store.texts.values()) == [LONG]
        assert bench.modem.sim.messages == {}


async def test_a_memory_that_opens_long_after_the_sim_is_waited_for() -> None:
    bench = Bench(quirks=Quirks(texts_seconds=12.0))
    store = Store(bench)
    async with running(bench):
        bench.text("10086", "hello")
        await asyncio.sleep(5)
        assert list(store.texts.values()) == ["hello"], "it was told of, not found by the next patrol"


async def test_what_came_while_the_box_was_off_is_read_from_the_sim_and_delivered() -> None:
    bench = Bench()
    for number in range(30):
        for pdu in bench.network.texts.pdus("10010", f"offer {number}"):
            if bench.modem.sim.keep(0, pdu) is None:
                bench.network.texts.waiting.append(pdu)
    store = Store(bench)
    async with running(bench):
        await asyncio.sleep(130)
        assert sorted(store.texts.values()) == sorted(f"offer {number}" for number in range(30))
        assert bench.modem.sim.messages == {}


async def test_a_message_nobody_has_stored_stays_on_the_sim_and_is_offered_again() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.text("10086", "hello")
        first = await heard.next(SmsReceived)
        assert len(bench.modem.sim.messages) == 1
        assert await heard.next(SmsReceived, 2) == first
        await asyncio.sleep(70)
        assert len(bench.modem.sim.messages) == 1
        await bench.line.sms_stored(first.ident)
        await asyncio.sleep(5)
        assert bench.modem.sim.messages == {}
        await bench.line.sms_stored("never heard of")


async def test_a_message_is_not_lost_with_the_modem_and_has_the_same_name_afterwards() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.text("10086", "hello")
        before = await heard.next(SmsReceived)
        bench.far.vanish()
        bench.far.come_back()
        await heard.state(bench.line, LineState.READY)
        again = await heard.next(SmsReceived, 2)
        assert again == before


async def test_a_message_with_a_missing_part_is_offered_in_the_end() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.act(lambda: bench.modem.network_message(bench.network.texts.pdus("10086", LONG)[0]))
        await asyncio.sleep(PATIENCE - 10)
        assert heard.all(SmsReceived) == []
        await asyncio.sleep(130)
        assert not heard.all(SmsReceived)[0].complete


async def test_a_sim_full_of_leftovers_is_cleared_so_that_it_receives_again() -> None:
    bench = Bench()
    for slot in range(1, bench.modem.sim.slots + 1):
        bench.modem.sim.messages[slot] = (3, "0011000B916407281553F80000A70AE8329BFD4697D9EC37")
    store = Store(bench)
    async with running(bench):
        bench.text("10086", "at last")
        await asyncio.sleep(70)
        assert list(store.texts.values()) == ["at last"]


async def test_a_message_that_cannot_be_read_disturbs_nobody() -> None:
    bench = Bench()
    store = Store(bench)
    async with running(bench):
        bench.act(lambda: bench.modem.network_message("0004FFFFFFFFFFFFFFFFFFFFFFFF"))
        bench.text("10086", "hello")
        await asyncio.sleep(5)
        assert list(store.texts.values()) == ["hello"]


# Sending


@pytest.mark.parametrize("wire", TEXT_WIRES)
@pytest.mark.parametrize("text", ["See you at 3", LONG])
async def test_a_message_is_sent_and_its_delivery_reported(wire: str, text: str) -> None:
    bench = Bench(WIRES[wire](seed=5))
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", text)
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.SENT
        sent = heard.all(SmsPartSent)
        assert [p.part for p in sent] == list(range(1, sent[0].parts + 1))
        assert [(t.number, t.text) for t in bench.network.texts.joined()] == [("13900139000", text)]
        reports = [(await heard.next(SmsReport, n), n) for n in range(1, len(sent) + 1)]
        assert [(r.number, r.delivery, r.reference) for r, _ in reports] == [
            ("13900139000", SmsDelivery.DELIVERED, p.reference) for p in sent
        ]


@pytest.mark.parametrize("failure", [("CMS", 331), ("CMS", 332), ("CMS", 38), ("CMS", 42), ("CME", 515)])
async def test_a_network_that_is_away_or_busy_is_tried_again(failure: tuple[str, int]) -> None:
    bench = Bench()
    bench.network.texts.failures.extend([failure] * 6)
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(400)
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.SENT
        assert len(bench.network.texts.sent) == 1


@pytest.mark.parametrize("failure", [("CMS", 1), ("CMS", 28), ("CMS", 304), ("CME", 10)])
async def test_what_the_network_refuses_for_good_is_not_tried_again(failure: tuple[str, int]) -> None:
    bench = Bench()
    bench.network.texts.failures.append(failure)
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", "hello")
        await bench.line.send_sms("m2", "13900139000", "goodbye")
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.REFUSED
        assert await heard.next(SmsSendResult, 2) == SmsSendResult("m2", SmsOutcome.SENT, "")
        assert [t.text for t in bench.network.texts.joined()] == ["goodbye"]


async def test_a_code_nobody_knows_is_tried_some_times_and_given_up() -> None:
    bench = Bench()
    bench.network.texts.failures.extend([("CMS", 77)] * 100)
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(200)
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.REFUSED
        assert len(bench.network.texts.failures) == 95


async def test_a_part_that_was_sent_is_not_sent_again_after_a_failure() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", LONG)
        await heard.next(SmsPartSent)
        bench.network.texts.failures.append(("CMS", 332))
        await heard.next(SmsSendResult)
        assert [s.concat.sequence for s in bench.network.texts.sent if s.concat] == [1, 2, 3]


async def test_a_restarted_firmware_goes_on_where_the_message_stopped() -> None:
    bench = Bench()
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", LONG)
        await heard.next(SmsPartSent)
    bench = Bench()
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", LONG, parts_done=1)
        await heard.next(SmsSendResult)
        assert [s.concat.sequence for s in bench.network.texts.sent if s.concat] == [2, 3]


async def test_messages_wait_for_the_modem() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.far.vanish()
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(60)
        bench.far.come_back()
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.SENT


async def test_a_modem_that_vanishes_over_a_message_leaves_it_uncertain() -> None:
    bench = Bench(quirks=Quirks(sms_seconds=20.0))
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(5)
        bench.far.vanish()
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.UNCERTAIN


async def test_a_modem_that_does_not_say_whether_it_sent_leaves_it_uncertain() -> None:
    bench = Bench(quirks=Quirks(sms_seconds=500.0))
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(130)
        assert [r.outcome for r in heard.all(SmsSendResult)] == [SmsOutcome.UNCERTAIN]


async def test_an_undeliverable_message_is_reported_so() -> None:
    bench = Bench()
    bench.network.texts.undeliverable.add("13900139009")
    async with running(bench) as heard:
        await bench.line.send_sms("m1", "13900139009", "hello")
        assert (await heard.next(SmsReport)).delivery is SmsDelivery.FAILED


async def test_a_message_waits_until_a_ringing_call_is_settled() -> None:
    bench = Bench()
    async with running(bench) as heard:
        bench.far.call("13800138000")
        await heard.next(IncomingCall)
        await bench.line.send_sms("m1", "13900139000", "hello")
        await asyncio.sleep(10)
        assert bench.commands("AT+CMGS") == []
        await bench.line.answer()
        assert (await heard.next(SmsSendResult)).outcome is SmsOutcome.SENT


@pytest.mark.parametrize(
    ("number", "text"), [("", "x"), ("bank", "x"), ('1";+CFUN=0', "x"), ("1", ""), ("1", "中" * 700)]
)
async def test_what_cannot_be_sent_is_refused_at_once(number: str, text: str) -> None:
    bench = Bench()
    async with running(bench):
        with pytest.raises(LineError):
            await bench.line.send_sms("m1", number, text)


async def test_a_modem_left_at_the_message_prompt_is_freed() -> None:
    bench = Bench()
    bench.far.come_back()
    await asyncio.sleep(1)
    bench.modem.texting.ask_for_text(None)
    await bench.line.start()
    await Heard(bench.line).state(bench.line, LineState.READY)
    assert not bench.modem.texting.prompting
    await bench.end()


async def test_nothing_is_ever_acknowledged_by_cnma() -> None:
    """SIMCom refuses it, and a SIM800C hangs in a prompt by it (telephony-reference H7)."""
    bench = Bench(quirks=Quirks(prompts_on_cnma=True))
    Store(bench)
    async with running(bench) as heard:
        bench.text("10086", "hello")
        await bench.line.send_sms("m1", "13900139000", "hello")
        await heard.next(SmsReport)
        assert bench.commands("AT+CNMA") == []


# Service codes and time


@pytest.mark.parametrize("wire", TEXT_WIRES)
async def test_the_balance_is_asked(wire: str) -> None:
    bench = Bench(WIRES[wire](seed=6))
    async with running(bench) as heard:
        await bench.line.send_ussd("*100#")
        assert await heard.next(UssdReply) == UssdReply('Balance: 12,50 yuan, valid "forever"', False, "")


async def test_a_menu_in_chinese_is_answered() -> None:
    bench = Bench()
    bench.network.texts.codes |= {"*101#": (1, "1 查询余额"), "1": (0, "余额：十二元")}
    async with running(bench) as heard:
        await bench.line.send_ussd("*101#")
        assert await heard.next(UssdReply) == UssdReply("1 查询余额", True, "")
        await bench.line.send_ussd("1")
        assert (await heard.next(UssdReply, 2)).text == "余额：十二元"


async def test_a_code_the_network_does_not_know_or_never_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    async with running(bench) as heard:
        await bench.line.send_ussd("*999#")
        assert (await heard.next(UssdReply)).ended == "the network doesn't know this code"
        # The answer gets lost.
        monkeypatch.setattr(bench.modem.texting, "ussd", lambda state, text: None)
        await bench.line.send_ussd("*100#")
        with pytest.raises(LineError, match="still"):
            await bench.line.send_ussd("*100#")
        await asyncio.sleep(130)
        assert heard.all(UssdReply)[-1].ended == "the network didn't answer in time"
        with pytest.raises(LineError):
            await bench.line.send_ussd('*1"\r#')
        await bench.line.cancel_ussd()


async def test_the_networks_time_is_told() -> None:
    bench = Bench()
    async with running(bench) as heard:
        time = (await heard.next(NetworkTime)).time
        assert time.isoformat().startswith("2026-11-22T14:00")
        assert time.utcoffset() == bench.network.texts.now.utcoffset()
        await asyncio.sleep(3700)
        assert len(heard.all(NetworkTime)) == 2
