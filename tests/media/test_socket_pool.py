"""Sockets made in runs: side by side in the kernel, never lost, never more than there may be."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.media import MediaError
from firmware.media.rtp_binding import PortBinder
from firmware.media.socket_pool import RUN, SocketPool

HOST = "127.0.0.1"


@pytest.fixture
def pool() -> Iterator[SocketPool]:
    pool = SocketPool()
    yield pool
    pool.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_sockets_of_one_kind_are_made_one_after_another(pool: SocketPool) -> None:
    other = SocketPool()
    taken = []
    for _ in range(RUN + 1):
        taken.append(pool.take(socket.AF_INET))
        taken.append(other.take(socket.AF_INET))
    numbers = [sock.fileno() for sock in taken[::2]][:RUN]
    assert numbers == sorted(numbers)
    assert not set(range(numbers[0], numbers[-1])) & {sock.fileno() for sock in taken[1::2]}
    assert not any(sock.getblocking() for sock in taken)
    for sock in taken:
        sock.close()
    other.close()


def test_what_nobody_took_is_closed_in_the_end() -> None:
    before = descriptors()
    pool = SocketPool()
    for family in (socket.AF_INET, socket.AF_INET6):
        pool.take(family).close()
    pool.close()
    assert descriptors() == before


def test_who_was_not_bound_after_all_is_the_next(pool: SocketPool) -> None:
    first = pool.take(socket.AF_INET)
    pool.give_back(first)
    assert pool.take(socket.AF_INET) is first
    first.close()


def test_where_few_more_can_be_made_those_are_used_up_first(
    pool: SocketPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, make = 3, socket.socket

    def scarce(family: int, kind: int) -> socket.socket:
        nonlocal left
        if not left:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        left -= 1
        return make(family, kind)

    monkeypatch.setattr(socket, "socket", scarce)
    for _ in range(3):
        pool.take(socket.AF_INET).close()
    with pytest.raises(OSError, match="Too many open files"):
        pool.take(socket.AF_INET)


def test_a_port_that_is_taken_costs_no_socket_and_a_later_one_is_had() -> None:
    before = descriptors()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((HOST, 0))
        taken = squatter.getsockname()[1]
        even = taken - taken % 2
        binder = PortBinder(even, even + 20)
        sock, control = binder.pair(HOST, 0)
        port = sock.getsockname()[1]
        assert even < port <= even + 20
        assert port % 2 == 0
        assert control.getsockname()[1] == port + 1
        with pytest.raises(MediaError, match=f"{even}: Address already in use"):
            binder.pair(HOST, even)
        sock.close()
        control.close()
        binder.close()
    assert descriptors() == before
