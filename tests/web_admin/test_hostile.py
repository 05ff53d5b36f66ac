"""The real web process against hostile clients: whatever fits the document, dawdlers, huge bodies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.web_admin.serving import serving
from web_admin.security.gate import MAX_BODY
from web_admin.security.slow import HEAD_S

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_EXAMPLES = 25
"""For each operation; hypothesis shrinks what it finds."""


def try_everything(address: str, token: str) -> dict[str, int]:
    """Send what fits the document, and what nearly does; return how often each status came."""
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    seen: dict[str, int] = {}
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error in the document fails right here
        if operation.path.endswith("/events"):
            continue
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @settings(
                max_examples=_EXAMPLES,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Any) -> None:
                response = case.call(timeout=20, headers={"Authorization": f"Bearer {token}"})
                key = f"{case.method} {case.operation.path} {response.status_code}"
                seen[key] = seen.get(key, 0) + 1
                assert response.status_code < 500, f"{key}: {response.text[:300]}"

            send()
    return seen


async def test_nothing_that_fits_or_nearly_fits_the_document_is_a_fault() -> None:
    async with serving() as served:
        token = served.token
        seen = await asyncio.to_thread(try_everything, served.address, token)
    assert sum(seen.values()) > 5 * _EXAMPLES
    assert any(key.endswith(" 200") for key in seen)
    assert any(key.endswith(" 400") for key in seen)


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
