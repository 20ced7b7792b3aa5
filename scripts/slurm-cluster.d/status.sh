# `status` and `run`: looking at the cluster, and using it as the ordinary user. Read by scripts/slurm-cluster.
# shellcheck shell=bash disable=SC2034,SC2153

process_line() {
  local pid
  if ! pid=$(daemon_pid "$1"); then
    echo 'not running'
  elif [[ $(process_state "$pid") == T ]]; then
    echo "frozen (pid $pid)"
  else
    echo "running (pid $pid)"
  fi
}

cmd_status() {
  local name daemons=(munged) good=yes slurm_says='' faults
  if [[ ! -s $DIR/settings ]]; then
    echo 'down'
    exit 3
  fi
  load_settings
  [[ $DBD == no ]] || daemons+=(mariadbd slurmdbd)
  for name in "${daemons[@]}" slurmctld; do
    printf '%-10s %s\n' "$name" "$(process_line "$name")"
    is_daemon_up "$name" || good=no
  done
  if slurmctld_answers; then
    slurm_says=$(timeout 5 sinfo -h -N -p debug -o '%N %T, %c CPUs, %m MB, %f, gres %G') || true
  else
    good=no
  fi
  for name in $(node_names); do
    printf '%-10s %-22s %s\n' "$name" "$(process_line "slurmd.$name")" "$(sed -n "s/^$name //p" <<<"$slurm_says")"
    is_daemon_up "slurmd.$name" || good=no
  done
  faults=$(cd "$DIR/faults" && grep -H . ./* 2>/dev/null; find . -type f -empty) || true
  if [[ -n $faults ]]; then printf 'faults     %s\n' "$(tr '\n' ' ' <<<"${faults//.\//}")"; fi
  [[ $good == yes ]] || exit 3
}

cmd_run() {
  local home
  (($#)) || bad_usage 'run: say which command'
  load_settings
  home=$(getent passwd "$SUBMITTER" | cut -d: -f6)
  cd "$home" || die "$SUBMITTER has no home"
  exec setpriv --reuid "$SUBMITTER" --regid "$(id -g "$SUBMITTER")" --init-groups \
    env -i HOME="$home" USER="$SUBMITTER" LOGNAME="$SUBMITTER" SHELL=/bin/bash LANG=C.UTF-8 \
    PATH=/usr/local/bin:/usr/bin:/bin SLURM_CONF="$SLURM_CONF" "$@"
}
