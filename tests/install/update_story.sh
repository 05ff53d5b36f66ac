#!/bin/bash
# Runs in the chroot, in a network and process namespace of its own: a box with its services, updated twice.
set -eu
ip link set lo up
mkdir -p /run/zongji /run/services
systemd-tmpfiles --create /etc/tmpfiles.d/zongji.conf
cd /
as_zongji() { setpriv --reuid zongji --regid zongji --init-groups "$@"; }
status() { zongji status 2>&1; }
until_ready() {
  for _ in $(seq 300); do
    if status | grep -q 'gsm1.*ready'; then return 0; fi
    sleep 0.2
  done
  echo "never ready:"; status; tail -20 /var/log/zongji-switch.service.log; exit 1
}

as_zongji /opt/zongji/current/venv/bin/python -m hal.fake --control /run/zongji/world.sock \
  --at-link /run/zongji/gsm1-at --pcm-link /run/zongji/gsm1-pcm >/var/log/world.log 2>&1 &
/opt/zongji/good/venv/bin/python -m firmware.update resume
systemctl start zongji-media.service zongji-switch.service zongji-web.service
until_ready
old=$(readlink /opt/zongji/current)
echo "runs $old"

echo "--- good"
/opt/zongji/good/venv/bin/python -m firmware.update apply /root/good.bundle --within 60
new=$(readlink /opt/zongji/current)
[ "$new" != "$old" ] && [ "$(readlink /opt/zongji/good)" = "$new" ]
until_ready
echo "runs $new"

echo "--- sick"
if /opt/zongji/good/venv/bin/python -m firmware.update apply /root/sick.bundle --within 10; then exit 1; fi
[ "$(readlink /opt/zongji/current)" = "$new" ]
[ ! -e /opt/zongji/update.json ]
until_ready
echo "runs $(readlink /opt/zongji/current)"
systemctl stop zongji-web.service zongji-switch.service zongji-media.service
echo "--- end"
