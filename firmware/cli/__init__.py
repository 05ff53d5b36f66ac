"""The `zongji` command. Each subcommand's module is imported only when it is called.

zongji calls | call show ID | status | phones | update FILE | report | backup | restore | sim …
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

import click

from firmware.core.errors import ZongjiError

_COMMANDS = {
    "calls": ("firmware.cli.calls", "calls", "List the calls, the newest first."),
    "call": ("firmware.cli.calls", "call", "Look at one call."),
    "status": ("firmware.cli.status", "status", "How the box is doing."),
    "phones": ("firmware.cli.status", "phones", "The SIP accounts to enter in the phones."),
    "devices": ("firmware.cli.devices", "devices", "People's phones, and where each is registered."),
    "invite": ("firmware.cli.devices", "invite", "Let a phone fetch its configuration, once."),
    "route": ("firmware.cli.route", "route", "Where a call would go, and why, without a call."),
    "update": ("firmware.cli.update", "update", "Install a signed update."),
    "owner-key": ("firmware.cli.keeping", "owner_key", "Make the key that backups are encrypted to."),
    "backup": ("firmware.cli.keeping", "backup", "Make a backup now, and restore it in trial."),
    "restore": ("firmware.cli.keeping", "restore", "Make the box what it was when a backup was made."),
    "report": ("firmware.cli.keeping", "report", "Write a month's management report to a file."),
    "doctor": ("firmware.cli.doctor", "doctor", "Examine the lines, say what to do; learn a busy tone."),
    "text": ("firmware.cli.doctor", "text", "Send a text message."),
    "texts": ("firmware.cli.doctor", "texts", "The text messages, received and sent."),
    "forgotten": ("firmware.cli.forgotten", "forgotten", "Let the pages' owner choose a new password."),
    "sim": ("firmware.sim.cli", "sim", "Act in the simulated world: call the office, listen."),
}
"""Name → module, attribute, one line of help."""

_FAILED = 1


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _, _) in _COMMANDS.items() if _is_installed(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zongji", prog_name="zongji")
def root() -> None:
    """Zongji 总机: the office switchboard, from the command line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 for a failure, 2 for a wrong command line.

    When whoever reads the output has seen enough (a closed pipe), click leaves quietly with 1.
    """
    try:
        code = root.main(args=arguments, prog_name="zongji", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _failed("interrupted")
    except ZongjiError as error:
        return _failed(str(error))
    except PermissionError as error:
        return _failed(f"{error.filename}: this user may not; use sudo, or join the group that owns it")
    except OSError as error:
        return _failed(str(error))
    return code if isinstance(code, int) else 0


def _failed(reason: str) -> int:
    print(f"zongji: {reason}", file=sys.stderr)
    return _FAILED
