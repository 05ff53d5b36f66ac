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
device=''
finish() {
  sync
  for folder in dev proc sys boot/firmware boot ''; do
    if mountpoint -q "$mounts/$folder"; then umount -R "$mounts/$folder" 2>/dev/null || umount -l "$mounts/$folder"; fi
  done
  [ -z "$device" ] || losetup -d "$device"
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
device=$(losetup --find --show --partscan "$out.part")
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -b "${device}p2" ] && break; sleep 0.2; done
[ -b "${device}p2" ] || fail "image: the kernel shows no partitions of $device"
e2fsck -fp "${device}p2" >/dev/null || [ $? -le 1 ]
resize2fs "${device}p2" >/dev/null 2>&1
mount "${device}p2" "$mounts"
boot=$mounts/boot
[ ! -d "$mounts/boot/firmware" ] || boot=$mounts/boot/firmware
mount "${device}p1" "$boot"
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
