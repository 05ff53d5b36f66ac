#!/usr/bin/env bash
# flash.sh uninstall [--root DIR]: take everything away but the data in /var/lib/zongji and Debian's own packages.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/read_only.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --root) target=$(realpath "${2:?--root needs a folder}"); shift ;;
    *) fail "uninstall: unknown argument $1" ;;
  esac
  shift
done
[ "$target" != / ] || target=''
need_root uninstall

writable_root
say "Taking zongji off ${target:-this system}"
if is_live; then
  systemctl stop zongji.target 'zongji-*' 2>/dev/null || true
fi
for unit in zongji.target zongji-steward.socket zongji-firewall.service zongji-trial.service zongji-seed.service zongji-read-only.service; do
  in_target systemctl disable --quiet "$unit" 2>/dev/null || true
done
if [ -e "$target/etc/systemd/system/tmp.mount" ]; then in_target systemctl disable --quiet tmp.mount 2>/dev/null || true; fi
make_writable
for path in "$target"/etc/systemd/system/zongji*; do
  [ -e "$path" ] && drop "${path#"$target"}"
done
for unit in ModemManager serial-getty@ttyGS0 serial-getty@ttyAMA0; do
  [ "$(readlink "$target/etc/systemd/system/$unit.service")" = /dev/null ] && drop "/etc/systemd/system/$unit.service"
done
drop /etc/systemd/journald.conf.d/zongji.conf /etc/systemd/timesyncd.conf.d/zongji.conf /etc/systemd/system/tmp.mount \
  /etc/avahi/services/zongji.service /etc/udev/rules.d/70-zongji.rules /etc/modules-load.d/zongji.conf \
  /etc/sysusers.d/zongji.conf /etc/tmpfiles.d/zongji.conf /etc/zongji /opt/zongji /usr/local/bin/zongji /run/zongji \
  /var/lib/zongji/run
for folder in /etc/systemd/journald.conf.d /etc/systemd/timesyncd.conf.d /etc/sysusers.d; do
  rmdir "$target$folder" 2>/dev/null || true
done
if boot=$(boot_folder); then
  put_block "$boot/config.txt" /dev/null
fi
# The data stays, for nobody to read before an administrator decides about it.
[ ! -d "$target/var/lib/zongji" ] || { in_target chown -R root:root /var/lib/zongji; chmod 700 "$target/var/lib/zongji"; }
for user in zongji-console zongji-web zongji; do
  in_target getent passwd $user >/dev/null && in_target userdel $user
  in_target getent group $user >/dev/null && in_target groupdel $user
done
if is_live; then
  systemctl daemon-reload
  systemctl reset-failed 'zongji*' 2>/dev/null || true
  systemctl restart systemd-journald
fi
say "Gone. The data is still in /var/lib/zongji."
