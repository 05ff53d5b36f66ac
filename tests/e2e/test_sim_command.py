"""`zongji sim`, as a new user types it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.interop.baresip import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(120)]


def _zongji(state: Path, prompts: Path, *arguments: str) -> Sequence[str]:
    shutil.copytree(prompts, state / "prompts", dirs_exist_ok=True)
    return [sys.executable, "-m", "firmware.cli", *arguments, "--state", str(state)]


def _processes_of(state: Path) -> list[str]:
    """Return the command lines of the processes that work in a state folder."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(state) in line:
                lines.append(line)
    return lines


def test_the_demo_makes_a_call_and_shows_its_journey(tmp_path: Path, prompts: Path) -> None:
    state = tmp_path / "state"
    done = subprocess.run(
        _zongji(state, prompts, "sim", "run", "--demo"), capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything came true." in done.stdout
    for word in ("keyed 101", "answered", "recordings/", "together", "ready after"):
        assert word in done.stdout
    (recording,) = (state / "recordings").rglob("*.wav")
    assert str(recording) in done.stdout
    assert _processes_of(state) == []


def test_the_demo_says_which_step_failed_and_why(tmp_path: Path, prompts: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        state = tmp_path / "state"
        command = _zongji(state, prompts, "sim", "run", "--demo", "--sip-port", port)
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert f"SIP can't listen at 127.0.0.1:{port}" in done.stdout
    assert _processes_of(state) == []


def test_ctrl_c_ends_everything_and_a_caller_can_be_heard_meanwhile(tmp_path: Path, prompts: Path) -> None:
    state = tmp_path / "state"
    web_port = free_port()
    command = _zongji(state, prompts, "sim", "run", "--sip-port", "0", "--web-port", str(web_port))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            told = []
            for line in running.stdout:
                told.append(line)
                if "Ctrl-C ends it" in line:
                    break
            text = "".join(told)
            for word in ("101  server 127.0.0.1:", "password", "zongji sim call", str(state)):
                assert word in text
            assert httpx.get(f"http://127.0.0.1:{web_port}/healthz").text == "ok"
            heard = tmp_path / "heard.wav"
            call = _zongji(
                state, prompts, "sim", "call", "13800138000", "--say", "Good morning", "--for", "2"
            )
            done = subprocess.run([*call, "--hear", str(heard)], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "answered" in done.stdout
            assert heard.stat().st_size > 16_000
        finally:
            running.send_signal(signal.SIGINT)
            rest = running.stdout.read()
            status = running.wait(20)
    assert status == 0
    assert "ended cleanly" in rest
    assert _processes_of(state) == []
