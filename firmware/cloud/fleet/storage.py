"""Records into PostgreSQL: one row per journey, however often it comes.

records ─► newest revision of each ─► partitions there are ─► one INSERT … ON CONFLICT a batch

A batch goes over as one JSON text: psycopg's arrays of jsonb are escaped quote by quote in Python and cost
twice the time of everything else together.
"""

from __future__ import annotations

import datetime
import importlib.resources
from typing import Any, LiteralString

import msgspec
import psycopg

from firmware.cloud.wire import Record, Refusal
from firmware.core.ids import CallId
from firmware.core.records import Journey
from firmware.reports.facts import fact_of

_CROCKFORD = {letter: value for value, letter in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_TIME_DIGITS = 10
_EPOCH = datetime.date(1970, 1, 1)
_FIRST = datetime.date(2026, 1, 1)
"""No box is older; what claims to be goes to the default partition, as does what is from beyond next year."""

_LATEST_MS = 2**47
"""Year 6429: beyond that Python's dates end."""

_LOCK = 0x7A6F6E67
"""Key of the advisory lock under which partitions are made ("zong")."""


class Row(msgspec.Struct, frozen=True):
    """A row of table record, as the database reads it out of JSON."""

    site: str
    id: str
    filed: datetime.date
    epoch: str
    seq: int
    revision: int
    started: datetime.datetime | None
    traffic: str
    fate: str
    line: str
    did: str | None
    party: str | None
    waited_ms: int | None
    talk_ms: int
    hold_ms: int
    wrap_ms: int
    journey: Journey


_STORE: LiteralString = """
    INSERT INTO record AS kept (site, id, filed, epoch, seq, revision, started, traffic, fate, line, did,
        party, waited_ms, talk_ms, hold_ms, wrap_ms, journey)
    SELECT * FROM json_to_recordset(%s::json) AS (site text, id text, filed date, epoch text, seq bigint,
        revision int, started timestamptz, traffic text, fate text, line text, did text, party text,
        waited_ms bigint, talk_ms bigint, hold_ms bigint, wrap_ms bigint, journey jsonb)
    ON CONFLICT (site, id, filed) DO UPDATE SET
        (epoch, seq, revision, started, traffic, fate, line, did, party, waited_ms, talk_ms, hold_ms,
         wrap_ms, journey, received) =
        (EXCLUDED.epoch, EXCLUDED.seq, EXCLUDED.revision, EXCLUDED.started, EXCLUDED.traffic, EXCLUDED.fate,
         EXCLUDED.line, EXCLUDED.did, EXCLUDED.party, EXCLUDED.waited_ms, EXCLUDED.talk_ms, EXCLUDED.hold_ms,
         EXCLUDED.wrap_ms, EXCLUDED.journey, now())
    WHERE kept.revision < EXCLUDED.revision
"""


def filed_on(call_id: CallId) -> datetime.date:
    """Return the first day of the month in a journey's id; 1970 for an id that isn't one of ours."""
    milliseconds = 0
    for letter in call_id[:_TIME_DIGITS]:
        if letter not in _CROCKFORD:
            return _EPOCH
        milliseconds = milliseconds * 32 + _CROCKFORD[letter]
    try:
        day = _EPOCH + datetime.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return _EPOCH
    return day.replace(day=1)


class FleetStorage:
    """The fleet's database through one connection. Any number of these may work side by side."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._months: set[datetime.date] = set()
        self._keys: dict[str, str] = {}

    @classmethod
    async def connect(cls, address: str) -> FleetStorage:
        """Connect to the database.

        Raises:
            psycopg.Error: It can't be reached.
        """
        return cls(await psycopg.AsyncConnection.connect(address, autocommit=True))

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    async def create_schema(self) -> None:
        """Make the tables that are missing."""
        sql = importlib.resources.files("firmware.cloud.fleet").joinpath("schema.sql").read_bytes()
        async with self._connection.transaction():
            await self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            await self._connection.execute(sql)

    async def add_site(self, site: str, key: str) -> None:
        """Let a site in, or give it another key."""
        await self._connection.execute(
            "INSERT INTO site (site, key) VALUES (%s, %s) "
            "ON CONFLICT (site) DO UPDATE SET key = EXCLUDED.key",
            (site, key),
        )
        self._keys.pop(site, None)

    async def key_of(self, site: str) -> str | None:
        """Return a site's key; None for a stranger."""
        if site not in self._keys:
            row = await (
                await self._connection.execute("SELECT key FROM site WHERE site = %s", (site,))
            ).fetchone()
            if row is None:
                return None
            self._keys[site] = row[0]
        return self._keys[site]

    async def store(self, records: list[Record]) -> list[Refusal]:
        """Store records in one transaction; return those that no database can hold.

        Raises:
            psycopg.Error: The database is away; nothing was stored.
        """
        newest: dict[tuple[str, str], Record] = {}
        refused = []
        for record in records:
            key = (record.site, record.journey.id)
            if reason := _objection(record):
                refused.append(Refusal(record.journey.id, reason))
            elif key not in newest or newest[key].journey.revision < record.journey.revision:
                newest[key] = record
        rows = [_row(record) for record in newest.values()]
        for month in {row.filed for row in rows} - self._months:
            await self._ensure_month(month)
        async with self._connection.transaction():
            if rows:
                await self._connection.execute(_STORE, (msgspec.json.encode(rows).decode(),))
            sites = sorted({record.site for record in records})
            await self._connection.execute("UPDATE site SET last_seen = now() WHERE site = ANY(%s)", (sites,))
        return refused

    async def set_aside(self, site: str, reason: str, body: bytes) -> None:
        """Keep what could not be taken."""
        await self._connection.execute(
            "INSERT INTO refused (site, reason, body) VALUES (%s, %s, %s)",
            (site.replace("\0", ""), reason.replace("\0", ""), body),
        )

    async def query(self, sql: LiteralString) -> list[tuple[Any, ...]]:
        """Return the rows of a question without parameters."""
        return await (await self._connection.execute(sql)).fetchall()

    async def _ensure_month(self, month: datetime.date) -> None:
        newest = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=366)
        if _FIRST <= month <= newest:
            following = (month + datetime.timedelta(days=32)).replace(day=1)
            name = psycopg.sql.Identifier(f"record_{month:%Y_%m}")
            statement = psycopg.sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF record FOR VALUES FROM ({}) TO ({})"
            ).format(name, psycopg.sql.Literal(month), psycopg.sql.Literal(following))
            async with self._connection.transaction():
                await self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                await self._connection.execute(statement)
        self._months.add(month)


def _objection(record: Record) -> str | None:
    journey = record.journey
    numbers_fit = 0 < record.seq < 2**62 and 0 < journey.revision < 2**30
    if not numbers_fit or abs(journey.started.wall_ms) > _LATEST_MS:
        return "a number is out of range"
    if not journey.id or len(journey.id) > 64:
        return "the id is none of a journey"
    if b"\\u0000" in msgspec.json.encode(journey):
        return "a text holds a NUL character"
    return None


def _row(record: Record) -> Row:
    journey, fact = record.journey, fact_of(record.journey)
    started = journey.started
    moment = datetime.datetime.fromtimestamp(started.wall_ms / 1000, datetime.UTC)
    return Row(
        record.site,
        journey.id,
        filed_on(journey.id),
        record.epoch,
        record.seq,
        journey.revision,
        moment if started.clock_set else None,
        fact.traffic.value,
        fact.fate.value,
        fact.line,
        fact.did,
        fact.party,
        fact.waited_ms,
        fact.talk_ms,
        fact.hold_ms,
        fact.wrap_ms,
        journey,
    )
