# Helpers of flash.sh and the install scripts; sourced. `target` is the root folder of the system that is worked
# on, "" for the running one. Every helper changes only what differs, so that a second run changes nothing.

target=${target-}
changes=0

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
note() { printf '  %s\n' "$*" >&2; }
fail() { printf 'flash.sh: %s\n' "$*" >&2; exit 1; }

# quietly TITLE COMMAND…: run a step; show what it printed only when it fails.
quietly() {
  local title=$1 log; shift
  log=$(mktemp)
  printf '  %-58s' "$title" >&2
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
    echo done >&2
  else
    echo failed >&2
    tail -n 30 "$log" >&2
    rm -f "$log"
    fail "could not: $title"
  fi
}

need_root() { [ "$(id -u)" = 0 ] || fail "$1 needs root: run it with sudo"; }

# Run a command in the system that is worked on.
in_target() {
  if [ -n "$target" ]; then chroot "$target" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; else "$@"; fi
}

# Whether systemd runs the system that is worked on.
is_live() { [ -z "$target" ] && [ -d /run/systemd/system ]; }

# Write to a root that is read-only until the script ends.
writable_root() {
  { [ -z "$target" ] && findmnt -no OPTIONS / | grep -qw ro; } || return 0
  remount_root rw
  trap 'remount_root ro || true' EXIT
}

remount_root() {
  mount -o "remount,$1" /
  # A service has mounts of its own; the service manager, which writes links to units, has others.
  if is_live && [ "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ]; then
    systemd-run --quiet --wait --collect mount -o "remount,$1" /
  fi
}

changed() { changes=$((changes + 1)); note "$1"; }

# put_file SOURCE PATH [MODE]: have SOURCE at PATH of the target.
put_file() {
  local from=$1 path=$2 mode=${3:-644}
  if cmp -s "$from" "$target$path" && [ "$(stat -c %a "$target$path")" = "$mode" ]; then return 0; fi
  install -D -m "$mode" "$from" "$target$path.new"
  mv -f "$target$path.new" "$target$path"
  changed "$path"
}

# put_text PATH TEXT [MODE]: likewise with a text.
put_text() {
  local file
  file=$(mktemp)
  printf '%s\n' "$2" >"$file"
  put_file "$file" "$1" "${3:-644}"
  rm -f "$file"
}

# put_link TO PATH: have a symbolic link at PATH, replaced in one step.
put_link() {
  [ "$(readlink "$target$2" 2>/dev/null)" = "$1" ] && return 0
  mkdir -p "$(dirname "$target$2")"
  ln -sfn "$1" "$target$2.new"
  mv -Tf "$target$2.new" "$target$2"
  changed "$2 -> $1"
}

put_folder() {
  [ -d "$target$1" ] && return 0
  install -d -m "${2:-755}" "$target$1"
  changed "$1/"
}

# drop PATH…: have nothing at PATH.
drop() {
  local path
  for path in "$@"; do
    [ -e "$target$path" ] || [ -L "$target$path" ] || continue
    rm -rf "$target${path:?}"
    changed "without $path"
  done
}

# put_block PATH FILE: have FILE between our marks in PATH, at its end; an empty FILE takes the block out.
put_block() {
  local path=$target$1 block=$2 fresh
  [ -e "$path" ] || return 0
  fresh=$(mktemp)
  sed '/^# zongji: begin$/,/^# zongji: end$/d' "$path" >"$fresh"
  if [ -s "$block" ]; then
    { echo '# zongji: begin'; cat "$block"; echo '# zongji: end'; } >>"$fresh"
  fi
  if ! cmp -s "$fresh" "$path"; then cat "$fresh" >"$path"; changed "$1"; fi
  rm -f "$fresh"
}

# Where a Raspberry Pi's firmware reads its settings, if this is one.
boot_folder() {
  local folder
  for folder in /boot/firmware /boot; do
    [ -e "$target$folder/config.txt" ] && { echo "$folder"; return 0; }
  done
  return 1
}
