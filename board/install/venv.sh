#!/usr/bin/env bash
# venv.sh FOLDER [WHEELS]: make a version's virtual environment from its lock file, hashes checked; from the
# folder WHEELS alone where that is given, as an update does. Marks the version complete.
set -euo pipefail
cd "$1"
sources=()
[ $# -lt 2 ] || sources=(--no-index --find-links "$2")
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
rm -rf venv
python3 -m venv venv
pip=(venv/bin/python -m pip --disable-pip-version-check --no-cache-dir --quiet)
# What comes as source only is built by setuptools, pinned like the rest; all of it is pure Python but pyalsaaudio,
# for which packages.sh has the compiler.
sed -n '/^setuptools==/,/[^\\]$/p' firmware/requirements.lock >venv/first.lock
"${pip[@]}" install ${sources[@]+"${sources[@]}"} --require-hashes -r venv/first.lock
"${pip[@]}" install ${sources[@]+"${sources[@]}"} --require-hashes --no-build-isolation -r firmware/requirements.lock
"${pip[@]}" install ${sources[@]+"${sources[@]}"} --no-deps --no-build-isolation -e .
rm -rf build
# A Pi's pins: where PyPI has no lgpio for this Python, Raspberry Pi OS's own is built for it.
if ! venv/bin/python -c 'import lgpio' 2>/dev/null && [ -e /usr/lib/python3/dist-packages/lgpio.py ]; then
  ln -s /usr/lib/python3/dist-packages/lgpio.py /usr/lib/python3/dist-packages/_lgpio*.so venv/lib/python3*/site-packages/
fi
# Compiled now and never checked again: the card is read less at boot, and nothing writes here later.
venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -j 0 \
  firmware hal ivr extensions web_admin venv/lib || true
venv/bin/python -c 'import firmware.app, firmware.media.process, web_admin.app'
sync -f .
touch .complete
sync -f .complete
