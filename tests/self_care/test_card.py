"""What the kernel tells of a card reaches the owner in plain words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.self_care.card import CardHealth, card_health


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A /sys in which tmp_path lies on the second partition of an eMMC."""
    number = tmp_path.stat().st_dev
    disk = tmp_path / "sys" / "devices" / "mmcblk0"
    (disk / "mmcblk0p2").mkdir(parents=True)
    (disk / "mmcblk0p2" / "partition").write_text("2\n")
    (disk / "device").mkdir()
    block = tmp_path / "sys" / "dev" / "block"
    block.mkdir(parents=True)
    (block / f"{os.major(number)}:{os.minor(number)}").symlink_to(disk / "mmcblk0p2")
    return tmp_path / "sys"


def say(kernel: Path, **facts: str) -> None:
    for name, text in facts.items():
        (kernel / "devices" / "mmcblk0" / "device" / name).write_text(text)


def test_a_new_card_has_no_troubles(tmp_path: Path, kernel: Path) -> None:
    say(kernel, life_time="0x01 0x01\n", pre_eol_info="0x01\n")
    health = card_health(tmp_path, kernel)
    assert (health.device, health.life_tenths, health.spare) == ("mmcblk0p2", 1, 1)
    assert health.free_mb > 0
    assert health.troubles == []


def test_the_worse_of_both_estimates_counts(tmp_path: Path, kernel: Path) -> None:
    say(kernel, life_time="0x02 0x09\n", pre_eol_info="0x02\n")
    troubles = [str(one) for one in card_health(tmp_path, kernel).troubles]
    assert troubles == [
        "90 % of the card's life are used; replace it soon",
        "the card's spare blocks run out; replace it soon",
    ]


def test_errors_of_the_file_system_are_told(tmp_path: Path, kernel: Path) -> None:
    counter = kernel / "fs" / "ext4" / "mmcblk0p2"
    counter.mkdir(parents=True)
    (counter / "errors_count").write_text("3\n")
    (trouble,) = card_health(tmp_path, kernel).troubles
    assert str(trouble) == "the card's file system has met 3 errors; back up and replace the card"
    assert trouble.in_language("zh-CN") == "存储卡文件系统出现 3 个错误，请备份并更换存储卡"


@pytest.mark.parametrize("rubbish", ["", "??", "0x00 0x00", "0xzz"])
def test_a_card_that_tells_nothing_is_not_suspected(tmp_path: Path, kernel: Path, rubbish: str) -> None:
    say(kernel, life_time=rubbish, pre_eol_info=rubbish)
    health = card_health(tmp_path, kernel)
    assert (health.life_tenths, health.troubles) == (None, [])


def test_a_disk_that_the_kernel_does_not_name_still_has_its_space_told(tmp_path: Path) -> None:
    health = card_health(tmp_path, tmp_path / "no-sys")
    assert health.device == ""
    assert health.free_mb > 0


def test_a_read_only_card_is_told() -> None:
    health = CardHealth(device="x", used_percent=1, free_mb=1, read_only=True)
    assert "read-only" in str(health.troubles[0])
