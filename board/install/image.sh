#!/usr/bin/env bash
# flash.sh image IN.img[.xz] OUT.img [arguments of install]: put zongji into an SD card's image, without a Pi. On a
# computer of another architecture this needs qemu-user-static and its binfmt.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

[ $# -ge 2 ] || fail "image: ./flash.sh image IN.img OUT.img"
in=$1 out=$2
shift 2
need_root image
[ -r "$in" ] || fail "image: there is no $in"
[ ! -e "$out" ] || fail "image: $out exists already"
room=${ZONGJI_IMAGE_ROOM:-1500M}

mounts=$(mktemp -d)
devices=()
finish() {
  sync
  for folder in dev proc sys boot/firmware boot ''; do
    if mountpoint -q "$mounts/$folder"; then umount -R "$mounts/$folder" 2>/dev/null || umount -l "$mounts/$folder"; fi
  done
  for folder in "${devices[@]}"; do losetup -d "$folder"; done
  devices=()
  rmdir "$mounts" 2>/dev/null || true
}
trap finish EXIT

say "Copying the image"
case $in in
  *.xz) xz -dc "$in" >"$out.part" ;;
  *) cp --sparse=always "$in" "$out.part" ;;
esac
truncate -s "+$room" "$out.part"
# The second partition is the root on Raspberry Pi OS; it takes the new room.
echo ', +' | sfdisk --quiet --no-reread -N 2 "$out.part"
data=no
case " $* " in *' --read-only-root '*)
  data=yes
  truncate -s "+${ZONGJI_DATA_ROOM:-2G}" "$out.part"
  echo ', +' | sfdisk --quiet --no-reread --append "$out.part"
esac
# Each partition as a disk of its own: that needs neither udev nor a kernel that shows partitions of such disks.
partition() {
  local start size
  read -r start size < <(sfdisk --dump "$out.part" | sed -nE "s/^.*part$1 : start= *([0-9]+), size= *([0-9]+),.*/\1 \2/p")
  losetup --find --show --offset $((start * 512)) --sizelimit $((size * 512)) "$out.part"
}
boot_device=$(partition 1)
devices+=("$boot_device")
root_device=$(partition 2)
devices+=("$root_device")
e2fsck -fp "$root_device" >/dev/null || [ $? -le 1 ]
resize2fs "$root_device" >/dev/null 2>&1
if [ $data = yes ]; then
  data_device=$(partition 3)
  devices+=("$data_device")
  mkfs.ext4 -q -L zongji-data "$data_device"
fi
mount "$root_device" "$mounts"
boot=$mounts/boot
[ ! -d "$mounts/boot/firmware" ] || boot=$mounts/boot/firmware
mount "$boot_device" "$boot"
mount --bind /dev "$mounts/dev"
mount -t proc proc "$mounts/proc"
mount -t sysfs -o ro sys "$mounts/sys"
chroot "$mounts" /bin/true 2>/dev/null ||
  fail "image: this computer can't run the image's programs; install qemu-user-static and binfmt-support"
resolv=''
if [ -L "$mounts/etc/resolv.conf" ] || [ -e "$mounts/etc/resolv.conf" ]; then
  resolv=$mounts/etc/resolv.conf.zongji
  mv "$mounts/etc/resolv.conf" "$resolv"
fi
cp -L /etc/resolv.conf "$mounts/etc/resolv.conf"
bash "$here/install.sh" --root "$mounts" --no-start "$@"
rm -f "$mounts/etc/resolv.conf"
[ -z "$resolv" ] || mv "$resolv" "$mounts/etc/resolv.conf"
finish
trap - EXIT
mv "$out.part" "$out"
say "$out is ready for an SD card."
