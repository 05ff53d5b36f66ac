#!/usr/bin/env bash
# seed.sh: fill the data partition with what the root holds, once; run before anything of it is mounted.
# seed.sh read-only: have the root read-only from the next start on.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/lib.sh"
. "$here/read_only.sh"

if [ "${1-}" = read-only ]; then
  awk '$2 == "/" && !/^#/ && $4 !~ /^ro,/ { sub(/[^ \t]+/, "ro,&", $4) } { print }' /etc/fstab >/etc/fstab.new
  mv /etc/fstab.new /etc/fstab
  exit 0
fi
for folder in "${kept[@]}"; do
  place=$(on_data "$folder")
  [ -d "$place" ] && continue
  # A power cut in the middle leaves .new behind, which is begun again.
  rm -rf "$place.new"
  cp -a "$folder" "$place.new"
  sync -f "$place.new"
  mv -T "$place.new" "$place"
done
