#!/usr/bin/env bash
# flash.sh bundle [--machine aarch64] [--python 3.11] [--key FILE] [OUT]: pack this version, with all Python packages
# it needs, into one signed file for `zongji update`. flash.sh bundle --new-key FILE makes a signing key; its public
# half goes onto the boxes: flash.sh install --trust FILE.pub.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib.sh"
. "$here/version.sh"
source_tree=$(cd "$here/../.." && pwd)
python=$source_tree/.venv/bin/python

machine=aarch64 python_version=3.11 key=${XDG_CONFIG_HOME:-$HOME/.config}/zongji/signing.key out=''
while [ $# -gt 0 ]; do
  case $1 in
    --machine) machine=${2:?--machine needs aarch64 or x86_64}; shift ;;
    --python) python_version=${2:?--python needs a version, such as 3.11}; shift ;;
    --key) key=$(realpath "${2:?--key needs a file}"); shift ;;
    --new-key)
      mkdir -p "$(dirname "${2:?--new-key needs a file}")"
      cd "$source_tree" && exec "$python" -m firmware.update.make --new-key "$(realpath -m "$2")" ;;
    -*) fail "bundle: unknown argument $1" ;;
    *) out=$(realpath -m "$1") ;;
  esac
  shift
done
[ -r "$key" ] || fail "bundle: no signing key at $key; make one: ./flash.sh bundle --new-key $key"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
id=$(version_of "$source_tree")
out=${out:-$PWD/zongji-$id-$machine.bundle}
say "Packing version $id for $machine, Python $python_version"
copy_tree "$source_tree" "$work/tree"
platforms=()
for glibc in 2_17 2_24 2_27 2_28 2_31 2_34 2_35 2_36; do platforms+=(--platform "manylinux_${glibc}_$machine"); done
# The lock file names every package there is, so nothing has to be looked for beyond it.
"$python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation \
  --python-version "$python_version" --implementation cp --abi "cp${python_version/./}" --abi abi3 --abi none \
  --platform "manylinux2014_$machine" "${platforms[@]}" --platform any \
  -d "$work/wheels" -r "$source_tree/firmware/requirements.lock"
tar -C "$work" --owner=0 --group=0 --sort=name --mtime=@0 -czf "$work/payload.tar.gz" tree wheels
cd "$source_tree"
"$python" -m firmware.update.make --id "$id" --machine "$machine" --python "$python_version" --key "$key" \
  --payload "$work/payload.tar.gz" "$out"
say "$out ($(du -h "$out" | cut -f1))"
