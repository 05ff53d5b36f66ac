#!/usr/bin/env bash
# flash.sh pi USER@HOST [arguments of install]: install on a Raspberry Pi (or any Debian) over ssh.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/version.sh"
source_tree=$(cd "$here/../.." && pwd)

[ $# -ge 1 ] || fail "pi: whom? ./flash.sh pi USER@HOST"
host=$1
shift
ssh=${ZONGJI_SSH:-ssh}
folder=zongji-install
say "Copying zongji to $host"
list_tree "$source_tree" | tar -C "$source_tree" --null -T - -czf - |
  $ssh "$host" "rm -rf $folder && mkdir $folder && tar -C $folder -xzf -"
for argument in "$@"; do
  # A key to trust is a file of this computer.
  if [ -f "$argument" ]; then $ssh "$host" "cat >$folder/$(basename "$argument")" <"$argument"; fi
done
arguments=()
for argument in "$@"; do
  if [ -f "$argument" ]; then arguments+=("$(basename "$argument")"); else arguments+=("$argument"); fi
done
# A terminal, so that sudo can ask for a password.
$ssh -t "$host" "cd $folder && sudo ./flash.sh install ${arguments[*]@Q} && cd .. && rm -rf $folder"
