#!/usr/bin/env bash
# flash.sh install [--root DIR] [--profile NAME] [--trust KEY.pub] [--no-start] [--read-only-root]: make this Debian or Raspberry Pi OS,
# or the one below DIR, a switchboard. Repeating it changes nothing; with newer sources it installs those.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/packages.sh"
. "$here/version.sh"
. "$here/read_only.sh"
source_tree=$(cd "$here/../.." && pwd)

profile='' trust='' start=yes read_only=no check=no
while [ $# -gt 0 ]; do
  case $1 in
    --root) target=$(realpath "${2:?--root needs a folder}"); shift ;;
    --profile) profile=${2:?--profile needs a name of board/profiles}; shift ;;
    --trust) trust=${2:?--trust needs a public key}; shift ;;
    --no-start) start=no ;;
    --read-only-root) read_only=yes ;;
    --check) check=yes ;; # whether these arguments can be used, and no more
    *) fail "install: unknown argument $1" ;;
  esac
  shift
done
[ "$target" != / ] || target=''
need_root install
[ -e "$target/etc/debian_version" ] || fail "install: ${target:-/} is no Debian system"
[ $check = no ] || exit 0

writable_root
say "Installing zongji into ${target:-this system}"
install_packages
id=$(version_of "$source_tree")
make_version "$source_tree" "$id"
counted=$(mktemp)
ZONGJI_CHANGES=$counted bash "$target/opt/zongji/versions/$id/board/install/system.sh" "/opt/zongji/versions/$id" "$target"
changes=$((changes + $(cat "$counted")))
rm -f "$counted"

# What is only put where nothing is: the board's profile, whose updates are taken.
# Which board a running Pi has, its EEPROM and USB tell; of a card in preparation nothing is known.
profile_of_this() {
  boot_folder >/dev/null || { echo simulated; return 0; }
  { [ -z "$target" ] && "/opt/zongji/versions/$id/venv/bin/python" -m hal.detect "$source_tree/board/profiles" 2>/dev/null; } || echo pi-sim7600
}
[ -n "$profile" ] || profile=$(profile_of_this)
[ -e "$source_tree/board/profiles/$profile.toml" ] || fail "no profile $profile; there are: $(cd "$source_tree/board/profiles" && echo *.toml)"
[ -e "$target/etc/zongji/profile.toml" ] || put_file "$source_tree/board/profiles/$profile.toml" /etc/zongji/profile.toml
put_folder /etc/zongji/trusted
[ -z "$trust" ] || put_file "$trust" "/etc/zongji/trusted/$(basename "$trust")"

if [ -z "$(ls -A "$target/var/lib/zongji/prompts")" ]; then
  quietly "speaking the prompts" in_target setpriv --reuid zongji --regid zongji --clear-groups /opt/zongji/versions/"$id"/venv/bin/python -c \
    'import pathlib, ivr.prompts as p; [None for _ in p.speak_missing(pathlib.Path("/var/lib/zongji/prompts"))]'
  changed "prompts"
fi
put_link "versions/$id" /opt/zongji/current
put_link "versions/$id" /opt/zongji/good
[ $read_only = no ] || make_read_only

if is_live && [ $start = yes ]; then
  if [ "$changes" -gt 0 ]; then
    systemctl restart systemd-journald
    systemctl stop 'zongji-media.service' 'zongji-switch.service' 'zongji-web.service' 2>/dev/null || true
    systemctl restart zongji-boot.service
    systemctl start zongji-steward.socket zongji-firewall.service zongji.target
    [ ! -e /run/udev/control ] || udevadm trigger --subsystem-match=tty
    say "The switchboard runs. Its pages: http://$(hostname).local/ or http://$(hostname -I | cut -d' ' -f1)/"
  fi
fi
if [ "$changes" = 0 ]; then say "Everything was as it should be; nothing changed."; else say "Installed version $id."; fi
