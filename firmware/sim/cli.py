"""`zongji sim`: run the simulation, or act as a caller in the one that runs."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path

import click

from firmware.cli.options import existing_state, state_option
from firmware.core.errors import UserError
from firmware.core.paths import StatePaths
from firmware.sim import caller as calling

DEFAULT_SIM_STATE = Path(".state/sim")
DEFAULT_DEMO_STATE = Path(".state/demo")


@click.group()
def sim() -> None:
    """Run the whole box on this computer, or call it."""


@sim.command()
@click.option("--demo", is_flag=True, help="Run one complete call, show its journey, and end.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"State folder; by default {DEFAULT_SIM_STATE}, or {DEFAULT_DEMO_STATE} for the demo.",
)
@click.option(
    "--sip-port",
    type=click.IntRange(0, 65535),
    help="Where phones register; 5060 by default, a free port for the demo.",
)
@click.option(
    "--web-port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="Where the admin's pages are, on this computer; the demo takes a free port.",
)
def run(demo: bool, state: Path | None, sip_port: int | None, web_port: int) -> int:
    """Start every process in the foreground, with simulated lines; Ctrl-C ends it."""
    if demo:
        from firmware.sim.demo import demonstrate

        paths = StatePaths((state or DEFAULT_DEMO_STATE).resolve())
        return asyncio.run(demonstrate(paths, sip_port or 0, click.echo))
    from firmware.sim.foreground import run_in_foreground

    paths = StatePaths((state or DEFAULT_SIM_STATE).resolve())
    return asyncio.run(run_in_foreground(paths, 5060 if sip_port is None else sip_port, web_port, click.echo))


@sim.command()
@click.argument("number")
@click.option("--to", "digits", default="", help="Keys to press after the answer; a comma waits a second.")
@click.option("--to-after", default=1.0, show_default=True, help="Seconds after the answer to press them.")
@click.option("--say", help="A text to speak, once.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default="en", show_default=True)
@click.option(
    "--play",
    help="What to play, over and over: a WAV file (mono, 16 bit, 8000 Hz) or tone:HERTZ[:DBM0].",
)
@click.option("--after", default=2.0, show_default=True, help="Seconds after the answer to begin speaking.")
@click.option("--hear", type=click.Path(path_type=Path, dir_okay=False), help="Write what is heard there.")
@click.option("--for", "seconds", type=float, help="Hang up so many seconds after the answer.")
@state_option
def call(
    number: str,
    digits: str,
    to_after: float,
    say: str | None,
    language: str,
    play: str | None,
    after: float,
    hear: Path | None,
    seconds: float | None,
    state: Path,
) -> int:
    """Call the office from NUMBER ("withheld" to show none) on the simulated mobile network."""
    if say and play:
        raise click.UsageError("--say and --play exclude each other")
    with tempfile.TemporaryDirectory(prefix="zongji-call-") as folder:
        if say:
            play = str(_spoken(say, language, Path(folder)))
        script = calling.script(
            number,
            digits=digits,
            digits_after=to_after,
            play=play,
            loop=not say,
            play_after=after,
            hear=hear,
            seconds=seconds,
        )
        return asyncio.run(_call(existing_state(_running_state(state)), script))


def _running_state(state: Path) -> Path:
    """Return the state folder asked for, or the simulation's own where nothing else was asked for."""
    source = click.get_current_context().get_parameter_source("state")
    if source is click.core.ParameterSource.DEFAULT and DEFAULT_SIM_STATE.is_dir():
        return DEFAULT_SIM_STATE.resolve()
    return state


def _spoken(text: str, language: str, folder: Path) -> Path:
    from ivr.prompts.speech import speak

    path = folder / "say.wav"
    speak(text, language, path)
    return path


async def _call(paths: StatePaths, script: calling.PartyScript) -> int:
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asked.set)
    try:
        answered = await calling.call(paths.world_socket, script, click.echo, asked)
    except calling.WorldError as error:
        raise UserError(str(error)) from error
    return 0 if answered else 1
