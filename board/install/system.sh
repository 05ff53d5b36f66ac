#!/usr/bin/env bash
# system.sh FOLDER [ROOT]: what of a version lies outside its folder: users, units, udev names, firewall, logs,
# boot settings. Run at every installation and update, by the version that is to run; changes what differs, and
# writes how much that was into the file that ZONGJI_CHANGES names.
set -euo pipefail
home=$1
target=${2-}
here=$target$home/board
. "$here/install/lib.sh"

users_and_folders() {
  put_file "$here/systemd/sysusers.conf" /etc/sysusers.d/zongji.conf
  put_file "$here/systemd/tmpfiles.conf" /etc/tmpfiles.d/zongji.conf
  if ! in_target getent passwd zongji-console >/dev/null; then
    in_target systemd-sysusers /etc/sysusers.d/zongji.conf
    changed "users zongji, zongji-web, zongji-console"
  fi
  # Data that an earlier installation left belongs to nobody.
  if [ -d "$target/var/lib/zongji" ] && [ "$(stat -c %u "$target/var/lib/zongji")" = 0 ]; then
    in_target chown -R zongji:zongji /var/lib/zongji
    in_target bash -c 'cd /var/lib/zongji; for one in web console; do [ ! -d $one ] || chown -R zongji-$one: $one; done'
  fi
  in_target systemd-tmpfiles --create /etc/tmpfiles.d/zongji.conf
}

units() {
  local unit
  for unit in "$here"/systemd/zongji*; do
    put_file "$unit" "/etc/systemd/system/$(basename "$unit")"
  done
  put_file "$here/systemd/journald.conf" /etc/systemd/journald.conf.d/zongji.conf
  put_file "$here/systemd/timesyncd.conf" /etc/systemd/timesyncd.conf.d/zongji.conf
  [ -e "$target/usr/lib/systemd/system/tmp.mount" ] || put_file "$here/systemd/tmp.mount" /etc/systemd/system/tmp.mount
  for unit in zongji.target zongji-steward.socket zongji-firewall.service zongji-trial.service tmp.mount; do
    enable "$unit"
  done
  # A login prompt on these would fight with our console, and ModemManager with the modem.
  put_link /dev/null /etc/systemd/system/ModemManager.service
  put_link /dev/null /etc/systemd/system/serial-getty@ttyGS0.service
  put_link /dev/null /etc/systemd/system/serial-getty@ttyAMA0.service
}

enable() {
  in_target systemctl is-enabled --quiet "$1" 2>/dev/null && return 0
  in_target systemctl enable --quiet "$1"
  changed "$1 enabled"
}

network() {
  put_file "$here/systemd/firewall.nft" /etc/zongji/firewall.nft
  put_file "$here/systemd/avahi.service" /etc/avahi/services/zongji.service
  put_file "$here/udev/70-zongji.rules" /etc/udev/rules.d/70-zongji.rules
}

boot_settings() {
  local boot line
  boot=$(boot_folder) || return 0
  put_block "$boot/config.txt" "$here/overlays/config.txt"
  put_text /etc/modules-load.d/zongji.conf "$(printf 'dwc2\ng_serial')"
  # The kernel's own messages on the serial port would disturb the console and the coprocessor.
  line=$(sed -E 's/(^| )console=(serial0|ttyAMA0|ttyS0),[0-9]+//g; s/^ //' "$target$boot/cmdline.txt")
  [ "$line" = "$(cat "$target$boot/cmdline.txt")" ] || put_text "$boot/cmdline.txt" "$line" 755
}

command() {
  put_file "$here/install/zongji" /usr/local/bin/zongji 755
}

writable_root
users_and_folders
units
network
boot_settings
command
if is_live && [ $changes -gt 0 ]; then
  systemctl daemon-reload
  # A computer without it, such as a container, has no devices to name.
  [ ! -e /run/udev/control ] || udevadm control --reload
  systemctl try-reload-or-restart zongji-firewall.service || true
fi
[ -z "${ZONGJI_CHANGES-}" ] || echo "$changes" >"$ZONGJI_CHANGES"
