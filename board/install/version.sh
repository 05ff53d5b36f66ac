# A version of the firmware is a folder of its own, /opt/zongji/versions/ID: the tree and its virtual environment,
# complete once it holds `.complete`. ID is the version's number and the beginning of its content's SHA-256.
# Sourced.

tree_parts=(firmware hal ivr extensions web_admin board pyproject.toml README.md LICENSE flash.sh)

# list_tree SOURCE: the files that make up a version, sorted, NUL between them.
list_tree() {
  (cd "$1" && find "${tree_parts[@]}" -type f \
    -not -path '*/__pycache__/*' -not -path '*.egg-info/*' -not -path '*/node_modules/*' -not -path 'board/bench/*' \
    -print0; cd "$1" && list_libraries) | LC_ALL=C sort -z
}

# The browser's libraries that the pages serve: those files of node_modules that assets.py names.
list_libraries() {
  local path
  grep -o 'node_modules/[A-Za-z0-9._/-]*' web_admin/assets.py | LC_ALL=C sort -u | while read -r path; do
    if [ -f "web_admin/$path" ]; then printf 'web_admin/%s\0' "$path"; fi
  done
}

# version_of SOURCE: its ID.
version_of() {
  local number hash
  number=$(sed -n 's/^version = "\(.*\)"/\1/p' "$1/pyproject.toml" | head -n 1)
  hash=$(list_tree "$1" | (cd "$1" && xargs -0 sha256sum) | sha256sum | cut -c1-12)
  echo "$number-$hash"
}

# copy_tree SOURCE FOLDER: put the tree there.
copy_tree() {
  mkdir -p "$2"
  list_tree "$1" | tar -C "$1" --null -T - --owner=0 --group=0 --mode='u=rwX,go=rX' -cf - | tar -C "$2" -xf - --no-same-owner
}

# make_version SOURCE ID: have that version in the target, complete.
make_version() {
  local source=$1 id=$2 home=/opt/zongji/versions/$2
  [ -e "$target$home/.complete" ] && return 0
  rm -rf "$target${home:?}"
  note "copying the firmware"
  copy_tree "$source" "$target$home"
  quietly "installing $(grep -c == "$source/firmware/requirements.lock") Python packages" \
    in_target bash "$home/board/install/venv.sh" "$home"
  changed "version $id"
}
