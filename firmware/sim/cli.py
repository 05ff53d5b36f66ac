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
from firmware.sim.worlds import BOARD_LINE, LINE, PROFILE, world_socket

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
@click.option(
    "--profile",
    default="simulated",
    show_default=True,
    help="Which lines: a profile of board/profiles (simulated-all has every kind), or a file of your own.",
)
def run(demo: bool, state: Path | None, sip_port: int | None, web_port: int, profile: str) -> int:
    """Start every process in the foreground, with simulated lines; Ctrl-C ends it."""
    if demo:
        from firmware.sim.demo import demonstrate

        paths = StatePaths((state or DEFAULT_DEMO_STATE).resolve())
        return asyncio.run(demonstrate(paths, sip_port or 0, click.echo))
    from firmware.sim.foreground import run_in_foreground

    paths = StatePaths((state or DEFAULT_SIM_STATE).resolve())
    port = 5060 if sip_port is None else sip_port
    return asyncio.run(run_in_foreground(paths, port, web_port, click.echo, _profile(profile)))


def _profile(name: str) -> Path:
    """Return the file of a profile.

    Raises:
        UserError: There is none of that name.
    """
    given = Path(name)
    known = PROFILE.with_name(f"{name}.toml")
    found = next((path for path in (known, given) if path.is_file()), None)
    if found is None:
        names = ", ".join(sorted(path.stem for path in PROFILE.parent.glob("simulated*.toml")))
        raise UserError(f"there is no profile {name}; those with simulated lines are {names}")
    return found.resolve()


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
@click.option("--line", default=LINE, show_default=True, help="Which line of the office to dial.")
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
    line: str,
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
        return asyncio.run(_call(world_socket(existing_state(_running_state(state)), line), script))


@sim.command()
@click.argument("action", type=click.Choice(["lift", "press", "put-back"]))
@click.argument("keys", default="")
@click.option("--play", help="With lift: what to say into it, a WAV file or tone:HERTZ[:DBM0].")
@click.option(
    "--hear", type=click.Path(path_type=Path, dir_okay=False), help="With lift: write what is heard."
)
@click.option("--line", default=BOARD_LINE, show_default=True, help="The first line of the handset's board.")
@state_option
def handset(action: str, keys: str, play: str | None, hear: Path | None, line: str, state: Path) -> int:
    """Use the simulated analog handset: lift it, press KEYS, put it back."""
    socket = world_socket(existing_state(_running_state(state)), line)
    try:
        asyncio.run(calling.use_handset(socket, action, keys, play, hear))
    except calling.WorldError as error:
        raise UserError(str(error)) from error
    return 0


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


async def _call(world: Path, script: calling.PartyScript) -> int:
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asked.set)
    try:
        answered = await calling.call(world, script, click.echo, asked)
    except calling.WorldError as error:
        raise UserError(str(error)) from error
    return 0 if answered else 1
