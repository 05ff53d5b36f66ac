"""What every place that keeps messages must do."""

from __future__ import annotations

import msgspec

from firmware.core.clock import Instant
from firmware.core.messages import (
    Counts,
    Greeting,
    MailboxState,
    Message,
    MessageState,
    MessageStore,
)

NEW, SAVED, DELETED = MessageState.NEW, MessageState.SAVED, MessageState.DELETED


def message(ident: str, mailbox: str = "101", state: MessageState = NEW, *, urgent: bool = False) -> Message:
    """Return a message that came at its id."""
    return Message(
        id=ident,
        mailbox=mailbox,
        state=state,
        received=Instant(1_795_000_000_000, 5, "boot", clock_set=True),
        caller="13800138000",
        path=f"{ident}.wav",
        urgent=urgent,
        duration_ms=5000,
    )


class MessageStoreContract:
    """Run it with a fixture `store`."""

    async def test_a_message_comes_back_as_it_was_kept(self, store: MessageStore) -> None:
        kept = msgspec.structs.replace(
            message("A"),
            caller_name="李",
            journey_id="J",
            complete=False,
            forwarded_by="102",
            changed_wall_ms=7,
        )
        await store.add(kept)
        assert await store.get("A") == kept
        assert await store.get("B") is None

    async def test_urgent_messages_come_first_then_the_oldest(self, store: MessageStore) -> None:
        for ident, urgent in (("A", False), ("B", False), ("C", True), ("D", True)):
            await store.add(message(ident, urgent=urgent))
        await store.add(message("E", "102"))
        assert [one.id for one in await store.listed("101", [NEW])] == ["C", "D", "A", "B"]
        assert [one.id for one in await store.listed("101", [NEW], 2, 1)] == ["D", "A"]
        assert await store.listed("101", [SAVED]) == []

    async def test_a_state_changes_once(self, store: MessageStore) -> None:
        await store.add(message("A"))
        moved = await store.move("A", [NEW, SAVED], DELETED)
        assert moved is not None
        assert (moved.id, moved.state) == ("A", DELETED)
        assert await store.move("A", [NEW, SAVED], DELETED) is None
        assert await store.move("B", [NEW], SAVED) is None

    async def test_what_is_removed_stays_gone(self, store: MessageStore) -> None:
        await store.add(message("A"))
        await store.remove("A")
        await store.remove("A")
        assert await store.get("A") is None
        assert not await store.replace(message("A", state=SAVED))
        assert await store.get("A") is None

    async def test_mailboxes_are_counted(self, store: MessageStore) -> None:
        assert await store.counts() == {}
        for ident, state, urgent in (
            ("A", NEW, True),
            ("B", NEW, False),
            ("C", SAVED, True),
            ("D", DELETED, False),
            ("E", MessageState.BEING_LEFT, False),
        ):
            await store.add(message(ident, state=state, urgent=urgent))
        assert (await store.counts())["101"] == Counts(new=2, urgent=1, saved=1)

    async def test_old_deleted_messages_are_found(self, store: MessageStore) -> None:
        for ident, changed in (("A", 10), ("B", 20)):
            await store.add(msgspec.structs.replace(message(ident, state=DELETED), changed_wall_ms=changed))
        assert [one.id for one in await store.in_state(DELETED, 20)] == ["A"]

    async def test_a_mailbox_is_fresh_until_something_is_set(self, store: MessageStore) -> None:
        assert await store.mailbox("101") == MailboxState("101")
        state = MailboxState("101", "hash", 3, 99, Greeting.AWAY, "2026-12-01")
        await store.keep_mailbox(state)
        assert await store.mailbox("101") == state
        assert "hash" not in repr(state)
