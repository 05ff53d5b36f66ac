#!/bin/bash
# Stands for systemctl in a chroot: starts and stops the three services as their units say, as their users; whatever
# else is asked goes to the real one. $HOME_OF/NAME.pid holds a service's pid.
run=/run/services
mkdir -p $run
verb=$1
shift
case $verb in
  start | stop) ;;
  daemon-reload | try-reload-or-restart) exit 0 ;;
  *) exec /usr/bin/systemctl "$verb" "$@" ;;
esac
[ "${1-}" != --no-block ] || shift

user_of() { case $1 in *web*) echo zongji-web ;; *) echo zongji ;; esac; }

# The command and environment are read off the unit itself.
command_of() { sed -n 's/^ExecStart=//p' "/etc/systemd/system/$1"; }
environment_of() { sed -n 's/^Environment=//p' "/etc/systemd/system/$1"; }

for unit in "$@"; do
  pid=$(cat $run/$unit.pid 2>/dev/null)
  if [ $verb = stop ]; then
    [ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    rm -f $run/$unit.pid
  else
    kill -0 "${pid:-0}" 2>/dev/null && [ -n "$pid" ] && continue
    groups=--init-groups
    env -i PATH=$PATH $(environment_of "$unit") setsid \
      setpriv --reuid "$(user_of "$unit")" --regid "$(user_of "$unit")" $groups \
      $(command_of "$unit") >>/var/log/$unit.log 2>&1 </dev/null &
    echo $! >$run/$unit.pid
  fi
done
exit 0
