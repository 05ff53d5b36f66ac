# A root that is only read, for boxes whose plug is pulled: what they write lies on a partition of its own; sourced.
#
#   /data (LABEL=zongji-data) ─► /data/var-lib-zongji ─bind─► /var/lib/zongji   … each of `kept`
#   memory                    ─► /var/log, /var/tmp

kept=(/var/lib/zongji /opt/zongji /etc/zongji /etc/NetworkManager/system-connections /var/lib/NetworkManager /var/lib/systemd)

# Where a folder of `kept` lies on the data partition.
on_data() { echo "/data/$(echo "${1#/}" | tr / -)"; }

# Print what belongs into fstab. The binds wait until the partition holds what they show.
mounts_of_read_only_root() {
  local folder
  echo 'LABEL=zongji-data /data ext4 noatime,commit=30,errors=remount-ro 0 2'
  for folder in "${kept[@]}"; do
    echo "$(on_data "$folder") $folder none bind,x-systemd.requires=zongji-seed.service 0 0"
  done
  echo 'tmpfs /var/log tmpfs size=32M,mode=755,nosuid,nodev 0 0'
  echo 'tmpfs /var/tmp tmpfs size=32M,mode=1777,nosuid,nodev 0 0'
}

# Have it from the start after next: the first one still writes to the root (ssh keys, users, the data partition).
make_read_only() {
  local block
  [ -e "$target/etc/fstab" ] || fail "install: without /etc/fstab there is no telling where the root lies"
  awk '$2 == "/" && !/^#/ { found = 1 } END { exit !found }' "$target/etc/fstab" ||
    fail "install: /etc/fstab has no line for /, so it can't be made read-only"
  if is_live && [ ! -e /dev/disk/by-label/zongji-data ]; then
    fail "install: there is no partition for the data. Make one of 2 GB or more with: mkfs.ext4 -L zongji-data /dev/PARTITION"
  fi
  put_folder /data
  for folder in "${kept[@]}"; do put_folder "$folder"; done
  block=$(mktemp)
  mounts_of_read_only_root >"$block"
  put_block /etc/fstab "$block"
  rm -f "$block"
  for unit in zongji-seed.service zongji-read-only.service; do
    in_target systemctl is-enabled --quiet $unit 2>/dev/null || { in_target systemctl enable --quiet $unit; changed "$unit enabled"; }
  done
}

# Back to one root that is written; what lies on the data partition stays there.
make_writable() {
  local folder fresh
  [ -e "$target/etc/fstab" ] || return 0
  for folder in "${kept[@]}"; do
    if is_live && mountpoint -q "$folder"; then
      case $folder in /opt/zongji | /etc/zongji) find "$folder" -mindepth 1 -delete ;; esac
      umount -l "$folder"
    fi
  done
  fresh=$(mktemp)
  awk '$2 == "/" && !/^#/ && $4 ~ /^ro,/ { sub(/ro,/, "") } { print }' "$target/etc/fstab" >"$fresh"
  if ! cmp -s "$fresh" "$target/etc/fstab"; then cat "$fresh" >"$target/etc/fstab"; changed /etc/fstab; fi
  rm -f "$fresh"
  put_block /etc/fstab /dev/null
  rmdir "$target/data" 2>/dev/null || true
}
