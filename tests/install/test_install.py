"""From a bare Debian to a switchboard and back again, in a chroot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.chroot import Chroot, snapshot
from tests.install.ssh import USER, client, prepared, sshd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("debootstrap") is None, reason="root, debootstrap"),
]

UNITS = [
    "zongji.target",
    "zongji-boot.service",
    "zongji-media.service",
    "zongji-switch.service",
    "zongji-web.service",
    "zongji-steward.service",
    "zongji-steward.socket",
    "zongji-trial.service",
    "zongji-firewall.service",
    "zongji-console@ttyAMA0.service",
    "zongji-shell@ttyAMA0.service",
]
# What Debian's own tools leave behind when a user comes and goes.
PASSWORD_FILES = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$")


@pytest.fixture(scope="module")
def debian(bare: Chroot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    folder = tmp_path_factory.mktemp("debian")
    yield bare.copied(folder / "root", snapshot(folder / "sources"))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def before(debian: Chroot) -> dict[str, tuple[object, ...]]:
    return debian.files()


@pytest.fixture(scope="module")
def installed(debian: Chroot, before: dict[str, tuple[object, ...]]) -> Chroot:
    debian.flash("install", "--profile", "simulated")
    return debian


def test_it_installs_a_version_that_can_run(installed: Chroot) -> None:
    current = str((installed.root / "opt/zongji/current").readlink())
    assert re.fullmatch(r"versions/[0-9.]+-[0-9a-f]{12}", current)
    assert str((installed.root / "opt/zongji/good").readlink()) == current
    done = installed.run("zongji", "status")
    assert "no switch runs here" in done.stderr
    assert (installed.root / "var/lib/zongji/prompts/en/welcome.wav").exists() or list(
        (installed.root / "var/lib/zongji/prompts/en").glob("*.wav")
    )
    owner = installed.must("stat", "-c", "%U %G %a", "/var/lib/zongji", "/var/lib/zongji/web")
    assert owner.split("\n")[:2] == ["zongji zongji 750", "zongji-web zongji-web 700"]


def test_its_units_verify(installed: Chroot) -> None:
    assert installed.must("systemd-analyze", "verify", *UNITS) == ""


@pytest.mark.parametrize("unit", ["zongji-switch.service", "zongji-web.service"])
def test_its_exposed_units_are_hardened(installed: Chroot, unit: str) -> None:
    told = installed.must("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", told)
    assert exposure is not None, told
    assert float(exposure[1]) <= 3.0


def test_its_firewall_is_understood(installed: Chroot) -> None:
    installed.must("nft", "--check", "--file", "/etc/zongji/firewall.nft")


def test_nobody_else_gets_at_the_modem_or_the_serial_ports(installed: Chroot) -> None:
    for unit in ("ModemManager", "serial-getty@ttyAMA0", "serial-getty@ttyGS0"):
        assert str((installed.root / f"etc/systemd/system/{unit}.service").readlink()) == "/dev/null"
    done = installed.run("systemctl", "is-enabled", "zongji.target", "zongji-firewall.service", "tmp.mount")
    assert done.stdout.split() == ["enabled"] * 3


def test_a_second_run_changes_nothing(installed: Chroot) -> None:
    first = installed.files()
    assert "nothing changed" in installed.flash("install", "--profile", "simulated")
    second = installed.files()
    assert {
        path: (first.get(path), second.get(path))
        for path in first | second
        if first.get(path) != second.get(path)
    } == {}


FSTAB = """PARTUUID=1-01  /boot/firmware  vfat  defaults          0  2
PARTUUID=1-02  /  ext4  defaults,noatime  0  1
"""
READ_ONLY_UNITS = ("zongji-seed.service", "zongji-read-only.service")
SEED = "bash", "/opt/zongji/current/board/install/seed.sh"


def test_a_read_only_root_writes_to_its_data_partition_only(installed: Chroot) -> None:
    fstab = installed.root / "etc/fstab"
    kept = fstab.read_text()
    fstab.write_text(FSTAB)
    installed.flash("install", "--read-only-root")
    # Its devices aren't there; what counts is that every line is understood.
    told = installed.run("findmnt", "--verify", "--tab-file", "/etc/fstab")
    assert "0 parse errors" in told.stdout + told.stderr
    assert (
        installed.must("systemd-analyze", "verify", "zongji-seed.service", "zongji-read-only.service") == ""
    )
    binds = [line.split()[:2] for line in fstab.read_text().splitlines() if " bind," in line]
    assert ["/data/var-lib-zongji", "/var/lib/zongji"] in binds
    assert "nothing changed" in installed.flash("install", "--read-only-root")
    # As at the first start: the partition is filled, twice without harm; then the root is no longer written.
    installed.must(*SEED)
    installed.must(*SEED)
    for inside, folder in binds:
        known = sorted(path.name for path in (installed.root / folder[1:]).iterdir())
        assert sorted(path.name for path in (installed.root / inside[1:]).iterdir()) == known
    owner = installed.must("stat", "-c", "%U %a", "/data/var-lib-zongji", "/data/var-lib-zongji/steward")
    assert owner.split("\n")[:2] == ["zongji 750", "root 700"]
    for _ in range(2):
        installed.must(*SEED, "read-only")
    root = next(line for line in fstab.read_text().splitlines() if line.split()[1] == "/")
    assert root.split()[3] == "ro,defaults,noatime"
    shutil.rmtree(installed.root / "data")
    scripts = installed.sources / "board/install"
    script = f". {scripts}/lib.sh; . {scripts}/read_only.sh; make_writable"
    installed.must("env", f"target={installed.root}", "bash", "-c", script, inside=False)
    assert [line.split() for line in fstab.read_text().splitlines()] == [
        line.split() for line in FSTAB.splitlines()
    ]
    for unit in READ_ONLY_UNITS:
        installed.must("systemctl", "disable", "--quiet", unit)
    fstab.write_text(kept)


def test_an_administrators_profile_is_kept(installed: Chroot) -> None:
    profile = installed.root / "etc/zongji/profile.toml"
    kept = profile.read_text()
    profile.write_text(kept + "\n# ours\n")
    installed.flash("install", "--profile", "pi-sim7600")
    assert profile.read_text().endswith("# ours\n")
    profile.write_text(kept)


def test_uninstalling_leaves_nothing_but_data(
    installed: Chroot, before: dict[str, tuple[object, ...]]
) -> None:
    (installed.root / "var/lib/zongji/settings.json").write_text("{}")
    told = installed.flash("uninstall")
    assert "/var/lib/zongji" in told
    after = installed.files()
    left = {path for path in after if path not in before and not path.startswith("/var/lib/zongji")}
    assert {path for path in left if not PASSWORD_FILES.match(path)} == set()
    gone = {path for path in before if path not in after}
    assert gone == set()
    changed = {
        path for path in before if before[path][4] != after[path][4] and not PASSWORD_FILES.match(path)
    }
    assert changed == set()
    assert (installed.root / "var/lib/zongji/settings.json").read_text() == "{}"
    assert installed.run("getent", "passwd", "zongji").returncode != 0


def test_installing_again_over_ssh_finds_the_old_data(installed: Chroot, tmp_path: Path) -> None:
    if (installed.root / "opt/zongji").exists():
        installed.flash("uninstall")
    (installed.root / "var/lib/zongji/settings.json").write_text("{}")
    (installed.root / "var/lib/zongji/web/password.json").write_text("{}")
    ours = tmp_path / "ours.pub"
    ours.write_text("a key of ours\n")
    key = prepared(installed, tmp_path)
    with sshd(installed) as port:

        def pi(ssh: str) -> subprocess.CompletedProcess[str]:
            words = [str(installed.sources / "flash.sh"), "pi", f"{USER}@127.0.0.1"]
            return subprocess.run(
                [*words, "--profile", "simulated", "--trust", str(ours)],
                env={**os.environ, "ZONGJI_SSH": ssh},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )

        refused = pi(client(installed, port, key, host_key=key.with_suffix(".pub").read_text()))
        assert refused.returncode != 0
        assert "Host key verification failed" in refused.stderr
        assert not (installed.root / "opt/zongji").exists(), "another box has this address"
        done = pi(client(installed, port, key))
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        again = pi(client(installed, port, key))
        assert "nothing changed" in again.stdout + again.stderr
    version = f". {installed.sources}/board/install/version.sh; version_of {installed.sources}"
    ident = subprocess.run(["bash", "-c", version], capture_output=True, text=True, check=True).stdout.strip()
    assert str((installed.root / "opt/zongji/current").readlink()) == f"versions/{ident}"
    assert (installed.root / "etc/zongji/trusted/ours.pub").read_text() == "a key of ours\n"
    assert not (installed.root / "home" / USER / "zongji-install").exists()
    told = installed.must(
        "stat", "-c", "%U", "/var/lib/zongji/settings.json", "/var/lib/zongji/web/password.json"
    )
    assert told.split() == ["zongji", "zongji-web"]
