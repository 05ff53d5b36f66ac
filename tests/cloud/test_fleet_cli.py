"""What `zongji-fleet` says when it can't do as it is told."""

from __future__ import annotations

from click.testing import CliRunner

from firmware.cloud.fleet.cli import main
from tests.cloud.servers import free_port


def test_a_site_is_named_so_that_it_fits_a_subject() -> None:
    result = CliRunner().invoke(main, ["add-site", "a.b"])
    assert result.exit_code == 1
    assert "1 to 64 letters" in result.output


def test_a_database_that_is_not_there_is_said_in_a_line() -> None:
    address = f"host=127.0.0.1 port={free_port()} dbname=x"
    result = CliRunner().invoke(main, ["--database", address, "watch"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database: connection")
