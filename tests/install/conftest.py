"""A Debian that the box could run on, made once for all stories."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.install.chroot import Chroot


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    """A Debian 12 with the packages that the box needs and nothing of ours yet; to be copied, not used."""
    folder = tmp_path_factory.mktemp("bare")
    yield Chroot.made(folder / "root").with_packages()
    shutil.rmtree(folder, ignore_errors=True)
