"""The real web process against hostile clients: whatever fits the document, dawdlers, huge bodies."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.web_admin.serving import serving
from web_admin.security.gate import MAX_BODY
from web_admin.security.slow import HEAD_S
from web_admin.security.tokens import Scope

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_EXAMPLES = 15
"""For each operation, token and kind; hypothesis shrinks what it finds."""


def operations(address: str) -> list[Any]:
    """Return every operation of the document, the endless stream of events aside."""
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    return [found.ok() for found in schema.get_all_operations() if not _is_stream(found.ok().path)]  # type: ignore[union-attr]  # an error in the document fails right here


def _is_stream(path: str) -> bool:
    return path.endswith("/events")


FITS, NEARLY_FITS = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
"""What nearly fits may come with another header in place of the token's."""


def try_everything(address: str, tokens: dict[str, str]) -> dict[tuple[str, str, object], Counter[int]]:
    """Send what fits the document, and what nearly does, with each of some tokens.

    Returns:
        By operation, token's name and kind, how often each status came.
    """
    every = operations(address)
    return {
        (operation.label, name, mode): send_to(operation, token, mode)
        for name, token in tokens.items()
        for operation in every
        for mode in (FITS, NEARLY_FITS)
    }


def send_to(operation: Any, token: str, mode: schemathesis.GenerationMode) -> Counter[int]:
    """Send an operation what is made for it; return how often each status came."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(timeout=20, headers={"Authorization": f"Bearer {token}"})
        statuses[response.status_code] += 1
        assert response.status_code < 500, f"{case.as_curl_command()}: {response.text[:300]}"

    send()
    return statuses


# What each operation needs of a token, apart from the product's own words for it.
NEEDS = {
    "GET /api/v1/calls": Scope.CALLS_READ,
    "GET /api/v1/calls/{call}": Scope.CALLS_READ,
    "POST /api/v1/calls": Scope.CALLS_MAKE,
    "GET /api/v1/people": Scope.PEOPLE_READ,
    "GET /api/v1/now": Scope.EVENTS_READ,
    "GET /api/v1/figures": Scope.FIGURES_READ,
}


async def test_nothing_that_fits_or_nearly_fits_the_document_is_a_fault() -> None:
    """Each operation with a token of every scope, of each single one, and one that was made up."""
    async with serving() as served:
        # The one that is made up comes last: who guesses is slowed down, whatever comes after.
        tokens = {"all": served.token, **served.tokens, "none": "zj_made_up"}
        seen = await asyncio.to_thread(try_everything, served.address, tokens)
    assert {operation for operation, *_ in seen} == set(NEEDS)
    for (operation, name, mode), statuses in seen.items():
        told = f"{operation} with {name}: {dict(statuses)}"
        if name not in ("all", NEEDS[operation]):
            assert statuses.keys() <= {401, 403, 404, 405}, told
            assert statuses.keys() & {401, 403}, told
        elif mode is FITS:
            assert not statuses.keys() & {401, 403}, told
            assert statuses.keys() & {200, 201, 404}, told


async def test_a_client_that_dawdles_over_its_request_is_let_go() -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        began = time.monotonic()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(int(HEAD_S) * 2):
            if reader.at_eof():
                break
            writer.write(b"X-Slow: 1\r\n")
            await asyncio.sleep(0.8)
            if await _closed(reader):
                break
        assert HEAD_S - 2 < time.monotonic() - began < HEAD_S + 6
        writer.close()
        async with httpx.AsyncClient() as other:
            assert (await other.get(f"{served.address}/healthz")).status_code == 200


async def _closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.05) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_a_connection_is_used_again_and_again() -> None:
    async with serving() as served, httpx.AsyncClient() as client:
        for _ in range(5):
            assert (await client.get(f"{served.address}/healthz")).status_code == 200
            await asyncio.sleep(0.3)


async def test_a_body_that_never_ends_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 4096

    async with serving() as served, httpx.AsyncClient() as client:
        try:
            answer = await client.post(f"{served.address}/login", content=endless())
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # let go in the middle, which is as good
        assert MAX_BODY < 4096 * 10_000
        assert (await client.get(f"{served.address}/healthz")).status_code == 200
